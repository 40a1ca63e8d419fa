import {
  CellChange,
  FileChange,
  ISharedCell,
  ISharedCodeCell,
  ISharedFile,
  ISharedNotebook
} from '@jupyter/ydoc';
import type * as nbformat from '@jupyterlab/nbformat';
import { Signal } from '@lumino/signaling';
import { normalized } from './text';
import { SharedDocument, SharedPart } from './tokens';
import { ICell } from './wire';

/** What a change was about: `outputs` come in bursts and can wait a little. */
export type Change = 'text' | 'outputs';

/** A document at one moment, as it is sent. The arrays have one entry a part, in order. */
export interface ISnapshot {
  readonly parts: readonly SharedPart[];
  readonly sources: readonly string[];
  readonly cells: readonly ICell[];
}

interface ITracked {
  readonly id: string;
  /** Changes with the content, and means nothing but that. */
  hash: string;
  source: string;
  dirty: boolean;
  /** Whether the server has said that it knows the content of this hash. */
  known: boolean;
}

interface IDeepEvent {
  readonly path: readonly (string | number)[];
  readonly currentTarget: unknown;
}

interface IDeepModel {
  observeDeep(f: (events: IDeepEvent[], transaction: { origin: unknown }) => void): void;
  unobserveDeep(f: (events: IDeepEvent[], transaction: { origin: unknown }) => void): void;
}

/** The Yjs map behind a code cell, where the shared model shows it. */
function deepModel(part: SharedPart): IDeepModel | undefined {
  return isCell(part) && part.cell_type === 'code'
    ? (part as unknown as { ymodel?: IDeepModel }).ymodel
    : undefined;
}

export function isNotebook(shared: SharedDocument): shared is ISharedNotebook {
  return 'cells' in shared;
}

export function isCell(shared: SharedDocument | SharedPart): shared is ISharedCell {
  return 'cell_type' in shared;
}

/** The cells of a document with what of them has changed since the server saw them. */
export class Parts {
  constructor(
    private readonly _shared: SharedDocument,
    private readonly _onChange: (change: Change) => void
  ) {
    if (isNotebook(_shared)) {
      _shared.changed.connect((_, change) => {
        if (change.cellsChange) {
          this._tracked = this._track();
        }
        if (change.cellsChange || change.metadataChange) {
          this._onChange('text');
        }
      }, this);
    }
    this._tracked = this._track();
  }

  get all(): readonly SharedPart[] {
    return isNotebook(this._shared) ? this._shared.cells : [this._shared];
  }

  has(part: SharedPart): boolean {
    return this._tracked.has(part);
  }

  /** The document now. Cells that the server knows are named by their hashes only. */
  snapshot(): ISnapshot {
    const parts = [...this._tracked.keys()];
    const cells = parts.map(part => this._wire(part, this._tracked.get(part)!));
    return { parts, cells, sources: parts.map(part => this._tracked.get(part)!.source) };
  }

  /** The server has answered: it knows what was sent. */
  acknowledge(snapshot: ISnapshot): void {
    snapshot.parts.forEach((part, i) => {
      const tracked = this._tracked.get(part);
      if (tracked && tracked.hash === snapshot.cells[i].hash) {
        tracked.known = true;
      }
    });
  }

  /** The server no longer has these cells. */
  forget(ids: readonly string[]): void {
    for (const tracked of this._tracked.values()) {
      tracked.known = tracked.known && !ids.includes(tracked.id);
    }
  }

  dispose(): void {
    [...this._tracked.keys()].forEach(part => this._let(part));
    Signal.disconnectReceiver(this);
    this._tracked.clear();
  }

  /** Every cell as it was tracked before, new ones listened to, those that went let go. */
  private _track(): Map<SharedPart, ITracked> {
    const tracked = new Map<SharedPart, ITracked>();
    const kept = this.all.map(part => this._tracked.get(part)?.id);
    const ids = new Set(kept.filter(id => id !== undefined));
    for (const part of this.all) {
      const before = this._tracked.get(part);
      if (!before) {
        part.changed.connect(this._onPart, this);
        deepModel(part)?.observeDeep(this._onDeep);
      }
      tracked.set(part, before ?? this._new(part, ids));
      ids.add(tracked.get(part)!.id);
    }
    for (const part of this._tracked.keys()) {
      if (!tracked.has(part)) {
        this._let(part);
      }
    }
    return tracked;
  }

  private _new(part: SharedPart, taken: ReadonlySet<string>): ITracked {
    const own = isCell(part) ? part.getId() : 'document';
    let id = own;
    for (let n = 1; taken.has(id); n++) {
      id = `${own}#${n}`; // ids are unique in a valid notebook only
    }
    return { id, hash: '', source: '', dirty: true, known: false };
  }

  private _let(part: SharedPart): void {
    part.changed.disconnect(this._onPart, this);
    deepModel(part)?.unobserveDeep(this._onDeep);
  }

  /**
   * What a kernel prints reaches the shared model in transactions of this origin, of which the
   * cell's own signal does not tell.
   */
  private readonly _onDeep = (events: IDeepEvent[], transaction: { origin: unknown }): void => {
    if (transaction.origin !== 'silent-change') {
      return;
    }
    const inOutputs = events.filter(event => event.path[0] === 'outputs');
    for (const [part, tracked] of inOutputs.length ? this._tracked : []) {
      if (inOutputs.some(event => event.currentTarget === deepModel(part))) {
        tracked.dirty = true;
        this._onChange('outputs');
      }
    }
  };

  private _onPart(part: SharedPart, change: CellChange | FileChange): void {
    const has = (...keys: string[]): boolean => keys.some(key => key in change);
    const outputs = has('outputsChange', 'streamOutputChange');
    const text = has('sourceChange', 'metadataChange', 'attachmentsChange');
    const tracked = this._tracked.get(part);
    if (tracked && (outputs || text)) {
      tracked.dirty = true;
      this._onChange(text ? 'text' : 'outputs');
    }
  }

  private _wire(part: SharedPart, tracked: ITracked): ICell {
    if (tracked.dirty) {
      tracked.dirty = tracked.known = false;
      tracked.hash = String(this._version++); // the server keeps each client's apart
      tracked.source = normalized(part.getSource());
    }
    const { id, hash, source } = tracked;
    if (tracked.known) {
      return { id, hash };
    }
    return isCell(part)
      ? { id, hash, type: part.cell_type as ICell['type'], source, ...beside(part) }
      : { id, hash, source };
  }

  private _tracked = new Map<SharedPart, ITracked>();
  private _version = 0;
}

/** What a cell has beside its source. */
function beside(cell: ISharedCell): Partial<ICell> {
  const content: Partial<ICell> = { metadata: cell.getMetadata() };
  if (cell.cell_type === 'code') {
    const outputs = (cell as ISharedCodeCell).getOutputs();
    return outputs.length ? { ...content, outputs: outputs.map(withoutPictures) } : content;
  }
  const attachments = (cell as ISharedCell & { getAttachments?: () => unknown }).getAttachments?.();
  return attachments ? { ...content, attachments } : content;
}

const PICTURE = /^(image\/(?!svg)|audio\/|video\/|application\/pdf$)/;

/** An output without the forms that hold no text: they are most of a notebook's bytes. */
function withoutPictures(output: nbformat.IOutput): nbformat.IOutput {
  const data = output.data as Record<string, unknown> | undefined;
  if (!data || !Object.keys(data).some(mime => PICTURE.test(mime))) {
    return output;
  }
  const kept = Object.entries(data).filter(([mime]) => !PICTURE.test(mime));
  return { ...output, data: Object.fromEntries(kept) } as nbformat.IOutput;
}

/** The language and the kernel that a notebook names, and its metadata without widget state. */
export function notebookFacts(shared: ISharedNotebook): {
  language?: string;
  kernel?: string;
  metadata: object;
} {
  const { widgets, ...metadata } = shared.getMetadata();
  void widgets; // megabytes that no editor shows and that a scan of the saved file looks through
  if (!metadata.language_info?.name) {
    delete metadata.language_info; // JupyterLab's own, until the kernel has said its language
  }
  const kernelspec = metadata.kernelspec as { name?: string; language?: string } | undefined;
  const language = metadata.language_info?.name || kernelspec?.language;
  return { language, kernel: kernelspec?.name, metadata };
}

/** The undo history that an edit of a part goes to, where the shared model shows it. */
export function undoHistory(part: SharedPart | ISharedFile): { stopCapturing(): void } | undefined {
  return (part as unknown as { undoManager?: { stopCapturing(): void } }).undoManager ?? undefined;
}

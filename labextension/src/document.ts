import { ISharedCodeCell } from '@jupyter/ydoc';
import { UUID } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import { isCell, isNotebook, ISnapshot, notebookFacts, Parts, undoHistory } from './parts';
import { MissingCells, NotInstalled, Overtaken, Server } from './server';
import { withNotebook } from './settings';
import { byCell, isInEditor, lastFirst, normalized, oneLine, places, rawOffset } from './text';
import { IDocumentFindings, IMark, IMarks, SharedDocument, SharedPart, State } from './tokens';
import { IEdit, IFinding, IMoveResponse, IScanRequest, ISettings } from './wire';

/** What the user has set, as far as it concerns scans. */
export interface IScanOptions {
  /** Milliseconds from the last keystroke to a scan. */
  readonly delay: number;
  /** Off: nothing is scanned by itself. */
  readonly enabled: boolean;
  /** Scan as the document changes; otherwise when it is saved, or only when asked. */
  readonly when: 'typing' | 'save' | 'command';
  readonly settings: ISettings;
}

/** What is to be moved: these findings, or what is selected; where to, and whether copies go. */
export interface IMove {
  readonly findings?: string[];
  readonly part?: { readonly of: SharedPart; readonly start: number; readonly end: number };
  readonly folder: string;
  readonly purge: boolean;
}

const OUTPUT_DELAY = 1000; // a running cell prints many times a second
const RETRY = { first: 1000, last: 30_000, notInstalled: 120_000 };

/**
 * One document's findings: scanned again after each change, sending only what changed.
 *
 * Answers hold for the snapshot that was sent. An editor shows the marks of a cell only where its
 * text still is the text of the snapshot; if it is not, a newer scan is under way already.
 */
export class DocumentFindings implements IDocumentFindings {
  constructor(
    readonly shared: SharedDocument,
    private readonly _server: Server,
    private readonly _options: () => IScanOptions
  ) {
    this._parts = new Parts(shared, change => this._schedule(change === 'outputs'));
    shared.disposed.connect(() => this.dispose(), this);
  }

  get path(): string {
    return this._path;
  }

  get state(): State {
    return this._state;
  }

  get problem(): string {
    return this._problem;
  }

  get all(): readonly IFinding[] {
    return this._all;
  }

  get findings(): readonly IFinding[] {
    return this._shown;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get edited(): ISignal<this, void> {
    return this._edited;
  }

  /** Whether somebody tells it about renames and saves. */
  isFollowed = false;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The document is shown under this path: scan it from now on. A notebook says its facts itself. */
  attach(path: string, facts: { language?: string; kernel?: string } = {}): void {
    const { language, kernel } = this._facts;
    const isKnown = this._path === path && language === facts.language && kernel === facts.kernel;
    if (this._isDisposed || (this._isAttached && isKnown)) {
      return;
    }
    this._path = path;
    this._facts = facts;
    this._isAttached = true;
    this._schedule();
  }

  /** The settings have changed: scan anew, or forget what was found where scans are off. */
  refresh(): void {
    const { enabled, when } = this._options();
    if (enabled && (when !== 'command' || this._snapshot)) {
      void this.scan();
    } else if (!enabled && this._isAttached) {
      this._stopTimers();
      this._abort?.abort();
      this._take(this._parts.snapshot(), []);
      this._snapshot = null;
      this._become('waiting');
    }
  }

  async scan(): Promise<void> {
    if (!this._isAttached || this._isDisposed) {
      return;
    }
    this._stopTimers();
    this._abort?.abort();
    this._abort = new AbortController();
    const scan = (this._newest = this._scan(this._abort.signal));
    await scan;
    if (this._newest !== scan) {
      await this._newest; // a newer one took its place
    }
  }

  marks(part: SharedPart): IMarks | undefined {
    return this._marks.get(part);
  }

  partOf(finding: IFinding): SharedPart | undefined {
    const index = finding.place.cell ?? (isNotebook(this.shared) ? -1 : 0);
    const part = this._snapshot?.parts[index];
    return part && this._parts.has(part) ? part : undefined;
  }

  fix(finding: IFinding): Promise<boolean> {
    return this._edit(finding, found => found.fix?.edits);
  }

  async fixAll(rule?: string): Promise<number> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const [snapshot, answer] = await this._ask(request =>
        this._server.fix({ ...request, fixes: rule ?? 'safe' })
      );
      if (this._apply(snapshot, answer.edits)) {
        await this.scan();
        return answer.applied;
      }
    }
    return 0;
  }

  /**
   * Move credentials to the store, and put references in their place; null where the text has
   * changed meanwhile. Then the values are in the store and nothing else was done: to ask again
   * takes the same names.
   */
  async move(wanted: IMove): Promise<IMoveResponse | null> {
    const { part, ...rest } = wanted;
    const [snapshot, answer] = await this._ask(request => {
      const cell = part ? this._parts.snapshot().parts.indexOf(part.of) : -1;
      const selection = part && { cell, start: part.start, end: part.end };
      return this._server.move({ ...request, ...rest, ...(selection && { selection }) });
    });
    const isDone = this._apply(snapshot, answer.edits);
    if (isDone) {
      answer.cleared.forEach(cell => clearOutputs(snapshot.parts[cell]));
    }
    await this.scan();
    return isDone ? answer : null;
  }

  async ignore(finding: IFinding, reason: string): Promise<boolean> {
    if (finding.ignoreComment) {
      const words = oneLine(reason);
      return this._edit(finding, found => {
        const comment = found.ignoreComment;
        return comment
          ? [{ ...comment, text: comment.text.replace(/ ?\{reason\}/, () => words && ` ${words}`) }]
          : [];
      });
    }
    const part = this.partOf(finding);
    if (!part || !isCell(part)) {
      return false;
    }
    const tags = (part.getMetadata('tags') as string[] | undefined) ?? [];
    part.setMetadata('tags', [...new Set([...tags, `mlsec-ignore-${finding.rule}`])]);
    await this.scan();
    return true;
  }

  /** Ask the server about the document as it is; sends again what the server no longer has. */
  async ask<T>(question: (request: IScanRequest) => Promise<T>): Promise<T> {
    return (await this._ask(question))[1];
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._stopTimers();
    this._abort?.abort();
    this._parts.dispose();
    Signal.clearData(this);
  }

  private _schedule(outputsOnly = false): void {
    this._edited.emit();
    const options = this._options();
    const isFirst = this._state === 'waiting' && options.when !== 'command';
    const live = options.enabled && (options.when === 'typing' || isFirst);
    if (!this._isAttached || this._isDisposed || !live) {
      return;
    }
    if (!outputsOnly) {
      window.clearTimeout(this._timer);
      this._timer = window.setTimeout(() => void this.scan(), options.delay);
    } else if (!this._timer && !this._slowTimer) {
      this._slowTimer = window.setTimeout(() => void this.scan(), OUTPUT_DELAY);
    }
  }

  private _stopTimers(): void {
    for (const timer of [this._timer, this._slowTimer, this._retryTimer]) {
      window.clearTimeout(timer);
    }
    this._timer = this._slowTimer = this._retryTimer = 0;
  }

  private async _scan(signal: AbortSignal): Promise<void> {
    if (this._state === 'waiting') {
      this._become('scanning');
    }
    try {
      const [snapshot, answer] = await this._ask(request => this._server.scan(request, signal));
      if (!signal.aborted && !this._isDisposed) {
        this._take(snapshot, answer.findings);
      }
    } catch (error) {
      if (!signal.aborted && !this._isDisposed) {
        this._fail(error);
      }
    }
  }

  private async _ask<T>(question: (request: IScanRequest) => Promise<T>): Promise<[ISnapshot, T]> {
    for (let attempt = 0; ; attempt++) {
      const snapshot = this._parts.snapshot();
      try {
        const answer = await question(this._request(snapshot));
        this._parts.acknowledge(snapshot);
        return [snapshot, answer];
      } catch (error) {
        const again = error instanceof MissingCells || error instanceof Overtaken;
        if (!again || attempt > 2) {
          throw error;
        }
        this._parts.forget(error instanceof MissingCells ? error.ids : []);
      }
    }
  }

  private _request(snapshot: ISnapshot): IScanRequest {
    const facts = isNotebook(this.shared) ? notebookFacts(this.shared) : this._facts;
    const own = 'metadata' in facts ? (facts.metadata as Record<string, unknown>).mlsec : undefined;
    return {
      path: this._path,
      kind: isNotebook(this.shared) || isCell(this.shared) ? 'notebook' : 'file',
      cells: [...snapshot.cells],
      settings: withNotebook(this._options().settings, own),
      request: ++this._number,
      client: this._client,
      ...facts
    };
  }

  private _take(snapshot: ISnapshot, findings: readonly IFinding[]): void {
    const marks = new Map<SharedPart, IMark[]>(snapshot.parts.map(part => [part, []]));
    const shown = findings.filter(finding => !finding.suppressed);
    for (const finding of shown) {
      for (const place of places(finding).filter(isInEditor)) {
        const part = snapshot.parts[place.cell ?? 0];
        marks.get(part)?.push({ finding, start: place.start, end: place.end });
      }
    }
    const before = this._marks;
    this._marks = new Map();
    snapshot.parts.forEach((part, i) => {
      const known = { source: snapshot.sources[i], marks: marks.get(part)! };
      const old = before.get(part);
      this._marks.set(part, old && same(old, known) ? old : known);
    });
    this._snapshot = snapshot;
    this._all = findings;
    this._shown = shown;
    this._problem = '';
    this._retry = RETRY.first;
    this._become('ready');
  }

  private _fail(error: unknown): void {
    this._problem = error instanceof Error ? error.message : String(error);
    const wait = error instanceof NotInstalled ? RETRY.notInstalled : this._retry;
    this._retry = Math.min(this._retry * 2, RETRY.last);
    this._retryTimer = window.setTimeout(() => void this.scan(), wait);
    this._become('failed');
  }

  private _become(state: State): void {
    this._state = state;
    this._changed.emit();
  }

  /** Make edits that belong to a finding, found again where the text has changed meanwhile. */
  private async _edit(
    finding: IFinding,
    edits: (finding: IFinding) => readonly IEdit[] | undefined
  ): Promise<boolean> {
    for (let attempt = 0; attempt < 2; attempt++) {
      const found = this._all.find(other => other.id === finding.id);
      const wanted = found && edits(found);
      if (!wanted?.length) {
        return false;
      }
      const done = this._snapshot !== null && this._apply(this._snapshot, wanted);
      await this.scan();
      if (done) {
        return true;
      }
    }
    return false;
  }

  /** Make edits through the shared model, or none where a text is no longer the snapshot's. */
  private _apply(snapshot: ISnapshot, edits: readonly IEdit[]): boolean {
    const groups = [...byCell(edits)].map(
      ([cell, group]) => [snapshot.parts[cell], snapshot.sources[cell], group] as const
    );
    const holds = groups.every(
      ([part, source]) => part && this._parts.has(part) && normalized(part.getSource()) === source
    );
    if (!holds) {
      return false;
    }
    for (const [part, , group] of groups) {
      replace(part, group);
    }
    return true;
  }

  private readonly _client = UUID.uuid4(); // one document may be open as notebook and as text
  private readonly _parts: Parts;
  private _path = '';
  private _facts: { language?: string; kernel?: string } = {};
  private _isAttached = false;
  private _isDisposed = false;
  private _state: State = 'waiting';
  private _problem = '';
  private _snapshot: ISnapshot | null = null;
  private _all: readonly IFinding[] = [];
  private _shown: readonly IFinding[] = [];
  private _marks = new Map<SharedPart, IMarks>();
  private _abort: AbortController | null = null;
  private _newest: Promise<void> = Promise.resolve();
  private _number = 0;
  private _timer = 0;
  private _slowTimer = 0;
  private _retryTimer = 0;
  private _retry = RETRY.first;
  private _changed = new Signal<this, void>(this);
  private _edited = new Signal<this, void>(this);
}

function same(a: IMarks, b: IMarks): boolean {
  return (
    a.source === b.source &&
    a.marks.length === b.marks.length &&
    (a.marks.length === 0 || JSON.stringify(a.marks) === JSON.stringify(b.marks))
  );
}

function clearOutputs(part: SharedPart): void {
  if (isCell(part) && part.cell_type === 'code') {
    (part as unknown as ISharedCodeCell).setOutputs([]);
  }
}

/** Edit a part as one step of its undo history. Works for cells that no editor shows. */
function replace(part: SharedPart, edits: readonly IEdit[]): void {
  const history = undoHistory(part);
  history?.stopCapturing();
  part.transact(() => {
    for (const edit of lastFirst(edits)) {
      const source = part.getSource();
      part.updateSource(rawOffset(source, edit.start), rawOffset(source, edit.end), edit.text);
    }
  });
  history?.stopCapturing();
}

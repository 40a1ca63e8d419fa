import { ISharedCodeCell, ISharedNotebook } from '@jupyter/ydoc';
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { CodeCell } from '@jupyterlab/cells';
import type * as nbformat from '@jupyterlab/nbformat';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import { shieldIcon } from '../icons';
import { MlsecFindings } from '../registry';
import { Server } from '../server';
import { places } from '../text';
import { IDocumentFindings, IMlsecFindings } from '../tokens';
import { IFinding } from '../wire';

const BADGE = 'jp-mlsec-badge';

/** A badge on each output that holds a secret or personal data, which redacts it. */
export const outputsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlsec:outputs',
  description: 'Marks outputs that hold secrets.',
  autoStart: true,
  requires: [IMlsecFindings, INotebookTracker],
  optional: [ITranslator],
  activate: (
    _: JupyterFrontEnd,
    token: IMlsecFindings,
    notebooks: INotebookTracker,
    translator: ITranslator | null
  ): void => {
    const findings = token as MlsecFindings;
    const trans = (translator ?? nullTranslator).load('jupyter_mlsec');
    notebooks.widgetAdded.connect((_, panel: NotebookPanel) => {
      const document = findings.of(panel.context.model.sharedModel);
      const badges = new Badges(panel, document, findings, trans);
      panel.disposed.connect(() => badges.dispose());
    });
  }
};

class Badges {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _document: IDocumentFindings,
    private readonly _findings: MlsecFindings,
    private readonly _trans: TranslationBundle
  ) {
    _document.changed.connect(this._show, this);
    _findings.optionsChanged.connect(this._show, this);
    this._show();
  }

  dispose(): void {
    this._document.changed.disconnect(this._show, this);
    this._findings.optionsChanged.disconnect(this._show, this);
  }

  private _show(): void {
    const wanted = this._wanted();
    for (const cell of this._panel.content.widgets) {
      const outputs = wanted.get(cell.model.sharedModel as ISharedCodeCell);
      if (cell instanceof CodeCell && (outputs || this._badged.has(cell))) {
        this._badged.add(cell);
        void cell.ready.then(() => this._paint(cell, outputs ?? new Map()));
      }
    }
  }

  /** Cells with the findings of each of their outputs. */
  private _wanted(): Map<ISharedCodeCell, Map<number, IFinding[]>> {
    const cells = new Map<ISharedCodeCell, Map<number, IFinding[]>>();
    if (!this._findings.options.outputs || !this._findings.options.enabled) {
      return cells;
    }
    for (const finding of this._document.findings) {
      for (const place of places(finding)) {
        const part = this._document.partOf({ ...finding, place }) as ISharedCodeCell | undefined;
        if (part && place.part === 'output' && place.output !== null) {
          const outputs = cells.get(part) ?? new Map<number, IFinding[]>();
          const found = outputs.get(place.output) ?? [];
          outputs.set(place.output, found.includes(finding) ? found : [...found, finding]);
          cells.set(part, outputs);
        }
      }
    }
    return cells;
  }

  private _paint(cell: CodeCell, outputs: ReadonlyMap<number, readonly IFinding[]>): void {
    if (cell.isDisposed) {
      return;
    }
    cell.outputArea.widgets.forEach((output, index) => {
      const old = output.node.querySelector<HTMLElement>(`:scope > .${BADGE}`);
      const found = outputs.get(index);
      const wanted = found && this._badge(cell, index, found);
      if (old && wanted && old.title === wanted.title && old.dataset.index === String(index)) {
        return; // the same: it keeps the focus
      }
      old?.remove();
      if (wanted) {
        output.node.appendChild(wanted);
      }
    });
  }

  private _badge(cell: CodeCell, index: number, found: readonly IFinding[]): HTMLElement {
    const badge = document.createElement('button');
    badge.className = BADGE;
    const what = found.map(finding => finding.message).join('; ');
    badge.title = what;
    badge.dataset.index = String(index);
    badge.setAttribute('aria-label', this._trans.__('Redact this output: %1', what));
    shieldIcon.element({ container: badge.appendChild(document.createElement('span')) });
    badge.appendChild(document.createTextNode(this._trans.__('Redact this output')));
    badge.onclick = () => void this._redact(cell, index);
    return badge;
  }

  private async _redact(cell: CodeCell, index: number): Promise<void> {
    const shared = cell.model.sharedModel;
    if (index >= shared.getOutputs().length) {
      return; // the cell runs again
    }
    try {
      const before = JSON.stringify(shared.getOutputs()[index]);
      const after = await redacted(
        this._findings.server,
        this._document.shared as ISharedNotebook,
        shared,
        index
      );
      if (JSON.stringify(shared.getOutputs()[index]) === before) {
        if (after.length) {
          cell.model.outputs.set(index, after[0]); // replacing in the shared model appends to streams
        } else {
          shared.updateOutputs(index, index + 1, []);
        }
        await this._document.scan();
      }
    } catch (error) {
      Notification.error(error instanceof Error ? error.message : String(error), {
        autoClose: 8000
      });
    }
  }

  private _badged = new WeakSet<CodeCell>();
}

/** One output as a stripped notebook has it, and none where stripping removes it. */
async function redacted(
  server: Server,
  notebook: ISharedNotebook,
  cell: ISharedCodeCell,
  index: number
): Promise<nbformat.IOutput[]> {
  const content = notebook.toJSON();
  const at = notebook.cells.indexOf(cell);
  // sources go along, since their secrets are looked for in outputs too
  content.cells.forEach((other, i) => {
    if (Array.isArray(other.outputs)) {
      other.outputs = i === at ? [cell.getOutputs()[index]] : [];
    }
  });
  const answer = await server.stripPreview({ content: JSON.stringify(content) });
  const { cells } = JSON.parse(answer.after) as nbformat.INotebookContent;
  return (cells[at] as nbformat.ICodeCell).outputs;
}

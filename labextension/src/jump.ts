import { JupyterFrontEnd } from '@jupyterlab/application';
import { CodeCell } from '@jupyterlab/cells';
import { CodeEditor } from '@jupyterlab/codeeditor';
import { ConsolePanel } from '@jupyterlab/console';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { FileEditor } from '@jupyterlab/fileeditor';
import { Notebook, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { Widget } from '@lumino/widgets';
import { IDocumentFindings, SharedDocument } from './tokens';
import { IFinding } from './wire';

type DocumentWidget = Widget & {
  readonly content: Widget;
  readonly context: DocumentRegistry.Context;
};

/** The widget that shows a document; of several the one that the user works in. */
export function widgetOf(app: JupyterFrontEnd, shared: SharedDocument): DocumentWidget | null {
  const current = app.shell.currentWidget;
  for (const widget of [...(current ? [current] : []), ...app.shell.widgets('main')]) {
    const model = (widget as unknown as Partial<DocumentWidget>).context?.model;
    if (model && (model.sharedModel as unknown) === shared) {
      return widget as unknown as DocumentWidget;
    }
  }
  return null;
}

/** Bring a finding into sight, with the cursor on it. */
export async function jump(
  app: JupyterFrontEnd,
  document: IDocumentFindings,
  finding: IFinding
): Promise<void> {
  const widget = widgetOf(app, document.shared);
  if (!widget) {
    return jumpInConsole(app, document, finding);
  }
  app.shell.activateById(widget.id);
  const { start, end, part } = finding.place;
  const span = part === 'source' || part === 'file' ? ([start, end] as const) : null;
  if (widget instanceof NotebookPanel) {
    const shared = document.partOf(finding);
    const index = widget.content.widgets.findIndex(
      c => (c.model.sharedModel as unknown) === shared
    );
    if (index >= 0) {
      await showCell(widget.content, index, span, finding.place.output);
    }
  } else if (widget.content instanceof FileEditor && span) {
    select(widget.content.editor, span);
  }
}

/** Select what is found in the prompt of a console. */
function jumpInConsole(
  app: JupyterFrontEnd,
  document: IDocumentFindings,
  { place }: IFinding
): void {
  for (const widget of app.shell.widgets('main')) {
    const prompt = widget instanceof ConsolePanel ? widget.console.promptCell : null;
    if (prompt?.editor && (prompt.model.sharedModel as unknown) === document.shared) {
      app.shell.activateById(widget.id);
      select(prompt.editor, [place.start, place.end]);
    }
  }
}

async function showCell(
  notebook: Notebook,
  index: number,
  span: readonly [number, number] | null,
  output: number | null
): Promise<void> {
  const cell = notebook.widgets[index];
  NotebookActions.expandParent(cell, notebook); // it may be under a heading that is folded
  notebook.activeCellIndex = index;
  if (notebook.notebookConfig.windowingMode === 'full') {
    await notebook.scrollToItem(index, 'center');
    await cell.ready;
  } else {
    // A far cell is attached in idle time only, and scrolling to it would give up after 10 s.
    if (!cell.isAttached) {
      notebook.renderCellOutputs(index);
    }
    await cell.ready;
    await notebook.scrollToItem(index, 'center');
  }
  if (span && cell.editor) {
    notebook.mode = 'edit';
    cell.inputHidden = false;
    if (cell.model.type === 'markdown') {
      (cell as unknown as { rendered: boolean }).rendered = false;
    }
    select(cell.editor, span);
  } else {
    const shown = output === null ? undefined : (cell as CodeCell).outputArea?.widgets[output];
    shown?.node.scrollIntoView({ block: 'center' });
    notebook.node.focus();
  }
}

function select(editor: CodeEditor.IEditor, [start, end]: readonly [number, number]): void {
  const position = (at: number): CodeEditor.IPosition =>
    editor.getPositionAt(at) ?? { line: 0, column: 0 };
  editor.setSelection({ start: position(start), end: position(end) });
  editor.revealSelection({ start: position(start), end: position(end) });
  editor.focus();
}

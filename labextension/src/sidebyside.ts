import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { IStripResponse } from './wire';

/**
 * A notebook before and after stripping, side by side, unchanged stretches folded.
 *
 * CodeMirror's merge view comes in a chunk of its own, which is loaded with the first call.
 */
export async function sideBySide(
  { before, after, removed }: IStripResponse,
  trans: TranslationBundle
): Promise<Widget> {
  const { MergeView } = await import('@codemirror/merge');
  const { EditorView, lineNumbers } = await import('@codemirror/view');
  const { EditorState } = await import('@codemirror/state');
  const widget = new Widget();
  widget.addClass('jp-mlsec-sidebyside');
  const summary = widget.node.appendChild(document.createElement('p'));
  summary.setAttribute('role', 'status');
  summary.textContent = removed.length
    ? trans._n('%1 place is stripped.', '%1 places are stripped.', removed.length)
    : trans.__('Nothing is stripped: Git sees the notebook as it is.');
  const side = (doc: string, label: string) => ({
    doc,
    extensions: [
      EditorState.readOnly.of(true),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': label }),
      lineNumbers()
    ]
  });
  const view = new MergeView({
    a: side(before, trans.__('As saved')),
    b: side(after, trans.__('As Git sees it')),
    parent: widget.node,
    collapseUnchanged: { margin: 3, minSize: 6 }
  });
  widget.disposed.connect(() => view.destroy());
  return widget;
}

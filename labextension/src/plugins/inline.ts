import { ISharedCell } from '@jupyter/ydoc';
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import { Actions } from '../actions';
import { findingsExtension, IMarkActions } from '../editor';
import { MlsecFindings } from '../registry';
import { severityWord } from '../severity';
import { IMark, IMlsecFindings, SharedDocument, SharedPart } from '../tokens';

/** Squiggles, gutter marks and hovers in every editor. */
export const inlinePlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlsec:inline',
  description: 'Underlines security findings in editors.',
  autoStart: true,
  requires: [IEditorExtensionRegistry, IMlsecFindings],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    editors: IEditorExtensionRegistry,
    token: IMlsecFindings,
    translator: ITranslator | null
  ): void => {
    const findings = token as MlsecFindings;
    const trans = (translator ?? nullTranslator).load('jupyter_mlsec');
    const actions = new Actions(app, findings, trans);
    const marks: IMarkActions = {
      ignoreLabel: trans.__('Ignore here…'),
      gutter: () => findings.options.gutter,
      render: mark => hover(mark, findings, trans),
      fix: (document, mark) => void actions.fix(document, mark.finding),
      ignore: (document, mark) => void actions.ignore(document, mark.finding)
    };
    editors.addExtension({
      name: 'jupyter-mlsec:findings',
      factory: ({ model }) => {
        try {
          // any editor: a document that nobody attaches is never scanned
          const part = model.sharedModel as unknown as SharedPart;
          const document = (part as ISharedCell).notebook ?? (part as SharedDocument);
          return EditorExtensionRegistry.createImmutableExtension(
            findingsExtension(findings.of(document), part, marks)
          );
        } catch (error) {
          console.warn('jupyter-mlsec: an editor goes without warnings.', error);
          return null; // an exception here would leave the cell unrendered
        }
      }
    });
  }
};

/** What a hover says: what is wrong, why that matters, and where to read on. */
function hover(mark: IMark, findings: MlsecFindings, trans: TranslationBundle): HTMLElement {
  const { finding } = mark;
  const node = document.createElement('div');
  node.className = 'jp-mlsec-hover';
  const title = node.appendChild(document.createElement('div'));
  title.className = 'jp-mlsec-hover-title';
  const severity = title.appendChild(document.createElement('span'));
  severity.className = `jp-mlsec-severity jp-mlsec-severity-${finding.severity}`;
  severity.textContent = severityWord(finding.severity, trans);
  title.appendChild(document.createTextNode(` ${finding.message}`));
  const reason = findings.rule(finding.rule)?.reason;
  if (reason) {
    const text = node.appendChild(document.createElement('div'));
    text.className = 'jp-mlsec-hover-reason';
    text.textContent = reason;
  }
  const link = node.appendChild(document.createElement('a'));
  link.className = 'jp-mlsec-hover-docs';
  link.href = finding.docs;
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
  link.textContent = finding.rule;
  link.title = trans.__('What this rule is about');
  return node;
}

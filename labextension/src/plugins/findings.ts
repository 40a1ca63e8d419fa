import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { CodeCell } from '@jupyterlab/cells';
import { ConsolePanel, IConsoleTracker } from '@jupyterlab/console';
import { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import { FileEditor, IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { MlsecFindings } from '../registry';
import { Server } from '../server';
import { DEFAULTS, fromComposite } from '../settings';
import { IMlsecFindings, SharedDocument } from '../tokens';

export const ID = 'jupyter-mlsec:findings';

/**
 * Follows every open notebook, file and console. It waits for nothing, so that the editors of a
 * restored workspace find it there; settings come when they come.
 */
export const findingsPlugin: JupyterFrontEndPlugin<IMlsecFindings> = {
  id: ID,
  description: 'The security findings of open documents.',
  autoStart: true,
  provides: IMlsecFindings,
  optional: [ISettingRegistry, INotebookTracker, IEditorTracker, IConsoleTracker, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    registry: ISettingRegistry | null,
    notebooks: INotebookTracker | null,
    editors: IEditorTracker | null,
    consoles: IConsoleTracker | null,
    translator: ITranslator | null
  ): MlsecFindings => {
    const trans = (translator ?? nullTranslator).load('jupyter_mlsec');
    const { contents, serverSettings } = app.serviceManager;
    const findings = new MlsecFindings(new Server(serverSettings, trans), DEFAULTS);
    const shown = new WeakMap<Widget, () => SharedDocument | undefined>();
    const follow = (): void => {
      const shared = app.shell.currentWidget && shown.get(app.shell.currentWidget)?.();
      if (shared) {
        findings.setCurrent(findings.of(shared));
      }
    };
    const followDocument = (widget: IDocumentWidget<Widget, DocumentRegistry.IModel>): void => {
      attachContext(findings, widget.context, path => contents.localPath(path));
      shown.set(widget, () => widget.context.model.sharedModel as unknown as SharedDocument);
      follow();
    };
    notebooks?.widgetAdded.connect((_, panel: NotebookPanel) => followDocument(panel));
    editors?.widgetAdded.connect((_, editor: IDocumentWidget<FileEditor>) =>
      followDocument(editor)
    );
    consoles?.widgetAdded.connect((_, panel: ConsolePanel) => {
      attachConsole(findings, panel, follow);
      shown.set(panel, () => panel.console.promptCell?.model.sharedModel);
    });
    app.shell.currentChanged?.connect(follow);
    void loadSettings(findings, registry);
    return findings;
  }
};

/** Scan a document under its path, whatever it is renamed to, and when it is saved. */
function attachContext(
  findings: MlsecFindings,
  context: DocumentRegistry.IContext<DocumentRegistry.IModel>,
  local: (path: string) => string
): void {
  const document = findings.of(context.model.sharedModel as unknown as SharedDocument);
  const attach = (): void => document.attach(local(context.path));
  if (document.isFollowed) {
    return; // a second view of the same document
  }
  document.isFollowed = true;
  void context.ready.then(attach);
  context.pathChanged.connect(attach);
  context.saveState.connect((_, state) => {
    if (state === 'completed' && findings.options.enabled && findings.options.when === 'save') {
      void document.scan();
    }
  });
}

/** Scan the prompt of a console, and each that follows it. */
function attachConsole(findings: MlsecFindings, panel: ConsolePanel, follow: () => void): void {
  const { console: widget, sessionContext } = panel;
  const attach = (cell: CodeCell): void => {
    const kernel = sessionContext.session?.kernel?.name;
    sessionContext.session?.kernel?.info.then(
      info => {
        findings
          .of(cell.model.sharedModel)
          .attach(sessionContext.path, { kernel, language: info.language_info.name });
      },
      () => undefined // the kernel is gone before it said its language: its successor makes a prompt
    );
    follow();
  };
  widget.promptCellCreated.connect((_, cell) => attach(cell));
  void sessionContext.ready.then(() => widget.promptCell && attach(widget.promptCell));
}

async function loadSettings(
  findings: MlsecFindings,
  registry: ISettingRegistry | null
): Promise<void> {
  if (!registry) {
    return;
  }
  try {
    const settings = await registry.load(ID);
    const read = (): void => findings.setOptions(fromComposite(settings.composite));
    settings.changed.connect(read);
    read();
  } catch (error) {
    console.warn('jupyter-mlsec: settings could not be read, the defaults hold.', error);
  }
}

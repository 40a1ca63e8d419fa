import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import { MlsecFindings } from '../registry';
import { IMlsecFindings, SharedDocument } from '../tokens';

const SAVED = /^https:\/\/jupyter-mlsec\.readthedocs\.io\/events\/save\//;

interface ISaveEvent {
  schema_id: string;
  path: string;
  action: 'found' | 'redacted' | 'refused' | 'unchecked';
  copy?: boolean;
}

/** Says that a notebook was saved with a secret: once for each secret, not at each save. */
export const savePlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlsec:save',
  description: 'Tells the user when a notebook is saved with a secret in it.',
  autoStart: true,
  requires: [IMlsecFindings, INotebookTracker],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    token: IMlsecFindings,
    notebooks: INotebookTracker,
    translator: ITranslator | null
  ): void => {
    const findings = token as MlsecFindings;
    const trans = (translator ?? nullTranslator).load('jupyter_mlsec');
    const told = new WeakMap<SharedDocument, ReadonlySet<string>>();
    notebooks.widgetAdded.connect((_, panel: NotebookPanel) => {
      panel.context.saveState.connect((context, state) => {
        const { enabled, onSave } = findings.options;
        if (state === 'completed' && enabled && onSave === 'notify') {
          const shared = context.model.sharedModel as unknown as SharedDocument;
          void tell(app, findings, shared, told, trans);
        }
      });
    });
    app.serviceManager.events.stream.connect((_, event) => {
      const saved = event as unknown as ISaveEvent;
      if (SAVED.test(saved.schema_id)) {
        tellPolicy(saved, trans);
      }
    });
  }
};

/** Tell of secrets in what was saved; `told` has the fingerprints of each document's known ones. */
async function tell(
  app: JupyterFrontEnd,
  findings: MlsecFindings,
  shared: SharedDocument,
  told: WeakMap<SharedDocument, ReadonlySet<string>>,
  trans: TranslationBundle
): Promise<void> {
  const document = findings.of(shared);
  if (findings.options.when !== 'command') {
    await document.scan(); // what was typed last may not have been scanned before it was saved
  }
  const before = told.get(shared);
  const secrets = document.findings.filter(f => f.family === 'secrets' && f.confidence === 'high');
  const fresh = secrets.filter(finding => !before?.has(finding.fingerprint));
  told.set(shared, new Set(secrets.map(finding => finding.fingerprint)));
  if (!fresh.length) {
    return;
  }
  const message = trans._n(
    '%2 is saved with a secret in it.',
    '%2 is saved with %1 secrets in it.',
    secrets.length,
    document.path
  );
  const actions: Notification.IAction[] = [
    {
      label: trans.__('Show'),
      callback: () => void app.commands.execute('mlsec:open-panel')
    }
  ];
  const [first] = fresh.filter(finding => finding.fix);
  if (first) {
    actions.push({ label: trans.__('Fix'), callback: () => void document.fix(first) });
  }
  Notification.warning(message, { autoClose: 10_000, actions });
}

/** What the server did at a save because an administrator wants it so. */
function tellPolicy({ path, action, copy }: ISaveEvent, trans: TranslationBundle): void {
  if (action === 'refused') {
    const kept = copy ? ` ${trans.__('The server keeps a copy.')}` : '';
    Notification.error(
      trans.__('%1 was not saved: there is a secret in it. Remove it and save again.', path) + kept,
      { autoClose: false }
    );
  } else if (action === 'redacted') {
    Notification.info(trans.__('%1 was saved without the secrets in its outputs.', path), {
      autoClose: 6000
    });
  }
}

import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Actions } from '../actions';
import { Grants, IMlsecGrants } from '../grants';
import { FindingsPanel } from '../panel/panel';
import { MlsecFindings } from '../registry';
import { IMlsecFindings, SharedDocument } from '../tokens';
import { IFinding } from '../wire';

/** The panel in the sidebar, and the commands that open it. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlsec:panel',
  description: 'Lists security findings in the sidebar.',
  autoStart: true,
  requires: [IMlsecFindings],
  optional: [ITranslator, ILayoutRestorer, IMlsecGrants, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    token: IMlsecFindings,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    grants: Grants | null
  ): void => {
    const findings = token as MlsecFindings;
    const trans = (translator ?? nullTranslator).load('jupyter_mlsec');
    const actions = new Actions(app, findings, trans);
    const panel = new FindingsPanel(
      findings,
      actions,
      trans,
      (path, finding) => void openAt(app, findings, actions, path, finding),
      grants
    );
    app.shell.add(panel, 'right', { rank: 900, type: trans.__('Security') });
    restorer?.add(panel, panel.id);
    app.commands.addCommand('mlsec:open-panel', {
      label: trans.__('Show Security Findings'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        panel.tab = 'document';
        app.shell.activateById(panel.id);
      }
    });
    app.commands.addCommand('mlsec:open-grants', {
      label: trans.__('Show Which Notebooks May Have Secrets'),
      isVisible: () => grants !== null,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        panel.tab = 'grants';
        app.shell.activateById(panel.id);
      }
    });
    app.commands.addCommand('mlsec:scan-workspace', {
      label: trans.__('Scan All Files for Security Problems'),
      caption: trans.__('Scan every notebook and file below the root folder, or below given paths'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            paths: {
              type: 'array',
              items: { type: 'string' },
              description: trans.__('Files and folders; none means all')
            }
          }
        }
      },
      execute: async args => {
        panel.tab = 'files';
        app.shell.activateById(panel.id);
        await panel.scan.start((args.paths as string[] | undefined) ?? []);
        return panel.scan.files.length;
      }
    });
  }
};

/** Open a file that was scanned as it is saved, and go to what was found there. */
async function openAt(
  app: JupyterFrontEnd,
  findings: MlsecFindings,
  actions: Actions,
  path: string,
  finding: IFinding
): Promise<void> {
  const widget = (await app.commands.execute('docmanager:open', { path })) as
    { context?: DocumentRegistry.Context } | undefined;
  if (!widget?.context) {
    return;
  }
  await widget.context.ready;
  const document = findings.of(widget.context.model.sharedModel as unknown as SharedDocument);
  await document.scan();
  const here = document.findings.find(found => found.id === finding.id) ?? finding;
  await actions.jump(document, here);
}

import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Asker } from '../asking';
import { Grants, IMlsecGrants } from '../grants';
import { Server } from '../server';

/** Asks which notebook may have which secret. */
export const grantsPlugin: JupyterFrontEndPlugin<Grants> = {
  id: 'jupyter-mlsec:grants',
  description: 'Asks the user when a notebook wants a secret for the first time.',
  autoStart: true,
  provides: IMlsecGrants,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null): Grants => {
    const trans = (translator ?? nullTranslator).load('jupyter_mlsec');
    const grants = new Grants(new Server(app.serviceManager.serverSettings, trans));
    new Asker(grants, trans);
    void app.started.then(() => grants.connect());
    return grants;
  }
};

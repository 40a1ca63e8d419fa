import { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { findingsPlugin } from './plugins/findings';
import { inlinePlugin } from './plugins/inline';

export * from './tokens';
export * from './wire';

const plugins: JupyterFrontEndPlugin<unknown>[] = [findingsPlugin, inlinePlugin];

export default plugins;

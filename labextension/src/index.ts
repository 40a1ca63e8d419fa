import { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { commandsPlugin } from './plugins/commands';
import { findingsPlugin } from './plugins/findings';
import { grantsPlugin } from './plugins/grants';
import { inlinePlugin } from './plugins/inline';
import { outputsPlugin } from './plugins/outputs';
import { panelPlugin } from './plugins/panel';
import { savePlugin } from './plugins/save';
import { statusPlugin } from './plugins/status';

export * from './tokens';
export * from './wire';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  findingsPlugin,
  grantsPlugin,
  inlinePlugin,
  panelPlugin,
  commandsPlugin,
  statusPlugin,
  outputsPlugin,
  savePlugin
];

export default plugins;

import { LabIcon } from '@jupyterlab/ui-components';

const SHIELD = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M12 2 4 5v6c0 5 3.4 9.6 8 11 4.6-1.4 8-6 8-11V5l-8-3zm0
  2.1 6 2.3V11c0 4-2.6 7.7-6 8.9-3.4-1.2-6-4.9-6-8.9V6.4l6-2.3zm-1 3.4v5.5h2V7.500h-2zm0
  7v2h2v-2h-2z"/>
</svg>`;

export const shieldIcon = new LabIcon({ name: 'jupyter-mlsec:shield', svgstr: SHIELD });

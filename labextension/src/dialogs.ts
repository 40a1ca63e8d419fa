import { InputDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { byCell, changedLines, edited } from './text';
import { IEdit, IFinding } from './wire';

/** Ask why a finding is to be ignored; null where the user thinks better of it. */
export async function askReason(
  finding: IFinding,
  trans: TranslationBundle
): Promise<string | null> {
  const answer = await InputDialog.getText({
    title: trans.__('Ignore %1 here', finding.rule),
    label: trans.__('Why is this not a problem? The reason is kept beside the code.'),
    placeholder: trans.__('for example: a made-up key for the tutorial'),
    okLabel: trans.__('Ignore')
  });
  return answer.button.accept ? (answer.value ?? '') : null;
}

/** What a fix changes in a cell: the lines that go, and the lines that come. */
export function fixPreview(source: string, edits: readonly IEdit[], cell: number): Widget {
  const node = document.createElement('pre');
  node.className = 'jp-mlsec-preview';
  node.tabIndex = 0;
  const after = edited(source, byCell(edits).get(cell) ?? []);
  for (const { sign, text } of changedLines(source, after)) {
    const line = node.appendChild(document.createElement('div'));
    line.className = `jp-mlsec-preview-${{ '-': 'gone', '+': 'new', ' ': 'kept' }[sign]}`;
    line.textContent = `${sign} ${text}`;
  }
  return new Widget({ node });
}

import { InputDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { IFinding } from './wire';

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

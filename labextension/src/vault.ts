import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { DocumentFindings, IMove } from './document';
import { IFinding, IMoveResponse } from './wire';

const FOLDER = 'kv/notebooks';

type Wanted = Pick<IMove, 'findings' | 'part'>;

/** Whether a finding is a credential in a cell, which can be moved. */
export function isMovable({ family, place, suppressed }: IFinding): boolean {
  return family === 'secrets' && place.part === 'source' && !suppressed;
}

/** Ask where to, move the credentials there, and say what is left to do. Errors are thrown. */
export async function moveToVault(
  document: DocumentFindings,
  wanted: Wanted,
  trans: TranslationBundle,
  given: Partial<Pick<IMove, 'folder' | 'purge'>> = {}
): Promise<boolean> {
  const { folder, purge = false } = given;
  const where = folder ? { folder, purge } : await askWhere(trans);
  if (!where) {
    return false;
  }
  const answer = await document.move({ ...wanted, ...where });
  if (!answer) {
    Notification.info(trans.__('The text has changed; try again.'), { autoClose: 4000 });
    return false;
  }
  tell(answer, trans);
  return answer.moved.length > 0;
}

/** Where to put it, and whether copies elsewhere go too; null where the user thinks better of it. */
async function askWhere(trans: TranslationBundle): Promise<Omit<IMove, 'findings'> | null> {
  const body = new Where(trans);
  const { button, value } = await showDialog({
    title: trans.__('Move to Vault'),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Move') })
    ],
    focusNodeSelector: 'input'
  });
  return button.accept ? value : null;
}

class Where extends Widget implements Dialog.IBodyWidget<Omit<IMove, 'findings'>> {
  constructor(trans: TranslationBundle) {
    super();
    this.addClass('jp-mlsec-where-to');
    const text = this.node.appendChild(document.createElement('p'));
    text.textContent = trans.__(
      'The value goes to Vault, and the cell gets a reference that fetches it when it runs.'
    );
    this._folder = this._input(trans.__('Folder in Vault'), 'text');
    this._folder.value = FOLDER;
    this._purge = this._input(
      trans.__('Remove copies in checkpoints and in the history too'),
      'checkbox'
    );
    this._purge.checked = true;
  }

  getValue(): Omit<IMove, 'findings'> {
    return { folder: this._folder.value.trim() || FOLDER, purge: this._purge.checked };
  }

  private _input(label: string, type: string): HTMLInputElement {
    const row = this.node.appendChild(document.createElement('label'));
    const input = document.createElement('input');
    input.type = type;
    row.append(...(type === 'checkbox' ? [input, ` ${label}`] : [`${label} `, input]));
    return input;
  }

  private readonly _folder: HTMLInputElement;
  private readonly _purge: HTMLInputElement;
}

/** What was done, and what is left to do: a dialog, because notifications cut long texts off. */
function tell({ moved, stayed, traces }: IMoveResponse, trans: TranslationBundle): void {
  const node = document.createElement('div');
  node.className = 'jp-mlsec-moved';
  const add = (title: string, items: string[]): void => {
    if (items.length) {
      node.appendChild(document.createElement('h4')).textContent = title;
      const list = node.appendChild(document.createElement('ul'));
      items.forEach(text => list.appendChild(document.createElement('li')).append(...linked(text)));
    }
  };
  add(
    trans.__('In Vault now'),
    moved.map(({ reference }) => reference)
  );
  const advice = trans.__('Whoever had the notebook has the old value, so rotate it.');
  const left = [...new Set(moved.map(({ revoke }) => `${advice} ${revoke}`))];
  const saving = trans.__('Save the notebook: until then its file has the old value.');
  add(trans.__('Left to do'), moved.length ? [saving, ...left] : []);
  add(
    trans.__('Not moved: to be changed by hand'),
    stayed.map(({ cell, line, kind }) =>
      trans.__('%1 in cell %2, line %3', kind, (cell ?? 0) + 1, line)
    )
  );
  const copies = traces.filter(trace => !trace.purged);
  const name = ({ what, file }: (typeof copies)[0]): string => `${what} (${file})`;
  add(trans.__('The old value is still in'), copies.filter(trace => trace.sure).map(name));
  add(trans.__('The old value may still be in'), copies.filter(trace => !trace.sure).map(name));
  void showDialog({
    title: moved.length ? trans.__('Moved to Vault') : trans.__('Nothing was moved'),
    body: new Widget({ node }),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}

/** A text whose addresses are links. */
function linked(text: string): (string | HTMLAnchorElement)[] {
  return text.split(/(https:\/\/\S*[^\s.,;:)])/).map((part, i) => {
    if (i % 2 === 0) {
      return part;
    }
    const link = document.createElement('a');
    link.href = link.textContent = part;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    return link;
  });
}

import { Dialog, Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { Grants, isSame } from './grants';
import { IGrant } from './wire';

const DEAF = 500; // milliseconds in which keys belong to what the user was just typing

/** A dialog that takes no answer from keys that were meant for a cell, nor from a stray click. */
class Question extends Dialog<void> {
  override handleEvent(event: Event): void {
    const isEarly = event.type === 'keydown' && performance.now() - this._shown < DEAF;
    const content = this.node.querySelector('.jp-Dialog-content');
    const isBeside = event.type === 'click' && !content?.contains(event.target as Node);
    if (isEarly || isBeside) {
      event.preventDefault();
      event.stopPropagation();
    } else {
      super.handleEvent(event);
    }
  }

  protected override onAfterAttach(message: Parameters<Dialog<void>['onBeforeAttach']>[0]): void {
    super.onAfterAttach(message);
    this._shown = performance.now();
  }

  private _shown = 0;
}

/** Asks the user whether a notebook may have a secret: one question after the other. */
export class Asker {
  constructor(
    private readonly _grants: Grants,
    private readonly _trans: TranslationBundle
  ) {
    _grants.changed.connect(() => void this._next());
  }

  private async _next(): Promise<void> {
    const { questions } = this._grants;
    this._answered = this._answered.filter(one => questions.some(other => isSame(one, other)));
    if (this._isAsking) {
      return;
    }
    const open = questions.filter(one => !this._answered.some(other => isSame(one, other)));
    if (open.length) {
      this._isAsking = true;
      await this._ask(open[0], open.length - 1);
      this._isAsking = false;
      void this._next();
    }
  }

  private async _ask(question: IGrant, more: number): Promise<void> {
    const dialog = this._dialog(question, more);
    let isGone = false;
    const look = (): void => {
      isGone = !this._grants.questions.some(other => isSame(question, other));
      if (isGone) {
        dialog.reject(); // answered in another window, or the kernel waits no more
      }
    };
    this._grants.changed.connect(look);
    const { button } = await dialog.launch();
    this._grants.changed.disconnect(look);
    if (!isGone) {
      await this._answer(question, button);
    }
  }

  private async _answer(question: IGrant, button: Dialog.IButton): Promise<void> {
    const isForGood = button.actions.includes('always');
    this._answered.push(question);
    try {
      const { notebook, reference, kernel } = question;
      const bound = isForGood ? {} : { kernel };
      await this._grants.decide({ notebook, reference, allow: button.accept, ...bound });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      Notification.error(reason, { autoClose: 8000 });
    }
  }

  private _dialog(question: IGrant, more: number): Question {
    const trans = this._trans;
    const title = trans.__('May this notebook use a secret?');
    const buttons = [
      Dialog.cancelButton({ label: trans.__('Refuse') }),
      Dialog.okButton({ label: trans.__('Allow Always'), actions: ['always'] }),
      Dialog.okButton({ label: trans.__('Allow Until the Kernel Ends') })
    ].filter(button => question.notebook || !button.actions.includes('always'));
    const body = this._body(question, more);
    const dialog = new Question({ title, body, buttons, defaultButton: 0 });
    dialog.addClass('jp-mlsec-question');
    dialog.node.setAttribute('role', 'alertdialog');
    dialog.node.setAttribute('aria-label', `${title} ${body.node.textContent}`);
    return dialog;
  }

  private _body({ notebook, reference }: IGrant, more: number): Widget {
    const trans = this._trans;
    const node = document.createElement('div');
    const paragraph = (text: string): void => {
      node.appendChild(document.createElement('p')).textContent = text;
    };
    const facts = node.appendChild(document.createElement('dl'));
    const fact = (name: string, value: string): void => {
      facts.appendChild(document.createElement('dt')).textContent = `${name} `;
      facts.appendChild(document.createElement('dd')).textContent = `${value} `;
    };
    fact(trans.__('Notebook'), notebook || trans.__('a kernel without a notebook'));
    fact(trans.__('Secret'), reference);
    paragraph(
      trans.__('Its kernel waits. If you allow it, all code of the notebook can use the secret.')
    );
    if (more > 0) {
      paragraph(trans._n('%1 more question follows.', '%1 more questions follow.', more));
    }
    return new Widget({ node });
  }

  private _isAsking = false;
  private _answered: IGrant[] = [];
}

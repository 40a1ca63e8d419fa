import { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { askReason, fixPreview } from './dialogs';
import { DocumentFindings, IMove } from './document';
import { jump } from './jump';
import { MlsecFindings } from './registry';
import { normalized } from './text';
import { IDocumentFindings } from './tokens';
import { moveToVault } from './vault';
import { IFinding } from './wire';

/** What a user can do about a finding, from a hover, the panel or a command. */
export class Actions {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _findings: MlsecFindings,
    private readonly _trans: TranslationBundle
  ) {}

  jump(document: IDocumentFindings, finding: IFinding): Promise<void> {
    return jump(this._app, document, finding);
  }

  async fix(document: IDocumentFindings, finding: IFinding): Promise<void> {
    if (!(await document.fix(finding))) {
      this._say(this._trans.__('The text has changed; this fix no longer applies.'));
    }
  }

  /** Show what a fix changes, and make it if the user says so. */
  async preview(document: IDocumentFindings, finding: IFinding): Promise<void> {
    const part = document.partOf(finding);
    if (!part || !finding.fix) {
      return;
    }
    const answer = await showDialog({
      title: finding.fix.title,
      body: fixPreview(normalized(part.getSource()), finding.fix.edits, finding.place.cell ?? 0),
      buttons: [
        Dialog.cancelButton({ label: this._trans.__('Cancel') }),
        Dialog.okButton({ label: this._trans.__('Apply') })
      ]
    });
    if (answer.button.accept) {
      await this.fix(document, finding);
    }
  }

  async fixAll(document: IDocumentFindings, rule?: string): Promise<void> {
    await this._try(async () => {
      const count = await document.fixAll(rule);
      this._say(this._trans._n('%1 fix made.', '%1 fixes made.', count));
    });
  }

  async ignore(document: IDocumentFindings, finding: IFinding): Promise<void> {
    const reason = await askReason(finding, this._trans);
    if (reason !== null && !(await document.ignore(finding, reason))) {
      this._say(this._trans.__('No comment can be written there; use a baseline instead.'));
    }
  }

  /** Put findings into the project's baseline, so that only new ones are shown. */
  async baseline(document: IDocumentFindings, findings: readonly IFinding[]): Promise<void> {
    await this._try(async () => {
      const fingerprints = findings.map(finding => finding.fingerprint);
      const answer = await (document as DocumentFindings).ask(request =>
        this._findings.server.baseline({ ...request, fingerprints })
      );
      this._say(
        this._trans._n('%2: %1 finding added.', '%2: %1 findings added.', answer.added, answer.path)
      );
      await document.scan();
    });
  }

  /** Move credentials to Vault: those of findings, or what is selected. */
  async move(
    document: IDocumentFindings,
    wanted: Pick<IMove, 'findings' | 'part'>,
    given?: Partial<IMove>
  ): Promise<void> {
    await this._try(async () => {
      await moveToVault(document as DocumentFindings, wanted, this._trans, given);
    });
  }

  docs(address: string): void {
    window.open(address, '_blank', 'noopener,noreferrer');
  }

  private async _try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      Notification.error(error instanceof Error ? error.message : String(error), {
        autoClose: 8000
      });
    }
  }

  private _say(message: string): void {
    Notification.info(message, { autoClose: 4000 });
  }
}

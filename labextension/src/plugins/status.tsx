import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';
import { shieldIcon } from '../icons';
import { counts, severityWord } from '../severity';
import { IDocumentFindings, IMlsecFindings } from '../tokens';

/** The status bar's shield: how many findings the open document has; a click opens the panel. */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlsec:status',
  description: 'Shows the number of security findings in the status bar.',
  autoStart: true,
  requires: [IMlsecFindings],
  optional: [IStatusBar, ITranslator], // Notebook 7 has no status bar
  activate: (
    app: JupyterFrontEnd,
    findings: IMlsecFindings,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ): void => {
    if (!statusBar) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('jupyter_mlsec');
    const open = (): void => void app.commands.execute('mlsec:open-panel');
    const item = new StatusItem(findings, trans, open);
    statusBar.registerStatusItem('jupyter-mlsec:status', {
      item,
      align: 'left',
      rank: 60,
      isActive: () => findings.current !== null,
      activeStateChanged: item.followed
    });
  }
};

class StatusItem extends ReactWidget {
  constructor(
    private readonly _findings: IMlsecFindings,
    private readonly _trans: TranslationBundle,
    private readonly _open: () => void
  ) {
    super();
    this.addClass('jp-mlsec-status');
    _findings.currentChanged.connect(this._follow, this);
    this._follow();
  }

  /** Emitted when another document is followed, or none. */
  get followed(): ISignal<this, void> {
    return this._followed;
  }

  protected override render(): JSX.Element {
    const text = this._document ? words(this._document, this._trans) : '';
    return (
      <button onClick={this._open} title={this._document?.problem || text} aria-label={text}>
        <shieldIcon.react tag="span" />
        {this._document?.state === 'failed' ? '–' : (this._document?.findings.length ?? 0)}
      </button>
    );
  }

  private _follow(): void {
    this._document?.changed.disconnect(this.update, this);
    this._document = this._findings.current;
    this._document?.changed.connect(this.update, this);
    this._followed.emit();
    this.update();
  }

  private _followed = new Signal<this, void>(this);
  private _document: IDocumentFindings | null = null;
}

function words(document: IDocumentFindings, trans: TranslationBundle): string {
  if (document.state === 'failed') {
    return trans.__('Security findings are not available');
  }
  const found = counts(document.findings).map(
    ([severity, n]) => `${n} ${severityWord(severity, trans)}`
  );
  return found.length
    ? trans.__('Security findings: %1', found.join(', '))
    : trans.__('No security findings');
}

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import { Actions } from '../actions';
import { Grants } from '../grants';
import { shieldIcon } from '../icons';
import { MlsecFindings } from '../registry';
import { IDocumentFindings } from '../tokens';
import { IFinding } from '../wire';
import { WorkspaceScan } from '../workspace';
import { FilesView } from './files';
import { GrantsView } from './grants';
import { DocumentView } from './view';

type Tab = 'document' | 'files' | 'grants';

/** The sidebar's panel: the findings of the open document, those of all files, and grants. */
export class FindingsPanel extends ReactWidget {
  constructor(
    private readonly _findings: MlsecFindings,
    private readonly _actions: Actions,
    private readonly _trans: TranslationBundle,
    private readonly _onOpen: (path: string, finding: IFinding) => void,
    private readonly _grants: Grants | null
  ) {
    super();
    this.id = 'jp-mlsec-panel';
    this.addClass('jp-mlsec-panel');
    this.title.icon = shieldIcon;
    this.title.caption = _trans.__('Security findings');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.caption);
    this.scan = new WorkspaceScan(
      _findings,
      _trans.__('The server stopped before the scan was done. What was found stays.')
    );
    this.scan.changed.connect(this.update, this);
    _grants?.changed.connect(this.update, this);
    _findings.currentChanged.connect(this._follow, this);
    this._follow();
  }

  readonly scan: WorkspaceScan;

  get tab(): Tab {
    return this._tab;
  }

  set tab(tab: Tab) {
    this._tab = tab;
    this.update();
  }

  override dispose(): void {
    this.scan.cancel();
    super.dispose();
  }

  protected override render(): JSX.Element {
    const { _trans: trans, _actions: actions } = this;
    const tab = (id: Tab, label: string): JSX.Element => (
      <button
        role="tab"
        id={`jp-mlsec-tab-${id}`}
        aria-selected={this._tab === id}
        aria-controls="jp-mlsec-tabpanel"
        onClick={() => (this.tab = id)}
      >
        {label}
      </button>
    );
    return (
      <>
        <h2>{trans.__('Security')}</h2>
        <div role="tablist" className="jp-mlsec-tabs" aria-label={trans.__('What to show')}>
          {tab('document', trans.__('This document'))}
          {tab('files', trans.__('All files'))}
          {this._grants && tab('grants', trans.__('Grants'))}
        </div>
        <div role="tabpanel" id="jp-mlsec-tabpanel" aria-labelledby={`jp-mlsec-tab-${this._tab}`}>
          {this._tab === 'document' && (
            <DocumentView document={this._document} {...{ trans, actions }} />
          )}
          {this._tab === 'files' && (
            <FilesView scan={this.scan} onOpen={this._onOpen} {...{ trans, actions }} />
          )}
          {this._tab === 'grants' && this._grants && (
            <GrantsView grants={this._grants} trans={trans} />
          )}
        </div>
      </>
    );
  }

  private _follow(): void {
    this._document?.changed.disconnect(this.update, this);
    this._document = this._findings.current;
    this._document?.changed.connect(this.update, this);
    this.update();
  }

  private _document: IDocumentFindings | null = null;
  private _tab: Tab = 'document';
}

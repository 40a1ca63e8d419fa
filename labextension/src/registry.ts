import { ISignal, Signal } from '@lumino/signaling';
import { DocumentFindings } from './document';
import { Server } from './server';
import { IUserSettings } from './settings';
import { IMlsecFindings, SharedDocument } from './tokens';
import { IHealth, IRuleInfo } from './wire';

/** The findings of all open documents, and what the server says of itself. */
export class MlsecFindings implements IMlsecFindings {
  constructor(
    readonly server: Server,
    private _options: IUserSettings
  ) {}

  get options(): IUserSettings {
    return this._options;
  }

  get optionsChanged(): ISignal<this, IUserSettings> {
    return this._optionsChanged;
  }

  /** Take settings over; every open document is scanned anew where they matter to it. */
  setOptions(options: IUserSettings): void {
    if (JSON.stringify(options) !== JSON.stringify(this._options)) {
      this._options = options;
      this._optionsChanged.emit(options);
      this._open.forEach(document => document.refresh());
    }
  }

  get current(): DocumentFindings | null {
    return this._current;
  }

  get currentChanged(): ISignal<this, DocumentFindings | null> {
    return this._currentChanged;
  }

  get health(): IHealth | null {
    return this._health;
  }

  rule(id: string): IRuleInfo | undefined {
    return this._rules.get(id);
  }

  of(shared: SharedDocument): DocumentFindings {
    let findings = this._documents.get(shared);
    if (!findings) {
      findings = new DocumentFindings(shared, this.server, () => this.options);
      this._documents.set(shared, findings);
      findings.changed.connect(this._onChanged, this);
      shared.disposed.connect(() => this._close(findings!));
    }
    return findings;
  }

  setCurrent(findings: DocumentFindings | null): void {
    if (findings !== this._current) {
      this._current = findings;
      this._currentChanged.emit(findings);
    }
  }

  /** Ask the server for its rules and its policy, once it has answered anything. */
  private _onChanged(document: DocumentFindings): void {
    this._open.add(document); // not before: an editor whose model nobody disposes must not stay
    if (document.state === 'ready' && !this._asked) {
      this._asked = true;
      void this._load();
    }
  }

  private async _load(): Promise<void> {
    try {
      const [rules, health] = await Promise.all([this.server.rules(), this.server.health()]);
      this._rules = new Map(rules.map(rule => [rule.id, rule]));
      this._health = health;
    } catch (error) {
      this._asked = false; // hovers go without reasons until the next scan
      console.warn('jupyter-mlsec: rules could not be loaded.', error);
    }
  }

  private _close(findings: DocumentFindings): void {
    this._open.delete(findings);
    if (this._current === findings) {
      this.setCurrent(null);
    }
  }

  private _documents = new WeakMap<SharedDocument, DocumentFindings>();
  private _open = new Set<DocumentFindings>();
  private _current: DocumentFindings | null = null;
  private _currentChanged = new Signal<this, DocumentFindings | null>(this);
  private _rules = new Map<string, IRuleInfo>();
  private _health: IHealth | null = null;
  private _asked = false;
  private _optionsChanged = new Signal<this, IUserSettings>(this);
}

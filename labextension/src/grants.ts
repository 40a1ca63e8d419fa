import { Token } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import { NotInstalled, Server } from './server';
import { IGrant, IGrantsResponse } from './wire';

const RETRY = { first: 1000, last: 60_000, notInstalled: 120_000 };

/** A kernel that waits for the user's answer; what was asked in vain has no kernel. */
export function isQuestion(grant: IGrant): boolean {
  return Boolean(grant.kernel);
}

/** Whether two are about the same kernel (or none), notebook and secret. */
export function isSame(a: IGrant, b: IGrant): boolean {
  return (
    a.notebook === b.notebook &&
    a.reference === b.reference &&
    (a.kernel ?? '') === (b.kernel ?? '')
  );
}

/**
 * Which notebook may have which secret, and which kernels wait for an answer, as the server tells
 * it. As long as this is connected the server takes the user for somebody who can be asked.
 */
export class Grants {
  constructor(private readonly _server: Server) {}

  /** What the server said last; null before it has said anything, and while it is away. */
  get known(): IGrantsResponse | null {
    return this._known;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get questions(): readonly IGrant[] {
    return this._known?.waiting.filter(isQuestion) ?? [];
  }

  /** Answer, or take an answer back (`allow` is null). Rejects with what the server says. */
  async decide(grant: IGrant): Promise<void> {
    await this._server.decide(grant);
  }

  /** Connect, and again whenever the connection is lost. */
  async connect(): Promise<void> {
    try {
      await this._server.grants(); // a socket that is refused would fill the browser's log
      const socket = this._server.grantsSocket();
      socket.onmessage = ({ data }) => {
        this._wait = RETRY.first;
        this._take(JSON.parse(data as string) as IGrantsResponse);
      };
      socket.onclose = () => this._again(this._wait);
    } catch (error) {
      this._again(error instanceof NotInstalled ? RETRY.notInstalled : this._wait);
    }
  }

  private _again(wait: number): void {
    if (this._known) {
      this._take(null);
    }
    this._wait = Math.min(this._wait * 2, RETRY.last);
    window.setTimeout(() => void this.connect(), wait);
  }

  private _take(known: IGrantsResponse | null): void {
    this._known = known;
    this._changed.emit();
  }

  private _known: IGrantsResponse | null = null;
  private _changed = new Signal<this, void>(this);
  private _wait = RETRY.first;
}

export const IMlsecGrants = new Token<Grants>(
  'jupyter-mlsec:IMlsecGrants',
  'Which notebook may have which secret.'
);

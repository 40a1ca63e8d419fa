import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { wellFormed } from './text';
import {
  IBaselineRequest,
  IBaselineResponse,
  IFixRequest,
  IFixResponse,
  IGrant,
  IGrantsResponse,
  IHealth,
  IMissing,
  IMoveRequest,
  IMoveResponse,
  IPathsLine,
  IPathsRequest,
  IProblem,
  IRuleInfo,
  IScanRequest,
  IScanResponse,
  IStripRequest,
  IStripResponse
} from './wire';

/** The server does not have cells that a request named by their hashes only. */
export class MissingCells extends Error {
  constructor(
    readonly ids: readonly string[],
    message: string
  ) {
    super(message);
  }
}

/** A request that was sent before this one came after it. */
export class Overtaken extends Error {}

/** The server part is not there: not installed in the server's environment, or switched off. */
export class NotInstalled extends Error {}

/** The server's routes (docs/lab.md). Nothing here knows what a finding is about. */
export class Server {
  constructor(
    private readonly _settings: ServerConnection.ISettings,
    private readonly _trans: TranslationBundle
  ) {}

  scan(request: IScanRequest, signal?: AbortSignal): Promise<IScanResponse> {
    return this._post('scan', request, signal);
  }

  fix(request: IFixRequest): Promise<IFixResponse> {
    return this._post('fix', request);
  }

  /** Put credentials into the store, and say how the document is to be changed. */
  move(request: IMoveRequest): Promise<IMoveResponse> {
    return this._post('move', request);
  }

  baseline(request: IBaselineRequest): Promise<IBaselineResponse> {
    return this._post('baseline', request);
  }

  stripPreview(request: IStripRequest): Promise<IStripResponse> {
    return this._post('strip/preview', request);
  }

  rules(): Promise<IRuleInfo[]> {
    return this._json<IRuleInfo[]>('rules', {});
  }

  health(): Promise<IHealth> {
    return this._json<IHealth>('health', {});
  }

  grants(): Promise<IGrantsResponse> {
    return this._json<IGrantsResponse>('grants', {});
  }

  /** Answer whether a notebook may have a secret, or take the answer back. */
  decide(grant: IGrant): Promise<IGrant> {
    return this._post('grants', grant);
  }

  /** A socket that gets an `IGrantsResponse` at once, and after each change. */
  grantsSocket(): WebSocket {
    const { wsUrl, token, appendToken, WebSocket } = this._settings;
    const url = URLExt.join(wsUrl, 'mlsec', 'api', 'grants', 'live');
    const query = appendToken && token ? `?token=${encodeURIComponent(token)}` : '';
    return new WebSocket(url + query);
  }

  /** Scan saved files; `line` is called for each line of the answer as it comes. */
  async scanPaths(
    request: IPathsRequest,
    line: (line: IPathsLine) => void,
    signal: AbortSignal
  ): Promise<void> {
    const response = await this._request('scan/paths', {
      method: 'POST',
      body: JSON.stringify(request),
      signal
    });
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      const lines = rest.split('\n');
      rest = done ? '' : lines.pop()!;
      lines.filter(text => text.trim()).forEach(text => line(JSON.parse(text) as IPathsLine));
      if (done) {
        return;
      }
    }
  }

  private _post<T>(route: string, body: object, signal?: AbortSignal): Promise<T> {
    return this._json<T>(route, { method: 'POST', body: wellFormed(JSON.stringify(body)), signal });
  }

  private async _json<T>(route: string, init: RequestInit): Promise<T> {
    return (await (await this._request(route, init)).json()) as T;
  }

  private async _request(route: string, init: RequestInit): Promise<Response> {
    const url = URLExt.join(this._settings.baseUrl, 'mlsec', 'api', route);
    const response = await ServerConnection.makeRequest(url, init, this._settings);
    if (response.ok) {
      return response;
    }
    const trans = this._trans;
    if (response.status === 404) {
      throw new NotInstalled(trans.__('jupyter-mlsec is not enabled in the Jupyter server.'));
    }
    const answer = (await response.json().catch(() => ({}))) as Partial<IProblem & IMissing>;
    const message =
      answer.message || trans.__('The Jupyter server answered with status %1.', response.status);
    if (response.status === 409 && answer.missing) {
      throw new MissingCells(answer.missing, message);
    }
    throw response.status === 410 ? new Overtaken(message) : new Error(message);
  }
}

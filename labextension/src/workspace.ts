import { ISignal, Signal } from '@lumino/signaling';
import { MlsecFindings } from './registry';
import { IPathError, IPathFindings, IPathsDone, IPathsLine, IProgress } from './wire';

/** The scan of all files below the server's root: its progress, and what it has found so far. */
export class WorkspaceScan {
  /** `ended` says that the server's answer ended too early. */
  constructor(
    private readonly _findings: MlsecFindings,
    private readonly _ended: string
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isRunning(): boolean {
    return this._abort !== null;
  }

  progress: IProgress | null = null;
  files: IPathFindings[] = [];
  errors: IPathError[] = [];
  done: IPathsDone | null = null;
  problem = '';

  /** Scan anew; an older scan that still runs is given up. */
  async start(paths: string[] = []): Promise<void> {
    this.cancel();
    const abort = (this._abort = new AbortController());
    this.progress = this.done = null;
    this.files = [];
    this.errors = [];
    this.problem = '';
    this._tell();
    try {
      const { settings } = this._findings.options;
      await this._findings.server.scanPaths(
        { paths, settings },
        line => this._abort === abort && this._take(line),
        abort.signal
      );
      if (!this.done && !abort.signal.aborted) {
        this.problem = this._ended;
      }
    } catch (error) {
      if (!abort.signal.aborted) {
        this.problem = error instanceof Error ? error.message : String(error);
      }
    }
    if (this._abort === abort) {
      this._abort = null;
      this._tell(true);
    }
  }

  /** Stop; what was found stays. */
  cancel(): void {
    this._abort?.abort();
    this._abort = null;
    this._tell(true);
  }

  private _take(line: IPathsLine): void {
    this.progress = line.progress ?? this.progress;
    this.done = line.done ?? this.done;
    if (line.findings?.findings.some(finding => !finding.suppressed)) {
      this.files.push(line.findings);
    }
    if (line.error) {
      this.errors.push(line.error);
    }
    this._tell();
  }

  /** Say so, but not for each of thousands of lines. */
  private _tell(now = false): void {
    window.clearTimeout(this._timer);
    const late = Date.now() - this._told > 200;
    const tell = (): void => {
      this._told = Date.now();
      this._changed.emit();
    };
    if (now || late) {
      tell();
    } else {
      this._timer = window.setTimeout(tell, 200);
    }
  }

  private _abort: AbortController | null = null;
  private _changed = new Signal<this, void>(this);
  private _timer = 0;
  private _told = 0;
}

// Generated from jupyter_mlsec/wire.py by `make gen`; don't edit by hand.
// Offsets and columns count UTF-16 units, as JavaScript's strings do.

/**
 * What the user has set; null means as the project's configuration says.
 */
export interface ISettings {
  select?: string[] | null;
  ignore?: string[] | null;
  profile?: 'auditor' | 'pedantic' | 'regular' | null;
  minSeverity?: 'critical' | 'high' | 'info' | 'low' | 'medium' | null;
}

/**
 * A cell. With `hash` and without `source` it means the cell as it was sent before with that
 * hash; the hash is the client's own and only compared. `outputs`, `metadata` and `attachments`
 * are nbformat's.
 */
export interface ICell {
  id: string;
  type?: 'code' | 'markdown' | 'raw';
  source?: string | null;
  hash?: string | null;
  outputs?: unknown;
  metadata?: unknown;
  attachments?: unknown;
}

/**
 * A document as its editor holds it. A file is one cell of any id.
 *
 * `language` is the kernel's, `kernel` its kernelspec's name, `metadata` the notebook's.
 * `client` is a random id of the window, which keeps two windows on one document apart. A
 * request takes the place of those that still wait of the same client and path (status 410).
 */
export interface IScanRequest {
  path: string;
  cells: ICell[];
  kind?: 'file' | 'notebook';
  language?: string;
  kernel?: string | null;
  metadata?: unknown;
  settings?: ISettings;
  request?: number;
  client?: string;
}

/**
 * `fixes` are ids of findings, the id of a rule, or `safe` for every fix that is safe.
 */
export interface IFixRequest extends IScanRequest {
  fixes?: string[] | string;
}

/**
 * A stretch of a cell's source, in UTF-16 units.
 */
export interface ISelection {
  cell: number;
  start: number;
  end: number;
}

/**
 * Credentials to be moved to a store: those of these findings, or what is selected, or all in
 * sources. `folder` is where in the store; `purge` removes copies in checkpoints and histories
 * too.
 */
export interface IMoveRequest extends IScanRequest {
  findings?: string[];
  selection?: ISelection | null;
  folder?: string;
  purge?: boolean;
}

/**
 * `fingerprints` are those of the findings to put into the baseline.
 */
export interface IBaselineRequest extends IScanRequest {
  fingerprints?: string[];
}

/**
 * Files and folders as the contents manager names them; none means all.
 */
export interface IPathsRequest {
  paths?: string[];
  settings?: ISettings;
}

/**
 * A saved notebook by its path, or the text of one.
 */
export interface IStripRequest {
  path?: string;
  content?: string | null;
}

/**
 * Where something stands. `start` and `end` are offsets in a source or file; in other parts,
 * which are drawn and not edited, they are 0 and only lines and columns count.
 */
export interface IPlace {
  cell: number | null;
  cellId: string | null;
  part: 'attachment' | 'file' | 'metadata' | 'output' | 'source';
  output: number | null;
  start: number;
  end: number;
  line: number;
  column: number;
}

/**
 * A replacement in a cell's source, or in a file where `cell` is null.
 */
export interface IEdit {
  cell: number | null;
  cellId: string | null;
  start: number;
  end: number;
  text: string;
}

/**
 * `safe` means that the code keeps its meaning.
 */
export interface IFix {
  title: string;
  safe: boolean;
  edits: IEdit[];
}

/**
 * A finding. `id` is its own within the document; equal causes share a `fingerprint`.
 *
 * `ignoreComment` silences it: its text says `{reason}` where the user's reason belongs. It is
 * null where a comment can't be written; the cell tag `mlsec-ignore-RULE` works there.
 */
export interface IFinding {
  id: string;
  fingerprint: string;
  rule: string;
  family: string;
  severity: 'critical' | 'high' | 'info' | 'low' | 'medium';
  confidence: 'high' | 'low' | 'medium';
  message: string;
  kind: string | null;
  docs: string;
  place: IPlace;
  related: IPlace[];
  fix: IFix | null;
  suppressed: string | null;
  reason: string | null;
  ignoreComment: IEdit | null;
}

export interface IScanResponse {
  request: number;
  findings: IFinding[];
}

/**
 * Edits by offsets in the sources as they were sent, none overlapping, and what is found once
 * they are made.
 */
export interface IFixResponse {
  edits: IEdit[];
  findings: IFinding[];
  applied: number;
}

/**
 * Status 409: cells that the server does not have; send them with their sources.
 */
export interface IMissing {
  missing: string[];
}

/**
 * Any other status from 400 up: what is wrong and what to do about it.
 */
export interface IProblem {
  message: string;
}

export interface IRuleInfo {
  id: string;
  family: string;
  summary: string;
  reason: string;
  severity: 'critical' | 'high' | 'info' | 'low' | 'medium';
  confidence: 'high' | 'low' | 'medium';
  docs: string;
  default: boolean;
}

/**
 * What the administrator has set. `locked` are settings that a client's own don't change.
 */
export interface IPolicy {
  onSave: 'off' | 'redact' | 'refuse' | 'warn';
  locked: ISettings;
}

export interface IHealth {
  version: string;
  rules: number;
  hyperscan: boolean;
  policy: IPolicy;
}

export interface IProgress {
  done: number;
  total: number;
  path: string;
}

export interface IPathFindings {
  path: string;
  findings: IFinding[];
}

export interface IPathError {
  path: string;
  message: string;
  line?: number | null;
  column?: number | null;
}

export interface IPathsDone {
  files: number;
  cells: number;
  findings: number;
  errors: number;
  seconds: number;
}

/**
 * One line of the answer to a scan of paths: one of these.
 */
export interface IPathsLine {
  progress?: IProgress | null;
  findings?: IPathFindings | null;
  error?: IPathError | null;
  done?: IPathsDone | null;
}

/**
 * What stripping takes away; `what` is in words or a rule's id, never the value.
 */
export interface IRemoved {
  cell: number | null;
  part: string;
  what: string;
}

/**
 * A notebook's text before and after stripping, for a side-by-side.
 */
export interface IStripResponse {
  before: string;
  after: string;
  removed: IRemoved[];
}

/**
 * A credential that is in the store now, and how to make it worthless where it was.
 */
export interface IMoved {
  reference: string;
  kind: string;
  revoke: string;
}

/**
 * A credential that can't be replaced by a reference to the same effect.
 */
export interface IStayed {
  cell: number | null;
  line: number;
  kind: string;
}

/**
 * A copy elsewhere, or where there may be one if not `sure`; `what` says what the file is.
 */
export interface ITrace {
  what: string;
  file: string;
  sure: boolean;
  purged: boolean;
}

/**
 * Values are in the store before this is answered; then the edits are to be made, and the
 * outputs of the cells in `cleared` (by index) to be taken away.
 */
export interface IMoveResponse {
  edits: IEdit[];
  cleared: number[];
  moved: IMoved[];
  stayed: IStayed[];
  traces: ITrace[];
}

/**
 * `path` is the baseline's, `added` how many findings are new in it.
 */
export interface IBaselineResponse {
  path: string;
  added: number;
}

/**
 * A line of the audit log: who asked for which secret, and what came of it. No values.
 */
export interface IAuditEntry {
  time: string;
  event: string;
  result: string;
  who?: string | null;
  host?: string | null;
  notebook?: string | null;
  cell?: string | null;
  reference?: string | null;
  provider?: string | null;
  version?: number | null;
}

export interface IAuditResponse {
  entries: IAuditEntry[];
}

/**
 * Whether a notebook may have a secret; null where nobody has said so, or to forget it.
 *
 * With `kernel`, its id, the answer holds until that kernel ends; without it is remembered.
 */
export interface IGrant {
  notebook: string;
  reference: string;
  allow: boolean | null;
  kernel?: string;
}

/**
 * `waiting` are those that a kernel waits for, with its id, and those that one has asked for
 * in vain. `default` is what happens where nothing was said.
 */
export interface IGrantsResponse {
  grants: IGrant[];
  waiting: IGrant[];
  default: 'allow' | 'ask' | 'forbid';
}

/**
 * A value to be put into a store. `cas` is the version that has to be there, 0 for none.
 */
export interface ISecretRequest {
  reference: string;
  value: string;
  cas?: number | null;
}

export interface ISecretResponse {
  reference: string;
  version: number;
}

/**
 * Mounts, paths, and keys behind a `#`; no values.
 */
export interface INamesResponse {
  names: string[];
}

import { ISharedCell, ISharedFile, ISharedNotebook } from '@jupyter/ydoc';
import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';
import { IFinding, IRuleInfo } from './wire';

/** What is scanned: a notebook, a file, or the one cell of a console's prompt. */
export type SharedDocument = ISharedNotebook | ISharedFile | ISharedCell;

/** A text that an editor shows: a cell, or a file. */
export type SharedPart = ISharedCell | ISharedFile;

/**
 * `waiting`: not scanned yet. `scanning`: a first answer is under way. `ready`: the findings are
 * those of the last scan. `failed`: the server did not answer; it is asked again by itself.
 */
export type State = 'waiting' | 'scanning' | 'ready' | 'failed';

/** One finding as one part shows it; a finding that stands in several places has several marks. */
export interface IMark {
  readonly finding: IFinding;
  /** UTF-16 offsets in the part's source. */
  readonly start: number;
  readonly end: number;
}

/** The marks of one part, and the source for which they hold. */
export interface IMarks {
  readonly source: string;
  readonly marks: readonly IMark[];
}

/** The findings of one open document, alive as long as the document. */
export interface IDocumentFindings {
  readonly shared: SharedDocument;
  readonly path: string;
  readonly state: State;
  /** Why the last scan failed, in a sentence; empty where it did not. */
  readonly problem: string;
  /** In reading order, suppressed ones included. */
  readonly all: readonly IFinding[];
  /** In reading order, without the suppressed ones. */
  readonly findings: readonly IFinding[];
  /** Emitted after every scan and whenever `state` changes. */
  readonly changed: ISignal<IDocumentFindings, void>;
  /** Emitted when the document's text has changed and a scan is due. */
  readonly edited: ISignal<IDocumentFindings, void>;
  /** Scan now; resolves when the newest scan is done, also when it failed. */
  scan(): Promise<void>;
  /** The marks of one cell or file; undefined before its first scan. */
  marks(part: SharedPart): IMarks | undefined;
  /** The cell or file in which a finding stands; undefined when it is gone. */
  partOf(finding: IFinding): SharedPart | undefined;
  /** Make a finding's fix; false when the text has changed so that it no longer applies. */
  fix(finding: IFinding): Promise<boolean>;
  /** Make the fixes of a rule, or all safe ones; resolves to how many were made. */
  fixAll(rule?: string): Promise<number>;
  /** Silence a finding by a comment with a reason, or by a tag where no comment can stand. */
  ignore(finding: IFinding, reason: string): Promise<boolean>;
}

/** The findings of all open documents. */
export interface IMlsecFindings {
  /** The document that the user works in, or null. */
  readonly current: IDocumentFindings | null;
  readonly currentChanged: ISignal<IMlsecFindings, IDocumentFindings | null>;
  /** The findings of a document; they come once it is shown in a notebook, editor or console. */
  of(shared: SharedDocument): IDocumentFindings;
  /** What a rule is about; undefined before the rules are loaded. */
  rule(id: string): IRuleInfo | undefined;
}

export const IMlsecFindings = new Token<IMlsecFindings>(
  'jupyter-mlsec:IMlsecFindings',
  'Security findings in open notebooks, files and consoles, as they change.'
);

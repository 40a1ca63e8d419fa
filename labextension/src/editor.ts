import {
  Action,
  Diagnostic,
  lintGutter,
  nextDiagnostic,
  openLintPanel,
  previousDiagnostic,
  setDiagnostics
} from '@codemirror/lint';
import { Compartment, Extension, Prec, TransactionSpec } from '@codemirror/state';
import { EditorView, keymap, tooltips, ViewPlugin, ViewUpdate } from '@codemirror/view';
import { level } from './severity';
import { IDocumentFindings, IMark, IMarks, SharedPart } from './tokens';
import { isMovable } from './vault';

/** What a diagnostic offers beside its text; built by the plugin, which knows dialogs. */
export interface IMarkActions {
  /** The words of a hover: rule, message, reason and link. */
  render(mark: IMark): HTMLElement;
  fix(document: IDocumentFindings, mark: IMark): void;
  ignore(document: IDocumentFindings, mark: IMark): void;
  move(document: IDocumentFindings, mark: IMark): void;
  readonly ignoreLabel: string;
  readonly moveLabel: string;
  /** Whether marks in the gutter are wanted. */
  gutter(): boolean;
}

/** Squiggles, gutter marks and hovers in one editor. */
export function findingsExtension(
  document: IDocumentFindings,
  part: SharedPart,
  actions: IMarkActions
): Extension {
  const gutter = new Compartment();
  const plugin = ViewPlugin.define(view => new Marks(view, document, part, actions, gutter));
  return [
    plugin,
    gutter.of([]),
    Prec.low(
      keymap.of([
        { key: 'F8', run: nextDiagnostic },
        { key: 'Shift-F8', run: previousDiagnostic },
        { key: 'Mod-Shift-m', run: openLintPanel, preventDefault: true }
      ])
    ),
    // cells clip what they contain, so that a hover has to stand outside
    tooltips({ position: 'fixed', parent: window.document.body })
  ];
}

class Marks {
  constructor(
    private readonly _view: EditorView,
    private readonly _document: IDocumentFindings,
    private readonly _part: SharedPart,
    private readonly _actions: IMarkActions,
    private readonly _gutter: Compartment
  ) {
    _document.changed.connect(this.show, this);
    // an editor made anew for a cell that is scrolled into view shows what is known
    window.queueMicrotask(() => this.show());
  }

  /** An edit moves and removes marks, so that the same answer may have to be shown again. */
  update(update: ViewUpdate): void {
    if (update.docChanged) {
      this._shown = null;
    }
  }

  show(): void {
    const known = this._document.marks(this._part);
    if (this._isGone || !known || known === this._shown) {
      return;
    }
    if (known.source !== this._view.state.doc.toString()) {
      return; // a scan of the newer text is under way
    }
    const isFirst = this._shown === null && !this._hasMarks && known.marks.length === 0;
    this._shown = known;
    if (isFirst) {
      return; // nothing to show and nothing to take back: most cells
    }
    this._hasMarks = known.marks.length > 0;
    const diagnostics = known.marks.map(mark => this._diagnostic(mark));
    // one transaction: each costs a frame's worth in a notebook of many cells
    this._view.dispatch(
      this._gutterWanted(this._hasMarks && this._actions.gutter()),
      setDiagnostics(this._view.state, diagnostics)
    );
  }

  destroy(): void {
    this._isGone = true;
    this._document.changed.disconnect(this.show, this);
  }

  /** The gutter takes room only where there is something in it. */
  private _gutterWanted(wanted: boolean): TransactionSpec {
    if (wanted === this._hasGutter) {
      return {};
    }
    this._hasGutter = wanted;
    return { effects: this._gutter.reconfigure(wanted ? lintGutter() : []) };
  }

  private _diagnostic(mark: IMark): Diagnostic {
    const { finding } = mark;
    const actions: Action[] = [];
    if (finding.fix) {
      actions.push({
        name: finding.fix.title,
        apply: () => this._actions.fix(this._document, mark)
      });
    }
    if (isMovable(finding)) {
      actions.push({
        name: this._actions.moveLabel,
        apply: () => this._actions.move(this._document, mark)
      });
    }
    actions.push({
      name: this._actions.ignoreLabel,
      apply: () => this._actions.ignore(this._document, mark)
    });
    return {
      from: mark.start,
      to: mark.end,
      severity: level(finding.severity),
      source: finding.rule,
      message: finding.message,
      renderMessage: () => this._actions.render(mark),
      markClass: `jp-mlsec-mark jp-mlsec-mark-${finding.severity}`,
      actions
    };
  }

  private _isGone = false;
  private _hasMarks = false;
  private _hasGutter = false;
  private _shown: IMarks | null = null;
}

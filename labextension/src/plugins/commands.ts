import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, Notification } from '@jupyterlab/apputils';
import { CodeEditor } from '@jupyterlab/codeeditor';
import { FileEditor } from '@jupyterlab/fileeditor';
import { Notebook } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyJSONObject } from '@lumino/coreutils';
import { Actions } from '../actions';
import { shieldIcon } from '../icons';
import { widgetOf } from '../jump';
import { MlsecFindings } from '../registry';
import { sideBySide } from '../sidebyside';
import { IDocumentFindings, IMlsecFindings, SharedPart } from '../tokens';
import { isMovable } from '../vault';
import { IFinding } from '../wire';

const ID = 'jupyter-mlsec:commands';

/** The commands of the palette, the menus, the shortcuts and the toolbar (schema/commands.json). */
export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Commands for security findings.',
  autoStart: true,
  requires: [IMlsecFindings],
  optional: [ITranslator, ICommandPalette, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    token: IMlsecFindings,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_mlsec');
    const findings = token as MlsecFindings;
    const commands = new Commands(app, findings, new Actions(app, findings, trans), trans);
    const shown = ['mlsec:open-panel', 'mlsec:open-grants', 'mlsec:scan-workspace'];
    const ids = [...shown, ...commands.add(app.commands)];
    const category = trans.__('Security');
    ids.forEach(command => palette?.addItem({ command, category }));
    // shortcuts, menus and the toolbar's shield come with the schema
    void registry?.load(ID).catch(reason => console.warn(`${ID}:`, reason));
  }
};

class Commands {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _findings: MlsecFindings,
    private readonly _actions: Actions,
    private readonly _trans: TranslationBundle
  ) {}

  /** Register all; their ids. */
  add(registry: CommandRegistry): string[] {
    const trans = this._trans;
    const rule = { rule: { type: 'string', description: trans.__('Only this rule') } };
    const add = (
      id: string,
      label: string,
      run: (document: IDocumentFindings, args: ReadonlyJSONObject) => unknown,
      properties: ReadonlyJSONObject = {}
    ): string => {
      registry.addCommand(id, {
        label,
        icon: id === 'mlsec:scan' ? shieldIcon : undefined,
        caption: label,
        isEnabled: () => this._findings.current !== null,
        describedBy: { args: { type: 'object', properties } },
        execute: args => {
          const document = this._findings.current;
          return document && run(document, args as ReadonlyJSONObject);
        }
      });
      return id;
    };
    this._findings.currentChanged.connect(() => registry.notifyCommandChanged());
    return [
      add('mlsec:scan', trans.__('Scan for Security Problems'), async document => {
        await document.scan();
        await registry.execute('mlsec:open-panel');
        return document.findings.length;
      }),
      add(
        'mlsec:fix-all',
        trans.__('Apply All Safe Security Fixes'),
        (document, args) => this._actions.fixAll(document, args.rule as string | undefined),
        rule
      ),
      add('mlsec:fix-at-cursor', trans.__('Apply Security Fix at Cursor'), async document => {
        const found = this._atCursor(document).find(finding => finding.fix);
        if (found) {
          await this._actions.fix(document, found);
        }
        return found !== undefined;
      }),
      add('mlsec:ignore-at-cursor', trans.__('Ignore Security Finding at Cursor…'), document => {
        const [found] = this._atCursor(document);
        return found && this._actions.ignore(document, found);
      }),
      add(
        'mlsec:move-to-vault',
        trans.__('Move Secret to Vault…'),
        (document, args) => this._move(document, args),
        {
          findings: {
            type: 'array',
            items: { type: 'string' },
            description: trans.__('Ids of findings; without, what is selected or at the cursor')
          },
          folder: { type: 'string', description: trans.__('Where to; without, the user is asked') },
          purge: { type: 'boolean', description: trans.__('Remove copies in checkpoints too') }
        }
      ),
      add('mlsec:next-finding', trans.__('Next Security Finding'), document =>
        this._step(document, 1)
      ),
      add('mlsec:previous-finding', trans.__('Previous Security Finding'), document =>
        this._step(document, -1)
      ),
      add('mlsec:what-git-will-see', trans.__('Show What Git Will See'), document =>
        this._whatGitWillSee(document)
      ),
      add(
        'mlsec:open-rule-docs',
        trans.__('Open Documentation of Security Rule'),
        (document, args) => {
          const wanted = args.rule ? this._findings.rule(args.rule as string) : undefined;
          const found = wanted ?? this._atCursor(document)[0] ?? document.findings[0];
          if (found) {
            this._actions.docs(found.docs);
          }
        },
        rule
      )
    ];
  }

  private async _move(document: IDocumentFindings, args: ReadonlyJSONObject): Promise<void> {
    const given = { folder: args.folder as string, purge: args.purge as boolean };
    const findings = args.findings as string[] | undefined;
    const editor = this._editor(document);
    const of = editor?.model.sharedModel as SharedPart | undefined;
    const { start, end } = editor?.getSelection() ?? {};
    if (findings?.length) {
      await this._actions.move(document, { findings }, given);
    } else if (
      editor &&
      of &&
      start &&
      end &&
      editor.getOffsetAt(start) !== editor.getOffsetAt(end)
    ) {
      const ends = [editor.getOffsetAt(start), editor.getOffsetAt(end)].sort((a, b) => a - b);
      await this._actions.move(document, { part: { of, start: ends[0], end: ends[1] } }, given);
    } else {
      const found = this._atCursor(document).filter(isMovable);
      if (found.length) {
        await this._actions.move(document, { findings: found.map(({ id }) => id) }, given);
      } else {
        Notification.info(this._trans.__('Select the secret, or put the cursor on a finding.'), {
          autoClose: 4000
        });
      }
    }
  }

  private _editor(document: IDocumentFindings): CodeEditor.IEditor | null {
    const content = widgetOf(this._app, document.shared)?.content;
    if (content instanceof FileEditor) {
      return content.editor;
    }
    return content instanceof Notebook ? (content.activeCell?.editor ?? null) : null;
  }

  /** What is found where the cursor is: on it, else on its line. */
  private _atCursor(document: IDocumentFindings): IFinding[] {
    const editor = this._editor(document);
    const marks = editor && document.marks(editor.model.sharedModel as never)?.marks;
    if (!marks) {
      return [];
    }
    const cursor = editor.getCursorPosition();
    const at = editor.getOffsetAt(cursor);
    const onIt = marks.filter(mark => mark.start <= at && at <= mark.end);
    const onLine = marks.filter(mark => editor.getPositionAt(mark.start)?.line === cursor.line);
    return (onIt.length ? onIt : onLine).map(mark => mark.finding);
  }

  /** Go to the next or the previous finding, round and round. */
  private async _step(document: IDocumentFindings, by: 1 | -1): Promise<void> {
    const { findings } = document;
    if (findings.length) {
      const here = findings.findIndex(finding => finding.id === this._last);
      const start = here < 0 && by < 0 ? 0 : here;
      const next = findings[(start + by + findings.length) % findings.length];
      this._last = next.id;
      await this._actions.jump(document, next);
    }
  }

  /** The notebook as it is saved beside what a stripped one holds. */
  private async _whatGitWillSee(document: IDocumentFindings): Promise<void> {
    try {
      const { path } = document;
      const answer = await this._findings.server.stripPreview({ path });
      const content = await sideBySide(answer, this._trans);
      const widget = new MainAreaWidget({ content });
      widget.title.label = this._trans.__('Git: %1', path);
      widget.title.icon = shieldIcon;
      widget.title.closable = true;
      this._app.shell.add(widget, 'main', { mode: 'split-right' });
    } catch (error) {
      Notification.error(error instanceof Error ? error.message : String(error), {
        autoClose: 8000
      });
    }
  }

  private _last = '';
}

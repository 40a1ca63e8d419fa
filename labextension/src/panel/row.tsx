import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Actions } from '../actions';
import { severityWord } from '../severity';
import { IDocumentFindings } from '../tokens';
import { IFinding } from '../wire';

interface IProps {
  finding: IFinding;
  trans: TranslationBundle;
  onJump: () => void;
  actions: Actions;
  /** The open document in which the finding can be mended; null in the list of all files. */
  document: IDocumentFindings | null;
}

/** One finding: a button that jumps there, and what can be done about it. */
export function Row({ finding, trans, onJump, actions, document }: IProps): JSX.Element {
  const { fix, severity, message, rule, place, suppressed } = finding;
  return (
    <li className={`jp-mlsec-row${suppressed ? ' jp-mlsec-mod-suppressed' : ''}`}>
      <button className="jp-mlsec-jump" onClick={onJump}>
        <span className={`jp-mlsec-severity jp-mlsec-severity-${severity}`}>
          {severityWord(severity, trans)}
        </span>{' '}
        {message}
        <span className="jp-mlsec-where">{where(finding, trans)}</span>
      </button>
      <div className="jp-mlsec-actions">
        <a href={finding.docs} target="_blank" rel="noopener noreferrer">
          {rule}
        </a>
        {suppressed && <span>{trans.__('ignored: %1', finding.reason ?? suppressed)}</span>}
        {document && !suppressed && (
          <>
            {fix && (
              <>
                <Action
                  label={trans.__('Fix')}
                  about={fix.title}
                  run={() => void actions.fix(document, finding)}
                />
                <Action
                  label={trans.__('Preview')}
                  about={fix.title}
                  run={() => void actions.preview(document, finding)}
                />
              </>
            )}
            {place.part !== 'metadata' && (
              <Action
                label={trans.__('Ignore…')}
                about={message}
                run={() => void actions.ignore(document, finding)}
              />
            )}
            <Action
              label={trans.__('Baseline')}
              about={trans.__('Add to the baseline: %1', message)}
              run={() => void actions.baseline(document, [finding])}
            />
          </>
        )}
      </div>
    </li>
  );
}

function Action(props: { label: string; about: string; run: () => void }): JSX.Element {
  return (
    <button
      className="jp-mlsec-action"
      title={props.about}
      aria-label={`${props.label}: ${props.about}`}
      onClick={props.run}
    >
      {props.label}
    </button>
  );
}

function where({ place, related }: IFinding, trans: TranslationBundle): string {
  const parts = {
    source: trans.__('line %1', place.line),
    file: trans.__('line %1', place.line),
    output: trans.__('output'),
    metadata: trans.__('metadata'),
    attachment: trans.__('attachment')
  };
  const more = related.length
    ? trans._n('and %1 more place', 'and %1 more places', related.length)
    : '';
  const cell = place.cell === null ? '' : trans.__('cell %1', place.cell + 1);
  return [cell, parts[place.part], more].filter(Boolean).join(', ');
}

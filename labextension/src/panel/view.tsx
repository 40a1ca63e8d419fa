import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Actions } from '../actions';
import { severityWord } from '../severity';
import { IDocumentFindings } from '../tokens';
import { IFinding } from '../wire';
import { group, Grouping, IGroup, matches } from './groups';
import { Row } from './row';

interface IProps {
  document: IDocumentFindings | null;
  trans: TranslationBundle;
  actions: Actions;
}

/** The findings of the open document. */
export function DocumentView({ document, trans, actions }: IProps): JSX.Element {
  const [grouping, setGrouping] = React.useState<Grouping>('cell');
  const [filter, setFilter] = React.useState('');
  const [ignored, setIgnored] = React.useState(false);
  if (!document) {
    return <Empty text={trans.__('Open a notebook or a file to see what is found in it.')} />;
  }
  if (document.state === 'failed') {
    return (
      <Empty text={document.problem} alert>
        <button className="jp-mlsec-action" onClick={() => void document.scan()}>
          {trans.__('Try again')}
        </button>
      </Empty>
    );
  }
  if (document.state !== 'ready') {
    return <Empty text={trans.__('Scanning…')} />;
  }
  const all = ignored ? document.all : document.findings;
  const shown = all.filter(finding => matches(finding, filter));
  const safe = document.findings.filter(finding => finding.fix?.safe).length;
  return (
    <>
      <div className="jp-mlsec-controls">
        <input
          type="search"
          className="jp-mlsec-filter"
          placeholder={trans.__('Filter')}
          aria-label={trans.__('Filter findings')}
          value={filter}
          onChange={event => setFilter(event.target.value)}
        />
        <select
          aria-label={trans.__('Group by')}
          value={grouping}
          onChange={event => setGrouping(event.target.value as Grouping)}
        >
          <option value="cell">{trans.__('by cell')}</option>
          <option value="rule">{trans.__('by rule')}</option>
          <option value="severity">{trans.__('by severity')}</option>
        </select>
        <label>
          <input
            type="checkbox"
            checked={ignored}
            onChange={event => setIgnored(event.target.checked)}
          />
          {trans.__('ignored too')}
        </label>
        <button
          className="jp-mlsec-action"
          disabled={safe === 0}
          onClick={() => void actions.fixAll(document)}
        >
          {trans.__('Fix all safe (%1)', safe)}
        </button>
        <button
          className="jp-mlsec-action"
          disabled={document.findings.length === 0}
          title={trans.__('Accept what is there now; only new findings are shown from then on.')}
          onClick={() => void actions.baseline(document, document.findings)}
        >
          {trans.__('Baseline all')}
        </button>
      </div>
      <div role="status" className="jp-mlsec-summary">
        {shown.length || filter
          ? trans._n('%1 finding', '%1 findings', shown.length)
          : trans.__('Nothing found in %1.', document.path)}
      </div>
      {group(shown, grouping).map(found => (
        <Group key={found.key} {...{ found, grouping, document, trans, actions }} />
      ))}
    </>
  );
}

interface IGroupProps extends IProps {
  document: IDocumentFindings;
  found: IGroup;
  grouping: Grouping;
}

function Group({ found, grouping, document, trans, actions }: IGroupProps): JSX.Element {
  const labels = {
    cell: found.key === '-1' ? document.path : trans.__('Cell %1', Number(found.key) + 1),
    rule: found.key,
    severity: severityWord(found.key, trans)
  };
  const canFix = grouping === 'rule' && found.findings.some(f => f.fix && !f.suppressed);
  return (
    <section aria-label={labels[grouping]}>
      <h3>
        {labels[grouping]} <span className="jp-mlsec-count">{found.findings.length}</span>
        {canFix && (
          <button
            className="jp-mlsec-action"
            onClick={() => void actions.fixAll(document, found.key)}
          >
            {trans.__('Fix all of this rule')}
          </button>
        )}
      </h3>
      <ul>
        {found.findings.map((finding: IFinding) => (
          <Row
            key={finding.id}
            {...{ finding, trans, actions, document }}
            onJump={() => void actions.jump(document, finding)}
          />
        ))}
      </ul>
    </section>
  );
}

export function Empty(props: {
  text: string;
  alert?: boolean;
  children?: React.ReactNode;
}): JSX.Element {
  return (
    <div className="jp-mlsec-empty" role={props.alert ? 'alert' : 'status'}>
      <p>{props.text}</p>
      {props.children}
    </div>
  );
}

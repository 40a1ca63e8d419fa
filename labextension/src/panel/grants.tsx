import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Grants, isQuestion } from '../grants';
import { IGrant } from '../wire';
import { Empty } from './view';

interface IProps {
  grants: Grants;
  trans: TranslationBundle;
}

/** Which notebook may have which secret: what waits for an answer, and what was answered. */
export function GrantsView({ grants, trans }: IProps): JSX.Element {
  const { known } = grants;
  if (!known) {
    return <Empty text={trans.__('The Jupyter server does not answer.')} />;
  }
  const defaults = {
    allow: trans.__('Every notebook may have every secret that this server can read.'),
    ask: trans.__('You are asked when a notebook wants a secret for the first time.'),
    forbid: trans.__('Notebooks get only the secrets that an administrator allows.')
  };
  const open = known.waiting.filter(one => !known.grants.some(other => isAbout(one, other)));
  return (
    <>
      <div role="status" className="jp-mlsec-summary">
        {defaults[known.default]}
      </div>
      <List title={trans.__('Asked for')} items={open}>
        {one => <Waiting {...{ one, grants, trans }} />}
      </List>
      <List title={trans.__('Answered')} items={known.grants}>
        {one => <Answered {...{ one, grants, trans }} />}
      </List>
    </>
  );
}

function isAbout(a: IGrant, b: IGrant): boolean {
  return a.notebook === b.notebook && a.reference === b.reference && !b.kernel;
}

function List(props: {
  title: string;
  items: readonly IGrant[];
  children: (one: IGrant) => JSX.Element;
}): JSX.Element | null {
  return props.items.length ? (
    <section aria-label={props.title}>
      <h3>{props.title}</h3>
      <ul>
        {props.items.map(one => (
          <li key={`${one.kernel} ${one.notebook} ${one.reference}`} className="jp-mlsec-row">
            {props.children(one)}
          </li>
        ))}
      </ul>
    </section>
  ) : null;
}

interface IOne extends IProps {
  one: IGrant;
}

function Waiting({ one, grants, trans }: IOne): JSX.Element {
  const { notebook, reference, kernel } = one;
  const always = { notebook, reference };
  return (
    <>
      <What {...{ one, trans }} state={isQuestion(one) ? trans.__('waits') : trans.__('refused')} />
      <div className="jp-mlsec-actions">
        {kernel && (
          <Decide
            {...{ one, grants }}
            label={trans.__('Allow until the kernel ends')}
            answer={{ ...one, allow: true }}
          />
        )}
        {notebook && (
          <Decide
            {...{ one, grants }}
            label={trans.__('Allow always')}
            answer={{ ...always, allow: true }}
          />
        )}
        <Decide {...{ one, grants }} label={trans.__('Refuse')} answer={{ ...one, allow: false }} />
      </div>
    </>
  );
}

function Answered({ one, grants, trans }: IOne): JSX.Element {
  const states = one.kernel
    ? [trans.__('refused until its kernel ends'), trans.__('allowed until its kernel ends')]
    : [trans.__('always refused'), trans.__('always allowed')];
  return (
    <>
      <What {...{ one, trans }} state={states[Number(one.allow)]} />
      <div className="jp-mlsec-actions">
        <Decide
          {...{ one, grants }}
          label={one.allow ? trans.__('Revoke') : trans.__('Forget')}
          answer={{ ...one, allow: null }}
        />
      </div>
    </>
  );
}

function What(props: { one: IGrant; trans: TranslationBundle; state: string }): JSX.Element {
  const { notebook, reference } = props.one;
  return (
    <div>
      <code>{reference}</code>
      <span className="jp-mlsec-where">
        {notebook || props.trans.__('a kernel without a notebook')}: {props.state}
      </span>
    </div>
  );
}

function Decide(props: {
  one: IGrant;
  grants: Grants;
  label: string;
  answer: IGrant;
}): JSX.Element {
  const { one, grants, label, answer } = props;
  const decide = async (): Promise<void> => {
    try {
      await grants.decide(answer);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      Notification.error(reason, { autoClose: 8000 });
    }
  };
  return (
    <button
      className="jp-mlsec-action"
      aria-label={`${label}: ${one.notebook}, ${one.reference}`}
      onClick={() => void decide()}
    >
      {label}
    </button>
  );
}

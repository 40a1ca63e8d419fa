import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Actions } from '../actions';
import { IFinding } from '../wire';
import { WorkspaceScan } from '../workspace';
import { matches } from './groups';
import { Row } from './row';

interface IProps {
  scan: WorkspaceScan;
  trans: TranslationBundle;
  actions: Actions;
  onOpen: (path: string, finding: IFinding) => void;
}

const MOST = 200; // files that are drawn; the filter finds the others

/** The findings of all files below the server's root, scanned on demand. */
export function FilesView({ scan, trans, actions, onOpen }: IProps): JSX.Element {
  const [filter, setFilter] = React.useState('');
  const files = scan.files
    .map(({ path, findings }) => ({
      path,
      findings: findings.filter(
        f =>
          !f.suppressed && (matches(f, filter) || path.toLowerCase().includes(filter.toLowerCase()))
      )
    }))
    .filter(file => file.findings.length);
  const count = files.reduce((n, file) => n + file.findings.length, 0);
  return (
    <>
      <div className="jp-mlsec-controls">
        {scan.isRunning ? (
          <button className="jp-mlsec-action" onClick={() => scan.cancel()}>
            {trans.__('Cancel')}
          </button>
        ) : (
          <button className="jp-mlsec-action" onClick={() => void scan.start()}>
            {trans.__('Scan all files')}
          </button>
        )}
        <input
          type="search"
          className="jp-mlsec-filter"
          placeholder={trans.__('Filter')}
          aria-label={trans.__('Filter files and findings')}
          value={filter}
          onChange={event => setFilter(event.target.value)}
        />
      </div>
      {scan.isRunning && (
        <progress
          aria-label={trans.__('Progress of the scan')}
          max={scan.progress?.total || undefined}
          value={scan.progress?.done}
        />
      )}
      {scan.problem && <div role="alert">{scan.problem}</div>}
      <div role="status" className="jp-mlsec-summary">
        {summary(scan, count, trans)}
      </div>
      {files.slice(0, MOST).map(({ path, findings }) => (
        <section key={path} aria-label={path}>
          <h3>
            {path} <span className="jp-mlsec-count">{findings.length}</span>
          </h3>
          <ul>
            {findings.map(finding => (
              <Row
                key={finding.id}
                {...{ finding, trans, actions }}
                document={null}
                onJump={() => onOpen(path, finding)}
              />
            ))}
          </ul>
        </section>
      ))}
      {files.length > MOST && <p>{trans.__('and %1 more files', files.length - MOST)}</p>}
      {scan.errors.map(error => (
        <p key={error.path} className="jp-mlsec-error">
          {error.path}: {error.message}
        </p>
      ))}
    </>
  );
}

function summary(scan: WorkspaceScan, count: number, trans: TranslationBundle): string {
  if (scan.isRunning) {
    const { done, total, path } = scan.progress ?? { done: 0, total: 0, path: '' };
    return trans.__('%1 of %2: %3', done, total, path);
  }
  if (scan.done) {
    const files = trans._n('%1 file', '%1 files', scan.done.files);
    return `${files}, ${trans._n('%1 finding', '%1 findings', count)}`;
  }
  return scan.problem ? '' : trans.__('Scans every notebook and file below the root folder.');
}

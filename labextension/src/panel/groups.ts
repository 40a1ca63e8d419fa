import { SEVERITIES } from '../severity';
import { IFinding } from '../wire';

export type Grouping = 'cell' | 'rule' | 'severity';

export interface IGroup {
  /** The cell's index, the rule's id or the severity; `-1` for what stands in no cell. */
  readonly key: string;
  readonly findings: IFinding[];
}

/** Whether a finding has all words of a filter in its rule, message, kind or severity. */
export function matches(finding: IFinding, filter: string): boolean {
  const { rule, family, severity, message, kind } = finding;
  const text = [rule, family, severity, message, kind ?? ''].join(' ').toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}

/** Findings in groups: cells in their order, rules by name, severities from the worst. */
export function group(findings: readonly IFinding[], by: Grouping): IGroup[] {
  const keyOf = (finding: IFinding): string =>
    by === 'cell' ? String(finding.place.cell ?? -1) : finding[by];
  const groups = new Map<string, IFinding[]>();
  for (const finding of findings) {
    const key = keyOf(finding);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  const keys = [...groups.keys()];
  if (by === 'severity') {
    keys.sort((a, b) => SEVERITIES.indexOf(a as never) - SEVERITIES.indexOf(b as never));
  } else {
    keys.sort((a, b) => (by === 'cell' ? Number(a) - Number(b) : a.localeCompare(b)));
  }
  return keys.map(key => ({ key, findings: groups.get(key)! }));
}

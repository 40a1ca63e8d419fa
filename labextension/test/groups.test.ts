import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { group, Grouping, matches } from '../src/panel/groups';
import { withNotebook } from '../src/settings';
import { counts, level, SEVERITIES, Severity } from '../src/severity';
import { IFinding } from '../src/wire';

const finding = (rule: string, severity: Severity, cell: number | null): IFinding =>
  ({ rule, severity, family: 'f', message: `About ${rule}`, kind: null, place: { cell } }) as never;

const ALL = [
  finding('b-rule', 'low', 10),
  finding('a-rule', 'critical', 2),
  finding('b-rule', 'medium', null),
  finding('a-rule', 'low', 2)
];

describe('groups', () => {
  for (const [by, keys] of [
    ['cell', ['-1', '2', '10']],
    ['rule', ['a-rule', 'b-rule']],
    ['severity', ['critical', 'medium', 'low']]
  ] as [Grouping, string[]][]) {
    it(`by ${by}: ${keys.join(', ')}`, () => {
      const groups = group(ALL, by);
      assert.deepEqual(
        groups.map(({ key }) => key),
        keys
      );
      assert.equal(
        groups.reduce((n, { findings }) => n + findings.length, 0),
        ALL.length
      );
    });
  }
});

describe('filter', () => {
  for (const [filter, is] of [
    ['', true],
    ['A-RULE', true],
    ['critical about', true],
    ['critical b-rule', false],
    ['low', false]
  ] as [string, boolean][]) {
    it(`"${filter}" ${is ? 'shows' : 'hides'} a critical finding`, () => {
      assert.equal(matches(ALL[1], filter), is);
    });
  }
});

describe('severities', () => {
  it('are counted from the worst, none left out', () => {
    assert.deepEqual(counts(ALL), [
      ['critical', 1],
      ['medium', 1],
      ['low', 2]
    ]);
  });
  it('are drawn as errors, warnings and information', () => {
    assert.deepEqual(SEVERITIES.map(level), ['error', 'error', 'warning', 'info', 'info']);
  });
});

describe("a notebook's own settings", () => {
  const user = { ignore: ['x'], profile: null };
  for (const [about, metadata, result] of [
    ['none', undefined, user],
    ['nonsense', 'text', user],
    ['more to ignore', { ignore: ['y', 3] }, { ...user, ignore: ['x', 'y'] }],
    ['a stricter profile', { profile: 'auditor' }, { ...user, profile: 'auditor' }],
    ['a laxer profile is not taken', { profile: 'regular' }, user],
    ['rules cannot be switched off by selection', { select: [] }, user]
  ] as const) {
    it(about, () => assert.deepEqual(withNotebook(user, metadata), result));
  }
});

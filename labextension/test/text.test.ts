import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  byCell,
  changedLines,
  edited,
  normalized,
  oneLine,
  rawOffset,
  wellFormed
} from '../src/text';
import { IEdit } from '../src/wire';

const edit = (start: number, end: number, text: string, cell: number | null = 0): IEdit => ({
  cell,
  cellId: null,
  start,
  end,
  text
});

describe('halves of surrogate pairs', () => {
  for (const [text, sent] of [
    ['a \ud83d b', 'a \ufffd b'],
    ['\ude00\ude00', '\ufffd\ufffd'],
    ['\\\ud83d', '\\\ufffd'],
    ['\\ud83d', '\\ud83d'],
    ['\u{1f600} ü', '\u{1f600} ü']
  ]) {
    it(`of ${JSON.stringify(text)} are replaced`, () => {
      assert.equal(JSON.parse(wellFormed(JSON.stringify({ text }))).text, sent);
    });
  }
});

describe('line ends', () => {
  for (const [raw, plain] of [
    ['a\r\nb', 'a\nb'],
    ['a\rb', 'a\nb'],
    ['a\nb', 'a\nb'],
    ['\r\n\r\n', '\n\n'],
    ['', '']
  ]) {
    it(`${JSON.stringify(raw)} counts as ${JSON.stringify(plain)}`, () => {
      assert.equal(normalized(raw), plain);
    });
  }

  for (const raw of ['a\r\nbc\r\nd', '\r\n\r\nx', 'no ends', 'a\nb\r\nc', '😀\r\n😀']) {
    it(`offsets of ${JSON.stringify(raw)} lead to the same characters`, () => {
      const plain = normalized(raw);
      for (let at = 0; at <= plain.length; at++) {
        assert.equal(normalized(raw.slice(rawOffset(raw, at))), plain.slice(at));
      }
    });
  }
});

describe('edits', () => {
  for (const [text, edits, result] of [
    ['abcdef', [edit(0, 1, 'X'), edit(5, 6, 'YY')], 'XbcdeYY'],
    ['abc', [edit(0, 0, 'import os\n'), edit(1, 2, '')], 'import os\nac'],
    ['abc', [edit(1, 1, '1'), edit(1, 2, '2')], 'a12c'],
    ['😀b', [edit(2, 3, 'c')], '😀c'],
    ['abc', [], 'abc']
  ] as const) {
    it(`of ${JSON.stringify(text)} give ${JSON.stringify(result)}`, () => {
      assert.equal(edited(text, edits), result);
      assert.equal(edited(text, [...edits].reverse()), result);
    });
  }

  it('are grouped by cell, a file counts as its only one', () => {
    const groups = byCell([edit(0, 1, 'a', 2), edit(0, 1, 'b', null), edit(3, 4, 'c', 2)]);
    assert.deepEqual([...groups.keys()].sort(), [0, 2]);
    assert.equal(groups.get(2)!.length, 2);
  });
});

describe('previews', () => {
  const drawn = (before: string, after: string): string =>
    changedLines(before, after)
      .map(({ sign, text }) => sign + text)
      .join('|');
  for (const [before, after, shown] of [
    ['a\nb\nc', 'a\nX\nc', ' a|-b|+X| c'],
    ['a', 'import os\na', '+import os| a'],
    ['1\n2\n3\n4\n5', '1\n2\n3\n4\n5\n6', ' 4| 5|+6'],
    ['a\na', 'a', ' a|-a'],
    ['same', 'same', ' same']
  ]) {
    it(`from ${JSON.stringify(before)} to ${JSON.stringify(after)}`, () => {
      assert.equal(drawn(before, after), shown);
    });
  }
});

describe('reasons', () => {
  for (const [given, kept] of [
    ['  two\n lines ', 'two lines'],
    ['ends --> here', 'ends here'],
    ['*/ alert()', 'alert()'],
    ['', '']
  ]) {
    it(`${JSON.stringify(given)} becomes ${JSON.stringify(kept)}`, () => {
      assert.equal(oneLine(given), kept);
    });
  }
});

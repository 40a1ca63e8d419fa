import { IEdit, IFinding, IPlace } from './wire';

/** A source with the line ends that editors and the server count with. */
export function normalized(source: string): string {
  return source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source;
}

/**
 * JSON as `JSON.stringify` writes it, halves of surrogate pairs replaced, unit by unit, so that
 * offsets stay: a server's parser refuses them, and one such cell would hide all others.
 */
export function wellFormed(json: string): string {
  return json.includes('\\ud')
    ? json.replace(/(?<=(?:^|[^\\])(?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, '\\ufffd')
    : json;
}

/** An offset of the normalized source as an offset of the source itself. */
export function rawOffset(source: string, offset: number): number {
  if (!source.includes('\r\n')) {
    return offset;
  }
  let at = 0;
  for (let seen = 0; seen < offset; seen++) {
    at += source.startsWith('\r\n', at) ? 2 : 1;
  }
  return at;
}

/** Edits from the last to the first, so that each leaves the offsets of the next alone. */
export function lastFirst<T extends { start: number; end: number }>(edits: readonly T[]): T[] {
  return [...edits].sort((a, b) => b.start - a.start || b.end - a.end);
}

/** A text with edits made; they must not overlap. */
export function edited(
  text: string,
  edits: readonly Pick<IEdit, 'start' | 'end' | 'text'>[]
): string {
  return lastFirst(edits).reduce(
    (result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end),
    text
  );
}

/** Edits by the index of their cell; a file's have the index 0. */
export function byCell(edits: readonly IEdit[]): Map<number, IEdit[]> {
  const groups = new Map<number, IEdit[]>();
  for (const edit of edits) {
    const cell = edit.cell ?? 0;
    groups.set(cell, [...(groups.get(cell) ?? []), edit]);
  }
  return groups;
}

/** Where a finding stands: its own place, then the further ones of the same cause. */
export function places(finding: IFinding): IPlace[] {
  return [finding.place, ...finding.related];
}

/** Whether a place is in a text that an editor shows. */
export function isInEditor(place: IPlace): boolean {
  return place.part === 'source' || place.part === 'file';
}

/** The words that make a comment's reason: one line, nothing that ends a comment. */
export function oneLine(reason: string): string {
  return reason
    .replace(/-->|\*\//g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** A line of a preview: kept, gone or new. */
export interface ILine {
  sign: ' ' | '-' | '+';
  text: string;
}

const CONTEXT = 2; // lines shown around what changes

/** What differs between two texts, as one block of lines with those around it. */
export function changedLines(before: string, after: string): ILine[] {
  const old = before.split('\n');
  const now = after.split('\n');
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) {
    head++;
  }
  let tail = 0;
  while (tail < shorter - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) {
    tail++;
  }
  const line = (sign: ILine['sign']) => (text: string) => ({ sign, text });
  return [
    ...old.slice(Math.max(0, head - CONTEXT), head).map(line(' ')),
    ...old.slice(head, old.length - tail).map(line('-')),
    ...now.slice(head, now.length - tail).map(line('+')),
    ...old.slice(old.length - tail, old.length - tail + CONTEXT).map(line(' '))
  ];
}

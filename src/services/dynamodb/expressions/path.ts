// Document paths, such as `info.authors[0].name`: reading them, and finding or picking what they lead to.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.Attributes.html

import { attribute } from '../values/value.ts';
import type { Item, Value } from '../values/value.ts';
import type { Findings } from './findings.ts';
import type { Placeholders } from './placeholders.ts';
import { isReserved } from './reserved-words.ts';
import type { Reader } from './tokens.ts';

/** Names and positions, outermost first. */
export type Path = readonly (string | number)[];

const DEEPEST = 32;

/** Reads a path. A reserved word or a placeholder that is not defined is a finding. */
export function readPath(reader: Reader, placeholders: Placeholders, findings: Findings): Path {
  const path: (string | number)[] = [readName(reader, placeholders, findings)];
  for (;;) {
    if (reader.skip('.')) path.push(readName(reader, placeholders, findings));
    else if (reader.skip('[')) {
      if (reader.next.kind !== 'number') throw reader.syntaxError();
      path.push(Number(reader.take().text));
      reader.expect(']');
    } else break;
    if (path.length > DEEPEST) throw reader.failure('The document path has too many nesting elements;');
  }
  return path;
}

function readName(reader: Reader, placeholders: Placeholders, findings: Findings): string {
  const { kind, text } = reader.next;
  if (kind !== 'word' && kind !== 'name') throw reader.syntaxError();
  reader.take();
  if (kind === 'word') {
    if (isReserved(text))
      findings.add('reserved', `Attribute name is a reserved keyword; reserved keyword: ${text}`);
    return text;
  }
  const name = placeholders.name(text);
  if (name === undefined)
    findings.add(
      'placeholder',
      `An expression attribute name used in the document path is not defined; attribute name: ${text}`,
    );
  return name ?? text;
}

/** As errors show it: `[info, authors, [0], name]`. */
export function shownPath(path: Path): string {
  return `[${path.map((piece) => (typeof piece === 'number' ? `[${piece}]` : piece)).join(', ')}]`;
}

export function samePath(left: Path, right: Path): boolean {
  return left.length === right.length && left.every((piece, at) => piece === right[at]);
}

/** A second path that leads through or to what another leads to is a finding. */
export function checkApart(paths: readonly Path[], findings: Findings): void {
  paths.forEach((one, at) => {
    for (const other of paths.slice(0, at)) checkPair(other, one, findings);
  });
}

function checkPair(one: Path, two: Path, findings: Findings): void {
  const pair = `must remove or rewrite one of these paths; path one: ${shownPath(one)}, path two: ${shownPath(two)}`;
  for (let at = 0; at < one.length && at < two.length; at += 1) {
    if (typeof one[at] !== typeof two[at]) {
      findings.add('conflict', `Two document paths conflict with each other; ${pair}`);
      return;
    }
    if (one[at] !== two[at]) return;
  }
  findings.add('overlap', `Two document paths overlap with each other; ${pair}`);
}

/** What a path leads to, if anything. */
export function at(item: Item, path: Path): Value | undefined {
  let value: Value | undefined = { M: item };
  for (const piece of path) {
    if (value === undefined) return undefined;
    value = step(value, piece);
  }
  return value;
}

function step(value: Value, piece: string | number): Value | undefined {
  if (typeof piece === 'number') return 'L' in value ? value.L[piece] : undefined;
  return 'M' in value ? attribute(value.M, piece) : undefined;
}

/** What is picked of a document: a leaf, or members by name or position. */
type Picked = Value | Map<string | number, Picked>;

/** Only what the paths lead to, each within its maps and lists; lists close up. */
export function pick(item: Item, paths: readonly Path[]): Item {
  const root = new Map<string | number, Picked>();
  for (const path of paths) {
    const value = at(item, path);
    if (value !== undefined) place(root, path, value);
  }
  return assembled(root);
}

function place(root: Map<string | number, Picked>, path: Path, value: Value): void {
  let within = root;
  for (const piece of path.slice(0, -1)) {
    let inner = within.get(piece);
    if (!(inner instanceof Map)) within.set(piece, (inner = new Map<string | number, Picked>()));
    within = inner;
  }
  within.set(path.at(-1) as string | number, value);
}

function assembled(members: Map<string | number, Picked>): Item {
  return Object.fromEntries([...members].map(([name, picked]) => [name, document(picked)])) as Item;
}

function document(picked: Picked): Value {
  if (!(picked instanceof Map)) return picked;
  const positions = [...picked].filter((entry): entry is [number, Picked] => typeof entry[0] === 'number');
  if (positions.length === 0) return { M: assembled(picked) };
  const inOrder = positions.toSorted(([left], [right]) => left - right);
  return { L: inOrder.map(([, inner]) => document(inner)) };
}

// The regular expressions of filter patterns: no groups, no look-around. Pure.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html

import { compile, finds, TooLarge } from '#cloud/expressions/automaton.ts';
import type { Holds, Letters, Part } from '#cloud/expressions/automaton.ts';
import { between, either, escapedLetters, not } from '#cloud/expressions/letters.ts';

const LITERAL = /[A-Za-z0-9:_#=@/;,-]/;
const ESCAPABLE = /[:_#=@/;,\-^$?[\]{}|\\*+.()]/;

const CLASS = /[dDsSwW]/;
const atStart: Holds = (_, at) => at === 0;
const atEnd: Holds = (codes, at) => at === codes.length;

class Unsupported extends Error {}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  get next(): string {
    return this.#text[this.#at] ?? '';
  }

  take(): string {
    if (this.done) throw new Unsupported();
    const taken = this.next;
    this.#at += 1;
    return taken;
  }

  /** Takes what a sticky expression finds here. */
  match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text);
    if (found) this.#at = expression.lastIndex;
    return found ?? undefined;
  }
}

function escaped(reader: Reader): Letters {
  const letter = reader.take();
  if (CLASS.test(letter)) return escapedLetters(letter) as Letters;
  if (letter === 'x') {
    const code = reader.match(/[0-9A-Fa-f]{2}/y)?.[0];
    if (code === undefined) throw new Unsupported();
    return between(Number.parseInt(code, 16), Number.parseInt(code, 16));
  }
  if (!ESCAPABLE.test(letter)) throw new Unsupported();
  return between(letter.charCodeAt(0), letter.charCodeAt(0));
}

/** What stands between square brackets. */
function oneOf(reader: Reader): Letters {
  const negated = reader.match(/\^/y) !== undefined;
  const parts: Letters[] = [];
  while (reader.next !== ']') {
    const letter = reader.take();
    if (letter === '\\') {
      parts.push(escaped(reader));
      continue;
    }
    if (letter > '~' || letter < ' ') throw new Unsupported();
    const upTo = reader.match(/-([A-Za-z0-9])/y)?.[1] ?? letter;
    if (upTo < letter) throw new Unsupported();
    parts.push(between(letter.charCodeAt(0), upTo.charCodeAt(0)));
  }
  reader.take();
  if (parts.length === 0) throw new Unsupported();
  return negated ? not(either(parts)) : either(parts);
}

function readOne(reader: Reader): Letters {
  const letter = reader.take();
  if (letter === '\\') return escaped(reader);
  if (letter === '[') return oneOf(reader);
  if (letter === '.') return (code) => code !== 10;
  if (!LITERAL.test(letter)) throw new Unsupported();
  return between(letter.charCodeAt(0), letter.charCodeAt(0));
}

/** A letter as often as its quantifier says. */
function readLetter(reader: Reader): Part {
  const part: Part = { kind: 'letter', letters: readOne(reader) };
  const sign = reader.match(/[?*+]/y)?.[0];
  if (sign !== undefined)
    return { kind: 'repeat', part, least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity };
  const [, least, comma, most] = reader.match(/\{(\d{1,4})(,\s?)?(\d{1,4})?\}/y) ?? [];
  if (least === undefined) return part;
  const from = Number(least);
  const to = comma === undefined ? from : most === undefined ? Infinity : Number(most);
  if (to < from) throw new Unsupported();
  return { kind: 'repeat', part, least: from, most: to };
}

function readBranch(reader: Reader): Part {
  const parts: Part[] = [];
  if (reader.match(/\^/y)) parts.push({ kind: 'place', holds: atStart });
  while (!reader.done && reader.next !== '|') {
    if (reader.match(/\$(?=\||$)/y)) parts.push({ kind: 'place', holds: atEnd });
    else parts.push(readLetter(reader));
  }
  return { kind: 'sequence', parts };
}

/** A test for texts in which the expression is found; nothing where AWS supports no such expression. */
export function regularExpression(source: string): ((text: string) => boolean) | undefined {
  const reader = new Reader(source);
  const parts: Part[] = [];
  try {
    do parts.push(readBranch(reader));
    while (reader.match(/\|/y) !== undefined);
    const expression = compile({ kind: 'choice', parts });
    return (text) => finds(expression, text);
  } catch (error) {
    if (error instanceof Unsupported || error instanceof TooLarge) return undefined;
    throw error;
  }
}

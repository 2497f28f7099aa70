// JSON as CloudFormation reads it: strict, its errors with line and column, numbers kept as they were written.

import { formatError } from './faults.ts';
import { numberOf } from './scalars.ts';
import type { Value } from './template.ts';

/** Deeper templates are refused, before the stack of this reader runs out. */
export const DEEPEST = 200;

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN = /[^"\\\p{Cc}]*/uy;
const ALLOWED = '\n\r\t\u007f';
const SPACE = /[ \t\r\n]*/y;
const WORDS: readonly (readonly [string, Value])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

export function parseJson(text: string): Value {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(depth: number): Value {
    if (depth > DEEPEST) throw formatError('unsupported structure.');
    this.space();
    const first = this.text[this.at];
    if (first === '{') return this.object(depth);
    if (first === '[') return this.array(depth);
    if (first === '"') return this.string();
    for (const [word, value] of WORDS) {
      if (!this.text.startsWith(word, this.at)) continue;
      this.at += word.length;
      return value;
    }
    NUMBER.lastIndex = this.at;
    const number = NUMBER.exec(this.text)?.[0];
    if (number === undefined) throw this.wrong();
    this.at += number.length;
    return numberOf(number);
  }

  end(): void {
    this.space();
    if (this.at < this.text.length) throw this.wrong();
  }

  private object(depth: number): Value {
    // CloudFormation keeps the last of equal names: github.com/aws-cloudformation/cfn-language-discussion/issues/96
    const members: [string, Value][] = [];
    this.at += 1;
    this.space();
    if (this.take('}')) return {};
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') throw this.wrong();
      const name = this.string();
      this.space();
      if (!this.take(':')) throw this.wrong();
      members.push([name, this.value(depth + 1)]);
      this.space();
      if (this.take('}')) return Object.fromEntries(members);
      if (!this.take(',')) throw this.wrong();
    }
  }

  private array(depth: number): Value {
    const items: Value[] = [];
    this.at += 1;
    this.space();
    if (this.take(']')) return items;
    for (;;) {
      items.push(this.value(depth + 1));
      this.space();
      if (this.take(']')) return items;
      if (!this.take(',')) throw this.wrong();
    }
  }

  private string(): string {
    let value = '';
    this.at += 1;
    for (;;) {
      PLAIN.lastIndex = this.at;
      const plain = PLAIN.exec(this.text)?.[0] ?? '';
      value += plain;
      this.at += plain.length;
      if (this.take('"')) return value;
      if (!this.take('\\')) {
        // Templates written by hand carry line breaks and tabs inside strings, and CloudFormation takes them.
        const control = this.text[this.at];
        if (control === undefined || !ALLOWED.includes(control)) throw this.wrong();
        value += control;
        this.at += 1;
        continue;
      }
      value += this.escape();
    }
  }

  private escape(): string {
    const letter = this.text[this.at] ?? '';
    if (letter === 'u') {
      const hex = this.text.slice(this.at + 1, this.at + 5);
      if (!/^[\da-fA-F]{4}$/.test(hex)) throw this.wrong();
      this.at += 5;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    if (!Object.hasOwn(ESCAPES, letter)) throw this.wrong();
    this.at += 1;
    return ESCAPES[letter] as string;
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  private space(): void {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.text);
    this.at = SPACE.lastIndex;
  }

  /** CloudFormation names the place after the offending character, counting from one. */
  private wrong(): Error {
    const lines = this.text.slice(0, this.at).split('\n');
    const column = (lines.at(-1) as string).length + 2;
    return formatError(`JSON not well-formed. (line ${lines.length}, column ${column})`);
  }
}

// Reading filter patterns from left to right, and the comparisons that JSON and space-delimited patterns share. Pure.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

import { regularExpression } from './regular-expression.ts';

/** The text is no filter pattern. Whoever asked words the error. */
export class NoPattern extends Error {}

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

export class PatternReader {
  readonly text: string;
  at = 0;
  /** Regular expressions so far. */
  expressions = 0;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  skipSpace(): void {
    this.match(/\s*/y);
  }

  /** Takes what a sticky expression finds here. */
  match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at;
    const found = expression.exec(this.text);
    if (found) this.at = expression.lastIndex;
    return found ?? undefined;
  }

  /** Takes `word`, with white space around it, if it stands here. */
  takes(word: string): boolean {
    this.skipSpace();
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    this.skipSpace();
    return true;
  }

  expect(word: string): void {
    if (!this.takes(word)) throw new NoPattern();
  }

  /** A text in double quotes, if one begins here. */
  quoted(): string | undefined {
    const found = this.match(/"((?:[^"\\]|\\.)*)"/sy)?.[1];
    return found?.replaceAll(/\\(.)/gs, '$1');
  }

  /** A regular expression between per cent signs, if one begins here. */
  expression(): ((text: string) => boolean) | undefined {
    const source = this.match(/%([^%]*)%/y)?.[1];
    if (source === undefined) return undefined;
    const test = regularExpression(source);
    if (!test || source === '') throw new NoPattern();
    this.expressions += 1;
    return test;
  }
}

export type Scalar = string | number | boolean;
export type Test = (value: Scalar) => boolean;

const textOf = (value: Scalar): string => String(value);

/** `*` at the beginning or the end of a text stands for anything. */
function like(pattern: string): Test {
  const open = pattern.startsWith('*');
  const shut = pattern.length > 1 && pattern.endsWith('*');
  const core = pattern.slice(open ? 1 : 0, shut ? -1 : undefined);
  return (value) => {
    const text = textOf(value);
    if (open && shut) return text.includes(core);
    if (open) return text.endsWith(core);
    return shut ? text.startsWith(core) : text === core;
  };
}

function numberOf(value: Scalar): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && NUMBER.test(value) ? Number(value) : Number.NaN;
}

function compares(operator: string, bound: number): Test {
  switch (operator) {
    case '<':
      return (value) => numberOf(value) < bound;
    case '<=':
      return (value) => numberOf(value) <= bound;
    case '>':
      return (value) => numberOf(value) > bound;
    case '>=':
      return (value) => numberOf(value) >= bound;
    default:
      return (value) => numberOf(value) === bound;
  }
}

/** A comparison: an operator and what stands to its right, which `bare` describes where it is not in quotes. */
export function readComparison(reader: PatternReader, bare: RegExp): Test | undefined {
  reader.skipSpace();
  const operator = reader.match(/!=|<=|>=|=|<|>/y)?.[0];
  if (operator === undefined) return undefined;
  reader.skipSpace();
  const equality = operator === '=' || operator === '!=';
  let test: Test;
  const expression = reader.expression();
  const quoted = expression ? undefined : reader.quoted();
  if (expression) test = (value) => expression(textOf(value));
  else if (quoted !== undefined) test = like(quoted);
  else {
    const word = reader.match(bare)?.[0];
    if (word === undefined) throw new NoPattern();
    if (!NUMBER.test(word)) test = like(word);
    else {
      const same = compares(operator, Number(word));
      test = equality ? (value) => same(value) || textOf(value) === word : same;
      if (!equality) return test;
    }
  }
  if (!equality) throw new NoPattern();
  return operator === '=' ? test : (value) => !test(value);
}

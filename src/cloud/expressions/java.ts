// Java's regular expressions, in which AWS's control planes take patterns from users. Pure.
// https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/regex/Pattern.html

import { compile, TooLarge } from './automaton.ts';
import type { Expression, Holds, Letters, Part } from './automaton.ts';
import {
  ahead,
  between,
  either,
  escapedLetters,
  LINE_ENDS,
  not,
  otherCase,
  propertyLetters,
} from './letters.ts';
import { BadExpression } from './problem.ts';

interface Flags {
  readonly caseless: boolean;
  /** `.` stands for the ends of lines as well. */
  readonly dotAll: boolean;
  /** `^` and `$` hold at each line. */
  readonly lines: boolean;
}

/** Brackets within brackets that are followed. */
const DEEPEST = 200;

const word: Letters = escapedLetters('w') as Letters;
const wordEdge: Holds = (codes, at) => word(codes[at - 1] ?? 0) !== word(codes[at] ?? 0);
const lineEnd: Letters = (code) => LINE_ENDS.includes(code);
const atStart: Holds = (_, at) => at === 0;
const atEnd: Holds = (codes, at) => at === codes.length;
/** Java's `$` holds before a line's end that is the last letter, too. */
const atLastLine: Holds = (codes, at) =>
  at === codes.length ||
  (at === codes.length - 1 && lineEnd(codes[at] ?? 0)) ||
  (at === codes.length - 2 && codes[at] === 13 && codes[at + 1] === 10);
const atLineStart: Holds = (codes, at) => at === 0 || (at < codes.length && lineEnd(codes[at - 1] ?? 0));
const atLineEnd: Holds = (codes, at) => at === codes.length || lineEnd(codes[at] ?? 0);

const PLACES: Readonly<Record<string, Holds>> = {
  b: wordEdge,
  B: (codes, at) => !wordEdge(codes, at),
  A: atStart,
  z: atEnd,
  Z: atLastLine,
};

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #flags: Flags;

  constructor(text: string, flags: Flags) {
    this.#text = text;
    this.#flags = flags;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  #sees(piece: string): boolean {
    return this.#text.startsWith(piece, this.#at);
  }

  #takes(piece: string): boolean {
    const seen = this.#sees(piece);
    if (seen) this.#at += piece.length;
    return seen;
  }

  #match(expression: RegExp): RegExpExecArray | undefined {
    const found = ahead(this.#text, this.#at, expression);
    if (found) this.#at += found[0].length;
    return found;
  }

  #code(): number {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) throw new BadExpression('it ends too soon');
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  choice(): Part {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new BadExpression(`brackets deeper than ${DEEPEST}`, true);
    const before = this.#flags;
    const parts = [this.#sequence()];
    while (this.#takes('|')) parts.push(this.#sequence());
    this.#flags = before;
    this.#depth -= 1;
    return parts.length === 1 ? (parts[0] as Part) : { kind: 'choice', parts };
  }

  #sequence(): Part {
    const parts: Part[] = [];
    while (!this.done && !this.#sees('|') && !this.#sees(')')) {
      const part = this.#quoted() ?? this.#group() ?? this.#single();
      if (part) parts.push(...part.slice(0, -1), this.#quantified(part.at(-1) as Part));
    }
    return { kind: 'sequence', parts };
  }

  /** What stands between `\Q` and `\E`. */
  #quoted(): Part[] | undefined {
    if (!this.#takes('\\Q')) return undefined;
    const end = this.#text.indexOf('\\E', this.#at);
    const text = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 2;
    const parts = Array.from(text, (letter) => this.#letter(letter.codePointAt(0) as number));
    return parts.length === 0 ? [{ kind: 'sequence', parts }] : parts;
  }

  /** A group; an empty list where it only sets flags. */
  #group(): Part[] | undefined {
    if (!this.#takes('(')) return undefined;
    const look = this.#match(/\?(<?)([=!])/y);
    const flags = look ? undefined : this.#match(/\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])/y);
    const before = this.#flags;
    if (flags) {
      this.#flags = changed(before, flags[1] ?? '', flags[2] ?? '');
      if (flags[3] === ')') return [{ kind: 'sequence', parts: [] }];
    } else if (!look && this.#sees('?') && !this.#match(/\?<[a-zA-Z][a-zA-Z0-9]*>/y)) {
      const atomic = this.#sees('?>');
      throw new BadExpression(
        atomic ? 'groups that are not tried again, (?>…)' : 'unknown kind of group',
        atomic,
      );
    }
    const part = this.choice();
    this.#flags = before;
    if (!this.#takes(')')) throw new BadExpression('unclosed group');
    return [look ? { kind: 'look', part, behind: look[1] !== '', negated: look[2] === '!' } : part];
  }

  #single(): Part[] {
    const code = this.#code();
    switch (String.fromCodePoint(code)) {
      case '^':
        return [{ kind: 'place', holds: this.#flags.lines ? atLineStart : atStart }];
      case '$':
        return [{ kind: 'place', holds: this.#flags.lines ? atLineEnd : atLastLine }];
      case '.':
        return [{ kind: 'letter', letters: this.#flags.dotAll ? () => true : not(lineEnd) }];
      case '[':
        return [{ kind: 'letter', letters: this.#class() }];
      case '*':
      case '+':
      case '?':
      case '{':
        throw new BadExpression('nothing to repeat');
      case '\\': {
        const holds = PLACES[this.#text[this.#at] ?? ''];
        if (holds) this.#at += 1;
        return [holds ? { kind: 'place', holds } : { kind: 'letter', letters: this.#escape().letters }];
      }
      default:
        return [this.#letter(code)];
    }
  }

  #letter(code: number): Part {
    return { kind: 'letter', letters: this.#cased(between(code, code)) };
  }

  #cased(letters: Letters): Letters {
    return this.#flags.caseless ? (code) => letters(code) || letters(otherCase(code)) : letters;
  }

  /** After a backslash: letters, and the one code that they are, if they are one. */
  #escape(): { letters: Letters; code?: number } {
    const property = this.#match(/([pP])(?:\{(\w+)(?:=(\w+))?\}|([A-Z]))/y);
    if (property) {
      const letters = propertyLetters(property[2] ?? property[4] ?? '', property[3]);
      return { letters: this.#cased(property[1] === 'P' ? not(letters) : letters) };
    }
    const [, two, four, braced, octal] =
      this.#match(/x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|x\{([0-9a-fA-F]{1,6})\}|0([0-3]?[0-7]{1,2})/y) ?? [];
    const hex = two ?? four ?? braced;
    let code: number;
    if (hex !== undefined) code = Number.parseInt(hex, 16);
    else if (octal !== undefined) code = Number.parseInt(octal, 8);
    else {
      const letter = this.#code();
      const known = escapedLetters(String.fromCodePoint(letter));
      if (typeof known === 'function') return { letters: known };
      code = known ?? letter;
    }
    return { letters: this.#cased(between(code, code)), code };
  }

  /** What stands between square brackets, the first of which is taken. */
  #class(): Letters {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new BadExpression(`brackets deeper than ${DEEPEST}`, true);
    const negated = this.#takes('^');
    const sides: Letters[] = [];
    let side: Letters[] = [];
    for (let first = true; first || !this.#sees(']'); first = false) {
      if (this.#takes('&&')) {
        sides.push(either(side));
        side = [];
      } else side.push(this.#takes('[') ? this.#class() : this.#range());
    }
    this.#at += 1;
    this.#depth -= 1;
    sides.push(either(side));
    const all: Letters = (code) => sides.every((letters) => letters(code));
    return negated ? not(all) : all;
  }

  #range(): Letters {
    const from = this.#inClass();
    if (from.code === undefined || !ahead(this.#text, this.#at, /-[^[\]]/y) || this.#sees('-&&'))
      return from.letters;
    this.#at += 1;
    const to = this.#inClass();
    if (to.code === undefined || to.code < from.code)
      throw new BadExpression('a range that ends before it begins');
    return this.#cased(between(from.code, to.code));
  }

  #inClass(): { letters: Letters; code?: number } {
    if (this.#sees('\\Q')) throw new BadExpression(String.raw`\Q within brackets`, true);
    const code = this.#code();
    return code === 92 ? this.#escape() : { code, letters: this.#cased(between(code, code)) };
  }

  /** A part as often as its quantifier says. */
  #quantified(part: Part): Part {
    const found = this.#match(/(?:([?*+])|\{(\d{1,9})(,)?(\d{1,9})?\})([?+])?/y);
    if (!found) {
      if (this.#sees('{')) throw new BadExpression('a repetition that says nothing');
      return part;
    }
    const [, sign, from, comma, to, manner] = found;
    if (manner === '+') throw new BadExpression('repetitions that are not tried again, such as a++', true);
    const least = sign === undefined ? Number(from) : sign === '+' ? 1 : 0;
    const upTo = comma === undefined ? Number(from) : to === undefined ? Infinity : Number(to);
    const most = sign === undefined ? upTo : sign === '?' ? 1 : Infinity;
    if (most < least) throw new BadExpression('a repetition that ends before it begins');
    if (ahead(this.#text, this.#at, /[?*+]/y)) throw new BadExpression('nothing to repeat');
    return { kind: 'repeat', part, least, most };
  }
}

function changed(flags: Flags, on: string, off: string): Flags {
  const unknown = /[^ismud]/.exec(on + off)?.[0];
  if (unknown !== undefined)
    throw new BadExpression(`the flag ${unknown}`, unknown === 'x' || unknown === 'U');
  const set = (flag: string, was: boolean): boolean => (on.includes(flag) || was) && !off.includes(flag);
  return {
    caseless: set('i', flags.caseless),
    dotAll: set('s', flags.dotAll),
    lines: set('m', flags.lines),
  };
}

/** Throws `BadExpression` for what is no expression, or one that needs more than a set of states. */
export function javaExpression(source: string, { dotAll = false }: { dotAll?: boolean } = {}): Expression {
  const reader = new Reader(source, { caseless: false, dotAll, lines: false });
  const part = reader.choice();
  if (!reader.done) throw new BadExpression('a bracket that closes nothing');
  try {
    return compile(part);
  } catch (error) {
    if (error instanceof TooLarge) throw new BadExpression('repetitions of that size', true);
    throw error;
  }
}

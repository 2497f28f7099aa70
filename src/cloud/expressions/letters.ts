// Sets of letters, as Java's regular expressions name them. Pure.

import type { Letters } from './automaton.ts';
import { BadExpression } from './problem.ts';

export const LINE_ENDS: readonly number[] = [10, 13, 0x85, 0x2028, 0x2029];

export const between =
  (from: number, to: number): Letters =>
  (code) =>
    code >= from && code <= to;

export const not =
  (letters: Letters): Letters =>
  (code) =>
    !letters(code);

export const either =
  (sets: readonly Letters[]): Letters =>
  (code) =>
    sets.some((letters) => letters(code));

/** What a sticky expression finds at a place. */
export function ahead(text: string, at: number, expression: RegExp): RegExpExecArray | undefined {
  expression.lastIndex = at;
  return expression.exec(text) ?? undefined;
}

/** The same letter in capitals or small; Java minds no others than ASCII's unless told to. */
export function otherCase(code: number): number {
  if (code >= 65 && code <= 90) return code + 32;
  return code >= 97 && code <= 122 ? code - 32 : code;
}

const digit = between(48, 57);
const upper = between(65, 90);
const lower = between(97, 122);
const word = either([digit, upper, lower, between(95, 95)]);
const space = either([between(9, 13), between(32, 32)]);
const upright = either([between(10, 13), between(0x85, 0x85), between(0x2028, 0x2029)]);
const level = either(
  [9, 32, 0xa0, 0x1680, 0x180e, 0x202f, 0x205f, 0x3000]
    .map((code) => between(code, code))
    .concat(between(0x2000, 0x200a)),
);

const ESCAPED: Readonly<Record<string, Letters | number>> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: space,
  S: not(space),
  h: level,
  H: not(level),
  v: upright,
  V: not(upright),
  t: 9,
  n: 10,
  r: 13,
  f: 12,
  a: 7,
  e: 27,
};

/** What a letter after a backslash stands for: a set, a code, or nothing where it is itself. */
export function escapedLetters(letter: string): Letters | number | undefined {
  const known = Object.hasOwn(ESCAPED, letter) ? ESCAPED[letter] : undefined;
  if (known !== undefined || !/[A-Za-z0-9]/.test(letter)) return known;
  const valid = /[1-9kRXGNc]/.test(letter);
  throw new BadExpression(`\\${letter}`, valid);
}

const POSIX: Readonly<Record<string, Letters>> = {
  Lower: lower,
  Upper: upper,
  ASCII: between(0, 127),
  Alpha: either([upper, lower]),
  Digit: digit,
  Alnum: either([digit, upper, lower]),
  Punct: either([between(33, 47), between(58, 64), between(91, 96), between(123, 126)]),
  Graph: between(33, 126),
  Print: between(32, 126),
  Blank: either([between(9, 9), between(32, 32)]),
  Cntrl: either([between(0, 31), between(127, 127)]),
  XDigit: either([digit, between(65, 70), between(97, 102)]),
  Space: space,
};

/** The letters of `\p{…}`: of one letter at a time, so that the language's own engine may decide. */
export function propertyLetters(name: string, value: string | undefined): Letters {
  const posix = Object.hasOwn(POSIX, name) ? POSIX[name] : undefined;
  if (posix && value === undefined) return posix;
  const plain = name.replace(/^(?:Is|In)(?=[A-Z])/, '');
  const spellings = value === undefined ? [plain, `Script=${plain}`] : [`${plain}=${value}`];
  for (const spelling of spellings) {
    let property: RegExp;
    try {
      property = new RegExp(`^\\p{${spelling}}$`, 'u');
    } catch {
      continue;
    }
    return (code) => property.test(String.fromCodePoint(code));
  }
  throw new BadExpression(`\\p{${name}}`, true);
}

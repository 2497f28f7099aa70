// Judges the tests of a script: `[ … ]`, `[[ … ]]` and `test …`, as far as they are about what is known.

import { UNKNOWN } from './expansion.ts';

const BOUND = /^(?:-o|\|\|)$/;
const JOINED = /^(?:-a|&&)$/;

/** The truth of a test by its words; nothing where it cannot be told. */
export function judge(words: readonly string[]): boolean | undefined {
  const [head = ''] = words;
  const inner = head === 'test' ? words.slice(1) : words.slice(1, -1);
  return anyOf(inner);
}

/** Whether a command is a test. */
export function isTest([head = '']: readonly string[]): boolean {
  return head === '[' || head === '[[' || head === 'test';
}

function anyOf(words: readonly string[]): boolean | undefined {
  const parts = split(words, BOUND).map(allOf);
  if (parts.includes(true)) return true;
  return parts.includes(undefined) ? undefined : false;
}

function allOf(words: readonly string[]): boolean | undefined {
  const parts = split(words, JOINED).map(single);
  if (parts.includes(false)) return false;
  return parts.includes(undefined) ? undefined : true;
}

function split(words: readonly string[], at: RegExp): string[][] {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (at.test(word)) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
}

function single(words: readonly string[]): boolean | undefined {
  const [first = '', second = '', third = ''] = words;
  if (first === '!') {
    const truth = single(words.slice(1));
    return truth === undefined ? undefined : !truth;
  }
  if (words.some((word) => word.includes(UNKNOWN))) return undefined;
  if (words.length <= 1) return first !== '';
  if (words.length === 2) return first === '-z' ? second === '' : first === '-n' ? second !== '' : undefined;
  return words.length === 3 ? compare(first, second, third) : undefined;
}

function compare(left: string, operator: string, right: string): boolean | undefined {
  // Patterns stand unquoted on the right; what is left of the quotes does not tell.
  if (operator === '=' || operator === '==') return /[*?[]/.test(right) ? undefined : left === right;
  if (operator === '!=') return /[*?[]/.test(right) ? undefined : left !== right;
  const numbers = [Number(left), Number(right)];
  if (numbers.some((one) => Number.isNaN(one))) return undefined;
  const [one = 0, other = 0] = numbers;
  const by: Readonly<Record<string, boolean>> = {
    '-eq': one === other,
    '-ne': one !== other,
    '-gt': one > other,
    '-ge': one >= other,
    '-lt': one < other,
    '-le': one <= other,
  };
  return by[operator];
}

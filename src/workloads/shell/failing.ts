// Guesses what a branch of a script is for, where the test in front of it cannot be judged.

import { unprefixed } from './command-words.ts';
import { textOf } from './expansion.ts';
import type { Values } from './expansion.ts';
import { plainText } from './scanner.ts';
import type { Command } from './syntax.ts';

/** Functions that call each other are followed so far. */
const DEEPEST = 5;

export interface Known {
  readonly values: Values;
  readonly functions: ReadonlyMap<string, Command>;
  reportsFailure(words: readonly string[]): boolean;
}

/** Whether a command, as far as it goes without conditions, would make the script fail. */
export function wouldFail(command: Command, known: Known, depth: number = 0): boolean {
  if (depth > DEEPEST) return false;
  if (command.kind === 'list') return command.items.some((one) => wouldFail(one.command, known, depth + 1));
  if (command.kind === 'group') return wouldFail(command.body, known, depth + 1);
  if (command.kind !== 'simple') return false;
  const { words } = unprefixed(command.words.map((word) => plainText(word) ?? textOf(word, known.values)));
  const [name = '', first = ''] = words;
  const body = known.functions.get(name);
  if (body) return wouldFail(body, known, depth + 1);
  if (name === 'exit' || name === 'return') return first !== '' && first !== '0';
  return name === 'false' || known.reportsFailure(words);
}

// What commands print without being run, and where that goes.

import { calculate } from './arithmetic.ts';
import { counted, echoed, unescaped } from './command-words.ts';
import { textOf } from './expansion.ts';
import type { Values } from './expansion.ts';
import type { Redirect } from './syntax.ts';

/** Numbers that `seq` prints at most. */
const MOST_NUMBERS = 500;

/** What a command of every machine prints, line ends included; nothing where that is not known. */
export function printedBy(
  words: readonly string[],
  input: string | undefined,
  variable: Values['variable'],
): string | undefined {
  const [name = '', ...rest] = words;
  if (name === 'echo') return echoed(rest);
  if (name === 'printf') return rest.length === 1 ? unescaped(rest[0] ?? '') : undefined;
  if (name === 'cat' || name === 'tee') return input;
  if (name === 'seq') return counted(rest, MOST_NUMBERS);
  return name === 'expr' ? calculate(rest.join(' '), variable)?.value.toString() : undefined;
}

/** The files into which a command prints. */
export function destinations(
  words: readonly string[],
  redirects: readonly Redirect[],
  values: Values,
): { readonly path: string; readonly append: boolean }[] {
  const found = redirects
    .filter(({ operator, fd = 1 }) => fd === 1 && /^>[>|]?$/.test(operator))
    .map(({ operator, target }) => ({ path: textOf(target, values), append: operator === '>>' }));
  const [name = '', ...paths] = words;
  if (name !== 'tee') return found;
  const append = paths.includes('-a') || paths.includes('--append');
  return [...found, ...paths.filter((one) => !one.startsWith('-')).map((path) => ({ path, append }))];
}

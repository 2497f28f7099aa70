// What a manifest says of single commands of a script.

import type { ManifestHook } from '../manifest.ts';
import { baseName } from '../shell/command-words.ts';
import type { Doing } from '../shell/meaning.ts';
import type { Action, Result } from './actions.ts';

/** The manifest says how long a command takes and what becomes of it; where it succeeds it does what it means. */
export function* hooked(
  { durationMs, exit, hangs }: ManifestHook,
  inner: Doing<Action, Result> | undefined,
): Doing<Action, Result> {
  yield { kind: 'takes', ms: durationMs ?? 0 };
  if (hangs) yield { kind: 'hangs' };
  if (exit !== 0) return exit;
  if (!inner) return 0;
  if (durationMs === undefined) return yield* inner;
  let next = inner.next();
  while (!next.done) next = inner.next(yield { ...next.value, instant: true });
  return next.value;
}

/** Whole name, path or text of a command, or the beginning of its text; the longest one counts. */
export function hookFor(
  words: readonly string[],
  hooks: Readonly<Record<string, ManifestHook>>,
): ManifestHook | undefined {
  const [path = ''] = words;
  const text = `${words.join(' ')} `;
  const byName = `${[baseName(path), ...words.slice(1)].join(' ')} `;
  const keys = Object.keys(hooks).filter((key) => text.startsWith(`${key} `) || byName.startsWith(`${key} `));
  const longest = keys.toSorted((left, right) => right.length - left.length)[0];
  return longest === undefined ? undefined : hooks[longest];
}

// Scripts within words that have to be run for what they print: `$(aws … --query …)`.

import { unprefixed } from './command-words.ts';
import { fieldsOf } from './expansion.ts';
import type { Values } from './expansion.ts';
import { filtered } from './filters.ts';
import type { Meaning, Printed } from './meaning.ts';
import { printedBy } from './printing.ts';
import { TIMED_OUT } from './progress.ts';
import type { Progress } from './progress.ts';
import { simplesIn } from './syntax.ts';
import type { List } from './syntax.ts';

/**
 * What comes of a command that asks the world for something, through filters perhaps, and with `|| echo otherwise`. Nothing of
 * any other script.
 */
export function* answer<A, R>(
  { items }: List,
  meaning: Meaning<A, R>,
  progress: Progress<A, R>,
  values: Values,
): Generator<A, Printed | undefined, R> {
  const [head, otherwise] = items;
  const [first, ...filters] = head ? (simplesIn({ kind: 'list', items: [head] }) ?? []) : [];
  const { words: asking, limitMs } = unprefixed(first ? fieldsOf(first.words, values) : []);
  const simple =
    otherwise?.after === '||' && otherwise.command.kind === 'simple' ? otherwise.command : undefined;
  if (asking.length === 0 || !meaning.asks(asking) || items.length > (simple ? 2 : 1)) return undefined;
  const printed = yield* asked(asking, limitMs, meaning, progress);
  let through = printed;
  for (const { words } of filters) through = filtered(fieldsOf(words, values), through.text) ?? { status: 0 };
  if (!simple || through.status === 0 || through.text === undefined) return through;
  const more = printedBy(fieldsOf(simple.words, values), undefined, (name) => values.variable(name));
  return { status: 0, text: through.text + (more ?? '') };
}

function* asked<A, R>(
  words: readonly string[],
  limitMs: number | undefined,
  meaning: Meaning<A, R>,
  progress: Progress<A, R>,
): Generator<A, Printed, R> {
  let printed: Printed = { status: TIMED_OUT, text: '' };
  yield* progress.limited(
    limitMs,
    (function* () {
      const doing = meaning.command(words, undefined, false);
      const done = doing ? yield* progress.relay(doing) : 0;
      printed = typeof done === 'number' ? { status: done } : done;
    })(),
  );
  return printed;
}

// The events of a log group or of one stream in the order of time. Batches are stored by their first event and may overlap, so
// that an event is certain to be next only once no later batch can begin before it.

import type { Ctx } from '#cloud/ctx.ts';
import { eventId, positionOf } from '../event-position.ts';
import { batches, instantKey, streamBatches } from '../tables.ts';
import type { Batch } from '../tables.ts';

export interface StoredEvent {
  readonly id: string;
  readonly stream: string;
  readonly at: number;
  readonly message: string;
  readonly ingestedAt: number;
  readonly dataKey: string | undefined;
}

/** A log group, or one stream of it, and the longest time that one of its batches spans. */
export interface Source {
  readonly group: string;
  readonly stream?: string;
  readonly longestSpanMs: number;
}

/** Batches that are fetched at once. */
const FETCHED = 64;

/** Batches in the order of their first events, from those on that may hold an event at `from`. */
function* batchesFrom(ctx: Ctx, source: Source, from: number): Generator<Batch> {
  const { group, stream, longestSpanMs } = source;
  const start = instantKey(Math.max(0, from - longestSpanMs));
  const prefix = stream === undefined ? `${group}:` : `${group}:${stream}:`;
  let after = `${prefix}${start}`;
  for (;;) {
    let fetched: (Batch | undefined)[];
    if (stream === undefined) {
      const found = ctx.scan(batches, { prefix, after, limit: FETCHED });
      after = found.at(-1)?.key ?? after;
      fetched = found;
    } else {
      const found = ctx.scan(streamBatches, { prefix, after, limit: FETCHED });
      after = found.at(-1)?.key ?? after;
      fetched = found.map(({ batch }) => ctx.get(batches, batch));
    }
    for (const batch of fetched) if (batch) yield batch;
    if (fetched.length < FETCHED) return;
  }
}

/** Events from an instant on, the earliest first. */
export function* eventsFrom(ctx: Ctx, source: Source, from: number): Generator<StoredEvent> {
  let pending: StoredEvent[] = [];
  for (const batch of batchesFrom(ctx, source, from)) {
    const own = eventsOf(batch, from);
    if (own.length === 0) continue;
    const begins = (own[0] as StoredEvent).id;
    const certain = pending.findIndex(({ id }) => id > begins);
    const ready = certain < 0 ? pending : pending.slice(0, certain);
    yield* ready;
    const rest = pending.slice(ready.length);
    pending = rest.length === 0 ? own : [...rest, ...own].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }
  yield* pending;
}

function eventsOf({ stream, sequence, ingestedAt, events, dataKey }: Batch, from: number): StoredEvent[] {
  const found: StoredEvent[] = [];
  for (const [index, [at, message]] of events.entries()) {
    if (at >= from)
      found.push({ id: eventId(positionOf(at, sequence, index)), stream, at, message, ingestedAt, dataKey });
  }
  return found;
}

const FIRST_WINDOW = 60_000;

/** Events before `id`, the latest first: stretches of time that grow, each read forwards, until `start`. */
export function* eventsBefore(
  ctx: Ctx,
  source: Source,
  id: string,
  { latest, start }: { latest: number; start: number },
): Generator<StoredEvent> {
  let high = latest + 1;
  for (let width = FIRST_WINDOW; high > start; width *= 4) {
    const low = Math.max(start, high - width);
    const stretch: StoredEvent[] = [];
    for (const event of eventsFrom(ctx, source, low)) {
      if (event.at >= high) break;
      if (event.id < id) stretch.push(event);
    }
    yield* stretch.toReversed();
    high = low;
  }
}

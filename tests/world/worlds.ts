// A small world for tests of the kernel: counters that beat, and what they tell each other.

import { effect, event, table, timer, Transition, wake, World } from '#world/index.ts';
import type { Part, Reconciler, Row, TimerHandler } from '#world/index.ts';
import { primitives } from '#runtime/primitives.ts';

export interface Beat {
  id: string;
  group: string;
  count: number;
}

export const beats = table<Beat>('test/beats', (row) => row.id, { group: (row) => row.group });
export const beat = timer<{ id: string }>('test/beat');
export const tick = timer<{ id: string }>('test/tick', { background: true });
export const told = event<{ group: string }>('test/told');
export const fetched = effect<{ url: string }, string>('test/fetch', 'pure');
export const attached = effect<{ pid: number }, string>('test/process', 'attached', 'paces');

const onBeat: TimerHandler<{ id: string }, Transition> = {
  kind: beat,
  live: (tx, { id }) => tx.get(beats, id) !== undefined,
  fire(tx, { id }) {
    const row = tx.get(beats, id) as Beat;
    tx.update(beats, row, { count: row.count + 1 });
    if (row.count < 5)
      tx.schedule(beat, tx.now + 1000 + Math.floor(tx.random('jitter', id)(row.count) * 1000), { id });
  },
};

const onTick: TimerHandler<{ id: string }, Transition> = {
  kind: tick,
  live: () => true,
  fire: (tx, { id }) => tx.schedule(tick, tx.now + 60_000, { id }),
};

/** Evens out: an odd count is raised by one, half a second after somebody tells. */
export const even: Reconciler<Beat, Transition> = {
  name: 'test/even',
  table: beats,
  wakes: [wake(told, (tx: Transition, { group }) => tx.list(beats, 'group', group).map((row) => row.id))],
  step(tx, row) {
    if (row.count % 2 === 1) tx.update(beats, row, { count: row.count + 1 });
  },
};

export const part: Part<Transition> = {
  name: 'test',
  tables: [beats],
  timers: [onBeat, onTick] as TimerHandler<unknown, Transition>[],
  reconcilers: [even] as unknown as Reconciler<Row, Transition>[],
  effects: [
    {
      kind: fetched,
      done(tx, result, payload) {
        const { url } = payload as { url: string };
        tx.put(beats, { id: url, group: String(result), count: 0 });
      },
    },
    { kind: attached, done: () => {} },
  ],
};

export const options = {
  parts: [part],
  primitives,
  enter: (kernel: Transition['kernel'], scope: string): Transition => new Transition(kernel, scope),
};

export function newWorld(seed: string = 'seed'): World {
  return new World({ ...options, seed, startAt: 0 });
}

/** A transition by a test. */
export function act<Q>(world: World, what: (tx: Transition) => Q, scope: string = 'a'): Q {
  return world.transact(scope, { kind: 'script', name: 'test' }, what);
}

export function all(world: World, scope: string = 'a'): Beat[] {
  return world.read(scope, (tx) => tx.list(beats));
}

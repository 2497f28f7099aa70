// The kernel's own speed, beside a bare heap that hashes one JSON row per timer in the same run.

import { createHash } from 'node:crypto';
import { table, timer, Transition, World } from '#world/index.ts';
import type { Part, Primitives } from '#world/index.ts';
import { primitives } from '#runtime/primitives.ts';

interface Beat {
  id: string;
  count: number;
  lastAt: number;
}
const beats = table<Beat>('bench/beats', (row) => row.id);
const beat = timer<{ id: string }>('bench/beat');

const part: Part<Transition> = {
  name: 'bench',
  tables: [beats],
  timers: [
    {
      kind: beat,
      live: (tx, payload) => tx.get(beats, (payload as { id: string }).id) !== undefined,
      fire(tx, payload) {
        const { id } = payload as { id: string };
        const row = tx.get(beats, id) as Beat;
        tx.put(beats, { id, count: row.count + 1, lastAt: tx.now });
        tx.schedule(beat, tx.now + 1000 + (row.count % 7), { id });
      },
    },
  ],
};

function worldOf(rows: number, timers: number, given: Primitives = primitives): World {
  const world = new World({
    seed: 'bench',
    startAt: 0,
    parts: [part],
    primitives: given,
    enter: (kernel, scope) => new Transition(kernel, scope),
  });
  world.transact('a', { kind: 'script', name: 'prepare' }, (tx) => {
    for (let i = 0; i < rows; i += 1) tx.put(beats, { id: `i-${i}`, count: 0, lastAt: 0 });
    for (let i = 0; i < timers; i += 1) tx.schedule(beat, i % 1000, { id: `i-${i}` });
  });
  return world;
}

const FIRES = 400_000;

/** Timers fired a second, each with one row written and journaled. */
function firesPerSecond(given?: Primitives): number {
  const world = worldOf(1000, 1000, given);
  for (let i = 0; i < 50_000; i += 1) world.step();
  const from = performance.now();
  for (let i = 0; i < FIRES; i += 1) world.step();
  return (FIRES / (performance.now() - from)) * 1000;
}

interface Due {
  at: number;
  id: string;
}

/** The least that could be done: a binary heap, and a hash over the JSON of one row for each timer. */
function bareFiresPerSecond(): number {
  const heap: Due[] = [];
  const rows = new Map<string, Beat>();
  const push = (due: Due): void => {
    let at = heap.push(due) - 1;
    while (at > 0 && (heap[(at - 1) >> 1] as Due).at > due.at) {
      heap[at] = heap[(at - 1) >> 1] as Due;
      at = (at - 1) >> 1;
    }
    heap[at] = due;
  };
  const pop = (): Due => {
    const first = heap[0] as Due;
    const last = heap.pop() as Due;
    if (heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < heap.length; child = at * 2 + 1) {
      if (child + 1 < heap.length && (heap[child + 1] as Due).at < (heap[child] as Due).at) child += 1;
      if ((heap[child] as Due).at >= last.at) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
    return first;
  };
  for (let i = 0; i < 1000; i += 1) push({ at: i, id: `i-${i}` });
  let hash = '';
  const from = performance.now();
  for (let i = 0; i < FIRES; i += 1) {
    const { at, id } = pop();
    const row = { id, count: (rows.get(id)?.count ?? 0) + 1, lastAt: at };
    rows.set(id, row);
    hash = createHash('sha256').update(hash).update(JSON.stringify(row)).digest('hex');
    push({ at: at + 1000 + (row.count % 7), id });
  }
  return (FIRES / (performance.now() - from)) * 1000;
}

function forkMs(): { first: number; chained: number } {
  let world = worldOf(200_000, 50_000);
  const from = performance.now();
  world = world.fork();
  const first = performance.now() - from;
  for (let i = 0; i < 1000; i += 1) {
    world = world.fork();
    world.step();
  }
  const then = performance.now();
  world.fork();
  return { first, chained: performance.now() - then };
}

const best = (measure: () => number): number => Math.max(...Array.from({ length: 3 }, measure));
const bare = best(bareFiresPerSecond);
const own = best(() => firesPerSecond());
const unhashed = best(() => firesPerSecond({ ...primitives, sha256: () => new Uint8Array(32) }));
console.log(
  `timers fired a second: ${Math.round(own)}, bare heap ${Math.round(bare)}: ${(own / bare).toFixed(2)}x`,
);
console.log(`share of hashing: ${Math.max(0, Math.round((1 - own / unhashed) * 100))} %`);
const { first, chained } = forkMs();
console.log(
  `fork of 200,000 rows and 50,000 timers: ${first.toFixed(2)} ms; after 1,000 forks: ${chained.toFixed(2)} ms`,
);

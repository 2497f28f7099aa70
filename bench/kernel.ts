// The kernel's own speed, beside a bare heap that hashes one JSON row per timer in the same run.

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { table, timer, Transition, World } from '#world/index.ts';
import type { Part, Primitives } from '#world/index.ts';

const digest = (name: string) => (data: string | Uint8Array) => createHash(name).update(data).digest();
const primitives: Primitives = {
  sha256: digest('sha256'),
  sha1: digest('sha1'),
  md5: digest('md5'),
  hmacSha256: () => new Uint8Array(),
  crc32: (data) => crc32(data),
};

interface Beat {
  id: string;
  count: number;
  lastAt: number;
}
const beats = table<Beat>('bench/beats', (row) => row.id);
const beat = timer<{ id: string }>('bench/beat');

const part: Part = {
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

function worldOf(rows: number, timers: number): World {
  const world = new World({
    seed: 'bench',
    startAt: 0,
    parts: [part],
    primitives,
    enter: (kernel, scope) => new Transition(kernel, scope),
  });
  world.transact('a', { kind: 'script', name: 'prepare' }, (tx) => {
    for (let i = 0; i < rows; i += 1) tx.put(beats, { id: `i-${i}`, count: 0, lastAt: 0 });
    for (let i = 0; i < timers; i += 1) tx.schedule(beat, i % 1000, { id: `i-${i}` });
  });
  return world;
}

function timersPerSecond(): number {
  const world = worldOf(1000, 1000);
  const fires = 600_000;
  for (let i = 0; i < 50_000; i += 1) world.step();
  const from = performance.now();
  for (let i = 0; i < fires; i += 1) world.step();
  return (fires / (performance.now() - from)) * 1000;
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

console.log('timers/s', Math.round(timersPerSecond()), Math.round(timersPerSecond()));
console.log('fork', forkMs());

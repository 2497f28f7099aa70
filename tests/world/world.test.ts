import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BTree, byText } from '../../src/world/btree.ts';
import { Clock, table, World } from '#world/index.ts';
import type { Memo } from '#world/index.ts';
import { host } from '#runtime/host.ts';
import type { Beat } from './worlds.ts';
import { act, all, attached, beat, beats, fetched, newWorld, options, tick, told } from './worlds.ts';

const key = fc.integer({ min: 0, max: 60 }).map((n) => `k${n}`);
const step = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, value: fc.nat() }),
  fc.record({ kind: fc.constant('delete' as const), key }),
  fc.record({ kind: fc.constant('fork' as const) }),
);

describe('the sorted tree', () => {
  it('behaves as a sorted map, through any writes and forks', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        let tree = new BTree<string, number>(byText);
        let model = new Map<string, number>();
        const left: [BTree<string, number>, Map<string, number>][] = [];
        for (const { kind, ...rest } of steps) {
          if (kind === 'fork') {
            left.push([tree, new Map(model)]);
            tree = tree.fork();
            model = new Map(model);
          } else if (kind === 'put') {
            const { key: at, value } = rest as { key: string; value: number };
            expect(tree.set(at, value)).toBe(model.get(at));
            model.set(at, value);
          } else {
            const { key: at } = rest as { key: string };
            expect(tree.delete(at)).toBe(model.get(at));
            model.delete(at);
          }
        }
        for (const [one, expected] of [...left, [tree, model] as const]) {
          const seen: [string, number][] = [];
          one.scan(undefined, (value, at) => void seen.push([at, value]));
          expect(seen).toEqual([...expected].toSorted(([a], [b]) => byText(a, b)));
          expect(one.size).toBe(expected.size);
          expect(one.first()).toEqual(seen[0]);
        }
      }),
    );
  });

  it('scans from any key, present or not', () => {
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 60 }), key, (keys, from) => {
        const tree = new BTree<string, number>(byText);
        keys.forEach((one, i) => tree.set(one, i));
        const seen: string[] = [];
        tree.scan(from, (_, one) => void seen.push(one));
        expect(seen).toEqual(keys.filter((one) => one >= from).toSorted(byText));
      }),
    );
  });

  it('scans back from before any key, and from the end', () => {
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 90 }), key, (keys, to) => {
        const tree = new BTree<string, number>(byText);
        keys.forEach((one, i) => tree.set(one, i));
        for (const end of [to, undefined]) {
          const seen: string[] = [];
          tree.scanBack(end, (_, one) => void seen.push(one));
          const before = keys.filter((one) => end === undefined || one < end);
          expect(seen).toEqual(before.toSorted(byText).toReversed());
        }
      }),
    );
  });
});

describe('a transition', () => {
  it('commits all of its writes or none', () => {
    const world = newWorld();
    act(world, (tx) => tx.put(beats, { id: 'x', group: 'g', count: 1 }));
    const hash = world.hash();
    const failing = (): void =>
      act(world, (tx) => {
        tx.put(beats, { id: 'x', group: 'h', count: 2 });
        tx.put(beats, { id: 'y', group: 'h', count: 2 });
        tx.schedule(beat, 10, { id: 'x' });
        throw new Error('no');
      });
    expect(failing).toThrow('no');
    expect(all(world)).toEqual([{ id: 'x', group: 'g', count: 1 }]);
    expect(world.nextDue).toBeUndefined();
    expect(world.hash()).toBe(hash);
  });

  it('undoes a savepoint and keeps what came before it', () => {
    const world = newWorld();
    act(world, (tx) => {
      tx.put(beats, { id: 'x', group: 'g', count: 1 });
      expect(() =>
        tx.savepoint(() => {
          tx.delete(beats, 'x');
          tx.put(beats, { id: 'y', group: 'g', count: 1 });
          throw new Error('no');
        }),
      ).toThrow('no');
      expect(tx.list(beats, 'group', 'g').map((row) => row.id)).toEqual(['x']);
    });
  });

  it('freezes rows all the way down', () => {
    const world = newWorld();
    const row = { id: 'x', group: 'g', count: 1, deep: { list: [1] } };
    act(world, (tx) => tx.put(beats, row));
    expect(() => row.deep.list.push(2)).toThrow(TypeError);
  });

  it('keeps scopes apart', () => {
    const world = newWorld();
    act(world, (tx) => tx.put(beats, { id: 'x', group: 'g', count: 1 }), 'a');
    expect(all(world, 'b')).toEqual([]);
    expect(all(world, 'a')).toHaveLength(1);
  });

  it('files rows under their index through any change', () => {
    const change = fc.record({
      id: fc.constantFrom('p', 'q', 'r'),
      group: fc.constantFrom('g', 'h'),
      gone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const world = newWorld();
        for (const { id, group, gone } of changes) {
          act(world, (tx) => (gone ? tx.delete(beats, id) : tx.put(beats, { id, group, count: 0 })));
        }
        for (const group of ['g', 'h']) {
          const filed = world.read('a', (tx) => tx.list(beats, 'group', group));
          expect(filed).toEqual(all(world).filter((row) => row.group === group));
        }
      }),
    );
  });
});

describe('time', () => {
  it('fires timers strictly by due instant, then in the order in which they were set', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 50 }), (dues) => {
        const world = newWorld();
        act(world, (tx) => {
          dues.forEach((due, i) => {
            tx.put(beats, { id: `b${i}`, group: 'g', count: 9 });
            tx.schedule(beat, due, { id: `b${i}` });
          });
        });
        const fired: { at: number; id: string }[] = [];
        world.observe(({ at, cause }) => {
          if (cause.name === beat.name) fired.push({ at, id: (cause.detail as { id: string }).id });
        });
        world.advance(100);
        const expected = dues
          .map((at, i) => ({ at, id: `b${i}`, i }))
          .toSorted((a, b) => a.at - b.at || a.i - b.i)
          .map(({ at, id }) => ({ at, id }));
        expect(fired).toEqual(expected);
      }),
    );
  });

  it('drops a timer that has gone stale', () => {
    const world = newWorld();
    act(world, (tx) => tx.schedule(beat, 10, { id: 'nobody' }));
    const position = world.position;
    world.advance(20);
    expect(world.position).toBe(position);
    expect(world.now).toBe(20);
  });

  it('moves for foreground work only, while background work happens on the way', async () => {
    const world = newWorld();
    act(world, (tx) => {
      tx.put(beats, { id: 'x', group: 'g', count: 0 });
      tx.schedule(tick, 60_000, { id: 't' });
      tx.schedule(beat, 150_000, { id: 'x' });
    });
    const clock = new Clock(world, host, 'virtual');
    await clock.settle(Number.MAX_SAFE_INTEGER);
    expect(all(world)[0]?.count).toBe(6);
    expect(world.now).toBeLessThan(170_000);
    expect(clock.why()).toEqual(['nothing is pending']);
  });

  it('stands still while something holds it, and says what', async () => {
    const world = newWorld();
    act(world, (tx) => tx.schedule(tick, 1000, { id: 't' }));
    const clock = new Clock(world, host, 'virtual');
    const release = clock.hold('an upload');
    const moved = clock.advance(5000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.now).toBe(0);
    expect(clock.why()).toContain('held by an upload');
    release();
    await moved;
    expect(world.now).toBe(5000);
  });

  it('follows wall time at a rate while a real process runs', async () => {
    let wall = 0;
    const waits: { at: number; run: () => void }[] = [];
    const fake = {
      wall: () => wall,
      after(ms: number, run: () => void) {
        waits.push({ at: wall + ms, run });
        return () => {};
      },
    };
    const world = newWorld();
    const clock = new Clock(world, fake, 'virtual');
    const done = clock.pace('a hook', 10);
    let arrived = false;
    void clock.advance(3000).then(() => (arrived = true));
    for (let turn = 0; turn < 100 && !arrived; turn += 1) {
      wall += 20;
      for (const { run } of waits.splice(0)) run();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(world.now).toBe(3000);
    expect(wall).toBeGreaterThanOrEqual(300);
    done();
  });

  it('wakes a reconciler by the events it declares, once for each row', () => {
    const world = newWorld();
    act(world, (tx) => {
      tx.put(beats, { id: 'x', group: 'g', count: 1 });
      tx.put(beats, { id: 'y', group: 'h', count: 1 });
      tx.emit(told, { group: 'g' });
      tx.emit(told, { group: 'g' });
    });
    const before = world.position;
    world.advance(0);
    expect(all(world).map((row) => row.count)).toEqual([2, 1]);
    expect(world.position).toBe(before + 1);
  });
});

describe('effects', () => {
  it('come back as recorded inputs, and hold time meanwhile', async () => {
    const world = newWorld();
    const clock = new Clock(world, host, 'virtual', {
      'test/fetch': async ({ url }: { url: string }) => `${url}!`,
    });
    act(world, (tx) => tx.perform(fetched, { url: 'u' }));
    await clock.advance(10);
    expect(all(world)).toEqual([{ id: 'u', group: 'u!', count: 0 }]);
    expect(world.journal().at(-1)?.cause.kind).toBe('effect');
  });

  it('that are attached make a world refuse to be forked or saved, by name', () => {
    const world = newWorld();
    act(world, (tx) => tx.perform(attached, { pid: 1 }));
    expect(() => world.fork()).toThrow(/test\/process/);
    expect(() => world.save()).toThrow(/test\/process/);
  });
});

function busyWorld(seed: string): World {
  const world = newWorld(seed);
  act(world, (tx) => {
    for (let i = 0; i < 20; i += 1) {
      tx.put(beats, { id: tx.id('beat'), group: `g${i % 3}`, count: 0 });
    }
    for (const { id } of tx.list(beats)) tx.schedule(beat, 100, { id });
  });
  return world;
}

describe('determinism', () => {
  it('gives equal journals to equal seeds, and others to other seeds', () => {
    const hashes = ['one', 'one', 'two'].map((seed) => {
      const world = busyWorld(seed);
      world.advance(10_000);
      return world.hash();
    });
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[0]).not.toBe(hashes[2]);
  });

  it('gives a fork the future that its origin would have had, and keeps them apart', () => {
    const world = busyWorld('fork');
    world.advance(2000);
    const fork = world.fork();
    const before = all(world);
    fork.advance(10_000);
    expect(all(world)).toEqual(before);
    world.advance(10_000);
    expect(world.hash()).toBe(fork.hash());
    act(fork, (tx) => tx.put(beats, { id: 'only here', group: 'g', count: 0 }));
    expect(all(world).some((row) => row.id === 'only here')).toBe(false);
  });

  it('survives being saved and opened again at any instant', () => {
    fc.assert(
      fc.property(fc.nat(9000), (instant) => {
        const world = busyWorld('save');
        world.advance(instant);
        const opened = World.open(options, JSON.parse(JSON.stringify(world.save())));
        expect(all(opened)).toEqual(all(world));
        world.advance(10_000);
        opened.advance(10_000);
        expect(opened.hash()).toBe(world.hash());
      }),
      { numRuns: 20 },
    );
  });

  it('finds random numbers by address, whatever else is drawn', () => {
    const world = newWorld();
    const [alone, among] = act(world, (tx) => {
      const first = tx.random('s', 'k')(7);
      tx.random('s', 'other')(1);
      tx.random('t', 'k')(7);
      return [first, tx.random('s', 'k')(7)];
    });
    expect(alone).toBe(among);
  });

  it('gives out 100,000 ids, none twice', () => {
    const world = newWorld();
    const ids = act(world, (tx) => Array.from({ length: 100_000 }, () => tx.id('thing')));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('spreads random numbers evenly', () => {
    const draw = newWorld().read('a', (tx) => tx.random('s', 'k'));
    const buckets = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 100_000; i += 1) buckets[Math.floor(draw(i) * 10)]! += 1;
    for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

describe('settling', () => {
  const rows = table<{ id: string }>('test/settling', (row) => row.id, {}, { settles: true });

  it('happens again where a rollback has undone it', () => {
    const settled: number[] = [];
    const world = new World({
      ...options,
      parts: [...options.parts, { name: 'settling', tables: [rows] }],
      seed: 's',
      startAt: 0,
      settle: (tx) => void settled.push(tx.now),
    });
    world.advance(10);
    act(world, (tx) => {
      expect(() =>
        tx.savepoint(() => {
          tx.put(rows, { id: 'undone' });
          throw new Error('no');
        }),
      ).toThrow('no');
      tx.put(rows, { id: 'kept' });
    });
    expect(settled).toEqual([10, 10]);
  });
});

describe('a snapshot of an older release', () => {
  it('opens with its rows lifted to the present version', () => {
    interface Named {
      id: string;
      name: string;
    }
    const old = table<{ id: string }>('test/named', (row) => row.id);
    const now = table<Named>(
      'test/named',
      (row) => row.id,
      {},
      {
        version: 2,
        upgrade: (row, from) => ({ ...(row as Named), name: `from version ${from}` }),
      },
    );
    const world = new World({ ...options, parts: [{ name: 'old', tables: [old] }], seed: 's', startAt: 0 });
    act(world, (tx) => tx.put(old, { id: 'x' }));
    const snapshot = world.save();
    const opened = World.open({ ...options, parts: [{ name: 'now', tables: [now] }] }, snapshot);
    expect(opened.read('a', (tx) => tx.list(now))).toEqual([{ id: 'x', name: 'from version 1' }]);
    const back = (): World =>
      World.open({ ...options, parts: [{ name: 'old', tables: [old] }] }, opened.save());
    expect(back).toThrow(/version 2; this release reads 1/);
  });
});

describe('a memo', () => {
  const total: Memo<{ sum: number }, Beat> = {
    table: beats,
    empty: () => ({ sum: 0 }),
    changed: (kept, _scope, before, after) => void (kept.sum += (after?.count ?? 0) - (before?.count ?? 0)),
  };
  const sum = (world: World): number => world.read('a', (tx) => tx.memo(total).sum);

  it('is told of each write and of each rollback', () => {
    const world = newWorld();
    expect(sum(world)).toBe(0);
    act(world, (tx) => tx.put(beats, { id: 'x', group: 'g', count: 2 }));
    act(world, (tx) => tx.put(beats, { id: 'x', group: 'g', count: 5 }));
    const failing = (): void =>
      act(world, (tx) => {
        tx.put(beats, { id: 'y', group: 'g', count: 7 });
        tx.delete(beats, 'x');
        throw new Error('no');
      });
    expect(failing).toThrow('no');
    expect(sum(world)).toBe(5);
  });

  it('is empty after a fork, which must not see what its origin works out', () => {
    const world = newWorld();
    expect(sum(world)).toBe(0);
    act(world, (tx) => tx.put(beats, { id: 'x', group: 'g', count: 2 }));
    const fork = world.fork();
    act(world, (tx) => tx.put(beats, { id: 'y', group: 'g', count: 3 }));
    expect([sum(fork), sum(world)]).toEqual([0, 5]);
  });
});

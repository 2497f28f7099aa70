import { describe, expect, it } from 'vitest';
import {
  MINUTE,
  name,
  RESOLUTIONS,
  result,
  routeHost,
  run,
  SECOND,
  start,
  tableOf,
} from '../../tests/traffic-cloud.ts';
import type { TestTable } from '../../tests/table.ts';
import { injections } from '#cloud/injections.ts';
import type { LoadRequest } from './load-control.ts';
import type { Resolution } from './load.ts';
import { caches } from './names.ts';

const WWW = 'www.example.com';

/** Weights of two load balancers, `v1` behind the one and `v2` behind the other. */
function weigh(table: TestTable, blue: number, green: number, ttlSeconds: number = 60): void {
  const choices = [
    { host: 'blue', share: blue / (blue + green), ttlSeconds },
    { host: 'green', share: green / (blue + green), ttlSeconds },
  ];
  table.act((ctx) =>
    name(
      ctx,
      WWW,
      choices.filter(({ share }) => share > 0),
    ),
  );
}

function twoStacks(
  resolution: Resolution,
  [blue, green]: readonly [number, number],
  request: Partial<LoadRequest> = {},
  ttlSeconds: number = 60,
): { table: TestTable; id: string; share: (from: number, to: number) => number } {
  const table = tableOf();
  table.act((ctx) => {
    run(ctx, 1, { version: 'v1' });
    run(ctx, 2, { version: 'v2' });
    routeHost(ctx, 'blue', 1);
    routeHost(ctx, 'green', 2);
  });
  weigh(table, blue, green, ttlSeconds);
  const from = table.world.now;
  const id = start(table, { host: WWW, resolution, ratePerSecond: 200, ...request });
  /** Share of `v2` in a part of the load's time (ms since its start). */
  const share = (begin: number, end: number): number => {
    const { series } = result(table, id);
    const some = series.filter(({ at }) => at >= from + begin && at < from + end);
    const total = some.reduce((sum, { requests }) => sum + requests, 0);
    return some.reduce((sum, { byVersion }) => sum + (byVersion['v2'] ?? 0), 0) / total;
  };
  return { table, id, share };
}

describe.each(RESOLUTIONS)('a load on a name of a hosted zone, in %s resolution', (resolution) => {
  it('is shared out by the weights of the records', () => {
    const { table, id, share } = twoStacks(resolution, [3, 1]);
    table.advance(10 * MINUTE);
    expect(Math.abs(share(0, 10 * MINUTE) - 0.25)).toBeLessThan(0.02);
    expect(result(table, id)).toMatchObject({ failed: 0, lowestServing: 2 });
  });

  it('moves as the answers of its clients expire when the weights change', () => {
    const { table, share } = twoStacks(resolution, [1, 0]);
    table.advance(2 * MINUTE);
    weigh(table, 0, 1);
    table.advance(2 * MINUTE);
    const at = (second: number): number => share(second * SECOND, (second + 10) * SECOND);
    expect(at(110)).toBe(0);
    // Answers expire evenly within their TTL of 60 s.
    [0, 10, 20, 30, 40, 50].forEach((second) => {
      expect(Math.abs(at(120 + second) - (second + 5) / 60)).toBeLessThan(0.06);
    });
    expect(at(190)).toBe(1);
  });

  it('moves within the TTL of the answers that clients have, not of the new ones', () => {
    const { table, share } = twoStacks(resolution, [1, 0], {}, 300);
    table.advance(MINUTE);
    weigh(table, 0, 1, 10);
    table.advance(5 * MINUTE + 10 * SECOND);
    expect(Math.abs(share(MINUTE, 2 * MINUTE) - 0.1)).toBeLessThan(0.04);
    expect(share(6 * MINUTE, 6 * MINUTE + 10 * SECOND)).toBe(1);
  });

  it('keeps the clients that ignore the TTL where they were', () => {
    const { table, share } = twoStacks(resolution, [1, 0]);
    table.advance(MINUTE);
    table.act((ctx) =>
      ctx.everywhere.put(injections, {
        id: 'x',
        injection: { kind: 'stale-dns', perMille: 200 },
        startedAt: ctx.now,
      }),
    );
    weigh(table, 0, 1);
    table.advance(4 * MINUTE);
    expect(Math.abs(share(3 * MINUTE, 5 * MINUTE) - 0.8)).toBeLessThan(0.05);
    table.act((ctx) => ctx.everywhere.delete(injections, 'x'));
    table.advance(MINUTE);
    expect(share(5 * MINUTE + 10 * SECOND, 6 * MINUTE)).toBe(1);
  });

  it('reaches nobody where the name is answered with no load balancer', () => {
    const { table, id } = twoStacks(resolution, [1, 0]);
    table.advance(MINUTE);
    table.act((ctx) => name(ctx, WWW, [{ host: '', share: 1, ttlSeconds: 60 }]));
    table.advance(MINUTE);
    const { byReason, byVersion, requests } = result(table, id);
    expect(byReason.unreachable).toBe(requests - (byVersion['v1']?.requests ?? 0));
    expect(Math.abs((byReason.unreachable ?? 0) / requests - 0.25)).toBeLessThan(0.03);
  });

  it('leaves no row behind when it is over', () => {
    const { table } = twoStacks(resolution, [1, 1], { durationMs: 90_000 });
    table.advance(MINUTE);
    expect(table.read((ctx) => ctx.everywhere.list(caches))).toHaveLength(1);
    table.advance(MINUTE);
    expect(table.read((ctx) => ctx.everywhere.list(caches))).toEqual([]);
  });
});

it('comes out the same however often it is settled, in exact resolution', () => {
  const outcome = (settle: (table: TestTable) => void) => {
    const { table, id } = twoStacks('exact', [1, 1], { clients: 50 });
    for (let i = 0; i < 20; i += 1) {
      table.advance(7 * SECOND);
      settle(table);
    }
    return result(table, id).series;
  };
  expect(outcome((table) => table.act((ctx) => ctx.kernel.settle()))).toEqual(outcome(() => {}));
});

it('takes a whole number of clients', () => {
  const { table } = twoStacks('exact', [1, 1]);
  expect(() => start(table, { host: WWW, resolution: 'exact', clients: 0 })).toThrow(
    'clients is 0; it must be a whole number from 1 to 100000.',
  );
});

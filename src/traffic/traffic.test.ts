import { describe, expect, it } from 'vitest';
import {
  always,
  fleet,
  groupOf,
  instanceName,
  LOAD_BALANCER,
  MINUTE,
  RESOLUTIONS,
  result,
  route,
  routeTo,
  run,
  SCOPE,
  SECOND,
  setInstance,
  start,
  stop,
  tableOf,
  targetsOf,
} from '../../tests/traffic-cloud.ts';
import type { TestTable } from '../../tests/table.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { injections } from '#cloud/injections.ts';
import { cohorts, crews, flights } from './flights.ts';
import { pulses, stopLoad } from './load-control.ts';
import { bucketKey, buckets } from './load.ts';
import { measured } from './measure.ts';
import { minutes } from './minutes.ts';
import { chooseTarget } from './routes.ts';
import { progress } from './settlement.ts';

describe.each(RESOLUTIONS)('traffic in %s resolution', (resolution) => {
  it('accounts for as many requests as the rate says, all of them answered by healthy targets', () => {
    const { table, id } = fleet(resolution);
    table.advance(10 * MINUTE);
    const found = result(table, id);
    expect(Math.abs(found.requests + found.inFlight - 60_000)).toBeLessThan(5 * Math.sqrt(60_000));
    expect(found).toMatchObject({ failed: 0, availability: 1, lowestServing: 4, byReason: {} });
    expect(found.byVersion).toEqual({ v1: { requests: found.requests, failed: 0 } });
    expect(found.servedBy).toEqual({ v1: 10 * MINUTE });
    expect(found.series).toHaveLength(60);
  });

  it('finds the latencies of the distribution', () => {
    const { table, id } = fleet(resolution, {}, { ratePerSecond: 1000 });
    table.advance(5 * MINUTE);
    const { p50, p90, p99, max } = result(table, id);
    expect(p50 / 20).toBeCloseTo(1, 1);
    expect(p90 / (20 + (80 * 40) / 49)).toBeCloseTo(1, 1);
    expect(Math.abs(p99 - 100)).toBeLessThan(20);
    expect(max).toBeGreaterThan(370);
    expect(max).toBeLessThanOrEqual(402);
  });

  it('cuts off what is under way when an application vanishes without draining', () => {
    const slow = { latency: always(5000) };
    const { table, id } = fleet(resolution, {
      prepare: (ctx) => [1, 2, 3, 4].forEach((n) => run(ctx, n, slow)),
    });
    table.advance(90 * SECOND);
    // Out of rotation first, so that no new request is refused.
    table.act((ctx) => {
      route(ctx, [groupOf(targetsOf(3, 2))]);
      stop(ctx, 1);
    });
    table.advance(30 * SECOND);
    const { byReason, byStatus, failed } = result(table, id);
    // 100 requests a second, 5 s each, a quarter of them on the target: 125.
    expect(byReason).toEqual({ 'cut off': byStatus['502'] });
    expect(Math.abs(failed - 125)).toBeLessThan(50);
  });

  it('cuts off what is under way at a target that was deregistered a moment before it stops', () => {
    const slow = { latency: always(5000) };
    const { table, id } = fleet(resolution, {
      prepare: (ctx) => [1, 2, 3, 4].forEach((n) => run(ctx, n, slow)),
    });
    table.advance(90 * SECOND);
    table.act((ctx) => route(ctx, [groupOf(targetsOf(3, 2))]));
    table.advance(3 * SECOND);
    table.act((ctx) => stop(ctx, 1));
    table.advance(30 * SECOND);
    // Of 125 under way, those of the last 2 s before it was deregistered are left: 50.
    expect(Math.abs(result(table, id).failed - 50)).toBeLessThan(35);
  });

  it('lets an application that drains finish what is under way', () => {
    const slow = { latency: always(5000), drain: true };
    const { table, id } = fleet(resolution, {
      prepare: (ctx) => [1, 2].forEach((n) => run(ctx, n, slow)),
      count: 2,
    });
    table.advance(90 * SECOND);
    table.act((ctx) => {
      route(ctx, [groupOf(targetsOf(1, 2))]);
      stop(ctx, 1);
    });
    table.advance(4 * SECOND);
    table.act((ctx) => run(ctx, 1, { version: 'v2' }));
    table.advance(30 * SECOND);
    expect(result(table, id).failed).toBe(0);
  });

  it('loses what a draining application still has when its machine stops', () => {
    const slow = { latency: always(5000), drain: true };
    const { table, id } = fleet(resolution, {
      prepare: (ctx) => [1, 2].forEach((n) => run(ctx, n, slow)),
      count: 2,
    });
    table.advance(90 * SECOND);
    table.act((ctx) => {
      route(ctx, [groupOf(targetsOf(1, 2))]);
      stop(ctx, 1);
      setInstance(ctx, 1, 'terminated');
    });
    table.advance(30 * SECOND);
    expect(Math.abs((result(table, id).byReason['cut off'] ?? 0) - 250)).toBeLessThan(80);
  });

  it('answers 502 for a target that refuses connections until it is out of rotation', () => {
    const { table, id } = fleet(resolution);
    table.advance(MINUTE);
    table.act((ctx) => stop(ctx, 1));
    table.advance(20 * SECOND);
    table.act((ctx) => route(ctx, [groupOf(targetsOf(3, 2))]));
    table.advance(MINUTE);
    const { byReason, lowestServing } = result(table, id);
    expect(Math.abs((byReason.refused ?? 0) - 500)).toBeLessThan(80);
    expect(byReason['cut off'] ?? 0).toBeLessThan(10);
    expect(lowestServing).toBe(3);
  });

  it('counts an application that is starting as one that refuses connections', () => {
    const { table, id } = fleet(resolution, {
      prepare: (ctx) => run(ctx, 1, { state: 'starting' }),
      count: 1,
    });
    table.advance(10 * SECOND);
    expect(result(table, id)).toMatchObject({ availability: 0, lowestServing: 0 });
    expect(Object.keys(result(table, id).byReason)).toEqual(['refused']);
  });

  it('answers 504 when the idle timeout of a hung application is over', () => {
    const { table, id } = fleet(resolution, { prepare: (ctx) => run(ctx, 1, { state: 'hung' }), count: 1 });
    table.advance(50 * SECOND);
    expect(result(table, id)).toMatchObject({ requests: 0 });
    table.advance(MINUTE);
    const found = result(table, id);
    expect(found.byStatus).toEqual({ '504': found.requests });
    expect(Math.abs(found.requests - 5000)).toBeLessThan(400);
    expect(Math.abs(found.inFlight - 6000)).toBeLessThan(400);
  });

  it('lets requests time out that an application had when it hung, and cuts them off when it is killed', () => {
    const slow = { latency: always(2000) };
    const { table, id } = fleet(resolution, { prepare: (ctx) => run(ctx, 1, slow), count: 1 });
    table.advance(30 * SECOND);
    table.act((ctx) => run(ctx, 1, { ...slow, state: 'hung' }));
    table.advance(10 * SECOND);
    expect(Math.abs(result(table, id).inFlight - 1200)).toBeLessThan(200);
    table.act((ctx) => stop(ctx, 1));
    table.advance(1);
    expect(Math.abs((result(table, id).byReason['cut off'] ?? 0) - 1200)).toBeLessThan(200);
  });

  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-504-issues
  it('answers 504 after 10 s where a machine does not even refuse', () => {
    const { table, id } = fleet(resolution, { count: 1 });
    table.act((ctx) => {
      ctx.everywhere.put(injections, {
        id: 'x',
        injection: { kind: 'instance-loss', instanceId: instanceName(1) },
        startedAt: ctx.now,
      });
    });
    table.advance(9 * SECOND);
    expect(result(table, id).requests).toBe(0);
    table.advance(11 * SECOND);
    expect(Math.abs((result(table, id).byReason.timeout ?? 0) - 1000)).toBeLessThan(200);
  });

  it('answers 503 for a group without targets, for its share of a weighted forward', () => {
    const { table, id } = fleet(resolution);
    const empty = groupOf([], { dimension: 'targetgroup/empty/1', weight: 1 });
    table.act((ctx) => route(ctx, [groupOf(targetsOf(4), { weight: 3 }), empty]));
    table.advance(2 * MINUTE);
    const { requests, byReason, byStatus } = result(table, id);
    expect(byReason['no target']).toBe(byStatus['503']);
    expect(Math.abs((byReason['no target'] ?? 0) - requests / 4)).toBeLessThan(250);
  });

  it('takes what a rule answers by itself for an answer', () => {
    const { table, id } = fleet(resolution);
    table.act((ctx) =>
      routeTo(ctx, { kind: 'respond', loadBalancer: LOAD_BALANCER, scope: SCOPE, status: 404 }),
    );
    table.advance(MINUTE);
    expect(result(table, id)).toMatchObject({ failed: 0 });
    expect(Object.keys(result(table, id).byStatus)).toEqual(['404']);
  });

  it('reaches nobody where the name does not resolve or nothing listens', () => {
    const { table, id } = fleet(resolution);
    table.act((ctx) => routeTo(ctx, undefined));
    table.advance(30 * SECOND);
    table.act((ctx) => routeTo(ctx, { kind: 'refused' }));
    table.advance(30 * SECOND);
    const found = result(table, id);
    expect(found.byReason).toEqual({ unreachable: found.requests });
    expect(found.availability).toBe(0);
  });

  it('applies an error share only above its rate, adding up the loads of a target', () => {
    const errors = [{ status: 500, perMillion: 500_000, abovePerSecond: 80 }];
    const { table, id } = fleet(resolution, {
      prepare: (ctx) => [1, 2].forEach((n) => run(ctx, n, { errors })),
      count: 2,
    });
    table.advance(MINUTE);
    expect(result(table, id).failed).toBe(0); // 50 a second on each target.
    const second = start(table, { resolution, ratePerSecond: 100 });
    table.advance(MINUTE);
    const { byReason, byVersion, requests } = result(table, second);
    expect(byVersion['v1']).toEqual({ requests, failed: byReason.application });
    expect(Math.abs((byReason.application ?? 0) - requests / 2)).toBeLessThan(250);
  });

  it('shares requests out by weight during slow start', () => {
    const { table, id } = fleet(resolution, { prepare: (ctx) => run(ctx, 2, { version: 'v2' }), count: 2 });
    const [first, second] = targetsOf(2) as [
      ReturnType<typeof targetsOf>[0],
      ReturnType<typeof targetsOf>[0],
    ];
    table.act((ctx) => route(ctx, [groupOf([first as never, { ...second, weight: 250 } as never])]));
    table.advance(2 * MINUTE);
    const { requests, byVersion } = result(table, id);
    expect(Math.abs((byVersion['v2']?.requests ?? 0) - requests / 5)).toBeLessThan(40);
  });

  it('ends with the load, and with the last request that was under way', () => {
    const prepare = (ctx: Ctx): void => run(ctx, 1, { latency: always(3000) });
    const { table, id } = fleet(resolution, { count: 1, prepare }, { durationMs: MINUTE });
    table.advance(MINUTE);
    const atEnd = result(table, id);
    expect(Math.abs(atEnd.inFlight - 300)).toBeLessThan(100);
    table.advance(4 * SECOND);
    const after = result(table, id);
    expect(after).toMatchObject({ inFlight: 0, requests: atEnd.requests + atEnd.inFlight, lowestServing: 1 });
    expect(after.servedBy).toEqual({ v1: MINUTE });
    table.advance(10 * MINUTE);
    expect(result(table, id).requests).toBe(after.requests);
    expect(table.world.nextDue).toBeUndefined();
  });

  it('ends when it is stopped', () => {
    const { table, id } = fleet(resolution);
    table.advance(MINUTE);
    table.act((ctx) => stopLoad(ctx, id));
    table.advance(10 * SECOND);
    const { requests } = result(table, id);
    table.advance(5 * MINUTE);
    expect(result(table, id).requests).toBe(requests);
    expect(table.read((ctx) => ctx.everywhere.list(progress))).toEqual([]);
  });

  it('measures up to now without changing anything', () => {
    const { table, id } = fleet(resolution);
    table.advance(25 * SECOND);
    const hash = table.world.hash();
    const found = result(table, id);
    expect(Math.abs(found.requests - 2500)).toBeLessThan(250);
    expect(result(table, id)).toEqual(found);
    expect(table.world.hash()).toBe(hash);
  });

  it('keeps results in buckets of the width that was asked for', () => {
    const { table, id } = fleet(resolution, {}, { bucketMs: 2000 });
    table.advance(MINUTE);
    const { series, from } = result(table, id);
    expect(series.map(({ at }) => at)).toEqual(Array.from({ length: 30 }, (_, i) => from + i * 2000));
    const part = table.read((ctx) => measured(ctx, id, { from: from + 4000, to: from + 8000 }));
    expect(part.requests).toBe((series[2]?.requests ?? 0) + (series[3]?.requests ?? 0));
    const row = table.read((ctx) => ctx.everywhere.get(buckets, bucketKey(id, from)));
    expect(row?.outcomes).toEqual({ 'v1|200|': series[0]?.requests });
  });

  it('gives the same journal for the same seed, and a fork the same future', () => {
    const runs = [1, 2].map(() => fleet(resolution).table);
    for (const table of runs) {
      table.advance(95 * SECOND);
      table.act((ctx) => stop(ctx, 2));
      table.advance(95 * SECOND);
    }
    const [one, two] = runs as [TestTable, TestTable];
    expect(one.world.hash()).toBe(two.world.hash());
    const fork = one.fork();
    fork.advance(5 * MINUTE);
    one.advance(5 * MINUTE);
    expect(fork.world.hash()).toBe(one.world.hash());
  });

  it('carries requests on over a change of the fleet that is not theirs', () => {
    const slow = { latency: always(8000) };
    const { table, id } = fleet(resolution, {
      prepare: (ctx) => [1, 2, 3, 4].forEach((n) => run(ctx, n, slow)),
    });
    for (let n = 5; n < 25; n += 1) {
      table.advance(2 * SECOND);
      table.act((ctx) => {
        run(ctx, n, slow);
        route(ctx, [groupOf(targetsOf(n))]);
      });
    }
    table.act((ctx) => stopLoad(ctx, id));
    table.advance(20 * SECOND);
    const { requests, failed, inFlight, p50 } = result(table, id);
    expect({ failed, inFlight }).toEqual({ failed: 0, inFlight: 0 });
    expect(Math.abs(requests - 4000)).toBeLessThan(5 * Math.sqrt(4000));
    expect(p50 / 8000).toBeCloseTo(1, 2);
  });
});

describe('exact requests', () => {
  it('are the same however often they are settled', () => {
    const results = [0, 137, 1009].map((everyMs) => {
      const { table, id } = fleet('exact', {
        prepare: (ctx) => run(ctx, 4, { errors: [{ status: 500, perMillion: 30_000, abovePerSecond: 0 }] }),
      });
      for (let at = 0; everyMs > 0 && at + everyMs <= MINUTE; at += everyMs) {
        table.advance(everyMs);
        table.act((ctx) => route(ctx, [groupOf(targetsOf(4))]));
      }
      table.world.advance(table.world.now + MINUTE - (table.world.now % MINUTE));
      const { series, byStatus, p99 } = result(table, id);
      return { series, byStatus, p99 };
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('arrive alike in all variants of a world', () => {
    const { table, id } = fleet('exact');
    const fork = table.fork();
    fork.act((ctx) => [1, 2, 3, 4].forEach((n) => run(ctx, n, { version: 'v2', latency: always(0) })));
    table.act((ctx) => [1, 2, 3, 4].forEach((n) => run(ctx, n, { latency: always(0) })));
    for (const one of [table, fork]) one.advance(MINUTE);
    expect(result(fork, id).series.map(({ requests }) => requests)).toEqual(
      result(table, id).series.map(({ requests }) => requests),
    );
  });

  it('go round robin to the targets of a group', () => {
    const { table, id } = fleet('exact', {
      prepare: (ctx) => [1, 2, 3, 4].forEach((n) => run(ctx, n, { version: `v${n}`, latency: always(0) })),
    });
    table.advance(MINUTE);
    const counts = Object.values(result(table, id).byVersion).map(({ requests }) => requests);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });
});

describe('settlement', () => {
  it('costs about the same at any rate, and writes no row for a request', () => {
    const sizes = [10, 1_000_000].map((ratePerSecond) => {
      const { table, id } = fleet('binned', {}, { ratePerSecond });
      table.advance(MINUTE);
      expect(Math.abs(result(table, id).requests / ratePerSecond / 60 - 1)).toBeLessThan(0.15);
      return JSON.stringify(table.world.journal().at(-1)?.changes).length;
    });
    expect((sizes[1] as number) / (sizes[0] as number)).toBeLessThan(20);
  });

  it('keeps no row when all is over', () => {
    for (const resolution of RESOLUTIONS) {
      const { table } = fleet(resolution, {}, { durationMs: 90_000 });
      table.advance(5 * MINUTE);
      const left = (rows: Table): number => table.read((ctx) => ctx.everywhere.list(rows).length);
      expect([progress, flights, crews, cohorts, minutes, pulses].map(left)).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });

  it('refuses numbers that make no load', () => {
    const table = tableOf();
    expect(() => start(table, { resolution: 'exact', ratePerSecond: 0 })).toThrow(RangeError);
    expect(() => start(table, { resolution: 'exact', bucketMs: 10 })).toThrow(RangeError);
    expect(() => start(table, { resolution: 'exact', durationMs: -1 })).toThrow(RangeError);
    expect(() => result(table, 'none')).toThrow(RangeError);
  });
});

describe('the choice of a target for one request', () => {
  it('is a target, a status or nothing, the same for the same key', () => {
    const table = tableOf();
    table.read((ctx) => {
      const forward = {
        kind: 'forward',
        loadBalancerArn: '',
        front: { protocol: 'http', port: 80 },
        loadBalancer: '',
        scope: SCOPE,
        zones: [],
        idleTimeoutMs: 1,
      } as const;
      const plan = { ...forward, groups: [groupOf(targetsOf(3))] };
      const found = Array.from({ length: 300 }, (_, i) => chooseTarget(ctx, plan, `r${i}`));
      expect(found).toEqual(Array.from({ length: 300 }, (_, i) => chooseTarget(ctx, plan, `r${i}`)));
      expect(new Set(found)).toEqual(new Set(plan.groups[0]?.targets));
      expect(chooseTarget(ctx, { ...forward, groups: [groupOf([])] }, 'r')).toBe(503);
      expect(chooseTarget(ctx, { kind: 'respond', loadBalancer: '', scope: SCOPE, status: 404 }, 'r')).toBe(
        404,
      );
      expect(chooseTarget(ctx, { kind: 'refused' }, 'r')).toBeUndefined();
    });
  });
});

import { describe, expect, it } from 'vitest';
import {
  always,
  groupOf,
  MINUTE,
  name,
  RESOLUTIONS,
  result,
  route,
  routeHost,
  run,
  start,
  stop,
  tableOf,
  targetsOf,
} from '../../tests/traffic-cloud.ts';
import type { LatencyTable } from '#workloads/manifest.ts';
import type { Resolution } from './load.ts';
import type { Measurement } from './measure.ts';

/** A bad release under way: refused connections, cut-offs, errors under load, a hang, and a rollback. */
function badRelease(
  resolution: Resolution,
  seed: string,
  algorithm: 'round_robin' | 'weighted_random',
): Measurement {
  const table = tableOf(seed);
  const latency: LatencyTable = [
    [0, 200_000],
    [500_000, 800_000],
    [1_000_000, 4_000_000],
  ];
  const bad = { version: 'v2', latency, errors: [{ status: 500, perMillion: 60_000, abovePerSecond: 5 }] };
  const fleetOf = (count: number): Parameters<typeof route>[1] => [groupOf(targetsOf(count), { algorithm })];
  table.act((ctx) => {
    for (let n = 1; n <= 4; n += 1) run(ctx, n, { latency });
    route(ctx, fleetOf(4), 12_000);
  });
  const id = start(table, { resolution, ratePerSecond: 50, durationMs: 70_000 });
  table.advance(13_300);
  table.act((ctx) => stop(ctx, 4));
  table.advance(5100);
  table.act((ctx) => run(ctx, 4, bad));
  table.advance(9700);
  table.act((ctx) => run(ctx, 3, { latency, state: 'hung' }));
  table.advance(15_000);
  table.act((ctx) => {
    stop(ctx, 3);
    route(ctx, fleetOf(2), 12_000);
  });
  table.advance(3000);
  table.act((ctx) => [3, 4].forEach((n) => run(ctx, n, { latency })));
  table.act((ctx) => route(ctx, fleetOf(4), 12_000));
  table.advance(60_000);
  return result(table, id);
}

/** A release by weighted records that goes wrong: a fifth of the answers, then all, errors, and the way back. */
function releaseByName(resolution: Resolution, seed: string): Measurement {
  const table = tableOf(seed);
  const bad = { version: 'v2', errors: [{ status: 500, perMillion: 200_000, abovePerSecond: 20 }] };
  const weigh = (green: number, ttlSeconds: number): void => {
    const choices = [
      { host: 'blue', share: 1 - green, ttlSeconds },
      { host: 'green', share: green, ttlSeconds },
    ];
    table.act((ctx) => name(ctx, 'www.example.com', choices));
  };
  table.act((ctx) => {
    run(ctx, 1, { latency: always(1500) });
    run(ctx, 2, { ...bad, latency: always(700) });
    routeHost(ctx, 'blue', 1);
    routeHost(ctx, 'green', 2);
  });
  weigh(0, 45);
  const more = { ratePerSecond: 50, durationMs: 240_000, clients: 200 };
  const id = start(table, { resolution, host: 'www.example.com', ...more });
  table.advance(21_300);
  weigh(0.2, 30);
  table.advance(63_700);
  weigh(1, 20);
  table.advance(41_000);
  table.act((ctx) => stop(ctx, 2));
  table.advance(4500);
  weigh(0, 60);
  table.advance(150_000);
  return result(table, id);
}

describe('exact and binned resolution', () => {
  const SEEDS = 30;
  it.each(['round_robin', 'weighted_random'] as const)(
    'agree on a release that goes wrong, under %s',
    (algorithm) => {
      const figures = (of: Measurement): Record<string, number> => ({
        requests: of.requests,
        failed: of.failed,
        'cut off': of.byReason['cut off'] ?? 0,
        refused: of.byReason.refused ?? 0,
        timeout: of.byReason.timeout ?? 0,
        application: of.byReason.application ?? 0,
        v2: of.byVersion['v2']?.requests ?? 0,
        p50: of.p50,
        p99: of.p99,
      });
      const of = (resolution: Resolution): Record<string, number>[] =>
        Array.from({ length: SEEDS }, (_, seed) =>
          figures(badRelease(resolution, `seed-${seed}`, algorithm)),
        );
      expectAgreement(of('exact'), of('binned'));
    },
  );

  it('agree on a release by weighted records that clients keep, bucket by bucket', () => {
    const figures = (of: Measurement): Record<string, number> => ({
      failed: of.failed,
      refused: of.byReason.refused ?? 0,
      'cut off': of.byReason['cut off'] ?? 0,
      application: of.byReason.application ?? 0,
      v2: of.byVersion['v2']?.requests ?? 0,
      ...Object.fromEntries(of.series.map(({ byVersion }, i) => [`v2 in bucket ${i}`, byVersion['v2'] ?? 0])),
    });
    const of = (resolution: Resolution): Record<string, number>[] =>
      Array.from({ length: SEEDS }, (_, seed) => figures(releaseByName(resolution, `seed-${seed}`)));
    expectAgreement(of('exact'), of('binned'));
  });

  it('agree on shares under least outstanding requests', () => {
    for (const [slowMs, ratePerSecond] of [
      [100, 200],
      [400, 600],
    ] as const) {
      const shares = RESOLUTIONS.map((resolution) => {
        const table = tableOf();
        table.act((ctx) => {
          for (let n = 1; n <= 10; n += 1) run(ctx, n, { latency: always(50) });
          for (let n = 11; n <= 20; n += 1) run(ctx, n, { version: 'slow', latency: always(slowMs) });
          route(ctx, [groupOf(targetsOf(20), { algorithm: 'least_outstanding_requests' })]);
        });
        const id = start(table, { resolution, ratePerSecond });
        table.advance(2 * MINUTE);
        const { byVersion, requests } = result(table, id);
        return (byVersion['slow']?.requests ?? 0) / requests;
      });
      expect(Math.abs((shares[0] as number) - (shares[1] as number))).toBeLessThan(0.04);
    }
  });
});

/** Means of two samples of runs differ by no more than chance and rounding explain. */
function expectAgreement(
  exact: readonly Record<string, number>[],
  binned: readonly Record<string, number>[],
): void {
  for (const figure of Object.keys(exact[0] as object)) {
    const [left, right] = [exact, binned].map((runs) => spreadOf(runs.map((one) => one[figure] as number)));
    const error = Math.sqrt(((left?.variance ?? 0) + (right?.variance ?? 0)) / exact.length);
    const difference = Math.abs((left?.mean ?? 0) - (right?.mean ?? 0));
    expect
      .soft(difference, `${figure}: ${left?.mean} and ${right?.mean}`)
      .toBeLessThan(4.5 * error + 0.015 * (left?.mean ?? 0) + 0.5);
  }
}

function spreadOf(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}

import { describe, expect, it } from 'vitest';
import {
  fleet,
  GROUP,
  groupOf,
  LOAD_BALANCER,
  MINUTE,
  published,
  result,
  route,
  stop,
} from '../../tests/traffic-cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { measured } from './measure.ts';

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
describe('CloudWatch', () => {
  const sumOf = (ctx: Ctx, name: string, dimensions: Record<string, string>): number | undefined => {
    const key = JSON.stringify(dimensions);
    const points = published(ctx).filter(
      ({ metric }) => metric.name === name && JSON.stringify(metric.dimensions) === key,
    );
    if (points.length === 0) return undefined;
    return points
      .flatMap(({ values, counts }) => values.map((value, i) => value * (counts[i] as number)))
      .reduce((a, b) => a + b);
  };
  const OF_BALANCER = { LoadBalancer: LOAD_BALANCER };
  const OF_GROUP = { TargetGroup: GROUP, LoadBalancer: LOAD_BALANCER };

  it('gets counts per load balancer and per target group each minute, and none that are zero', () => {
    const { table, id } = fleet('exact', { count: 2 });
    table.advance(2 * MINUTE);
    const { requests } = result(table, id);
    table.read((ctx) => {
      for (const of of [OF_BALANCER, OF_GROUP]) {
        expect(sumOf(ctx, 'RequestCount', of)).toBe(requests);
        expect(sumOf(ctx, 'HTTPCode_Target_2XX_Count', of)).toBe(requests);
      }
      expect(sumOf(ctx, 'RequestCountPerTarget', OF_GROUP)).toBe(requests / 2);
      const names = new Set(published(ctx).map(({ metric }) => metric.name));
      expect([...names].toSorted()).toEqual([
        'HTTPCode_Target_2XX_Count',
        'RequestCount',
        'RequestCountPerTarget',
        'TargetResponseTime',
      ]);
      expect(new Set(published(ctx).map(({ at }) => at % MINUTE))).toEqual(new Set([0]));
    });
  });

  it('gets response times as a histogram that percentiles and averages can be read from', () => {
    const { table } = fleet('exact', {}, { ratePerSecond: 1000 });
    table.advance(MINUTE);
    const [point] = table.read((ctx) =>
      published(ctx).filter(({ metric }) => metric.name === 'TargetResponseTime'),
    );
    expect(point?.unit).toBe('Seconds');
    expect(point?.values.length).toBeLessThanOrEqual(61);
    const total = point?.counts.reduce((a, b) => a + b) ?? 0;
    let below = 0;
    const p99 = point?.values.find((_, i) => (below += point.counts[i] as number) >= 0.99 * total) ?? 0;
    expect(p99 / 0.1).toBeCloseTo(1, 0);
    const mean =
      (point?.values.reduce((sum, value, i) => sum + value * (point.counts[i] as number), 0) ?? 0) / total;
    expect(mean / (0.5 * 0.015 + 0.49 * 0.06 + 0.01 * 0.25)).toBeCloseTo(1, 1);
  });

  it('gets the load balancer own 5xx per load balancer only, and connection errors', () => {
    const { table, id } = fleet('exact', { count: 2 });
    table.act((ctx) => stop(ctx, 1));
    table.advance(MINUTE);
    const refused = result(table, id).byReason.refused;
    table.read((ctx) => {
      expect(sumOf(ctx, 'HTTPCode_ELB_502_Count', OF_BALANCER)).toBe(refused);
      expect(sumOf(ctx, 'HTTPCode_ELB_5XX_Count', OF_BALANCER)).toBe(refused);
      expect(sumOf(ctx, 'HTTPCode_ELB_5XX_Count', OF_GROUP)).toBeUndefined();
      expect(sumOf(ctx, 'TargetConnectionErrorCount', OF_GROUP)).toBe(refused);
      expect(sumOf(ctx, 'HTTPCode_Target_5XX_Count', OF_BALANCER)).toBeUndefined();
    });
  });

  it('does not count requests for which no target was chosen', () => {
    const { table, id } = fleet('exact');
    table.act((ctx) => route(ctx, [groupOf([])]));
    table.advance(MINUTE);
    table.read((ctx) => {
      expect(sumOf(ctx, 'RequestCount', OF_BALANCER)).toBeUndefined();
      expect(sumOf(ctx, 'HTTPCode_ELB_503_Count', OF_BALANCER)).toBe(measured(ctx, id).requests);
    });
  });

  it('gets nothing while no request flows', () => {
    const { table } = fleet('exact', {}, { durationMs: 30_000 });
    table.advance(10 * MINUTE);
    expect(table.read((ctx) => new Set(published(ctx).map(({ at }) => at))).size).toBe(1);
  });
});

import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateAliasCommand,
  DeleteFunctionCommand,
  PutFunctionConcurrencyCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND, Stand } from '../../tests/lambda-stand.ts';
import { startInvocations } from './invocation-load.ts';
import type { InvocationRequest } from './invocation-load.ts';
import { stopLoad } from './load-control.ts';
import { measured } from './measure.ts';
import type { Measurement } from './measure.ts';

const GOOD = 'function: { duration: { min: 5ms, p50: 20ms, p90: 40ms, p99: 100ms, max: 200ms } }';
const BAD = 'function: { duration: 300ms, errors: 30% }';

/** A function with two versions, and an alias that leads to the second with this weight. */
class Shop extends Stand {
  async open(weight: number, second: string = BAD): Promise<void> {
    await this.role();
    await this.active('shop', GOOD);
    await this.publish('shop');
    await this.update('shop', second);
    await this.publish('shop');
    await this.lambda.send(
      new CreateAliasCommand({
        FunctionName: 'shop',
        Name: 'live',
        FunctionVersion: '1',
        ...(weight > 0 && { RoutingConfig: { AdditionalVersionWeights: { 2: weight } } }),
      }),
    );
    // The next minute, so that points are of whole ones.
    this.table.advance(MINUTE - (this.table.world.now % MINUTE));
  }

  start(more: Partial<InvocationRequest> = {}): string {
    const request = { function: 'shop:live', ratePerSecond: 100, ...more };
    return this.table.act((ctx) => startInvocations(ctx, request)).id;
  }

  measured(load: string): Measurement {
    return this.table.read((ctx) => measured(ctx, load));
  }

  run(more: Partial<InvocationRequest> = {}, ms: number = 10 * MINUTE): Measurement {
    const load = this.start(more);
    this.table.advance(ms);
    return this.measured(load);
  }

  /** Points of a metric of one minute each. */
  async points(
    MetricName: string,
    dimensions: Readonly<Record<string, string>>,
    statistic: 'Sum' | 'Average' | 'Maximum' = 'Sum',
  ): Promise<number[]> {
    const now = this.table.world.now;
    const found = await this.table.client(CloudWatchClient).send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/Lambda',
        MetricName,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
        StartTime: new Date(now - 60 * MINUTE),
        EndTime: new Date(now),
        Period: 60,
        Statistics: [statistic],
      }),
    );
    const points = (found.Datapoints ?? []).toSorted((a, b) => Number(a.Timestamp) - Number(b.Timestamp));
    return points.map((point) => point[statistic] ?? NaN);
  }
}

async function shop(weight: number, second?: string): Promise<Shop> {
  const made = new Shop();
  await made.open(weight, second);
  return made;
}

describe.each(['exact', 'binned'] as const)('a load of invocations, %s', (resolution) => {
  it('is shared out by the weights of the alias, and each version behaves as its package says', async () => {
    const made = await shop(0.1);
    const found = made.run({ resolution });
    // Poisson: 60,000 expected, give or take five standard deviations.
    expect(Math.abs(found.requests - 60_000)).toBeLessThan(5 * 245);
    const { 1: old, 2: fresh } = found.byVersion;
    expect(fresh?.requests).toBeGreaterThan(6000 - 5 * 75);
    expect(fresh?.requests).toBeLessThan(6000 + 5 * 75);
    expect(old?.failed).toBe(0);
    const share = (fresh?.failed ?? 0) / (fresh?.requests ?? 1);
    expect(Math.abs(share - 0.3)).toBeLessThan(5 * 0.006);
    expect(found.byStatus).toEqual({ 200: found.requests });
    expect(found.byReason).toEqual({ application: fresh?.failed });
    expect(found.p50).toBeGreaterThan(17);
    expect(found.p50).toBeLessThan(25);
    expect(found.max).toBeGreaterThan(298);
  });

  it('is accounted for up to the instant at which the weights change', async () => {
    const made = await shop(0);
    const load = made.start({ resolution });
    made.table.advance(90 * SECOND);
    const input = { FunctionName: 'shop', Name: 'live', FunctionVersion: '2' };
    await made.lambda.send(new UpdateAliasCommand(input));
    const before = made.measured(load);
    expect(Object.keys(before.byVersion)).toEqual(['1']);
    made.table.advance(90 * SECOND);
    const after = made.measured(load);
    expect(after.byVersion['1']).toEqual(before.byVersion['1']);
    expect(after.byVersion['2']?.requests).toBeGreaterThan(8000);
    expect(after.servedBy).toEqual({ 1: 90 * SECOND, 2: 90 * SECOND });
  });

  // https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html: rate times duration is concurrency.
  it('is throttled where it needs more concurrency than the function has', async () => {
    const made = await shop(0, GOOD);
    await made.update('shop', 'function: { duration: 1s }');
    await made.lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'shop', ReservedConcurrentExecutions: 25 }),
    );
    const found = made.run({ resolution, function: 'shop' }, 2 * MINUTE);
    const throttled = (found.byStatus['429'] ?? 0) / found.requests;
    expect(throttled).toBeGreaterThan(0.7);
    expect(throttled).toBeLessThan(0.8);
    expect(found.byReason.throttled).toBe(found.byStatus['429']);
  });

  it('times out where a version takes longer than it may', async () => {
    const made = await shop(0);
    await made.update('shop', 'function: { hangs: true }');
    const found = made.run({ resolution, function: 'shop', ratePerSecond: 10 }, MINUTE);
    expect(found.byReason).toEqual({ timeout: found.requests });
    expect(found.availability).toBe(0);
  });
});

describe('what CloudWatch hears of it', () => {
  // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
  it('is counted for all, the function, the alias and each version behind it', async () => {
    const made = await shop(0.1);
    const load = made.start({ durationMs: 3 * MINUTE });
    made.table.advance(5 * MINUTE);
    const { requests, byVersion } = made.measured(load);
    const FunctionName = 'shop';
    const Resource = 'shop:live';
    const sum = async (name: string, dimensions: Readonly<Record<string, string>>): Promise<number> =>
      (await made.points(name, dimensions)).reduce((all, one) => all + one, 0);
    for (const dimensions of [{}, { FunctionName }, { FunctionName, Resource }]) {
      expect(await sum('Invocations', dimensions)).toBe(requests);
      expect(await sum('Errors', dimensions)).toBe(byVersion['2']?.failed);
    }
    const [first, second] = ['1', '2'].map((ExecutedVersion) => ({
      FunctionName,
      Resource,
      ExecutedVersion,
    }));
    expect(await sum('Invocations', second as never)).toBe(byVersion['2']?.requests);
    expect(await sum('Errors', first as never)).toBe(0);
    expect(await made.points('Errors', second as never)).toHaveLength(3);
    expect(await made.points('Duration', second as never, 'Average')).toEqual(
      Array.from({ length: 3 }, () => expect.closeTo(300, -1) as number),
    );
    expect((await made.points('ConcurrentExecutions', { FunctionName }, 'Maximum'))[0]).toBe(6);
  });
});

describe('a load', () => {
  it('costs no transition for an invocation', async () => {
    const made = await shop(0.5);
    const before = made.table.world.position;
    made.run({ ratePerSecond: 100_000 }, 10 * MINUTE);
    expect(made.table.world.position - before).toBeLessThan(40);
  });

  it('ends when it is stopped', async () => {
    const made = await shop(0.5);
    const load = made.start();
    made.table.advance(30 * SECOND);
    made.table.act((ctx) => stopLoad(ctx, load));
    const then = made.measured(load).requests;
    made.table.advance(10 * MINUTE);
    expect(made.measured(load).requests).toBe(then);
  });

  it('gets no answer from a function that is gone', async () => {
    const made = await shop(0.5);
    const load = made.start();

    await made.lambda.send(new DeleteFunctionCommand({ FunctionName: 'shop' }));
    made.table.advance(MINUTE);
    const found = made.measured(load);
    expect(found.byReason).toEqual({ unreachable: found.requests });
  });

  it('of a function that is not there is refused', async () => {
    const made = await shop(0);
    expect(() => made.start({ function: 'shop:none' })).toThrow(/There is no function shop:none/);
    expect(() => made.start({ ratePerSecond: 0 })).toThrow(/ratePerSecond is 0/);
  });
});

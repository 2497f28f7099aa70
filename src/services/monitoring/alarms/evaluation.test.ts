import { CloudWatchClient, DescribeAlarmsCommand, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import type { PutMetricAlarmCommandInput } from '@aws-sdk/client-cloudwatch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Input } from '#cloud/contracts.ts';
import { rootOf } from '#cloud/principal.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { monitoringTable } from '../../../../tests/monitoring-table.ts';
import type { TestTable } from '../../../../tests/table.ts';
import { EVALUATION, tickAfter } from '../metrics/alarm-metrics.ts';
import { historyItems } from './alarm-history.ts';
import { alarms } from './alarm.ts';

const MINUTE = 60_000;
const ID = { namespace: 'Shop', name: 'Errors', dimensions: {} };
const ALARM = 'errors';

type Definition = Omit<Input<'monitoring', 'PutMetricAlarm'>, 'AlarmName'>;

type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | {
      readonly do: 'put';
      readonly value: number;
      readonly agoMinutes: number;
      readonly highResolution: boolean;
    }
  | { readonly do: 'publish'; readonly value: number }
  | { readonly do: 'level'; readonly value: number | undefined }
  | { readonly do: 'set'; readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA' };

function put(table: TestTable, definition: Definition): void {
  const input = { AlarmName: ALARM, ...definition };
  const outcome = table.act((ctx) => ctx.call('monitoring', 'PutMetricAlarm', input, rootOf(ctx.account)));
  if (!outcome.ok) throw outcome.fault;
}

/** Moves time on as the world does it, or with an evaluation of the alarm at each of its instants. */
function pass(table: TestTable, ms: number, everyTick: boolean): void {
  const until = table.world.now + ms;
  const clock = table.read((ctx) => ctx.get(alarms, ALARM)?.kind === 'metric' && ctx.get(alarms, ALARM));
  while (everyTick && clock && clock.kind === 'metric') {
    const tick = tickAfter(clock.clock, table.world.now);
    if (tick > until) break;
    table.act((ctx) => ctx.wake(EVALUATION, ALARM, tick));
    table.advance(tick - table.world.now);
  }
  table.advance(until - table.world.now);
}

function take(table: TestTable, step: Step, everyTick: boolean): void {
  if (step.do === 'wait') return pass(table, step.ms, everyTick);
  table.act((ctx) => {
    const root = rootOf(ctx.account);
    const minute = ctx.now - (ctx.now % MINUTE);
    switch (step.do) {
      case 'put': {
        const datum = {
          MetricName: ID.name,
          Value: step.value,
          Timestamp: ctx.now - step.agoMinutes * MINUTE,
          StorageResolution: step.highResolution ? 1 : 60,
        };
        return ctx.call(
          'monitoring',
          'PutMetricData',
          { Namespace: ID.namespace, MetricData: [datum] },
          root,
        );
      }
      case 'publish':
        return ctx
          .port(metrics)
          .publish(ctx, ID, { at: minute, unit: 'Count', values: [step.value], counts: [2] });
      case 'level':
        return ctx.port(metrics).level(ctx, ID, 'Count', step.value);
      case 'set':
        return ctx.call(
          'monitoring',
          'SetAlarmState',
          { AlarmName: ALARM, StateValue: step.state, StateReason: 'test' },
          root,
        );
    }
  });
}

function run(
  definition: Definition,
  steps: readonly Step[],
  everyTick: boolean,
): { states: string[]; evaluations: number } {
  const table = monitoringTable({ seed: 'elision' });
  put(table, definition);
  for (const step of steps) take(table, step, everyTick);
  pass(table, 40 * MINUTE, everyTick);
  const states = table.read((ctx) =>
    ctx.list(historyItems, 'alarm', ALARM).map(({ at, type, data }) => `${at} ${type} ${data}`),
  );
  const evaluations = table.world.journal().filter(({ cause }) => cause.name === EVALUATION.name).length;
  return { states, evaluations };
}

const definitions: fc.Arbitrary<Definition> = fc
  .record({
    Period: fc.constantFrom(10, 60, 60, 120, 300),
    EvaluationPeriods: fc.integer({ min: 1, max: 4 }),
    m: fc.integer({ min: 1, max: 4 }),
    Threshold: fc.constantFrom(0, 1, 2),
    Statistic: fc.constantFrom(
      'Sum' as const,
      'Average' as const,
      'Minimum' as const,
      'SampleCount' as const,
    ),
    TreatMissingData: fc.constantFrom('missing', 'ignore', 'breaching', 'notBreaching'),
    ComparisonOperator: fc.constantFrom(
      'GreaterThanThreshold' as const,
      'LessThanOrEqualToThreshold' as const,
    ),
    math: fc.boolean(),
  })
  .map(({ m, math, Period, Statistic, ...rest }) => {
    const numbers = { ...rest, DatapointsToAlarm: Math.min(m, rest.EvaluationPeriods) };
    const Metric = { Namespace: ID.namespace, MetricName: ID.name };
    if (!math) return { ...numbers, ...Metric, Period, Statistic };
    return {
      ...numbers,
      Metrics: [
        { Id: 'm1', MetricStat: { Metric, Period, Stat: Statistic }, ReturnData: false },
        { Id: 'e1', Expression: 'FILL(m1, 1) * 2 - IF(m1 > 1, m1, 0)' },
      ],
    };
  });

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1000, max: 9 * MINUTE }) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 6 }).map((n) => n * MINUTE) }),
  fc.record({
    do: fc.constant('put' as const),
    value: fc.integer({ min: 0, max: 3 }),
    agoMinutes: fc.integer({ min: -4, max: 6 }),
    highResolution: fc.boolean(),
  }),
  fc.record({ do: fc.constant('publish' as const), value: fc.integer({ min: 0, max: 3 }) }),
  fc.record({
    do: fc.constant('level' as const),
    value: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  }),
  fc.record({ do: fc.constant('set' as const), state: fc.constantFrom('OK' as const, 'ALARM' as const) }),
);

describe('elided evaluation', () => {
  it('comes to the same states at the same instants as an evaluation every minute', () => {
    fc.assert(
      fc.property(definitions, fc.array(steps, { minLength: 1, maxLength: 25 }), (definition, program) => {
        const elided = run(definition, program, false);
        const every = run(definition, program, true);
        expect(elided.states).toEqual(every.states);
        expect(elided.evaluations).toBeLessThanOrEqual(every.evaluations);
      }),
      { numRuns: 60, seed: 20260105 },
    );
  });

  it('costs nothing while a level stands: 500 idle alarms make no transition in a day', async () => {
    const table = monitoringTable();
    const cloudwatch = table.client(CloudWatchClient);
    const plain: Omit<PutMetricAlarmCommandInput, 'AlarmName' | 'Dimensions'> = {
      Namespace: 'AWS/EC2',
      MetricName: 'CPUUtilization',
      Statistic: 'Average',
      Period: 60,
      EvaluationPeriods: 2,
      Threshold: 80,
      ComparisonOperator: 'GreaterThanThreshold',
    };
    for (let number = 0; number < 500; number += 1) {
      const InstanceId = `i-${number}`;
      table.act((ctx) =>
        ctx
          .port(metrics)
          .level(
            ctx,
            { namespace: 'AWS/EC2', name: 'CPUUtilization', dimensions: { InstanceId } },
            'Percent',
            5,
          ),
      );
      const Dimensions = [{ Name: 'InstanceId', Value: InstanceId }];
      await cloudwatch.send(new PutMetricAlarmCommand({ ...plain, AlarmName: InstanceId, Dimensions }));
    }
    table.advance(20 * MINUTE);
    const { MetricAlarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand({ MaxRecords: 100 }));
    expect(new Set(MetricAlarms.map(({ StateValue }) => StateValue))).toEqual(new Set(['OK']));
    const before = table.world.position;
    table.advance(24 * 60 * MINUTE);
    expect(table.world.position).toBe(before);
  });
});

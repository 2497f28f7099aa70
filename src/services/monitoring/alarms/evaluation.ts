// Evaluating metric alarms: what the data say at an instant, and when they can next say something else.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html

import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { comparedId, ONLY, queriesOf, treatmentOf } from '../definition.ts';
import { EVALUATION, tickAfter } from '../metrics/alarm-metrics.ts';
import type { Clock } from '../metrics/alarm-metrics.ts';
import { MINUTE } from '../metrics/points.ts';
import { planOf, samplesOf, valuesOf } from '../metrics/queries.ts';
import type { Plan, Samples } from '../metrics/queries.ts';
import { restlessness } from '../metrics/series.ts';
import type { Periods } from '../metrics/series.ts';
import { fewestSamples } from '../metrics/statistics.ts';
import { evaluationPhase } from '../timings.ts';
import { breaches, reasonDataOf, reasonOf } from './alarm-reason.ts';
import type { EvaluatedPoint } from './alarm-reason.ts';
import { enterState, repeatActions, repeats } from './alarm-state.ts';
import type { Alarm, Definition, MetricAlarm } from './alarm.ts';
import { alarms } from './alarm.ts';
import { decide, evaluationRange } from './missing-data.ts';
import type { StateValue } from './missing-data.ts';

const HOUR = 3_600_000;
const DAY_SECONDS = 86_400;
const HIGH_RESOLUTION_MS = 10_000;

/** When an alarm is evaluated: every 10 s below a minute, every hour where it looks back more than a day, else every minute. */
export function clockOf(ctx: Ctx, name: string, periodSeconds: number, evaluationPeriods: number): Clock {
  const multiDay = periodSeconds * evaluationPeriods > DAY_SECONDS;
  const intervalMs = periodSeconds < 60 ? HIGH_RESOLUTION_MS : multiDay ? HOUR : MINUTE;
  return { intervalMs, phaseMs: ctx.duration(evaluationPhase, name) % Math.min(intervalMs, MINUTE) };
}

interface Look {
  readonly plan: Plan;
  readonly periods: Periods;
  readonly state: StateValue | undefined;
  readonly reason: string;
  readonly reasonData: string;
  /** The newest value, for scaling policies. */
  readonly value: number | undefined;
}

const grainOf = ({ intervalMs }: Clock): number => Math.min(intervalMs, MINUTE);

/** What an evaluation finds now. The window slides: it ends with the last whole minute (or ten seconds). */
function look(ctx: Ctx, { definition, clock }: MetricAlarm): Look {
  const queries = queriesOf(definition);
  const plan = planOf(queries);
  const { EvaluationPeriods, DatapointsToAlarm = EvaluationPeriods } = definition;
  const periodMs = plan.metrics[0]?.periodMs ?? MINUTE;
  const count = evaluationRange(EvaluationPeriods);
  const end = ctx.now - (ctx.now % grainOf(clock));
  const periods = { from: end - count * periodMs, periodMs, count };
  const samples = samplesOf(ctx, plan, periods, ctx.now);
  const values = valuesOf(plan, comparedId(queries), samples, periods);
  const treatment = treatmentOf(definition);
  const range = values.map((value) => (value === undefined ? undefined : breaches(definition, value)));
  const rule = { evaluationPeriods: EvaluationPeriods, datapointsToAlarm: DatapointsToAlarm, treatment };
  const { state, evaluated, missing } = decide(range, rule);
  const startOf = (index: number): number => periods.from + index * periodMs;
  const points = evaluated.map((index): EvaluatedPoint => {
    const sampleCount = definition.Metrics ? undefined : samples.get(ONLY)?.[index]?.count;
    const point = { at: startOf(index), value: values[index] as number };
    return sampleCount === undefined ? point : { ...point, sampleCount };
  });
  const asked = Array.from({ length: EvaluationPeriods }, (_, index) => startOf(count - 1 - index));
  const kept =
    state !== undefined && !tooFewSamples(definition, plan, samples, evaluated) ? state : undefined;
  const told = {
    definition,
    queryAt: ctx.now,
    points,
    missing,
    treatment,
    datapointsToAlarm: DatapointsToAlarm,
    periods: asked,
  };
  const evaluation = { ...told, state: state ?? 'INSUFFICIENT_DATA' };
  return {
    plan,
    periods,
    state: kept,
    reason: reasonOf(evaluation),
    reasonData: reasonDataOf(evaluation),
    value: points[0]?.value,
  };
}

/** EvaluateLowSampleCountPercentile `ignore`: the state stays while there are too few samples to say anything. */
function tooFewSamples(
  definition: Definition,
  plan: Plan,
  samples: Samples,
  evaluated: readonly number[],
): boolean {
  if (definition.EvaluateLowSampleCountPercentile !== 'ignore' || evaluated.length === 0) return false;
  const statistic = plan.metrics[0]?.statistic;
  const series = samples.get(ONLY) ?? [];
  const count = evaluated.reduce((sum, index) => sum + (series[index]?.count ?? 0), 0);
  return statistic !== undefined && count < fewestSamples(statistic);
}

/** The evaluation at which what is read can next differ from now; none while nothing new is stored. */
function nextLook(ctx: Ctx, { clock }: MetricAlarm, { plan, periods }: Look): number | undefined {
  let next = Infinity;
  for (const { key } of plan.metrics) {
    const { now, appearsAt, slidesAt } = restlessness(ctx, key, periods, grainOf(clock), ctx.now);
    if (now) return tickAfter(clock, ctx.now);
    if (appearsAt < Infinity) next = Math.min(next, tickAfter(clock, appearsAt));
    if (slidesAt < Infinity) next = Math.min(next, tickAfter(clock, Math.max(ctx.now, slidesAt - 1)));
  }
  return next < Infinity ? next : undefined;
}

/**
 * Evaluates an alarm at its own instants. In AWS that happens every minute for every alarm; here only where the data can say
 * something else than before, which comes to the same states at the same instants.
 */
export const evaluate: Reconciler<Alarm, Ctx> = {
  ...EVALUATION,
  table: alarms,
  step(ctx, alarm) {
    if (alarm.kind !== 'metric') return undefined;
    const { clock } = alarm;
    if (tickAfter(clock, ctx.now - 1) !== ctx.now) return tickAfter(clock, ctx.now);
    const found = look(ctx, alarm);
    if (found.state !== undefined && found.state !== alarm.state.value) {
      enterState(
        ctx,
        alarm,
        { value: found.state, reason: found.reason, reasonData: found.reasonData },
        found.value,
      );
    } else {
      repeatActions(ctx, alarm, found.value);
    }
    const now = ctx.get(alarms, alarm.name);
    if (now && repeats(now)) return tickAfter(clock, ctx.now);
    return nextLook(ctx, alarm, found);
  },
};

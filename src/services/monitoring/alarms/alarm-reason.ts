// What an alarm says about its state: the sentence and the JSON data behind it. Pure. The wording is that of reasons in AWS's
// documentation and of published notifications.

import { Double, isoInstant, javaDouble, json, shortInstant } from '../java-text.ts';
import type { Definition } from './alarm.ts';
import type { StateValue, Treatment } from './missing-data.ts';

export interface EvaluatedPoint {
  /** Start of its period. */
  readonly at: number;
  readonly value: number;
  /** Absent for metric math. */
  readonly sampleCount?: number;
}

export interface Evaluation {
  readonly definition: Definition;
  readonly state: StateValue;
  readonly queryAt: number;
  /** Newest first. */
  readonly points: readonly EvaluatedPoint[];
  readonly missing: number;
  readonly treatment: Treatment;
  readonly datapointsToAlarm: number;
  /** Starts of the periods that were asked for where no data point was found, newest first. */
  readonly periods: readonly number[];
}

const COMPARISONS: Readonly<Record<string, string>> = {
  GreaterThanThreshold: 'greater than',
  GreaterThanOrEqualToThreshold: 'greater than or equal to',
  LessThanThreshold: 'less than',
  LessThanOrEqualToThreshold: 'less than or equal to',
};

const TREATED: Readonly<Record<Treatment, string>> = {
  breaching: 'Breaching',
  notBreaching: 'NonBreaching',
  missing: 'Missing',
  ignore: 'Ignore',
};

/** From this many on, the data points follow in a sentence of their own, and no more than this many. */
const LISTED = 5;

export function breaches({ ComparisonOperator, Threshold }: Definition, value: number): boolean {
  switch (ComparisonOperator) {
    case 'GreaterThanThreshold':
      return value > Threshold;
    case 'GreaterThanOrEqualToThreshold':
      return value >= Threshold;
    case 'LessThanThreshold':
      return value < Threshold;
    default:
      return value <= Threshold;
  }
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
const was = (count: number): string => (count === 1 ? 'was' : 'were');

export function reasonOf(evaluation: Evaluation): string {
  const { definition, state, points, missing, treatment } = evaluation;
  const periods = definition.EvaluationPeriods;
  if (state === 'INSUFFICIENT_DATA')
    return `Insufficient Data: ${counted(periods, 'datapoint')} ${was(periods)} unknown.`;
  const filled = `${counted(missing, 'missing datapoint')} ${was(missing)} treated as [${TREATED[treatment]}]`;
  const chosen = points.filter(({ value }) => breaches(definition, value) === (state === 'ALARM'));
  if (chosen.length === 0) {
    const received =
      points.length === 0
        ? 'no datapoints were'
        : `${counted(points.length, 'datapoint')} ${was(points.length)}`;
    return `Threshold Crossed: ${received} received for ${counted(periods, 'period')} and ${filled}.`;
  }
  const shown = treatment === 'breaching' || treatment === 'notBreaching' ? missing : 0;
  return `Threshold Crossed: ${sentence(evaluation, chosen, shown > 0 ? ` and ${filled}` : '')}`;
}

function sentence(evaluation: Evaluation, chosen: readonly EvaluatedPoint[], filled: string): string {
  const { definition, state, datapointsToAlarm } = evaluation;
  const { DatapointsToAlarm, EvaluationPeriods, ComparisonOperator, Threshold } = definition;
  const count = chosen.length;
  const list = chosen.slice(0, LISTED).map(({ at, value }) => `${javaDouble(value)} (${shortInstant(at)})`);
  const inline = count < LISTED ? ` [${list.join(', ')}]` : '';
  const head =
    DatapointsToAlarm === undefined
      ? counted(count, 'datapoint')
      : `${count} out of the last ${counted(EvaluationPeriods, 'datapoint')}`;
  // AWS writes "1 out of the last 1 datapoints".
  const subject = head.replace(/last 1 datapoint$/, 'last 1 datapoints');
  const not = state === 'ALARM' ? '' : 'not ';
  const comparison = `${was(count)} ${not}${COMPARISONS[ComparisonOperator]} the threshold`;
  const crossed = `${subject}${inline} ${comparison} (${javaDouble(Threshold)})${filled}`;
  const which = state === 'ALARM' ? ' which crossed the threshold' : '';
  const later = count < LISTED ? '' : `. The most recent datapoints${which}: [${list.join(', ')}]`;
  if (DatapointsToAlarm === undefined) return `${crossed}${later}.`;
  const fewest = state === 'ALARM' ? datapointsToAlarm : EvaluationPeriods - datapointsToAlarm + 1;
  const transition = state === 'ALARM' ? 'OK -> ALARM' : 'ALARM -> OK';
  return `${crossed}${later} (minimum ${counted(fewest, 'datapoint')} for ${transition} transition).`;
}

/** JSON text; numbers are written as Java writes doubles. */
export function reasonDataOf({ definition, queryAt, points, periods }: Evaluation): string {
  const { Statistic, ExtendedStatistic, Unit, Period, Metrics, Threshold } = definition;
  const oldest = points.at(-1);
  const evaluated = points.map(({ at, value, sampleCount }) => ({
    timestamp: isoInstant(at),
    sampleCount: sampleCount === undefined ? undefined : new Double(sampleCount),
    value: new Double(value),
  }));
  return json({
    version: '1.0',
    queryDate: isoInstant(queryAt),
    startDate: oldest && isoInstant(oldest.at),
    unit: Unit,
    statistic: Statistic ?? ExtendedStatistic,
    period: Period ?? Metrics?.find(({ MetricStat }) => MetricStat)?.MetricStat?.Period,
    recentDatapoints: points.map(({ value }) => new Double(value)).toReversed(),
    threshold: new Double(Threshold),
    evaluatedDatapoints: points.length > 0 ? evaluated : periods.map((at) => ({ timestamp: isoInstant(at) })),
  });
}

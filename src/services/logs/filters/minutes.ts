// What came in during a minute, published as metrics when the minute is over: AWS/Logs and the values of metric filters.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { instantKey, metricFilters, streamKey } from '../tables.ts';
import type { Batch, LogGroup, MetricFilter } from '../tables.ts';
import { MINUTE } from '../timings.ts';
import type { LogMessage } from './log-message.ts';
import { match, parsePattern, valueOf } from './pattern.ts';
import type { Extracted, Pattern } from './pattern.ts';

/** What a metric filter found in one batch: how often a value came, of which minute, under which dimensions. */
interface Sample {
  readonly at: number;
  readonly value: number;
  readonly count: number;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** One batch, until its minute is over. */
export interface Ingestion {
  /** Group, minute, order of arrival. */
  key: string;
  events: number;
  bytes: number;
  /** By name of the metric filter; empty where nothing matched. */
  samples: Readonly<Record<string, readonly Sample[]>>;
}

export const ingestions: Table<Ingestion> = table<Ingestion>('logs/ingestions', (row) => row.key);

const minuteOver: TimerKind<{ group: string; minute: number }> = timer<{ group: string; minute: number }>(
  'logs/minute-over',
  { background: true },
);

const minutePrefix = (group: string, minute: number): string => `${group}:${instantKey(minute)}:`;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Takes down what a batch means to the group's metrics. */
export function takeDown(
  ctx: Ctx,
  group: LogGroup,
  batch: Batch,
  bytes: number,
  messages: readonly LogMessage[],
): void {
  const minute = ctx.now - (ctx.now % MINUTE);
  const prefix = minutePrefix(group.name, minute);
  if (ctx.scan(ingestions, { prefix, limit: 1 }).length === 0)
    ctx.schedule(minuteOver, minute + MINUTE, { group: group.name, minute });
  const filters = ctx.scan(metricFilters, { prefix: `${group.name}:` });
  const samples = filters.map((filter) => [filter.name, samplesOf(filter, batch, messages)] as const);
  ctx.put(ingestions, {
    key: `${prefix}${batch.sequence}`,
    events: batch.events.length,
    bytes,
    samples: Object.fromEntries(samples),
  });
}

function samplesOf(filter: MetricFilter, batch: Batch, messages: readonly LogMessage[]): Sample[] {
  const pattern = parsePattern(filter.pattern);
  const found = new Map<string, Sample>();
  for (const [index, message] of messages.entries()) {
    const extracted = match(pattern, message);
    const value = extracted && valueFor(filter, pattern, message, extracted);
    if (!extracted || value === undefined) continue;
    const time = batch.events[index]?.[0] ?? 0;
    const at = time - (time % MINUTE);
    const dimensions = dimensionsFor(filter, pattern, message, extracted);
    const key = JSON.stringify([at, value, dimensions]);
    found.set(key, { at, value, dimensions, count: (found.get(key)?.count ?? 0) + 1 });
  }
  return [...found.values()];
}

/** The number that a matching event stands for. A reference to what is no number there stands for none. */
function valueFor(
  { transformation: { metricValue } }: MetricFilter,
  pattern: Pattern,
  message: LogMessage,
  extracted: Extracted,
): number | undefined {
  const text = metricValue.startsWith('$') ? valueOf(pattern, message, extracted, metricValue) : metricValue;
  return text !== undefined && NUMBER.test(text) ? Number(text) : undefined;
}

/** A dimension whose field an event lacks is left out. */
function dimensionsFor(
  { transformation: { dimensions = {} } }: MetricFilter,
  pattern: Pattern,
  message: LogMessage,
  extracted: Extracted,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, reference] of Object.entries(dimensions)) {
    const value = valueOf(pattern, message, extracted, reference);
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}

export const publish: TimerHandler<{ group: string; minute: number }, Ctx> = {
  kind: minuteOver,
  live: (ctx, { group, minute }) =>
    ctx.scan(ingestions, { prefix: minutePrefix(group, minute), limit: 1 }).length > 0,
  fire(ctx, { group, minute }) {
    const rows = ctx.scan(ingestions, { prefix: minutePrefix(group, minute) });
    let events = 0;
    let bytes = 0;
    const byFilter = new Map<string, Sample[]>();
    for (const row of rows) {
      events += row.events;
      bytes += row.bytes;
      for (const [name, samples] of Object.entries(row.samples)) {
        const known = byFilter.get(name);
        if (known) known.push(...samples);
        else byFilter.set(name, [...samples]);
      }
      ctx.delete(ingestions, row.key);
    }
    publishSum(ctx, 'IncomingLogEvents', 'None', { LogGroupName: group }, minute, events);
    publishSum(ctx, 'IncomingLogEvents', 'None', {}, minute, events);
    publishSum(ctx, 'IncomingBytes', 'Bytes', { LogGroupName: group }, minute, bytes);
    publishSum(ctx, 'IncomingBytes', 'Bytes', {}, minute, bytes);
    for (const [name, samples] of byFilter) {
      const filter = ctx.get(metricFilters, streamKey(group, name));
      if (filter) publishFilter(ctx, filter, minute, samples);
    }
  },
};

/**
 * Metrics of CloudWatch Logs itself.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
 */
export function publishSum(
  ctx: Ctx,
  name: string,
  unit: string,
  dimensions: Readonly<Record<string, string>>,
  at: number,
  value: number,
): void {
  const metric = { namespace: 'AWS/Logs', name, dimensions };
  ctx.port(metrics).publish(ctx, metric, { at, unit, values: [value], counts: [1] });
}

function publishFilter(
  ctx: Ctx,
  { transformation }: MetricFilter,
  minute: number,
  samples: readonly Sample[],
): void {
  const { metricNamespace: namespace, metricName: name, defaultValue, unit = 'None' } = transformation;
  const port = ctx.port(metrics);
  if (samples.length === 0) {
    // Events came in and none matched.
    if (defaultValue === undefined) return;
    const point = { at: minute, unit, values: [defaultValue], counts: [1] };
    return port.publish(ctx, { namespace, name, dimensions: {} }, point);
  }
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = JSON.stringify([sample.at, sample.dimensions]);
    const known = series.get(key);
    if (known) known.push(sample);
    else series.set(key, [sample]);
  }
  for (const together of series.values()) {
    const [{ at, dimensions }] = together as [Sample];
    const values = together.map(({ value }) => value);
    const counts = together.map(({ count }) => count);
    port.publish(ctx, { namespace, name, dimensions }, { at, unit, values, counts });
  }
}

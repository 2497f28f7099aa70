// Data points as they are stored: one row for each minute (or second) of a metric, and one row for each stretch of a level.
// What is stored becomes visible only after AWS's delay; readers and alarms ask for what was visible at an instant.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { MetricId, Metrics } from '#cloud/ports/metrics.ts';
import { ACTIVITY_GRAIN_MS, listingDelay, RETENTION_MS, vendedDelay } from '../timings.ts';
import { wakeAlarmsOf } from './alarm-metrics.ts';
import { metricKey } from './metric-key.ts';
import { aggregateOf, merged } from './statistics.ts';
import type { Aggregate } from './statistics.ts';

export const MINUTE = 60_000;

/** A value at which a metric stands since the beginning of a minute. */
export interface Level {
  readonly since: number;
  readonly unit: string;
  readonly value: number;
}

export interface Metric {
  key: string;
  namespace: string;
  name: string;
  dimensions: Readonly<Record<string, string>>;
  listedAt: number;
  /** A recent data point, to within `ACTIVITY_GRAIN_MS`. */
  activeAt: number;
  level?: Level;
}

/** Samples that become visible together. */
export interface Part extends Aggregate {
  readonly visibleAt: number;
}

/** What was measured in one minute, or in one second at high resolution, in one unit. */
export interface Point {
  metric: string;
  at: number;
  unit: string;
  /** Seconds: 1 or 60. */
  resolution: 1 | 60;
  parts: readonly Part[];
}

/** A stretch of minutes in which a metric stood at one value and that has ended. */
export interface Stretch extends Level {
  readonly metric: string;
  readonly until: number;
}

/** Instants in keys: as wide as the year 2286 needs, so that they sort as numbers do. */
export function instantKey(at: number): string {
  return String(at).padStart(13, '0');
}

export const metricRows: Table<Metric> = table<Metric>('monitoring/metrics', (row) => row.key);

export const points: Table<Point> = table<Point>('monitoring/points', (row) =>
  pointKey(row.metric, row.at, row.unit),
);

/** Keyed by their end, so that the first one after an instant is the one in which that instant lies. */
export const stretches: Table<Stretch> = table<Stretch>('monitoring/stretches', (row) =>
  stretchKey(row.metric, row.until),
);

function pointKey(metric: string, at: number, unit: string): string {
  return `${metric}@${instantKey(at)}@${unit}`;
}

function stretchKey(metric: string, until: number): string {
  return `${metric}@${instantKey(until)}`;
}

/** Parts that one row keeps apart because they become visible at different instants; beyond that the newest two are merged. */
const MOST_PARTS = 16;

interface NewPoint {
  readonly at: number;
  readonly unit: string;
  readonly resolution: 1 | 60;
  readonly aggregate: Aggregate;
  readonly visibleAt: number;
}

/** Stores samples of a metric and lets its alarms look when they can be seen. */
export function record(
  ctx: Ctx,
  id: MetricId,
  { at, unit, resolution, aggregate, visibleAt }: NewPoint,
): void {
  const metric = active(ctx, id, at);
  const start = resolution === 1 ? at - (at % 1000) : at - (at % MINUTE);
  const row = ctx.get(points, pointKey(metric.key, start, unit));
  const part = { ...aggregate, visibleAt };
  ctx.put(points, {
    metric: metric.key,
    at: start,
    unit,
    resolution: row?.resolution === 1 ? 1 : resolution,
    parts: row ? withPart(row.parts, part, ctx.now) : [part],
  });
  forget(ctx, metric.key);
  wakeAlarmsOf(ctx, metric.key, visibleAt);
}

/** The parts of a row with one more; what can be seen already, or appears together, becomes one. */
function withPart(parts: readonly Part[], part: Part, now: number): readonly Part[] {
  const found = [...parts];
  const twin = found.findIndex(
    ({ visibleAt }) => visibleAt === part.visibleAt || (visibleAt < now && part.visibleAt < now),
  );
  if (twin >= 0) found[twin] = join(found[twin] as Part, part);
  else found.push(part);
  const seen = found.filter(({ visibleAt }) => visibleAt < now);
  const coming = found
    .filter(({ visibleAt }) => visibleAt >= now)
    .toSorted((left, right) => left.visibleAt - right.visibleAt);
  if (coming.length > MOST_PARTS) coming.push(join(coming.pop() as Part, coming.pop() as Part));
  return seen.length > 0 ? [seen.reduce(join), ...coming] : coming;
}

function join(left: Part, right: Part): Part {
  return { ...merged(left, right), visibleAt: Math.max(left.visibleAt, right.visibleAt) };
}

/** The metric's row, made with its first data point and kept roughly as active as it is. */
function active(ctx: Ctx, id: MetricId, at: number): Metric {
  const key = metricKey(id);
  const known = ctx.get(metricRows, key);
  if (known)
    return at < known.activeAt + ACTIVITY_GRAIN_MS ? known : ctx.update(metricRows, known, { activeAt: at });
  const { namespace, name, dimensions } = id;
  const listedAt = ctx.now + ctx.duration(listingDelay, key);
  const metric: Metric = { key, namespace, name, dimensions, listedAt, activeAt: at };
  ctx.put(metricRows, metric);
  return metric;
}

/** Drops the oldest rows of a metric once they are past their retention: two for each that comes. */
function forget(ctx: Ctx, key: string): void {
  const oldest = ctx.now - RETENTION_MS;
  for (const row of ctx.scan(points, { prefix: `${key}@`, limit: 2 })) {
    if (row.at < oldest) ctx.delete(points, pointKey(key, row.at, row.unit));
  }
  for (const row of ctx.scan(stretches, { prefix: `${key}@`, limit: 2 })) {
    if (row.until < oldest) ctx.delete(stretches, stretchKey(key, row.until));
  }
}

/**
 * How long after the end of a minute its data appear. All metrics of one resource keep to one delay, so that metric math on
 * two of them sees both or neither.
 */
export function delayOf(ctx: Ctx, { namespace, dimensions }: MetricId): number {
  return ctx.duration(vendedDelay, metricKey({ namespace, name: '', dimensions }));
}

/** What AWS's own services publish; see the port. */
export const metricsPort: Metrics = {
  publish(ctx, metric, { at, unit, values, counts }) {
    const aggregate = aggregateOf(values, counts);
    if (aggregate.count === 0) return;
    const visibleAt = Math.max(ctx.now, at + MINUTE) + delayOf(ctx, metric);
    record(ctx, metric, { at, unit, resolution: 60, aggregate, visibleAt });
  },

  level(ctx, id, unit, value) {
    const minute = ctx.now - (ctx.now % MINUTE);
    const known = ctx.get(metricRows, metricKey(id));
    if (known?.level?.value === value && (value === undefined || known?.level?.unit === unit)) return;
    const metric = active(ctx, id, ctx.now);
    const { level: before, ...rest } = metric;
    // Within one minute only the last value counts: a metric is sampled as its minute ends.
    if (before && before.since < minute) ctx.put(stretches, { ...before, metric: metric.key, until: minute });
    ctx.put(metricRows, value === undefined ? rest : { ...rest, level: { since: minute, unit, value } });
    forget(ctx, metric.key);
    wakeAlarmsOf(ctx, metric.key, minute + MINUTE + delayOf(ctx, id));
  },
};

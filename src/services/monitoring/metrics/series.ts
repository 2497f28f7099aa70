// Reading data points: the samples of a metric, put together for consecutive periods.

import type { Ctx } from '#cloud/ctx.ts';
import { delayOf, instantKey, metricRows, MINUTE, points, stretches } from './points.ts';
import type { Metric, Point, Stretch } from './points.ts';
import { merged } from './statistics.ts';
import type { Aggregate } from './statistics.ts';

/** Consecutive periods. */
export interface Periods {
  /** Start of the first one, epoch ms. */
  readonly from: number;
  readonly periodMs: number;
  readonly count: number;
}

/** Samples by period; nothing where there are none. */
export type Series = readonly (Aggregate | undefined)[];

interface Reading {
  readonly periods: Periods;
  /** What became visible before this instant is seen. */
  readonly seenBefore: number;
  /** Whether percentiles will be asked for. */
  readonly histograms: boolean;
}

/** The samples of a metric in each of its units. */
export function seriesByUnit(ctx: Ctx, key: string, reading: Reading): ReadonlyMap<string, Series> {
  const metric = ctx.get(metricRows, key);
  const found = new Map<string, (Aggregate | undefined)[]>();
  if (!metric) return found;
  const { from, periodMs, count } = reading.periods;
  const add = (unit: string, at: number, aggregate: Aggregate): void => {
    let series = found.get(unit);
    if (!series) found.set(unit, (series = Array.from<undefined>({ length: count })));
    const index = Math.floor((at - from) / periodMs);
    const { histogram: _, ...plain } = aggregate;
    const samples = reading.histograms ? aggregate : plain;
    const before = series[index];
    series[index] = before ? merged(before, samples) : samples;
  };
  for (const { at, unit, parts } of pointsIn(ctx, key, from, from + periodMs * count)) {
    for (const { visibleAt, ...samples } of parts) if (visibleAt < reading.seenBefore) add(unit, at, samples);
  }
  addLevels(ctx, metric, reading, add);
  return found;
}

/** The samples of a metric in one unit, or in all of them taken together. */
export function seriesOf(ctx: Ctx, key: string, unit: string | undefined, reading: Reading): Series {
  const byUnit = seriesByUnit(ctx, key, reading);
  if (unit !== undefined) return byUnit.get(unit) ?? Array.from<undefined>({ length: reading.periods.count });
  const whole = Array.from<Aggregate | undefined>({ length: reading.periods.count });
  for (const series of byUnit.values()) {
    for (const [index, samples] of series.entries()) {
      const before = whole[index];
      whole[index] = before && samples ? merged(before, samples) : (samples ?? before);
    }
  }
  return whole;
}

/** Rows of a metric in `[from, to)`. The store is read directly because a listing has no upper end. */
function pointsIn(ctx: Ctx, key: string, from: number, to: number): Point[] {
  const found: Point[] = [];
  ctx.kernel.store.scan(points, ctx.scope, `${key}@${instantKey(from)}`, (row) => {
    const point = row as Point;
    if (point.metric !== key || point.at >= to) return false;
    found.push(point);
    return true;
  });
  return found;
}

/** Stretches of a level that ended after `from`, and the one that lasts. */
function levelsFrom(ctx: Ctx, { key, level }: Metric, from: number): Stretch[] {
  const ended = ctx.scan(stretches, { prefix: `${key}@`, after: `${key}@${instantKey(from)}` });
  return level ? [...ended, { ...level, metric: key, until: Infinity }] : ended;
}

/** A level is one sample for each minute, taken as the minute ends and seen after AWS's delay. */
function addLevels(
  ctx: Ctx,
  metric: Metric,
  { periods: { from, periodMs, count }, seenBefore }: Reading,
  add: (unit: string, at: number, aggregate: Aggregate) => void,
): void {
  const levels = levelsFrom(ctx, metric, from);
  if (levels.length === 0) return;
  // Minutes that begin before this instant can be seen.
  const seen = seenBefore - MINUTE - delayOf(ctx, metric);
  for (const { since, until, unit, value } of levels) {
    const first = Math.max(0, Math.floor((since - from) / periodMs));
    for (let index = first; index < count; index += 1) {
      const start = Math.max(since, from + index * periodMs);
      const end = Math.min(until, seen, from + (index + 1) * periodMs);
      if (start >= Math.min(until, seen)) break;
      const minutes = Math.ceil(end / MINUTE) - Math.ceil(start / MINUTE);
      if (minutes <= 0) continue;
      const histogram = { values: [value], counts: [minutes] };
      add(unit, from + index * periodMs, {
        count: minutes,
        sum: value * minutes,
        min: value,
        max: value,
        histogram,
      });
    }
  }
}

/** When what an evaluation reads of a metric can next differ. */
export interface Restlessness {
  /** The next evaluation may differ. */
  readonly now: boolean;
  /** A stored data point becomes visible (epoch ms). */
  readonly appearsAt: number;
  /** The window has slid so far that a data point falls into another period (epoch ms, the window's end). */
  readonly slidesAt: number;
}

/**
 * Looks ahead from an evaluation over `periods`, whose window slides by `grainMs`. Nothing stored in or after the window, or a
 * level that has stood for the whole of it and goes on: every later evaluation reads the same, until something is stored.
 */
export function restlessness(
  ctx: Ctx,
  key: string,
  periods: Periods,
  grainMs: number,
  seenBefore: number,
): Restlessness {
  const metric = ctx.get(metricRows, key);
  const { from, periodMs, count } = periods;
  const end = from + periodMs * count;
  let appearsAt = Infinity;
  let slidesAt = Infinity;
  if (!metric) return { now: false, appearsAt, slidesAt };
  for (const { at, parts } of pointsIn(ctx, key, from, Infinity)) {
    for (const { visibleAt } of parts)
      if (visibleAt >= seenBefore) appearsAt = Math.min(appearsAt, visibleAt);
    const ago = at < end ? Math.ceil((end - at) / periodMs) : 0;
    slidesAt = Math.min(slidesAt, (Math.floor((at + ago * periodMs) / grainMs) + 1) * grainMs);
  }
  // Below a minute the pattern of a level's minutes within the window changes with every evaluation.
  const now = levelsFrom(ctx, metric, from).some(
    ({ since, until }) => until < Infinity || since > from || grainMs < MINUTE,
  );
  return { now, appearsAt, slidesAt };
}

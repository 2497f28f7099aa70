// The few kinds of plot that a report needs, as SVG text. Pure: data in, markup out.

import { escapeXml } from './junit.ts';

/** Width and margins of all plots (CSS pixels), so that their time axes line up. */
const WIDTH = 960;
const LEFT = 170;
const RIGHT = 20;
/** Room for the axis below a plot. */
const AXIS = 18;

/** The time that plots show. Minutes count from `zero`. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
  readonly zero: number;
}

/** A stretch of time in which values hold. */
export interface Stretch {
  readonly at: number;
  readonly to: number;
}

export interface Layer {
  readonly name: string;
  readonly colour: string;
  /** One value for each stretch. */
  readonly values: readonly number[];
}

/** A numbered instant, explained in the text beside the plots. */
export interface Mark {
  readonly at: number;
  readonly number: number;
  readonly colour: string;
}

/** What plots have in common: the time they show and the instants marked in it. */
export interface Frame {
  readonly span: TimeSpan;
  readonly marks: readonly Mark[];
  /** Whether the marks show their numbers, in a band above the plot; one plot of several is enough. */
  readonly numbered?: boolean;
}

/** Horizontal place of an instant. */
export function xOf(at: number, { from, to }: TimeSpan): number {
  const share = to > from ? (at - from) / (to - from) : 0;
  return LEFT + Math.min(1, Math.max(0, share)) * (WIDTH - LEFT - RIGHT);
}

const STEPS_MIN = [1 / 60, 1 / 12, 1 / 4, 1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440];

/** Minutes since the operation began, at round steps; before it they are negative. */
function timeAxis({ from, to, zero }: TimeSpan, height: number): string {
  const step = (STEPS_MIN.find((one) => (to - from) / 60_000 / one <= 14) ?? 2880) * 60_000;
  const first = Math.ceil((from - zero) / step);
  const count = Math.floor((to - zero) / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step)
    .map((offset) => {
      const x = xOf(zero + offset, { from, to, zero }).toFixed(1);
      return `<line x1="${x}" x2="${x}" y1="0" y2="${height - AXIS}" class="${offset === 0 ? 'zero' : 'grid'}"/><text x="${x}" y="${height - 4}" class="tick">${axisText(offset)}</text>`;
    })
    .join('');
}

function axisText(offsetMs: number): string {
  const sign = offsetMs < 0 ? '\u2212' : '';
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  return seconds % 60 === 0 ? `${sign}${seconds / 60} min` : `${sign}${seconds} s`;
}

/** Layers on top of each other: requests by version and outcome. */
export function stackedAreas(
  title: string,
  stretches: readonly Stretch[],
  layers: readonly Layer[],
  frame: Frame,
  height: number = 150,
): string {
  const plot = height - AXIS;
  const totals = stretches.map((_, i) => layers.reduce((sum, layer) => sum + (layer.values[i] ?? 0), 0));
  const top = roundUp(Math.max(0, ...totals));
  const y = (value: number): number => plot - (value / top) * (plot - 8);
  const areas = areasOf(stretches, layers, (at) => xOf(at, frame.span), y);
  const parts = [grid(top, y, frame.span), timeAxis(frame.span, height), areas, marks(frame, plot)];
  return figure(title, height, parts, bandOf(frame));
}

function areasOf(
  stretches: readonly Stretch[],
  layers: readonly Layer[],
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  const below = stretches.map(() => 0);
  return layers
    .filter(({ values }) => values.some((value) => value > 0))
    .map(({ name, colour, values }) => {
      const floor = [...below];
      for (const [i, value] of values.entries()) below[i] = (below[i] ?? 0) + value;
      const outline = [...steps(stretches, below, x, y), ...steps(stretches, floor, x, y).toReversed()];
      return `<polygon points="${outline.join(' ')}" fill="${colour}"><title>${escapeXml(name)}</title></polygon>`;
    })
    .join('');
}

/** Values that hold until the next one: healthy capacity, latency. */
export function stepLines(
  title: string,
  stretches: readonly Stretch[],
  lines: readonly Layer[],
  frame: Frame,
  height: number = 90,
): string {
  const plot = height - AXIS;
  const top = roundUp(Math.max(0, ...lines.flatMap(({ values }) => values)));
  const y = (value: number): number => plot - (value / top) * (plot - 8);
  const drawn = lines.map(({ name, colour, values }) => {
    const points = steps(stretches, values, (at) => xOf(at, frame.span), y);
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.8"><title>${escapeXml(name)}</title></polyline>`;
  });
  const parts = [grid(top, y, frame.span), timeAxis(frame.span, height), ...drawn, marks(frame, plot)];
  return figure(title, height, parts, bandOf(frame));
}

export interface Bar extends Stretch {
  readonly colour: string;
  readonly label: string;
}

/** A row of bars for each name: lifecycle events of instances. */
export function timeline(
  title: string,
  rows: readonly { name: string; bars: readonly Bar[] }[],
  frame: Frame,
): string {
  const { span } = frame;
  const rowHeight = 18;
  const height = rows.length * rowHeight + AXIS + 6;
  const body = rows.map(({ name, bars }, row) => {
    const y = row * rowHeight + 3;
    const drawn = bars.map(({ at, to, colour, label }) => {
      const x = xOf(at, span);
      const width = Math.max(1.5, xOf(to, span) - x);
      return `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${rowHeight - 5}" fill="${colour}"><title>${escapeXml(label)}</title></rect>`;
    });
    return `<text x="0" y="${y + 11}" class="label">${escapeXml(name)}</text>${drawn.join('')}`;
  });
  const parts = [timeAxis(span, height), marks(frame, height - AXIS), ...body];
  return figure(title, height, parts, bandOf(frame));
}

const SPARK_WIDTH = 150;
const SPARK_HEIGHT = 26;
const STRIP = 4;

/** A plot the size of a word: who answered, and below it a strip that is the redder the more requests failed. */
export function sparkline(
  stretches: readonly (Stretch & { readonly requests: number; readonly failed: number })[],
  layers: readonly Layer[],
  failedColour: string,
): string {
  const from = stretches[0]?.at ?? 0;
  const to = Math.max(from + 1, stretches.at(-1)?.to ?? 0);
  const x = (at: number): number => ((at - from) / (to - from)) * SPARK_WIDTH;
  const totals = stretches.map((_, i) => layers.reduce((sum, layer) => sum + (layer.values[i] ?? 0), 0));
  const top = Math.max(1, ...totals);
  const y = (value: number): number => (SPARK_HEIGHT - STRIP - 2) * (1 - value / top);
  const strip = stretches
    .filter(({ failed }) => failed > 0)
    .map(({ at, to: end, requests, failed }) => {
      const opacity = Math.min(1, 0.35 + (2 * failed) / Math.max(1, requests)).toFixed(2);
      return `<rect x="${x(at).toFixed(1)}" y="${SPARK_HEIGHT - STRIP}" width="${(x(end) - x(at)).toFixed(1)}" height="${STRIP}" shape-rendering="crispEdges" fill="${failedColour}" opacity="${opacity}"/>`;
    });
  return `<svg class="spark" width="${SPARK_WIDTH}" height="${SPARK_HEIGHT}" viewBox="0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}" role="img" aria-label="requests by version and failures over time">${areasOf(stretches, layers, x, y)}${strip.join('')}</svg>`;
}

export function legend(layers: readonly { name: string; colour: string }[]): string {
  const items = layers.map(
    ({ name, colour }) => `<span><i style="background:${colour}"></i>${escapeXml(name)}</span>`,
  );
  return `<p class="legend">${items.join(' ')}</p>`;
}

/** Rows of numbers that the band above a plot needs: numbers of instants close to each other stand in rows of their own. */
function tiersOf({ span, marks: all }: Frame): number[] {
  const taken: number[] = [];
  return all.map(({ at }) => {
    const x = xOf(at, span);
    const free = taken.findIndex((last) => x - last > 16);
    const tier = free < 0 ? taken.length : free;
    taken[tier] = x;
    return tier;
  });
}

const TIER = 16;

/** Height of the band above a plot in which the numbers stand. */
function bandOf(frame: Frame): number {
  return frame.numbered ? (Math.max(-1, ...tiersOf(frame)) + 1) * TIER + 2 : 0;
}

function marks(frame: Frame, height: number): string {
  const { span, marks: all, numbered } = frame;
  const tiers = tiersOf(frame);
  const band = bandOf(frame);
  const lines = all.map(({ at, colour }, i) => {
    const x = xOf(at, span).toFixed(1);
    const top = numbered ? -band + ((tiers[i] ?? 0) + 0.5) * TIER : 0;
    return `<line x1="${x}" x2="${x}" y1="${top}" y2="${height}" class="mark" stroke="${colour}"/>`;
  });
  if (!numbered) return lines.join('');
  const badges = all.map(({ at, number, colour }, i) => {
    const x = xOf(at, span).toFixed(1);
    const y = -band + ((tiers[i] ?? 0) + 0.5) * TIER;
    return `<circle cx="${x}" cy="${y}" r="7.5" fill="${colour}"/><text x="${x}" y="${y + 3.5}" class="number">${number}</text>`;
  });
  return [...lines, ...badges].join('');
}

function steps(
  stretches: readonly Stretch[],
  values: readonly number[],
  x: (at: number) => number,
  y: (value: number) => number,
): string[] {
  return stretches.flatMap(({ at, to }, i) => {
    const height = y(values[i] ?? 0).toFixed(1);
    return [`${x(at).toFixed(1)},${height}`, `${x(to).toFixed(1)},${height}`];
  });
}

/** The next round number at or above a value, so that scales read well. */
function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  let unit = 1;
  while (unit * 10 <= value) unit *= 10;
  while (unit > value) unit /= 10;
  return ([1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8].find((one) => one * unit >= value) ?? 10) * unit;
}

function grid(top: number, y: (value: number) => number, span: TimeSpan): string {
  return [0, top / 2, top]
    .map((value) => {
      const at = y(value).toFixed(1);
      const line = `<line x1="${LEFT}" x2="${xOf(span.to, span)}" y1="${at}" y2="${at}" class="grid"/>`;
      return `${line}<text x="${LEFT - 6}" y="${Number(at) + 4}" class="scale">${shown(value)}</text>`;
    })
    .join('');
}

function shown(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function figure(title: string, height: number, body: readonly string[], band: number = 0): string {
  const svg = `<svg viewBox="0 ${-band} ${WIDTH} ${height + band}" role="img" aria-label="${escapeXml(title)}">${body.join('')}</svg>`;
  return `<figure><figcaption>${escapeXml(title)}</figcaption>${svg}</figure>`;
}

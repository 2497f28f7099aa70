// The few kinds of plot that a report needs, as SVG text. Pure: data in, markup out.

import { escapeXml } from './junit.ts';

/** Width and margins of all plots (CSS pixels), so that their time axes line up. */
export const WIDTH = 960;
const LEFT = 150;
const RIGHT = 16;

export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

export interface Layer {
  readonly name: string;
  readonly colour: string;
  /** One value for each instant. */
  readonly values: readonly number[];
}

/** Horizontal place of an instant. */
export function xOf(at: number, { from, to }: TimeSpan): number {
  const share = to > from ? (at - from) / (to - from) : 0;
  return LEFT + Math.min(1, Math.max(0, share)) * (WIDTH - LEFT - RIGHT);
}

/** Minutes since the beginning, at round steps. */
export function timeAxis(span: TimeSpan, height: number): string {
  const minutes = (span.to - span.from) / 60_000;
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 240].find((one) => minutes / one <= 12) ?? 480;
  const ticks = Array.from({ length: Math.floor(minutes / step) + 1 }, (_, i) => i * step);
  return ticks
    .map((minute) => {
      const x = xOf(span.from + minute * 60_000, span).toFixed(1);
      return `<line x1="${x}" x2="${x}" y1="0" y2="${height - 18}" class="grid"/><text x="${x}" y="${height - 4}" class="tick">${minute} min</text>`;
    })
    .join('');
}

/** Layers on top of each other: requests by version and outcome. */
export function stackedAreas(
  title: string,
  instants: readonly number[],
  layers: readonly Layer[],
  span: TimeSpan,
): string {
  const height = 150;
  const plot = height - 18;
  const totals = instants.map((_, i) => layers.reduce((sum, layer) => sum + (layer.values[i] ?? 0), 0));
  const top = Math.max(1, ...totals);
  const y = (value: number): string => (plot - (value / top) * (plot - 10)).toFixed(1);
  const below = instants.map(() => 0);
  const areas = layers.map(({ name, colour, values }) => {
    const floor = [...below];
    for (const [i, value] of values.entries()) below[i] = (below[i] ?? 0) + value;
    const upper = steps(instants, below, span, y);
    const lower = steps(instants, floor, span, y).toReversed();
    return `<polygon points="${[...upper, ...lower].join(' ')}" fill="${colour}"><title>${escapeXml(name)}</title></polygon>`;
  });
  return figure(title, height, `${timeAxis(span, height)}${areas.join('')}${scale(top, y)}`);
}

/** A value that holds until the next one: healthy capacity. */
export function stepLine(
  title: string,
  instants: readonly number[],
  values: readonly number[],
  colour: string,
  span: TimeSpan,
): string {
  const height = 90;
  const plot = height - 18;
  const top = Math.max(1, ...values);
  const y = (value: number): string => (plot - (value / top) * (plot - 10)).toFixed(1);
  const points = steps(instants, values, span, y);
  const line = `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  return figure(title, height, `${timeAxis(span, height)}${line}${scale(top, y)}`);
}

export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly colour: string;
  readonly label: string;
}

/** A row of bars for each name: lifecycle events of instances. */
export function timeline(
  title: string,
  rows: readonly { name: string; bars: readonly Bar[] }[],
  span: TimeSpan,
): string {
  const rowHeight = 18;
  const height = rows.length * rowHeight + 24;
  const body = rows.map(({ name, bars }, row) => {
    const y = row * rowHeight + 3;
    const drawn = bars.map(({ from, to, colour, label }) => {
      const x = xOf(from, span);
      const width = Math.max(1.5, xOf(to, span) - x);
      return `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${rowHeight - 5}" fill="${colour}"><title>${escapeXml(label)}</title></rect>`;
    });
    return `<text x="0" y="${y + 11}" class="label">${escapeXml(name)}</text>${drawn.join('')}`;
  });
  return figure(title, height, `${timeAxis(span, height)}${body.join('')}`);
}

export function legend(layers: readonly { name: string; colour: string }[]): string {
  const items = layers.map(
    ({ name, colour }) => `<span><i style="background:${colour}"></i>${escapeXml(name)}</span>`,
  );
  return `<p class="legend">${items.join(' ')}</p>`;
}

function steps(
  instants: readonly number[],
  values: readonly number[],
  span: TimeSpan,
  y: (value: number) => string,
): string[] {
  return instants.flatMap((at, i) => {
    const next = instants[i + 1] ?? span.to;
    const height = y(values[i] ?? 0);
    return [`${xOf(at, span).toFixed(1)},${height}`, `${xOf(next, span).toFixed(1)},${height}`];
  });
}

function scale(top: number, y: (value: number) => string): string {
  const shown = top >= 10 ? String(Math.round(top)) : String(Math.round(top * 10) / 10);
  return `<text x="${LEFT - 6}" y="${Number(y(top)) + 4}" class="scale">${shown}</text><text x="${LEFT - 6}" y="${y(0)}" class="scale">0</text>`;
}

function figure(title: string, height: number, body: string): string {
  const svg = `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(title)}">${body}</svg>`;
  return `<figure><figcaption>${escapeXml(title)}</figcaption>${svg}</figure>`;
}

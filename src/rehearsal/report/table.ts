// The terminal's table: a row for each variant, a column for each figure.

import { figures } from '../figures.ts';
import type { RunResult } from '../result.ts';
import type { Flip } from '../sensitivity.ts';

/** Follows a figure whose ranking among the variants does not survive halving or doubling some assumed timing. */
export const FLIP_MARK = '~';

/** Variants by group, figures in columns. */
export function comparisonTable(results: readonly RunResult[], flips: readonly Flip[] = []): string {
  const groups = [...new Set(results.map((result) => result.group ?? ''))];
  const shaky = new Set(
    flips.flatMap(({ figure, better, worse }) => [`${figure} ${better}`, `${figure} ${worse}`]),
  );
  const header = ['strategy', 'ended', ...figures.map((figure) => figure.name)];
  const blocks = groups.map((group) => {
    const rows = results
      .filter((result) => (result.group ?? '') === group)
      .map((result) => [
        result.variant,
        result.ended,
        ...figures.map(
          ({ name, text }) => text(result) + (shaky.has(`${name} ${result.variant}`) ? ` ${FLIP_MARK}` : ''),
        ),
      ]);
    return { group, rows };
  });
  const widths = header.map((name, column) =>
    Math.max(name.length, ...blocks.flatMap(({ rows }) => rows.map((row) => (row[column] as string).length))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number),
      )
      .join('  ')
      .trimEnd();
  const text = blocks.flatMap(({ group, rows }) => [...(group ? ['', group] : []), ...rows.map(line)]);
  const sampled = results.some((result) => result.sampled)
    ? ['', 'Requests are real: a sample of the load, as many as one computer can take.']
    : [];
  return [line(header), ...text, ...sampled, ...flipNotes(flips)].join('\n');
}

function flipNotes(flips: readonly Flip[]): string[] {
  if (flips.length === 0) return [];
  const notes = new Map<string, Set<string>>();
  for (const { figure, timing, factor } of flips) {
    const change = `${timing} ${factor < 1 ? 'halved' : 'doubled'}`;
    notes.set(figure, (notes.get(figure) ?? new Set()).add(change));
  }
  const rows = [...notes].map(([figure, changes]) => `  ${figure}: ${[...changes].join(', ')}`);
  return ['', `${FLIP_MARK} the ranking changes when an assumed timing does:`, ...rows];
}

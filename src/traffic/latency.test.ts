// Histograms of latencies, held against counts by bin.

import { describe, expect, it } from 'vitest';
import { addCounts, binOf, BINS, binsOf, joined, mark, newMarks } from './latency.ts';

function counted(micros: readonly number[]): [Float64Array, Uint32Array] {
  const [counts, marks] = [new Float64Array(BINS), newMarks()];
  for (const one of micros) {
    counts[binOf(one)] = (counts[binOf(one)] as number) + 1;
    mark(marks, binOf(one));
  }
  return [counts, marks];
}

describe('a histogram', () => {
  const early = [0, 31, 32, 900, 900, 12_000];
  const late = [0, 33, 900, 64_000, 0xffffffff];

  it('holds what was counted, in rising order of the bins', () => {
    const histogram = addCounts([], ...counted(early));
    expect(binsOf(histogram)).toEqual([
      [0, 1],
      [31, 1],
      [32, 1],
      [binOf(900), 2],
      [binOf(12_000), 1],
    ]);
  });

  it('grows by what is counted later as if all had been counted at once', () => {
    const grown = addCounts(addCounts([], ...counted(early)), ...counted(late));
    expect(grown).toEqual(addCounts([], ...counted([...early, ...late])));
    expect(grown.at(-2)).toBe(BINS - 1);
  });

  it('is the same whether counts are added or histograms joined', () => {
    const [first, second] = [addCounts([], ...counted(early)), addCounts([], ...counted(late))];
    expect(joined([first, second])).toEqual(addCounts(first, ...counted(late)));
    expect(joined([])).toEqual([]);
  });
});

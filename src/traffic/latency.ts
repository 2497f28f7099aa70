// Bins of latencies: log-linear, as in an HDR histogram. 128 bins to each doubling, so that a bin's middle is within 0.4 % of
// every value in it. Integer arithmetic only.

/** Bins to each doubling. */
const STEPS = 128;
/** Log2 of `STEPS`. */
const STEP_BITS = 7;
/** Values from here on (71 minutes) share the last bin. */
const LARGEST = 0xffffffff;

/** How many bins there are. */
export const BINS: number = (31 - STEP_BITS) * STEPS + 2 * STEPS;

/** The bin of a latency in microseconds. */
export function binOf(micros: number): number {
  const value = micros >= LARGEST ? LARGEST : micros >>> 0;
  if (value < STEPS) return value;
  const shift = 31 - STEP_BITS - Math.clz32(value);
  return shift * STEPS + (value >>> shift);
}

/** The middle of a bin, in microseconds. */
export function microsOf(bin: number): number {
  if (bin < 2 * STEPS) return bin;
  const shift = Math.floor(bin / STEPS) - 1;
  const width = 2 ** shift;
  return (bin - shift * STEPS) * width + (width - 1) / 2;
}

/** Counts by bin, in rising order of the bins. */
export type Bins = readonly (readonly [bin: number, count: number])[];

/** Latencies as rows keep them: a flat list of bin, count in rising order of the bins. */
export type Histogram = readonly number[];

export function binsOf(histogram: Histogram): Bins {
  const found: [number, number][] = [];
  for (let i = 0; i < histogram.length; i += 2)
    found.push([histogram[i] as number, histogram[i + 1] as number]);
  return found;
}

/** Bins that were counted in: one bit each. */
export type Marks = Uint32Array;

export function newMarks(): Marks {
  return new Uint32Array(Math.ceil(BINS / 32));
}

export function mark(marks: Marks, bin: number): void {
  marks[bin >>> 5] = (marks[bin >>> 5] as number) | (1 << (bin & 31));
}

/** What both count together. `more` has a count for every bin, none of them in a bin that is not marked. */
export function addCounts(histogram: Histogram, more: Float64Array, marks: Marks): Histogram {
  const found: number[] = [];
  let at = 0;
  const passUntil = (bin: number): void => {
    for (; at < histogram.length && (histogram[at] as number) < bin; at += 2) {
      found.push(histogram[at] as number, histogram[at + 1] as number);
    }
  };
  for (let word = 0; word < marks.length; word += 1) {
    for (let bits = marks[word] as number; bits !== 0; bits &= bits - 1) {
      const bin = word * 32 + 31 - Math.clz32(bits & -bits);
      passUntil(bin);
      let count = more[bin] as number;
      if (histogram[at] === bin) {
        count += histogram[at + 1] as number;
        at += 2;
      }
      if (count > 0) found.push(bin, count);
    }
  }
  passUntil(BINS);
  return found;
}

/** What histograms count together. */
export function joined(histograms: readonly Histogram[]): Histogram {
  const [counts, marks] = [new Float64Array(BINS), newMarks()];
  for (const histogram of histograms) {
    for (let i = 0; i < histogram.length; i += 2) {
      const bin = histogram[i] as number;
      counts[bin] = (counts[bin] as number) + (histogram[i + 1] as number);
      mark(marks, bin);
    }
  }
  return addCounts([], counts, marks);
}

export function countOf(bins: Bins): number {
  let count = 0;
  for (const [, more] of bins) count += more;
  return count;
}

/** By nearest rank: the latency (microseconds) that `perMillion` of the requests do not exceed; 0 where there are none. */
export function quantile(bins: Bins, perMillion: number, count: number = countOf(bins)): number {
  const rank = Math.max(1, Math.ceil((count * perMillion) / 1_000_000));
  let below = 0;
  for (const [bin, more] of bins) {
    below += more;
    if (below >= rank) return microsOf(bin);
  }
  return 0;
}

/** Where groups of bins end that `condense` makes, as requests per million: finer towards the tail, where alarms look. */
const EDGES: readonly number[] = [
  ...Array.from({ length: 24 }, (_, i) => 37_500 * (i + 1)),
  ...Array.from({ length: 18 }, (_, i) => 900_000 + 5_000 * (i + 1)),
  ...Array.from({ length: 18 }, (_, i) => 990_000 + 500 * (i + 1)),
];

/** The same latencies as at most `EDGES.length + 1` values (microseconds) and counts; their sum stays the same. */
export function condense(bins: Bins): { values: number[]; counts: number[] } {
  const total = countOf(bins);
  const values: number[] = [];
  const counts: number[] = [];
  let [edge, below, sum, count] = [0, 0, 0, 0];
  for (const [bin, more] of bins) {
    sum += microsOf(bin) * more;
    count += more;
    below += more;
    if (below * 1_000_000 < (EDGES[edge] ?? 1_000_000) * total) continue;
    values.push(sum / count);
    counts.push(count);
    [sum, count] = [0, 0];
    while (edge < EDGES.length && (EDGES[edge] as number) * total <= below * 1_000_000) edge += 1;
  }
  return { values, counts };
}

// When requests arrive: a Poisson process whose random numbers are addressed by place in time, so that all variants of a
// rehearsal get the same requests whenever they settle. No logarithm is needed: in a cell of time in which one request is
// expected, their number has Poisson's distribution and each comes at a uniform instant.

import type { Ctx } from '#cloud/ctx.ts';
import { poisson } from './chance.ts';
import type { Pace } from './load.ts';

/** Probability of at most so many requests in a cell in which one is expected: sums of 1/(e k!). */
const AT_MOST: readonly number[] = [
  0.36787944117144233, 0.7357588823428847, 0.9196986029286058, 0.9810118431238462, 0.9963401531726563,
  0.9994058151824183, 0.9999167588507119, 0.9999897508033253, 0.999998874797402, 0.9999998885745217,
  0.9999999899522336, 0.9999999991683892, 0.9999999999364022, 0.9999999999954802, 0.9999999999997,
];
/** Room for the requests of one cell in the ordinals of random streams: one more than `AT_MOST` tells apart. */
export const CELL_ROOM = 16;

/** Width of the cells of a load in exact resolution, in microseconds: one request is expected in each. */
export function cellMicros({ perThousandSeconds }: Pace): number {
  return 1_000_000_000 / perThousandSeconds;
}

/** How many requests a cell has whose draw is `u`. */
export function inCell(u: number): number {
  let count = 0;
  while (count < AT_MOST.length && u >= (AT_MOST[count] as number)) count += 1;
  return count;
}

const SECOND = 1_000_000;

/** How many requests arrive in `[from, to)`, microseconds since the load began. For binned resolution: any rate costs the same. */
export function arrivals(ctx: Ctx, load: Pace, from: number, to: number): number {
  if (to <= from) return 0;
  const mean = load.perThousandSeconds / 1000;
  const inSecond = (second: number): number => {
    const stream = ctx.random('traffic/arrivals', `${load.id}/${second}`);
    let ordinal = 0;
    return poisson(mean, () => stream((ordinal += 1)));
  };
  // Within a second requests are spread evenly; the fraction that is left over at an instant is rounded by one draw.
  const before = (second: number, at: number): number => {
    const part = (at - second * SECOND) / SECOND;
    return part <= 0
      ? 0
      : Math.floor(part * inSecond(second) + ctx.random('traffic/arrivals', load.id)(second));
  };
  const [first, last] = [Math.floor(from / SECOND), Math.floor(to / SECOND)];
  let count = before(last, to) - before(first, from);
  for (let second = first; second < last; second += 1) count += inSecond(second);
  return count;
}

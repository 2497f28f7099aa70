// Examples of https://docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html, played through.

import { describe, expect, it } from 'vitest';
import { canBegin, judge, minimumOf } from './minimum-healthy-hosts.ts';
import type { MinimumHealthyHosts } from './minimum-healthy-hosts.ts';

interface Played {
  end: 'succeed' | 'fail' | 'refused';
  /** Sizes of the batches that were begun. */
  batches: number[];
  succeeded: number;
}

/** Deploys to `total` instances of which those with these ordinals (from 1) fail. A batch ends before the next one begins. */
function play(total: number, config: MinimumHealthyHosts, ...failing: number[]): Played {
  const minimum = minimumOf(config, total);
  const count = { total, minimum, begun: 0, succeeded: 0, failed: 0 };
  const batches: number[] = [];
  if (!canBegin(count)) return { end: 'refused', batches, succeeded: 0 };
  for (;;) {
    const verdict = judge(count);
    if (verdict.next === 'wait') throw new Error('Nothing is in flight.');
    if (verdict.next !== 'begin') return { end: verdict.next, batches, succeeded: count.succeeded };
    batches.push(verdict.count);
    for (let ordinal = count.begun + 1; ordinal <= count.begun + verdict.count; ordinal += 1) {
      if (failing.includes(ordinal)) count.failed += 1;
      else count.succeeded += 1;
    }
    count.begun += verdict.count;
  }
}

const hosts = (value: number): MinimumHealthyHosts => ({ type: 'HOST_COUNT', value });
const percent = (value: number): MinimumHealthyHosts => ({ type: 'FLEET_PERCENT', value });
const oneAtATime: MinimumHealthyHosts = { type: 'MOST_CONCURRENCY', value: 1 };
const all = (total: number): number[] => Array.from({ length: total }, (_, index) => index + 1);

describe('ten instances', () => {
  it('with 95 percent need all ten, so nothing can begin', () => {
    expect(minimumOf(percent(95), 10)).toBe(10);
    expect(play(10, percent(95)).end).toBe('refused');
  });

  it('with a minimum of nine go one at a time, and any failure ends it', () => {
    expect(play(10, hosts(9))).toEqual({ end: 'succeed', batches: Array(10).fill(1), succeeded: 10 });
    expect(play(10, hosts(9), 4)).toEqual({ end: 'fail', batches: [1, 1, 1, 1], succeeded: 3 });
  });

  it('with a minimum of nine succeed when only the last one fails', () => {
    expect(play(10, hosts(9), 10)).toMatchObject({ end: 'succeed', succeeded: 9 });
  });

  it('with a minimum of eight go two at a time, and the second failure ends it', () => {
    expect(play(10, hosts(8)).batches).toEqual([2, 2, 2, 2, 2]);
    expect(play(10, hosts(8), 1)).toMatchObject({ end: 'succeed', succeeded: 9 });
    expect(play(10, hosts(8), 1, 5).end).toBe('fail');
  });

  it('with a minimum of eight succeed when the second failure is the last instance', () => {
    expect(play(10, hosts(8), 3, 10)).toMatchObject({ end: 'succeed', succeeded: 8 });
  });

  it('with a minimum of zero go all at once, and one success is enough', () => {
    expect(play(10, hosts(0), ...all(9))).toEqual({ end: 'succeed', batches: [10], succeeded: 1 });
    expect(play(10, percent(0), ...all(10)).end).toBe('fail');
  });

  it('with 85 percent need nine: a single failure is enough', () => {
    expect(minimumOf(percent(85), 10)).toBe(9);
    expect(play(10, percent(85), 2).end).toBe('fail');
  });
});

describe('nine instances', () => {
  it('with a minimum of six go three at a time', () => {
    expect(play(9, hosts(6)).batches).toEqual([3, 3, 3]);
  });

  it('with 40 percent need four, go five at a time and succeed with four', () => {
    expect(minimumOf(percent(40), 9)).toBe(4);
    expect(play(9, percent(40)).batches).toEqual([5, 4]);
    expect(play(9, percent(40), 1, 2, 3, 4, 9)).toMatchObject({ end: 'succeed', succeeded: 4 });
  });

  it('half at a time need five, go four at a time and succeed with five', () => {
    expect(minimumOf(percent(50), 9)).toBe(5);
    expect(play(9, percent(50)).batches).toEqual([4, 4, 1]);
    expect(play(9, percent(50), 1, 2, 3, 9)).toMatchObject({ end: 'succeed', succeeded: 5 });
    expect(play(9, percent(50), 1, 2, 3, 4).end).toBe('fail');
  });

  it('one at a time go one at a time however many there are', () => {
    expect(play(9, oneAtATime).batches).toEqual(Array(9).fill(1));
    expect(play(9, oneAtATime, 9).end).toBe('succeed');
    expect(play(9, oneAtATime, 1).end).toBe('fail');
  });
});

it('a single instance one at a time must succeed', () => {
  expect(play(1, oneAtATime).end).toBe('succeed');
  expect(play(1, oneAtATime, 1).end).toBe('fail');
});

it('waits for what is in flight before it gives up', () => {
  expect(judge({ total: 4, minimum: 2, begun: 2, succeeded: 0, failed: 1 })).toEqual({ next: 'wait' });
  expect(judge({ total: 4, minimum: 3, begun: 2, succeeded: 0, failed: 1 })).toEqual({ next: 'wait' });
  expect(judge({ total: 4, minimum: 3, begun: 2, succeeded: 1, failed: 1 })).toEqual({ next: 'fail' });
});

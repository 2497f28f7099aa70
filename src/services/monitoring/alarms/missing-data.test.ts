import { describe, expect, it } from 'vitest';
import { decide, evaluationRange } from './missing-data.ts';
import type { Treatment } from './missing-data.ts';

const TREATMENTS: readonly Treatment[] = ['missing', 'ignore', 'breaching', 'notBreaching'];

/** `0`: not breaching, `X`: breaching, `-`: missing; newest last, as the documentation's tables have it. */
function states(
  range: string,
  datapointsToAlarm: number,
  evaluationPeriods: number = 3,
): (string | undefined)[] {
  const points = range.split(' ').map((sign) => (sign === '-' ? undefined : sign === 'X'));
  return TREATMENTS.map(
    (treatment) => decide(points, { evaluationPeriods, datapointsToAlarm, treatment }).state,
  );
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
describe('missing data', () => {
  it.each([
    ['0 - X - X', ['OK', 'OK', 'OK', 'OK']],
    ['0 - - - -', ['OK', 'OK', 'OK', 'OK']],
    ['- - - - -', ['INSUFFICIENT_DATA', undefined, 'ALARM', 'OK']],
    ['0 X X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['- - X - -', ['ALARM', undefined, 'ALARM', 'OK']],
  ])('decides 3 out of 3 over %s as the first table has it', (range, expected) => {
    expect(states(range, 3)).toEqual(expected);
  });

  it.each([
    ['0 - X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 0 X 0 X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 - X - -', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - - 0', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - X -', ['ALARM', undefined, 'ALARM', 'OK']],
  ])('decides 2 out of 3 over %s as the second table has it', (range, expected) => {
    expect(states(range, 2)).toEqual(expected);
  });

  it('does not go into alarm early while the only breaching data point is young', () => {
    expect(states('- - - - X', 3)[0]).toBe('OK');
    expect(states('- - - X -', 3)[0]).toBe('OK');
  });

  it('looks at more periods than N, five for N of 3', () => {
    expect(evaluationRange(3)).toBe(5);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  civil,
  formatHttpDate,
  formatIso,
  parseEpochSeconds,
  parseHttpDate,
  parseIso,
  parseTimestamp,
} from '../../src/contract/protocols/timestamp.ts';

// The engine's own calendar is the reference here; the floor itself may not use it.
const instants = fc.integer({ min: Date.UTC(1600, 0, 1), max: Date.UTC(9999, 11, 31) });

describe('timestamps', () => {
  it('are written in ISO 8601 as Date writes them, and read back', () => {
    fc.assert(
      fc.property(instants, (ms) => {
        expect(formatIso(ms)).toBe(new Date(ms).toISOString());
        expect(parseIso(formatIso(ms))).toBe(ms);
        expect(civil(ms).weekday).toBe(new Date(ms).getUTCDay());
      }),
    );
  });

  it('are written as HTTP dates as Date writes them, and read back', () => {
    fc.assert(
      fc.property(instants, (ms) => {
        const seconds = Math.floor(ms / 1000) * 1000;
        expect(formatHttpDate(seconds)).toBe(new Date(seconds).toUTCString());
        expect(parseHttpDate(formatHttpDate(seconds))).toBe(seconds);
      }),
    );
  });

  it.each([
    ['2015-01-25T08:00:00Z', 1_422_172_800_000],
    ['2015-01-25T08:00:00', 1_422_172_800_000],
    ['2015-01-25 08:00:00', 1_422_172_800_000],
    ['2015-01-25T09:30:00+01:30', 1_422_172_800_000],
    ['2015-01-25T03:00:00-0500', 1_422_172_800_000],
    ['2015-01-25T08:00:00.123456Z', 1_422_172_800_123],
    ['2015-01-25', 1_422_144_000_000],
    ['2015-01-25T08:00Z', 1_422_172_800_000],
    ['20150125T080000Z', 1_422_172_800_000],
    ['1422172800', 1_422_172_800_000],
    ['1422172800.5', 1_422_172_800_500],
    ['Sun, 25 Jan 2015 08:00:00 GMT', 1_422_172_800_000],
  ])('reads %s', (text, ms) => {
    expect(parseTimestamp(text, 'iso8601')).toBe(ms);
  });

  it.each([
    '',
    'now',
    '2015-13-01',
    '2015-02-29',
    '2015-01-25T25:00:00Z',
    '1e999',
    '9999999999999999',
    '2015-01-25T08:00:00Zz',
    '-',
    'NaN',
  ])('refuses %s', (text) => {
    expect(parseTimestamp(text, 'iso8601')).toBeUndefined();
  });

  it('rounds fractions of a millisecond', () => {
    expect(parseEpochSeconds(1.0004)).toBe(1000);
    expect(parseEpochSeconds(Infinity)).toBeUndefined();
  });
});

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNumbers, normalized, sum } from './number.ts';

/** Whole numbers of 18 digits with up to 9 places, and their value in units of the last place. */
const number = fc
  .tuple(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), fc.integer({ min: 0, max: 9 }))
  .map(([units, places]) => ({ text: `${units}e-${places}`, value: units * 10n ** BigInt(9 - places) }));

const text = (value: bigint): string => normalized(`${value}e-9`);

describe('numbers', () => {
  it('add, subtract and compare exactly', () => {
    fc.assert(
      fc.property(number, number, (left, right) => {
        const [a, b] = [normalized(left.text), normalized(right.text)];
        expect(sum(a, b)).toBe(text(left.value + right.value));
        expect(sum(a, b, -1)).toBe(text(left.value - right.value));
        const order = left.value < right.value ? -1 : left.value === right.value ? 0 : 1;
        expect(compareNumbers(a, b)).toBe(order);
      }),
    );
  });

  it.each([
    ['007.500', '7.5'],
    ['-0', '0'],
    ['+1.5E+2', '150'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1e125', `1${'0'.repeat(125)}`],
    ['1e-130', `0.${'0'.repeat(129)}1`],
    ['0e999999', '0'],
  ])('%s is %s', (given, kept) => {
    expect(normalized(given)).toBe(kept);
    expect(normalized(kept)).toBe(kept);
  });

  it.each(['1e126', '1e-131', '1'.repeat(39), '1e', 'NaN', '0x1', ' 1', '', '.', '--1'])(
    '%s is none',
    (given) => {
      expect(() => normalized(given)).toThrow();
    },
  );

  it('overflow where a sum needs more than 38 digits', () => {
    expect(() => sum('1e38'.replace('e38', '0'.repeat(38)), '0.1')).toThrow('38 significant digits');
  });
});

// Numbers as DynamoDB has them: decimals of 38 digits, exact. They are kept as text without an exponent.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number

import { invalid } from '../faults.ts';

/** `sign` × 0.`digits` × 10^`exponent`. Neither end of the digits is a zero; zero itself has none. */
interface Decimal {
  readonly sign: -1 | 0 | 1;
  readonly digits: string;
  readonly exponent: number;
}

const ZERO: Decimal = { sign: 0, digits: '', exponent: 0 };
const MOST_DIGITS = 38;
/** 9.9999999999999999999999999999999999999E+125 and 1E-130, as exponents of a fraction. */
const EXPONENTS = { least: -129, most: 126 };
const SYNTAX = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

function decimal(text: string): Decimal | undefined {
  const [matched, sign, whole = '', fraction = '', power = '0'] = SYNTAX.exec(text) ?? [];
  if (matched === undefined || whole + fraction === '') return undefined;
  const all = whole + fraction;
  const first = all.search(/[1-9]/);
  if (first < 0) return ZERO;
  const digits = trimmed(all.slice(first));
  const exponent = whole.length - first + Number(power);
  return { sign: sign === '-' ? -1 : 1, digits, exponent };
}

/** Without the zeros at its end. A loop, because an expression for that would look at each zero of a long text again. */
function trimmed(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

function checked(number: Decimal): Decimal {
  const { digits, exponent } = number;
  if (exponent > EXPONENTS.most)
    throw invalid('Number overflow. Attempting to store a number with magnitude larger than supported range');
  if (digits !== '' && exponent < EXPONENTS.least)
    throw invalid(
      'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    );
  if (digits.length > MOST_DIGITS)
    throw invalid('Attempting to store more than 38 significant digits in a Number');
  return number;
}

/** The text that DynamoDB keeps of a number, or its error. */
export function normalized(text: string): string {
  if (text === '') throw invalid('The parameter cannot be converted to a numeric value');
  const number = decimal(text);
  if (!number) throw invalid(`The parameter cannot be converted to a numeric value: ${text}`);
  return plain(checked(number));
}

function plain({ sign, digits, exponent }: Decimal): string {
  if (sign === 0) return '0';
  const text =
    exponent <= 0
      ? `0.${'0'.repeat(-exponent)}${digits}`
      : digits.length <= exponent
        ? digits.padEnd(exponent, '0')
        : `${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
  return sign < 0 ? `-${text}` : text;
}

/** A number that has been through `normalized`. */
function kept(text: string): Decimal {
  return decimal(text) ?? ZERO;
}

/** As a whole number of units of 10^`unit`. */
function scaled({ sign, digits, exponent }: Decimal, unit: number): bigint {
  return BigInt(sign) * BigInt(digits || '0') * 10n ** BigInt(exponent - digits.length - unit);
}

/** The exact sum, or the difference where `factor` is -1. */
export function sum(left: string, right: string, factor: 1 | -1 = 1): string {
  const [a, b] = [kept(left), kept(right)];
  if (b.sign === 0) return left;
  const units = [a, b]
    .filter(({ sign }) => sign !== 0)
    .map(({ exponent, digits }) => exponent - digits.length);
  const unit = Math.min(...units);
  const total = (a.sign === 0 ? 0n : scaled(a, unit)) + BigInt(factor) * scaled(b, unit);
  return normalized(`${total}e${unit}`);
}

/** Negative, zero or positive. */
export function compareNumbers(left: string, right: string): number {
  const [a, b] = [numberOrder(left), numberOrder(right)];
  return a < b ? -1 : a === b ? 0 : 1;
}

/** Text that sorts as the numbers do. */
export function numberOrder(text: string): string {
  const { sign, digits, exponent } = kept(text);
  if (sign === 0) return '1';
  // Exponents go from -129 to 126.
  const scale = 500 + sign * exponent;
  if (sign > 0) return `2${scale}${digits}`;
  // Among negative numbers the larger digits come first, and the longer of two that begin alike.
  const mirrored = Array.from(digits, (digit) => 9 - Number(digit)).join('');
  return `0${scale}${mirrored}~`;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html: about a byte for two digits. */
export function numberBytes(text: string): number {
  const { sign, digits } = kept(text);
  if (sign === 0) return 1;
  return 1 + Math.ceil(digits.length / 2) + (sign < 0 ? 1 : 0);
}

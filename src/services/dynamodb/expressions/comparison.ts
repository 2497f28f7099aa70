// Whether conditions hold for an item.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html

import { compareNumbers } from '../values/number.ts';
import { byteCount, bytesOf, equal, typeOf } from '../values/value.ts';
import type { Item, Value } from '../values/value.ts';
import { at } from './path.ts';
import type { Comparator, Condition, Operand } from './syntax.ts';

export function holds(condition: Condition, item: Item): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, item) && holds(condition.right, item);
    case 'or':
      return holds(condition.left, item) || holds(condition.right, item);
    case 'not':
      return !holds(condition.inner, item);
    case 'compare':
      return compared(condition.by, valueOf(condition.left, item), valueOf(condition.right, item));
    case 'between': {
      const value = valueOf(condition.operand, item);
      return (
        compared('>=', value, valueOf(condition.low, item)) &&
        compared('<=', value, valueOf(condition.high, item))
      );
    }
    case 'in': {
      const value = valueOf(condition.operand, item);
      return condition.among.some((operand) => compared('=', value, valueOf(operand, item)));
    }
    case 'holds':
      return functionHolds(condition.name, condition.operands, item);
  }
}

function valueOf(operand: Operand, item: Item): Value | undefined {
  if (operand.kind === 'value') return operand.value;
  if (operand.kind === 'path') return at(item, operand.path);
  const [inner] = operand.operands;
  return inner && sizeOf(valueOf(inner, item));
}

/** What has no size is as good as not there. */
function sizeOf(value: Value | undefined): Value | undefined {
  if (value === undefined) return undefined;
  if ('S' in value) return { N: String(value.S.length) };
  if ('B' in value) return { N: String(byteCount(value.B)) };
  if ('M' in value) return { N: String(Object.keys(value.M).length) };
  const [members] = Object.values(value) as unknown[];
  return Array.isArray(members) ? { N: String(members.length) } : undefined;
}

/** What is not there differs from everything, and is neither less nor more. */
function compared(by: Comparator, left: Value | undefined, right: Value | undefined): boolean {
  if (by === '<>') return !left || !right || !equal(left, right);
  if (!left || !right) return false;
  if (by === '=') return equal(left, right);
  const order = compareValues(left, right);
  return order !== undefined && isOrdered(by, order);
}

/** Whether two values whose order is negative, zero or positive compare like this. */
export function isOrdered(by: '=' | '<' | '<=' | '>' | '>=', order: number): boolean {
  switch (by) {
    case '=':
      return order === 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** Negative, zero or positive; nothing where two values have no order. */
export function compareValues(left: Value, right: Value): number | undefined {
  if ('N' in left && 'N' in right) return compareNumbers(left.N, right.N);
  if ('S' in left && 'S' in right) return compareText(left.S, right.S);
  if ('B' in left && 'B' in right) return compareBytes(bytesOf(left.B), bytesOf(right.B));
  return undefined;
}

/** By code points, which is the order of UTF-8. */
function compareText(left: string, right: string): number {
  const [a, b] = [left[Symbol.iterator](), right[Symbol.iterator]()];
  for (;;) {
    const [one, other] = [a.next(), b.next()];
    if (one.done || other.done) return Number(other.done ?? false) - Number(one.done ?? false);
    const order = (one.value.codePointAt(0) as number) - (other.value.codePointAt(0) as number);
    if (order !== 0) return order;
  }
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  for (let index = 0; index < left.length && index < right.length; index += 1) {
    const order = (left[index] as number) - (right[index] as number);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function functionHolds(name: string, operands: readonly Operand[], item: Item): boolean {
  const [first, second] = operands.map((operand) => valueOf(operand, item));
  switch (name) {
    case 'attribute_exists':
      return first !== undefined;
    case 'attribute_not_exists':
      return first === undefined;
    case 'attribute_type':
      return first !== undefined && second !== undefined && 'S' in second && typeOf(first) === second.S;
    case 'begins_with':
      return first !== undefined && second !== undefined && beginsWith(first, second);
    default:
      return first !== undefined && second !== undefined && contains(first, second);
  }
}

export function beginsWith(value: Value, start: Value): boolean {
  if ('S' in value && 'S' in start) return value.S.startsWith(start.S);
  if (!('B' in value) || !('B' in start)) return false;
  const [bytes, first] = [bytesOf(value.B), bytesOf(start.B)];
  return first.length <= bytes.length && first.every((byte, index) => byte === bytes[index]);
}

function contains(value: Value, part: Value): boolean {
  if ('S' in value) return 'S' in part && value.S.includes(part.S);
  if ('B' in value) return 'B' in part && containsBytes(bytesOf(value.B), bytesOf(part.B));
  if ('SS' in value) return 'S' in part && value.SS.includes(part.S);
  if ('NS' in value) return 'N' in part && value.NS.includes(part.N);
  if ('BS' in value) return 'B' in part && value.BS.includes(part.B);
  return 'L' in value && value.L.some((element) => equal(element, part));
}

function containsBytes(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let from = 0; from + part.length <= bytes.length; from += 1) {
    if (part.every((byte, index) => byte === bytes[from + index])) return true;
  }
  return false;
}

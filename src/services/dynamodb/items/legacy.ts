// The parameters that expressions came after, read into what expressions become.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html

import type {
  AttributeValue,
  AttributeValueUpdate,
  Condition as Comparison,
  ExpectedAttributeValue,
} from '#generated/contracts/dynamodb.ts';
import { notModelled } from '#cloud/refuse.ts';
import type { Range } from '../expressions/key-condition.ts';
import type { Path } from '../expressions/path.ts';
import type { Comparator, Condition, Operand } from '../expressions/syntax.ts';
import type { Update } from '../expressions/update.ts';
import { invalid, invalidValues } from '../faults.ts';
import { typeOf, valueFromWire } from '../values/value.ts';
import type { TypeName, Value } from '../values/value.ts';

type Operator = Comparison['ComparisonOperator'];
type Joined = 'AND' | 'OR' | undefined;

const SIGNS: Readonly<Partial<Record<Operator, Comparator>>> = {
  EQ: '=',
  NE: '<>',
  LT: '<',
  LE: '<=',
  GT: '>',
  GE: '>=',
};

const SCALARS: readonly TypeName[] = ['S', 'N', 'B'];
/** Operators that do not compare with everything. */
const TYPES: Readonly<Partial<Record<Operator, readonly TypeName[]>>> = {
  LT: SCALARS,
  LE: SCALARS,
  GT: SCALARS,
  GE: SCALARS,
  BETWEEN: SCALARS,
  IN: SCALARS,
  BEGINS_WITH: ['S', 'B'],
};
const COUNTS: Readonly<Partial<Record<Operator, number>>> = { NULL: 0, NOT_NULL: 0, BETWEEN: 2 };

/** What a condition compares an attribute with. Throws where that is not what the operator takes. */
function valuesOf(operator: Operator, given: readonly AttributeValue[]): Value[] {
  const count = COUNTS[operator] ?? 1;
  const fits = operator === 'IN' ? given.length > 0 : given.length === count;
  if (!fits) throw invalidValues(`Invalid number of argument(s) for the ${operator} ComparisonOperator`);
  const values = given.map((value) => valueFromWire(value));
  const wrong = values.find((value) => !(TYPES[operator]?.includes(typeOf(value)) ?? true));
  if (wrong)
    throw invalidValues(
      `ComparisonOperator ${operator} is not valid for ${typeOf(wrong)} AttributeValue type`,
    );
  if (new Set(values.map(typeOf)).size > 1)
    throw invalidValues('AttributeValues inside AttributeValueList must be of same type');
  return values;
}

function conditionOn(name: string, operator: Operator, given: readonly AttributeValue[]): Condition {
  const attribute: Operand = { kind: 'path', path: [name] };
  const operands = valuesOf(operator, given).map((value): Operand => ({ kind: 'value', value, name }));
  const [first, second] = operands as [Operand, Operand];
  const test = (called: string, ...others: Operand[]): Condition => ({
    kind: 'holds',
    name: called,
    operands: [attribute, ...others],
  });
  switch (operator) {
    case 'NULL':
      return test('attribute_not_exists');
    case 'NOT_NULL':
      return test('attribute_exists');
    case 'BEGINS_WITH':
      return test('begins_with', first);
    case 'CONTAINS':
      return test('contains', first);
    case 'NOT_CONTAINS':
      return { kind: 'not', inner: test('contains', first) };
    case 'IN':
      return { kind: 'in', operand: attribute, among: operands };
    case 'BETWEEN':
      return { kind: 'between', operand: attribute, low: first, high: second };
    default:
      return { kind: 'compare', by: SIGNS[operator] as Comparator, left: attribute, right: first };
  }
}

/** Conditions hold together, or one of them does. */
function joined(conditions: readonly Condition[], by: Joined): Condition | undefined {
  if (by && conditions.length < 2)
    throw invalidValues(
      'ConditionalOperator can only be used when Filter or Expected has two or more elements',
    );
  const kind = by === 'OR' ? 'or' : 'and';
  return conditions.reduce<Condition | undefined>(
    (left, right) => (left ? { kind, left, right } : right),
    undefined,
  );
}

export function legacyFilter(
  filter: Readonly<Record<string, Comparison>>,
  by: Joined,
): Condition | undefined {
  const conditions = Object.entries(filter).map(([name, { ComparisonOperator, AttributeValueList = [] }]) =>
    conditionOn(name, ComparisonOperator, AttributeValueList),
  );
  return joined(conditions, by);
}

export function legacyCondition(
  expected: Readonly<Record<string, ExpectedAttributeValue>>,
  by: Joined,
): Condition | undefined {
  const conditions = Object.entries(expected).map(([name, one]) => expectation(name, one));
  return joined(conditions, by);
}

function expectation(name: string, expected: ExpectedAttributeValue): Condition {
  const { Value: one, Exists, ComparisonOperator, AttributeValueList } = expected;
  const wrong = (what: string): Error => invalidValues(`${what} for Attribute: ${name}`);
  if (ComparisonOperator) {
    if (Exists !== undefined) throw wrong('Exists and ComparisonOperator cannot be used together');
    if (one && AttributeValueList) throw wrong('Value and AttributeValueList cannot be used together');
    const values = AttributeValueList ?? (one ? [one] : []);
    if (values.length === 0 && COUNTS[ComparisonOperator] !== 0)
      throw wrong(`Value or AttributeValueList must be used with ComparisonOperator: ${ComparisonOperator}`);
    return conditionOn(name, ComparisonOperator, values);
  }
  if (AttributeValueList) throw wrong('AttributeValueList can only be used with a ComparisonOperator');
  if (Exists === false) {
    if (one) throw wrong('Value cannot be used when Exists is set to false');
    return conditionOn(name, 'NULL', []);
  }
  if (!one) throw wrong(`Value must be provided when Exists is ${Exists ?? 'null'}`);
  return conditionOn(name, 'EQ', [one]);
}

export function legacyRanges(conditions: Readonly<Record<string, Comparison>>): Map<string, Range> {
  return new Map(
    Object.entries(conditions).map(([name, { ComparisonOperator, AttributeValueList = [] }]) => [
      name,
      rangeOf(ComparisonOperator, valuesOf(ComparisonOperator, AttributeValueList)),
    ]),
  );
}

function rangeOf(operator: Operator, values: readonly Value[]): Range {
  const [value, high] = values as [Value, Value];
  const by = SIGNS[operator];
  if (operator === 'BETWEEN') return { by: 'between', value, high };
  if (operator === 'BEGINS_WITH') return { by: 'begins_with', value };
  if (by && by !== '<>') return { by, value };
  throw invalid('Attempted conditional constraint is not an indexable operation');
}

export function legacyProjection(names: readonly string[]): Path[] {
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw invalidValues(`Duplicate value in attribute name: ${twice}`);
  return names.map((name) => [name]);
}

export function legacyUpdate(updates: Readonly<Record<string, AttributeValueUpdate>>): Update {
  const each = Object.entries(updates).map(([name, { Value: wire, Action = 'PUT' }]) => {
    if (!wire && Action !== 'DELETE')
      throw invalidValues('Only DELETE action is allowed when no attribute value is specified');
    const value = wire && valueFromWire(wire);
    if (value) checkAction(Action, typeOf(value));
    return { path: [name], value, action: Action };
  });
  const valued = each.flatMap(({ path, value, action }) => (value ? [{ path, value, action }] : []));
  return {
    set: valued
      .filter(({ action }) => action === 'PUT')
      .map(({ path, value }) => ({ path, term: { kind: 'value', value } })),
    remove: each.filter(({ value }) => !value),
    add: valued.filter(({ action }) => action === 'ADD'),
    delete: valued.filter(({ action }) => action === 'DELETE'),
  };
}

function checkAction(action: 'ADD' | 'PUT' | 'DELETE', type: TypeName): void {
  const sets: readonly TypeName[] = ['SS', 'NS', 'BS'];
  if (action === 'PUT' || sets.includes(type) || (action === 'ADD' && type === 'N')) return;
  if (action === 'ADD' && type === 'L') throw notModelled('dynamodb', 'UpdateItem', 'ADD of a list');
  const what = action === 'ADD' ? 'ADD action' : 'DELETE action with value';
  throw invalidValues(`${what} is not supported for the type ${type}`);
}

// What a query looks for: one partition key, and a range of sort keys.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html

import { invalid, invalidValues } from '../faults.ts';
import type { Value } from '../values/value.ts';
import type { Comparator, Condition, Operand } from './syntax.ts';

export type Range =
  | { readonly by: Exclude<Comparator, '<>'> | 'begins_with'; readonly value: Value }
  | { readonly by: 'between'; readonly value: Value; readonly high: Value };

export interface KeyCondition {
  readonly hash: Value;
  readonly range?: Range;
}

export interface KeyNames {
  readonly hash: { readonly name: string; readonly type: string };
  readonly range?: { readonly name: string; readonly type: string } | undefined;
}

export const MIRRORED: Readonly<Record<Comparator, Comparator>> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** Ranges by the name of the key that they are about. */
export function rangesOf(condition: Condition): ReadonlyMap<string, Range> {
  const found = new Map<string, Range>();
  collect(condition, found);
  return found;
}

/** Throws where the conditions do not fit the key. */
export function keyCondition(ranges: ReadonlyMap<string, Range>, keys: KeyNames): KeyCondition {
  if (ranges.size > 2) throw invalid('Conditions can be of length 1 or 2 only');
  if (ranges.size > 1 && !keys.range) throw invalid('Query key condition not supported');
  const hash = ranges.get(keys.hash.name);
  if (!hash) throw invalid(`Query condition missed key schema element: ${keys.hash.name}`);
  checkType(hash, keys.hash.type);
  if (hash.by !== '=') throw invalid('Query key condition not supported');
  if (ranges.size === 1) return { hash: hash.value };
  const range = ranges.get(keys.range?.name ?? '');
  if (!range) throw invalid(`Query condition missed key schema element: ${keys.range?.name}`);
  checkType(range, keys.range?.type ?? '');
  return { hash: hash.value, range };
}

function checkType(range: Range, type: string): void {
  const values = range.by === 'between' ? [range.value, range.high] : [range.value];
  if (values.some((value) => !(type in value)))
    throw invalidValues('Condition parameter type does not match schema type');
}

function wrong(reason: string): Error {
  return invalid(`Invalid KeyConditionExpression: ${reason}`);
}

function collect(condition: Condition, found: Map<string, Range>): void {
  switch (condition.kind) {
    case 'and':
      collect(condition.left, found);
      collect(condition.right, found);
      return;
    case 'or':
    case 'not':
    case 'in':
      throw wrong(`Invalid operator used in KeyConditionExpression: ${condition.kind.toUpperCase()}`);
    case 'compare':
      collectComparison(condition, found);
      return;
    case 'between': {
      const { operand, low, high } = condition;
      const name = leadingName('BETWEEN', operand, [low, high]);
      put(found, name, { by: 'between', value: literal(low), high: literal(high) });
      return;
    }
    case 'holds': {
      const { name, operands } = condition;
      if (name !== 'begins_with') throw wrong(`Invalid operator used in KeyConditionExpression: ${name}`);
      const [operand, start] = operands as [Operand, Operand];
      put(found, leadingName(name, operand, [start]), { by: 'begins_with', value: literal(start) });
    }
  }
}

function collectComparison(
  { by, left, right }: Extract<Condition, { kind: 'compare' }>,
  found: Map<string, Range>,
): void {
  if (by === '<>') throw wrong('Invalid operator used in KeyConditionExpression: <>');
  checkOperands([left, right]);
  if (left.kind === 'path') put(found, String(left.path[0]), { by, value: literal(right) });
  else if (right.kind === 'path')
    put(found, String(right.path[0]), {
      by: MIRRORED[by] as Exclude<Comparator, '<>'>,
      value: literal(left),
    });
  else throw wrong('Invalid condition in KeyConditionExpression: No key attribute specified');
}

function leadingName(operator: string, operand: Operand, others: readonly Operand[]): string {
  checkOperands([operand, ...others]);
  if (operand.kind === 'path') return String(operand.path[0]);
  throw wrong(
    `Invalid condition in KeyConditionExpression: ${operator} operator must have the key attribute as its first operand`,
  );
}

function checkOperands(operands: readonly Operand[]): void {
  if (operands.some(({ kind }) => kind === 'call'))
    throw wrong('KeyConditionExpressions cannot contain nested operations');
  const paths = operands.filter((operand) => operand.kind === 'path');
  if (paths.length > 1)
    throw wrong(
      'Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition',
    );
  if (paths.some(({ path }) => path.length > 1))
    throw wrong('KeyConditionExpressions cannot have conditions on nested attributes');
}

function literal(operand: Operand): Value {
  if (operand.kind === 'value') return operand.value;
  throw wrong('Invalid condition in KeyConditionExpression: No key attribute specified');
}

function put(found: Map<string, Range>, name: string, range: Range): void {
  if (found.has(name)) throw wrong('KeyConditionExpressions must only contain one condition per key');
  found.set(name, range);
}

// The expressions of one request, with the placeholders that they share; or the parameters that were there before them.

import type { AttributeValue } from '#generated/contracts/dynamodb.ts';
import type { Input } from '#cloud/contracts.ts';
import { parseCondition } from '../expressions/condition.ts';
import { rangesOf } from '../expressions/key-condition.ts';
import type { Range } from '../expressions/key-condition.ts';
import type { Path } from '../expressions/path.ts';
import { Placeholders } from '../expressions/placeholders.ts';
import { parseProjection } from '../expressions/projection.ts';
import type { Condition } from '../expressions/syntax.ts';
import type { ExpressionName } from '../expressions/tokens.ts';
import { parseUpdate } from '../expressions/update.ts';
import type { Update } from '../expressions/update.ts';
import { invalid, invalidValues } from '../faults.ts';
import { legacyCondition, legacyFilter, legacyProjection, legacyRanges, legacyUpdate } from './legacy.ts';

/** What expressions replaced, in the order in which errors name it. */
const LEGACY = [
  'AttributesToGet',
  'AttributeUpdates',
  'QueryFilter',
  'ScanFilter',
  'KeyConditions',
  'Expected',
  'ConditionalOperator',
] as const;

type Legacy = Pick<Input<'dynamodb', 'Query'>, 'AttributesToGet' | 'KeyConditions' | 'QueryFilter'> &
  Pick<Input<'dynamodb', 'Scan'>, 'ScanFilter'> &
  Pick<Input<'dynamodb', 'UpdateItem'>, 'AttributeUpdates' | 'Expected' | 'ConditionalOperator'>;

export interface Given extends Readonly<Partial<Record<ExpressionName, string | undefined>>>, Legacy {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined;
}

export interface Expressions {
  readonly update?: Update;
  readonly condition?: Condition;
  readonly filter?: Condition;
  readonly ranges?: ReadonlyMap<string, Range>;
  readonly projection?: readonly Path[];
}

/** `possible`: the expressions that the operation knows, in the order in which its errors name them. */
export function expressionsOf(given: Given, possible: readonly ExpressionName[]): Expressions {
  checkNeeded(given, possible);
  const legacy = LEGACY.filter((name) => given[name] !== undefined);
  if (legacy.length > 0) {
    checkUnmixed(given, legacy, possible);
    return legacyExpressions(given);
  }
  const placeholders = new Placeholders(given);
  const { UpdateExpression, ConditionExpression, KeyConditionExpression } = given;
  const { FilterExpression, ProjectionExpression } = given;
  const keys =
    KeyConditionExpression === undefined
      ? undefined
      : parseCondition('KeyConditionExpression', KeyConditionExpression, placeholders);
  const expressions: Expressions = {
    ...(UpdateExpression !== undefined && { update: parseUpdate(UpdateExpression, placeholders) }),
    ...(ConditionExpression !== undefined && {
      condition: parseCondition('ConditionExpression', ConditionExpression, placeholders),
    }),
    ...(FilterExpression !== undefined && {
      filter: parseCondition('FilterExpression', FilterExpression, placeholders),
    }),
    ...(ProjectionExpression !== undefined && {
      projection: parseProjection(ProjectionExpression, placeholders),
    }),
  };
  // That a condition is none for keys shows last: moto's tests that were verified against AWS.
  const ranges = keys && rangesOf(keys);
  placeholders.checkUsed();
  return { ...expressions, ...(ranges && { ranges }) };
}

function checkUnmixed(given: Given, legacy: readonly string[], possible: readonly ExpressionName[]): void {
  const expressions = possible.filter((name) => given[name] !== undefined);
  if (expressions.length > 0)
    throw invalid(
      `Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {${legacy.join(', ')}} Expression parameters: {${expressions.join(', ')}}`,
    );
}

function legacyExpressions(given: Given): Expressions {
  const { AttributesToGet, AttributeUpdates, KeyConditions, Expected, ConditionalOperator: by } = given;
  const Filter = given.QueryFilter ?? given.ScanFilter;
  if (by && !Filter && !Expected)
    throw invalidValues('ConditionalOperator cannot be used without Filter or Expected');
  const condition = Expected && legacyCondition(Expected, by);
  const filter = Filter && legacyFilter(Filter, by);
  return {
    ...(AttributeUpdates && { update: legacyUpdate(AttributeUpdates) }),
    ...(condition && { condition }),
    ...(filter && { filter }),
    ...(KeyConditions && { ranges: legacyRanges(KeyConditions) }),
    ...(AttributesToGet && { projection: legacyProjection(AttributesToGet) }),
  };
}

/** Placeholders without an expression stand for nothing. */
function checkNeeded(given: Given, possible: readonly ExpressionName[]): void {
  if (given.ExpressionAttributeNames && possible.every((name) => given[name] === undefined))
    throw invalid('ExpressionAttributeNames can only be specified when using expressions');
  const withValues = possible.filter((name) => name !== 'ProjectionExpression');
  if (given.ExpressionAttributeValues && withValues.every((name) => given[name] === undefined)) {
    const verb = withValues.length > 1 ? 'are' : 'is';
    throw invalid(
      `ExpressionAttributeValues can only be specified when using expressions: ${withValues.join(' and ')} ${verb} null`,
    );
  }
}

/** The paths in a condition. */
export function pathsIn(condition: Condition): Path[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [...pathsIn(condition.left), ...pathsIn(condition.right)];
    case 'not':
      return pathsIn(condition.inner);
    case 'compare':
      return [condition.left, condition.right].flatMap(pathsOfOperand);
    case 'between':
      return [condition.operand, condition.low, condition.high].flatMap(pathsOfOperand);
    case 'in':
      return [condition.operand, ...condition.among].flatMap(pathsOfOperand);
    case 'holds':
      return condition.operands.flatMap(pathsOfOperand);
  }
}

type Operand = Extract<Condition, { kind: 'compare' }>['left'];

function pathsOfOperand(operand: Operand): Path[] {
  if (operand.kind === 'path') return [operand.path];
  return operand.kind === 'call' ? operand.operands.flatMap(pathsOfOperand) : [];
}

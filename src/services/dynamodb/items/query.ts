// Queries: the items of one partition key, in the order of their sort keys.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html

import type { Operations } from '#cloud/service.ts';
import { beginsWith, compareValues, isOrdered } from '../expressions/comparison.ts';
import { keyCondition } from '../expressions/key-condition.ts';
import type { KeyCondition, Range } from '../expressions/key-condition.ts';
import { invalid } from '../faults.ts';
import { AFTER_END, END, LAST, orderOf } from '../key-order.ts';
import { checkSought, keyList, partition, placeOf } from '../keys.ts';
import type { Stretch } from '../store.ts';
import { attribute, equal } from '../values/value.ts';
import type { Item, Value } from '../values/value.ts';
import { expressionsOf, pathsIn } from './expressions.ts';
import { checkSelection, page, sourceOf, startOf } from './reading.ts';
import type { Source } from './reading.ts';

const POSSIBLE = ['ProjectionExpression', 'FilterExpression', 'KeyConditionExpression'] as const;

export const queryOperations: Operations<'dynamodb'> = {
  Query(ctx, input) {
    if (input.KeyConditionExpression === undefined && input.KeyConditions === undefined)
      throw invalid(
        'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
      );
    checkSelection(input, (message) => invalid(`1 validation error detected: ${message}`));
    const { ranges = new Map<string, Range>(), ...expressions } = expressionsOf(input, POSSIBLE);
    const source = sourceOf(ctx, input, expressions);
    const { table, index } = source;
    const keys = (index ?? table).keys;
    const condition = keyCondition(ranges, keys);
    for (const key of keyList(keys)) {
      const range = ranges.get(key.name);
      if (range) checkSought(key, range.by === 'between' ? [range.value, range.high] : [range.value], index);
    }
    const filtered = new Set(expressions.filter ? pathsIn(expressions.filter).map(([name]) => name) : []);
    for (const { name } of keyList(keys)) {
      if (filtered.has(name))
        throw invalid(
          `${input.QueryFilter ? 'QueryFilter' : 'Filter Expression'} can only contain non-primary key attributes: Primary key attribute: ${name}`,
        );
    }
    const backwards = input.ScanIndexForward === false;
    const stretch = stretchOf(partition(placeOf(table, index), condition.hash), condition.range);
    const start = startOf(source);
    if (!start) return page(source, stretch, backwards);
    checkStart(source, start.key, condition);
    return page(
      source,
      backwards ? { ...stretch, to: start.row } : { ...stretch, from: start.row },
      backwards,
    );
  },
};

/** The rows of a partition whose sort keys are in a range. */
export function stretchOf(place: string, range: Range | undefined): Stretch {
  if (!range) return { from: place, to: `${place}${LAST}` };
  const order = `${place}${orderOf(range.value)}`;
  switch (range.by) {
    case '=':
      return { from: `${order}${END}`, to: `${order}${AFTER_END}` };
    case '<':
      return { from: place, to: `${order}${END}` };
    case '<=':
      return { from: place, to: `${order}${AFTER_END}` };
    case '>':
      return { from: `${order}${AFTER_END}`, to: `${place}${LAST}` };
    case '>=':
      return { from: `${order}${END}`, to: `${place}${LAST}` };
    case 'between':
      return { from: `${order}${END}`, to: `${place}${orderOf(range.high)}${AFTER_END}` };
    case 'begins_with':
      return { from: order, to: `${order}${LAST}` };
  }
}

/** A page can only go on within what the query looks for. */
function checkStart({ table, index }: Source, start: Item, { hash, range }: KeyCondition): void {
  const { keys } = index ?? table;
  const sameHash = equal(attribute(start, keys.hash.name) as Value, hash);
  if (!range || !keys.range) {
    if (!sameHash)
      throw invalid('The provided starting key is outside query boundaries based on provided conditions');
    return;
  }
  if (!within(range, attribute(start, keys.range.name) as Value))
    throw invalid('The provided starting key does not match the range key predicate');
  if (!sameHash) throw invalid('The query can return at most one row and cannot be restarted');
}

function within(range: Range, value: Value): boolean {
  const order = compareValues(value, range.value) ?? 0;
  switch (range.by) {
    case 'between':
      return order >= 0 && (compareValues(value, range.high) ?? 0) <= 0;
    case 'begins_with':
      return beginsWith(value, range.value);
    default:
      return isOrdered(range.by, order);
  }
}

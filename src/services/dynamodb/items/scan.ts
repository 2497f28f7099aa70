// Scans: all items of a table or an index, in the order of the hash of their partition keys, in segments if asked for.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html

import type { Input } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { invalid } from '../faults.ts';
import { HASHES, hexadecimal, LAST } from '../key-order.ts';
import { placeOf } from '../keys.ts';
import type { Stretch } from '../store.ts';
import { expressionsOf } from './expressions.ts';
import { checkSelection, page, sourceOf, startOf } from './reading.ts';

export const scanOperations: Operations<'dynamodb'> = {
  Scan(ctx, input) {
    checkSegments(input);
    checkSelection(input, invalid);
    const expressions = expressionsOf(input, ['ProjectionExpression', 'FilterExpression']);
    const source = sourceOf(ctx, input, expressions);
    const stretch = segment(placeOf(source.table, source.index), input);
    const start = startOf(source);
    if (!start) return page(source, stretch, false);
    if (start.row < stretch.from || start.row >= stretch.to)
      throw invalid(
        `The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: ${input.TotalSegments} Segment: ${input.Segment}`,
      );
    return page(source, { ...stretch, from: start.row }, false);
  },
};

function checkSegments({ Segment, TotalSegments }: Input<'dynamodb', 'Scan'>): void {
  if (Segment !== undefined && TotalSegments === undefined)
    throw invalid(
      'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
    );
  if (TotalSegments === undefined) return;
  if (Segment === undefined)
    throw invalid(
      'The Segment parameter is required but was not present in the request when parameter TotalSegments is present',
    );
  if (Segment >= TotalSegments)
    throw invalid(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${Segment} is not less than TotalSegments: ${TotalSegments}`,
    );
}

/** Each segment has an equal share of the hashes. */
function segment(place: string, { Segment = 0, TotalSegments = 1 }: Input<'dynamodb', 'Scan'>): Stretch {
  const bound = (at: number): string =>
    at === TotalSegments
      ? `${place}${LAST}`
      : `${place}${hexadecimal(Math.ceil((HASHES * at) / TotalSegments))}`;
  return { from: Segment === 0 ? place : bound(Segment), to: bound(Segment + 1) };
}

// What a statement's condition finds: one item by its key, the items of partition keys, or all there are.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.select.html

import { keyCondition, MIRRORED } from '../expressions/key-condition.ts';
import type { KeyCondition, KeyNames, Range } from '../expressions/key-condition.ts';
import type { Comparator, Condition, Operand } from '../expressions/syntax.ts';
import { invalid } from '../faults.ts';
import { keyList } from '../keys.ts';
import type { Keys } from '../rows.ts';
import { equal, itemOf } from '../values/value.ts';
import type { Item, Value } from '../values/value.ts';

/** What is looked up, and what is left for a filter. */
export interface Sought {
  /** One for each partition key; nothing: a scan. */
  readonly conditions?: readonly KeyCondition[];
  readonly filter?: Condition;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-operators.html */
const MOST_HASHES = 50;

export function soughtBy(where: Condition | undefined, keys: Keys): Sought {
  const parts = where ? conjuncts(where) : [];
  const hash = parts.find((part) => valuesOf(part, keys.hash.name));
  const hashes = hash && distinct(valuesOf(hash, keys.hash.name) ?? []);
  if (!hashes) return { ...(where && { filter: where }) };
  if (hashes.length > MOST_HASHES) throw invalid(`IN can have at most ${MOST_HASHES} partition keys`);
  const range = parts.find((part) => keys.range && rangeOf(part, keys.range.name));
  const rest = parts.filter((part) => part !== hash && part !== range);
  const filter = joined(rest);
  const conditions = hashes.map((value) => conditionOf(value, range, keys));
  return { conditions, ...(filter && { filter }) };
}

function conditionOf(value: Value, range: Condition | undefined, keys: KeyNames): KeyCondition {
  const ranges = new Map<string, Range>([[keys.hash.name, { by: '=', value }]]);
  const name = keys.range?.name ?? '';
  const sought = range && rangeOf(range, name);
  if (sought) ranges.set(name, sought);
  return keyCondition(ranges, keys);
}

/** Throws where a condition does not name exactly one item; what else it asks is left. */
export function keyIn(where: Condition, keys: Keys, message: string): { key: Item; rest?: Condition } {
  let parts = conjuncts(where);
  const key = keyList(keys).map(({ name }) => {
    const part = parts.find((one) => rangeOf(one, name)?.by === '=');
    const range = part && rangeOf(part, name);
    if (!range) throw invalid(message);
    parts = parts.filter((one) => one !== part);
    return [name, range.value] as const;
  });
  const rest = joined(parts);
  return { key: itemOf(key), ...(rest && { rest }) };
}

function distinct(values: readonly Value[]): Value[] {
  return values.filter((value, at) => !values.slice(0, at).some((other) => equal(value, other)));
}

function conjuncts(condition: Condition): Condition[] {
  if (condition.kind !== 'and') return [condition];
  return [...conjuncts(condition.left), ...conjuncts(condition.right)];
}

function joined([first, ...rest]: readonly Condition[]): Condition | undefined {
  return first && rest.reduce((left, right) => ({ kind: 'and', left, right }), first);
}

/** The partition keys that a part of a condition asks for. */
function valuesOf(part: Condition, name: string): Value[] | undefined {
  if (part.kind === 'in' && isPath(part.operand, name)) {
    const values = part.among.flatMap((operand) => (operand.kind === 'value' ? [operand.value] : []));
    return values.length === part.among.length ? values : undefined;
  }
  const range = rangeOf(part, name);
  return range?.by === '=' ? [range.value] : undefined;
}

/** The range of a key that a part of a condition asks for, if it is about that key alone. */
function rangeOf(part: Condition, name: string): Range | undefined {
  if (part.kind === 'compare') {
    const { by, left, right } = part;
    if (isPath(left, name)) return compared(by, right);
    return isPath(right, name) ? compared(MIRRORED[by], left) : undefined;
  }
  if (part.kind === 'between' && isPath(part.operand, name)) {
    const { low, high } = part;
    if (low.kind !== 'value' || high.kind !== 'value') return undefined;
    return { by: 'between', value: low.value, high: high.value };
  }
  if (part.kind !== 'holds' || part.name !== 'begins_with') return undefined;
  const [operand, start] = part.operands;
  if (!operand || !isPath(operand, name) || start?.kind !== 'value') return undefined;
  return { by: 'begins_with', value: start.value };
}

function compared(by: Comparator, operand: Operand): Range | undefined {
  return by === '<>' || operand.kind !== 'value' ? undefined : { by, value: operand.value };
}

function isPath(operand: Operand, name: string): boolean {
  return operand.kind === 'path' && operand.path.length === 1 && operand.path[0] === name;
}

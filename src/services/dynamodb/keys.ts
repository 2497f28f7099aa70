// The keys of items: what they must be, and where they stand.

import { invalid, invalidValues, notValid } from './faults.ts';
import { END, hashOf, orderOf } from './key-order.ts';
import type { Index, Key, Keys, TableRow } from './rows.ts';
import { attribute, byteCount, contentOf, itemOf, textBytes, typeOf } from './values/value.ts';
import type { Item, Value } from './values/value.ts';

const MOST_HASH_BYTES = 2048;
const MOST_RANGE_BYTES = 1024;

/** Hash key first. */
export function keyList({ hash, range }: Keys): Key[] {
  return range ? [hash, range] : [hash];
}

/** Names that find an item in an index, or in the table itself. */
export function keyNames(table: TableRow, index?: Index): string[] {
  const keys = [...keyList(table.keys), ...(index ? keyList(index.keys) : [])];
  return [...new Set(keys.map(({ name }) => name))];
}

export function keyOf(table: TableRow, item: Item, index?: Index): Item {
  return itemOf(keyNames(table, index).map((name) => [name, attribute(item, name) as Value]));
}

// ---- Where rows stand ----

/** The beginning of the keys of all rows of a partition key. */
export function partition(place: string, hash: Value): string {
  const order = orderOf(hash);
  return `${place}${hashOf(order)}${order}${END}`;
}

/** The beginning of the keys of all items of a table. */
export function placeOf(table: TableRow, index?: Index): string {
  return index ? `${table.name}${END}${index.name}${END}` : `${table.name}${END}`;
}

/** Something follows the end of the range key, so that no row stands exactly at a bound of ranges. */
export function tableKey(table: TableRow, item: Item): string {
  return `${standing(placeOf(table), table.keys, item)}.`;
}

/** Several items can have the same key in an index: their own key tells them apart. */
export function entryKey(table: TableRow, index: Index, item: Item): string {
  const own = tableKey(table, item).slice(placeOf(table).length);
  return `${standing(placeOf(table, index), index.keys, item)}${own}`;
}

function standing(place: string, { hash, range }: Keys, item: Item): string {
  const order = range ? orderOf(attribute(item, range.name) as Value) : '';
  return `${partition(place, attribute(item, hash.name) as Value)}${order}${END}`;
}

// ---- What they must be ----

/** Whether an item is filed in an index: it has all of its keys, of their types and within their size. */
export function isFiled(index: Index, item: Item): boolean {
  return keyList(index.keys).every((key) => {
    const value = attribute(item, key.name);
    return value !== undefined && key.type in value && keyProblem(key, value, index.keys) === undefined;
  });
}

/** Throws where a key does not find exactly one item. */
export function checkKey(table: TableRow, key: Item): void {
  const keys = keyList(table.keys);
  const fits = keys.every(({ name, type }) => {
    const value = attribute(key, name);
    return value !== undefined && type in value;
  });
  if (!fits || Object.keys(key).length !== keys.length)
    throw invalid('The provided key element does not match the schema');
  for (const part of keys) {
    const value = attribute(key, part.name) as Value;
    if (contentOf(value) === '') throw notValid(emptyKey(part));
    checkKeySize(part, value, table.keys);
  }
}

/** Throws where an item cannot be filed in its table or in an index. */
export function checkItemKeys(table: TableRow, item: Item): void {
  for (const part of keyList(table.keys)) {
    const value = attribute(item, part.name);
    if (!value) throw invalidValues(`Missing the key ${part.name} in the item`);
    if (!(part.type in value))
      throw invalidValues(
        `Type mismatch for key ${part.name} expected: ${part.type} actual: ${typeOf(value)}`,
      );
    if (contentOf(value) === '') throw notValid(emptyKey(part));
    checkKeySize(part, value, table.keys);
  }
  checkIndexKeys(table, item);
}

/** What an update leaves: its errors do not name the index. */
export function checkUpdatedIndexKeys(table: TableRow, item: Item): void {
  const attempted = 'The update expression attempted to update';
  for (const part of table.indexes.flatMap((index) => keyList(index.keys))) {
    const value = attribute(item, part.name);
    if (value && !(part.type in value))
      throw invalid(`${attempted} the secondary index key to unsupported type`);
    if (value && contentOf(value) === '')
      throw notValid(`${attempted} a secondary index key to a value that is not supported. ${empty(part)}`);
  }
  checkIndexKeys(table, item);
}

function checkIndexKeys(table: TableRow, item: Item): void {
  for (const index of table.indexes) {
    for (const part of keyList(index.keys)) {
      const value = attribute(item, part.name);
      if (!value) continue;
      if (!(part.type in value))
        throw invalidValues(
          `Type mismatch for Index Key ${part.name} Expected: ${part.type} Actual: ${typeOf(value)} IndexName: ${index.name}`,
        );
      if (contentOf(value) === '') throw notValid(emptyIndexKey(index, part));
      checkKeySize(part, value, index.keys);
    }
  }
}

/** What a query asks for may not be empty either: nothing is filed under it. */
export function checkSought(key: Key, values: readonly Value[], index: Index | undefined): void {
  if (values.every((value) => contentOf(value) !== '')) return;
  throw notValid(index ? emptyIndexKey(index, key) : emptyKey(key));
}

function emptyKey(key: Key): string {
  return `${empty(key)} Key: ${key.name}`;
}

function emptyIndexKey(index: Index, key: Key): string {
  return `A value specified for a secondary index key is not supported. ${empty(key)} IndexName: ${index.name}, IndexKey: ${key.name}`;
}

function empty({ type }: Key): string {
  return `The AttributeValue for a key attribute cannot contain an empty ${type === 'S' ? 'string' : 'binary'} value.`;
}

function checkKeySize(key: Key, value: Value, keys: Keys): void {
  const problem = keyProblem(key, value, keys);
  if (problem !== undefined) throw invalidValues(problem);
}

function keyProblem(key: Key, value: Value, keys: Keys): string | undefined {
  const bytes = 'S' in value ? textBytes(value.S) : 'B' in value ? byteCount(value.B) : 0;
  if (contentOf(value) === '') return emptyKey(key);
  if (key.name === keys.hash.name)
    return bytes > MOST_HASH_BYTES
      ? 'Size of hashkey has exceeded the maximum size limit of2048 bytes'
      : undefined;
  return bytes > MOST_RANGE_BYTES
    ? 'Aggregated size of all range keys has exceeded the size limit of 1024 bytes'
    : undefined;
}

/** Keys are scalars: a path may not lead into them. */
export function checkKeyPaths(table: TableRow, paths: readonly (readonly (string | number)[])[]): void {
  const nested = new Set(paths.filter((path) => path.length > 1).map(([name]) => name));
  const scalars =
    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed";
  for (const { name } of keyList(table.keys)) {
    if (nested.has(name)) throw invalid(`${scalars}: Key: ${name}`);
  }
  for (const { name } of table.indexes.flatMap((index) => keyList(index.keys))) {
    if (nested.has(name)) throw invalid(`${scalars}: IndexKey: ${name}`);
  }
}

// Attribute values as rows keep them: as on the wire, with bytes as base64 text and numbers in their plain form.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html

import { base64, fromBase64, noBytes, utf8Length } from '#contract/protocols/bytes.ts';
import type { AttributeValue } from '#generated/contracts/dynamodb.ts';
import { invalid, invalidValues } from '../faults.ts';
import { normalized, numberBytes } from './number.ts';

export type Value =
  | { readonly S: string }
  | { readonly N: string }
  /** Base64. */
  | { readonly B: string }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly M: Item }
  | { readonly L: readonly Value[] }
  | { readonly NULL: true }
  | { readonly BOOL: boolean };

export type TypeName = 'S' | 'N' | 'B' | 'SS' | 'NS' | 'BS' | 'M' | 'L' | 'NULL' | 'BOOL';

export type Item = Readonly<Record<string, Value>>;
export type WireItem = Readonly<Record<string, AttributeValue>>;

const DEEPEST = 32;

export function typeOf(value: Value): TypeName {
  return Object.keys(value)[0] as TypeName;
}

/** What stands under the type's name. */
export function contentOf(value: Value): unknown {
  return Object.values(value)[0];
}

/** An attribute by name; names may be those of JavaScript's own properties. */
export function attribute(item: Item, name: string): Value | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

/** Members of an item by name, whatever the names are. */
export function itemOf(entries: Iterable<readonly [string, Value]>): Item {
  return Object.fromEntries(entries) as Item;
}

// ---- From and to the wire ----

export function fromWire(item: WireItem): Item {
  return itemOf(Object.entries(item).map(([name, value]) => [name, valueFromWire(value)]));
}

export function toWire(item: Item): WireItem {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, valueToWire(value)]));
}

/** Lists and maps within one another. */
export function checkDepth(depth: number): void {
  if (depth > DEEPEST) throw invalid('Nesting Levels have exceeded supported limits');
}

/** Throws DynamoDB's error where a value is none. */
export function valueFromWire(wire: AttributeValue, depth: number = 1): Value {
  checkDepth(depth);
  const types = Object.entries(wire).filter(([, content]) => content !== undefined && content !== null);
  if (types.length === 0)
    throw invalid('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
  if (types.length > 1)
    throw invalid(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  const { S, N, B, BOOL, NULL, M, L } = wire;
  if (S !== undefined) return { S };
  if (N !== undefined) return { N: normalized(N) };
  if (B !== undefined) return { B: base64(B) };
  if (BOOL !== undefined) return { BOOL };
  if (NULL !== undefined) {
    if (!NULL) throw invalidValues('Null attribute value types must have the value of true');
    return { NULL };
  }
  if (L !== undefined) return { L: L.map((element) => valueFromWire(element, depth + 1)) };
  if (M !== undefined)
    return { M: itemOf(Object.entries(M).map(([name, inner]) => [name, valueFromWire(inner, depth + 1)])) };
  return setFromWire(wire);
}

function setFromWire({ SS, NS = [], BS }: AttributeValue): Value {
  if (SS) {
    if (SS.length === 0) throw invalidValues('An string set  may not be empty');
    if (new Set(SS).size < SS.length)
      throw invalidValues(`Input collection [${SS.join(', ')}] contains duplicates.`);
    return { SS };
  }
  if (BS) {
    if (BS.length === 0) throw invalidValues('Binary sets should not be empty');
    const members = BS.map(base64);
    if (new Set(members).size < members.length)
      throw invalidValues(`Input collection [${members.join(', ')}]of type BS contains duplicates.`);
    return { BS: members };
  }
  if (NS.length === 0) throw invalidValues('An number set  may not be empty');
  const members = NS.map(normalized);
  if (new Set(members).size < members.length) throw invalid('Input collection contains duplicates');
  return { NS: members };
}

function valueToWire(value: Value): AttributeValue {
  if ('B' in value) return { B: bytesOf(value.B) };
  if ('BS' in value) return { BS: value.BS.map(bytesOf) };
  if ('L' in value) return { L: value.L.map(valueToWire) };
  if ('M' in value) return { M: toWire(value.M) };
  return value;
}

export function bytesOf(text: string): Uint8Array {
  return fromBase64(text) ?? noBytes;
}

// ---- Equality ----

/** Sets are equal in any order, and maps are. */
export function equal(left: Value, right: Value): boolean {
  const type = typeOf(left);
  if (type !== typeOf(right)) return false;
  if ('L' in left && 'L' in right)
    return left.L.length === right.L.length && left.L.every((one, at) => equal(one, right.L[at] as Value));
  if ('M' in left && 'M' in right) return equalItems(left.M, right.M);
  const [a, b] = [contentOf(left), contentOf(right)];
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  const members = new Set<unknown>(b);
  return a.length === b.length && a.every((member) => members.has(member));
}

export function equalItems(left: Item, right: Item): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => {
      const other = attribute(right, name);
      return other !== undefined && equal(left[name] as Value, other);
    })
  );
}

// ---- Size ----

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
export function itemBytes(item: Item): number {
  let total = 0;
  for (const [name, value] of Object.entries(item)) total += textBytes(name) + valueBytes(value);
  return total;
}

function valueBytes(value: Value): number {
  if ('S' in value) return textBytes(value.S);
  if ('N' in value) return numberBytes(value.N);
  if ('B' in value) return byteCount(value.B);
  if ('SS' in value) return total(value.SS, textBytes);
  if ('NS' in value) return total(value.NS, numberBytes);
  if ('BS' in value) return total(value.BS, byteCount);
  // Lists and maps cost three bytes, and one for each of their elements.
  if ('L' in value) return 3 + total(value.L, (element) => 1 + valueBytes(element));
  if ('M' in value) return 3 + Object.keys(value.M).length + itemBytes(value.M);
  return 1;
}

function total<T>(members: readonly T[], bytes: (member: T) => number): number {
  return members.reduce((sum, member) => sum + bytes(member), 0);
}

export function byteCount(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

/** Bytes of UTF-8. */
export function textBytes(text: string): number {
  return utf8Length(text);
}

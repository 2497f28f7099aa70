// Properties as a resource type declares them: turned into the declared types, checked, compared.

import type { PropertyFacts, PropertyKind, ResourceType } from '#contract/resource-types.ts';
import { isFields } from '../template/template.ts';
import type { Fields, Value } from '../template/template.ts';

/** What is wrong with a resource's properties, as CloudFormation's registry words it. */
export interface Problem {
  /** JSON pointer: `#/Subscription/0/Endpoint`. */
  readonly at: string;
  readonly text: string;
}

interface Reading {
  readonly type: ResourceType;
  readonly problems: Problem[];
}

/**
 * Properties in their declared types. CloudFormation takes `"true"` for a boolean, `"3"` for a number and a number for a
 * string. Problems go into `problems`.
 */
export function readProperties(type: ResourceType, given: Fields, problems: Problem[]): Fields {
  return readMembers({ type, problems }, type.properties, given, '#');
}

function readMembers(
  reading: Reading,
  declared: ReadonlyMap<string, PropertyFacts>,
  given: Fields,
  at: string,
): Fields {
  const read: Record<string, Value> = {};
  const unknown = Object.keys(given).filter((name) => !declared.has(name));
  for (const name of unknown)
    reading.problems.push({ at, text: `extraneous key [${name}] is not permitted` });
  for (const [name, facts] of declared) {
    const value = given[name];
    if (value !== undefined && value !== null)
      read[name] = readValue(reading, facts.type, value, `${at}/${name}`);
    else if (facts.required) reading.problems.push({ at, text: `required key [${name}] not found` });
  }
  return read;
}

function readValue(reading: Reading, kind: PropertyKind, value: Value, at: string): Value {
  const wrong = (expected: string): Value => {
    reading.problems.push({ at, text: `expected type: ${expected}, found: ${nameOf(value)}` });
    return value;
  };
  // A dynamic reference is checked when it is resolved.
  if (typeof value === 'string' && value.includes('{{resolve:')) return value;
  switch (kind.kind) {
    case 'string':
    case 'timestamp':
      return isScalar(value) ? String(value) : wrong('String');
    case 'boolean':
      return booleanOf(value) ?? wrong('Boolean');
    case 'integer':
      return numberOf(value, /^[+-]?\d+$/) ?? wrong('Integer');
    case 'number':
      return numberOf(value, /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/) ?? wrong('Number');
    case 'json':
    case 'any':
      return value;
    case 'tag':
      return isFields(value) ? tagOf(value) : wrong('JSONObject');
    case 'list':
      // A single value passes for a list of one, as CloudFormation takes it.
      if (!Array.isArray(value))
        return isFields(value) && kind.of.kind !== 'structure'
          ? wrong('JSONArray')
          : [readValue(reading, kind.of, value, `${at}/0`)];
      return value.map((item, index) => readValue(reading, kind.of, item as Value, `${at}/${index}`));
    case 'map':
      if (!isFields(value)) return wrong('JSONObject');
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, readValue(reading, kind.of, item, `${at}/${key}`)]),
      );
    case 'structure':
      if (!isFields(value)) return wrong('JSONObject');
      return readMembers(reading, reading.type.structure(kind.number), value, at);
    case 'either':
      return readEither(reading, kind.of, value, at);
  }
}

/** The first alternative that the value fits without problems. */
function readEither(reading: Reading, kinds: readonly PropertyKind[], value: Value, at: string): Value {
  for (const kind of kinds) {
    const problems: Problem[] = [];
    const read = readValue({ type: reading.type, problems }, kind, value, at);
    if (problems.length === 0) return read;
  }
  reading.problems.push({ at, text: '#: no subschema matched out of the total subschemas' });
  return value;
}

function isScalar(value: Value): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function tagOf(value: Fields): Fields {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, isScalar(item) ? String(item) : item]),
  );
}

function booleanOf(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  const lower = value.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}

function numberOf(value: Value, form: RegExp): number | undefined {
  if (!isScalar(value) || typeof value === 'boolean') return undefined;
  return form.test(String(value)) ? Number(value) : undefined;
}

function nameOf(value: Value): string {
  if (Array.isArray(value)) return 'JSONArray';
  if (isFields(value)) return 'JSONObject';
  if (typeof value === 'number') return Number.isInteger(value) ? 'Integer' : 'BigDecimal';
  return typeof value === 'boolean' ? 'Boolean' : 'String';
}

/** `Properties validation failed for resource Topic with message:` and a line for each problem. */
export function problemText(logicalId: string, problems: readonly Problem[]): string {
  const lines = problems.map(({ at, text }) => `${at}: ${text}`);
  return `Properties validation failed for resource ${logicalId} with message:\n${lines.join('\n')}`;
}

/** A property that differs, and what that does to the resource. */
export interface Difference {
  /** Property names from the top, list positions left out. */
  readonly path: readonly string[];
  readonly replaces: PropertyFacts['replaces'];
}

/** Properties whose values differ, at the deepest declared place that tells what a change does. */
export function differences(type: ResourceType, before: Fields, after: Fields): Difference[] {
  const found: Difference[] = [];
  compareMembers(type, type.properties, before, after, [], 'no', found);
  return found;
}

type Replaces = PropertyFacts['replaces'];

/** What is inside a property that replaces the resource replaces it too. */
function worse(outer: Replaces, inner: Replaces): Replaces {
  return outer === 'yes' || inner === 'yes' ? 'yes' : outer === 'maybe' || inner === 'maybe' ? 'maybe' : 'no';
}

function compareMembers(
  type: ResourceType,
  declared: ReadonlyMap<string, PropertyFacts>,
  before: Fields,
  after: Fields,
  path: readonly string[],
  outer: Replaces,
  found: Difference[],
): void {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const name of [...names].toSorted()) {
    const [left, right] = [before[name], after[name]];
    if (sameValue(left, right)) continue;
    const facts = declared.get(name);
    const replaces = worse(outer, facts?.replaces ?? 'no');
    const inside = facts?.type.kind === 'structure' ? type.structure(facts.type.number) : undefined;
    if (inside && isFields(left) && isFields(right))
      compareMembers(type, inside, left, right, [...path, name], replaces, found);
    else found.push({ path: [...path, name], replaces });
  }
}

/** Whether two values say the same, whatever the order of members. */
export function sameValue(left: Value | undefined, right: Value | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return (
      left.length === right.length &&
      left.every((item, index) => sameValue(item as Value, right[index] as Value))
    );
  }
  if (!isFields(left) || !isFields(right)) return false;
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && sameValue(left[name], right[name]))
  );
}

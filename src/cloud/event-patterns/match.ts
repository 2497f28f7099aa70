// Event patterns, by which EventBridge's rules, SNS's filter policies and Lambda's event filters choose: which JSON documents
// one describes. Pure. What services take for a pattern is in ./check.ts.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html; what the documentation leaves open is as in
// AWS's own matcher, https://github.com/aws/event-ruler

import { isList, isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { meets } from './condition.ts';

/** Whether a value is a `$or` that joins alternatives, and no field of that name. */
export function alternatives(key: string, rule: Json): readonly JsonObject[] | undefined {
  const joins = key === '$or' && isList(rule) && rule.length > 1 && rule.every(isObject);
  return joins ? (rule as readonly JsonObject[]) : undefined;
}

/** Whether a document is one that a pattern describes. Names with dots stand for nested ones, on both sides. */
export function matches(pattern: JsonObject, document: JsonObject): boolean {
  return matchesFields(undotted(pattern), undotted(document));
}

/** The same for names that are what they are, dots and all. */
export function matchesFields(pattern: JsonObject, fields: JsonObject): boolean {
  return matchesObject({ document: fields, path: [] }, pattern, fields);
}

/** Where in the document a part of it stands: what has to be absent is looked for everywhere. */
interface Place {
  readonly document: JsonObject;
  readonly path: readonly string[];
}

function matchesObject({ document, path }: Place, pattern: JsonObject, content: JsonObject): boolean {
  return Object.entries(pattern).every(([key, rule]) => {
    const branches = alternatives(key, rule);
    if (branches) return branches.some((branch) => matchesObject({ document, path }, branch, content));
    const value = Object.hasOwn(content, key) ? content[key] : undefined;
    const place = { document, path: [...path, key] };
    return isList(rule) ? matchesAny(place, rule, value) : matchesNested(place, rule as JsonObject, value);
  });
}

/** Of a list, one element has to match as a whole. */
function matchesNested(place: Place, rule: JsonObject, value: Json | undefined): boolean {
  if (isList(value) && value.length > 0) return value.some((one) => matchesNested(place, rule, one));
  return matchesObject(place, rule, isObject(value) ? value : {});
}

function matchesAny(place: Place, conditions: readonly Json[], value: Json | undefined): boolean {
  const values = leaves(value);
  return conditions.some((condition) => {
    if (isObject(condition) && condition['exists'] === false)
      return !leafStandsAt(place.document, place.path);
    return values.some((one) => meets(condition, one));
  });
}

/** Operators look at leaves only: an object in their place is as good as nothing. */
function leaves(value: Json | undefined): readonly Json[] {
  if (value === undefined || isObject(value)) return [];
  return isList(value) ? value.flatMap(leaves) : [value];
}

function leafStandsAt(value: Json | undefined, path: readonly string[]): boolean {
  const [name, ...rest] = path;
  if (name === undefined) return leaves(value).length > 0;
  if (isList(value)) return value.some((one) => leafStandsAt(one, path));
  return isObject(value) && Object.hasOwn(value, name) && leafStandsAt(value[name], rest);
}

/** The same document with `{ 'a.b': x }` as `{ a: { b: x } }`. */
function undotted(document: JsonObject): JsonObject {
  const found: Record<string, Json> = {};
  for (const [key, value] of Object.entries(document)) {
    let place = found;
    const path = key.split('.');
    for (const name of path.slice(0, -1)) {
      const inner = Object.hasOwn(place, name) ? place[name] : undefined;
      place = (place[name] = isObject(inner) ? { ...inner } : {}) as Record<string, Json>;
    }
    const last = path.at(-1) as string;
    const before = Object.hasOwn(place, last) ? place[last] : undefined;
    const inner = undottedValue(value);
    place[last] = isObject(before) && isObject(inner) ? { ...before, ...inner } : inner;
  }
  return found;
}

function undottedValue(value: Json): Json {
  if (isList(value)) return value.map(undottedValue);
  return isObject(value) ? undotted(value) : value;
}

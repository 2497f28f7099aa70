// Event patterns: which events a rule wants. Pure. What EventBridge takes for a pattern is in ./pattern-check.ts.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html

import { contains, parseAddress } from '#cloud/iam/values.ts';
import { isList, isObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';

/** Whether a value is a `$or` that joins alternatives, and no field of that name. */
export function alternatives(key: string, rule: Json): readonly JsonObject[] | undefined {
  const joins = key === '$or' && isList(rule) && rule.length > 1 && rule.every(isObject);
  return joins ? (rule as readonly JsonObject[]) : undefined;
}

/** Whether an event is one that a pattern, which has no problem, describes. */
export function matches(pattern: JsonObject, event: JsonObject): boolean {
  const nested = undotted(pattern);
  const whole = undotted(event);
  return matchesObject({ event: whole, path: [] }, nested, whole);
}

/** The sources that a pattern asks for by name; nothing where it does not confine itself to such. */
export function sourcesOf(pattern: JsonObject): readonly string[] | undefined {
  const { source } = pattern;
  if (!isList(source) || !source.every((one) => typeof one === 'string')) return undefined;
  return source;
}

/** Where in the event a part of it stands: what has to be absent is looked for everywhere. */
interface Place {
  readonly event: JsonObject;
  readonly path: readonly string[];
}

function matchesObject({ event, path }: Place, pattern: JsonObject, content: JsonObject): boolean {
  return Object.entries(pattern).every(([key, rule]) => {
    const branches = alternatives(key, rule);
    if (branches) return branches.some((branch) => matchesObject({ event, path }, branch, content));
    const value = Object.hasOwn(content, key) ? content[key] : undefined;
    const place = { event, path: [...path, key] };
    return isList(rule) ? matchesAny(place, rule, value) : matchesNested(place, rule as JsonObject, value);
  });
}

/** Of a list, one element has to match as a whole. */
function matchesNested(place: Place, rule: JsonObject, value: Json | undefined): boolean {
  if (isList(value) && value.length > 0) return value.some((one) => matchesNested(place, rule, one));
  return matchesObject(place, rule, isObject(value) ? value : {});
}

function matchesAny(place: Place, rules: readonly Json[], value: Json | undefined): boolean {
  const values = leaves(value);
  return rules.some((rule) => {
    if (isObject(rule) && rule['exists'] === false) return leavesAt(place.event, place.path).length === 0;
    return values.some((one) => matchesValue(rule, one));
  });
}

/** Operators look at leaves only: an object in their place is as good as nothing. */
function leaves(value: Json | undefined): readonly Json[] {
  if (value === undefined || isObject(value)) return [];
  return isList(value) ? value.flatMap(leaves) : [value];
}

function leavesAt(value: Json | undefined, path: readonly string[]): readonly Json[] {
  const [name, ...rest] = path;
  if (name === undefined) return leaves(value);
  if (isList(value)) return value.flatMap((one) => leavesAt(one, path));
  return isObject(value) && Object.hasOwn(value, name) ? leavesAt(value[name], rest) : [];
}

function matchesValue(rule: Json, value: Json): boolean {
  if (!isObject(rule)) return rule === value;
  const [operator, operand] = Object.entries(rule)[0] as [string, Json];
  switch (operator) {
    case 'exists':
      return operand === true;
    case 'anything-but':
      return !(isObject(operand) ? insideOf(operand) : listOf(operand)).some((one) =>
        matchesValue(one, value),
      );
    case 'numeric':
      return typeof value === 'number' && inRange(operand as readonly (string | number)[], value);
    default:
      return typeof value === 'string' && matchesText(operator, operand, value);
  }
}

const listOf = (operand: Json): readonly Json[] => (isList(operand) ? operand : [operand]);

/** `{ "prefix": ["a", "b"] }` as the two matches that it stands for. */
function insideOf(operand: JsonObject): readonly JsonObject[] {
  const [operator = '', inner = null] = Object.entries(operand)[0] ?? [];
  return listOf(inner).map((one) => ({ [operator]: one }));
}

function matchesText(operator: string, operand: Json, value: string): boolean {
  const caseless = isObject(operand);
  const given = caseless ? operand['equals-ignore-case'] : operand;
  const wanted = caseless ? String(given).toLowerCase() : String(given);
  const text = caseless ? value.toLowerCase() : value;
  switch (operator) {
    case 'prefix':
      return text.startsWith(wanted);
    case 'suffix':
      return text.endsWith(wanted);
    case 'equals-ignore-case':
      return text.toLowerCase() === wanted.toLowerCase();
    case 'wildcard':
      return fits(pieces(wanted), text);
    case 'cidr': {
      const [block, address] = [parseAddress(wanted), parseAddress(text)];
      return block !== undefined && address !== undefined && contains(block, address);
    }
    default:
      return false;
  }
}

/** Pairs of comparison and bound, such as `['>', 0, '<=', 150]`. */
function inRange(pairs: readonly (string | number)[], value: number): boolean {
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const bound = pairs[at + 1] as number;
    const holds = {
      '=': value === bound,
      '<': value < bound,
      '<=': value <= bound,
      '>': value > bound,
      '>=': value >= bound,
    };
    if (!holds[pairs[at] as keyof typeof holds]) return false;
  }
  return true;
}

/** What stands between the wildcards; `\*` and `\\` are the characters themselves. */
function pieces(wildcard: string): string[] {
  const found = [''];
  for (let at = 0; at < wildcard.length; at += 1) {
    const escaped = wildcard[at] === '\\';
    if (wildcard[at] === '*') found.push('');
    else found[found.length - 1] += escaped ? (wildcard[(at += 1)] ?? '') : (wildcard[at] ?? '');
  }
  return found;
}

/** Whether a text begins with the first piece, ends with the last, and has the others in between, in order. */
function fits([start = '', ...rest]: readonly string[], text: string): boolean {
  const end = rest.pop();
  if (end === undefined) return text === start;
  if (!text.startsWith(start)) return false;
  let at = start.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - end.length >= at && text.endsWith(end);
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

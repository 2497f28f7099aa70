// Filter patterns for JSON: `{ $.level = "ERROR" && $.latency > 100 }`. Pure.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html

import type { Json } from '#cloud/json.ts';
import type { LogMessage } from './log-message.ts';
import { NoPattern, readComparison } from './pattern-reader.ts';
import type { PatternReader, Scalar } from './pattern-reader.ts';

/** A name, an index, or a wildcard. */
type Step = string | number | null;
const ANY = null;

/** A property selector: where to look in a message. */
export interface Selector {
  readonly text: string;
  readonly steps: readonly Step[];
}

/** One wildcard for each selector, three for each pattern. */
const MOST_WILDCARDS = 3;
const BARE = /[A-Za-z0-9_.:/*+-]+/y;

/** A property selector, if one begins here. */
export function readSelector(reader: PatternReader): Selector | undefined {
  const from = reader.at;
  if (!reader.match(/\$/y)) return undefined;
  const steps: Step[] = [];
  for (;;) {
    const [found, name, quoted, index] =
      reader.match(/\.(\*|[A-Za-z0-9_-]+)|\.?\['([^']+)'\]|\[(\*|\d+)\]/y) ?? [];
    if (found === undefined) break;
    if (name === '*' || index === '*') steps.push(ANY);
    else if (index === undefined) steps.push(name ?? quoted ?? '');
    else steps.push(Number(index));
  }
  if (steps.length === 0 || steps.filter((step) => step === ANY).length > 1) throw new NoPattern();
  return { text: reader.text.slice(from, reader.at), steps };
}

/** What a selector finds; several things where it has a wildcard. */
export function select({ steps }: Selector, json: Json): Json[] {
  let found: Json[] = [json];
  for (const step of steps) found = found.flatMap((value) => within(value, step));
  return found;
}

function within(value: Json, step: Step): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  if (step === ANY) return Object.values(value) as Json[];
  if (typeof step === 'number')
    return Array.isArray(value) && step < value.length ? [value[step] as Json] : [];
  if (Array.isArray(value) || !Object.hasOwn(value, step)) return [];
  return [(value as Readonly<Record<string, Json>>)[step] as Json];
}

export function isScalar(value: Json): value is Scalar {
  return value !== null && typeof value !== 'object';
}

type Condition = (json: Json) => boolean;

export interface JsonPattern {
  readonly condition: Condition;
  readonly selectors: readonly Selector[];
}

/** The pattern from its opening to its closing brace. */
export function readJsonPattern(reader: PatternReader): JsonPattern {
  const selectors: Selector[] = [];
  reader.expect('{');
  const condition = readAny(reader, selectors);
  reader.expect('}');
  const wildcards = selectors.filter(({ steps }) => steps.includes(ANY)).length;
  if (!reader.done || wildcards > MOST_WILDCARDS) throw new NoPattern();
  return { condition, selectors };
}

function readAny(reader: PatternReader, selectors: Selector[]): Condition {
  const sides = [readAll(reader, selectors)];
  while (reader.takes('||')) sides.push(readAll(reader, selectors));
  return sides.length === 1 ? (sides[0] as Condition) : (json) => sides.some((side) => side(json));
}

function readAll(reader: PatternReader, selectors: Selector[]): Condition {
  const sides = [readOne(reader, selectors)];
  while (reader.takes('&&')) sides.push(readOne(reader, selectors));
  return sides.length === 1 ? (sides[0] as Condition) : (json) => sides.every((side) => side(json));
}

function readOne(reader: PatternReader, selectors: Selector[]): Condition {
  if (reader.takes('(')) {
    const inner = readAny(reader, selectors);
    reader.expect(')');
    return inner;
  }
  const selector = readSelector(reader);
  if (!selector) throw new NoPattern();
  selectors.push(selector);
  const keyword = reader.match(/\s+(IS\s+(?:NULL|TRUE|FALSE)|NOT\s+EXISTS)\b/y)?.[1]?.replaceAll(/\s+/g, ' ');
  if (keyword !== undefined) return holds(keyword, selector);
  const test = readComparison(reader, BARE);
  if (!test) throw new NoPattern();
  // What is missing, an array or an object is neither equal nor unequal to anything.
  return (json) => select(selector, json).some((value) => isScalar(value) && test(value));
}

function holds(keyword: string, selector: Selector): Condition {
  switch (keyword) {
    case 'NOT EXISTS':
      return (json) => select(selector, json).length === 0;
    case 'IS NULL':
      return (json) => select(selector, json).some((value) => value === null);
    default: {
      const wanted = keyword === 'IS TRUE';
      return (json) => select(selector, json).some((value) => value === wanted);
    }
  }
}

/** The values of the selectors in a message, as texts. */
export function selected({ selectors }: JsonPattern, { json = null }: LogMessage): Record<string, string> {
  const found: Record<string, string> = {};
  for (const selector of selectors) {
    const value = select(selector, json).find(isScalar);
    if (value !== undefined) found[selector.text] = String(value);
  }
  return found;
}

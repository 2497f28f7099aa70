// Filter patterns of event source mappings: EventBridge's rule syntax, as far as Lambda takes it. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Fields = { readonly [key: string]: Json };

/** What is wrong with a pattern is all that AWS tells. */
export class PatternError extends Error {}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export type Pattern = Fields;

/** Reads a pattern. Throws `PatternError`. */
export function parsePattern(text: string): Pattern {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new PatternError();
  }
  if (!isFields(parsed)) throw new PatternError();
  check(parsed);
  return parsed;
}

const COMPARISONS = new Set(['=', '<', '<=', '>', '>=']);

function check(pattern: Fields): void {
  for (const [name, wanted] of Object.entries(pattern)) {
    if (name === '$or') {
      if (!Array.isArray(wanted) || wanted.length === 0 || !wanted.every(isFields)) throw new PatternError();
      for (const branch of wanted) check(branch as Fields);
    } else if (Array.isArray(wanted)) {
      if (wanted.length === 0) throw new PatternError();
      for (const test of wanted) checkTest(test as Json);
    } else if (isFields(wanted)) check(wanted);
    else throw new PatternError();
  }
}

function checkTest(test: Json): void {
  if (Array.isArray(test)) throw new PatternError();
  if (!isFields(test)) return;
  const [operator, ...others] = Object.entries(test);
  if (!operator || others.length > 0 || !operatorIsSound(operator)) throw new PatternError();
}

function operatorIsSound([operator, value]: [string, Json]): boolean {
  switch (operator) {
    case 'prefix':
    case 'suffix':
    case 'equals-ignore-case':
      return typeof value === 'string';
    case 'exists':
      return typeof value === 'boolean';
    case 'anything-but':
      if (isFields(value)) return operatorIsSound(Object.entries(value)[0] ?? ['', null]);
      return true;
    case 'numeric':
      return (
        Array.isArray(value) &&
        value.length > 0 &&
        value.length % 2 === 0 &&
        value.every((part, at) => (at % 2 === 0 ? COMPARISONS.has(String(part)) : typeof part === 'number'))
      );
    default:
      return false;
  }
}

/** Whether a record matches. */
export function matches(pattern: Pattern, record: unknown): boolean {
  return Object.entries(pattern).every(([name, wanted]) => {
    if (name === '$or') return (wanted as readonly Fields[]).some((branch) => matches(branch, record));
    const value = isFields(record) ? record[name] : undefined;
    if (!Array.isArray(wanted)) return matches(wanted as Fields, value);
    // A list in the record matches by any of its members.
    const values: readonly (Json | undefined)[] = Array.isArray(value) ? (value as readonly Json[]) : [value];
    return wanted.some((test) => values.some((one) => passes(test as Json, one)));
  });
}

function passes(test: Json, value: Json | undefined): boolean {
  if (!isFields(test)) return test === value;
  const [operator = '', wanted = null] = Object.entries(test)[0] ?? [];
  switch (operator) {
    case 'exists':
      return (value !== undefined) === wanted;
    case 'prefix':
      return typeof value === 'string' && value.startsWith(wanted as string);
    case 'suffix':
      return typeof value === 'string' && value.endsWith(wanted as string);
    case 'equals-ignore-case':
      return typeof value === 'string' && value.toLowerCase() === (wanted as string).toLowerCase();
    case 'anything-but':
      return value !== undefined && !excluded(wanted, value);
    default:
      return typeof value === 'number' && inRange(wanted as readonly Json[], value);
  }
}

function excluded(wanted: Json, value: Json): boolean {
  if (isFields(wanted)) return passes(wanted, value);
  return Array.isArray(wanted) ? wanted.includes(value) : wanted === value;
}

function inRange(bounds: readonly Json[], value: number): boolean {
  for (let at = 0; at < bounds.length; at += 2) {
    const bound = bounds[at + 1] as number;
    const holds = {
      '=': value === bound,
      '<': value < bound,
      '<=': value <= bound,
      '>': value > bound,
      '>=': value >= bound,
    }[bounds[at] as string];
    if (!holds) return false;
  }
  return true;
}

/**
 * Whether a message of a queue passes one of the patterns. What a pattern asks of the body decides how the body is read; a body
 * that is not of that form passes no such pattern.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
 */
export function passesAny(patterns: readonly Pattern[], record: { readonly body: string }): boolean {
  if (patterns.length === 0) return true;
  const body = parsed(record.body);
  return patterns.some((pattern) => {
    const wanted = pattern['body'];
    if (wanted === undefined || Array.isArray(wanted)) return matches(pattern, record);
    return isFields(body) && matches(pattern, { ...record, body });
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

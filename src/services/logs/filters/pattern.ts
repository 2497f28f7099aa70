// Filter patterns: terms, JSON, fields between spaces. One syntax for metric filters, subscription filters and FilterLogEvents.
// Pure. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

import { invalidParameter } from '../groups/log-group.ts';
import { fieldNames, matchFields, readFieldPattern } from './field-pattern.ts';
import type { FieldPattern } from './field-pattern.ts';
import { isScalar, readJsonPattern, readSelector, select, selected } from './json-pattern.ts';
import type { JsonPattern } from './json-pattern.ts';
import type { LogMessage } from './log-message.ts';
import { NoPattern, PatternReader } from './pattern-reader.ts';

/** What a pattern finds in a message by name, such as `$.level` or `$status`. Empty for terms. */
export type Extracted = Readonly<Record<string, string>>;

interface Term {
  readonly sign: '' | '-' | '?';
  readonly test: (text: string) => boolean;
}

type Form =
  | { readonly form: 'terms'; readonly terms: readonly Term[] }
  | { readonly form: 'json'; readonly json: JsonPattern }
  | { readonly form: 'fields'; readonly fields: FieldPattern };

export type Pattern = Form & {
  /** How many regular expressions it has. */
  readonly expressions: number;
};

const MOST_EXPRESSIONS = 2;

/** Throws AWS's error for a text that is no pattern. `what` names it there. */
export function parsePattern(text: string, what: string = 'filter pattern'): Pattern {
  const reader = new PatternReader(text.trim());
  try {
    const form = readForm(reader);
    if (reader.expressions > MOST_EXPRESSIONS) throw new NoPattern();
    return { ...form, expressions: reader.expressions };
  } catch (error) {
    if (error instanceof NoPattern) throw invalidParameter(`Invalid ${what}`);
    throw error;
  }
}

function readForm(reader: PatternReader): Form {
  if (reader.text.startsWith('{')) return { form: 'json', json: readJsonPattern(reader) };
  if (reader.text.startsWith('[')) return { form: 'fields', fields: readFieldPattern(reader) };
  const terms: Term[] = [];
  for (reader.skipSpace(); !reader.done; reader.skipSpace()) terms.push(readTerm(reader));
  return { form: 'terms', terms: effective(terms) };
}

/** What is neither a letter, a digit nor an underscore has to be in double quotes. */
function readTerm(reader: PatternReader): Term {
  const sign = (reader.match(/[-?]/y)?.[0] ?? '') as Term['sign'];
  const expression = reader.expression();
  if (expression) return { sign, test: expression };
  const term = reader.quoted() ?? reader.match(/[\p{L}\p{N}_]+/uy)?.[0];
  if (term === undefined || (!reader.done && !reader.match(/(?=\s)/y))) throw new NoPattern();
  // Terms are looked for anywhere: `ERROR` is in `ERRORCODE`.
  return { sign, test: (text) => text.includes(term) };
}

/** Beside other terms, those with a question mark are ignored. */
function effective(terms: readonly Term[]): readonly Term[] {
  return terms.every(({ sign }) => sign === '?') ? terms : terms.filter(({ sign }) => sign !== '?');
}

/** What the pattern finds in a message, or nothing where the message does not match. */
export function match(pattern: Pattern, message: LogMessage): Extracted | undefined {
  switch (pattern.form) {
    case 'json': {
      const { json } = message;
      if (json === undefined || !pattern.json.condition(json)) return undefined;
      return selected(pattern.json, message);
    }
    case 'fields':
      return matchFields(pattern.fields, message.fields);
    default:
      return matchesTerms(pattern.terms, message.text) ? {} : undefined;
  }
}

function matchesTerms(terms: readonly Term[], text: string): boolean {
  if (terms[0]?.sign === '?') return terms.some(({ test }) => test(text));
  return terms.every(({ sign, test }) => test(text) !== (sign === '-'));
}

/** Whether a reference such as `$.latency` or `$bytes` means something to messages that this pattern matches. */
export function refersTo(pattern: Pattern, reference: string): boolean {
  if (pattern.form === 'fields') {
    return /^\$\d+$/.test(reference) || fieldNames(pattern.fields).includes(reference.slice(1));
  }
  return pattern.form === 'json' && selectorIn(reference) !== undefined;
}

/** What a reference stands for in a message that matched. */
export function valueOf(
  pattern: Pattern,
  message: LogMessage,
  extracted: Extracted,
  reference: string,
): string | undefined {
  if (pattern.form !== 'json') return extracted[reference];
  const selector = selectorIn(reference);
  const value = selector && select(selector, message.json ?? null).find(isScalar);
  return value === undefined ? undefined : String(value);
}

function selectorIn(reference: string): ReturnType<typeof readSelector> {
  const reader = new PatternReader(reference);
  try {
    const selector = readSelector(reader);
    return reader.done ? selector : undefined;
  } catch (error) {
    if (error instanceof NoPattern) return undefined;
    throw error;
  }
}

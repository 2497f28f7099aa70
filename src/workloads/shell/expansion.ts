// Turns words of a script into the texts that commands get.

import { calculate } from './arithmetic.ts';
import type { Part, Word } from './syntax.ts';

/** Stands in a text for what cannot be known without running the script. */
export const UNKNOWN = '\uFFFD';

export interface Values {
  /** Nothing: it cannot be known. */
  variable(name: string): string | undefined;
  /** What a command prints, without the line's end. */
  output(script: string): string | undefined;
}

/** The text of a word that is not split. */
export function textOf(word: Word, values: Values): string {
  return word.map((part) => partText(part, values)).join('');
}

/** The words of a command after expansion: values outside of quotes are split at blanks. */
export function fieldsOf(words: readonly Word[], values: Values): string[] {
  return words.flatMap((word) => split(word, values));
}

function split(word: Word, values: Values): string[] {
  const fields: string[] = [];
  let current: string | undefined;
  for (const part of word) {
    const text = partText(part, values);
    const whole = part.kind === 'text' || part.kind === 'unknown' || part.kind === 'arithmetic';
    if (whole || part.quoted) {
      current = (current ?? '') + text;
      continue;
    }
    const pieces = text.split(/\s+/);
    pieces.forEach((piece, index) => {
      if (index > 0 && current !== undefined) fields.push(current);
      if (index > 0) current = undefined;
      if (piece !== '') current = (current ?? '') + piece;
    });
  }
  if (current !== undefined) fields.push(current);
  return fields;
}

function partText(part: Part, values: Values): string {
  if (part.kind === 'text') return part.text;
  if (part.kind === 'unknown') return UNKNOWN;
  if (part.kind === 'arithmetic') {
    const value = calculate(textOf(part.expression, values), (name) => values.variable(name))?.value;
    return value === undefined ? UNKNOWN : String(value);
  }
  if (part.kind === 'command') return values.output(part.text) ?? UNKNOWN;
  const value = values.variable(part.name) ?? UNKNOWN;
  return value === '' && part.otherwise !== undefined ? part.otherwise : value;
}

/** `{1..5}` as its members; everything else as it is. */
export function braceRange(text: string): string[] {
  const [, from, to] = /^\{(\d{1,4})\.\.(\d{1,4})\}$/.exec(text) ?? [];
  if (from === undefined || to === undefined) return [text];
  const count = Math.min(Math.max(Number(to) - Number(from) + 1, 0), 500);
  return Array.from({ length: count }, (_, index) => String(Number(from) + index));
}

// What is wrong with an expression whose syntax is right. DynamoDB answers one thing, by kind first and then by place.

import type { Reader } from './tokens.ts';

export type FindingKind =
  | 'parentheses'
  | 'unknown'
  | 'misused'
  | 'reserved'
  | 'section'
  | 'placeholder'
  | 'overlap'
  | 'conflict'
  | 'count'
  | 'distinct'
  | 'operand';

/** The order in which kinds are answered. */
const ORDER: readonly FindingKind[] = [
  'parentheses',
  'unknown',
  'misused',
  'reserved',
  'section',
  'placeholder',
  'overlap',
  'conflict',
  'count',
  'distinct',
  'operand',
];

export class Findings {
  readonly #first = new Map<FindingKind, string>();

  add(kind: FindingKind, message: string): void {
    if (!this.#first.has(kind)) this.#first.set(kind, message);
  }

  /** Throws the one that DynamoDB answers, if there is any. */
  check(reader: Pick<Reader, 'failure'>): void {
    for (const kind of ORDER) {
      const message = this.#first.get(kind);
      if (message !== undefined) throw reader.failure(message);
    }
  }
}

// Expressions in pieces, and the reader that takes them one by one.

import { invalid } from '../faults.ts';

export type TokenKind = 'word' | 'name' | 'value' | 'number' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** Names of expressions, as their errors spell them. */
export type ExpressionName =
  | 'ConditionExpression'
  | 'FilterExpression'
  | 'KeyConditionExpression'
  | 'ProjectionExpression'
  | 'UpdateExpression';

const PIECE =
  /[ \t\r\n]*(?:(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<name>#[A-Za-z0-9_]+)|(?<value>:[A-Za-z0-9_]+)|(?<number>[0-9]+)|(?<symbol><=|>=|<>|[^ \t\r\n]))/gy;

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-expression-parameters */
const LONGEST = 4096;

function tokens(source: string): Token[] {
  const found: Token[] = [];
  for (const match of source.matchAll(PIECE)) {
    const [kind, text] = Object.entries(match.groups ?? {}).find(([, piece]) => piece !== undefined) as [
      TokenKind,
      string,
    ];
    const to = match.index + match[0].length;
    found.push({ kind, text, from: to - text.length, to });
  }
  return [...found, { kind: 'end', text: '<EOF>', from: source.length, to: source.length }];
}

export class Reader {
  readonly of: ExpressionName;
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(of: ExpressionName, source: string) {
    this.of = of;
    this.#source = source;
    if (source === '') throw this.failure('The expression can not be empty;');
    if (source.length > LONGEST)
      throw this.failure(
        `Expression size has exceeded the maximum allowed size; expression size: ${source.length}`,
      );
    this.#tokens = tokens(source);
  }

  get next(): Token {
    return this.#tokens[this.#at] as Token;
  }

  take(): Token {
    const token = this.next;
    if (token.kind === 'end') throw this.syntaxError();
    this.#at += 1;
    return token;
  }

  /** Whether a keyword or symbol comes next; keywords in any case. */
  sees(text: string): boolean {
    const { kind, text: given } = this.next;
    return (kind === 'word' || kind === 'symbol') && given.toUpperCase() === text;
  }

  /** Whether a symbol comes after the next token. */
  follows(text: string): boolean {
    return this.#tokens[this.#at + 1]?.text === text;
  }

  /** Takes a keyword or symbol if it comes next. */
  skip(text: string): boolean {
    const seen = this.sees(text);
    if (seen) this.#at += 1;
    return seen;
  }

  expect(text: string): void {
    if (!this.skip(text)) throw this.syntaxError();
  }

  end(): void {
    if (this.next.kind !== 'end') throw this.syntaxError();
  }

  failure(reason: string): Error {
    return invalid(`Invalid ${this.of}: ${reason}`);
  }

  /** Shows the token that does not fit, between its neighbours. */
  syntaxError(at: number = this.#at): Error {
    const token = this.#tokens[at] as Token;
    const from = this.#tokens[at - 1]?.from ?? token.from;
    const to = this.#tokens[at + 1]?.to ?? token.to;
    const near = this.#source.slice(from, to);
    return this.failure(`Syntax error; token: "${token.text}", near: "${near}"`);
  }
}

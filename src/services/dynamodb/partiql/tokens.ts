// Statements in pieces, and the reader that takes them one by one.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html

import { invalid } from '../faults.ts';

type TokenKind = 'word' | 'quoted' | 'text' | 'number' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Without its quotation marks. */
  readonly text: string;
}

const PIECE =
  /[ \t\r\n]*(?:(?<word>[A-Za-z_][A-Za-z0-9_$]*)|"(?<quoted>(?:[^"]|"")*)"|'(?<text>(?:[^']|'')*)'|(?<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)|(?<symbol><<|>>|<=|>=|<>|!=|[^ \t\r\n]))/gy;

const DEEPEST = 150;
const END: Token = { kind: 'end', text: '' };

function tokens(source: string): Token[] {
  return [...source.matchAll(PIECE)].map(({ groups = {} }) => {
    const [kind, text] = Object.entries(groups).find(([, piece]) => piece !== undefined) as [
      TokenKind,
      string,
    ];
    if (kind === 'quoted') return { kind, text: text.replaceAll('""', '"') };
    return { kind, text: kind === 'text' ? text.replaceAll("''", "'") : text };
  });
}

/** What AWS says of a statement that is none; what follows the colon is ours. */
function malformed(reason: string): Error {
  return invalid(`Statement wasn't well formed, can't be processed: ${reason}`);
}

export class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#tokens = tokens(source);
  }

  get next(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  take(): Token {
    const token = this.next;
    if (token.kind === 'end') throw this.unexpected();
    this.#at += 1;
    return token;
  }

  /** Whether a keyword or symbol comes next, or `ahead` tokens later; keywords in any case. */
  sees(text: string, ahead: number = 0): boolean {
    const { kind, text: given } = this.#tokens[this.#at + ahead] ?? END;
    return (kind === 'word' || kind === 'symbol') && given.toUpperCase() === text;
  }

  /** Takes keywords or symbols if all of them come next. */
  skip(...texts: readonly string[]): boolean {
    const seen = texts.every((text, ahead) => this.sees(text, ahead));
    if (seen) this.#at += texts.length;
    return seen;
  }

  expect(...texts: readonly string[]): void {
    for (const text of texts) if (!this.skip(text)) throw this.unexpected();
  }

  end(): void {
    this.skip(';');
    if (this.next.kind !== 'end') throw this.unexpected();
  }

  /** Reads what stands within something else. */
  within<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw invalid('The expression is nested too deeply');
    const found = read();
    this.#depth -= 1;
    return found;
  }

  unexpected(): Error {
    const { kind, text } = this.next;
    return malformed(kind === 'end' ? 'unexpected end' : `unexpected token: ${text}`);
  }

  /** What is wrong with a statement whose syntax is right. */
  failure(reason: string): Error {
    return invalid(reason);
  }
}

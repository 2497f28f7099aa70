// Splits a shell script into words, operators and redirections.

import { ShellSyntaxError } from './syntax.ts';
import type { Part, Redirect, Word } from './syntax.ts';

export type Token =
  | { readonly kind: 'word'; readonly word: Word }
  /** `;` stands for the end of a line, too. */
  | { readonly kind: 'operator'; readonly text: string }
  | { readonly kind: 'redirect'; readonly redirect: Redirect };

interface HereDocument {
  readonly token: number;
  readonly delimiter: string;
  readonly stripTabs: boolean;
  readonly literal: boolean;
  readonly fd?: number;
}

const OPERATORS = [';;&', ';;', ';&', '&&', '||', '|&', '|', '&', ';', '(', ')'];
const REDIRECTS = ['<<<', '<<-', '<<', '<>', '<&', '<', '&>>', '&>', '>>', '>&', '>|', '>'];
const ENDS_WORD = /[\s;&|()<>]/;
const NAME = /^[A-Za-z_]\w*/;

export class Scanner {
  readonly #text: string;
  #at = 0;
  readonly #tokens: Token[] = [];
  #pending: HereDocument[] = [];
  /** Within `[[ … ]]`, in which operators are words. */
  #testing = false;

  constructor(text: string) {
    this.#text = text.replaceAll('\r\n', '\n');
  }

  /** Throws `ShellSyntaxError` where a quote or a bracket is left open. */
  tokens(): readonly Token[] {
    while (this.#at < this.#text.length) this.#token();
    return this.#tokens;
  }

  /** A text in which only `$` and backticks mean something, such as a here-document. */
  expandable(): Word {
    const parts: Part[] = [];
    this.#quotedUntil(parts, undefined);
    return parts;
  }

  #token(): void {
    const char = this.#text[this.#at] as string;
    if (char === '\n') return this.#newline();
    if (/\s/.test(char)) return void (this.#at += 1);
    if (this.#sees('\\\n')) return void (this.#at += 2);
    if (char === '#') return void (this.#at = this.#lineEnd());
    if (this.#testing) return this.#testWord();
    if (this.#sees('((')) return this.#arithmetic();
    const redirect = /^(\d*)/.exec(this.#text.slice(this.#at, this.#at + 3))?.[1] ?? '';
    const operator = REDIRECTS.find((one) => this.#sees(redirect + one));
    const substitution = /^[<>]\(/.test(this.#text.slice(this.#at, this.#at + 2));
    if (operator !== undefined && !substitution) return this.#redirect(redirect, operator);
    const found = OPERATORS.find((one) => this.#sees(one));
    if (found === undefined) return this.#word();
    this.#at += found.length;
    this.#tokens.push({ kind: 'operator', text: found });
  }

  #word(): void {
    const word = this.#readWord(ENDS_WORD);
    this.#tokens.push({ kind: 'word', word });
    if (plainText(word) === '[[') this.#testing = true;
  }

  #testWord(): void {
    const bracket = ['&&', '||', '(', ')'].find((one) => this.#sees(one));
    const word: Word = bracket === undefined ? this.#readWord(/\s/) : [textPart(bracket, false)];
    if (bracket !== undefined) this.#at += bracket.length;
    this.#tokens.push({ kind: 'word', word });
    if (plainText(word) === ']]') this.#testing = false;
  }

  /** `((…))` as a command: one word with its values put in. */
  #arithmetic(): void {
    const inner = this.#balanced('(', ')').replace(/^\(|\)$/g, '');
    const parts = new Scanner(inner).expandable();
    this.#tokens.push({ kind: 'word', word: [textPart('((', false), ...parts, textPart('))', true)] });
  }

  #newline(): void {
    this.#at += 1;
    this.#tokens.push({ kind: 'operator', text: ';' });
    for (const document of this.#pending) this.#hereDocument(document);
    this.#pending = [];
  }

  #hereDocument({ token, delimiter, stripTabs, literal, fd }: HereDocument): void {
    const lines: string[] = [];
    while (this.#at < this.#text.length) {
      const end = this.#lineEnd();
      const line = this.#text.slice(this.#at, end);
      this.#at = end + 1;
      const stripped = stripTabs ? line.replace(/^\t+/, '') : line;
      if (stripped === delimiter) break;
      lines.push(`${stripped}\n`);
    }
    const text = lines.join('');
    const body = literal ? [textPart(text, true)] : new Scanner(text).expandable();
    const redirect = { operator: '<<', target: [], body, ...(fd === undefined ? {} : { fd }) };
    this.#tokens[token] = { kind: 'redirect', redirect };
  }

  #redirect(digits: string, operator: string): void {
    this.#at += digits.length + operator.length;
    while (/[ \t]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    const target = this.#readWord(ENDS_WORD);
    const fd = digits === '' ? {} : { fd: Number(digits) };
    if (operator === '<<' || operator === '<<-') {
      this.#pending.push({
        token: this.#tokens.length,
        delimiter: target.map((part) => (part.kind === 'text' ? part.text : '')).join(''),
        stripTabs: operator === '<<-',
        literal: target.some((part) => part.kind === 'text' && part.quoted),
        ...fd,
      });
    }
    const body = operator === '<<<' ? { body: target } : {};
    this.#tokens.push({ kind: 'redirect', redirect: { operator, target, ...body, ...fd } });
  }

  #readWord(ends: RegExp): Word {
    const parts: Part[] = [];
    const from = this.#at;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] as string;
      if (this.#at === from && /^[<>]\(/.test(this.#text.slice(this.#at, this.#at + 2))) {
        this.#at += 1;
        this.#balanced('(', ')');
        parts.push({ kind: 'unknown' });
      } else if (ends.test(char)) break;
      else this.#part(parts, char);
    }
    if (this.#at === from) throw new ShellSyntaxError(`Nothing stands where a word should, at ${from}.`);
    return parts;
  }

  #part(parts: Part[], char: string): void {
    if (char === "'") return this.#single(parts);
    if (char === '"') {
      this.#at += 1;
      parts.push(textPart('', true));
      this.#quotedUntil(parts, '"');
    } else if (char === '\\') {
      const escaped = this.#text[this.#at + 1] ?? '';
      this.#at += 2;
      if (escaped !== '\n') parts.push(textPart(escaped, true));
    } else if (char === '$' || char === '`') this.#expansion(parts, false);
    else {
      this.#at += 1;
      addText(parts, char, false);
    }
  }

  #single(parts: Part[]): void {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw new ShellSyntaxError(`A quote is open at ${this.#at}.`);
    parts.push(textPart(this.#text.slice(this.#at + 1, end), true));
    this.#at = end + 1;
  }

  /** Up to a closing quote, or to the end of the text. */
  #quotedUntil(parts: Part[], close: string | undefined): void {
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) {
        if (close === undefined) return;
        throw new ShellSyntaxError('A quote is left open.');
      }
      if (char === close) return void (this.#at += 1);
      if (char === '$' || char === '`') this.#expansion(parts, true);
      else if (char === '\\') {
        const escaped = this.#text[this.#at + 1] ?? '';
        this.#at += 2;
        if (escaped !== '\n') addText(parts, '$`"\\'.includes(escaped) ? escaped : `\\${escaped}`, true);
      } else {
        this.#at += 1;
        addText(parts, char, true);
      }
    }
  }

  #expansion(parts: Part[], quoted: boolean): void {
    if (this.#sees('`')) {
      const end = this.#text.indexOf('`', this.#at + 1);
      if (end < 0) throw new ShellSyntaxError('A backtick is left open.');
      parts.push({ kind: 'command', text: this.#text.slice(this.#at + 1, end), quoted });
      this.#at = end + 1;
      return;
    }
    this.#at += 1;
    const rest = this.#text.slice(this.#at, this.#at + 200);
    const name = NAME.exec(rest)?.[0] ?? /^[?@*#$!0-9-]/.exec(rest)?.[0];
    if (rest.startsWith('((')) {
      const inner = this.#balanced('(', ')').replace(/^\(|\)$/g, '');
      parts.push({ kind: 'arithmetic', expression: new Scanner(inner).expandable() });
    } else if (rest.startsWith('(')) parts.push({ kind: 'command', text: this.#balanced('(', ')'), quoted });
    else if (rest.startsWith('{')) parts.push(braced(this.#balanced('{', '}'), quoted));
    else if (rest.startsWith("'") && !quoted) this.#single(parts);
    else if (name === undefined) addText(parts, '$', quoted);
    else {
      this.#at += name.length;
      parts.push({ kind: 'variable', name, quoted });
    }
  }

  /** What stands between two brackets, with those in it; quotes are respected. */
  #balanced(open: string, close: string): string {
    const from = this.#at + 1;
    let depth = 0;
    for (let quote = ''; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text[this.#at] as string;
      if (char === '\\' && quote !== "'") this.#at += 1;
      else if (quote !== '') quote = char === quote ? '' : quote;
      else if (char === "'" || char === '"') quote = char;
      else if (char === open) depth += 1;
      else if (char === close && (depth -= 1) === 0) {
        this.#at += 1;
        return this.#text.slice(from, this.#at - 1);
      }
    }
    throw new ShellSyntaxError(`${open} is left open.`);
  }

  #lineEnd(): number {
    const end = this.#text.indexOf('\n', this.#at);
    return end < 0 ? this.#text.length : end;
  }

  #sees(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }
}

function textPart(text: string, quoted: boolean): Part {
  return { kind: 'text', text, quoted };
}

function addText(parts: Part[], text: string, quoted: boolean): void {
  const last = parts.at(-1);
  if (last?.kind === 'text' && last.quoted === quoted) {
    parts[parts.length - 1] = textPart(last.text + text, quoted);
  } else parts.push(textPart(text, quoted));
}

function braced(inner: string, quoted: boolean): Part {
  const name = NAME.exec(inner)?.[0] ?? /^[?@*#0-9]$/.exec(inner)?.[0];
  if (name === inner) return { kind: 'variable', name, quoted };
  if (inner === 'PIPESTATUS[0]') return { kind: 'variable', name: inner, quoted };
  const otherwise = /^[A-Za-z_0-9]+:?-(.*)$/s.exec(inner)?.[1];
  if (otherwise === undefined) return { kind: 'unknown' };
  return { kind: 'variable', name: inner.slice(0, inner.search(/:?-/)), otherwise, quoted };
}

/** A word without quotes or expansions, as only such ones can be reserved. */
export function plainText(word: Word): string | undefined {
  const [part] = word;
  return word.length === 1 && part?.kind === 'text' && !part.quoted ? part.text : undefined;
}

// Reads a shell script.

import { plainText, Scanner } from './scanner.ts';
import type { Token } from './scanner.ts';
import { ShellSyntaxError } from './syntax.ts';
import type {
  Assignment,
  Case,
  Command,
  For,
  If,
  List,
  ListItem,
  Redirect,
  Simple,
  While,
  Word,
} from './syntax.ts';

const EMPTY: List = { kind: 'list', items: [] };
const CLOSING = new Set(['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}']);
const CASE_ENDS = new Set([';;', ';&', ';;&']);

/** How deep commands may be nested. */
const DEEPEST = 100;

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  script(): List {
    const list = this.#list();
    if (this.#at < this.#tokens.length) throw this.#unexpected();
    return list;
  }

  #list(): List {
    if ((this.#depth += 1) > DEEPEST) throw new ShellSyntaxError('Commands are nested too deep.');
    const items: ListItem[] = [];
    let after: ';' | '&&' | '||' = ';';
    for (;;) {
      while (this.#operator() === ';' || this.#operator() === '&') this.#at += 1;
      const operator = this.#operator();
      const ends = operator === ')' || CASE_ENDS.has(operator ?? '') || CLOSING.has(this.#reserved() ?? '');
      if (this.#at >= this.#tokens.length || ends) break;
      const command = this.#pipeline();
      const next = this.#operator();
      items.push({ after, command, ...(next === '&' ? { background: true } : {}) });
      after = next === '&&' || next === '||' ? next : ';';
      if (after !== ';') this.#at += 1;
    }
    this.#depth -= 1;
    return items.length === 0 ? EMPTY : { kind: 'list', items };
  }

  #pipeline(): Command {
    let negated = false;
    while (this.#reserved() === '!') {
      negated = !negated;
      this.#at += 1;
    }
    const commands = [this.#command()];
    while (this.#operator() === '|' || this.#operator() === '|&') {
      this.#at += 1;
      while (this.#operator() === ';') this.#at += 1;
      commands.push(this.#command());
    }
    const [only] = commands;
    return commands.length === 1 && !negated && only ? only : { kind: 'pipeline', negated, commands };
  }

  #command(): Command {
    const word = this.#reserved();
    if (this.#operator() === '(') return this.#group(')');
    if (word === '{') return this.#group('}');
    if (word === 'if') return this.#if();
    if (word === 'while' || word === 'until') return this.#while(word === 'until');
    if (word === 'for' || word === 'select') return this.#for();
    if (word === 'case') return this.#case();
    if (word === 'function') return this.#function(1);
    const next = this.#tokens[this.#at + 1];
    const closes = this.#tokens[this.#at + 2];
    const named = word !== undefined && next?.kind === 'operator' && next.text === '(';
    if (named && closes?.kind === 'operator' && closes.text === ')') return this.#function(0);
    return this.#simple();
  }

  #function(at: number): Command {
    this.#at += at;
    const name = this.#reserved() ?? '';
    this.#at += 1;
    if (this.#operator() === '(') this.#at += 2;
    while (this.#operator() === ';') this.#at += 1;
    return { kind: 'function', name, body: this.#command() };
  }

  #group(close: ')' | '}'): Command {
    this.#at += 1;
    const body = this.#list();
    if (close === ')') this.#expectOperator(')');
    else this.#expect('}');
    return { kind: 'group', subshell: close === ')', body, redirects: this.#redirects() };
  }

  #if(): If {
    const branches: { condition: List; body: List }[] = [];
    let otherwise: List | undefined;
    for (let word = this.#reserved(); word !== 'fi'; word = this.#reserved()) {
      this.#at += 1;
      if (word === 'else') otherwise = this.#list();
      else if (word === 'if' || word === 'elif') {
        const condition = this.#list();
        this.#expect('then');
        branches.push({ condition, body: this.#list() });
      } else throw this.#unexpected();
    }
    this.#at += 1;
    this.#redirects();
    return { kind: 'if', branches, ...(otherwise ? { otherwise } : {}) };
  }

  #while(until: boolean): While {
    this.#at += 1;
    const condition = this.#list();
    return { kind: 'while', until, condition, body: this.#doDone() };
  }

  #for(): For {
    this.#at += 1;
    const name = this.#reserved();
    this.#at += 1;
    const words: Word[] = [];
    if (this.#reserved() === 'in') {
      this.#at += 1;
      for (let token = this.#tokens[this.#at]; token?.kind === 'word'; token = this.#tokens[this.#at]) {
        words.push(token.word);
        this.#at += 1;
      }
    }
    while (this.#operator() === ';') this.#at += 1;
    return { kind: 'for', ...(name === undefined ? {} : { name }), words, body: this.#doDone() };
  }

  #doDone(): List {
    this.#expect('do');
    const body = this.#list();
    this.#expect('done');
    this.#redirects();
    return body;
  }

  #case(): Case {
    this.#at += 1;
    const word = this.#word();
    while (this.#operator() === ';') this.#at += 1;
    this.#expect('in');
    const branches: { patterns: Word[]; body: List }[] = [];
    for (;;) {
      while (this.#operator() === ';') this.#at += 1;
      if (this.#reserved() === 'esac') break;
      if (this.#operator() === '(') this.#at += 1;
      const patterns = [this.#word()];
      while (this.#operator() === '|') {
        this.#at += 1;
        patterns.push(this.#word());
      }
      this.#expectOperator(')');
      branches.push({ patterns, body: this.#list() });
      if (CASE_ENDS.has(this.#operator() ?? '')) this.#at += 1;
    }
    this.#expect('esac');
    return { kind: 'case', word, branches };
  }

  #simple(): Simple {
    const assignments: Assignment[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token?.kind === 'redirect') redirects.push(token.redirect);
      else if (token?.kind === 'word') {
        const assignment = words.length === 0 ? assignmentIn(token.word) : undefined;
        if (assignment) assignments.push(assignment);
        else words.push(token.word);
        // An array's members stand in brackets: `NAME=(a b)`.
        if (assignment?.value.length === 0) this.#skipArray();
      } else break;
      this.#at += 1;
    }
    if (assignments.length + words.length + redirects.length === 0) throw this.#unexpected();
    return { kind: 'simple', assignments, words, redirects };
  }

  #skipArray(): void {
    const next = this.#tokens[this.#at + 1];
    if (next?.kind !== 'operator' || next.text !== '(') return;
    while (this.#at + 1 < this.#tokens.length && this.#operator() !== ')') this.#at += 1;
  }

  #redirects(): Redirect[] {
    const found: Redirect[] = [];
    for (let token = this.#tokens[this.#at]; token?.kind === 'redirect'; token = this.#tokens[this.#at]) {
      found.push(token.redirect);
      this.#at += 1;
    }
    return found;
  }

  #word(): Word {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'word') throw this.#unexpected();
    this.#at += 1;
    return token.word;
  }

  #operator(): string | undefined {
    const token = this.#tokens[this.#at];
    return token?.kind === 'operator' ? token.text : undefined;
  }

  #reserved(): string | undefined {
    const token = this.#tokens[this.#at];
    return token?.kind === 'word' ? plainText(token.word) : undefined;
  }

  #expect(word: string): void {
    if (this.#reserved() !== word) throw this.#unexpected();
    this.#at += 1;
  }

  #expectOperator(text: string): void {
    if (this.#operator() !== text) throw this.#unexpected();
    this.#at += 1;
  }

  #unexpected(): ShellSyntaxError {
    const token = this.#tokens[this.#at];
    const what = token === undefined ? 'The end' : token.kind === 'operator' ? token.text : token.kind;
    return new ShellSyntaxError(`${what} is not expected as token ${this.#at}.`);
  }
}

function assignmentIn(word: Word): Assignment | undefined {
  const [first, ...rest] = word;
  if (first?.kind !== 'text' || first.quoted) return undefined;
  const name = /^([A-Za-z_]\w*)\+?=/.exec(first.text);
  if (!name?.[1]) return undefined;
  const text = first.text.slice(name[0].length);
  return { name: name[1], value: text === '' ? rest : [{ ...first, text }, ...rest] };
}

/** Throws `ShellSyntaxError` where the text is none that is read here. */
export function parseShell(text: string): List {
  return new Parser(new Scanner(text).tokens()).script();
}

/** A script as well as it can be read: of one that cannot be read as a whole, the lines that can. */
export function readShell(text: string): List {
  try {
    return parseShell(text);
  } catch (error) {
    if (!(error instanceof ShellSyntaxError)) throw error;
    const lines = text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/);
    return { kind: 'list', items: lines.flatMap((line) => readLine(line)) };
  }
}

function readLine(line: string): List['items'] {
  try {
    return parseShell(line).items;
  } catch (error) {
    if (error instanceof ShellSyntaxError) return [];
    throw error;
  }
}

// Goes through a shell script as a shell would and hands on the commands that mean something. All others are taken to succeed,
// because nobody can tell without running them; so are tests of which the outcome cannot be known, unless the script would then
// fail.

import { echoed, eventOf, matches, scriptIn, unescaped, withoutPrefix } from './command-words.ts';
import { isTest, judge } from './conditions.ts';
import { braceRange, fieldsOf, textOf, UNKNOWN } from './expansion.ts';
import type { Values } from './expansion.ts';
import { readShell } from './parser.ts';
import { plainText } from './scanner.ts';
import type { Case, Command, For, Group, If, List, Pipeline, Simple, While } from './syntax.ts';

/** Something that takes time or reaches beyond the script; answered with what came of it. */
export type Doing<A, R> = Generator<A, number, R>;

/** What the commands of a script mean. */
export interface Meaning<A, R> {
  /** Does a command and returns its exit status; nothing where it means nothing. `input`: what it reads, if that is known. */
  command(words: readonly string[], input: string | undefined): Doing<A, R> | undefined;
  /** What a command prints, if that is known. */
  output(words: readonly string[]): string | undefined;
  /** A file has been written. */
  wrote(path: string, text: string, append: boolean): void;
  /** Whether a command says that something has failed. */
  reportsFailure(words: readonly string[]): boolean;
}

/** How a script ended. */
export interface End {
  readonly status: number;
  /** The command at which it broke off before its end, because of `set -e` or an `exit` with an error. */
  readonly brokeOffAt?: string;
}

/** Commands of one script; a script that goes on is taken to have ended. */
const MOST_COMMANDS = 2000;
const MOST_TURNS = 100;

type Leaving = 'exit' | 'return' | 'break' | 'continue';

/** Leaves commands that enclose the one that says so. */
class Leave extends Error {
  readonly how: Leaving;
  readonly status: number;
  readonly at: string;

  constructor(how: Leaving, status: number, at: string) {
    super(how);
    this.how = how;
    this.status = status;
    this.at = at;
  }
}

export class Interpreter<A, R> {
  readonly #meaning: Meaning<A, R>;
  readonly #variables = new Map<string, string>();
  readonly #functions = new Map<string, Command>();
  readonly #traps = new Map<string, string>();
  #arguments: readonly string[] = [];
  #status = 0;
  #pipeStatus = 0;
  #errexit = false;
  #pipefail = false;
  /** The last status is a guess, because a test could not be judged. */
  #guessed = false;
  #commands = 0;
  readonly #values: Values = {
    variable: (name) => this.#variable(name),
    output: (script) => this.#output(script),
  };

  constructor(
    meaning: Meaning<A, R>,
    options: { errexit?: boolean; variables?: Record<string, string> } = {},
  ) {
    this.#meaning = meaning;
    this.#errexit = options.errexit ?? false;
    for (const [name, value] of Object.entries(options.variables ?? {})) this.#variables.set(name, value);
  }

  *run(script: string): Generator<A, End, R> {
    let brokeOffAt: string | undefined;
    try {
      yield* this.#list(readShell(script), false);
    } catch (error) {
      if (!(error instanceof Leave)) throw error;
      if (error.how === 'exit') this.#status = error.status;
      if (error.status !== 0) brokeOffAt = error.at;
    }
    const status = this.#status;
    yield* this.#trap('EXIT');
    return { status, ...(brokeOffAt === undefined ? {} : { brokeOffAt }) };
  }

  *#trap(event: string): Generator<A, void, R> {
    const text = this.#traps.get(event);
    if (text === undefined || text === '') return;
    this.#traps.delete(event);
    try {
      yield* this.#list(readShell(text), true);
    } catch (error) {
      if (!(error instanceof Leave)) throw error;
      if (event === 'ERR') throw error;
    }
  }

  /** `tested`: what the list says decides something, so that its failure ends nothing. */
  *#list({ items }: List, tested: boolean): Generator<A, void, R> {
    for (let index = 0; index < items.length; index += 1) {
      const { after, command } = items[index] as List['items'][number];
      if (after === '&&' && (this.#status !== 0 || (this.#guessed && this.#fails(command)))) {
        if (this.#status === 0) this.#status = 1;
        this.#guessed = false;
        continue;
      }
      if (after === '||' && this.#status === 0) continue;
      const next = items[index + 1]?.after ?? ';';
      yield* this.#command(command, tested || next !== ';');
    }
  }

  *#command(command: Command, tested: boolean): Generator<A, void, R> {
    switch (command.kind) {
      case 'simple':
        return yield* this.#simple(command, tested);
      case 'pipeline':
        return yield* this.#pipeline(command, tested);
      case 'list':
        return yield* this.#list(command, tested);
      case 'if':
        return yield* this.#if(command, tested);
      case 'while':
        return yield* this.#while(command, tested);
      case 'for':
        return yield* this.#for(command, tested);
      case 'case':
        return yield* this.#case(command, tested);
      case 'group':
        return yield* this.#group(command, tested);
      case 'function':
        this.#functions.set(command.name, command.body);
        this.#settle(0);
    }
  }

  *#pipeline({ commands, negated }: Pipeline, tested: boolean): Generator<A, void, R> {
    const statuses: number[] = [];
    let input: string | undefined;
    for (const command of commands) {
      if (command.kind === 'simple') {
        const printed = this.#prints(command, input);
        yield* this.#simple(command, true, input);
        input = printed;
      } else {
        yield* this.#command(command, true);
        input = undefined;
      }
      statuses.push(this.#status);
    }
    const last = statuses.at(-1) ?? 0;
    const status = this.#pipefail ? (statuses.findLast((one) => one !== 0) ?? 0) : last;
    const guessed = this.#guessed;
    this.#settle(negated ? Number(status === 0) : status);
    this.#guessed = guessed && commands.length === 1;
    this.#pipeStatus = statuses[0] ?? 0;
    if (this.#status !== 0 && !negated) yield* this.#failed(tested, 'a pipeline');
  }

  *#if({ branches, otherwise }: If, tested: boolean): Generator<A, void, R> {
    for (const { condition, body } of branches) {
      yield* this.#list(condition, true);
      const guessed = this.#guessed;
      this.#guessed = false;
      if (this.#status !== 0 || (guessed && this.#fails(body))) continue;
      return yield* this.#list(body, tested);
    }
    this.#settle(0);
    if (otherwise) yield* this.#list(otherwise, tested);
  }

  /** A loop without a count turns once at most: what it waits for is there then. */
  *#while({ condition, body, until }: While, tested: boolean): Generator<A, void, R> {
    yield* this.#list(condition, true);
    const enters = !this.#guessed && (this.#status !== 0) === until;
    this.#settle(0);
    if (enters) yield* this.#turn(body, tested);
  }

  *#for({ name, words, body }: For, tested: boolean): Generator<A, void, R> {
    const values = name === undefined ? [''] : fieldsOf(words, this.#values).flatMap(braceRange);
    for (const value of values.slice(0, MOST_TURNS)) {
      if (name !== undefined) this.#variables.set(name, value);
      if (yield* this.#turn(body, tested)) break;
    }
  }

  /** One turn of a loop; whether it was the last. */
  *#turn(body: List, tested: boolean): Generator<A, boolean, R> {
    try {
      yield* this.#list(body, tested);
      return false;
    } catch (error) {
      if (!(error instanceof Leave) || (error.how !== 'break' && error.how !== 'continue')) throw error;
      return error.how === 'break';
    }
  }

  *#case({ word, branches }: Case, tested: boolean): Generator<A, void, R> {
    const value = textOf(word, this.#values);
    const known = !value.includes(UNKNOWN);
    this.#settle(0);
    for (const { patterns, body } of branches) {
      const fits = patterns.some((pattern) => matches(value, textOf(pattern, this.#values)));
      if (known ? fits : !this.#fails(body)) return yield* this.#list(body, tested);
    }
  }

  *#group({ body, subshell }: Group, tested: boolean): Generator<A, void, R> {
    try {
      yield* this.#list(body, tested);
    } catch (error) {
      if (!subshell || !(error instanceof Leave) || error.how !== 'exit') throw error;
      this.#settle(error.status);
      if (error.status !== 0) yield* this.#failed(tested, error.at);
    }
  }

  *#simple(simple: Simple, tested: boolean, piped?: string): Generator<A, void, R> {
    if ((this.#commands += 1) > MOST_COMMANDS) throw new Leave('exit', 0, 'too many commands');
    const { assignments, redirects } = simple;
    const words = withoutPrefix(fieldsOf(simple.words, this.#values));
    const last = this.#status;
    for (const { name, value } of assignments) this.#variables.set(name, textOf(value, this.#values));
    const input = this.#inputOf(simple) ?? piped;
    if (words.length === 0) this.#settle(0);
    else yield* this.#invoke(words, { input, last, tested });
    this.#write(words, redirects, input);
    if (this.#status !== 0) yield* this.#failed(tested, words.join(' '));
  }

  *#invoke(
    words: readonly string[],
    { input, last, tested }: { input: string | undefined; last: number; tested: boolean },
  ): Generator<A, void, R> {
    const [name = ''] = words;
    const body = this.#functions.get(name);
    if (body) return yield* this.#call(body, words, tested);
    if (isTest(words)) {
      const truth = judge(words);
      this.#settle(truth === false ? 1 : 0);
      this.#guessed = truth === undefined;
      return;
    }
    const text = scriptIn(words);
    if (text !== undefined && name === 'eval') return yield* this.#list(readShell(text), tested);
    if (text !== undefined) return yield* this.#within(readShell(text));
    if (this.#builtin(words, last)) return;
    const doing = this.#meaning.command(words, input);
    this.#settle(doing ? yield* doing : 0);
  }

  /** A shell within the shell: leaving it leaves nothing else. */
  *#within(script: List): Generator<A, void, R> {
    try {
      yield* this.#list(script, true);
    } catch (error) {
      if (!(error instanceof Leave)) throw error;
      this.#settle(error.status);
    }
  }

  *#call(body: Command, words: readonly string[], tested: boolean): Generator<A, void, R> {
    const outer = this.#arguments;
    this.#arguments = words.slice(1);
    try {
      yield* this.#command(body, tested);
    } catch (error) {
      if (!(error instanceof Leave) || error.how !== 'return') throw error;
      this.#settle(error.status);
    } finally {
      this.#arguments = outer;
    }
  }

  /** Commands of the shell itself. */
  #builtin(words: readonly string[], last: number): boolean {
    const [name = '', first = '', second = ''] = words;
    const told = /^\d+$/.test(first) ? Number(first) % 256 : first === '' ? last : 0;
    if (name === 'exit' || name === 'return') throw new Leave(name, told, words.join(' '));
    if (name === 'break' || name === 'continue') throw new Leave(name, 0, name);
    if (name === 'set') this.#set(words.slice(1));
    else if (name === 'trap') for (const event of words.slice(2)) this.#traps.set(eventOf(event), first);
    else if (name === 'export' || name === 'local' || name === 'declare' || name === 'readonly') {
      for (const word of words.slice(1)) {
        const at = word.indexOf('=');
        if (at > 0) this.#variables.set(word.slice(0, at), word.slice(at + 1));
      }
    } else if (name === 'read' && first !== '') this.#variables.set(second === '' ? first : second, UNKNOWN);
    else if (name !== 'false' && name !== 'true' && name !== ':') return false;
    this.#settle(name === 'false' ? 1 : 0);
    return true;
  }

  #set(words: readonly string[]): void {
    words.forEach((word, index) => {
      const on = word.startsWith('-');
      if (!on && !word.startsWith('+')) return;
      if (word.includes('e')) this.#errexit = on;
      if (!word.includes('o')) return;
      if (words[index + 1] === 'errexit') this.#errexit = on;
      if (words[index + 1] === 'pipefail') this.#pipefail = on;
    });
  }

  /** A command has failed and nothing asks for its status. */
  *#failed(tested: boolean, at: string): Generator<A, void, R> {
    if (tested) return;
    const status = this.#status;
    yield* this.#trap('ERR');
    this.#settle(status);
    if (this.#errexit) throw new Leave('exit', status, at);
  }

  #write(words: readonly string[], redirects: Simple['redirects'], input: string | undefined): void {
    const printed = this.#printed(words, input);
    if (printed === undefined) return;
    for (const { operator, target, fd = 1 } of redirects) {
      if (fd !== 1 || (operator !== '>' && operator !== '>>' && operator !== '>|')) continue;
      this.#meaning.wrote(textOf(target, this.#values), printed, operator === '>>');
    }
    const [name = '', ...paths] = words;
    if (name !== 'tee') return;
    const append = paths.includes('-a') || paths.includes('--append');
    for (const path of paths.filter((one) => !one.startsWith('-')))
      this.#meaning.wrote(path, printed, append);
  }

  #inputOf({ redirects }: Simple): string | undefined {
    const body = redirects.findLast((one) => one.body !== undefined)?.body;
    return body && textOf(body, this.#values);
  }

  #prints(simple: Simple, input: string | undefined): string | undefined {
    const words = withoutPrefix(fieldsOf(simple.words, this.#values));
    return this.#printed(words, this.#inputOf(simple) ?? input);
  }

  /** What a command prints, line ends included. */
  #printed(words: readonly string[], input: string | undefined): string | undefined {
    const [name = '', ...rest] = words;
    if (name === 'echo') return echoed(rest);
    if (name === 'printf') return rest.length === 1 ? unescaped(rest[0] ?? '') : undefined;
    if ((name === 'cat' || name === 'tee') && input !== undefined) return input;
    return this.#meaning.output(words);
  }

  #output(script: string): string | undefined {
    const { items } = readShell(script);
    const [only] = items;
    if (items.length !== 1 || only?.command.kind !== 'simple') return undefined;
    return this.#prints(only.command, undefined)?.replace(/\n+$/, '');
  }

  #variable(name: string): string | undefined {
    if (name === '?') return String(this.#status);
    if (name === 'PIPESTATUS[0]') return String(this.#pipeStatus);
    if (/^[1-9]$/.test(name)) return this.#arguments[Number(name) - 1] ?? '';
    if (name === '@' || name === '*') return this.#arguments.join(' ');
    return this.#variables.get(name);
  }

  #settle(status: number): void {
    this.#status = status;
    this.#guessed = false;
  }

  /** Whether a command, as far as it goes without conditions, would make the script fail. */
  #fails(command: Command, depth: number = 0): boolean {
    if (depth > 5) return false;
    if (command.kind === 'list') return command.items.some((one) => this.#fails(one.command, depth + 1));
    if (command.kind === 'group') return this.#fails(command.body, depth + 1);
    if (command.kind !== 'simple') return false;
    const words = withoutPrefix(command.words.map((word) => plainText(word) ?? textOf(word, this.#values)));
    const [name = '', first = ''] = words;
    const body = this.#functions.get(name);
    if (body) return this.#fails(body, depth + 1);
    if (name === 'exit' || name === 'return') return first !== '' && first !== '0';
    return name === 'false' || this.#meaning.reportsFailure(words);
  }
}

// Goes through a shell script as a shell would and hands on the commands that mean something. All others are taken to succeed,
// because nobody can tell without running them; so are tests of which the outcome cannot be known, unless the script would then
// fail.

import { answer } from './answers.ts';
import { eventOf, matches, scriptIn, shellOptions, unprefixed } from './command-words.ts';
import type { Prefixed } from './command-words.ts';
import { isTest, judge } from './conditions.ts';
import { braceRange, fieldsOf, textOf, UNKNOWN } from './expansion.ts';
import type { Values } from './expansion.ts';
import { wouldFail } from './failing.ts';
import { filtered } from './filters.ts';
import type { End, Meaning } from './meaning.ts';
import { readShell } from './parser.ts';
import { destinations, printedBy } from './printing.ts';
import { Leave, Progress, TIMED_OUT } from './progress.ts';
import { assignedIn, simplesIn } from './syntax.ts';
import type { Case, Command, For, Group, If, List, Pipeline, Simple, While, Word } from './syntax.ts';
import { Variables } from './variables.ts';

/** Commands of one script, and turns of one loop; one that goes on is taken never to end. */
const MOST_COMMANDS = 5000;
const MOST_TURNS = 300;
/** Values of a loop over words; others are left out. */
const MOST_VALUES = 500;

export class Interpreter<A, R> {
  readonly #meaning: Meaning<A, R>;
  readonly #variables: Variables;
  readonly #functions = new Map<string, Command>();
  readonly #traps = new Map<string, string>();
  #status = 0;
  #pipeStatus = 0;
  #errexit = false;
  #pipefail = false;
  /** The last status is a guess, because a test could not be judged. */
  #guessed = false;
  /** Tests so far that could not be judged. */
  #guesses = 0;
  /** Within a command that runs beside the script. */
  #background = false;
  #commands = 0;
  /** What the last command has printed, if that is known. */
  #said: string | undefined;
  /** What commands in `$(…)` have printed that had to be done for it, by their text. */
  readonly #asked = new Map<string, string | undefined>();
  readonly #progress: Progress<A, R>;
  readonly #values: Values = {
    variable: (name) => this.#variable(name),
    output: (script) => this.#output(script),
  };

  constructor(
    meaning: Meaning<A, R>,
    options: { errexit?: boolean; variables?: Record<string, string> } = {},
  ) {
    this.#meaning = meaning;
    this.#progress = new Progress(meaning);
    this.#errexit = options.errexit ?? false;
    this.#variables = new Variables(options.variables);
  }

  *run(script: string): Generator<A, End, R> {
    let brokeOffAt: string | undefined;
    try {
      yield* this.#list(readShell(script), false);
    } catch (error) {
      if (!(error instanceof Leave)) throw error;
      if (error.how === 'endless') return { status: 0, endless: true };
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
      if (!(error instanceof Leave) || event === 'ERR' || error.how === 'endless') throw error;
    }
  }

  /** `tested`: what the list says decides something, so that its failure ends nothing. */
  *#list({ items }: List, tested: boolean): Generator<A, void, R> {
    for (let index = 0; index < items.length; index += 1) {
      const { after, command, background } = items[index] as List['items'][number];
      if (after === '&&' && (this.#status !== 0 || (this.#guessed && this.#fails(command)))) {
        if (this.#status === 0) this.#status = 1;
        this.#guessed = false;
        continue;
      }
      if (after === '||' && this.#status === 0) continue;
      const next = items[index + 1]?.after ?? ';';
      if (background) yield* this.#behind(command);
      else yield* this.#command(command, tested || next !== ';');
    }
  }

  /** What runs in the background is gone through at once; whatever becomes of it, the script goes on. */
  *#behind(command: Command): Generator<A, void, R> {
    yield* this.#beside(this.#within(command));
    this.#settle(0);
  }

  *#beside(running: Generator<A, void, R>): Generator<A, void, R> {
    const outer = this.#background;
    this.#background = true;
    try {
      yield* running;
    } finally {
      this.#background = outer;
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
        yield* this.#simple(command, true, input);
        input = this.#said;
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

  /**
   * A loop goes on as long as it counts, or looks at something that can be looked at. One that waits for anything else turns
   * once at most: what it waits for is there then.
   */
  *#while({ condition, body, until }: While, tested: boolean): Generator<A, void, R> {
    this.#variables.empty([...assignedIn(condition), ...assignedIn(body)]);
    for (let turns = 0; turns < MOST_TURNS; turns += 1) {
      const mark = this.#progress.mark;
      const guesses = this.#guesses;
      const before = this.#variables.copy();
      yield* this.#list(condition, true);
      const enters = !this.#guessed && (this.#status !== 0) === until;
      this.#settle(0);
      if (!enters || (yield* this.#turn(body, tested))) return;
      const turn = this.#progress.since(mark);
      const looked = turn.some(([action]) => this.#meaning.looks(action));
      const counts = this.#variables.changedSince(before);
      if (this.#background || !(looked || (counts && guesses === this.#guesses))) return;
      const waiting = counts ? undefined : this.#meaning.steady(turn);
      if (waiting) yield* this.#progress.relay(waiting);
    }
    throw new Leave('endless', 0, 'a loop');
  }

  *#for({ name, words, body }: For, tested: boolean): Generator<A, void, R> {
    yield* this.#ask(words);
    const values = name === undefined ? [''] : fieldsOf(words, this.#values).flatMap(braceRange);
    for (const value of values.slice(0, MOST_VALUES)) {
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
    yield* this.#ask([word]);
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
    if ((this.#commands += 1) > MOST_COMMANDS) throw new Leave('endless', 0, 'too many commands');
    const { assignments, redirects } = simple;
    const asked = yield* this.#ask([...assignments.map(({ value }) => value), ...simple.words]);
    const prefixed = unprefixed(fieldsOf(simple.words, this.#values));
    const { words } = prefixed;
    const last = this.#status;
    for (const { name, value } of assignments) this.#variables.set(name, textOf(value, this.#values));
    const input = this.#inputOf(simple) ?? piped;
    this.#said = undefined;
    let printed: string | undefined;
    if (words.length === 0) this.#settle(asked ?? 0);
    else printed = yield* this.#invoke(prefixed, { input, last, tested });
    this.#said = printed ?? this.#printed(words, input);
    for (const { path, append } of this.#said === undefined
      ? []
      : destinations(words, redirects, this.#values))
      this.#meaning.wrote(path, this.#said ?? '', append);
    if (this.#status !== 0) yield* this.#failed(tested, words.join(' '));
  }

  /** Runs a command, and returns what it has printed where that comes of running it. */
  *#invoke(
    { words, limitMs, detached }: Prefixed,
    { input, last, tested }: { input: string | undefined; last: number; tested: boolean },
  ): Generator<A, string | undefined, R> {
    const [name = ''] = words;
    if (isTest(words)) {
      const truth = judge(words);
      return this.#settle(truth === false ? 1 : 0, truth === undefined);
    }
    if (name.startsWith('((')) return this.#calculate(name.slice(2, -2));
    const filter = input === undefined ? undefined : filtered(words, input);
    if (filter) {
      this.#settle(filter.status);
      return filter.text;
    }
    if (!this.#functions.has(name) && scriptIn(words) === undefined && this.#builtin(words, last))
      return undefined;
    this.#said = undefined;
    const running = this.#do(words, input, tested);
    const late = yield* this.#progress.limited(limitMs, detached ? this.#beside(running) : running);
    if (late) this.#settle(TIMED_OUT);
    return this.#said;
  }

  *#do(words: readonly string[], input: string | undefined, tested: boolean): Generator<A, void, R> {
    const [name = ''] = words;
    const body = this.#functions.get(name);
    const text = scriptIn(words);
    if (body || text !== undefined) {
      if (body) yield* this.#call(body, words, tested);
      else if (name === 'eval') yield* this.#list(readShell(text ?? ''), tested);
      else yield* this.#within(readShell(text ?? ''));
      this.#said = undefined; // Only of its last command it is known.
      return;
    }
    const doing = this.#meaning.command(words, input, this.#background);
    const done = doing ? yield* this.#progress.relay(doing) : 0;
    this.#settle(typeof done === 'number' ? done : done.status);
    this.#said = typeof done === 'number' ? undefined : done.text;
  }

  /** Does what has to be done for the values of words. Returns the status of the last such command, if there was one. */
  *#ask(words: readonly Word[]): Generator<A, number | undefined, R> {
    let status: number | undefined;
    this.#asked.clear();
    for (const part of words.flat()) {
      if (part.kind !== 'command') continue;
      const printed = yield* answer(readShell(part.text), this.#meaning, this.#progress, this.#values);
      if (!printed) continue;
      this.#asked.set(part.text, printed.text?.replace(/\n+$/, ''));
      status = printed.status;
    }
    return status;
  }

  /** `((…))` and `let`. */
  #calculate(text: string): undefined {
    const found = this.#variables.calculate(text);
    this.#settle(found?.value === 0 ? 1 : 0, found === undefined);
  }

  /** A shell within the shell: leaving it leaves nothing else. */
  *#within(script: Command): Generator<A, void, R> {
    try {
      yield* this.#command(script, true);
    } catch (error) {
      if (!(error instanceof Leave) || error.how === 'timeout' || error.how === 'endless') throw error;
      this.#settle(error.status);
    }
  }

  *#call(body: Command, words: readonly string[], tested: boolean): Generator<A, void, R> {
    const outer = this.#variables.arguments;
    this.#variables.arguments = words.slice(1);
    try {
      yield* this.#command(body, tested);
    } catch (error) {
      if (!(error instanceof Leave) || error.how !== 'return') throw error;
      this.#settle(error.status);
    } finally {
      this.#variables.arguments = outer;
    }
  }

  /** Commands of the shell itself. */
  #builtin(words: readonly string[], last: number): boolean {
    const [name = '', first = '', second = ''] = words;
    const told = /^\d+$/.test(first) ? Number(first) % 256 : first === '' ? last : 0;
    if (name === 'exit' || name === 'return') throw new Leave(name, told, words.join(' '));
    if (name === 'break' || name === 'continue') throw new Leave(name, 0, name);
    if (name === 'set') {
      const { errexit = this.#errexit, pipefail = this.#pipefail } = shellOptions(words.slice(1));
      [this.#errexit, this.#pipefail] = [errexit, pipefail];
    } else if (name === 'trap') for (const event of words.slice(2)) this.#traps.set(eventOf(event), first);
    else if (name === 'export' || name === 'local' || name === 'declare' || name === 'readonly')
      this.#variables.declare(words.slice(1));
    else if (name === 'let') for (const word of words.slice(1)) this.#calculate(word);
    else if (name === 'read' && first !== '') this.#variables.set(second === '' ? first : second, UNKNOWN);
    else if (name !== 'false' && name !== 'true' && name !== ':') return false;
    if (name !== 'let') this.#settle(name === 'false' ? 1 : 0);
    return true;
  }

  /** A command has failed and nothing asks for its status. */
  *#failed(tested: boolean, at: string): Generator<A, void, R> {
    if (tested) return;
    const status = this.#status;
    yield* this.#trap('ERR');
    this.#settle(status);
    if (this.#errexit) throw new Leave('exit', status, at);
  }

  #inputOf({ redirects }: Simple): string | undefined {
    const body = redirects.findLast((one) => one.body !== undefined)?.body;
    return body && textOf(body, this.#values);
  }

  /** What a command prints, line ends included. */
  #printed(words: readonly string[], input: string | undefined): string | undefined {
    return printedBy(words, input, (name) => this.#variable(name)) ?? this.#meaning.output(words);
  }

  /** What a script within a word prints. */
  #output(script: string): string | undefined {
    if (this.#asked.has(script)) return this.#asked.get(script);
    const [only, ...more] = simplesIn(readShell(script)) ?? [];
    if (!only || more.length > 0) return undefined;
    const { words } = unprefixed(fieldsOf(only.words, this.#values));
    return this.#printed(words, this.#inputOf(only))?.replace(/\n+$/, '');
  }

  #variable(name: string): string | undefined {
    if (name === '?') return String(this.#status);
    if (name === 'PIPESTATUS[0]') return String(this.#pipeStatus);
    return this.#variables.get(name);
  }

  #settle(status: number, guessed: boolean = false): undefined {
    this.#status = status;
    this.#guessed = guessed;
    if (guessed) this.#guesses += 1;
  }

  #fails(command: Command): boolean {
    const reportsFailure = (words: readonly string[]): boolean => this.#meaning.reportsFailure(words);
    return wouldFail(command, { values: this.#values, functions: this.#functions, reportsFailure });
  }
}

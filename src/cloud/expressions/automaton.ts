// Regular expressions that users give, decided in one pass over a text with a set of states: time grows with the length of the
// expression times that of the text, whatever they are. JavaScript's own engine goes back and tries again, which takes
// exponential time on expressions such as `(a+)+$`, and time of the whole world with it. Pure.

/** Whether a code point is one of a set. */
export type Letters = (code: number) => boolean;

/** Whether something holds between the letters before `at` and those from there on. */
export type Holds = (codes: Int32Array, at: number) => boolean;

/** A part of an expression. */
export type Part =
  | { readonly kind: 'letter'; readonly letters: Letters }
  | { readonly kind: 'sequence'; readonly parts: readonly Part[] }
  | { readonly kind: 'choice'; readonly parts: readonly Part[] }
  | { readonly kind: 'repeat'; readonly part: Part; readonly least: number; readonly most: number }
  | { readonly kind: 'place'; readonly holds: Holds }
  | { readonly kind: 'look'; readonly part: Part; readonly behind: boolean; readonly negated: boolean };

/** What the repetitions of an expression may unfold to. */
const MOST_STATES = 20_000;

/** The expression has more states than are simulated. */
export class TooLarge extends Error {}

type State =
  | { readonly kind: 'letter'; readonly letters: Letters }
  /** Goes on at each of several states without a letter. */
  | { readonly kind: 'split'; readonly to: number[] }
  | { readonly kind: 'place'; readonly holds: Holds }
  | { readonly kind: 'look'; readonly look: number; readonly negated: boolean }
  | { readonly kind: 'end' };

interface Program {
  readonly states: readonly State[];
  readonly backwards: boolean;
}

/** An expression, ready to be tried on texts. */
export interface Expression {
  readonly program: Program;
  /** What is looked at ahead and behind, the innermost first. */
  readonly looks: readonly Program[];
}

/** A text as it is. */
export function literally(text: string): Part {
  const parts = Array.from(text, (letter): Part => {
    const wanted = letter.codePointAt(0);
    return { kind: 'letter', letters: (code) => code === wanted };
  });
  return { kind: 'sequence', parts };
}

class Compiler {
  readonly looks: Program[] = [];
  #size = 0;

  program(part: Part, backwards: boolean): Program {
    const states: State[] = [];
    this.#part(part, backwards, states);
    this.#add(states, { kind: 'end' });
    return { states, backwards };
  }

  #add<S extends State>(states: State[], state: S): S {
    this.#size += 1;
    if (this.#size > MOST_STATES) throw new TooLarge();
    states.push(state);
    return state;
  }

  #part(part: Part, backwards: boolean, states: State[]): void {
    switch (part.kind) {
      case 'letter':
      case 'place':
        this.#add(states, part);
        return;
      case 'sequence':
        for (const one of backwards ? part.parts.toReversed() : part.parts)
          this.#part(one, backwards, states);
        return;
      case 'choice':
        this.#choice(part.parts, backwards, states);
        return;
      case 'repeat':
        this.#repeat(part, backwards, states);
        return;
      case 'look': {
        // Whether it holds is found for all places at once, going the other way.
        const program = this.program(part.part, !part.behind);
        this.looks.push(program);
        this.#add(states, { kind: 'look', look: this.looks.length - 1, negated: part.negated });
      }
    }
  }

  #choice(parts: readonly Part[], backwards: boolean, states: State[]): void {
    const split = this.#add(states, { kind: 'split', to: [] as number[] });
    const exits: { to: number[] }[] = [];
    for (const part of parts) {
      split.to.push(states.length);
      this.#part(part, backwards, states);
      exits.push(this.#add(states, { kind: 'split', to: [] as number[] }));
    }
    for (const exit of exits) exit.to.push(states.length);
  }

  #repeat(
    { part, least, most }: { part: Part; least: number; most: number },
    backwards: boolean,
    states: State[],
  ): void {
    for (let done = 0; done < least; done += 1) this.#part(part, backwards, states);
    if (most === Infinity) {
      const again = states.length;
      const split = this.#add(states, { kind: 'split', to: [again + 1] });
      this.#part(part, backwards, states);
      this.#add(states, { kind: 'split', to: [again] });
      split.to.push(states.length);
      return;
    }
    const splits: { to: number[] }[] = [];
    for (let done = least; done < most; done += 1) {
      splits.push(this.#add(states, { kind: 'split', to: [states.length + 1] }));
      this.#part(part, backwards, states);
    }
    for (const split of splits) split.to.push(states.length);
  }
}

/** Throws `TooLarge`. */
export function compile(part: Part): Expression {
  const compiler = new Compiler();
  const program = compiler.program(part, false);
  return { program, looks: compiler.looks };
}

/** The states in which a text may be, each once. */
class Crowd {
  readonly list: Int32Array;
  size = 0;
  readonly #seen: Int32Array;
  #round = 0;

  constructor(states: number) {
    this.list = new Int32Array(states);
    this.#seen = new Int32Array(states);
  }

  clear(): void {
    this.size = 0;
    this.#round += 1;
  }

  /** False where the state is there already. */
  add(state: number): boolean {
    if (this.#seen[state] === this.#round) return false;
    this.#seen[state] = this.#round;
    this.list[this.size] = state;
    this.size += 1;
    return true;
  }
}

/** Adds a state with all that are reached from it without a letter; whether the end is one of them. */
function enter({ states }: Program, crowd: Crowd, from: number, holds: (state: State) => boolean): boolean {
  const pending = [from];
  let ended = false;
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (!crowd.add(at)) continue;
    const state = states[at] as State;
    if (state.kind === 'end') ended = true;
    else if (state.kind === 'split') pending.push(...state.to);
    else if (state.kind !== 'letter' && holds(state)) pending.push(at + 1);
  }
  return ended;
}

interface Sweep {
  /** Whether a match may begin anywhere, or only where the text does. */
  readonly anywhere: boolean;
  /** Stops at the first place where a match ends. */
  readonly once?: boolean;
}

/** Goes over a text once, and marks the places where a match ends: before the first letter, …, after the last. */
function sweep(
  program: Program,
  codes: Int32Array,
  tables: readonly Uint8Array[],
  { anywhere, once = false }: Sweep,
): Uint8Array {
  const { states, backwards } = program;
  const marks = new Uint8Array(codes.length + 1);
  const now = new Crowd(states.length);
  const next = new Crowd(states.length);
  next.clear();
  for (let step = 0; step <= codes.length; step += 1) {
    const at = backwards ? codes.length - step : step;
    const holds = (state: State): boolean =>
      state.kind === 'place'
        ? state.holds(codes, at)
        : state.kind === 'look' && (tables[state.look]?.[at] === 1) !== state.negated;
    // The last letter led to those in `next`; what follows from them without a letter depends on the place.
    let ended = false;
    now.clear();
    for (let one = 0; one < next.size; one += 1)
      ended = enter(program, now, next.list[one] as number, holds) || ended;
    if (step === 0 || anywhere) ended = enter(program, now, 0, holds) || ended;
    if (ended) marks[at] = 1;
    if ((ended && once) || (now.size === 0 && !anywhere)) return marks;
    const code = codes[backwards ? at - 1 : at];
    next.clear();
    if (code === undefined) continue;
    for (let one = 0; one < now.size; one += 1) {
      const state = states[now.list[one] as number] as State;
      if (state.kind === 'letter' && state.letters(code)) next.add((now.list[one] as number) + 1);
    }
  }
  return marks;
}

function codesOf(text: string): Int32Array {
  const codes = new Int32Array(text.length);
  let size = 0;
  for (const letter of text) {
    codes[size] = letter.codePointAt(0) as number;
    size += 1;
  }
  return codes.subarray(0, size);
}

function swept({ program, looks }: Expression, codes: Int32Array, how: Sweep): Uint8Array {
  const tables: Uint8Array[] = [];
  for (const look of looks) tables.push(sweep(look, codes, tables, { anywhere: true }));
  return sweep(program, codes, tables, how);
}

/** Whether the expression describes a whole text. */
export function fits(expression: Expression, text: string): boolean {
  const codes = codesOf(text);
  return swept(expression, codes, { anywhere: false })[codes.length] === 1;
}

/** Whether a text has a part that the expression describes. */
export function finds(expression: Expression, text: string): boolean {
  return swept(expression, codesOf(text), { anywhere: true, once: true }).includes(1);
}

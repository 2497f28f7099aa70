// The regular expressions of filter patterns: no groups, no look-around, so that one pass over a text with a set of states
// decides, whatever the expression. JavaScript's own could take exponential time on a user's pattern. Pure.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html

type Matches = (code: number) => boolean;

/** One place of an expression. */
interface Step {
  readonly matches: Matches;
  readonly optional: boolean;
  readonly repeats: boolean;
}

/** One side of `|`. */
interface Branch {
  readonly steps: readonly Step[];
  readonly fromStart: boolean;
  readonly toEnd: boolean;
}

/** Steps that `{m,n}` may unfold to. */
const MOST_STEPS = 2000;
const LITERAL = /[A-Za-z0-9:_#=@/;,-]/;
const ESCAPABLE = /[:_#=@/;,\-^$?[\]{}|\\*+.()]/;

const between =
  (from: number, to: number): Matches =>
  (code) =>
    code >= from && code <= to;
const digit = between(48, 57);
const word: Matches = (code) => digit(code) || between(65, 90)(code) || between(97, 122)(code) || code === 95;
const space: Matches = (code) => code === 32 || between(9, 13)(code);
const not =
  (matches: Matches): Matches =>
  (code) =>
    !matches(code);

const CLASSES: Readonly<Record<string, Matches>> = {
  d: digit,
  D: not(digit),
  s: space,
  S: not(space),
  w: word,
  W: not(word),
};

class Unsupported extends Error {}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  get next(): string {
    return this.#text[this.#at] ?? '';
  }

  take(): string {
    if (this.done) throw new Unsupported();
    const taken = this.next;
    this.#at += 1;
    return taken;
  }

  /** Takes what a sticky expression finds here. */
  match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text);
    if (found) this.#at = expression.lastIndex;
    return found ?? undefined;
  }
}

function escaped(reader: Reader): Matches {
  const letter = reader.take();
  const known = CLASSES[letter];
  if (known) return known;
  if (letter === 'x') {
    const code = reader.match(/[0-9A-Fa-f]{2}/y)?.[0];
    if (code === undefined) throw new Unsupported();
    return between(Number.parseInt(code, 16), Number.parseInt(code, 16));
  }
  if (!ESCAPABLE.test(letter)) throw new Unsupported();
  return between(letter.charCodeAt(0), letter.charCodeAt(0));
}

/** What stands between square brackets. */
function oneOf(reader: Reader): Matches {
  const negated = reader.match(/\^/y) !== undefined;
  const parts: Matches[] = [];
  while (reader.next !== ']') {
    const letter = reader.take();
    if (letter === '\\') {
      parts.push(escaped(reader));
      continue;
    }
    if (letter > '~' || letter < ' ') throw new Unsupported();
    const upTo = reader.match(/-([A-Za-z0-9])/y)?.[1] ?? letter;
    if (upTo < letter) throw new Unsupported();
    parts.push(between(letter.charCodeAt(0), upTo.charCodeAt(0)));
  }
  reader.take();
  if (parts.length === 0) throw new Unsupported();
  const any: Matches = (code) => parts.some((matches) => matches(code));
  return negated ? not(any) : any;
}

function readOne(reader: Reader): Matches {
  const letter = reader.take();
  if (letter === '\\') return escaped(reader);
  if (letter === '[') return oneOf(reader);
  if (letter === '.') return (code) => code !== 10;
  if (!LITERAL.test(letter)) throw new Unsupported();
  return between(letter.charCodeAt(0), letter.charCodeAt(0));
}

/** A place as often as its quantifier says. */
function readStep(reader: Reader): Step[] {
  const matches = readOne(reader);
  const once: Step = { matches, optional: false, repeats: false };
  const sign = reader.match(/[?*+]/y)?.[0];
  if (sign === '?') return [{ ...once, optional: true }];
  if (sign === '*') return [{ matches, optional: true, repeats: true }];
  if (sign === '+') return [{ ...once, repeats: true }];
  const [, least, comma, most] = reader.match(/\{(\d{1,4})(,\s?)?(\d{1,4})?\}/y) ?? [];
  if (least === undefined) return [once];
  const from = Number(least);
  const to = comma === undefined ? from : most === undefined ? Infinity : Number(most);
  if (to < from || from > MOST_STEPS || (to !== Infinity && to > MOST_STEPS)) throw new Unsupported();
  const steps = Array.from({ length: from }, () => once);
  if (to === Infinity) return [...steps, { matches, optional: true, repeats: true }];
  return [...steps, ...Array.from({ length: to - from }, () => ({ ...once, optional: true }))];
}

function readBranch(reader: Reader): Branch {
  const fromStart = reader.match(/\^/y) !== undefined;
  const steps: Step[] = [];
  let toEnd = false;
  while (!reader.done && reader.next !== '|') {
    if (reader.match(/\$(?=\||$)/y)) toEnd = true;
    else steps.push(...readStep(reader));
    if (steps.length > MOST_STEPS) throw new Unsupported();
  }
  return { steps, fromStart, toEnd };
}

/** Marks the states that are reached from `state` without a letter. */
function enter(states: Uint8Array, steps: readonly Step[], state: number): void {
  for (let at = state; ; at += 1) {
    if (states[at] === 1) return;
    states[at] = 1;
    if (at >= steps.length || steps[at]?.optional !== true) return;
  }
}

function finds({ steps, fromStart, toEnd }: Branch, text: string): boolean {
  const end = steps.length;
  let states = new Uint8Array(end + 1);
  let next = new Uint8Array(end + 1);
  enter(states, steps, 0);
  for (let index = 0; index < text.length; index += 1) {
    if (states[end] === 1 && !toEnd) return true;
    const code = text.charCodeAt(index);
    next.fill(0);
    for (let at = 0; at < end; at += 1) {
      if (states[at] !== 1 || steps[at]?.matches(code) !== true) continue;
      enter(next, steps, at + 1);
      // Having matched once, a place that repeats may match again or be left.
      if (steps[at]?.repeats === true) next[at] = 1;
    }
    [states, next] = [next, states];
    if (!fromStart) enter(states, steps, 0);
  }
  return states[end] === 1;
}

/** A test for texts in which the expression is found; nothing where AWS supports no such expression. */
export function regularExpression(source: string): ((text: string) => boolean) | undefined {
  const reader = new Reader(source);
  const branches: Branch[] = [];
  try {
    do branches.push(readBranch(reader));
    while (reader.match(/\|/y) !== undefined);
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
  return (text) => branches.some((branch) => finds(branch, text));
}

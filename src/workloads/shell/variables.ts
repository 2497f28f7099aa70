// The variables of a script, as far as their values are known.

import { calculate } from './arithmetic.ts';
import type { Calculated } from './arithmetic.ts';
import { UNKNOWN } from './expansion.ts';

export class Variables {
  readonly #values: Map<string, string>;
  /** What the function that runs was called with. */
  arguments: readonly string[] = [];

  constructor(values: Readonly<Record<string, string>> = {}) {
    this.#values = new Map(Object.entries(values));
  }

  /** Nothing where it cannot be known. */
  get(name: string): string | undefined {
    if (/^[1-9]$/.test(name)) return this.arguments[Number(name) - 1] ?? '';
    if (name === '@' || name === '*') return this.arguments.join(' ');
    return this.#values.get(name);
  }

  set(name: string, value: string): void {
    this.#values.set(name, value);
  }

  /** `NAME=value`, as `export` and its like take it. */
  declare(words: readonly string[]): void {
    for (const word of words) {
      const at = word.indexOf('=');
      if (at > 0) this.#values.set(word.slice(0, at), word.slice(at + 1));
    }
  }

  /** What nobody has set is empty. */
  empty(names: readonly string[]): void {
    for (const name of names) if (!this.#values.has(name)) this.#values.set(name, '');
  }

  /** Works out `((…))` and does what it assigns. Nothing where it cannot be told. */
  calculate(text: string): Calculated | undefined {
    const found = calculate(text, (name) => this.get(name));
    const [, name] = /^\s*([A-Za-z_]\w*)\s*(?:\+\+|--|[-+*/%]?=(?!=))/.exec(text) ?? [];
    if (found?.assigned) this.set(found.assigned.name, String(found.assigned.value));
    else if (!found && name !== undefined) this.set(name, UNKNOWN);
    return found;
  }

  /** Values as they are now, to ask `changedSince`. */
  copy(): ReadonlyMap<string, string> {
    return new Map(this.#values);
  }

  /** Whether a variable has got another value that is known. */
  changedSince(before: ReadonlyMap<string, string>): boolean {
    return [...this.#values].some(([name, value]) => !value.includes(UNKNOWN) && before.get(name) !== value);
  }
}

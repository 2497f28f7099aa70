// What a command is: data for its help and its options, and a function that returns the exit code.

import type { ParseArgsConfig } from 'node:util';

/** 0 passed, 1 an expectation failed, 2 the user's error, 3 not modelled. `up --once-ready` exits as its command did. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface CommandOption {
  readonly type: 'string' | 'boolean';
  readonly help: string;
  /** How a value is written in the help. */
  readonly value?: string;
  readonly default?: string | boolean;
  /** The option may be given several times, and after its name several values that look like this. */
  readonly many?: RegExp;
  /** Its value may stand after `--` instead, word by word. */
  readonly words?: boolean;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Positional arguments, as the help writes them. */
  readonly positionals?: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  readonly run: (values: Values, positionals: readonly string[]) => Promise<number>;
}

export class Values {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** All values of an option that may be given several times. */
  all(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? (value as string[]) : [];
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }
}

/** The same options for `node:util`'s parser. */
export function parserOptions(options: Command['options']): NonNullable<ParseArgsConfig['options']> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, default: fallback, many }]) => [
      name,
      {
        type,
        ...(fallback === undefined ? {} : { default: fallback }),
        ...(many === undefined ? {} : { multiple: true }),
      },
    ]),
  );
}

/** `--parameters A=1 B=2` as the parser wants it: `--parameters A=1 --parameters B=2`. */
export function repeated(given: readonly string[], options: Command['options']): string[] {
  const out: string[] = [];
  let more: { readonly name: string; readonly values: RegExp } | undefined;
  for (const [at, text] of given.entries()) {
    if (text === '--') {
      const last = out.at(-1) ?? '';
      if (options[last.slice(2)]?.words) out[out.length - 1] = `${last}=`;
      return [...out, ...given.slice(at)];
    }
    const name = /^--([\w-]+)/.exec(text)?.[1];
    const { many } = (name === undefined ? undefined : options[name]) ?? {};
    if (name !== undefined) more = many && { name: `--${name}`, values: many };
    else if (more && given[at - 1] !== more.name && more.values.test(text)) out.push(more.name);
    else if (given[at - 1] !== more?.name) more = undefined;
    out.push(text);
  }
  return out;
}

export function helpOf({ name, summary, positionals, options }: Command): string {
  const rows = Object.entries(options).map(([option, { value, help, default: fallback }]) => {
    const left = `  --${option}${value ? ` ${value}` : ''} `;
    const right =
      fallback === undefined || fallback === false ? help : `${help} (default: ${String(fallback)})`;
    return `${left.padEnd(26)}${right}`;
  });
  return [`sandtable ${name}${positionals ? ` ${positionals}` : ''}`, '', summary, '', ...rows].join('\n');
}

// What a command is: data for its help and its options, and a function that returns the exit code.

import type { ParseArgsConfig } from 'node:util';

/** 0 passed, 1 an expectation failed, 2 the user's error, 3 not modelled. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface CommandOption {
  readonly type: 'string' | 'boolean';
  readonly help: string;
  /** How a value is written in the help. */
  readonly value?: string;
  readonly default?: string | boolean;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Positional arguments, as the help writes them. */
  readonly positionals?: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  readonly run: (values: Values, positionals: readonly string[]) => Promise<ExitCode>;
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

  flag(name: string): boolean {
    return this.#values[name] === true;
  }
}

/** The same options for `node:util`'s parser. */
export function parserOptions(options: Command['options']): NonNullable<ParseArgsConfig['options']> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, default: fallback }]) => [
      name,
      fallback === undefined ? { type } : { type, default: fallback },
    ]),
  );
}

export function helpOf({ name, summary, positionals, options }: Command): string {
  const rows = Object.entries(options).map(([option, { value, help, default: fallback }]) => {
    const left = `  --${option}${value ? ` ${value}` : ''}`;
    const right =
      fallback === undefined || fallback === false ? help : `${help} (default: ${String(fallback)})`;
    return `${left.padEnd(26)}${right}`;
  });
  return [`sandtable ${name}${positionals ? ` ${positionals}` : ''}`, '', summary, '', ...rows].join('\n');
}

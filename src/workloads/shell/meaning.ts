// What an interpreter of scripts asks of those who know what commands mean.

/** What a command prints that asks the world for something. */
export interface Printed {
  readonly status: number;
  /** Line ends included; nothing where it cannot be known. */
  readonly text?: string;
}

/** Something that takes time or reaches beyond the script; answered with what came of it. Ends with the exit status. */
export type Doing<A, R> = Generator<A, number | Printed, R>;

/** What the commands of a script mean. */
export interface Meaning<A, R> {
  /**
   * Does a command; nothing where it means nothing. `input`: what it reads, if that is known. `detached`: the script goes
   * on while it runs.
   */
  command(words: readonly string[], input: string | undefined, detached: boolean): Doing<A, R> | undefined;
  /** What a command prints, if that is known without doing it. */
  output(words: readonly string[]): string | undefined;
  /** Whether what a command prints comes of doing it, so that it is done even where only that is wanted: `$(…)`. */
  asks(words: readonly string[]): boolean;
  /** A file has been written. */
  wrote(path: string, text: string, append: boolean): void;
  /** Whether a command says that something has failed. */
  reportsFailure(words: readonly string[]): boolean;
  /** Whether an action looks at something that may be otherwise the next time, so that a loop that does so goes on. */
  looks(action: A): boolean;
  /** A turn of a loop has changed nothing in the script: waits until one may go otherwise, where that can be told. */
  steady(turn: readonly (readonly [A, R])[]): Doing<A, R> | undefined;
  /** Milliseconds that an action has taken. */
  took(result: R): number;
  /** An action that is broken off after so long, if it is not over by then. */
  within(action: A, ms: number): A;
}

/** How a script ended. */
export interface End {
  readonly status: number;
  /** The command at which it broke off before its end, because of `set -e` or an `exit` with an error. */
  readonly brokeOffAt?: string;
  /** It goes on and on: a loop that turns more often than is looked at. */
  readonly endless?: true;
}

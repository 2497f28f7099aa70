// Wrong use of our own tool: never an AWS error, and never our bug. Commands print it and exit with 2.

export class UserError extends Error {
  /** Stable, for scripts: `rehearsal-not-found`. */
  readonly code: string;
  /** What to do about it. */
  readonly hint: string;

  /** `message` says what was wrong and with which value. */
  constructor(code: string, message: string, { hint }: { hint: string }) {
    super(message);
    this.name = 'UserError';
    this.code = code;
    this.hint = hint;
  }
}

// What keeps an expression of a user's from being matched.

/** A text is no regular expression; or it is one, in AWS, and Sandtable cannot decide it in a time that it can promise. */
export class BadExpression extends Error {
  readonly what: string;
  /** Whether AWS would take it. */
  readonly valid: boolean;

  constructor(what: string, valid: boolean = false) {
    super(what);
    this.name = 'BadExpression';
    this.what = what;
    this.valid = valid;
  }
}

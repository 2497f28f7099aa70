// The condition of a statement, read into what conditions of other requests are.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-operators.html and ql-functions.html

import { notModelled } from '#cloud/refuse.ts';
import {
  checkBounds,
  checkComparison,
  checkDistinct,
  checkFunction,
} from '../expressions/condition-checks.ts';
import { Findings } from '../expressions/findings.ts';
import type { Path } from '../expressions/path.ts';
import type { Comparator, Condition, Operand } from '../expressions/syntax.ts';
import { listed, readValue, seesValue } from './literals.ts';
import type { Parameters } from './literals.ts';
import type { Reader } from './tokens.ts';

const COMPARATORS: Readonly<Record<string, Comparator>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<=': '<=',
  '>=': '>=',
  '<': '<',
  '>': '>',
};
const TESTS: ReadonlySet<string> = new Set(['attribute_type', 'begins_with', 'contains']);
/** Words that end a path or begin something else: to name an attribute so takes quotation marks. */
const KEYWORDS: ReadonlySet<string> = new Set(
  'ALL AND ASC BETWEEN BY DELETE DESC EXISTS FALSE FROM IN INSERT INTO IS MISSING MODIFIED NOT NULL OR ORDER REMOVE RETURNING SELECT SET TRUE UPDATE VALUE WHERE'.split(
    ' ',
  ),
);
const LONGEST_PATH = 32;

export function readWhere(reader: Reader, parameters: Parameters): Condition {
  const findings = new Findings();
  const condition = new WhereReader(reader, parameters, findings).either();
  findings.check(reader);
  return condition;
}

/** An attribute, or a place within it. */
export function readPath(reader: Reader): Path {
  const path: (string | number)[] = [readName(reader)];
  for (;;) {
    if (reader.skip('.')) path.push(readName(reader));
    else if (reader.skip('[')) {
      const { kind, text } = reader.take();
      if (kind !== 'number' && kind !== 'text') throw reader.unexpected();
      path.push(kind === 'number' ? Number(text) : text);
      reader.expect(']');
    } else return path;
    if (path.length > LONGEST_PATH) throw reader.failure('The document path has too many nesting elements');
  }
}

function readName(reader: Reader): string {
  const { kind, text } = reader.next;
  const isName = kind === 'quoted' || (kind === 'word' && !KEYWORDS.has(text.toUpperCase()));
  if (!isName) throw reader.unexpected();
  return reader.take().text;
}

class WhereReader {
  readonly #reader: Reader;
  readonly #parameters: Parameters;
  readonly #findings: Findings;

  constructor(reader: Reader, parameters: Parameters, findings: Findings) {
    this.#reader = reader;
    this.#parameters = parameters;
    this.#findings = findings;
  }

  either(): Condition {
    let left = this.#both();
    while (this.#reader.skip('OR')) left = { kind: 'or', left, right: this.#both() };
    return left;
  }

  #both(): Condition {
    let left = this.#negation();
    while (this.#reader.skip('AND')) left = { kind: 'and', left, right: this.#negation() };
    return left;
  }

  #negation(): Condition {
    return this.#reader.within((): Condition =>
      this.#reader.skip('NOT') ? { kind: 'not', inner: this.#negation() } : this.#test(),
    );
  }

  #test(): Condition {
    const reader = this.#reader;
    if (reader.skip('(')) {
      const inner = this.either();
      reader.expect(')');
      return inner;
    }
    const operand = this.#operand();
    if (operand.kind === 'call' && operand.name !== 'size') {
      return { kind: 'holds', name: operand.name, operands: operand.operands };
    }
    const by = COMPARATORS[reader.next.text];
    if (by && reader.next.kind === 'symbol') {
      reader.take();
      return this.#compared(by, operand, this.#operand());
    }
    if (reader.skip('NOT')) return { kind: 'not', inner: this.#ranged(operand) };
    return reader.skip('IS') ? this.#typed(operand) : this.#ranged(operand);
  }

  #compared(by: Comparator, left: Operand, right: Operand): Condition {
    checkDistinct(by, [left, right], this.#findings);
    checkComparison(by, [left, right], this.#findings);
    return { kind: 'compare', by, left, right };
  }

  #ranged(operand: Operand): Condition {
    const reader = this.#reader;
    if (reader.skip('BETWEEN')) {
      const low = this.#operand();
      reader.expect('AND');
      const high = this.#operand();
      checkBounds(low, high, this.#findings);
      return { kind: 'between', operand, low, high };
    }
    reader.expect('IN');
    const close = reader.skip('[') ? ']' : ')';
    if (close === ')') reader.expect('(');
    return { kind: 'in', operand, among: listed(reader, close, () => this.#operand()) };
  }

  /** `IS [NOT] MISSING` and `IS [NOT] NULL`: the attribute is not there, or is of the type NULL. */
  #typed(operand: Operand): Condition {
    const reader = this.#reader;
    const negated = reader.skip('NOT');
    const isMissing = reader.skip('MISSING');
    if (!isMissing && !reader.skip('NULL')) {
      throw notModelled('dynamodb', 'ExecuteStatement', `Statement with IS ${reader.next.text}`);
    }
    const inner: Condition = isMissing
      ? { kind: 'holds', name: 'attribute_not_exists', operands: [operand] }
      : {
          kind: 'holds',
          name: 'attribute_type',
          operands: [operand, { kind: 'value', value: { S: 'NULL' }, name: 'NULL' }],
        };
    return negated ? { kind: 'not', inner } : inner;
  }

  #operand(): Operand {
    const reader = this.#reader;
    const operand = this.#plain();
    if (reader.sees('+') || reader.sees('-'))
      throw notModelled('dynamodb', 'ExecuteStatement', 'Statement with arithmetic in WHERE');
    return operand;
  }

  #plain(): Operand {
    const reader = this.#reader;
    if (seesValue(reader)) {
      const value = readValue(reader, this.#parameters);
      return { kind: 'value', value, name: '?' };
    }
    if (reader.next.kind !== 'word' || !reader.sees('(', 1)) return { kind: 'path', path: readPath(reader) };
    const name = reader.take().text.toLowerCase();
    if (name !== 'size' && !TESTS.has(name))
      throw notModelled('dynamodb', 'ExecuteStatement', `Statement with the function ${name}`);
    reader.expect('(');
    const operands = reader.within(() => listed(reader, ')', () => this.#operand()));
    checkFunction(name, operands, this.#findings);
    return { kind: 'call', name, operands };
  }
}

// Conditions: of writes, of filters and of keys.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html

import type { Value } from '../values/value.ts';
import { checkBounds, checkComparison, checkDistinct, checkFunction } from './condition-checks.ts';
import { Findings } from './findings.ts';
import { readPath } from './path.ts';
import type { Placeholders } from './placeholders.ts';
import type { Comparator, Condition, Operand } from './syntax.ts';
import { Reader } from './tokens.ts';
import type { ExpressionName } from './tokens.ts';

const COMPARATORS: readonly Comparator[] = ['<=', '>=', '<>', '=', '<', '>'];
const KEYWORDS: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT', 'BETWEEN', 'IN']);
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-expression-parameters */
const MOST_OPERATORS = 300;
const MOST_IN_LIST = 100;
const DEEPEST = 150;

/** What stands where either a condition or an operand may: which of them it is shows only by what follows. */
type Part = { readonly parentheses: number } & (
  | { readonly operand: Operand; readonly condition?: undefined }
  | { readonly condition: Condition; readonly operand?: undefined }
);

export function parseCondition(of: ExpressionName, source: string, placeholders: Placeholders): Condition {
  const parser = new ConditionParser(new Reader(of, source), placeholders);
  return parser.whole();
}

class ConditionParser {
  readonly #reader: Reader;
  readonly #placeholders: Placeholders;
  readonly #findings = new Findings();
  #operators = 0;
  #depth = 0;

  constructor(reader: Reader, placeholders: Placeholders) {
    this.#reader = reader;
    this.#placeholders = placeholders;
  }

  whole(): Condition {
    const condition = this.#condition(this.#either());
    this.#reader.end();
    this.#findings.check(this.#reader);
    if (this.#operators > MOST_OPERATORS)
      throw this.#reader.failure(
        `The expression contains too many operators; operator count: ${this.#operators}`,
      );
    return condition;
  }

  #either(): Part {
    let left = this.#both();
    while (this.#reader.skip('OR')) left = this.#joined('or', left, this.#both());
    return left;
  }

  #both(): Part {
    let left = this.#negation();
    while (this.#reader.skip('AND')) left = this.#joined('and', left, this.#negation());
    return left;
  }

  #joined(kind: 'and' | 'or', left: Part, right: Part): Part {
    this.#operators += 1;
    const condition = { kind, left: this.#condition(left), right: this.#condition(right) };
    return { condition, parentheses: 0 };
  }

  #negation(): Part {
    if (!this.#reader.skip('NOT')) return this.#comparison();
    this.#operators += 1;
    this.#deeper();
    const inner = this.#condition(this.#negation());
    this.#depth -= 1;
    return { condition: { kind: 'not', inner }, parentheses: 0 };
  }

  #comparison(): Part {
    const part = this.#primary();
    const { operand } = part;
    if (!operand) return part;
    const reader = this.#reader;
    const by = COMPARATORS.find((symbol) => reader.skip(symbol));
    if (by) return this.#compared(by, operand, this.#operand());
    if (reader.skip('BETWEEN')) {
      const low = this.#operand();
      reader.expect('AND');
      return this.#within(operand, low, this.#operand());
    }
    return reader.skip('IN') ? this.#listed(operand) : part;
  }

  #compared(by: Comparator, left: Operand, right: Operand): Part {
    this.#operators += 1;
    this.#checkValues([left, right]);
    checkDistinct(by, [left, right], this.#findings);
    checkComparison(by, [left, right], this.#findings);
    return { condition: { kind: 'compare', by, left, right }, parentheses: 0 };
  }

  #within(operand: Operand, low: Operand, high: Operand): Part {
    this.#operators += 1;
    this.#checkValues([operand, low, high]);
    checkBounds(low, high, this.#findings);
    return { condition: { kind: 'between', operand, low, high }, parentheses: 0 };
  }

  #listed(operand: Operand): Part {
    this.#operators += 1;
    this.#reader.expect('(');
    const among = this.#operands();
    this.#checkValues([operand, ...among]);
    if (among.length > MOST_IN_LIST)
      this.#findings.add(
        'count',
        `Incorrect number of operands for operator or function; operator or function: IN, number of operands: ${among.length + 1}`,
      );
    return { condition: { kind: 'in', operand, among }, parentheses: 0 };
  }

  /** A path, a value, a function, or any of that or a whole condition in parentheses. */
  #primary(): Part {
    const reader = this.#reader;
    if (!reader.skip('(')) return { operand: this.#plainOperand(), parentheses: 0 };
    this.#deeper();
    const inner = this.#either();
    reader.expect(')');
    this.#depth -= 1;
    if (inner.parentheses > 0) this.#findings.add('parentheses', 'The expression has redundant parentheses;');
    return { ...inner, parentheses: inner.parentheses + 1 };
  }

  #operand(): Operand {
    const { operand } = this.#primary();
    if (!operand) throw this.#reader.syntaxError();
    return operand;
  }

  #plainOperand(): Operand {
    const reader = this.#reader;
    const { kind, text } = reader.next;
    if (kind === 'value') {
      reader.take();
      return { kind: 'value', value: this.#value(text), name: text };
    }
    if (kind === 'word' && KEYWORDS.has(text.toUpperCase())) throw reader.syntaxError();
    if (kind === 'word' && reader.follows('(')) {
      reader.take();
      reader.expect('(');
      const operands = this.#operands();
      this.#checkValues(operands);
      checkFunction(text, operands, this.#findings);
      return { kind: 'call', name: text, operands };
    }
    return { kind: 'path', path: readPath(reader, this.#placeholders, this.#findings) };
  }

  /** Up to the closing parenthesis. */
  #operands(): Operand[] {
    const operands = [this.#operand()];
    while (this.#reader.skip(',')) operands.push(this.#operand());
    this.#reader.expect(')');
    return operands;
  }

  #value(placeholder: string): Value {
    const value = this.#placeholders.value(placeholder);
    if (!value)
      this.#findings.add(
        'placeholder',
        `An expression attribute value used in expression is not defined; attribute value: ${placeholder}`,
      );
    return value ?? { NULL: true };
  }

  /** What stands alone as a condition has to be a function that says yes or no. */
  #condition({ condition, operand }: Part): Condition {
    if (condition) return condition;
    if (operand?.kind !== 'call') throw this.#reader.syntaxError();
    const { name, operands } = operand;
    if (name === 'size') this.#misused(name);
    this.#operators += 1;
    return { kind: 'holds', name, operands };
  }

  /** What stands for a value may be no function but `size`. */
  #checkValues(operands: readonly Operand[]): void {
    for (const operand of operands) {
      if (operand.kind === 'call' && operand.name !== 'size') this.#misused(operand.name);
    }
  }

  #misused(name: string): void {
    this.#findings.add(
      'misused',
      `The function is not allowed to be used this way in an expression; function: ${name}`,
    );
  }

  #deeper(): void {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw this.#reader.failure('The expression is nested too deeply;');
  }
}

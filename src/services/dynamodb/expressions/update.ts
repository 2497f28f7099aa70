// What an update does: SET, REMOVE, ADD and DELETE. How that is done to an item is in ./application.ts.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html

import { typeOf } from '../values/value.ts';
import type { TypeName, Value } from '../values/value.ts';
import { incorrectCount } from './condition-checks.ts';
import { Findings } from './findings.ts';
import { checkApart, readPath } from './path.ts';
import type { Path } from './path.ts';
import type { Placeholders } from './placeholders.ts';
import { Reader } from './tokens.ts';

/** What is set. */
export type Term =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: '+' | '-' | 'list_append'; readonly left: Term; readonly right: Term }
  | { readonly kind: 'if_not_exists'; readonly path: Path; readonly otherwise: Term };

export interface Update {
  readonly set: readonly { readonly path: Path; readonly term: Term }[];
  readonly remove: readonly { readonly path: Path }[];
  readonly add: readonly { readonly path: Path; readonly value: Value }[];
  readonly delete: readonly { readonly path: Path; readonly value: Value }[];
}

const SECTIONS = ['SET', 'REMOVE', 'ADD', 'DELETE'] as const;
/** How errors of ADD and DELETE call the types. */
const TITLES: Readonly<Partial<Record<TypeName, string>>> = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  NULL: 'NULL',
  BOOL: 'BOOLEAN',
  L: 'LIST',
  M: 'MAP',
};
const DEEPEST = 150;

export function parseUpdate(source: string, placeholders: Placeholders): Update {
  return new UpdateParser(new Reader('UpdateExpression', source), placeholders).whole();
}

/** Everything that an update writes, in the order of the expression's sections. */
export function pathsOf({ set, remove, add, delete: taken }: Update): Path[] {
  return [...set, ...remove, ...add, ...taken].map(({ path }) => path);
}

class UpdateParser {
  readonly #reader: Reader;
  readonly #placeholders: Placeholders;
  readonly #findings = new Findings();
  #depth = 0;

  constructor(reader: Reader, placeholders: Placeholders) {
    this.#reader = reader;
    this.#placeholders = placeholders;
  }

  whole(): Update {
    const reader = this.#reader;
    const update = {
      set: [] as Update['set'][number][],
      remove: [] as Update['remove'][number][],
      add: [] as Update['add'][number][],
      delete: [] as Update['delete'][number][],
    };
    const seen = new Set<string>();
    const paths: Path[] = [];
    do {
      const section = SECTIONS.find((name) => reader.skip(name));
      if (!section) throw reader.syntaxError();
      if (seen.has(section))
        this.#findings.add(
          'section',
          `The "${section}" section can only be used once in an update expression;`,
        );
      seen.add(section);
      do {
        const path = this.#path();
        paths.push(path);
        if (section === 'SET') {
          reader.expect('=');
          update.set.push({ path, term: this.#sum() });
        } else if (section === 'REMOVE') update.remove.push({ path });
        else {
          const value = this.#member(section);
          update[section === 'ADD' ? 'add' : 'delete'].push({ path, value });
        }
      } while (reader.skip(','));
    } while (reader.next.kind !== 'end');
    checkApart(paths, this.#findings);
    this.#findings.check(reader);
    return update;
  }

  #path(): Path {
    return readPath(this.#reader, this.#placeholders, this.#findings);
  }

  #sum(): Term {
    const left = this.#operand();
    const kind = this.#reader.skip('+') ? '+' : this.#reader.skip('-') ? '-' : undefined;
    if (!kind) return left;
    const right = this.#operand();
    this.#checkTypes(kind, 'N', [left, right]);
    return { kind, left, right };
  }

  #operand(): Term {
    const reader = this.#reader;
    const { kind, text } = reader.next;
    if (reader.skip('(')) {
      this.#deeper();
      const inner = this.#sum();
      reader.expect(')');
      this.#depth -= 1;
      return inner;
    }
    if (kind === 'value') return { kind: 'value', value: this.#value() };
    if (kind === 'word' && reader.follows('(')) return this.#call(text);
    return { kind: 'path', path: this.#path() };
  }

  #call(name: string): Term {
    const reader = this.#reader;
    reader.take();
    reader.expect('(');
    this.#deeper();
    const operands = [this.#operand()];
    while (reader.skip(',')) operands.push(this.#operand());
    reader.expect(')');
    this.#depth -= 1;
    const [left, right] = operands as [Term, Term | undefined];
    if (name !== 'if_not_exists' && name !== 'list_append') {
      this.#findings.add('unknown', `Invalid function name; function: ${name}`);
      return left;
    }
    if (!right || operands.length !== 2) {
      this.#findings.add('operand', incorrectCount(name, operands.length));
      return left;
    }
    if (name === 'list_append') {
      this.#checkTypes(name, 'L', [left, right]);
      return { kind: name, left, right };
    }
    if (left.kind === 'path') return { kind: name, path: left.path, otherwise: right };
    this.#findings.add(
      'operand',
      `Operator or function requires a document path; operator or function: ${name}`,
    );
    return right;
  }

  #checkTypes(name: string, wanted: TypeName, terms: readonly Term[]): void {
    for (const term of terms) {
      if (term.kind !== 'value' || wanted in term.value) continue;
      this.#findings.add(
        'operand',
        `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${typeOf(term.value)}`,
      );
    }
  }

  /** The value that is added or taken: a set, or a number to add. */
  #member(section: 'ADD' | 'DELETE'): Value {
    if (this.#reader.next.kind !== 'value') throw this.#reader.syntaxError();
    const value = this.#value();
    const title = TITLES[typeOf(value)];
    if (title !== undefined && !(section === 'ADD' && 'N' in value))
      this.#findings.add(
        'operand',
        `Incorrect operand type for operator or function; operator: ${section}, operand type: ${title}, typeSet: ALLOWED_FOR_${section}_OPERAND`,
      );
    return value;
  }

  #value(): Value {
    const { text } = this.#reader.take();
    const value = this.#placeholders.value(text);
    if (!value)
      this.#findings.add(
        'placeholder',
        `An expression attribute value used in expression is not defined; attribute value: ${text}`,
      );
    return value ?? { NULL: true };
  }

  #deeper(): void {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw this.#reader.failure('The expression is nested too deeply;');
  }
}

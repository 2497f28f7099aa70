// The statements that DynamoDB knows.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html

import type { AttributeValue } from '#generated/contracts/dynamodb.ts';
import { notModelled } from '#cloud/refuse.ts';
import { Findings } from '../expressions/findings.ts';
import { checkApart } from '../expressions/path.ts';
import type { Path } from '../expressions/path.ts';
import type { Condition } from '../expressions/syntax.ts';
import { pathsOf } from '../expressions/update.ts';
import type { Term, Update } from '../expressions/update.ts';
import { invalid } from '../faults.ts';
import type { Item } from '../values/value.ts';
import { Parameters, readItem, readValue, seesValue } from './literals.ts';
import { Reader } from './tokens.ts';
import { readPath, readWhere } from './where.ts';

export interface Order {
  readonly name: string;
  readonly descending: boolean;
}

export interface Select {
  readonly kind: 'select';
  readonly table: string;
  readonly index?: string;
  /** Nothing: everything. */
  readonly projection?: readonly Path[];
  readonly where?: Condition;
  readonly order: readonly Order[];
}

export interface Insert {
  readonly kind: 'insert';
  readonly table: string;
  readonly item: Item;
}

/** What an answer shows of a write, as `ReturnValues` calls it. */
export type Returning = 'ALL_OLD' | 'UPDATED_OLD' | 'ALL_NEW' | 'UPDATED_NEW';

export interface UpdateStatement {
  readonly kind: 'update';
  readonly table: string;
  readonly update: Update;
  readonly where: Condition;
  readonly returning?: Returning;
}

export interface Delete {
  readonly kind: 'delete';
  readonly table: string;
  readonly where: Condition;
  readonly returning?: Returning;
}

/** Of transactions: an item has to be found. */
export interface Exists {
  readonly kind: 'exists';
  readonly select: Select;
}

export type Statement = Select | Insert | UpdateStatement | Delete | Exists;

/** Reads a statement. Throws where it is none, or where the parameters are not as many as its question marks. */
export function parseStatement(source: string, given?: readonly AttributeValue[]): Statement {
  const reader = new Reader(source);
  const parameters = new Parameters(given);
  const statement = readStatement(reader, parameters);
  reader.end();
  parameters.checkUsed();
  return statement;
}

function readStatement(reader: Reader, parameters: Parameters): Statement {
  if (reader.skip('SELECT')) return readSelect(reader, parameters);
  if (reader.skip('INSERT', 'INTO')) return readInsert(reader, parameters);
  if (reader.skip('UPDATE')) return readUpdate(reader, parameters);
  if (reader.skip('DELETE', 'FROM')) return readDelete(reader, parameters);
  if (!reader.skip('EXISTS', '(')) throw reader.unexpected();
  reader.expect('SELECT');
  const select = readSelect(reader, parameters);
  reader.expect(')');
  return { kind: 'exists', select };
}

function readTable(reader: Reader): string {
  const { kind, text } = reader.take();
  if (kind !== 'word' && kind !== 'quoted') throw reader.unexpected();
  return text;
}

// ---- SELECT ----

function readSelect(reader: Reader, parameters: Parameters): Select {
  const projection = reader.skip('*') ? undefined : readProjection(reader);
  reader.expect('FROM');
  const table = readTable(reader);
  const index = reader.skip('.') ? readTable(reader) : undefined;
  const where = reader.skip('WHERE') ? readWhere(reader, parameters) : undefined;
  const order = reader.skip('ORDER', 'BY') ? readOrder(reader) : [];
  return {
    kind: 'select',
    table,
    ...(index !== undefined && { index }),
    ...(projection && { projection }),
    ...(where && { where }),
    order,
  };
}

function readProjection(reader: Reader): Path[] {
  const paths: Path[] = [];
  do {
    if (reader.next.kind === 'word' && reader.sees('(', 1))
      throw notModelled('dynamodb', 'ExecuteStatement', 'Statement with a function in SELECT');
    const path = readPath(reader);
    if (typeof path.at(-1) === 'number')
      throw notModelled('dynamodb', 'ExecuteStatement', 'Statement with an element of a list in SELECT');
    paths.push(path);
  } while (reader.skip(','));
  return paths;
}

function readOrder(reader: Reader): Order[] {
  const order: Order[] = [];
  do {
    const name = String(readPath(reader)[0]);
    const descending = reader.skip('DESC');
    if (!descending) reader.skip('ASC');
    order.push({ name, descending });
  } while (reader.skip(','));
  return order;
}

// ---- INSERT, DELETE ----

function readInsert(reader: Reader, parameters: Parameters): Insert {
  const table = readTable(reader);
  reader.expect('VALUE');
  if (!reader.sees('?')) return { kind: 'insert', table, item: readItem(reader, parameters) };
  const value = readValue(reader, parameters);
  if (!('M' in value)) throw reader.unexpected();
  return { kind: 'insert', table, item: value.M };
}

function readDelete(reader: Reader, parameters: Parameters): Delete {
  const table = readTable(reader);
  reader.expect('WHERE');
  const where = readWhere(reader, parameters);
  const returning = readReturning(reader);
  if (returning !== undefined && returning !== 'ALL_OLD') throw invalid('DELETE can only return ALL OLD *');
  return { kind: 'delete', table, where, ...(returning && { returning }) };
}

/** `RETURNING ALL OLD *`, and so on. */
function readReturning(reader: Reader): Returning | undefined {
  if (!reader.skip('RETURNING')) return undefined;
  const all = reader.skip('ALL');
  if (!all) reader.expect('MODIFIED');
  const old = reader.skip('OLD');
  if (!old) reader.expect('NEW');
  reader.expect('*');
  return `${all ? 'ALL' : 'UPDATED'}_${old ? 'OLD' : 'NEW'}`;
}

// ---- UPDATE ----

type Changes = { -readonly [Section in keyof Update]: Update[Section][number][] };

function readUpdate(reader: Reader, parameters: Parameters): UpdateStatement {
  const table = readTable(reader);
  const update: Changes = { set: [], remove: [], add: [], delete: [] };
  do {
    if (reader.skip('SET')) {
      do readSet(reader, parameters, update);
      while (reader.skip(','));
    } else {
      reader.expect('REMOVE');
      do update.remove.push({ path: readPath(reader) });
      while (reader.skip(','));
    }
  } while (!reader.sees('WHERE'));
  const findings = new Findings();
  checkApart(pathsOf(update), findings);
  findings.check(reader);
  reader.expect('WHERE');
  const where = readWhere(reader, parameters);
  const returning = readReturning(reader);
  return { kind: 'update', table, update, where, ...(returning && { returning }) };
}

/** Sets are added to and taken from under their own path only. */
function readSet(reader: Reader, parameters: Parameters, update: Changes): void {
  const path = readPath(reader);
  reader.expect('=');
  const section = reader.sees('SET_ADD') ? 'add' : reader.sees('SET_DELETE') ? 'delete' : undefined;
  if (section === undefined || !reader.sees('(', 1)) {
    update.set.push({ path, term: readTerm(reader, parameters) });
    return;
  }
  reader.take();
  reader.expect('(');
  const from = readPath(reader);
  reader.expect(',');
  const value = readValue(reader, parameters);
  reader.expect(')');
  if (JSON.stringify(from) !== JSON.stringify(path))
    throw notModelled('dynamodb', 'ExecuteStatement', 'Statement with a set of another attribute');
  update[section].push({ path, value });
}

function readTerm(reader: Reader, parameters: Parameters): Term {
  let term = readFactor(reader, parameters);
  for (;;) {
    const kind = reader.skip('+') ? '+' : reader.skip('-') ? '-' : undefined;
    if (!kind) return term;
    term = { kind, left: term, right: readFactor(reader, parameters) };
  }
}

function readFactor(reader: Reader, parameters: Parameters): Term {
  if (seesValue(reader)) return { kind: 'value', value: readValue(reader, parameters) };
  if (reader.next.kind !== 'word' || !reader.sees('(', 1)) return { kind: 'path', path: readPath(reader) };
  const name = reader.take().text.toLowerCase();
  if (name !== 'list_append')
    throw notModelled('dynamodb', 'ExecuteStatement', `Statement with the function ${name}`);
  reader.expect('(');
  return reader.within(() => {
    const left = readTerm(reader, parameters);
    reader.expect(',');
    const right = readTerm(reader, parameters);
    reader.expect(')');
    return { kind: name, left, right };
  });
}

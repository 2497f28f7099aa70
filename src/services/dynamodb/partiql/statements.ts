// PartiQL: one statement, a batch of them, or a transaction.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { notModelled } from '#cloud/refuse.ts';
import type { Operations } from '#cloud/service.ts';
import { holds } from '../expressions/comparison.ts';
import { invalid } from '../faults.ts';
import { tell } from '../items/batches.ts';
import { consume, Consumed, readUnits } from '../items/capacity.ts';
import { pathsIn } from '../items/expressions.ts';
import { carriedOut } from '../items/items.ts';
import { readTogether, writeTogether } from '../items/transactions.ts';
import type { Wanted } from '../items/transactions.ts';
import { aim, checkCondition, outcome, write } from '../items/writing.ts';
import { checkKey, checkKeyPaths } from '../keys.ts';
import type { TableRow } from '../rows.ts';
import { findItem } from '../store.ts';
import { tableByArn, tableArn, usableTable } from '../tables/table.ts';
import { toWire } from '../values/value.ts';
import { keyIn } from './plan.ts';
import { selected, shown } from './reads.ts';
import { parseStatement } from './statement.ts';
import type { Select, Statement } from './statement.ts';
import { changeBy, NO_KEY } from './writes.ts';
import type { Write } from './writes.ts';

type BatchInput = Input<'dynamodb', 'BatchExecuteStatement'>;
type Response = NonNullable<Output<'dynamodb', 'BatchExecuteStatement'>['Responses']>[number];
type ErrorCode = NonNullable<NonNullable<Response['Error']>['Code']>;

const IN_BATCH =
  'Select statements within BatchExecuteStatement must specify the primary key in the where clause.';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ConditionalCheckFailedException: 'ConditionalCheckFailed',
  DuplicateItemException: 'DuplicateItem',
  ProvisionedThroughputExceededException: 'ProvisionedThroughputExceeded',
  ResourceNotFoundException: 'ResourceNotFound',
  ValidationException: 'ValidationError',
};

export const statementOperations: Operations<'dynamodb'> = {
  ExecuteStatement(ctx, input) {
    const statement = parseStatement(input.Statement, input.Parameters);
    if (statement.kind === 'select') return selected(ctx, statement, input);
    if (statement.kind === 'exists') throw invalid('EXISTS can only be used in transactions');
    const { ReturnConsumedCapacity } = input;
    const ReturnValues = statement.kind === 'insert' ? undefined : statement.returning;
    const change = changeBy(ctx, statement, input.ReturnValuesOnConditionCheckFailure);
    const { Attributes, ConsumedCapacity } = carriedOut(ctx, change, {
      ReturnValues,
      ReturnConsumedCapacity,
    });
    return { Items: Attributes ? [Attributes] : [], ...(ConsumedCapacity && { ConsumedCapacity }) };
  },

  BatchExecuteStatement(ctx, { Statements, ReturnConsumedCapacity }) {
    const parsed = Statements.map(({ Statement, Parameters }) =>
      attempted(() => parseStatement(Statement, Parameters)),
    );
    checkUnmixed(parsed.flatMap((one) => (one instanceof Fault ? [] : [one])));
    const totals = new Map<string, { table: TableRow; consumed: Consumed }>();
    const Responses = Statements.map((request, at) => {
      const statement = parsed[at] as Statement | Fault;
      if (statement instanceof Fault) return { Error: errorOf(statement) };
      const done = attempted(() => ctx.savepoint(() => carriedOutInBatch(ctx, statement, request)));
      if (done instanceof Fault) return { Error: errorOf(done), ...tableNameOf(ctx, statement) };
      const { table, consumed, response } = done;
      const total = totals.get(table.arn) ?? { table, consumed: new Consumed(consumed.kind) };
      total.consumed.addAll(consumed);
      totals.set(table.arn, total);
      return { TableName: table.name, ...response };
    });
    const spent = new Map([...totals.values()].map(({ table, consumed }) => [table, consumed]));
    return { Responses, ...tell(spent, ReturnConsumedCapacity) };
  },

  ExecuteTransaction(ctx, input) {
    const { TransactStatements, ClientRequestToken, ReturnConsumedCapacity } = input;
    const statements = TransactStatements.map(({ Statement, Parameters }) =>
      parseStatement(Statement, Parameters),
    );
    checkUnmixed(statements);
    if (statements.every((one) => one.kind === 'select')) {
      const wanted = statements.map((select) => wantedBy(ctx, select));
      const { found, ...capacity } = readTogether(ctx, wanted, { ReturnConsumedCapacity });
      return { Responses: found.map((item) => (item ? { Item: toWire(item) } : {})), ...capacity };
    }
    const changes = statements.map((one, at) => {
      checkShowsNothing(one, 'ExecuteTransaction');
      return changeBy(ctx, one as Write, TransactStatements[at]?.ReturnValuesOnConditionCheckFailure);
    });
    const asked = { ClientRequestToken, ReturnConsumedCapacity };
    const { ConsumedCapacity } = writeTogether(ctx, changes, asked, TransactStatements);
    return { Responses: [], ...(ConsumedCapacity && { ConsumedCapacity }) };
  },
};

/** "You cannot mix both in one batch", nor in one transaction. */
function checkUnmixed(statements: readonly Statement[]): void {
  const reads = statements.filter(({ kind }) => kind === 'select').length;
  if (reads > 0 && reads < statements.length)
    throw invalid('Read and write statements cannot be mixed in one request');
}

function checkShowsNothing(statement: Statement, operation: string): void {
  if ('returning' in statement && statement.returning !== undefined)
    throw notModelled('dynamodb', operation, 'Statement with RETURNING');
}

// ---- Batches ----

function carriedOutInBatch(
  ctx: Ctx,
  statement: Statement,
  { ConsistentRead = false, ReturnValuesOnConditionCheckFailure: shows }: BatchInput['Statements'][number],
): { table: TableRow; consumed: Consumed; response: Response } {
  if (statement.kind === 'select') return readInBatch(ctx, statement, ConsistentRead);
  if (statement.kind === 'exists') throw invalid('EXISTS can only be used in transactions');
  checkShowsNothing(statement, 'BatchExecuteStatement');
  const aimed = aim(ctx, changeBy(ctx, statement, shows));
  checkCondition(aimed);
  const { consumed } = write(aimed, outcome(aimed));
  return { table: aimed.table, consumed, response: {} };
}

function readInBatch(
  ctx: Ctx,
  select: Select,
  consistent: boolean,
): { table: TableRow; consumed: Consumed; response: Response } {
  const { home, table } = usableTable(ctx, select.table);
  if (!select.where || select.index !== undefined) throw invalid(IN_BATCH);
  const { key, rest } = keyIn(select.where, table.keys, IN_BATCH);
  checkKey(table, key);
  checkKeyPaths(table, [...(select.projection ?? []), ...(rest ? pathsIn(rest) : [])]);
  const row = findItem(home, table, key);
  const consumed = new Consumed('read');
  consumed.add(readUnits(row?.bytes ?? 0, consistent));
  consume(home, table, consumed);
  const item = row && (!rest || holds(rest, row.item)) ? shown(row.item, select.projection) : undefined;
  return { table, consumed, response: item ? { Item: toWire(item) } : {} };
}

/** What a statement came to, or what was wrong with it. What is not modelled is refused as a whole. */
function attempted<T>(attempt: () => T): T | Fault {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof Fault && Object.hasOwn(CODES, error.shape)) return error;
    throw error;
  }
}

function errorOf({ shape, message, fields }: Fault): NonNullable<Response['Error']> {
  const Item = fields?.['Item'] as NonNullable<Response['Error']>['Item'];
  return { Code: CODES[shape], Message: message, ...(Item && { Item }) };
}

/** Where the table is there to be named. */
function tableNameOf(ctx: Ctx, statement: Statement): { TableName?: string } {
  const name = statement.kind === 'exists' ? statement.select.table : statement.table;
  const located = tableByArn(ctx, tableArn(ctx, name));
  return located ? { TableName: located.name } : {};
}

// ---- Transactions ----

function wantedBy(ctx: Ctx, select: Select): Wanted {
  const { table } = usableTable(ctx, select.table);
  if (!select.where || select.index !== undefined) throw invalid(NO_KEY);
  const { key, rest } = keyIn(select.where, table.keys, NO_KEY);
  if (rest) throw notModelled('dynamodb', 'ExecuteTransaction', 'Statement with SELECT by more than the key');
  return {
    tableName: select.table,
    key,
    paths: select.projection ?? [],
    shows: (item) => shown(item, select.projection),
  };
}

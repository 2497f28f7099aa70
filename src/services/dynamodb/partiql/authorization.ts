// What IAM asks of statements: an action for each kind, on the table or the index.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html

import { Fault } from '#contract/fault.ts';
import type { AttributeValue } from '#generated/contracts/dynamodb.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { FurtherAction, ServiceDefinition } from '#cloud/service.ts';
import type { Condition } from '../expressions/syntax.ts';
import { pathsOf } from '../expressions/update.ts';
import { pathsIn } from '../items/expressions.ts';
import { tableArn, tableByArn } from '../tables/table.ts';
import { attribute, contentOf } from '../values/value.ts';
import type { Value } from '../values/value.ts';
import { soughtBy } from './plan.ts';
import { parseStatement } from './statement.ts';
import type { Statement } from './statement.ts';

type Rules = NonNullable<ServiceDefinition<'dynamodb'>['authorization']>;

interface Given {
  readonly Statement: string;
  readonly Parameters?: readonly AttributeValue[] | undefined;
}

const ACTIONS = {
  select: 'PartiQLSelect',
  exists: 'PartiQLSelect',
  insert: 'PartiQLInsert',
  update: 'PartiQLUpdate',
  delete: 'PartiQLDelete',
} as const;

/** A statement that cannot be read is refused later, in other words. */
function needed(ctx: Ctx, { Statement, Parameters }: Given): FurtherAction[] {
  try {
    const statement = parseStatement(Statement, Parameters);
    return [
      {
        action: `dynamodb:${ACTIONS[statement.kind]}`,
        resource: resourceOf(ctx, statement),
        conditions: conditionsOf(ctx, statement),
      },
    ];
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
}

function resourceOf(ctx: Ctx, statement: Statement): string {
  const { table, index } = placeOf(statement);
  return index === undefined ? tableArn(ctx, table) : `${tableArn(ctx, table)}/index/${index}`;
}

function placeOf(statement: Statement): { table: string; index?: string | undefined } {
  if (statement.kind === 'exists') return statement.select;
  return statement.kind === 'select' ? statement : { table: statement.table };
}

function whereOf(statement: Statement): Condition | undefined {
  if (statement.kind === 'exists') return statement.select.where;
  return statement.kind === 'insert' ? undefined : statement.where;
}

function conditionsOf(ctx: Ctx, statement: Statement): Record<string, string | string[]> {
  const { table: name, index: indexName } = placeOf(statement);
  const table = tableByArn(ctx, tableArn(ctx, name))?.table;
  const keys = (table?.indexes.find((index) => index.name === indexName) ?? table)?.keys;
  const hashes = keys ? leadingKeys(statement, keys) : [];
  const names = attributeNames(statement);
  const isScan = statement.kind === 'select' && keys !== undefined && hashes.length === 0;
  return {
    ...(hashes.length > 0 && { 'dynamodb:LeadingKeys': hashes }),
    ...(names.length > 0 && { 'dynamodb:Attributes': names }),
    ...(statement.kind === 'select' && { 'dynamodb:FullTableScan': String(isScan) }),
  };
}

function leadingKeys(statement: Statement, keys: Parameters<typeof soughtBy>[1]): string[] {
  const values: (Value | undefined)[] =
    statement.kind === 'insert'
      ? [attribute(statement.item, keys.hash.name)]
      : (soughtBy(whereOf(statement), keys).conditions ?? []).map(({ hash }) => hash);
  return values.flatMap((value) => (value ? [String(contentOf(value))] : []));
}

function attributeNames(statement: Statement): string[] {
  const where = whereOf(statement);
  const projection = statement.kind === 'select' ? (statement.projection ?? []) : [];
  const changed = statement.kind === 'update' ? pathsOf(statement.update) : [];
  const given = statement.kind === 'insert' ? Object.keys(statement.item) : [];
  const paths = [...projection, ...changed, ...(where ? pathsIn(where) : [])];
  return [...new Set([...given, ...paths.map(([name]) => String(name))])];
}

export const statementAuthorization: Rules = {
  ExecuteStatement: { actions: [], further: needed },
  BatchExecuteStatement: {
    actions: [],
    further: (ctx, { Statements }) => Statements.flatMap((one) => needed(ctx, one)),
  },
  ExecuteTransaction: {
    actions: [],
    further: (ctx, { TransactStatements }) => TransactStatements.flatMap((one) => needed(ctx, one)),
  },
};

// Tables: creation, deletion, descriptions and lists. Changes are in ./changes.ts.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { notModelled } from '#cloud/refuse.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags } from '#cloud/tags.ts';
import { inUse, invalid } from '../faults.ts';
import { tables } from '../rows.ts';
import type { Index, TableRow } from '../rows.ts';
import { checkTags } from '../tags.ts';
import { tableCreation, tableDeletion } from '../timings.ts';
import { definitionOf } from './definition.ts';
import { described } from './description.ts';
import type { TableDescription } from './description.ts';
import { keyArnOf } from './encryption.ts';
import { begin } from './lifecycle.ts';
import { checkPolicy, nextRevision } from './policies.ts';
import { placeIn, tableOf } from './table.ts';

const MOST_LISTED = 100;

export const tableOperations: Operations<'dynamodb'> = {
  CreateTable(ctx, input) {
    const { home, name } = placeIn(ctx, input.TableName);
    const { BillingMode, TableClass, Tags = [], SSESpecification, ResourcePolicy } = input;
    const { StreamEnabled = false, StreamViewType } = input.StreamSpecification ?? {};
    if (StreamEnabled || StreamViewType !== undefined)
      throw notModelled('dynamodb', 'CreateTable', 'StreamSpecification');
    const definition = definitionOf(input);
    if (home.get(tables, name)) throw new Fault('ResourceInUseException', `Table already exists: ${name}`);
    checkTags(ctx, {}, Tags);
    const keyArn = keyArnOf(ctx, SSESpecification);
    const arn = home.arn('dynamodb', `table/${name}`);
    const table: TableRow = {
      name,
      arn,
      id: home.uuid('table'),
      createdAt: home.now,
      status: 'CREATING',
      settlesAt: home.now + home.duration(tableCreation, arn),
      ...definition,
      indexes: definition.indexes.map((index) =>
        index.kind === 'global' ? { ...index, status: 'CREATING' } : index,
      ),
      tellsBilling: BillingMode === 'PAY_PER_REQUEST',
      ...(BillingMode === 'PAY_PER_REQUEST' && { onDemandAt: home.now }),
      ...(TableClass && { tableClass: { name: TableClass } }),
      deletionProtected: input.DeletionProtectionEnabled ?? false,
      ...(keyArn !== undefined && { encryption: { keyArn, status: 'ENABLED' } }),
      ...(ResourcePolicy !== undefined && {
        policy: { text: checkPolicy(ResourcePolicy), revision: nextRevision(home) },
      }),
      tags: mergeTags({}, Tags),
    };
    return { TableDescription: described(home, begin(home, table)) };
  },

  DescribeTable(ctx, { TableName }) {
    const { home, table } = tableOf(ctx, TableName);
    return { Table: described(home, table) };
  },

  DeleteTable(ctx, { TableName }) {
    const { home, table } = tableOf(ctx, TableName);
    if (table.status === 'CREATING') throw inUse(table.name, 'created');
    if (table.status === 'UPDATING') throw inUse(table.name, 'updated');
    // Asking again changes nothing.
    if (table.status === 'DELETING') return { TableDescription: deletionOf(home, table) };
    if (table.deletionProtected)
      throw invalid(
        'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
      );
    const { indexes, ...rest } = table;
    const deleting: TableRow = {
      ...rest,
      indexes: indexes.map(atRest),
      status: 'DELETING',
      settlesAt: home.now + home.duration(tableDeletion, table.arn),
    };
    return { TableDescription: deletionOf(home, begin(home, deleting)) };
  },

  ListTables(ctx, { ExclusiveStartTableName, Limit = MOST_LISTED }) {
    const start = ExclusiveStartTableName === undefined ? {} : { after: ExclusiveStartTableName };
    const found = ctx.scan(tables, { ...start, limit: Limit + 1 }).map(({ name }) => name);
    const names = found.slice(0, Limit);
    return {
      TableNames: names,
      ...(found.length > Limit && { LastEvaluatedTableName: names.at(-1) }),
    };
  },

  /** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html: the quotas of us-east-1. */
  DescribeLimits: () => ({
    AccountMaxReadCapacityUnits: 80_000,
    AccountMaxWriteCapacityUnits: 80_000,
    TableMaxReadCapacityUnits: 40_000,
    TableMaxWriteCapacityUnits: 40_000,
  }),

  DescribeEndpoints: ({ region }) => ({
    Endpoints: [{ Address: `dynamodb.${region}.amazonaws.com`, CachePeriodInMinutes: 1440 }],
  }),
};

/** As it is, until its table goes. */
function atRest(index: Index): Index {
  const { settlesAt: _, ...rest } = index;
  return rest;
}

/** What is deleted is described without its attributes, its keys and its creation. */
function deletionOf(home: Ctx, table: TableRow): TableDescription {
  const { AttributeDefinitions: _, KeySchema: __, CreationDateTime: ___, ...rest } = described(home, table);
  return rest;
}

// What IAM asks of whoever uses DynamoDB: the tables and indexes of a request, the partition keys and attributes that it touches.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Authorization, FurtherAction, ServiceDefinition } from '#cloud/service.ts';
import { pathsOf } from './expressions/update.ts';
import { expressionsOf, pathsIn } from './items/expressions.ts';
import type { Expressions, Given } from './items/expressions.ts';
import { statementAuthorization } from './partiql/authorization.ts';
import { tableArn, tableByArn } from './tables/table.ts';
import { contentOf, valueFromWire } from './values/value.ts';
import type { WireItem } from './values/value.ts';

type Rules = NonNullable<ServiceDefinition<'dynamodb'>['authorization']>;
type Conditions = Record<string, string | string[]>;

interface Request extends Given {
  readonly TableName: string;
  readonly IndexName?: string | undefined;
  readonly Key?: WireItem | undefined;
  readonly Item?: WireItem | undefined;
  readonly Select?: string | undefined;
  readonly ReturnValues?: string | undefined;
  readonly ReturnConsumedCapacity?: string | undefined;
}

/** What restoring needs on the new table. */
const RESTORING = ['BatchWriteItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'Scan', 'UpdateItem'].map(
  (name) => `dynamodb:${name}`,
);

const ALL_EXPRESSIONS = [
  'UpdateExpression',
  'ConditionExpression',
  'KeyConditionExpression',
  'FilterExpression',
  'ProjectionExpression',
] as const;

/** Requests that make no sense are refused later, in other words. */
function attempted<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** The root user of the table's account can be stopped by the table's own policy only. */
function isMoot(ctx: Ctx, name: string): boolean {
  return ctx.principal.type === 'root' && !tableByArn(ctx, tableArn(ctx, name))?.table.policy;
}

function conditionsOf(ctx: Ctx, request: Request): Conditions {
  if (isMoot(ctx, request.TableName)) return {};
  const expressions = attempted(() => expressionsOf(request, ALL_EXPRESSIONS)) ?? {};
  const leading = leadingKey(ctx, request, expressions);
  const { Select, ReturnValues, ReturnConsumedCapacity } = request;
  const names = attributeNames(request, expressions);
  return {
    ...(leading !== undefined && { 'dynamodb:LeadingKeys': [leading] }),
    ...(names.length > 0 && { 'dynamodb:Attributes': names }),
    ...(Select !== undefined && { 'dynamodb:Select': Select }),
    ...(ReturnValues !== undefined && { 'dynamodb:ReturnValues': ReturnValues }),
    ...(ReturnConsumedCapacity !== undefined && {
      'dynamodb:ReturnConsumedCapacity': ReturnConsumedCapacity,
    }),
  };
}

/** The value of the partition key, of the index if one is asked. */
function leadingKey(ctx: Ctx, request: Request, { ranges }: Expressions): string | undefined {
  const table = tableByArn(ctx, tableArn(ctx, request.TableName))?.table;
  const index = table?.indexes.find(({ name }) => name === request.IndexName);
  const name = (index ?? table)?.keys.hash.name ?? '';
  const given = { ...request.Item, ...request.Key };
  const wire = Object.hasOwn(given, name) ? given[name] : undefined;
  const value = wire ? attempted(() => valueFromWire(wire)) : ranges?.get(name)?.value;
  return value && String(contentOf(value));
}

function attributeNames({ Item, Key }: Request, expressions: Expressions): string[] {
  const { update, condition, filter, ranges, projection = [] } = expressions;
  const paths = [
    ...(update ? pathsOf(update) : []),
    ...(condition ? pathsIn(condition) : []),
    ...(filter ? pathsIn(filter) : []),
    ...projection,
  ].map(([name]) => String(name));
  const given = [...Object.keys(Item ?? {}), ...Object.keys(Key ?? {}), ...(ranges?.keys() ?? [])];
  return [...new Set([...given, ...paths])];
}

/** Index reads are allowed on the index, table reads on the table. */
function resource(ctx: Ctx, { TableName, IndexName }: Request): string {
  const arn = tableArn(ctx, TableName);
  return IndexName === undefined ? arn : `${arn}/index/${IndexName}`;
}

const ofItem = { resources: resource, conditions: conditionsOf };
const ofTable = {
  resources: (ctx: Ctx, { TableName }: { TableName: string }): string => tableArn(ctx, TableName),
};
const ofBackup = {
  resources: (_: Ctx, { BackupArn }: { BackupArn: string }): string => BackupArn,
};
const ofResource = {
  resources: (_: Ctx, { ResourceArn }: { ResourceArn: string }): string => ResourceArn,
};

function further(ctx: Ctx, action: string, request: Request, enclosing?: string): FurtherAction {
  const conditions = {
    ...conditionsOf(ctx, request),
    ...(enclosing !== undefined && { 'dynamodb:EnclosingOperation': enclosing }),
  };
  return { action: `dynamodb:${action}`, resource: resource(ctx, request), conditions };
}

/** A batch needs its own action on each of its tables, with all partition keys that it touches there. */
function furtherBatch(
  ctx: Ctx,
  action: string,
  TableName: string,
  requests: readonly Omit<Request, 'TableName'>[],
): FurtherAction {
  const each = requests.map((request) => conditionsOf(ctx, { ...request, TableName }));
  const together = (key: string): string[] => [...new Set(each.flatMap((one) => one[key] ?? []))];
  const [keys, names] = [together('dynamodb:LeadingKeys'), together('dynamodb:Attributes')];
  const conditions = {
    ...each[0],
    ...(keys.length > 0 && { 'dynamodb:LeadingKeys': keys }),
    ...(names.length > 0 && { 'dynamodb:Attributes': names }),
  };
  return { action: `dynamodb:${action}`, resource: tableArn(ctx, TableName), conditions };
}

function creationTags(ctx: Ctx, { TableName, Tags = [] }: Input<'dynamodb', 'CreateTable'>): FurtherAction[] {
  return Tags.length === 0 ? [] : [{ action: 'dynamodb:TagResource', resource: tableArn(ctx, TableName) }];
}

const transactWrites: Authorization<'dynamodb', 'TransactWriteItems'> = {
  actions: [],
  further: (ctx, { TransactItems, ReturnConsumedCapacity }) =>
    TransactItems.flatMap(({ Put, Update, Delete, ConditionCheck }) => {
      const one = (action: string, request: Request | undefined): FurtherAction[] =>
        request ? [further(ctx, action, { ...request, ReturnConsumedCapacity }, 'TransactWriteItems')] : [];
      return [
        ...one('PutItem', Put),
        ...one('UpdateItem', Update),
        ...one('DeleteItem', Delete),
        ...one('ConditionCheckItem', ConditionCheck),
      ];
    }),
};

export const authorization: Rules = {
  CreateTable: {
    ...ofTable,
    conditions: (_, { Tags = [] }) => ({
      'aws:TagKeys': Tags.map(({ Key }) => Key),
      ...Object.fromEntries(Tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
    }),
    further: (ctx, input) => [
      ...creationTags(ctx, input),
      ...(input.ResourcePolicy === undefined
        ? []
        : [{ action: 'dynamodb:PutResourcePolicy', resource: tableArn(ctx, input.TableName) }]),
    ],
  },
  DescribeTable: ofTable,
  DeleteTable: ofTable,
  UpdateTable: ofTable,
  DescribeTimeToLive: ofTable,
  UpdateTimeToLive: ofTable,
  CreateBackup: ofTable,
  DescribeBackup: ofBackup,
  DeleteBackup: ofBackup,
  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_IAM.html
  RestoreTableFromBackup: {
    resources: (ctx, { BackupArn, TargetTableName }) => [BackupArn, tableArn(ctx, TargetTableName)],
    further: (ctx, { TargetTableName }) =>
      RESTORING.map((action) => ({ action, resource: tableArn(ctx, TargetTableName) })),
  },
  DescribeContinuousBackups: ofTable,
  UpdateContinuousBackups: ofTable,
  TagResource: {
    ...ofResource,
    conditions: (_, { Tags }) => ({
      'aws:TagKeys': Tags.map(({ Key }) => Key),
      ...Object.fromEntries(Tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
    }),
  },
  UntagResource: { ...ofResource, conditions: (_, { TagKeys }) => ({ 'aws:TagKeys': TagKeys }) },
  ListTagsOfResource: ofResource,
  PutResourcePolicy: ofResource,
  GetResourcePolicy: ofResource,
  DeleteResourcePolicy: ofResource,
  PutItem: ofItem,
  GetItem: ofItem,
  UpdateItem: ofItem,
  DeleteItem: ofItem,
  Query: ofItem,
  Scan: ofItem,
  BatchGetItem: {
    actions: [],
    further: (ctx, { RequestItems, ReturnConsumedCapacity }) =>
      Object.entries(RequestItems).map(([name, { Keys, ...rest }]) =>
        furtherBatch(
          ctx,
          'BatchGetItem',
          name,
          Keys.map((Key) => ({ ...rest, Key, ReturnConsumedCapacity })),
        ),
      ),
  },
  BatchWriteItem: {
    actions: [],
    further: (ctx, { RequestItems, ReturnConsumedCapacity }) =>
      Object.entries(RequestItems).map(([name, requests]) =>
        furtherBatch(
          ctx,
          'BatchWriteItem',
          name,
          requests.map(({ PutRequest, DeleteRequest }) => ({
            Item: PutRequest?.Item,
            Key: DeleteRequest?.Key,
            ReturnConsumedCapacity,
          })),
        ),
      ),
  },
  ...statementAuthorization,
  TransactWriteItems: transactWrites,
  TransactGetItems: {
    actions: [],
    further: (ctx, { TransactItems, ReturnConsumedCapacity }) =>
      TransactItems.map(({ Get }) =>
        further(ctx, 'GetItem', { ...Get, ReturnConsumedCapacity }, 'TransactGetItems'),
      ),
  },
};

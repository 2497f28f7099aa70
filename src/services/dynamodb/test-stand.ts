// A table to test with.

import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type {
  AttributeValue,
  CreateTableCommandInput,
  QueryCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

type Item = Record<string, AttributeValue>;

export const MINUTE = 60_000;
export const TableName = 'music';
export const TableArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/music';

/** Partition key `artist`, sort key `song`, on demand. */
export const music: CreateTableCommandInput = {
  TableName,
  AttributeDefinitions: [
    { AttributeName: 'artist', AttributeType: 'S' },
    { AttributeName: 'song', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'artist', KeyType: 'HASH' },
    { AttributeName: 'song', KeyType: 'RANGE' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
};

/** The same with an index by year. */
export function indexed(ProjectionType: 'ALL' | 'KEYS_ONLY'): CreateTableCommandInput {
  return {
    ...music,
    AttributeDefinitions: [
      ...(music.AttributeDefinitions ?? []),
      { AttributeName: 'year', AttributeType: 'N' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-year',
        KeySchema: [{ AttributeName: 'year', KeyType: 'HASH' }],
        Projection: { ProjectionType },
      },
    ],
  };
}
export const SOME: Item = { artist: { S: 'a' }, song: { S: 's' } };

export class Stand {
  readonly table: TestTable;
  readonly dynamodb: DynamoDBClient;

  constructor(table: TestTable = newTable()) {
    this.table = table;
    this.dynamodb = table.client(DynamoDBClient);
  }

  /** With the table, and active. */
  async with(table: CreateTableCommandInput = music): Promise<this> {
    await this.dynamodb.send(new CreateTableCommand(table));
    this.table.advance(MINUTE);
    return this;
  }

  async put(...items: readonly Item[]): Promise<void> {
    for (const Item of items) await this.dynamodb.send(new PutItemCommand({ TableName, Item }));
  }

  async get(Key: Item = SOME): Promise<Item | undefined> {
    return (await this.dynamodb.send(new GetItemCommand({ TableName, Key }))).Item;
  }

  /** Updates `SOME` unless told otherwise, and returns what it is then. */
  async update(
    UpdateExpression: string,
    values: Item = {},
    more: Partial<UpdateItemCommandInput> = {},
  ): Promise<Item | undefined> {
    const ExpressionAttributeValues = Object.keys(values).length > 0 ? values : undefined;
    const input = { TableName, Key: SOME, UpdateExpression, ExpressionAttributeValues, ...more };
    const { Attributes } = await this.dynamodb.send(
      new UpdateItemCommand({ ReturnValues: 'ALL_NEW', ...input }),
    );
    return Attributes;
  }

  /** Values of one attribute of what a query finds. */
  async find(attribute: string, input: Omit<QueryCommandInput, 'TableName'>): Promise<unknown[]> {
    const { Items = [] } = await this.dynamodb.send(new QueryCommand({ TableName, ...input }));
    return Items.map((item) => Object.values(item[attribute] ?? {})[0]);
  }
}

/** What the service says is wrong: `name: message`. */
export async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
  return 'nothing is wrong';
}

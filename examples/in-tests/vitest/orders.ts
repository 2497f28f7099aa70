// A small application: orders are kept in DynamoDB, and shipped by whoever takes them from a queue.

import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';

export interface Surroundings {
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly cloudwatch: CloudWatchClient;
  readonly table: string;
  readonly queueUrl: string;
}

/** Takes an order down, once. */
export async function place({ dynamodb, sqs, table, queueUrl }: Surroundings, id: string): Promise<void> {
  await dynamodb.send(
    new PutItemCommand({
      TableName: table,
      Item: { id: { S: id }, state: { S: 'placed' } },
      ConditionExpression: 'attribute_not_exists(id)',
    }),
  );
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: id }));
}

/** Ships the next order, if there is one. One that cannot be shipped is left to be tried again. */
export async function shipNext(
  { dynamodb, sqs, cloudwatch, table, queueUrl }: Surroundings,
  ship: (id: string) => Promise<void>,
): Promise<string | undefined> {
  const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
  if (!message?.Body) return undefined;
  try {
    await ship(message.Body);
  } catch {
    const failed = { MetricName: 'failed', Value: 1 };
    await cloudwatch.send(new PutMetricDataCommand({ Namespace: 'orders', MetricData: [failed] }));
    return undefined;
  }
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: table,
      Key: { id: { S: message.Body } },
      UpdateExpression: 'SET #state = :shipped',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':shipped': { S: 'shipped' } },
    }),
  );
  await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }));
  return message.Body;
}

export async function stateOf({ dynamodb, table }: Surroundings, id: string): Promise<string | undefined> {
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: table, Key: { id: { S: id } } }));
  return Item?.['state']?.S;
}

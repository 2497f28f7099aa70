// What SQS answers beyond its reference: recorded from AWS by LocalStack's validated snapshots (`tests/aws/services/sqs`) or by
// moto's verified tests (`tests/test_sqs`).

import {
  AddPermissionCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

async function withQueue(QueueName = 'jobs', Attributes: Record<string, string> = {}) {
  const table = newTable();
  const sqs = table.client(SQSClient);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  return { table, sqs, QueueUrl };
}

/** A query by GET, as root. */
function ask({ gateway }: TestTable, path: string, query: string) {
  const authorization =
    'AWS4-HMAC-SHA256 Credential=test/20260105/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0';
  const headers = { authorization, 'x-amz-date': '20260105T000000Z' };
  const request = { method: 'GET', host: 'localhost', path, query, headers };
  const response = gateway.handle({ ...request, body: new Uint8Array() });
  if (!('status' in response)) throw new Error('It waits.');
  return { status: response.status, text: String(response.body) };
}

// Recorded: TestSqsQueryApi, test_non_existent_queue, test_send_message_batch_with_empty_list.
describe('a query', () => {
  const queue = '/000000000000/jobs';

  it('at the URL of a queue is about that queue alone', async () => {
    const { table } = await withQueue();
    expect(ask(table, queue, 'Action=ReceiveMessage').text).toContain('<ReceiveMessageResult/>');
    for (const action of ['CreateQueue&QueueName=more', 'ListQueues', 'FooBar']) {
      const { status, text } = ask(table, queue, `Action=${action}`);
      expect([status, text]).toEqual([400, expect.stringContaining('<Code>InvalidAction</Code>')]);
      expect(text).toContain(`The action ${action.split('&')[0]} is not valid for this endpoint.`);
    }
    expect(ask(table, queue, '')).toMatchObject({
      status: 404,
      text: expect.stringContaining('<UnknownOperationException') as unknown,
    });
  });

  it('is told in older words that a queue does not exist', async () => {
    const { table } = await withQueue();
    const { text } = ask(table, '/000000000000/other', 'Action=GetQueueAttributes&AttributeName.1=All');
    expect(text).toContain('<Code>AWS.SimpleQueueService.NonExistentQueue</Code>');
    expect(text).toContain('The specified queue does not exist for this wsdl version.');
  });

  it('without entries is an empty batch', async () => {
    const { table } = await withQueue();
    const { text } = ask(table, queue, 'Action=SendMessageBatch');
    expect(text).toContain('<Code>AWS.SimpleQueueService.EmptyBatchRequest</Code>');
    expect(text).toContain('There should be at least one SendMessageBatchRequestEntry in the request.');
  });
});

describe('a queue', () => {
  it('is found by its name as well as by its URL, and does not exist under any other', async () => {
    const { sqs, QueueUrl } = await withQueue();
    await sqs.send(new SendMessageCommand({ QueueUrl: 'jobs', MessageBody: 'm' }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages?.[0]?.Body).toBe('m');
    const wrong = sqs.send(new SendMessageCommand({ QueueUrl: 'http://whatever', MessageBody: 'm' }));
    await expect(wrong).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });

  it('has the number of receives of its redrive policy as a number', async () => {
    const { sqs } = await withQueue('dead');
    const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:dead';
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: '3' });
    const asked = { QueueName: 'jobs', Attributes: { RedrivePolicy } };
    const { QueueUrl } = await sqs.send(new CreateQueueCommand(asked));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['RedrivePolicy'] }),
    );
    expect(Attributes?.['RedrivePolicy']).toBe(JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 }));
    expect(await sqs.send(new CreateQueueCommand(asked))).toMatchObject({ QueueUrl });
  });

  it('asks for tags where tags are set or taken away', async () => {
    const { sqs, QueueUrl } = await withQueue();
    await expect(sqs.send(new TagQueueCommand({ QueueUrl, Tags: {} }))).rejects.toThrow(
      'The request must contain the parameter Tags.',
    );
    await expect(sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: [] }))).rejects.toThrow(
      'Tag keys must be between 1 and 128 characters in length.',
    );
  });

  it.each([
    [
      ['RemovePermission'],
      ['111111111111'],
      'Reason: Only the queue owner is allowed to invoke this action.',
    ],
    [
      ['Dance'],
      ['111111111111'],
      'Reason: Please refer to the appropriate WSDL for a list of valid actions.',
    ],
    [[], ['111111111111'], 'The request must contain the parameter Actions.'],
    [['SendMessage'], [], 'Value [] for parameter PrincipalId is invalid. Reason: Unable to verify.'],
  ])('gives no permission of %j to %j', async (Actions, AWSAccountIds, message) => {
    const { sqs, QueueUrl } = await withQueue();
    const permission = new AddPermissionCommand({ QueueUrl, Label: 'l', Actions, AWSAccountIds });
    await expect(sqs.send(permission)).rejects.toThrow(message);
  });
});

describe('a message', () => {
  // Recorded: test_receive_message_message_attribute_names_filters.
  it('shows all its attributes to whoever asks for *', async () => {
    const { sqs, QueueUrl } = await withQueue();
    const MessageAttributes = { who: { DataType: 'String', StringValue: 'me' } };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'm', MessageAttributes }));
    const request = new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['*'] });
    expect((await sqs.send(request)).Messages?.[0]?.MessageAttributes).toEqual(MessageAttributes);
  });

  // Recorded: test_send_message_batch_with_oversized_contents_with_updated_maximum_message_size.
  it('of a batch that succeeds leaves no list of failures', async () => {
    const { sqs, QueueUrl } = await withQueue();
    const Entries = [{ Id: 'a', MessageBody: 'm' }];
    const answer = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(answer).not.toHaveProperty('Failed');
  });

  it('of a standard queue changes its visibility by an old receipt handle, and after its timeout', async () => {
    const { table, sqs, QueueUrl } = await withQueue('jobs', { VisibilityTimeout: '1' });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'm' }));
    const receive = async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0];
    const first = await receive();
    table.advance(1000);
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl,
        ReceiptHandle: first?.ReceiptHandle,
        VisibilityTimeout: 2,
      }),
    );
    expect(await receive()).toBeUndefined();
    table.advance(2000);
    expect(await receive()).toBeDefined();
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl,
        ReceiptHandle: first?.ReceiptHandle,
        VisibilityTimeout: 60,
      }),
    );
    table.advance(59_000);
    expect(await receive()).toBeUndefined();
  });

  it.each([
    [{ group: undefined, id: 'd' }, 'The request must contain the parameter MessageGroupId.'],
    [{ group: 'g', id: undefined }, 'The queue should either have ContentBasedDeduplication enabled'],
  ])('without its ids fails the whole batch to a FIFO queue: %o', async ({ group, id }, message) => {
    const { sqs, QueueUrl } = await withQueue('jobs.fifo', { FifoQueue: 'true' });
    const batch = new SendMessageBatchCommand({
      QueueUrl,
      Entries: [
        { Id: 'a', MessageBody: '1', MessageGroupId: 'g', MessageDeduplicationId: '1' },
        { Id: 'b', MessageBody: '2', MessageGroupId: group, MessageDeduplicationId: id },
      ],
    });
    await expect(sqs.send(batch)).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: expect.stringContaining(message) as string,
    });
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
  });

  it('may have an attribute whose name has letters of any script', async () => {
    const { sqs, QueueUrl } = await withQueue();
    const MessageAttributes = { 'attr.1øßä': { DataType: 'String', StringValue: 'v' } };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'm', MessageAttributes }));
    const request = new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'] });
    const { Messages } = await sqs.send(request);
    expect(Messages?.[0]?.MessageAttributes).toEqual(MessageAttributes);
  });

  it.each([
    [
      'an§other',
      'str',
      'Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.)',
    ],
    ['binary', '\b', 'Invalid characters found.'],
    ['empty', '', "Message (user) attribute 'empty' must contain a non-empty value of type 'String'."],
  ])('has no attribute %s of the value "%s"', async (name, StringValue, message) => {
    const { sqs, QueueUrl } = await withQueue();
    const MessageAttributes = { [name]: { DataType: 'String', StringValue } };
    const sent = sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'm', MessageAttributes }));
    await expect(sent).rejects.toThrow(message);
  });
});

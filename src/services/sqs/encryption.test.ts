// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html

import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';

const MINUTE = 60_000;
const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/jobs';

async function stage() {
  const table = newTable();
  const kms = table.client(KMSClient);
  const sqs = table.client(SQSClient);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const KmsMasterKeyId = KeyMetadata?.KeyId as string;
  await sqs.send(new CreateQueueCommand({ QueueName: 'jobs', Attributes: { KmsMasterKeyId } }));
  const send = (client = sqs) => client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'secret' }));
  const receive = async (client = sqs) =>
    (await client.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }))).Messages ?? [];
  return { table, kms, sqs, KmsMasterKeyId, send, receive };
}

/** A client of a user that may do everything with SQS and these things with KMS. */
async function asUser({ table }: Pick<Awaited<ReturnType<typeof stage>>, 'table'>, actions: string[]) {
  const iam = table.client(IAMClient);
  const UserName = 'worker';
  await iam.send(new CreateUserCommand({ UserName }));
  const Statement = [{ Effect: 'Allow', Action: ['sqs:*', ...actions], Resource: '*' }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'work', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  table.advance(MINUTE);
  const credentials = {
    accessKeyId: AccessKey?.AccessKeyId as string,
    secretAccessKey: AccessKey?.SecretAccessKey as string,
  };
  return table.client(SQSClient, { credentials });
}

describe('queues with a key of KMS', () => {
  it('let those read and write who may use the key', async () => {
    const { table, send, receive } = await stage();
    await send();
    const worker = await asUser({ table }, ['kms:GenerateDataKey', 'kms:Decrypt']);
    expect((await receive(worker))[0]?.Body).toBe('secret');
    await send(worker);
  });

  it('refuse senders and receivers without that permission, and keep the message', async () => {
    const { table, send, receive } = await stage();
    await send();
    const worker = await asUser({ table }, []);
    await expect(receive(worker)).rejects.toMatchObject({ name: 'KmsAccessDenied' });
    await expect(send(worker)).rejects.toThrow(/kms:GenerateDataKey/);
    expect((await receive())[0]?.Body).toBe('secret');
  });

  it('ask KMS again only after the reuse period', async () => {
    const { table, kms, KmsMasterKeyId, send, receive } = await stage();
    await send();
    await receive();
    await kms.send(new DisableKeyCommand({ KeyId: KmsMasterKeyId }));
    await send();
    expect(await receive()).toHaveLength(1);
    table.advance(5 * MINUTE);
    await expect(send()).rejects.toMatchObject({ name: 'KmsDisabled' });
    await expect(receive()).rejects.toMatchObject({ name: 'KmsDisabled' });
  });

  it('have one kind of encryption at a time', async () => {
    const { sqs, KmsMasterKeyId } = await stage();
    const attributes = async () =>
      (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))).Attributes;
    expect(await attributes()).toMatchObject({
      KmsMasterKeyId,
      KmsDataKeyReusePeriodSeconds: '300',
      SqsManagedSseEnabled: 'false',
    });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { SqsManagedSseEnabled: 'true' } }));
    expect(await attributes()).not.toHaveProperty('KmsMasterKeyId');
  });

  // Recorded: test_set_queue_attributes_default_values.
  // https://github.com/localstack/localstack/blob/main/tests/aws/services/sqs/test_sqs.snapshot.json
  it('have none at all once their key is taken away', async () => {
    const { sqs } = await stage();
    const Attributes = { KmsMasterKeyId: '', KmsDataKeyReusePeriodSeconds: '300' };
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
    const all = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    expect(all.Attributes).toMatchObject({ SqsManagedSseEnabled: 'false' });
    expect(all.Attributes).not.toHaveProperty('KmsDataKeyReusePeriodSeconds');
  });

  it('may use the key that AWS manages', async () => {
    const { sqs, send, receive } = await stage();
    const Attributes = { KmsMasterKeyId: 'alias/aws/sqs' };
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
    await send();
    expect(await receive()).toHaveLength(1);
  });
});

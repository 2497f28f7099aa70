// What IAM and KMS have to say about log groups, among all services.

import * as sdk from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

const groupArn = 'arn:aws:logs:us-east-1:000000000000:log-group:app';

/** Logs as a user with one policy. */
async function as(table: TestTable, Action: string | string[], Resource: string) {
  const iam = table.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'ann' }));
  const Statement = [{ Effect: 'Allow', Action, Resource }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName: 'ann', PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
  table.advance(60_000);
  const credentials = {
    accessKeyId: AccessKey?.AccessKeyId as string,
    secretAccessKey: AccessKey?.SecretAccessKey as string,
  };
  return table.client(sdk.CloudWatchLogsClient, { credentials });
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
describe('IAM', () => {
  it('lets in by the ARN that ends in :*, and not by the one without', async () => {
    const one = newTable();
    const logs = await as(one, 'logs:CreateLogGroup', `${groupArn}:*`);
    await logs.send(new sdk.CreateLogGroupCommand({ logGroupName: 'app' }));
    const two = await as(newTable(), 'logs:CreateLogGroup', groupArn);
    await expect(two.send(new sdk.CreateLogGroupCommand({ logGroupName: 'app' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(
        `is not authorized to perform: logs:CreateLogGroup on resource: ${groupArn}:log-stream: because`,
      ),
    });
  });

  it('goes by streams where an operation is about one', async () => {
    const table = newTable();
    const root = table.client(sdk.CloudWatchLogsClient);
    await root.send(new sdk.CreateLogGroupCommand({ logGroupName: 'app' }));
    const logs = await as(
      table,
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      `${groupArn}:log-stream:web-*`,
    );
    const write = async (logStreamName: string) => {
      await logs.send(new sdk.CreateLogStreamCommand({ logGroupName: 'app', logStreamName }));
    };
    await write('web-1');
    await expect(write('db-1')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('goes by the ARN without :* for tags, and asks for logs:TagResource at creation', async () => {
    const table = newTable();
    const root = table.client(sdk.CloudWatchLogsClient);
    await root.send(new sdk.CreateLogGroupCommand({ logGroupName: 'app' }));
    const logs = await as(table, ['logs:TagResource', 'logs:ListTagsForResource'], groupArn);
    await logs.send(new sdk.TagResourceCommand({ resourceArn: groupArn, tags: { a: '1' } }));
    const create = await as(newTable(), 'logs:CreateLogGroup', '*');
    await expect(
      create.send(new sdk.CreateLogGroupCommand({ logGroupName: 'app', tags: { a: '1' } })),
    ).rejects.toMatchObject({ message: expect.stringContaining('logs:TagResource') });
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
describe('KMS keys', () => {
  async function encrypted({ allowed = groupArn } = {}) {
    const table = newTable();
    const kms = table.client(KMSClient);
    const logs = table.client(sdk.CloudWatchLogsClient);
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::000000000000:root' },
          Action: 'kms:*',
          Resource: '*',
        },
        {
          Effect: 'Allow',
          Principal: { Service: 'logs.us-east-1.amazonaws.com' },
          Action: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
          Resource: '*',
          Condition: { ArnEquals: { 'kms:EncryptionContext:aws:logs:arn': allowed } },
        },
      ],
    });
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy }));
    const keyArn = KeyMetadata?.Arn as string;
    const place = { logGroupName: 'app', logStreamName: 'one' };
    const write = (message: string) => {
      const logEvents = [{ timestamp: table.world.now, message }];
      return logs.send(new sdk.PutLogEventsCommand({ ...place, logEvents }));
    };
    const read = async () => {
      const { events = [] } = await logs.send(new sdk.GetLogEventsCommand(place));
      return events.map(({ message }) => message);
    };
    return { table, kms, logs, keyArn, place, write, read };
  }

  it('decide whether events can be written and read', async () => {
    const { kms, logs, keyArn, place, write, read } = await encrypted();
    await logs.send(new sdk.CreateLogGroupCommand({ logGroupName: 'app', kmsKeyId: keyArn }));
    await logs.send(new sdk.CreateLogStreamCommand(place));
    const { logGroups } = await logs.send(new sdk.DescribeLogGroupsCommand({}));
    expect(logGroups?.[0]?.kmsKeyId).toBe(keyArn);
    await write('secret');
    expect(await read()).toEqual(['secret']);
    await kms.send(new DisableKeyCommand({ KeyId: keyArn }));
    await expect(read()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(write('more')).rejects.toMatchObject({ name: 'AccessDeniedException' });
    // What is stored stays encrypted when the key is taken off the group; what comes is not.
    await logs.send(new sdk.DisassociateKmsKeyCommand({ logGroupName: 'app' }));
    await write('plain');
    await expect(read()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await kms.send(new EnableKeyCommand({ KeyId: keyArn }));
    expect(await read()).toEqual(['secret', 'plain']);
  });

  it('have to let CloudWatch Logs in for the group', async () => {
    const { logs, keyArn } = await encrypted({ allowed: `${groupArn}-2` });
    const refusal = {
      name: 'InvalidParameterException',
      message: `The specified KMS key does not exist or is not allowed to be used with Arn '${groupArn}'`,
    };
    await expect(
      logs.send(new sdk.CreateLogGroupCommand({ logGroupName: 'app', kmsKeyId: keyArn })),
    ).rejects.toMatchObject(refusal);
    await logs.send(new sdk.CreateLogGroupCommand({ logGroupName: 'app' }));
    await expect(
      logs.send(new sdk.AssociateKmsKeyCommand({ logGroupName: 'app', kmsKeyId: keyArn })),
    ).rejects.toMatchObject(refusal);
  });
});

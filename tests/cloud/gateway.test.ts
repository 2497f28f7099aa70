import {
  CreateTopicCommand,
  ListPhoneNumbersOptedOutCommand,
  ListTopicsCommand,
  PublishCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import { expect, it } from 'vitest';
import { newTable } from '../table.ts';

it('answers stock SDK clients in process, and refuses what is not modelled by name', async () => {
  const table = newTable();
  const sns = table.client(SNSClient);
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'hello' }));
  expect(TopicArn).toBe('arn:aws:sns:us-east-1:000000000000:hello');
  expect((await sns.send(new ListTopicsCommand({}))).Topics).toEqual([{ TopicArn }]);
  await expect(sns.send(new PublishCommand({ TopicArn: `${TopicArn}x`, Message: 'm' }))).rejects.toThrow(
    'Topic does not exist',
  );
  await expect(sns.send(new ListPhoneNumbersOptedOutCommand({}))).rejects.toThrow(/not modelled/);
});

// ARNs of theirs begin with `arn:aws-cn` and the like: docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
it.each(['cn-north-1', 'us-gov-west-1', 'us-iso-east-1', 'eusc-de-east-1'])(
  'refuses the region %s, which is in a partition of its own',
  async (region) => {
    const sns = newTable().client(SNSClient, { region });
    await expect(sns.send(new ListTopicsCommand({}))).rejects.toThrow(
      `The Region ${region}, which is outside the partition aws, is not modelled by Sandtable.`,
    );
  },
);

// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

import {
  CloudWatchClient,
  DescribeAlarmHistoryCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateTopicCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { service as kms } from '#services/kms/kms.ts';
import { monitoringTable } from '../../../tests/monitoring-table.ts';

const TopicArn = 'arn:aws:sns:us-east-1:000000000000:news';

async function stage() {
  const table = monitoringTable({ profile: 'instant' }, kms);
  const sns = table.client(SNSClient);
  await sns.send(new CreateTopicCommand({ Name: 'news' }));
  const encrypt = (AttributeValue: string) =>
    sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'KmsMasterKeyId', AttributeValue }));
  const publish = () => sns.send(new PublishCommand({ TopicArn, Message: 'secret' }));
  return { table, encrypt, publish };
}

describe('topics with a key of KMS', () => {
  it('take messages of those who may use the key, while it is enabled', async () => {
    const { table, encrypt, publish } = await stage();
    const keys = table.client(KMSClient);
    const { KeyMetadata } = await keys.send(new CreateKeyCommand({}));
    await encrypt(KeyMetadata?.KeyId as string);
    await publish();
    await keys.send(new DisableKeyCommand({ KeyId: KeyMetadata?.KeyId }));
    await expect(publish()).rejects.toMatchObject({ name: 'KMSDisabledException' });
    await encrypt('alias/none');
    await expect(publish()).rejects.toMatchObject({ name: 'KMSNotFoundException' });
    await encrypt('');
    await publish();
  });

  // https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
  it('cannot be notified by alarms under the key that AWS manages', async () => {
    const { table, encrypt, publish } = await stage();
    await encrypt('alias/aws/sns');
    await publish();
    const cloudwatch = table.client(CloudWatchClient);
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName: 'errors',
        Namespace: 'Shop',
        MetricName: 'Errors',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
        AlarmActions: [TopicArn],
      }),
    );
    const drill = { AlarmName: 'errors', StateValue: 'ALARM', StateReason: 'drill' } as const;
    await cloudwatch.send(new SetAlarmStateCommand(drill));
    table.advance(0);
    const asked = new DescribeAlarmHistoryCommand({ HistoryItemType: 'Action' });
    const { AlarmHistoryItems } = await cloudwatch.send(asked);
    expect(AlarmHistoryItems?.[0]?.HistorySummary).toMatch(/^Failed to execute action/);
  });
});

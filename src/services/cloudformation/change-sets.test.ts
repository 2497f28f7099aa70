// Change sets and drift, looked at before and after something happened.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html

import {
  CreateChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStackDriftDetectionStatusCommand,
  DescribeStackResourceDriftsCommand,
  DescribeStacksCommand,
  DetectStackDriftCommand,
  ExecuteChangeSetCommand,
  SetStackPolicyCommand,
} from '@aws-sdk/client-cloudformation';
import type { ChangeSetType, DescribeChangeSetCommandOutput } from '@aws-sdk/client-cloudformation';
import { SetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from './providers/test-stand.ts';

const MINUTE = 60_000;

function topics(DisplayName: string, more: object = {}, others: object = {}): { Resources: object } {
  return {
    Resources: { Orders: { Type: 'AWS::SNS::Topic', Properties: { DisplayName, ...more } }, ...others },
  };
}

async function changeSet(
  stand: ProviderStand,
  template: object,
  ChangeSetType: ChangeSetType,
): Promise<DescribeChangeSetCommandOutput> {
  const ChangeSetName = `set-${stand.table.world.position}`;
  const StackName = 'shop';
  const TemplateBody = JSON.stringify(template);
  await stand.cloudformation.send(
    new CreateChangeSetCommand({ StackName, ChangeSetName, ChangeSetType, TemplateBody }),
  );
  stand.table.advance(MINUTE);
  return stand.cloudformation.send(
    new DescribeChangeSetCommand({ StackName, ChangeSetName, IncludePropertyValues: true }),
  );
}

describe('a change set', () => {
  it('makes a stack that waits in REVIEW_IN_PROGRESS until it is executed', async () => {
    const stand = new ProviderStand();
    const found = await changeSet(stand, topics('one'), 'CREATE');
    expect(found).toMatchObject({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE' });
    expect(found.Changes?.[0]?.ResourceChange).toMatchObject({ Action: 'Add', LogicalResourceId: 'Orders' });
    const before = await stand.cloudformation.send(new DescribeStacksCommand({ StackName: 'shop' }));
    expect(before.Stacks?.[0]?.StackStatus).toBe('REVIEW_IN_PROGRESS');
    await stand.cloudformation.send(new ExecuteChangeSetCommand({ ChangeSetName: found.ChangeSetId }));
    expect(await stand.settle()).toBe('CREATE_COMPLETE');
  });

  it('tells what changes, whether it replaces, and what stood before', async () => {
    const stand = new ProviderStand();
    await stand.create(topics('one'));
    const found = await changeSet(stand, topics('two'), 'UPDATE');
    expect(found.Changes).toHaveLength(1);
    expect(found.Changes?.[0]?.ResourceChange).toMatchObject({ Action: 'Modify', Replacement: 'False' });
    expect(found.Changes?.[0]?.ResourceChange?.Details?.[0]).toMatchObject({
      Target: {
        Attribute: 'Properties',
        Name: 'DisplayName',
        RequiresRecreation: 'Never',
        BeforeValue: 'one',
        AfterValue: 'two',
      },
      ChangeSource: 'DirectModification',
    });
    const replacing = await changeSet(stand, topics('one', { TopicName: 'named' }), 'UPDATE');
    expect(replacing.Changes?.[0]?.ResourceChange).toMatchObject({
      Replacement: 'True',
      PolicyAction: 'ReplaceAndDelete',
    });
  });

  it('fails where nothing changes', async () => {
    const stand = new ProviderStand();
    await stand.create(topics('one'));
    expect(await changeSet(stand, topics('one'), 'UPDATE')).toMatchObject({
      Status: 'FAILED',
      StatusReason:
        "The submitted information didn't contain changes. Submit different information to create a change set.",
    });
  });
});

describe('a stack policy', () => {
  it('keeps an update from replacing what it protects', async () => {
    const stand = new ProviderStand();
    await stand.create(topics('one'));
    const StackPolicyBody = JSON.stringify({
      Statement: [
        { Effect: 'Allow', Action: 'Update:*', Principal: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'Update:Replace', Principal: '*', Resource: 'LogicalResourceId/Orders' },
      ],
    });
    await stand.cloudformation.send(new SetStackPolicyCommand({ StackName: 'shop', StackPolicyBody }));
    expect(await stand.update(topics('two'))).toBe('UPDATE_COMPLETE');
    expect(await stand.update(topics('two', { TopicName: 'named' }))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await stand.failures()).toContain(
      'Orders UPDATE_FAILED Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource [LogicalResourceId/Orders]',
    );
  });
});

describe('drift detection', () => {
  it('finds a property that was changed by hand', async () => {
    const stand = new ProviderStand();
    await stand.create(topics('one'));
    const { Orders = '' } = await stand.physicalIds();
    await stand.table.client(SNSClient).send(
      new SetTopicAttributesCommand({
        TopicArn: Orders,
        AttributeName: 'DisplayName',
        AttributeValue: 'other',
      }),
    );
    const { StackDriftDetectionId } = await stand.cloudformation.send(
      new DetectStackDriftCommand({ StackName: 'shop' }),
    );
    stand.table.advance(MINUTE);
    const status = await stand.cloudformation.send(
      new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId }),
    );
    expect(status).toMatchObject({ DetectionStatus: 'DETECTION_COMPLETE', StackDriftStatus: 'DRIFTED' });
    const { StackResourceDrifts } = await stand.cloudformation.send(
      new DescribeStackResourceDriftsCommand({ StackName: 'shop' }),
    );
    expect(StackResourceDrifts?.[0]).toMatchObject({
      StackResourceDriftStatus: 'MODIFIED',
      PropertyDifferences: [
        {
          PropertyPath: '/DisplayName',
          ExpectedValue: 'one',
          ActualValue: 'other',
          DifferenceType: 'NOT_EQUAL',
        },
      ],
    });
  });
});

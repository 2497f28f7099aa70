import {
  DescribeAutoScalingInstancesCommand,
  DescribeInstanceRefreshesCommand,
  DescribeLaunchConfigurationsCommand,
  DescribeLifecycleHooksCommand,
  DescribePoliciesCommand,
  DescribeScheduledActionsCommand,
  SetDesiredCapacityCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { GroupStand } from './test-group.ts';

const MINUTE = 60_000;

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-autoscaling-autoscalinggroup.html
describe('a group', () => {
  it('is complete when its desired capacity is in service', async () => {
    const stand = await GroupStand.begin();
    const from = stand.table.world.now;
    const group = { DesiredCapacity: '5', Tags: [{ Key: 'team', Value: 'shop', PropagateAtLaunch: false }] };
    expect(await stand.create(stand.template({ group }))).toBe('CREATE_COMPLETE');
    expect(stand.table.world.now - from).toBeGreaterThan(16_000);
    expect(await stand.inService()).toHaveLength(5);
    const { Web = '', Arn } = await stand.outputs();
    expect(Web).toMatch(/^shop-Web-[A-Z0-9]{12,13}$/i);
    const { AutoScalingGroupARN, Tags = [], Instances = [] } = await stand.group();
    expect(Arn).toBe(AutoScalingGroupARN);
    expect(Tags.map(({ Key, PropagateAtLaunch }) => [Key, PropagateAtLaunch])).toEqual([
      ['aws:cloudformation:logical-id', true],
      ['aws:cloudformation:stack-id', true],
      ['aws:cloudformation:stack-name', true],
      ['team', false],
    ]);
    const { Reservations = [] } = await stand.ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [Instances[0]?.InstanceId ?? ''] }),
    );
    const keys = (Reservations[0]?.Instances?.[0]?.Tags ?? []).map(({ Key }) => Key);
    expect(keys).toContain('aws:cloudformation:stack-name');
    expect(keys).not.toContain('team');
  });

  it('fails when its launches keep failing, in the words of the last one', async () => {
    const stand = await GroupStand.begin();
    const template = stand.template({ type: 't4g.micro' });
    expect(await stand.create(template)).toBe('ROLLBACK_COMPLETE');
    const [failure = ''] = await stand.failures();
    expect(failure).toMatch(
      /^Web CREATE_FAILED Resource handler returned message: "Group did not stabilize\. /,
    );
    expect(failure).toContain("The architecture 'arm64' of the specified instance type does not match");
    expect(failure).toContain('HandlerErrorCode: NotStabilized');
    expect(await stand.groups()).toEqual([]);
  });

  it('waits for the signals of its creation policy and says how many were missing', async () => {
    const stand = await GroupStand.begin();
    const policies = {
      CreationPolicy: { ResourceSignal: { Count: 2, Timeout: 'PT10M' } },
    };
    expect(await stand.create(stand.template({ policies }))).toBe('ROLLBACK_COMPLETE');
    expect((await stand.reasons()).slice(0, 4)).toEqual([
      'CREATE_IN_PROGRESS',
      'CREATE_IN_PROGRESS Resource creation Initiated',
      'UPDATE_IN_PROGRESS Failed to receive 2 resource signal(s) for the current batch.  ' +
        'Each resource signal timeout is counted as a FAILURE.',
      'CREATE_FAILED Received 0 SUCCESS signal(s) out of 2.  ' +
        'Unable to satisfy 100% MinSuccessfulInstancesPercent requirement',
    ]);
  });

  it('is changed in place, with what hangs on it', async () => {
    const stand = await GroupStand.begin();
    const hook = (HeartbeatTimeout: number) => ({
      LifecycleHookName: 'leave',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      DefaultResult: 'CONTINUE',
      HeartbeatTimeout,
    });
    const before = {
      LifecycleHookSpecificationList: [hook(30)],
      MetricsCollection: [{ Granularity: '1Minute' }],
    };
    await stand.create(stand.template({ group: before }));
    const { AutoScalingGroupARN } = await stand.group();
    const after = {
      MinSize: '2',
      Cooldown: '60',
      HealthCheckGracePeriod: 90,
      LifecycleHookSpecificationList: [hook(60)],
      MetricsCollection: [{ Granularity: '1Minute', Metrics: ['GroupDesiredCapacity'] }],
      TerminationPolicies: ['OldestInstance'],
      Tags: [{ Key: 'team', Value: 'shop', PropagateAtLaunch: true }],
    };
    expect(await stand.update(stand.template({ group: after }))).toBe('UPDATE_COMPLETE');
    const group = await stand.group();
    expect(group).toMatchObject({
      AutoScalingGroupARN,
      MinSize: 2,
      DesiredCapacity: 4,
      DefaultCooldown: 60,
      HealthCheckGracePeriod: 90,
      TerminationPolicies: ['OldestInstance'],
      EnabledMetrics: [{ Metric: 'GroupDesiredCapacity', Granularity: '1Minute' }],
    });
    const { LifecycleHooks = [] } = await stand.scaling.send(
      new DescribeLifecycleHooksCommand({ AutoScalingGroupName: group.AutoScalingGroupName }),
    );
    expect(LifecycleHooks.map(({ HeartbeatTimeout }) => HeartbeatTimeout)).toEqual([60]);
    expect(await stand.update(stand.template())).toBe('UPDATE_COMPLETE');
    expect(await stand.group()).toMatchObject({
      MinSize: 4,
      DefaultCooldown: 300,
      TerminationPolicies: ['Default'],
    });
    expect((await stand.group()).Tags?.map(({ Key }) => Key)).not.toContain('team');
  });

  it('is emptied, with its hooks, before it is deleted', async () => {
    const stand = await GroupStand.begin();
    const group = {
      LifecycleHookSpecificationList: [
        {
          LifecycleHookName: 'leave',
          LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
          DefaultResult: 'CONTINUE',
          HeartbeatTimeout: 300,
        },
      ],
    };
    await stand.create(stand.template({ group }));
    const from = stand.table.world.now;
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    expect(stand.table.world.now - from).toBeGreaterThan(5 * MINUTE);
    expect(await stand.groups()).toEqual([]);
    const { AutoScalingInstances } = await stand.scaling.send(new DescribeAutoScalingInstancesCommand({}));
    expect(AutoScalingInstances).toEqual([]);
  });

  it('takes AZs from Fn::GetAZs and launches from a launch configuration', async () => {
    const stand = await GroupStand.begin();
    const template = (InstanceType: string) => ({
      Resources: {
        Machine: {
          Type: 'AWS::AutoScaling::LaunchConfiguration',
          Properties: { ImageId: stand.imageId, InstanceType, InstanceMonitoring: 'false' },
        },
        Web: {
          Type: 'AWS::AutoScaling::AutoScalingGroup',
          UpdatePolicy: { AutoScalingRollingUpdate: { MaxBatchSize: 2 } },
          Properties: {
            AvailabilityZones: { 'Fn::GetAZs': '' },
            LaunchConfigurationName: { Ref: 'Machine' },
            MinSize: 2,
            MaxSize: 2,
          },
        },
      },
    });
    expect(await stand.create(template('t3.micro'))).toBe('CREATE_COMPLETE');
    expect(await stand.update(template('t3.small'))).toBe('UPDATE_COMPLETE');
    expect(await stand.types()).toEqual(['t3.small', 't3.small']);
    const { LaunchConfigurations } = await stand.scaling.send(new DescribeLaunchConfigurationsCommand({}));
    expect(LaunchConfigurations?.map(({ InstanceType }) => InstanceType)).toEqual(['t3.small']);
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
describe('an update policy', () => {
  const replacing = {
    CreationPolicy: {
      ResourceSignal: { Count: 4, Timeout: 'PT10M' },
      AutoScalingCreationPolicy: { MinSuccessfulInstancesPercent: 75 },
    },
    UpdatePolicy: { AutoScalingReplacingUpdate: { WillReplace: true } },
  };

  /** Signals for all instances as they come, until the stack rests. */
  async function signalAll(stand: GroupStand, most: number): Promise<string> {
    const signalled = new Set<string>();
    for (let looks = 0; looks < 2000; looks += 1) {
      const { Stacks = [] } = await stand.cloudformation.send(
        new DescribeStacksCommand({ StackName: 'shop' }),
      );
      const status = Stacks[0]?.StackStatus ?? '';
      if (!status.endsWith('_IN_PROGRESS')) return status;
      for (const id of await stand.inService()) {
        if (signalled.size >= most || signalled.has(id)) continue;
        signalled.add(id);
        if (status.startsWith('CREATE') || status === 'UPDATE_IN_PROGRESS') await stand.signal(id);
      }
      stand.table.advance(2000);
    }
    throw new Error('The stack does not come to rest.');
  }

  async function created(): Promise<GroupStand> {
    const stand = await GroupStand.begin();
    const create = stand.create(stand.template());
    expect(await create).toBe('CREATE_COMPLETE');
    return stand;
  }

  it('may replace the group as a whole and keeps the old one until the new one is well', async () => {
    const stand = await created();
    const { AutoScalingGroupName: old } = await stand.group();
    await stand.beginUpdate(stand.template({ policies: replacing, type: 't3.small' }));
    stand.table.advance(MINUTE);
    expect(await stand.groups()).toHaveLength(2);
    expect(await stand.inService()).toHaveLength(8);
    expect(await signalAll(stand, 12)).toBe('UPDATE_COMPLETE');
    const groups = await stand.groups();
    expect(groups).toHaveLength(1);
    expect(groups[0]?.AutoScalingGroupName).not.toBe(old);
    expect(await stand.types()).toEqual(['t3.small', 't3.small', 't3.small', 't3.small']);
    expect(await stand.reasons()).toContain(
      'UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.',
    );
  });

  it('deletes the new group when its instances do not signal, and leaves the old one as it was', async () => {
    const stand = await created();
    const before = await stand.group();
    expect(await stand.update(stand.template({ policies: replacing, type: 't3.small' }))).toBe(
      'UPDATE_ROLLBACK_COMPLETE',
    );
    const groups = await stand.groups();
    expect(groups.map(({ AutoScalingGroupName }) => AutoScalingGroupName)).toEqual([
      before.AutoScalingGroupName,
    ]);
    expect(groups[0]?.Instances?.map(({ InstanceId }) => InstanceId)).toEqual(
      before.Instances?.map(({ InstanceId }) => InstanceId),
    );
  });

  it('replaces nothing where only sizes change', async () => {
    const stand = await created();
    const before = await stand.group();
    const policies = { UpdatePolicy: replacing.UpdatePolicy };
    expect(await stand.update(stand.template({ policies, group: { MaxSize: '9' } }))).toBe('UPDATE_COMPLETE');
    const after = await stand.group();
    expect(after.AutoScalingGroupName).toBe(before.AutoScalingGroupName);
  });

  it('cannot replace a group that has a name of its own', async () => {
    const stand = await GroupStand.begin();
    const group = { AutoScalingGroupName: 'web' };
    await stand.create(stand.template({ group }));
    const policies = { UpdatePolicy: replacing.UpdatePolicy };
    await stand.update(stand.template({ group, policies, type: 't3.small' }));
    expect((await stand.failures())[0]).toContain(
      'CloudFormation cannot update a stack when a custom-named resource requires replacing.',
    );
  });

  it('leaves alone sizes that a schedule changed, where the template does not change them', async () => {
    const stand = await GroupStand.begin();
    const group = { MinSize: '1', DesiredCapacity: '2' };
    await stand.create(stand.template({ group }));
    const { AutoScalingGroupName } = await stand.group();
    const grow = () =>
      stand.scaling.send(
        new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, MinSize: 3, DesiredCapacity: 5 }),
      );
    await grow();
    const policies = {
      UpdatePolicy: { AutoScalingScheduledAction: { IgnoreUnmodifiedGroupSizeProperties: 'true' } },
    };
    await stand.update(stand.template({ group: { ...group, MaxSize: '7', Cooldown: '60' }, policies }));
    expect(await stand.group()).toMatchObject({
      MinSize: 3,
      MaxSize: 7,
      DesiredCapacity: 5,
      DefaultCooldown: 60,
    });
    await stand.update(stand.template({ group: { ...group, MaxSize: '7', Cooldown: '90' } }));
    expect(await stand.group()).toMatchObject({ MinSize: 1, DesiredCapacity: 2 });
  });

  it('keeps the capacity that the group has where the template gives none', async () => {
    const stand = await created();
    const { AutoScalingGroupName } = await stand.group();
    await stand.scaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 6 }));
    await stand.update(stand.template({ group: { Cooldown: '60' } }));
    expect(await stand.group()).toMatchObject({ MinSize: 4, DesiredCapacity: 6 });
  });

  it('may leave the replacing to an instance refresh', async () => {
    const stand = await created();
    const policies = {
      UpdatePolicy: {
        AutoScalingInstanceRefresh: {
          Strategy: 'Rolling',
          Preferences: { MinHealthyPercentage: '50', InstanceWarmup: '30' },
        },
      },
    };
    expect(await stand.update(stand.template({ policies, type: 't3.small' }))).toBe('UPDATE_COMPLETE');
    expect(await stand.types()).toEqual(['t3.small', 't3.small', 't3.small', 't3.small']);
    const { AutoScalingGroupName } = await stand.group();
    const { InstanceRefreshes = [] } = await stand.scaling.send(
      new DescribeInstanceRefreshesCommand({ AutoScalingGroupName }),
    );
    expect(InstanceRefreshes.map(({ Status, Preferences }) => [Status, Preferences?.SkipMatching])).toEqual([
      ['Successful', true],
    ]);
  });
});

describe('what changes the size of a group', () => {
  it('is made, changed and deleted with its stack', async () => {
    const stand = await GroupStand.begin();
    const resources = (adjustment: number) => ({
      Out: {
        Type: 'AWS::AutoScaling::ScalingPolicy',
        Properties: {
          AutoScalingGroupName: { Ref: 'Web' },
          AdjustmentType: 'ChangeInCapacity',
          Cooldown: '60',
          ScalingAdjustment: String(adjustment),
        },
      },
      Night: {
        Type: 'AWS::AutoScaling::ScheduledAction',
        Properties: {
          AutoScalingGroupName: { Ref: 'Web' },
          MinSize: adjustment,
          MaxSize: 8,
          Recurrence: '0 22 * * *',
          EndTime: '2027-01-01T00:00:00Z',
        },
      },
      Join: {
        Type: 'AWS::AutoScaling::LifecycleHook',
        Properties: {
          AutoScalingGroupName: { Ref: 'Web' },
          LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
          HeartbeatTimeout: 30 * adjustment,
        },
      },
    });
    expect(await stand.create(stand.template({ resources: resources(1) }))).toBe('CREATE_COMPLETE');
    const ids = await stand.physicalIds();
    expect(ids['Out']).toMatch(/^arn:aws:autoscaling:.*:scalingPolicy:.*:policyName\/shop-Out-/);
    expect(ids['Night']).toMatch(/^shop-Night-/);
    expect(await stand.update(stand.template({ resources: resources(2) }))).toBe('UPDATE_COMPLETE');
    expect(await stand.physicalIds()).toEqual(ids);
    const { ScalingPolicies = [] } = await stand.scaling.send(new DescribePoliciesCommand({}));
    expect(ScalingPolicies.map(({ ScalingAdjustment, Cooldown }) => [ScalingAdjustment, Cooldown])).toEqual([
      [2, 60],
    ]);
    const { ScheduledUpdateGroupActions: actions = [] } = await stand.scaling.send(
      new DescribeScheduledActionsCommand({}),
    );
    expect(actions.map(({ MinSize, EndTime }) => [MinSize, EndTime?.toISOString()])).toEqual([
      [2, '2027-01-01T00:00:00.000Z'],
    ]);
    expect(await stand.update(stand.template())).toBe('UPDATE_COMPLETE');
    expect((await stand.scaling.send(new DescribePoliciesCommand({}))).ScalingPolicies).toEqual([]);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });
});

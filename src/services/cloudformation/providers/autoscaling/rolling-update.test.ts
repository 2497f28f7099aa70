import {
  CreateLoadBalancerCommand,
  CreateListenerCommand,
  CreateTargetGroupCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { describe, expect, it } from 'vitest';
import { GroupStand } from './test-group.ts';

const rolling = (more: object = {}) => ({
  UpdatePolicy: { AutoScalingRollingUpdate: { MaxBatchSize: 2, MinInstancesInService: 3, ...more } },
});
const signalled = (more: object = {}) => rolling({ WaitOnResourceSignals: true, PauseTime: 'PT5M', ...more });

const NAMES = /i-[0-9a-f]{17}/g;

async function statusOf(stand: GroupStand): Promise<string> {
  const { Stacks = [] } = await stand.cloudformation.send(new DescribeStacksCommand({ StackName: 'shop' }));
  return Stacks[0]?.StackStatus ?? '';
}

/** Lets new instances signal as soon as they serve, and returns the fewest that ever did. */
async function watch(stand: GroupStand, signals: boolean, wanted: (id: string) => 'SUCCESS' | 'FAILURE') {
  const known = new Set(await stand.inService());
  let fewest = known.size;
  for (let looks = 0; looks < 2000; looks += 1) {
    if (!(await statusOf(stand)).endsWith('_IN_PROGRESS')) return fewest;
    const now = await stand.inService();
    fewest = Math.min(fewest, now.length);
    for (const id of now) {
      if (known.has(id) || !signals) continue;
      known.add(id);
      await stand.signal(id, wanted(id));
    }
    stand.table.advance(2000);
  }
  throw new Error('The stack does not come to rest.');
}

async function targetGroup(stand: GroupStand): Promise<{ arn: string; elb: ElasticLoadBalancingV2Client }> {
  const elb = stand.table.client(ElasticLoadBalancingV2Client);
  const { TargetGroups } = await elb.send(
    new CreateTargetGroupCommand({ Name: 'web', Protocol: 'HTTP', Port: 80, VpcId: stand.vpcId }),
  );
  const arn = TargetGroups?.[0]?.TargetGroupArn ?? '';
  const { LoadBalancers } = await elb.send(
    new CreateLoadBalancerCommand({ Name: 'web', Subnets: stand.subnetIds }),
  );
  await elb.send(
    new CreateListenerCommand({
      LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: arn }],
    }),
  );
  return { arn, elb };
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
// Events and sizes as https://github.com/guardian/testing-asg-rolling-update observed them.
describe('a rolling update', () => {
  it('replaces a group behind a target group and keeps the minimum in service', async () => {
    const stand = await GroupStand.begin();
    const { arn, elb } = await targetGroup(stand);
    const group = { TargetGroupARNs: [arn] };
    expect(await stand.create(stand.template({ group, policies: rolling() }))).toBe('CREATE_COMPLETE');
    const before = (await stand.reasons()).length;
    await stand.beginUpdate(stand.template({ group, policies: rolling(), type: 't3.small' }));
    expect(await watch(stand, false, () => 'SUCCESS')).toBeGreaterThanOrEqual(3);
    expect(await statusOf(stand)).toBe('UPDATE_COMPLETE');
    expect(await stand.types()).toEqual(['t3.small', 't3.small', 't3.small', 't3.small']);
    const { MinSize, DesiredCapacity, MaxSize } = await stand.group();
    expect([MinSize, DesiredCapacity, MaxSize]).toEqual([4, 4, 8]);
    const { TargetHealthDescriptions = [] } = await elb.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: arn }),
    );
    expect(TargetHealthDescriptions).toHaveLength(4);
    const told = (await stand.reasons(before)).map((one) => one.replaceAll(NAMES, 'i'));
    expect(told).toEqual([
      'UPDATE_IN_PROGRESS',
      'UPDATE_IN_PROGRESS Rolling update initiated. Terminating 4 obsolete instance(s) in batches of 2, ' +
        'while keeping at least 3 instance(s) in service.',
      'UPDATE_IN_PROGRESS Temporarily setting autoscaling group MinSize and DesiredCapacity to 5.',
      'UPDATE_IN_PROGRESS Terminating instance(s) [i,i]; replacing with 2 new instance(s).',
      'UPDATE_IN_PROGRESS Successfully terminated instance(s) [i,i] (Progress 50%).',
      'UPDATE_IN_PROGRESS Terminating instance(s) [i,i]; replacing with 1 new instance(s).',
      'UPDATE_IN_PROGRESS Successfully terminated instance(s) [i,i] (Progress 100%).',
      'UPDATE_COMPLETE',
    ]);
  });

  it('waits for a signal of each new instance', async () => {
    const stand = await GroupStand.begin();
    await stand.create(stand.template({ policies: signalled() }));
    const before = (await stand.reasons()).length;
    await stand.beginUpdate(stand.template({ policies: signalled(), type: 't3.small' }));
    expect(await watch(stand, true, () => 'SUCCESS')).toBeGreaterThanOrEqual(3);
    expect(await statusOf(stand)).toBe('UPDATE_COMPLETE');
    const told = (await stand.reasons(before)).map((one) => one.replaceAll(NAMES, 'i'));
    expect(told[1]).toContain(
      'in service. Waiting on resource signals with a timeout of PT5M when new instances are added to the autoscaling group.',
    );
    expect(told).toContain(
      'UPDATE_IN_PROGRESS New instance(s) added to autoscaling group - Waiting on 2 resource signal(s) with a timeout of PT5M.',
    );
    expect(told.filter((one) => one.includes('Received SUCCESS signal with UniqueId i'))).toHaveLength(4);
  });

  it('goes back when signals do not come, by the policy of the previous template', async () => {
    const stand = await GroupStand.begin();
    const suspends = { SuspendProcesses: ['AZRebalance', 'HealthCheck'] };
    await stand.create(stand.template({ policies: rolling() }));
    const before = (await stand.reasons()).length;
    await stand.beginUpdate(stand.template({ policies: signalled(suspends), type: 't3.small' }));
    stand.table.advance(60_000);
    const meanwhile = (await stand.group()).SuspendedProcesses ?? [];
    expect(meanwhile.map(({ ProcessName }) => ProcessName)).toEqual(['AZRebalance', 'HealthCheck']);
    expect(await watch(stand, false, () => 'SUCCESS')).toBeGreaterThanOrEqual(3);
    expect(await statusOf(stand)).toBe('UPDATE_ROLLBACK_COMPLETE');
    const told = (await stand.reasons(before)).map((one) => one.replaceAll(NAMES, 'i'));
    expect(told).toContain(
      'UPDATE_IN_PROGRESS Failed to receive 1 resource signal(s) for the current batch.  ' +
        'Each resource signal timeout is counted as a FAILURE.',
    );
    expect(told).toContain(
      'UPDATE_FAILED Received 0 SUCCESS signal(s) out of 4.  ' +
        'Unable to satisfy 100% MinSuccessfulInstancesPercent requirement',
    );
    expect(told.at(-3)).toBe(
      'UPDATE_IN_PROGRESS Terminating instance(s) [i]; replacing with 1 new instance(s).',
    );
    const { MinSize, SuspendedProcesses } = await stand.group();
    expect(MinSize).toBe(4);
    expect(SuspendedProcesses).toEqual([]);
    expect(new Set(await stand.types())).toEqual(new Set(['t3.micro']));
  });

  it('fails at once on a signal of failure, and leaves no more capacity than the template says', async () => {
    const stand = await GroupStand.begin();
    const group = { DesiredCapacity: '4' };
    await stand.create(stand.template({ group, policies: signalled() }));
    await stand.beginUpdate(stand.template({ group, policies: signalled(), type: 't3.small' }));
    let failing = true;
    await watch(stand, true, () => {
      const status = failing ? 'FAILURE' : 'SUCCESS';
      failing = false;
      return status;
    });
    expect(await statusOf(stand)).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await stand.failures()).map((one) => one.replaceAll(NAMES, 'i'))).toContain(
      'Web UPDATE_FAILED Received 1 FAILURE signal(s) out of 4.  ' +
        'Unable to satisfy 100% MinSuccessfulInstancesPercent requirement',
    );
    expect((await stand.group()).DesiredCapacity).toBe(4);
  });

  it('goes on while enough instances signal success', async () => {
    const stand = await GroupStand.begin();
    const policies = signalled({ MinSuccessfulInstancesPercent: 50 });
    await stand.create(stand.template({ policies }));
    await stand.beginUpdate(stand.template({ policies, type: 't3.small' }));
    let failures = 2;
    await watch(stand, true, () => (failures-- > 0 ? 'FAILURE' : 'SUCCESS'));
    expect(await statusOf(stand)).toBe('UPDATE_COMPLETE');
  });

  it('pauses after each batch that it adds', async () => {
    const stand = await GroupStand.begin();
    const policies = rolling({ MaxBatchSize: 4, PauseTime: 'PT10M', MinInstancesInService: 0 });
    await stand.create(stand.template({ policies }));
    const from = stand.table.world.now;
    await stand.update(stand.template({ policies, type: 't3.small' }));
    expect(stand.table.world.now - from).toBeGreaterThan(600_000);
    expect(await stand.reasons()).toContain(
      'UPDATE_IN_PROGRESS New instance(s) added to autoscaling group - Pausing for PT10M.',
    );
  });

  it('does not begin where the maximum leaves no room', async () => {
    const stand = await GroupStand.begin();
    const policies = rolling({ MinInstancesInService: 8 });
    await stand.create(stand.template({ policies }));
    expect(await stand.update(stand.template({ policies, type: 't3.small' }))).toBe(
      'UPDATE_ROLLBACK_COMPLETE',
    );
    expect(await stand.failures()).toContain(
      "Web UPDATE_FAILED MinInstancesInService must be less than the autoscaling group's MaxSize",
    );
  });

  it('leaves instances alone where no policy asks for it, and takes them along later', async () => {
    const stand = await GroupStand.begin();
    await stand.create(stand.template());
    expect(await stand.update(stand.template({ type: 't3.small' }))).toBe('UPDATE_COMPLETE');
    expect(await stand.types()).toEqual(['t3.micro', 't3.micro', 't3.micro', 't3.micro']);
    const group = { Cooldown: '60' };
    const policies = rolling({ MaxBatchSize: 4, MinInstancesInService: 1 });
    expect(await stand.update(stand.template({ group, policies, type: 't3.small' }))).toBe('UPDATE_COMPLETE');
    expect(await stand.types()).toEqual(['t3.small', 't3.small', 't3.small', 't3.small']);
  });

  it('puts sizes and processes back when something else in the stack fails', async () => {
    const stand = await GroupStand.begin();
    const policies = signalled({ SuspendProcesses: ['AZRebalance'], PauseTime: 'PT1H' });
    await stand.create(stand.template({ policies }));
    const resources = {
      Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
      Wait: {
        Type: 'AWS::CloudFormation::WaitCondition',
        Properties: { Handle: { Ref: 'Handle' }, Timeout: '120' },
      },
    };
    await stand.beginUpdate(stand.template({ policies, resources, type: 't3.small' }));
    stand.table.advance(100_000);
    expect((await stand.group()).MinSize).toBe(5);
    await watch(stand, true, () => 'SUCCESS');
    expect(await statusOf(stand)).toBe('UPDATE_ROLLBACK_COMPLETE');
    const { MinSize, SuspendedProcesses } = await stand.group();
    expect([MinSize, SuspendedProcesses]).toEqual([4, []]);
    expect(new Set(await stand.types())).toEqual(new Set(['t3.micro']));
  });
});

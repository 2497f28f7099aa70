import {
  CancelInstanceRefreshCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  RollbackInstanceRefreshCommand,
  SetInstanceProtectionCommand,
  StartInstanceRefreshCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import type { InstanceRefresh, StartInstanceRefreshCommandInput } from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { CreateLaunchTemplateVersionCommand, EC2Client } from '@aws-sdk/client-ec2';
import { expect, it } from 'vitest';
import { counts, instances } from '../instance.ts';
import { GROUP, HOUR, MINUTE, stand } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

interface Refreshed extends Stand {
  start: (more?: Partial<StartInstanceRefreshCommandInput>) => Promise<string>;
  refresh: () => Promise<InstanceRefresh>;
  /** Moves on minute by minute until the refresh has a status; returns the fewest and most instances meanwhile. */
  ended: (status: string, within?: number) => Promise<{ fewest: number; most: number }>;
  desired: object;
  versions: () => (string | undefined)[];
}

/** A group on version 1 of its template, which has a second version. */
async function fleet(size: number): Promise<Refreshed> {
  const here = await stand();
  const ec2 = here.table.client(EC2Client);
  const LaunchTemplateData = { InstanceType: 't3.small' as const };
  await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: here.templateId,
      SourceVersion: '1',
      LaunchTemplateData,
    }),
  );
  await here.create({
    LaunchTemplate: { LaunchTemplateId: here.templateId, Version: '1' },
    DesiredCapacity: size,
  });
  here.until('InService', size);
  const refresh = async (): Promise<InstanceRefresh> => {
    const { InstanceRefreshes } = await here.asg.send(
      new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: GROUP }),
    );
    return InstanceRefreshes?.[0] as InstanceRefresh;
  };
  const rows = () => here.table.read((ctx) => ctx.list(instances, 'group', GROUP));
  return {
    ...here,
    refresh,
    async start(input = {}) {
      const sent = await here.asg.send(
        new StartInstanceRefreshCommand({ AutoScalingGroupName: GROUP, ...input }),
      );
      return sent.InstanceRefreshId as string;
    },
    async ended(status, within = 3 * HOUR) {
      let [fewest, most] = [Infinity, 0];
      for (let gone = 0; gone < within; gone += 5000) {
        const serving = rows().filter(({ state }) => state === 'InService').length;
        fewest = Math.min(fewest, serving);
        most = Math.max(most, rows().filter(counts).length);
        if ((await refresh()).Status === status) return { fewest, most };
        here.table.advance(5000);
      }
      throw new Error(`The refresh is ${(await refresh()).Status}: ${(await refresh()).StatusReason}`);
    },
    desired: { LaunchTemplate: { LaunchTemplateId: here.templateId, Version: '2' } },
    versions: () => rows().map(({ launchTemplate }) => launchTemplate?.version),
  };
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
it('replaces all instances, one after the other, and takes the desired configuration over', async () => {
  const here = await fleet(4);
  const old = here.ids();
  await here.start({ DesiredConfiguration: here.desired, Preferences: { InstanceWarmup: 60 } });
  expect(await here.refresh()).toMatchObject({
    Status: 'Pending',
    InstancesToUpdate: 4,
    PercentageComplete: 0,
  });
  // 90 percent of 4 is all of them: still one goes at a time.
  expect(await here.ended('Successful')).toEqual({ fewest: 3, most: 4 });
  expect(here.ids('InService').filter((id) => old.includes(id))).toEqual([]);
  expect(here.versions()).toEqual(['2', '2', '2', '2']);
  expect(await here.refresh()).toMatchObject({ InstancesToUpdate: 0, PercentageComplete: 100 });
  const { AutoScalingGroups } = await here.asg.send(new DescribeAutoScalingGroupsCommand({}));
  expect(AutoScalingGroups?.[0]?.LaunchTemplate?.Version).toBe('2');
  const causes = (await here.activities()).map(({ Cause }) => Cause);
  expect(causes).toContainEqual(
    expect.stringMatching(/was taken out of service in response to an instance refresh\./),
  );
  expect(causes).toContainEqual(expect.stringMatching(/was launched in response to an instance refresh\.$/));
});

it('replaces as many at once as the minimum healthy percentage lets it', async () => {
  const here = await fleet(4);
  await here.start({ Preferences: { MinHealthyPercentage: 50, InstanceWarmup: 0 } });
  expect(await here.ended('Successful')).toEqual({ fewest: 2, most: 4 });
});

it('launches before it terminates where the minimum is 100 percent', async () => {
  const here = await fleet(4);
  const Preferences = { MinHealthyPercentage: 100, MaxHealthyPercentage: 150, InstanceWarmup: 30 };
  await here.start({ Preferences });
  expect(await here.ended('Successful')).toEqual({ fewest: 4, most: 6 });
  here.table.advance(10 * MINUTE);
  expect(here.ids('InService')).toHaveLength(4);
});

it('has nothing to do where all instances match, if it skips those', async () => {
  const here = await fleet(2);
  const old = here.ids();
  await here.start({ Preferences: { SkipMatching: true } });
  await here.ended('Successful', MINUTE);
  expect(here.ids('InService')).toEqual(old);
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-adding-checkpoints-instance-refresh.html
it('pauses at a checkpoint for its delay', async () => {
  const here = await fleet(4);
  const checkpoints = { CheckpointPercentages: [50, 100], CheckpointDelay: 1800 };
  await here.start({ Preferences: { ...checkpoints, MinHealthyPercentage: 0, InstanceWarmup: 0 } });
  here.table.advance(20 * MINUTE);
  expect(await here.refresh()).toMatchObject({
    Status: 'InProgress',
    PercentageComplete: 50,
    InstancesToUpdate: 2,
  });
  await here.ended('Successful');
});

it('blocks a second refresh and changes of what the first one brings', async () => {
  const here = await fleet(2);
  await here.start({ DesiredConfiguration: here.desired });
  await expect(here.start()).rejects.toThrow(
    'An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.',
  );
  const LaunchTemplate = { LaunchTemplateId: here.templateId, Version: '1' };
  const update = new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, LaunchTemplate });
  await expect(here.asg.send(update)).rejects.toThrow(
    /^An active instance refresh with a desired configuration/,
  );
});

it('stops where it is when it is cancelled', async () => {
  const here = await fleet(3);
  await here.start({ DesiredConfiguration: here.desired, Preferences: { InstanceWarmup: 0 } });
  here.table.until((ctx) => ctx.list(instances).some((one) => one.launchTemplate?.version === '2'), HOUR);
  await here.asg.send(new CancelInstanceRefreshCommand({ AutoScalingGroupName: GROUP }));
  expect((await here.refresh()).Status).toBe('Cancelling');
  await here.ended('Cancelled');
  here.table.advance(HOUR);
  expect(here.versions().toSorted()).toEqual(['1', '1', '2']);
  const cancel = new CancelInstanceRefreshCommand({ AutoScalingGroupName: GROUP });
  await expect(here.asg.send(cancel)).rejects.toMatchObject({ name: 'ActiveInstanceRefreshNotFoundFault' });
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html
it('rolls back what it has replaced so far', async () => {
  const here = await fleet(3);
  await here.start({ DesiredConfiguration: here.desired, Preferences: { InstanceWarmup: 0 } });
  here.table.until(
    (ctx) => ctx.list(instances).some((one) => one.launchTemplate?.version === '2' && one.proven),
    HOUR,
  );
  await here.asg.send(new RollbackInstanceRefreshCommand({ AutoScalingGroupName: GROUP }));
  await here.ended('RollbackSuccessful');
  expect(here.versions()).toEqual(['1', '1', '1']);
  expect(await here.refresh()).toMatchObject({
    PercentageComplete: 0,
    RollbackDetails: { PercentageCompleteOnRollback: 33, InstancesToUpdateOnRollback: 2 },
  });
});

it('cannot go back to a template version that moves, or without a desired configuration', async () => {
  const here = await stand(); // Its group launches from $Latest.
  await here.create({ DesiredCapacity: 1 });
  const LaunchTemplate = { LaunchTemplateId: here.templateId, Version: '1' };
  const start = (more: object): Promise<unknown> =>
    here.asg.send(new StartInstanceRefreshCommand({ AutoScalingGroupName: GROUP, ...more }));
  await expect(start({ Preferences: { AutoRollback: true } })).rejects.toThrow(
    /AutoRollback parameter cannot be/,
  );
  await expect(
    start({ DesiredConfiguration: { LaunchTemplate }, Preferences: { AutoRollback: true } }),
  ).rejects.toMatchObject({ name: 'IrreversibleInstanceRefreshFault' });
});

it('rolls back by itself when one of its alarms goes off', async () => {
  const here = await fleet(3);
  const cloudwatch = here.table.client(CloudWatchClient);
  const metric = { Namespace: 'App', MetricName: 'Errors', Statistic: 'Sum', Period: 60 } as const;
  const rule = { EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: 'GreaterThanThreshold' } as const;
  await cloudwatch.send(new PutMetricAlarmCommand({ AlarmName: 'errors', ...metric, ...rule }));
  const AlarmSpecification = { Alarms: ['errors'] };
  const Preferences = { AutoRollback: true, AlarmSpecification, InstanceWarmup: 0 };
  await here.start({ DesiredConfiguration: here.desired, Preferences });
  here.table.until(
    (ctx) => ctx.list(instances).some((one) => one.launchTemplate?.version === '2' && one.proven),
    HOUR,
  );
  const state = { AlarmName: 'errors', StateValue: 'ALARM', StateReason: 'test' } as const;
  await cloudwatch.send(new SetAlarmStateCommand(state));
  here.table.advance(1);
  expect((await here.refresh()).Status).toBe('RollbackInProgress');
  await here.ended('RollbackSuccessful');
  expect(here.versions()).toEqual(['1', '1', '1']);
});

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html
it('waits an hour for a protected instance and then fails, unless it may replace it', async () => {
  const here = await fleet(2);
  const [id = ''] = here.ids();
  const protection = { InstanceIds: [id], ProtectedFromScaleIn: true };
  await here.asg.send(new SetInstanceProtectionCommand({ AutoScalingGroupName: GROUP, ...protection }));
  await here.start({ Preferences: { InstanceWarmup: 0 } });
  await here.ended('Failed');
  expect(await here.refresh()).toMatchObject({ PercentageComplete: 50 });
  expect((await here.refresh()).StatusReason).toContain(`${id} is protected from scale in.`);
  await here.start({ Preferences: { InstanceWarmup: 0, ScaleInProtectedInstances: 'Refresh' } });
  await here.ended('Successful');
  expect(here.ids('InService')).not.toContain(id);
});

it('bakes before it is successful', async () => {
  const here = await fleet(1);
  await here.start({ Preferences: { InstanceWarmup: 0, BakeTime: 600 } });
  await here.ended('Baking');
  here.table.advance(10 * MINUTE);
  expect((await here.refresh()).Status).toBe('Successful');
});

import {
  DescribeAutoScalingGroupsCommand,
  SetInstanceHealthCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  SuspendProcessesCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import { counts, instances } from '../instance.ts';
import { GROUP, HOUR, MINUTE, stand } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';
import { pace } from './pace.ts';

const DAY = 24 * HOUR;

/** Fewest instances in service and most of all, looked at every five seconds for a while. */
function extremes({ table }: Stand, forMs: number): { fewest: number; most: number } {
  let [fewest, most] = [Infinity, 0];
  for (let gone = 0; gone < forMs; gone += 5000) {
    const rows = table.read((ctx) => ctx.list(instances, 'group', GROUP)).filter(counts);
    fewest = Math.min(fewest, rows.filter(({ state }) => state === 'InService').length);
    most = Math.max(most, rows.length);
    table.advance(5000);
  }
  return { fewest, most };
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-max-instance-lifetime.html
it('replaces instances at the end of their lifetime, one at a time in a small group', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 3, MaxInstanceLifetime: 86_400 });
  here.until('InService', 3);
  const old = here.ids();
  here.table.advance(DAY - 5 * MINUTE);
  expect(here.ids('InService')).toEqual(old);
  expect(extremes(here, HOUR)).toEqual({ fewest: 2, most: 3 });
  expect(here.ids('InService')).toHaveLength(3);
  expect(here.ids('InService').filter((id) => old.includes(id))).toEqual([]);
  const causes = (await here.activities()).map(({ Cause }) => Cause);
  expect(causes).toContainEqual(expect.stringContaining('its maximum instance lifetime of 86400 seconds.'));
});

it('refuses a lifetime of less than a day, and takes one back', async () => {
  const here = await stand();
  await here.create({ MaxInstanceLifetime: 100_000 });
  const update = (MaxInstanceLifetime: number): Promise<unknown> =>
    here.asg.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, MaxInstanceLifetime }));
  await expect(update(3600)).rejects.toThrow('MaxInstanceLifetime must be 0 or at least 86400 seconds.');
  await update(0);
  const { AutoScalingGroups } = await here.asg.send(new DescribeAutoScalingGroupsCommand({}));
  expect(AutoScalingGroups?.[0]?.MaxInstanceLifetime).toBeUndefined();
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-maintenance-policy.html
it('launches before it terminates an unhealthy instance where the maintenance policy says so', async () => {
  const here = await stand();
  const InstanceMaintenancePolicy = { MinHealthyPercentage: 100, MaxHealthyPercentage: 200 };
  await here.create({ DesiredCapacity: 2, InstanceMaintenancePolicy });
  here.until('InService', 2);
  const [InstanceId = ''] = here.ids();
  await here.asg.send(new SetInstanceHealthCommand({ InstanceId, HealthStatus: 'Unhealthy' }));
  expect(extremes(here, 20 * MINUTE)).toEqual({ fewest: 2, most: 3 });
  expect(here.ids('InService')).toHaveLength(2);
  expect(here.ids('InService')).not.toContain(InstanceId);
});

describe('the pace of replacements', () => {
  const of = (minPercent: number, maxPercent: number | undefined, desired: number, ready = desired): object =>
    pace({ minPercent, maxPercent }, { desired, ready, outdated: desired });

  it('rounds the minimum up and replaces one at a time where that leaves no room', () => {
    expect(of(90, undefined, 4)).toEqual({ terminable: 1, surge: 0 });
    expect(of(90, undefined, 20)).toEqual({ terminable: 2, surge: 0 });
    expect(of(90, undefined, 1)).toEqual({ terminable: 1, surge: 0 });
    expect(of(90, undefined, 20, 18)).toEqual({ terminable: 0, surge: 0 });
  });

  it('launches beforehand what the maximum allows', () => {
    expect(of(100, 110, 20)).toEqual({ terminable: 0, surge: 2 });
    expect(of(100, 110, 4)).toEqual({ terminable: 0, surge: 1 });
    expect(of(50, 150, 4)).toEqual({ terminable: 2, surge: 2 });
  });
});

// What CloudFormation's rolling update relies on.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html
it('terminates an instance and lowers the capacity while processes are suspended', async () => {
  const here = await stand();
  await here.create({ MinSize: 1, DesiredCapacity: 3 });
  here.until('InService', 3);
  const ScalingProcesses = [
    'HealthCheck',
    'ReplaceUnhealthy',
    'AZRebalance',
    'AlarmNotification',
    'ScheduledActions',
  ];
  await here.asg.send(new SuspendProcessesCommand({ AutoScalingGroupName: GROUP, ScalingProcesses }));
  const end = (InstanceId = ''): Promise<unknown> => {
    const input = { InstanceId, ShouldDecrementDesiredCapacity: true };
    return here.asg.send(new TerminateInstanceInAutoScalingGroupCommand(input));
  };
  const [first, second, third] = here.ids();
  await end(first);
  await end(second);
  here.table.advance(10 * MINUTE);
  expect(here.ids()).toEqual([third]);
  await expect(end(third)).rejects.toThrow(/^Currently, desiredSize equals minSize \(1\)\./);
});

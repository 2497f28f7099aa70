import {
  DescribeAutoScalingGroupsCommand,
  ResumeProcessesCommand,
  SetDesiredCapacityCommand,
  SetInstanceProtectionCommand,
  SuspendProcessesCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { expect, it } from 'vitest';
import { injections } from '#cloud/injections.ts';
import { instances as ec2 } from '#cloud/ports/instances.ts';
import { instances } from '../instance.ts';
import { GROUP, HOUR, MINUTE, stand } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';
import { moves } from './balance.ts';

const resize = ({ asg }: Stand, DesiredCapacity: number): Promise<unknown> =>
  asg.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity }));

function shortage({ table }: Stand, zone: string): () => void {
  const injection = { kind: 'capacity-shortage', zone } as const;
  table.act((ctx) => ctx.everywhere.put(injections, { id: zone, injection, startedAt: ctx.now }));
  return () => table.act((ctx) => ctx.everywhere.delete(injections, zone));
}

it('launches the desired capacity evenly over the zones, with the group tag and the propagated tags', async () => {
  const here = await stand();
  const Tags = [
    { Key: 'team', Value: 'blue', PropagateAtLaunch: true },
    { Key: 'cost', Value: '1', PropagateAtLaunch: false },
  ];
  await here.create({ DesiredCapacity: 4, Tags });
  here.until('InService', 4);
  expect(here.zonesOf('InService').toSorted()).toEqual([...here.zones, ...here.zones].toSorted());
  const [id = ''] = here.ids();
  const tags = here.table.read((ctx) => ctx.port(ec2).facts(ctx, id)?.tags);
  expect(tags).toMatchObject({ 'aws:autoscaling:groupName': GROUP, team: 'blue' });
  expect(tags).not.toHaveProperty('cost');
});

// Words as in https://docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html
it('tells in its activities why instances were launched and terminated', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 2 });
  here.until('InService', 2);
  await resize(here, 1);
  here.until('Terminating', 1);
  here.table.advance(10 * MINUTE);
  const [ended, launched] = await here.activities();
  expect(launched).toMatchObject({ StatusCode: 'Successful', Progress: 100 });
  expect(launched?.Description).toMatch(/^Launching a new EC2 instance: i-[0-9a-f]{17}$/);
  expect(launched?.Cause).toMatch(
    /^At \S+Z a user request created an AutoScalingGroup changing the desired capacity from 0 to 2\. {2}At \S+Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 2\.$/,
  );
  expect(ended?.Description).toMatch(/^Terminating EC2 instance: i-/);
  expect(ended?.Cause).toMatch(
    /^At \S+Z a user request explicitly set group desired capacity changing the desired capacity from 2 to 1\. {2}At \S+Z an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from 2 to 1\. {2}At \S+Z instance i-[0-9a-f]+ was selected for termination\.$/,
  );
});

it('refuses a desired capacity outside of the bounds', async () => {
  const here = await stand();
  await here.create({ MinSize: 1, MaxSize: 2 });
  await expect(resize(here, 3)).rejects.toThrow(
    'New SetDesiredCapacity value 3 is above max value 2 for the AutoScalingGroup.',
  );
  await expect(resize(here, 0)).rejects.toThrow(
    'New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup.',
  );
});

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
it('moves the desired capacity into new bounds when the update names none', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 2 });
  await here.asg.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, MinSize: 3 }));
  const { AutoScalingGroups = [] } = await here.asg.send(new DescribeAutoScalingGroupsCommand({}));
  expect(AutoScalingGroups[0]).toMatchObject({ MinSize: 3, DesiredCapacity: 3 });
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html
it('launches in another zone where one has no capacity, and evens zones out when it has again', async () => {
  const here = await stand();
  const over = shortage(here, here.zones[1] as string);
  await here.create({ DesiredCapacity: 4 });
  here.until('InService', 4);
  expect(new Set(here.zonesOf('InService'))).toEqual(new Set([here.zones[0]]));
  const failed = (await here.activities()).find(({ StatusCode }) => StatusCode === 'Failed');
  expect(failed?.StatusMessage).toMatch(/ Launching EC2 instance failed\.$/);
  over();
  // Launches come before terminations: the group is never smaller than desired.
  let least = 4;
  const { world } = here.table;
  for (const end = world.now + 2 * HOUR; world.step(end);)
    least = Math.min(least, here.ids('InService').length);
  expect(least).toBe(4);
  const [one, other] = here.zones.map((zone) => here.zonesOf('InService').filter((of) => of === zone).length);
  expect([one, other]).toEqual([2, 2]);
  const causes = (await here.activities()).map(({ Cause }) => Cause ?? '');
  expect(
    causes.some((cause) => cause.includes("An instance was launched to aid in balancing the group's zones.")),
  ).toBe(true);
});

it('leaves zones as they are while AZRebalance is suspended', async () => {
  const here = await stand();
  const over = shortage(here, here.zones[1] as string);
  await here.create({ DesiredCapacity: 4 });
  here.until('InService', 4);
  await here.asg.send(
    new SuspendProcessesCommand({ AutoScalingGroupName: GROUP, ScalingProcesses: ['AZRebalance'] }),
  );
  over();
  here.table.advance(2 * HOUR);
  expect(new Set(here.zonesOf('InService'))).toEqual(new Set([here.zones[0]]));
});

it('launches nothing while Launch is suspended, and what is missing when it is resumed', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 0 });
  const processes = { AutoScalingGroupName: GROUP, ScalingProcesses: ['Launch'] };
  await here.asg.send(new SuspendProcessesCommand(processes));
  await resize(here, 1);
  here.table.advance(HOUR);
  expect(here.ids()).toEqual([]);
  await here.asg.send(new ResumeProcessesCommand(processes));
  here.until('InService', 1);
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html
it('lowers the desired capacity and terminates nothing where all instances are protected from scale-in', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 2, NewInstancesProtectedFromScaleIn: true });
  here.until('InService', 2);
  await resize(here, 1);
  here.table.advance(HOUR);
  expect(here.ids('InService')).toHaveLength(2);
  const told =
    'Could not scale to desired capacity because all remaining instances are protected from scale-in.';
  expect((await here.activities()).filter(({ Description }) => Description === told)).toHaveLength(1);
  const [free = ''] = here.ids();
  const unprotect = { AutoScalingGroupName: GROUP, InstanceIds: [free], ProtectedFromScaleIn: false };
  await here.asg.send(new SetInstanceProtectionCommand(unprotect));
  here.table.advance(HOUR);
  expect(here.ids('InService')).not.toContain(free);
  expect(here.ids('InService')).toHaveLength(1);
});

it('takes the newest instance of the fullest zone under NewestInstance', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 2, TerminationPolicies: ['NewestInstance'] });
  here.until('InService', 2);
  await resize(here, 3);
  here.until('InService', 3);
  const newest = here.ids().at(-1);
  await resize(here, 2);
  here.until('Terminating', 1);
  expect(here.ids('Terminating')).toEqual([newest]);
});

it('sleeps while nothing changes', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 3 });
  here.until('InService', 3);
  here.table.advance(HOUR);
  let looks = 0;
  const stop = here.table.world.observe(
    ({ cause }) => void (looks += cause.name.startsWith('autoscaling/') ? 1 : 0),
  );
  here.table.advance(24 * HOUR);
  stop();
  expect(looks).toBe(0);
});

it('launches large numbers in batches', async () => {
  const here = await stand();
  await here.create({ MaxSize: 100, DesiredCapacity: 50 });
  here.table.until((ctx) => ctx.list(instances).length > 0, MINUTE);
  expect(here.ids()).toHaveLength(20);
  here.until('InService', 50);
});

it('moves instances out of zones that a group has left before it evens out the others', () => {
  const counts = new Map([
    ['a', 3],
    ['b', 1],
    ['c', 1],
  ]);
  expect(moves(counts, ['a', 'b'], counts)).toEqual(['b']);
  expect(moves(counts, ['a', 'b', 'c'], counts)).toEqual(['b']);
  expect(moves(counts, ['a', 'b', 'c'], new Map())).toEqual([]);
});

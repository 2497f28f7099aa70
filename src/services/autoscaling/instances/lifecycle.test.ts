import {
  CompleteLifecycleActionCommand,
  DeleteAutoScalingGroupCommand,
  DeleteLifecycleHookCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeLifecycleHooksCommand,
  DetachInstancesCommand,
  EnterStandbyCommand,
  ExitStandbyCommand,
  PutLifecycleHookCommand,
  RecordLifecycleActionHeartbeatCommand,
  SetDesiredCapacityCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { instances as ec2 } from '#cloud/ports/instances.ts';
import { instances } from '../instance.ts';
import { balanced, GROUP, HOUR, MINUTE, stand } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';
import { actions } from './lifecycle-hooks.ts';

const LAUNCHING = 'autoscaling:EC2_INSTANCE_LAUNCHING';
const TERMINATING = 'autoscaling:EC2_INSTANCE_TERMINATING';

const hook = (
  name: string,
  transition: string,
  more: object = {},
): { LifecycleHookName: string; LifecycleTransition: string } => ({
  LifecycleHookName: name,
  LifecycleTransition: transition,
  ...more,
});

const answer = (
  { asg }: Stand,
  name: string,
  InstanceId: string,
  LifecycleActionResult: string,
): Promise<unknown> =>
  asg.send(
    new CompleteLifecycleActionCommand({
      AutoScalingGroupName: GROUP,
      LifecycleHookName: name,
      InstanceId,
      LifecycleActionResult,
    }),
  );

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html
it('keeps a new instance waiting until every launch hook has continued', async () => {
  const here = await stand();
  const LifecycleHookSpecificationList = [hook('one', LAUNCHING), hook('two', LAUNCHING)];
  await here.create({ DesiredCapacity: 1, LifecycleHookSpecificationList });
  here.until('Pending:Wait', 1);
  const [id = ''] = here.ids();
  await answer(here, 'one', id, 'CONTINUE');
  here.table.advance(10 * MINUTE);
  expect(await here.stateOf(id)).toBe('Pending:Wait');
  await answer(here, 'two', id, 'CONTINUE');
  here.until('InService', 1, MINUTE);
});

it('terminates and replaces an instance whose launch hook times out, since ABANDON is the default', async () => {
  const here = await stand();
  await here.create({
    DesiredCapacity: 1,
    LifecycleHookSpecificationList: [hook('slow', LAUNCHING, { HeartbeatTimeout: 60 })],
  });
  here.until('Pending:Wait', 1);
  const [first = ''] = here.ids();
  expect(here.until('Terminating', 1)).toBe(MINUTE);
  here.until('Pending:Wait', 1);
  expect(here.ids('Pending:Wait')).not.toEqual([first]);
  const launched = (await here.activities()).findLast(({ Description }) =>
    Description?.startsWith('Launching'),
  );
  // https://docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html
  expect(launched?.StatusCode).toBe('Cancelled');
  expect(launched?.StatusMessage).toMatch(
    /^Instance failed to complete user's Lifecycle Action: Lifecycle Action with token [0-9a-f-]{36} was abandoned: Heartbeat Timeout$/,
  );
});

it('waits for an hour where a hook names no heartbeat, and longer with heartbeats', async () => {
  const here = await stand();
  await here.create({
    DesiredCapacity: 1,
    LifecycleHookSpecificationList: [hook('hour', LAUNCHING, { DefaultResult: 'CONTINUE' })],
  });
  here.until('Pending:Wait', 1);
  const [id = ''] = here.ids();
  here.table.advance(50 * MINUTE);
  const beat = { AutoScalingGroupName: GROUP, LifecycleHookName: 'hour', InstanceId: id };
  await here.asg.send(new RecordLifecycleActionHeartbeatCommand(beat));
  here.table.advance(HOUR - 1);
  expect(await here.stateOf(id)).toBe('Pending:Wait');
  here.until('InService', 1, MINUTE);
  const { LifecycleHooks = [] } = await here.asg.send(
    new DescribeLifecycleHooksCommand({ AutoScalingGroupName: GROUP }),
  );
  // The lesser of 48 hours and 100 heartbeats:
  // https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LifecycleHook.html
  expect(LifecycleHooks[0]).toMatchObject({
    HeartbeatTimeout: 3600,
    GlobalTimeout: 172_800,
    DefaultResult: 'CONTINUE',
  });
});

it('knows no action that is over, by instance or by token', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 1, LifecycleHookSpecificationList: [hook('h', LAUNCHING)] });
  here.until('Pending:Wait', 1);
  const [id = ''] = here.ids();
  const token = here.table.read((ctx) => ctx.list(actions)[0]?.token as string);
  const byToken = {
    AutoScalingGroupName: GROUP,
    LifecycleHookName: 'h',
    LifecycleActionToken: token,
    LifecycleActionResult: 'CONTINUE',
  };
  await here.asg.send(new CompleteLifecycleActionCommand(byToken));
  await expect(here.asg.send(new CompleteLifecycleActionCommand(byToken))).rejects.toThrow(
    `No active Lifecycle Action found with token ${token}`,
  );
  await expect(answer(here, 'h', id, 'CONTINUE')).rejects.toThrow(
    `No active Lifecycle Action found with instance ID ${id}`,
  );
});

it('deregisters and drains an instance before its termination hook, and terminates it after', async () => {
  const here = await stand();
  const TargetGroupARNs = [await balanced(here)];
  await here.create({
    DesiredCapacity: 1,
    TargetGroupARNs,
    LifecycleHookSpecificationList: [hook('logs', TERMINATING)],
  });
  here.until('InService', 1);
  const [id = ''] = here.ids();
  here.table.advance(5 * MINUTE); // The target is known to the balancer by now.
  await here.asg.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity: 0 }));
  here.until('Terminating', 1);
  here.table.advance(0);
  expect((await here.activities())[0]?.StatusCode).toBe('WaitingForELBConnectionDraining');
  expect(here.until('Terminating:Wait', 1)).toBe(MINUTE);
  expect((await here.activities())[0]?.StatusCode).toBe('MidLifecycleAction');
  const state = (): string | undefined => here.table.read((ctx) => ctx.port(ec2).facts(ctx, id)?.state);
  expect(state()).toBe('running');
  await answer(here, 'logs', id, 'ABANDON');
  here.table.until((ctx) => ctx.list(instances).length === 0, 10 * MINUTE);
  expect(state() ?? 'terminated').toBe('terminated');
});

it('continues or abandons what waits for a hook that is deleted', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 1, LifecycleHookSpecificationList: [hook('h', LAUNCHING)] });
  here.until('Pending:Wait', 1);
  const [id = ''] = here.ids();
  await here.asg.send(
    new DeleteLifecycleHookCommand({ AutoScalingGroupName: GROUP, LifecycleHookName: 'h' }),
  );
  here.until('InService', 1);
  expect(here.ids('InService')).not.toContain(id); // ABANDON for launching instances.
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html
it('puts an instance into standby and back, with the desired capacity following', async () => {
  const here = await stand();
  await here.create({ MinSize: 1, DesiredCapacity: 2, LifecycleHookSpecificationList: [] });
  here.until('InService', 2);
  const [id = ''] = here.ids();
  const where = { AutoScalingGroupName: GROUP, InstanceIds: [id] };
  const { Activities = [] } = await here.asg.send(
    new EnterStandbyCommand({ ...where, ShouldDecrementDesiredCapacity: true }),
  );
  expect(Activities[0]?.Description).toBe(`Moving EC2 instance to Standby: ${id}`);
  expect(Activities[0]?.Cause).toMatch(
    /was moved to standby in response to a user request, shrinking the capacity from 2 to 1\.$/,
  );
  here.until('Standby', 1);
  here.table.advance(HOUR);
  expect(here.ids()).toHaveLength(2);
  await here.asg.send(new ExitStandbyCommand(where));
  expect(await here.stateOf(id)).toBe('Pending');
  here.until('InService', 2);
  const { AutoScalingGroups = [] } = await here.asg.send(new DescribeAutoScalingGroupsCommand({}));
  expect(AutoScalingGroups[0]?.DesiredCapacity).toBe(2);
});

it('replaces an instance in standby where the desired capacity stays', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 1 });
  here.until('InService', 1);
  const InstanceIds = here.ids();
  await here.asg.send(
    new EnterStandbyCommand({
      AutoScalingGroupName: GROUP,
      InstanceIds,
      ShouldDecrementDesiredCapacity: false,
    }),
  );
  here.until('Standby', 1);
  here.until('InService', 1);
});

// Observed on AWS by the authors of moto (tests/test_autoscaling/test_elb.py, test_standby_terminate_instance_decrement).
it.each(['terminated', 'detached'])('shrinks by an instance that is %s in standby', async (how) => {
  const here = await stand();
  await here.create({ DesiredCapacity: 2, MinSize: 0, MaxSize: 4 });
  here.until('InService', 2);
  const [InstanceId = ''] = here.ids();
  const where = { AutoScalingGroupName: GROUP, InstanceIds: [InstanceId] };
  await here.asg.send(new EnterStandbyCommand({ ...where, ShouldDecrementDesiredCapacity: false }));
  here.until('Standby', 1);
  here.until('InService', 2);
  const ShouldDecrementDesiredCapacity = true;
  if (how === 'detached')
    await here.asg.send(new DetachInstancesCommand({ ...where, ShouldDecrementDesiredCapacity }));
  else {
    const asked = { InstanceId, ShouldDecrementDesiredCapacity };
    await here.asg.send(new TerminateInstanceInAutoScalingGroupCommand(asked));
  }
  here.until('InService', 1);
  const { AutoScalingGroups = [] } = await here.asg.send(new DescribeAutoScalingGroupsCommand({}));
  expect(AutoScalingGroups[0]?.DesiredCapacity).toBe(1);
});

it('refuses standby below the minimum, and for what is not in service', async () => {
  const here = await stand();
  await here.create({ MinSize: 1, MaxSize: 1, DesiredCapacity: 1 });
  here.table.until((ctx) => ctx.list(instances).length === 1, MINUTE);
  const [id = ''] = here.ids();
  const where = { AutoScalingGroupName: GROUP, InstanceIds: [id], ShouldDecrementDesiredCapacity: true };
  await expect(here.asg.send(new EnterStandbyCommand(where))).rejects.toThrow(
    `The instance ${id} is not in InService`,
  );
  here.until('InService', 1);
  await expect(here.asg.send(new EnterStandbyCommand(where))).rejects.toThrow(
    'AutoScalingGroup web has min-size=1, max-size=1, and desired-size=1. To place into standby 1 instance, please update the AutoScalingGroup sizes appropriately.',
  );
});

it('lets a detached instance run on and replaces it', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 1, LifecycleHookSpecificationList: [hook('never', TERMINATING)] });
  here.until('InService', 1);
  const [id = ''] = here.ids();
  const where = { AutoScalingGroupName: GROUP, InstanceIds: [id], ShouldDecrementDesiredCapacity: false };
  await here.asg.send(new DetachInstancesCommand(where));
  here.table.advance(10 * MINUTE);
  expect(here.ids('InService')).toHaveLength(1);
  expect(here.ids()).not.toContain(id);
  expect(here.table.read((ctx) => ctx.port(ec2).facts(ctx, id)?.state)).toBe('running');
});

it('terminates an instance on request, and shrinks only where the minimum allows', async () => {
  const here = await stand();
  await here.create({ MinSize: 1, DesiredCapacity: 1 });
  here.until('InService', 1);
  const [InstanceId = ''] = here.ids();
  const shrink = new TerminateInstanceInAutoScalingGroupCommand({
    InstanceId,
    ShouldDecrementDesiredCapacity: true,
  });
  await expect(here.asg.send(shrink)).rejects.toThrow('Currently, desiredSize equals minSize (1).');
  await here.asg.send(
    new TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity: false }),
  );
  here.table.advance(10 * MINUTE);
  expect(here.ids('InService')).toHaveLength(1);
  expect(here.ids()).not.toContain(InstanceId);
});

it('deletes a group with instances only by force, without hooks', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 2, LifecycleHookSpecificationList: [hook('never', TERMINATING)] });
  here.until('InService', 2);
  await expect(
    here.asg.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: GROUP })),
  ).rejects.toThrow(
    'You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.',
  );
  await here.asg.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, ForceDelete: true }));
  here.table.advance(10 * MINUTE);
  const { AutoScalingGroups = [] } = await here.asg.send(new DescribeAutoScalingGroupsCommand({}));
  expect([AutoScalingGroups, here.ids()]).toEqual([[], []]);
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/prepare-for-lifecycle-notifications.html
it('tells the queue of a hook, under the role of the hook, which instance waits and with which token', async () => {
  const here = await stand();
  const sqs = here.table.client(SQSClient);
  const iam = here.table.client(IAMClient);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'hooks' }));
  const NotificationTargetARN = 'arn:aws:sqs:us-east-1:000000000000:hooks';
  const Statement = [
    { Effect: 'Allow', Principal: { Service: 'autoscaling.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'hooks', AssumeRolePolicyDocument }));
  const allowed = [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: NotificationTargetARN }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: allowed });
  await here.create();
  const put = new PutLifecycleHookCommand({
    AutoScalingGroupName: GROUP,
    ...hook('register', LAUNCHING),
    NotificationTargetARN,
    RoleARN: Role?.Arn,
    NotificationMetadata: 'licence',
  });
  await expect(here.asg.send(put)).rejects.toThrow('Unable to publish test message to notification target');
  await iam.send(new PutRolePolicyCommand({ RoleName: 'hooks', PolicyName: 'send', PolicyDocument }));
  here.table.advance(MINUTE);
  await here.asg.send(put);
  await here.asg.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity: 1 }));
  here.until('Pending:Wait', 1);
  here.table.advance(1000);
  const bodies: Record<string, string>[] = [];
  for (let i = 0; i < 3; i += 1) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    bodies.push(...Messages.map(({ Body }) => JSON.parse(Body ?? '') as Record<string, string>));
  }
  expect(bodies.find(({ Event }) => Event === 'autoscaling:TEST_NOTIFICATION')?.AutoScalingGroupName).toBe(
    GROUP,
  );
  const told = bodies.find(({ LifecycleTransition }) => LifecycleTransition === LAUNCHING);
  expect(told).toMatchObject({
    EC2InstanceId: here.ids()[0],
    LifecycleHookName: 'register',
    NotificationMetadata: 'licence',
    Origin: 'EC2',
    Destination: 'AutoScalingGroup',
  });
  const LifecycleActionToken = told?.LifecycleActionToken;
  const names = { AutoScalingGroupName: GROUP, LifecycleHookName: 'register' };
  const go = { ...names, LifecycleActionToken, LifecycleActionResult: 'CONTINUE' };
  await here.asg.send(new CompleteLifecycleActionCommand(go));
  here.until('InService', 1);
});

it('refuses a hook whose target does not take the test message', async () => {
  const here = await stand();
  await here.create();
  const NotificationTargetARN = 'arn:aws:sns:us-east-1:000000000000:nowhere';
  const RoleARN = 'arn:aws:iam::000000000000:role/nobody';
  const put = new PutLifecycleHookCommand({
    AutoScalingGroupName: GROUP,
    ...hook('h', LAUNCHING),
    NotificationTargetARN,
    RoleARN,
  });
  await expect(here.asg.send(put)).rejects.toThrow(
    `Unable to publish test message to notification target ${NotificationTargetARN}`,
  );
});

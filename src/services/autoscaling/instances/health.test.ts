import {
  SetInstanceHealthCommand,
  SuspendProcessesCommand,
  ResumeProcessesCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { expect, it } from 'vitest';
import { injectionChanged, injections } from '#cloud/injections.ts';
import { instances } from '../instance.ts';
import { balanced, GROUP, HOUR, MINUTE, stand } from '../test-stand.ts';

it('replaces at once an instance that somebody terminated', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 1, HealthCheckGracePeriod: 3600 });
  here.until('InService', 1);
  const [id = ''] = here.ids();
  await here.table.client(EC2Client).send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  here.table.advance(10 * MINUTE);
  expect(here.ids('InService')).toHaveLength(1);
  const [launched, ended] = await here.activities();
  expect(ended?.Cause).toMatch(
    /in response to an EC2 health check indicating it has been terminated or stopped\.$/,
  );
  expect(launched?.Cause).toMatch(
    /an instance was launched in response to an unhealthy instance needing to be replaced\.$/,
  );
});

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html
it('respects the grace period when users call an instance unhealthy, unless told not to', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 1, HealthCheckGracePeriod: 3600 });
  here.until('InService', 1);
  const [InstanceId = ''] = here.ids();
  await here.asg.send(new SetInstanceHealthCommand({ InstanceId, HealthStatus: 'Unhealthy' }));
  here.table.advance(30 * MINUTE);
  expect(here.ids('InService')).toEqual([InstanceId]);
  const now = { InstanceId, HealthStatus: 'Unhealthy', ShouldRespectGracePeriod: false };
  await here.asg.send(new SetInstanceHealthCommand(now));
  here.table.advance(10 * MINUTE);
  expect(here.ids('InService')).not.toContain(InstanceId);
  expect((await here.activities())[1]?.Cause).toMatch(/in response to a user health-check\.$/);
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
it('marks but does not replace while ReplaceUnhealthy is suspended', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 1 });
  here.until('InService', 1);
  const [InstanceId = ''] = here.ids();
  const processes = { AutoScalingGroupName: GROUP, ScalingProcesses: ['ReplaceUnhealthy'] };
  await here.asg.send(new SuspendProcessesCommand(processes));
  await here.asg.send(new SetInstanceHealthCommand({ InstanceId, HealthStatus: 'Unhealthy' }));
  here.table.advance(HOUR);
  expect(here.table.read((ctx) => ctx.get(instances, InstanceId))).toMatchObject({
    state: 'InService',
    health: 'Unhealthy',
  });
  await here.asg.send(new ResumeProcessesCommand(processes));
  here.until('Terminating', 1, MINUTE);
});

it('terminates the unhealthy and launches nothing while Launch is suspended', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 1 });
  here.until('InService', 1);
  const [InstanceId = ''] = here.ids();
  await here.asg.send(
    new SuspendProcessesCommand({ AutoScalingGroupName: GROUP, ScalingProcesses: ['Launch'] }),
  );
  await here.asg.send(new SetInstanceHealthCommand({ InstanceId, HealthStatus: 'Unhealthy' }));
  here.table.advance(HOUR);
  expect(here.ids()).toEqual([]);
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html
it('waits a few minutes before it replaces an instance whose status checks fail', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 1 });
  here.until('InService', 1);
  here.table.advance(10 * MINUTE);
  const [instanceId = ''] = here.ids();
  const injection = { kind: 'instance-loss', instanceId } as const;
  here.table.act((ctx) => {
    ctx.everywhere.put(injections, { id: 'loss', injection, startedAt: ctx.now });
    ctx.emit(injectionChanged, { injection, active: true });
  });
  expect(here.until('Terminating', 1)).toBeGreaterThanOrEqual(2 * MINUTE);
  expect((await here.activities())[0]?.Cause).toMatch(
    /in response to an EC2 instance status checks failure\.$/,
  );
  here.until('InService', 1);
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/health-check-grace-period.html
it('replaces what a load balancer calls unhealthy, once the grace period is over, and only if told to ask it', async () => {
  const here = await stand();
  const TargetGroupARNs = [await balanced(here)];
  // Nothing listens on the instances, so that the balancer's checks fail.
  await here.create({ DesiredCapacity: 1, TargetGroupARNs, HealthCheckGracePeriod: 600 });
  here.until('InService', 1);
  const [first = ''] = here.ids();
  here.table.advance(HOUR);
  expect(here.ids('InService')).toEqual([first]);
  const elb = { AutoScalingGroupName: GROUP, HealthCheckType: 'ELB' };
  await here.asg.send(new UpdateAutoScalingGroupCommand(elb));
  here.until('Terminating', 1, MINUTE);
  expect((await here.activities())[0]?.Cause).toMatch(/in response to an ELB system health check failure\.$/);
  here.until('InService', 1);
  const replacedAt = here.table.world.now;
  here.until('Terminating', 0);
  here.until('Terminating', 1); // The replacement fails in the same way.
  expect(here.table.world.now - replacedAt).toBeGreaterThanOrEqual(10 * MINUTE);
});

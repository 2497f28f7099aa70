// Services and their rolling deployments. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html

import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import {
  DeleteServiceCommand,
  DescribeServicesCommand,
  ListServicesCommand,
  PutClusterCapacityProvidersCommand,
  StopTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import {
  DeleteListenerCommand,
  DeleteTargetGroupCommand,
  DescribeListenersCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { UpdateServiceCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND, stand, web } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

const update = (one: Stand, more: Partial<UpdateServiceCommandInput>) =>
  one.ecs.send(new UpdateServiceCommand({ cluster: 'shop', service: 'web', ...more }));

/** A steady service of two tasks behind a load balancer; returns its target group. */
async function balancedService(one: Stand): Promise<string> {
  const targetGroupArn = await one.balanced();
  await one.define();
  await one.serve({ loadBalancers: [{ targetGroupArn, containerName: 'web', containerPort: 80 }] });
  one.steady();
  return targetGroupArn;
}

/** Without ids of tasks, targets and deployments. */
const plain = (messages: readonly string[]): string[] =>
  messages.map((message) =>
    message
      .replaceAll(/\(task [0-9a-f]{32}\)/g, '(task T)')
      .replaceAll(/arn:aws:elasticloadbalancing:[^)]*/g, 'TG')
      .replaceAll(/ecs-svc\/\d{19}/g, 'ecs-svc/N'),
  );

describe('a service', () => {
  it('starts its tasks in different zones, and tells of it in its events', async () => {
    const one = await stand();
    const targetGroupArn = await balancedService(one);
    expect(plain(await one.events())).toEqual([
      '(service web) has started 2 tasks: (task T) (task T).',
      '(service web) registered 1 targets in (target-group TG)',
      '(service web) registered 1 targets in (target-group TG)',
      '(service web) (deployment ecs-svc/N) deployment completed.',
      '(service web) has reached a steady state.',
    ]);
    expect(await one.targets(targetGroupArn)).toEqual(['healthy', 'healthy']);
    expect(new Set((await one.tasks()).map(({ availabilityZone }) => availabilityZone)).size).toBe(2);
    const { deployments = [], runningCount } = await one.service();
    expect(runningCount).toBe(2);
    expect(deployments).toHaveLength(1);
    expect(deployments[0]?.rolloutStateReason).toMatch(/^ECS deployment ecs-svc\/\d{19} completed\.$/);
  });

  it('counts a task that nothing checks as healthy after 40 seconds', async () => {
    const one = await stand();
    await one.define();
    await one.serve({ desiredCount: 1 });
    one.steady();
    const [task] = await one.tasks();
    expect(one.table.world.now - Number(task?.startedAt)).toBe(40 * SECOND);
  });

  it('replaces a task that somebody stops', async () => {
    const one = await stand();
    await balancedService(one);
    const [first] = await one.tasks();
    await one.ecs.send(new StopTaskCommand({ cluster: 'shop', task: first?.taskArn }));
    one.table.advance(10 * MINUTE);
    const after = await one.tasks();
    expect(after).toHaveLength(2);
    expect(after.map(({ taskArn }) => taskArn)).not.toContain(first?.taskArn);
  });

  it('starts and stops tasks when its desired count changes', async () => {
    const one = await stand();
    await balancedService(one);
    await update(one, { desiredCount: 5 });
    one.steady();
    expect(await one.tasks()).toHaveLength(5);
    await update(one, { desiredCount: 1 });
    one.steady();
    expect(await one.tasks()).toHaveLength(1);
  });

  it('is deleted only when it is scaled to 0, or by force, and drains before it is inactive', async () => {
    const one = await stand();
    await balancedService(one);
    const named = { cluster: 'shop', service: 'web' };
    await expect(one.ecs.send(new DeleteServiceCommand(named))).rejects.toThrow(
      'The service cannot be stopped while it is scaled above 0.',
    );
    await one.ecs.send(new DeleteServiceCommand({ ...named, force: true }));
    expect((await one.service()).status).toBe('DRAINING');
    await expect(one.serve()).rejects.toThrow('Unable to Start a service that is still Draining.');
    one.table.advance(5 * MINUTE);
    expect((await one.service()).status).toBe('INACTIVE');
    const { serviceArns } = await one.ecs.send(new ListServicesCommand({ cluster: 'shop' }));
    expect(serviceArns).toEqual([]);
  });

  it('is shared out over capacity providers by base and weight', async () => {
    const one = await stand();
    const capacityProviderStrategy = [
      { capacityProvider: 'FARGATE', base: 1, weight: 1 },
      { capacityProvider: 'FARGATE_SPOT', weight: 3 },
    ];
    await one.ecs.send(
      new PutClusterCapacityProvidersCommand({
        cluster: 'shop',
        capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
        defaultCapacityProviderStrategy: [],
      }),
    );
    await one.define();
    await one.serve({ launchType: undefined, capacityProviderStrategy, desiredCount: 5 });
    one.steady();
    const names = (await one.tasks()).map(({ capacityProviderName }) => capacityProviderName);
    expect(names.filter((name) => name === 'FARGATE')).toHaveLength(2);
    expect(names.filter((name) => name === 'FARGATE_SPOT')).toHaveLength(3);
  });

  it.each([
    [
      'no network',
      { networkConfiguration: undefined },
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ],
    ['an unknown task definition', { taskDefinition: 'nothing' }, 'TaskDefinition not found.'],
    ['an unknown cluster', { cluster: 'nowhere' }, 'Cluster not found.'],
    [
      'a role',
      { role: 'ecsRole' },
      'You cannot specify an IAM role for services that require a service linked role.',
    ],
    [
      'a container that is not there',
      { loadBalancers: [{ targetGroupArn: 'arn:x', containerName: 'db', containerPort: 80 }] },
      'The container db does not exist in the task definition.',
    ],
    [
      'a port that is not there',
      { loadBalancers: [{ targetGroupArn: 'arn:x', containerName: 'web', containerPort: 81 }] },
      'The container web did not have a container port 81 defined.',
    ],
  ])('is not created with %s', async (_, more, why) => {
    const one = await stand();
    await one.define();
    await expect(one.serve(more)).rejects.toThrow(why);
  });

  it('with awsvpc takes no target group of instances', async () => {
    const one = await stand();
    const targetGroupArn = await one.balanced('instance');
    await one.define();
    const loadBalancers = [{ targetGroupArn, containerName: 'web', containerPort: 80 }];
    await expect(one.serve({ loadBalancers })).rejects.toThrow(
      'has target type instance, which is incompatible with the awsvpc network mode specified in the task definition.',
    );
  });

  it.each([
    ['deploymentController', { deploymentController: { type: 'CODE_DEPLOY' as const } }],
    ['DAEMON', { schedulingStrategy: 'DAEMON' as const }],
    ['BLUE_GREEN', { deploymentConfiguration: { strategy: 'BLUE_GREEN' as const } }],
  ])('is refused by name with %s', async (_, more) => {
    const one = await stand();
    await one.define();
    await expect(one.serve(more)).rejects.toMatchObject({ $metadata: { httpStatusCode: 501 } });
  });
});

describe('a rolling deployment', () => {
  it('starts new tasks, and drains old ones once those are healthy', async () => {
    const one = await stand();
    const targetGroupArn = await balancedService(one);
    const before = (await one.events()).length;
    const taskDefinition = await one.define([web(undefined, { image: 'shop:v2' })]);
    await update(one, { taskDefinition });
    const { deployments = [] } = await one.service();
    expect(deployments.map(({ status, rolloutState }) => [status, rolloutState])).toEqual([
      ['PRIMARY', 'IN_PROGRESS'],
      ['ACTIVE', 'COMPLETED'],
    ]);
    one.steady();
    expect(plain(await one.events()).slice(before)).toEqual([
      '(service web) has started 2 tasks: (task T) (task T).',
      '(service web) registered 1 targets in (target-group TG)',
      '(service web) registered 1 targets in (target-group TG)',
      '(service web, taskSet ecs-svc/N) has begun draining connections on 1 tasks.',
      '(service web) has stopped 1 running tasks: (task T).',
      '(service web) deregistered 1 targets in (target-group TG)',
      '(service web, taskSet ecs-svc/N) has begun draining connections on 1 tasks.',
      '(service web) has stopped 1 running tasks: (task T).',
      '(service web) deregistered 1 targets in (target-group TG)',
      '(service web) (deployment ecs-svc/N) deployment completed.',
      '(service web) has reached a steady state.',
    ]);
    expect((await one.tasks()).map((task) => task.taskDefinitionArn)).toEqual([
      taskDefinition,
      taskDefinition,
    ]);
    expect(await one.targets(targetGroupArn)).toEqual(['healthy', 'healthy']);
  });

  it('waits until the old tasks have drained', async () => {
    const one = await stand();
    await balancedService(one);
    await update(one, { forceNewDeployment: true });
    const from = one.table.world.now;
    one.steady();
    // A deregistration delay of a minute comes on top of the start of the new tasks.
    expect(one.table.world.now - from).toBeGreaterThan(MINUTE);
    expect((await one.service()).deployments).toHaveLength(1);
  });

  it('keeps to its limits: with 50 and 100 percent old tasks go first', async () => {
    const one = await stand();
    await one.define();
    await one.serve({
      desiredCount: 4,
      deploymentConfiguration: { minimumHealthyPercent: 50, maximumPercent: 100 },
    });
    one.steady();
    await update(one, { forceNewDeployment: true });
    let [least, most] = [4, 0];
    for (let i = 0; i < 60; i += 1) {
      one.table.advance(5 * SECOND);
      const all = await one.tasks();
      most = Math.max(most, all.length);
      least = Math.min(least, all.filter(({ lastStatus }) => lastStatus === 'RUNNING').length);
    }
    expect([least, most]).toEqual([2, 4]);
    expect((await one.service()).deployments).toHaveLength(1);
  });

  it('that leaves no room says so in an event', async () => {
    const one = await stand();
    await one.define();
    await one.serve({
      desiredCount: 1,
      deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 100 },
    });
    one.steady();
    await update(one, { forceNewDeployment: true });
    one.table.advance(5 * MINUTE);
    expect((await one.events()).at(-1)).toBe(
      '(service web) was unable to stop or start tasks during a deployment because of the service deployment ' +
        'configuration. Update the minimumHealthyPercent or maximumPercent value and try again.',
    );
  });

  it('goes on without an end where tasks fail and no circuit breaker is on', async () => {
    const one = await stand();
    await balancedService(one);
    await one.define([web('exits: { after: 1s, code: 1 }')]);
    await update(one, { taskDefinition: 'web' });
    one.table.advance(60 * MINUTE);
    const { deployments = [], runningCount } = await one.service();
    expect(deployments.map(({ status, rolloutState }) => [status, rolloutState])).toEqual([
      ['PRIMARY', 'IN_PROGRESS'],
      ['ACTIVE', 'COMPLETED'],
    ]);
    expect(deployments[0]?.failedTasks).toBeGreaterThan(5);
    expect(runningCount).toBe(2);
    expect(plain(await one.events())).toContain(
      '(service web) is unable to consistently start tasks successfully. For more information, see the Troubleshooting ' +
        'section of the Amazon ECS Developer Guide.',
    );
  });
});

describe('the deployment circuit breaker', () => {
  const BREAKS = { deploymentCircuitBreaker: { enable: true, rollback: true } };

  it('opens after three tasks that do not start, and rolls back', async () => {
    const one = await stand();
    await balancedService(one);
    const [before] = (await one.service()).deployments ?? [];
    const events = (await one.events()).length;
    await one.define([web(undefined, { image: '000000000000.dkr.ecr.us-east-1.amazonaws.com/shop:v9' })], {
      executionRoleArn: 'arn:aws:iam::000000000000:role/missing',
    });
    await update(one, { taskDefinition: 'web', deploymentConfiguration: BREAKS });
    one.failed();
    const { deployments = [] } = await one.service();
    const failed = deployments.find(({ rolloutState }) => rolloutState === 'FAILED');
    expect(failed).toMatchObject({
      status: 'ACTIVE',
      failedTasks: 3,
      rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.',
    });
    expect(deployments[0]).toMatchObject({
      id: before?.id,
      status: 'PRIMARY',
      rolloutStateReason: `ECS deployment circuit breaker: rolling back to deploymentId ${before?.id}.`,
    });
    one.steady();
    const told = (await one.events()).slice(events);
    expect(told).toContain(
      `(service web) (deployment ${failed?.id}) deployment failed: tasks failed to start.`,
    );
    expect(told).toContain(`(service web) rolling back to deployment ${before?.id}.`);
    expect((await one.service()).taskDefinition).toBe(before?.taskDefinition);
    expect((await one.service()).deployments).toHaveLength(1);
  });

  it('opens where the health checks of the load balancer fail', async () => {
    const one = await stand();
    const targetGroupArn = await balancedService(one);
    await one.define([web('application: { health: { path: /, status: 500 } }')]);
    await update(one, { taskDefinition: 'web', deploymentConfiguration: BREAKS });
    one.steady(60 * MINUTE);
    const told = plain(await one.events());
    expect(told).toContain(
      '(service web) (port 80) is unhealthy in (target-group TG) due to (reason Health checks failed with these codes: [500]).',
    );
    expect(told).toContain('(service web) rolling back to deployment ecs-svc/N.');
    expect(await one.targets(targetGroupArn)).toEqual(['healthy', 'healthy']);
    const stopped = (await one.tasks('STOPPED')).map(({ stoppedReason }) => stoppedReason);
    expect(stopped).toContain(`Task failed ELB health checks in (target-group ${targetGroupArn})`);
  });

  it('without a deployment to go back to leaves the service without tasks', async () => {
    const one = await stand();
    await one.define([web('exits: { after: 1s, code: 1 }')]);
    await one.serve({ deploymentConfiguration: BREAKS });
    one.failed();
    one.table.advance(30 * MINUTE);
    const { deployments = [], runningCount, pendingCount } = await one.service();
    expect(deployments.map(({ status, rolloutState }) => [status, rolloutState])).toEqual([
      ['PRIMARY', 'FAILED'],
    ]);
    expect([runningCount, pendingCount]).toEqual([0, 0]);
  });

  it('lets a deployment pass after one task has been healthy', async () => {
    const one = await stand();
    const targetGroupArn = await one.balanced();
    await one.define();
    const loadBalancers = [{ targetGroupArn, containerName: 'web', containerPort: 80 }];
    await one.serve({ loadBalancers, deploymentConfiguration: BREAKS });
    one.steady();
    await one.define([web('exits: { after: 2m, code: 1 }')]);
    await update(one, { taskDefinition: 'web' });
    one.table.advance(30 * MINUTE);
    const { deployments = [] } = await one.service();
    expect(deployments.some(({ rolloutState }) => rolloutState === 'FAILED')).toBe(false);
  });
});

describe('deployment alarms', () => {
  const alarms = { alarmNames: ['errors'], enable: true, rollback: true };

  async function watched(): Promise<{ one: Stand; ring: () => Promise<unknown> }> {
    const one = await stand();
    const cloudwatch = one.table.client(CloudWatchClient);
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName: 'errors',
        Namespace: 'Shop',
        MetricName: 'Errors',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 60,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
      }),
    );
    await balancedService(one);
    await update(one, { deploymentConfiguration: { alarms } });
    one.steady();
    const ring = () =>
      cloudwatch.send(
        new SetAlarmStateCommand({ AlarmName: 'errors', StateValue: 'ALARM', StateReason: 'test' }),
      );
    return { one, ring };
  }

  it('end a deployment and take it back', async () => {
    const { one, ring } = await watched();
    const { taskDefinition } = await one.service();
    await one.define([web(undefined, { image: 'shop:v2' })]);
    await update(one, { taskDefinition: 'web' });
    one.table.advance(MINUTE);
    await ring();
    one.failed();
    expect((await one.service()).taskDefinition).toBe(taskDefinition);
    expect(plain(await one.events())).toContain(
      '(service web) (deployment ecs-svc/N) deployment failed: alarm detected.',
    );
  });

  it('that were in alarm before are ignored', async () => {
    const { one, ring } = await watched();
    await ring();
    await update(one, { forceNewDeployment: true });
    one.steady();
    expect((await one.service()).deployments?.[0]?.rolloutState).toBe('COMPLETED');
  });
});

it('targets that cannot be registered are told of, and their tasks fail', async () => {
  const one = await stand();
  const targetGroupArn = await one.balanced();
  await one.define();
  await one.serve({
    desiredCount: 0,
    loadBalancers: [{ targetGroupArn, containerName: 'web', containerPort: 80 }],
  });
  const { Listeners = [] } = await one.elb.send(
    new DescribeListenersCommand({ LoadBalancerArn: await one.loadBalancer() }),
  );
  await one.elb.send(new DeleteListenerCommand({ ListenerArn: Listeners[0]?.ListenerArn }));
  await one.elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: targetGroupArn }));
  await update(one, { desiredCount: 1 });
  one.table.advance(2 * MINUTE);
  expect(plain(await one.events())).toContain(
    '(service web) failed to register targets in (target-group TG) with (error One or more target groups not found)',
  );
  expect((await one.tasks('STOPPED'))[0]?.stopCode).toBe('TaskFailedToStart');
});

describe('the grace period', () => {
  it('lets slow tasks be unhealthy for so long', async () => {
    const one = await stand();
    const targetGroupArn = await one.balanced();
    await one.define([web('application: { start: 90s }')]);
    const loadBalancers = [{ targetGroupArn, containerName: 'web', containerPort: 80 }];
    await one.serve({ loadBalancers, healthCheckGracePeriodSeconds: 150 });
    one.steady();
    expect(await one.tasks('STOPPED')).toEqual([]);
  });

  it('is for services with load balancers only', async () => {
    const one = await stand();
    await one.define();
    await expect(one.serve({ healthCheckGracePeriodSeconds: 60 })).rejects.toThrow(
      'Health check grace period is only valid for services configured to use load balancers',
    );
  });
});

it('services that are not there are failures of a description', async () => {
  const one = await stand();
  const { failures } = await one.ecs.send(
    new DescribeServicesCommand({ cluster: 'shop', services: ['web'] }),
  );
  expect(failures).toEqual([
    { arn: 'arn:aws:ecs:us-east-1:000000000000:service/shop/web', reason: 'MISSING' },
  ]);
});

// Deployments of a service: the one that is to be there, and those whose tasks it replaces.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { tellDeployment, tellService } from '../events.ts';
import { serviceRole } from '../network.ts';
import { deployments, services, tasks } from '../tables.ts';
import type { Deployment, Launch, Service, Task } from '../tables.ts';
import { addEvent } from './service-events.ts';

type Shown = NonNullable<
  NonNullable<Output<'ecs', 'DescribeServices'>['services']>[number]['deployments']
>[number];

const LEAST_FAILURES = 3;
const MOST_FAILURES = 200;

/** Newest first. */
export function deploymentsOf(ctx: Ctx, key: string): Deployment[] {
  return ctx.list(deployments, 'service', key).toSorted((left, right) => right.ordinal - left.ordinal);
}

/** Begins a deployment; what was the primary one becomes one that is replaced. */
export function deploy(ctx: Ctx, service: Service, launch: Launch): Deployment {
  const others = deploymentsOf(ctx, service.key);
  for (const one of others) if (one.status === 'PRIMARY') ctx.update(deployments, one, { status: 'ACTIVE' });
  const id = `ecs-svc/${ctx.id('ecs-deployment', 19, '0123456789')}`;
  const row: Deployment = {
    ...launch,
    id,
    service: service.key,
    status: 'PRIMARY',
    rolloutState: 'IN_PROGRESS',
    reason: `ECS deployment ${id} in progress.`,
    ordinal: (others[0]?.ordinal ?? 0) + 1,
    failedTasks: 0,
    proven: false,
    completedOnce: false,
    ignoredAlarms: alarmsIn(ctx, service),
    createdAt: ctx.now,
    updatedAt: ctx.now,
  };
  ctx.put(deployments, row);
  tellDeployment(ctx, service, row);
  return row;
}

/** The deployment alarms of a service that are in alarm now. */
export function alarmsIn(ctx: Ctx, { configuration }: Service): string[] {
  const { alarms } = configuration;
  if (!alarms?.enable || alarms.alarmNames.length === 0) return [];
  const found = ctx.call(
    'monitoring',
    'DescribeAlarms',
    { AlarmNames: [...alarms.alarmNames] },
    serviceRole(ctx),
  );
  if (!found.ok) return [];
  const { MetricAlarms = [], CompositeAlarms = [] } = found.output;
  return [...MetricAlarms, ...CompositeAlarms]
    .filter(({ StateValue }) => StateValue === 'ALARM')
    .map(({ AlarmName = '' }) => AlarmName);
}

export function complete(ctx: Ctx, service: Service, primary: Deployment): void {
  const row = ctx.update(deployments, primary, {
    rolloutState: 'COMPLETED',
    reason: `ECS deployment ${primary.id} completed.`,
    completedOnce: true,
    updatedAt: ctx.now,
  });
  for (const one of deploymentsOf(ctx, service.key)) if (one.id !== row.id) ctx.delete(deployments, one.id);
  addEvent(ctx, service.key, `(deployment ${row.id}) deployment completed.`);
  tellDeployment(ctx, service, row);
}

/** So many failures in a row open the circuit breaker. */
export function breakerThreshold(desiredCount: number): number {
  return Math.min(MOST_FAILURES, Math.max(LEAST_FAILURES, Math.ceil(desiredCount / 2)));
}

/** A deployment has failed. With `rollback` the last one that was completed takes its place. */
export function fail(
  ctx: Ctx,
  service: Service,
  primary: Deployment,
  why: { readonly reason: string; readonly short: string; readonly by: string; readonly rollback: boolean },
): void {
  const last = deploymentsOf(ctx, service.key).find((one) => one.completedOnce && one.id !== primary.id);
  const row = ctx.update(deployments, primary, {
    rolloutState: 'FAILED',
    reason: why.reason,
    updatedAt: ctx.now,
  });
  addEvent(ctx, service.key, `(deployment ${row.id}) deployment failed: ${why.short}`);
  tellDeployment(ctx, service, row);
  if (!why.rollback || !last) return;
  addEvent(ctx, service.key, `rolling back to deployment ${last.id}.`);
  ctx.update(deployments, row, { status: 'ACTIVE' });
  const back = ctx.update(deployments, last, {
    status: 'PRIMARY',
    rolloutState: 'IN_PROGRESS',
    reason: `${why.by}: rolling back to deploymentId ${last.id}.`,
    updatedAt: ctx.now,
    failedTasks: 0,
    proven: false,
  });
  const { id: _, ...launch } = back;
  const { taskDefinition, loadBalancers, strategy, network, launchType, platformVersion } = launch;
  const live = ctx.get(services, service.key) as Service;
  const { network: __, launchType: ___, platformVersion: ____, ...rest } = live;
  ctx.put(services, {
    ...rest,
    taskDefinition,
    loadBalancers,
    strategy,
    steady: false,
    startAt: ctx.now,
    ...(network ? { network } : {}),
    ...(launchType ? { launchType } : {}),
    ...(platformVersion === undefined ? {} : { platformVersion }),
  });
  tellDeployment(ctx, live, back);
}

/** Counts a task that failed. Failures count until one of the deployment's tasks has been healthy. */
export function countFailure(ctx: Ctx, deploymentId: string, task: Task): void {
  ctx.update(tasks, task, { counted: true });
  const row = ctx.get(deployments, deploymentId);
  if (!row || row.proven) return;
  ctx.update(deployments, row, { failedTasks: row.failedTasks + 1, updatedAt: ctx.now });
}

/** A task of a deployment is healthy. */
export function prove(ctx: Ctx, deploymentId: string): void {
  const row = ctx.get(deployments, deploymentId);
  if (row && (!row.proven || row.failedTasks > 0))
    ctx.update(deployments, row, { proven: true, failedTasks: 0 });
}

export function impaired(ctx: Ctx, service: Service): void {
  addEvent(
    ctx,
    service.key,
    'is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.',
  );
  tellService(ctx, service, 'SERVICE_TASK_START_IMPAIRED');
}

/** Tasks that AWS counts as running: those that still answer requests are among them. */
export function isRunning({ lastStatus }: Task): boolean {
  return lastStatus === 'RUNNING' || lastStatus === 'DEACTIVATING';
}

export function isPending({ desiredStatus, lastStatus }: Task): boolean {
  return desiredStatus === 'RUNNING' && lastStatus !== 'RUNNING';
}

export function describeDeployment(ctx: Ctx, service: Service, row: Deployment): Shown {
  const mine = ctx.list(tasks, 'deployment', row.id);
  const { network, launchType, platformVersion } = row;
  return {
    id: row.id,
    status: row.status,
    taskDefinition: row.taskDefinition,
    desiredCount:
      row.status === 'PRIMARY'
        ? service.desiredCount
        : mine.filter((one) => one.desiredStatus === 'RUNNING').length,
    pendingCount: mine.filter(isPending).length,
    runningCount: mine.filter(isRunning).length,
    failedTasks: row.failedTasks,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    rolloutState: row.rolloutState,
    rolloutStateReason: row.reason,
    ...(row.strategy.length > 0 ? { capacityProviderStrategy: row.strategy } : {}),
    ...(launchType === undefined ? {} : { launchType }),
    ...(platformVersion === undefined ? {} : { platformVersion, platformFamily: 'Linux' }),
    ...(network ? { networkConfiguration: { awsvpcConfiguration: network } } : {}),
  };
}

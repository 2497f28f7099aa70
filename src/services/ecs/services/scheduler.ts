// The scheduler of a service: as many healthy tasks of its primary deployment as are desired, and none of others. It compares
// what is with what should be, starts and stops tasks within the limits of the service, and sleeps until something changes.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { injectionChanged } from '#cloud/injections.ts';
import { alarmChanged } from '#cloud/ports/metrics.ts';
import { targetChanged } from '#cloud/ports/routing.ts';
import { tellService } from '../events.ts';
import { containerInstances, deployments, services, tasks } from '../tables.ts';
import type { Deployment, Service, Task } from '../tables.ts';
import { assess } from '../tasks/health.ts';
import { ownersOf } from '../tasks/targets.ts';
import { isLive, SCHEDULER, stopTask } from '../tasks/task-changes.ts';
import { alarmBake, FIRST_THROTTLE_MS, LONGEST_THROTTLE_MS, reaction, THROTTLED_FROM } from '../timings.ts';
import {
  alarmsIn,
  breakerThreshold,
  complete,
  countFailure,
  deploymentsOf,
  fail,
  impaired,
  isRunning,
  prove,
} from './deployments.ts';
import { addEvent, forgetEvents } from './service-events.ts';
import { startTasks } from './service-tasks.ts';

const ofTargets = (ctx: Ctx, of: { targetGroupArn: string; targetId: string }): string[] =>
  ownersOf(ctx, of.targetGroupArn, of.targetId).flatMap((arn) => ctx.get(tasks, arn)?.service ?? []);

export const serviceScheduler: Reconciler<Service, Ctx> = {
  ...SCHEDULER,
  table: services,
  wakes: [
    wake(targetChanged, ofTargets),
    wake(alarmChanged, (ctx: Ctx, { alarmName }) =>
      ctx
        .list(services)
        .filter(({ configuration }) => configuration.alarms?.alarmNames.includes(alarmName))
        .map(({ key }) => key),
    ),
    wake(injectionChanged, (ctx: Ctx, { injection }) =>
      injection.kind === 'zone-loss' || injection.kind === 'capacity-shortage'
        ? ctx.list(services).map(({ key }) => key)
        : [],
    ),
  ],
  step(ctx, service) {
    if (service.status === 'INACTIVE') return undefined;
    if (service.status === 'DRAINING') return drain(ctx, service);
    const primary = deploymentsOf(ctx, service.key).find(({ status }) => status === 'PRIMARY');
    return primary && schedule(ctx, service, primary);
  },
};

/** A service that was deleted: gone once its tasks are. */
function drain(ctx: Ctx, service: Service): undefined {
  const left = ctx.list(tasks, 'service', service.key);
  for (const task of left) stopTask(ctx, task, 'ServiceSchedulerInitiated', 'Service deleted');
  if (left.some(({ lastStatus }) => lastStatus !== 'STOPPED')) return;
  for (const { id } of deploymentsOf(ctx, service.key)) ctx.delete(deployments, id);
  forgetEvents(ctx, service.key);
  ctx.update(services, ctx.get(services, service.key) as Service, { status: 'INACTIVE' });
}

/** Several looks within one step would write old rows over new ones. */
function fresh(ctx: Ctx, { key }: Service): Service {
  return ctx.get(services, key) as Service;
}

function schedule(ctx: Ctx, service: Service, first: Deployment): number | undefined {
  const all = ctx.list(tasks, 'service', service.key);
  const found = assess(ctx, service, all);
  for (const { task } of found.filter(({ healthy }) => healthy)) {
    if (!task.healthy) ctx.update(tasks, task, { healthy: true });
    if (task.deploymentId !== undefined) prove(ctx, task.deploymentId);
  }
  replaceUnhealthy(ctx, service, found);
  countFailures(ctx, service);
  if (giveUp(ctx, service, ctx.get(deployments, first.id) as Deployment)) return ctx.now;
  const healthy = new Set(found.flatMap((one) => (one.healthy ? [one.task.arn] : [])));
  const retry = balance(ctx, fresh(ctx, service), first.id, healthy);
  const settled = settle(ctx, fresh(ctx, service), healthy);
  const looks = [retry, settled, ...found.map(({ lookAt }) => lookAt)];
  const ahead = looks.filter((at): at is number => at !== undefined && at > ctx.now);
  return ahead.length > 0 ? Math.min(...ahead) : undefined;
}

/** Stops tasks whose health checks have failed. */
function replaceUnhealthy(ctx: Ctx, service: Service, found: ReturnType<typeof assess>): void {
  for (const { task, unhealthy } of found) {
    if (!unhealthy || !isLive(task)) continue;
    addEvent(ctx, service.key, unhealthy.event);
    const live = ctx.get(tasks, task.arn) as Task;
    stopOne(ctx, service, live, unhealthy.reason, !live.healthy);
  }
}

/** Stops a task of a service, and says so. */
function stopOne(ctx: Ctx, service: Service, task: Task, reason: string, failed: boolean = false): void {
  if (task.targets.length > 0 && task.lastStatus === 'RUNNING')
    addEvent(
      ctx,
      service.key,
      'has begun draining connections on 1 tasks.',
      `service ${service.name}, taskSet ${task.deploymentId ?? ''}`,
    );
  stopTask(ctx, task, 'ServiceSchedulerInitiated', reason, failed);
}

function countFailures(ctx: Ctx, service: Service): void {
  const failed = ctx.list(tasks, 'service', service.key).filter((task) => task.failed && !task.counted);
  for (const task of failed) {
    if (task.deploymentId !== undefined) countFailure(ctx, task.deploymentId, task);
    const primary = task.deploymentId === undefined ? undefined : ctx.get(deployments, task.deploymentId);
    if (!primary || primary.status !== 'PRIMARY' || primary.failedTasks < THROTTLED_FROM) continue;
    const doublings = Math.min(primary.failedTasks - THROTTLED_FROM, 10);
    const waits = Math.min(LONGEST_THROTTLE_MS, FIRST_THROTTLE_MS * 2 ** doublings);
    ctx.update(services, fresh(ctx, service), { startAt: ctx.now + waits });
    if (primary.failedTasks === THROTTLED_FROM) impaired(ctx, fresh(ctx, service));
  }
}

/** Whether the circuit breaker or an alarm ends the deployment. */
function giveUp(ctx: Ctx, service: Service, primary: Deployment): boolean {
  const { circuitBreaker, alarms } = service.configuration;
  if (primary.rolloutState !== 'IN_PROGRESS') return false;
  if (circuitBreaker?.enable && primary.failedTasks >= breakerThreshold(service.desiredCount)) {
    fail(ctx, fresh(ctx, service), primary, {
      reason: 'ECS deployment circuit breaker: tasks failed to start.',
      short: 'tasks failed to start.',
      by: 'ECS deployment circuit breaker',
      rollback: circuitBreaker.rollback,
    });
    return true;
  }
  const ringing = alarmsIn(ctx, service).filter((name) => !primary.ignoredAlarms.includes(name));
  if (ringing.length === 0) return false;
  fail(ctx, fresh(ctx, service), primary, {
    reason: 'ECS deployment failed: alarm detected.',
    short: 'alarm detected.',
    by: 'ECS deployment failed: alarm detected',
    rollback: alarms?.rollback ?? false,
  });
  return true;
}

/** Starts and stops tasks within the limits. Returns when to try again what could not be done. */
function balance(
  ctx: Ctx,
  service: Service,
  primaryId: string,
  healthy: ReadonlySet<string>,
): number | undefined {
  const primary = ctx.get(deployments, primaryId) as Deployment;
  const live = ctx.list(tasks, 'service', service.key).filter(isLive);
  const mine = live.filter((task) => stays(ctx, task, primaryId));
  const old = live.filter((task) => !stays(ctx, task, primaryId));
  const { desiredCount, configuration } = service;
  const lower = Math.ceil((desiredCount * configuration.minimumHealthyPercent) / 100);
  const upper = Math.floor((desiredCount * configuration.maximumPercent) / 100);
  const able = live.filter(({ arn }) => healthy.has(arn)).length;
  // Tasks that serve nobody go first, then as many others as can be spared.
  const spare = Math.max(0, able - lower);
  const idle = old.filter(({ arn }) => !healthy.has(arn));
  const serving = old.filter(({ arn }) => healthy.has(arn));
  const enough = primary.rolloutState === 'FAILED' ? [] : [...idle, ...serving.slice(0, spare)];
  const excess = mine.length - desiredCount;
  stopAll(ctx, service, [...enough, ...(excess > 0 ? leastWanted(mine, healthy, excess) : [])], primary);
  const missing = desiredCount - mine.length;
  if (missing <= 0 || primary.rolloutState === 'FAILED') return undefined;
  const room = Math.min(missing, upper - (live.length - enough.length));
  if (room <= 0) {
    if (enough.length === 0 && mine.every(({ arn }) => healthy.has(arn)) && live.length > 0)
      stuck(ctx, service);
    return undefined;
  }
  if (ctx.now < service.startAt) return service.startAt;
  const at = reactsAt(ctx, service, primary);
  if (ctx.now < at) return at;
  return startTasks(ctx, fresh(ctx, service), primary, room);
}

/** A task of the primary deployment, unless its container instance drains. */
function stays(ctx: Ctx, { deploymentId, containerInstance }: Task, primaryId: string): boolean {
  if (deploymentId !== primaryId) return false;
  return (
    containerInstance === undefined || ctx.get(containerInstances, containerInstance)?.status !== 'DRAINING'
  );
}

/** ECS takes a moment before it acts on a deployment. */
function reactsAt(
  ctx: Ctx,
  { key }: Service,
  { ordinal, updatedAt, rolloutState, failedTasks }: Deployment,
): number {
  if (rolloutState !== 'IN_PROGRESS' || failedTasks > 0) return ctx.now;
  return updatedAt + ctx.duration(reaction, key, ordinal);
}

const STUCK =
  'was unable to stop or start tasks during a deployment because of the service deployment configuration. ' +
  'Update the minimumHealthyPercent or maximumPercent value and try again.';

function stuck(ctx: Ctx, service: Service): void {
  if (service.obstacle === STUCK) return;
  ctx.update(services, fresh(ctx, service), { obstacle: STUCK });
  addEvent(ctx, service.key, STUCK);
}

/** Of the zone that has most, unhealthy ones and the youngest first. */
function leastWanted(mine: readonly Task[], healthy: ReadonlySet<string>, count: number): Task[] {
  const left = [...mine];
  const chosen: Task[] = [];
  while (chosen.length < count) {
    const inZone = (zone: string): number => left.filter((task) => task.zone === zone).length;
    const [next] = left.toSorted(
      (one, other) =>
        Number(healthy.has(one.arn)) - Number(healthy.has(other.arn)) ||
        inZone(other.zone) - inZone(one.zone) ||
        other.createdAt - one.createdAt ||
        (one.arn < other.arn ? -1 : 1),
    );
    if (!next) break;
    left.splice(left.indexOf(next), 1);
    chosen.push(next);
  }
  return chosen;
}

function stopAll(ctx: Ctx, service: Service, victims: readonly Task[], primary: Deployment): void {
  if (victims.length === 0) return;
  const running = victims.filter(({ lastStatus }) => lastStatus === 'RUNNING');
  for (const task of victims) {
    stopOne(ctx, service, task, `Scaling activity initiated by (deployment ${primary.id})`);
  }
  if (running.length > 0) {
    const names = running.map(({ id }) => `(task ${id})`).join(' ');
    addEvent(ctx, service.key, `has stopped ${running.length} running tasks: ${names}.`);
  }
  const pending = victims.length - running.length;
  if (pending > 0) addEvent(ctx, service.key, `stopped ${pending} pending tasks.`);
}

/** Completes the deployment, and tells of a steady state. Returns when to look again. */
function settle(ctx: Ctx, service: Service, healthy: ReadonlySet<string>): number | undefined {
  const [primary, ...others] = deploymentsOf(ctx, service.key).toSorted(
    (left, right) => Number(right.status === 'PRIMARY') - Number(left.status === 'PRIMARY'),
  );
  if (!primary || primary.rolloutState === 'FAILED') return undefined;
  const all = ctx.list(tasks, 'service', service.key);
  const live = all.filter(isLive);
  const mine = live.filter((task) => stays(ctx, task, primary.id));
  const up = mine.length === service.desiredCount && mine.every(({ arn }) => healthy.has(arn));
  const busy = all.some((task) => !isLive(task) && task.deploymentId !== primary.id && isRunning(task));
  const old = live.length > mine.length;
  if (!up || busy || old) {
    if (service.steady) ctx.update(services, service, { steady: false });
    return undefined;
  }
  if (primary.rolloutState === 'IN_PROGRESS') {
    const bakes = bakedAt(ctx, service, primary);
    if (ctx.now < bakes) return bakes;
    complete(ctx, service, ctx.get(deployments, primary.id) as Deployment);
  } else for (const { id } of others) ctx.delete(deployments, id);
  if (fresh(ctx, service).steady) return undefined;
  ctx.update(services, fresh(ctx, service), { steady: true, obstacle: '' });
  addEvent(ctx, service.key, 'has reached a steady state.');
  tellService(ctx, service, 'SERVICE_STEADY_STATE');
  return undefined;
}

/** Until when alarms may still end a deployment whose tasks are all up. */
function bakedAt(ctx: Ctx, service: Service, primary: Deployment): number {
  if (!service.configuration.alarms?.enable || primary.completedOnce) return ctx.now;
  const since = primary.upSince ?? ctx.now;
  if (primary.upSince === undefined) ctx.update(deployments, primary, { upSince: since });
  return since + ctx.duration(alarmBake, service.key, primary.ordinal);
}

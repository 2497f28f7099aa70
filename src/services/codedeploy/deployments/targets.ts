// Targets: one instance of a deployment on its way through the lifecycle events. A level-triggered look moves it on.

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { targetChanged } from '#cloud/ports/routing.ts';
import { recordInstance } from '../instances/instances.ts';
import { deregister, isOut, isServing, register } from '../instances/traffic.ts';
import {
  COURSES,
  endEvent,
  eventKey,
  hostKey,
  lifecycleEvents,
  NOT_RECEIVED,
  OF_LAST_REVISION,
  onHost,
  SUCCESS,
  unknownError,
} from '../lifecycle-events.ts';
import type { Diagnostics, LifecycleEvent } from '../lifecycle-events.ts';
import { deploymentLook, deployments, hasEnded, targetLook, targets } from '../rows.ts';
import type { Deployment, Target, TargetStatus, Wave } from '../rows.ts';
import { Trouble } from '../service-role.ts';
import { allowTraffic, eventEnd, eventHandover, eventStart, launchStart } from '../timings.ts';
import { failDeployment } from './ending.ts';
import { notifyInstance } from './triggers.ts';

/** A lifecycle event ended, or has to be looked at again. */
type Look = { readonly event: LifecycleEvent } | { readonly again: number | undefined };

/** Takes an instance into work, up to `restAt`. */
export function beginTarget(
  ctx: Ctx,
  deployment: Deployment,
  target: Target,
  restAt: number | undefined,
): void {
  const { restAt: _, ...row } = target;
  const rest = restAt === undefined ? {} : { restAt };
  const begun: Target = { ...row, ...rest, status: 'InProgress', updatedAt: ctx.now };
  ctx.put(targets, begun);
  ctx.wake(targetLook, row.key);
  if (row.event === 0) notifyInstance(ctx, deployment, begun, 'InstanceStart');
}

export const targetReconciler: Reconciler<Target, Ctx> = {
  ...targetLook,
  table: targets,
  wakes: [
    wake<{ targetId: string }, Ctx>(targetChanged, (ctx, { targetId }) =>
      ctx.list(targets, 'traffic', targetId).map(({ key }) => key),
    ),
  ],
  step(ctx, target) {
    const deployment = ctx.get(deployments, target.deploymentId);
    if (target.status !== 'InProgress' || !deployment || hasEnded(deployment)) return undefined;
    try {
      return advance(ctx, deployment, target);
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      failDeployment(ctx, deployment, { code: error.code, message: error.message });
      return undefined;
    }
  },
};

function advance(ctx: Ctx, deployment: Deployment, target: Target): number | undefined {
  const names = COURSES[target.course];
  let row = target;
  while (row.event < names.length && row.event !== row.restAt) {
    const open = ctx.get(lifecycleEvents, eventKey(row.key, row.event)) ?? trigger(ctx, deployment, row);
    const look = open.endedAt === undefined ? lookAt(ctx, deployment, row, open) : { event: open };
    if ('again' in look) return look.again;
    const { name, status } = look.event;
    const forgiven = deployment.ignoreApplicationStopFailures && OF_LAST_REVISION.has(name);
    if (status !== 'Succeeded' && !forgiven) {
      finish(ctx, deployment, row, 'Failed');
      return undefined;
    }
    row = ctx.update(targets, row, { event: row.event + 1, inTraffic: false, updatedAt: ctx.now });
  }
  finish(ctx, deployment, row, row.event < names.length ? 'Ready' : 'Succeeded');
  return undefined;
}

/** Opens the record of an event: for the agent, or to do it here. */
function trigger(ctx: Ctx, deployment: Deployment, target: Target): LifecycleEvent {
  const { key: targetKey, deploymentId, groupId, host, event: index, course } = target;
  const name = COURSES[course][index] as string;
  const logical = `${deployment.applicationName}/${deployment.groupName}/${targetKey.slice(deploymentId.length)}`;
  const event: LifecycleEvent = {
    key: eventKey(targetKey, index),
    targetKey,
    deploymentId,
    groupId,
    host,
    index,
    name,
    onHost: onHost(name),
    status: 'Pending',
    triggeredAt: ctx.now + ctx.duration(eventHandover, logical, index),
  };
  ctx.put(lifecycleEvents, event);
  return event;
}

function lookAt(ctx: Ctx, deployment: Deployment, target: Target, event: LifecycleEvent): Look {
  if (ctx.now < event.triggeredAt) return { again: event.triggeredAt };
  if (!event.onHost) return lookAtTraffic(ctx, deployment, target, event);
  if (event.startedAt !== undefined) {
    const until = event.startedAt + ctx.duration(eventEnd, 'event');
    if (ctx.now < until) return { again: until };
    return {
      event: endEvent(ctx, event, 'Failed', unknownError('The lifecycle event was not completed in time.')),
    };
  }
  if (event.handedOutAt === undefined) ctx.wakeWaiting(hostKey(event.host));
  const until =
    event.triggeredAt + ctx.duration(boots(deployment, target) ? launchStart : eventStart, 'event');
  if (ctx.now < until) return { again: until };
  return { event: endEvent(ctx, event, 'Skipped', NOT_RECEIVED) };
}

/** A new instance may still have to boot before its agent can begin the first event. */
function boots({ launch, green }: Deployment, { event, fleet }: Target): boolean {
  return event === 0 && (launch !== undefined || (fleet === 'green' && green !== undefined));
}

function lookAtTraffic(ctx: Ctx, deployment: Deployment, target: Target, event: LifecycleEvent): Look {
  const { targetId } = target;
  const out = event.name === 'BlockTraffic';
  // A load balancer knows no on-premises instances.
  if (!target.arn.startsWith('arn:aws:ec2:')) return { event: endEvent(ctx, event, 'Succeeded', SUCCESS) };
  if (event.startedAt === undefined) {
    const objection = out ? deregister(ctx, deployment, targetId) : register(ctx, deployment, targetId);
    // An instance that is gone is out of traffic already.
    if (objection !== undefined && !out)
      return { event: endEvent(ctx, event, 'Failed', unknownError(objection)) };
    ctx.update(lifecycleEvents, event, { status: 'InProgress', startedAt: ctx.now });
    ctx.update(targets, target, { inTraffic: true });
    return { again: ctx.now };
  }
  const there = out ? isOut(ctx, deployment, targetId) : isServing(ctx, deployment, targetId);
  if (there) return { event: endEvent(ctx, event, 'Succeeded', SUCCESS) };
  const until = event.startedAt + ctx.duration(out ? eventEnd : allowTraffic, 'event');
  if (ctx.now < until) return { again: until };
  return { event: endEvent(ctx, event, 'Failed', notInTime(out)) };
}

function notInTime(out: boolean): Diagnostics {
  return unknownError(
    out
      ? 'The instance was not deregistered from the load balancer in time.'
      : 'The instance did not pass the health checks of the load balancer in time.',
  );
}

/** An instance came to the end of its course, to its resting place, or failed. */
function finish(
  ctx: Ctx,
  deployment: Deployment,
  target: Target,
  status: 'Succeeded' | 'Failed' | 'Ready',
): void {
  const row = ctx.update(targets, target, { status, inTraffic: false, updatedAt: ctx.now });
  const failed = status === 'Failed';
  if (row.fleet !== 'blue' && !row.course.startsWith('termination')) {
    recordInstance(ctx, row.groupId, row.targetId, failed ? undefined : deployment.revision);
  }
  const counted = countIn(deployment, 'InProgress', status, 1);
  const wave = counted.wave as Wave;
  const outcome = failed ? { failed: wave.failed + 1 } : { succeeded: wave.succeeded + 1 };
  ctx.put(deployments, { ...counted, wave: { ...wave, ...outcome } });
  const news = { Succeeded: 'InstanceSuccess', Failed: 'InstanceFailure', Ready: 'InstanceReady' } as const;
  notifyInstance(ctx, deployment, row, news[status]);
  ctx.wake(deploymentLook, row.deploymentId);
}

/** A deployment's overview after some instances went from one status to another. */
export function countIn(
  deployment: Deployment,
  from: TargetStatus,
  to: TargetStatus,
  count: number,
): Deployment {
  const { overview } = deployment;
  if (from === to || count === 0) return deployment;
  return {
    ...deployment,
    overview: { ...overview, [from]: overview[from] - count, [to]: overview[to] + count },
  };
}

// The reconciler of an instance in a group: Pending, hooks, target groups, InService; and the way out.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html

import { wake } from '#world/index.ts';
import type { Reconciler, Wake } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { injectionChanged } from '#cloud/injections.ts';
import { instanceChanged, instances as ec2 } from '#cloud/ports/instances.ts';
import { machineChanged } from '#cloud/ports/machines.ts';
import { targetChanged } from '#cloud/ports/routing.ts';
import type { InstanceFacts } from '#cloud/ports/instances.ts';
import { finish, progress } from '../activities.ts';
import { groupReconciler, groups, nudge, outOfService, roleOf } from '../group.ts';
import type { Group } from '../group.ts';
import { enter, instanceReconciler, instances } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';
import { balancersOf, deregister, isDraining, register } from '../load-balancing/load-balancing.ts';
import { enterService, launchRetry, LONGEST_DRAIN_MS } from '../timings.ts';
import { watchHealth } from './health.ts';
import { beginActions, dropActions, verdict } from './lifecycle-hooks.ts';
import { terminate } from './termination.ts';

const ofGroup = (ctx: Ctx, instanceId: string): string[] =>
  ctx.get(instances, instanceId) ? [instanceId] : [];

export const reconcileInstance: Reconciler<GroupInstance, Ctx> = {
  ...instanceReconciler,
  table: instances,
  wakes: [
    wake(instanceChanged, (ctx: Ctx, { instanceId }) => ofGroup(ctx, instanceId)),
    wake(machineChanged, (ctx: Ctx, { instanceId }) => ofGroup(ctx, instanceId)),
    wake(targetChanged, (ctx: Ctx, { targetId }) => ofGroup(ctx, targetId)),
    wake(injectionChanged, (ctx: Ctx, { injection }) => {
      if (injection.kind === 'instance-loss') return ofGroup(ctx, injection.instanceId);
      if (injection.kind !== 'zone-loss') return [];
      return ctx
        .list(instances)
        .flatMap(({ zone, instanceId }) => (zone === injection.zone ? [instanceId] : []));
    }),
  ] as Wake<unknown, Ctx>[],
  step(ctx, member) {
    const group = ctx.get(groups, member.group) as Group;
    switch (member.state) {
      case 'Pending':
        return pending(ctx, group, member);
      case 'Pending:Wait':
        return waitToLaunch(ctx, group, member);
      case 'Pending:Proceed':
        return enterGroup(ctx, group, member);
      case 'InService':
        return watchHealth(ctx, group, member);
      case 'EnteringStandby':
      case 'Detaching':
        return stepAside(ctx, group, member);
      case 'Terminating':
        return terminating(ctx, group, member);
      case 'Terminating:Wait':
        return waitToTerminate(ctx, member);
      case 'Terminating:Proceed':
        return end(ctx, group, member);
      default:
        return undefined;
    }
  },
};

function facts(ctx: Ctx, { instanceId }: GroupInstance): InstanceFacts | undefined {
  return ctx.port(ec2).facts(ctx, instanceId);
}

/** An instance that dies before it serves is a launch that failed. */
function died(ctx: Ctx, member: GroupInstance): boolean {
  const state = facts(ctx, member)?.state;
  if (state === 'pending' || state === 'running') return false;
  const cause = outOfService(ctx, 'an EC2 health check indicating it has been terminated or stopped.');
  const message = 'Instance became unhealthy while waiting for instance to be in InService state.';
  terminate(ctx, member, { cause, hooked: false, launchEnded: { status: 'Failed', message } });
  return true;
}

function pending(ctx: Ctx, group: Group, member: GroupInstance): number | undefined {
  if (died(ctx, member) || facts(ctx, member)?.state !== 'running') return undefined;
  if (
    member.phase === 'begin' &&
    member.hooked &&
    beginActions(ctx, group, member, 'autoscaling:EC2_INSTANCE_LAUNCHING')
  ) {
    progress(ctx, member.activityId, 'MidLifecycleAction', 60);
    enter(ctx, member, 'Pending:Wait');
    return undefined;
  }
  return enterGroup(ctx, group, member);
}

function waitToLaunch(ctx: Ctx, _: Group, member: GroupInstance): number | undefined {
  if (died(ctx, member)) return undefined;
  const answer = verdict(ctx, member);
  if (!answer.done) return answer.nextAt;
  if (answer.result === 'CONTINUE') {
    dropActions(ctx, member.instanceId);
    enter(ctx, member, 'Pending:Proceed');
    return undefined;
  }
  const cause = outOfService(ctx, 'a lifecycle action that was abandoned.');
  const message = `Instance failed to complete user's Lifecycle Action: ${answer.why}`;
  terminate(ctx, member, { cause, launchEnded: { status: 'Cancelled', message } });
  return undefined;
}

/** Registers with the group's target groups, and a moment later serves. Health there is not waited for. */
function enterGroup(ctx: Ctx, group: Group, member: GroupInstance): number | undefined {
  if (died(ctx, member)) return undefined;
  if (member.phase === 'begin') {
    const registeredWith = register(ctx, group, member.instanceId, balancersOf(group));
    const dueAt = ctx.now + ctx.duration(enterService, group.name, member.ordinal);
    return ctx.update(instances, member, { phase: 'ending', registeredWith, dueAt }).dueAt;
  }
  if (ctx.now < member.dueAt) return member.dueAt;
  finish(ctx, member.activityId, 'Successful');
  enter(ctx, member, 'InService', { inServiceAt: ctx.now, activityId: '', suspectSince: 0, suspectOf: '' });
  ctx.wake(groupReconciler, group.name);
  return undefined;
}

/** Deregisters, and waits until nothing drains any more. True when that is done. */
function drained(ctx: Ctx, group: Group, member: GroupInstance): number | true {
  if (member.phase === 'begin') {
    deregister(ctx, group, member.instanceId, member.registeredWith);
    if (!isDraining(ctx, group, member)) return true;
    const dueAt = ctx.now + LONGEST_DRAIN_MS;
    progress(ctx, member.activityId, 'WaitingForELBConnectionDraining', 30);
    return ctx.update(instances, member, { phase: 'draining', dueAt }).dueAt;
  }
  return ctx.now < member.dueAt && isDraining(ctx, group, member) ? member.dueAt : true;
}

/** Into standby, or out of the group, once drained. */
function stepAside(ctx: Ctx, group: Group, member: GroupInstance): number | undefined {
  const ready = drained(ctx, group, member);
  if (ready !== true) return ready;
  finish(ctx, member.activityId, 'Successful');
  if (member.state === 'EnteringStandby') {
    enter(ctx, member, 'Standby', { registeredWith: [], activityId: '' });
  } else {
    const Tags = [{ Key: 'aws:autoscaling:groupName', Value: group.name }];
    ctx.call('ec2', 'DeleteTags', { Resources: [member.instanceId], Tags }, roleOf(group));
    leave(ctx, member, 'Detached');
  }
  ctx.wake(groupReconciler, group.name);
  return undefined;
}

function leave(ctx: Ctx, member: GroupInstance, state: 'Detached' | 'Terminated'): void {
  enter(ctx, member, state);
  ctx.delete(instances, member.instanceId);
}

function terminating(ctx: Ctx, group: Group, member: GroupInstance): number | undefined {
  if (member.phase === 'begin' || member.phase === 'draining') {
    const ready = drained(ctx, group, member);
    // A group that is deleted by force does not wait for connections.
    if (ready !== true && !group.deleting) return ready;
  }
  if (member.phase !== 'ending' && member.phase !== 'gone') {
    if (member.hooked && beginActions(ctx, group, member, 'autoscaling:EC2_INSTANCE_TERMINATING')) {
      progress(ctx, member.activityId, 'MidLifecycleAction', 60);
      enter(ctx, member, 'Terminating:Wait');
      return undefined;
    }
  }
  return end(ctx, group, member);
}

/** CONTINUE waits for the other hooks, ABANDON skips them; both terminate. */
function waitToTerminate(ctx: Ctx, member: GroupInstance): number | undefined {
  const answer = verdict(ctx, member);
  if (!answer.done) return answer.nextAt;
  dropActions(ctx, member.instanceId);
  enter(ctx, member, 'Terminating:Proceed');
  return undefined;
}

/** Has EC2 terminate the instance, and lets it go when it is terminated. */
function end(ctx: Ctx, group: Group, current: GroupInstance): number | undefined {
  const member = ctx.get(instances, current.instanceId) as GroupInstance;
  const state = facts(ctx, member)?.state;
  if (state === undefined || state === 'terminated') {
    finish(ctx, member.activityId, 'Successful');
    leave(ctx, member, 'Terminated');
    nudge(ctx, group.name);
    return undefined;
  }
  if (state === 'shutting-down' || member.phase === 'gone') return undefined;
  progress(ctx, member.activityId, 'InProgress', 80);
  const sent = ctx.call('ec2', 'TerminateInstances', { InstanceIds: [member.instanceId] }, roleOf(group));
  if (!sent.ok) return ctx.now + ctx.duration(launchRetry, `${group.name}/terminate`, member.ordinal);
  ctx.update(instances, member, { phase: 'gone' });
  return undefined;
}

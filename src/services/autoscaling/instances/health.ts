// Health of instances in service: EC2's state and status checks, Elastic Load Balancing's where the group
// asks for them, and what users say.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { instances as ec2 } from '#cloud/ports/instances.ts';
import { machines } from '#cloud/ports/machines.ts';
import type { Operations } from '#cloud/service.ts';
import { groupOf, changeGroup, isSuspended, outOfService, replacementReconciler } from '../group.ts';
import type { Group } from '../group.ts';
import { instanceReconciler, instances, managed } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';
import { isUnhealthy } from '../load-balancing/load-balancing.ts';
import { activeRefresh } from '../refreshes/refresh.ts';
import { healthPoll, impairedPatience } from '../timings.ts';
import { terminate } from './termination.ts';

const REASONS = {
  stopped: 'an EC2 health check indicating it has been terminated or stopped',
  impaired: 'an EC2 instance status checks failure',
  elb: 'an ELB system health check failure',
  user: 'a user health-check',
} as const;

/** Looks at an instance in service. Sleeps while all is well: state, machine and targets wake it. */
export function watchHealth(ctx: Ctx, group: Group, member: GroupInstance): number | undefined {
  if (member.health === 'Unhealthy') return replace(ctx, group, member);
  if (isSuspended(group, 'HealthCheck')) return undefined;
  if (ctx.port(ec2).facts(ctx, member.instanceId)?.state !== 'running')
    return mark(ctx, group, member, 'stopped');
  const suspect = suspicion(ctx, group, member);
  if (suspect === '') {
    if (member.suspectOf !== '') ctx.update(instances, member, { suspectOf: '', suspectSince: 0 });
    return undefined;
  }
  const since = member.suspectOf === suspect ? member.suspectSince : ctx.now;
  if (member.suspectOf !== suspect)
    ctx.update(instances, member, { suspectOf: suspect, suspectSince: since });
  const patience = suspect === 'impaired' ? impairedPatience : healthPoll;
  const noticed = since + ctx.duration(patience, group.name, member.ordinal);
  const due = Math.max(noticed, graceEnd(group, member));
  return ctx.now < due
    ? due
    : mark(ctx, group, ctx.get(instances, member.instanceId) as GroupInstance, suspect);
}

function suspicion(ctx: Ctx, group: Group, member: GroupInstance): GroupInstance['suspectOf'] {
  // The load balancer's word is acted on sooner than failed status checks, which are given a few minutes.
  if (group.healthCheckType === 'ELB' && isUnhealthy(ctx, group, member)) return 'elb';
  return ctx.port(machines).statusOk(ctx, member.instanceId) ? '' : 'impaired';
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/health-check-grace-period.html */
function graceEnd(group: Group, { inServiceAt }: GroupInstance): number {
  return inServiceAt + group.gracePeriodSeconds * 1000;
}

function mark(ctx: Ctx, group: Group, member: GroupInstance, why: keyof typeof REASONS): number | undefined {
  const unhealthyCause = outOfService(ctx, `${REASONS[why]}.`);
  return replace(ctx, group, ctx.update(instances, member, { health: 'Unhealthy', unhealthyCause }));
}

/**
 * Terminates first; the group then launches another. Without ReplaceUnhealthy or Terminate it stays as it
 * is.
 */
function replace(ctx: Ctx, group: Group, member: GroupInstance): undefined {
  if (isSuspended(group, 'ReplaceUnhealthy') || isSuspended(group, 'Terminate')) return;
  // With a maintenance policy, its percentages say whether the replacement comes first.
  if (group.minHealthyPercent >= 0 && !activeRefresh(ctx, group.name)) {
    ctx.wake(replacementReconciler, group.name);
    return;
  }
  changeGroup(ctx, group.name, { replacements: group.replacements + 1 });
  terminate(ctx, member, { cause: member.unhealthyCause });
}

export const healthOperations: Operations<'autoscaling'> = {
  SetInstanceHealth(ctx, { InstanceId, HealthStatus, ShouldRespectGracePeriod = true }) {
    const member = managed(ctx, InstanceId);
    const group = groupOf(ctx, member.group);
    if (HealthStatus !== 'Healthy' && HealthStatus !== 'Unhealthy') {
      throw new Fault('ValidationError', `Valid instance health states are: [Healthy, Unhealthy].`);
    }
    const sheltered =
      ShouldRespectGracePeriod && (member.inServiceAt === 0 || ctx.now < graceEnd(group, member));
    if (HealthStatus === 'Unhealthy' && sheltered) return;
    const unhealthyCause = outOfService(ctx, `${REASONS.user}.`);
    ctx.update(instances, member, { health: HealthStatus, unhealthyCause });
    ctx.wake(instanceReconciler, InstanceId);
  },
};

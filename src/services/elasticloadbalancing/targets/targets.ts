// Targets: registration, deregistration and the health that AWS tells of them. Health checks live in
// ./health-checks.ts.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { instances } from '#cloud/ports/instances.ts';
import { targetChanged } from '#cloud/ports/routing.ts';
import type { AddressHolder, InstanceFacts } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { drainedAt } from '../attributes.ts';
import { publishHostCounts } from '../host-counts.ts';
import { QUOTAS } from '../limits.ts';
import {
  checks,
  loadBalancerUsing,
  targetGroupOf,
  targetGroups,
  targetKey,
  targets,
  uses,
} from '../tables.ts';
import type { Health, Target, TargetGroup } from '../tables.ts';
import { rosterOf } from './rosters.ts';

type TargetDescription = Input<'elasticloadbalancing', 'RegisterTargets'>['Targets'][number];

/** The reconciler of ./health-checks.ts, by name. */
export const HEALTH = { name: 'elasticloadbalancing/target-health' } as const;

export const REGISTERING: Health = {
  state: 'initial',
  reason: 'Elb.RegistrationInProgress',
  description: 'Target registration is in progress',
};
const DRAINING: Health = {
  state: 'draining',
  reason: 'Target.DeregistrationInProgress',
  description: 'Target deregistration is in progress',
};
const NOT_REGISTERED: Health = {
  state: 'unused',
  reason: 'Target.NotRegistered',
  description: 'Target is not registered to the target group',
};

/** Makes the health checks look again at all targets of a group. */
export function wakeTargets(ctx: Ctx, targetGroupArn: string): void {
  for (const { key } of ctx.list(targets, 'group', targetGroupArn)) ctx.wake(HEALTH, key);
}

/**
 * Puts a target into a state; tells the rest of the world and CloudWatch where it is another one than
 * before.
 */
export function setHealth(ctx: Ctx, target: Target, health: Health, more: Partial<Target> = {}): Target {
  const { state, reason, description } = target.health;
  const same = state === health.state && reason === health.reason && description === health.description;
  const changed = Object.entries(more).some(([member, value]) => target[member as keyof Target] !== value);
  if (same && !changed) return target;
  const after = ctx.update(targets, target, { health, ...more });
  if (state !== health.state) {
    const { targetGroupArn, targetId } = target;
    ctx.emit(targetChanged, { targetGroupArn, targetId, state: health.state });
    publishHostCounts(ctx, targetGroupArn);
  }
  return after;
}

/** Takes a target out of service. It is shown as draining until the deregistration delay is over. */
export function deregister(ctx: Ctx, group: TargetGroup, target: Target): void {
  if (target.drainingUntil !== null) return;
  ctx.delete(checks, target.key);
  // A target that gets no requests has nothing to drain.
  if (target.health.state === 'unused') return remove(ctx, target);
  const drainingUntil = drainedAt(group, ctx.now);
  setHealth(ctx, target, DRAINING, { drainingUntil, slowStart: null });
  ctx.wake(HEALTH, target.key, drainingUntil);
}

/** Forgets a target. */
export function remove(ctx: Ctx, { key, targetGroupArn, targetId }: Target): void {
  ctx.delete(targets, key);
  ctx.delete(checks, key);
  ctx.emit(targetChanged, { targetGroupArn, targetId, state: 'unused' });
  publishHostCounts(ctx, targetGroupArn);
}

export const targetOperations: Operations<'elasticloadbalancing'> = {
  RegisterTargets(ctx, { TargetGroupArn, Targets }) {
    const group = targetGroupOf(ctx, TargetGroupArn);
    const wanted = distinct(group, Targets);
    const places = placesOf(ctx, group, wanted);
    const { registered, entries } = rosterOf(ctx, group.arn);
    const startsFull = entries.length === 0;
    const added = wanted.filter(({ key }) => ctx.get(targets, key)?.drainingUntil !== null);
    checkQuota(ctx, group, registered + added.length, added.length);
    for (const [i, { key, targetId, port }] of added.entries()) {
      const { zone, hostId } = places.get(targetId) as AddressHolder;
      ctx.put(targets, {
        key,
        targetGroupArn: group.arn,
        targetId,
        instanceId: hostId,
        port,
        zone,
        health: REGISTERING,
        ordinal: group.registrations + i,
        drainingUntil: null,
        weight: 1000,
        slowStart: null,
        startsFull,
      });
      ctx.delete(checks, key);
      ctx.emit(targetChanged, { targetGroupArn: group.arn, targetId, state: 'initial' });
      ctx.wake(HEALTH, key);
    }
    if (added.length === 0) return;
    ctx.update(targetGroups, group, { registrations: group.registrations + added.length });
    publishHostCounts(ctx, group.arn);
  },

  DeregisterTargets(ctx, { TargetGroupArn, Targets }) {
    const group = targetGroupOf(ctx, TargetGroupArn);
    for (const { key } of distinct(group, Targets)) {
      const target = ctx.get(targets, key);
      if (target) deregister(ctx, group, target); // Deregistering what is not registered succeeds.
    }
  },

  DescribeTargetHealth(ctx, { TargetGroupArn, Targets }) {
    const group = targetGroupOf(ctx, TargetGroupArn);
    const shown = Targets
      ? distinct(group, Targets).map((one) => ctx.get(targets, one.key) ?? { ...one, health: NOT_REGISTERED })
      : ctx.list(targets, 'group', group.arn);
    return { TargetHealthDescriptions: shown.map((target) => showHealth(group, target)) };
  },
};

function showHealth(
  group: TargetGroup,
  { targetId, port, health }: Pick<Target, 'targetId' | 'port' | 'health'>,
): object {
  const { state: State, reason: Reason, description: Description } = health;
  return {
    Target: { Id: targetId, Port: port },
    HealthCheckPort: group.healthCheck.port === 'traffic-port' ? String(port) : group.healthCheck.port,
    TargetHealth: { State, Reason, Description },
  };
}

interface Named {
  readonly key: string;
  readonly targetId: string;
  readonly port: number;
}

/** The targets that a request names, each once. A target without a port is at the group's. */
function distinct(group: TargetGroup, wanted: readonly TargetDescription[]): Named[] {
  const found = new Map<string, Named>();
  for (const { Id: targetId, Port: port = group.port } of wanted) {
    const key = targetKey(group.arn, targetId, port);
    found.set(key, { key, targetId, port });
  }
  return [...found.values()];
}

/** Where targets are and what answers there, by their ids. Throws AWS's errors for what cannot be registered. */
function placesOf(
  ctx: Ctx,
  group: TargetGroup,
  wanted: readonly Named[],
): ReadonlyMap<string, AddressHolder> {
  if (group.targetType === 'ip')
    return new Map(wanted.map(({ targetId }) => [targetId, holderOf(ctx, group, targetId)]));
  const found = wanted.map(({ targetId }) => factsOf(ctx, targetId));
  checkInstances(group, found);
  return new Map(found.map(({ instanceId, zone }) => [instanceId, { zone, hostId: instanceId }]));
}

/** Addresses outside the VPC need `AvailabilityZone`, which is refused. */
function holderOf(ctx: Ctx, group: TargetGroup, address: string): AddressHolder {
  if (!/^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(address))
    throw new Fault('ValidationError', `The IP address '${address}' is not a valid IPv4 address`);
  const holder = ctx.port(instances).at(ctx, group.vpcId, address);
  if (holder) return holder;
  throw new Fault(
    'ValidationError',
    `The IP address '${address}' is not within any subnet of the target group VPC '${group.vpcId}'`,
  );
}

function factsOf(ctx: Ctx, instanceId: string): InstanceFacts {
  if (!/^i-[0-9a-f]{8,17}$/.test(instanceId))
    throw new Fault('ValidationError', `Instance ID '${instanceId}' is not valid`);
  const facts = ctx.port(instances).facts(ctx, instanceId);
  if (!facts)
    throw new Fault(
      'InvalidTargetException',
      `The following targets are not valid instances: '${instanceId}'`,
    );
  return facts;
}

function checkInstances(group: TargetGroup, wanted: readonly InstanceFacts[]): void {
  const named = (facts: readonly InstanceFacts[]): string =>
    `'${facts.map(({ instanceId }) => instanceId).join(', ')}'`;
  const foreign = wanted.filter(({ vpcId }) => vpcId !== group.vpcId);
  if (foreign.length > 0) {
    throw new Fault(
      'InvalidTargetException',
      `The following targets are not in the target group VPC '${group.vpcId}': ${named(foreign)}`,
    );
  }
  const idle = wanted.filter(({ state }) => state !== 'running');
  if (idle.length > 0) {
    throw new Fault(
      'InvalidTargetException',
      `The following targets are not in a running state and cannot be registered: ${named(idle)}`,
    );
  }
}

function checkQuota(ctx: Ctx, group: TargetGroup, inGroup: number, added: number): void {
  const tooMany = new Fault('TooManyTargetsException', "You've reached the limit on the number of targets.");
  if (inGroup > QUOTAS['targets-per-target-group']) throw tooMany;
  const loadBalancer = loadBalancerUsing(ctx, group.arn);
  if (!loadBalancer || added === 0) return;
  const groups = new Set(
    ctx.list(uses, 'loadBalancer', loadBalancer.arn).map(({ targetGroupArn }) => targetGroupArn),
  );
  let inAll = added;
  for (const arn of groups) {
    inAll += rosterOf(ctx, arn).registered;
  }
  if (inAll > QUOTAS['targets-per-application-load-balancer']) throw tooMany;
}

// Health of targets: one checker per target that checks at the interval of its group and keeps its phase.
// Where the next check can only find what the last one found, none is scheduled until something changes.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html

import { timer, wake } from '#world/index.ts';
import type { Reconciler, TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { injectionChanged } from '#cloud/injections.ts';
import { nextCheck, probeFrom, unchecked } from '#cloud/load-balancers/health-checks.ts';
import type { CheckRecord } from '#cloud/load-balancers/health-checks.ts';
import { instanceChanged, instances, networkChanged } from '#cloud/ports/instances.ts';
import { machineChanged } from '#cloud/ports/machines.ts';
import type { InstanceFacts } from '#cloud/ports/instances.ts';
import type { Probe, ProbeResult, Probes } from '#cloud/ports/machines.ts';
import { checks, loadBalancerUsing, targetGroups, targetKey, targets } from '../tables.ts';
import type { Health, LoadBalancer, Target, TargetGroup } from '../tables.ts';
import { firstCheck } from '../timings.ts';
import { slowStartFor } from './slow-start.ts';
import { deregister, HEALTH, REGISTERING, remove, setHealth } from './targets.ts';

const HEALTHY: Health = { state: 'healthy' };
const INITIAL: Health = {
  state: 'initial',
  reason: 'Elb.InitialHealthChecking',
  description: 'Initial health checks in progress',
};
const STOPPED: Health = {
  state: 'unused',
  reason: 'Target.InvalidState',
  description: 'Target is in the stopped state',
};
const UNATTACHED: Health = {
  state: 'unused',
  reason: 'Target.NotInUse',
  description: 'Target group is not configured to receive traffic from the load balancer',
};
const ZONE_NOT_ENABLED: Health = {
  state: 'unused',
  reason: 'Target.NotInUse',
  description: 'Target is in an Availability Zone that is not enabled for the load balancer',
};

const TIMED_OUT: Health = { state: 'unhealthy', reason: 'Target.Timeout', description: 'Request timed out' };
const FAILED: Health = {
  state: 'unhealthy',
  reason: 'Target.FailedHealthChecks',
  description: 'Health checks failed',
};

/** At an address that nothing has, until something takes it, of which nobody tells. */
const NOBODY: ProbeResult = { kind: 'timeout', steady: false };

/**
 * Goes on checking a target whose state is settled although its driver promises nothing: no reason for time
 * to move.
 */
const WATCH = { name: 'elasticloadbalancing/target-watch', background: true } as const;

const ofInstance = (ctx: Ctx, { instanceId }: { instanceId: string }): string[] =>
  ctx.list(targets, 'instance', instanceId).map(({ key }) => key);

export const targetHealth: Reconciler<Target, Ctx> = {
  name: HEALTH.name,
  table: targets,
  wakes: [
    wake(machineChanged, ofInstance),
    wake(instanceChanged, ofInstance),
    wake(networkChanged, (ctx: Ctx, { vpcId }) => {
      const there = ctx.list(targetGroups).filter((group) => group.vpcId === vpcId);
      return there.flatMap(({ arn }) => ctx.list(targets, 'group', arn).map(({ key }) => key));
    }),
    wake(injectionChanged, (ctx: Ctx, { injection }) => {
      if (injection.kind === 'instance-loss') return ofInstance(ctx, injection);
      if (injection.kind !== 'zone-loss') return [];
      return ctx.list(targets).flatMap(({ key, zone }) => (zone === injection.zone ? [key] : []));
    }),
  ],
  step: (ctx, target) => look(ctx, target, HEALTH),
};

export const targetWatch: Reconciler<Target, Ctx> = {
  ...WATCH,
  table: targets,
  step: (ctx, target) => look(ctx, target, WATCH),
};

/** One look at a target: where it stands, and a health check if one is due. Arranges the next look itself. */
function look(ctx: Ctx, known: Target, by: typeof HEALTH | typeof WATCH): void {
  const group = ctx.get(targetGroups, known.targetGroupArn);
  if (!group) return remove(ctx, known);
  const target = found(ctx, group, known);
  if (target.drainingUntil !== null) {
    return ctx.now >= target.drainingUntil
      ? remove(ctx, target)
      : ctx.wake(HEALTH, target.key, target.drainingUntil);
  }
  const facts = ctx.port(instances).facts(ctx, target.targetId);
  // AWS deregisters a target by itself when its instance is terminated; of addresses it does not know.
  const gone = !facts || facts.state === 'terminated';
  if (gone && group.targetType === 'instance') return deregister(ctx, group, target);
  const loadBalancer = loadBalancerUsing(ctx, group.arn);
  const idle = idleBecause(target, facts, loadBalancer);
  if (idle || !loadBalancer) {
    ctx.delete(checks, target.key);
    return void setHealth(ctx, target, idle ?? UNATTACHED, { slowStart: null, weight: 1000 });
  }
  const check = ctx.get(checks, target.key) ?? begin(ctx, group, target);
  const due = nextCheck(group.healthCheck, check, ctx.now);
  if (due === ctx.now) return send(ctx, loadBalancer, group, target, check);
  if (check.checkedAt !== ctx.now) return ctx.wake(by, target.key, due);
  // Two looks at one instant: the second arranges what the first one would have.
  if (!check.elided) ctx.wake(settled(target, check) ? WATCH : HEALTH, target.key, due);
  else if (by === HEALTH) ctx.wake(HEALTH, target.key, due);
}

/** An address may have passed to somebody else. A target that is draining stays with whom its requests are. */
function found(ctx: Ctx, group: TargetGroup, target: Target): Target {
  if (group.targetType !== 'ip' || target.drainingUntil !== null) return target;
  const instanceId = ctx.port(instances).at(ctx, group.vpcId, target.targetId)?.hostId ?? '';
  return instanceId === target.instanceId ? target : ctx.update(targets, target, { instanceId });
}

/** Why a target gets neither requests nor health checks. */
function idleBecause(
  target: Target,
  facts: InstanceFacts | undefined,
  loadBalancer: LoadBalancer | undefined,
): Health | undefined {
  if (!loadBalancer) return UNATTACHED;
  if (facts?.state === 'stopped') return STOPPED;
  if (!loadBalancer.subnets.some(({ zone }) => zone === target.zone)) return ZONE_NOT_ENABLED;
  return loadBalancer.state === 'provisioning' ? REGISTERING : undefined;
}

/** A target enters service, or comes back into it: it has to pass a first check. */
function begin(ctx: Ctx, group: TargetGroup, target: Target): CheckRecord {
  setHealth(ctx, target, REGISTERING);
  const phaseAt = ctx.now + ctx.duration(firstCheck, group.name, target.ordinal);
  const check = unchecked(target.key, phaseAt);
  ctx.put(checks, check);
  return check;
}

/** Whether the state of a target only changes if a check finds something else than the last ones. */
function settled({ health }: Target, { passes, failures }: CheckRecord): boolean {
  return health.state === 'healthy' ? failures === 0 : health.state === 'unhealthy' && passes === 0;
}

/** Sends a health check. Its outcome is known at once, when the time-out is over, or when the driver says. */
function send(
  ctx: Ctx,
  loadBalancer: LoadBalancer,
  group: TargetGroup,
  target: Target,
  before: CheckRecord,
): void {
  const { instanceId, targetId, targetGroupArn, port: trafficPort } = target;
  const { protocol, port: checkPort, path, timeoutSeconds } = group.healthCheck;
  const port = checkPort === 'traffic-port' ? trafficPort : Number(checkPort);
  const timeoutMs = timeoutSeconds * 1000;
  const reference = { targetGroupArn, targetId, port: trafficPort };
  // A driver that still owes the outcome of the last check has let it time out.
  const now = before.awaiting
    ? record(ctx, group, target, before, { kind: 'timeout', steady: false })
    : target;
  const last = ctx.get(checks, target.key) ?? before;
  const check = { ...last, phaseAt: ctx.now, checkedAt: ctx.now, awaiting: true, elided: false };
  ctx.put(checks, check);
  const probe: Probe = { instanceId, port, protocol, path, timeoutMs, reference };
  const result = instanceId === '' ? NOBODY : probeFrom(ctx, loadBalancer, probe);
  if (!result)
    return ctx.wake(
      settled(now, check) ? WATCH : HEALTH,
      target.key,
      nextCheck(group.healthCheck, check, ctx.now),
    );
  if (result.kind === 'refused' || (result.kind === 'status' && result.latencyMs < timeoutMs)) {
    return answer(ctx, reference, result);
  }
  const late: ProbeResult = { kind: 'timeout', steady: result.steady };
  ctx.schedule(outcomeKnown, ctx.now + timeoutMs, { reference, result: late, checkedAt: ctx.now });
}

interface Outcome {
  reference: Probe['reference'];
  result: ProbeResult;
  checkedAt: number;
}

const outcomeKnown: TimerKind<Outcome> = timer<Outcome>('elasticloadbalancing/outcome-known');

/** A health check has timed out. */
export const timedOut: TimerHandler<Outcome, Ctx> = {
  kind: outcomeKnown,
  live(ctx, { reference, checkedAt }) {
    const { targetGroupArn, targetId, port } = reference;
    const check = ctx.get(checks, targetKey(targetGroupArn, targetId, port));
    return check?.checkedAt === checkedAt && check.awaiting;
  },
  fire: (ctx, { reference, result }) => answer(ctx, reference, result),
};

/** Behind the port `probes`: drivers that check for real hand in what they found. */
export const checkAnswers: Probes = {
  answered(ctx, reference, result) {
    const [, , , region = '', account = ''] = reference.targetGroupArn.split(':');
    const there = ctx.in({ region, account });
    const { targetGroupArn, targetId, port } = reference;
    if (there.get(checks, targetKey(targetGroupArn, targetId, port))?.awaiting)
      answer(there, reference, result);
  },
};

function answer(ctx: Ctx, { targetGroupArn, targetId, port }: Probe['reference'], result: ProbeResult): void {
  const key = targetKey(targetGroupArn, targetId, port);
  const [group, before, check] = [
    ctx.get(targetGroups, targetGroupArn),
    ctx.get(targets, key),
    ctx.get(checks, key),
  ];
  if (!group || !before || !check || before.drainingUntil !== null) return;
  const target = record(ctx, group, before, check, result);
  const after = ctx.get(checks, key) as CheckRecord;
  if (!settled(target, after)) return ctx.wake(HEALTH, key, nextCheck(group.healthCheck, after, ctx.now));
  if (result.steady) ctx.update(checks, after, { elided: true }); // The next check can only find the same.
  else ctx.wake(WATCH, key, nextCheck(group.healthCheck, after, ctx.now));
}

/** Counts the outcome of a check and moves the target where a threshold is reached. */
function record(
  ctx: Ctx,
  group: TargetGroup,
  target: Target,
  check: CheckRecord,
  result: ProbeResult,
): Target {
  const { healthyThreshold, unhealthyThreshold } = group.healthCheck;
  const failure = judge(group, result);
  const { state } = target.health;
  const passes = failure || state === 'healthy' ? 0 : check.passes + 1;
  const failures = failure && state !== 'unhealthy' ? check.failures + 1 : 0;
  // One success is enough for a target that has not been healthy or unhealthy yet.
  const up = passes >= (state === 'initial' ? 1 : healthyThreshold);
  const down = failures >= unhealthyThreshold;
  ctx.put(checks, {
    ...check,
    awaiting: false,
    ...(up || down ? { passes: 0, failures: 0 } : { passes, failures }),
  });
  if (up) return setHealth(ctx, target, HEALTHY, slowStartFor(ctx, group, target));
  if (failure && (down || state === 'unhealthy'))
    return setHealth(ctx, target, failure, { slowStart: null, weight: 1000 });
  return state === 'initial' ? setHealth(ctx, target, INITIAL) : target;
}

/** What AWS says of a check that failed; nothing for one that passed. */
function judge({ healthCheck }: TargetGroup, result: ProbeResult): Health | undefined {
  if (result.kind === 'timeout') return TIMED_OUT;
  if (result.kind === 'refused') return FAILED;
  // A connection is all that a check over TCP wants.
  if (result.kind !== 'status' || healthCheck.protocol === 'TCP') return undefined;
  if (expects(healthCheck.matcher, result.status)) return undefined;
  const description = `Health checks failed with these codes: [${result.status}]`;
  return { state: 'unhealthy', reason: 'Target.ResponseCodeMismatch', description };
}

/** Whether a matcher such as `200,300-399` expects a status code. */
function expects(matcher: string, status: number): boolean {
  return matcher.split(',').some((part) => {
    const [from = '', to = from] = part.split('-');
    return status >= Number(from) && status <= Number(to);
  });
}

// Health of registered instances: one checker per instance that checks at the interval of its load balancer and keeps its
// phase. Where the next check can only find what the last one found, none is scheduled until something changes.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-healthchecks.html

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
import { HEALTH, remove, stand } from './instances.ts';
import { arnOf, checks, loadBalancers, registrationKey, registrations } from './tables.ts';
import type { HealthCheck, LoadBalancer, Registration, Standing } from './tables.ts';
import { firstCheck } from './timings.ts';

/** Goes on checking an instance that stands firm although its driver promises nothing: no reason for time to move. */
const WATCH = { name: 'elasticloadbalancing-classic/instance-watch', background: true } as const;

const ofInstance = (ctx: Ctx, { instanceId }: { instanceId: string }): string[] =>
  ctx.list(registrations, 'instance', instanceId).map(({ key }) => key);

export const instanceHealth: Reconciler<Registration, Ctx> = {
  name: HEALTH.name,
  table: registrations,
  wakes: [
    wake(machineChanged, ofInstance),
    wake(instanceChanged, ofInstance),
    wake(networkChanged, (ctx: Ctx, { vpcId }) => {
      const there = ctx.list(loadBalancers).filter((row) => row.vpcId === vpcId);
      return there.flatMap(({ name }) => ctx.list(registrations, 'loadBalancer', name).map(({ key }) => key));
    }),
    wake(injectionChanged, (ctx: Ctx, { injection }) => {
      if (injection.kind === 'instance-loss') return ofInstance(ctx, injection);
      if (injection.kind !== 'zone-loss') return [];
      return ctx.list(registrations).flatMap(({ key, zone }) => (zone === injection.zone ? [key] : []));
    }),
  ],
  step: (ctx, row) => look(ctx, row, HEALTH),
};

export const instanceWatch: Reconciler<Registration, Ctx> = {
  ...WATCH,
  table: registrations,
  step: (ctx, row) => look(ctx, row, WATCH),
};

/** One look at an instance: where it stands, and a health check if one is due. Arranges the next look itself. */
function look(ctx: Ctx, row: Registration, by: typeof HEALTH | typeof WATCH): void {
  const loadBalancer = ctx.get(loadBalancers, row.loadBalancer);
  if (!loadBalancer) return remove(ctx, row);
  const facts = ctx.port(instances).facts(ctx, row.instanceId);
  // AWS deregisters an instance by itself when it is terminated; nobody is left there to drain.
  if (!facts || facts.state === 'terminated') return remove(ctx, row);
  if (row.drainingUntil !== null) {
    return ctx.now >= row.drainingUntil ? remove(ctx, row) : ctx.wake(HEALTH, row.key, row.drainingUntil);
  }
  const idle = idleAs(row, facts, loadBalancer);
  if (idle) {
    ctx.delete(checks, row.key);
    return void stand(ctx, row, idle);
  }
  const { healthCheck } = loadBalancer;
  const check = ctx.get(checks, row.key) ?? begin(ctx, row);
  const due = nextCheck(healthCheck, check, ctx.now);
  if (due === ctx.now) return send(ctx, loadBalancer, row, check);
  if (check.checkedAt !== ctx.now) return ctx.wake(by, row.key, due);
  // Two looks at one instant: the second arranges what the first one would have.
  if (!check.elided) ctx.wake(settled(row, check) ? WATCH : HEALTH, row.key, due);
  else if (by === HEALTH) ctx.wake(HEALTH, row.key, due);
}

/** As what an instance stands that gets neither requests nor health checks. */
function idleAs(
  row: Registration,
  { state }: InstanceFacts,
  loadBalancer: LoadBalancer,
): Standing | undefined {
  if (state === 'pending' || state === 'stopped') return state;
  if (!loadBalancer.subnets.some(({ zone }) => zone === row.zone)) return 'zone disabled';
  return loadBalancer.state === 'provisioning' ? 'registering' : undefined;
}

/** An instance enters service, or comes back into it: it has to pass a first check. */
function begin(ctx: Ctx, row: Registration): CheckRecord {
  stand(ctx, row, 'registering');
  const phaseAt = ctx.now + ctx.duration(firstCheck, row.loadBalancer, row.ordinal);
  const check = unchecked(row.key, phaseAt);
  ctx.put(checks, check);
  return check;
}

/** Whether an instance only stands otherwise if a check finds something else than the last ones. */
function settled({ standing }: Registration, { passes, failures }: CheckRecord): boolean {
  return standing === 'in service' ? failures === 0 : standing === 'failed' && passes === 0;
}

/** Sends a health check. Its outcome is known at once, when the time-out is over, or when the driver says. */
function send(ctx: Ctx, loadBalancer: LoadBalancer, row: Registration, before: CheckRecord): void {
  const { healthCheck } = loadBalancer;
  const { protocol, port, path } = healthCheck;
  const { instanceId } = row;
  const timeoutMs = healthCheck.timeoutSeconds * 1000;
  const reference = { targetGroupArn: arnOf(ctx, row.loadBalancer), targetId: instanceId, port };
  // A driver that still owes the outcome of the last check has let it time out.
  const now = before.awaiting
    ? record(ctx, healthCheck, row, before, { kind: 'timeout', steady: false })
    : row;
  const last = ctx.get(checks, row.key) ?? before;
  const check = { ...last, phaseAt: ctx.now, checkedAt: ctx.now, awaiting: true, elided: false };
  ctx.put(checks, check);
  const probe: Probe = { instanceId, port, protocol, path, timeoutMs, reference };
  const result = probeFrom(ctx, loadBalancer, probe);
  if (!result) {
    const due = nextCheck(healthCheck, check, ctx.now);
    return ctx.wake(settled(now, check) ? WATCH : HEALTH, row.key, due);
  }
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

const outcomeKnown: TimerKind<Outcome> = timer<Outcome>('elasticloadbalancing-classic/outcome-known');

/** A health check has timed out. */
export const timedOut: TimerHandler<Outcome, Ctx> = {
  kind: outcomeKnown,
  live(ctx, { reference, checkedAt }) {
    const check = ctx.get(checks, keyOf(reference));
    return check?.checkedAt === checkedAt && check.awaiting;
  },
  fire: (ctx, { reference, result }) => answer(ctx, reference, result),
};

function keyOf({ targetGroupArn, targetId }: Probe['reference']): string {
  return registrationKey(targetGroupArn.slice(targetGroupArn.indexOf('/') + 1), targetId);
}

/** Behind the port `probes`: drivers that check for real hand in what they found. */
export const checkAnswers: Probes = {
  answered(ctx, reference, result) {
    const [, , , region = '', account = '', resource = ''] = reference.targetGroupArn.split(':');
    if (!resource.startsWith('loadbalancer/')) return;
    const there = ctx.in({ region, account });
    if (there.get(checks, keyOf(reference))?.awaiting) answer(there, reference, result);
  },
};

function answer(ctx: Ctx, reference: Probe['reference'], result: ProbeResult): void {
  const key = keyOf(reference);
  const [before, check] = [ctx.get(registrations, key), ctx.get(checks, key)];
  const loadBalancer = before && ctx.get(loadBalancers, before.loadBalancer);
  if (!loadBalancer || !check || before.drainingUntil !== null) return;
  const row = record(ctx, loadBalancer.healthCheck, before, check, result);
  const after = ctx.get(checks, key) as CheckRecord;
  const due = nextCheck(loadBalancer.healthCheck, after, ctx.now);
  if (!settled(row, after)) return ctx.wake(HEALTH, key, due);
  if (result.steady) ctx.update(checks, after, { elided: true }); // The next check can only find the same.
  else ctx.wake(WATCH, key, due);
}

/** Counts the outcome of a check, and moves the instance where a threshold is reached. */
function record(
  ctx: Ctx,
  { healthyThreshold, unhealthyThreshold }: HealthCheck,
  row: Registration,
  check: CheckRecord,
  result: ProbeResult,
): Registration {
  const passed = result.kind === 'status' && result.status === 200;
  const passes = !passed || row.standing === 'in service' ? 0 : check.passes + 1;
  const failures = passed || row.standing === 'failed' ? 0 : check.failures + 1;
  // One success is enough for an instance that has just been registered.
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-cloudwatch-metrics.html
  const up = passes >= (row.standing === 'registering' ? 1 : healthyThreshold);
  const down = failures >= unhealthyThreshold;
  const counted = up || down ? { passes: 0, failures: 0 } : { passes, failures };
  ctx.put(checks, { ...check, awaiting: false, ...counted });
  if (up) return stand(ctx, row, 'in service');
  return down ? stand(ctx, row, 'failed') : row;
}

// The health of health checks: checkers that look at an endpoint in their interval and change their mind after so many looks
// in a row, alarms that are followed, and checks that count others. Where the next look can only find what the last one
// found, none is arranged until something changes.

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import { GLOBAL } from '#cloud/ctx.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { injectionChanged } from '#cloud/injections.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import { alarmChanged, metrics } from '#cloud/ports/metrics.ts';
import { routingChanged, targetChanged } from '#cloud/ports/routing.ts';
import { lookAt } from './probe.ts';
import { healthChecks, healths, looks } from './tables.ts';
import type { HealthCheck, HealthCheckConfig, Looks } from './tables.ts';
import { firstLook } from './timings.ts';

const LOOKS = { name: 'route53/health-looks', background: true } as const;
const INTERVAL_SECONDS = 30;
const THRESHOLD = 3;
/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html: only there, whatever is checked. */
const METRICS_REGION = 'us-east-1';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

function home(ctx: Ctx, account: string): Ctx {
  return ctx.inScope(`${account}/${GLOBAL}`);
}

/** Names, routing or targets have changed: checkers may find something else at their next look. */
export function wakeProbing(ctx: Ctx): void {
  const world = ctx.everywhere;
  for (const { id } of world.list(looks)) world.wake(LOOKS, id);
}

// Health checks are of no region, and events are told in the one where they happen.
const wakesAll = (ctx: Ctx): readonly string[] => {
  wakeProbing(ctx);
  return [];
};

export const healthLooks: Reconciler<Looks, Ctx> = {
  ...LOOKS,
  table: looks,
  wakes: [
    wake(targetChanged, wakesAll),
    wake(routingChanged, wakesAll),
    wake(networkChanged, wakesAll),
    wake(injectionChanged, wakesAll),
    wake(alarmChanged, (ctx: Ctx, { alarmName, state }) => {
      followAlarm(ctx, alarmName, state);
      return [];
    }),
  ],
  step(world, row) {
    const check = home(world, row.account).get(healthChecks, row.id);
    if (!check || !looksAtEndpoint(check.config)) return undefined;
    const intervalMs = (check.config.RequestInterval ?? INTERVAL_SECONDS) * 1000;
    const from = row.lookedAt === world.now ? world.now + 1 : world.now;
    const due = row.phaseAt + Math.max(0, Math.ceil((from - row.phaseAt) / intervalMs)) * intervalMs;
    if (due > world.now) return due;
    return look(world, row, check) ? world.now + intervalMs : undefined;
  },
};

/** One look of all checkers. Returns whether the next one has to be waited for. */
function look(world: Ctx, row: Looks, check: HealthCheck): boolean {
  const { passes, words } = lookAt(world, check.config);
  const counted = passes === row.passing ? 0 : row.against + 1;
  const turned = counted >= (check.config.FailureThreshold ?? THRESHOLD);
  const failed = passes ? {} : { failedAt: world.now, failure: words };
  const passing = turned ? passes : row.passing;
  const against = turned ? 0 : counted;
  world.update(looks, row, { lookedAt: world.now, finding: words, passing, against, ...failed });
  if (turned) conclude(world, row.account, check);
  return against > 0;
}

export function looksAtEndpoint({ Type }: HealthCheckConfig): boolean {
  return Type === 'HTTP' || Type === 'HTTPS' || Type === 'TCP';
}

/** Begins to keep the health of a check that is new. Until more is known it is healthy. */
export function beginHealth(ctx: Ctx, check: HealthCheck, alarm?: AlarmState): void {
  const { id, config } = check;
  const { account } = ctx;
  if (config.Type !== 'CALCULATED') {
    const phaseAt = ctx.now + ctx.duration(firstLook, check.callerReference);
    const fresh = { id, account, phaseAt, lookedAt: null, passing: true, against: 0 };
    ctx.everywhere.put(looks, { ...fresh, finding: alarm ?? '', failedAt: null, failure: '' });
    if (alarm) judgeAlarm(ctx, check);
    else ctx.everywhere.wake(LOOKS, id);
  }
  conclude(ctx, account, check);
}

/** Its settings are others now: looks, counts and inversion by them. */
export function reviewHealth(ctx: Ctx, check: HealthCheck, alarm?: AlarmState): void {
  const row = ctx.everywhere.get(looks, check.id);
  if (alarm && row) ctx.everywhere.update(looks, row, { finding: alarm });
  if (check.config.Type === 'CLOUDWATCH_METRIC') judgeAlarm(ctx, check);
  else if (row) ctx.everywhere.wake(LOOKS, check.id);
  conclude(ctx, ctx.account, check);
}

export function endHealth(ctx: Ctx, { id }: HealthCheck): void {
  const world = ctx.everywhere;
  if (world.get(looks, id)) world.delete(looks, id);
  world.delete(healths, id);
  publish(ctx, ctx.account, id, undefined);
  for (const parent of parentsOf(ctx, id)) conclude(ctx, ctx.account, parent);
}

function followAlarm(ctx: Ctx, alarmName: string, state: AlarmState): void {
  const there = ctx.in({ region: GLOBAL });
  for (const check of there.list(healthChecks)) {
    const { AlarmIdentifier } = check.config;
    if (AlarmIdentifier?.Name !== alarmName || AlarmIdentifier.Region !== ctx.region) continue;
    const row = ctx.everywhere.get(looks, check.id);
    if (!row) continue;
    ctx.everywhere.update(looks, row, { finding: state });
    judgeAlarm(there, check);
    conclude(there, there.account, check);
  }
}

/** What the alarm's state says of health. Without data, as the check is told. */
function judgeAlarm(ctx: Ctx, { id, config }: HealthCheck): void {
  const row = ctx.everywhere.get(looks, id);
  if (!row) return;
  const { InsufficientDataHealthStatus = 'LastKnownStatus' } = config;
  const known = row.finding === 'OK' ? true : row.finding === 'ALARM' ? false : undefined;
  const unknown =
    InsufficientDataHealthStatus === 'LastKnownStatus'
      ? row.passing
      : InsufficientDataHealthStatus === 'Healthy';
  const passing = known ?? unknown;
  if (passing !== row.passing) ctx.everywhere.update(looks, row, { passing });
}

/** Writes down what a check has come to, and asks the checks that count it. */
function conclude(ctx: Ctx, account: string, check: HealthCheck): void {
  const world = ctx.everywhere;
  const healthy = verdict(ctx, check);
  const known = world.get(healths, check.id);
  if (known?.healthy === healthy) return;
  world.put(healths, { id: check.id, account, healthy, since: ctx.now });
  publish(ctx, account, check.id, healthy);
  for (const parent of parentsOf(home(ctx, account), check.id)) conclude(ctx, account, parent);
}

/** A disabled check counts as passing, and any verdict may be turned round. */
function verdict(ctx: Ctx, { id, config }: HealthCheck): boolean {
  const passing =
    config.Disabled ||
    (config.Type === 'CALCULATED'
      ? countPasses(ctx, config)
      : (ctx.everywhere.get(looks, id)?.passing ?? true));
  return config.Inverted ? !passing : passing;
}

/** At least so many children are healthy. */
function countPasses(ctx: Ctx, { ChildHealthChecks = [], HealthThreshold }: HealthCheckConfig): boolean {
  const healthy = ChildHealthChecks.filter((child) => ctx.everywhere.get(healths, child)?.healthy);
  return healthy.length >= (HealthThreshold ?? ChildHealthChecks.length);
}

/** Checks that count this one. */
export function parentsOf(ctx: Ctx, id: string): HealthCheck[] {
  return ctx.list(healthChecks).filter(({ config }) => config.ChildHealthChecks?.includes(id));
}

function publish(ctx: Ctx, account: string, id: string, healthy: boolean | undefined): void {
  const there = ctx.in({ account, region: METRICS_REGION });
  const metric = { namespace: 'AWS/Route53', name: 'HealthCheckStatus', dimensions: { HealthCheckId: id } };
  there.port(metrics).level(there, metric, 'None', healthy === undefined ? undefined : Number(healthy));
}

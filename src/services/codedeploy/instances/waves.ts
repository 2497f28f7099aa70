// Waves: a fleet of instances taken through lifecycle events under the deployment configuration, so many at a time.

import type { Ctx } from '#cloud/ctx.ts';
import { HEALTH_CONSTRAINTS } from '../deployments/ending.ts';
import { beginTarget, countIn } from '../deployments/targets.ts';
import { minimumIn } from '../groups/deployment-configs.ts';
import { canBegin, judge, minimumOf } from '../groups/minimum-healthy-hosts.ts';
import type { Course } from '../lifecycle-events.ts';
import { deployments, targets } from '../rows.ts';
import type { Deployment, Fleet, Target, Wave } from '../rows.ts';
import { Trouble } from '../service-role.ts';
import { LIMITS } from '../timings.ts';
import type { Member } from './instances.ts';

const HEALTH_CONSTRAINTS_INVALID =
  "The revision can't be successfully deployed within the specified health constraints.";

/** Enlists the instances of a fleet, in the order in which they will be taken. */
export function enlist(
  ctx: Ctx,
  deployment: Deployment,
  fleet: Fleet,
  course: Course,
  members: readonly Member[],
): Deployment {
  const { id: deploymentId, groupId, overview } = deployment;
  if (members.length > LIMITS.instancesPerDeployment) {
    throw new Trouble('OVER_MAX_INSTANCES', 'The maximum number of instances was exceeded.');
  }
  for (const [ordinal, { targetId, arn, host }] of members.entries()) {
    ctx.put(targets, {
      key: `${deploymentId}/${fleet}/${String(ordinal).padStart(5, '0')}`,
      deploymentId,
      groupId,
      fleet,
      targetId,
      arn,
      host,
      course,
      status: 'Pending',
      event: 0,
      inTraffic: false,
      updatedAt: ctx.now,
    });
  }
  return ctx.update(deployments, deployment, {
    overview: { ...overview, Pending: overview.Pending + members.length },
  });
}

/** `constrained`: by the configuration. `lenient`: one at a time at least. `strict`: so too, and not one may fail. */
type Manner = 'constrained' | 'lenient' | 'strict';

/** Begins a wave of `total` instances. */
export function beginWave(
  ctx: Ctx,
  deployment: Deployment,
  fleet: Fleet,
  total: number,
  manner: Manner = 'constrained',
): Deployment {
  const minimum = minimumOf(minimumIn(ctx, deployment.configName), total);
  // The one instance of a launch is no fleet: it must succeed, whatever the configuration says.
  const wave: Wave = {
    fleet,
    total,
    minimum: deployment.launch
      ? 0
      : manner === 'constrained'
        ? minimum
        : Math.max(0, Math.min(minimum, total - 1)),
    begun: 0,
    succeeded: 0,
    failed: 0,
    ...(manner === 'strict' ? { strict: true } : {}),
  };
  if (total > 0 && !canBegin(wave)) {
    throw new Trouble('HEALTH_CONSTRAINTS_INVALID', HEALTH_CONSTRAINTS_INVALID);
  }
  return ctx.update(deployments, deployment, { wave });
}

/** Moves a wave on. True when it is through; throws `Trouble` when it has failed. */
export function roll(
  ctx: Ctx,
  deployment: Deployment,
  status: 'Pending' | 'Ready',
  restAt?: number,
): boolean {
  const wave = deployment.wave as Wave;
  if (wave.total === 0) return true;
  const verdict = wave.strict && wave.failed > 0 ? ({ next: 'fail' } as const) : judge(wave);
  if (verdict.next === 'fail') throw new Trouble('HEALTH_CONSTRAINTS', HEALTH_CONSTRAINTS);
  if (verdict.next === 'begin') beginNext(ctx, deployment, wave, { status, count: verdict.count, restAt });
  return verdict.next === 'succeed';
}

interface Next {
  status: 'Pending' | 'Ready';
  count: number;
  restAt: number | undefined;
}

function beginNext(ctx: Ctx, deployment: Deployment, wave: Wave, { status, count, restAt }: Next): void {
  const taken: Target[] = [];
  let cursor = wave.cursor;
  while (taken.length < count) {
    const after = cursor === undefined ? {} : { after: cursor };
    const found = ctx.scan(targets, {
      prefix: `${deployment.id}/${wave.fleet}/`,
      limit: count - taken.length,
      ...after,
    });
    if (found.length === 0) break;
    taken.push(...found.filter((row) => row.status === status));
    cursor = found.at(-1)?.key;
  }
  const counted = countIn(deployment, status, 'InProgress', taken.length);
  const at = cursor === undefined ? {} : { cursor };
  ctx.put(deployments, { ...counted, wave: { ...wave, begun: wave.begun + taken.length, ...at } });
  for (const target of taken) beginTarget(ctx, deployment, target, restAt);
}

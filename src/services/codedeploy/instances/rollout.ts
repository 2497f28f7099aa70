// What a deployment does: a level-triggered look takes it from stage to stage. Blue/green stages are in ./blue-green.ts, those of
// functions in ./lambda-rollout.ts.

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { groupInstanceChanged } from '#cloud/ports/scaling.ts';
import { watchAlarms } from '../deployments/alarms.ts';
import { endDeployment, failDeployment } from '../deployments/ending.ts';
import { notify } from '../deployments/triggers.ts';
import { beginShifting, enlistFunction, shiftTraffic } from '../lambda/rollout.ts';
import type { Course } from '../lifecycle-events.ts';
import { READY_AT } from '../lifecycle-events.ts';
import { deploymentGroups, deploymentLook, deployments, hasEnded } from '../rows.ts';
import type { Deployment, DeploymentGroup, Launch } from '../rows.ts';
import { launches } from '../rows.ts';
import { roleMissing, Trouble } from '../service-role.ts';
import { blueGreenTotal, inPlaceTotal, lambdaTotal } from '../timings.ts';
import {
  afterBlocking,
  afterInstalling,
  afterRerouting,
  provision,
  startBlueGreen,
  startRestoring,
  terminate,
  waitForTraffic,
} from './blue-green.ts';
import { ec2Member, inOrder, isOutdated, membersOf } from './instances.ts';
import { balancersOf, isBalanced } from './traffic.ts';
import { beginWave, enlist, roll } from './waves.ts';

const NO_INSTANCES =
  'The deployment failed because no instances were found for your deployment group. Check your deployment group settings to make ' +
  'sure the tags for your EC2 instances or Auto Scaling groups correctly identify the instances you want to deploy to, and ' +
  'then try again.';

export const deploymentReconciler: Reconciler<Deployment, Ctx> = {
  ...deploymentLook,
  table: deployments,
  wakes: [
    wake<{ group: string }, Ctx>(groupInstanceChanged, (ctx, { group }) =>
      ctx.list(deployments, 'green', group).map(({ id }) => id),
    ),
  ],
  step(ctx, row) {
    if (hasEnded(row)) return undefined;
    const group = ctx.get(deploymentGroups, row.groupId);
    if (!group) {
      endDeployment(ctx, row, 'Failed', {
        code: 'DEPLOYMENT_GROUP_MISSING',
        message: 'The deployment group was deleted.',
      });
      return undefined;
    }
    if (row.timeoutAt !== undefined && ctx.now >= row.timeoutAt) {
      failDeployment(ctx, row, {
        code: 'TIMEOUT',
        message: 'The deployment did not complete in the time that is allowed for it.',
      });
      return undefined;
    }
    try {
      return move(ctx, row, group);
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      failDeployment(ctx, row, { code: error.code, message: error.message });
      return undefined;
    }
  },
};

/** Moves a deployment on. Returns when to look again unless something happens before. */
function move(ctx: Ctx, deployment: Deployment, group: DeploymentGroup): number | undefined {
  const again = stages[deployment.stage](ctx, deployment, group);
  const { stage, timeoutAt = Infinity } = ctx.get(deployments, deployment.id) as Deployment;
  return stage === 'ended' ? undefined : Math.min(again ?? Infinity, timeoutAt);
}

type StageHandler = (ctx: Ctx, deployment: Deployment, group: DeploymentGroup) => number | undefined;

const stages: Readonly<Record<Deployment['stage'], StageHandler>> = {
  created: start,
  provisioning: provision,
  installing(ctx, deployment) {
    const replaces = isBlueGreen(deployment);
    if (!roll(ctx, deployment, 'Pending', replaces ? READY_AT : undefined)) return undefined;
    if (replaces) return afterInstalling(ctx, deployment);
    endDeployment(ctx, deployment, 'Succeeded');
    return undefined;
  },
  waiting: waitForTraffic,
  rerouting(ctx, deployment) {
    const { restores } = deployment;
    return roll(ctx, deployment, restores === undefined ? 'Ready' : 'Pending')
      ? afterRerouting(ctx, deployment)
      : undefined;
  },
  blocking(ctx, deployment, group) {
    return roll(ctx, deployment, 'Pending') ? afterBlocking(ctx, deployment, group) : undefined;
  },
  terminating: terminate,
  shifting(ctx, deployment) {
    const look = shiftTraffic(ctx, deployment);
    if (look.done) endDeployment(ctx, deployment, 'Succeeded');
    return look.again;
  },
  ended: () => undefined,
};

function isBlueGreen({ style }: Deployment): boolean {
  return style.deploymentType === 'BLUE_GREEN';
}

function start(ctx: Ctx, created: Deployment, group: DeploymentGroup): number | undefined {
  const lambda = created.computePlatform === 'Lambda';
  const limit = lambda ? lambdaTotal : isBlueGreen(created) ? blueGreenTotal : inPlaceTotal;
  const total = ctx.duration(limit, 'total');
  const begun = { status: 'InProgress', startedAt: ctx.now, timeoutAt: ctx.now + total } as const;
  const deployment = ctx.update(deployments, created, begun);
  notify(ctx, created, 'DeploymentStart');
  if (roleMissing(ctx, deployment)) {
    throw new Trouble('IAM_ROLE_MISSING', `IAM Role is missing for deployment group: ${group.name}`);
  }
  if (lambda) enlistFunction(ctx, deployment);
  if (!deployment.launch && watchAlarms(ctx, deployment)) return undefined;
  if (lambda) return beginShifting(ctx, deployment);
  const balanced = ctx.update(deployments, deployment, balancersOf(ctx, deployment));
  if (deployment.restores !== undefined) return startRestoring(ctx, balanced);
  return isBlueGreen(deployment) ? startBlueGreen(ctx, balanced, group) : startInPlace(ctx, balanced, group);
}

function startInPlace(ctx: Ctx, deployment: Deployment, group: DeploymentGroup): undefined {
  const { launch, updateOutdatedInstancesOnly, revision } = deployment;
  const all = launch ? [ec2Member(ctx, launch.instanceId)] : membersOf(ctx, deployment, group);
  const members = updateOutdatedInstancesOnly
    ? all.filter(({ targetId }) => isOutdated(ctx, group.id, targetId, revision))
    : all;
  if (members.length === 0) throw new Trouble('NO_INSTANCES', NO_INSTANCES);
  const enlisted = enlist(
    ctx,
    deployment,
    'instance',
    courseOf(ctx, deployment),
    inOrder(ctx, group, members),
  );
  const next = beginWave(ctx, enlisted, 'instance', members.length);
  ctx.update(deployments, next, { stage: 'installing' });
  ctx.wake(deploymentLook, deployment.id);
}

function courseOf(ctx: Ctx, deployment: Deployment): Course {
  const { launch } = deployment;
  const withTraffic = isBalanced(deployment);
  if (!launch) return withTraffic ? 'in-place-with-traffic' : 'in-place';
  const action: Launch | undefined = ctx.get(launches, launch.key);
  if (action?.terminating) return withTraffic ? 'termination-with-traffic' : 'termination';
  return withTraffic ? 'launch-with-traffic' : 'in-place';
}

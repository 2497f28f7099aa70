// Targets as the API shows them, also under the older name of deployment instances.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { INVALID_PLATFORM, invalidToken, PAGE_SIZE, tooMany, unknownTarget } from '../faults.ts';
import { describeFunction, functionIds } from '../lambda/targets.ts';
import { describeEvents } from '../lifecycle-events.ts';
import { deploymentOf, hasEnded, targets } from '../rows.ts';
import type { Deployment, Target, TargetStatus } from '../rows.ts';
import { LIMITS } from '../timings.ts';

const LABELS = { green: 'Green', blue: 'Blue', instance: undefined } as const;

/** Instances that a deployment left behind when it ended were skipped. */
function statusOf(deployment: Deployment, { status }: Target): TargetStatus {
  const open = status === 'Pending' || status === 'InProgress' || status === 'Ready';
  return open && hasEnded(deployment) ? 'Skipped' : status;
}

function eventsOf(ctx: Ctx, deployment: Deployment, target: Target): ReturnType<typeof describeEvents> {
  const over = hasEnded(deployment) || target.status === 'Failed';
  return describeEvents(ctx, target.key, target.course, over ? 'Skipped' : 'Pending');
}

type InstanceTarget = NonNullable<
  NonNullable<Output<'codedeploy', 'GetDeploymentTarget'>['deploymentTarget']>['instanceTarget']
>;

function describe(ctx: Ctx, deployment: Deployment, target: Target): InstanceTarget {
  const label = LABELS[target.fleet];
  return {
    deploymentId: deployment.id,
    targetId: target.targetId,
    targetArn: target.arn,
    status: statusOf(deployment, target),
    lastUpdatedAt: target.updatedAt,
    lifecycleEvents: eventsOf(ctx, deployment, target),
    ...(label === undefined ? {} : { instanceLabel: label }),
  };
}

type Summary = NonNullable<Output<'codedeploy', 'GetDeploymentInstance'>['instanceSummary']>;

function summarize(ctx: Ctx, deployment: Deployment, target: Target): Summary {
  const {
    targetArn = '',
    status,
    lastUpdatedAt,
    lifecycleEvents,
    instanceLabel,
  } = describe(ctx, deployment, target);
  return {
    deploymentId: deployment.id,
    instanceId: targetArn,
    ...(status === undefined ? {} : { status }),
    ...(lastUpdatedAt === undefined ? {} : { lastUpdatedAt }),
    ...(lifecycleEvents ? { lifecycleEvents } : {}),
    ...(instanceLabel ? { instanceType: instanceLabel } : {}),
  };
}

function started(ctx: Ctx, id: string): Deployment {
  const deployment = deploymentOf(ctx, id);
  if (deployment.startedAt !== undefined) return deployment;
  throw new Fault('DeploymentNotStartedException', 'The specified deployment has not started.');
}

function find(ctx: Ctx, deploymentId: string, id: string): Target | undefined {
  // Instances are known by id and by ARN.
  return ctx.list(targets, 'id', `${deploymentId}/${id.split('/').at(-1) ?? ''}`)[0];
}

function targetOf(ctx: Ctx, deploymentId: string, targetId: string): Target {
  const found = find(ctx, deploymentId, targetId);
  if (found) return found;
  throw unknownTarget();
}

function instanceOf(ctx: Ctx, deploymentId: string, instanceId: string): Target {
  const found = find(ctx, deploymentId, instanceId);
  if (found) return found;
  throw new Fault(
    'InstanceDoesNotExistException',
    'The specified instance does not exist in the deployment group.',
  );
}

interface Filter {
  statuses?: readonly string[] | undefined;
  labels?: readonly string[] | undefined;
}

function listed(ctx: Ctx, deployment: Deployment, { statuses, labels }: Filter): Target[] {
  return ctx.scan(targets, { prefix: `${deployment.id}/` }).filter((target) => {
    if (statuses && statuses.length > 0 && !statuses.includes(statusOf(deployment, target))) return false;
    return !labels || labels.length === 0 || labels.includes(LABELS[target.fleet] ?? '');
  });
}

type DeploymentTarget = NonNullable<Output<'codedeploy', 'GetDeploymentTarget'>['deploymentTarget']>;

function shown(ctx: Ctx, deployment: Deployment, targetId: string): DeploymentTarget {
  if (deployment.computePlatform) return describeFunction(ctx, deployment, targetId);
  const instanceTarget = describe(ctx, deployment, targetOf(ctx, deployment.id, targetId));
  return { deploymentTargetType: 'InstanceTarget', instanceTarget };
}

/** The older operations know instances only. */
function ofInstances(ctx: Ctx, id: string): Deployment {
  const deployment = started(ctx, id);
  if (!deployment.computePlatform) return deployment;
  throw new Fault('InvalidComputePlatformException', INVALID_PLATFORM);
}

export const targetOperations: Operations<'codedeploy'> = {
  ListDeploymentTargets(ctx, { deploymentId, nextToken: token, targetFilters = {} }) {
    const deployment = started(ctx, deploymentId);
    if (deployment.computePlatform) return { targetIds: functionIds(ctx, deployment, targetFilters) };
    const { TargetStatus: statuses, ServerInstanceLabel: labels } = targetFilters as Record<
      string,
      readonly string[]
    >;
    const found = listed(ctx, deployment, { statuses, labels });
    const { items, next } = pageOf(found, ({ key }) => key, { token, limit: PAGE_SIZE, invalidToken });
    return { targetIds: items.map(({ targetId }) => targetId), nextToken: next };
  },

  GetDeploymentTarget(ctx, { deploymentId, targetId }) {
    return { deploymentTarget: shown(ctx, started(ctx, deploymentId), targetId) };
  },

  BatchGetDeploymentTargets(ctx, { deploymentId, targetIds }) {
    const deployment = started(ctx, deploymentId);
    if (targetIds.length > LIMITS.targetBatch) {
      throw new Fault(
        'DeploymentTargetListSizeExceededException',
        'The maximum number of targets that can be associated with an Amazon ECS or AWS Lambda deployment was exceeded.',
      );
    }
    return { deploymentTargets: targetIds.map((targetId) => shown(ctx, deployment, targetId)) };
  },

  ListDeploymentInstances(ctx, { deploymentId, nextToken: token, instanceStatusFilter, instanceTypeFilter }) {
    const deployment = ofInstances(ctx, deploymentId);
    const found = listed(ctx, deployment, { statuses: instanceStatusFilter, labels: instanceTypeFilter });
    const { items, next } = pageOf(found, ({ key }) => key, { token, limit: PAGE_SIZE, invalidToken });
    return { instancesList: items.map(({ targetId }) => targetId), nextToken: next };
  },

  GetDeploymentInstance(ctx, { deploymentId, instanceId }) {
    const deployment = ofInstances(ctx, deploymentId);
    return { instanceSummary: summarize(ctx, deployment, instanceOf(ctx, deploymentId, instanceId)) };
  },

  BatchGetDeploymentInstances(ctx, { deploymentId, instanceIds }) {
    const deployment = ofInstances(ctx, deploymentId);
    if (instanceIds.length > LIMITS.batch) throw tooMany();
    const found = instanceIds.map((id) => summarize(ctx, deployment, instanceOf(ctx, deploymentId, id)));
    return { instancesSummary: found, errorMessage: '' };
  },
};

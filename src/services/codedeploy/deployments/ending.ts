// How deployments end: what the group and everybody else learns from it.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { recordInstance } from '../instances/instances.ts';
import { lambdaOverview, leaveTarget } from '../lambda/targets.ts';
import {
  alarmWatches,
  deploymentGroups,
  deploymentLook,
  deploymentOf,
  deployments,
  followUpLook,
  groupOf,
  hasEnded,
  launchLook,
  targetLook,
  targets,
} from '../rows.ts';
import type { AutoRollbackEvent, Deployment, DeploymentGroup, LastDeployment } from '../rows.ts';
import { canRollBack, isRolledBack, rollBack } from './rollback.ts';
import { notify } from './triggers.ts';

type Final = 'Succeeded' | 'Failed' | 'Stopped';
const NEWS = {
  Succeeded: 'DeploymentSuccess',
  Failed: 'DeploymentFailure',
  Stopped: 'DeploymentStop',
} as const;

/** AWS's words for a deployment that failed on too many instances. */
export const HEALTH_CONSTRAINTS: string =
  'The overall deployment failed because too many individual instances failed deployment, too few healthy instances are ' +
  'available for deployment, or some instances in your deployment group are experiencing problems.';

/** Ends a deployment. Instances that did not get to their end are skipped; what runs on them is not interrupted. */
export function endDeployment(
  ctx: Ctx,
  { id }: Pick<Deployment, 'id'>,
  status: Final,
  error?: Deployment['error'],
): Deployment {
  const { waitUntil: _, ...row } = deploymentOf(ctx, id);
  const { Pending, InProgress, Ready, Skipped, ...rest } = row.overview;
  const overview = {
    ...rest,
    Pending: 0,
    InProgress: 0,
    Ready: 0,
    Skipped: Skipped + Pending + InProgress + Ready,
  };
  const ended: Deployment = {
    ...row,
    status,
    stage: 'ended',
    completedAt: ctx.now,
    overview: row.computePlatform ? lambdaOverview(status) : overview,
    ...(error ? { error } : {}),
  };
  ctx.put(deployments, ended);
  leaveTarget(ctx, ended);
  if (ctx.get(alarmWatches, id)) ctx.delete(alarmWatches, id);
  leaveUnfinished(ctx, ended, InProgress > 0);
  const group = ctx.get(deploymentGroups, row.groupId);
  if (group && !row.launch) tellGroup(ctx, group, ended);
  notify(ctx, ended, NEWS[status]);
  if (row.launch) ctx.wake(launchLook, row.launch.key);
  if (group) ctx.wake(followUpLook, group.id);
  return ended;
}

/** Time limits that are still ahead concern nobody any more: a last look at once takes their place. */
function leaveUnfinished(ctx: Ctx, { id, groupId }: Deployment, underWay: boolean): void {
  ctx.wake(deploymentLook, id);
  if (!underWay) return;
  for (const { key, status, targetId } of ctx.scan(targets, { prefix: `${id}/` })) {
    if (status !== 'InProgress') continue;
    ctx.wake(targetLook, key);
    // Nobody knows what is on it now, so that the next deployment takes it first.
    recordInstance(ctx, groupId, targetId, undefined);
  }
}

function tellGroup(
  ctx: Ctx,
  group: DeploymentGroup,
  { id, status, createdAt, revision, restores }: Deployment,
): void {
  const last: LastDeployment = { deploymentId: id, status, createTime: createdAt, endTime: ctx.now };
  if (status !== 'Succeeded') return void ctx.update(deploymentGroups, group, { lastAttempted: last });
  const settled = { lastAttempted: last, lastSuccessful: last };
  ctx.update(
    deploymentGroups,
    group,
    restores === undefined ? { ...settled, targetRevision: revision } : settled,
  );
}

function afterwards(ctx: Ctx, ended: Deployment, rolledBack: boolean): void {
  const group = ctx.get(deploymentGroups, ended.groupId);
  if (group && rolledBack) rollBack(ctx, ended, group);
}

export function failDeployment(
  ctx: Ctx,
  deployment: Deployment,
  error: NonNullable<Deployment['error']>,
): void {
  const ended = endDeployment(ctx, deployment, 'Failed', error);
  afterwards(ctx, ended, isRolledBack(ended, 'DEPLOYMENT_FAILURE'));
}

export function stopDeployment(
  ctx: Ctx,
  deployment: Deployment,
  why: AutoRollbackEvent,
  error?: Deployment['error'],
): void {
  const ended = endDeployment(ctx, deployment, 'Stopped', error);
  afterwards(ctx, ended, isRolledBack(ended, why));
}

export const endingOperations: Operations<'codedeploy'> = {
  StopDeployment(ctx, { deploymentId, autoRollbackEnabled }) {
    const deployment = deploymentOf(ctx, deploymentId);
    if (hasEnded(deployment))
      throw new Fault('DeploymentAlreadyCompletedException', 'The deployment is already complete.');
    groupOf(ctx, deployment.applicationName, deployment.groupName);
    const error = { code: 'MANUAL_STOP', message: 'The deployment was stopped by the user.' } as const;
    const ended = endDeployment(ctx, deployment, 'Stopped', error);
    const rolledBack = autoRollbackEnabled ?? isRolledBack(ended, 'DEPLOYMENT_STOP_ON_REQUEST');
    afterwards(ctx, ended, rolledBack && canRollBack(ended));
    return {
      status: 'Succeeded',
      statusMessage: 'No more commands will be scheduled for execution in the deployment instances',
    };
  },
};

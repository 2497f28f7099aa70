// Follow-on deployments: what Auto Scaling launched while a deployment ran got the previous revision, and is brought up to
// date by a deployment that CodeDeploy begins itself, unless the group says IGNORE.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { groupInstanceChanged } from '#cloud/ports/scaling.ts';
import { ofAutoScalingGroups, runsOlder } from '../instances/instances.ts';
import { activeDeployment, deploymentGroups, deployments, followUpLook } from '../rows.ts';
import type { Deployment, DeploymentGroup } from '../rows.ts';
import { Trouble } from '../service-role.ts';
import { beginDeployment } from './deployments.ts';

export const followUpReconciler: Reconciler<DeploymentGroup, Ctx> = {
  ...followUpLook,
  table: deploymentGroups,
  wakes: [
    // An instance came into service with a revision that is no longer the group's.
    wake<{ group: string; instanceId: string; state: string }, Ctx>(
      groupInstanceChanged,
      (ctx, { group, instanceId, state }) => {
        if (state !== 'InService') return [];
        return ctx
          .list(deploymentGroups)
          .filter(({ id, targetRevision, autoScalingGroups }) => {
            const ours = targetRevision && autoScalingGroups.some(({ name }) => name === group);
            return ours && runsOlder(ctx, id, instanceId, targetRevision);
          })
          .map(({ id }) => id);
      },
    ),
  ],
  step(ctx, group) {
    const { id, targetRevision, settings, autoScalingGroups, lastAttempted, lastSuccessful } = group;
    // After a deployment that failed or was stopped, instances differ for another reason; and a follow-on is not repeated.
    if (lastAttempted?.deploymentId !== lastSuccessful?.deploymentId) return;
    if (!targetRevision || settings.outdatedInstancesStrategy === 'IGNORE' || activeDeployment(ctx, id))
      return;
    const root = lastSuccessful && ctx.get(deployments, lastSuccessful.deploymentId);
    if (!root || autoScalingGroups.length === 0) return;
    const members = inService(ctx, group);
    if (!members.some((instanceId) => runsOlder(ctx, id, instanceId, targetRevision))) return;
    const followsUp = root.followsUp ?? root.id;
    const begun = beginDeployment(ctx, group, {
      revision: targetRevision,
      creator: 'CodeDeployAutoUpdate',
      updateOutdatedInstancesOnly: true,
      fileExistsBehavior: root.fileExistsBehavior,
      followsUp,
    });
    const first = ctx.get(deployments, followsUp) as Deployment;
    ctx.update(deployments, first, { followUps: [...(first.followUps ?? []), begun.id] });
  },
};

function inService(ctx: Ctx, group: DeploymentGroup): string[] {
  try {
    return ofAutoScalingGroups(
      ctx,
      group,
      group.autoScalingGroups.map(({ name }) => name),
    ).map(({ targetId }) => targetId);
  } catch (error) {
    // Without the permission to look, nobody learns that something is outdated.
    if (error instanceof Trouble) return [];
    throw error;
  }
}

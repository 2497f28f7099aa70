// Automatic rollback: a new deployment of what last succeeded, or one that takes traffic back to the original instances or to
// the function's previous version.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html

import type { Ctx } from '#cloud/ctx.ts';
import { DEFAULT_CONFIGS } from '../groups/deployment-configs.ts';
import { lambdaTargets } from '../lambda/targets.ts';
import { deployments, targets } from '../rows.ts';
import type { AutoRollbackEvent, Deployment, DeploymentGroup } from '../rows.ts';
import { beginDeployment, newId } from './deployments.ts';
import { notify } from './triggers.ts';

/** Rollbacks themselves and Auto Scaling's deployments are never rolled back. */
export function canRollBack({ creator }: Deployment): boolean {
  return creator === 'user' || creator === 'CloudFormation';
}

/** Whether a deployment that ended like this is rolled back. */
export function isRolledBack(deployment: Deployment, event: AutoRollbackEvent): boolean {
  const { enabled = false, events = [] } = deployment.autoRollback ?? {};
  return canRollBack(deployment) && enabled && events.includes(event);
}

/** Whether there is something that traffic could go back to. */
function canRestore(ctx: Ctx, { id, computePlatform }: Deployment): boolean {
  if (computePlatform) return ctx.get(lambdaTargets, id) !== undefined;
  return ctx.scan(targets, { prefix: `${id}/blue/`, limit: 1 }).length > 0;
}

/** Begins the rollback of a deployment that has ended, where there is something to go back to. */
export function rollBack(ctx: Ctx, ended: Deployment, group: DeploymentGroup): void {
  const restores = ended.style.deploymentType === 'BLUE_GREEN';
  const revision = restores ? (ended.previousRevision ?? ended.revision) : group.targetRevision;
  // Nothing ever succeeded, or no instance is there yet that traffic could go back to.
  if (!revision || (restores && !canRestore(ctx, ended))) return;
  const id = newId(ctx);
  // How existing files are dealt with comes from the deployment that succeeded.
  const last = group.lastSuccessful && ctx.get(deployments, group.lastSuccessful.deploymentId);
  const begun = beginDeployment(
    ctx,
    group,
    {
      revision,
      creator: 'codeDeployRollback',
      // All the traffic of a function goes back at once.
      configName: ended.computePlatform ? DEFAULT_CONFIGS[ended.computePlatform] : ended.configName,
      fileExistsBehavior: last?.fileExistsBehavior ?? 'DISALLOW',
      rollbackInfo: {
        rollbackTriggeringDeploymentId: ended.id,
        rollbackMessage: `Deployment ${id} is triggered to roll back deployment ${ended.id}.`,
      },
      ...(restores ? { restores: ended.id } : {}),
    },
    id,
  );
  ctx.update(deployments, ended, {
    rollbackInfo: {
      rollbackDeploymentId: id,
      rollbackMessage: `Deployment ${ended.id} terminated. Automatic rollback is triggered with a DeploymentId ${id}.`,
    },
  });
  notify(ctx, begun, 'DeploymentRollback');
}

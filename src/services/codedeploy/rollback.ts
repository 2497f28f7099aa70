// Automatic rollback: a new deployment of what last succeeded, or, in blue/green, of traffic back to the original instances.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html

import type { Ctx } from '#cloud/ctx.ts';
import { beginDeployment, newId } from './deployments.ts';
import { deployments, targets } from './rows.ts';
import type { AutoRollbackEvent, Deployment, DeploymentGroup } from './rows.ts';
import { notify } from './triggers.ts';

/** Whether a deployment that ended like this is rolled back. Rollbacks themselves and Auto Scaling's deployments never are. */
export function isRolledBack({ creator, autoRollback }: Deployment, event: AutoRollbackEvent): boolean {
  if (creator !== 'user') return false;
  const { enabled = false, events = [] } = autoRollback ?? {};
  return enabled && events.includes(event);
}

/** Begins the rollback of a deployment that has ended, where there is something to go back to. */
export function rollBack(ctx: Ctx, ended: Deployment, group: DeploymentGroup): void {
  const restores = ended.style.deploymentType === 'BLUE_GREEN';
  const revision = restores ? (ended.previousRevision ?? ended.revision) : group.targetRevision;
  // Nothing ever succeeded, or no instance is there yet that traffic could go back to.
  if (!revision || (restores && ctx.scan(targets, { prefix: `${ended.id}/blue/`, limit: 1 }).length === 0))
    return;
  const id = newId(ctx);
  // How existing files are dealt with comes from the deployment that succeeded.
  const last = group.lastSuccessful && ctx.get(deployments, group.lastSuccessful.deploymentId);
  const begun = beginDeployment(
    ctx,
    group,
    {
      revision,
      creator: 'codeDeployRollback',
      configName: ended.configName,
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

// New instances of Auto Scaling groups wait in CodeDeploy's lifecycle hook until they have the revision that the group's
// last successful deployment brought; an instance that cannot get it is abandoned, and Auto Scaling launches another.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { lifecycleActionBegan } from '#cloud/ports/scaling.ts';
import { beginDeployment } from '../deployments/deployments.ts';
import { deploymentGroups, deployments, hasEnded, launches, launchLook } from '../rows.ts';
import type { DeploymentGroup, Launch } from '../rows.ts';
import { callAs } from '../service-role.ts';
import { heartbeat } from '../timings.ts';

interface Action {
  group: string;
  hook: string;
  instanceId: string;
  token: string;
  transition: string;
  metadata: string;
}

export const launchReconciler: Reconciler<Launch, Ctx> = {
  ...launchLook,
  table: launches,
  wakes: [
    // The message in the hook's queue: it is kept as a row until its instance may go on.
    wake<Action, Ctx>(
      lifecycleActionBegan,
      (ctx, { group, hook, instanceId, token, transition, metadata: groupId }) => {
        const owner = ctx.get(deploymentGroups, groupId);
        const ours = owner?.autoScalingGroups.some(
          (one) => one.hook === hook || one.terminationHook === hook,
        );
        if (!ours) return [];
        const key = `${group}/${instanceId}/${token}`;
        const terminating = transition === 'autoscaling:EC2_INSTANCE_TERMINATING';
        ctx.put(launches, { key, groupId, autoScalingGroup: group, hook, instanceId, token, terminating });
        return [key];
      },
    ),
  ],
  step(ctx, launch) {
    const group = ctx.get(deploymentGroups, launch.groupId);
    if (!group) return ctx.delete(launches, launch.key);
    if (launch.deploymentId === undefined) return begin(ctx, group, launch);
    const deployment = ctx.get(deployments, launch.deploymentId);
    if (!deployment || hasEnded(deployment))
      return complete(ctx, group, launch, deployment?.status === 'Succeeded');
    beat(ctx, group, launch);
    return ctx.now + ctx.duration(heartbeat, launch.autoScalingGroup);
  },
};

function begin(ctx: Ctx, group: DeploymentGroup, launch: Launch): number | undefined {
  const { targetRevision: revision, lastSuccessful } = group;
  // Nothing ever succeeded: there is nothing to deploy, and the instance goes on as it is.
  if (!revision) return complete(ctx, group, launch, true);
  const last = lastSuccessful && ctx.get(deployments, lastSuccessful.deploymentId);
  const { id } = beginDeployment(ctx, group, {
    revision,
    creator: launch.terminating ? 'autoscalingTermination' : 'autoscaling',
    fileExistsBehavior: last?.fileExistsBehavior ?? 'DISALLOW',
    launch: { instanceId: launch.instanceId, key: launch.key },
  });
  ctx.update(launches, launch, { deploymentId: id });
  return ctx.now + ctx.duration(heartbeat, launch.autoScalingGroup);
}

function nameAction({ autoScalingGroup, hook, instanceId, token }: Launch): {
  AutoScalingGroupName: string;
  LifecycleHookName: string;
  InstanceId: string;
  LifecycleActionToken: string;
} {
  return {
    AutoScalingGroupName: autoScalingGroup,
    LifecycleHookName: hook,
    InstanceId: instanceId,
    LifecycleActionToken: token,
  };
}

/** Without the permission, or when the action is over, the heartbeat is lost; Auto Scaling then decides by its timeout. */
function beat(ctx: Ctx, group: DeploymentGroup, launch: Launch): void {
  callAs(ctx, group, 'autoscaling', 'RecordLifecycleActionHeartbeat', nameAction(launch));
}

function complete(ctx: Ctx, group: DeploymentGroup, launch: Launch, well: boolean): undefined {
  const LifecycleActionResult = well ? 'CONTINUE' : 'ABANDON';
  callAs(ctx, group, 'autoscaling', 'CompleteLifecycleAction', {
    ...nameAction(launch),
    LifecycleActionResult,
  });
  ctx.delete(launches, launch.key);
}

// The lifecycle hooks that CodeDeploy puts on the Auto Scaling groups of a deployment group.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { DeploymentGroup, HookedGroup } from '../rows.ts';
import { callAs, deniedMessage, isDenied } from '../service-role.ts';
import type { Acting } from '../service-role.ts';

const HEARTBEAT_SECONDS = 600;

/** The account of the queue is AWS's own; nobody outside sees it. */
function queueArn(ctx: Ctx): string {
  return `arn:aws:sqs:${ctx.region}:000000000000:razorbill-${ctx.region}-prod-default-autoscaling-lifecycle-hook`;
}

/** Whether hooks on the group's Auto Scaling groups also hold instances that are being terminated. */
type Hooking = Pick<DeploymentGroup, 'id' | 'name' | 'serviceRoleArn' | 'settings'>;

/** Puts the hooks on one Auto Scaling group. Returns them, or the fault of the first that could not be put. */
export function hookGroup(ctx: Ctx, group: Hooking, autoScalingGroup: string): HookedGroup | Fault {
  const hook = `CodeDeploy-managed-automatic-launch-deployment-hook-${group.name}-${ctx.uuid('hook')}`;
  const fault = put(ctx, group, autoScalingGroup, hook, 'autoscaling:EC2_INSTANCE_LAUNCHING');
  if (fault) return fault;
  if (!group.settings.terminationHookEnabled) return { name: autoScalingGroup, hook };
  const terminationHook = `CodeDeploy-managed-automatic-termination-deployment-hook-${group.name}-${ctx.uuid('hook')}`;
  const other = put(ctx, group, autoScalingGroup, terminationHook, 'autoscaling:EC2_INSTANCE_TERMINATING');
  return other ?? { name: autoScalingGroup, hook, terminationHook };
}

function put(
  ctx: Ctx,
  group: Hooking,
  AutoScalingGroupName: string,
  name: string,
  transition: string,
): Fault | undefined {
  const outcome = callAs(ctx, group, 'autoscaling', 'PutLifecycleHook', {
    AutoScalingGroupName,
    LifecycleHookName: name,
    LifecycleTransition: transition,
    HeartbeatTimeout: HEARTBEAT_SECONDS,
    DefaultResult: 'ABANDON',
    NotificationTargetARN: queueArn(ctx),
    NotificationMetadata: group.id,
  });
  return outcome.ok ? undefined : outcome.fault;
}

/** Takes the hooks off again. False where one of them stays behind. */
export function unhookGroup(ctx: Ctx, acting: Acting, { name, hook, terminationHook }: HookedGroup): boolean {
  let clean = true;
  for (const LifecycleHookName of [hook, terminationHook]) {
    if (LifecycleHookName === undefined) continue;
    const input = { AutoScalingGroupName: name, LifecycleHookName };
    clean = callAs(ctx, acting, 'autoscaling', 'DeleteLifecycleHook', input).ok && clean;
  }
  return clean;
}

/** Hooks Auto Scaling groups for CreateDeploymentGroup and UpdateDeploymentGroup: throws CodeDeploy's answers. */
export function hookAll(ctx: Ctx, group: Hooking, names: readonly string[]): HookedGroup[] {
  return names.map((name) => {
    const hooked = hookGroup(ctx, group, name);
    if (!(hooked instanceof Fault)) return hooked;
    if (isDenied(hooked)) throw new Fault('InvalidRoleException', deniedMessage(group, 'autoscaling'));
    if (hooked.shape.startsWith('LimitExceeded')) {
      throw new Fault('LifecycleHookLimitExceededException', 'The limit for lifecycle hooks was exceeded.');
    }
    throw new Fault(
      'InvalidAutoScalingGroupException',
      'The Auto Scaling group was specified in an invalid format or does not exist.',
    );
  });
}

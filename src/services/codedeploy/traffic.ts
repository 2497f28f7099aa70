// The load balancer's side of a deployment: instances out of target groups and back.

import type { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Deployment } from './rows.ts';
import { callAs, demand, deniedMessage, isDenied, Trouble } from './service-role.ts';

/** The target groups that a deployment goes by, as ARNs. */
export function targetGroupsOf(ctx: Ctx, deployment: Deployment): string[] {
  const Names = (deployment.loadBalancerInfo?.targetGroupInfoList ?? []).map(({ name = '' }) => name);
  if (deployment.style.deploymentOption !== 'WITH_TRAFFIC_CONTROL' || Names.length === 0) return [];
  const { TargetGroups = [] } = demand(ctx, deployment, 'elasticloadbalancing', 'DescribeTargetGroups', {
    Names,
  });
  return TargetGroups.map(({ TargetGroupArn = '' }) => TargetGroupArn);
}

/** Takes an instance out of service. Returns what the load balancer objects. */
export function deregister(ctx: Ctx, deployment: Deployment, Id: string): string | undefined {
  return each(deployment, (TargetGroupArn) => {
    const outcome = callAs(ctx, deployment, 'elasticloadbalancing', 'DeregisterTargets', {
      TargetGroupArn,
      Targets: [{ Id }],
    });
    return outcome.ok ? undefined : outcome.fault;
  });
}

/** Puts an instance into service. Returns what the load balancer objects. */
export function register(ctx: Ctx, deployment: Deployment, Id: string): string | undefined {
  return each(deployment, (TargetGroupArn) => {
    const outcome = callAs(ctx, deployment, 'elasticloadbalancing', 'RegisterTargets', {
      TargetGroupArn,
      Targets: [{ Id }],
    });
    return outcome.ok ? undefined : outcome.fault;
  });
}

function each(
  deployment: Deployment,
  act: (targetGroupArn: string) => Fault | undefined,
): string | undefined {
  for (const arn of deployment.targetGroupArns) {
    const fault = act(arn);
    if (!fault) continue;
    if (isDenied(fault))
      throw new Trouble('IAM_ROLE_PERMISSIONS', deniedMessage(deployment, 'elasticloadbalancing'));
    return fault.message;
  }
  return undefined;
}

/** Whether connections to an instance have drained in all target groups. */
export function isOut(ctx: Ctx, deployment: Deployment, targetId: string): boolean {
  return states(ctx, deployment, targetId).every((state) => state === 'unused');
}

/** Whether all target groups find an instance healthy. */
export function isServing(ctx: Ctx, deployment: Deployment, targetId: string): boolean {
  return states(ctx, deployment, targetId).every((state) => state === 'healthy');
}

function states(ctx: Ctx, deployment: Deployment, Id: string): string[] {
  return deployment.targetGroupArns.map((TargetGroupArn) => {
    const outcome = callAs(ctx, deployment, 'elasticloadbalancing', 'DescribeTargetHealth', {
      TargetGroupArn,
      Targets: [{ Id }],
    });
    if (outcome.ok) return outcome.output.TargetHealthDescriptions?.[0]?.TargetHealth?.State ?? 'unused';
    if (isDenied(outcome.fault))
      throw new Trouble('IAM_ROLE_PERMISSIONS', deniedMessage(deployment, 'elasticloadbalancing'));
    return 'unused'; // An instance that is gone is no target any more.
  });
}

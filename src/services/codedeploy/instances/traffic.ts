// The load balancer's side of a deployment: instances out of target groups and Classic Load Balancers, and back.

import type { Fault } from '#contract/fault.ts';
import type { Outcome } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Deployment } from '../rows.ts';
import { callAs, demand, deniedMessage, isDenied, Trouble } from '../service-role.ts';

const CLASSIC = 'elasticloadbalancing-classic';

type Balancers = Pick<Deployment, 'targetGroupArns' | 'loadBalancerNames'>;

/** The target groups that a deployment goes by, as ARNs, and the Classic Load Balancers. */
export function balancersOf(ctx: Ctx, deployment: Deployment): Balancers {
  const { targetGroupInfoList = [], elbInfoList = [] } = deployment.loadBalancerInfo ?? {};
  if (deployment.style.deploymentOption !== 'WITH_TRAFFIC_CONTROL') return { targetGroupArns: [] };
  const Names = targetGroupInfoList.map(({ name = '' }) => name);
  const { TargetGroups = [] } =
    Names.length > 0
      ? demand(ctx, deployment, 'elasticloadbalancing', 'DescribeTargetGroups', { Names })
      : {};
  const targetGroupArns = TargetGroups.map(({ TargetGroupArn = '' }) => TargetGroupArn);
  const loadBalancerNames = elbInfoList.map(({ name = '' }) => name);
  if (loadBalancerNames.length === 0) return { targetGroupArns };
  demand(ctx, deployment, CLASSIC, 'DescribeLoadBalancers', { LoadBalancerNames: loadBalancerNames });
  return { targetGroupArns, loadBalancerNames };
}

/** Whether instances leave load balancers for a deployment and come back to them. */
export function isBalanced({ targetGroupArns, loadBalancerNames = [] }: Balancers): boolean {
  return targetGroupArns.length + loadBalancerNames.length > 0;
}

/** Takes an instance out of service. Returns what the load balancer objects. */
export function deregister(ctx: Ctx, deployment: Deployment, Id: string): string | undefined {
  return each(
    deployment,
    (TargetGroupArn) => {
      const input = { TargetGroupArn, Targets: [{ Id }] };
      return callAs(ctx, deployment, 'elasticloadbalancing', 'DeregisterTargets', input);
    },
    (LoadBalancerName) => {
      const input = { LoadBalancerName, Instances: [{ InstanceId: Id }] };
      return callAs(ctx, deployment, CLASSIC, 'DeregisterInstancesFromLoadBalancer', input);
    },
  );
}

/** Puts an instance into service. Returns what the load balancer objects. */
export function register(ctx: Ctx, deployment: Deployment, Id: string): string | undefined {
  return each(
    deployment,
    (TargetGroupArn) => {
      const input = { TargetGroupArn, Targets: [{ Id }] };
      return callAs(ctx, deployment, 'elasticloadbalancing', 'RegisterTargets', input);
    },
    (LoadBalancerName) => {
      const input = { LoadBalancerName, Instances: [{ InstanceId: Id }] };
      return callAs(ctx, deployment, CLASSIC, 'RegisterInstancesWithLoadBalancer', input);
    },
  );
}

function each(
  deployment: Deployment,
  inGroup: (targetGroupArn: string) => Outcome,
  inClassic: (loadBalancerName: string) => Outcome,
): string | undefined {
  const acts = [
    ...deployment.targetGroupArns.map((arn) => () => inGroup(arn)),
    ...(deployment.loadBalancerNames ?? []).map((name) => () => inClassic(name)),
  ];
  for (const act of acts) {
    const outcome = act();
    if (outcome.ok) continue;
    checkAllowed(deployment, outcome.fault);
    return outcome.fault.message;
  }
  return undefined;
}

function checkAllowed(deployment: Deployment, fault: Fault): void {
  if (isDenied(fault))
    throw new Trouble('IAM_ROLE_PERMISSIONS', deniedMessage(deployment, 'elasticloadbalancing'));
}

/** Whether connections to an instance have drained in all target groups and load balancers. */
export function isOut(ctx: Ctx, deployment: Deployment, targetId: string): boolean {
  return states(ctx, deployment, targetId).every((state) => state === 'unused');
}

/** Whether all of them find an instance healthy. */
export function isServing(ctx: Ctx, deployment: Deployment, targetId: string): boolean {
  return states(ctx, deployment, targetId).every((state) => state === 'healthy');
}

/** In the words of target groups. */
function states(ctx: Ctx, deployment: Deployment, Id: string): string[] {
  const inGroups = deployment.targetGroupArns.map((TargetGroupArn) => {
    const outcome = callAs(ctx, deployment, 'elasticloadbalancing', 'DescribeTargetHealth', {
      TargetGroupArn,
      Targets: [{ Id }],
    });
    if (outcome.ok) return outcome.output.TargetHealthDescriptions?.[0]?.TargetHealth?.State ?? 'unused';
    checkAllowed(deployment, outcome.fault);
    return 'unused'; // An instance that is gone is no target any more.
  });
  const inClassic = (deployment.loadBalancerNames ?? []).map((LoadBalancerName) => {
    const outcome = callAs(ctx, deployment, CLASSIC, 'DescribeInstanceHealth', {
      LoadBalancerName,
      Instances: [{ InstanceId: Id }],
    });
    if (outcome.ok) return stateInClassic(outcome.output.InstanceStates?.[0]);
    checkAllowed(deployment, outcome.fault);
    return 'unused';
  });
  return [...inGroups, ...inClassic];
}

/** https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_InstanceState.html */
function stateInClassic(
  found: { State?: string | undefined; Description?: string | undefined } | undefined,
): string {
  if (!found || found.Description?.includes('not currently registered')) return 'unused';
  if (found.Description?.includes('deregistration')) return 'draining';
  return found.State === 'InService' ? 'healthy' : 'unhealthy';
}

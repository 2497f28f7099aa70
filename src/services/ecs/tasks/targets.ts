// Tasks as targets of load balancers: registered before they count as running, taken out before they are stopped.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html

import type { ThroughRole } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { serviceRole } from '../network.ts';
import { addEvent } from '../services/service-events.ts';
import { containerInstances, deployments, PRINCIPAL, services, targetOwners } from '../tables.ts';
import type { Service, Task, TaskTarget } from '../tables.ts';

/** Health of a target as Elastic Load Balancing tells it. */
export interface TargetState {
  readonly state: string;
  readonly description: string;
}

/** ECS for a service: under the service's own role where it has one. */
function roleFor(ctx: Ctx, { roleArn }: Pick<Service, 'roleArn'>): ThroughRole {
  return roleArn === undefined
    ? serviceRole(ctx)
    : { roleArn, service: PRINCIPAL, sessionName: 'ecs-service-scheduler' };
}

export function ownerKey({ targetGroupArn, targetId, port }: TaskTarget): string {
  return `${targetGroupArn} ${targetId}:${port}`;
}

/** Tasks that are targets under this id. */
export function ownersOf(ctx: Ctx, targetGroupArn: string, targetId: string): string[] {
  return ctx.scan(targetOwners, { prefix: `${targetGroupArn} ${targetId}:` }).map(({ taskArn }) => taskArn);
}

function serviceOf(ctx: Ctx, task: Task): Service | undefined {
  return task.service === undefined ? undefined : ctx.get(services, task.service);
}

/** The targets that a task is to be. */
function targetsFor(ctx: Ctx, task: Task): TaskTarget[] {
  const launch = task.deploymentId === undefined ? undefined : ctx.get(deployments, task.deploymentId);
  const instance =
    task.containerInstance === undefined ? undefined : ctx.get(containerInstances, task.containerInstance);
  const targetId = task.privateIp ?? instance?.instanceId ?? '';
  return (launch?.loadBalancers ?? []).flatMap(({ targetGroupArn = '', containerName, containerPort }) => {
    const container = task.containers.find(({ name }) => name === containerName);
    const binding = container?.bindings.find((one) => one.containerPort === containerPort);
    return binding ? [{ targetGroupArn, targetId, port: binding.hostPort }] : [];
  });
}

/** Whether a task has load balancers to wait for. */
export function hasLoadBalancers(ctx: Ctx, task: Task): boolean {
  return targetsFor(ctx, task).length > 0;
}

/** Registers a task; returns its targets, or what went wrong. */
export function registerTask(ctx: Ctx, task: Task): readonly TaskTarget[] | string {
  const service = serviceOf(ctx, task);
  if (!service) return [];
  const wanted = targetsFor(ctx, task);
  for (const target of wanted) {
    const { targetGroupArn: TargetGroupArn, targetId: Id, port: Port } = target;
    const sent = ctx.call(
      'elasticloadbalancing',
      'RegisterTargets',
      { TargetGroupArn, Targets: [{ Id, Port }] },
      roleFor(ctx, service),
    );
    if (!sent.ok) {
      const { message } = sent.fault;
      const text = `failed to register targets in (target-group ${TargetGroupArn}) with (error ${message})`;
      addEvent(ctx, service.key, text);
      return message;
    }
    ctx.put(targetOwners, { key: ownerKey(target), taskArn: task.arn });
    addEvent(ctx, service.key, `registered 1 targets in (target-group ${TargetGroupArn})`);
  }
  return wanted;
}

/** Takes a task out of its target groups; they drain its requests. */
export function deregisterTask(ctx: Ctx, task: Task): void {
  const service = serviceOf(ctx, task);
  if (!service) return;
  for (const { targetGroupArn: TargetGroupArn, targetId: Id, port: Port } of task.targets) {
    ctx.call(
      'elasticloadbalancing',
      'DeregisterTargets',
      { TargetGroupArn, Targets: [{ Id, Port }] },
      roleFor(ctx, service),
    );
    addEvent(ctx, service.key, `deregistered 1 targets in (target-group ${TargetGroupArn})`);
  }
}

export function forgetTargets(ctx: Ctx, { arn, targets }: Task): void {
  for (const target of targets) {
    const key = ownerKey(target);
    if (ctx.get(targetOwners, key)?.taskArn === arn) ctx.delete(targetOwners, key);
  }
}

/** What load balancers say of all targets in some groups, by `ownerKey`. */
export function targetStates(
  ctx: Ctx,
  service: Service,
  groups: readonly string[],
): ReadonlyMap<string, TargetState> {
  const found = new Map<string, TargetState>();
  for (const targetGroupArn of groups) {
    const asked = ctx.call(
      'elasticloadbalancing',
      'DescribeTargetHealth',
      { TargetGroupArn: targetGroupArn },
      roleFor(ctx, service),
    );
    if (!asked.ok) continue;
    for (const { Target, TargetHealth } of asked.output.TargetHealthDescriptions ?? []) {
      const key = ownerKey({ targetGroupArn, targetId: Target?.Id ?? '', port: Target?.Port ?? 0 });
      found.set(key, {
        state: TargetHealth?.State ?? 'unused',
        description: TargetHealth?.Description ?? '',
      });
    }
  }
  return found;
}

/** Whether a task still has requests that its load balancers wait for. */
export function isDraining(ctx: Ctx, task: Task): boolean {
  const service = serviceOf(ctx, task);
  if (!service || task.targets.length === 0) return false;
  const states = targetStates(ctx, service, [
    ...new Set(task.targets.map(({ targetGroupArn }) => targetGroupArn)),
  ]);
  return task.targets.some((target) => states.get(ownerKey(target))?.state === 'draining');
}

// Where tasks are placed: on which container instance, or in which subnet.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { invalidParameter, unmodelled } from '../faults.ts';
import { zonesOf, zonesWithout } from '../network.ts';
import { containerInstances, tasks } from '../tables.ts';
import type { Binding, ContainerInstance, Network, Task, TaskDefinition } from '../tables.ts';

export type Constraints = NonNullable<Input<'ecs', 'RunTask'>['placementConstraints']>;
export type Strategy = NonNullable<Input<'ecs', 'RunTask'>['placementStrategy']>;

/**
 * Ports that the agent gives to mappings that name none.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
 */
const DYNAMIC_PORTS = { from: 32_768, to: 60_999 } as const;

const SPREADS: ReadonlySet<string> = new Set(['attribute:ecs.availability-zone', 'instanceId', 'host']);

export function checkPlacement(constraints: Constraints, strategy: Strategy): void {
  if (constraints.some(({ type }) => type === 'memberOf'))
    throw unmodelled('Placement constraints of type memberOf are');
  for (const { type, field = '' } of strategy) {
    if (type === 'spread' && !SPREADS.has(field)) throw unmodelled(`Spreading by ${field} is`);
    if (type === 'binpack' && !/^(?:cpu|memory)$/i.test(field))
      throw invalidParameter(`Invalid placement strategy field for binpack: ${field}`);
  }
}

export interface Resources {
  readonly cpu: number;
  readonly memory: number;
}

/** What the tasks on an instance leave. */
export function remaining(
  ctx: Ctx,
  instance: ContainerInstance,
): Resources & { readonly ports: ReadonlySet<number> } {
  const there = ctx.list(tasks, 'containerInstance', instance.arn);
  const used = (of: 'cpu' | 'memory'): number => there.reduce((sum, task) => sum + task[of], 0);
  const ports = there.flatMap((task) =>
    task.containers.flatMap(({ bindings }) => bindings.map(({ hostPort }) => hostPort)),
  );
  return {
    cpu: instance.cpu - used('cpu'),
    memory: instance.memory - used('memory'),
    ports: new Set([...instance.ports, ...ports]),
  };
}

/** Why an instance cannot take a task, as failures of RunTask have it. */
function obstacle(
  ctx: Ctx,
  instance: ContainerInstance,
  needs: Resources,
  ports: readonly number[],
): string | undefined {
  if (!instance.connected) return 'AGENT';
  const left = remaining(ctx, instance);
  if (left.cpu < needs.cpu) return 'RESOURCE:CPU';
  if (left.memory < needs.memory) return 'RESOURCE:MEMORY';
  return ports.some((port) => left.ports.has(port)) ? 'RESOURCE:PORTS' : undefined;
}

export interface Wanted {
  readonly clusterName: string;
  readonly definition: TaskDefinition;
  readonly needs: Resources;
  /** Tasks beside which it is placed: of its service or group. */
  readonly siblings: readonly Task[];
  readonly constraints: Constraints;
  readonly strategy: Strategy;
  /** For strategies at random. */
  readonly draw: number;
  /** The one container instance that is asked for. */
  readonly on?: string;
}

export type Placed =
  | { readonly instance: ContainerInstance }
  | { readonly failures: readonly { readonly arn: string; readonly reason: string }[] };

/** The container instance for a task: of those that can take it, the best by the strategy; without one, spread over zones. */
export function placeOnInstance(ctx: Ctx, wanted: Wanted): Placed {
  const { clusterName, definition, needs, siblings, constraints } = wanted;
  const ports = definition.containers.flatMap(({ portMappings = [] }) =>
    portMappings.flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [hostPort])),
  );
  const distinct = constraints.some(({ type }) => type === 'distinctInstance');
  const all = ctx
    .list(containerInstances, 'cluster', clusterName)
    .filter(({ arn, status }) => (wanted.on === undefined ? status === 'ACTIVE' : arn === wanted.on));
  const judged = all.map((instance) => {
    const taken = distinct && siblings.some((task) => task.containerInstance === instance.arn);
    return {
      instance,
      reason: taken ? 'MemberOf placement constraint unsatisfied.' : obstacle(ctx, instance, needs, ports),
    };
  });
  const able = judged.flatMap(({ instance, reason }) => (reason === undefined ? [instance] : []));
  if (able.length === 0)
    return { failures: judged.map(({ instance, reason = '' }) => ({ arn: instance.arn, reason })) };
  return { instance: best(ctx, able, wanted) };
}

const USUAL: Strategy = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'spread', field: 'instanceId' },
];

function best(
  ctx: Ctx,
  able: readonly ContainerInstance[],
  { siblings, strategy, draw }: Wanted,
): ContainerInstance {
  let left = able;
  for (const { type, field = '' } of strategy.length > 0 ? strategy : USUAL) {
    if (type === 'random') return left[Math.floor(draw * left.length)] as ContainerInstance;
    const score = (one: ContainerInstance): number => {
      if (type === 'binpack') return remaining(ctx, one)[field.toLowerCase() as 'cpu' | 'memory'];
      const beside = field.startsWith('attribute:')
        ? (task: Task): boolean => task.zone === one.zone
        : (task: Task): boolean => task.containerInstance === one.arn;
      return siblings.filter(beside).length;
    };
    const scores = left.map(score);
    const lowest = Math.min(...scores);
    left = left.filter((_, i) => scores[i] === lowest);
  }
  return left[0] as ContainerInstance;
}

/** The ports of a task's containers on an instance. Mappings without a host port get the next that is free. */
export function bindingsOn(
  taken: ReadonlySet<number>,
  { networkMode, containers }: TaskDefinition,
): ReadonlyMap<string, readonly Binding[]> {
  const used = new Set(taken);
  let next: number = DYNAMIC_PORTS.from;
  const free = (): number => {
    while (used.has(next) && next < DYNAMIC_PORTS.to) next += 1;
    used.add(next);
    return next;
  };
  return new Map(
    containers.map(({ name = '', portMappings = [] }) => [
      name,
      portMappings.map(({ containerPort = 0, hostPort = 0, protocol = 'tcp' }) => ({
        containerPort,
        hostPort: networkMode === 'bridge' && hostPort === 0 ? free() : hostPort || containerPort,
        protocol,
      })),
    ]),
  );
}

/** The subnet for a task on Fargate: in the zone with the fewest of its siblings. Nothing where no zone has capacity. */
export function placeInSubnet(
  ctx: Ctx,
  { subnets }: Network,
  siblings: readonly Task[],
): { readonly subnetId: string; readonly zone: string } | undefined {
  const zones = zonesOf(ctx, subnets);
  const without = zonesWithout(ctx);
  const beside = (subnetId: string): number => siblings.filter((task) => task.subnetId === subnetId).length;
  const open = subnets.flatMap((subnetId) => {
    const zone = zones.get(subnetId)?.zone ?? '';
    const inZone = siblings.filter((task) => task.zone === zone).length;
    return without.has(zone) ? [] : [{ subnetId, zone, inZone, inSubnet: beside(subnetId) }];
  });
  const [first] = open.toSorted(
    (left, right) => left.inZone - right.inZone || left.inSubnet - right.inSubnet,
  );
  return first && { subnetId: first.subnetId, zone: first.zone };
}

// The row of an instance in a group: its lifecycle state, its health, and how far it has come.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { groupInstanceChanged } from '#cloud/ports/scaling.ts';
import type { LaunchTemplate } from './group.ts';

export type LifecycleState = NonNullable<
  NonNullable<
    Output<'autoscaling', 'DescribeAutoScalingGroups'>['AutoScalingGroups'][number]['Instances']
  >[number]['LifecycleState']
>;

/** How far the work of a lifecycle state has come. */
export type Phase = 'begin' | 'draining' | 'hooks' | 'ending' | 'gone';

export interface GroupInstance {
  instanceId: string;
  group: string;
  /** Its number in the group: random numbers are addressed by it. 0 where it was attached. */
  ordinal: number;
  zone: string;
  subnetId: string;
  instanceType: string;
  imageId: string;
  /** Absent where the instance was attached or launched from a launch configuration. */
  launchTemplate?: Required<LaunchTemplate>;
  launchConfigurationName?: string;
  /** The group's generation in which it joined. */
  generation: number;
  /** It has passed its health checks and its warm-up in a replacement of instances. */
  proven: boolean;
  launchedAt: number;
  state: LifecycleState;
  phase: Phase;
  health: 'Healthy' | 'Unhealthy';
  /** Cause of the termination that an unhealthy mark leads to. */
  unhealthyCause: string;
  protected: boolean;
  /** Launched to even out zones: until it serves, it comes on top of the desired capacity. */
  rebalancing: boolean;
  /**
   * Lifecycle hooks run for it: not for what was attached, came out of standby or goes with a deleted
   * group.
   */
  hooked: boolean;
  /** Target groups with which the group registered it. */
  registeredWith: readonly string[];
  /** When it last entered InService; 0 before. The grace period counts from here. */
  inServiceAt: number;
  /** Next step of the current phase, 0 where it waits for an event. */
  dueAt: number;
  /** Since when a health check has failed, and which; 0 when none does. */
  suspectSince: number;
  suspectOf: '' | 'impaired' | 'elb';
  /** The scaling activity that is about this instance now. */
  activityId: string;
}

export const instances: Table<GroupInstance> = table<GroupInstance>(
  'autoscaling/instances',
  (row) => row.instanceId,
  { group: (row) => row.group },
  { version: 2, upgrade: (row) => ({ ...(row as GroupInstance), generation: 0, proven: false }) },
);

/** For wakes from files that the reconciler itself imports. */
export const instanceReconciler = { name: 'autoscaling/instance' } as const;

const COUNTED: readonly string[] = ['Pending', 'Pending:Wait', 'Pending:Proceed', 'InService'];

/** Whether an instance is part of the group's capacity: not in standby and not on its way out. */
export function counts({ state }: GroupInstance): boolean {
  return COUNTED.includes(state);
}

export function isPending({ state }: GroupInstance): boolean {
  return state.startsWith('Pending');
}

/** Puts an instance into a lifecycle state, tells the rest of the world, and has the state's work begun. */
export function enter(
  ctx: Ctx,
  member: GroupInstance,
  state: LifecycleState,
  change: Partial<GroupInstance> = {},
): GroupInstance {
  const next = { ...member, phase: 'begin' as const, dueAt: 0, ...change, state };
  ctx.put(instances, next);
  ctx.emit(groupInstanceChanged, { group: member.group, instanceId: member.instanceId, state });
  ctx.wake(instanceReconciler, member.instanceId);
  return next;
}

/** An instance of a group by its id, or AWS's own answer. */
export function managed(ctx: Ctx, instanceId: string): GroupInstance {
  const member = ctx.get(instances, instanceId);
  if (!member) {
    throw new Fault(
      'ValidationError',
      `Instance Id not found - No managed instance found for instance ID: ${instanceId}`,
    );
  }
  return member;
}

const LARGEST_REQUEST = 20;

/** The instances that a request names. All must be the group's and in one of the states. */
export function named(
  ctx: Ctx,
  group: string,
  ids: readonly string[],
  states: readonly LifecycleState[],
  verb: string,
): GroupInstance[] {
  if (ids.length > LARGEST_REQUEST) {
    const limit = `List exceeds the maximum number of instances to ${verb}. Please retry your request with fewer instances.`;
    throw new Fault('ValidationError', limit);
  }
  return [...new Set(ids)].map((id) => {
    const member = ctx.get(instances, id);
    if (!member || member.group !== group) {
      throw new Fault('ValidationError', `The instance ${id} is not part of Auto Scaling group ${group}.`);
    }
    if (!states.includes(member.state)) {
      throw new Fault('ValidationError', `The instance ${id} is not in ${states.join(' or ')}.`);
    }
    return member;
  });
}

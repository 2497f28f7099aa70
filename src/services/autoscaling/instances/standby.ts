// Standby: instances that stay in the group, run and are billed, but serve nobody and are not replaced.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { beginFor, describeActivity } from '../activities.ts';
import { checkRoom, liveGroupOf, nudge, stamp } from '../group.ts';
import { enter, named } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';

/** `shrinking the capacity from 4 to 3`, or nothing where it stays. */
export function changing(verb: 'shrinking' | 'increasing', from: number, to: number): string {
  return from === to ? '' : `, ${verb} the capacity from ${from} to ${to}`;
}

export const standbyOperations: Operations<'autoscaling'> = {
  EnterStandby(ctx, { AutoScalingGroupName, InstanceIds = [], ShouldDecrementDesiredCapacity: decrement }) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    const members = named(ctx, group.name, InstanceIds, ['InService'], 'move to standby');
    const desired = group.desired - (decrement ? members.length : 0);
    if (decrement) checkRoom(group, desired, 'place into standby', members.length);
    const Activities = members.map((member) => {
      const asked = `At ${stamp(ctx)} instance ${member.instanceId} was moved to standby in response to a user request`;
      return asideOf(ctx, member, {
        state: 'EnteringStandby',
        description: `Moving EC2 instance to Standby: ${member.instanceId}`,
        cause: `${asked}${changing('shrinking', group.desired, desired)}.`,
      });
    });
    nudge(ctx, group.name, { desired });
    return { Activities };
  },

  ExitStandby(ctx, { AutoScalingGroupName, InstanceIds = [] }) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    const members = named(ctx, group.name, InstanceIds, ['Standby'], 'move out of standby');
    const desired = group.desired + members.length;
    checkRoom(group, desired, 'exit standby', members.length);
    const Activities = members.map((member) => {
      const { instanceId } = member;
      const asked = `At ${stamp(ctx)} instance ${instanceId} was moved out of standby in response to a user request`;
      const description = `Moving EC2 instance out of Standby: ${instanceId}`;
      const cause = `${asked}${changing('increasing', group.desired, desired)}.`;
      const activity = beginFor(ctx, member, { description, cause, status: 'PreInService', progress: 30 });
      // What was wrong before standby is looked at anew; launch hooks do not run again.
      enter(ctx, member, 'Pending', {
        activityId: activity.id,
        hooked: false,
        rebalancing: false,
        health: 'Healthy',
      });
      return describeActivity(ctx, activity);
    });
    nudge(ctx, group.name, { desired });
    return { Activities };
  },
};

interface Aside {
  state: 'EnteringStandby' | 'Detaching';
  description: string;
  cause: string;
}

/** Begins to take an instance out of service without terminating it. */
export function asideOf(
  ctx: Ctx,
  member: GroupInstance,
  { state, description, cause }: Aside,
): ReturnType<typeof describeActivity> {
  const activity = beginFor(ctx, member, { description, cause, progress: 50 });
  enter(ctx, member, state, { activityId: activity.id });
  return describeActivity(ctx, activity);
}

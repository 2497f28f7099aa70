// Attaching running instances to a group, and detaching them from it. Lifecycle hooks run for neither.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-detach-attach-instances.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { instances as ec2 } from '#cloud/ports/instances.ts';
import type { InstanceFacts } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { beginFor } from '../activities.ts';
import { checkRoom, liveGroupOf, nudge, roleOf, stamp } from '../group.ts';
import type { Group } from '../group.ts';
import { enter, instances, named } from '../instance.ts';
import { newcomer } from './launch.ts';
import { asideOf, changing } from './standby.ts';

function attachable(ctx: Ctx, group: Group, instanceId: string): InstanceFacts {
  const facts = ctx.port(ec2).facts(ctx, instanceId);
  if (!facts) throw new Fault('ValidationError', `Invalid Instance ID: ${instanceId}`);
  const member = ctx.get(instances, instanceId);
  if (member) {
    throw new Fault(
      'ValidationError',
      `Instance ${instanceId} is already part of AutoScalingGroup:${member.group}`,
    );
  }
  if (facts.state !== 'running')
    throw new Fault('ValidationError', `Instance ${instanceId} is not in running state.`);
  if (!group.zones.includes(facts.zone)) {
    const message = `The availability zone of the instance ${instanceId} is not part of the AutoScalingGroup ${group.name}.`;
    throw new Fault('ValidationError', message);
  }
  return facts;
}

export const attachmentOperations: Operations<'autoscaling'> = {
  AttachInstances(ctx, { AutoScalingGroupName, InstanceIds = [] }) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    const found = [...new Set(InstanceIds)].map((id) => attachable(ctx, group, id));
    const desired = group.desired + found.length;
    checkRoom(group, desired, 'attach', found.length);
    for (const { instanceId, zone, subnetId, instanceType, imageId, launchedAt } of found) {
      const place = { zone, subnetId, instanceType, imageId, launchedAt, protected: group.protectsNew };
      const member = { ...newcomer(group, instanceId), ...place };
      const description = `Attaching an existing EC2 instance: ${instanceId}`;
      const added = `At ${stamp(ctx)} an instance was added in response to user request.`;
      const cause = `${added} Keeping the capacity at the new ${desired}.`;
      const activity = beginFor(ctx, member, { description, cause, status: 'PreInService', progress: 30 });
      const Tags = [{ Key: 'aws:autoscaling:groupName', Value: group.name }];
      ctx.call('ec2', 'CreateTags', { Resources: [instanceId], Tags }, roleOf(group));
      enter(ctx, member, 'Pending', { activityId: activity.id });
    }
    nudge(ctx, group.name, { desired });
  },

  DetachInstances(
    ctx,
    { AutoScalingGroupName, InstanceIds = [], ShouldDecrementDesiredCapacity: decrement },
  ) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    const members = named(ctx, group.name, InstanceIds, ['InService', 'Standby'], 'detach');
    // Also for an instance in standby, which is not part of the desired capacity any more (observed by moto's authors).
    const desired = group.desired - (decrement ? members.length : 0);
    if (decrement) checkRoom(group, desired, 'detach', members.length);
    const Activities = members.map((member) => {
      const asked = `At ${stamp(ctx)} instance ${member.instanceId} was detached in response to a user request`;
      return asideOf(ctx, member, {
        state: 'Detaching',
        description: `Detaching EC2 instance: ${member.instanceId}`,
        cause: `${asked}${changing('shrinking', group.desired, desired)}.`,
      });
    });
    nudge(ctx, group.name, { desired });
    return { Activities };
  },
};

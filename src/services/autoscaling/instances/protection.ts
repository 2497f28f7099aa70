// Protection of single instances from scale-in.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html

import type { Operations } from '#cloud/service.ts';
import { liveGroupOf, nudge } from '../group.ts';
import { instances, named } from '../instance.ts';

export const protectionOperations: Operations<'autoscaling'> = {
  SetInstanceProtection(ctx, { AutoScalingGroupName, InstanceIds, ProtectedFromScaleIn }) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    const states = ['InService', 'EnteringStandby', 'Standby'] as const;
    for (const member of named(ctx, group.name, InstanceIds, states, 'protect')) {
      ctx.update(instances, member, { protected: ProtectedFromScaleIn });
    }
    nudge(ctx, group.name); // Scale-in may have been waiting for an instance that it may take.
  },
};

// What a group says about replacing its instances: warm-up, lifetime and maintenance policy.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-maintenance-policy.html

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Group } from '../group.ts';

type UpdateInput = Input<'autoscaling', 'UpdateAutoScalingGroup'>;
type WireGroup = Output<'autoscaling', 'DescribeAutoScalingGroups'>['AutoScalingGroups'][number];

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-max-instance-lifetime.html */
const SHORTEST_LIFETIME = 86_400;

type Replacing = Pick<Group, 'warmupSeconds' | 'lifetimeSeconds' | 'minHealthyPercent' | 'maxHealthyPercent'>;

/** What a request says about replacing instances, over what holds so far. -1 takes back what was set before. */
export function replacingOf(input: UpdateInput, before: Replacing): Replacing {
  const { DefaultInstanceWarmup: warmupSeconds = before.warmupSeconds } = input;
  const { MaxInstanceLifetime: lifetimeSeconds = before.lifetimeSeconds } = input;
  if (warmupSeconds < -1) throw invalid('DefaultInstanceWarmup must be -1 or greater.');
  if (lifetimeSeconds !== 0 && lifetimeSeconds < SHORTEST_LIFETIME)
    throw invalid(`MaxInstanceLifetime must be 0 or at least ${SHORTEST_LIFETIME} seconds.`);
  const { minHealthyPercent, maxHealthyPercent } = before;
  if (!input.InstanceMaintenancePolicy)
    return { warmupSeconds, lifetimeSeconds, minHealthyPercent, maxHealthyPercent };
  const { MinHealthyPercentage: min, MaxHealthyPercentage: max } = input.InstanceMaintenancePolicy;
  if (min === undefined || max === undefined)
    throw invalid('MinHealthyPercentage and MaxHealthyPercentage must both be specified.');
  const cleared = min === -1 && max === -1;
  if (!cleared && (min < 0 || max < 100))
    throw invalid('MinHealthyPercentage must be from 0 to 100 and MaxHealthyPercentage from 100 to 200.');
  if (!cleared && max - min > 100)
    throw invalid(
      'The difference between MaxHealthyPercentage and MinHealthyPercentage must not exceed 100.',
    );
  return { warmupSeconds, lifetimeSeconds, minHealthyPercent: min, maxHealthyPercent: max };
}

/** As `DescribeAutoScalingGroups` shows it. */
export function describeReplacing(group: Group): Partial<WireGroup> {
  const { warmupSeconds, lifetimeSeconds, minHealthyPercent, maxHealthyPercent } = group;
  const policy = { MinHealthyPercentage: minHealthyPercent, MaxHealthyPercentage: maxHealthyPercent };
  return {
    ...(warmupSeconds < 0 ? {} : { DefaultInstanceWarmup: warmupSeconds }),
    ...(lifetimeSeconds === 0 ? {} : { MaxInstanceLifetime: lifetimeSeconds }),
    ...(minHealthyPercent < 0 ? {} : { InstanceMaintenancePolicy: policy }),
  };
}

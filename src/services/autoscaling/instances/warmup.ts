// Warm-up: how long an instance that has entered service does not count yet.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html

import type { Group } from '../group.ts';
import type { GroupInstance } from '../instance.ts';

/** When an instance in service is warm. */
export function warmAt({ inServiceAt }: GroupInstance, seconds: number): number {
  return inServiceAt + seconds * 1000;
}

/** The warm-up of replacements, where they name none: the group's default, or its grace period. */
export function replacementWarmup({ warmupSeconds, gracePeriodSeconds }: Group): number {
  return warmupSeconds >= 0 ? warmupSeconds : gracePeriodSeconds;
}

/** The warm-up of scaling policies, where they name none: the group's default, or its cooldown. */
export function scalingWarmup({ warmupSeconds, cooldownSeconds }: Group): number {
  return warmupSeconds >= 0 ? warmupSeconds : cooldownSeconds;
}

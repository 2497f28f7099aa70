// How fast instances may be replaced: how many may go now, and how many may be launched on top beforehand. Pure.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-maintenance-policy-overview-and-considerations.html

/** Percentages of the desired capacity. Without a maximum, instances go first and others are launched in their place. */
export interface Bounds {
  readonly minPercent: number;
  readonly maxPercent: number | undefined;
}

export interface Standing {
  readonly desired: number;
  /** Instances that serve, are healthy and have warmed up, the outdated ones among them. */
  readonly ready: number;
  /** Instances that are to be replaced. */
  readonly outdated: number;
}

export interface Steps {
  /** How many of the outdated may be terminated now. */
  readonly terminable: number;
  /** How many instances the group may have above its desired capacity. */
  readonly surge: number;
}

/** The minimum is rounded up, the maximum down. One instance at a time is replaced whatever the percentages say. */
export function pace({ minPercent, maxPercent }: Bounds, { desired, ready, outdated }: Standing): Steps {
  if (outdated === 0) return { terminable: 0, surge: 0 };
  const least = Math.ceil((desired * minPercent) / 100);
  if (maxPercent === undefined) {
    const floor = Math.min(least, Math.max(0, desired - 1));
    return { terminable: Math.max(0, Math.min(outdated, ready - floor)), surge: 0 };
  }
  const most = Math.floor((desired * maxPercent) / 100);
  const stuck = least >= desired && most <= desired;
  const surge = Math.min(outdated, (stuck ? desired + 1 : most) - desired);
  return { terminable: Math.max(0, Math.min(outdated, ready - least)), surge };
}

// How much of everything an account and a group may have.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html

export const MOST_GROUPS = 500;
export const MOST_LAUNCH_CONFIGURATIONS = 200;

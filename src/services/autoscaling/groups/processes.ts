// Processes of a group that can be suspended and resumed.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html

import { Fault } from '#contract/fault.ts';
import type { Operations } from '#cloud/service.ts';
import { changeGroup, liveGroupOf, nudge, stamp } from '../group.ts';
import { instanceReconciler, instances } from '../instance.ts';

export const PROCESSES: readonly string[] = [
  'AZRebalance',
  'AddToLoadBalancer',
  'AlarmNotification',
  'HealthCheck',
  'InstanceRefresh',
  'Launch',
  'ReplaceUnhealthy',
  'ScheduledActions',
  'Terminate',
];

/** All of them where the request names none. */
function chosen(names: readonly string[] | undefined): readonly string[] {
  const unknown = names?.find((name) => !PROCESSES.includes(name));
  if (unknown !== undefined)
    throw new Fault('ValidationError', `The process ${unknown} is not a valid scaling process.`);
  return names === undefined || names.length === 0 ? PROCESSES : names;
}

export const processOperations: Operations<'autoscaling'> = {
  SuspendProcesses(ctx, { AutoScalingGroupName, ScalingProcesses }) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    const added = chosen(ScalingProcesses).map((name) => [name, `User suspended at ${stamp(ctx)}`]);
    changeGroup(ctx, group.name, { suspended: { ...Object.fromEntries(added), ...group.suspended } });
  },

  ResumeProcesses(ctx, { AutoScalingGroupName, ScalingProcesses }) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    const resumed = chosen(ScalingProcesses);
    const suspended = Object.fromEntries(
      Object.entries(group.suspended).filter(([name]) => !resumed.includes(name)),
    );
    nudge(ctx, group.name, { suspended, failingSince: 0 });
    // What was not looked at meanwhile is looked at now.
    for (const { instanceId } of ctx.list(instances, 'group', group.name))
      ctx.wake(instanceReconciler, instanceId);
  },

  DescribeScalingProcessTypes() {
    return { Processes: PROCESSES.map((ProcessName) => ({ ProcessName })) };
  },
};

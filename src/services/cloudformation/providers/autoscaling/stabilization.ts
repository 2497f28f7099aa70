// A new group stands when its desired capacity is in service.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-autoscaling-autoscalinggroup.html

import { groupLaunching, handlerTimeout } from '../../timings.ts';
import { handlerFailure } from '../provider.ts';
import type { Progress } from '../provider.ts';
import { inService, liveGroup } from './live-group.ts';
import type { GroupWork, LiveGroup } from './live-group.ts';

/** The message of the newest launch that failed, unless one that succeeded is newer. */
function failedLaunch(work: GroupWork): string | undefined {
  const asked = { AutoScalingGroupName: work.physicalId };
  const { Activities } = work.call('autoscaling', 'DescribeScalingActivities', asked);
  const last = Activities.find(({ Description = '' }) => Description.startsWith('Launching'));
  return last?.StatusCode === 'Failed' || last?.StatusCode === 'Cancelled'
    ? (last.StatusMessage ?? '')
    : undefined;
}

/** CloudFormation's words for a group that is not what it should be. */
export function unstable(work: GroupWork, group: LiveGroup): string {
  const failed = failedLaunch(work);
  if (failed !== undefined) return `Group did not stabilize. Last scaling activity: ${failed}`;
  const sizes = `${inService(group).length}/${group.MinSize}/${group.MaxSize}`;
  return `Group did not stabilize. {current/minSize/maxSize} group size = {${sizes}}.`;
}

/** Whether a new group has its capacity. Launches that fail again and again fail it. */
export function hasCapacity(work: GroupWork): Progress {
  const group = liveGroup(work);
  if (!group) throw handlerFailure(work, `AutoScalingGroup ${work.physicalId} not found`, 'NotFound');
  if (inService(group).length >= (group.DesiredCapacity ?? 0)) return 'done';
  const { ctx, logicalId, stack, startedAt } = work;
  const key = `${stack.name}/${logicalId}`;
  const waited = ctx.now - startedAt;
  const hopeless = waited >= ctx.duration(groupLaunching, key) && failedLaunch(work) !== undefined;
  if (hopeless || waited >= ctx.duration(handlerTimeout, key))
    throw handlerFailure(work, unstable(work, group), 'NotStabilized');
  return { again: 0 };
}

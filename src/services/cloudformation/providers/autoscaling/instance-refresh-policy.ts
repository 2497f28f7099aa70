// AutoScalingInstanceRefresh: Auto Scaling itself replaces the instances, and the update waits for it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html

import type { Input } from '#cloud/contracts.ts';
import { isFields } from '../../template/template.ts';
import type { Value } from '../../template/template.ts';
import { ResourceFailure } from '../provider.ts';
import type { Progress } from '../provider.ts';
import { refreshPolicy } from './group-policies.ts';
import type { GroupWork } from './live-group.ts';

type Start = Input<'autoscaling', 'StartInstanceRefresh'>;

/** Longest that CloudFormation waits for a refresh, each way. */
const LONGEST_MS = 36 * 3_600_000;

const TRIGGERS = [
  'LaunchTemplate',
  'MixedInstancesPolicy',
  'VPCZoneIdentifier',
  'AvailabilityZones',
  'PlacementGroup',
] as const;

const NUMBERS = new Set([
  'BakeTime',
  'CheckpointDelay',
  'CheckpointPercentages',
  'InstanceWarmup',
  'MaxHealthyPercentage',
  'MinHealthyPercentage',
]);

/** What policies give as text, as the request wants it. */
function typed(name: string, value: Value): unknown {
  if (Array.isArray(value)) return value.map((item) => typed(name, item as Value));
  if (NUMBERS.has(name)) return Number(value);
  return name === 'SkipMatching' ? String(value) === 'true' : value;
}

/** Starts a refresh where what the group launches has changed. One that is still on its way out goes first. */
export function beginRefresh(work: GroupWork): void {
  const policy = refreshPolicy(work);
  if (!policy || !work.changed(...TRIGGERS)) return;
  if (work.policies.update?.['AutoScalingRollingUpdate'] !== undefined) {
    throw new ResourceFailure(
      'AutoScalingInstanceRefresh and AutoScalingRollingUpdate cannot both be specified in an UpdatePolicy.',
    );
  }
  start(work);
}

function start(work: GroupWork): void {
  const { Strategy = 'Rolling', Preferences } = refreshPolicy(work) ?? {};
  const given = isFields(Preferences) ? Object.entries(Preferences) : [];
  const preferences = Object.fromEntries(given.map(([name, value]) => [name, typed(name, value as Value)]));
  const input = {
    AutoScalingGroupName: work.physicalId,
    Strategy: String(Strategy),
    Preferences: { SkipMatching: true, ...preferences },
  } as Start;
  try {
    const { InstanceRefreshId = '' } = work.call('autoscaling', 'StartInstanceRefresh', input);
    work.remember({ refresh: InstanceRefreshId });
  } catch (error) {
    const shape = error instanceof ResourceFailure ? error.fault?.shape : undefined;
    if (shape !== 'InstanceRefreshInProgressFault') throw error;
    work.remember({ refresh: '' });
  }
}

/** One look at the refresh: `done` as well where none was started. */
export function lookAtRefresh(work: GroupWork): Progress {
  const id = work.memory['refresh'];
  if (typeof id !== 'string') return 'done';
  if (id === '') start(work);
  else {
    const asked = { AutoScalingGroupName: work.physicalId, InstanceRefreshIds: [id] };
    const { InstanceRefreshes = [] } = work.call('autoscaling', 'DescribeInstanceRefreshes', asked);
    const { Status, StatusReason = '' } = InstanceRefreshes[0] ?? {};
    if (Status === 'Successful') return 'done';
    if (Status === undefined || /Failed|Cancelled|Rollback/.test(Status))
      throw new ResourceFailure(`Instance refresh ${id} ended with the status ${Status}. ${StatusReason}`);
  }
  if (work.ctx.now < work.startedAt + LONGEST_MS) return { again: LOOK_MS };
  cancelRefresh(work);
  throw new ResourceFailure(`Instance refresh ${id} did not complete within 36 hours.`);
}

/** A refresh takes minutes at least. */
const LOOK_MS = 15_000;

/** The stack goes back because something else failed. */
export function cancelRefresh(work: GroupWork): void {
  const id = work.memory['refresh'];
  if (typeof id !== 'string' || id === '') return;
  try {
    work.call('autoscaling', 'CancelInstanceRefresh', { AutoScalingGroupName: work.physicalId });
  } catch (error) {
    // It was over already.
    if (!(error instanceof ResourceFailure)) throw error;
  }
}

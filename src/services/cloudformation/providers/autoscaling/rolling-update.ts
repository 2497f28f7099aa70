// AutoScalingRollingUpdate: instances that a group would launch otherwise now are replaced in batches.
//
// CloudFormation first enlarges the group to MinInstancesInService and one batch, where it is smaller. It terminates each batch
// through Auto Scaling, which launches as many anew, and in the last batch it shrinks the group to what it was. Order and
// words of the events, sizes and calls are those that https://github.com/guardian/testing-asg-rolling-update observed.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html

import { forgetSignals, signalsOf, unheard, unsatisfied } from '../../engine/signals.ts';
import type { Fields } from '../../template/template.ts';
import { ResourceFailure } from '../provider.ts';
import type { Progress } from '../provider.ts';
import { rollingPolicy } from './group-policies.ts';
import type { RollingPolicy } from './group-policies.ts';
import { inService, LEAVING, liveGroup, membersOf, obsoleteIn } from './live-group.ts';
import type { GroupWork, LiveGroup } from './live-group.ts';
import { unstable } from './stabilization.ts';

/** How far a rolling update has come: what the looks remember. */
interface Rolling {
  /** Sizes before it. */
  readonly minSize: number;
  readonly desired: number;
  /** Desired capacity meanwhile. */
  readonly capacity: number;
  readonly batch: number;
  /** All that are to go. */
  readonly obsolete: readonly string[];
  /** Of these, the batch that goes now, and those that are gone. */
  readonly leaving: readonly string[];
  readonly gone: readonly string[];
  /** Instances that were there before those that are awaited, and how many are. */
  readonly known: readonly string[];
  readonly awaited: number;
  /** By when the awaited ones have to be in service, epoch ms. */
  readonly activeBy: number;
  /** New instances whose signals are awaited, and until when these or the pause are waited for, epoch ms. */
  readonly unheard: readonly string[];
  readonly until: number;
  readonly successes: number;
  readonly failures: number;
  /** Processes that the update suspended. */
  readonly suspended: readonly string[];
}

/** An instance that is not in service by then counts as not updated (MinActiveInstancesPercent). */
const ACTIVE_WITHIN_MS = 3_600_000;

function rollingIn(work: GroupWork): Rolling | undefined {
  return work.memory['rolling'] as unknown as Rolling | undefined;
}

function remember(work: GroupWork, rolling: Rolling): Rolling {
  work.remember({ rolling: rolling as unknown as Fields });
  return rolling;
}

/** Throws what CloudFormation says of a policy that the group leaves no room for. The way back has to make do with it. */
export function checkRolling(work: GroupWork): void {
  if (work.reverting) return;
  const policy = rollingPolicy(work);
  if (policy && policy.minInService >= Number(work.properties.MaxSize))
    throw new ResourceFailure("MinInstancesInService must be less than the autoscaling group's MaxSize");
}

/** What an update has still to begin with when the group has come to rest. */
interface Due {
  readonly suspended: readonly string[];
  /** Epoch ms: then it begins in any case. */
  readonly by: number;
}

/** Has the first look replace the instances that the group would launch otherwise now, if there are any. */
export function beginRolling(work: GroupWork): void {
  const policy = rollingPolicy(work);
  const group = policy && liveGroup(work);
  if (!policy || !group || obsoleteIn(work, group).length === 0) return;
  forgetSignals(work.ctx, work.stack.id, work.logicalId);
  const due: Due = { suspended: suspend(work, policy, group), by: work.ctx.now + ACTIVE_WITHIN_MS };
  work.remember({ due: due as unknown as Fields });
}

/** New sizes may have begun to change the group. */
function isAtRest(group: LiveGroup): boolean {
  const there = membersOf(group).filter(({ LifecycleState }) => LifecycleState !== 'Standby');
  return inService(group).length === there.length && there.length === group.DesiredCapacity;
}

function begin(work: GroupWork, policy: RollingPolicy, group: LiveGroup, { suspended }: Due): Rolling {
  const obsolete = obsoleteIn(work, group);
  const { MinSize: minSize = 0, MaxSize: maxSize = 0, DesiredCapacity: desired = 0 } = group;
  const batch = Math.max(1, Math.min(policy.maxBatch, obsolete.length, maxSize - policy.minInService));
  const capacity = Math.max(desired, Math.min(maxSize, policy.minInService + batch));
  const grows = obsolete.length > 0 && capacity > desired;
  if (obsolete.length > 0) work.tell(initiated(policy, obsolete.length, batch));
  if (grows) {
    const sizes = { MinSize: capacity, DesiredCapacity: capacity };
    work.call('autoscaling', 'UpdateAutoScalingGroup', { AutoScalingGroupName: work.physicalId, ...sizes });
    work.tell(`Temporarily setting autoscaling group MinSize and DesiredCapacity to ${capacity}.`);
  }
  return {
    minSize,
    desired,
    capacity: grows ? capacity : desired,
    batch,
    obsolete,
    leaving: [],
    gone: [],
    known: membersOf(group).map(({ InstanceId = '' }) => InstanceId),
    awaited: grows ? capacity - desired : 0,
    activeBy: work.ctx.now + ACTIVE_WITHIN_MS,
    unheard: [],
    until: 0,
    successes: 0,
    failures: 0,
    suspended,
  };
}

function suspend(work: GroupWork, { suspend: names }: RollingPolicy, group: LiveGroup): string[] {
  const already = new Set((group.SuspendedProcesses ?? []).map(({ ProcessName }) => ProcessName));
  const ScalingProcesses = names.filter((name) => !already.has(name));
  if (ScalingProcesses.length > 0)
    work.call('autoscaling', 'SuspendProcesses', { AutoScalingGroupName: work.physicalId, ScalingProcesses });
  return ScalingProcesses;
}

function initiated({ minInService, signals, pause, pauseMs }: RollingPolicy, count: number, batch: number) {
  const keeping = minInService > 0 ? `, while keeping at least ${minInService} instance(s) in service` : '';
  const when = 'when new instances are added to the autoscaling group.';
  const waiting = signals
    ? ` Waiting on resource signals with a timeout of ${pause} ${when}`
    : pauseMs > 0
      ? ` Pausing for ${pause} ${when}`
      : '';
  const what = `Terminating ${count} obsolete instance(s) in batches of ${batch}${keeping}.`;
  return `Rolling update initiated. ${what}${waiting}`;
}

/** One look at a rolling update: `done` as well where none goes on. */
export function lookAtRolling(work: GroupWork): Progress {
  try {
    return look(work);
  } catch (error) {
    cancelRolling(work);
    throw error;
  }
}

function look(work: GroupWork): Progress {
  const policy = rollingPolicy(work);
  const due = work.memory['due'] as unknown as Due | undefined;
  if (!due || !policy) return 'done';
  let rolling = rollingIn(work);
  for (;;) {
    const group = liveGroup(work);
    if (!group) throw new ResourceFailure(`AutoScalingGroup ${work.physicalId} not found`, 'NotFound');
    if (!rolling) {
      if (!isAtRest(group) && work.ctx.now < due.by) return { again: 0 };
      rolling = remember(work, begin(work, policy, group, due));
      continue;
    }
    rolling = remember(work, notice(work, policy, group, rolling));
    const { leaving, awaited, unheard: silent, until, obsolete, gone } = rolling;
    if (leaving.length > 0 || awaited > 0) return { again: 0 };
    if (silent.length > 0 || work.ctx.now < until) return { asleep: true, deadline: until };
    if (gone.length === obsolete.length) return finish(work, rolling);
    rolling = remember(work, nextBatch(work, group, rolling));
    if (rolling.leaving.length > 0) return { again: 0 };
  }
}

/** What has come about since the last look. */
function notice(work: GroupWork, policy: RollingPolicy, group: LiveGroup, before: Rolling): Rolling {
  return noticeSignals(work, policy, noticeArrivals(work, policy, group, noticeGone(work, group, before)));
}

function noticeGone(work: GroupWork, group: LiveGroup, rolling: Rolling): Rolling {
  const there = new Set(membersOf(group).map(({ InstanceId }) => InstanceId));
  const { leaving, obsolete } = rolling;
  if (leaving.length === 0 || leaving.some((id) => there.has(id))) return rolling;
  const gone = [...rolling.gone, ...leaving];
  const percent = Math.round((100 * gone.length) / obsolete.length);
  work.tell(`Successfully terminated instance(s) [${leaving.join(',')}] (Progress ${percent}%).`);
  return { ...rolling, gone, leaving: [] };
}

function noticeArrivals(work: GroupWork, policy: RollingPolicy, group: LiveGroup, rolling: Rolling): Rolling {
  const { awaited, known, activeBy } = rolling;
  const { DesiredCapacity: desired = 0 } = group;
  if (awaited === 0) return rolling;
  const serving = inService(group);
  const arrived = serving.filter((id) => !known.includes(id));
  const late = work.ctx.now >= activeBy;
  // Where something else shrank the group meanwhile, fewer come than were awaited.
  if (arrived.length < awaited && serving.length < desired && !late) return rolling;
  if (serving.length < Math.ceil((desired * policy.minActivePercent) / 100))
    throw new ResourceFailure(unstable(work, group));
  const added = 'New instance(s) added to autoscaling group - ';
  const until = work.ctx.now + policy.pauseMs;
  if (arrived.length === 0) return { ...rolling, awaited: 0 };
  if (policy.signals)
    work.tell(`${added}Waiting on ${arrived.length} resource signal(s) with a timeout of ${policy.pause}.`);
  else if (policy.pauseMs > 0) work.tell(`${added}Pausing for ${policy.pause}.`);
  return {
    ...rolling,
    known: [...known, ...arrived],
    awaited: 0,
    unheard: policy.signals ? arrived : [],
    until,
  };
}

/** Counts the signals of the new instances; one that does not come in time is a failure. */
function noticeSignals(work: GroupWork, policy: RollingPolicy, rolling: Rolling): Rolling {
  if (rolling.unheard.length === 0) return rolling;
  const given = new Map(
    signalsOf(work.ctx, work.stack.id, work.logicalId).map(({ uniqueId, status }) => [uniqueId, status]),
  );
  const failed = rolling.unheard.filter((id) => given.get(id) === 'FAILURE').length;
  const silent = rolling.unheard.filter((id) => !given.has(id));
  const successes = rolling.successes + rolling.unheard.length - silent.length - failed;
  const failures = rolling.failures + failed;
  const late = work.ctx.now >= rolling.until && silent.length > 0;
  if (late) work.tell(unheard(silent.length));
  const total = rolling.obsolete.length;
  const mayFail = total - Math.ceil((total * policy.minSuccessPercent) / 100);
  const { minSuccessPercent: percent } = policy;
  if (failures > mayFail) throw new ResourceFailure(unsatisfied(failures, 'FAILURE', total, percent));
  if (late && failures + silent.length > mayFail)
    throw new ResourceFailure(unsatisfied(successes, 'SUCCESS', total, percent));
  if (late) return { ...rolling, unheard: [], until: 0, successes, failures: failures + silent.length };
  return { ...rolling, unheard: silent, successes, failures, ...(silent.length === 0 && { until: 0 }) };
}

/** Terminates the next batch. The last one shrinks the group to its size before, whatever scaled it since. */
function nextBatch(work: GroupWork, group: LiveGroup, rolling: Rolling): Rolling {
  const { obsolete, gone, batch, capacity, desired, minSize } = rolling;
  const there = new Map(
    membersOf(group).map(({ InstanceId, LifecycleState = '' }) => [InstanceId, LifecycleState]),
  );
  const left = obsolete.filter((id) => !gone.includes(id));
  const leaving = left.filter((id) => there.has(id)).slice(0, batch);
  const vanished = left.filter((id) => !there.has(id));
  const isLast = left.length - vanished.length <= batch;
  const replaced = isLast ? Math.max(0, desired - (capacity - leaving.length)) : leaving.length;
  const AutoScalingGroupName = work.physicalId;
  if (isLast && capacity > desired) {
    const sizes = { MinSize: minSize, DesiredCapacity: capacity };
    work.call('autoscaling', 'UpdateAutoScalingGroup', { AutoScalingGroupName, ...sizes });
  }
  const names = `[${leaving.join(',')}]`;
  if (leaving.length > 0)
    work.tell(`Terminating instance(s) ${names}; replacing with ${replaced} new instance(s).`);
  leaving.forEach((InstanceId, index) => {
    if (LEAVING.test(there.get(InstanceId) ?? '')) return;
    const ShouldDecrementDesiredCapacity = index < leaving.length - replaced;
    work.call('autoscaling', 'TerminateInstanceInAutoScalingGroup', {
      InstanceId,
      ShouldDecrementDesiredCapacity,
    });
  });
  return {
    ...rolling,
    gone: [...gone, ...vanished],
    leaving,
    known: membersOf(group).map(({ InstanceId = '' }) => InstanceId),
    awaited: replaced,
    activeBy: work.ctx.now + ACTIVE_WITHIN_MS,
  };
}

function finish(work: GroupWork, { capacity, desired, suspended }: Rolling): 'done' {
  if (capacity > desired) {
    const AutoScalingGroupName = work.physicalId;
    work.call('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName, DesiredCapacity: desired });
  }
  resume(work, suspended);
  return 'done';
}

function resume(work: GroupWork, ScalingProcesses: readonly string[]): void {
  if (ScalingProcesses.length > 0)
    work.call('autoscaling', 'ResumeProcesses', { AutoScalingGroupName: work.physicalId, ScalingProcesses });
}

/**
 * An update comes to nothing: the minimum size and the processes are again what they were. The desired capacity stays as it
 * is; the rollback sets it where the template gives one.
 */
export function cancelRolling(work: GroupWork): void {
  const due = work.memory['due'] as unknown as Due | undefined;
  if (!due) return;
  const { capacity = 0, desired = 0, minSize: MinSize } = rollingIn(work) ?? {};
  const AutoScalingGroupName = work.physicalId;
  try {
    if (capacity > desired && MinSize !== undefined)
      work.call('autoscaling', 'UpdateAutoScalingGroup', { AutoScalingGroupName, MinSize });
    resume(work, due.suspended);
  } catch (error) {
    // The way back goes on where the group is gone, or is no longer to be changed by this stack.
    if (!(error instanceof ResourceFailure)) throw error;
  }
}

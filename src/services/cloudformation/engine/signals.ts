// CreationPolicy: a resource is not complete before it was signalled often enough.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-creationpolicy.html

import type { Ctx } from '#cloud/ctx.ts';
import { recordResource } from '../events.ts';
import { ResourceFailure } from '../providers/provider.ts';
import type { Progress } from '../providers/provider.ts';
import { signals, stacks } from '../rows.ts';
import type { Resource, Signal } from '../rows.ts';
import { isFields } from '../template/template.ts';
import type { Value } from '../template/template.ts';
import { durationMs } from './iso-duration.ts';

const DEFAULT_TIMEOUT_MS = 300_000;

export function signalsOf(ctx: Ctx, stackId: string, logicalId: string): Signal[] {
  return ctx.scan(signals, { prefix: `${stackId} ${logicalId} ` });
}

/** Forgets signals of an earlier life of the resource. */
export function forgetSignals(ctx: Ctx, stackId: string, logicalId: string): void {
  for (const { uniqueId } of signalsOf(ctx, stackId, logicalId))
    ctx.delete(signals, `${stackId} ${logicalId} ${uniqueId}`);
}

function fieldOf(value: Value | undefined, name: string): Value | undefined {
  return isFields(value) ? value[name] : undefined;
}

/** Whether a newly made resource has the signals that its policy asks for. Throws `ResourceFailure` where it will not get them. */
export function creationSignals(ctx: Ctx, row: Resource, startedAt: number): Progress {
  const { stackId, logicalId, policies, type } = row;
  const asked = fieldOf(policies.creation, 'ResourceSignal');
  if (asked === undefined) return 'done';
  const count = Number(fieldOf(asked, 'Count') ?? 1);
  const timeout = fieldOf(asked, 'Timeout');
  const deadline = startedAt + (typeof timeout === 'string' ? durationMs(timeout) : DEFAULT_TIMEOUT_MS);
  const ofGroup = fieldOf(policies.creation, 'AutoScalingCreationPolicy');
  const percent = Number(fieldOf(ofGroup, 'MinSuccessfulInstancesPercent') ?? 100);
  const isGroup = type === 'AWS::AutoScaling::AutoScalingGroup';
  const found = signalsOf(ctx, stackId, logicalId);
  const failed = found.filter(({ status }) => status === 'FAILURE');
  const late = ctx.now >= deadline;
  const successes = found.length - failed.length;
  const needed = Math.ceil((count * percent) / 100);
  if (successes >= needed && found.length >= count) return 'done';
  if (failed.length > count - needed) {
    throw new ResourceFailure(
      isGroup
        ? unsatisfied(failed.length, 'FAILURE', count, percent)
        : `Received FAILURE signal with UniqueId ${failed[0]?.uniqueId ?? ''}`,
    );
  }
  if (late) {
    const missing = count - found.length;
    if (successes >= needed) return 'done';
    if (isGroup) {
      const stack = ctx.get(stacks, stackId);
      // The status of this event is AWS's, also while the group is created.
      if (stack) recordResource(ctx, stack, row, 'UPDATE_IN_PROGRESS', unheard(missing));
      throw new ResourceFailure(unsatisfied(successes, 'SUCCESS', count, percent));
    }
    throw new ResourceFailure(
      `Failed to receive ${missing} resource signal(s) within the specified duration`,
    );
  }
  return { asleep: true, deadline };
}

/** What CloudFormation says of a group's signals that did not come in time. */
export function unheard(missing: number): string {
  return (
    `Failed to receive ${missing} resource signal(s) for the current batch.  ` +
    'Each resource signal timeout is counted as a FAILURE.'
  );
}

/** Why too few of a group's instances are well, out of all that were to signal. */
export function unsatisfied(
  received: number,
  status: Signal['status'],
  outOf: number,
  percent: number,
): string {
  return (
    `Received ${received} ${status} signal(s) out of ${outOf}.  ` +
    `Unable to satisfy ${percent}% MinSuccessfulInstancesPercent requirement`
  );
}

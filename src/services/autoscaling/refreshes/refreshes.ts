// Instance refreshes: starting, describing, cancelling and rolling them back.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_StartInstanceRefresh.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken } from '../activities.ts';
import { changeGroup, groupOf, liveGroupOf, replacementReconciler } from '../group.ts';
import type { Group, Source } from '../group.ts';
import { describeSource, sourceOf } from '../groups/source.ts';
import { replacementWarmup } from '../instances/warmup.ts';
import { reaction, REFRESH_RETENTION_MS } from '../timings.ts';
import { activeRefresh, refreshes } from './refresh.ts';
import type { Preferences, Refresh } from './refresh.ts';
import { rollBack, sightOf } from './refreshing.ts';

type StartInput = Input<'autoscaling', 'StartInstanceRefresh'>;
type Wire = NonNullable<Output<'autoscaling', 'DescribeInstanceRefreshes'>['InstanceRefreshes']>[number];

const PAGE_SIZE = 100;
const DEFAULT_MINIMUM = 90;
const DEFAULT_CHECKPOINT_DELAY = 3600;

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/understand-instance-refresh-default-values.html */
function preferencesOf(group: Group, given: NonNullable<StartInput['Preferences']>): Preferences {
  const ofPolicy = (percent: number, otherwise: number): number => (percent < 0 ? otherwise : percent);
  const {
    MinHealthyPercentage: minPercent = ofPolicy(group.minHealthyPercent, DEFAULT_MINIMUM),
    MaxHealthyPercentage: maxPercent = group.maxHealthyPercent,
    CheckpointPercentages: checkpoints = [],
    CheckpointDelay,
  } = given;
  if (given.MaxHealthyPercentage !== undefined && given.MinHealthyPercentage === undefined)
    throw invalid('If you specify MaxHealthyPercentage, you must also specify MinHealthyPercentage.');
  if (maxPercent >= 0 && maxPercent - minPercent > 100) {
    throw invalid(
      'The difference between MaxHealthyPercentage and MinHealthyPercentage cannot be greater than 100.',
    );
  }
  if (checkpoints.some((percent, index) => index > 0 && percent <= (checkpoints[index - 1] as number)))
    throw invalid('The checkpoint percentages must be in ascending order, without duplicates.');
  if (CheckpointDelay !== undefined && checkpoints.length === 0)
    throw invalid('CheckpointPercentages must be specified when CheckpointDelay is specified.');
  return {
    minPercent,
    maxPercent,
    warmupSeconds: given.InstanceWarmup ?? replacementWarmup(group),
    checkpoints,
    checkpointDelaySeconds: CheckpointDelay ?? DEFAULT_CHECKPOINT_DELAY,
    skipMatching: given.SkipMatching ?? false,
    autoRollback: given.AutoRollback ?? false,
    protectedInstances: given.ScaleInProtectedInstances ?? 'Wait',
    standbyInstances: given.StandbyInstances ?? 'Wait',
    alarms: given.AlarmSpecification?.Alarms ?? [],
    bakeSeconds: given.BakeTime ?? 0,
  };
}

/** A way back needs a configuration that came with the refresh, and one before it that stays what it is. */
function checkReversible({ source }: Group, desired: Source | undefined): void {
  const templates = [source.template, ...(source.mixed?.overrides ?? []).map(({ template }) => template)];
  const moving = templates.some((one) => one && (one.version ?? '$Default').startsWith('$'));
  if (desired && !moving) return;
  throw new Fault(
    'IrreversibleInstanceRefreshFault',
    'The request failed because a desired configuration was not found or an incompatible launch template (uses a Systems Manager ' +
      'parameter instead of an AMI ID) or launch template version ($Latest or $Default) is present on the Auto Scaling group.',
  );
}

function start(ctx: Ctx, input: StartInput): { InstanceRefreshId: string } {
  const { Strategy = 'Rolling', Preferences = {}, DesiredConfiguration } = input;
  const group = liveGroupOf(ctx, input.AutoScalingGroupName);
  if (activeRefresh(ctx, group.name)) {
    throw new Fault(
      'InstanceRefreshInProgressFault',
      'An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.',
    );
  }
  if (Strategy !== 'Rolling')
    throw new Fault(
      'NotImplemented',
      `The strategy ${Strategy} of instance refreshes is not modelled by Sandtable.`,
    );
  const preferences = preferencesOf(group, Preferences);
  const desired = DesiredConfiguration && sourceOf(ctx, group.roleArn, DesiredConfiguration);
  if (preferences.autoRollback) {
    if (!desired) {
      throw invalid(
        'The AutoRollback parameter cannot be set to true when the DesiredConfiguration parameter is empty. ' +
          'Set AutoRollback to false or specify a desired configuration and try again.',
      );
    }
    checkReversible(group, desired);
  }
  if (preferences.skipMatching && (desired ?? group.source).launchConfigurationName !== undefined)
    throw invalid('Using skip matching with a launch configuration is not supported.');
  const all = ctx.list(refreshes, 'group', group.name);
  const number = Math.max(0, ...all.map((one) => one.number)) + 1;
  const now = changeGroup(ctx, group.name, { generation: group.generation + 1 });
  const refresh: Refresh = {
    id: ctx.uuid('instance-refresh'),
    group: group.name,
    number,
    status: 'Pending',
    statusReason: '',
    startAt: 0,
    endAt: 0,
    generation: now.generation,
    preferences,
    ...(desired ? { desired } : {}),
    total: 0,
    remaining: 0,
    percent: 0,
    checkpoint: 0,
    pausedUntil: ctx.now + ctx.duration(reaction, `${group.name}/refresh`, number),
    progressAt: ctx.now,
    waits: true,
  };
  ctx.put(refreshes, refresh);
  const total = sightOf(ctx, now, refresh).outdated.length;
  ctx.update(refreshes, refresh, { total, remaining: total });
  for (const old of all)
    if (old.endAt !== 0 && old.endAt < ctx.now - REFRESH_RETENTION_MS) ctx.delete(refreshes, old.id);
  ctx.wake(replacementReconciler, group.name);
  return { InstanceRefreshId: refresh.id };
}

function activeOf(ctx: Ctx, groupName: string, statuses: readonly Refresh['status'][]): Refresh {
  const group = groupOf(ctx, groupName);
  const refresh = activeRefresh(ctx, group.name);
  if (refresh && statuses.includes(refresh.status)) return refresh;
  throw new Fault(
    'ActiveInstanceRefreshNotFoundFault',
    `No in progress or pending Instance Refresh found for Auto Scaling group ${group.name}`,
  );
}

export const refreshOperations: Operations<'autoscaling'> = {
  StartInstanceRefresh: start,

  DescribeInstanceRefreshes(
    ctx,
    { AutoScalingGroupName, InstanceRefreshIds: ids, NextToken, MaxRecords = 50 },
  ) {
    const group = groupOf(ctx, AutoScalingGroupName);
    const wanted = ctx
      .list(refreshes, 'group', group.name)
      .filter(({ id }) => ids === undefined || ids.length === 0 || ids.includes(id))
      .filter(({ endAt }) => endAt === 0 || ctx.now - endAt < REFRESH_RETENTION_MS)
      .toSorted((left, right) => right.number - left.number);
    const limit = Math.min(MaxRecords, PAGE_SIZE);
    const { items, next } = pageOf(wanted, ({ id }) => id, { token: NextToken, limit, invalidToken });
    return { InstanceRefreshes: items.map(describe), NextToken: next };
  },

  /** Replacements that are complete stay; the group's configuration stays as it was. */
  CancelInstanceRefresh(ctx, { AutoScalingGroupName, WaitForTransitioningInstances: waits = true }) {
    const live = ['Pending', 'InProgress', 'Baking', 'RollbackInProgress'] as const;
    const refresh = activeOf(ctx, AutoScalingGroupName, live);
    ctx.update(refreshes, refresh, { status: 'Cancelling', statusReason: '', waits });
    changeGroup(ctx, refresh.group, { surge: 0 });
    ctx.wake(replacementReconciler, refresh.group);
    return { InstanceRefreshId: refresh.id };
  },

  RollbackInstanceRefresh(ctx, { AutoScalingGroupName }) {
    const refresh = activeOf(ctx, AutoScalingGroupName, ['Pending', 'InProgress', 'Baking']);
    checkReversible(groupOf(ctx, AutoScalingGroupName), refresh.desired);
    rollBack(ctx, refresh, 'Rollback triggered due to user request.');
    return { InstanceRefreshId: refresh.id };
  },
};

function describe(refresh: Refresh): Wire {
  const { preferences, rollback, desired } = refresh;
  return {
    InstanceRefreshId: refresh.id,
    AutoScalingGroupName: refresh.group,
    Strategy: 'Rolling',
    Status: refresh.status,
    ...(refresh.statusReason === '' ? {} : { StatusReason: refresh.statusReason }),
    ...(refresh.startAt === 0 ? {} : { StartTime: refresh.startAt }),
    ...(refresh.endAt === 0 ? {} : { EndTime: refresh.endAt }),
    PercentageComplete: refresh.percent,
    InstancesToUpdate: refresh.remaining,
    Preferences: describePreferences(preferences),
    ...(desired ? { DesiredConfiguration: describeSource(desired) } : {}),
    ...(rollback
      ? {
          RollbackDetails: {
            RollbackReason: rollback.reason,
            RollbackStartTime: rollback.startAt,
            PercentageCompleteOnRollback: rollback.percent,
            InstancesToUpdateOnRollback: rollback.remaining,
          },
        }
      : {}),
  };
}

function describePreferences(preferences: Preferences): NonNullable<Wire['Preferences']> {
  const { checkpoints, alarms, bakeSeconds, maxPercent } = preferences;
  return {
    MinHealthyPercentage: preferences.minPercent,
    ...(maxPercent < 0 ? {} : { MaxHealthyPercentage: maxPercent }),
    InstanceWarmup: preferences.warmupSeconds,
    ...(checkpoints.length === 0
      ? {}
      : { CheckpointPercentages: checkpoints, CheckpointDelay: preferences.checkpointDelaySeconds }),
    SkipMatching: preferences.skipMatching,
    AutoRollback: preferences.autoRollback,
    ScaleInProtectedInstances: preferences.protectedInstances,
    StandbyInstances: preferences.standbyInstances,
    ...(alarms.length === 0 ? {} : { AlarmSpecification: { Alarms: alarms } }),
    ...(bakeSeconds === 0 ? {} : { BakeTime: bakeSeconds }),
  };
}

// Scheduled actions: a group's sizes change at a time that is known beforehand, once or again and again.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken } from '../activities.ts';
import { changeGroup, groupOf, groups, isSuspended, liveGroupOf, setDesired, stamp } from '../group.ts';
import type { Group } from '../group.ts';
import { scheduleDelay } from '../timings.ts';
import { parseCron } from './cron.ts';
import { scheduledActions } from './scheduled-action.ts';
import type { ScheduledAction } from './scheduled-action.ts';
import { nextInZone, timeZone } from './time-zones.ts';

type PutInput = Omit<Input<'autoscaling', 'PutScheduledUpdateGroupAction'>, 'AutoScalingGroupName' | 'Time'>;

const PAGE_SIZE = 100;
/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html */
const MOST_ACTIONS = 125;

const due: TimerKind<{ arn: string; at: number }> = timer<{ arn: string; at: number }>(
  'autoscaling/scheduled-action-due',
  {
    background: true,
  },
);

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

/** Carries an action out, and sets the next time of one that recurs. */
export const carryOut: TimerHandler<{ arn: string; at: number }, Ctx> = {
  kind: due,
  live: (ctx, { arn, at }) => ctx.get(scheduledActions, arn)?.nextAt === at,
  fire(ctx, { arn }) {
    const action = ctx.get(scheduledActions, arn) as ScheduledAction;
    const group = ctx.get(groups, action.group) as Group;
    if (!group.deleting && !isSuspended(group, 'ScheduledActions')) apply(ctx, group, action);
    plan(ctx, { ...action, runs: action.runs + 1 }, action.nextAt + 1);
  },
};

/** Bounds that contradict each other change nothing; a desired capacity outside of them moves inside. */
function apply(ctx: Ctx, group: Group, action: ScheduledAction): void {
  const minSize = action.minSize < 0 ? group.minSize : action.minSize;
  const maxSize = action.maxSize < 0 ? group.maxSize : action.maxSize;
  if (minSize > maxSize) return;
  const wanted = action.desired < 0 ? group.desired : action.desired;
  const desired = Math.max(minSize, Math.min(maxSize, wanted));
  const why = `a scheduled action update of AutoScalingGroup constraints to min: ${minSize}, max: ${maxSize}, desired: ${desired}`;
  setDesired(ctx, group, desired, why, { minSize, maxSize });
  if (desired === group.desired) return;
  const { reason } = ctx.get(groups, group.name) as Group;
  const executed = `the scheduled action ${action.name} executed. Setting desired capacity from ${group.desired} to ${desired}.`;
  changeGroup(ctx, group.name, { reason: `${reason}At ${stamp(ctx)} ${executed}  ` });
}

/** Sets an action's timer to its next time at or after `from`; one that has none is over and goes. */
function plan(ctx: Ctx, action: ScheduledAction, from: number): void {
  const nextAt = nextTime(action, from);
  if (nextAt === undefined) return ctx.delete(scheduledActions, action.arn);
  ctx.put(scheduledActions, { ...action, nextAt });
  const delay = ctx.duration(scheduleDelay, `${action.group}/${action.name}`, action.runs);
  ctx.schedule(due, nextAt + delay, { arn: action.arn, at: nextAt });
}

function nextTime(
  { recurrence, startAt, endAt, timeZone: name }: ScheduledAction,
  from: number,
): number | undefined {
  const earliest = Math.max(from, startAt);
  if (recurrence === '') return from <= startAt ? startAt : undefined;
  const cron = parseCron(recurrence);
  const zone = timeZone(name);
  const at = cron && zone && nextInZone(cron, earliest, zone);
  return at === undefined || (endAt !== 0 && at > endAt) ? undefined : at;
}

/** Makes or changes an action. What a change leaves out is gone, as in AWS. */
function put(ctx: Ctx, group: Group, input: PutInput): void {
  const {
    ScheduledActionName: name,
    StartTime: startAt = 0,
    EndTime: endAt = 0,
    Recurrence = '',
    TimeZone = 'UTC',
  } = input;
  const { MinSize: minSize = -1, MaxSize: maxSize = -1, DesiredCapacity: desired = -1 } = input;
  if (minSize < 0 && maxSize < 0 && desired < 0) {
    throw invalid('At least one of MinSize, MaxSize or DesiredCapacity must be specified.');
  }
  if (minSize >= 0 && maxSize >= 0 && minSize > maxSize)
    throw invalid('MinSize must not be greater than MaxSize.');
  if (startAt === 0 && Recurrence === '') throw invalid('Either Start Time or Recurrence is required.');
  if (startAt !== 0 && startAt < ctx.now) throw invalid('Given start time is in the past');
  if (endAt !== 0 && endAt <= Math.max(ctx.now, startAt))
    throw invalid('Given end time must be after the start time.');
  if (Recurrence !== '' && !parseCron(Recurrence))
    throw invalid(`Given recurrence string: ${Recurrence} is invalid`);
  if (!timeZone(TimeZone)) {
    throw new Fault(
      'NotImplemented',
      `The time zone ${TimeZone} of scheduled actions is not modelled by Sandtable.`,
    );
  }
  const all = ctx.list(scheduledActions, 'group', group.name);
  const before = all.find((row) => row.name === name);
  if (!before && all.length >= MOST_ACTIONS) {
    throw new Fault(
      'LimitExceededFault',
      `The limit of ${MOST_ACTIONS} scheduled actions for the group has been reached.`,
    );
  }
  const tail = `autoScalingGroupName/${group.name}:scheduledActionName/${name}`;
  const arn =
    before?.arn ??
    ctx.arn('autoscaling', `scheduledUpdateGroupAction:${ctx.uuid('scheduled-action')}:${tail}`);
  const sizes = { minSize, maxSize, desired };
  const row = {
    arn,
    group: group.name,
    name,
    startAt,
    endAt,
    recurrence: Recurrence,
    timeZone: TimeZone,
    ...sizes,
    runs: 0,
  };
  const nextAt = nextTime({ ...row, nextAt: 0 }, ctx.now);
  if (nextAt === undefined) throw invalid('The scheduled action would never be carried out.');
  if (all.some((other) => other.name !== name && other.nextAt === nextAt)) {
    throw new Fault(
      'AlreadyExistsFault',
      'A scheduled action with the same start time already exists for the group.',
    );
  }
  plan(ctx, { ...row, nextAt }, ctx.now);
}

/** Tries each of a batch on its own and says which failed. */
function each<T extends { ScheduledActionName: string }>(
  ctx: Ctx,
  wanted: readonly T[],
  attempt: (one: T) => void,
): object[] {
  return wanted.flatMap((one) => {
    try {
      ctx.savepoint(() => attempt(one));
      return [];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return [
        {
          ScheduledActionName: one.ScheduledActionName,
          ErrorCode: error.shape.replace(/Fault$/, ''),
          ErrorMessage: error.message,
        },
      ];
    }
  });
}

function remove(ctx: Ctx, group: Group, name: string): void {
  const action = ctx.list(scheduledActions, 'group', group.name).find((row) => row.name === name);
  if (!action) throw invalid(`Scheduled action name not found - ${name}`);
  ctx.delete(scheduledActions, action.arn);
}

export const scheduledOperations: Operations<'autoscaling'> = {
  PutScheduledUpdateGroupAction(ctx, { AutoScalingGroupName, Time, ...input }) {
    // Time is the former name of StartTime.
    const StartTime = input.StartTime ?? Time;
    put(ctx, liveGroupOf(ctx, AutoScalingGroupName), { ...input, StartTime });
  },

  BatchPutScheduledUpdateGroupAction(ctx, { AutoScalingGroupName, ScheduledUpdateGroupActions }) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    return {
      FailedScheduledUpdateGroupActions: each(ctx, ScheduledUpdateGroupActions, (one) =>
        put(ctx, group, one),
      ) as never,
    };
  },

  DeleteScheduledAction(ctx, { AutoScalingGroupName, ScheduledActionName }) {
    remove(ctx, groupOf(ctx, AutoScalingGroupName), ScheduledActionName);
  },

  BatchDeleteScheduledAction(ctx, { AutoScalingGroupName, ScheduledActionNames }) {
    const group = groupOf(ctx, AutoScalingGroupName);
    const wanted = ScheduledActionNames.map((ScheduledActionName) => ({ ScheduledActionName }));
    return {
      FailedScheduledActions: each(ctx, wanted, (one) =>
        remove(ctx, group, one.ScheduledActionName),
      ) as never,
    };
  },

  DescribeScheduledActions(ctx, input) {
    const {
      AutoScalingGroupName,
      ScheduledActionNames: names,
      StartTime = 0,
      EndTime = Infinity,
      MaxRecords = 50,
    } = input;
    const all =
      AutoScalingGroupName === undefined
        ? ctx.list(scheduledActions)
        : ctx.list(scheduledActions, 'group', groupOf(ctx, AutoScalingGroupName).name);
    const wanted = all
      .filter(({ name, arn }) => names === undefined || names.includes(name) || names.includes(arn))
      .filter(({ nextAt }) => names !== undefined || (nextAt >= StartTime && nextAt <= EndTime));
    const limit = Math.min(MaxRecords, PAGE_SIZE);
    const { items, next } = pageOf(wanted, ({ arn }) => arn, { token: input.NextToken, limit, invalidToken });
    return { ScheduledUpdateGroupActions: items.map(describe), NextToken: next };
  },
};

function describe(action: ScheduledAction): Record<string, unknown> {
  return {
    AutoScalingGroupName: action.group,
    ScheduledActionName: action.name,
    ScheduledActionARN: action.arn,
    Time: action.nextAt,
    StartTime: action.nextAt, // AWS shows the next time here once an action recurs.
    ...(action.endAt === 0 ? {} : { EndTime: action.endAt }),
    ...(action.recurrence === '' ? {} : { Recurrence: action.recurrence, TimeZone: action.timeZone }),
    ...(action.minSize < 0 ? {} : { MinSize: action.minSize }),
    ...(action.maxSize < 0 ? {} : { MaxSize: action.maxSize }),
    ...(action.desired < 0 ? {} : { DesiredCapacity: action.desired }),
  };
}

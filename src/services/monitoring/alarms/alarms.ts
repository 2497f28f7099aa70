// What metric alarms and composite alarms have in common: creation, listing, actions on and off, deletion.

import { jsonIn } from '#contract/json-text.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags } from '#cloud/tags.ts';
import { queriesOf, unwatch } from '../definition.ts';
import { json } from '../java-text.ts';
import { EVALUATION, tickAfter } from '../metrics/alarm-metrics.ts';
import { dimensionsOf, metricKey } from '../metrics/metric-key.ts';
import { planOf } from '../metrics/queries.ts';
import { checkAction } from './alarm-actions.ts';
import { remember } from './alarm-history.ts';
import { alarmTypeOf, enterState, repeats } from './alarm-state.ts';
import { alarms, childrenOf, dependences, inCircle, parentsOf } from './alarm.ts';
import type { Alarm, CompositeAlarm, MetricAlarm } from './alarm.ts';

type WireAlarm = Input<'monitoring', 'PutMetricAlarm'> | Input<'monitoring', 'PutCompositeAlarm'>;
type Common = Omit<CompositeAlarm, 'kind' | 'rule'>;

const PAGE_SIZE = 50;

/** A new alarm, or the known one with everything overwritten but its state and tags. */
export function newAlarm(ctx: Ctx, input: WireAlarm, kind: Alarm['kind'], known: Alarm | undefined): Common {
  const { AlarmName: name, AlarmDescription: description, ActionsEnabled: actionsEnabled = true } = input;
  const actions = {
    OK: input.OKActions ?? [],
    ALARM: input.AlarmActions ?? [],
    INSUFFICIENT_DATA: input.InsufficientDataActions ?? [],
  };
  for (const action of Object.values(actions).flat()) checkAction(action, kind);
  return {
    name,
    arn: ctx.arn('cloudwatch', `alarm:${name}`),
    ...(description === undefined ? {} : { description }),
    actionsEnabled,
    actions,
    // Tags of an alarm that exists are changed by TagResource alone; AWS ignores them here.
    tags: known?.tags ?? mergeTags({}, input.Tags),
    createdAt: known?.createdAt ?? ctx.now,
    configuredAt: ctx.now,
    state: known?.state ?? {
      value: 'INSUFFICIENT_DATA',
      reason: 'Unchecked: Initial alarm creation',
      updatedAt: ctx.now,
      transitionedAt: ctx.now,
    },
  };
}

export function saved(ctx: Ctx, alarm: Alarm, known: Alarm | undefined): void {
  ctx.put(alarms, alarm);
  configured(ctx, alarm, known ? 'Update' : 'Create');
}

function configured(ctx: Ctx, alarm: Alarm, type: 'Create' | 'Update' | 'Delete'): void {
  const done = { Create: 'created', Update: 'updated', Delete: 'deleted' }[type];
  const shown = alarm.kind === 'metric' ? describeMetricAlarm(alarm) : describeCompositeAlarm(alarm);
  remember(ctx, {
    alarm: alarm.name,
    alarmType: alarmTypeOf(alarm),
    type: 'ConfigurationUpdate',
    summary: `Alarm "${alarm.name}" ${done}`,
    data: json({ version: '1.0', type, [`${done}Alarm`]: shown }),
  });
}

function describe(alarm: Alarm): object {
  const { state, actions } = alarm;
  return {
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    AlarmDescription: alarm.description,
    AlarmConfigurationUpdatedTimestamp: alarm.configuredAt,
    ActionsEnabled: alarm.actionsEnabled,
    OKActions: actions.OK,
    AlarmActions: actions.ALARM,
    InsufficientDataActions: actions.INSUFFICIENT_DATA,
    StateValue: state.value,
    StateReason: state.reason,
    StateReasonData: state.reasonData,
    StateUpdatedTimestamp: state.updatedAt,
    StateTransitionedTimestamp: state.transitionedAt,
  };
}

function describeMetricAlarm(alarm: MetricAlarm): object {
  // AWS shows a plain alarm with empty dimensions and an alarm on metric math with its queries.
  const { definition } = alarm;
  return { ...describe(alarm), ...(definition.Metrics ? {} : { Dimensions: [] }), ...definition };
}

function describeCompositeAlarm(alarm: CompositeAlarm): object {
  return { ...describe(alarm), AlarmRule: alarm.rule };
}

/** The alarm, or AWS's answer where there is none. */
function alarmOf(ctx: Ctx, name: string): Alarm {
  const alarm = ctx.get(alarms, name);
  if (!alarm) throw new Fault('ResourceNotFound', ''); // AWS says no more (recorded: test_set_alarm_invalid_input).
  return alarm;
}

function setActions(ctx: Ctx, names: readonly string[], actionsEnabled: boolean): void {
  for (const name of names) {
    const alarm = ctx.get(alarms, name);
    if (!alarm || alarm.actionsEnabled === actionsEnabled) continue; // Unknown names are no error.
    const now = { ...alarm, actionsEnabled, configuredAt: ctx.now };
    saved(ctx, now, alarm);
    if (now.kind === 'metric' && repeats(now)) ctx.wake(EVALUATION, name, tickAfter(now.clock, ctx.now));
  }
}

/** Which alarms DescribeAlarms was asked for. */
function wanted(ctx: Ctx, input: Input<'monitoring', 'DescribeAlarms'>): (alarm: Alarm) => boolean {
  const {
    AlarmNames,
    AlarmNamePrefix = '',
    StateValue,
    ActionPrefix,
    ChildrenOfAlarmName,
    ParentsOfAlarmName,
  } = input;
  if (AlarmNames && input.AlarmNamePrefix !== undefined) {
    throw new Fault('ValidationError', 'AlarmNamePrefix cannot be specified with AlarmNames');
  }
  const family = ChildrenOfAlarmName ?? ParentsOfAlarmName;
  if (family !== undefined) {
    alarmOf(ctx, family);
    const names = ChildrenOfAlarmName === undefined ? parentsOf(ctx, family) : childrenOf(ctx, family);
    return ({ name }) => names.includes(name);
  }
  const types = input.AlarmTypes ?? ['MetricAlarm'];
  return (alarm) =>
    types.includes(alarmTypeOf(alarm)) &&
    (!AlarmNames || AlarmNames.includes(alarm.name)) &&
    alarm.name.startsWith(AlarmNamePrefix) &&
    (StateValue === undefined || alarm.state.value === StateValue) &&
    (ActionPrefix === undefined ||
      Object.values(alarm.actions)
        .flat()
        .some((action) => action.startsWith(ActionPrefix)));
}

export const alarmOperations: Operations<'monitoring'> = {
  DescribeAlarms(ctx, input) {
    const found = ctx.list(alarms).filter(wanted(ctx, input));
    const { items, next } = pageOf(found, ({ name }) => name, {
      token: input.NextToken,
      limit: input.MaxRecords ?? PAGE_SIZE,
      invalidToken: () => new Fault('InvalidNextToken', 'The next token specified is invalid.'),
    });
    return {
      MetricAlarms: items.filter((alarm) => alarm.kind === 'metric').map(describeMetricAlarm),
      CompositeAlarms: items.filter((alarm) => alarm.kind === 'composite').map(describeCompositeAlarm),
      NextToken: next,
    };
  },

  DescribeAlarmsForMetric(
    ctx,
    { Namespace, MetricName, Dimensions, Statistic, ExtendedStatistic, Period, Unit },
  ) {
    const key = metricKey({ namespace: Namespace, name: MetricName, dimensions: dimensionsOf(Dimensions) });
    const found = ctx.list(alarms).filter((alarm): alarm is MetricAlarm => {
      if (alarm.kind !== 'metric') return false;
      const { definition } = alarm;
      return (
        planOf(queriesOf(definition)).metrics.some((metric) => metric.key === key) &&
        (Statistic === undefined || definition.Statistic === Statistic) &&
        (ExtendedStatistic === undefined || definition.ExtendedStatistic === ExtendedStatistic) &&
        (Period === undefined || definition.Period === Period) &&
        (Unit === undefined || definition.Unit === Unit)
      );
    });
    return { MetricAlarms: found.map(describeMetricAlarm) };
  },

  DeleteAlarms(ctx, { AlarmNames }) {
    const known = AlarmNames.map((name) => alarmOf(ctx, name));
    for (const { name } of known) {
      const parents = parentsOf(ctx, name).filter(
        (parent) => parent === name || !AlarmNames.includes(parent),
      );
      // An alarm in a circle of composite alarms always has one above it; AWS says to set a rule to FALSE first.
      if (parents.length > 0 || inCircle(ctx, name)) {
        throw new Fault(
          'ValidationError',
          `The alarm ${name} is used by the composite alarms [${parentsOf(ctx, name).join(', ')}]`,
        );
      }
    }
    for (const alarm of known) {
      if (alarm.kind === 'metric') unwatch(ctx, alarm);
      for (const child of childrenOf(ctx, alarm.name)) ctx.delete(dependences, `${child}\u0000${alarm.name}`);
      ctx.delete(alarms, alarm.name);
      configured(ctx, alarm, 'Delete');
    }
  },

  SetAlarmState(ctx, { AlarmName, StateValue, StateReason, StateReasonData }) {
    const alarm = alarmOf(ctx, AlarmName);
    checkJson(StateReasonData);
    enterState(ctx, alarm, { value: StateValue, reason: StateReason, reasonData: StateReasonData });
    // A metric alarm goes back to what its data say; a composite one stays until a child changes.
    if (alarm.kind === 'metric') ctx.wake(EVALUATION, AlarmName, tickAfter(alarm.clock, ctx.now));
  },

  EnableAlarmActions(ctx, { AlarmNames }) {
    setActions(ctx, AlarmNames, true);
  },

  DisableAlarmActions(ctx, { AlarmNames }) {
    setActions(ctx, AlarmNames, false);
  },
};

function checkJson(text: string | undefined): void {
  if (text === undefined) return;
  try {
    jsonIn(text);
  } catch {
    throw new Fault('InvalidFormatFault', 'StateReasonData is not valid JSON');
  }
}

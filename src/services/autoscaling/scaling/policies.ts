// Scaling policies: simple, step and target tracking. CloudWatch alarms carry them out.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Scaling } from '#cloud/ports/scaling.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken } from '../activities.ts';
import { groupOf, isSuspended, liveGroupOf, roleOf, setDesired } from '../group.ts';
import type { Group } from '../group.ts';
import { checkCooldown } from '../instances/capacity.ts';
import { policies } from './policy.ts';
import type { AdjustmentType, PolicyAlarmName, ScalingPolicy, Step } from './policy.ts';
import { checkUnique, dropAlarms, putAlarms } from './tracking-alarms.ts';
import { track, warmingUp } from './tracking.ts';

const ADJUSTMENTS: readonly AdjustmentType[] = [
  'ChangeInCapacity',
  'ExactCapacity',
  'PercentChangeInCapacity',
];
const PAGE_SIZE = 100;

type PutInput = Input<'autoscaling', 'PutScalingPolicy'>;

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

type Kind = Pick<ScalingPolicy, 'type' | 'adjustmentType' | 'adjustment' | 'steps' | 'tracking'>;

function checked(ctx: Ctx, group: Group, input: PutInput): Kind {
  const {
    PolicyType: type = 'SimpleScaling',
    AdjustmentType: given,
    ScalingAdjustment,
    StepAdjustments = [],
    TargetTrackingConfiguration: tracking,
  } = input;
  if (type === 'PredictiveScaling')
    throw new Fault('NotImplemented', `Policies of the type ${type} are not modelled by Sandtable.`);
  if (type !== 'SimpleScaling' && type !== 'StepScaling' && type !== 'TargetTrackingScaling') {
    throw invalid(
      `The policy type ${type} is not valid. Valid types are: SimpleScaling, StepScaling, TargetTrackingScaling.`,
    );
  }
  if (type === 'TargetTrackingScaling') {
    if (!tracking)
      throw invalid('A TargetTrackingConfiguration is required for TargetTrackingScaling policies.');
    if (given !== undefined || ScalingAdjustment !== undefined || StepAdjustments.length > 0)
      throw invalid('Adjustments do not go with policies of the type TargetTrackingScaling.');
    checkUnique(ctx, group, input.PolicyName, tracking);
    return { type, adjustmentType: 'ChangeInCapacity', adjustment: 0, steps: [], tracking };
  }
  if (tracking) throw invalid(`A TargetTrackingConfiguration does not go with policies of the type ${type}.`);
  const adjustmentType = ADJUSTMENTS.find((name) => name === given);
  if (!adjustmentType)
    throw invalid(`Adjustment type is required. Valid values are ${ADJUSTMENTS.join(', ')}.`);
  if (type === 'SimpleScaling') {
    if (ScalingAdjustment === undefined)
      throw invalid('You must specify a ScalingAdjustment for simple scaling policies.');
    return { type, adjustmentType, adjustment: ScalingAdjustment, steps: [] };
  }
  if (StepAdjustments.length === 0)
    throw invalid('At least one StepAdjustment must be specified for StepScaling policies.');
  return { type, adjustmentType, adjustment: 0, steps: StepAdjustments.map(stepOf) };
}

function stepOf(step: NonNullable<PutInput['StepAdjustments']>[number]): Step {
  const { MetricIntervalLowerBound: lower, MetricIntervalUpperBound: upper, ScalingAdjustment } = step;
  return {
    ...(lower === undefined ? {} : { MetricIntervalLowerBound: lower }),
    ...(upper === undefined ? {} : { MetricIntervalUpperBound: upper }),
    ScalingAdjustment,
  };
}

/** The policy by name, or by ARN in its place. */
function policyOf(ctx: Ctx, groupName: string | undefined, nameOrArn: string): ScalingPolicy {
  const found = nameOrArn.startsWith('arn:')
    ? ctx.get(policies, nameOrArn)
    : ctx.list(policies, 'group', groupOf(ctx, groupName).name).find(({ name }) => name === nameOrArn);
  if (!found) throw invalid(`No policy found with name or ARN: ${nameOrArn}`);
  return found;
}

/** The step for a distance of the metric from the threshold: lower bounds are inside, upper ones outside. */
function stepFor({ steps }: ScalingPolicy, distance: number): Step | undefined {
  return steps.find(
    ({ MetricIntervalLowerBound: lower = -Infinity, MetricIntervalUpperBound: upper = Infinity }) =>
      distance >= 0 ? distance >= lower && distance < upper : distance > lower && distance <= upper,
  );
}

/**
 * Capacity after an adjustment of `from`, within the group's bounds. Percentages round away from nothing: 0.5 is 1,
 * 12.7 is 12.
 */
function adjusted(group: Group, policy: ScalingPolicy, adjustment: number, from: number): number {
  const within = (value: number): number => Math.min(group.maxSize, Math.max(group.minSize, value));
  if (policy.adjustmentType === 'ExactCapacity') return within(adjustment);
  if (policy.adjustmentType === 'ChangeInCapacity') return within(from + adjustment);
  const exact = (Math.abs(adjustment) * from) / 100;
  const whole = exact > 0 && exact < 1 ? 1 : Math.floor(exact);
  const change = Math.max(whole, policy.minMagnitude);
  return within(from + (adjustment < 0 ? -change : change));
}

export const policyOperations: Operations<'autoscaling'> = {
  PutScalingPolicy(ctx, input) {
    const group = liveGroupOf(ctx, input.AutoScalingGroupName);
    const what = checked(ctx, group, input);
    const before = ctx.list(policies, 'group', group.name).find(({ name }) => name === input.PolicyName);
    const tail = `autoScalingGroupName/${group.name}:policyName/${input.PolicyName}`;
    const arn = before?.arn ?? ctx.arn('autoscaling', `scalingPolicy:${ctx.uuid('scaling-policy')}:${tail}`);
    const had = before?.alarms ?? [];
    const { tracking } = what;
    if (!tracking) dropAlarms(ctx, group, had);
    const alarms = tracking ? putAlarms(ctx, group, { arn, tracking, alarms: had }) : [];
    ctx.put(policies, {
      ...what,
      arn,
      alarms,
      warmupSeconds: input.EstimatedInstanceWarmup ?? -1,
      group: group.name,
      name: input.PolicyName,
      minMagnitude: input.MinAdjustmentMagnitude ?? input.MinAdjustmentStep ?? 0,
      cooldownSeconds: input.Cooldown ?? -1,
      aggregation: input.MetricAggregationType ?? 'Average',
      enabled: input.Enabled ?? true,
    });
    return { PolicyARN: arn, Alarms: alarms.map(describeAlarm) };
  },

  DescribePolicies(ctx, { AutoScalingGroupName, PolicyNames, PolicyTypes, NextToken, MaxRecords = 50 }) {
    const all =
      AutoScalingGroupName === undefined
        ? ctx.list(policies)
        : ctx.list(policies, 'group', groupOf(ctx, AutoScalingGroupName).name);
    const wanted = all
      .filter(
        ({ name, arn }) =>
          PolicyNames === undefined || PolicyNames.includes(name) || PolicyNames.includes(arn),
      )
      .filter(({ type }) => PolicyTypes === undefined || PolicyTypes.includes(type));
    const limit = Math.min(MaxRecords, PAGE_SIZE);
    const { items, next } = pageOf(wanted, ({ arn }) => arn, { token: NextToken, limit, invalidToken });
    return { ScalingPolicies: items.map((policy) => describe(ctx, policy)), NextToken: next };
  },

  DeletePolicy(ctx, { AutoScalingGroupName, PolicyName }) {
    const policy = policyOf(ctx, AutoScalingGroupName, PolicyName);
    dropAlarms(ctx, groupOf(ctx, policy.group), policy.alarms);
    ctx.delete(policies, policy.arn);
  },

  ExecutePolicy(ctx, input) {
    const { AutoScalingGroupName, PolicyName, HonorCooldown = false, MetricValue, BreachThreshold } = input;
    const policy = policyOf(ctx, AutoScalingGroupName, PolicyName);
    const simple = policy.type === 'SimpleScaling';
    if (!policy.enabled) throw invalid(`The policy ${policy.name} is disabled.`);
    if (policy.tracking) throw invalid('Policies of the type TargetTrackingScaling cannot be executed.');
    if (simple === (MetricValue !== undefined) || simple === (BreachThreshold !== undefined)) {
      throw invalid(
        'MetricValue and BreachThreshold go with policies of the type StepScaling, and only with those.',
      );
    }
    // Step policies know no cooldown.
    if (simple && HonorCooldown) checkCooldown(ctx, liveGroupOf(ctx, policy.group));
    execute(ctx, policy, (MetricValue ?? 0) - (BreachThreshold ?? 0), 'a user request executed policy');
  },

  DescribeAdjustmentTypes() {
    return { AdjustmentTypes: ADJUSTMENTS.map((AdjustmentType) => ({ AdjustmentType })) };
  },
};

/** Sets the desired capacity as a policy says. `distance` is how far the metric is beyond the threshold. */
function execute(ctx: Ctx, policy: ScalingPolicy, distance: number, who: string): void {
  const group = liveGroupOf(ctx, policy.group);
  const simple = policy.type === 'SimpleScaling';
  const step = simple ? undefined : stepFor(policy, distance);
  if (!simple && !step)
    throw invalid('There is no step adjustment defined for the metric value of the breach.');
  const adjustment = step?.ScalingAdjustment ?? policy.adjustment;
  const desired = simple
    ? adjusted(group, policy, adjustment, group.desired)
    : stepped(ctx, group, policy, adjustment);
  const cooldown = policy.cooldownSeconds < 0 ? group.cooldownSeconds : policy.cooldownSeconds;
  const cooling = simple ? { cooldownUntil: ctx.now + cooldown * 1000 } : {};
  setDesired(ctx, group, desired, `${who} ${policy.name}`, cooling);
}

/**
 * Where a step leads. While instances warm up they are not part of the capacity that grows, so that the same step does not add
 * them again, and nothing shrinks.
 */
function stepped(ctx: Ctx, group: Group, policy: ScalingPolicy, adjustment: number): number {
  const warming = warmingUp(ctx, group, policy).length;
  const wanted = adjusted(group, policy, adjustment, group.desired - warming);
  if (warming === 0 || policy.adjustmentType === 'ExactCapacity') return wanted;
  return Math.max(group.desired, wanted);
}

/** What alarms do with policies. They honour suspension, and the cooldown of simple policies. */
export const alarmScaling: Scaling = {
  execute(ctx, policyArn, alarm) {
    const { alarmName, metricValue, threshold } = alarm;
    const policy = policyOf(ctx, undefined, policyArn);
    const group = liveGroupOf(ctx, policy.group);
    if (!policy.enabled || isSuspended(group, 'AlarmNotification')) return;
    if (policy.tracking) return track(ctx, group, policy, alarm);
    if (policy.type === 'SimpleScaling') checkCooldown(ctx, group);
    const who = `a monitor alarm ${alarmName} in state ALARM triggered policy`;
    execute(ctx, policy, metricValue - threshold, who);
  },
};

/** Simple and step policies show the alarms that name them. */
function alarmsOn(ctx: Ctx, policy: ScalingPolicy): { AlarmName: string; AlarmARN: string }[] {
  if (policy.tracking) return policy.alarms.map(describeAlarm);
  const role = roleOf(groupOf(ctx, policy.group));
  const found = ctx.call('monitoring', 'DescribeAlarms', { ActionPrefix: policy.arn }, role);
  const all = found.ok ? (found.output.MetricAlarms ?? []) : [];
  return all.map(({ AlarmName = '', AlarmArn = '' }) => ({ AlarmName, AlarmARN: AlarmArn }));
}

function describeAlarm({ name, arn }: PolicyAlarmName): { AlarmName: string; AlarmARN: string } {
  return { AlarmName: name, AlarmARN: arn };
}

function describe(ctx: Ctx, policy: ScalingPolicy): Record<string, unknown> {
  const { type, tracking } = policy;
  const adjusts = {
    AdjustmentType: policy.adjustmentType,
    ...(policy.minMagnitude > 0 ? { MinAdjustmentMagnitude: policy.minMagnitude } : {}),
  };
  const simple = {
    ...adjusts,
    ScalingAdjustment: policy.adjustment,
    ...(policy.cooldownSeconds >= 0 ? { Cooldown: policy.cooldownSeconds } : {}),
  };
  const stepping = { ...adjusts, MetricAggregationType: policy.aggregation };
  return {
    AutoScalingGroupName: policy.group,
    PolicyName: policy.name,
    PolicyARN: policy.arn,
    PolicyType: type,
    ...(type === 'SimpleScaling' ? simple : {}),
    ...(type === 'StepScaling' ? stepping : {}),
    ...(tracking ? { TargetTrackingConfiguration: { DisableScaleIn: false, ...tracking } } : {}),
    ...(policy.warmupSeconds < 0 ? {} : { EstimatedInstanceWarmup: policy.warmupSeconds }),
    StepAdjustments: policy.steps,
    Alarms: alarmsOn(ctx, policy),
    Enabled: policy.enabled,
  };
}

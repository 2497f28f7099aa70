// What alarms do when they enter a state: notify an SNS topic, execute a scaling policy.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { scaling } from '#cloud/ports/scaling.ts';
import { json } from '../java-text.ts';
import { remember } from './alarm-history.ts';
import { messageOf, subjectOf } from './alarm-message.ts';
import type { Alarm, AlarmState } from './alarm.ts';

const PRINCIPAL = 'cloudwatch.amazonaws.com';

const TOPIC = /^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/;
const POLICY =
  /^arn:aws:autoscaling:[a-z0-9-]+:\d{12}:scalingPolicy:[0-9a-f-]+:autoScalingGroupName\/(.+):policyName\/(.+)$/;

export function isScalingPolicy(action: string): boolean {
  return POLICY.test(action);
}

/** Whether an alarm may have this action. CloudWatch checks the form only, not that the resource exists. */
export function checkAction(action: string, kind: Alarm['kind']): void {
  if (TOPIC.test(action) || (kind === 'metric' && isScalingPolicy(action))) return;
  const [arn, , service = ''] = action.split(':');
  if (arn !== 'arn') throw new Fault('ValidationError', `Invalid arn syntax: ${action}`);
  if (service === 'autoscaling' || service === 'sns')
    throw new Fault('ValidationError', `Invalid alarm action: ${action}`);
  throw new Fault('NotImplemented', `Alarm actions of ${service} are not modelled by Sandtable: ${action}`);
}

/** Runs one action and writes down how it went. A failure changes nothing else: AWS does not try again. */
export function runAction(
  ctx: Ctx,
  alarm: Alarm,
  before: AlarmState,
  action: string,
  metricValue: number | undefined,
): void {
  const message = isScalingPolicy(action) ? undefined : messageOf(ctx, alarm, before);
  const fault =
    message === undefined
      ? executePolicy(ctx, alarm, action, metricValue)
      : publish(ctx, alarm, action, message);
  remember(ctx, {
    alarm: alarm.name,
    alarmType: alarm.kind === 'metric' ? 'MetricAlarm' : 'CompositeAlarm',
    type: 'Action',
    summary: fault
      ? `Failed to execute action ${action}. Received error: "${fault}"`
      : `Successfully executed action ${action}`,
    data: json({
      actionState: fault ? 'Failed' : 'Succeeded',
      stateUpdateTimestamp: alarm.state.updatedAt,
      notificationResource: action,
      publishedMessage: message ?? null,
      error: fault ?? null,
    }),
  });
}

function publish(ctx: Ctx, alarm: Alarm, topicArn: string, message: string): string | undefined {
  const as = { type: 'service', service: PRINCIPAL, account: ctx.account, sourceArn: alarm.arn } as const;
  const input = { TopicArn: topicArn, Subject: subjectOf(ctx, alarm), Message: message };
  const sent = ctx.call('sns', 'Publish', input, as);
  if (sent.ok) return undefined;
  if (!sent.fault.shape.startsWith('AccessDenied')) return sent.fault.message;
  return `CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: ${topicArn}`;
}

/** Executes a scaling policy and returns what went wrong. No IAM policy decides about this, as in AWS. */
export function executePolicy(
  ctx: Ctx,
  alarm: Alarm,
  arn: string,
  value: number | undefined,
): string | undefined {
  const threshold = alarm.kind === 'metric' ? (alarm.definition.Threshold ?? 0) : 0;
  const handed = { alarmName: alarm.name, metricValue: value ?? threshold, threshold };
  try {
    ctx.savepoint(() => ctx.port(scaling).execute(ctx, arn, handed));
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
}

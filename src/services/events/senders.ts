// One attempt at one target, as EventBridge itself for the rule, or through the role that the target names.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html

import { Fault } from '#contract/fault.ts';
import { parseIso } from '#contract/protocols/timestamp.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import type { Caller } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsedObject } from '#cloud/json.ts';
import { busNamed } from './bus.ts';
import type { Envelope } from './envelope.ts';
import { absentBus } from './faults.ts';
import { take } from './intake.ts';
import type { Delivery } from './tables.ts';

const PRINCIPAL = 'events.amazonaws.com';

/** EventBridge itself, for a rule: the policy of the receiver decides. */
export function asRule({ account }: Ctx, ruleArn: string): Caller {
  return { type: 'service', service: PRINCIPAL, account, sourceArn: ruleArn };
}

function callerFor(home: Ctx, { ruleArn, rule, target: { RoleArn } }: Delivery): Caller {
  if (RoleArn === undefined) return asRule(home, ruleArn);
  return { roleArn: RoleArn, service: PRINCIPAL, sessionName: rule, sourceArn: ruleArn };
}

/** Returns what went wrong. */
export function handOver(home: Ctx, delivery: Delivery, event: Envelope, input: string): Fault | undefined {
  const service = delivery.target.Arn.split(':')[2];
  switch (service) {
    case 'lambda':
      return invoke(home, delivery, input);
    case 'sqs':
      return send(home, delivery, input);
    case 'sns':
      return publish(home, delivery, input);
    case 'logs':
      return log(home, delivery, event, input);
    default:
      return forward(home, delivery, event);
  }
}

function invoke(home: Ctx, delivery: Delivery, input: string): Fault | undefined {
  const request = {
    FunctionName: delivery.target.Arn,
    InvocationType: 'Event',
    Payload: utf8(input),
  } as const;
  const invoked = home.call('lambda', 'Invoke', request, callerFor(home, delivery));
  return invoked.ok ? undefined : invoked.fault;
}

function send(home: Ctx, delivery: Delivery, MessageBody: string): Fault | undefined {
  const { Arn, SqsParameters } = delivery.target;
  const [, , , region = '', account = '', name = ''] = Arn.split(':');
  const group = SqsParameters?.MessageGroupId;
  const request = {
    QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
    MessageBody,
    ...(group !== undefined && { MessageGroupId: group }),
  };
  const sent = home.call('sqs', 'SendMessage', request, callerFor(home, delivery));
  return sent.ok ? undefined : sent.fault;
}

function publish(home: Ctx, delivery: Delivery, Message: string): Fault | undefined {
  const request = { TopicArn: delivery.target.Arn, Message };
  const published = home.call('sns', 'Publish', request, callerFor(home, delivery));
  return published.ok ? undefined : published.fault;
}

/**
 * Each event gets a log stream of its own. A template says what is logged and when it was.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-wizard.html
 */
function log(home: Ctx, delivery: Delivery, event: Envelope, input: string): Fault | undefined {
  const logGroupName = delivery.target.Arn.split(':')[6] ?? '';
  const logStreamName = home.uuid('event-log-stream');
  const as = callerFor(home, delivery);
  const made = home.call('logs', 'CreateLogStream', { logGroupName, logStreamName }, as);
  if (!made.ok) return made.fault;
  const said = delivery.target.InputTransformer ? parsedObject(input) : undefined;
  const { timestamp = parseIso(event.time) ?? home.now, message = input } = said ?? {};
  const at = typeof timestamp === 'string' ? (parseIso(timestamp) ?? Number(timestamp)) : timestamp;
  if (typeof at !== 'number' || !Number.isFinite(at))
    return new Fault('InvalidParameterException', 'The timestamp of the log event is not valid.');
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  const logEvents = [{ timestamp: at, message: text }];
  const put = home.call('logs', 'PutLogEvents', { logGroupName, logStreamName, logEvents }, as);
  return put.ok ? undefined : put.fault;
}

/** To another bus the event goes as it is; its policy and the role decide. */
function forward(home: Ctx, delivery: Delivery, event: Envelope): Fault | undefined {
  const { Arn } = delivery.target;
  const [, , , region = home.region, account = home.account, path = ''] = Arn.split(':');
  const there = home.in({ region, account });
  const name = path.replace('event-bus/', '');
  let from: Ctx;
  try {
    from = home.as(home.principalOf(callerFor(home, delivery)));
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  if (!home.cloud.allows(from, 'events', 'events:PutEvents', Arn)) {
    return new Fault('AccessDeniedException', `Not authorized to perform events:PutEvents on ${Arn}`);
  }
  if (!busNamed(there, name)) return absentBus(name);
  // What has come from one account is not sent on to a third one.
  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
  if (event.account !== home.account && account !== home.account) return undefined;
  take(there, name, region === home.region ? event : { ...event, id: there.uuid('event') });
  return undefined;
}

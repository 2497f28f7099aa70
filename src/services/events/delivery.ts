// Events on their way to targets: attempts, retries, dead-letter queues.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html

import type { TimerHandler } from '#world/index.ts';
import type { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { attemptDue } from './dispatch.ts';
import type { Attempt } from './dispatch.ts';
import type { Envelope } from './envelope.ts';
import { inputFor } from './input.ts';
import { count } from './metrics.ts';
import { asRule, handOver } from './senders.ts';
import { deliveries } from './tables.ts';
import type { Delivery } from './tables.ts';
import { firstRetry, LONGEST_AGE_MS, LONGEST_PAUSE_MS, MOST_ATTEMPTS } from './timings.ts';

/** Why an attempt failed, and whether another may do better. */
interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retry: boolean;
}

export const deliver: TimerHandler<Attempt, Ctx> = {
  kind: attemptDue,
  live: (home, { id, failures }) => home.get(deliveries, id)?.failures === failures,
  fire(home, { id }) {
    const delivery = home.get(deliveries, id) as Delivery;
    if (delivery.failures > 0) count(home, ofRule(delivery), 'RetryInvocationAttempts');
    const failure = attempt(home, delivery);
    if (!failure) done(home, delivery);
    else if (!failure.retry) giveUp(home, delivery, failure);
    else retry(home, delivery, failure);
  },
};

const ofRule = ({ rule: name, bus }: Delivery): { name: string; bus: string } => ({ name, bus });

function attempt(home: Ctx, delivery: Delivery): Failure | undefined {
  const { target, rule: ruleName, ruleArn, takenAt } = delivery;
  const event = JSON.parse(delivery.event) as Envelope;
  const input = inputFor(target, event, { ruleName, ruleArn, takenAt: formatIso(takenAt) });
  if (input === undefined) {
    const message = 'The input of the target is not valid JSON for this event.';
    return { code: 'SDK_CLIENT_ERROR', message, retry: false };
  }
  const fault = handOver(home, delivery, event, input);
  return fault && failureOf(fault);
}

/** What AWS would call the server's error: it may go away. */
const TRANSIENT =
  /Throttl|TooManyRequests|RequestLimitExceeded|Unavailable|Internal|ServiceException|ServiceFault|Timeout|ResourceConflict|NotReady/;

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html#eb-rule-dlq-message-attributes */
function failureOf({ shape, message, status = 400 }: Fault): Failure {
  if (/Throttl|TooManyRequests|RequestLimitExceeded/.test(shape))
    return { code: 'THROTTLING', message, retry: true };
  if (/AccessDenied|NotAuthorized|AuthorizationError|UnauthorizedOperation/.test(shape))
    return { code: 'NO_PERMISSIONS', message, retry: false };
  if (/NotFound|NonExistent|NoSuch|DoesNotExist/.test(shape))
    return { code: 'NO_RESOURCE', message, retry: false };
  if (TRANSIENT.test(shape) || status >= 500) return { code: 'SERVICE_ERROR', message, retry: true };
  return { code: 'SDK_CLIENT_ERROR', message, retry: false };
}

function retry(home: Ctx, delivery: Delivery, failure: Failure): void {
  const { RetryPolicy: policy } = delivery.target;
  const failures = delivery.failures + 1;
  if (failures > (policy?.MaximumRetryAttempts ?? MOST_ATTEMPTS))
    return giveUp(home, delivery, failure, 'MaximumRetryAttempts');
  const at = home.now + pauseMs(home, delivery, failures);
  const longest = (policy?.MaximumEventAgeInSeconds ?? LONGEST_AGE_MS / 1000) * 1000;
  if (at > delivery.takenAt + longest) return giveUp(home, delivery, failure, 'MaximumEventAgeInSeconds');
  home.update(deliveries, delivery, { failures });
  home.schedule(attemptDue, at, { id: delivery.id, failures });
}

/** Doubles with each failure, up to the longest. */
function pauseMs(home: Ctx, { id }: Delivery, failures: number): number {
  const first = home.duration(firstRetry, id, failures);
  return Math.min(LONGEST_PAUSE_MS, first * 2 ** Math.min(failures - 1, 20));
}

function done(home: Ctx, delivery: Delivery): void {
  count(home, ofRule(delivery), 'Invocations');
  home.delete(deliveries, delivery.id);
}

function giveUp(home: Ctx, delivery: Delivery, failure: Failure, exhausted?: string): void {
  done(home, delivery);
  count(home, ofRule(delivery), 'FailedInvocations');
  const queueArn = delivery.target.DeadLetterConfig?.Arn;
  if (queueArn === undefined) return;
  const sent = bury(home, delivery, queueArn, failure, exhausted);
  count(home, ofRule(delivery), sent ? 'InvocationsSentToDLQ' : 'InvocationsFailedToBeSentToDLQ');
}

/** Hands an event that could not be delivered to a queue, with the reason. */
function bury(
  home: Ctx,
  delivery: Delivery,
  queueArn: string,
  { code, message }: Failure,
  exhausted: string | undefined,
): boolean {
  const [, , , region = '', account = '', name = ''] = queueArn.split(':');
  const attributes = {
    RULE_ARN: delivery.ruleArn,
    TARGET_ARN: delivery.target.Arn,
    ERROR_CODE: code,
    ERROR_MESSAGE: message,
    RETRY_ATTEMPTS: String(delivery.failures),
    ...(exhausted !== undefined && { EXHAUSTED_RETRY_CONDITION: exhausted }),
  };
  const wire = Object.entries(attributes).map(([key, StringValue]) => [
    key,
    { DataType: key === 'RETRY_ATTEMPTS' ? 'Number' : 'String', StringValue },
  ]);
  const sent = home.call(
    'sqs',
    'SendMessage',
    {
      QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
      MessageBody: delivery.event,
      MessageAttributes: Object.fromEntries(wire) as Record<
        string,
        { DataType: string; StringValue: string }
      >,
    },
    asRule(home, delivery.ruleArn),
  );
  return sent.ok;
}

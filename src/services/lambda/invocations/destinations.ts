// Where the outcome of an asynchronous event goes, under the execution role: destinations with a record of it, dead letters
// with the event itself.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html

import { jsonIn } from '#contract/json-text.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { ThroughRole } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { countUndelivered } from './invocation-metrics.ts';

/** Characters of the error message that a dead letter carries. */
const LONGEST_MESSAGE = 1024;

export type Condition = 'Success' | 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency';

/** What came of an event. */
export interface Outcome {
  readonly requestId: string;
  readonly functionName: string;
  /** With its qualifier, `$LATEST` if it has no other. */
  readonly functionArn: string;
  readonly condition: Condition;
  readonly attempts: number;
  /** JSON text. */
  readonly event: string;
  /** Of the last attempt, if there was one. */
  readonly last?: {
    readonly payload: string;
    readonly functionError?: 'Unhandled';
    readonly executedVersion: string;
  };
}

function recordOf(ctx: Ctx, outcome: Outcome): string {
  const { requestId, functionArn, condition, attempts, event, last } = outcome;
  return JSON.stringify({
    version: '1.0',
    timestamp: formatIso(ctx.now),
    requestContext: { requestId, functionArn, condition, approximateInvokeCount: attempts },
    requestPayload: json(event),
    ...(last
      ? {
          responseContext: {
            statusCode: 200,
            executedVersion: last.executedVersion,
            ...(last.functionError ? { functionError: last.functionError } : {}),
          },
          responsePayload: json(last.payload),
        }
      : {}),
  });
}

/** A runtime of the user's own may answer what is no JSON. */
function json(text: string): unknown {
  try {
    return jsonIn(text);
  } catch {
    return text;
  }
}

/** Hands a record of the outcome to a destination. */
export function sent(owner: Ctx, destination: string, outcome: Outcome, as: ThroughRole): void {
  const record = recordOf(owner, outcome);
  const [, , service, region = owner.region, account = '', name = ''] = destination.split(':');
  const there = owner.in({ region });
  const delivered = ((): { ok: boolean } => {
    switch (service) {
      case 'sqs':
        return there.call(
          'sqs',
          'SendMessage',
          { QueueUrl: queueUrl(region, account, name), MessageBody: record },
          as,
        );
      case 'sns':
        return there.call('sns', 'Publish', { TopicArn: destination, Message: record }, as);
      case 'lambda': {
        const input = { FunctionName: destination, InvocationType: 'Event', Payload: utf8(record) } as const;
        return there.call('lambda', 'Invoke', input, as);
      }
      default: {
        const kind = outcome.condition === 'Success' ? 'Success' : 'Failure';
        const entry = {
          Source: 'lambda',
          DetailType: `Lambda Function Invocation Result - ${kind}`,
          Detail: record,
          Resources: [destination, outcome.functionArn],
          EventBusName: destination,
        };
        const put = there.call('events', 'PutEvents', { Entries: [entry] }, as);
        return { ok: put.ok && (put.output.FailedEntryCount ?? 0) === 0 };
      }
    }
  })();
  if (!delivered.ok) countUndelivered(owner, outcome.functionName, 'DestinationDeliveryFailures');
}

/** Hands the event to a dead-letter queue or topic. */
export function buried(owner: Ctx, target: string, outcome: Outcome, as: ThroughRole): void {
  const { requestId, event, last } = outcome;
  const attributes = {
    RequestID: { DataType: 'String', StringValue: requestId },
    ErrorCode: { DataType: 'Number', StringValue: last ? '200' : '429' },
    ErrorMessage: { DataType: 'String', StringValue: messageOf(last?.payload) },
  };
  const [, , service, region = owner.region, account = '', name = ''] = target.split(':');
  const there = owner.in({ region });
  const delivered =
    service === 'sqs'
      ? there.call(
          'sqs',
          'SendMessage',
          { QueueUrl: queueUrl(region, account, name), MessageBody: event, MessageAttributes: attributes },
          as,
        )
      : there.call('sns', 'Publish', { TopicArn: target, Message: event, MessageAttributes: attributes }, as);
  if (!delivered.ok) countUndelivered(owner, outcome.functionName, 'DeadLetterErrors');
}

function messageOf(payload: string | undefined): string {
  if (payload === undefined) return 'Rate Exceeded.';
  const error = json(payload) as { errorMessage?: unknown } | null;
  const message = typeof error?.errorMessage === 'string' ? error.errorMessage : payload;
  return message.slice(0, LONGEST_MESSAGE) || ' ';
}

export function queueUrl(region: string, account: string, name: string): string {
  return `https://sqs.${region}.amazonaws.com/${account}/${name}`;
}

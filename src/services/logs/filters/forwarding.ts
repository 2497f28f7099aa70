// Forwarding events to the destinations of subscription filters, with retry.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import type { Fault } from '#contract/fault.ts';
import { base64, utf8 } from '#contract/protocols/bytes.ts';
import type { Outcome } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { eventId, positionOf } from '../event-position.ts';
import { groupArn } from '../groups/log-group.ts';
import { streamKey, subscriptionFilters } from '../tables.ts';
import type { Batch, LogGroup, SubscriptionFilter } from '../tables.ts';
import { FORWARD_MS, forwardDelay, forwardRest, forwardRetryPause, MINUTE } from '../timings.ts';
import { stored } from './gzip.ts';
import type { LogMessage } from './log-message.ts';
import { publishSum } from './minutes.ts';
import { match, parsePattern } from './pattern.ts';
import type { Extracted, Pattern } from './pattern.ts';

interface ForwardedEvent {
  readonly id: string;
  readonly timestamp: number;
  readonly message: string;
  readonly extractedFields?: Extracted;
}

/** Events on their way to a destination. */
export interface Delivery {
  id: string;
  group: string;
  filter: string;
  stream: string;
  events: readonly ForwardedEvent[];
  since: number;
  failures: number;
}

export const deliveries: Table<Delivery> = table<Delivery>('logs/deliveries', (row) => row.id, {
  group: (row) => row.group,
});

const attemptDue: TimerKind<{ id: string; failures: number }> = timer<{ id: string; failures: number }>(
  'logs/attempt-due',
);

/** Bytes of messages in one delivery, so that an asynchronous invocation takes it. */
const LARGEST_DELIVERY = 128 * 1024;
const TOO_LARGE = 'RequestTooLarge';
const PRINCIPAL = 'logs.amazonaws.com';
const DESTINATION_TYPE = 'Lambda';

/** Hands what subscription filters want of a batch on its way. */
export function forward(ctx: Ctx, group: LogGroup, batch: Batch, messages: readonly LogMessage[]): void {
  for (const filter of ctx.scan(subscriptionFilters, { prefix: `${group.name}:` })) {
    // While a destination refuses, what comes in is not kept for it.
    if ((filter.restsUntil ?? 0) > ctx.now) continue;
    for (const events of portions(wanted(filter, batch, messages))) {
      const id = ctx.id('logs-delivery');
      const head = { id, group: group.name, filter: filter.name, stream: batch.stream };
      ctx.put(deliveries, { ...head, events, since: ctx.now, failures: 0 });
      ctx.schedule(attemptDue, ctx.now + ctx.duration(forwardDelay, id), { id, failures: 0 });
    }
  }
}

function wanted(filter: SubscriptionFilter, batch: Batch, messages: readonly LogMessage[]): ForwardedEvent[] {
  const pattern = parsePattern(filter.pattern);
  const found: ForwardedEvent[] = [];
  for (const [index, message] of messages.entries()) {
    const extracted = match(pattern, message);
    if (!extracted) continue;
    const timestamp = batch.events[index]?.[0] ?? 0;
    const id = eventId(positionOf(timestamp, batch.sequence, index));
    found.push({ id, timestamp, message: message.text, ...fieldsOf(pattern, extracted) });
  }
  return found;
}

/** Functions get the fields of a space-delimited pattern, by names without the dollar sign. */
function fieldsOf({ form }: Pattern, extracted: Extracted): { extractedFields?: Extracted } {
  if (form !== 'fields') return {};
  const named = Object.entries(extracted).map(([name, value]) => [name.slice(1), value] as const);
  return { extractedFields: Object.fromEntries(named) };
}

function portions(events: readonly ForwardedEvent[]): ForwardedEvent[][] {
  const found: ForwardedEvent[][] = [];
  let room = 0;
  for (const event of events) {
    const size = utf8(event.message).length;
    if (size > room || found.length === 0) {
      found.push([]);
      room = LARGEST_DELIVERY;
    }
    found.at(-1)?.push(event);
    room -= size;
  }
  return found;
}

/** The JSON text that a function gets. */
function payloadOf(ctx: Ctx, { group, stream, filter, events }: Delivery): Uint8Array {
  const data = JSON.stringify({
    messageType: 'DATA_MESSAGE',
    owner: ctx.account,
    logGroup: group,
    logStream: stream,
    subscriptionFilters: [filter],
    logEvents: events,
  });
  const { crc32 } = ctx.kernel.primitives;
  return utf8(JSON.stringify({ awslogs: { data: base64(stored(utf8(data), crc32)) } }));
}

/**
 * Invokes a function as CloudWatch Logs, for a log group. Permissions may name the service with or without the region.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 */
export function invoke(
  ctx: Ctx,
  functionArn: string,
  groupName: string,
  request: { InvocationType: 'Event' | 'DryRun'; Payload?: Uint8Array },
): Outcome {
  const sourceArn = `${groupArn(ctx, groupName)}:*`;
  const as = { type: 'service', service: PRINCIPAL, account: ctx.account, sourceArn } as const;
  const input = { FunctionName: functionArn, ...request };
  const invoked = ctx.call('lambda', 'Invoke', input, as);
  if (invoked.ok || !refused(invoked.fault)) return invoked;
  const regional = { ...as, service: `logs.${ctx.region}.amazonaws.com` };
  return ctx.call('lambda', 'Invoke', input, regional);
}

const refused = ({ shape }: Fault): boolean => shape.startsWith('AccessDenied');

/** Errors after which AWS does not try again. */
const hopeless = (fault: Fault): boolean =>
  refused(fault) ||
  ['ResourceNotFoundException', 'InvalidRequestContentException', TOO_LARGE].includes(fault.shape);

export const attempt: TimerHandler<{ id: string; failures: number }, Ctx> = {
  kind: attemptDue,
  live: (ctx, { id, failures }) => ctx.get(deliveries, id)?.failures === failures,
  fire(ctx, { id, failures }) {
    const delivery = ctx.get(deliveries, id) as Delivery;
    const filter = ctx.get(subscriptionFilters, streamKey(delivery.group, delivery.filter));
    if (!filter) return ctx.delete(deliveries, id); // Unsubscribed meanwhile.
    const Payload = payloadOf(ctx, delivery);
    const outcome = invoke(ctx, filter.destinationArn, delivery.group, { InvocationType: 'Event', Payload });
    if (outcome.ok) {
      count(ctx, delivery, 'ForwardedLogEvents', 'None', delivery.events.length);
      count(ctx, delivery, 'ForwardedBytes', 'Bytes', Payload.length);
      return ctx.delete(deliveries, id);
    }
    const throttled = outcome.fault.shape === 'TooManyRequestsException';
    count(ctx, delivery, throttled ? 'DeliveryThrottling' : 'DeliveryErrors', 'None', delivery.events.length);
    if (hopeless(outcome.fault)) {
      if (outcome.fault.shape !== TOO_LARGE) rest(ctx, filter);
      return ctx.delete(deliveries, id);
    }
    if (ctx.now - delivery.since >= FORWARD_MS) return ctx.delete(deliveries, id);
    ctx.update(deliveries, delivery, { failures: failures + 1 });
    const due = ctx.now + ctx.duration(forwardRetryPause, id, failures);
    ctx.schedule(attemptDue, due, { id, failures: failures + 1 });
  },
};

function rest(ctx: Ctx, filter: SubscriptionFilter): void {
  const restsUntil = ctx.now + ctx.duration(forwardRest, streamKey(filter.group, filter.name));
  ctx.update(subscriptionFilters, filter, { restsUntil });
}

function count(ctx: Ctx, { group, filter }: Delivery, name: string, unit: string, value: number): void {
  const dimensions = { LogGroupName: group, DestinationType: DESTINATION_TYPE, FilterName: filter };
  publishSum(ctx, name, unit, dimensions, ctx.now - (ctx.now % MINUTE), value);
}

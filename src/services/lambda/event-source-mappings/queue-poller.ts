// How Lambda reads a queue for a mapping: a long poll under the execution role that stands until messages come, batches that
// wait for their window, several of them in flight, and the deletion of what was processed. A queue without messages costs
// nothing.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { base64, utf8 } from '#contract/protocols/bytes.ts';
import type { ThroughRole } from '#cloud/caller.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsed } from '#cloud/json.ts';
import type { JsonObject } from '#cloud/json.ts';
import type { Answer } from '#cloud/waiting.ts';
import { asRole } from '../functions/execution-role.ts';
import { queueUrl } from '../invocations/destinations.ts';
import { begin } from '../invocations/invocations.ts';
import type { Conclusion } from '../invocations/invocations.ts';
import { named, targetOf } from '../names.ts';
import type { Target } from '../names.ts';
import {
  batchDispatch,
  FIRST_POLLERS,
  mappingBackoff,
  mappingRefusal,
  MORE_POLLERS,
  MOST_POLLERS,
} from '../timings.ts';
import { passesAny } from './filter-pattern.ts';
import { batches, mappings } from './mapping-rows.ts';
import type { Batch, Mapping, QueueRecord } from './mapping-rows.ts';

type Received = NonNullable<Output<'sqs', 'ReceiveMessage'>['Messages']>[number];

const MINUTE = 60_000;
const LONGEST_REFUSAL_MS = 3_600_000;
const LARGEST_RECEIVE = 10;
const LONGEST_WAIT_SECONDS = 20;
/** Of an event, with room for what stands around the records. */
const LARGEST_EVENT = 6_291_456 - 1024;

interface Polled {
  uuid: string;
  ordinal: number;
}
const received: TimerKind<Polled & { answer: unknown }> = timer<Polled & { answer: unknown }>(
  'lambda/queue-received',
);
const batchDue: TimerKind<{ id: string }> = timer<{ id: string }>('lambda/batch-due');
/** There is work, and the next look at the queue for it has its time. */
const pollDue: TimerKind<{ uuid: string }> = timer<{ uuid: string }>('lambda/queue-poll-due');
/** The queue or the role refuses; perhaps it will not always. */
const refusedPollDue: TimerKind<{ uuid: string }> = timer<{ uuid: string }>('lambda/refused-queue-poll-due', {
  background: true,
});

/** Whoever runs the mapping's function now, and as whom. Nothing where the function is gone. */
function targetFor(ctx: Ctx, { functionName, qualifier }: Mapping): Target | undefined {
  try {
    return targetOf(named(ctx, functionName, qualifier));
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

function roleFor(target: Target): ThroughRole {
  return asRole(target.version.configuration.role, target.fn.name);
}

function urlOf({ queueArn }: Mapping): string {
  const [, , , region = '', account = '', name = ''] = queueArn.split(':');
  return queueUrl(region, account, name);
}

/** How many batches may be in flight: more and more while there is work without a break. */
function mostInFlight(ctx: Ctx, { queueArn, maximumConcurrency, busySince = ctx.now }: Mapping): number {
  const most = maximumConcurrency ?? MOST_POLLERS;
  if (queueArn.endsWith('.fifo')) return most; // Each message group has one batch at a time anyway.
  const minutes = Math.floor((ctx.now - busySince) / MINUTE);
  return Math.min(most, FIRST_POLLERS + MORE_POLLERS * minutes);
}

/** Asks the queue for messages, where the mapping can take some and is not asking yet. */
export function poll(ctx: Ctx, uuid: string): void {
  const mapping = ctx.get(mappings, uuid);
  if (!mapping?.enabled || (mapping.state !== 'Enabled' && mapping.state !== 'Updating')) return;
  if (mapping.poll || (mapping.pausedUntil ?? 0) > ctx.now) return;
  if (mapping.filling === undefined && mapping.inFlight >= mostInFlight(ctx, mapping)) {
    const busySince = mapping.busySince ?? ctx.now;
    const grown = busySince + (Math.floor((ctx.now - busySince) / MINUTE) + 1) * MINUTE;
    if (mapping.inFlight < (mapping.maximumConcurrency ?? MOST_POLLERS)) {
      ctx.schedule(pollDue, grown, { uuid });
    }
    return;
  }
  const target = targetFor(ctx, mapping);
  if (!target) return refused(ctx, mapping);
  const filled = mapping.filling === undefined ? 0 : (ctx.get(batches, mapping.filling)?.records.length ?? 0);
  const ordinal = mapping.polls + 1;
  const asking = ctx.update(mappings, mapping, { poll: { ordinal }, polls: ordinal });
  const input = {
    QueueUrl: urlOf(mapping),
    MaxNumberOfMessages: Math.max(1, Math.min(LARGEST_RECEIVE, mapping.batchSize - filled)),
    WaitTimeSeconds: LONGEST_WAIT_SECONDS,
    MessageSystemAttributeNames: ['All'] as const,
    MessageAttributeNames: ['All'],
  };
  const then = { kind: received, payload: { uuid, ordinal } };
  const wait = ctx.ask('sqs', 'ReceiveMessage', input, roleFor(target), then);
  if (wait !== undefined) ctx.update(mappings, asking, { poll: { ordinal, wait } });
}

/** Withdraws the long poll, so that it takes no message that nobody will look at. */
export function stopPolling(ctx: Ctx, uuid: string): void {
  const mapping = ctx.get(mappings, uuid);
  if (!mapping?.poll) return;
  const { poll: asked, ...rest } = mapping;
  if (asked.wait !== undefined) ctx.stopWaiting(asked.wait);
  ctx.put(mappings, rest);
}

/** Leaves the queue alone for a while. */
function paused(ctx: Ctx, mapping: Mapping): void {
  const { uuid, polls } = mapping;
  const until = ctx.now + ctx.duration(mappingBackoff, uuid, polls);
  ctx.update(mappings, mapping, { pausedUntil: until });
  ctx.schedule(pollDue, until, { uuid });
}

/** The same, longer each time: a mapping that can never read must not cost for ever. */
function refused(ctx: Ctx, mapping: Mapping): void {
  const { uuid, refusals = 0 } = mapping;
  const pauseMs = Math.min(
    LONGEST_REFUSAL_MS,
    ctx.duration(mappingRefusal, uuid) * (1 << Math.min(refusals, 6)),
  );
  const until = ctx.now + pauseMs;
  ctx.update(mappings, mapping, { pausedUntil: until, refusals: refusals + 1 });
  ctx.schedule(refusedPollDue, until, { uuid });
}

const again = (kind: TimerKind<{ uuid: string }>): TimerHandler<{ uuid: string }, Ctx> => ({
  kind,
  live: (ctx, { uuid }) => ctx.get(mappings, uuid) !== undefined,
  fire: (ctx, { uuid }) => poll(ctx, uuid),
});
export const pollAgain: TimerHandler<{ uuid: string }, Ctx> = again(pollDue);
export const pollRefused: TimerHandler<{ uuid: string }, Ctx> = again(refusedPollDue);

/** Messages have come, or the queue refuses. */
export const receive: TimerHandler<Polled & { answer: unknown }, Ctx> = {
  kind: received,
  live: (ctx, { uuid, ordinal }) => ctx.get(mappings, uuid)?.poll?.ordinal === ordinal,
  fire(ctx, { uuid, answer }) {
    const { poll: _, ...mapping } = ctx.get(mappings, uuid) as Mapping;
    ctx.put(mappings, mapping);
    const outcome = answer as Answer;
    if (!outcome.ok) return refused(ctx, mapping);
    if (mapping.refusals !== undefined) {
      const { refusals: _gone, ...welcome } = mapping;
      ctx.put(mappings, welcome);
    }
    const { Messages = [] } = outcome.output as { Messages?: readonly Received[] };
    const records = Messages.map((message) => recordOf(ctx, mapping, message));
    const patterns = mapping.filters.map((filter) => JSON.parse(filter) as JsonObject);
    const wanted = records.filter((record) => passesAny(patterns, record));
    // What no filter lets through is dealt with: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
    processed(
      ctx,
      mapping,
      records.filter((record) => !wanted.includes(record)),
    );
    for (const record of wanted) add(ctx, uuid, record);
    if (mapping.windowSeconds === 0) close(ctx, uuid);
    poll(ctx, uuid);
  },
};

function recordOf(ctx: Ctx, { queueArn }: Mapping, message: Received): QueueRecord {
  const { MessageId = '', ReceiptHandle = '', Body = '', MD5OfBody = '', MD5OfMessageAttributes } = message;
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(
    ([name, { DataType, StringValue, BinaryValue }]): [string, object] => [
      name,
      {
        ...(StringValue === undefined ? {} : { stringValue: StringValue }),
        ...(BinaryValue === undefined ? {} : { binaryValue: base64(BinaryValue) }),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType,
      },
    ],
  );
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: (message.Attributes ?? {}) as Readonly<Record<string, string>>,
    messageAttributes: Object.fromEntries(attributes),
    ...(MD5OfMessageAttributes ? { md5OfMessageAttributes: MD5OfMessageAttributes } : {}),
    md5OfBody: MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: ctx.region,
  };
}

/** Adds a record to the batch that is being filled, and closes the batch when nothing more fits. */
function add(ctx: Ctx, uuid: string, record: QueueRecord): void {
  const bytes = utf8(JSON.stringify(record)).length;
  const open = fillingOf(ctx, uuid);
  if (open && open.sizeBytes + bytes > LARGEST_EVENT) close(ctx, uuid);
  const mapping = ctx.get(mappings, uuid) as Mapping;
  const before = fillingOf(ctx, uuid);
  const batch: Batch = before
    ? { ...before, records: [...before.records, record], sizeBytes: before.sizeBytes + bytes }
    : {
        id: ctx.id('lambda/batch'),
        mapping: uuid,
        records: [record],
        sizeBytes: bytes,
        closed: false,
      };
  ctx.put(batches, batch);
  if (!before) {
    ctx.update(mappings, mapping, { filling: batch.id });
    if (mapping.windowSeconds > 0) {
      ctx.schedule(windowDue, ctx.now + mapping.windowSeconds * 1000, { id: batch.id });
    }
  }
  if (batch.records.length >= mapping.batchSize) close(ctx, uuid);
}

function fillingOf(ctx: Ctx, uuid: string): Batch | undefined {
  const filling = ctx.get(mappings, uuid)?.filling;
  return filling === undefined ? undefined : ctx.get(batches, filling);
}

const windowDue: TimerKind<{ id: string }> = timer<{ id: string }>('lambda/batch-window-due');

/** The batching window is over. */
export const windowOver: TimerHandler<{ id: string }, Ctx> = {
  kind: windowDue,
  live: (ctx, { id }) => ctx.get(batches, id)?.closed === false,
  fire(ctx, { id }) {
    const { mapping } = ctx.get(batches, id) as Batch;
    close(ctx, mapping);
    poll(ctx, mapping);
  },
};

/** The batch that is being filled goes to the function. */
function close(ctx: Ctx, uuid: string): void {
  const batch = fillingOf(ctx, uuid);
  if (!batch) return;
  const { filling: _, ...mapping } = ctx.get(mappings, uuid) as Mapping;
  ctx.put(mappings, {
    ...mapping,
    inFlight: mapping.inFlight + 1,
    busySince: mapping.busySince ?? ctx.now,
  });
  ctx.update(batches, batch, { closed: true });
  ctx.schedule(batchDue, ctx.now + ctx.duration(batchDispatch, uuid, mapping.polls), { id: batch.id });
}

/** Invokes the function with a batch. */
export const dispatch: TimerHandler<{ id: string }, Ctx> = {
  kind: batchDue,
  live: (ctx, { id }) => ctx.get(batches, id) !== undefined,
  fire(ctx, { id }) {
    const batch = ctx.get(batches, id) as Batch;
    const mapping = ctx.get(mappings, batch.mapping);
    const target = mapping && targetFor(ctx, mapping);
    if (!mapping || !target?.version.active) return over(ctx, batch, true);
    const event = JSON.stringify({ Records: batch.records });
    const ask = { requestId: ctx.uuid('lambda/request'), target, qualifier: mapping.qualifier, event };
    if (throttled(ctx, { ...ask, asker: { kind: 'batch', id } })) over(ctx, batch, true);
  },
};

function throttled(ctx: Ctx, ask: Parameters<typeof begin>[1]): boolean {
  try {
    return ctx.savepoint(() => begin(ctx, ask)) !== undefined;
  } catch (error) {
    if (error instanceof Fault) return true;
    throw error;
  }
}

/** The function has ended: what it processed is deleted; the rest comes back when its visibility timeout is over. */
export function batchEnded(ctx: Ctx, id: string, conclusion: Conclusion): void {
  const batch = ctx.get(batches, id);
  if (!batch) return;
  const mapping = ctx.get(mappings, batch.mapping);
  if (mapping && !conclusion.functionError) {
    const failed = mapping.partial ? failures(batch, conclusion.payload) : [];
    processed(
      ctx,
      mapping,
      batch.records.filter(({ messageId }) => !failed.includes(messageId)),
    );
  }
  over(ctx, batch, false);
}

function over(ctx: Ctx, { id, mapping: uuid }: Batch, backsOff: boolean): void {
  ctx.delete(batches, id);
  const before = ctx.get(mappings, uuid);
  if (!before) return;
  const { busySince, ...mapping } = before;
  const inFlight = Math.max(0, mapping.inFlight - 1);
  ctx.put(mappings, {
    ...mapping,
    inFlight,
    ...(inFlight > 0 && busySince !== undefined ? { busySince } : {}),
  });
  const current = ctx.get(mappings, uuid) as Mapping;
  if (backsOff) paused(ctx, current);
  else poll(ctx, uuid);
}

/**
 * The messages that the function reports as failed. A report that cannot be read fails the whole batch.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
function failures({ records }: Batch, payload: string): readonly string[] {
  const ids = records.map(({ messageId }) => messageId);
  const report = parsed(payload);
  if (report === undefined) return ids;
  const items = (report as { batchItemFailures?: unknown } | null)?.batchItemFailures ?? [];
  if (!Array.isArray(items)) return ids;
  const named = items.map((item) => (item as { itemIdentifier?: unknown } | null)?.itemIdentifier);
  const known = named.every((one): one is string => typeof one === 'string' && ids.includes(one));
  return known ? named : ids;
}

function processed(ctx: Ctx, mapping: Mapping, records: readonly QueueRecord[]): void {
  const target = records.length > 0 ? targetFor(ctx, mapping) : undefined;
  if (!target) return;
  for (let at = 0; at < records.length; at += LARGEST_RECEIVE) {
    const Entries = records
      .slice(at, at + LARGEST_RECEIVE)
      .map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }));
    ctx.call('sqs', 'DeleteMessageBatch', { QueueUrl: urlOf(mapping), Entries }, roleFor(target));
  }
}

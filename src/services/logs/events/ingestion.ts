// Taking log events in, and what follows from it: metrics, subscriptions, expiry.

import { utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { forward } from '../filters/forwarding.ts';
import { LogMessage } from '../filters/log-message.ts';
import { takeDown } from '../filters/minutes.ts';
import { checkKeys } from '../groups/encryption.ts';
import { groupOf, invalidParameter, streamOf } from '../groups/log-group.ts';
import { planFor } from '../groups/retention.ts';
import { grown, sequenceToken } from '../groups/streams.ts';
import { batches, instantKey, logGroups, logStreams, streamBatches } from '../tables.ts';
import type { Batch, LogGroup, LogStream } from '../tables.ts';
import * as limits from '../timings.ts';

type Events = Input<'logs', 'PutLogEvents'>['logEvents'];
type Rejected = NonNullable<Output<'logs', 'PutLogEvents'>['rejectedLogEventsInfo']>;

/** Throws AWS's error for a batch that it would not take at all. */
function checkBatch(events: Events): void {
  let total = 0;
  let before = 0;
  for (const { timestamp, message } of events) {
    const size = utf8(message).length + limits.EVENT_OVERHEAD;
    if (size > limits.LARGEST_EVENT)
      throw invalidParameter(`Log event too large: ${size} bytes exceeds limit of ${limits.LARGEST_EVENT}`);
    total += size;
    if (timestamp < before)
      throw invalidParameter('Log events in a single PutLogEvents request must be in chronological order.');
    before = timestamp;
  }
  if (total > limits.LARGEST_BATCH)
    throw invalidParameter(`Upload too large: ${total} bytes exceeds limit of ${limits.LARGEST_BATCH}`);
}

interface Sorted {
  readonly accepted: Events;
  readonly rejected: Rejected;
}

/** Which events are too old, expired or too new; the rest is taken. */
function sorted(ctx: Ctx, group: LogGroup, events: Events): Sorted {
  const upTo = (instant: number): number => {
    const index = events.findIndex(({ timestamp }) => timestamp >= instant);
    return index < 0 ? events.length : index;
  };
  const tooOld = upTo(ctx.now - limits.OLDEST_EVENT_MS);
  const { retentionInDays: days } = group;
  const expired = days === undefined ? 0 : upTo(ctx.now - days * limits.DAY);
  const tooNew = upTo(ctx.now + limits.LATEST_EVENT_MS + 1);
  const rejected: Rejected = {
    ...(tooNew < events.length ? { tooNewLogEventStartIndex: tooNew } : {}),
    ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
    ...(expired > tooOld ? { expiredLogEventEndIndex: expired } : {}),
  };
  return { accepted: events.slice(Math.max(tooOld, expired), tooNew), rejected };
}

/** Stores a batch and lets everybody know who asked for it. */
function take(ctx: Ctx, group: LogGroup, stream: LogStream, events: Events): void {
  const first = events[0]?.timestamp ?? 0;
  const last = events.at(-1)?.timestamp ?? 0;
  const sequence = String(ctx.kernel.nextSeq()).padStart(12, '0');
  const messages = events.map(({ message }) => new LogMessage(message));
  const bytes = messages.reduce((sum, { text }) => sum + utf8(text).length + limits.EVENT_OVERHEAD, 0);
  const batch: Batch = {
    key: `${group.name}:${instantKey(first)}:${sequence}`,
    group: group.name,
    stream: stream.name,
    sequence,
    last,
    ingestedAt: ctx.now,
    bytes,
    ...(group.dataKey === undefined ? {} : { dataKey: group.dataKey }),
    events: events.map(({ timestamp, message }) => [timestamp, message] as const),
  };
  ctx.put(batches, batch);
  const key = `${group.name}:${stream.name}:${instantKey(first)}:${sequence}`;
  ctx.put(streamBatches, { key, batch: batch.key });
  ctx.put(logStreams, grown(ctx, stream, batch));
  const fuller = ctx.update(logGroups, group, {
    storedBytes: group.storedBytes + bytes,
    longestSpanMs: Math.max(group.longestSpanMs, last - first),
  });
  planFor(ctx, fuller, batch);
  takeDown(ctx, group, batch, bytes, messages);
  forward(ctx, group, batch, messages);
}

export const ingestionOperations: Operations<'logs'> = {
  PutLogEvents(ctx, { logGroupName, logStreamName, logEvents }) {
    checkBatch(logEvents);
    const group = groupOf(ctx, logGroupName);
    const stream = streamOf(ctx, logGroupName, logStreamName);
    checkKeys(ctx, group.arn, [group.dataKey]);
    const { accepted, rejected } = sorted(ctx, group, logEvents);
    const span = (accepted.at(-1)?.timestamp ?? 0) - (accepted[0]?.timestamp ?? 0);
    if (span > limits.LONGEST_SPAN_MS) {
      throw invalidParameter(
        'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
      );
    }
    if (accepted.length > 0) take(ctx, group, stream, accepted);
    const nextSequenceToken = sequenceToken(instantKey(ctx.now));
    if (Object.keys(rejected).length === 0) return { nextSequenceToken };
    return { nextSequenceToken, rejectedLogEventsInfo: rejected };
  },
};

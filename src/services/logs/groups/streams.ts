// Log streams. What DescribeLogStreams tells of their events lags behind, as AWS documents.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogStream.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { page, pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { batches, instantKey, logStreams, streamBatches, streamKey } from '../tables.ts';
import type { Batch, LogStream, StreamTimes } from '../tables.ts';
import { streamTimesDelay } from '../timings.ts';
import {
  checkProtection,
  groupByEither,
  groupOf,
  invalidParameter,
  invalidToken,
  PAGE_SIZE,
  streamArn,
  streamOf,
} from './log-group.ts';
import { drop } from './retention.ts';

const timesDue: TimerKind<{ key: string; at: number }> = timer<{ key: string; at: number }>(
  'logs/stream-times-due',
  { background: true },
);

/** Shows the times of a stream's events as they are by now. */
export const refresh: TimerHandler<{ key: string; at: number }, Ctx> = {
  kind: timesDue,
  live: (ctx, { key, at }) => ctx.get(logStreams, key)?.refreshAt === at,
  fire(ctx, { key }) {
    const { refreshAt: _, ...rest } = ctx.get(logStreams, key) as LogStream;
    ctx.put(logStreams, rest.times ? { ...rest, shown: rest.times } : rest);
  },
};

/** A stream with one more batch. */
export function grown(ctx: Ctx, stream: LogStream, batch: Batch): LogStream {
  const first = batch.events[0]?.[0] ?? 0;
  const { times: before } = stream;
  const times: StreamTimes = {
    first: Math.min(before?.first ?? Infinity, first),
    last: Math.max(before?.last ?? 0, batch.last),
    ingestedAt: batch.ingestedAt,
  };
  const next: LogStream = {
    ...stream,
    storedBytes: stream.storedBytes + batch.bytes,
    longestSpanMs: Math.max(stream.longestSpanMs, batch.last - first),
    times,
  };
  if (stream.refreshAt !== undefined) return next;
  const key = streamKey(stream.group, stream.name);
  const delay = ctx.duration(streamTimesDelay, key, before ? 1 : 0);
  if (delay === 0) return { ...next, shown: times };
  const at = ctx.now + delay;
  ctx.schedule(timesDue, at, { key, at });
  return { ...next, refreshAt: at };
}

type Described = NonNullable<Output<'logs', 'DescribeLogStreams'>['logStreams']>[number];

function described(ctx: Ctx, { group, name, createdAt, shown }: LogStream): Described {
  return {
    logStreamName: name,
    creationTime: createdAt,
    ...(shown
      ? {
          firstEventTimestamp: shown.first,
          lastEventTimestamp: shown.last,
          lastIngestionTime: shown.ingestedAt,
          uploadSequenceToken: sequenceToken(instantKey(shown.ingestedAt)),
        }
      : {}),
    arn: streamArn(ctx, group, name),
    storedBytes: 0, // Of streams AWS has told nothing else since 2019.
  };
}

/** Sequence tokens are no longer looked at, but still handed out. */
export function sequenceToken(digits: string): string {
  return `4965${digits.padStart(52, '0')}`;
}

export const streamOperations: Operations<'logs'> = {
  CreateLogStream(ctx, { logGroupName, logStreamName }) {
    groupOf(ctx, logGroupName);
    if (ctx.get(logStreams, streamKey(logGroupName, logStreamName)))
      throw new Fault('ResourceAlreadyExistsException', 'The specified log stream already exists');
    ctx.put(logStreams, {
      group: logGroupName,
      name: logStreamName,
      createdAt: ctx.now,
      storedBytes: 0,
      longestSpanMs: 0,
    });
  },

  DeleteLogStream(ctx, { logGroupName, logStreamName }) {
    checkProtection(groupOf(ctx, logGroupName));
    const { group, name } = streamOf(ctx, logGroupName, logStreamName);
    for (const { batch } of ctx.scan(streamBatches, { prefix: `${group}:${name}:` })) {
      const row = ctx.get(batches, batch);
      if (row) drop(ctx, row);
    }
    ctx.delete(logStreams, streamKey(group, name));
  },

  DescribeLogStreams(ctx, input) {
    const { logStreamNamePrefix = '', orderBy, descending, nextToken, limit = PAGE_SIZE } = input;
    const group = groupByEither(ctx, input);
    if (orderBy === 'LastEventTime' && logStreamNamePrefix !== '')
      throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
    const prefix = streamKey(group.name, logStreamNamePrefix);
    const paging = { token: nextToken, limit, invalidToken };
    if (orderBy !== 'LastEventTime' && descending !== true) {
      const { rows, next } = page(ctx, logStreams, { ...paging, prefix });
      return { logStreams: rows.map((stream) => described(ctx, stream)), nextToken: next };
    }
    const rankOf = ({ name, shown }: LogStream): string =>
      orderBy === 'LastEventTime' ? `${instantKey(shown?.last ?? 0)}:${name}` : name;
    const sign = descending === true ? -1 : 1;
    // The order may change between two pages, so that the token is a place in it.
    const ordered = ctx
      .scan(logStreams, { prefix })
      .toSorted((left, right) => (rankOf(left) < rankOf(right) ? -sign : sign))
      .map((stream, index) => ({ stream, place: instantKey(index) }));
    const { items, next } = pageOf(ordered, ({ place }) => place, paging);
    return { logStreams: items.map(({ stream }) => described(ctx, stream)), nextToken: next };
  },
};

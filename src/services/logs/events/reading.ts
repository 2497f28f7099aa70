// GetLogEvents and FilterLogEvents.

import { base64, fromBase64, textOf, utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { idBefore, idBehind, instantOf, isEventId } from '../event-position.ts';
import { LogMessage } from '../filters/log-message.ts';
import { match, parsePattern } from '../filters/pattern.ts';
import { checkKeys } from '../groups/encryption.ts';
import {
  checkStandard,
  groupByEither,
  invalidParameter,
  invalidToken,
  streamOf,
} from '../groups/log-group.ts';
import type { LogGroup, LogStream } from '../tables.ts';
import { eventsBefore, eventsFrom } from './event-order.ts';
import type { Source, StoredEvent } from './event-order.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html */
const LARGEST_PAGE = 1_048_576;
const MOST_EVENTS = 10_000;
/** Events that one FilterLogEvents looks at; AWS too may answer with few or none and a token. */
const MOST_EXAMINED = 100_000;

/** Events as long as they fit on a page, which has at least one. */
function* fitting(events: Iterable<StoredEvent>, limit: number): Generator<StoredEvent> {
  let bytes = 0;
  let count = 0;
  for (const event of events) {
    bytes += utf8(event.message).length;
    if (count > 0 && bytes > LARGEST_PAGE) return;
    yield event;
    count += 1;
    if (count >= limit) return;
  }
}

interface Position {
  readonly forward: boolean;
  readonly id: string;
}

/** `f/…/s` goes on behind an event, `b/…/s` in front of one. */
function parseToken(token: string): Position {
  const [, way, id] = /^([fb])\/(\d+)\/s$/.exec(token) ?? [];
  if (id === undefined || !isEventId(id)) throw invalidToken();
  return { forward: way === 'f', id };
}

interface Wanted {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly limit: number;
  readonly from: Position | undefined;
  readonly fromHead: boolean;
}

/** One page of a stream's events, the earliest first. */
function pageOfStream(
  ctx: Ctx,
  source: Source,
  { times }: LogStream,
  { start, end, limit, from, fromHead }: Wanted,
): StoredEvent[] {
  if (!times) return [];
  if (from?.forward ?? fromHead) {
    const id = from?.id ?? '';
    const first = Math.max(start, from ? instantOf(from.id) : 0);
    return [...fitting(until(eventsFrom(ctx, source, first), id, end), limit)];
  }
  const id = from?.id ?? idBefore(end);
  const latest = Math.min(times.last, instantOf(id));
  const earlier = eventsBefore(ctx, source, id, { latest, start: Math.max(start, times.first) });
  return [...fitting(before(earlier, end), limit)].toReversed();
}

function* until(events: Iterable<StoredEvent>, behind: string, end: number): Generator<StoredEvent> {
  for (const event of events) {
    if (event.at >= end) return;
    if (event.id > behind) yield event;
  }
}

function* before(events: Iterable<StoredEvent>, end: number): Generator<StoredEvent> {
  for (const event of events) if (event.at < end) yield event;
}

interface Streams {
  readonly logStreamNames?: readonly string[] | undefined;
  readonly logStreamNamePrefix?: string | undefined;
}

/** Which streams of a group FilterLogEvents searches. */
function searched(
  ctx: Ctx,
  group: LogGroup,
  { logStreamNames: names, logStreamNamePrefix: prefix }: Streams,
): { source: Source; holds: (stream: string) => boolean } {
  if (names && prefix !== undefined)
    throw invalidParameter('logStreamNames and logStreamNamePrefix are mutually exclusive parameters.');
  const whole = { group: group.name, longestSpanMs: group.longestSpanMs };
  if (names) {
    const streams = names.map((name) => streamOf(ctx, group.name, name));
    const [only] = streams;
    if (only && streams.length === 1) return { source: { ...whole, stream: only.name }, holds: () => true };
    const wanted = new Set(names);
    return { source: whole, holds: (stream) => wanted.has(stream) };
  }
  return { source: whole, holds: (stream) => stream.startsWith(prefix ?? '') };
}

/** The id of the last event that was looked at. */
function parseFilterToken(token: string): string {
  const bytes = fromBase64(token);
  const id = bytes && textOf(bytes);
  if (id === undefined || !isEventId(id)) throw invalidToken();
  return id;
}

export const readingOperations: Operations<'logs'> = {
  GetLogEvents(ctx, input) {
    const { logStreamName, startTime: start = 0, endTime: end = Infinity, nextToken } = input;
    const { limit = MOST_EVENTS, startFromHead: fromHead = false } = input;
    const from = nextToken === undefined ? undefined : parseToken(nextToken);
    const group = groupByEither(ctx, input);
    checkStandard(group, 'GetLogEvents', 'InvalidParameterException');
    const stream = streamOf(ctx, group.name, logStreamName);
    const source = { group: group.name, stream: stream.name, longestSpanMs: stream.longestSpanMs };
    const events = pageOfStream(ctx, source, stream, { start, end, limit, from, fromHead });
    checkKeys(
      ctx,
      group.arn,
      events.map(({ dataKey }) => dataKey),
    );
    // At an end of the stream the token stays the same.
    const none = from?.id ?? idBefore(start);
    return {
      events: events.map(({ at, message, ingestedAt }) => ({
        timestamp: at,
        message,
        ingestionTime: ingestedAt,
      })),
      nextForwardToken: `f/${events.at(-1)?.id ?? none}/s`,
      nextBackwardToken: `b/${events[0]?.id ?? (from?.forward ? idBehind(none) : none)}/s`,
    };
  },

  FilterLogEvents(ctx, input) {
    const { startTime: start = 0, endTime: end = Infinity, filterPattern = '', nextToken } = input;
    const { limit = MOST_EVENTS } = input;
    if (start > end) throw invalidParameter('startTime must not be later than endTime.');
    const behind = nextToken === undefined ? '' : parseFilterToken(nextToken);
    const pattern = parsePattern(filterPattern);
    const group = groupByEither(ctx, input);
    checkStandard(group, 'FilterLogEvents', 'InvalidParameterException');
    const { source, holds } = searched(ctx, group, input);
    const first = Math.max(start, behind === '' ? 0 : instantOf(behind));
    const found: StoredEvent[] = [];
    let last = behind;
    let more = false;
    let bytes = 0;
    let examined = 0;
    // The end is included here, unlike in GetLogEvents.
    for (const event of until(eventsFrom(ctx, source, first), behind, end + 1)) {
      if (found.length >= limit || examined >= MOST_EXAMINED) {
        more = true;
        break;
      }
      examined += 1;
      if (holds(event.stream) && match(pattern, new LogMessage(event.message))) {
        bytes += utf8(event.message).length;
        if (found.length > 0 && bytes > LARGEST_PAGE) {
          more = true;
          break;
        }
        found.push(event);
      }
      last = event.id;
    }
    checkKeys(
      ctx,
      group.arn,
      found.map(({ dataKey }) => dataKey),
    );
    return {
      events: found.map(({ id, stream, at, message, ingestedAt }) => ({
        logStreamName: stream,
        timestamp: at,
        message,
        ingestionTime: ingestedAt,
        eventId: id,
      })),
      searchedLogStreams: [], // Empty since 2020.
      ...(more ? { nextToken: base64(utf8(last)) } : {}),
    };
  },
};

// Events of one's own: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html

import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { matches } from '#cloud/event-patterns/match.ts';
import { isObject, parsedObject } from '#cloud/json.ts';
import type { Json } from '#cloud/json.ts';
import { busNamed, placeOf } from './bus.ts';
import { envelope } from './envelope.ts';
import { invalid } from './faults.ts';
import { take } from './intake.ts';
import { checkPattern } from './rules.ts';
import { LARGEST_REQUEST } from './timings.ts';

type Entry = Input<'events', 'PutEvents'>['Entries'][number];
type Result = NonNullable<Output<'events', 'PutEvents'>['Entries']>[number];

const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size */
function sizeOf({ Time, Source = '', DetailType = '', Detail = '', Resources = [] }: Entry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return (Time === undefined ? 0 : 14) + texts.reduce((sum, text) => sum + utf8Length(text), 0);
}

function failure(ErrorCode: string, ErrorMessage: string): Result {
  return { ErrorCode, ErrorMessage };
}

/** What is wrong with one entry; the others are taken all the same. */
function problemOf(entry: Entry): Result | undefined {
  for (const name of ['Source', 'DetailType', 'Detail'] as const) {
    if (entry[name]) continue;
    const reason = `Parameter ${name} is not valid. Reason: ${name} is a required argument.`;
    return failure('InvalidArgument', reason);
  }
  if (entry.Source?.startsWith('aws.'))
    return failure('NotAuthorizedForSourceException', 'Not authorized for the source.');
  if (!parsedObject(entry.Detail ?? '')) return failure('MalformedDetail', 'Detail is malformed.');
  return undefined;
}

function put(ctx: Ctx, entry: Entry): Result {
  const problem = problemOf(entry);
  if (problem) return problem;
  const { Source = '', DetailType = '', Detail = '', Resources = [], Time: time = ctx.now } = entry;
  const event = envelope(ctx, {
    source: Source,
    detailType: DetailType,
    resources: Resources,
    detail: parsedObject(Detail) ?? {},
    time,
  });
  const { home, name } = placeOf(ctx, entry.EventBusName);
  // What is put on a bus that is not there is taken, and lost.
  if (busNamed(home, name)) take(home, name, event);
  return { EventId: event.id };
}

/** What an event cannot be without: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html */
const MANDATORY = ['id', 'account', 'source', 'time', 'region', 'detail-type'];

/** Lists of texts are taken too (recorded by LocalStack: test_event_pattern[content_ignorecase]). */
const isText = (value: Json | undefined): boolean => typeof value === 'string' || Array.isArray(value);

export const eventOperations: Operations<'events'> = {
  PutEvents(ctx, { Entries }) {
    if (Entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > LARGEST_REQUEST)
      throw invalid('Total size of the entries in the request is over the limit.');
    const results = Entries.map((entry) => put(ctx, entry));
    const FailedEntryCount = results.filter(({ ErrorCode }) => ErrorCode !== undefined).length;
    return { FailedEntryCount, Entries: results };
  },

  TestEventPattern(_, { EventPattern, Event }) {
    const event = parsedObject(Event);
    if (!isObject(event) || MANDATORY.some((name) => !isText(event[name])))
      throw invalid('Parameter Event is not valid.');
    checkPattern(EventPattern);
    return { Result: matches(parsedObject(EventPattern) ?? {}, event) };
  },
};

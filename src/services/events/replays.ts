// Replays: events of an archive go to the rules of its bus once more, minute by minute of when they happened.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { eventKey, eventsIn } from './archives.ts';
import { busOf } from './bus.ts';
import type { Envelope } from './envelope.ts';
import { atMostOneFilter, invalid, tooMany } from './faults.ts';
import { take } from './intake.ts';
import { archives, replays } from './tables.ts';
import type { Archive, Replay } from './tables.ts';
import { MOST_REPLAYS, replayMinute, replayStart } from './timings.ts';

const PAGE = 100;
const MINUTE_MS = 60_000;
const ARCHIVE_ARN = /:archive\/(.+)$/;

const stepDue: TimerKind<{ name: string }> = timer<{ name: string }>('events/replay-step-due');

function replayOf(ctx: Ctx, name: string): Replay {
  const replay = ctx.get(replays, name);
  if (!replay) throw new Fault('ResourceNotFoundException', `Replay ${name} does not exist.`);
  return replay;
}

const isActive = ({ state }: Replay): boolean => state === 'STARTING' || state === 'RUNNING';

/** Replays the next minute that has events; without one the replay is over. */
export const replayNext: TimerHandler<{ name: string }, Ctx> = {
  kind: stepDue,
  live: (ctx, { name }) => ctx.get(replays, name)?.endedAt === undefined,
  fire(ctx, { name }) {
    const replay = replayOf(ctx, name);
    if (replay.state === 'CANCELLING')
      return void ctx.update(replays, replay, { state: 'CANCELLED', endedAt: ctx.now });
    const archive = ctx.get(archives, replay.archive);
    const left = archive
      ? eventsIn(ctx, archive, replay.cursor).filter((row) => row.occurredAt <= replay.to)
      : [];
    const minute = Math.floor((left[0]?.occurredAt ?? 0) / MINUTE_MS);
    const batch = left.filter(({ occurredAt }) => Math.floor(occurredAt / MINUTE_MS) === minute);
    const last = batch.at(-1);
    if (!archive || !last) return void ctx.update(replays, replay, { state: 'COMPLETED', endedAt: ctx.now });
    for (const { event } of batch)
      take(ctx, archive.bus, replayed(JSON.parse(event) as Envelope, name), replay.filterArns);
    ctx.update(replays, replay, { state: 'RUNNING', cursor: last.key, lastAt: last.occurredAt });
    ctx.schedule(stepDue, ctx.now + ctx.duration(replayMinute, replay.arn, minute), { name });
  },
};

/** The event as it was, and that it is one of a replay. */
function replayed({ resources, detail, ...event }: Envelope, name: string): Envelope {
  return { ...event, 'replay-name': name, resources, detail } as Envelope;
}

type Shown = NonNullable<Output<'events', 'ListReplays'>['Replays']>[number];

function shown(replay: Replay): Shown {
  return {
    ReplayName: replay.name,
    EventSourceArn: replay.source,
    State: replay.state,
    EventStartTime: replay.from,
    EventEndTime: replay.to,
    EventLastReplayedTime: replay.lastAt,
    ReplayStartTime: replay.startedAt,
    ReplayEndTime: replay.endedAt,
  };
}

function archiveAt(ctx: Ctx, arn: string): Archive {
  const name = ARCHIVE_ARN.exec(arn)?.[1] ?? '';
  const archive = ctx.get(archives, name);
  if (archive?.arn === arn) return archive;
  throw invalid(`Parameter EventSourceArn is not valid. Reason: Archive ${name} does not exist.`);
}

export const replayOperations: Operations<'events'> = {
  StartReplay(ctx, input) {
    const { ReplayName: name, Description: description, EventSourceArn: source, Destination } = input;
    const { EventStartTime: from, EventEndTime: to } = input;
    const { Arn: destination, FilterArns: filterArns } = Destination;
    if (!destination.includes(':event-bus/'))
      throw invalid('Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN.');
    busOf(ctx, destination);
    const archive = archiveAt(ctx, source);
    if (from >= to)
      throw invalid(
        'Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.',
      );
    if (archive.source !== destination)
      throw invalid(
        'Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.',
      );
    if (ctx.get(replays, name))
      throw new Fault('ResourceAlreadyExistsException', `Replay ${name} already exists.`);
    if (ctx.list(replays).filter(isActive).length >= MOST_REPLAYS) throw tooMany();
    const replay: Replay = {
      name,
      arn: ctx.arn('events', `replay/${name}`),
      ...(description !== undefined && { description }),
      archive: archive.name,
      source,
      destination,
      ...(filterArns !== undefined && filterArns.length > 0 && { filterArns }),
      from,
      to,
      cursor: eventKey(archive.name, from),
      state: 'STARTING',
      startedAt: ctx.now,
    };
    ctx.put(replays, replay);
    ctx.schedule(stepDue, ctx.now + ctx.duration(replayStart, replay.arn), { name });
    return { ReplayArn: replay.arn, State: replay.state, ReplayStartTime: replay.startedAt };
  },

  DescribeReplay(ctx, { ReplayName }) {
    const replay = replayOf(ctx, ReplayName);
    const { arn, description, destination, filterArns } = replay;
    return {
      ...shown(replay),
      ReplayArn: arn,
      Description: description,
      Destination: { Arn: destination, FilterArns: filterArns },
    };
  },

  ListReplays(ctx, { NamePrefix, State, EventSourceArn, NextToken: token, Limit: limit = PAGE }) {
    atMostOneFilter('ListReplays', [NamePrefix, EventSourceArn, State]);
    const found = ctx
      .scan(replays, { prefix: NamePrefix ?? '' })
      .filter(({ source, state }) => source === (EventSourceArn ?? source) && state === (State ?? state));
    const { items, next } = pageOf(found, ({ name }) => name, { token, limit });
    return { Replays: items.map(shown), ...(next !== undefined && { NextToken: next }) };
  },

  CancelReplay(ctx, { ReplayName }) {
    const replay = replayOf(ctx, ReplayName);
    if (!isActive(replay)) {
      // In moto's words.
      const message = `Replay ${ReplayName} is not in a valid state for this operation.`;
      throw new Fault('IllegalStatusException', message);
    }
    const { arn, state } = ctx.update(replays, replay, { state: 'CANCELLING' });
    return { ReplayArn: arn, State: state };
  },
};

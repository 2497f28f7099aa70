// Archives: they keep the events of a bus, all or those of a pattern, for replays (./replays.ts).
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html

import { Fault } from '#contract/fault.ts';
import { utf8Length } from '#contract/protocols/bytes.ts';
import { parseIso } from '#contract/protocols/timestamp.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { matches } from '#cloud/event-patterns/match.ts';
import { parsedObject } from '#cloud/json.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { busOf } from './bus.ts';
import type { Envelope } from './envelope.ts';
import { atMostOneFilter, invalid } from './faults.ts';
import { checkPattern } from './rules.ts';
import { archivedEvents, archives } from './tables.ts';
import type { Archive, ArchivedEvent } from './tables.ts';
import { archiveDelay } from './timings.ts';

const PAGE = 100;
const DAY_MS = 86_400_000;

const absentArchive = (name: string): Fault =>
  new Fault('ResourceNotFoundException', `Archive ${name} does not exist.`);

function archiveOf(ctx: Ctx, name: string): Archive {
  const archive = ctx.get(archives, name);
  if (!archive) throw absentArchive(name);
  return archive;
}

/** Where an event stands in an archive: in the order of what happened. */
export function eventKey(archive: string, occurredAt: number, id: string = ''): string {
  return `${archive}|${String(Math.max(0, occurredAt)).padStart(15, '0')}|${id}`;
}

/** When an event happened; its envelope says that to the second. */
function instantOf(home: Ctx, { time }: Envelope): number {
  const said = parseIso(time) ?? home.now;
  return said === home.now - (home.now % 1000) ? home.now : said;
}

/** The instant before which an archive has forgotten everything. */
function oldest(home: Ctx, { retentionDays }: Archive): number {
  return retentionDays === 0 ? 0 : home.now - retentionDays * DAY_MS;
}

/** An event goes into the archives of its bus that want it. What is replayed is not archived again. */
export function keep(home: Ctx, bus: string, event: Envelope): void {
  if (event['replay-name'] !== undefined) return;
  for (const archive of home.list(archives, 'bus', bus)) {
    if (archive.pattern !== undefined && !matches(parsedObject(archive.pattern) ?? {}, event)) continue;
    forget(home, archive);
    const occurredAt = instantOf(home, event);
    home.put(archivedEvents, {
      key: eventKey(archive.name, occurredAt, event.id),
      event: JSON.stringify(event),
      occurredAt,
      arrivesAt: home.now + home.duration(archiveDelay, `${archive.arn} ${event.id}`),
    });
  }
}

function forget(home: Ctx, archive: Archive): void {
  const before = oldest(home, archive);
  for (const { key, occurredAt } of home.scan(archivedEvents, { prefix: `${archive.name}|` })) {
    if (occurredAt >= before) break;
    home.delete(archivedEvents, key);
  }
}

/** The events that are in an archive by now, in order. */
export function eventsIn(home: Ctx, archive: Archive, after?: string): ArchivedEvent[] {
  const before = oldest(home, archive);
  return home
    .scan(archivedEvents, { prefix: `${archive.name}|`, ...(after === undefined ? {} : { after }) })
    .filter(({ occurredAt, arrivesAt }) => occurredAt >= before && arrivesAt <= home.now);
}

type Shown = NonNullable<Output<'events', 'ListArchives'>['Archives']>[number];

function shown(ctx: Ctx, archive: Archive): Shown {
  const events = eventsIn(ctx, archive);
  return {
    ArchiveName: archive.name,
    EventSourceArn: archive.source,
    State: 'ENABLED',
    RetentionDays: archive.retentionDays,
    SizeBytes: events.reduce((sum, { event }) => sum + utf8Length(event), 0),
    EventCount: events.length,
    CreationTime: archive.createdAt,
  };
}

const outcome = ({
  arn,
  createdAt,
}: Archive): { ArchiveArn: string; State: 'ENABLED'; CreationTime: number } => ({
  ArchiveArn: arn,
  State: 'ENABLED',
  CreationTime: createdAt,
});

export const archiveOperations: Operations<'events'> = {
  CreateArchive(ctx, input) {
    const {
      ArchiveName: name,
      EventSourceArn: source,
      Description: description,
      EventPattern: pattern,
    } = input;
    const { bus } = busOf(ctx, source);
    if (ctx.get(archives, name))
      throw new Fault('ResourceAlreadyExistsException', `Archive ${name} already exists.`);
    if (pattern !== undefined) checkPattern(pattern);
    const archive = {
      name,
      arn: ctx.arn('events', `archive/${name}`),
      bus: bus.name,
      source,
      ...(description !== undefined && { description }),
      ...(pattern !== undefined && { pattern }),
      retentionDays: input.RetentionDays ?? 0,
      createdAt: ctx.now,
    };
    ctx.put(archives, archive);
    return outcome(archive);
  },

  DescribeArchive(ctx, { ArchiveName }) {
    const archive = archiveOf(ctx, ArchiveName);
    return {
      ...shown(ctx, archive),
      ArchiveArn: archive.arn,
      Description: archive.description,
      EventPattern: archive.pattern,
    };
  },

  UpdateArchive(ctx, { ArchiveName, Description, EventPattern, RetentionDays }) {
    if (Description === undefined && EventPattern === undefined && RetentionDays === undefined)
      throw invalid('At least one of EventPattern, RetentionDays or Description must be provided.');
    const archive = archiveOf(ctx, ArchiveName);
    if (EventPattern !== undefined) checkPattern(EventPattern);
    return outcome(
      ctx.update(archives, archive, {
        ...(Description !== undefined && { description: Description }),
        ...(EventPattern !== undefined && { pattern: EventPattern }),
        ...(RetentionDays !== undefined && { retentionDays: RetentionDays }),
      }),
    );
  },

  ListArchives(ctx, { NamePrefix, EventSourceArn, State, NextToken: token, Limit: limit = PAGE }) {
    atMostOneFilter('ListArchives', [NamePrefix, EventSourceArn, State]);
    if (EventSourceArn !== undefined) busOf(ctx, EventSourceArn);
    const found = ctx
      .scan(archives, { prefix: NamePrefix ?? '' })
      .filter(({ source }) => EventSourceArn === undefined || source === EventSourceArn)
      .filter(() => State === undefined || State === 'ENABLED');
    const { items, next } = pageOf(found, ({ name }) => name, { token, limit });
    return { Archives: items.map((row) => shown(ctx, row)), ...(next !== undefined && { NextToken: next }) };
  },

  DeleteArchive(ctx, { ArchiveName }) {
    const { name } = archiveOf(ctx, ArchiveName);
    for (const { key } of ctx.scan(archivedEvents, { prefix: `${name}|` })) ctx.delete(archivedEvents, key);
    ctx.delete(archives, name);
  },
};

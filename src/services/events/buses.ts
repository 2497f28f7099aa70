// Event buses: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus.html

import { Fault } from '#contract/fault.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags } from '#cloud/tags.ts';
import { busArn, busNamed, busOf, placeOf } from './bus.ts';
import { invalid, tooMany } from './faults.ts';
import { buses, DEFAULT_BUS, rules } from './tables.ts';
import type { EventBus } from './tables.ts';
import { checkTags } from './tags.ts';
import { MOST_BUSES } from './timings.ts';

const PAGE = 100;

type Shown = NonNullable<Output<'events', 'ListEventBuses'>['EventBuses']>[number];

function shown({ name, arn, description, policy, createdAt, modifiedAt }: EventBus): Shown {
  return {
    Name: name,
    Arn: arn,
    ...(description !== undefined && { Description: description }),
    ...(policy !== undefined && { Policy: policy }),
    ...(createdAt !== undefined && { CreationTime: createdAt }),
    ...(modifiedAt !== undefined && { LastModifiedTime: modifiedAt }),
  };
}

export const busOperations: Operations<'events'> = {
  CreateEventBus(ctx, { Name: name, Description: description, Tags = [] }) {
    // Names with a slash are those of partners' buses, which go with an event source.
    if (name.includes('/')) throw invalid("Event bus name must not contain '/'.");
    if (busNamed(ctx, name))
      throw new Fault('ResourceAlreadyExistsException', `Event bus ${name} already exists.`);
    if (ctx.list(buses).length >= MOST_BUSES) throw tooMany();
    checkTags(ctx, Tags);
    const arn = busArn(ctx, name);
    ctx.put(buses, {
      name,
      arn,
      ...(description !== undefined && { description }),
      tags: mergeTags({}, Tags),
      createdAt: ctx.now,
      modifiedAt: ctx.now,
    });
    return { EventBusArn: arn, ...(description !== undefined && { Description: description }) };
  },

  UpdateEventBus(ctx, { Name, Description: description }) {
    const { home, bus } = busOf(ctx, Name);
    const { description: _, ...rest } = bus;
    const next = { ...rest, ...(description !== undefined && { description }), modifiedAt: ctx.now };
    home.put(buses, next);
    return { Arn: bus.arn, Name: bus.name, ...(description !== undefined && { Description: description }) };
  },

  DescribeEventBus(ctx, { Name }) {
    return shown(busOf(ctx, Name).bus);
  },

  DeleteEventBus(ctx, { Name }) {
    if (Name === DEFAULT_BUS) throw invalid('Cannot delete event bus default.');
    const { home, name } = placeOf(ctx, Name);
    const bus = busNamed(home, name);
    // Deleting what is not there succeeds (recorded by LocalStack: test_describe_delete_not_existing_event_bus).
    if (!bus) return;
    if (home.scan(rules, { prefix: `${bus.name}|`, limit: 1 }).length > 0)
      throw invalid("EventBus can't be deleted since it has rules.");
    home.delete(buses, bus.name);
  },

  ListEventBuses(ctx, { NamePrefix = '', NextToken: token, Limit: limit = PAGE }) {
    const own = ctx.list(buses).filter(({ name }) => name !== DEFAULT_BUS);
    const standard = busNamed(ctx, DEFAULT_BUS) as EventBus;
    const all = [...own, standard]
      .filter(({ name }) => name.startsWith(NamePrefix))
      .toSorted((left, right) => (left.name < right.name ? -1 : 1));
    const { items, next } = pageOf(all, ({ name }) => name, { token, limit });
    return { EventBuses: items.map(shown), ...(next !== undefined && { NextToken: next }) };
  },
};

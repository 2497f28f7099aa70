// Events on a bus: which rules they match.

import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import type { Provision } from '#cloud/port.ts';
import { serviceEvents } from '#cloud/ports/events.ts';
import { matches } from '#cloud/event-patterns/match.ts';
import { parsedObject } from '#cloud/json.ts';
import type { JsonObject } from '#cloud/json.ts';
import { keep } from './archives.ts';
import { trigger } from './dispatch.ts';
import { envelope } from './envelope.ts';
import type { Envelope } from './envelope.ts';
import { count } from './metrics.ts';
import { archives, DEFAULT_BUS, rules } from './tables.ts';
import type { Rule } from './tables.ts';

/** Rules that may want an event of some source. */
function listening(home: Ctx, bus: string, source: string): Rule[] {
  return home
    .list(rules, 'listening', bus)
    .filter(({ sources }) => sources === undefined || sources.includes(source));
}

/** An event has come to a bus of the account and Region of `home`; a replay may be for some rules `only`. */
export function take(home: Ctx, bus: string, event: Envelope, only?: readonly string[]): void {
  keep(home, bus, event);
  const wanting = listening(home, bus, event.source).filter(
    ({ arn, pattern = '' }) =>
      (only === undefined || only.includes(arn)) && matches(parsedObject(pattern) ?? {}, event),
  );
  for (const rule of wanting) {
    count(home, rule, 'MatchedEvents');
    trigger(home, rule, event);
  }
}

/** AWS's own services tell the default bus, in the account and Region where something happens. */
export const provisions: readonly Provision[] = [
  provide(serviceEvents, {
    wanted: (ctx, source) =>
      listening(ctx, DEFAULT_BUS, source).length > 0 || ctx.list(archives, 'bus', DEFAULT_BUS).length > 0,
    put(ctx, { source, detailType, resources, detail }) {
      const content = { source, detailType, resources, detail: detail as JsonObject, time: ctx.now };
      take(ctx, DEFAULT_BUS, envelope(ctx, content));
    },
  }),
];

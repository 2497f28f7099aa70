// Events of services, in AWS's words, as DescribeServices shows them.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html

import type { Ctx } from '#cloud/ctx.ts';
import { serviceEvents, services } from '../tables.ts';
import type { ServiceEvent } from '../tables.ts';
import { EVENTS_KEPT } from '../timings.ts';

/** `about` is put where AWS's sentence begins: `(service web)` unless given. */
export function addEvent(ctx: Ctx, key: string, text: string, about?: string): void {
  const service = ctx.get(services, key);
  if (!service) return;
  const ordinal = service.events + 1;
  const message = `(${about ?? `service ${service.name}`}) ${text}`;
  ctx.put(serviceEvents, { service: key, ordinal, id: ctx.uuid('ecs-service-event'), at: ctx.now, message });
  ctx.update(services, service, { events: ordinal });
  for (const old of eventsOf(ctx, key)) {
    if (old.ordinal > ordinal - EVENTS_KEPT) break;
    ctx.delete(serviceEvents, eventKey(old));
  }
}

function eventKey({ service, ordinal }: ServiceEvent): string {
  return `${service} ${String(ordinal).padStart(9, '0')}`;
}

/** Oldest first. */
export function eventsOf(ctx: Ctx, key: string): ServiceEvent[] {
  return ctx.scan(serviceEvents, { prefix: `${key} ` });
}

export function forgetEvents(ctx: Ctx, key: string): void {
  for (const one of eventsOf(ctx, key)) ctx.delete(serviceEvents, eventKey(one));
}

// How AWS's services tell EventBridge what happens in them.

import type { Ctx } from './ctx.ts';
import { serviceEvents } from './ports/events.ts';
import type { ServiceEvent } from './ports/events.ts';

/**
 * Puts an event on the default bus of the account and Region of `ctx`, in case a rule may want it. `make` is called only
 * then, so that what nobody listens to costs next to nothing.
 */
export function tellEventBridge(
  ctx: Ctx,
  source: ServiceEvent['source'],
  make: () => Omit<ServiceEvent, 'source'>,
): void {
  if (!ctx.cloud.stands(serviceEvents)) return;
  const bus = ctx.port(serviceEvents);
  if (bus.wanted(ctx, source)) bus.put(ctx, { source, ...make() });
}

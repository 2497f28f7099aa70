// Traffic, as the kernel and the services see it.

import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';

export interface Traffic {
  /** Accounts for all requests up to now, under the routing and the behaviour that held until now. */
  settle(ctx: Ctx): void;
}
export const traffic: Port<Traffic> = port<Traffic>('traffic');

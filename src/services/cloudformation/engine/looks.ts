// When to look again at something that is not there yet.

import type { Ctx } from '#cloud/ctx.ts';
import type { Pending } from '../providers/provider.ts';
import { lookingAgain } from '../timings.ts';

/** Time never stands still between two looks, whatever the timings say. */
const SHORTEST_LOOK_MS = 200;

/** When a look is due again; nothing for what sleeps without a deadline. */
export function nextLook(ctx: Ctx, progress: Pending, key: string): number | undefined {
  if ('asleep' in progress) return progress.deadline;
  const wait = progress.again > 0 ? progress.again : ctx.duration(lookingAgain, key);
  return ctx.now + Math.max(SHORTEST_LOOK_MS, wait);
}

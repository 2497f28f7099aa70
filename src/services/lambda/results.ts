// What functions' hosts report, and whom it concerns.

import type { TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { FunctionResult, FunctionResults } from '#cloud/ports/functions.ts';
import { batchEnded } from './event-source-mappings/queue-poller.ts';
import { attempted } from './invocations/asynchronous.ts';
import { finished, invocations, silenceDue } from './invocations/invocations.ts';
import type { Invocation } from './invocations/invocations.ts';
import { answer } from './invocations/invoke.ts';

function ended(owner: Ctx, requestId: string, result: FunctionResult): void {
  const conclusion = finished(owner, requestId, result);
  if (!conclusion) return;
  const { asker } = conclusion;
  if (asker.kind === 'client') answer(owner, asker.scope, conclusion);
  else if (asker.kind === 'event') attempted(owner, asker.id, conclusion);
  else batchEnded(owner, asker.id, conclusion);
}

export const results: FunctionResults = { ended };

/** Ends an invocation of which nothing was heard: whoever waits for it must not wait for ever. */
export const silence: TimerHandler<{ requestId: string; startedAt: number }, Ctx> = {
  kind: silenceDue,
  live: (ctx, { requestId, startedAt }) => ctx.get(invocations, requestId)?.startedAt === startedAt,
  fire(ctx, { requestId }) {
    const { configuration } = ctx.get(invocations, requestId) as Invocation;
    const durationMs = configuration.timeoutSeconds * 1000;
    const outcome = { kind: 'timeout' } as const;
    ended(ctx, requestId, { outcome, durationMs, maxMemoryMb: configuration.memoryMb, log: [] });
  },
};

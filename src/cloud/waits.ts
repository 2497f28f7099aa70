// Operations that may wait: long polls. The request becomes a row; whatever it waits for wakes it by key, and then the
// operation simply runs again. At its deadline it runs a last time and must answer, or have said what to answer then.

import type { TimerHandler, World } from '#world/index.ts';
import type { Ctx } from './ctx.ts';
import { answerOf, REPLY, waitDue, Waiting, waits } from './waiting.ts';
import type { Answer, Reply, Wait } from './waiting.ts';

/** Runs a parked request again. */
export const waitDueHandler: TimerHandler<{ id: string }, Ctx> = {
  kind: waitDue,
  live: (ctx, { id }) => ctx.get(waits, id) !== undefined,
  fire(ctx, { id }) {
    const wait = ctx.get(waits, id) as Wait;
    const answer = attempt(ctx, wait);
    if (answer === undefined) return;
    ctx.delete(waits, id);
    deliver(ctx, wait, answer);
  },
};

function attempt(ctx: Ctx, wait: Wait): Answer | undefined {
  const outcome = ctx.cloud.run(ctx, wait.service, wait.operation, wait.input, wait.principal);
  if (!outcome.ok || !(outcome.output instanceof Waiting)) return answerOf(outcome);
  const { key, deadline } = outcome.output;
  if (key !== wait.key && deadline > ctx.now) {
    // It has what it waited for, and waits for something else now.
    ctx.update(waits, wait, { key, deadline });
    ctx.schedule(waitDue, deadline, { id: wait.id });
    return undefined;
  }
  if (ctx.now < wait.deadline) return undefined;
  if (outcome.output.otherwise) return { ok: true, output: outcome.output.otherwise };
  throw new Error(`${wait.service} ${wait.operation} did not answer at its deadline.`);
}

/** Hands in the answer for which requests have waited that do not run again (`ctx.waitForAnswer`). */
export function answerWaits(ctx: Ctx, key: string, answer: Answer): void {
  for (const wait of ctx.list(waits, 'key', key)) {
    ctx.delete(waits, wait.id);
    deliver(ctx, wait, answer);
  }
}

/** Withdraws the requests of all clients, who are gone with the process that served them. */
export function withdrawClients(world: World<Ctx>): void {
  const parked = world.read('', (ctx) => {
    const found: { id: string; scope: string }[] = [];
    ctx.kernel.store.scanAll(waits, (row, scope) => {
      const { id, replyTo } = row as Wait;
      if (replyTo.to === 'client') found.push({ id, scope });
    });
    return found;
  });
  for (const { id, scope } of parked)
    world.transact(scope, { kind: 'input', name: 'withdraw', detail: { id } }, (ctx) => ctx.stopWaiting(id));
}

export function deliver(ctx: Ctx, wait: Pick<Wait, 'id' | 'replyTo'>, answer: Answer): void {
  const { replyTo } = wait;
  if (replyTo.to === 'client') {
    ctx.note(REPLY, { id: wait.id, answer } satisfies Reply);
    return;
  }
  const kind = { name: replyTo.kind, background: false };
  ctx.inScope(replyTo.scope).schedule(kind, ctx.now, { ...replyTo.payload, answer: plain(answer) });
}

const decoder = new TextDecoder();

/** What stays in the world is JSON: bytes of an answer, such as a function's, are text there. */
function plain(answer: Answer): Answer {
  if (!answer.ok) return answer;
  const output = Object.entries(answer.output as object).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Uint8Array ? decoder.decode(value) : value,
  ]);
  return { ok: true, output: Object.fromEntries(output) };
}

// Changes on their way to the name servers: PENDING until all of them answer by it, INSYNC then.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { recordsChanged } from '#cloud/ports/dns.ts';
import type { Operations } from '#cloud/service.ts';
import { wakeProbing } from './health.ts';
import { changes, plainId, served, zoneNames } from './tables.ts';
import type { Change, RecordSet } from './tables.ts';
import { propagation } from './timings.ts';

/** Letters of the ids of zones and changes. */
export const ID_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

type ChangeInfo = Output<'route53', 'GetChange'>['ChangeInfo'];

const arrived: TimerKind<{ id: string }> = timer<{ id: string }>('route53/change-arrived');

/** Begins a change. `written` are record sets by key, `null` for those that are gone. */
export function beginChange(
  ctx: Ctx,
  zoneId: string,
  more: {
    comment?: string | undefined;
    written?: readonly { key: string; record: RecordSet | null }[];
    removesZone?: boolean;
  } = {},
): ChangeInfo {
  const { comment = null, written = [], removesZone = false } = more;
  const change: Change = {
    id: `C${ctx.id('route53-change', 20, ID_LETTERS)}`,
    ordinal: ctx.kernel.nextSeq(),
    zoneId,
    comment,
    submittedAt: ctx.now,
    inSync: false,
    written,
    removesZone,
  };
  ctx.put(changes, change);
  ctx.schedule(arrived, ctx.now + ctx.duration(propagation, zoneId, change.ordinal), { id: change.id });
  return describe(change);
}

export const arrive: TimerHandler<{ id: string }, Ctx> = {
  kind: arrived,
  live: (ctx, { id }) => ctx.get(changes, id)?.inSync === false,
  fire(ctx, { id }) {
    const change = ctx.get(changes, id) as Change;
    for (const { key, record } of change.written) serve(ctx, change, key, record);
    if (change.removesZone) {
      for (const { record } of ctx.scan(served, { prefix: `${change.zoneId} ` }))
        ctx.delete(served, served.key({ record, change: 0 }));
      ctx.everywhere.delete(zoneNames, change.zoneId);
    }
    ctx.update(changes, change, { inSync: true, written: [] });
    wakeProbing(ctx);
    ctx.emit(recordsChanged, {});
  },
};

function serve(ctx: Ctx, change: Change, key: string, record: RecordSet | null): void {
  const before = ctx.get(served, key);
  if (before && before.change > change.ordinal) return;
  if (record) ctx.put(served, { record, change: change.ordinal });
  else if (before) ctx.delete(served, key);
}

function describe({ id, comment, submittedAt, inSync }: Change): ChangeInfo {
  return {
    Id: `/change/${id}`,
    Status: inSync ? 'INSYNC' : 'PENDING',
    SubmittedAt: submittedAt,
    Comment: comment ?? undefined,
  };
}

export const changeOperations: Operations<'route53'> = {
  GetChange(ctx, { Id }) {
    const change = ctx.get(changes, plainId(Id));
    if (!change) throw new Fault('NoSuchChange', `Could not find resource with ID: ${plainId(Id)}`);
    return { ChangeInfo: describe(change) };
  },
};

// Which names a zone answers for, told to the whole world.

import type { Ctx } from '#cloud/ctx.ts';
import { wakeProbing } from './health.ts';
import { zoneNames } from './tables.ts';
import type { HostedZone } from './tables.ts';

/** Says which names the zone answers for, and from where. */
export function publishZone(ctx: Ctx, { id, name, isPrivate, vpcs }: HostedZone): void {
  const known = ctx.everywhere.get(zoneNames, id);
  const vpcIds = vpcs.map(({ vpcId }) => vpcId);
  const ordinal = known?.ordinal ?? ctx.kernel.nextSeq();
  ctx.everywhere.put(zoneNames, { name, zoneId: id, scope: ctx.scope, isPrivate, vpcIds, ordinal });
  wakeProbing(ctx);
}

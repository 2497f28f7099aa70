// Reusable delegation sets: four name servers that several hosted zones share.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateReusableDelegationSet.html

import { Fault } from '#contract/fault.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { ID_LETTERS } from './changes.ts';
import { newNameServers } from './delegation.ts';
import { pageSize, QUOTAS } from './limits.ts';
import { isWithin } from './names.ts';
import { delegationSets, hostedZones, plainId } from './tables.ts';
import type { DelegationSet, HostedZone } from './tables.ts';

type Shown = Output<'route53', 'GetReusableDelegationSet'>['DelegationSet'];

function shownSet({ id, callerReference, nameServers }: DelegationSet): Shown {
  return { Id: `/delegationset/${id}`, CallerReference: callerReference, NameServers: nameServers };
}

/** The set of a zone as the zone shows it. */
export function setOfZone(ctx: Ctx, { delegationSetId, nameServers }: HostedZone): Shown {
  const set = delegationSetId === undefined ? undefined : ctx.get(delegationSets, delegationSetId);
  return set ? shownSet(set) : { NameServers: nameServers };
}

export function delegationSetOf(ctx: Ctx, id: string): DelegationSet {
  const found = ctx.get(delegationSets, plainId(id));
  if (found) return found;
  throw new Fault('NoSuchDelegationSet', 'A reusable delegation set with the specified ID does not exist.');
}

function zonesOfSet(ctx: Ctx, id: string): HostedZone[] {
  return ctx.list(hostedZones).filter(({ delegationSetId }) => delegationSetId === id);
}

/** Name servers answer for one zone of a name, and for no other above or below it. */
export function checkApart(ctx: Ctx, { id }: DelegationSet, name: string): void {
  const other = zonesOfSet(ctx, id).find((zone) => isWithin(name, zone.name) || isWithin(zone.name, name));
  if (!other) return;
  throw new Fault(
    'ConflictingDomainExists',
    `The delegation set ${id} has the hosted zone ${other.name}, which is the same as ${name}, above or below it.`,
  );
}

function fromZone(ctx: Ctx, zoneId: string): HostedZone {
  const zone = ctx.get(hostedZones, plainId(zoneId));
  if (!zone) throw new Fault('HostedZoneNotFound', "The specified HostedZone can't be found.");
  if (zone.isPrivate)
    throw new Fault('InvalidArgument', 'The delegation set of a private hosted zone cannot be reused.');
  if (zone.delegationSetId !== undefined)
    throw new Fault(
      'DelegationSetAlreadyReusable',
      'The specified delegation set has already been marked as reusable.',
    );
  return zone;
}

export const delegationSetOperations: Operations<'route53'> = {
  CreateReusableDelegationSet(ctx, { CallerReference, HostedZoneId }) {
    if (ctx.list(delegationSets).some(({ callerReference }) => callerReference === CallerReference))
      throw new Fault(
        'DelegationSetAlreadyCreated',
        'A delegation set with the same owner and caller reference combination has already been created.',
      );
    if (ctx.list(delegationSets).length >= QUOTAS.delegationSets)
      throw new Fault(
        'LimitsExceeded',
        `Cannot create more than ${QUOTAS.delegationSets} reusable delegation sets.`,
      );
    const zone = HostedZoneId === undefined ? undefined : fromZone(ctx, HostedZoneId);
    const id = `N${ctx.everywhere.id('delegation-set', 20, ID_LETTERS)}`;
    const nameServers = zone?.nameServers ?? newNameServers(ctx, id, false);
    const set: DelegationSet = { id, callerReference: CallerReference, nameServers };
    ctx.put(delegationSets, set);
    if (zone) ctx.update(hostedZones, zone, { delegationSetId: id });
    return {
      DelegationSet: shownSet(set),
      Location: `https://route53.amazonaws.com/2013-04-01/delegationset/${id}`,
    };
  },

  GetReusableDelegationSet: (ctx, { Id }) => ({ DelegationSet: shownSet(delegationSetOf(ctx, Id)) }),

  ListReusableDelegationSets(ctx, { Marker, MaxItems }) {
    const limit = pageSize(MaxItems);
    const from = Marker ? plainId(Marker) : '';
    const rest = ctx.list(delegationSets).filter(({ id }) => id >= from);
    const next = rest[limit];
    return {
      DelegationSets: rest.slice(0, limit).map(shownSet),
      // The model requires it; a first page comes without it.
      Marker: Marker as string,
      IsTruncated: next !== undefined,
      NextMarker: next?.id,
      MaxItems: String(limit),
    };
  },

  DeleteReusableDelegationSet(ctx, { Id }) {
    const { id } = delegationSetOf(ctx, Id);
    if (zonesOfSet(ctx, id).length > 0)
      throw new Fault(
        'DelegationSetInUse',
        'The specified delegation contains associated hosted zones which must be deleted before the reusable delegation set can be deleted.',
      );
    ctx.delete(delegationSets, id);
  },

  GetReusableDelegationSetLimit(ctx, { Type, DelegationSetId }) {
    const { id } = delegationSetOf(ctx, DelegationSetId);
    return { Limit: { Type, Value: QUOTAS.zonesOfDelegationSet }, Count: zonesOfSet(ctx, id).length };
  },
};

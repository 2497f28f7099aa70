// Hosted zones: created once by caller reference, deleted when only their own records are left.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { beginChange, ID_LETTERS } from './changes.ts';
import { checkApart, delegationSetOf, setOfZone } from './delegation-sets.ts';
import { firstRecords, newNameServers } from './delegation.ts';
import { pageSize, QUOTAS } from './limits.ts';
import { normalName, reversedName } from './names.ts';
import { hostedZones, plainId, recordKey, records, served, zoneOf } from './tables.ts';
import type { DelegationSet, HostedZone, ZoneVpc } from './tables.ts';
import { checkConflict, vpcIn, vpcsShown } from './vpcs.ts';
import { publishZone } from './zone-names.ts';

type ShownSet = Output<'route53', 'CreateHostedZone'>['DelegationSet'];
type Shown = NonNullable<Output<'route53', 'GetHostedZone'>['HostedZone']>;

function describeZone(zone: HostedZone): Shown {
  const { id, name, callerReference, comment, isPrivate, recordCount } = zone;
  return {
    Id: `/hostedzone/${id}`,
    Name: name,
    CallerReference: callerReference,
    Config: { ...(comment === null ? {} : { Comment: comment }), PrivateZone: isPrivate },
    ResourceRecordSetCount: recordCount,
  };
}

function create(
  ctx: Ctx,
  wanted: Pick<HostedZone, 'name' | 'callerReference' | 'comment'>,
  vpcs: readonly ZoneVpc[],
  set: DelegationSet | undefined,
): HostedZone {
  const id = `Z${ctx.everywhere.id('hosted-zone', 20, ID_LETTERS)}`;
  const isPrivate = vpcs.length > 0;
  const zone: HostedZone = {
    ...wanted,
    id,
    isPrivate,
    vpcs,
    nameServers: set?.nameServers ?? newNameServers(ctx, id, isPrivate),
    ...(set ? { delegationSetId: set.id } : {}),
    recordCount: 2,
    tags: {},
  };
  ctx.put(hostedZones, zone);
  for (const record of firstRecords(zone)) {
    ctx.put(records, record);
    ctx.put(served, { record, change: 0 });
  }
  publishZone(ctx, zone);
  return zone;
}

export const zoneOperations: Operations<'route53'> = {
  CreateHostedZone(ctx, { Name, CallerReference, VPC, HostedZoneConfig = {}, DelegationSetId }) {
    const name = normalName(Name);
    if (typeof name !== 'string') throw new Fault('InvalidDomainName', name.problem);
    if (ctx.list(hostedZones, 'callerReference', CallerReference).length > 0) {
      throw new Fault(
        'HostedZoneAlreadyExists',
        'A hosted zone has already been created with the specified caller reference.',
      );
    }
    if (ctx.list(hostedZones).length >= QUOTAS.hostedZones) {
      throw new Fault(
        'TooManyHostedZones',
        `Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more than ${QUOTAS.hostedZones} hosted zones.`,
      );
    }
    if (HostedZoneConfig.PrivateZone && !VPC) {
      throw new Fault('InvalidInput', 'When you are creating a private hosted zone, you must specify a VPC.');
    }
    const set = DelegationSetId === undefined ? undefined : delegationSetOf(ctx, DelegationSetId);
    if (set && VPC)
      throw new Fault('InvalidInput', 'A private hosted zone cannot have a reusable delegation set.');
    if (set) checkApart(ctx, set, name);
    const vpcs = VPC ? [vpcIn(ctx, VPC)] : [];
    for (const vpc of vpcs) checkConflict(ctx, name, vpc);
    const comment = HostedZoneConfig.Comment ?? null;
    const zone = create(ctx, { name, callerReference: CallerReference, comment }, vpcs, set);
    return {
      HostedZone: describeZone(zone),
      ChangeInfo: beginChange(ctx, zone.id),
      // The model requires a delegation set; private zones have none.
      DelegationSet: (VPC ? undefined : setOfZone(ctx, zone)) as ShownSet,
      ...(VPC ? { VPC } : {}),
      Location: `https://route53.amazonaws.com/2013-04-01/hostedzone/${zone.id}`,
    };
  },

  GetHostedZone(ctx, { Id }) {
    const zone = zoneOf(ctx, Id);
    const HostedZone = describeZone(zone);
    if (zone.isPrivate) return { HostedZone, VPCs: vpcsShown(zone) };
    return { HostedZone, DelegationSet: setOfZone(ctx, zone) };
  },

  GetHostedZoneCount: (ctx) => ({ HostedZoneCount: ctx.list(hostedZones).length }),

  ListHostedZones(ctx, { Marker, MaxItems, HostedZoneType, DelegationSetId }) {
    const limit = pageSize(MaxItems);
    const set = DelegationSetId === undefined ? undefined : delegationSetOf(ctx, DelegationSetId).id;
    const all = ctx
      .list(hostedZones)
      .filter((zone) => HostedZoneType === undefined || zone.isPrivate)
      .filter((zone) => set === undefined || zone.delegationSetId === set);
    const from = Marker ? all.findIndex(({ id }) => id >= plainId(Marker)) : 0;
    const rest = from < 0 ? [] : all.slice(from);
    const next = rest[limit];
    return {
      HostedZones: rest.slice(0, limit).map(describeZone),
      // The model requires it; a first page comes without it (getmoto/moto, test_list_hosted_zones_pagination).
      Marker: Marker as string,
      IsTruncated: next !== undefined,
      NextMarker: next?.id,
      MaxItems: String(limit),
    };
  },

  ListHostedZonesByName(ctx, { DNSName, HostedZoneId, MaxItems }) {
    const limit = pageSize(MaxItems);
    const start = DNSName === undefined ? undefined : normalName(DNSName);
    if (start !== undefined && typeof start !== 'string') throw new Fault('InvalidDomainName', start.problem);
    if (HostedZoneId !== undefined && start === undefined)
      throw new Fault('InvalidInput', 'The hosted zone ID can be specified only with a DNS name.');
    const place = ({ name, id }: { name: string; id: string }): string => `${reversedName(name)} ${id}`;
    const from = start === undefined ? '' : place({ name: start, id: plainId(HostedZoneId ?? '') });
    const rest = ctx
      .list(hostedZones)
      .filter((zone) => place(zone) >= from)
      .toSorted((left, right) => (place(left) < place(right) ? -1 : 1));
    const next = rest[limit];
    return {
      HostedZones: rest.slice(0, limit).map(describeZone),
      DNSName,
      HostedZoneId,
      IsTruncated: next !== undefined,
      NextDNSName: next?.name,
      NextHostedZoneId: next?.id,
      MaxItems: String(limit),
    };
  },

  GetDNSSEC(ctx, { HostedZoneId }) {
    const zone = zoneOf(ctx, HostedZoneId);
    if (zone.isPrivate)
      throw new Fault('InvalidArgument', 'Operation is unsupported for private hosted zones.');
    // The operations that would sign a zone are refused.
    return { Status: { ServeSignature: 'NOT_SIGNING' }, KeySigningKeys: [] };
  },

  UpdateHostedZoneComment(ctx, { Id, Comment }) {
    const zone = ctx.update(hostedZones, zoneOf(ctx, Id), { comment: Comment ?? null });
    return { HostedZone: describeZone(zone) };
  },

  DeleteHostedZone(ctx, { Id }) {
    const zone = zoneOf(ctx, Id);
    const own = new Set(firstRecords(zone).map(recordKey));
    const left = ctx.scan(records, { prefix: `${zone.id} ` });
    if (left.some((record) => !own.has(recordKey(record)))) {
      throw new Fault(
        'HostedZoneNotEmpty',
        'The specified hosted zone contains non-required resource record sets and so cannot be deleted.',
      );
    }
    for (const record of left) ctx.delete(records, recordKey(record));
    ctx.delete(hostedZones, zone.id);
    return { ChangeInfo: beginChange(ctx, zone.id, { removesZone: true }) };
  },
};

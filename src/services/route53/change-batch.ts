// ChangeResourceRecordSets: all changes of a batch or none. Every change is checked against the zone as the ones before it
// left it, and all that is wrong is said at once.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { routing } from '#cloud/ports/routing.ts';
import type { Operations } from '#cloud/service.ts';
import { beginChange } from './changes.ts';
import { QUOTAS } from './limits.ts';
import { isWithin, loadBalancerHost } from './names.ts';
import { readRecordSet } from './record-sets.ts';
import type { WireChange } from './record-sets.ts';
import { MODELLED_TYPES, valueProblem } from './record-values.ts';
import { healthCheckOf, hostedZones, nameKey, recordKey, records, zoneOf } from './tables.ts';
import type { HostedZone, RecordSet } from './tables.ts';

/** The zone's records while a batch is tried on them. */
class Draft {
  readonly #ctx: Ctx;
  readonly zone: HostedZone;
  /** What the batch has written so far. */
  readonly written = new Map<string, RecordSet | null>();

  constructor(ctx: Ctx, zone: HostedZone) {
    this.#ctx = ctx;
    this.zone = zone;
  }

  get(key: string): RecordSet | undefined {
    const drafted = this.written.get(key);
    return drafted === undefined ? this.#ctx.get(records, key) : (drafted ?? undefined);
  }

  /** All record sets of a name. */
  ofName(name: string): RecordSet[] {
    const prefix = nameKey(this.zone.id, name);
    const found = new Map(this.#ctx.scan(records, { prefix }).map((row) => [recordKey(row), row]));
    for (const [key, row] of this.written) {
      if (!key.startsWith(prefix)) continue;
      if (row) found.set(key, row);
      else found.delete(key);
    }
    return [...found.values()];
  }
}

export const batchOperations: Operations<'route53'> = {
  ChangeResourceRecordSets(ctx, { HostedZoneId, ChangeBatch: { Changes, Comment } }) {
    const zone = zoneOf(ctx, HostedZoneId);
    checkSize(Changes);
    const draft = new Draft(ctx, zone);
    const problems: string[] = [];
    for (const change of Changes) {
      const record = readRecordSet(zone.id, change);
      if (!MODELLED_TYPES.has(record.type))
        throw new Fault('NotImplemented', `Records of type ${record.type} are not modelled by Sandtable.`);
      if (change.Action !== 'DELETE') checkHealthCheck(ctx, record);
      const found = problemsOf(ctx, draft, change.Action, record);
      problems.push(...found);
      if (found.length === 0) apply(draft, change.Action, record);
    }
    problems.push(...missingOwn(draft));
    if (problems.length > 0) throw new Fault('InvalidChangeBatch', `[${problems.join(', ')}]`);
    const written = [...draft.written].map(([key, record]) => ({ key, record }));
    write(ctx, zone, written);
    return { ChangeInfo: beginChange(ctx, zone.id, { comment: Comment, written }) };
  },
};

function checkSize(batch: readonly WireChange[]): void {
  let count = 0;
  for (const { Action, ResourceRecordSet } of batch)
    count += (ResourceRecordSet.ResourceRecords?.length ?? 1) * (Action === 'UPSERT' ? 2 : 1);
  if (count > QUOTAS.recordsOfBatch)
    throw new Fault('InvalidChangeBatch', `Number of records limit of ${QUOTAS.recordsOfBatch} exceeded.`);
}

function label({ name, type, setIdentifier }: RecordSet): string {
  const set = setIdentifier === '' ? '' : `, set identifier='${setIdentifier}'`;
  return `[name='${name}', type='${type}'${set}]`;
}

function problemsOf(ctx: Ctx, draft: Draft, action: WireChange['Action'], record: RecordSet): string[] {
  const { name, type } = record;
  const { zone } = draft;
  if (!isWithin(name, zone.name))
    return [`RRSet with DNS name ${name} is not permitted in zone ${zone.name}`];
  const existing = draft.get(recordKey(record));
  if (action === 'DELETE') {
    const tried = `Tried to delete resource record set ${label(record)}`;
    if (!existing) return [`${tried} but it was not found`];
    return same(existing, record) ? [] : [`${tried} but the values provided do not match the current values`];
  }
  if (action === 'CREATE' && existing)
    return [`Tried to create resource record set ${label(record)} but it already exists`];
  if (type === 'SOA' && name !== zone.name)
    return [`RRSet of type SOA with DNS name ${name} is only permitted at apex in zone ${zone.name}`];
  return [
    ...valueProblems(record),
    ...aliasProblems(ctx, draft, record),
    ...nameProblems(draft, record),
    ...setProblems(draft, record),
  ];
}

function valueProblems({ type, values }: RecordSet): string[] {
  const found = values.flatMap((value) => valueProblem(type, value) ?? []);
  const twice = values.filter((value, i) => values.indexOf(value) !== i);
  found.push(...twice.map((value) => `Duplicate Resource Record: '${value}'`));
  if ((type === 'CNAME' || type === 'SOA') && values.length > 1)
    found.push(`RRSet of type ${type} must contain exactly one value`);
  if (values.length > QUOTAS.valuesOfRecord)
    found.push(`Number of resource records limit of ${QUOTAS.valuesOfRecord} exceeded`);
  return found;
}

/** A CNAME record stands alone at its name, and never at the top of a zone (RFC 1034). */
function nameProblems(draft: Draft, { name, type }: RecordSet): string[] {
  const { zone } = draft;
  const others = draft.ofName(name).filter((other) => other.type !== type);
  if (type !== 'CNAME') {
    if (!others.some((other) => other.type === 'CNAME')) return [];
    return [
      `RRSet of type ${type} with DNS name ${name} is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone ${zone.name}`,
    ];
  }
  if (name === zone.name)
    return [`RRSet of type CNAME with DNS name ${name} is not permitted at apex in zone ${zone.name}`];
  if (others.length === 0) return [];
  return [
    `RRSet of type CNAME with DNS name ${name} is not permitted as it conflicts with other records with the same DNS name in zone ${zone.name}`,
  ];
}

/** Record sets of one name and type have one policy; simple ones have no others beside them. */
function setProblems(draft: Draft, record: RecordSet): string[] {
  const { name, type, setIdentifier, policy } = record;
  const others = draft
    .ofName(name)
    .filter((other) => other.type === type && other.setIdentifier !== setIdentifier);
  if (policy.kind === 'simple') {
    if (others.length === 0) return [];
    return [
      `RRSet with DNS name ${name}, type ${type} cannot be created as other RRSets exist with the same name and type.`,
    ];
  }
  const tried = `RRSet with DNS name ${name}, type ${type}, SetIdentifier ${setIdentifier} cannot be created`;
  if (others.some((other) => other.policy.kind !== policy.kind))
    return [`${tried} as a non-${policy.kind} set exists with the same name and type.`];
  if (others.length >= QUOTAS.recordsOfSet)
    return [`${tried} as there are already ${QUOTAS.recordsOfSet} sets with the same name and type.`];
  if (policy.kind === 'multivalue' && record.alias)
    return [`${tried} as a multivalue answer set cannot be an alias.`];
  const rival = others.find((other) => rivals(record, other));
  return rival ? [`${tried} as ${rival.setIdentifier} has the same ${rivalry(record)}.`] : [];
}

function rivals({ policy: one }: RecordSet, { policy: other }: RecordSet): boolean {
  if (one.kind === 'failover' && other.kind === 'failover') return one.role === other.role;
  if (one.kind === 'latency' && other.kind === 'latency') return one.region === other.region;
  return one.kind === 'geolocation' && other.kind === 'geolocation';
}

function rivalry({ policy }: RecordSet): string {
  if (policy.kind === 'failover') return `failover value ${policy.role}`;
  return policy.kind === 'latency' ? `region ${policy.region}` : 'location';
}

/** Other AWS resources to which aliases may point. */
const ELSEWHERE =
  /\.(cloudfront\.net|s3-website[.-][a-z0-9.-]+|execute-api\.[a-z0-9.-]+|elasticbeanstalk\.com|vpce\.amazonaws\.com|awsglobalaccelerator\.com|awsapprunner\.com)\.$/;

function aliasProblems(ctx: Ctx, draft: Draft, { name, type, alias }: RecordSet): string[] {
  if (!alias) return [];
  const { zoneId, dnsName } = alias;
  if (ELSEWHERE.test(dnsName))
    throw new Fault('NotImplemented', `Aliases to ${dnsName} are not modelled by Sandtable.`);
  const tried = `Tried to create an alias that targets ${dnsName}, type ${type} in zone ${zoneId}`;
  if (zoneId === draft.zone.id) {
    if (!isWithin(dnsName, draft.zone.name))
      return [`${tried}, but the alias target name does not lie within the target zone`];
    const targets = draft.ofName(dnsName).some((target) => target.type === type);
    return targets && dnsName !== name ? [] : [`${tried}, but that target was not found`];
  }
  const host = loadBalancerHost(dnsName);
  const target = host.endsWith('.elb.amazonaws.com') ? ctx.port(routing).named?.(ctx, host) : undefined;
  const outside = target !== undefined && target.hostedZoneId !== zoneId;
  // Load balancers here have IPv4 addresses only; an AAAA alias to one is permitted and answers nothing.
  const fits = type === 'A' || type === 'AAAA';
  if (target && fits && !outside) return [];
  return [
    ...(outside ? [`${tried}, but the alias target name does not lie within the target zone`] : []),
    `${tried}, but that target was not found`,
  ];
}

function checkHealthCheck(ctx: Ctx, { healthCheckId }: RecordSet): void {
  if (healthCheckId !== null) healthCheckOf(ctx, healthCheckId);
}

function same(one: RecordSet, other: RecordSet): boolean {
  const plain = (row: RecordSet): string => JSON.stringify({ ...row, values: row.values.toSorted() });
  return plain(one) === plain(other);
}

function apply(draft: Draft, action: WireChange['Action'], record: RecordSet): void {
  draft.written.set(recordKey(record), action === 'DELETE' ? null : record);
  if (action === 'DELETE' || record.policy.kind !== 'weighted' || record.ttlSeconds === null) return;
  // Weighted records of one name and type have one TTL: the last that was given.
  // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-weighted.html
  for (const other of draft.ofName(record.name)) {
    if (other.type !== record.type || other.ttlSeconds === null || other.ttlSeconds === record.ttlSeconds)
      continue;
    draft.written.set(recordKey(other), { ...other, ttlSeconds: record.ttlSeconds });
  }
}

/** A zone keeps the records that say where it begins. */
function missingOwn(draft: Draft): string[] {
  const { zone } = draft;
  const left = new Set(draft.ofName(zone.name).map(({ type }) => type));
  return [
    ...(left.has('NS') ? [] : ['A HostedZone must contain at least one NS record for the zone itself.']),
    ...(left.has('SOA') ? [] : ['A HostedZone must contain exactly one SOA record.']),
  ];
}

function write(
  ctx: Ctx,
  zone: HostedZone,
  written: readonly { readonly key: string; readonly record: RecordSet | null }[],
): void {
  let recordCount = zone.recordCount;
  for (const { key, record } of written) {
    const existed = ctx.get(records, key) !== undefined;
    recordCount += Number(record !== null) - Number(existed);
    if (record) ctx.put(records, record);
    else if (existed) ctx.delete(records, key);
  }
  if (recordCount > QUOTAS.recordsOfZone) {
    throw new Fault('InvalidChangeBatch', `[Limits Exceeded: MAX_RRSETS_BY_ZONE - ${QUOTAS.recordsOfZone}]`);
  }
  ctx.update(hostedZones, zone, { recordCount });
}

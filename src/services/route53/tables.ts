// Rows of Route 53 and the tables that keep them. What name servers answer by is kept apart from what the API shows: a change
// takes a while to get there.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Tags } from '#cloud/tags.ts';
import { reversedName } from './names.ts';

export interface ZoneVpc {
  readonly region: string;
  readonly vpcId: string;
}

export interface HostedZone {
  /** Without `/hostedzone/`. */
  id: string;
  name: string;
  callerReference: string;
  comment: string | null;
  isPrivate: boolean;
  vpcs: readonly ZoneVpc[];
  nameServers: readonly string[];
  /** Of a reusable delegation set that the name servers are. */
  delegationSetId?: string;
  recordCount: number;
  tags: Tags;
}

export const hostedZones: Table<HostedZone> = table<HostedZone>('route53/hosted-zones', (zone) => zone.id, {
  callerReference: (zone) => zone.callerReference,
});

/** Reusable, by other zones too. */
export interface DelegationSet {
  /** Without `/delegationset/`. */
  id: string;
  callerReference: string;
  nameServers: readonly string[];
}

export const delegationSets: Table<DelegationSet> = table<DelegationSet>(
  'route53/delegation-sets',
  (set) => set.id,
);

/** Which zones answer for a name. Rows of the world: whoever asks, from wherever, gets the same answer. */
export interface ZoneName {
  name: string;
  zoneId: string;
  scope: string;
  isPrivate: boolean;
  vpcIds: readonly string[];
  /** Older zones come first where several have one name. */
  ordinal: number;
}

export const zoneNames: Table<ZoneName> = table<ZoneName>(
  'route53/zone-names',
  (row) => row.zoneId,
  { name: (row) => row.name },
  { settles: true },
);

export interface AliasTarget {
  readonly zoneId: string;
  /** With a dot at its end. */
  readonly dnsName: string;
  readonly evaluateTargetHealth: boolean;
}

/** Which of several record sets of one name and type is answered. */
export type Policy =
  | { readonly kind: 'simple' }
  | { readonly kind: 'weighted'; readonly weight: number }
  | { readonly kind: 'failover'; readonly role: 'PRIMARY' | 'SECONDARY' }
  | { readonly kind: 'latency'; readonly region: string }
  | { readonly kind: 'geolocation' }
  | { readonly kind: 'multivalue' };

export interface RecordSet {
  zoneId: string;
  name: string;
  type: string;
  /** '' for simple records. */
  setIdentifier: string;
  policy: Policy;
  /** `null` for aliases. */
  ttlSeconds: number | null;
  values: readonly string[];
  alias: AliasTarget | null;
  healthCheckId: string | null;
}

export function recordKey({
  zoneId,
  name,
  type,
  setIdentifier,
}: Pick<RecordSet, 'zoneId' | 'name' | 'type' | 'setIdentifier'>): string {
  return `${nameKey(zoneId, name)}${type} ${setIdentifier}`;
}

/** Keys of all record sets of a name begin with this, in the order in which Route 53 lists names. */
export function nameKey(zoneId: string, name: string): string {
  return `${zoneId} ${reversedName(name)} `;
}

/** As the API shows them. */
export const records: Table<RecordSet> = table<RecordSet>('route53/records', recordKey, {
  healthCheck: (row) => row.healthCheckId ?? undefined,
});

/** As name servers answer. */
export interface ServedRecord {
  record: RecordSet;
  /** The change that brought it there; later ones are not overtaken. */
  change: number;
}

export const served: Table<ServedRecord> = table<ServedRecord>(
  'route53/served-records',
  (row) => recordKey(row.record),
  {},
  { settles: true },
);

/** A change on its way to the name servers. */
export interface Change {
  id: string;
  ordinal: number;
  zoneId: string;
  comment: string | null;
  submittedAt: number;
  inSync: boolean;
  /** What it wrote, by key; `null` for what it took away. Empty once it has arrived. */
  written: readonly { readonly key: string; readonly record: RecordSet | null }[];
  /** The zone itself is gone with it. */
  removesZone: boolean;
}

export const changes: Table<Change> = table<Change>('route53/changes', (change) => change.id);

export type HealthCheckConfig = Input<'route53', 'CreateHealthCheck'>['HealthCheckConfig'];

export interface HealthCheck {
  id: string;
  callerReference: string;
  config: HealthCheckConfig;
  version: number;
  /** What the alarm watches, where it follows one. */
  alarm: WatchedAlarm | null;
  tags: Tags;
}

type WatchedAlarm = NonNullable<
  Output<'route53', 'GetHealthCheck'>['HealthCheck']['CloudWatchAlarmConfiguration']
>;

export const healthChecks: Table<HealthCheck> = table<HealthCheck>(
  'route53/health-checks',
  (check) => check.id,
  { callerReference: (check) => check.callerReference },
);

/** What a health check has come to. Rows of the world, so that whatever changes anywhere finds them. */
export interface Health {
  id: string;
  /** Account of the health check. */
  account: string;
  /** As records see it: inverted where that is asked for. */
  healthy: boolean;
  since: number;
}

/** A health check that changes sides changes what names are answered. */
export const healths: Table<Health> = table<Health>(
  'route53/healths',
  (row) => row.id,
  {},
  { settles: true },
);

/** What is behind the health of an endpoint or an alarm. Not part of the health itself: counting changes no answer. */
export interface Looks {
  id: string;
  account: string;
  /** A look happens at this instant and at every interval after it: the phase. */
  phaseAt: number;
  /** The instant of the last look. */
  lookedAt: number | null;
  /** What checkers have concluded, before any inversion. */
  passing: boolean;
  /** Looks in a row that say otherwise. */
  against: number;
  /** What the last look found, or the state of the alarm. */
  finding: string;
  /** When a look last failed, and what it found. */
  failedAt: number | null;
  failure: string;
}

export const looks: Table<Looks> = table<Looks>('route53/looks', (row) => row.id);

/** An id without the path that some clients put before it. */
export function plainId(id: string): string {
  return id.replace(/^\/?(hostedzone|change|delegationset)\//, '');
}

export function zoneOf(ctx: Ctx, id: string): HostedZone {
  const zone = ctx.get(hostedZones, plainId(id));
  if (!zone) throw new Fault('NoSuchHostedZone', `No hosted zone found with ID: ${plainId(id)}`);
  return zone;
}

export function healthCheckOf(ctx: Ctx, id: string): HealthCheck {
  const check = ctx.get(healthChecks, id);
  if (!check) throw new Fault('NoSuchHealthCheck', `A health check with id ${id} does not exist.`);
  return check;
}

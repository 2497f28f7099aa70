// Record sets as requests and answers of the API spell them.

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { pageSize } from './limits.ts';
import { normalName } from './names.ts';
import { nameKey, plainId, records, zoneOf } from './tables.ts';
import type { Policy, RecordSet } from './tables.ts';

type Batch = Input<'route53', 'ChangeResourceRecordSets'>['ChangeBatch'];
export type WireChange = Batch['Changes'][number];
type Wire = WireChange['ResourceRecordSet'];
type Shown = NonNullable<Output<'route53', 'ListResourceRecordSets'>['ResourceRecordSets']>[number];

const LONGEST_PAGE = 300;

/** What a request says is a record set; throws where its parts do not make one. */
export function readRecordSet(zoneId: string, { Action, ResourceRecordSet: wire }: WireChange): RecordSet {
  const { Name, Type, SetIdentifier, TTL, ResourceRecords, AliasTarget, HealthCheckId } = wire;
  const where = `Change with [Action=${Action}, Name=${Name}, Type=${Type}, SetIdentifier=${SetIdentifier ?? 'null'}]`;
  const wrong = (what: string): Fault => new Fault('InvalidInput', `Invalid request: ${what} in ${where}`);
  const name = normalName(Name);
  if (typeof name !== 'string') throw new Fault('InvalidChangeBatch', name.problem);
  const plain = TTL !== undefined && ResourceRecords !== undefined;
  if (AliasTarget ? TTL !== undefined || ResourceRecords !== undefined : !plain) {
    const found = AliasTarget ? 'more than one' : 'none';
    throw wrong(
      `Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found ${found}`,
    );
  }
  const policy = readPolicy(wire, wrong);
  return {
    zoneId,
    name,
    type: Type,
    setIdentifier: SetIdentifier ?? '',
    policy,
    ttlSeconds: TTL ?? null,
    values: ResourceRecords?.map(({ Value }) => Value) ?? [],
    alias: AliasTarget
      ? {
          zoneId: plainId(AliasTarget.HostedZoneId),
          dnsName: dotted(AliasTarget.DNSName.toLowerCase()),
          evaluateTargetHealth: AliasTarget.EvaluateTargetHealth,
        }
      : null,
    healthCheckId: HealthCheckId ?? null,
  };
}

function dotted(name: string): string {
  const normal = normalName(name);
  return typeof normal === 'string' ? normal : name;
}

const POLICIES = 'Weight, Region, Failover, GeoLocation, or MultiValueAnswer';

function readPolicy(wire: Wire, wrong: (what: string) => Fault): Policy {
  const { SetIdentifier, Weight, Region, Failover, GeoLocation, MultiValueAnswer } = wire;
  const found: Policy[] = [];
  if (Weight !== undefined) found.push({ kind: 'weighted', weight: Weight });
  if (Region !== undefined) found.push({ kind: 'latency', region: Region });
  if (Failover !== undefined) found.push({ kind: 'failover', role: Failover });
  if (GeoLocation !== undefined) found.push(readLocation(GeoLocation));
  if (MultiValueAnswer) found.push({ kind: 'multivalue' });
  if (found.length === 0 && SetIdentifier === undefined) return { kind: 'simple' };
  if (SetIdentifier === undefined) throw wrong("Missing field 'SetIdentifier'");
  const [policy] = found;
  if (!policy || found.length > 1)
    throw wrong(`Expected exactly one of [${POLICIES}], but found ${policy ? 'more than one' : 'none'}`);
  return policy;
}

function readLocation({
  ContinentCode,
  CountryCode,
  SubdivisionCode,
}: NonNullable<Wire['GeoLocation']>): Policy {
  if (CountryCode === '*' && ContinentCode === undefined && SubdivisionCode === undefined)
    return { kind: 'geolocation' };
  throw new Fault(
    'NotImplemented',
    'Geolocation records other than the default (CountryCode *) are not modelled by Sandtable: clients have no location.',
  );
}

function showRecordSet(record: RecordSet): Shown {
  const { name, type, setIdentifier, policy, ttlSeconds, values, alias, healthCheckId } = record;
  return {
    Name: name,
    Type: type as Shown['Type'],
    ...(setIdentifier === '' ? {} : { SetIdentifier: setIdentifier }),
    ...showPolicy(policy),
    ...(ttlSeconds === null ? {} : { TTL: ttlSeconds, ResourceRecords: values.map((Value) => ({ Value })) }),
    ...(alias
      ? {
          AliasTarget: {
            HostedZoneId: alias.zoneId,
            DNSName: alias.dnsName,
            EvaluateTargetHealth: alias.evaluateTargetHealth,
          },
        }
      : {}),
    ...(healthCheckId === null ? {} : { HealthCheckId: healthCheckId }),
  };
}

function showPolicy(policy: Policy): Partial<Shown> {
  switch (policy.kind) {
    case 'simple':
      return {};
    case 'weighted':
      return { Weight: policy.weight };
    case 'latency':
      return { Region: policy.region as NonNullable<Shown['Region']> };
    case 'failover':
      return { Failover: policy.role };
    case 'geolocation':
      return { GeoLocation: { CountryCode: '*' } };
    case 'multivalue':
      return { MultiValueAnswer: true };
  }
}

export const recordSetOperations: Operations<'route53'> = {
  ListResourceRecordSets(
    ctx,
    { HostedZoneId, StartRecordName, StartRecordType, StartRecordIdentifier, MaxItems },
  ) {
    const zone = zoneOf(ctx, HostedZoneId);
    const limit = pageSize(MaxItems, LONGEST_PAGE);
    if (StartRecordType !== undefined && StartRecordName === undefined)
      throw new Fault('InvalidInput', 'The input is not valid');
    if (StartRecordIdentifier !== undefined && StartRecordType === undefined)
      throw new Fault('InvalidInput', 'The input is not valid');
    const from = startOf(zone.id, StartRecordName, StartRecordType, StartRecordIdentifier);
    const found = ctx.scan(records, { prefix: `${zone.id} ` }).filter((row) => records.key(row) >= from);
    const next = found[limit];
    return {
      ResourceRecordSets: found.slice(0, limit).map(showRecordSet),
      IsTruncated: next !== undefined,
      NextRecordName: next?.name,
      NextRecordType: next?.type as Shown['Type'] | undefined,
      NextRecordIdentifier: next?.setIdentifier === '' ? undefined : next?.setIdentifier,
      MaxItems: String(limit),
    };
  },
};

function startOf(zoneId: string, name?: string, type: string = '', identifier: string = ''): string {
  if (name === undefined) return '';
  const normal = normalName(name);
  if (typeof normal !== 'string') throw new Fault('InvalidInput', normal.problem);
  return `${nameKey(zoneId, normal)}${type}${identifier === '' ? '' : ` ${identifier}`}`;
}

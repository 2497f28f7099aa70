// AWS::Route53::RecordSet and RecordSetGroup: records of a zone that is given by id or by name.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-route53-recordset.html

import type { Input, Output } from '#cloud/contracts.ts';
import { handlerFailure, provider, ResourceFailure } from '../provider.ts';
import type { Properties, Provider, TypeName, Work } from '../provider.ts';
import { arrived, awaitChange } from './propagation.ts';

type Change = Input<'route53', 'ChangeResourceRecordSets'>['ChangeBatch']['Changes'][number];
type Wire = Change['ResourceRecordSet'];
type Shown = Output<'route53', 'ListResourceRecordSets'>['ResourceRecordSets'][number];
type Single = Properties<'AWS::Route53::RecordSet'>;
type OfGroup = NonNullable<Properties<'AWS::Route53::RecordSetGroup'>['RecordSets']>[number];

interface ZoneNamed {
  readonly HostedZoneId?: string | undefined;
  readonly HostedZoneName?: string | undefined;
}

/** The zone's id. A zone that is named has to be the only one of its name. */
function zoneId<T extends TypeName>(work: Work<T>, { HostedZoneId, HostedZoneName }: ZoneNamed): string {
  // Templates may give the id as Route 53 shows it.
  if (HostedZoneId !== undefined) return HostedZoneId.replace('/hostedzone/', '');
  if (HostedZoneName === undefined)
    throw handlerFailure(work as Work, 'Either HostedZoneId or HostedZoneName must be specified.');
  if (!HostedZoneName.endsWith('.')) {
    throw handlerFailure(
      work as Work,
      `Invalid HostedZoneName ${HostedZoneName}: it must end with a trailing dot.`,
    );
  }
  const { HostedZones } = work.call('route53', 'ListHostedZonesByName', { DNSName: HostedZoneName });
  const named = HostedZones.filter(({ Name }) => Name === HostedZoneName.toLowerCase());
  const [zone] = named;
  if (!zone) throw handlerFailure(work as Work, `No hosted zones named ${HostedZoneName} found`, 'NotFound');
  if (named.length > 1) {
    throw handlerFailure(
      work as Work,
      `Found multiple hosted zones named ${HostedZoneName}; use HostedZoneId instead`,
    );
  }
  return zone.Id.replace('/hostedzone/', '');
}

/** A record set as the API takes it. */
function wireOf(properties: Single | OfGroup): Wire {
  const { Name, Type, SetIdentifier, Weight, Region, Failover, GeoLocation, MultiValueAnswer } = properties;
  const { TTL, ResourceRecords, AliasTarget, HealthCheckId } = properties;
  return {
    Name,
    Type: Type as Wire['Type'],
    SetIdentifier,
    Weight,
    Region: Region as Wire['Region'],
    Failover: Failover as Wire['Failover'],
    GeoLocation,
    MultiValueAnswer,
    TTL: TTL === undefined ? undefined : Number(TTL),
    ResourceRecords: ResourceRecords?.map((Value) => ({ Value })),
    AliasTarget: AliasTarget && {
      ...AliasTarget,
      EvaluateTargetHealth: AliasTarget.EvaluateTargetHealth ?? false,
    },
    HealthCheckId,
  };
}

/** What tells record sets of a zone apart, and what cannot be changed in place: how one is chosen. */
function identity({
  Name,
  Type,
  SetIdentifier = '',
  Weight,
  Region,
  Failover,
  GeoLocation,
  MultiValueAnswer,
}: Wire): string {
  const given = { Weight, Region, Failover, GeoLocation, MultiValueAnswer };
  const policy = Object.entries(given).filter(([, value]) => value !== undefined);
  const name = Name.toLowerCase().replace(/\.?$/, '.');
  return [name, Type, SetIdentifier, ...policy.map(([key]) => key)].join(' ');
}

function change<T extends TypeName>(
  work: Work<T>,
  HostedZoneId: string,
  Changes: readonly Change[],
  Comment: string | undefined,
): void {
  if (Changes.length === 0) return;
  const { ChangeInfo } = work.call('route53', 'ChangeResourceRecordSets', {
    HostedZoneId,
    ChangeBatch: { ...(Comment === undefined ? {} : { Comment }), Changes },
  });
  awaitChange(work, ChangeInfo);
}

/** Takes away what is no longer there, changes what stays and adds what is new, in one batch. */
function changesBetween(before: readonly Wire[], after: readonly Wire[]): Change[] {
  const [old, fresh] = [new Map(before.map((set) => [identity(set), set])), new Set(after.map(identity))];
  return [
    ...before
      .filter((set) => !fresh.has(identity(set)))
      .map((ResourceRecordSet) => ({ Action: 'DELETE', ResourceRecordSet }) as const),
    ...after
      .filter((set) => JSON.stringify(old.get(identity(set))) !== JSON.stringify(set))
      .map(
        (ResourceRecordSet) =>
          ({
            Action: old.has(identity(ResourceRecordSet)) ? 'UPSERT' : 'CREATE',
            ResourceRecordSet,
          }) as const,
      ),
  ];
}

/** The record set as the zone has it. */
function standing<T extends TypeName>(work: Work<T>, HostedZoneId: string, wanted: Wire): Shown | undefined {
  const { Name, Type, SetIdentifier } = wanted;
  const listed = work.find('route53', 'ListResourceRecordSets', {
    HostedZoneId,
    StartRecordName: Name,
    StartRecordType: Type,
    ...(SetIdentifier === undefined ? {} : { StartRecordIdentifier: SetIdentifier }),
    MaxItems: '1',
  });
  const [first] = listed?.ResourceRecordSets ?? [];
  // The policy stands in the template's own words; names may be spelled otherwise.
  const same = first && first.Type === Type && first.SetIdentifier === SetIdentifier;
  return same && first.Name.replaceAll('\\052', '*') === Name.toLowerCase().replace(/\.?$/, '.')
    ? first
    : undefined;
}

function remove<T extends TypeName>(work: Work<T>, zone: ZoneNamed, sets: readonly Wire[]): void {
  let HostedZoneId: string;
  try {
    HostedZoneId = zoneId(work, zone);
  } catch (error) {
    if (error instanceof ResourceFailure && error.code === 'NotFound') return; // The zone went before.
    throw error;
  }
  const there = sets.filter((set) => standing(work, HostedZoneId, set) !== undefined);
  change(
    work,
    HostedZoneId,
    there.map((ResourceRecordSet) => ({ Action: 'DELETE', ResourceRecordSet })),
    undefined,
  );
}

const recordSet = provider({
  type: 'AWS::Route53::RecordSet',
  refused: ['CidrRoutingConfig'],
  passedOn: ['GeoLocation'],
  create(work) {
    const { Comment, Name } = work.properties;
    const ResourceRecordSet = wireOf(work.properties);
    change(work, zoneId(work, work.properties), [{ Action: 'CREATE', ResourceRecordSet }], Comment);
    return Name.replace(/\.$/, '');
  },
  stands: arrived,
  update(work) {
    const { Comment } = work.properties;
    const before = work.previous ? [wireOf(work.previous)] : [];
    change(work, zoneId(work, work.properties), changesBetween(before, [wireOf(work.properties)]), Comment);
  },
  delete(work) {
    remove(work, work.properties, [wireOf(work.properties)]);
  },
  gone: arrived,
  read(work) {
    const there = standing(work, zoneId(work, work.properties), wireOf(work.properties));
    if (!there) return undefined;
    const { TTL, ResourceRecords, AliasTarget, Weight, Failover, Region, HealthCheckId } = there;
    return {
      TTL: TTL === undefined ? undefined : String(TTL),
      ResourceRecords: ResourceRecords?.map(({ Value }) => Value),
      AliasTarget: AliasTarget && {
        ...AliasTarget,
        DNSName: spelledAs(work.properties.AliasTarget?.DNSName, AliasTarget.DNSName),
      },
      Weight,
      Failover,
      Region,
      HealthCheckId,
    };
  },
});

/** Route 53 puts names in lower case and a dot at their end: that is no difference. */
function spelledAs(said: string | undefined, found: string): string {
  return said !== undefined && said.toLowerCase().replace(/\.?$/, '.') === found ? said : found;
}

const recordSetGroup = provider({
  type: 'AWS::Route53::RecordSetGroup',
  refused: [
    'RecordSets.CidrRoutingConfig',
    'RecordSets.GeoProximityLocation',
    'RecordSets.HostedZoneId',
    'RecordSets.HostedZoneName',
  ],
  passedOn: ['RecordSets.GeoLocation'],
  create(work) {
    const { Comment, RecordSets = [] } = work.properties;
    change(work, zoneId(work, work.properties), changesBetween([], RecordSets.map(wireOf)), Comment);
    return work.name({ longest: 128 });
  },
  stands: arrived,
  update(work) {
    const { Comment, RecordSets = [] } = work.properties;
    const before = work.previous?.RecordSets ?? [];
    change(
      work,
      zoneId(work, work.properties),
      changesBetween(before.map(wireOf), RecordSets.map(wireOf)),
      Comment,
    );
  },
  delete(work) {
    remove(work, work.properties, (work.properties.RecordSets ?? []).map(wireOf));
  },
  gone: arrived,
  attributes: ({ physicalId }) => ({ Id: physicalId }),
});

export const recordSets: readonly Provider[] = [recordSet, recordSetGroup];

import {
  CreateHostedZoneCommand,
  GetHealthCheckCommand,
  GetHostedZoneCommand,
  ListHealthChecksCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
  ListTagsForResourceCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

class ZoneStand extends ProviderStand {
  readonly route53 = this.table.client(Route53Client);

  /** `name type identifier` → what it says, without the zone's own records. */
  async records(HostedZoneId: string): Promise<Record<string, unknown>> {
    const { ResourceRecordSets = [] } = await this.route53.send(
      new ListResourceRecordSetsCommand({ HostedZoneId }),
    );
    const own = ResourceRecordSets.filter(({ Type }) => Type !== 'NS' && Type !== 'SOA');
    return Object.fromEntries(
      own.map(({ Name, Type, SetIdentifier = '', TTL, Weight, Failover, ResourceRecords }) => [
        `${Name} ${Type} ${SetIdentifier}`.trim(),
        [Weight ?? Failover ?? TTL, ...(ResourceRecords ?? []).map(({ Value }) => Value)],
      ]),
    );
  }

  async zone(Name: string, CallerReference: string = Name): Promise<string> {
    const { HostedZone } = await this.route53.send(new CreateHostedZoneCommand({ Name, CallerReference }));
    return HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
  }
}

const ref = (Ref: string) => ({ Ref });
const att = (...path: string[]) => ({ 'Fn::GetAtt': path });
const record = (more: object) => ({ Type: 'AWS::Route53::RecordSet', Properties: more });

describe('AWS::Route53::HostedZone with records', () => {
  const template = (comment: string, ...records: readonly (readonly [string, object])[]) => ({
    Resources: {
      Zone: {
        Type: 'AWS::Route53::HostedZone',
        Properties: {
          Name: 'example.com',
          HostedZoneConfig: { Comment: comment },
          HostedZoneTags: [{ Key: 'team', Value: comment }],
        },
      },
      ...Object.fromEntries(records),
    },
    Outputs: {
      Zone: { Value: ref('Zone') },
      Servers: { Value: { 'Fn::Join': [',', att('Zone', 'NameServers')] } },
    },
  });
  const www = (more: object = {}) =>
    [
      'Www',
      record({
        HostedZoneId: ref('Zone'),
        Name: 'www.example.com.',
        Type: 'A',
        TTL: '300',
        ResourceRecords: ['192.0.2.1'],
        ...more,
      }),
    ] as const;

  it('is made, changed in place and deleted with all that it holds', async () => {
    const stand = new ZoneStand();
    expect(await stand.create(template('one', www()))).toBe('CREATE_COMPLETE');
    const { Zone = '', Servers = '' } = await stand.outputs();
    expect(Zone).toMatch(/^Z[A-Z0-9]{20}$/);
    expect(Servers.split(',')).toHaveLength(4);
    expect((await stand.physicalIds())['Www']).toBe('www.example.com');
    expect(await stand.records(Zone)).toEqual({ 'www.example.com. A': [300, '192.0.2.1'] });

    expect(
      await stand.update(template('two', www({ TTL: '60', Type: 'AAAA', ResourceRecords: ['2001:db8::1'] }))),
    ).toBe('UPDATE_COMPLETE');
    expect(await stand.records(Zone)).toEqual({ 'www.example.com. AAAA': [60, '2001:db8::1'] });
    const { HostedZone } = await stand.route53.send(new GetHostedZoneCommand({ Id: Zone }));
    expect(HostedZone?.Config?.Comment).toBe('two');
    const { ResourceTagSet } = await stand.route53.send(
      new ListTagsForResourceCommand({ ResourceType: 'hostedzone', ResourceId: Zone }),
    );
    expect(ResourceTagSet?.Tags).toContainEqual({ Key: 'team', Value: 'two' });

    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    expect((await stand.route53.send(new ListHostedZonesCommand({}))).HostedZones).toEqual([]);
  });

  it('waits until the name servers have a record', async () => {
    const stand = new ZoneStand();
    await stand.create(template('one', www()));
    const events = await stand.events();
    expect(events).toContain('Www CREATE_COMPLETE');
    const before = stand.table.world.now;
    await stand.update(template('one', www({ TTL: '60' })));
    expect(stand.table.world.now - before).toBeGreaterThanOrEqual(60_000);
  });

  // As AWS took it of localstack/localstack: tests/aws/services/route53/resource_providers/test_aws_route53_recordset.py.
  it('may be named by its id as Route 53 shows it', async () => {
    const stand = new ZoneStand();
    const zone = await stand.zone('example.com');
    const Www = record({ ...www()[1].Properties, HostedZoneId: `/hostedzone/${zone}` });
    expect(await stand.create({ Resources: { Www } })).toBe('CREATE_COMPLETE');
    expect(await stand.records(zone)).toEqual({ 'www.example.com. A': [300, '192.0.2.1'] });
  });

  it('fails in Route 53’s words where a record is there already', async () => {
    const stand = new ZoneStand();
    const again = ['Again', record({ ...(www()[1].Properties as object), TTL: '30' })] as const;
    const after = { ...again[1], DependsOn: 'Www' };
    expect(await stand.create(template('one', www(), ['Again', after]))).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain(
      "[Tried to create resource record set [name='www.example.com.', type='A'] but it already exists]",
    );
  });
});

it('AWS::Route53::RecordSet finds its zone by name, weighs, and is replaced when it is renamed', async () => {
  const stand = new ZoneStand();
  const zone = await stand.zone('example.com');
  const weighted = (Name: string, SetIdentifier: string, Weight: number, value: string) =>
    record({
      HostedZoneName: 'example.com.',
      Name,
      Type: 'CNAME',
      TTL: '60',
      SetIdentifier,
      Weight,
      ResourceRecords: [value],
    });
  const template = (name: string, blue: number, green: number) => ({
    Resources: {
      Blue: weighted(name, 'blue', blue, 'blue.example.net'),
      Green: weighted(name, 'green', green, 'green.example.net'),
    },
  });
  expect(await stand.create(template('app.example.com', 100, 0))).toBe('CREATE_COMPLETE');
  expect(await stand.update(template('app.example.com', 50, 50))).toBe('UPDATE_COMPLETE');
  expect(await stand.records(zone)).toEqual({
    'app.example.com. CNAME blue': [50, 'blue.example.net'],
    'app.example.com. CNAME green': [50, 'green.example.net'],
  });
  expect(await stand.update(template('new.example.com', 50, 50))).toBe('UPDATE_COMPLETE');
  expect(Object.keys(await stand.records(zone))).toEqual([
    'new.example.com. CNAME blue',
    'new.example.com. CNAME green',
  ]);
  expect(await stand.delete()).toBe('DELETE_COMPLETE');
  expect(await stand.records(zone)).toEqual({});

  await stand.zone('example.com', 'another');
  expect(await stand.create(template('app.example.com', 1, 1))).toBe('ROLLBACK_COMPLETE');
  expect((await stand.failures())[0]).toContain('Found multiple hosted zones named example.com.');
});

it('AWS::Route53::RecordSetGroup writes its records in one batch, and takes away those it loses', async () => {
  const stand = new ZoneStand();
  const zone = await stand.zone('example.com');
  const a = (Name: string, value: string) => ({ Name, Type: 'A', TTL: '60', ResourceRecords: [value] });
  const template = (...RecordSets: object[]) => ({
    Resources: {
      Group: { Type: 'AWS::Route53::RecordSetGroup', Properties: { HostedZoneId: zone, RecordSets } },
    },
  });
  await stand.create(template(a('a.example.com', '192.0.2.1'), a('b.example.com', '192.0.2.2')));
  expect(
    await stand.update(template(a('b.example.com.', '192.0.2.9'), a('c.example.com', '192.0.2.3'))),
  ).toBe('UPDATE_COMPLETE');
  expect(await stand.records(zone)).toEqual({
    'b.example.com. A': [60, '192.0.2.9'],
    'c.example.com. A': [60, '192.0.2.3'],
  });
  expect(await stand.delete()).toBe('DELETE_COMPLETE');
  expect(await stand.records(zone)).toEqual({});
});

it('AWS::Route53::HealthCheck is updated in place, and replaced for another interval', async () => {
  const stand = new ZoneStand();
  const template = (config: object) => ({
    Resources: {
      Check: {
        Type: 'AWS::Route53::HealthCheck',
        Properties: {
          HealthCheckConfig: { Type: 'HTTP', FullyQualifiedDomainName: 'www.example.com', ...config },
          HealthCheckTags: [{ Key: 'team', Value: 'shop' }],
        },
      },
    },
    Outputs: { Id: { Value: att('Check', 'HealthCheckId') } },
  });
  expect(await stand.create(template({ ResourcePath: '/health' }))).toBe('CREATE_COMPLETE');
  const { Id = '' } = await stand.outputs();
  expect(await stand.update(template({ FailureThreshold: 5 }))).toBe('UPDATE_COMPLETE');
  expect((await stand.outputs())['Id']).toBe(Id);
  const { HealthCheck } = await stand.route53.send(new GetHealthCheckCommand({ HealthCheckId: Id }));
  expect(HealthCheck?.HealthCheckConfig).toMatchObject({ FailureThreshold: 5 });
  expect(HealthCheck?.HealthCheckConfig?.ResourcePath).toBeUndefined();
  expect(await stand.update(template({ RequestInterval: 10 }))).toBe('UPDATE_COMPLETE');
  expect((await stand.outputs())['Id']).not.toBe(Id);
  expect(await stand.delete()).toBe('DELETE_COMPLETE');
  expect((await stand.route53.send(new ListHealthChecksCommand({}))).HealthChecks).toEqual([]);
});

it('a private AWS::Route53::HostedZone is known in its VPCs', async () => {
  const stand = new ZoneStand();
  const { Vpcs = [] } = await stand.table.client(EC2Client).send(new DescribeVpcsCommand({}));
  const VPCId = Vpcs[0]?.VpcId ?? '';
  const template = (...more: string[]) => ({
    Resources: {
      ...Object.fromEntries(
        more.map((name, i) => [
          name,
          { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: `10.${i + 1}.0.0/16` } },
        ]),
      ),
      Zone: {
        Type: 'AWS::Route53::HostedZone',
        Properties: {
          Name: 'inside.example',
          VPCs: [
            { VPCId, VPCRegion: 'us-east-1' },
            ...more.map((name) => ({ VPCId: ref(name), VPCRegion: ref('AWS::Region') })),
          ],
        },
      },
    },
    Outputs: { Zone: { Value: ref('Zone') } },
  });
  expect(await stand.create(template())).toBe('CREATE_COMPLETE');
  const { Zone = '' } = await stand.outputs();
  expect(await stand.update(template('Other'))).toBe('UPDATE_COMPLETE');
  const { VPCs, HostedZone } = await stand.route53.send(new GetHostedZoneCommand({ Id: Zone }));
  expect(HostedZone?.Config?.PrivateZone).toBe(true);
  expect(VPCs?.map((vpc) => vpc.VPCId)).toEqual([VPCId, (await stand.physicalIds())['Other']]);
  expect(await stand.update(template())).toBe('UPDATE_COMPLETE');
  expect(await stand.delete()).toBe('DELETE_COMPLETE');
});

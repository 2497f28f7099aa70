import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  ChangeResourceRecordSetsCommand,
  ChangeTagsForResourceCommand,
  CreateHostedZoneCommand,
  DeleteHostedZoneCommand,
  GetAccountLimitCommand,
  GetChangeCommand,
  GetDNSSECCommand,
  GetHostedZoneCommand,
  ListHostedZonesByNameCommand,
  ListHostedZonesByVPCCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
  ListTagsForResourceCommand,
  Route53Client,
  TestDNSAnswerCommand,
  UpdateHostedZoneCommentCommand,
} from '@aws-sdk/client-route-53';
import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { aliasTo, MINUTE, plain, Route53Stand } from './test-stand.ts';

const create = (ResourceRecordSet: Parameters<Route53Stand['put']>[0]) =>
  ({ Action: 'CREATE', ResourceRecordSet }) as const;
const remove = (ResourceRecordSet: Parameters<Route53Stand['put']>[0]) =>
  ({ Action: 'DELETE', ResourceRecordSet }) as const;

describe('hosted zones', () => {
  // https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html
  it('begin with four name servers in an NS and an SOA record, and are created once by caller reference', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const { HostedZone, DelegationSet } = await stand.route53.send(
      new GetHostedZoneCommand({ Id: stand.zoneId }),
    );
    expect(HostedZone).toMatchObject({
      Id: `/hostedzone/${stand.zoneId}`,
      Name: 'example.com.',
      Config: { PrivateZone: false },
      ResourceRecordSetCount: 2,
    });
    const servers = DelegationSet?.NameServers ?? [];
    expect(servers).toHaveLength(4);
    expect(new Set(servers.map((server) => server.split('.').slice(2).join('.')))).toEqual(
      new Set(['com', 'net', 'org', 'co.uk']),
    );
    const found = await stand.records();
    expect(found.map(({ Type, TTL }) => [Type, TTL])).toEqual([
      ['NS', 172_800],
      ['SOA', 900],
    ]);
    expect(found[1]?.ResourceRecords?.[0]?.Value).toBe(
      `${servers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`,
    );
    await expect(stand.zone('example.org', 'example.com')).rejects.toMatchObject({
      name: 'HostedZoneAlreadyExists',
      message: 'A hosted zone has already been created with the specified caller reference.',
    });
  });

  it('are listed by name from the top down, commented, tagged and counted', async () => {
    const stand = new Route53Stand();
    for (const name of ['b.net', 'www.a.com', 'a.com']) await stand.zone(name);
    const byName = await stand.route53.send(new ListHostedZonesByNameCommand({ MaxItems: 2 }));
    expect(byName.HostedZones?.map(({ Name }) => Name)).toEqual(['a.com.', 'www.a.com.']);
    expect(byName).toMatchObject({ IsTruncated: true, NextDNSName: 'b.net.' });
    const rest = await stand.route53.send(
      new ListHostedZonesByNameCommand({
        DNSName: byName.NextDNSName,
        HostedZoneId: byName.NextHostedZoneId,
      }),
    );
    expect(rest.HostedZones?.map(({ Name }) => Name)).toEqual(['b.net.']);
    const first = await stand.route53.send(new ListHostedZonesCommand({ MaxItems: 2 }));
    const second = await stand.route53.send(new ListHostedZonesCommand({ Marker: first.NextMarker }));
    expect([...(first.HostedZones ?? []), ...(second.HostedZones ?? [])]).toHaveLength(3);
    await stand.route53.send(new UpdateHostedZoneCommentCommand({ Id: stand.zoneId, Comment: 'mine' }));
    const { HostedZone } = await stand.route53.send(new GetHostedZoneCommand({ Id: stand.zoneId }));
    expect(HostedZone?.Config?.Comment).toBe('mine');
    const tagged = { ResourceType: 'hostedzone', ResourceId: stand.zoneId } as const;
    await stand.route53.send(
      new ChangeTagsForResourceCommand({ ...tagged, AddTags: [{ Key: 'team', Value: 'shop' }] }),
    );
    const { ResourceTagSet } = await stand.route53.send(new ListTagsForResourceCommand(tagged));
    expect(ResourceTagSet?.Tags).toEqual([{ Key: 'team', Value: 'shop' }]);
    expect([first.Marker, second.Marker]).toEqual([undefined, first.NextMarker]);
    const limit = await stand.route53.send(new GetAccountLimitCommand({ Type: 'MAX_HOSTED_ZONES_BY_OWNER' }));
    expect(limit).toMatchObject({ Limit: { Value: 500 }, Count: 3 });
  });

  it('can be deleted only when their own records are left', async () => {
    const stand = new Route53Stand();
    const Id = await stand.zone();
    await stand.put(plain('www.example.com', 'A', ['192.0.2.1']));
    await expect(stand.route53.send(new DeleteHostedZoneCommand({ Id }))).rejects.toMatchObject({
      name: 'HostedZoneNotEmpty',
    });
    await stand.change(remove(plain('www.example.com', 'A', ['192.0.2.1'])));
    await stand.route53.send(new DeleteHostedZoneCommand({ Id }));
    expect(stand.answer('example.com', 'NS').code).toBe('NOERROR');
    stand.table.advance(MINUTE);
    expect(stand.answer('example.com', 'NS').code).toBe('REFUSED');
    await expect(stand.route53.send(new GetHostedZoneCommand({ Id }))).rejects.toMatchObject({
      name: 'NoSuchHostedZone',
      message: `No hosted zone found with ID: ${Id}`,
    });
  });

  // As AWS answered getmoto/moto: tests/test_route53/test_route53_hosted_zone_ids.py.
  it('are tagged by their plain id', async () => {
    const stand = new Route53Stand();
    const id = await stand.zone();
    const tags = (ResourceId: string) =>
      stand.route53.send(new ListTagsForResourceCommand({ ResourceType: 'hostedzone', ResourceId }));
    await expect(tags(`/hostedzone/${id}`)).rejects.toMatchObject({
      name: 'InvalidInput',
      message: `1 validation error detected: Value '/hostedzone/${id}' at 'resourceId' failed to satisfy constraint: Member must have length less than or equal to 32`,
    });
    const cut = `/hostedzone/${id}`.slice(0, 32);
    await expect(tags(cut)).rejects.toMatchObject({ name: 'NoSuchHostedZone' });
  });

  // https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetDNSSEC.html
  it('are not signed', async () => {
    const stand = new Route53Stand();
    const HostedZoneId = await stand.zone();
    const { Status, KeySigningKeys } = await stand.route53.send(new GetDNSSECCommand({ HostedZoneId }));
    expect([Status?.ServeSignature, KeySigningKeys]).toEqual(['NOT_SIGNING', []]);
  });

  it('are private to VPCs where one is given', async () => {
    const stand = new Route53Stand();
    const { Vpcs = [] } = await stand.ec2.send(new DescribeVpcsCommand({}));
    const VPCId = Vpcs[0]?.VpcId ?? '';
    const VPC = { VPCRegion: 'us-east-1', VPCId } as const;
    const { HostedZone, DelegationSet } = await stand.route53.send(
      new CreateHostedZoneCommand({ Name: 'inside.example', CallerReference: 'p', VPC }),
    );
    expect(DelegationSet).toBeUndefined();
    stand.zoneId = HostedZone?.Id ?? '';
    await stand.put(plain('db.inside.example', 'A', ['10.0.0.7']));
    expect(stand.answer('db.inside.example').code).toBe('REFUSED');
    expect(stand.answer('db.inside.example', 'A', '1', VPCId).records[0]?.data).toBe('10.0.0.7');
    const { VPCs } = await stand.route53.send(new GetHostedZoneCommand({ Id: stand.zoneId }));
    expect(VPCs).toEqual([VPC]);
    const { HostedZoneSummaries } = await stand.route53.send(new ListHostedZonesByVPCCommand(VPC));
    expect(HostedZoneSummaries?.map(({ Name }) => Name)).toEqual(['inside.example.']);
    const again = { Name: 'inside.example', CallerReference: 'q', VPC };
    await expect(stand.route53.send(new CreateHostedZoneCommand(again))).rejects.toMatchObject({
      name: 'ConflictingDomainExists',
    });
    const unknown = { ...again, VPC: { ...VPC, VPCId: 'vpc-00000000000000000' } };
    await expect(stand.route53.send(new CreateHostedZoneCommand(unknown))).rejects.toMatchObject({
      name: 'InvalidVPCId',
      message: 'The VPC ID is invalid.',
    });
  });
});

// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
describe('changes of records', () => {
  it('are PENDING until the name servers have them, within 60 seconds', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const Id = await stand.change(create(plain('www.example.com', 'A', ['192.0.2.1'])));
    const status = async () => (await stand.route53.send(new GetChangeCommand({ Id }))).ChangeInfo?.Status;
    expect(await status()).toBe('PENDING');
    expect(await stand.records()).toHaveLength(3);
    stand.table.advance(59_999);
    expect(stand.answer('www.example.com').code).toBe('NXDOMAIN');
    stand.table.advance(1);
    expect(await status()).toBe('INSYNC');
    expect(stand.answer('www.example.com').records).toEqual([
      { name: 'www.example.com.', type: 'A', ttlSeconds: 300, data: '192.0.2.1' },
    ]);
  });

  // As AWS answered getmoto/moto: tests/test_route53/test_route53.py.
  it('are refused at once for an action or a character that there is not', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const set = plain('www.example.com', 'A', ['192.0.2.1']);
    await expect(
      stand.change({ Action: 'INVALID' as 'CREATE', ResourceRecordSet: set }),
    ).rejects.toMatchObject({
      name: 'InvalidInput',
      message:
        "Invalid XML ; cvc-enumeration-valid: Value 'INVALID' is not facet-valid with respect to enumeration '[CREATE, DELETE, UPSERT]'. It must be a value from the enumeration.",
    });
    const problem =
      "FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with ' '";
    await expect(stand.change(create({ Name: 'w w.example.com', Type: 'TXT' }))).rejects.toMatchObject({
      name: 'InvalidChangeBatch',
      message: problem,
    });
    const list = { HostedZoneId: stand.zoneId, StartRecordName: 'w w.example.com' };
    await expect(stand.route53.send(new ListResourceRecordSetsCommand(list))).rejects.toThrow(problem);
  });

  it('happen all or not at all, and name everything that is wrong', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const www = plain('WWW.example.com', 'A', ['192.0.2.1']);
    await stand.put(www);
    const failing = stand.change(
      create(plain('new.example.com', 'A', ['192.0.2.9'])),
      create(www),
      remove(plain('old.example.com', 'A', ['192.0.2.1'])),
      remove(plain('www.example.com', 'A', ['192.0.2.2'])),
      create(plain('www.example.org', 'A', ['192.0.2.1'])),
      create(plain('bad.example.com', 'A', ['192.0.2.256'])),
    );
    await expect(failing).rejects.toMatchObject({
      name: 'InvalidChangeBatch',
      message:
        "[Tried to create resource record set [name='www.example.com.', type='A'] but it already exists, " +
        "Tried to delete resource record set [name='old.example.com.', type='A'] but it was not found, " +
        "Tried to delete resource record set [name='www.example.com.', type='A'] but the values provided do not match the current values, " +
        'RRSet with DNS name www.example.org. is not permitted in zone example.com., ' +
        "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '192.0.2.256'']",
    });
    expect(await stand.records()).toHaveLength(3);
  });

  // https://repost.aws/knowledge-center/troubleshoot-route53-resource-record
  it.each([
    [
      plain('example.com', 'CNAME', ['example.org']),
      'RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.',
    ],
    [
      plain('www.example.com', 'CNAME', ['example.org']),
      'RRSet of type CNAME with DNS name www.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com.',
    ],
    [
      plain('c.example.com', 'A', ['192.0.2.1']),
      'RRSet of type A with DNS name c.example.com. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.com.',
    ],
    [
      plain('www.example.com', 'A', ['192.0.2.1'], { SetIdentifier: 'blue', Weight: 1 }),
      'RRSet with DNS name www.example.com., type A, SetIdentifier blue cannot be created as a non-weighted set exists with the same name and type.',
    ],
    [
      plain('w.example.com', 'A', ['192.0.2.1']),
      'RRSet with DNS name w.example.com., type A cannot be created as other RRSets exist with the same name and type.',
    ],
    [
      {
        Name: 'x.example.com',
        Type: 'A' as const,
        AliasTarget: {
          HostedZoneId: 'Z35SXDOTRQ7X7K',
          DNSName: 'gone-1.us-east-1.elb.amazonaws.com',
          EvaluateTargetHealth: false,
        },
      },
      'Tried to create an alias that targets gone-1.us-east-1.elb.amazonaws.com., type A in zone Z35SXDOTRQ7X7K, but that target was not found',
    ],
    [
      plain('t.example.com', 'TXT', ['bare']),
      "Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks) encountered with 'bare''",
    ],
  ])('are refused in AWS’s words: %#', async (set, message) => {
    const stand = new Route53Stand();
    await stand.zone();
    await stand.put(
      plain('www.example.com', 'A', ['192.0.2.1']),
      plain('c.example.com', 'CNAME', ['example.org']),
      plain('w.example.com', 'A', ['192.0.2.1'], { SetIdentifier: 'blue', Weight: 1 }),
    );
    await expect(stand.change(create(set))).rejects.toMatchObject({
      name: 'InvalidChangeBatch',
      message: `[${message}]`,
    });
  });

  it('need a set identifier with a routing policy, and either values or an alias', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const at = 'in Change with [Action=CREATE, Name=a.example.com, Type=A, SetIdentifier=';
    await expect(
      stand.change(create(plain('a.example.com', 'A', ['192.0.2.1'], { Weight: 1 }))),
    ).rejects.toMatchObject({
      name: 'InvalidInput',
      message: `Invalid request: Missing field 'SetIdentifier' ${at}null]`,
    });
    await expect(stand.change(create({ Name: 'a.example.com', Type: 'A' }))).rejects.toMatchObject({
      name: 'InvalidInput',
      message: `Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none ${at}null]`,
    });
  });

  // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-weighted.html
  it('give all weighted records of a name the TTL that was given last', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const set = (SetIdentifier: string, TTL: number) =>
      plain('w.example.com', 'A', ['192.0.2.1'], { SetIdentifier, Weight: 1, TTL });
    await stand.put(set('blue', 300), set('green', 60));
    const ttls = (await stand.records()).filter(({ Type }) => Type === 'A').map(({ TTL }) => TTL);
    expect(ttls).toEqual([60, 60]);
  });

  it('keep the zone’s own records', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const [ns] = await stand.records();
    await expect(stand.change(remove(ns as never))).rejects.toMatchObject({
      message: '[A HostedZone must contain at least one NS record for the zone itself.]',
    });
  });
});

// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html
it('lets policies say which records may be changed, and how', async () => {
  const stand = new Route53Stand();
  const zone = await stand.zone();
  const iam = stand.table.client(IAMClient);
  const Condition = {
    'ForAllValues:StringLike': { 'route53:ChangeResourceRecordSetsNormalizedRecordNames': ['*.example.com'] },
    'ForAllValues:StringEquals': { 'route53:ChangeResourceRecordSetsActions': ['UPSERT'] },
  };
  const Resource = `arn:aws:route53:::hostedzone/${zone}`;
  const Action = 'route53:ChangeResourceRecordSets';
  const Statement = [{ Effect: 'Allow', Action, Resource, Condition }];
  await iam.send(new CreateUserCommand({ UserName: 'ann' }));
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName: 'ann', PolicyName: 'dns', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  const ann = stand.table.client(Route53Client, { credentials: { accessKeyId, secretAccessKey } });
  const change = (Action: 'CREATE' | 'UPSERT', name: string) => {
    const Changes = [{ Action, ResourceRecordSet: plain(name, 'TXT', ['"x"']) }];
    return ann.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes } }));
  };
  await change('UPSERT', 'WWW.example.com.');
  await expect(change('CREATE', 'new.example.com')).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(change('UPSERT', 'example.com')).rejects.toMatchObject({ name: 'AccessDenied' });
});

// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html
it('lists record sets by reversed name, then type and identifier, page by page', async () => {
  const stand = new Route53Stand();
  await stand.zone();
  await stand.put(
    plain('z.example.com', 'A', ['192.0.2.1']),
    plain('*.example.com', 'A', ['192.0.2.1']),
    plain('b.a.example.com', 'TXT', ['"x"']),
    plain('a.example.com', 'A', ['192.0.2.1'], { SetIdentifier: 'two', Weight: 1 }),
    plain('a.example.com', 'A', ['192.0.2.1'], { SetIdentifier: 'one', Weight: 1 }),
    plain('a.example.com', 'AAAA', ['2001:db8::1']),
  );
  const seen: string[] = [];
  let from = {};
  for (;;) {
    const page = await stand.route53.send(
      new ListResourceRecordSetsCommand({ HostedZoneId: stand.zoneId, MaxItems: 3, ...from }),
    );
    for (const { Name, Type, SetIdentifier = '' } of page.ResourceRecordSets ?? [])
      seen.push(`${Name} ${Type} ${SetIdentifier}`.trim());
    if (!page.IsTruncated) break;
    from = {
      StartRecordName: page.NextRecordName,
      StartRecordType: page.NextRecordType,
      StartRecordIdentifier: page.NextRecordIdentifier,
    };
  }
  expect(seen).toEqual([
    'example.com. NS',
    'example.com. SOA',
    '\\052.example.com. A',
    'a.example.com. A one',
    'a.example.com. A two',
    'a.example.com. AAAA',
    'b.a.example.com. TXT',
    'z.example.com. A',
  ]);
});

describe('answers', () => {
  it('follow CNAME records and aliases, and fall back to an asterisk', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    await stand.put(
      plain('a.example.com', 'A', ['192.0.2.1'], { TTL: 30 }),
      plain('c.example.com', 'CNAME', ['a.example.com']),
      plain('*.wild.example.com', 'A', ['192.0.2.2']),
    );
    await stand.put({
      Name: 'example.com',
      Type: 'A',
      AliasTarget: { HostedZoneId: stand.zoneId, DNSName: 'a.example.com', EvaluateTargetHealth: true },
    });
    expect(stand.answer('c.example.com').records.map(({ type, data }) => [type, data])).toEqual([
      ['CNAME', 'a.example.com'],
      ['A', '192.0.2.1'],
    ]);
    expect(stand.answer('example.com').records).toEqual([
      { name: 'example.com.', type: 'A', ttlSeconds: 30, data: '192.0.2.1' },
    ]);
    expect(stand.answer('x.y.wild.example.com').records[0]?.data).toBe('192.0.2.2');
    expect(stand.answer('a.example.com', 'MX')).toMatchObject({ code: 'NOERROR', records: [] });
    expect(stand.answer('wild.example.com')).toMatchObject({ code: 'NOERROR', records: [] });
    expect(stand.answer('none.example.com')).toMatchObject({
      code: 'NXDOMAIN',
      authority: [{ type: 'SOA', ttlSeconds: 900 }],
    });
    const test = await stand.route53.send(
      new TestDNSAnswerCommand({ HostedZoneId: stand.zoneId, RecordName: 'a.example.com', RecordType: 'A' }),
    );
    expect(test).toMatchObject({ RecordData: ['192.0.2.1'], ResponseCode: 'NOERROR', Protocol: 'UDP' });
  });

  // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html
  it('are weighted: none for weight 0, all alike where every weight is 0', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const weigh = (...weights: number[]) =>
      weights.map((Weight, i) =>
        plain('w.example.com', 'A', [`192.0.2.${i + 1}`], { SetIdentifier: `set-${i + 1}`, Weight }),
      );
    const shares = () => stand.choices('w.example.com')?.map(({ share, sets }) => [sets[0], share]);
    await stand.put(...weigh(1, 3, 0));
    expect(shares()).toEqual([
      ['set-1', 0.25],
      ['set-2', 0.75],
    ]);
    const answers = Array.from({ length: 400 }, (_, i) => stand.answer('w.example.com', 'A', String(i)));
    const second = answers.filter(({ records }) => records[0]?.data === '192.0.2.2').length;
    expect(Math.abs(second - 300)).toBeLessThan(40);
    await stand.put(...weigh(0, 0, 0));
    expect(shares()?.map(([, share]) => share)).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });

  it('of multivalue records hold up to eight values in random order', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const sets = Array.from({ length: 10 }, (_, i) =>
      plain('m.example.com', 'A', [`192.0.2.${i}`], { SetIdentifier: `s${i}`, MultiValueAnswer: true }),
    );
    await stand.put(...sets);
    const [one, other] = ['1', '2'].map((key) => stand.answer('m.example.com', 'A', key).records);
    expect(new Set(one?.map(({ data }) => data)).size).toBe(8);
    expect(one).not.toEqual(other);
  });

  it('by latency are those of the asker’s region, else of one nearby', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const at = (Region: 'us-east-1' | 'eu-west-1') =>
      plain('l.example.com', 'A', [Region === 'us-east-1' ? '192.0.2.1' : '192.0.2.2'], {
        SetIdentifier: Region,
        Region,
      });
    await stand.put(at('us-east-1'), at('eu-west-1'));
    expect(stand.choices('l.example.com', 'us-east-1')?.[0]?.sets).toEqual(['us-east-1']);
    expect(stand.choices('l.example.com', 'eu-central-1')?.[0]?.sets).toEqual(['eu-west-1']);
  });

  it('for an alias to a load balancer are its addresses, for 60 seconds', async () => {
    const stand = new Route53Stand();
    await stand.zone();
    const blue = await stand.balancer('blue', { fixed: '200' });
    await stand.put(aliasTo({ ...blue, host: `dualstack.${blue.host}` }, 'www.example.com'));
    const { records } = stand.answer('www.example.com');
    expect(records.map(({ name, ttlSeconds }) => [name, ttlSeconds])).toEqual([
      ['www.example.com.', 60],
      ['www.example.com.', 60],
    ]);
    expect(records.every(({ data }) => data.startsWith('198.18.'))).toBe(true);
    expect(stand.choices('www.example.com')).toMatchObject([{ share: 1, host: blue.host, ttlSeconds: 60 }]);
    expect(
      stand
        .answer(blue.host)
        .records.map(({ data }) => data)
        .toSorted(),
    ).toEqual(records.map(({ data }) => data).toSorted());
    expect(stand.answer('www.example.com', 'AAAA')).toMatchObject({ code: 'NOERROR', records: [] });
  });
});

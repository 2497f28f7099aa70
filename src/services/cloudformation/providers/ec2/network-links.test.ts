// What leads out of a VPC and what is plugged into it, from templates. What `Ref` and `Fn::GetAtt` give is from
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html (one page for each type).

import {
  DescribeAddressesCommand,
  DescribeDhcpOptionsCommand,
  DescribeManagedPrefixListsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpcsCommand,
  GetManagedPrefixListEntriesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';
import type { TemplateParts } from '../test-stand.ts';
import { att, created, output, ref, resource, subnet, updated, vpc } from './test-network.ts';

let stand: ProviderStand;
let ec2: EC2Client;

beforeEach(() => {
  stand = new ProviderStand();
  ec2 = stand.table.client(EC2Client);
});

describe('a VPC endpoint', () => {
  const template = (more: Record<string, object>, tables: object[] = [ref('Table')]): TemplateParts => ({
    Resources: {
      Vpc: vpc({ EnableDnsHostnames: true }),
      Private: subnet('10.0.0.0/24'),
      Table: resource('RouteTable', { VpcId: ref('Vpc') }),
      Storage: resource('VPCEndpoint', {
        VpcId: ref('Vpc'),
        ServiceName: { 'Fn::Sub': 'com.amazonaws.${AWS::Region}.s3' },
        RouteTableIds: tables,
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Action: '*', Effect: 'Allow', Resource: '*', Principal: '*' }],
        },
      }),
      ...more,
    },
  });
  const signals = (more: object): object =>
    resource('VPCEndpoint', {
      VpcId: ref('Vpc'),
      VpcEndpointType: 'Interface',
      ServiceName: { 'Fn::Sub': 'com.amazonaws.${AWS::Region}.cloudformation' },
      SubnetIds: [ref('Private')],
      ...more,
    });

  it('stands in route tables, or in subnets with interfaces and without private DNS unless asked for', async () => {
    const ids = await created(stand, {
      ...template({ Signals: signals({}) }),
      Outputs: { Interface: output({ 'Fn::Select': [0, att('Signals', 'NetworkInterfaceIds')] }) },
    });
    const endpoint = async (id: string | undefined): Promise<object | undefined> =>
      (await ec2.send(new DescribeVpcEndpointsCommand({ VpcEndpointIds: [id ?? ''] }))).VpcEndpoints?.[0];
    expect(await endpoint(ids['Storage'])).toMatchObject({
      RouteTableIds: [ids['Table']],
      State: 'available',
    });
    expect(await endpoint(ids['Signals'])).toMatchObject({ PrivateDnsEnabled: false, State: 'available' });
    expect((await stand.outputs())['Interface']).toMatch(/^eni-/);
    const after = await updated(stand, template({ Signals: signals({ PrivateDnsEnabled: true }) }, []));
    expect(after).toEqual(ids);
    expect(await endpoint(ids['Storage'])).toMatchObject({ RouteTableIds: [] });
    expect(await endpoint(ids['Signals'])).toMatchObject({ PrivateDnsEnabled: true });
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });

  it('is refused with a policy that narrows it', async () => {
    const status = await stand.create(
      template({
        Signals: signals({
          PolicyDocument: { Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: '*' }] },
        }),
      }),
    );
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures()).join()).toContain('other than full access is not modelled');
  });
});

describe('DHCP options', () => {
  const template = (more: Record<string, object>): TemplateParts => ({
    Resources: {
      Vpc: vpc(),
      One: resource('DHCPOptions', { DomainName: 'example.com', DomainNameServers: ['AmazonProvidedDNS'] }),
      Other: resource('DHCPOptions', { NtpServers: ['169.254.169.123'] }),
      ...more,
    },
  });
  const used = (name: string): object =>
    resource('VPCDHCPOptionsAssociation', { VpcId: ref('Vpc'), DhcpOptionsId: ref(name) });

  it('are those of a VPC, others take their place, and none are left in the end', async () => {
    const first = await created(stand, template({ Use: used('One') }));
    const optionsOf = async (): Promise<string | undefined> =>
      (await ec2.send(new DescribeVpcsCommand({ VpcIds: [first['Vpc'] ?? ''] }))).Vpcs?.[0]?.DhcpOptionsId;
    expect(first['Use']).toBe(`${first['One']}|${first['Vpc']}`);
    expect(await optionsOf()).toBe(first['One']);
    const { DhcpOptions } = await ec2.send(
      new DescribeDhcpOptionsCommand({ DhcpOptionsIds: [first['One'] ?? ''] }),
    );
    expect(DhcpOptions?.[0]?.DhcpConfigurations).toEqual([
      { Key: 'domain-name', Values: [{ Value: 'example.com' }] },
      { Key: 'domain-name-servers', Values: [{ Value: 'AmazonProvidedDNS' }] },
    ]);
    await updated(stand, template({ Use: used('Other') }));
    expect(await optionsOf()).toBe(first['Other']);
    await updated(stand, template({}));
    expect(await optionsOf()).toBe('default');
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });
});

describe('a peering connection', () => {
  const template = (CidrBlock: string): TemplateParts => ({
    Resources: {
      Vpc: vpc(),
      Peer: resource('VPC', { CidrBlock }),
      Peering: resource('VPCPeeringConnection', { VpcId: ref('Vpc'), PeerVpcId: ref('Peer') }),
      Table: resource('RouteTable', { VpcId: ref('Vpc') }),
      There: resource('Route', {
        RouteTableId: ref('Table'),
        DestinationCidrBlock: CidrBlock,
        VpcPeeringConnectionId: ref('Peering'),
      }),
    },
  });

  it('is accepted by itself within an account', async () => {
    const { Peering = '', Table = '' } = await created(stand, template('10.1.0.0/16'));
    const VpcPeeringConnectionIds = [Peering];
    const found = await ec2.send(new DescribeVpcPeeringConnectionsCommand({ VpcPeeringConnectionIds }));
    expect(found.VpcPeeringConnections?.[0]?.Status?.Code).toBe('active');
    const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [Table] }));
    expect(RouteTables?.[0]?.Routes?.[1]).toMatchObject({ VpcPeeringConnectionId: Peering, State: 'active' });
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });

  it('fails between VPCs whose blocks overlap', async () => {
    expect(await stand.create(template('10.0.128.0/17'))).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain('overlapping CIDR range');
  });
});

describe('a prefix list', () => {
  const list = (MaxEntries: number, ...cidrs: string[]): TemplateParts => ({
    Resources: {
      List: resource('PrefixList', {
        PrefixListName: 'offices',
        AddressFamily: 'IPv4',
        MaxEntries,
        Entries: cidrs.map((Cidr) => ({ Cidr })),
      }),
    },
    Outputs: { Version: output(att('List', 'Version')), Arn: output(att('List', 'Arn')) },
  });

  it('grows and shrinks in place, each change of entries a version', async () => {
    const { List = '' } = await created(stand, list(1, '192.0.2.0/24'));
    expect(await stand.outputs()).toEqual({
      Version: '1',
      Arn: `arn:aws:ec2:us-east-1:000000000000:prefix-list/${List}`,
    });
    expect(await updated(stand, list(2, '198.51.100.0/24', '203.0.113.0/24'))).toEqual({ List });
    const { Entries } = await ec2.send(new GetManagedPrefixListEntriesCommand({ PrefixListId: List }));
    expect(Entries).toEqual([{ Cidr: '198.51.100.0/24' }, { Cidr: '203.0.113.0/24' }]);
    const { PrefixLists } = await ec2.send(new DescribeManagedPrefixListsCommand({ PrefixListIds: [List] }));
    expect(PrefixLists).toMatchObject([{ MaxEntries: 2, Version: 2 }]);
    expect(PrefixLists?.[0]?.Tags?.filter(({ Key }) => Key?.startsWith('aws:'))).toEqual([]);
    await updated(stand, list(1, '203.0.113.0/24'));
    expect((await stand.outputs())['Version']).toBe('3');
  });
});

describe('a network interface', () => {
  it('goes to an instance beside its first one, and comes back', async () => {
    const base = {
      Vpc: vpc(),
      Private: subnet('10.0.0.0/24'),
      Group: resource('SecurityGroup', { GroupDescription: 'card', VpcId: ref('Vpc') }),
      Card: resource('NetworkInterface', {
        SubnetId: ref('Private'),
        PrivateIpAddress: '10.0.0.50',
        GroupSet: [ref('Group')],
        SourceDestCheck: false,
      }),
      Box: resource('Instance', {
        ImageId: '{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}',
        InstanceType: 't3.micro',
        SubnetId: ref('Private'),
      }),
    };
    const Plug = resource('NetworkInterfaceAttachment', {
      InstanceId: ref('Box'),
      NetworkInterfaceId: ref('Card'),
      DeviceIndex: '1',
    });
    const { Card = '', Box } = await created(stand, {
      Resources: { ...base, Plug },
      Outputs: { Ip: output(att('Card', 'PrimaryPrivateIpAddress')) },
    });
    expect(await stand.outputs()).toEqual({ Ip: '10.0.0.50' });
    const card = async (): Promise<object | undefined> =>
      (await ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [Card] })))
        .NetworkInterfaces?.[0];
    expect(await card()).toMatchObject({
      Status: 'in-use',
      SourceDestCheck: false,
      Attachment: { InstanceId: Box, DeviceIndex: 1, DeleteOnTermination: true },
    });
    await updated(stand, { Resources: base });
    expect(await card()).toMatchObject({ Status: 'available', PrivateIpAddress: '10.0.0.50' });
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });

  it("can be an instance's first one, and outlives it", async () => {
    const Card = resource('NetworkInterface', { SubnetId: ref('Private') });
    const network = { Vpc: vpc(), Private: subnet('10.0.0.0/24'), Card };
    const ids = await created(stand, {
      Resources: {
        ...network,
        Box: resource('Instance', {
          ImageId: '{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}',
          InstanceType: 't3.micro',
          NetworkInterfaces: [{ NetworkInterfaceId: ref('Card'), DeviceIndex: '0' }],
        }),
      },
    });
    await updated(stand, { Resources: network });
    const NetworkInterfaceIds = [ids['Card'] ?? ''];
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds }),
    );
    expect(NetworkInterfaces).toMatchObject([{ Status: 'available' }]);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });

  it('has further private addresses, on which Elastic IP addresses lie', async () => {
    const place = (at: number): object => ({
      'Fn::Select': [at, att('Card', 'SecondaryPrivateIpAddresses')],
    });
    const on = (at: number): object =>
      resource('EIPAssociation', {
        AllocationId: att('Address', 'AllocationId'),
        NetworkInterfaceId: ref('Card'),
        PrivateIpAddress: place(at),
      });
    const template = (at: number): Record<string, object> => ({
      Vpc: vpc(),
      Private: subnet('10.0.0.0/24'),
      Card: resource('NetworkInterface', { SubnetId: ref('Private'), SecondaryPrivateIpAddressCount: 2 }),
      Address: resource('EIP', { Domain: 'vpc' }),
      On: on(at),
    });
    const there = async (): Promise<string | undefined> =>
      (await ec2.send(new DescribeAddressesCommand({}))).Addresses?.[0]?.PrivateIpAddress;
    await created(stand, { Resources: template(0), Outputs: { Second: output(place(1)) } });
    const first = await there();
    await updated(stand, { Resources: template(1), Outputs: { Second: output(place(1)) } });
    expect(await there()).not.toBe(first);
    expect(await there()).toBe((await stand.outputs())['Second']);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });
});

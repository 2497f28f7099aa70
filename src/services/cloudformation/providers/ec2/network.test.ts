// VPCs from templates, through CloudFormation and EC2's own API. What `Ref` and `Fn::GetAtt` give is from
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html (one page for each type).

import {
  DescribeAddressesCommand,
  DescribeInternetGatewaysCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';
import type { TemplateParts } from '../test-stand.ts';
import { att, created, drifts, output, ref, resource, subnet, tag, updated, vpc } from './test-network.ts';

let stand: ProviderStand;
let ec2: EC2Client;

beforeEach(() => {
  stand = new ProviderStand();
  ec2 = stand.table.client(EC2Client);
});

/** A public and a private subnet, the private one behind a NAT gateway. */
function twoTiers(more: Record<string, object> = {}): TemplateParts {
  return {
    Resources: {
      Vpc: vpc({
        EnableDnsSupport: true,
        EnableDnsHostnames: true,
        InstanceTenancy: 'default',
        Tags: tag('net'),
      }),
      Gateway: resource('InternetGateway', { Tags: tag('out') }),
      Attachment: resource('VPCGatewayAttachment', { VpcId: ref('Vpc'), InternetGatewayId: ref('Gateway') }),
      Public: subnet('10.0.0.0/24', {
        MapPublicIpOnLaunch: true,
        AssignIpv6AddressOnCreation: false,
        PrivateDnsNameOptionsOnLaunch: { HostnameType: 'ip-name' },
      }),
      Private: subnet('10.0.1.0/24'),
      PublicTable: resource('RouteTable', { VpcId: ref('Vpc') }),
      PrivateTable: resource('RouteTable', { VpcId: ref('Vpc') }),
      ToInternet: resource(
        'Route',
        { RouteTableId: ref('PublicTable'), DestinationCidrBlock: '0.0.0.0/0', GatewayId: ref('Gateway') },
        { DependsOn: 'Attachment' },
      ),
      Address: resource('EIP', { Domain: 'vpc' }, { DependsOn: 'Attachment' }),
      Nat: resource('NatGateway', { AllocationId: att('Address', 'AllocationId'), SubnetId: ref('Public') }),
      ToNat: resource('Route', {
        RouteTableId: ref('PrivateTable'),
        DestinationCidrBlock: '0.0.0.0/0',
        NatGatewayId: ref('Nat'),
      }),
      OfPublic: resource('SubnetRouteTableAssociation', {
        SubnetId: ref('Public'),
        RouteTableId: ref('PublicTable'),
      }),
      OfPrivate: resource('SubnetRouteTableAssociation', {
        SubnetId: ref('Private'),
        RouteTableId: ref('PrivateTable'),
      }),
      ...more,
    },
    Outputs: {
      Cidr: output(att('Vpc', 'CidrBlock')),
      Group: output(att('Vpc', 'DefaultSecurityGroup')),
      Acl: output(att('Vpc', 'DefaultNetworkAcl')),
      Zone: output(att('Private', 'AvailabilityZone')),
      Ip: output(ref('Address')),
      Allocation: output(att('Address', 'AllocationId')),
    },
  };
}

describe('a VPC of two tiers', () => {
  it("stands with its routes, and its references are AWS's", async () => {
    const ids = await created(stand, twoTiers());
    const { Vpc, Nat, PrivateTable, Gateway, Private } = ids;
    expect(ids).toMatchObject({
      Attachment: `IGW|${Vpc}`,
      ToNat: `${PrivateTable}|0.0.0.0/0`,
      Address: expect.stringMatching(/^3\.\d+\.\d+\.\d+$/),
      OfPublic: expect.stringMatching(/^rtbassoc-/),
    });
    const outputs = await stand.outputs();
    expect(outputs).toMatchObject({ Cidr: '10.0.0.0/16', Zone: 'us-east-1a', Ip: ids['Address'] });
    const { SecurityGroups } = await ec2.send(
      new DescribeSecurityGroupsCommand({ GroupIds: [outputs['Group'] ?? ''] }),
    );
    expect(SecurityGroups).toMatchObject([{ GroupName: 'default', VpcId: Vpc }]);
    expect(outputs['Acl']).toMatch(/^acl-/);
    const { NatGateways } = await ec2.send(new DescribeNatGatewaysCommand({ NatGatewayIds: [Nat ?? ''] }));
    expect(NatGateways).toMatchObject([
      { State: 'available', NatGatewayAddresses: [{ AllocationId: outputs['Allocation'] }] },
    ]);
    const { RouteTables } = await ec2.send(
      new DescribeRouteTablesCommand({
        Filters: [{ Name: 'association.subnet-id', Values: [Private ?? ''] }],
      }),
    );
    expect(RouteTables?.[0]).toMatchObject({
      RouteTableId: PrivateTable,
      Routes: [{ GatewayId: 'local' }, { NatGatewayId: Nat, State: 'active' }],
    });
    const { InternetGateways } = await ec2.send(
      new DescribeInternetGatewaysCommand({ InternetGatewayIds: [Gateway ?? ''] }),
    );
    expect(InternetGateways?.[0]?.Attachments).toMatchObject([{ VpcId: Vpc }]);
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [Vpc ?? ''] }));
    expect(Vpcs?.[0]?.Tags).toContainEqual({ Key: 'aws:cloudformation:logical-id', Value: 'Vpc' });
  });

  it('goes without a rest', async () => {
    await created(stand, twoTiers());
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({}));
    expect(Vpcs).toMatchObject([{ IsDefault: true }]);
    const { Addresses } = await ec2.send(new DescribeAddressesCommand({}));
    expect(Addresses).toEqual([]);
    const { NetworkInterfaces } = await ec2.send(new DescribeNetworkInterfacesCommand({}));
    expect(NetworkInterfaces).toEqual([]);
    const { InternetGateways } = await ec2.send(new DescribeInternetGatewaysCommand({}));
    expect(InternetGateways).toHaveLength(1);
  });

  it('changes in place: attributes, tags and the target of a route', async () => {
    const before = await created(stand, twoTiers());
    const after = await updated(
      stand,
      twoTiers({
        Vpc: vpc({ EnableDnsHostnames: false, Tags: tag('other') }),
        Public: subnet('10.0.0.0/24', { Tags: tag('front') }),
        ToNat: resource('Route', {
          RouteTableId: ref('PrivateTable'),
          DestinationCidrBlock: '0.0.0.0/0',
          GatewayId: ref('Gateway'),
        }),
      }),
    );
    expect(after).toEqual(before);
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [after['Public'] ?? ''] }));
    expect(Subnets?.[0]?.MapPublicIpOnLaunch).toBe(false);
    expect(Subnets?.[0]?.Tags).toContainEqual({ Key: 'Name', Value: 'front' });
    const { RouteTables } = await ec2.send(
      new DescribeRouteTablesCommand({ RouteTableIds: [after['PrivateTable'] ?? ''] }),
    );
    expect(RouteTables?.[0]?.Routes?.[1]).toMatchObject({ GatewayId: after['Gateway'] });
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
  it('is in sync with its template, each part of it', async () => {
    const group = resource('SecurityGroup', { GroupDescription: 'all', VpcId: ref('Vpc') });
    const ids = await created(
      stand,
      twoTiers({
        Group: group,
        Rule: resource('SecurityGroupIngress', {
          GroupId: ref('Group'),
          IpProtocol: '-1',
          CidrIp: '10.0.0.0/8',
        }),
        Acl: resource('NetworkAcl', { VpcId: ref('Vpc'), Tags: tag('wall') }),
        Entry: resource('NetworkAclEntry', {
          NetworkAclId: ref('Acl'),
          RuleNumber: 100,
          Protocol: 6,
          RuleAction: 'allow',
          CidrBlock: '0.0.0.0/0',
          PortRange: { From: 443, To: 443 },
        }),
        OfAcl: resource('SubnetNetworkAclAssociation', {
          SubnetId: ref('Private'),
          NetworkAclId: ref('Acl'),
        }),
        More: resource('VPCCidrBlock', { VpcId: ref('Vpc'), CidrBlock: '10.1.0.0/16' }),
        Options: resource('DHCPOptions', { DomainName: 'example.com', NtpServers: ['10.0.0.5', '10.0.0.4'] }),
        Use: resource('VPCDHCPOptionsAssociation', { VpcId: ref('Vpc'), DhcpOptionsId: ref('Options') }),
        List: resource('PrefixList', {
          PrefixListName: 'offices',
          AddressFamily: 'IPv4',
          MaxEntries: 3,
          Entries: [{ Cidr: '203.0.113.0/24', Description: 'one' }, { Cidr: '192.0.2.0/24' }],
        }),
        Storage: resource('VPCEndpoint', {
          VpcId: ref('Vpc'),
          ServiceName: 'com.amazonaws.us-east-1.s3',
          RouteTableIds: [ref('PublicTable'), ref('PrivateTable')],
        }),
        Peer: resource('VPC', { CidrBlock: '10.9.0.0/16' }),
        Peering: resource('VPCPeeringConnection', { VpcId: ref('Vpc'), PeerVpcId: ref('Peer') }),
        Card: resource('NetworkInterface', { SubnetId: ref('Private'), GroupSet: [ref('Group')] }),
      }),
    );
    const inSync = Object.fromEntries(Object.keys(ids).map((name) => [name, 'IN_SYNC']));
    expect(await drifts(stand)).toEqual(inSync);
  });

  it('moves a subnet to another route table without leaving it alone', async () => {
    const before = await created(stand, twoTiers());
    const after = await updated(
      stand,
      twoTiers({
        OfPrivate: resource('SubnetRouteTableAssociation', {
          SubnetId: ref('Private'),
          RouteTableId: ref('PublicTable'),
        }),
      }),
    );
    expect(after['OfPrivate']).not.toBe(before['OfPrivate']);
    const { RouteTables } = await ec2.send(
      new DescribeRouteTablesCommand({
        Filters: [{ Name: 'association.subnet-id', Values: [after['Private'] ?? ''] }],
      }),
    );
    expect(RouteTables?.[0]).toMatchObject({ RouteTableId: after['PublicTable'] });
  });

  // https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
  it('fails where a NAT gateway finds no internet gateway, and says why', async () => {
    const status = await stand.create({
      Resources: {
        Vpc: vpc(),
        Public: subnet('10.0.0.0/24'),
        Address: resource('EIP'),
        Nat: resource('NatGateway', {
          AllocationId: att('Address', 'AllocationId'),
          SubnetId: ref('Public'),
        }),
      },
    });
    expect(status).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toMatch(/^Nat CREATE_FAILED .* has no Internet gateway attached/);
    const { Addresses } = await ec2.send(new DescribeAddressesCommand({}));
    expect(Addresses).toEqual([]);
  });

  it('detaches its gateway only when the instances have given their addresses back', async () => {
    await created(stand, {
      Resources: {
        Vpc: vpc(),
        Gateway: resource('InternetGateway'),
        Attachment: resource('VPCGatewayAttachment', {
          VpcId: ref('Vpc'),
          InternetGatewayId: ref('Gateway'),
        }),
        Public: subnet('10.0.0.0/24', { MapPublicIpOnLaunch: true }),
        Web: resource('Instance', {
          ImageId: '{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}',
          InstanceType: 't3.micro',
          SubnetId: ref('Public'),
        }),
      },
    });
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });

  it('has a further block of addresses, which it loses when the resource goes', async () => {
    const more = {
      Resources: {
        Vpc: vpc(),
        More: resource('VPCCidrBlock', { VpcId: ref('Vpc'), CidrBlock: '10.1.0.0/16' }),
        Beyond: resource('Subnet', { VpcId: ref('Vpc'), CidrBlock: '10.1.0.0/24' }, { DependsOn: 'More' }),
      },
    };
    const { Vpc = '', More } = await created(stand, more);
    expect(More).toMatch(new RegExp(`^vpc-cidr-assoc-[0-9a-f]+\\|${Vpc}$`));
    await updated(stand, { Resources: { Vpc: vpc() } });
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [Vpc] }));
    expect(Vpcs?.[0]?.CidrBlockAssociationSet).toMatchObject([{ CidrBlock: '10.0.0.0/16' }]);
  });
});

// What networks have besides subnets, routes and groups: further blocks, DHCP options, peering, prefix lists, IPv6 rules,
// network interfaces of their own.

import {
  DescribeAddressesAttributeCommand,
  DescribeAddressesCommand,
  ReleaseAddressCommand,
  AssociateAddressCommand,
  AllocateAddressCommand,
  AcceptVpcPeeringConnectionCommand,
  AssociateDhcpOptionsCommand,
  AssociateVpcCidrBlockCommand,
  AttachNetworkInterfaceCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateDhcpOptionsCommand,
  CreateManagedPrefixListCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcPeeringConnectionCommand,
  DeleteDhcpOptionsCommand,
  DeleteManagedPrefixListCommand,
  DeleteNetworkInterfaceCommand,
  DeleteVpcCommand,
  DeleteVpcPeeringConnectionCommand,
  DescribeDhcpOptionsCommand,
  DescribeInstancesCommand,
  DescribeManagedPrefixListsCommand,
  DescribeNetworkInterfacesCommand,
  DescribePrefixListsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpcsCommand,
  DetachNetworkInterfaceCommand,
  DisassociateVpcCidrBlockCommand,
  EC2Client,
  ModifyManagedPrefixListCommand,
  RejectVpcPeeringConnectionCommand,
  RevokeSecurityGroupEgressCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { RunInstancesCommandInput, VpcPeeringConnection } from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { instances } from '#cloud/ports/instances.ts';
import type { Reachability } from '#cloud/ports/instances.ts';
import type { TestTable } from '../../../../tests/table.ts';
import { ACCOUNT, ec2Table } from '../test-cloud.ts';
import { newInstance, newNetwork } from '../test-network.ts';
import type { Network } from '../test-network.ts';
import { ipv6Block } from './ipv6.ts';

const DAY = 86_400_000;
const BUCKET_HOST = 'releases.s3.us-east-1.amazonaws.com';

let sand: TestTable;
let ec2: EC2Client;

beforeEach(() => {
  sand = ec2Table();
  ec2 = sand.client(EC2Client);
});

const network = (CidrBlock: string): Promise<Network> => newNetwork(ec2, CidrBlock);
const launch = (more: Partial<RunInstancesCommandInput>): Promise<string> => newInstance(ec2, more);
const named = (name: string): object => expect.objectContaining({ name }) as object;

// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
describe('a further block of a VPC', () => {
  it('has subnets, and a local route in every table', async () => {
    const { vpcId, tableId } = await network('10.0.0.0/16');
    const { CidrBlockAssociation } = await ec2.send(
      new AssociateVpcCidrBlockCommand({ VpcId: vpcId, CidrBlock: '100.64.0.0/16' }),
    );
    expect(CidrBlockAssociation?.CidrBlockState?.State).toBe('associating');
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: '100.64.1.0/24' }));
    expect(Subnet?.State).toBe('available');
    const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [tableId] }));
    expect(RouteTables?.[0]?.Routes).toMatchObject([
      { DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local' },
      { DestinationCidrBlock: '100.64.0.0/16', GatewayId: 'local' },
    ]);
  });

  it('may neither overlap the others nor come from another private range', async () => {
    const { vpcId: VpcId } = await network('10.0.0.0/16');
    const associate = async (CidrBlock: string): Promise<unknown> =>
      ec2.send(new AssociateVpcCidrBlockCommand({ VpcId, CidrBlock }));
    await expect(associate('10.0.1.0/24')).rejects.toThrow(named('InvalidVpc.Conflict'));
    await expect(associate('192.168.0.0/16')).rejects.toThrow(named('InvalidVpc.Range'));
    await expect(associate('10.1.0.0/8')).rejects.toThrow(named('InvalidVpc.Range'));
  });

  // https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html, in the words of getmoto/moto's
  // tests/test_ec2/test_vpcs.py.
  it('is one of five at most', async () => {
    const { vpcId: VpcId } = await network('10.0.0.0/16');
    const associate = async (i: number): Promise<unknown> =>
      ec2.send(new AssociateVpcCidrBlockCommand({ VpcId, CidrBlock: `10.${i}.0.0/16` }));
    for (const i of [1, 2, 3, 4]) await associate(i);
    await expect(associate(5)).rejects.toMatchObject({
      name: 'CidrLimitExceeded',
      message: `This network ${VpcId} has met its maximum number of allowed CIDRs: 5`,
    });
  });

  it('stays while it has subnets, and the first one stays for good', async () => {
    const { vpcId } = await network('10.0.0.0/16');
    const made = await ec2.send(new AssociateVpcCidrBlockCommand({ VpcId: vpcId, CidrBlock: '10.1.0.0/16' }));
    await ec2.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: '10.1.0.0/24' }));
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [vpcId] }));
    const [first, second] = Vpcs?.[0]?.CidrBlockAssociationSet ?? [];
    expect(second?.AssociationId).toBe(made.CidrBlockAssociation?.AssociationId);
    const disassociate = async (AssociationId: string | undefined): Promise<unknown> =>
      ec2.send(new DisassociateVpcCidrBlockCommand({ AssociationId }));
    await expect(disassociate(second?.AssociationId)).rejects.toThrow(named('DependencyViolation'));
    await expect(disassociate(first?.AssociationId)).rejects.toThrow(named('OperationNotPermitted'));
  });
});

// https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html
describe('a set of DHCP options', () => {
  it("is the region's own for each VPC until another is chosen, and cannot go while it is used", async () => {
    const { vpcId: VpcId } = await network('10.0.0.0/16');
    const optionsOf = async (): Promise<string> =>
      (await ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }))).Vpcs?.[0]?.DhcpOptionsId ?? '';
    const { DhcpOptions } = await ec2.send(
      new DescribeDhcpOptionsCommand({ DhcpOptionsIds: [await optionsOf()] }),
    );
    expect(DhcpOptions?.[0]?.DhcpConfigurations).toEqual([
      { Key: 'domain-name', Values: [{ Value: 'ec2.internal' }] },
      { Key: 'domain-name-servers', Values: [{ Value: 'AmazonProvidedDNS' }] },
    ]);
    const made = await ec2.send(
      new CreateDhcpOptionsCommand({
        DhcpConfigurations: [{ Key: 'domain-name-servers', Values: ['10.0.0.2'] }],
      }),
    );
    const DhcpOptionsId = made.DhcpOptions?.DhcpOptionsId ?? '';
    await ec2.send(new AssociateDhcpOptionsCommand({ DhcpOptionsId, VpcId }));
    expect(await optionsOf()).toBe(DhcpOptionsId);
    const deletion = ec2.send(new DeleteDhcpOptionsCommand({ DhcpOptionsId }));
    await expect(deletion).rejects.toThrow(named('DependencyViolation'));
    await ec2.send(new AssociateDhcpOptionsCommand({ DhcpOptionsId: 'default', VpcId }));
    await ec2.send(new DeleteDhcpOptionsCommand({ DhcpOptionsId }));
    expect(await optionsOf()).toBe('default');
  });

  it("with another name server than Amazon's is refused to a VPC", async () => {
    const { vpcId: VpcId } = await network('10.0.0.0/16');
    const { DhcpOptions } = await ec2.send(
      new CreateDhcpOptionsCommand({
        DhcpConfigurations: [{ Key: 'domain-name-servers', Values: ['10.0.0.53'] }],
      }),
    );
    const DhcpOptionsId = DhcpOptions?.DhcpOptionsId;
    const use = ec2.send(new AssociateDhcpOptionsCommand({ DhcpOptionsId, VpcId }));
    await expect(use).rejects.toThrow(named('NotImplemented'));
  });
});

// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
describe('a peering connection', () => {
  const blocked = (blockedBy: string): Reachability => ({ ok: false, blockedBy });

  async function peer(one: Network, other: Network): Promise<string> {
    const { VpcPeeringConnection } = await ec2.send(
      new CreateVpcPeeringConnectionCommand({ VpcId: one.vpcId, PeerVpcId: other.vpcId }),
    );
    return VpcPeeringConnection?.VpcPeeringConnectionId ?? '';
  }

  async function shown(id: string): Promise<VpcPeeringConnection | undefined> {
    const { VpcPeeringConnections } = await ec2.send(
      new DescribeVpcPeeringConnectionsCommand({ VpcPeeringConnectionIds: [id] }),
    );
    return VpcPeeringConnections?.[0];
  }

  it('leads from one VPC to the other once it is accepted and both have routes', async () => {
    const [one, other] = [await network('10.0.0.0/16'), await network('10.1.0.0/16')];
    const target = await launch({ SubnetId: other.subnetId });
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: other.groupId,
        IpPermissions: [
          { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
        ],
      }),
    );
    const from = { securityGroupIds: [one.groupId], subnetIds: [one.subnetId] };
    const reach = (): Reachability =>
      sand.read((ctx) => ctx.port(instances).reachInstance(ctx, from, target, 80));
    expect(reach()).toEqual(blocked(one.tableId));
    const VpcPeeringConnectionId = await peer(one, other);
    const route = async (RouteTableId: string, DestinationCidrBlock: string): Promise<unknown> =>
      ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock, VpcPeeringConnectionId }));
    await route(one.tableId, '10.1.0.0/16');
    expect(reach()).toEqual(blocked(VpcPeeringConnectionId));
    await ec2.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
    sand.advance(60_000);
    expect((await shown(VpcPeeringConnectionId))?.Status?.Code).toBe('active');
    expect(reach()).toEqual(blocked(other.tableId));
    await route(other.tableId, '10.0.0.0/16');
    expect(reach()).toEqual({ ok: true });
    await ec2.send(new DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
    expect(reach()).toEqual(blocked(VpcPeeringConnectionId));
    const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [one.tableId] }));
    expect(RouteTables?.[0]?.Routes?.[1]?.State).toBe('blackhole');
  });

  it('expires after a week without an answer, and disappears', async () => {
    const id = await peer(await network('10.0.0.0/16'), await network('10.1.0.0/16'));
    expect((await shown(id))?.Status?.Code).toBe('pending-acceptance');
    sand.advance(7 * DAY + 1000);
    expect((await shown(id))?.Status?.Code).toBe('expired');
    sand.advance(2 * DAY);
    await expect(shown(id)).rejects.toThrow(named('InvalidVpcPeeringConnectionID.NotFound'));
  });

  it('fails where blocks overlap, and is no longer open once rejected or when a VPC goes', async () => {
    const [one, other] = [await network('10.0.0.0/16'), await network('10.1.0.0/16')];
    const failed = await peer(one, await network('10.0.128.0/17'));
    expect((await shown(failed))?.Status?.Code).toBe('failed');
    const VpcPeeringConnectionId = await peer(one, other);
    await expect(peer(other, one)).rejects.toThrow(named('VpcPeeringConnectionAlreadyExists'));
    await ec2.send(new RejectVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
    expect((await shown(VpcPeeringConnectionId))?.Status?.Code).toBe('rejected');
    const late = ec2.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
    await expect(late).rejects.toThrow(named('InvalidStateTransition'));
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.3.0.0/16' }));
    const open = await peer(one, { ...other, vpcId: Vpc?.VpcId ?? '' });
    await ec2.send(new DeleteVpcCommand({ VpcId: Vpc?.VpcId }));
    expect((await shown(open))?.Status?.Code).toBe('deleted');
  });
});

// https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
describe('a prefix list', () => {
  async function list(MaxEntries: number, ...cidrs: string[]): Promise<string> {
    const { PrefixList } = await ec2.send(
      new CreateManagedPrefixListCommand({
        PrefixListName: 'storage',
        AddressFamily: 'IPv4',
        MaxEntries,
        Entries: cidrs.map((Cidr) => ({ Cidr })),
      }),
    );
    return PrefixList?.PrefixListId ?? '';
  }

  it('opens and closes a security group as its entries change', async () => {
    const Filters = [{ Name: 'is-default', Values: ['true'] }];
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ Filters }));
    const { SecurityGroups } = await ec2.send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'vpc-id', Values: [Vpcs?.[0]?.VpcId ?? ''] }] }),
    );
    const GroupId = SecurityGroups?.[0]?.GroupId ?? '';
    const box = await launch({});
    const everything = [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
    await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: everything }));
    const PrefixListId = await list(3, '198.51.100.0/24');
    const IpPermissions = [{ IpProtocol: '-1', PrefixListIds: [{ PrefixListId }] }];
    await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions }));
    const reach = (): Reachability =>
      sand.read((ctx) => ctx.port(instances).reachEndpoint(ctx, box, BUCKET_HOST));
    expect(reach()).toEqual({ ok: false, blockedBy: GroupId });
    const change = { PrefixListId, AddEntries: [{ Cidr: '52.216.0.0/15' }] };
    const stale = ec2.send(new ModifyManagedPrefixListCommand({ ...change, CurrentVersion: 2 }));
    await expect(stale).rejects.toThrow(named('PrefixListVersionMismatch'));
    await ec2.send(new ModifyManagedPrefixListCommand({ ...change, CurrentVersion: 1 }));
    expect(reach()).toEqual({ ok: true });
    await ec2.send(new DeleteManagedPrefixListCommand({ PrefixListId }));
    const look = new DescribeManagedPrefixListsCommand({ PrefixListIds: [PrefixListId] });
    expect((await ec2.send(look)).PrefixLists?.[0]?.State).toBe('delete-failed');
  });

  it('counts in a group for as many rules as it may have entries', async () => {
    const { groupId: GroupId } = await network('10.0.0.0/16');
    const PrefixListId = await list(60);
    const IpPermissions = [{ IpProtocol: '-1', PrefixListIds: [{ PrefixListId }] }];
    const rule = ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    await expect(rule).rejects.toThrow(named('RulesPerSecurityGroupLimitExceeded'));
  });

  it("is AWS's own for S3, DynamoDB and CloudFront, which nobody changes", async () => {
    const { PrefixLists = [] } = await ec2.send(new DescribeManagedPrefixListsCommand({}));
    expect(PrefixLists.map((one) => [one.PrefixListName, one.OwnerId]).toSorted()).toEqual([
      ['com.amazonaws.global.cloudfront.origin-facing', 'AWS'],
      ['com.amazonaws.us-east-1.dynamodb', 'AWS'],
      ['com.amazonaws.us-east-1.s3', 'AWS'],
    ]);
    const services = await ec2.send(new DescribePrefixListsCommand({}));
    expect(services.PrefixLists).toMatchObject([
      { Cidrs: ['52.119.224.0/20'] },
      { Cidrs: ['52.216.0.0/15'] },
    ]);
    const PrefixListId = services.PrefixLists?.[0]?.PrefixListId;
    const deletion = ec2.send(new DeleteManagedPrefixListCommand({ PrefixListId }));
    await expect(deletion).rejects.toThrow(named('UnauthorizedOperation'));
  });
});

describe('a rule for IPv6', () => {
  it('is kept in one spelling, whatever it was given in', async () => {
    const { groupId: GroupId } = await network('10.0.0.0/16');
    const authorize = async (CidrIpv6: string): Promise<unknown> =>
      ec2.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId,
          IpPermissions: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, Ipv6Ranges: [{ CidrIpv6 }] }],
        }),
      );
    await authorize('::/0');
    await authorize('2001:DB8:0:0::1/64');
    await expect(authorize('0:0:0:0:0:0:0:0/0')).rejects.toThrow(named('InvalidPermission.Duplicate'));
    await expect(authorize('2001:db8::/64')).rejects.toThrow(named('InvalidPermission.Duplicate'));
    await expect(authorize('2001:db8::/129')).rejects.toThrow(named('InvalidParameterValue'));
    await expect(authorize('10.0.0.0/8')).rejects.toThrow(named('InvalidParameterValue'));
  });

  // https://www.rfc-editor.org/rfc/rfc5952
  it('is written as RFC 5952 recommends', () => {
    expect(
      ['::1/128', '2001:0db8:0:1:1:1:1:1/128', '2001:0:0:1:0:0:0:1/128', 'fe80::/10', '1::2::3/0', '::/'].map(
        ipv6Block,
      ),
    ).toEqual([
      '::1/128',
      '2001:db8:0:1:1:1:1:1/128',
      '2001:0:0:1::1/128',
      'fe80::/10',
      undefined,
      undefined,
    ]);
  });
});

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
describe('a network interface of its own', () => {
  async function card(SubnetId: string): Promise<string> {
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
    return NetworkInterface?.NetworkInterfaceId ?? '';
  }

  async function statusOf(id: string): Promise<string | undefined> {
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }),
    );
    return NetworkInterfaces?.[0]?.Status;
  }

  it('is attached to a running instance at a free index and stays when the instance goes', async () => {
    const { subnetId: SubnetId } = await network('10.0.0.0/16');
    const InstanceId = await launch({ SubnetId });
    const NetworkInterfaceId = await card(SubnetId);
    expect(await statusOf(NetworkInterfaceId)).toBe('available');
    const attach = async (DeviceIndex: number): Promise<{ AttachmentId?: string | undefined }> =>
      ec2.send(new AttachNetworkInterfaceCommand({ InstanceId, NetworkInterfaceId, DeviceIndex }));
    await expect(attach(1)).rejects.toThrow(named('IncorrectState'));
    sand.advance(60_000);
    await expect(attach(0)).rejects.toThrow(named('InvalidParameterValue'));
    await attach(1);
    await expect(attach(2)).rejects.toThrow(named('InvalidNetworkInterface.InUse'));
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
    const cards = Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces ?? [];
    expect(cards.map((one) => [one.Attachment?.DeviceIndex, one.Attachment?.DeleteOnTermination])).toEqual([
      [0, true],
      [1, false],
    ]);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    sand.advance(120_000);
    expect(await statusOf(NetworkInterfaceId)).toBe('available');
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    await expect(statusOf(NetworkInterfaceId)).rejects.toThrow(named('InvalidNetworkInterfaceID.NotFound'));
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-secondary-ip-addresses.html
  it('has further private addresses, each of which takes an Elastic IP address', async () => {
    const { subnetId: SubnetId } = await network('10.0.0.0/16');
    const { NetworkInterface } = await ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId, SecondaryPrivateIpAddressCount: 2 }),
    );
    const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
    const listed = NetworkInterface?.PrivateIpAddresses?.map((one) => [one.PrivateIpAddress, one.Primary]);
    expect(listed).toEqual([
      ['10.0.0.4', true],
      ['10.0.0.5', false],
      ['10.0.0.6', false],
    ]);
    const same = { SubnetId, PrivateIpAddress: '10.0.0.5' };
    await expect(ec2.send(new CreateNetworkInterfaceCommand(same))).rejects.toThrow(
      named('InvalidIPAddress.InUse'),
    );
    const { AllocationId, PublicIp } = await ec2.send(new AllocateAddressCommand({}));
    const put = { AllocationId, NetworkInterfaceId };
    const elsewhere = new AssociateAddressCommand({ ...put, PrivateIpAddress: '10.0.0.7' });
    await expect(ec2.send(elsewhere)).rejects.toThrow(named('InvalidParameterValue'));
    await ec2.send(new AssociateAddressCommand({ ...put, PrivateIpAddress: '10.0.0.6' }));
    const shown = async (): Promise<(string | undefined)[] | undefined> => {
      const { NetworkInterfaces } = await ec2.send(
        new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterfaceId] }),
      );
      return NetworkInterfaces?.[0]?.PrivateIpAddresses?.map((one) => one.Association?.PublicIp);
    };
    expect(await shown()).toEqual([undefined, undefined, PublicIp]);
    // The same address moves to the first one.
    await ec2.send(new AssociateAddressCommand(put));
    expect(await shown()).toEqual([PublicIp, undefined, undefined]);
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    const { Addresses } = await ec2.send(new DescribeAddressesCommand({}));
    expect(Addresses?.map((one) => one.AssociationId)).toEqual([undefined]);
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html
  it('has addresses of its region, which have no attributes and are released there alone', async () => {
    const { AllocationId = '', NetworkBorderGroup } = await ec2.send(
      new AllocateAddressCommand({ NetworkBorderGroup: 'us-east-1' }),
    );
    expect(NetworkBorderGroup).toBe('us-east-1');
    const ask = () =>
      ec2.send(
        new DescribeAddressesAttributeCommand({ AllocationIds: [AllocationId], Attribute: 'domain-name' }),
      );
    const shown = await ask();
    expect(shown.Addresses ?? []).toEqual([]);
    const release = (NetworkBorderGroup: string) =>
      ec2.send(new ReleaseAddressCommand({ AllocationId, NetworkBorderGroup }));
    await expect(release('us-west-2')).rejects.toThrow(named('InvalidAddress.NotFound'));
    await release('us-east-1');
    await expect(ask()).rejects.toThrow(named('InvalidAllocationID.NotFound'));
  });

  it('is found by the account of whoever it is attached to', async () => {
    const { subnetId: SubnetId } = await network('10.0.0.0/16');
    const NetworkInterfaceId = await card(SubnetId);
    await launch({ NetworkInterfaces: [{ NetworkInterfaceId, DeviceIndex: 0 }] });
    const owned = async (account: string) => {
      const Filters = [{ Name: 'attachment.instance-owner-id', Values: [account] }];
      return (await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces?.length;
    };
    expect([await owned(ACCOUNT), await owned('amazon-elb')]).toEqual([1, 0]);
  });

  it('can be the first one of a launch, which brings its address and cannot be detached', async () => {
    const { subnetId: SubnetId } = await network('10.0.0.0/16');
    const NetworkInterfaceId = await card(SubnetId);
    const request = { NetworkInterfaces: [{ NetworkInterfaceId, DeviceIndex: 0, NetworkCardIndex: 0 }] };
    const InstanceId = await launch(request);
    await expect(launch(request)).rejects.toThrow(named('InvalidNetworkInterface.InUse'));
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
    const [box] = Reservations?.[0]?.Instances ?? [];
    expect([box?.SubnetId, box?.PrivateIpAddress]).toEqual([SubnetId, '10.0.0.4']);
    const AttachmentId = box?.NetworkInterfaces?.[0]?.Attachment?.AttachmentId;
    const detach = ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
    await expect(detach).rejects.toThrow(named('OperationNotPermitted'));
  });
});

// Networks: VPCs and what is in them, and what reaches what, through the stock SDK and the port.

import {
  AllocateAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DeleteNatGatewayCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeAvailabilityZonesCommand,
  DescribeInstancesCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkAclsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
  ImportKeyPairCommand,
  ModifyInstanceAttributeCommand,
  ModifyVpcAttributeCommand,
  ReplaceNetworkAclAssociationCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { instances } from '#cloud/ports/instances.ts';
import type { Reachability } from '#cloud/ports/instances.ts';
import type { TestTable } from '../../../../tests/table.ts';
import { ec2Table } from '../test-cloud.ts';
import { newInstance } from '../test-network.ts';

const AGENT_HOST = 'codedeploy-commands-secure.us-east-1.amazonaws.com';
const BUCKET_HOST = 'releases.s3.us-east-1.amazonaws.com';
const ANYWHERE = '0.0.0.0/0';
const ALL = [{ IpProtocol: '-1', IpRanges: [{ CidrIp: ANYWHERE }] }];

let sand: TestTable;
let ec2: EC2Client;

beforeEach(() => {
  sand = ec2Table();
  ec2 = sand.client(EC2Client);
});

const launch = (SubnetId: string, SecurityGroupIds?: string[]): Promise<string> =>
  newInstance(ec2, { SubnetId, SecurityGroupIds });

/** A VPC 10.0.0.0/16 with a subnet that has no way out. */
async function privateVpc(): Promise<{
  VpcId: string;
  SubnetId: string;
  GroupId: string;
  RouteTableId: string;
}> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const VpcId = Vpc?.VpcId ?? '';
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.0.0/24', AvailabilityZone: 'us-east-1a' }),
  );
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: 'app', Description: 'app' }),
  );
  const { RouteTables } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] }),
  );
  return {
    VpcId,
    SubnetId: Subnet?.SubnetId ?? '',
    GroupId,
    RouteTableId: RouteTables?.[0]?.RouteTableId ?? '',
  };
}

function reach(instanceId: string, host: string): Reachability {
  return sand.read((ctx) => ctx.port(instances).reachEndpoint(ctx, instanceId, host));
}

const blockedBy = (id: string): Reachability => ({ ok: false, blockedBy: id });

// https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
describe('the default VPC', () => {
  it('is there before anyone asks, with a public subnet in each zone', async () => {
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({}));
    expect(Vpcs).toMatchObject([{ CidrBlock: '172.31.0.0/16', IsDefault: true, State: 'available' }]);
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
    expect(
      Subnets.map((one) => [one.AvailabilityZone, one.CidrBlock, one.AvailableIpAddressCount]).toSorted(),
    ).toEqual([
      ['us-east-1a', '172.31.0.0/20', 4091],
      ['us-east-1b', '172.31.16.0/20', 4091],
      ['us-east-1c', '172.31.32.0/20', 4091],
    ]);
    expect(Subnets.every((one) => one.DefaultForAz && one.MapPublicIpOnLaunch)).toBe(true);
  });

  it('has the same ids whatever is asked first', async () => {
    const other = ec2Table().client(EC2Client);
    await other.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
    const ids = async (client: EC2Client): Promise<unknown> =>
      (await client.send(new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] })))
        .Vpcs?.[0]?.VpcId;
    expect(await ids(other)).toBe(await ids(ec2));
  });

  it('is one of each region', async () => {
    const { AvailabilityZones } = await sand
      .client(EC2Client, { region: 'eu-west-1' })
      .send(new DescribeAvailabilityZonesCommand({}));
    expect(AvailabilityZones?.map((zone) => [zone.ZoneName, zone.ZoneId])).toEqual([
      ['eu-west-1a', 'euw1-az1'],
      ['eu-west-1b', 'euw1-az2'],
      ['eu-west-1c', 'euw1-az3'],
    ]);
  });

  it('lets its instances reach AWS over the internet gateway', async () => {
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
    expect(reach(await launch(Subnets?.[0]?.SubnetId ?? ''), AGENT_HOST)).toEqual({ ok: true });
  });
});

describe('VPCs and subnets', () => {
  it('refuse blocks that are too large, outside, or taken', async () => {
    await expect(ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/8' }))).rejects.toMatchObject({
      name: 'InvalidVpc.Range',
    });
    const { VpcId } = await privateVpc();
    const subnet = (CidrBlock: string): Promise<unknown> =>
      ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock }));
    await expect(subnet('10.1.0.0/24')).rejects.toMatchObject({ name: 'InvalidSubnet.Range' });
    await expect(subnet('10.0.0.128/25')).rejects.toMatchObject({ name: 'InvalidSubnet.Conflict' });
  });

  it('cannot be deleted while something is in them', async () => {
    const { VpcId, SubnetId, GroupId } = await privateVpc();
    await expect(ec2.send(new DeleteVpcCommand({ VpcId }))).rejects.toMatchObject({
      name: 'DependencyViolation',
    });
    await ec2.send(new DeleteSubnetCommand({ SubnetId }));
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    await ec2.send(new DeleteVpcCommand({ VpcId }));
    await expect(ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }))).rejects.toMatchObject({
      name: 'InvalidVpcID.NotFound',
      message: `The vpc ID '${VpcId}' does not exist`,
    });
  });

  // https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
  it('keep the first four addresses and the last', async () => {
    const { VpcId } = await privateVpc();
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.1.0/28' }));
    expect(Subnet?.AvailableIpAddressCount).toBe(11);
    const id = await launch(Subnet?.SubnetId ?? '');
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    expect(Reservations?.[0]?.Instances?.[0]?.PrivateIpAddress).toBe('10.0.1.4');
  });
});

describe('security groups', () => {
  it('have rules that are refused twice and can be revoked', async () => {
    const { GroupId } = await privateVpc();
    const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: ANYWHERE }] }];
    const authorize = new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions });
    expect((await ec2.send(authorize)).SecurityGroupRules).toMatchObject([
      { GroupId, IsEgress: false, FromPort: 80, CidrIpv4: ANYWHERE },
    ]);
    await expect(ec2.send(authorize)).rejects.toMatchObject({
      name: 'InvalidPermission.Duplicate',
      message: 'the specified rule "peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW" already exists',
    });
    const revoke = new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions });
    await ec2.send(revoke);
    await expect(ec2.send(revoke)).rejects.toMatchObject({ name: 'InvalidPermission.NotFound' });
  });

  it('of the name default cannot be deleted, nor those that others refer to', async () => {
    const { VpcId, GroupId } = await privateVpc();
    const Filters = [
      { Name: 'vpc-id', Values: [VpcId] },
      { Name: 'group-name', Values: ['default'] },
    ];
    const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
    const id = SecurityGroups?.[0]?.GroupId ?? '';
    await expect(ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }))).rejects.toMatchObject({
      name: 'CannotDelete',
    });
    const IpPermissions = [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId }] }];
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: id, IpPermissions }));
    await expect(ec2.send(new DeleteSecurityGroupCommand({ GroupId }))).rejects.toMatchObject({
      name: 'DependencyViolation',
      message: `resource ${GroupId} has a dependent object`,
    });
  });
});

// https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments.html
describe('the way from an instance to AWS', () => {
  it('needs a route', async () => {
    const { SubnetId, RouteTableId, GroupId } = await privateVpc();
    expect(reach(await launch(SubnetId, [GroupId]), AGENT_HOST)).toEqual(blockedBy(RouteTableId));
  });

  it('needs a public address where the route leads to an internet gateway', async () => {
    const { VpcId, SubnetId, RouteTableId, GroupId } = await privateVpc();
    const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
    const GatewayId = InternetGateway?.InternetGatewayId;
    await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId }));
    await ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: ANYWHERE, GatewayId }));
    const found = reach(await launch(SubnetId, [GroupId]), AGENT_HOST);
    expect(found).toMatchObject({ ok: false, blockedBy: expect.stringMatching(/^eni-/) as string });
  });

  it('leads through a NAT gateway that is available, and ends with it', async () => {
    const { VpcId, SubnetId, RouteTableId, GroupId } = await privateVpc();
    const { Subnet: open } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.1.0/24' }));
    const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
    const GatewayId = InternetGateway?.InternetGatewayId;
    await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId }));
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
    await ec2.send(
      new AssociateRouteTableCommand({ RouteTableId: RouteTable?.RouteTableId, SubnetId: open?.SubnetId }),
    );
    await ec2.send(
      new CreateRouteCommand({
        RouteTableId: RouteTable?.RouteTableId,
        DestinationCidrBlock: ANYWHERE,
        GatewayId,
      }),
    );
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({}));
    const { NatGateway } = await ec2.send(
      new CreateNatGatewayCommand({ SubnetId: open?.SubnetId, AllocationId }),
    );
    const NatGatewayId = NatGateway?.NatGatewayId ?? '';
    await ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: ANYWHERE, NatGatewayId }));
    const id = await launch(SubnetId, [GroupId]);
    expect(reach(id, AGENT_HOST)).toEqual(blockedBy(NatGatewayId));
    sand.advance(120_000);
    expect(reach(id, AGENT_HOST)).toEqual({ ok: true });
    await ec2.send(new DeleteNatGatewayCommand({ NatGatewayId }));
    expect(reach(id, AGENT_HOST)).toEqual(blockedBy(NatGatewayId));
    sand.advance(60_000);
    const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId] }));
    expect(RouteTables?.[0]?.Routes).toContainEqual(
      expect.objectContaining({ NatGatewayId, State: 'blackhole' }),
    );
  });

  // https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
  it('has no NAT gateway in a VPC without an internet gateway', async () => {
    const { VpcId, SubnetId } = await privateVpc();
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({}));
    await ec2.send(new CreateNatGatewayCommand({ SubnetId, AllocationId }));
    sand.advance(120_000);
    const { NatGateways } = await ec2.send(new DescribeNatGatewaysCommand({}));
    expect(NatGateways).toMatchObject([
      {
        State: 'failed',
        FailureCode: 'Gateway.NotAttached',
        FailureMessage: `Network ${VpcId} has no Internet gateway attached`,
      },
    ]);
  });

  // https://docs.aws.amazon.com/codedeploy/latest/userguide/vpc-endpoints.html
  it('leads through endpoints: an interface one whose security group lets HTTPS in, and a gateway one for S3', async () => {
    const { VpcId, SubnetId, RouteTableId, GroupId } = await privateVpc();
    await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
    const { GroupId: guard = '' } = await ec2.send(
      new CreateSecurityGroupCommand({ VpcId, GroupName: 'guard', Description: 'guard' }),
    );
    const id = await launch(SubnetId, [GroupId]);
    await ec2.send(
      new CreateVpcEndpointCommand({
        VpcId,
        VpcEndpointType: 'Interface',
        ServiceName: 'com.amazonaws.us-east-1.codedeploy-commands-secure',
        SubnetIds: [SubnetId],
        SecurityGroupIds: [guard],
      }),
    );
    sand.advance(120_000);
    expect(reach(id, AGENT_HOST)).toEqual(blockedBy(guard));
    const IpPermissions = [
      { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, UserIdGroupPairs: [{ GroupId }] },
    ];
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: guard, IpPermissions }));
    expect(reach(id, AGENT_HOST)).toEqual({ ok: true });
    expect(reach(id, 'codedeploy-commands.us-east-1.amazonaws.com')).toEqual(blockedBy(RouteTableId));
    expect(reach(id, BUCKET_HOST)).toEqual(blockedBy(RouteTableId));
    const ServiceName = 'com.amazonaws.us-east-1.s3';
    await ec2.send(new CreateVpcEndpointCommand({ VpcId, ServiceName, RouteTableIds: [RouteTableId] }));
    expect(reach(id, BUCKET_HOST)).toEqual({ ok: true });
    expect(reach(id, 'releases.s3.eu-west-1.amazonaws.com')).toEqual(blockedBy(RouteTableId));
  });

  it('begins at the security group, before the network ACL and the route', async () => {
    const { SubnetId, GroupId } = await privateVpc();
    await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: ALL }));
    expect(reach(await launch(SubnetId, [GroupId]), AGENT_HOST)).toEqual(blockedBy(GroupId));
  });

  // https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
  it('needs the network ACL to let the answers back in', async () => {
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
    const { SubnetId = '', VpcId = '' } = Subnets?.[0] ?? {};
    const { NetworkAcl } = await ec2.send(new CreateNetworkAclCommand({ VpcId }));
    const NetworkAclId = NetworkAcl?.NetworkAclId ?? '';
    const { NetworkAcls } = await ec2.send(
      new DescribeNetworkAclsCommand({ Filters: [{ Name: 'association.subnet-id', Values: [SubnetId] }] }),
    );
    const old = NetworkAcls?.[0]?.Associations?.find((one) => one.SubnetId === SubnetId);
    await ec2.send(
      new ReplaceNetworkAclAssociationCommand({ AssociationId: old?.NetworkAclAssociationId, NetworkAclId }),
    );
    const allow = async (Egress: boolean, From: number, To: number, RuleNumber: number): Promise<void> => {
      const rule = {
        Protocol: 'tcp',
        RuleAction: 'allow' as const,
        CidrBlock: ANYWHERE,
        PortRange: { From, To },
      };
      await ec2.send(new CreateNetworkAclEntryCommand({ NetworkAclId, Egress, RuleNumber, ...rule }));
    };
    const id = await launch(SubnetId);
    await allow(true, 443, 443, 100);
    expect(reach(id, AGENT_HOST)).toEqual(blockedBy(NetworkAclId));
    await allow(false, 1024, 40_000, 100);
    expect(reach(id, AGENT_HOST)).toEqual(blockedBy(NetworkAclId));
    await allow(false, 40_001, 65_535, 110);
    expect(reach(id, AGENT_HOST)).toEqual({ ok: true });
  });
});

describe('the way from a load balancer to an instance', () => {
  it('needs both security groups to let the port through', async () => {
    const { VpcId, SubnetId, GroupId } = await privateVpc();
    const { GroupId: balancer = '' } = await ec2.send(
      new CreateSecurityGroupCommand({ VpcId, GroupName: 'lb', Description: 'lb' }),
    );
    const { Subnet: front } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.1.0/24' }));
    const id = await launch(SubnetId, [GroupId]);
    const from = { securityGroupIds: [balancer], subnetIds: [front?.SubnetId ?? ''] };
    const probe = (port: number): Reachability =>
      sand.read((ctx) => ctx.port(instances).reachInstance(ctx, from, id, port));
    expect(probe(80)).toEqual(blockedBy(GroupId));
    const IpPermissions = [
      { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, UserIdGroupPairs: [{ GroupId: balancer }] },
    ];
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    expect(probe(80)).toEqual({ ok: true });
    expect(probe(8080)).toEqual(blockedBy(GroupId));
    await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId: balancer, IpPermissions: ALL }));
    expect(probe(80)).toEqual(blockedBy(balancer));
  });

  it('follows the groups that the instance is in now', async () => {
    const { VpcId, SubnetId, GroupId } = await privateVpc();
    const { GroupId: open = '' } = await ec2.send(
      new CreateSecurityGroupCommand({ VpcId, GroupName: 'open', Description: 'open' }),
    );
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: open, IpPermissions: ALL }));
    const id = await launch(SubnetId, [GroupId]);
    const probe = (): Reachability =>
      sand.read((ctx) =>
        ctx.port(instances).reachInstance(ctx, { securityGroupIds: [], subnetIds: [SubnetId] }, id, 80),
      );
    expect(probe()).toEqual(blockedBy(GroupId));
    await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, Groups: [GroupId, open] }));
    expect(probe()).toEqual({ ok: true });
  });
});

describe('key pairs', () => {
  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html
  it('are imported with the fingerprint that AWS shows for the algorithm', async () => {
    const text =
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl someone@example';
    const PublicKeyMaterial = new TextEncoder().encode(text);
    const { KeyFingerprint } = await ec2.send(
      new ImportKeyPairCommand({ KeyName: 'mine', PublicKeyMaterial }),
    );
    expect(KeyFingerprint).toBe('+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU=');
    await expect(
      ec2.send(new ImportKeyPairCommand({ KeyName: 'mine', PublicKeyMaterial })),
    ).rejects.toMatchObject({
      name: 'InvalidKeyPair.Duplicate',
    });
  });

  // "SSH public key file format as specified in RFC 4716":
  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-key-pairs.html#how-to-generate-your-own-key-and-import-it-to-aws
  it('are imported as RFC 4716 writes them too', async () => {
    const text = [
      '---- BEGIN SSH2 PUBLIC KEY ----',
      'Comment: "the same key, \\',
      'of someone"',
      'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6U',
      'OoqKLsabgH5C9okWi0dh2l9GKJl',
      '---- END SSH2 PUBLIC KEY ----',
    ].join('\n');
    const PublicKeyMaterial = new TextEncoder().encode(text);
    const { KeyFingerprint } = await ec2.send(
      new ImportKeyPairCommand({ KeyName: 'ssh2', PublicKeyMaterial }),
    );
    expect(KeyFingerprint).toBe('+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU=');
  });
});

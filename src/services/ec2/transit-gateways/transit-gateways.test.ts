// Transit gateways, and the way that packets take over them.

import {
  AllocateAddressCommand,
  AssociateRouteTableCommand,
  AssociateTransitGatewayRouteTableCommand,
  AssociateVpcCidrBlockCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateTransitGatewayCommand,
  CreateTransitGatewayRouteCommand,
  CreateTransitGatewayRouteTableCommand,
  CreateTransitGatewayVpcAttachmentCommand,
  DeleteSubnetCommand,
  DeleteTransitGatewayCommand,
  DeleteTransitGatewayVpcAttachmentCommand,
  DescribeRouteTablesCommand,
  DescribeTransitGatewaysCommand,
  DescribeTransitGatewayVpcAttachmentsCommand,
  DisassociateTransitGatewayRouteTableCommand,
  EC2Client,
  GetTransitGatewayRouteTableAssociationsCommand,
  SearchTransitGatewayRoutesCommand,
} from '@aws-sdk/client-ec2';
import type { TransitGatewayRoute } from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { instances } from '#cloud/ports/instances.ts';
import type { Reachability } from '#cloud/ports/instances.ts';
import type { TestTable } from '../../../../tests/table.ts';
import { ec2Table } from '../test-cloud.ts';
import { newInstance, newNetwork } from '../test-network.ts';
import type { Network } from '../test-network.ts';

const MINUTES = 60_000;
const named = (name: string): object => expect.objectContaining({ name }) as object;
const blocked = (blockedBy: string): Reachability => ({ ok: false, blockedBy });

let sand: TestTable;
let ec2: EC2Client;
let TransitGatewayId: string;
let hubTable: string;

beforeEach(async () => {
  sand = ec2Table();
  ec2 = sand.client(EC2Client);
  const { TransitGateway } = await ec2.send(new CreateTransitGatewayCommand({ Description: 'hub' }));
  TransitGatewayId = TransitGateway?.TransitGatewayId ?? '';
  hubTable = TransitGateway?.Options?.AssociationDefaultRouteTableId ?? '';
  expect(TransitGateway).toMatchObject({
    State: 'pending',
    Options: { PropagationDefaultRouteTableId: hubTable },
  });
});

/** A VPC with one subnet, in which port 80 is open to private addresses. */
async function network(CidrBlock: string): Promise<Network> {
  const made = await newNetwork(ec2, CidrBlock);
  const IpPermissions = [
    { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
  ];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: made.groupId, IpPermissions }));
  return made;
}

async function attach({ vpcId, subnetId }: Network): Promise<string> {
  const request = { TransitGatewayId, VpcId: vpcId, SubnetIds: [subnetId] };
  const { TransitGatewayVpcAttachment: made } = await ec2.send(
    new CreateTransitGatewayVpcAttachmentCommand(request),
  );
  return made?.TransitGatewayAttachmentId ?? '';
}

async function search(Name: string, value: string, table = hubTable): Promise<TransitGatewayRoute[]> {
  const Filters = [{ Name, Values: [value] }];
  const request = { TransitGatewayRouteTableId: table, Filters };
  return (await ec2.send(new SearchTransitGatewayRoutesCommand(request))).Routes ?? [];
}

// https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html
describe('a transit gateway', () => {
  // The errors as AWS answered getmoto/moto: tests/test_ec2/test_transit_gateway.py.
  it('takes a VPC once, when it is available, and goes after its attachments', async () => {
    const one = await network('10.0.0.0/16');
    await expect(attach(one)).rejects.toThrow(named('IncorrectState'));
    sand.advance(2 * MINUTES);
    const TransitGatewayAttachmentId = await attach(one);
    await expect(attach(one)).rejects.toMatchObject({
      name: 'DuplicateTransitGatewayAttachment',
      message: `${TransitGatewayId} has non-deleted Transit Gateway Attachments with same VPC ID.`,
    });
    sand.advance(2 * MINUTES);
    const { Associations } = await ec2.send(
      new GetTransitGatewayRouteTableAssociationsCommand({ TransitGatewayRouteTableId: hubTable }),
    );
    expect(Associations).toEqual([
      { TransitGatewayAttachmentId, ResourceId: one.vpcId, ResourceType: 'vpc', State: 'associated' },
    ]);
    const SubnetId = one.subnetId;
    await expect(ec2.send(new DeleteSubnetCommand({ SubnetId }))).rejects.toThrow(
      named('DependencyViolation'),
    );
    const remove = (): Promise<unknown> => ec2.send(new DeleteTransitGatewayCommand({ TransitGatewayId }));
    await expect(remove()).rejects.toThrow(named('IncorrectState'));
    await ec2.send(new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId }));
    sand.advance(2 * MINUTES);
    await ec2.send(new DeleteSubnetCommand({ SubnetId }));
    await remove();
    sand.advance(2 * MINUTES);
    const look = new DescribeTransitGatewaysCommand({ TransitGatewayIds: [TransitGatewayId] });
    expect((await ec2.send(look)).TransitGateways?.[0]?.State).toBe('deleted');
    await expect(attach(one)).rejects.toThrow(named('InvalidTransitGatewayID.NotFound'));
  });

  it('leads from VPC to VPC by its own routes, once both have routes to it', async () => {
    const [one, other] = [await network('10.0.0.0/16'), await network('10.1.0.0/16')];
    const target = await newInstance(ec2, { SubnetId: other.subnetId });
    const from = { securityGroupIds: [one.groupId], subnetIds: [one.subnetId] };
    const reach = (): Reachability =>
      sand.read((ctx) => ctx.port(instances).reachInstance(ctx, from, target, 80));
    const route = async (RouteTableId: string, DestinationCidrBlock: string): Promise<unknown> =>
      ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock, TransitGatewayId }));
    await expect(route(one.tableId, '10.1.0.0/16')).rejects.toThrow(
      named('InvalidTransitGatewayID.NotFound'),
    );
    sand.advance(2 * MINUTES);
    const [here, there] = [await attach(one), await attach(other)];
    sand.advance(2 * MINUTES);
    expect(reach()).toEqual(blocked(one.tableId));
    await route(one.tableId, '10.1.0.0/16');
    expect(reach()).toEqual(blocked(other.tableId));
    await route(other.tableId, '10.0.0.0/16');
    expect(reach()).toEqual({ ok: true });
    // A static route that is more specific than the propagated one drops the packets.
    const TransitGatewayRouteTableId = hubTable;
    const drop = { TransitGatewayRouteTableId, DestinationCidrBlock: '10.1.0.0/24', Blackhole: true };
    await ec2.send(new CreateTransitGatewayRouteCommand(drop));
    expect(reach()).toEqual(blocked(hubTable));
    await ec2.send(new DeleteTransitGatewayVpcAttachmentCommand({ TransitGatewayAttachmentId: there }));
    sand.advance(2 * MINUTES);
    expect((await search('type', 'propagated')).map((one_) => one_.DestinationCidrBlock)).toEqual([
      '10.0.0.0/16',
    ]);
    const { RouteTables } = await ec2.send(
      new DescribeRouteTablesCommand({ RouteTableIds: [other.tableId] }),
    );
    expect(RouteTables?.[0]?.Routes?.[1]).toMatchObject({ TransitGatewayId, State: 'blackhole' });
    const { TransitGatewayVpcAttachments } = await ec2.send(
      new DescribeTransitGatewayVpcAttachmentsCommand({}),
    );
    const states = TransitGatewayVpcAttachments?.map((each) => [each.TransitGatewayAttachmentId, each.State]);
    expect(new Map(states as [string, string][])).toEqual(
      new Map([
        [here, 'available'],
        [there, 'deleted'],
      ]),
    );
  });

  it('asks the table that an attachment is associated with, one at a time', async () => {
    sand.advance(2 * MINUTES);
    const one = await network('10.0.0.0/16');
    const TransitGatewayAttachmentId = await attach(one);
    sand.advance(2 * MINUTES);
    const { TransitGatewayRouteTable } = await ec2.send(
      new CreateTransitGatewayRouteTableCommand({ TransitGatewayId }),
    );
    const TransitGatewayRouteTableId = TransitGatewayRouteTable?.TransitGatewayRouteTableId ?? '';
    const associate = (): Promise<unknown> =>
      ec2.send(
        new AssociateTransitGatewayRouteTableCommand({
          TransitGatewayRouteTableId,
          TransitGatewayAttachmentId,
        }),
      );
    await expect(associate()).rejects.toThrow(named('Resource.AlreadyAssociated'));
    const old = { TransitGatewayRouteTableId: hubTable, TransitGatewayAttachmentId };
    await ec2.send(new DisassociateTransitGatewayRouteTableCommand(old));
    await associate();
    const add = {
      TransitGatewayRouteTableId,
      DestinationCidrBlock: '10.9.0.0/16',
      TransitGatewayAttachmentId,
    };
    await ec2.send(new CreateTransitGatewayRouteCommand(add));
    expect(
      await search('route-search.longest-prefix-match', '10.9.1.0/24', TransitGatewayRouteTableId),
    ).toEqual([
      {
        DestinationCidrBlock: '10.9.0.0/16',
        Type: 'static',
        State: 'active',
        TransitGatewayAttachments: [
          { TransitGatewayAttachmentId, ResourceId: one.vpcId, ResourceType: 'vpc' },
        ],
      },
    ]);
  });

  // https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-nat-igw.html
  it("leads to the internet over another VPC's NAT gateway", async () => {
    sand.advance(2 * MINUTES);
    const [spoke, egress] = [await network('10.0.0.0/16'), await network('10.1.0.0/24')];
    const VpcId = egress.vpcId;
    await ec2.send(new AssociateVpcCidrBlockCommand({ VpcId, CidrBlock: '10.2.0.0/24' }));
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({ VpcId, CidrBlock: '10.2.0.0/24', AvailabilityZone: 'us-east-1a' }),
    );
    const SubnetId = Subnet?.SubnetId ?? '';
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
    const publicTable = RouteTable?.RouteTableId ?? '';
    await ec2.send(new AssociateRouteTableCommand({ RouteTableId: publicTable, SubnetId }));
    const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
    const InternetGatewayId = InternetGateway?.InternetGatewayId;
    await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({}));
    const { NatGateway } = await ec2.send(new CreateNatGatewayCommand({ SubnetId, AllocationId }));
    const [, into] = [await attach(spoke), await attach(egress)];
    sand.advance(5 * MINUTES);
    const out = async (RouteTableId: string, target: object, block = '0.0.0.0/0'): Promise<unknown> =>
      ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: block, ...target }));
    const id = await newInstance(ec2, { SubnetId: spoke.subnetId });
    const reach = (): Reachability =>
      sand.read((ctx) => ctx.port(instances).reachEndpoint(ctx, id, 'ssm.us-east-1.amazonaws.com'));
    await out(spoke.tableId, { TransitGatewayId });
    expect(reach()).toEqual(blocked(hubTable));
    const route = { DestinationCidrBlock: '0.0.0.0/0', TransitGatewayAttachmentId: into };
    await ec2.send(new CreateTransitGatewayRouteCommand({ TransitGatewayRouteTableId: hubTable, ...route }));
    expect(reach()).toEqual(blocked(egress.tableId));
    await out(egress.tableId, { NatGatewayId: NatGateway?.NatGatewayId });
    await out(publicTable, { GatewayId: InternetGatewayId });
    // The way back: from the NAT gateway's subnet to the instance.
    expect(reach()).toEqual(blocked(publicTable));
    await out(publicTable, { TransitGatewayId }, '10.0.0.0/16');
    expect(reach()).toEqual({ ok: true });
  });
});

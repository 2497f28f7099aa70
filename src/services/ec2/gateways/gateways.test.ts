// Virtual private and customer gateways, and what comes of routes to them.

import {
  AttachVpnGatewayCommand,
  CreateCustomerGatewayCommand,
  CreateRouteCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  CreateVpnGatewayCommand,
  DeleteCustomerGatewayCommand,
  DeleteVpcCommand,
  DeleteVpnGatewayCommand,
  DescribeCustomerGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeVpnGatewaysCommand,
  DetachVpnGatewayCommand,
  EC2Client,
  EnableVgwRoutePropagationCommand,
} from '@aws-sdk/client-ec2';
import type { RouteTable, VpnGateway } from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { newTable } from '../../../../tests/table.ts';
import type { TestTable } from '../../../../tests/table.ts';

const named = (name: string): object => expect.objectContaining({ name }) as object;
const HOUR = 3_600_000;

let sand: TestTable;
let ec2: EC2Client;

beforeEach(() => {
  sand = newTable();
  ec2 = sand.client(EC2Client);
});

// https://docs.aws.amazon.com/vpn/latest/s2svpn/how_it_works.html, and as AWS answered localstack:
// tests/aws/services/ec2/test_ec2.py, test_describe_vpn_gateways_filter_by_vpc.
describe('a virtual private gateway', () => {
  let VpcId: string;
  let VpnGatewayId: string;

  beforeEach(async () => {
    VpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId ?? '';
    const { VpnGateway: made } = await ec2.send(new CreateVpnGatewayCommand({ Type: 'ipsec.1' }));
    VpnGatewayId = made?.VpnGatewayId ?? '';
    expect(made).toEqual({
      VpnGatewayId,
      Type: 'ipsec.1',
      State: 'available',
      AmazonSideAsn: 64_512,
      VpcAttachments: [],
    });
  });

  async function seen(Name: string, value: string): Promise<VpnGateway | undefined> {
    const Filters = [{ Name, Values: [value] }];
    return (await ec2.send(new DescribeVpnGatewaysCommand({ Filters }))).VpnGateways?.[0];
  }

  async function mainTable(): Promise<RouteTable | undefined> {
    const Filters = [{ Name: 'vpc-id', Values: [VpcId] }];
    return (await ec2.send(new DescribeRouteTablesCommand({ Filters }))).RouteTables?.[0];
  }

  it('is attached to one VPC, which stays as long, and is shown as detached afterwards', async () => {
    await ec2.send(new AttachVpnGatewayCommand({ VpcId, VpnGatewayId }));
    expect((await seen('attachment.vpc-id', VpcId))?.VpcAttachments).toEqual([{ VpcId, State: 'attached' }]);
    await expect(ec2.send(new DeleteVpcCommand({ VpcId }))).rejects.toThrow(named('DependencyViolation'));
    const remove = new DeleteVpnGatewayCommand({ VpnGatewayId });
    await expect(ec2.send(remove)).rejects.toThrow(named('IncorrectState'));
    await ec2.send(new DetachVpnGatewayCommand({ VpcId, VpnGatewayId }));
    expect((await seen('attachment.state', 'detached'))?.VpcAttachments).toEqual([
      { VpcId, State: 'detached' },
    ]);
    await ec2.send(new DeleteVpnGatewayCommand({ VpnGatewayId }));
    expect((await seen('vpn-gateway-id', VpnGatewayId))?.State).toBe('deleted');
    sand.advance(HOUR);
    expect(await seen('vpn-gateway-id', VpnGatewayId)).toBeUndefined();
  });

  it('takes routes while it is attached; they are blackholes once it is not', async () => {
    const RouteTableId = (await mainTable())?.RouteTableId;
    const route = { RouteTableId, DestinationCidrBlock: '192.168.0.0/16', GatewayId: VpnGatewayId };
    await expect(ec2.send(new CreateRouteCommand(route))).rejects.toThrow(named('InvalidParameterValue'));
    await ec2.send(new AttachVpnGatewayCommand({ VpcId, VpnGatewayId }));
    await ec2.send(new CreateRouteCommand(route));
    await ec2.send(new EnableVgwRoutePropagationCommand({ RouteTableId, GatewayId: VpnGatewayId }));
    const before = await mainTable();
    expect(before?.PropagatingVgws).toEqual([{ GatewayId: VpnGatewayId }]);
    expect(before?.Routes).toContainEqual(
      expect.objectContaining({ GatewayId: VpnGatewayId, State: 'active' }),
    );
    await ec2.send(new DetachVpnGatewayCommand({ VpcId, VpnGatewayId }));
    const after = await mainTable();
    expect(after?.PropagatingVgws).toEqual([]);
    expect(after?.Routes).toContainEqual(
      expect.objectContaining({ GatewayId: VpnGatewayId, State: 'blackhole' }),
    );
  });
});

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateCustomerGateway.html
describe('a customer gateway', () => {
  async function create(more: object = {}): Promise<string> {
    const request = { Type: 'ipsec.1', IpAddress: '203.0.113.12', BgpAsn: 65_534, ...more } as const;
    const { CustomerGateway } = await ec2.send(new CreateCustomerGatewayCommand(request));
    return CustomerGateway?.CustomerGatewayId ?? '';
  }

  it('is made once for an address and an ASN', async () => {
    const first = await create();
    expect(await create()).toBe(first);
    expect(await create({ BgpAsn: 65_000 })).not.toBe(first);
  });

  // The error as AWS answered getmoto/moto: tests/test_ec2/test_customer_gateways.py.
  it('is shown as deleted for a while', async () => {
    const CustomerGatewayId = await create();
    await ec2.send(
      new CreateTagsCommand({ Resources: [CustomerGatewayId], Tags: [{ Key: 'site', Value: 'a' }] }),
    );
    await ec2.send(new DeleteCustomerGatewayCommand({ CustomerGatewayId }));
    const look = new DescribeCustomerGatewaysCommand({ CustomerGatewayIds: [CustomerGatewayId] });
    expect((await ec2.send(look)).CustomerGateways).toMatchObject([
      { State: 'deleted', BgpAsn: '65534', Tags: [{ Key: 'site', Value: 'a' }] },
    ]);
    sand.advance(HOUR);
    const again = ec2.send(new DescribeCustomerGatewaysCommand({ CustomerGatewayIds: [CustomerGatewayId] }));
    await expect(again).rejects.toMatchObject({
      name: 'InvalidCustomerGatewayID.NotFound',
      message: `The customerGateway ID '${CustomerGatewayId}' does not exist`,
    });
  });
});

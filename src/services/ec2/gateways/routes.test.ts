// Routes that are replaced and deleted, through the stock SDK.

import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateVpcCommand,
  DeleteRouteCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  ReplaceRouteCommand,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { ec2Table } from '../test-cloud.ts';

const ANYWHERE = '0.0.0.0/0';

let ec2: EC2Client;
let RouteTableId: string;
let GatewayId: string;

beforeEach(async () => {
  ec2 = ec2Table().client(EC2Client);
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: Vpc?.VpcId }));
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  RouteTableId = RouteTable?.RouteTableId ?? '';
  GatewayId = InternetGateway?.InternetGatewayId ?? '';
  await ec2.send(new AttachInternetGatewayCommand({ VpcId: Vpc?.VpcId, InternetGatewayId: GatewayId }));
});

async function destinations(): Promise<unknown> {
  const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId] }));
  return RouteTables?.[0]?.Routes?.map((route) => route.DestinationCidrBlock);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteRoute.html
describe('a route', () => {
  it('is gone once deleted, and then there is none to delete or to replace', async () => {
    const route = { RouteTableId, DestinationCidrBlock: ANYWHERE };
    await ec2.send(new CreateRouteCommand({ ...route, GatewayId }));
    expect(await destinations()).toEqual(['10.0.0.0/16', ANYWHERE]);
    await ec2.send(new DeleteRouteCommand(route));
    expect(await destinations()).toEqual(['10.0.0.0/16']);
    const none = {
      name: 'InvalidRoute.NotFound',
      message: `no route with destination-cidr-block ${ANYWHERE} in route table ${RouteTableId}`,
    };
    await expect(ec2.send(new DeleteRouteCommand(route))).rejects.toMatchObject(none);
    await expect(ec2.send(new ReplaceRouteCommand({ ...route, GatewayId }))).rejects.toMatchObject(none);
  });

  it('cannot be named without its destination', async () => {
    const missing = { name: 'MissingParameter' };
    await expect(ec2.send(new DeleteRouteCommand({ RouteTableId }))).rejects.toMatchObject(missing);
    await expect(ec2.send(new ReplaceRouteCommand({ RouteTableId, GatewayId }))).rejects.toMatchObject(
      missing,
    );
  });
});

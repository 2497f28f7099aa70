// What tests of networks stand on: a VPC with a subnet in it, and an instance there.

import {
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeImagesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { EC2Client, RunInstancesCommandInput } from '@aws-sdk/client-ec2';

export interface Network {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly tableId: string;
  readonly groupId: string;
}

/** A VPC with one subnet in its lowest 256 addresses, its main route table and its default security group. */
export async function newNetwork(ec2: EC2Client, CidrBlock: string): Promise<Network> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock }));
  const VpcId = Vpc?.VpcId ?? '';
  const within = CidrBlock.replace(/\/\d+$/, '/24');
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId, CidrBlock: within, AvailabilityZone: 'us-east-1a' }),
  );
  const Filters = [{ Name: 'vpc-id', Values: [VpcId] }];
  const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
  const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
  return {
    vpcId: VpcId,
    subnetId: Subnet?.SubnetId ?? '',
    tableId: RouteTables?.[0]?.RouteTableId ?? '',
    groupId: SecurityGroups?.[0]?.GroupId ?? '',
  };
}

export async function newInstance(ec2: EC2Client, more: Partial<RunInstancesCommandInput>): Promise<string> {
  const Filters = [{ Name: 'name', Values: ['al2023-ami-2023*-x86_64'] }];
  const { Images } = await ec2.send(new DescribeImagesCommand({ Filters }));
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: Images?.[0]?.ImageId,
      InstanceType: 't3.micro',
      MinCount: 1,
      MaxCount: 1,
      ...more,
    }),
  );
  return Instances?.[0]?.InstanceId ?? '';
}

// Interface endpoints to services whose names are not the service's own.

import {
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeImagesCommand,
  DescribeVpcEndpointsCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { instances } from '#cloud/ports/instances.ts';
import type { TestTable } from '../../../../tests/table.ts';
import { ec2Table } from '../test-cloud.ts';

let sand: TestTable;
let ec2: EC2Client;
let VpcId: string;
let SubnetId: string;

beforeEach(async () => {
  sand = ec2Table();
  ec2 = sand.client(EC2Client);
  const CidrBlock = '10.0.0.0/24';
  VpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock }))).Vpc?.VpcId ?? '';
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
  SubnetId = (await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock }))).Subnet?.SubnetId ?? '';
});

async function connect(service: string): Promise<string> {
  const ServiceName = `com.amazonaws.us-east-1.${service}`;
  const { VpcEndpoint } = await ec2.send(
    new CreateVpcEndpointCommand({ VpcId, ServiceName, VpcEndpointType: 'Interface', SubnetIds: [SubnetId] }),
  );
  sand.advance(120_000);
  return VpcEndpoint?.VpcEndpointId ?? '';
}

describe('an interface endpoint', () => {
  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
  it('lets a private subnet reach Amazon ECR by its names', async () => {
    const Filters = [{ Name: 'name', Values: ['al2023-ami-2023*-x86_64'] }];
    const { Images } = await ec2.send(new DescribeImagesCommand({ Filters }));
    const request = { ImageId: Images?.[0]?.ImageId, SubnetId, MinCount: 1, MaxCount: 1 };
    const { Instances } = await ec2.send(new RunInstancesCommand({ ...request, InstanceType: 't3.micro' }));
    const id = Instances?.[0]?.InstanceId ?? '';
    const reaches = (host: string): boolean =>
      sand.read((ctx) => ctx.port(instances).reachEndpoint(ctx, id, `${host}.us-east-1.amazonaws.com`).ok);
    const hosts = ['api.ecr', '000000000000.dkr.ecr'];
    expect(hosts.map(reaches)).toEqual([false, false]);
    await connect('ecr.api');
    expect(hosts.map(reaches)).toEqual([true, false]);
    await connect('ecr.dkr');
    expect(hosts.map(reaches)).toEqual([true, true]);
  });

  // As AWS answered localstack: tests/aws/services/ec2/test_ec2.py, test_vpc_endpoint_dns_names.
  it('has a name of its own in its service and region', async () => {
    const id = await connect('execute-api');
    const { VpcEndpoints } = await ec2.send(new DescribeVpcEndpointsCommand({ VpcEndpointIds: [id] }));
    expect(VpcEndpoints?.[0]?.DnsEntries?.[0]?.DnsName).toMatch(
      new RegExp(`^${id}-[0-9a-z]{8}\\.execute-api\\.us-east-1\\.vpce\\.amazonaws\\.com$`),
    );
    expect(VpcEndpoints?.[0]?.DnsOptions).toEqual({ DnsRecordIpType: 'ipv4' });
  });

  it("of a service that is not known here is refused by the service's name", async () => {
    await expect(connect('braket')).rejects.toMatchObject({ name: 'NotImplemented' });
  });
});

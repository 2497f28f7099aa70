import {
  CreateTagsCommand,
  CreateVolumeCommand,
  DescribeAccountAttributesCommand,
  DescribeAvailabilityZonesCommand,
  DescribeImagesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeRegionsCommand,
  DescribeVpcsCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  ModifyInstanceMetadataOptionsCommand,
  RunInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { _InstanceType, Instance } from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { newTable } from '../../../../tests/table.ts';

let ec2: EC2Client;
let InstanceId: string;

beforeEach(async () => {
  const sand = newTable();
  ec2 = sand.client(EC2Client);
  const Filters = [{ Name: 'name', Values: ['al2023-ami-2023.*-x86_64'] }];
  const { Images } = await ec2.send(new DescribeImagesCommand({ Filters }));
  const launch = { ImageId: Images?.[0]?.ImageId, MinCount: 1, MaxCount: 1 };
  const { Instances } = await ec2.send(new RunInstancesCommand(launch));
  InstanceId = Instances?.[0]?.InstanceId ?? '';
  sand.advance(60_000);
});

async function found(Filters: { Name: string; Values: string[] }[]): Promise<(Instance | undefined)[]> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters }));
  return Reservations.flatMap(({ Instances }) => Instances);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html (`InstanceType`)
it('an instance is of the type m1.small where nothing is said', async () => {
  expect(await found([])).toMatchObject([{ InstanceType: 'm1.small' }]);
});

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html (`BlockDeviceMappings`)
it('a root volume may be kept from going with its instance', async () => {
  const device = { DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } };
  await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, BlockDeviceMappings: [device] }));
  const where = { Name: 'block-device-mapping.delete-on-termination', Values: ['false'] };
  expect(await found([where])).toHaveLength(1);
  const wrong = [{ ...device, DeviceName: '/dev/sdz' }];
  await expect(
    ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, BlockDeviceMappings: wrong })),
  ).rejects.toMatchObject({ name: 'InvalidInstanceAttributeValue' });
});

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceMetadataOptions.html
it('keeps whether the metadata service has an IPv6 endpoint', async () => {
  const change = { InstanceId, HttpProtocolIpv6: 'enabled' as const };
  const { InstanceMetadataOptions } = await ec2.send(new ModifyInstanceMetadataOptionsCommand(change));
  expect(InstanceMetadataOptions?.HttpProtocolIpv6).toBe('enabled');
});

it('an instance without tags says nothing of tags', async () => {
  expect((await found([]))[0]).not.toHaveProperty('Tags');
  await ec2.send(new CreateTagsCommand({ Resources: [InstanceId], Tags: [{ Key: 'app', Value: 'web' }] }));
  expect(await found([{ Name: 'tag-value', Values: ['web'] }])).toMatchObject([{ Tags: [{ Key: 'app' }] }]);
});

it('an instance on hardware of its own has no kernel', async () => {
  const kernel = await ec2.send(new DescribeInstanceAttributeCommand({ InstanceId, Attribute: 'kernel' }));
  expect(kernel.KernelId).toEqual({});
});

describe('requests', () => {
  // moto, tests/test_ec2/test_instances.py: test_terminate_empty_instances
  it('must name instances', async () => {
    await expect(ec2.send(new StopInstancesCommand({ InstanceIds: [] }))).rejects.toMatchObject({
      name: 'InvalidParameterCombination',
      message: 'No instances specified',
    });
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidID)
  it('cannot tag what has no id', async () => {
    const tag = new CreateTagsCommand({ Resources: ['ami-blah'], Tags: [{ Key: 'key', Value: 'tag' }] });
    await expect(ec2.send(tag)).rejects.toMatchObject({ name: 'InvalidID' });
  });

  // moto, tests/test_ec2/test_instance_types.py: test_describe_instance_types_unknown_type
  it('cannot ask for instance types that there are not', async () => {
    const InstanceTypes = ['t1.non_existent' as _InstanceType];
    await expect(ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes }))).rejects.toMatchObject({
      name: 'InvalidInstanceType',
      message: 'The following supplied instance types do not exist: [t1.non_existent]',
    });
  });
});

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
it('regions that need an opt-in are listed only if they are asked for', async () => {
  const names = async (AllRegions: boolean): Promise<unknown[] | undefined> =>
    (await ec2.send(new DescribeRegionsCommand({ AllRegions }))).Regions?.map(({ RegionName }) => RegionName);
  expect(await names(false)).not.toContain('af-south-1');
  expect(await names(true)).toContain('af-south-1');
});

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAccountAttributes.html
it('the account says which VPC is its default', async () => {
  const { Vpcs } = await ec2.send(new DescribeVpcsCommand({}));
  const { AccountAttributes } = await ec2.send(
    new DescribeAccountAttributesCommand({ AttributeNames: ['default-vpc'] }),
  );
  expect(AccountAttributes?.[0]?.AttributeValues).toEqual([{ AttributeValue: Vpcs?.[0]?.VpcId }]);
});

// LocalStack's `test_describe_availability_zones_filters`, recorded from AWS
it('zones have ids that do not follow their names', async () => {
  const Filters = [{ Name: 'zone-name', Values: ['us-east-1a'] }];
  const { AvailabilityZones } = await ec2.send(new DescribeAvailabilityZonesCommand({ Filters }));
  expect(AvailabilityZones).toMatchObject([
    { ZoneId: 'use1-az6', GroupLongName: 'US East (N. Virginia) 1', State: 'available' },
  ]);
});

// LocalStack's `test_raise_create_volume_without_size`, recorded from AWS
it('a volume needs a size or a snapshot before it needs a zone', async () => {
  const request = new CreateVolumeCommand({ AvailabilityZone: 'eu-central-1a' });
  await expect(ec2.send(request)).rejects.toMatchObject({
    name: 'MissingParameter',
    message: 'The request must contain the parameter size/snapshot',
  });
});

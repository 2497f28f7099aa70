import {
  CopyImageCommand,
  CreateImageCommand,
  CreateSnapshotCommand,
  DeregisterImageCommand,
  DescribeImageAttributeCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  ModifyImageAttributeCommand,
  RegisterImageCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { Instance, RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { newTable } from '../../../../tests/table.ts';
import type { TestTable } from '../../../../tests/table.ts';

const MINUTE = 60_000;
const OTHER = { accessKeyId: '222222222222', secretAccessKey: 'test' };

let sand: TestTable;
let ec2: EC2Client;
let publicId: string;

beforeEach(async () => {
  sand = newTable();
  ec2 = sand.client(EC2Client);
  const Filters = [{ Name: 'name', Values: ['al2023-ami-2023.*-x86_64'] }];
  const { Images } = await ec2.send(new DescribeImagesCommand({ Filters }));
  publicId = Images?.[0]?.ImageId ?? '';
});

async function launch(more: Partial<RunInstancesCommandInput> = {}, as: EC2Client = ec2): Promise<string> {
  const counts = { MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' as const };
  const { Instances } = await as.send(new RunInstancesCommand({ ImageId: publicId, ...counts, ...more }));
  sand.advance(MINUTE);
  return Instances?.[0]?.InstanceId ?? '';
}

async function instance(id: string): Promise<Instance | undefined> {
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return Reservations?.[0]?.Instances?.[0];
}

async function made(Name: string, InstanceId: string): Promise<string> {
  const { ImageId = '' } = await ec2.send(new CreateImageCommand({ InstanceId, Name }));
  sand.advance(10 * MINUTE);
  return ImageId;
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/creating-an-ami-ebs.html
describe('an image of an instance', () => {
  it('brings all of its volumes along', async () => {
    const disk = { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 5, DeleteOnTermination: false } };
    const ImageId = await made('two-disks', await launch({ BlockDeviceMappings: [disk] }));
    const { BlockDeviceMappings } = (await instance(await launch({ ImageId }))) ?? {};
    const kept = BlockDeviceMappings?.map(({ DeviceName = '', Ebs }) => [
      DeviceName,
      Ebs?.DeleteOnTermination,
    ]);
    expect(Object.fromEntries(kept ?? [])).toEqual({ '/dev/xvda': true, '/dev/sdf': false });
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_BlockDeviceMapping.html: NoDevice omits it
    const bare = await launch({ ImageId, BlockDeviceMappings: [{ DeviceName: '/dev/sdf', NoDevice: '' }] });
    expect((await instance(bare))?.BlockDeviceMappings).toHaveLength(1);
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html: recently deregistered images
  it('is unavailable once it is deregistered, and described no more', async () => {
    const ImageId = await made('short-lived', await launch());
    const { DeleteSnapshotResults } = await ec2.send(
      new DeregisterImageCommand({ ImageId, DeleteAssociatedSnapshots: true }),
    );
    expect(DeleteSnapshotResults).toMatchObject([{ ReturnCode: 'success' }]);
    expect((await ec2.send(new DescribeSnapshotsCommand({}))).Snapshots).toEqual([]);
    expect((await ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId] }))).Images).toEqual([]);
    await expect(launch({ ImageId })).rejects.toMatchObject({ name: 'InvalidAMIID.Unavailable' });
    await expect(ec2.send(new DeregisterImageCommand({ ImageId }))).rejects.toMatchObject({
      name: 'InvalidAMIID.Unavailable',
    });
  });
});

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EbsBlockDevice.html
it('launches no device that says too little or too much', async () => {
  const device = (Ebs?: object) => launch({ BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs }] });
  // The first two as moto has them.
  await expect(device()).rejects.toMatchObject({ message: 'The request must contain the parameter ebs' });
  await expect(device({ VolumeType: 'gp3' })).rejects.toMatchObject({
    message: 'The request must contain the parameter size or snapshotId',
  });
  await expect(device({ VolumeSize: 8, VolumeType: 'gp2', Throughput: 300 })).rejects.toMatchObject({
    name: 'InvalidBlockDeviceMapping',
    message: "throughput cannot be specified with the volumeType of device '/dev/sdf'",
  });
});

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/creating-launching-ami-from-snapshot.html
it('registers a snapshot of a root volume as an image', async () => {
  const id = await launch();
  const VolumeId = (await instance(id))?.BlockDeviceMappings?.[0]?.Ebs?.VolumeId;
  const { SnapshotId } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
  sand.advance(5 * MINUTE);
  const root = { DeviceName: '/dev/xvda', Ebs: { SnapshotId, VolumeSize: 12 } };
  const request = { Name: 'registered', Architecture: 'x86_64' as const, VirtualizationType: 'hvm' };
  const device = { RootDeviceName: '/dev/xvda', BlockDeviceMappings: [root] };
  const { ImageId } = await ec2.send(new RegisterImageCommand({ ...request, ...device }));
  const launched = await launch({ ImageId });
  const Filters = [{ Name: 'attachment.instance-id', Values: [launched] }];
  const { Volumes } = await ec2.send(new DescribeVolumesCommand({ Filters }));
  expect(Volumes).toMatchObject([{ Size: 12, SnapshotId }]);
});

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/CopyingAMIs.html
it('copies an image from another region, with snapshots of its own', async () => {
  const SourceImageId = await made('original', await launch());
  const there = sand.client(EC2Client, { region: 'eu-west-1' });
  const copy = new CopyImageCommand({ SourceRegion: 'us-east-1', SourceImageId, Name: 'copy' });
  const { ImageId = '' } = await there.send(copy);
  sand.advance(10 * MINUTE);
  const { Images } = await there.send(new DescribeImagesCommand({ ImageIds: [ImageId] }));
  expect(Images).toMatchObject([
    { Name: 'copy', State: 'available', SourceImageId, SourceImageRegion: 'us-east-1' },
  ]);
  const SnapshotIds = [Images?.[0]?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId ?? ''];
  expect((await there.send(new DescribeSnapshotsCommand({ SnapshotIds }))).Snapshots).toHaveLength(1);
  expect(await launch({ ImageId }, there)).toMatch(/^i-/);
});

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html
describe('launch permissions', () => {
  it('let other accounts launch an image', async () => {
    const ImageId = await made('shared', await launch());
    const other = sand.client(EC2Client, { credentials: OTHER });
    await expect(launch({ ImageId }, other)).rejects.toMatchObject({ name: 'InvalidAMIID.NotFound' });
    const Add = [{ UserId: OTHER.accessKeyId }];
    await ec2.send(new ModifyImageAttributeCommand({ ImageId, LaunchPermission: { Add } }));
    const { LaunchPermissions } = await ec2.send(
      new DescribeImageAttributeCommand({ ImageId, Attribute: 'launchPermission' }),
    );
    expect(LaunchPermissions).toEqual(Add);
    const { Images } = await other.send(
      new DescribeImagesCommand({
        ExecutableUsers: ['self'],
        Filters: [{ Name: 'name', Values: ['shared'] }],
      }),
    );
    expect(Images).toMatchObject([{ ImageId, Public: false }]);
    expect(await launch({ ImageId }, other)).toMatch(/^i-/);
    await expect(other.send(new DeregisterImageCommand({ ImageId }))).rejects.toMatchObject({
      name: 'AuthFailure',
    });
  });

  it('go to accounts by their twelve digits and to the group all', async () => {
    const ImageId = await made('strict', await launch());
    const share = { ImageId, Attribute: 'launchPermission', OperationType: 'add' as const };
    for (const wrong of [{ UserIds: ['12345678901A'] }, { UserGroups: ['everyone'] }])
      await expect(ec2.send(new ModifyImageAttributeCommand({ ...share, ...wrong }))).rejects.toMatchObject({
        name: 'InvalidAMIAttributeItemValue',
      });
  });
});

import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVolumesModificationsCommand,
  DetachVolumeCommand,
  EC2Client,
  ModifyVolumeCommand,
  MonitorInstancesCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { RunInstancesCommandInput, Volume } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../../tests/table.ts';

const MINUTE = 60_000;

async function stand() {
  const table = newTable();
  const ec2 = table.client(EC2Client);
  const Filters = [{ Name: 'architecture', Values: ['x86_64'] }];
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['amazon'], Filters }));
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const zones = Subnets.map(({ AvailabilityZone = '' }) => AvailabilityZone);
  return {
    table,
    ec2,
    zones,
    async launch(more: Partial<RunInstancesCommandInput> = {}): Promise<string> {
      const { Instances } = await ec2.send(
        new RunInstancesCommand({
          ImageId: Images[0]?.ImageId,
          InstanceType: 't3.micro',
          SubnetId: Subnets[0]?.SubnetId,
          MinCount: 1,
          MaxCount: 1,
          ...more,
        }),
      );
      table.advance(MINUTE);
      return Instances?.[0]?.InstanceId ?? '';
    },
    async create(more: object = {}): Promise<string> {
      const input = { AvailabilityZone: zones[0] ?? '', Size: 20, ...more };
      const { VolumeId = '' } = await ec2.send(new CreateVolumeCommand(input));
      return VolumeId;
    },
    async volume(id: string): Promise<Volume | undefined> {
      return (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes?.[0];
    },
  };
}

// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-describing-volumes.html#volume-state
describe('a volume of its own', () => {
  it('is created, attached, detached and deleted', async () => {
    const { table, ec2, launch, create, volume } = await stand();
    const InstanceId = await launch();
    const TagSpecifications = [{ ResourceType: 'volume', Tags: [{ Key: 'a', Value: 'b' }] }];
    const VolumeId = await create({ TagSpecifications });
    expect(await volume(VolumeId)).toMatchObject({ State: 'creating', VolumeType: 'gp2', Iops: 100 });
    table.advance(MINUTE);
    expect(await volume(VolumeId)).toMatchObject({ State: 'available', Tags: [{ Key: 'a', Value: 'b' }] });
    const Device = '/dev/sdf';
    const attached = await ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId, Device }));
    expect(attached).toMatchObject({ State: 'attaching', DeleteOnTermination: false });
    table.advance(MINUTE);
    expect(await volume(VolumeId)).toMatchObject({
      State: 'in-use',
      Attachments: [{ State: 'attached', Device }],
    });
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
    const devices = Reservations?.[0]?.Instances?.[0]?.BlockDeviceMappings ?? [];
    expect(devices.map(({ DeviceName }) => DeviceName)).toContain(Device);
    await expect(ec2.send(new DeleteVolumeCommand({ VolumeId }))).rejects.toMatchObject({
      name: 'VolumeInUse',
    });
    expect((await ec2.send(new DetachVolumeCommand({ VolumeId }))).State).toBe('detaching');
    table.advance(MINUTE);
    expect(await volume(VolumeId)).toMatchObject({ State: 'available', Attachments: [] });
    await ec2.send(new DeleteVolumeCommand({ VolumeId }));
    expect((await volume(VolumeId))?.State).toBe('deleting');
    table.advance(MINUTE);
    await expect(volume(VolumeId)).rejects.toMatchObject({ name: 'InvalidVolume.NotFound' });
  });

  it('goes on when its instance is terminated, as does one that was launched to outlive it', async () => {
    const { table, ec2, launch, create } = await stand();
    const Ebs = { VolumeSize: 10, DeleteOnTermination: false };
    const InstanceId = await launch({ BlockDeviceMappings: [{ DeviceName: '/dev/sdg', Ebs }] });
    const VolumeId = await create();
    table.advance(MINUTE);
    await ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId, Device: '/dev/sdf' }));
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    table.advance(5 * MINUTE);
    const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({}));
    expect(Volumes.map(({ Size, State }) => [Size, State]).toSorted()).toEqual([
      [10, 'available'],
      [20, 'available'],
    ]);
  });

  // https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html
  it('has the performance of its kind, also where it comes with an instance', async () => {
    const { ec2, launch } = await stand();
    const Ebs = { VolumeSize: 200 };
    await launch({ BlockDeviceMappings: [{ DeviceName: '/dev/sdg', Ebs }] });
    const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({}));
    expect(
      Volumes.map(({ VolumeType, Iops, Throughput }) => [VolumeType, Iops, Throughput]).toSorted(),
    ).toEqual([
      ['gp2', 600, undefined],
      ['gp3', 3000, 125],
    ]);
    const wrong = { VolumeSize: 10, VolumeType: 'io1' as const };
    await expect(
      launch({ BlockDeviceMappings: [{ DeviceName: '/dev/sdg', Ebs: wrong }] }),
    ).rejects.toMatchObject({ name: 'MissingParameter' });
  });

  it('is attached only in its zone, to one instance, as a device of its own', async () => {
    const { table, ec2, launch, create, zones } = await stand();
    const InstanceId = await launch();
    const [first, second, elsewhere] = [
      await create(),
      await create(),
      await create({ AvailabilityZone: zones[1] }),
    ];
    const attach = (VolumeId: string) =>
      ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId, Device: '/dev/sdf' }));
    await expect(attach(first)).rejects.toMatchObject({ name: 'IncorrectState' });
    table.advance(MINUTE);
    await attach(first);
    await expect(attach(first)).rejects.toMatchObject({ name: 'VolumeInUse' });
    await expect(attach(elsewhere)).rejects.toMatchObject({ name: 'InvalidVolume.ZoneMismatch' });
    await expect(attach(second)).rejects.toThrow('Attachment point /dev/sdf is already in use');
    await expect(ec2.send(new DetachVolumeCommand({ VolumeId: second }))).rejects.toMatchObject({
      name: 'IncorrectState',
    });
  });

  it('keeps the root volume of an instance that runs', async () => {
    const { ec2, launch } = await stand();
    const InstanceId = await launch();
    const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({}));
    const VolumeId = Volumes[0]?.VolumeId;
    await expect(ec2.send(new DetachVolumeCommand({ VolumeId, InstanceId }))).rejects.toMatchObject({
      name: 'OperationNotPermitted',
    });
  });
});

// https://docs.aws.amazon.com/ebs/latest/userguide/monitoring-volume-modifications.html
describe('a modification', () => {
  it('has its effect while the volume is being optimized', async () => {
    const { table, ec2, create, volume } = await stand();
    const VolumeId = await create();
    table.advance(MINUTE);
    const { VolumeModification } = await ec2.send(
      new ModifyVolumeCommand({ VolumeId, Size: 30, VolumeType: 'gp3' }),
    );
    expect(VolumeModification).toMatchObject({
      ModificationState: 'modifying',
      OriginalSize: 20,
      TargetSize: 30,
    });
    await expect(ec2.send(new ModifyVolumeCommand({ VolumeId, Size: 40 }))).rejects.toMatchObject({
      name: 'IncorrectModificationState',
    });
    table.advance(20_000);
    expect(await volume(VolumeId)).toMatchObject({
      Size: 30,
      VolumeType: 'gp3',
      Iops: 3000,
      Throughput: 125,
    });
    const state = async () => {
      const found = await ec2.send(new DescribeVolumesModificationsCommand({ VolumeIds: [VolumeId] }));
      return found.VolumesModifications?.[0]?.ModificationState;
    };
    expect(await state()).toBe('optimizing');
    table.advance(15 * MINUTE);
    expect(await state()).toBe('completed');
  });

  it('does not make a volume smaller, or what its type cannot be', async () => {
    const { ec2, create } = await stand();
    const VolumeId = await create();
    const modify = (more: object) => ec2.send(new ModifyVolumeCommand({ VolumeId, ...more }));
    await expect(modify({ Size: 10 })).rejects.toThrow('New size cannot be smaller than existing size');
    await expect(modify({ VolumeType: 'st1' })).rejects.toThrow('minimum is 125GiB');
    await expect(create({ VolumeType: 'io1' })).rejects.toThrow('The parameter iops must be specified');
    await expect(create({ Iops: 200 })).rejects.toThrow(
      'The parameter iops is not supported for gp2 volumes.',
    );
  });
});

it('turns detailed monitoring on while an instance runs', async () => {
  const { ec2, launch } = await stand();
  const InstanceId = await launch();
  await ec2.send(new MonitorInstancesCommand({ InstanceIds: [InstanceId] }));
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
  expect(Reservations?.[0]?.Instances?.[0]?.Monitoring?.State).toBe('enabled');
});

import {
  CopySnapshotCommand,
  CreateSnapshotCommand,
  CreateSnapshotsCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeInstancesCommand,
  DescribeSnapshotAttributeCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  EnableEbsEncryptionByDefaultCommand,
  GetEbsDefaultKmsKeyIdCommand,
  ModifyEbsDefaultKmsKeyIdCommand,
  ModifySnapshotAttributeCommand,
  CreateImageCommand,
} from '@aws-sdk/client-ec2';
import type { RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import { CreateKeyCommand, DescribeKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { beforeEach, describe, expect, it } from 'vitest';
import { newTable } from '../../../../tests/table.ts';
import type { TestTable } from '../../../../tests/table.ts';
import { newInstance } from '../test-network.ts';

const MINUTE = 60_000;
const ZONE = 'us-east-1a';
const OTHER = { accessKeyId: '222222222222', secretAccessKey: 'test' };

let sand: TestTable;
let ec2: EC2Client;
let kms: KMSClient;

beforeEach(() => {
  sand = newTable();
  ec2 = sand.client(EC2Client);
  kms = sand.client(KMSClient);
});

async function volume(more: object = {}): Promise<string> {
  const input = { AvailabilityZone: ZONE, Size: 20, ...more };
  const { VolumeId = '' } = await ec2.send(new CreateVolumeCommand(input));
  sand.advance(MINUTE);
  return VolumeId;
}

async function snapshot(VolumeId: string): Promise<string> {
  const { SnapshotId = '' } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
  sand.advance(5 * MINUTE);
  return SnapshotId;
}

async function launch(more: Partial<RunInstancesCommandInput> = {}): Promise<string> {
  const id = await newInstance(ec2, more);
  sand.advance(MINUTE);
  return id;
}

async function volumeState(id: string): Promise<string | undefined> {
  const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }));
  return Volumes?.[0]?.State;
}

// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshots.html
describe('a snapshot', () => {
  it('is pending before it is completed, and only then becomes a volume', async () => {
    const VolumeId = await volume();
    const { SnapshotId, State } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
    expect(State).toBe('pending');
    const from = new CreateVolumeCommand({ SnapshotId, AvailabilityZone: ZONE });
    await expect(ec2.send(from)).rejects.toMatchObject({ name: 'IncorrectState' });
    sand.advance(5 * MINUTE);
    expect(await ec2.send(from)).toMatchObject({ Size: 20, SnapshotId });
  });

  it('gives no volume that is smaller than it', async () => {
    const SnapshotId = await snapshot(await volume());
    const smaller = new CreateVolumeCommand({ SnapshotId, AvailabilityZone: ZONE, Size: 10 });
    await expect(ec2.send(smaller)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  it('cannot be deleted while an image is made of it', async () => {
    const InstanceId = await launch();
    const { ImageId = '' } = await ec2.send(new CreateImageCommand({ InstanceId, Name: 'golden' }));
    sand.advance(10 * MINUTE);
    const { Snapshots: [made] = [] } = await ec2.send(new DescribeSnapshotsCommand({}));
    expect(made?.Description).toBe(`Created by CreateImage(${InstanceId}) for ${ImageId}`);
    const remove = new DeleteSnapshotCommand({ SnapshotId: made?.SnapshotId });
    await expect(ec2.send(remove)).rejects.toMatchObject({
      name: 'InvalidSnapshot.InUse',
      message: `The snapshot ${made?.SnapshotId} is currently in use by ${ImageId}`,
    });
    await ec2.send(new DeregisterImageCommand({ ImageId }));
    await ec2.send(remove);
    expect((await ec2.send(new DescribeSnapshotsCommand({}))).Snapshots).toEqual([]);
  });

  it('is copied from another region, with an arbitrary volume id', async () => {
    const SourceSnapshotId = await snapshot(await volume());
    const there = sand.client(EC2Client, { region: 'eu-west-1' });
    const { SnapshotId = '' } = await there.send(
      new CopySnapshotCommand({ SourceRegion: 'us-east-1', SourceSnapshotId }),
    );
    const { Snapshots } = await there.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId] }));
    expect(Snapshots).toMatchObject([{ VolumeId: 'vol-ffffffff', VolumeSize: 20 }]);
    const gone = new CopySnapshotCommand({ SourceRegion: 'eu-west-1', SourceSnapshotId });
    await expect(there.send(gone)).rejects.toMatchObject({ name: 'InvalidSnapshot.NotFound' });
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html
  it('is taken of each volume of an instance, but not of those that are left out', async () => {
    const disk = { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 5 } };
    const InstanceId = await launch({ BlockDeviceMappings: [disk] });
    const sizes = async (ExcludeBootVolume: boolean): Promise<unknown> => {
      const InstanceSpecification = { InstanceId, ExcludeBootVolume };
      const { Snapshots } = await ec2.send(new CreateSnapshotsCommand({ InstanceSpecification }));
      return Snapshots?.map(({ VolumeSize = 0 }) => VolumeSize).toSorted((left, right) => left - right);
    };
    expect(await sizes(false)).toEqual([5, 8]);
    expect(await sizes(true)).toEqual([5]);
  });
});

// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html
describe('a shared snapshot', () => {
  it('is found by the accounts that may make volumes of it, and by no other', async () => {
    const SnapshotId = await snapshot(await volume());
    const other = sand.client(EC2Client, { credentials: OTHER });
    const make = new CreateVolumeCommand({ SnapshotId, AvailabilityZone: ZONE });
    await expect(other.send(make)).rejects.toMatchObject({ name: 'InvalidSnapshot.NotFound' });
    const permission = { SnapshotId, Attribute: 'createVolumePermission' as const };
    const UserIds = [OTHER.accessKeyId];
    await ec2.send(new ModifySnapshotAttributeCommand({ ...permission, OperationType: 'add', UserIds }));
    const { CreateVolumePermissions } = await ec2.send(new DescribeSnapshotAttributeCommand(permission));
    expect(CreateVolumePermissions).toEqual([{ UserId: OTHER.accessKeyId }]);
    expect(await other.send(make)).toMatchObject({ Size: 20 });
    await expect(other.send(new DeleteSnapshotCommand({ SnapshotId }))).rejects.toMatchObject({
      name: 'UnauthorizedOperation',
    });
  });

  it('is under a key of its owner, if it is encrypted', async () => {
    const share = (SnapshotId: string) =>
      new ModifySnapshotAttributeCommand({ SnapshotId, OperationType: 'add', UserIds: [OTHER.accessKeyId] });
    const managed = await snapshot(await volume({ Encrypted: true }));
    await expect(ec2.send(share(managed))).rejects.toMatchObject({ name: 'OperationNotPermitted' });
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    await ec2.send(share(await snapshot(await volume({ Encrypted: true, KmsKeyId: KeyMetadata?.Arn }))));
  });

  it('is not shared with a group other than all', async () => {
    const SnapshotId = await snapshot(await volume());
    const share = { SnapshotId, OperationType: 'add' as const, GroupNames: ['everyone'] };
    await expect(ec2.send(new ModifySnapshotAttributeCommand(share))).rejects.toMatchObject({
      name: 'InvalidAMIAttributeItemValue',
    });
  });
});

// https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html
describe('encryption', () => {
  it('takes the managed key unless the account has chosen another', async () => {
    const made = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: ZONE, Size: 1, Encrypted: true }),
    );
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/ebs' }));
    expect(made.KmsKeyId).toBe(KeyMetadata?.Arn);
    const { KeyMetadata: mine } = await kms.send(new CreateKeyCommand({}));
    await ec2.send(new ModifyEbsDefaultKmsKeyIdCommand({ KmsKeyId: mine?.KeyId }));
    expect((await ec2.send(new GetEbsDefaultKmsKeyIdCommand({}))).KmsKeyId).toBe(mine?.Arn);
    await ec2.send(new EnableEbsEncryptionByDefaultCommand({}));
    const next = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: ZONE, Size: 1 }));
    expect(next).toMatchObject({ Encrypted: true, KmsKeyId: mine?.Arn });
  });

  it('goes with a volume into its snapshots and what is made of them', async () => {
    const SnapshotId = await snapshot(await volume({ Encrypted: true }));
    const made = await ec2.send(new CreateVolumeCommand({ SnapshotId, AvailabilityZone: ZONE }));
    expect(made.Encrypted).toBe(true);
  });

  // https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html#ebs-volume-encryption-outcomes
  it('keeps the key of a snapshot for its volumes, and not for its copies', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const SnapshotId = await snapshot(await volume({ Encrypted: true, KmsKeyId: KeyMetadata?.Arn }));
    const made = await ec2.send(new CreateVolumeCommand({ SnapshotId, AvailabilityZone: ZONE }));
    expect(made.KmsKeyId).toBe(KeyMetadata?.Arn);
    const copy = { SourceSnapshotId: SnapshotId, SourceRegion: 'us-east-1' };
    const SnapshotIds = [(await ec2.send(new CopySnapshotCommand(copy))).SnapshotId ?? ''];
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds }));
    const { KeyMetadata: managed } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/ebs' }));
    expect(Snapshots).toMatchObject([{ Encrypted: true, KmsKeyId: managed?.Arn }]);
  });

  it('by default holds for the volumes that come with an instance', async () => {
    await ec2.send(new EnableEbsEncryptionByDefaultCommand({}));
    const Filters = [{ Name: 'attachment.instance-id', Values: [await launch()] }];
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({ Filters }));
    expect(Volumes).toMatchObject([{ Encrypted: true }]);
  });

  it('needs to be asked for where a key is named', async () => {
    await expect(volume({ KmsKeyId: 'alias/mine' })).rejects.toMatchObject({
      name: 'InvalidParameterDependency',
    });
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html: the key is authenticated asynchronously
  it('with a key that cannot be used fails after the request', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const KmsKeyId = KeyMetadata?.KeyId;
    const good = await volume({ Encrypted: true, KmsKeyId });
    expect(await volumeState(good)).toBe('available');
    await kms.send(new DisableKeyCommand({ KeyId: KmsKeyId }));
    const bad = await volume({ Encrypted: true, KmsKeyId });
    await expect(volumeState(bad)).rejects.toMatchObject({ name: 'InvalidVolume.NotFound' });
    const disk = { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 5, Encrypted: true, KmsKeyId } };
    const InstanceIds = [await launch({ BlockDeviceMappings: [disk] })];
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds }));
    expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
      State: { Name: 'terminated' },
      StateReason: { Code: 'Client.InternalError' },
    });
  });
});

import {
  AllocateAddressCommand,
  DescribeInstancesCommand,
  DescribeAddressesCommand,
  DescribeImagesCommand,
  DescribeKeyPairsCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  DescribeInstanceAttributeCommand,
} from '@aws-sdk/client-ec2';
import type { Instance } from '@aws-sdk/client-ec2';
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

const PUBLIC_KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPn3Wv4dVAnG1tYmJ5n1s8vHk5dZr7sVh4cXgq3m9yQF me@example.org';

class InstanceStand extends ProviderStand {
  readonly ec2: EC2Client = this.table.client(EC2Client);
  imageId = '';
  subnetId = '';
  zone = '';

  static async begin(): Promise<InstanceStand> {
    const stand = new InstanceStand();
    const Filters = [{ Name: 'architecture', Values: ['x86_64'] }];
    const { Images = [] } = await stand.ec2.send(new DescribeImagesCommand({ Owners: ['amazon'], Filters }));
    stand.imageId = Images[0]?.ImageId ?? '';
    const { Subnets = [] } = await stand.ec2.send(new DescribeSubnetsCommand({}));
    stand.subnetId = Subnets[0]?.SubnetId ?? '';
    stand.zone = Subnets[0]?.AvailabilityZone ?? '';
    return stand;
  }

  /** A template with an instance `Web`, and more. */
  template(properties: object = {}, resources: object = {}, outputs: object = {}) {
    return {
      Resources: {
        Web: {
          Type: 'AWS::EC2::Instance',
          Properties: {
            ImageId: this.imageId,
            InstanceType: 't3.micro',
            SubnetId: this.subnetId,
            ...properties,
          },
        },
        ...resources,
      },
      Outputs: {
        Id: { Value: { Ref: 'Web' } },
        ...Object.fromEntries(
          ['AvailabilityZone', 'PrivateIp', 'PublicIp', 'PrivateDnsName', 'PublicDnsName', 'VpcId'].map(
            (name) => [name, { Value: { 'Fn::GetAtt': ['Web', name] } }],
          ),
        ),
        ...outputs,
      },
    };
  }

  async instance(): Promise<Instance> {
    const { Web = '' } = await this.physicalIds();
    const { Reservations = [] } = await this.ec2.send(new DescribeInstancesCommand({ InstanceIds: [Web] }));
    return Reservations[0]?.Instances?.[0] as Instance;
  }

  async alive(): Promise<string[]> {
    const { Reservations = [] } = await this.ec2.send(new DescribeInstancesCommand({}));
    return Reservations.flatMap(({ Instances = [] }) => Instances)
      .filter(({ State }) => State?.Name !== 'terminated')
      .map(({ InstanceId = '' }) => InstanceId);
  }

  async attribute(Attribute: 'userData' | 'disableApiTermination' | 'instanceInitiatedShutdownBehavior') {
    const { InstanceId } = await this.instance();
    return this.ec2.send(new DescribeInstanceAttributeCommand({ InstanceId, Attribute }));
  }
}

async function profile(stand: InstanceStand, InstanceProfileName: string): Promise<void> {
  const iam = stand.table.client(IAMClient);
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'ec2.amazonaws.com' },
    Action: 'sts:AssumeRole',
  };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const RoleName = InstanceProfileName;
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-instance.html
describe('AWS::EC2::Instance', () => {
  it('is complete when it runs, and is terminated with its stack', async () => {
    const stand = await InstanceStand.begin();
    await profile(stand, 'web');
    const properties = {
      IamInstanceProfile: 'web',
      Monitoring: true,
      SourceDestCheck: 'false',
      UserData: { 'Fn::Base64': '#!/bin/sh\necho hello\n' },
      BlockDeviceMappings: [
        { DeviceName: '/dev/xvda', Ebs: { VolumeSize: '30', VolumeType: 'gp3' } },
        { DeviceName: '/dev/sdm', Ebs: { VolumeSize: '10', VolumeType: 'io1', Iops: '200' } },
      ],
      PropagateTagsToVolumeOnCreation: true,
      Tags: [{ Key: 'Name', Value: 'web' }],
    };
    expect(await stand.create(stand.template(properties))).toBe('CREATE_COMPLETE');
    const instance = await stand.instance();
    expect(instance.State?.Name).toBe('running');
    expect(await stand.outputs()).toEqual({
      Id: instance.InstanceId,
      AvailabilityZone: stand.zone,
      PrivateIp: instance.PrivateIpAddress,
      PublicIp: instance.PublicIpAddress,
      PrivateDnsName: instance.PrivateDnsName,
      PublicDnsName: instance.PublicDnsName,
      VpcId: instance.VpcId,
    });
    expect(instance.SourceDestCheck).toBe(false);
    expect(instance.Monitoring?.State).toBe('enabled');
    expect(instance.IamInstanceProfile?.Arn).toMatch(/instance-profile\/web$/);
    const tags = Object.fromEntries((instance.Tags ?? []).map(({ Key = '', Value }) => [Key, Value]));
    expect(tags).toMatchObject({ Name: 'web', 'aws:cloudformation:logical-id': 'Web' });
    const { Volumes = [] } = await stand.ec2.send(new DescribeVolumesCommand({}));
    expect(Volumes.map(({ Size, VolumeType, Iops }) => [Size, VolumeType, Iops])).toContainEqual([
      10,
      'io1',
      200,
    ]);
    expect(Volumes.every(({ Tags = [] }) => Tags.some(({ Value }) => Value === 'web'))).toBe(true);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    expect(await stand.alive()).toEqual([]);
    expect((await stand.ec2.send(new DescribeVolumesCommand({}))).Volumes).toEqual([]);
  });

  it('is stopped and started for another type or other user data, and stays the same instance', async () => {
    const stand = await InstanceStand.begin();
    await stand.create(stand.template());
    const { InstanceId, PrivateIpAddress } = await stand.instance();
    const UserData = { 'Fn::Base64': 'two' };
    expect(await stand.update(stand.template({ InstanceType: 't3.small', UserData }))).toBe(
      'UPDATE_COMPLETE',
    );
    expect(await stand.instance()).toMatchObject({
      InstanceId,
      PrivateIpAddress,
      InstanceType: 't3.small',
      State: { Name: 'running' },
    });
    expect((await stand.attribute('userData')).UserData?.Value).toBe(btoa('two'));
  });

  it('is changed while it runs where EC2 can do that', async () => {
    const stand = await InstanceStand.begin();
    await profile(stand, 'web');
    const group = {
      Group: { Type: 'AWS::EC2::SecurityGroup', Properties: { GroupDescription: 'web' } },
    };
    await stand.create(stand.template({}, group));
    const before = await stand.instance();
    const properties = {
      SecurityGroupIds: [{ 'Fn::GetAtt': ['Group', 'GroupId'] }],
      IamInstanceProfile: 'web',
      DisableApiTermination: true,
      InstanceInitiatedShutdownBehavior: 'terminate',
      Monitoring: true,
      SourceDestCheck: false,
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 3 },
      Tags: [{ Key: 'team', Value: 'shop' }],
    };
    expect(await stand.update(stand.template(properties, group))).toBe('UPDATE_COMPLETE');
    const after = await stand.instance();
    expect(after).toMatchObject({
      InstanceId: before.InstanceId,
      LaunchTime: before.LaunchTime,
      SourceDestCheck: false,
      Monitoring: { State: 'enabled' },
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 3 },
    });
    const { Group = '' } = await stand.physicalIds();
    expect(after.SecurityGroups?.map(({ GroupName }) => GroupName)).toEqual([Group]);
    expect((await stand.attribute('disableApiTermination')).DisableApiTermination?.Value).toBe(true);
    expect(await stand.update(stand.template({}, group))).toBe('UPDATE_COMPLETE');
    const last = await stand.instance();
    expect(last.SecurityGroups).toEqual(before.SecurityGroups);
    expect(last.Monitoring?.State).toBe('disabled');
    expect(last.Tags?.map(({ Key }) => Key)).not.toContain('team');
  });

  it('is replaced for another subnet, and the old one goes last', async () => {
    const stand = await InstanceStand.begin();
    await stand.create(stand.template());
    const { InstanceId: old = '' } = await stand.instance();
    const { Subnets = [] } = await stand.ec2.send(new DescribeSubnetsCommand({}));
    expect(await stand.update(stand.template({ SubnetId: Subnets[1]?.SubnetId }))).toBe('UPDATE_COMPLETE');
    const { InstanceId = '' } = await stand.instance();
    expect(InstanceId).not.toBe(old);
    expect(await stand.alive()).toEqual([InstanceId]);
    const events = await stand.events();
    expect(events.indexOf('Web DELETE_COMPLETE')).toBeGreaterThan(events.indexOf('Web UPDATE_COMPLETE'));
  });

  it('fails as EC2 does where the image or the key pair does not exist', async () => {
    const stand = await InstanceStand.begin();
    await stand.create(stand.template({ ImageId: 'ami-0123456789abcdef0' }));
    expect((await stand.failures())[0]).toContain("The image id '[ami-0123456789abcdef0]' does not exist");
    await stand.delete();
    await stand.create(stand.template({ KeyName: 'missing' }));
    expect((await stand.failures())[0]).toContain("The key pair 'missing' does not exist");
  });

  it('cannot be deleted while it is protected', async () => {
    const stand = await InstanceStand.begin();
    await stand.create(stand.template({ DisableApiTermination: true }));
    expect(await stand.delete()).toBe('DELETE_FAILED');
    const { InstanceId } = await stand.instance();
    await stand.ec2.send(
      new ModifyInstanceAttributeCommand({ InstanceId, DisableApiTermination: { Value: false } }),
    );
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-volume.html
describe('AWS::EC2::Volume', () => {
  const data = (stand: InstanceStand, Size: number, more: object = {}) => ({
    Data: {
      Type: 'AWS::EC2::Volume',
      Properties: { AvailabilityZone: stand.zone, Size, VolumeType: 'gp3', AutoEnableIO: true, ...more },
    },
  });
  const attachment = {
    Mount: {
      Type: 'AWS::EC2::VolumeAttachment',
      Properties: { VolumeId: { Ref: 'Data' }, InstanceId: { Ref: 'Web' }, Device: '/dev/sdf' },
    },
  };

  it('is attached, grown and detached with its stack', async () => {
    const stand = await InstanceStand.begin();
    const made = stand.template({}, { ...data(stand, 20), ...attachment });
    expect(await stand.create(made)).toBe('CREATE_COMPLETE');
    const { Data = '', Web, Mount } = await stand.physicalIds();
    expect(Mount).toBe(`${Data}|${Web}`);
    const found = async () =>
      (await stand.ec2.send(new DescribeVolumesCommand({ VolumeIds: [Data] }))).Volumes?.[0];
    expect((await found())?.Attachments?.[0]).toMatchObject({
      InstanceId: Web,
      Device: '/dev/sdf',
      State: 'attached',
    });
    const grown = stand.template({}, { ...data(stand, 40, { Iops: 4000 }), ...attachment });
    expect(await stand.update(grown)).toBe('UPDATE_COMPLETE');
    expect(await found()).toMatchObject({ Size: 40, Iops: 4000, Throughput: 125, State: 'in-use' });
    expect(await stand.update(stand.template({}, data(stand, 40, { Iops: 4000 })))).toBe('UPDATE_COMPLETE');
    expect(await found()).toMatchObject({ State: 'available', Attachments: [] });
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    expect((await stand.ec2.send(new DescribeVolumesCommand({}))).Volumes).toEqual([]);
  });

  it('is attached by the instance that names it', async () => {
    const stand = await InstanceStand.begin();
    const Volumes = [{ VolumeId: { Ref: 'Data' }, Device: '/dev/sdf' }];
    expect(await stand.create(stand.template({ Volumes }, data(stand, 20)))).toBe('CREATE_COMPLETE');
    const { Data = '', Web } = await stand.physicalIds();
    const found = await stand.ec2.send(new DescribeVolumesCommand({ VolumeIds: [Data] }));
    expect(found.Volumes?.[0]?.Attachments?.[0]).toMatchObject({ InstanceId: Web, State: 'attached' });
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });

  it('does not shrink', async () => {
    const stand = await InstanceStand.begin();
    await stand.create(stand.template({}, data(stand, 20)));
    expect(await stand.update(stand.template({}, data(stand, 10)))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain('New size cannot be smaller than existing size');
  });

  it('is refused with a policy that asks for a snapshot', async () => {
    const stand = await InstanceStand.begin();
    const { Data } = data(stand, 20);
    await stand.create({ Resources: { Data: { ...Data, DeletionPolicy: 'Snapshot' } } });
    expect((await stand.failures())[0]).toContain('Sandtable does not model snapshots of AWS::EC2::Volume');
  });
});

describe('what instances run with', () => {
  it('puts an Elastic IP address on an instance for as long as the association stands', async () => {
    const stand = await InstanceStand.begin();
    const { AllocationId } = await stand.ec2.send(new AllocateAddressCommand({}));
    const Address = {
      Type: 'AWS::EC2::EIPAssociation',
      Properties: { AllocationId, InstanceId: { Ref: 'Web' } },
    };
    await stand.create(stand.template({}, { Address }));
    const found = async () => (await stand.ec2.send(new DescribeAddressesCommand({}))).Addresses?.[0];
    const ids = await stand.physicalIds();
    expect(await found()).toMatchObject({ InstanceId: ids['Web'], AssociationId: ids['Address'] });
    expect((await stand.instance()).PublicIpAddress).toBe((await found())?.PublicIp);
    await stand.update(stand.template());
    expect((await found())?.AssociationId).toBeUndefined();
  });

  it('imports a key pair', async () => {
    const stand = await InstanceStand.begin();
    const Key = { Type: 'AWS::EC2::KeyPair', Properties: { KeyName: 'me', PublicKeyMaterial: PUBLIC_KEY } };
    const outputs = { Key: { Value: { 'Fn::GetAtt': ['Key', 'KeyPairId'] } } };
    await stand.create(stand.template({ KeyName: { Ref: 'Key' } }, { Key }, outputs));
    const { KeyPairs = [] } = await stand.ec2.send(new DescribeKeyPairsCommand({}));
    expect((await stand.outputs())['Key']).toBe(KeyPairs[0]?.KeyPairId);
    expect((await stand.instance()).KeyName).toBe('me');
    await stand.delete();
    expect((await stand.ec2.send(new DescribeKeyPairsCommand({}))).KeyPairs).toEqual([]);
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-keypair.html
  it('makes a key pair and keeps its private key in Parameter Store as long as the stack stands', async () => {
    const stand = await InstanceStand.begin();
    const Key = { Type: 'AWS::EC2::KeyPair', Properties: { KeyName: 'made' } };
    expect(await stand.create({ Resources: { Key } })).toBe('CREATE_COMPLETE');
    const { KeyPairs } = await stand.ec2.send(new DescribeKeyPairsCommand({}));
    const ssm = stand.table.client(SSMClient);
    const Name = `/ec2/keypair/${KeyPairs?.[0]?.KeyPairId}`;
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));
    expect(Parameter?.Value).toContain('BEGIN RSA PRIVATE KEY');
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    await expect(ssm.send(new GetParameterCommand({ Name }))).rejects.toMatchObject({
      name: 'ParameterNotFound',
    });
  });

  it('makes another version of a launch template when its data change', async () => {
    const stand = await InstanceStand.begin();
    const template = (InstanceType: string) => ({
      Resources: {
        Machine: {
          Type: 'AWS::EC2::LaunchTemplate',
          Properties: {
            LaunchTemplateData: { ImageId: stand.imageId, InstanceType },
            TagSpecifications: [{ ResourceType: 'launch-template', Tags: [{ Key: 'team', Value: 'shop' }] }],
          },
        },
      },
      Outputs: {
        Latest: { Value: { 'Fn::GetAtt': ['Machine', 'LatestVersionNumber'] } },
        Default: { Value: { 'Fn::GetAtt': ['Machine', 'DefaultVersionNumber'] } },
      },
    });
    await stand.create(template('t3.micro'));
    const { Machine: LaunchTemplateId } = await stand.physicalIds();
    expect(LaunchTemplateId).toMatch(/^lt-/);
    expect(await stand.update(template('t3.small'))).toBe('UPDATE_COMPLETE');
    expect(await stand.outputs()).toEqual({ Latest: '2', Default: '1' });
    const { LaunchTemplateVersions = [] } = await stand.ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId }),
    );
    expect(LaunchTemplateVersions.map(({ LaunchTemplateData }) => LaunchTemplateData?.InstanceType)).toEqual([
      't3.small',
      't3.micro',
    ]);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });

  it('launches an instance from a launch template', async () => {
    const stand = await InstanceStand.begin();
    const Machine = {
      Type: 'AWS::EC2::LaunchTemplate',
      Properties: { LaunchTemplateData: { ImageId: stand.imageId, InstanceType: 't3.small' } },
    };
    const LaunchTemplate = {
      LaunchTemplateId: { Ref: 'Machine' },
      Version: { 'Fn::GetAtt': ['Machine', 'LatestVersionNumber'] },
    };
    const Web = { Type: 'AWS::EC2::Instance', Properties: { LaunchTemplate, SubnetId: stand.subnetId } };
    expect(await stand.create({ Resources: { Machine, Web } })).toBe('CREATE_COMPLETE');
    expect((await stand.instance()).InstanceType).toBe('t3.small');
  });
});

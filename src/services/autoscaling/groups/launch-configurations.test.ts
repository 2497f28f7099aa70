import {
  CreateAutoScalingGroupCommand,
  CreateLaunchConfigurationCommand,
  DeleteLaunchConfigurationCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeLaunchConfigurationsCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import type { AutoScalingGroup, CreateLaunchConfigurationCommandInput } from '@aws-sdk/client-auto-scaling';
import {
  CreateSecurityGroupCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import type { Instance } from '@aws-sdk/client-ec2';
import { expect, it } from 'vitest';
import { instances } from '../instance.ts';
import { GROUP, MINUTE, stand } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

interface Configured extends Stand {
  ec2: EC2Client;
  imageId: string;
  configure: (more?: Partial<CreateLaunchConfigurationCommandInput>) => Promise<void>;
  group: () => Promise<AutoScalingGroup>;
  machines: () => Promise<Instance[]>;
}

async function configured(): Promise<Configured> {
  const here = await stand();
  const ec2 = here.table.client(EC2Client);
  const filter = { Name: 'architecture', Values: ['x86_64'] };
  const { Images } = await ec2.send(new DescribeImagesCommand({ Owners: ['amazon'], Filters: [filter] }));
  const imageId = Images?.[0]?.ImageId as string;
  const plain = { LaunchConfigurationName: 'web', ImageId: imageId, InstanceType: 't3.small' };
  return {
    ...here,
    ec2,
    imageId,
    async configure(more = {}) {
      await here.asg.send(new CreateLaunchConfigurationCommand({ ...plain, ...more }));
    },
    async group() {
      const { AutoScalingGroups } = await here.asg.send(new DescribeAutoScalingGroupsCommand({}));
      return AutoScalingGroups?.[0] as AutoScalingGroup;
    },
    async machines() {
      const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
      return Reservations.flatMap((one) => one.Instances ?? []);
    },
  };
}

async function grouped({ asg, subnetIds }: Stand, DesiredCapacity = 1): Promise<void> {
  const VPCZoneIdentifier = subnetIds.join(',');
  const sizes = { MinSize: 0, MaxSize: 10, DesiredCapacity };
  const source = { LaunchConfigurationName: 'web' };
  await asg.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: GROUP,
      ...source,
      ...sizes,
      VPCZoneIdentifier,
    }),
  );
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateLaunchConfiguration.html
it('launches what a launch configuration asks for', async () => {
  const here = await configured();
  const { GroupId = '' } = await here.ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web', VpcId: here.vpcId }),
  );
  const UserData = Buffer.from('#!/bin/sh').toString('base64');
  await here.configure({
    SecurityGroups: [GroupId],
    UserData,
    AssociatePublicIpAddress: true,
    BlockDeviceMappings: [{ DeviceName: '/dev/sdb', Ebs: { VolumeSize: 5, VolumeType: 'gp3' } }],
    MetadataOptions: { HttpTokens: 'required' },
  });
  await grouped(here);
  here.until('InService', 1);
  const [machine] = await here.machines();
  expect(machine).toMatchObject({
    ImageId: here.imageId,
    InstanceType: 't3.small',
    SecurityGroups: [{ GroupId }],
    Monitoring: { State: 'enabled' },
    MetadataOptions: { HttpTokens: 'required' },
  });
  expect(machine?.PublicIpAddress).toBeDefined();
  expect(machine?.BlockDeviceMappings?.map(({ DeviceName }) => DeviceName)).toContain('/dev/sdb');
  const group = await here.group();
  expect(group).toMatchObject({
    LaunchConfigurationName: 'web',
    Instances: [{ LaunchConfigurationName: 'web' }],
  });
  expect(group.LaunchTemplate).toBeUndefined();
});

it('keeps a launch configuration that a group uses, and deletes others', async () => {
  const here = await configured();
  await here.configure();
  await expect(here.configure()).rejects.toMatchObject({ name: 'AlreadyExistsFault' });
  await grouped(here, 0);
  const remove = (): Promise<unknown> =>
    here.asg.send(new DeleteLaunchConfigurationCommand({ LaunchConfigurationName: 'web' }));
  await expect(remove()).rejects.toThrow(
    'Cannot delete launch configuration web because it is attached to AutoScalingGroup web',
  );
  const LaunchTemplate = { LaunchTemplateId: here.templateId };
  await here.asg.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, LaunchTemplate }));
  expect((await here.group()).LaunchConfigurationName).toBeUndefined();
  await remove();
  const { LaunchConfigurations } = await here.asg.send(new DescribeLaunchConfigurationsCommand({}));
  expect(LaunchConfigurations).toEqual([]);
});

it('refuses a launch configuration whose parts do not exist', async () => {
  const here = await configured();
  await expect(here.configure({ KeyName: 'none' })).rejects.toThrow("The key pair 'none' does not exist");
  await expect(here.configure({ SecurityGroups: ['none'] })).rejects.toThrow('none');
  await expect(here.configure({ IamInstanceProfile: 'none' })).rejects.toThrow(
    'Invalid IamInstanceProfile: none',
  );
  await expect(here.configure({ ImageId: 'ami-00000000000000000' })).rejects.toThrow(
    /^AMI ami-0+ is invalid/,
  );
  await expect(here.configure({ SpotPrice: '1' })).rejects.toMatchObject({ name: 'NotImplemented' });
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
it('takes instances of a launch configuration first when it scales in', async () => {
  const here = await configured();
  await here.configure();
  await grouped(here, 2);
  here.until('InService', 2);
  const old = here.ids('InService');
  const update = (more: object): Promise<unknown> =>
    here.asg.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, ...more }));
  await update({ LaunchTemplate: { LaunchTemplateId: here.templateId }, DesiredCapacity: 4 });
  here.until('InService', 4);
  await update({ DesiredCapacity: 2 });
  here.table.advance(10 * MINUTE);
  expect(here.ids('InService')).toHaveLength(2);
  expect(here.ids('InService').filter((id) => old.includes(id))).toEqual([]);
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html
it('launches the first type of a mixed instances policy, and on request shows the policy', async () => {
  const here = await configured();
  const LaunchTemplateSpecification = { LaunchTemplateId: here.templateId, Version: '$Latest' };
  const Overrides = [{ InstanceType: 'c5.large' }, { InstanceType: 't3.micro' }];
  const MixedInstancesPolicy = { LaunchTemplate: { LaunchTemplateSpecification, Overrides } };
  await here.create({ LaunchTemplate: undefined, MixedInstancesPolicy, DesiredCapacity: 1 });
  here.until('InService', 1);
  expect(here.table.read((ctx) => ctx.list(instances))[0]?.instanceType).toBe('c5.large');
  expect((await here.group()).MixedInstancesPolicy).toMatchObject({
    LaunchTemplate: { Overrides },
    InstancesDistribution: { OnDemandPercentageAboveBaseCapacity: 100, SpotInstancePools: 2 },
  });
  const spot = {
    ...MixedInstancesPolicy,
    InstancesDistribution: { OnDemandPercentageAboveBaseCapacity: 50 },
  };
  const update = { AutoScalingGroupName: GROUP, MixedInstancesPolicy: spot };
  await expect(here.asg.send(new UpdateAutoScalingGroupCommand(update))).rejects.toMatchObject({
    name: 'NotImplemented',
  });
});

it('answers for a Classic Load Balancer that does not exist as AWS does', async () => {
  const here = await configured();
  await expect(here.create({ LoadBalancerNames: ['old'] })).rejects.toThrow(
    'Provided Load Balancers may not be valid. Please ensure they exist and try again.',
  );
});

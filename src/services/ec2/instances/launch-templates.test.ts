import {
  CreateLaunchTemplateCommand,
  DescribeImagesCommand,
  DescribeLaunchTemplatesCommand,
  DescribeLaunchTemplateVersionsCommand,
  EC2Client,
  GetLaunchTemplateDataCommand,
  ModifyLaunchTemplateCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { RequestLaunchTemplateData } from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { newTable } from '../../../../tests/table.ts';
import type { TestTable } from '../../../../tests/table.ts';

let sand: TestTable;
let ec2: EC2Client;

beforeEach(() => {
  sand = newTable();
  ec2 = sand.client(EC2Client);
});

const create = (LaunchTemplateData: RequestLaunchTemplateData = { InstanceType: 't3.micro' }) =>
  ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'web', LaunchTemplateData }));

// Words that moto recorded from AWS (tests/test_ec2/test_launch_templates.py, `aws_verified`).
describe('launch templates', () => {
  it('must say something', async () => {
    await expect(create({})).rejects.toMatchObject({ name: 'MissingParameter' });
  });

  it('that are described by a name that nothing has are not found', async () => {
    const LaunchTemplateNames = ['web'];
    await expect(ec2.send(new DescribeLaunchTemplatesCommand({ LaunchTemplateNames }))).rejects.toMatchObject(
      {
        name: 'InvalidLaunchTemplateName.NotFoundException',
        message: 'At least one of the launch templates specified in the request does not exist.',
      },
    );
  });

  it('are named for versions by number', async () => {
    const versions = (Versions?: string[]) =>
      ec2.send(new DescribeLaunchTemplateVersionsCommand({ Versions }));
    await expect(versions()).rejects.toMatchObject({ name: 'MissingParameter' });
    await expect(versions(['1'])).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  // LocalStack's `test_raise_invalid_launch_template_name`, validated against AWS
  it('have no spaces in their names', async () => {
    const named = { LaunchTemplateName: 'a name', LaunchTemplateData: { InstanceType: 't3.micro' as const } };
    await expect(ec2.send(new CreateLaunchTemplateCommand(named))).rejects.toMatchObject({
      name: 'InvalidLaunchTemplateName.MalformedException',
    });
  });

  it('have no default version that there is not', async () => {
    await create();
    const modify = { LaunchTemplateName: 'web', DefaultVersion: '2' };
    await expect(ec2.send(new ModifyLaunchTemplateCommand(modify))).rejects.toMatchObject({
      name: 'InvalidLaunchTemplateId.VersionNotFound',
      message: 'The launch template version 2 is not found for the specified launch template.',
    });
  });
});

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetLaunchTemplateData.html
it('tells from an instance the template that launches another like it', async () => {
  const Filters = [{ Name: 'name', Values: ['al2023-ami-2023.*-x86_64'] }];
  const { Images } = await ec2.send(new DescribeImagesCommand({ Filters }));
  const Tags = [{ Key: 'app', Value: 'web' }];
  const launch = {
    ImageId: Images?.[0]?.ImageId,
    InstanceType: 't3.micro' as const,
    MinCount: 1,
    MaxCount: 1,
  };
  const TagSpecifications = [{ ResourceType: 'instance' as const, Tags }];
  const { Instances } = await ec2.send(new RunInstancesCommand({ ...launch, TagSpecifications }));
  const InstanceId = Instances?.[0]?.InstanceId;
  const { LaunchTemplateData } = await ec2.send(new GetLaunchTemplateDataCommand({ InstanceId }));
  await create(LaunchTemplateData as RequestLaunchTemplateData);
  const LaunchTemplate = { LaunchTemplateName: 'web' };
  const again = await ec2.send(new RunInstancesCommand({ LaunchTemplate, MinCount: 1, MaxCount: 1 }));
  expect(again.Instances?.[0]).toMatchObject({
    ImageId: launch.ImageId,
    InstanceType: 't3.micro',
    SubnetId: Instances?.[0]?.SubnetId,
    Tags: expect.arrayContaining(Tags) as unknown,
  });
});

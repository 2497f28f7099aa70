// Instances: launch, life, status, tags, profiles and templates, through the stock SDK.

import {
  AssociateIamInstanceProfileCommand,
  CreateImageCommand,
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  CreateTagsCommand,
  DeleteLaunchTemplateVersionsCommand,
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeImagesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstanceCreditSpecificationsCommand,
  DescribeInstancesCommand,
  DescribeInstanceStatusCommand,
  DescribeInstanceTypesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeSubnetsCommand,
  DescribeTagsCommand,
  DescribeVolumesCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  ModifyInstanceCreditSpecificationCommand,
  ModifyLaunchTemplateCommand,
  RebootInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { Instance, RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { instances } from '#cloud/ports/instances.ts';
import type { TestTable } from '../../../tests/table.ts';
import {
  ACCOUNT,
  LIMITED,
  PROFILE_ARN,
  ROLE_ARN,
  answer,
  ec2Table,
  inject,
  level,
  limitTo,
  told,
} from './test-cloud.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let sand: TestTable;
let ec2: EC2Client;
let ImageId: string;

beforeEach(async () => {
  sand = ec2Table();
  ec2 = sand.client(EC2Client);
  const Filters = [{ Name: 'name', Values: ['al2023-ami-2023*-x86_64'] }];
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['amazon'], Filters }));
  ImageId = Images[0]?.ImageId ?? '';
});

async function run(more: Partial<RunInstancesCommandInput> = {}): Promise<Instance[]> {
  const request = {
    ImageId,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    ...more,
  } as RunInstancesCommandInput;
  return (await ec2.send(new RunInstancesCommand(request))).Instances ?? [];
}

async function runOne(more: Partial<RunInstancesCommandInput> = {}): Promise<string> {
  return (await run(more))[0]?.InstanceId ?? '';
}

async function shown(id: string): Promise<Instance> {
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return Reservations?.[0]?.Instances?.[0] ?? {};
}

async function state(id: string): Promise<string | undefined> {
  return (await shown(id)).State?.Name;
}

async function status(id: string): Promise<(string | undefined)[]> {
  const { InstanceStatuses } = await ec2.send(new DescribeInstanceStatusCommand({ InstanceIds: [id] }));
  return [InstanceStatuses?.[0]?.SystemStatus?.Status, InstanceStatuses?.[0]?.InstanceStatus?.Status];
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
describe('the life of an instance', () => {
  it('begins as pending in the default VPC, with a public address, and is running within seconds', async () => {
    const [made] = await run();
    expect(made?.State).toEqual({ Code: 0, Name: 'pending' });
    expect(made?.PrivateIpAddress).toMatch(/^172\.31\./);
    expect(made?.PrivateDnsName).toBe(`ip-${made?.PrivateIpAddress?.replaceAll('.', '-')}.ec2.internal`);
    expect(made?.PublicDnsName).toMatch(/^ec2-3-\d+-\d+-\d+\.compute-1\.amazonaws\.com$/);
    sand.advance(20_000);
    expect((await shown(made?.InstanceId ?? '')).State).toEqual({ Code: 16, Name: 'running' });
    expect(told(sand, made?.InstanceId ?? '')).toEqual(['first boot']);
  });

  it('stops after its machine has shut down, gives back its public address and keeps the private one', async () => {
    const id = await runOne();
    sand.advance(MINUTE);
    const { PrivateIpAddress } = await shown(id);
    const { StoppingInstances } = await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    expect(StoppingInstances?.[0]).toMatchObject({
      PreviousState: { Name: 'running' },
      CurrentState: { Name: 'stopping', Code: 64 },
    });
    sand.advance(20_000);
    expect(await state(id)).toBe('stopping');
    sand.advance(10_000);
    const stopped = await shown(id);
    expect(stopped).toMatchObject({
      PrivateIpAddress,
      State: { Name: 'stopped' },
      StateReason: {
        Code: 'Client.UserInitiatedShutdown',
        Message: 'Client.UserInitiatedShutdown: User initiated shutdown',
      },
      StateTransitionReason: 'User initiated (2026-01-05 00:01:00 GMT)',
    });
    expect(stopped.PublicIpAddress).toBeUndefined();
    expect(told(sand, id)).toEqual(['first boot', 'shut down', 'off']);
  });

  it('starts again without a first boot and with a new launch time', async () => {
    const id = await runOne();
    sand.advance(MINUTE);
    const first = (await shown(id)).LaunchTime;
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id], Force: true }));
    sand.advance(10_000);
    await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    sand.advance(20_000);
    expect(told(sand, id)).toEqual(['first boot', 'off', 'boot']);
    expect((await shown(id)).LaunchTime).not.toEqual(first);
    expect((await shown(id)).PublicIpAddress).toMatch(/^3\./);
  });

  it('stays visible for about an hour after it was terminated, without its network', async () => {
    const id = await runOne();
    sand.advance(MINUTE);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    expect(await state(id)).toBe('shutting-down');
    sand.advance(MINUTE);
    const gone = await shown(id);
    expect(gone.State?.Name).toBe('terminated');
    expect(gone.SubnetId).toBeUndefined();
    expect((await ec2.send(new DescribeVolumesCommand({}))).Volumes).toEqual([]);
    sand.advance(HOUR);
    await expect(shown(id)).rejects.toMatchObject({
      name: 'InvalidInstanceID.NotFound',
      message: `The instance ID '${id}' does not exist`,
    });
  });

  it('gives the private address of a terminated instance to the next one', async () => {
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
    const SubnetId = Subnets?.[0]?.SubnetId;
    const [first] = await run({ SubnetId });
    const [second] = await run({ SubnetId });
    expect(second?.PrivateIpAddress).not.toBe(first?.PrivateIpAddress);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [first?.InstanceId ?? ''] }));
    sand.advance(MINUTE);
    expect((await run({ SubnetId }))[0]?.PrivateIpAddress).toBe(first?.PrivateIpAddress);
  });

  it('refuses a start that is no start and a stop that is no stop', async () => {
    const id = await runOne();
    await expect(ec2.send(new StopInstancesCommand({ InstanceIds: [id] }))).rejects.toMatchObject({
      name: 'IncorrectInstanceState',
      message: `The instance '${id}' is not in a state from which it can be stopped.`,
    });
    sand.advance(MINUTE);
    const { StartingInstances } = await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    expect(StartingInstances?.[0]?.CurrentState?.Name).toBe('running');
  });

  it('stays running through a reboot', async () => {
    const id = await runOne();
    sand.advance(MINUTE);
    await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
    sand.advance(MINUTE);
    expect(await state(id)).toBe('running');
    expect(told(sand, id)).toEqual(['first boot', 'shut down', 'off', 'boot']);
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html
  it('cannot be terminated while it is protected', async () => {
    const id = await runOne({ DisableApiTermination: true });
    sand.advance(MINUTE);
    const terminate = new TerminateInstancesCommand({ InstanceIds: [id] });
    await expect(ec2.send(terminate)).rejects.toMatchObject({ name: 'OperationNotPermitted' });
    await ec2.send(
      new ModifyInstanceAttributeCommand({ InstanceId: id, DisableApiTermination: { Value: false } }),
    );
    await ec2.send(terminate);
    expect(await state(id)).toBe('shutting-down');
  });

  it('adds up how long instances have run', async () => {
    const id = await runOne();
    const started = sand.until((ctx) => ctx.port(instances).facts(ctx, id)?.state === 'running', MINUTE);
    sand.advance(HOUR);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    sand.advance(HOUR);
    expect(started).toBeGreaterThan(0);
    expect(sand.read((ctx) => ctx.port(instances).instanceMs(ctx))).toBe(HOUR);
  });
});

describe('RunInstances', () => {
  it('launches as many as there are addresses for, in one reservation', async () => {
    const made = await run({ MinCount: 3, MaxCount: 3 });
    expect(made.map((one) => one.AmiLaunchIndex)).toEqual([0, 1, 2]);
    expect(new Set(made.map((one) => one.SubnetId)).size).toBe(1);
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({}));
    expect(Reservations?.map((one) => one.Instances?.length)).toEqual([3]);
  });

  // https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
  it('answers a repeated client token with the same instance, and another request with an error', async () => {
    const first = await runOne({ ClientToken: 'one' });
    expect(await runOne({ ClientToken: 'one' })).toBe(first);
    await expect(run({ ClientToken: 'one', InstanceType: 't3.small' })).rejects.toMatchObject({
      name: 'IdempotentParameterMismatch',
    });
  });

  it('tells a dry run that it would have succeeded, and leaves nothing behind', async () => {
    await expect(run({ DryRun: true })).rejects.toMatchObject({
      name: 'DryRunOperation',
      message: 'Request would have succeeded, but DryRun flag is set.',
      $metadata: { httpStatusCode: 412 },
    });
    expect((await ec2.send(new DescribeInstancesCommand({}))).Reservations).toEqual([]);
  });

  it('names what it does not find', async () => {
    await expect(run({ ImageId: 'ami-0123456789abcdef0' })).rejects.toMatchObject({
      name: 'InvalidAMIID.NotFound',
      message: "The image id '[ami-0123456789abcdef0]' does not exist",
    });
    await expect(run({ SubnetId: 'subnet-0123456789abcdef0' })).rejects.toMatchObject({
      name: 'InvalidSubnetID.NotFound',
    });
    await expect(run({ SecurityGroupIds: ['sg-0123456789abcdef0'] })).rejects.toMatchObject({
      name: 'InvalidGroup.NotFound',
    });
    await expect(run({ KeyName: 'none' })).rejects.toMatchObject({ name: 'InvalidKeyPair.NotFound' });
    await expect(run({ IamInstanceProfile: { Name: 'none' } })).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message:
        'Value (none) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name',
    });
    await expect(run({ InstanceType: 't4g.micro' })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(run({ CpuOptions: { CoreCount: 1 } })).rejects.toMatchObject({ name: 'NotImplemented' });
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceCreditSpecifications.html
  it('shows the credit option of an instance, as asked for or as its type begins, and changes it', async () => {
    const credits = async (...InstanceIds: string[]) => {
      const found = await ec2.send(new DescribeInstanceCreditSpecificationsCommand({ InstanceIds }));
      return found.InstanceCreditSpecifications?.map((one) => one.CpuCredits);
    };
    const t3 = await runOne();
    const asked = await runOne({ CreditSpecification: { CpuCredits: 'standard' } });
    const t2 = await runOne({ InstanceType: 't2.micro' });
    const m5 = await runOne({ InstanceType: 'm5.large' });
    expect(await credits(t3, asked, t2, m5)).toEqual(['unlimited', 'standard', 'standard', 'standard']);
    expect(await credits()).toEqual(['unlimited']);
    const changed = await ec2.send(
      new ModifyInstanceCreditSpecificationCommand({
        InstanceCreditSpecifications: [t2, m5].map((InstanceId) => ({ InstanceId, CpuCredits: 'unlimited' })),
      }),
    );
    expect(changed.SuccessfulInstanceCreditSpecifications).toEqual([{ InstanceId: t2 }]);
    expect(changed.UnsuccessfulInstanceCreditSpecifications?.[0]?.Error?.Code).toBe(
      'InstanceCreditSpecification.NotSupported',
    );
    expect(await credits(t2)).toEqual(['unlimited']);
  });

  // Terraform names both with every instance.
  it('takes hibernation and enclaves that are off, and refuses them on', async () => {
    const off = { HibernationOptions: { Configured: false }, EnclaveOptions: { Enabled: false } };
    expect((await run(off))[0]).toMatchObject(off);
    await expect(run({ HibernationOptions: { Configured: true } })).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('Hibernation') as string,
    });
    await expect(run({ EnclaveOptions: { Enabled: true } })).rejects.toMatchObject({
      name: 'NotImplemented',
    });
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
  it('has no capacity in a zone that is short of it, and takes another where it may choose', async () => {
    inject(sand, { kind: 'capacity-shortage', zone: 'us-east-1a' });
    await expect(run({ Placement: { AvailabilityZone: 'us-east-1a' } })).rejects.toMatchObject({
      name: 'InsufficientInstanceCapacity',
      message:
        'We currently do not have sufficient t3.micro capacity in the Availability Zone you requested (us-east-1a). Our system will ' +
        'be working on provisioning additional capacity. You can currently get t3.micro capacity by not specifying an Availability ' +
        'Zone in your request or choosing us-east-1b, us-east-1c.',
      $metadata: { httpStatusCode: 500 },
    });
    const zones = new Set<string | undefined>();
    for (let i = 0; i < 6; i += 1) zones.add((await run())[0]?.Placement?.AvailabilityZone);
    expect(zones.has('us-east-1a')).toBe(false);
  });

  it('hands the profile, the user data and the tags to the rest of the cloud', async () => {
    const TagSpecifications = [{ ResourceType: 'instance' as const, Tags: [{ Key: 'app', Value: 'web' }] }];
    const id = await runOne({
      IamInstanceProfile: { Name: 'servers' },
      UserData: 'IyEvYmluL3NoCg==',
      TagSpecifications,
    });
    const facts = sand.read((ctx) =>
      ctx.port(instances).tagged(ctx, [{ key: 'app', values: ['api', 'web'] }]),
    );
    expect(facts).toMatchObject([
      { instanceId: id, instanceProfileArn: PROFILE_ARN, userData: 'IyEvYmluL3NoCg==', tags: { app: 'web' } },
    ]);
  });
});

describe('launch templates', () => {
  const LaunchTemplateName = 'web';

  beforeEach(async () => {
    const LaunchTemplateData = {
      ImageId,
      InstanceType: 't3.small' as const,
      TagSpecifications: [{ ResourceType: 'instance' as const, Tags: [{ Key: 'app', Value: 'web' }] }],
    };
    await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName, LaunchTemplateData }));
    await ec2.send(
      new CreateLaunchTemplateVersionCommand({
        LaunchTemplateName,
        SourceVersion: '1',
        LaunchTemplateData: { InstanceType: 'm5.large' },
      }),
    );
  });

  const launch = async (Version: string): Promise<Instance | undefined> => {
    const request = { MinCount: 1, MaxCount: 1, LaunchTemplate: { LaunchTemplateName, Version } };
    return (await ec2.send(new RunInstancesCommand(request))).Instances?.[0];
  };

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-templates.html
  it('launch their default version, their latest, or one by number', async () => {
    expect((await launch('$Default'))?.InstanceType).toBe('t3.small');
    expect((await launch('$Latest'))?.InstanceType).toBe('m5.large');
    await ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateName, DefaultVersion: '2' }));
    expect((await launch('$Default'))?.InstanceType).toBe('m5.large');
    await expect(launch('7')).rejects.toMatchObject({ name: 'InvalidLaunchTemplateId.VersionNotFound' });
  });

  it('leave their id and version in tags of the instance', async () => {
    const made = await launch('$Latest');
    const tags = Object.fromEntries((made?.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
    expect(tags).toMatchObject({ app: 'web', 'aws:ec2launchtemplate:version': '2' });
    expect(tags['aws:ec2launchtemplate:id']).toMatch(/^lt-/);
  });

  it('are overridden by the request', async () => {
    const [made] = await run({ ImageId: undefined, LaunchTemplate: { LaunchTemplateName } });
    expect(made?.InstanceType).toBe('t3.micro');
  });

  it('keep their default version from being deleted', async () => {
    const deleted = await ec2.send(
      new DeleteLaunchTemplateVersionsCommand({ LaunchTemplateName, Versions: ['1', '2'] }),
    );
    expect(deleted.SuccessfullyDeletedLaunchTemplateVersions).toMatchObject([{ VersionNumber: 2 }]);
    expect(deleted.UnsuccessfullyDeletedLaunchTemplateVersions).toMatchObject([{ VersionNumber: 1 }]);
    const { LaunchTemplateVersions } = await ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName }),
    );
    expect(LaunchTemplateVersions?.map((one) => [one.VersionNumber, one.DefaultVersion])).toEqual([
      [1, true],
    ]);
  });
});

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html
describe('status checks', () => {
  it('are initializing for the first minutes of running, then ok', async () => {
    const id = await runOne();
    // Only running instances.
    expect((await ec2.send(new DescribeInstanceStatusCommand({}))).InstanceStatuses).toEqual([]);
    sand.advance(MINUTE);
    expect(await status(id)).toEqual(['initializing', 'initializing']);
    sand.advance(3 * MINUTE);
    expect(await status(id)).toEqual(['ok', 'ok']);
    expect(level(sand, id, 'StatusCheckFailed')).toBe(0);
  });

  it('find the loss of the hardware while the instance stays running, and its end', async () => {
    const id = await runOne();
    sand.advance(5 * MINUTE);
    const end = inject(sand, { kind: 'instance-loss', instanceId: id });
    sand.advance(30_000);
    expect(await status(id)).toEqual(['ok', 'ok']);
    sand.advance(2 * MINUTE);
    expect(await status(id)).toEqual(['impaired', 'impaired']);
    expect(await state(id)).toBe('running');
    expect(level(sand, id, 'StatusCheckFailed_System')).toBe(1);
    end();
    sand.advance(MINUTE);
    expect(await status(id)).toEqual(['ok', 'ok']);
  });

  it('are left behind with the old hardware by a stop and a start', async () => {
    const id = await runOne();
    sand.advance(5 * MINUTE);
    inject(sand, { kind: 'instance-loss', instanceId: id });
    sand.advance(5 * MINUTE);
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    sand.advance(MINUTE);
    expect(level(sand, id, 'StatusCheckFailed')).toBeUndefined();
    await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    sand.advance(5 * MINUTE);
    expect(await status(id)).toEqual(['ok', 'ok']);
  });

  it('find an operating system that hangs', async () => {
    const id = await runOne();
    sand.advance(5 * MINUTE);
    answer(sand, id, false);
    sand.advance(2 * MINUTE);
    expect(await status(id)).toEqual(['ok', 'impaired']);
    expect(level(sand, id, 'StatusCheckFailed_Instance')).toBe(1);
    expect(level(sand, id, 'StatusCheckFailed_System')).toBe(0);
  });

  it('fail for every instance of a zone that is lost, where nothing can be launched either', async () => {
    const a = await runOne({ Placement: { AvailabilityZone: 'us-east-1a' } });
    const b = await runOne({ Placement: { AvailabilityZone: 'us-east-1b' } });
    sand.advance(5 * MINUTE);
    inject(sand, { kind: 'zone-loss', zone: 'us-east-1a' });
    sand.advance(3 * MINUTE);
    expect(await status(a)).toEqual(['impaired', 'impaired']);
    expect(await status(b)).toEqual(['ok', 'ok']);
    await expect(run({ Placement: { AvailabilityZone: 'us-east-1a' } })).rejects.toMatchObject({
      name: 'InsufficientInstanceCapacity',
    });
  });

  it('cost nothing while nothing changes', async () => {
    await run({ MinCount: 50, MaxCount: 50 });
    sand.advance(10 * MINUTE);
    const { position } = sand.world;
    sand.advance(24 * HOUR);
    expect(sand.world.position).toBe(position);
  });
});

describe('filters and pages', () => {
  it('choose instances by tag, state and address, with wildcards', async () => {
    const web = await runOne({
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'web-1' }] }],
    });
    await runOne();
    const chosen = async (Name: string, value: string): Promise<(string | undefined)[]> => {
      const found = await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name, Values: [value] }] }));
      return (found.Reservations ?? []).flatMap((one) =>
        (one.Instances ?? []).map((instance) => instance.InstanceId),
      );
    };
    expect(await chosen('tag:Name', 'web-*')).toEqual([web]);
    expect(await chosen('tag-key', 'Name')).toEqual([web]);
    expect(await chosen('instance-state-name', 'pending')).toHaveLength(2);
    expect(await chosen('private-ip-address', (await shown(web)).PrivateIpAddress ?? '')).toEqual([web]);
    await expect(chosen('hypervisor', 'xen')).rejects.toMatchObject({ name: 'NotImplemented' });
  });

  it('show instances page by page', async () => {
    await run({ MinCount: 12, MaxCount: 12 });
    const first = await ec2.send(new DescribeInstancesCommand({ MaxResults: 5 }));
    const second = await ec2.send(
      new DescribeInstancesCommand({ MaxResults: 10, NextToken: first.NextToken }),
    );
    expect(first.Reservations?.[0]?.Instances).toHaveLength(5);
    expect(second.Reservations?.[0]?.Instances).toHaveLength(7);
    expect(second.NextToken).toBeUndefined();
  });
});

describe('tags', () => {
  it('are described with the kind of their resource', async () => {
    const id = await runOne();
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'stage', Value: 'test' }] }));
    const { Tags } = await ec2.send(
      new DescribeTagsCommand({ Filters: [{ Name: 'resource-id', Values: [id] }] }),
    );
    expect(Tags).toEqual([{ Key: 'stage', ResourceId: id, ResourceType: 'instance', Value: 'test' }]);
  });

  it('may not begin with aws:', async () => {
    const id = await runOne();
    const forbidden = new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'aws:x', Value: '' }] });
    await expect(ec2.send(forbidden)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });
});

describe('attributes, profiles, images and types', () => {
  it('lets the type change only while the instance is stopped', async () => {
    const id = await runOne();
    sand.advance(MINUTE);
    const change = new ModifyInstanceAttributeCommand({
      InstanceId: id,
      InstanceType: { Value: 'm5.large' },
    });
    await expect(ec2.send(change)).rejects.toMatchObject({ name: 'IncorrectInstanceState' });
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    sand.advance(MINUTE);
    await ec2.send(change);
    const { InstanceType } = await ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: 'instanceType' }),
    );
    expect(InstanceType?.Value).toBe('m5.large');
  });

  it('associates a profile with a running instance, once', async () => {
    const id = await runOne();
    sand.advance(MINUTE);
    const associate = new AssociateIamInstanceProfileCommand({
      InstanceId: id,
      IamInstanceProfile: { Arn: PROFILE_ARN },
    });
    expect((await ec2.send(associate)).IamInstanceProfileAssociation?.State).toBe('associating');
    sand.advance(10_000);
    const { IamInstanceProfileAssociations } = await ec2.send(
      new DescribeIamInstanceProfileAssociationsCommand({}),
    );
    expect(IamInstanceProfileAssociations).toMatchObject([{ InstanceId: id, State: 'associated' }]);
    await expect(ec2.send(associate)).rejects.toMatchObject({ name: 'IncorrectState' });
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-info-fields.html
  it('shows what an instance from a Windows image runs', async () => {
    const { Images = [] } = await ec2.send(
      new DescribeImagesCommand({
        Filters: [
          { Name: 'platform', Values: ['windows'] },
          { Name: 'name', Values: ['*2022-English-Full-SQL_2022_Standard*'] },
        ],
      }),
    );
    expect(Images).toHaveLength(1);
    const [instance] = await run({ ImageId: Images[0]?.ImageId ?? '' });
    expect(instance).toMatchObject({
      Platform: 'windows',
      PlatformDetails: 'Windows with SQL Server Standard',
      UsageOperation: 'RunInstances:0006',
    });
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/add-instance-store-volumes.html
  it('ignores disks of the host where the instance type has none', async () => {
    const ephemeral = { DeviceName: '/dev/sdc', VirtualName: 'ephemeral0' };
    const [instance] = await run({ BlockDeviceMappings: [ephemeral] });
    sand.advance(MINUTE);
    const { BlockDeviceMappings } = await ec2.send(
      new DescribeInstanceAttributeCommand({
        InstanceId: instance?.InstanceId ?? '',
        Attribute: 'blockDeviceMapping',
      }),
    );
    expect(BlockDeviceMappings?.map(({ DeviceName }) => DeviceName)).toEqual(['/dev/xvda']);
    const wrong = { ...ephemeral, VirtualName: 'floppy' };
    await expect(run({ BlockDeviceMappings: [wrong] })).rejects.toMatchObject({
      name: 'InvalidBlockDeviceMapping',
    });
  });

  it('makes an image of an instance, which reboots for it', async () => {
    const id = await runOne();
    sand.advance(MINUTE);
    const { ImageId: made = '' } = await ec2.send(new CreateImageCommand({ InstanceId: id, Name: 'baked' }));
    await expect(run({ ImageId: made })).rejects.toMatchObject({ name: 'InvalidAMIID.Unavailable' });
    sand.advance(5 * MINUTE);
    expect(told(sand, id)).toEqual(['first boot', 'shut down', 'off', 'boot']);
    const { Images } = await ec2.send(new DescribeImagesCommand({ Owners: ['self'] }));
    expect(Images).toMatchObject([
      { ImageId: made, Name: 'baked', OwnerId: ACCOUNT, State: 'available', SourceInstanceId: id },
    ]);
    expect((await run({ ImageId: made }))[0]?.ImageId).toBe(made);
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html: names of Amazon Linux 2 end with the kind.
  it('gives the root volume the kind that the image says', async () => {
    const Filters = [{ Name: 'name', Values: ['amzn2-ami-hvm-2.0.*-x86_64-gp2'] }];
    const [image] = (await ec2.send(new DescribeImagesCommand({ Filters }))).Images ?? [];
    expect(image?.BlockDeviceMappings?.[0]?.Ebs?.VolumeType).toBe('gp2');
    const id = await runOne({ ImageId: image?.ImageId });
    const where = [{ Name: 'attachment.instance-id', Values: [id] }];
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({ Filters: where }));
    expect(Volumes?.map(({ VolumeType }) => VolumeType)).toEqual(['gp2']);
  });

  it('has other image ids in other regions', async () => {
    const other = sand.client(EC2Client, { region: 'eu-west-1' });
    await expect(other.send(new DescribeImagesCommand({ ImageIds: [ImageId] }))).rejects.toMatchObject({
      name: 'InvalidAMIID.NotFound',
    });
  });

  it('knows what a type has', async () => {
    const { InstanceTypes } = await ec2.send(
      new DescribeInstanceTypesCommand({ InstanceTypes: ['m7g.xlarge'] }),
    );
    expect(InstanceTypes?.[0]).toMatchObject({
      VCpuInfo: { DefaultVCpus: 4 },
      MemoryInfo: { SizeInMiB: 16_384 },
    });
  });
});

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-policies-ec2-console.html
describe('permissions', () => {
  const allow = (Action: string, Resource: string, Condition?: object): object => ({
    Effect: 'Allow',
    Action,
    Resource,
    ...(Condition ? { Condition } : {}),
  });
  let limited: EC2Client;

  beforeEach(() => {
    limited = sand.client(EC2Client, { credentials: LIMITED });
  });

  const launch = (more: Partial<RunInstancesCommandInput> = {}): Promise<unknown> =>
    limited.send(
      new RunInstancesCommand({ ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, ...more }),
    );

  it('to launch with a profile include passing its role to EC2', async () => {
    limitTo(sand, [allow('ec2:*', '*')]);
    await expect(launch({ IamInstanceProfile: { Name: 'servers' } })).rejects.toMatchObject({
      name: 'UnauthorizedOperation',
      message: expect.stringContaining('iam:PassRole') as string,
    });
    limitTo(sand, [
      allow('ec2:*', '*'),
      allow('iam:PassRole', ROLE_ARN, { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } }),
    ]);
    await launch({ IamInstanceProfile: { Name: 'servers' } });
  });

  it('to tag at launch are those of CreateTags', async () => {
    const TagSpecifications = [{ ResourceType: 'instance' as const, Tags: [{ Key: 'app', Value: 'web' }] }];
    limitTo(sand, [allow('ec2:RunInstances', '*')]);
    await expect(launch({ TagSpecifications })).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
    const only = { StringEquals: { 'ec2:CreateAction': 'RunInstances' } };
    limitTo(sand, [
      allow('ec2:RunInstances', '*'),
      allow('ec2:CreateTags', 'arn:aws:ec2:*:*:instance/*', only),
    ]);
    await launch({ TagSpecifications });
  });

  it('can depend on the tags of the instance', async () => {
    const mine = await runOne({
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'team', Value: 'a' }] }],
    });
    const other = await runOne();
    sand.advance(MINUTE);
    limitTo(sand, [allow('ec2:StopInstances', '*', { StringEquals: { 'aws:ResourceTag/team': 'a' } })]);
    await limited.send(new StopInstancesCommand({ InstanceIds: [mine] }));
    await expect(limited.send(new StopInstancesCommand({ InstanceIds: [other] }))).rejects.toMatchObject({
      name: 'UnauthorizedOperation',
    });
  });
});

// Launch configurations: made, described and deleted, never changed.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateLaunchConfiguration.html

import { Fault } from '#contract/fault.ts';
import type { ThroughRole } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { page } from '#cloud/pagination.ts';
import { identity } from '#cloud/ports/identity.ts';
import { rootOf } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken } from '../activities.ts';
import { groups, PRINCIPAL, roleOf } from '../group.ts';
import { MOST_LAUNCH_CONFIGURATIONS } from '../quotas.ts';
import { launchConfigurations } from './launch-configuration.ts';
import type { LaunchConfiguration } from './launch-configuration.ts';

type CreateInput = Input<'autoscaling', 'CreateLaunchConfiguration'>;
type Wire = Output<'autoscaling', 'DescribeLaunchConfigurations'>['LaunchConfigurations'][number];

const PAGE_SIZE = 100;

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

/** Throws AWS's errors for what the account does not have. */
function checkParts(ctx: Ctx, row: LaunchConfiguration): void {
  const as: ThroughRole = roleOf({ roleArn: ctx.port(identity).serviceLinkedRole(ctx, PRINCIPAL) });
  const image = ctx.call('ec2', 'DescribeImages', { ImageIds: [row.imageId] }, as);
  if (!image.ok) throw invalid(`AMI ${row.imageId} is invalid: ${image.fault.message}`);
  if ((image.output.Images ?? []).length === 0)
    throw invalid(`AMI ${row.imageId} is invalid: The image id '[${row.imageId}]' does not exist`);
  if (row.keyName !== '' && !ctx.call('ec2', 'DescribeKeyPairs', { KeyNames: [row.keyName] }, as).ok)
    throw invalid(`The key pair '${row.keyName}' does not exist`);
  if (row.instanceProfile !== '' && !hasProfile(ctx, row.instanceProfile))
    throw invalid(`Invalid IamInstanceProfile: ${row.instanceProfile}`);
  for (const group of row.securityGroups) {
    const by = group.startsWith('sg-') ? { GroupIds: [group] } : { GroupNames: [group] };
    if (!ctx.call('ec2', 'DescribeSecurityGroups', by, as).ok)
      throw invalid(`The security group '${group}' does not exist`);
  }
}

function hasProfile(ctx: Ctx, nameOrArn: string): boolean {
  const InstanceProfileName = nameOrArn.split('/').at(-1) as string;
  return ctx.call('iam', 'GetInstanceProfile', { InstanceProfileName }, rootOf(ctx.account)).ok;
}

function publicIpOf(wanted: boolean | undefined): LaunchConfiguration['publicIp'] {
  if (wanted === undefined) return 'subnet';
  return wanted ? 'yes' : 'no';
}

function create(ctx: Ctx, input: CreateInput): void {
  const { LaunchConfigurationName: name, PlacementTenancy = 'default' } = input;
  if (ctx.get(launchConfigurations, name)) {
    const exists = `A launch configuration already exists with the name ${name}`;
    throw new Fault('AlreadyExistsFault', `Launch Configuration by this name already exists - ${exists}`);
  }
  if (ctx.list(launchConfigurations).length >= MOST_LAUNCH_CONFIGURATIONS)
    throw new Fault('LimitExceededFault', 'The limit of launch configurations has been reached.');
  const { ImageId = '', InstanceType = '' } = input;
  if (ImageId === '' || InstanceType === '') {
    throw invalid(
      'Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.',
    );
  }
  if (PlacementTenancy !== 'default')
    throw new Fault('NotImplemented', `The tenancy ${PlacementTenancy} is not modelled by Sandtable.`);
  const row: LaunchConfiguration = {
    name,
    arn: ctx.arn(
      'autoscaling',
      `launchConfiguration:${ctx.uuid('launch-configuration')}:launchConfigurationName/${name}`,
    ),
    createdAt: ctx.now,
    imageId: ImageId,
    instanceType: InstanceType,
    securityGroups: input.SecurityGroups ?? [],
    userData: input.UserData ?? '',
    keyName: input.KeyName ?? '',
    instanceProfile: input.IamInstanceProfile ?? '',
    devices: input.BlockDeviceMappings ?? [],
    // Detailed monitoring is on unless it is turned off, other than with launch templates.
    detailedMonitoring: input.InstanceMonitoring?.Enabled ?? true,
    ebsOptimized: input.EbsOptimized ?? false,
    publicIp: publicIpOf(input.AssociatePublicIpAddress),
    metadataOptions: input.MetadataOptions ?? {},
  };
  checkParts(ctx, row);
  ctx.put(launchConfigurations, row);
}

export const launchConfigurationOperations: Operations<'autoscaling'> = {
  CreateLaunchConfiguration: create,

  DescribeLaunchConfigurations(ctx, { LaunchConfigurationNames: names = [], NextToken, MaxRecords = 50 }) {
    const where = ({ name }: LaunchConfiguration): boolean => names.length === 0 || names.includes(name);
    const limit = Math.min(MaxRecords, PAGE_SIZE);
    const { rows, next } = page(ctx, launchConfigurations, { token: NextToken, limit, where, invalidToken });
    return { LaunchConfigurations: rows.map(describe), NextToken: next };
  },

  DeleteLaunchConfiguration(ctx, { LaunchConfigurationName: name }) {
    if (!ctx.get(launchConfigurations, name))
      throw invalid(`Launch configuration name not found - Launch configuration ${name} not found`);
    const user = ctx.list(groups).find(({ source }) => source.launchConfigurationName === name);
    if (user) {
      throw new Fault(
        'ResourceInUseFault',
        `Cannot delete launch configuration ${name} because it is attached to AutoScalingGroup ${user.name}`,
      );
    }
    ctx.delete(launchConfigurations, name);
  },
};

function describe(row: LaunchConfiguration): Wire {
  return {
    LaunchConfigurationName: row.name,
    LaunchConfigurationARN: row.arn,
    ImageId: row.imageId,
    InstanceType: row.instanceType,
    KeyName: row.keyName,
    SecurityGroups: row.securityGroups,
    ClassicLinkVPCSecurityGroups: [],
    UserData: row.userData,
    KernelId: '',
    RamdiskId: '',
    BlockDeviceMappings: row.devices,
    InstanceMonitoring: { Enabled: row.detailedMonitoring },
    ...(row.instanceProfile === '' ? {} : { IamInstanceProfile: row.instanceProfile }),
    CreatedTime: row.createdAt,
    EbsOptimized: row.ebsOptimized,
    ...(row.publicIp === 'subnet' ? {} : { AssociatePublicIpAddress: row.publicIp === 'yes' }),
    ...(Object.keys(row.metadataOptions).length === 0 ? {} : { MetadataOptions: row.metadataOptions }),
  };
}

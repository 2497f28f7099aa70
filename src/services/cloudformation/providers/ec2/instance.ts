// AWS::EC2::Instance.

import { fromBase64 } from '#contract/protocols/bytes.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Progress, Provider, Work } from '../provider.ts';
import { attachAll, changeVolumes } from './instance-volumes.ts';
import { ownTags, retag } from './tagging.ts';

type InstanceWork = Work<'AWS::EC2::Instance'>;
type Run = Input<'ec2', 'RunInstances'>;
type Attributes = Omit<Input<'ec2', 'ModifyInstanceAttribute'>, 'InstanceId'>;
type Live = NonNullable<
  NonNullable<NonNullable<Output<'ec2', 'DescribeInstances'>['Reservations']>[number]['Instances']>[number]
>;

function live(work: InstanceWork): Live | undefined {
  const found = work.find('ec2', 'DescribeInstances', { InstanceIds: [work.physicalId] });
  return found?.Reservations?.[0]?.Instances?.[0];
}

function interfacesOf({ properties }: InstanceWork): Run['NetworkInterfaces'] {
  return properties.NetworkInterfaces?.map(({ DeviceIndex, GroupSet, ...rest }) => ({
    ...rest,
    DeviceIndex: Number(DeviceIndex),
    ...(GroupSet && { Groups: GroupSet }),
  })) as Run['NetworkInterfaces'];
}

function placementOf({ properties }: InstanceWork): Run['Placement'] {
  const { AvailabilityZone, PlacementGroupName, Tenancy } = properties;
  const placement = {
    ...(AvailabilityZone !== undefined && { AvailabilityZone }),
    ...(PlacementGroupName !== undefined && { GroupName: PlacementGroupName }),
    ...(Tenancy !== undefined && { Tenancy }),
  };
  return Object.keys(placement).length === 0 ? undefined : (placement as Run['Placement']);
}

function tagsOf(work: InstanceWork): NonNullable<Run['TagSpecifications']> {
  const { Tags, PropagateTagsToVolumeOnCreation } = work.properties;
  const own = work.tags(Tags);
  return [
    { ResourceType: 'instance', Tags: own },
    ...(PropagateTagsToVolumeOnCreation ? [{ ResourceType: 'volume' as const, Tags: own }] : []),
  ];
}

/** The request, without members that the template does not give. */
function requestFor(work: InstanceWork): Run {
  const { properties } = work;
  const { IamInstanceProfile, Monitoring, CreditSpecification } = properties;
  const all: Record<keyof Run, unknown> | object = {
    // EC2 takes an empty text where templates have an empty object.
    BlockDeviceMappings: properties.BlockDeviceMappings?.map(({ NoDevice, ...mapping }) =>
      NoDevice === undefined ? mapping : { ...mapping, NoDevice: '' },
    ),
    DisableApiTermination: properties.DisableApiTermination,
    EbsOptimized: properties.EbsOptimized,
    ImageId: properties.ImageId,
    InstanceInitiatedShutdownBehavior: properties.InstanceInitiatedShutdownBehavior,
    InstanceType: properties.InstanceType,
    KeyName: properties.KeyName,
    LaunchTemplate: properties.LaunchTemplate,
    MetadataOptions: properties.MetadataOptions,
    PrivateIpAddress: properties.PrivateIpAddress,
    SecurityGroupIds: properties.SecurityGroupIds,
    SecurityGroups: properties.SecurityGroups,
    SubnetId: properties.SubnetId,
    UserData: properties.UserData,
    NetworkInterfaces: interfacesOf(work),
    Placement: placementOf(work),
    Monitoring: Monitoring === undefined ? undefined : { Enabled: Monitoring },
    IamInstanceProfile: IamInstanceProfile === undefined ? undefined : { Name: IamInstanceProfile },
    CreditSpecification: CreditSpecification && { CpuCredits: CreditSpecification.CPUCredits },
  };
  const given = Object.fromEntries(Object.entries(all).filter((entry) => entry[1] !== undefined));
  return { MinCount: 1, MaxCount: 1, TagSpecifications: tagsOf(work), ...given } as Run;
}

function create(work: InstanceWork): string {
  const { Instances = [] } = work.call('ec2', 'RunInstances', requestFor(work));
  const InstanceId = Instances[0]?.InstanceId ?? '';
  const { SourceDestCheck } = work.properties;
  if (SourceDestCheck === false)
    work.call('ec2', 'ModifyInstanceAttribute', { InstanceId, SourceDestCheck: { Value: false } });
  return InstanceId;
}

/** What only a stopped instance can have changed. */
const WHILE_STOPPED = ['InstanceType', 'EbsOptimized', 'UserData'] as const;

/** An instance that has to be stopped for its update, and what it was before. */
const RESTARTS = 'restarts';

function update(work: InstanceWork): void {
  modify(work, {
    ...(work.changed('SecurityGroupIds') && { Groups: groupsOf(work) }),
  });
  modify(work, flag(work, 'DisableApiTermination', false));
  modify(work, flag(work, 'SourceDestCheck', true));
  if (work.changed('InstanceInitiatedShutdownBehavior')) {
    const Value = work.properties.InstanceInitiatedShutdownBehavior ?? 'stop';
    modify(work, { InstanceInitiatedShutdownBehavior: { Value } });
  }
  changeProfile(work);
  changeMetadata(work);
  changeMonitoring(work);
  changeVolumes(work);
  retag(work);
  if (!work.changed(...WHILE_STOPPED)) return;
  const runs = live(work)?.State?.Name === 'running';
  work.remember({ [RESTARTS]: runs ? 'start' : 'stay' });
  if (runs) work.call('ec2', 'StopInstances', { InstanceIds: [work.physicalId] });
}

function modify(work: InstanceWork, attributes: Attributes): void {
  if (Object.keys(attributes).length > 0)
    work.call('ec2', 'ModifyInstanceAttribute', { InstanceId: work.physicalId, ...attributes });
}

function flag(
  work: InstanceWork,
  name: 'DisableApiTermination' | 'SourceDestCheck',
  otherwise: boolean,
): Attributes {
  return work.changed(name) ? { [name]: { Value: work.properties[name] ?? otherwise } } : {};
}

/** Without groups an instance has its VPC's default one. */
function groupsOf(work: InstanceWork): readonly string[] {
  const { SecurityGroupIds = [] } = work.properties;
  if (SecurityGroupIds.length > 0) return SecurityGroupIds;
  const Filters = [
    { Name: 'vpc-id', Values: [live(work)?.VpcId ?? ''] },
    { Name: 'group-name', Values: ['default'] },
  ];
  const { SecurityGroups = [] } = work.call('ec2', 'DescribeSecurityGroups', { Filters });
  return SecurityGroups.map(({ GroupId = '' }) => GroupId);
}

function changeProfile(work: InstanceWork): void {
  if (!work.changed('IamInstanceProfile')) return;
  const { IamInstanceProfile: Name } = work.properties;
  const Filters = [{ Name: 'instance-id', Values: [work.physicalId] }];
  const found = work.call('ec2', 'DescribeIamInstanceProfileAssociations', { Filters });
  const AssociationId = found.IamInstanceProfileAssociations?.[0]?.AssociationId;
  if (Name === undefined && AssociationId !== undefined)
    work.call('ec2', 'DisassociateIamInstanceProfile', { AssociationId });
  if (Name === undefined) return;
  const profile = { IamInstanceProfile: { Name } };
  if (AssociationId === undefined)
    work.call('ec2', 'AssociateIamInstanceProfile', { InstanceId: work.physicalId, ...profile });
  else work.call('ec2', 'ReplaceIamInstanceProfileAssociation', { AssociationId, ...profile });
}

function changeMetadata(work: InstanceWork): void {
  const { MetadataOptions } = work.properties;
  if (!work.changed('MetadataOptions') || !MetadataOptions) return;
  type Options = Input<'ec2', 'ModifyInstanceMetadataOptions'>;
  const options = MetadataOptions as Omit<Options, 'InstanceId'>;
  work.call('ec2', 'ModifyInstanceMetadataOptions', { InstanceId: work.physicalId, ...options });
}

function changeMonitoring(work: InstanceWork): void {
  if (!work.changed('Monitoring')) return;
  const InstanceIds = [work.physicalId];
  if (work.properties.Monitoring) work.call('ec2', 'MonitorInstances', { InstanceIds });
  else work.call('ec2', 'UnmonitorInstances', { InstanceIds });
}

/** Whether the instance runs, restarted where its update wants that, with all its volumes. */
function stands(work: InstanceWork): Progress {
  const instance = live(work);
  const state = instance?.State?.Name ?? 'terminated';
  if (state === 'terminated' || state === 'shutting-down') {
    const reason = instance?.StateReason?.Message ?? 'none';
    const what = `Instance ${work.physicalId} failed to stabilize. Current state: ${state}. Reason: ${reason}`;
    throw handlerFailure(work, what, 'NotStabilized');
  }
  if (state === 'pending' || state === 'stopping') return { again: 0 };
  const restarts = work.memory[RESTARTS];
  if (state === 'stopped' && restarts !== undefined) {
    changeWhileStopped(work);
    work.remember({ [RESTARTS]: 'done' });
    if (restarts !== 'start') return 'done';
    work.call('ec2', 'StartInstances', { InstanceIds: [work.physicalId] });
    return { again: 0 };
  }
  return attachAll(work);
}

function changeWhileStopped(work: InstanceWork): void {
  const { InstanceType, EbsOptimized, UserData } = work.properties;
  if (work.changed('InstanceType') && InstanceType !== undefined)
    modify(work, { InstanceType: { Value: InstanceType } });
  if (work.changed('EbsOptimized')) modify(work, { EbsOptimized: { Value: EbsOptimized ?? false } });
  if (!work.changed('UserData')) return;
  const Value = fromBase64(UserData ?? '');
  if (!Value) throw handlerFailure(work, 'Invalid BASE64 encoding of user data.');
  modify(work, { UserData: { Value } });
}

/** Properties that may replace an instance elsewhere, and do not where its root device is a volume, as all are here. */
const IN_PLACE: readonly string[] = [...WHILE_STOPPED, 'SecurityGroupIds'];

export const instance: Provider = provider({
  type: 'AWS::EC2::Instance',
  refused: [
    'AdditionalInfo',
    'Affinity',
    'CpuOptions',
    'ElasticGpuSpecifications',
    'ElasticInferenceAccelerators',
    'EnclaveOptions',
    'HibernationOptions',
    'HostId',
    'HostResourceGroupArn',
    'Ipv6AddressCount',
    'Ipv6Addresses',
    'KernelId',
    'LicenseSpecifications',
    'PrivateDnsNameOptions',
    'RamdiskId',
    'SsmAssociations',
  ],
  passedOn: ['BlockDeviceMappings', 'LaunchTemplate', 'MetadataOptions', 'NetworkInterfaces'],
  create,
  stands,
  update,
  replaces: (_, [name = '']) => !IN_PLACE.includes(name),
  delete(work) {
    work.find('ec2', 'TerminateInstances', { InstanceIds: [work.physicalId] });
  },
  gone(work) {
    const state = live(work)?.State?.Name ?? 'terminated';
    return state === 'terminated' ? 'done' : { again: 0 };
  },
  attributes(work) {
    const { Placement, PrivateDnsName, PrivateIpAddress, PublicDnsName, PublicIpAddress, VpcId, State } =
      live(work) ?? {};
    return {
      InstanceId: work.physicalId,
      AvailabilityZone: Placement?.AvailabilityZone ?? '',
      PrivateDnsName: PrivateDnsName ?? '',
      PrivateIp: PrivateIpAddress ?? '',
      PublicDnsName: PublicDnsName ?? '',
      PublicIp: PublicIpAddress ?? '',
      VpcId: VpcId ?? '',
      State: { Code: String(State?.Code ?? ''), Name: State?.Name ?? '' },
    };
  },
  read(work) {
    const found = live(work);
    if (!found || found.State?.Name === 'terminated') return undefined;
    const { ImageId = '', InstanceType = '', KeyName, SubnetId = '', SecurityGroups = [] } = found;
    return {
      ImageId,
      InstanceType,
      SubnetId,
      SecurityGroupIds: SecurityGroups.map(({ GroupId = '' }) => GroupId),
      SourceDestCheck: found.SourceDestCheck ?? true,
      Monitoring: found.Monitoring?.State === 'enabled',
      AvailabilityZone: found.Placement?.AvailabilityZone ?? '',
      EbsOptimized: found.EbsOptimized ?? false,
      Tags: ownTags(work, found.Tags),
      ...(KeyName !== undefined && { KeyName }),
    };
  },
});

// Attributes of an instance that can be read and changed one at a time.

import { Fault } from '#contract/fault.ts';
import { base64 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { imageOf } from '../images/images.ts';
import { missing, unmodelled } from '../requests.ts';
import { volumes, volumesOf } from '../volumes/volumes.ts';
import { interfaces, securityGroupOf } from '../vpcs/network.ts';
import { instanceTypeOf } from './instance-types.ts';
import {
  deviceShown,
  instanceOf,
  instanceRows,
  instancesOf,
  interfaceOfInstance,
  launches,
  launchOf,
  metadataShown,
} from './instances.ts';
import type { Instance, Launch, MetadataOptions } from './instances.ts';

type Attribute = Input<'ec2', 'DescribeInstanceAttribute'>['Attribute'];
type Changes = Input<'ec2', 'ModifyInstanceAttribute'>;

function attribute(
  ctx: Ctx,
  instance: Instance,
  name: Attribute,
): Output<'ec2', 'DescribeInstanceAttribute'> {
  const launch = launchOf(ctx, instance.instanceId);
  const row = interfaceOfInstance(ctx, instance);
  switch (name) {
    case 'instanceType':
      return { InstanceType: { Value: instance.instanceType } };
    case 'userData':
      return { UserData: launch.userData === undefined ? {} : { Value: launch.userData } };
    case 'disableApiTermination':
      return { DisableApiTermination: { Value: launch.terminationProtection } };
    case 'disableApiStop':
      return { DisableApiStop: { Value: launch.stopProtection } };
    case 'instanceInitiatedShutdownBehavior':
      return { InstanceInitiatedShutdownBehavior: { Value: launch.shutdownBehavior } };
    case 'rootDeviceName':
      return { RootDeviceName: { Value: launch.rootDevice } };
    case 'blockDeviceMapping':
      return { BlockDeviceMappings: volumesOf(ctx, instance.instanceId).map(deviceShown) };
    case 'sourceDestCheck':
      return { SourceDestCheck: { Value: row?.sourceDestCheck ?? true } };
    case 'groupSet':
      return { Groups: (row?.groupIds ?? []).map((GroupId) => ({ GroupId })) };
    case 'ebsOptimized':
      return { EbsOptimized: { Value: launch.ebsOptimized } };
    case 'enaSupport':
      return { EnaSupport: { Value: true } };
    case 'enclaveOptions':
      return { EnclaveOptions: { Enabled: false } };
    // Only paravirtual instances have a kernel and a RAM disk of their own.
    case 'kernel':
      return { KernelId: {} };
    case 'ramdisk':
      return { RamdiskId: {} };
    case 'productCodes':
      return { ProductCodes: [] };
    case 'sriovNetSupport':
      return { SriovNetSupport: { Value: 'simple' } };
  }
}

/** The named attribute with its value as text, as the members of their own say it. */
function fromNamed(changes: Changes): Changes {
  const { Attribute: name, Value, ...rest } = changes;
  if (name === undefined) return changes;
  if (Value === undefined) throw missing('Value');
  const flag = { Value: Value === 'true' };
  switch (name) {
    case 'instanceType':
      return { ...rest, InstanceType: { Value } };
    case 'disableApiTermination':
      return { ...rest, DisableApiTermination: flag };
    case 'disableApiStop':
      return { ...rest, DisableApiStop: flag };
    case 'sourceDestCheck':
      return { ...rest, SourceDestCheck: flag };
    case 'instanceInitiatedShutdownBehavior':
      return { ...rest, InstanceInitiatedShutdownBehavior: { Value } };
    default:
      throw unmodelled(`Setting the instance attribute ${name} by name`);
  }
}

function whileStopped({ instanceId, state }: Instance, name: string): void {
  if (state === 'stopped') return;
  throw new Fault(
    'IncorrectInstanceState',
    `The instance '${instanceId}' is not in the 'stopped' state. ${name} can be changed only then.`,
  );
}

function changeType(ctx: Ctx, instance: Instance, name: string): void {
  whileStopped(instance, 'instanceType');
  const { architecture } = instanceTypeOf(name);
  const image = imageOf(ctx, instance.imageId);
  if (architecture !== image.architecture) {
    throw new Fault(
      'InvalidParameterValue',
      `The architecture '${architecture}' of the specified instance type does not match the architecture '${image.architecture}' of the instance.`,
    );
  }
  ctx.update(instanceRows, instance, { instanceType: name });
}

function changeGroups(ctx: Ctx, instance: Instance, groupIds: readonly string[]): void {
  const row = interfaceOfInstance(ctx, instance);
  if (!row) throw new Fault('IncorrectInstanceState', `The instance '${instance.instanceId}' is terminated.`);
  for (const id of groupIds) {
    const { vpcId } = securityGroupOf(ctx, id);
    if (vpcId !== instance.vpcId) {
      throw new Fault(
        'InvalidParameterValue',
        `You have specified two resources that belong to different networks.`,
      );
    }
  }
  ctx.update(interfaces, row, { groupIds: [...new Set(groupIds)] });
  ctx.emit(networkChanged, { vpcId: instance.vpcId });
}

/** The attributes that belong to the launch: what the request changes of them. */
function launchChanges(instance: Instance, changes: Changes): Partial<Launch> {
  const {
    DisableApiTermination,
    DisableApiStop,
    InstanceInitiatedShutdownBehavior: behavior,
    UserData,
    EbsOptimized,
  } = changes;
  if (UserData) whileStopped(instance, 'userData');
  if (EbsOptimized) whileStopped(instance, 'ebsOptimized');
  if (behavior && behavior.Value !== 'stop' && behavior.Value !== 'terminate') {
    throw new Fault(
      'InvalidParameterValue',
      `Invalid value '${behavior.Value}' for InstanceInitiatedShutdownBehavior.`,
    );
  }
  return {
    ...(DisableApiTermination ? { terminationProtection: DisableApiTermination.Value === true } : {}),
    ...(DisableApiStop ? { stopProtection: DisableApiStop.Value === true } : {}),
    ...(behavior ? { shutdownBehavior: behavior.Value as 'stop' | 'terminate' } : {}),
    ...(UserData?.Value ? { userData: base64(UserData.Value) } : {}),
    ...(EbsOptimized ? { ebsOptimized: EbsOptimized.Value === true } : {}),
  };
}

/** Whether attached volumes go with the instance. */
function changeDevices(
  ctx: Ctx,
  { instanceId }: Instance,
  mappings: NonNullable<Changes['BlockDeviceMappings']>,
): void {
  for (const { DeviceName, Ebs, NoDevice, VirtualName } of mappings) {
    if (NoDevice !== undefined || VirtualName !== undefined)
      throw unmodelled('Changing more of a device than DeleteOnTermination');
    const volume = volumesOf(ctx, instanceId).find(({ attachment }) => attachment?.deviceName === DeviceName);
    if (!volume?.attachment || (Ebs?.VolumeId ?? volume.volumeId) !== volume.volumeId) {
      const text = `No device is currently mapped at ${DeviceName}`;
      throw new Fault('InvalidInstanceAttributeValue', text);
    }
    const deleteOnTermination = Ebs?.DeleteOnTermination ?? volume.attachment.deleteOnTermination;
    ctx.update(volumes, volume, { attachment: { ...volume.attachment, deleteOnTermination } });
  }
}

/** Turns detailed monitoring on or off; what is asked for holds at once. */
function monitor(ctx: Ctx, ids: readonly string[], monitoring: boolean): Output<'ec2', 'MonitorInstances'> {
  const InstanceMonitorings = instancesOf(ctx, ids).map(({ instanceId }) => {
    ctx.update(launches, launchOf(ctx, instanceId), { monitoring });
    const State = monitoring ? ('pending' as const) : ('disabling' as const);
    return { InstanceId: instanceId, Monitoring: { State } };
  });
  return { InstanceMonitorings };
}

export const instanceAttributeOperations: Operations<'ec2'> = {
  DescribeInstanceAttribute(ctx, { InstanceId, Attribute }) {
    return { InstanceId, ...attribute(ctx, instanceOf(ctx, InstanceId), Attribute) };
  },

  ModifyInstanceAttribute(ctx, input) {
    const instance = instanceOf(ctx, input.InstanceId);
    const changes = fromNamed(input);
    const ofLaunch = launchChanges(instance, changes);
    const { InstanceType, Groups, SourceDestCheck, BlockDeviceMappings } = changes;
    if (Object.keys(ofLaunch).length > 0) ctx.update(launches, launchOf(ctx, instance.instanceId), ofLaunch);
    if (InstanceType?.Value !== undefined) changeType(ctx, instance, InstanceType.Value);
    if (Groups && Groups.length > 0) changeGroups(ctx, instance, Groups);
    if (BlockDeviceMappings) changeDevices(ctx, instance, BlockDeviceMappings);
    const row = interfaceOfInstance(ctx, instance);
    if (row && SourceDestCheck?.Value !== undefined)
      ctx.update(interfaces, row, { sourceDestCheck: SourceDestCheck.Value });
  },

  MonitorInstances: (ctx, { InstanceIds }) => monitor(ctx, InstanceIds, true),

  UnmonitorInstances: (ctx, { InstanceIds }) => monitor(ctx, InstanceIds, false),

  ModifyInstanceMetadataOptions(
    ctx,
    { InstanceId, HttpTokens, HttpPutResponseHopLimit, HttpEndpoint, HttpProtocolIpv6, InstanceMetadataTags },
  ) {
    instanceOf(ctx, InstanceId);
    const launch = launchOf(ctx, InstanceId);
    const metadata: MetadataOptions = {
      tokens: HttpTokens ?? launch.metadata.tokens,
      hopLimit: HttpPutResponseHopLimit ?? launch.metadata.hopLimit,
      endpoint: HttpEndpoint ?? launch.metadata.endpoint,
      tags: InstanceMetadataTags ?? launch.metadata.tags,
      ipv6: HttpProtocolIpv6 ?? launch.metadata.ipv6 ?? 'disabled',
    };
    ctx.update(launches, launch, { metadata });
    return { InstanceId, InstanceMetadataOptions: { ...metadataShown(metadata), State: 'pending' } };
  },
};

// Instances: rows, how to find them, and how EC2 shows them. They come about in ./launch.ts and live in
// ./lifecycle.ts.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { InstanceState } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import type { Filterable } from '../filters.ts';
import { platformShown } from '../images/image-catalogue.ts';
import type { WindowsLicence } from '../images/image-catalogue.ts';
import {
  addressesShown,
  groupsShown,
  macAddress,
  privateDnsName,
  publicDnsName,
} from '../interfaces/interfaces.ts';
import { existing, listed } from '../requests.ts';
import { tagsOf, someTagsShown } from '../tags.ts';
import { volumesOf } from '../volumes/volumes.ts';
import type { Attachment, Volume } from '../volumes/volumes.ts';
import { interfaces } from '../vpcs/network.ts';
import type { NetworkInterface } from '../vpcs/network.ts';
import { zoneId } from '../zones.ts';
import type { Architecture, InstanceTypeName } from './instance-types.ts';

/** What changes as an instance lives. What stays as it was launched is in `Launch`. */
export interface Instance {
  instanceId: string;
  reservationId: string;
  launchIndex: number;
  state: InstanceState;
  /** Counts the changes of state; a timer that carries another number is stale. */
  step: number;
  imageId: string;
  instanceType: string;
  vpcId: string;
  subnetId: string;
  zone: string;
  privateIp: string;
  /** Gone once the instance is terminated. */
  interfaceId?: string;
  /** The latest start, not the first. */
  launchedAt: number;
  booted: boolean;
  transitionReason: string;
  reason?: { readonly code: string; readonly message: string };
  profile?: InstanceProfile;
}

/** An association with an IAM instance profile. */
export interface InstanceProfile {
  readonly associationId: string;
  readonly arn: string;
  readonly id: string;
  readonly since: number;
  readonly associatedAt: number;
}

export const instanceRows: Table<Instance> = table<Instance>('ec2/instances', (row) => row.instanceId, {
  reservation: (row) => row.reservationId,
  zone: (row) => row.zone,
  profileAssociation: (row) => row.profile?.associationId,
});

/** How an instance was launched. */
export interface Launch {
  instanceId: string;
  createdAt: number;
  architecture: Architecture;
  rootDevice: string;
  imdsV2: boolean;
  /** Of an instance that runs Windows. */
  windows?: WindowsLicence;
  /** Base64, as it was given. */
  userData?: string;
  keyName?: string;
  clientToken?: string;
  monitoring: boolean;
  ebsOptimized: boolean;
  shutdownBehavior: 'stop' | 'terminate';
  terminationProtection: boolean;
  stopProtection: boolean;
  metadata: MetadataOptions;
  /** Where it was asked for; otherwise what the type begins with. */
  cpuCredits?: 'standard' | 'unlimited';
}

/** Options of the instance metadata service. */
export interface MetadataOptions {
  readonly tokens: 'optional' | 'required';
  readonly hopLimit: number;
  readonly endpoint: 'enabled' | 'disabled';
  readonly tags: 'enabled' | 'disabled';
  /** Off where nothing is said. */
  readonly ipv6?: 'enabled' | 'disabled';
}

export const launches: Table<Launch> = table<Launch>(
  'ec2/launches',
  (row) => row.instanceId,
  {},
  { version: 2 },
);

type WireInstance = NonNullable<NonNullable<Output<'ec2', 'RunInstances'>['Instances']>[number]>;
type WireReservation = Output<'ec2', 'RunInstances'>;

const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

export function stateShown(state: InstanceState): { Code: number; Name: InstanceState } {
  return { Code: STATE_CODES[state], Name: state };
}

/** The instance, or EC2's answer where there is none. */
export function instanceOf(ctx: Ctx, id: string | undefined): Instance {
  return existing(ctx, instanceRows, id, { code: 'InvalidInstanceID', noun: 'instance ID', prefix: 'i' });
}

/** The instances of a request. EC2 names all that it does not find. */
export function instancesOf(ctx: Ctx, ids: readonly string[]): Instance[] {
  const absent = [...new Set(ids)].filter(
    (id) => /^i-[0-9a-f]{8}([0-9a-f]{9})?$/.test(id) && !ctx.get(instanceRows, id),
  );
  if (absent.length > 1) {
    throw new Fault('InvalidInstanceID.NotFound', `The instance IDs '${absent.join(', ')}' do not exist`);
  }
  return [...new Set(ids)].map((id) => instanceOf(ctx, id));
}

export function launchOf(ctx: Ctx, instanceId: string): Launch {
  return ctx.get(launches, instanceId) as Launch;
}

/** The interface of an instance that is not terminated. */
export function interfaceOfInstance(ctx: Ctx, { interfaceId }: Instance): NetworkInterface | undefined {
  return interfaceId === undefined ? undefined : ctx.get(interfaces, interfaceId);
}

/** The profile whose association has been made. */
export function profileArn(ctx: Ctx, { profile }: Instance): string | undefined {
  return profile && profile.associatedAt <= ctx.now ? profile.arn : undefined;
}

export function metadataShown(options: MetadataOptions): NonNullable<WireInstance['MetadataOptions']> {
  return {
    State: 'applied',
    HttpTokens: options.tokens,
    HttpPutResponseHopLimit: options.hopLimit,
    HttpEndpoint: options.endpoint,
    HttpProtocolIpv6: options.ipv6 ?? 'disabled',
    InstanceMetadataTags: options.tags,
  };
}

type WireAddress = NonNullable<
  NonNullable<WireInstance['NetworkInterfaces']>[number]['PrivateIpAddresses']
>[number];

function interfaceShown(
  ctx: Ctx,
  row: NetworkInterface,
): NonNullable<WireInstance['NetworkInterfaces']>[number] {
  // An instance's description leaves out the allocation.
  const PrivateIpAddresses = addressesShown(ctx, row).map(({ Association: found, ...rest }): WireAddress => {
    if (!found) return rest;
    const { AllocationId: _, ...Association } = found;
    return { ...rest, Association };
  });
  const [first] = PrivateIpAddresses;
  return {
    NetworkInterfaceId: row.interfaceId,
    InterfaceType: 'interface',
    Description: row.description,
    OwnerId: ctx.account,
    VpcId: row.vpcId,
    SubnetId: row.subnetId,
    MacAddress: macAddress(row.interfaceId),
    PrivateIpAddress: row.privateIp,
    PrivateDnsName: first?.PrivateDnsName,
    PrivateIpAddresses,
    Ipv6Addresses: [],
    Groups: groupsShown(ctx, row.groupIds),
    SourceDestCheck: row.sourceDestCheck,
    Status: 'in-use',
    Attachment: {
      AttachmentId: row.attachmentId,
      AttachTime: row.attachedAt,
      DeleteOnTermination: row.deleteOnTermination ?? true,
      DeviceIndex: row.deviceIndex ?? 0,
      NetworkCardIndex: 0,
      Status: 'attached',
    },
    ...(first?.Association && { Association: first.Association }),
  };
}

/** The members that an instance has only while it has its interface. */
function networkShown(ctx: Ctx, instance: Instance, row: NetworkInterface): Partial<WireInstance> {
  return {
    VpcId: instance.vpcId,
    SubnetId: instance.subnetId,
    PrivateIpAddress: instance.privateIp,
    PrivateDnsName: privateDnsName(ctx.region, instance.privateIp),
    PublicIpAddress: row.publicIp,
    PublicDnsName: publicDnsName(ctx, instance.vpcId, row.publicIp),
    SecurityGroups: groupsShown(ctx, row.groupIds),
    SourceDestCheck: row.sourceDestCheck,
    NetworkInterfaces: ctx
      .list(interfaces, 'owner', instance.instanceId)
      .toSorted((left, right) => (left.deviceIndex ?? 0) - (right.deviceIndex ?? 0))
      .map((one) => interfaceShown(ctx, one)),
    PrivateDnsNameOptions: {
      HostnameType: 'ip-name',
      EnableResourceNameDnsARecord: false,
      EnableResourceNameDnsAAAARecord: false,
    },
  };
}

function describeInstance(ctx: Ctx, instance: Instance): WireInstance {
  const { instanceId, reason, profile } = instance;
  const launch = launchOf(ctx, instanceId);
  const row = interfaceOfInstance(ctx, instance);
  const network = row
    ? networkShown(ctx, instance, row)
    : { PrivateDnsName: '', PublicDnsName: '', SecurityGroups: [], NetworkInterfaces: [] };
  return {
    InstanceId: instanceId,
    ImageId: instance.imageId,
    InstanceType: instance.instanceType as InstanceTypeName,
    State: stateShown(instance.state),
    StateTransitionReason: instance.transitionReason,
    StateReason: reason && { Code: reason.code, Message: reason.message },
    AmiLaunchIndex: instance.launchIndex,
    LaunchTime: instance.launchedAt,
    Placement: {
      AvailabilityZone: instance.zone,
      AvailabilityZoneId: zoneId(instance.zone),
      GroupName: '',
      Tenancy: 'default',
    },
    Monitoring: { State: launch.monitoring ? 'enabled' : 'disabled' },
    KeyName: launch.keyName,
    ClientToken: launch.clientToken ?? '',
    Architecture: launch.architecture,
    VirtualizationType: 'hvm',
    Hypervisor: 'xen',
    ...platformShown(launch.windows),
    UsageOperationUpdateTime: launch.createdAt,
    EnaSupport: true,
    EbsOptimized: launch.ebsOptimized,
    RootDeviceType: 'ebs',
    RootDeviceName: launch.rootDevice,
    BlockDeviceMappings: volumesOf(ctx, instanceId).map(deviceShown),
    MetadataOptions: metadataShown(launch.metadata),
    CapacityReservationSpecification: { CapacityReservationPreference: 'open' },
    HibernationOptions: { Configured: false },
    EnclaveOptions: { Enabled: false },
    MaintenanceOptions: { AutoRecovery: 'default' },
    ProductCodes: [],
    IamInstanceProfile: profile && { Arn: profile.arn, Id: profile.id },
    ...someTagsShown(ctx, instanceId),
    ...network,
  };
}

export function deviceShown({
  volumeId: VolumeId,
  attachment,
}: Volume): NonNullable<WireInstance['BlockDeviceMappings']>[number] {
  if (!attachment) return {};
  const { at: AttachTime, state: Status, deleteOnTermination: DeleteOnTermination } = attachment;
  return { DeviceName: attachment.deviceName, Ebs: { VolumeId, AttachTime, Status, DeleteOnTermination } };
}

/** Instances as EC2 shows them: by reservation, in the order in which the reservations come. */
export function describeReservations(ctx: Ctx, rows: readonly Instance[]): WireReservation[] {
  const byReservation = new Map<string, Instance[]>();
  for (const row of rows)
    byReservation.set(row.reservationId, [...(byReservation.get(row.reservationId) ?? []), row]);
  return [...byReservation].map(([ReservationId, members]) => ({
    ReservationId,
    OwnerId: ctx.account,
    Groups: [],
    Instances: members
      .toSorted((left, right) => left.launchIndex - right.launchIndex)
      .map((instance) => describeInstance(ctx, instance)),
  }));
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html */
function instanceFilters(ctx: Ctx): Filterable<Instance> {
  const at = (instance: Instance): NetworkInterface | undefined => interfaceOfInstance(ctx, instance);
  const groups = (instance: Instance): { GroupId: string; GroupName: string }[] =>
    groupsShown(ctx, at(instance)?.groupIds ?? []);
  const launch = (instance: Instance): Launch => launchOf(ctx, instance.instanceId);
  const devices = (instance: Instance): Attachment[] =>
    volumesOf(ctx, instance.instanceId).flatMap(({ attachment }) => attachment ?? []);
  return {
    operation: 'DescribeInstances',
    values: {
      architecture: (instance) => launch(instance).architecture,
      'availability-zone': (instance) => instance.zone,
      'availability-zone-id': (instance) => zoneId(instance.zone),
      'block-device-mapping.delete-on-termination': (instance) =>
        devices(instance).map((device) => device.deleteOnTermination),
      'block-device-mapping.device-name': (instance) => devices(instance).map((device) => device.deviceName),
      'block-device-mapping.status': (instance) => devices(instance).map((device) => device.state),
      'block-device-mapping.volume-id': (instance) =>
        volumesOf(ctx, instance.instanceId).map((volume) => volume.volumeId),
      'client-token': (instance) => launch(instance).clientToken,
      'dns-name': (instance) => publicDnsName(ctx, instance.vpcId, at(instance)?.publicIp),
      'iam-instance-profile.arn': (instance) => instance.profile?.arn,
      'iam-instance-profile.id': (instance) => instance.profile?.id,
      'image-id': (instance) => instance.imageId,
      'instance-id': (instance) => instance.instanceId,
      'instance-state-code': (instance) => STATE_CODES[instance.state],
      'instance-state-name': (instance) => instance.state,
      'instance-type': (instance) => instance.instanceType,
      'instance.group-id': (instance) => groups(instance).map((group) => group.GroupId),
      'instance.group-name': (instance) => groups(instance).map((group) => group.GroupName),
      'ip-address': (instance) => at(instance)?.publicIp,
      'key-name': (instance) => launch(instance).keyName,
      'launch-index': (instance) => instance.launchIndex,
      'metadata-options.http-endpoint': (instance) => launch(instance).metadata.endpoint,
      'metadata-options.http-put-response-hop-limit': (instance) => launch(instance).metadata.hopLimit,
      'metadata-options.http-tokens': (instance) => launch(instance).metadata.tokens,
      'monitoring-state': (instance) => (launch(instance).monitoring ? 'enabled' : 'disabled'),
      'network-interface.network-interface-id': (instance) => instance.interfaceId,
      'owner-id': () => ctx.account,
      platform: (instance) => (launch(instance).windows ? 'windows' : undefined),
      'private-dns-name': (instance) =>
        instance.interfaceId ? privateDnsName(ctx.region, instance.privateIp) : undefined,
      'private-ip-address': (instance) => (instance.interfaceId ? instance.privateIp : undefined),
      'reservation-id': (instance) => instance.reservationId,
      'root-device-name': (instance) => launch(instance).rootDevice,
      'root-device-type': () => 'ebs',
      'source-dest-check': (instance) => at(instance)?.sourceDestCheck,
      'state-reason-code': (instance) => instance.reason?.code,
      'subnet-id': (instance) => (instance.interfaceId ? instance.subnetId : undefined),
      tenancy: () => 'default',
      'vpc-id': (instance) => (instance.interfaceId ? instance.vpcId : undefined),
    },
    tags: (instance) => tagsOf(ctx, instance.instanceId),
  };
}

export const instanceOperations: Operations<'ec2'> = {
  DescribeInstances(ctx, { InstanceIds = [], Filters, NextToken, MaxResults }) {
    if (InstanceIds.length > 0 && MaxResults !== undefined) {
      throw new Fault(
        'InvalidParameterCombination',
        'The parameter instancesSet cannot be used with the parameter maxResults',
      );
    }
    const where = filtered(Filters, instanceFilters(ctx));
    instancesOf(ctx, InstanceIds);
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, instanceRows, { ids: InstanceIds, of: instanceOf, where, page });
    return { Reservations: describeReservations(ctx, rows), NextToken: next };
  },
};

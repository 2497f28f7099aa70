// RunInstances: from a request and its launch template to instances that are pending.

import { Fault } from '#contract/fault.ts';
import { fromBase64 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { machines } from '#cloud/ports/machines.ts';
import type { Operations } from '#cloud/service.ts';
import type { PublicImage } from '../images/image-catalogue.ts';
import { devicesOf, imageOf } from '../images/images.ts';
import type { ImageDevice, OwnImage } from '../images/images.ts';
import { attachInterface, isAttached, makeInterface, newPublicIp } from '../interfaces/interfaces.ts';
import { keyPairNamed } from '../key-pairs/key-pairs.ts';
import { missing, once, unmodelled } from '../requests.ts';
import { groupNamed } from '../security-groups/security-groups.ts';
import { putTags, setTag, tagsFor } from '../tags.ts';
import { putLaunchedVolume } from '../volumes/volumes.ts';
import {
  defaultGroup,
  defaultVpc,
  interfaceOf,
  interfaces,
  securityGroupOf,
  subnetOf,
  subnets,
} from '../vpcs/network.ts';
import type { NetworkInterface, Subnet } from '../vpcs/network.ts';
import { freeAddresses, wantedAddress } from '../vpcs/subnets.ts';
import { withoutCapacity, zoneOf } from '../zones.ts';
import { creditsOf } from './credits.ts';
import { associationWith, profileNamed } from './instance-profiles.ts';
import type { KnownProfile } from './instance-profiles.ts';
import { instanceTypeOf } from './instance-types.ts';
import type { InstanceType } from './instance-types.ts';
import { describeReservations, instanceRows, launches } from './instances.ts';
import type { Instance, Launch } from './instances.ts';
import { launchDevices } from './launch-devices.ts';
import { checkCounts, interfaceRequest, launchRequest } from './launch-request.ts';
import type { LaunchRequest } from './launch-request.ts';
import { checkSwitches } from './launch-templates.ts';
import type { LaunchTemplateData } from './launch-templates.ts';
import { beginLaunch, noCapacity } from './lifecycle.ts';

type RunInstances = Input<'ec2', 'RunInstances'>;
type Parameters = LaunchTemplateData;

/** A launch whose every part has been found and fits. */
interface Plan {
  readonly image: OwnImage | PublicImage;
  readonly type: InstanceType;
  readonly subnet: Subnet;
  readonly addresses: readonly string[];
  readonly groupIds: readonly string[];
  /** An interface that was there before. */
  readonly standing: NetworkInterface | undefined;
  readonly deleteInterface: boolean;
  readonly publicIp: boolean;
  readonly description: string;
  readonly profile: KnownProfile | undefined;
  readonly launch: Omit<Launch, 'instanceId'>;
  readonly devices: readonly ImageDevice[];
  readonly tags: Parameters['TagSpecifications'];
  readonly template: LaunchRequest['template'];
}

function imageFor(ctx: Ctx, imageId: string | undefined): OwnImage | PublicImage {
  if (imageId === undefined) throw missing('ImageId');
  const image = imageOf(ctx, imageId);
  if ('state' in image && image.state !== 'available') {
    throw new Fault('InvalidAMIID.Unavailable', `The image ID '[${imageId}]' is not available`);
  }
  return image;
}

/** What is on an image of another account is not where this account's machines look for it. */
function takeShared(ctx: Ctx, image: OwnImage | PublicImage): void {
  if (!('state' in image) || image.ownerId === ctx.account) return;
  const from = { account: image.ownerId, region: ctx.region, id: image.imageId };
  ctx.port(machines).copied?.(ctx, from, image.imageId);
}

/** EC2's own default when no type is given. */
const DEFAULT_TYPE = 'm1.small';

function typeFor(name: string = DEFAULT_TYPE, image: PublicImage): InstanceType {
  const type = instanceTypeOf(name);
  if (type.architecture === image.architecture) return type;
  throw new Fault(
    'InvalidParameterValue',
    `The architecture '${type.architecture}' of the specified instance type does not match the architecture ` +
      `'${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try ` +
      `again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.`,
  );
}

/** The subnet that is named, or the default one of the zone that is named, or of one that EC2 chooses. */
function subnetFor(
  ctx: Ctx,
  input: RunInstances,
  { Placement }: Parameters,
  named: string | undefined,
): Subnet {
  if (Placement?.Tenancy !== undefined && Placement.Tenancy !== 'default')
    throw unmodelled(`The tenancy ${Placement.Tenancy}`);
  // Terraform names an empty zone where it names a subnet.
  const zone = zoneOf(ctx, Placement?.AvailabilityZone || undefined, Placement?.AvailabilityZoneId);
  const subnetId = input.SubnetId ?? named;
  if (subnetId !== undefined) {
    const subnet = subnetOf(ctx, subnetId);
    if (zone !== undefined && subnet.zone !== zone) {
      throw new Fault(
        'InvalidParameterValue',
        `Value (${zone}) for parameter availabilityZone is invalid. Subnet '${subnetId}' is in the availability zone ${subnet.zone}`,
      );
    }
    return subnet;
  }
  const vpc = defaultVpc(ctx);
  if (!vpc) {
    throw new Fault(
      'VPCIdNotSpecified',
      'No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.',
    );
  }
  const inDefault = ctx.list(subnets, 'vpc', vpc.vpcId).filter((subnet) => subnet.defaultForAz);
  const open = inDefault.filter((subnet) =>
    zone === undefined ? !withoutCapacity(ctx, subnet.zone) : subnet.zone === zone,
  );
  const choice = open.length > 0 ? open : inDefault;
  const subnet =
    choice[Math.floor(ctx.random('ec2/placement', 'default-subnet')(launchedSoFar(ctx)) * choice.length)];
  if (!subnet)
    throw new Fault('MissingInput', `No default subnet for availability zone: '${zone ?? 'null'}'.`);
  return subnet;
}

/** Spreads launches that leave the zone to EC2; the same launches choose alike in every run. */
function launchedSoFar(ctx: Ctx): number {
  return ctx.scan(instanceRows).length;
}

function groupsFor(
  ctx: Ctx,
  { SecurityGroupIds = [], SecurityGroups = [] }: Parameters,
  inInterface: readonly string[],
  subnet: Subnet,
): string[] {
  const byName = SecurityGroups.map((name) => groupNamed(ctx, name).groupId);
  const ids = [...new Set([...inInterface, ...SecurityGroupIds, ...byName])];
  for (const id of ids) {
    const { groupId, vpcId } = securityGroupOf(ctx, id);
    if (vpcId !== subnet.vpcId) {
      throw new Fault(
        'InvalidParameter',
        `Security group ${groupId} and subnet ${subnet.subnetId} belong to different networks.`,
      );
    }
  }
  if (ids.length > MOST_GROUPS) {
    throw new Fault(
      'SecurityGroupsPerInterfaceLimitExceeded',
      'The maximum number of security groups per interface has been reached.',
    );
  }
  return ids.length > 0 ? ids : [defaultGroup(ctx, subnet.vpcId).groupId];
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
const MOST_GROUPS = 5;

/** Private addresses for as many instances as there can be: at least `MinCount`. */
function addressesFor(
  ctx: Ctx,
  { MinCount, MaxCount }: RunInstances,
  subnet: Subnet,
  wanted: string | undefined,
): string[] {
  if (wanted !== undefined) {
    if (MaxCount > 1)
      throw new Fault(
        'InvalidParameterCombination',
        'A private IP address can be given to one instance only.',
      );
    return [wantedAddress(ctx, subnet, wanted)];
  }
  const free = freeAddresses(ctx, subnet, MaxCount);
  if (free.length >= MinCount) return free;
  throw new Fault(
    'InsufficientFreeAddressesInSubnet',
    `There are not enough free addresses in subnet '${subnet.subnetId}' to satisfy the requested number of instances.`,
  );
}

/** Bytes; https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
const LARGEST_USER_DATA = 16_384;

function checkUserData(userData: string | undefined): void {
  if (userData === undefined) return;
  const bytes = fromBase64(userData);
  if (!bytes) throw new Fault('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.');
  if (bytes.length > LARGEST_USER_DATA)
    throw new Fault('InvalidParameterValue', 'User data is limited to 16384 bytes');
}

/** An interface that a launch names must be free. */
function standingInterface(ctx: Ctx, id: string | undefined): NetworkInterface | undefined {
  if (id === undefined) return undefined;
  const row = interfaceOf(ctx, id);
  if (!isAttached(row)) return row;
  throw new Fault('InvalidNetworkInterface.InUse', `Interface: [${id}] in use.`);
}

/** Finds everything that the launch needs, in EC2's order, or says what is wrong. */
function planFor(ctx: Ctx, input: RunInstances): Plan {
  const { parameters, template } = launchRequest(ctx, input);
  checkCounts(input);
  checkSwitches(input);
  const image = imageFor(ctx, parameters.ImageId);
  const type = typeFor(parameters.InstanceType, image);
  const eni = interfaceRequest(parameters, input);
  const standing = standingInterface(ctx, eni.NetworkInterfaceId);
  const subnet = subnetFor(ctx, input, parameters, standing?.subnetId ?? eni.SubnetId);
  const groupIds = standing?.groupIds ?? groupsFor(ctx, parameters, eni.Groups ?? [], subnet);
  if (parameters.KeyName !== undefined) keyPairNamed(ctx, parameters.KeyName);
  checkUserData(parameters.UserData);
  const profile = parameters.IamInstanceProfile && profileNamed(ctx, parameters.IamInstanceProfile);
  const devices = launchDevices(ctx, devicesOf(image), parameters.BlockDeviceMappings ?? []);
  const addresses = standing
    ? [standing.privateIp]
    : addressesFor(ctx, input, subnet, input.PrivateIpAddress ?? eni.PrivateIpAddress);
  if (withoutCapacity(ctx, subnet.zone)) throw noCapacity(ctx, type.name, subnet.zone);
  return {
    image,
    type,
    subnet,
    addresses,
    groupIds,
    standing,
    deleteInterface: eni.DeleteOnTermination ?? !standing,
    publicIp: !standing && (eni.AssociatePublicIpAddress ?? subnet.mapPublicIp),
    description: eni.Description ?? '',
    profile,
    launch: launchDetails(ctx, input, parameters, image, type),
    devices,
    tags: parameters.TagSpecifications,
    template,
  };
}

function launchDetails(
  ctx: Ctx,
  { ClientToken }: RunInstances,
  parameters: Parameters,
  image: PublicImage,
  type: InstanceType,
): Omit<Launch, 'instanceId'> {
  const { UserData, KeyName, MetadataOptions = {}, CreditSpecification } = parameters;
  const credits = CreditSpecification?.CpuCredits;
  return {
    createdAt: ctx.now,
    architecture: image.architecture,
    rootDevice: image.rootDevice,
    imdsV2: image.imdsV2,
    ...(image.windows === undefined ? {} : { windows: image.windows }),
    monitoring: parameters.Monitoring?.Enabled ?? false,
    ebsOptimized: parameters.EbsOptimized ?? false,
    shutdownBehavior: parameters.InstanceInitiatedShutdownBehavior ?? 'stop',
    terminationProtection: parameters.DisableApiTermination ?? false,
    stopProtection: parameters.DisableApiStop ?? false,
    metadata: {
      // Images that support IMDSv2 alone make it required and allow one hop more.
      tokens: MetadataOptions.HttpTokens ?? (image.imdsV2 ? 'required' : 'optional'),
      hopLimit: MetadataOptions.HttpPutResponseHopLimit ?? (image.imdsV2 ? 2 : 1),
      endpoint: MetadataOptions.HttpEndpoint ?? 'enabled',
      tags: MetadataOptions.InstanceMetadataTags ?? 'disabled',
      ...(MetadataOptions.HttpProtocolIpv6 && { ipv6: MetadataOptions.HttpProtocolIpv6 }),
    },
    ...(UserData === undefined ? {} : { userData: UserData }),
    ...(KeyName === undefined ? {} : { keyName: KeyName }),
    ...(ClientToken === undefined ? {} : { clientToken: ClientToken }),
    ...(credits === undefined ? {} : { cpuCredits: creditsOf(type.name, credits) }),
  };
}

const CREATES = ['instance', 'volume', 'network-interface'] as const;

function launchOne(
  ctx: Ctx,
  plan: Plan,
  reservationId: string,
  launchIndex: number,
  privateIp: string,
): Instance {
  const instanceId = `i-${ctx.id('instance')}`;
  const { subnet, groupIds, description, template } = plan;
  const made = plan.standing
    ? attachInterface(ctx, plan.standing, instanceId, 0, plan.deleteInterface)
    : makeInterface(ctx, subnet, {
        kind: 'interface',
        ownerId: instanceId,
        description,
        groupIds,
        privateIp,
        ...(plan.deleteInterface ? {} : { deleteOnTermination: false }),
      });
  if (plan.publicIp) ctx.update(interfaces, made, { publicIp: newPublicIp(ctx) });
  const profile = plan.profile && associationWith(ctx, plan.profile, instanceId, true);
  const instance: Instance = {
    instanceId,
    reservationId,
    launchIndex,
    state: 'pending',
    step: 0,
    imageId: plan.image.imageId,
    instanceType: plan.type.name,
    vpcId: subnet.vpcId,
    subnetId: subnet.subnetId,
    zone: subnet.zone,
    privateIp,
    interfaceId: made.interfaceId,
    launchedAt: ctx.now,
    booted: false,
    transitionReason: '',
    reason: { code: 'pending', message: 'pending' },
    ...(profile ? { profile } : {}),
  };
  ctx.put(instanceRows, instance);
  ctx.put(launches, { ...plan.launch, instanceId });
  putTags(ctx, instanceId, tagsFor(plan.tags, 'instance', CREATES));
  putTags(ctx, made.interfaceId, tagsFor(plan.tags, 'network-interface', CREATES));
  if (template) {
    setTag(ctx, instanceId, 'aws:ec2launchtemplate:id', template.templateId);
    setTag(ctx, instanceId, 'aws:ec2launchtemplate:version', String(template.number));
  }
  for (const { deviceName, deleteOnTermination, ...device } of plan.devices) {
    const volumeId = `vol-${ctx.id('volume')}`;
    const held = { instanceId, deviceName, deleteOnTermination };
    putLaunchedVolume(ctx, { ...device, volumeId, zone: subnet.zone }, held);
    putTags(ctx, volumeId, tagsFor(plan.tags, 'volume', CREATES));
  }
  return instance;
}

export const launchOperations: Operations<'ec2'> = {
  RunInstances(ctx, input) {
    const reservationId = once(ctx, 'RunInstances', input.ClientToken, input, () => {
      const plan = planFor(ctx, input);
      takeShared(ctx, plan.image);
      const id = `r-${ctx.id('reservation')}`;
      plan.addresses.forEach((address, index) => beginLaunch(ctx, launchOne(ctx, plan, id, index, address)));
      return id;
    });
    const [reservation] = describeReservations(ctx, ctx.list(instanceRows, 'reservation', reservationId));
    return reservation ?? { ReservationId: reservationId, OwnerId: ctx.account, Groups: [], Instances: [] };
  },
};

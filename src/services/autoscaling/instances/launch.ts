// Launching instances through EC2, under the group's service-linked role, and what becomes of a launch that
// fails.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { begin, finish } from '../activities.ts';
import { changeGroup, groups, roleOf, stamp } from '../group.ts';
import type { Group } from '../group.ts';
import type { LaunchConfiguration } from '../groups/launch-configuration.ts';
import type { Recipe } from '../groups/source.ts';
import { enter, instances } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';
import { HOPELESS_AFTER_MS, LARGEST_DOUBLING, launchRetry } from '../timings.ts';

/** Errors that concern one zone or subnet, so that another may still serve. */
const ZONAL = new Set([
  'InsufficientInstanceCapacity',
  'InsufficientFreeAddressesInSubnet',
  'InsufficientCapacity',
  'InvalidSubnetID.NotFound',
  'Unsupported',
]);

/** Errors that another instance type may not meet. */
const LACKING = new Set(['InsufficientInstanceCapacity', 'InsufficientCapacity', 'Unsupported']);

/** The key of a retry that concerns the whole group. */
export const EVERYWHERE = '*';

type RunInstances = Input<'ec2', 'RunInstances'>;

/** What a launch is for. */
export interface Purpose {
  readonly zone: string;
  readonly cause: string;
  /** To even out zones. */
  readonly rebalancing?: boolean;
}

/**
 * Launches one instance in a zone: with the first of the recipes for which EC2 has capacity there. Returns whether EC2
 * gave it.
 */
export function launch(ctx: Ctx, name: string, recipes: readonly Recipe[], purpose: Purpose): boolean {
  const { zone, cause, rebalancing = false } = purpose;
  const group = ctx.get(groups, name) as Group;
  const ordinal = group.launches + 1;
  const inZone = group.subnets.filter((subnet) => subnet.zone === zone);
  const subnetId = inZone[ordinal % Math.max(1, inZone.length)]?.id;
  const sent = tried(ctx, group, recipes, { zone, subnetId });
  if (!sent.ok) {
    failed(ctx, group, zone, subnetId ?? '', cause, sent.fault);
    return false;
  }
  const made = sent.output.Instances?.[0];
  const instanceId = made?.InstanceId as string;
  const place = {
    zone: made?.Placement?.AvailabilityZone ?? zone,
    subnetId: made?.SubnetId ?? subnetId ?? '',
  };
  const activity = begin(ctx, name, {
    description: `Launching a new EC2 instance: ${instanceId}`,
    cause,
    status: 'PreInService',
    progress: 30,
    instanceId,
    ...place,
  });
  const { [zone]: _, [EVERYWHERE]: __, ...retries } = group.retries;
  changeGroup(ctx, name, { launches: ordinal, retries, failingSince: 0 });
  const { recipe } = sent;
  const member: GroupInstance = {
    ...newcomer(group, instanceId),
    ...place,
    ordinal,
    instanceType: made?.InstanceType ?? '',
    imageId: made?.ImageId ?? '',
    ...('configuration' in recipe
      ? { launchConfigurationName: recipe.configuration.name }
      : { launchTemplate: recipe.template }),
    launchedAt: ctx.now,
    protected: group.protectsNew,
    rebalancing,
    hooked: true,
    activityId: activity.id,
  };
  enter(ctx, member, 'Pending');
  return true;
}

interface Place {
  readonly zone: string;
  readonly subnetId: string | undefined;
}

type Launched =
  | { readonly ok: true; readonly output: Output<'ec2', 'RunInstances'>; readonly recipe: Recipe }
  | { readonly ok: false; readonly fault: Fault };

/** Asks EC2 for each type in turn while it answers that it has none of it. */
function tried(ctx: Ctx, group: Group, recipes: readonly Recipe[], place: Place): Launched {
  let fault = new Fault('ValidationError', 'The group has nothing to launch from.');
  for (const recipe of recipes) {
    const sent = ctx.call('ec2', 'RunInstances', requestFor(ctx, group, recipe, place), roleOf(group));
    if (sent.ok) return { ok: true, output: sent.output, recipe };
    fault = sent.fault;
    if (!LACKING.has(fault.shape)) break;
  }
  return { ok: false, fault };
}

function requestFor(ctx: Ctx, group: Group, recipe: Recipe, { zone, subnetId }: Place): RunInstances {
  const common = {
    MinCount: 1,
    MaxCount: 1,
    TagSpecifications: [{ ResourceType: 'instance' as const, Tags: instanceTags(group) }],
  };
  const placed = subnetId === undefined ? { Placement: { AvailabilityZone: zone } } : { SubnetId: subnetId };
  if ('configuration' in recipe)
    return { ...common, ...fromConfiguration(ctx, group, recipe.configuration, placed) };
  const { template, instanceType } = recipe;
  const LaunchTemplate = { LaunchTemplateId: template.id, Version: template.version };
  const typed = instanceType === undefined ? {} : { InstanceType: instanceType as never };
  return { ...common, ...placed, ...typed, LaunchTemplate };
}

/** What a launch configuration asks EC2 for. */
function fromConfiguration(
  ctx: Ctx,
  group: Group,
  row: LaunchConfiguration,
  placed: Pick<RunInstances, 'Placement' | 'SubnetId'>,
): Omit<RunInstances, 'MinCount' | 'MaxCount'> {
  const { instanceProfile: profile } = row;
  const ids = row.securityGroups.filter((one) => one.startsWith('sg-'));
  const names = row.securityGroups.filter((one) => !one.startsWith('sg-'));
  const { SubnetId, ...elsewhere } = placed;
  // A public address is asked for on the network interface, and then subnet and groups belong there too.
  const network =
    row.publicIp === 'subnet'
      ? {
          ...placed,
          ...(ids.length > 0 ? { SecurityGroupIds: ids } : {}),
          ...(names.length > 0 ? { SecurityGroups: names } : {}),
        }
      : {
          ...elsewhere,
          NetworkInterfaces: [
            {
              DeviceIndex: 0,
              AssociatePublicIpAddress: row.publicIp === 'yes',
              ...(SubnetId === undefined ? {} : { SubnetId }),
              ...(row.securityGroups.length > 0 ? { Groups: [...ids, ...idsOf(ctx, group, names)] } : {}),
            },
          ],
        };
  return {
    ImageId: row.imageId,
    InstanceType: row.instanceType as never,
    ...network,
    Monitoring: { Enabled: row.detailedMonitoring },
    EbsOptimized: row.ebsOptimized,
    ...(row.keyName === '' ? {} : { KeyName: row.keyName }),
    ...(row.userData === '' ? {} : { UserData: row.userData }),
    ...(profile === ''
      ? {}
      : { IamInstanceProfile: profile.startsWith('arn:') ? { Arn: profile } : { Name: profile } }),
    ...(row.devices.length === 0 ? {} : { BlockDeviceMappings: row.devices.map(deviceOf) }),
    ...(Object.keys(row.metadataOptions).length === 0 ? {} : { MetadataOptions: row.metadataOptions }),
  };
}

type Device = NonNullable<RunInstances['BlockDeviceMappings']>[number];

/** A block device as EC2 calls its parts. */
function deviceOf({ DeviceName, Ebs }: LaunchConfiguration['devices'][number]): Device {
  if (!Ebs) return { DeviceName };
  const { VolumeSize, VolumeType, DeleteOnTermination, Iops, Encrypted, Throughput } = Ebs;
  const parts = { VolumeSize, VolumeType, DeleteOnTermination, Iops, Encrypted, Throughput };
  const given = Object.entries(parts).filter(([, value]) => value !== undefined);
  return { DeviceName, Ebs: Object.fromEntries(given) };
}

function idsOf(ctx: Ctx, group: Group, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const found = ctx.call('ec2', 'DescribeSecurityGroups', { GroupNames: names }, roleOf(group));
  return found.ok ? (found.output.SecurityGroups ?? []).map(({ GroupId = '' }) => GroupId) : [];
}

/** An instance of which nothing is known yet. */
export function newcomer({ name, generation }: Group, instanceId: string): GroupInstance {
  return {
    instanceId,
    group: name,
    generation,
    proven: false,
    ordinal: 0,
    zone: '',
    subnetId: '',
    instanceType: '',
    imageId: '',
    launchedAt: 0,
    state: 'Pending',
    phase: 'begin',
    health: 'Healthy',
    unhealthyCause: '',
    protected: false,
    rebalancing: false,
    hooked: false,
    registeredWith: [],
    inServiceAt: 0,
    dueAt: 0,
    suspectSince: 0,
    suspectOf: '',
    activityId: '',
  };
}

function instanceTags(group: Group): { Key: string; Value: string }[] {
  const propagated = Object.entries(group.tags).filter(([, { propagates }]) => propagates);
  return [
    { Key: 'aws:autoscaling:groupName', Value: group.name },
    ...propagated.map(([Key, { value }]) => ({ Key, Value: value })),
  ];
}

function failed(ctx: Ctx, group: Group, zone: string, subnetId: string, cause: string, fault: Fault): void {
  const { id } = begin(ctx, group.name, {
    description: 'Launching a new EC2 instance',
    cause,
    zone,
    subnetId,
  });
  finish(ctx, id, 'Failed', `${fault.message} Launching EC2 instance failed.`);
  postpone(ctx, group.name, ZONAL.has(fault.shape) ? zone : EVERYWHERE);
}

/** Notes a failure and when to try again: each failure in a row doubles the pause. */
export function postpone(ctx: Ctx, name: string, where: string): void {
  const group = ctx.get(groups, name) as Group;
  const failures = (group.retries[where]?.failures ?? 0) + 1;
  const pause =
    ctx.duration(launchRetry, `${name}/${where}`, failures) * 2 ** Math.min(failures - 1, LARGEST_DOUBLING);
  const failingSince = group.failingSince === 0 ? ctx.now : group.failingSince;
  const hopeless =
    ctx.now - failingSince >= HOPELESS_AFTER_MS && ctx.list(instances, 'group', name).length === 0;
  const suspended = hopeless
    ? { ...group.suspended, Launch: `Administratively suspended at ${stamp(ctx)}` }
    : group.suspended;
  changeGroup(ctx, name, {
    failingSince,
    suspended,
    retries: { ...group.retries, [where]: { at: ctx.now + pause, failures } },
  });
}

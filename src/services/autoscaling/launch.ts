// Launching instances through EC2, under the group's service-linked role, and what becomes of a launch that
// fails.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { begin, finish } from './activities.ts';
import { changeGroup, groups, roleOf, stamp } from './group.ts';
import type { Group, LaunchTemplate } from './group.ts';
import { enter, instances } from './instance.ts';
import type { GroupInstance } from './instance.ts';
import { HOPELESS_AFTER_MS, LARGEST_DOUBLING, launchRetry } from './timings.ts';

/** Errors that concern one zone or subnet, so that another may still serve. */
const ZONAL = new Set([
  'InsufficientInstanceCapacity',
  'InsufficientFreeAddressesInSubnet',
  'InsufficientCapacity',
  'InvalidSubnetID.NotFound',
  'Unsupported',
]);

/** The key of a retry that concerns the whole group. */
export const EVERYWHERE = '*';

type Specification = Input<'autoscaling', 'CreateAutoScalingGroup'>['LaunchTemplate'];

/** A launch template as EC2 knows it, with its version as it is now; or what is wrong with it. */
export function resolveTemplate(
  ctx: Ctx,
  group: Pick<Group, 'roleArn'>,
  wanted: Specification,
): LaunchTemplate | Fault {
  const { LaunchTemplateId, LaunchTemplateName, Version = '$Default' } = wanted ?? {};
  const by = LaunchTemplateId === undefined ? { LaunchTemplateName } : { LaunchTemplateId };
  const found = ctx.call(
    'ec2',
    'DescribeLaunchTemplateVersions',
    { ...by, Versions: [Version] },
    roleOf(group),
  );
  if (!found.ok) return found.fault;
  const version = found.output.LaunchTemplateVersions?.[0];
  if (!version)
    return new Fault(
      'InvalidLaunchTemplateId.VersionNotFound',
      `Could not find launch template version ${Version}.`,
    );
  const { LaunchTemplateId: id = '', LaunchTemplateName: name = '', VersionNumber = 1 } = version;
  return { id, name, version: String(VersionNumber) };
}

/** Launches one instance in a zone. Returns whether EC2 gave it. */
export function launch(
  ctx: Ctx,
  name: string,
  zone: string,
  template: LaunchTemplate,
  cause: string,
  rebalancing: boolean,
): boolean {
  const group = ctx.get(groups, name) as Group;
  const ordinal = group.launches + 1;
  const inZone = group.subnets.filter((subnet) => subnet.zone === zone);
  const subnetId = inZone[ordinal % Math.max(1, inZone.length)]?.id;
  const sent = ctx.call(
    'ec2',
    'RunInstances',
    {
      MinCount: 1,
      MaxCount: 1,
      LaunchTemplate: { LaunchTemplateId: template.id, Version: template.version },
      ...(subnetId === undefined ? { Placement: { AvailabilityZone: zone } } : { SubnetId: subnetId }),
      TagSpecifications: [{ ResourceType: 'instance', Tags: instanceTags(group) }],
    },
    roleOf(group),
  );
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
  const description = `Launching a new EC2 instance: ${instanceId}`;
  const activity = begin(ctx, name, {
    description,
    cause,
    status: 'PreInService',
    progress: 30,
    instanceId,
    ...place,
  });
  const { [zone]: _, [EVERYWHERE]: __, ...retries } = group.retries;
  changeGroup(ctx, name, { launches: ordinal, retries, failingSince: 0 });
  enter(
    ctx,
    {
      ...newcomer(name, instanceId),
      ...place,
      ordinal,
      instanceType: made?.InstanceType ?? '',
      imageId: made?.ImageId ?? '',
      launchTemplate: template,
      launchedAt: ctx.now,
      protected: group.protectsNew,
      rebalancing,
      hooked: true,
      activityId: activity.id,
    },
    'Pending',
  );
  return true;
}

/** An instance of which nothing is known yet. */
export function newcomer(group: string, instanceId: string): GroupInstance {
  return {
    instanceId,
    group,
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

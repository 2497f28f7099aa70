// A group as Auto Scaling describes it now, and which of its instances are not what it would launch.

import type { Output } from '#cloud/contracts.ts';
import type { Work } from '../provider.ts';

export type GroupWork = Work<'AWS::AutoScaling::AutoScalingGroup'>;
export type LiveGroup = Output<'autoscaling', 'DescribeAutoScalingGroups'>['AutoScalingGroups'][number];
type Member = NonNullable<LiveGroup['Instances']>[number];
type Specification = NonNullable<LiveGroup['LaunchTemplate']>;

/** The group, or nothing where it is gone. */
export function liveGroup(work: GroupWork): LiveGroup | undefined {
  const found = work.call('autoscaling', 'DescribeAutoScalingGroups', {
    AutoScalingGroupNames: [work.physicalId],
  });
  return found.AutoScalingGroups[0];
}

export function membersOf({ Instances = [] }: LiveGroup): readonly Member[] {
  return Instances;
}

export function inService(group: LiveGroup): string[] {
  return membersOf(group)
    .filter(({ LifecycleState }) => LifecycleState === 'InService')
    .map(({ InstanceId = '' }) => InstanceId);
}

/** Lifecycle states of instances on their way out. */
export const LEAVING: RegExp = /^(Terminating|Terminated|Detach)/;

/** One way to launch: a template in a version that is a number. */
interface Recipe {
  readonly template: string;
  readonly instanceType?: string | undefined;
}

/** `$Latest` and `$Default` are what they mean now. */
function resolved(work: GroupWork, { LaunchTemplateId, Version = '$Default' }: Specification): string {
  if (!Version.startsWith('$')) return `${LaunchTemplateId} ${Version}`;
  const asked = { LaunchTemplateId, Versions: [Version] };
  const { LaunchTemplateVersions = [] } = work.call('ec2', 'DescribeLaunchTemplateVersions', asked);
  return `${LaunchTemplateId} ${LaunchTemplateVersions[0]?.VersionNumber}`;
}

function recipesOf(work: GroupWork, group: LiveGroup): Recipe[] {
  if (group.LaunchTemplate) return [{ template: resolved(work, group.LaunchTemplate) }];
  const { LaunchTemplateSpecification: base, Overrides = [] } =
    group.MixedInstancesPolicy?.LaunchTemplate ?? {};
  if (!base) return [];
  if (Overrides.length === 0) return [{ template: resolved(work, base) }];
  return Overrides.map(({ InstanceType, LaunchTemplateSpecification }) => ({
    template: resolved(work, LaunchTemplateSpecification ?? base),
    instanceType: InstanceType,
  }));
}

function matches(member: Member, recipes: readonly Recipe[], configuration: string | undefined): boolean {
  if (configuration !== undefined) return member.LaunchConfigurationName === configuration;
  const { LaunchTemplateId, Version } = member.LaunchTemplate ?? {};
  return recipes.some(
    ({ template, instanceType }) =>
      template === `${LaunchTemplateId} ${Version}` &&
      (instanceType === undefined || instanceType === member.InstanceType),
  );
}

/** Instances outside of the subnets that the group has. */
function outside(work: GroupWork, { VPCZoneIdentifier = '' }: LiveGroup, ids: string[]): Set<string> {
  const subnets = VPCZoneIdentifier.split(',');
  if (!work.changed('VPCZoneIdentifier') || VPCZoneIdentifier === '' || ids.length === 0) return new Set();
  const { Reservations = [] } = work.call('ec2', 'DescribeInstances', { InstanceIds: ids });
  const all = Reservations.flatMap(({ Instances = [] }) => Instances);
  const wrong = all.filter(({ SubnetId }) => SubnetId !== undefined && !subnets.includes(SubnetId));
  return new Set(wrong.map(({ InstanceId = '' }) => InstanceId));
}

/** Ids of instances that the group would launch otherwise now: from another template or version, or elsewhere. */
export function obsoleteIn(work: GroupWork, group: LiveGroup): string[] {
  const staying = membersOf(group).filter(({ LifecycleState = '' }) => !LEAVING.test(LifecycleState));
  const recipes = recipesOf(work, group);
  const ids = staying.map(({ InstanceId = '' }) => InstanceId);
  const elsewhere = outside(work, group, ids);
  return staying
    .filter((member) => !matches(member, recipes, group.LaunchConfigurationName))
    .map(({ InstanceId = '' }) => InstanceId)
    .concat(ids.filter((id) => elsewhere.has(id)))
    .filter((id, index, all) => all.indexOf(id) === index);
}

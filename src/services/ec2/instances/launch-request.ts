// What a launch asks for: the request over the launch template under it, and what both may not contain.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { unmodelled } from '../requests.ts';
import { templateOf, versionOf } from './launch-templates.ts';
import type { LaunchTemplateData, LaunchTemplateVersion } from './launch-templates.ts';

type RunInstances = Input<'ec2', 'RunInstances'>;

/** A launch with its template taken in. */
export interface LaunchRequest {
  readonly parameters: LaunchTemplateData;
  readonly template?: LaunchTemplateVersion;
}

/** Members that RunInstances and launch templates have in common and that are honoured. */
const SHARED = [
  'BlockDeviceMappings',
  'CreditSpecification',
  'DisableApiStop',
  'DisableApiTermination',
  'EbsOptimized',
  'IamInstanceProfile',
  'ImageId',
  'InstanceInitiatedShutdownBehavior',
  'InstanceType',
  'KeyName',
  'MetadataOptions',
  'Monitoring',
  'NetworkInterfaces',
  'Placement',
  'SecurityGroupIds',
  'SecurityGroups',
  'TagSpecifications',
  'UserData',
] as const;

/** Reads the template, if the request names one, and lays the request's own parameters over it. */
export function launchRequest(ctx: Ctx, input: RunInstances): LaunchRequest {
  const own = Object.fromEntries(
    SHARED.flatMap((name) => (isGiven(input[name]) ? [[name, input[name]]] : [])),
  ) as LaunchTemplateData;
  if (!input.LaunchTemplate) return { parameters: own };
  const template = versionOf(ctx, templateOf(ctx, input.LaunchTemplate), input.LaunchTemplate.Version);
  // Groups may be given by id or by name; either replaces both.
  const { SecurityGroupIds, SecurityGroups, ...rest } = template.data;
  const groups =
    own.SecurityGroupIds || own.SecurityGroups || own.NetworkInterfaces
      ? {}
      : { SecurityGroupIds, SecurityGroups };
  const tags = [...(template.data.TagSpecifications ?? []), ...(own.TagSpecifications ?? [])];
  const placed = placeInterfaces({ ...rest, ...groups, ...own, TagSpecifications: tags }, input);
  return { parameters: placed, template };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

/** A subnet in the request takes the place of the one in the template's network interface. */
function placeInterfaces(parameters: LaunchTemplateData, { SubnetId }: RunInstances): LaunchTemplateData {
  const { NetworkInterfaces } = parameters;
  if (!NetworkInterfaces || SubnetId === undefined) return parameters;
  return { ...parameters, NetworkInterfaces: NetworkInterfaces.map((one) => ({ ...one, SubnetId })) };
}

/** The one network interface that a launch may describe; what stands beside it must not say the same. */
export function interfaceRequest(
  { NetworkInterfaces = [], SecurityGroupIds, SecurityGroups }: LaunchTemplateData,
  input: RunInstances,
): NonNullable<LaunchTemplateData['NetworkInterfaces']>[number] {
  if (NetworkInterfaces.length > 1) throw unmodelled('More than one network interface of an instance');
  const only = NetworkInterfaces[0];
  if (!only) return {};
  if (only.NetworkCardIndex) throw unmodelled('A further network card');
  if (only.DeviceIndex !== undefined && only.DeviceIndex !== 0) {
    throw new Fault('InvalidParameterValue', 'The primary network interface must have the device index 0.');
  }
  if (isGiven(input.SubnetId) && isGiven(input.NetworkInterfaces)) throw besideInterfaces('subnet ID');
  if (isGiven(SecurityGroupIds) || isGiven(SecurityGroups)) throw besideInterfaces('security groups');
  checkStanding(only, input);
  return only;
}

/** An interface that stands already has its subnet, its groups and its address, and goes to one instance. */
function checkStanding(
  only: NonNullable<LaunchTemplateData['NetworkInterfaces']>[number],
  { MaxCount }: RunInstances,
): void {
  if (only.NetworkInterfaceId === undefined) return;
  const { SubnetId, Groups, PrivateIpAddress, AssociatePublicIpAddress } = only;
  const beside = { SubnetId, Groups, PrivateIpAddress, AssociatePublicIpAddress };
  const named = Object.entries(beside).find((entry) => isGiven(entry[1]));
  if (named) {
    throw new Fault(
      'InvalidParameterCombination',
      `A network interface that exists may not be given a ${named[0]} on launch`,
    );
  }
  if (MaxCount > 1) {
    throw new Fault(
      'InvalidParameterCombination',
      'Only one instance can be launched with a network interface that exists',
    );
  }
}

function besideInterfaces(what: string): Fault {
  return new Fault(
    'InvalidParameterCombination',
    `Network interfaces and an instance-level ${what} may not be specified on the same request`,
  );
}

export function checkCounts({ MinCount, MaxCount }: RunInstances): void {
  if (MinCount < 1)
    throw new Fault(
      'InvalidParameterValue',
      `Value (${MinCount}) for parameter minCount is invalid. Must be at least 1.`,
    );
  if (MaxCount < MinCount) {
    throw new Fault(
      'InvalidParameterValue',
      `Value (${MaxCount}) for parameter maxCount is invalid. Must be at least minCount (${MinCount}).`,
    );
  }
  if (MaxCount > MOST_AT_ONCE) {
    throw new Fault(
      'InstanceLimitExceeded',
      `You have requested more instances (${MaxCount}) than Sandtable launches in one request (${MOST_AT_ONCE}).`,
    );
  }
}

const MOST_AT_ONCE = 1000;

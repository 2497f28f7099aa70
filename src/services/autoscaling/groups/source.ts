// From what a group launches: reading it from requests, describing it, and what EC2 is asked for in the end.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { roleOf } from '../group.ts';
import type { Group, LaunchTemplate, MixedInstances, Override, Source } from '../group.ts';
import type { GroupInstance } from '../instance.ts';
import { launchConfigurations } from './launch-configuration.ts';
import type { LaunchConfiguration } from './launch-configuration.ts';

type CreateInput = Input<'autoscaling', 'CreateAutoScalingGroup'>;
type Specification = CreateInput['LaunchTemplate'];
type WirePolicy = NonNullable<CreateInput['MixedInstancesPolicy']>;
type WireGroup = Output<'autoscaling', 'DescribeAutoScalingGroups'>['AutoScalingGroups'][number];

/** One way to launch, with versions as they are now. */
export type Recipe =
  | { readonly template: Required<LaunchTemplate>; readonly instanceType?: string }
  | { readonly configuration: LaunchConfiguration };

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

/** A launch template as EC2 knows it, with its version as it is now; or what is wrong with it. */
function resolveTemplate(
  ctx: Ctx,
  group: Pick<Group, 'roleArn'>,
  wanted: Specification,
): Required<LaunchTemplate> | Fault {
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

/** The template with the version as it was asked for: `$Latest` and `$Default` are looked up at each launch. */
function templateOf(ctx: Ctx, roleArn: string, wanted: NonNullable<Specification>): LaunchTemplate {
  if ((wanted.LaunchTemplateId === undefined) === (wanted.LaunchTemplateName === undefined)) {
    throw invalid('Valid requests must contain either launchTemplateId or LaunchTemplateName');
  }
  const found = resolveTemplate(ctx, { roleArn }, wanted);
  if (found instanceof Fault)
    throw invalid(`You must use a valid fully-formed launch template. ${found.message}`);
  const { id, name } = found;
  // Shown as it was given, and not at all where it was not.
  return wanted.Version === undefined ? { id, name } : { id, name, version: wanted.Version };
}

/** https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstancesDistribution.html */
const DISTRIBUTION = {
  OnDemandAllocationStrategy: 'prioritized',
  OnDemandBaseCapacity: 0,
  OnDemandPercentageAboveBaseCapacity: 100,
  SpotAllocationStrategy: 'lowest-price',
};
/** Where the Spot strategy is `lowest-price`. */
const SPOT_POOLS = { SpotInstancePools: 2 };

/** https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplate.html */
const MOST_OVERRIDES = 40;

function mixedOf(
  ctx: Ctx,
  roleArn: string,
  { LaunchTemplate, InstancesDistribution = {} }: WirePolicy,
): Source {
  if (!LaunchTemplate?.LaunchTemplateSpecification)
    throw invalid('The launch template specification of the mixed instances policy must be specified.');
  const {
    OnDemandAllocationStrategy = DISTRIBUTION.OnDemandAllocationStrategy,
    OnDemandPercentageAboveBaseCapacity = DISTRIBUTION.OnDemandPercentageAboveBaseCapacity,
  } = InstancesDistribution;
  if (OnDemandPercentageAboveBaseCapacity !== 100) {
    throw new Fault(
      'NotImplemented',
      'Spot Instances are not modelled by Sandtable: OnDemandPercentageAboveBaseCapacity must be 100.',
    );
  }
  if (OnDemandAllocationStrategy !== 'prioritized') {
    throw new Fault(
      'NotImplemented',
      `The on-demand allocation strategy ${OnDemandAllocationStrategy} is not modelled by Sandtable.`,
    );
  }
  const { Overrides = [] } = LaunchTemplate;
  if (Overrides.length > MOST_OVERRIDES)
    throw invalid(`The number of overrides must not be greater than ${MOST_OVERRIDES}.`);
  const overrides = Overrides.map((one): Override => {
    if (one.InstanceType === undefined) throw invalid('Each override must have an InstanceType.');
    const own = one.LaunchTemplateSpecification && templateOf(ctx, roleArn, one.LaunchTemplateSpecification);
    return { instanceType: one.InstanceType, ...(own ? { template: own } : {}) };
  });
  const types = overrides.map(({ instanceType }) => instanceType);
  if (new Set(types).size < types.length)
    throw invalid('Each instance type may be given in one override only.');
  const given = Object.entries(InstancesDistribution).filter(([, value]) => value !== undefined);
  const { SpotAllocationStrategy = DISTRIBUTION.SpotAllocationStrategy } = InstancesDistribution;
  const distribution = {
    ...DISTRIBUTION,
    ...(SpotAllocationStrategy === DISTRIBUTION.SpotAllocationStrategy && SPOT_POOLS),
    ...Object.fromEntries(given),
  } as MixedInstances['distribution'];
  const template = templateOf(ctx, roleArn, LaunchTemplate.LaunchTemplateSpecification);
  return { template, mixed: { overrides, distribution } };
}

interface Asked {
  readonly LaunchTemplate?: Specification;
  readonly LaunchConfigurationName?: string | undefined;
  readonly MixedInstancesPolicy?: WirePolicy | undefined;
}

/** From what a request wants to launch; nothing where it does not say. Throws AWS's errors. */
export function sourceOf(ctx: Ctx, roleArn: string, asked: Asked): Source | undefined {
  const { LaunchTemplate, LaunchConfigurationName: name, MixedInstancesPolicy } = asked;
  const given = [LaunchTemplate, name, MixedInstancesPolicy].filter((one) => one !== undefined);
  if (given.length === 0) return undefined;
  if (given.length > 1) throw wrongSources();
  if (LaunchTemplate) return { template: templateOf(ctx, roleArn, LaunchTemplate) };
  if (MixedInstancesPolicy) return mixedOf(ctx, roleArn, MixedInstancesPolicy);
  if (!ctx.get(launchConfigurations, name as string))
    throw invalid(`Launch configuration name not found - null`);
  return { launchConfigurationName: name as string };
}

export function wrongSources(): Fault {
  return invalid(
    'Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.',
  );
}

/** The ways to launch in order of preference, or what is wrong with them. */
export function recipesOf(
  ctx: Ctx,
  group: Pick<Group, 'roleArn'>,
  source: Source,
): readonly Recipe[] | Fault {
  const { template, mixed, launchConfigurationName: name } = source;
  if (name !== undefined) {
    const configuration = ctx.get(launchConfigurations, name);
    return configuration ? [{ configuration }] : invalid(`Launch configuration ${name} not found`);
  }
  const current = (one: LaunchTemplate): Required<LaunchTemplate> | Fault =>
    resolveTemplate(ctx, group, { LaunchTemplateId: one.id, Version: one.version });
  const found = current(template as LaunchTemplate);
  if (found instanceof Fault) return found;
  if (!mixed || mixed.overrides.length === 0) return [{ template: found }];
  const recipes: Recipe[] = [];
  for (const { instanceType, template: own } of mixed.overrides) {
    const from = own ? current(own) : found;
    if (from instanceof Fault) return from;
    recipes.push({ template: from, instanceType });
  }
  return recipes;
}

/** Whether an instance is as one of the recipes would make it: its template in that version, and its type. */
export function matches(member: GroupInstance, recipes: readonly Recipe[]): boolean {
  return recipes.some((recipe) => {
    if ('configuration' in recipe) return recipe.configuration.name === member.launchConfigurationName;
    const { template, instanceType = member.instanceType } = recipe;
    const same =
      member.launchTemplate?.id === template.id && member.launchTemplate.version === template.version;
    return same && instanceType === member.instanceType;
  });
}

export function describeTemplate({
  id,
  name,
  version,
}: LaunchTemplate): NonNullable<WireGroup['LaunchTemplate']> {
  return { LaunchTemplateId: id, LaunchTemplateName: name, Version: version };
}

/** A source as groups and desired configurations show it. */
export function describeSource({
  template,
  mixed,
  launchConfigurationName: name,
}: Source): Pick<WireGroup, 'LaunchTemplate' | 'LaunchConfigurationName' | 'MixedInstancesPolicy'> {
  if (name !== undefined) return { LaunchConfigurationName: name };
  const spec = describeTemplate(template as LaunchTemplate);
  if (!mixed) return { LaunchTemplate: spec };
  const Overrides = mixed.overrides.map(({ instanceType, template: own }) => ({
    InstanceType: instanceType,
    ...(own ? { LaunchTemplateSpecification: describeTemplate(own) } : {}),
  }));
  return {
    MixedInstancesPolicy: {
      LaunchTemplate: { LaunchTemplateSpecification: spec, Overrides },
      InstancesDistribution: mixed.distribution,
    },
  };
}

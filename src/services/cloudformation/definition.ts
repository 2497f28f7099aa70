// From a request to the definition of a stack: template, parameters, capabilities.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Principal } from '#cloud/principal.ts';
import { mergeTags } from '#cloud/tags.ts';
import { checkAttributes } from './engine/attribute-names.ts';
import { pseudoOf, templateIn } from './engine/plan.ts';
import { isPublished } from './engine/resource-work.ts';
import type { Definition, RollbackTrigger, Stack } from './rows.ts';
import { includedText, templateText } from './stored-text.ts';
import type { TemplateSource } from './stored-text.ts';
import { checkOutputs, dependenciesOf } from './template/dependencies.ts';
import { Evaluation, KNOWN_AFTER_APPLY } from './template/evaluation.ts';
import type { Pseudo } from './template/evaluation.ts';
import { invalid } from './template/faults.ts';
import { resolveParameters } from './template/parameters.ts';
import type { ParameterLookUp } from './template/parameters.ts';
import { readTemplate } from './template/read.ts';
import { fatesOf } from './template/sections.ts';
import { requiredCapabilities } from './template/summary.ts';
import type { Fields, ParameterValue, Template } from './template/template.ts';
import { expandTransforms } from './template/transforms.ts';
import type { TransformAround } from './template/transforms.ts';
import { applyTransform } from './transforms.ts';

/** What a request says of a definition. */
export interface DefinitionRequest extends TemplateSource {
  readonly UsePreviousTemplate?: boolean | undefined;
  readonly Parameters?:
    | readonly {
        readonly ParameterKey?: string | undefined;
        readonly ParameterValue?: string | undefined;
        readonly UsePreviousValue?: boolean | undefined;
      }[]
    | undefined;
  readonly Capabilities?: readonly string[] | undefined;
  readonly ResourceTypes?: readonly string[] | undefined;
  readonly NotificationARNs?: readonly string[] | undefined;
  readonly Tags?: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined;
  readonly RollbackConfiguration?:
    | {
        readonly RollbackTriggers?: readonly { Arn: string; Type: string }[] | undefined;
        readonly MonitoringTimeInMinutes?: number | undefined;
      }
    | undefined;
}

/** Whose definition it is, and what it was. */
export interface Owner {
  readonly stack: Pick<Stack, 'id' | 'name'>;
  readonly previous?: Definition;
  readonly as: Principal;
  /** Somebody looks at what comes of it first: macros need no leave. */
  readonly reviewed?: boolean;
}

/** What a stack is made of that has no template yet: nothing that could be made. */
export const NO_TEMPLATE = '{"Resources":{"Nothing":{"Type":"AWS::CloudFormation::WaitConditionHandle"}}}';

/** A transform came to nothing. AWS finds out when the request is answered: the operation fails, not the request. */
class TransformFailure extends Fault {
  readonly definition: Definition;
  constructor({ shape, message }: Fault, definition: Definition) {
    super(shape, message);
    this.definition = definition;
  }
}

/** A definition, and why the operation that it is for fails if its transforms did. */
export function definedOrFailed(define: () => Definition): { definition: Definition; failure?: string } {
  try {
    return { definition: define() };
  } catch (error) {
    if (!(error instanceof TransformFailure)) throw error;
    return { definition: error.definition, failure: error.message };
  }
}

/** Throws CloudFormation's own faults for what cannot be a stack. */
export function defineStack(ctx: Ctx, request: DefinitionRequest, owner: Owner): Definition {
  const { previous, as, stack, reviewed = false } = owner;
  const notificationArns = request.NotificationARNs ?? previous?.notificationArns ?? [];
  const read = readDefinition(ctx, request, owner);
  checkCapabilities(read.template, request, reviewed);
  const parameters = parametersOf(ctx, read.template, request, { previous, as });
  const { RollbackConfiguration: rollback } = request;
  const given: Omit<Definition, 'processedBlob'> = {
    templateBlob: read.blob,
    parameters,
    capabilities: request.Capabilities ?? [],
    tags: request.Tags === undefined ? (previous?.tags ?? {}) : mergeTags({}, request.Tags),
    notificationArns,
    rollbackTriggers: triggersOf(rollback?.RollbackTriggers) ?? previous?.rollbackTriggers ?? [],
    monitoringMinutes: rollback?.MonitoringTimeInMinutes ?? previous?.monitoringMinutes ?? 0,
    outputs: previous?.outputs ?? [],
  };
  const blobOf = (text: string): string => ctx.putBlob(new TextEncoder().encode(text));
  const pseudo = pseudoOf(ctx, stack, notificationArns);
  const template = transformed(ctx, read.template, { pseudo, parameters, as }, () => ({
    ...given,
    processedBlob: blobOf(NO_TEMPLATE),
  }));
  checkPublished(template);
  checkDependencies(template, { ...pseudo, parameters });
  checkCapabilities(template, request, reviewed);
  checkResourceTypes(template, request.ResourceTypes);
  return { ...given, processedBlob: blobOf(JSON.stringify(template.document)) };
}

function triggersOf(
  given: readonly { Arn: string; Type: string }[] | undefined,
): RollbackTrigger[] | undefined {
  return given?.map(({ Arn, Type }) => ({ arn: Arn, type: Type }));
}

/** The template before its transforms, and the blob of its text. */
function readDefinition(
  ctx: Ctx,
  request: DefinitionRequest,
  { previous, as }: Owner,
): { template: Template; blob: string } {
  if (request.UsePreviousTemplate) {
    if (request.TemplateBody !== undefined || request.TemplateURL !== undefined)
      throw invalid('You cannot specify both usePreviousTemplate and Template Body/Template URL.');
    if (!previous) throw invalid('Either Template URL or Template Body must be specified.');
    const text = new TextDecoder().decode(ctx.blob(previous.templateBlob));
    return { template: readTemplate(text), blob: previous.templateBlob };
  }
  const text = templateText(ctx, request, as);
  return { template: readTemplate(text), blob: ctx.putBlob(new TextEncoder().encode(text)) };
}

function parametersOf(
  ctx: Ctx,
  read: Template,
  request: DefinitionRequest,
  { previous, as }: { previous: Definition | undefined; as: Principal },
): Readonly<Record<string, ParameterValue>> {
  const given = (request.Parameters ?? []).map(({ ParameterKey = '', ParameterValue, UsePreviousValue }) => ({
    key: ParameterKey,
    ...(ParameterValue !== undefined && { value: ParameterValue }),
    ...(UsePreviousValue !== undefined && { usePreviousValue: UsePreviousValue }),
  }));
  const before = Object.fromEntries(
    Object.entries(previous?.parameters ?? {}).map(([key, { text }]) => [key, text]),
  );
  return resolveParameters(read, given, before, {
    ssm: (name, version) => parameterIn(ctx, version === undefined ? name : `${name}:${version}`, as),
    exists: (type, value) => existsIn(ctx, type, value, as),
  });
}

/** The template with its transforms applied. */
function transformed(
  ctx: Ctx,
  read: Template,
  { pseudo, parameters, as }: Pick<TransformAround, 'pseudo' | 'parameters'> & { as: Principal },
  failed: () => Definition,
): Template {
  if (read.expanded) return read;
  try {
    return expandTransforms(read, {
      pseudo,
      parameters,
      fetch: (location) => includedText(ctx, location, as),
      macro: (name, inputs, fragment) =>
        applyTransform(ctx, { name, parameters: inputs, fragment, parameterValues: parameters }),
    });
  } catch (error) {
    if (error instanceof Fault && error.shape === 'ValidationError')
      throw new TransformFailure(error, failed());
    throw error;
  }
}

function parameterIn(ctx: Ctx, Name: string, as: Principal): ReturnType<ParameterLookUp['ssm']> {
  const outcome = ctx.call('ssm', 'GetParameter', { Name }, as);
  // A public parameter that is not modelled is no missing one.
  if (!outcome.ok && outcome.fault.shape === 'NotImplemented') throw outcome.fault;
  const { Value, Type } = (outcome.ok && outcome.output.Parameter) || {};
  return Value === undefined || Type === undefined ? undefined : { value: Value, type: Type };
}

/** Parameters of AWS's own types name what is there. Types that nothing here knows are taken at their word. */
function existsIn(ctx: Ctx, type: string, value: string, as: Principal): boolean {
  switch (type) {
    case 'AWS::EC2::VPC::Id':
      return ctx.call('ec2', 'DescribeVpcs', { VpcIds: [value] }, as).ok;
    case 'AWS::EC2::Subnet::Id':
      return ctx.call('ec2', 'DescribeSubnets', { SubnetIds: [value] }, as).ok;
    case 'AWS::EC2::SecurityGroup::Id':
      return ctx.call('ec2', 'DescribeSecurityGroups', { GroupIds: [value] }, as).ok;
    case 'AWS::EC2::SecurityGroup::GroupName':
      return ctx.call('ec2', 'DescribeSecurityGroups', { GroupNames: [value] }, as).ok;
    case 'AWS::EC2::KeyPair::KeyName':
      return ctx.call('ec2', 'DescribeKeyPairs', { KeyNames: [value] }, as).ok;
    case 'AWS::EC2::Instance::Id':
      return ctx.call('ec2', 'DescribeInstances', { InstanceIds: [value] }, as).ok;
    case 'AWS::EC2::Image::Id':
      return ctx.call('ec2', 'DescribeImages', { ImageIds: [value] }, as).ok;
    case 'AWS::EC2::Volume::Id':
      return ctx.call('ec2', 'DescribeVolumes', { VolumeIds: [value] }, as).ok;
    case 'AWS::EC2::AvailabilityZone::Name':
      return ctx.call('ec2', 'DescribeAvailabilityZones', { ZoneNames: [value] }, as).ok;
    case 'AWS::Route53::HostedZone::Id':
      return ctx.call('route53', 'GetHostedZone', { Id: value }, as).ok;
    default:
      return true;
  }
}

/** Types that AWS does not have at all; what it has and Sandtable lacks fails when the stack is made. */
export function checkPublished(template: Template): void {
  const unknown = Object.values(template.resources)
    .map(({ type }) => type)
    .filter((type) => !isPublished(type));
  if (unknown.length > 0)
    throw invalid(
      `Template format error: Unrecognized resource types: [${[...new Set(unknown)].join(', ')}]`,
    );
}

/** What the conditions leave out cannot be referred to: that is known before there is a stack. */
function checkDependencies(
  template: Template,
  given: Pseudo & { readonly parameters: Readonly<Record<string, ParameterValue>> },
): void {
  const later = { ref: KNOWN_AFTER_APPLY, attribute: () => KNOWN_AFTER_APPLY };
  const nothing = {
    resource: () => later,
    importValue: () => KNOWN_AFTER_APPLY,
    zones: () => [],
    dynamicReference: (_: string, text: string) => text,
  };
  const evaluation = new Evaluation(template, { ...given, ...nothing });
  dependenciesOf(template, evaluation);
  checkOutputs(template, evaluation);
  checkAttributes(template, evaluation);
  for (const resource of evaluation.resources()) {
    checkMappings(evaluation, resource.properties);
    fatesOf(resource, (value) => evaluation.value(value));
  }
}

/** Keys of mappings are looked up with the parameters at once; what else is wrong with a value shows when it is needed. */
function checkMappings(evaluation: Evaluation, properties: Fields): void {
  try {
    evaluation.value(properties);
  } catch (error) {
    if (!(error instanceof Fault) || error.message.startsWith('Template error: Unable to get mapping'))
      throw error;
  }
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html#using-iam-capabilities */
function checkCapabilities(
  template: Template,
  { Capabilities = [] }: DefinitionRequest,
  reviewed: boolean,
): void {
  const needed = new Set(requiredCapabilities(template));
  if (reviewed) needed.delete('CAPABILITY_AUTO_EXPAND');
  const named = Capabilities.includes('CAPABILITY_NAMED_IAM');
  const missing = [...needed].filter(
    (capability) => !Capabilities.includes(capability) && !(capability === 'CAPABILITY_IAM' && named),
  );
  if (missing.length === 0) return;
  throw new Fault('InsufficientCapabilitiesException', `Requires capabilities : [${missing.join(', ')}]`);
}

function checkResourceTypes(template: Template, allowed: readonly string[] | undefined): void {
  if (allowed === undefined) return;
  const matches = (type: string, pattern: string): boolean =>
    pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
  const other = Object.values(template.resources)
    .map(({ type }) => type)
    .filter((type) => !allowed.some((pattern) => matches(type, pattern)));
  if (other.length > 0)
    throw invalid(`Resource type(s) [${[...new Set(other)].join(', ')}] are not allowed by ResourceTypes.`);
}

/** Whether the template as it was given has transforms. */
export function declaresTransforms(ctx: Ctx, { templateBlob }: Definition): boolean {
  return readTemplate(new TextDecoder().decode(ctx.blob(templateBlob))).declaredTransforms.length > 0;
}

/** Whether an update would change nothing. */
export function sameDefinition(ctx: Ctx, left: Definition, right: Definition): boolean {
  const plain = ({
    parameters,
    tags,
    notificationArns,
    rollbackTriggers,
    monitoringMinutes,
  }: Definition): string =>
    JSON.stringify([
      Object.entries(parameters)
        .map(([key, { value, text }]) => [key, value, text])
        .toSorted(),
      Object.entries(tags).toSorted(),
      notificationArns,
      rollbackTriggers,
      monitoringMinutes,
    ]);
  if (plain(left) !== plain(right)) return false;
  if (left.processedBlob === right.processedBlob) return true;
  const documentOf = ({ processedBlob }: Definition): string => {
    const { document } = templateIn(ctx, processedBlob);
    const { Resources, Outputs, Conditions, Mappings, Parameters } = document;
    return JSON.stringify([Resources, Outputs, Conditions, Mappings, Parameters]);
  };
  return documentOf(left) === documentOf(right);
}

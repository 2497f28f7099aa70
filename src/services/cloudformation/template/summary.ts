// What a template says about itself to someone who is about to use it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html

import { isFields } from './template.ts';
import type { ParameterDeclaration, Template } from './template.ts';

export type Capability = 'CAPABILITY_IAM' | 'CAPABILITY_NAMED_IAM' | 'CAPABILITY_AUTO_EXPAND';

export interface TemplateSummary {
  readonly version: string;
  readonly description?: string;
  /** As JSON. */
  readonly metadata?: string;
  readonly parameters: readonly ParameterDeclaration[];
  readonly capabilities: readonly Capability[];
  readonly capabilitiesReason?: string;
  readonly resourceTypes: readonly string[];
  readonly declaredTransforms: readonly string[];
  readonly resourceIdentifiers: readonly { readonly type: string; readonly logicalIds: readonly string[] }[];
}

/**
 * Types that a stack has only with leave, each with the property that names it.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html (Capabilities)
 */
const IAM: Readonly<Record<string, string | undefined>> = {
  'AWS::IAM::AccessKey': undefined,
  'AWS::IAM::Group': 'GroupName',
  'AWS::IAM::InstanceProfile': 'InstanceProfileName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Policy': undefined,
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::User': 'UserName',
  'AWS::IAM::UserToGroupAddition': undefined,
};
const NESTED = 'AWS::CloudFormation::Stack';

export function summaryOf(template: Template): TemplateSummary {
  const { description, parameters, declaredTransforms } = template;
  const types = typesOf(template);
  const metadata = template.metadata;
  return {
    // CloudFormation says so of templates that leave it out too.
    version: '2010-09-09',
    ...(description === undefined ? {} : { description }),
    ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
    parameters: Object.values(parameters),
    ...capabilitiesOf(template, true),
    resourceTypes: [...types.keys()],
    declaredTransforms,
    resourceIdentifiers: [...types].map(([type, logicalIds]) => ({ type, logicalIds })),
  };
}

/** What CreateStack insists on. Nested stacks ask for theirs themselves, when they are created. */
export function requiredCapabilities(template: Template): readonly Capability[] {
  return capabilitiesOf(template, false).capabilities;
}

function capabilitiesOf(
  template: Template,
  withNested: boolean,
): Pick<TemplateSummary, 'capabilities' | 'capabilitiesReason'> {
  const reasons = new Set<string>();
  const capabilities = new Set<Capability>();
  for (const { type, properties } of rawResources(template)) {
    const isNested = type === NESTED && withNested;
    if (!Object.hasOwn(IAM, type) && !isNested) continue;
    const naming = IAM[type];
    const isNamed = isNested || (naming !== undefined && properties[naming] !== undefined);
    reasons.add(type);
    capabilities.add(isNamed ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM');
    if (isNested) capabilities.add('CAPABILITY_AUTO_EXPAND');
  }
  // Leave to name things is leave to have them.
  if (capabilities.has('CAPABILITY_NAMED_IAM')) capabilities.delete('CAPABILITY_IAM');
  if (template.declaredTransforms.length > 0) capabilities.add('CAPABILITY_AUTO_EXPAND');
  if (reasons.size === 0) return { capabilities: [...capabilities] };
  return {
    capabilities: [...capabilities],
    capabilitiesReason: `The following resource(s) require capabilities: [${[...reasons].sort().join(', ')}]`,
  };
}

function typesOf(template: Template): Map<string, string[]> {
  const types = new Map<string, string[]>();
  for (const { logicalId, type } of rawResources(template)) {
    const list = types.get(type);
    if (list === undefined) types.set(type, [logicalId]);
    else list.push(logicalId);
  }
  return types;
}

interface RawResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Resources as they are written: a summary is also asked of templates whose transforms nobody has applied. */
function rawResources({ document }: Template): readonly RawResource[] {
  const { Resources: resources = {} } = document;
  if (!isFields(resources)) return [];
  return Object.entries(resources).flatMap(([logicalId, value]) => {
    if (!isFields(value) || typeof value['Type'] !== 'string') return [];
    const { Type: type, Properties: properties = {} } = value;
    return [{ logicalId, type, properties: isFields(properties) ? properties : {} }];
  });
}

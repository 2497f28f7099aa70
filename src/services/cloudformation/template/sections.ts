// Mappings, resources and outputs as a template declares them.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html

import { formatError, invalid } from './faults.ts';
import { textOf } from './scalars.ts';
import { callOf, isFields } from './template.ts';
import type { Fields, OutputDeclaration, ResourceDeclaration, Template, Value } from './template.ts';

export const ALPHANUMERIC: RegExp = /^[A-Za-z0-9]+$/;
const LONGEST_DESCRIPTION = 4000;
const RESOURCE_PROPERTIES = new Set([
  'Condition',
  'CreationPolicy',
  'DeletionPolicy',
  'DependsOn',
  'Description',
  'Metadata',
  'Properties',
  'Type',
  'UpdatePolicy',
  'UpdateReplacePolicy',
  'Version',
]);
const OUTPUT_PROPERTIES = new Set(['Condition', 'Description', 'Export', 'Value']);
const DELETION_POLICIES = ['Delete', 'Retain', 'RetainExceptOnCreate', 'Snapshot'];
const REPLACE_POLICIES = ['Delete', 'Retain', 'Snapshot'];

export function readMapping(name: string, value: Value): Template['mappings'][string] {
  if (!ALPHANUMERIC.test(name)) throw formatError(`Mapping name ${name} is non alphanumeric.`);
  if (!isFields(value)) throw formatError(`Every Mappings member ${name} must be a map`);
  for (const [key, attributes] of Object.entries(value)) {
    if (!isFields(attributes)) throw formatError(`Every Mappings member ${key} must be a map`);
    for (const [attribute, held] of Object.entries(attributes)) {
      if (!/^[A-Za-z0-9.-]+$/.test(attribute))
        throw formatError(`Mappings attribute name '${attribute}' must contain only alphanumeric characters`);
      const isPlain = Array.isArray(held)
        ? (held as readonly Value[]).every((item) => typeof item !== 'object')
        : typeof held !== 'object';
      if (!isPlain) throw formatError('Every Mappings attribute must be a String or a List.');
    }
  }
  return value as Template['mappings'][string];
}

export function readResource(logicalId: string, value: Value): ResourceDeclaration {
  // Fn::ForEach without its transform looks like this.
  if (Array.isArray(value)) throw formatError(`[/Resources/${logicalId}] resource definition is malformed`);
  if (!isFields(value)) throw formatError('Any Resources member must be an object.');
  if (!ALPHANUMERIC.test(logicalId)) throw formatError(`Resource name ${logicalId} is non alphanumeric.`);
  for (const property in value)
    if (!RESOURCE_PROPERTIES.has(property)) throw invalid(`Invalid template resource property '${property}'`);
  const type = value['Type'];
  if (type === undefined)
    throw formatError(`[/Resources/${logicalId}] Every Resources object must contain a Type member.`);
  if (typeof type !== 'string') throw formatError('Every Type member must be a string.');
  const version = text(value, 'Version');
  const condition = text(value, 'Condition');
  return {
    logicalId,
    type,
    properties: fields(value, 'Properties') ?? {},
    dependsOn: dependsOn(value['DependsOn']),
    ...(condition === undefined ? {} : { condition }),
    ...(version === undefined ? {} : { version }),
    ...attributes(value, logicalId),
  };
}

function attributes(value: Fields, logicalId: string): Partial<ResourceDeclaration> {
  const { Metadata: metadata } = value;
  const creationPolicy = fields(value, 'CreationPolicy');
  const updatePolicy = fields(value, 'UpdatePolicy');
  const deletionPolicy = policy(value, 'DeletionPolicy', DELETION_POLICIES, logicalId);
  const updateReplacePolicy = policy(value, 'UpdateReplacePolicy', REPLACE_POLICIES, logicalId);
  return {
    ...(metadata === undefined ? {} : { metadata }),
    ...(creationPolicy === undefined ? {} : { creationPolicy }),
    ...(updatePolicy === undefined ? {} : { updatePolicy }),
    ...(deletionPolicy === undefined ? {} : { deletionPolicy }),
    ...(updateReplacePolicy === undefined ? {} : { updateReplacePolicy }),
  };
}

/** Functions may compute a policy, as LocalStack's test_deletion_policy recorded, without AWS::LanguageExtensions too. */
function policy(
  value: Fields,
  property: string,
  allowed: readonly string[],
  logicalId: string,
): Value | undefined {
  const member = value[property];
  if (member === undefined || callOf(member) !== undefined) return member;
  return checkedPolicy(member, property, allowed, logicalId);
}

function checkedPolicy(
  member: Value,
  property: string,
  allowed: readonly string[],
  logicalId: string,
): string {
  if (typeof member !== 'string') throw formatError(`Every ${property} member must be a string.`);
  if (!allowed.includes(member))
    throw formatError(`Unrecognized ${property} ${member} for resource ${logicalId}`);
  return member;
}

/** What becomes of a resource that goes, and of one that is replaced, with functions evaluated. */
export function fatesOf(
  { logicalId, deletionPolicy, updateReplacePolicy }: ResourceDeclaration,
  evaluate: (value: Value) => Value | undefined,
): { readonly deletion: string; readonly replace: string } {
  const [deletion, replace] = [deletionPolicy, updateReplacePolicy].map(
    (policy) => (policy && evaluate(policy)) ?? 'Delete',
  ) as [Value, Value];
  return {
    deletion: checkedPolicy(deletion, 'DeletionPolicy', DELETION_POLICIES, logicalId),
    replace: checkedPolicy(replace, 'UpdateReplacePolicy', REPLACE_POLICIES, logicalId),
  };
}

function dependsOn(value: Value | undefined): readonly string[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) throw formatError('DependsOn must be a string or list of strings.');
  if (!value.every((item) => typeof item === 'string'))
    throw formatError('Every DependsOn value must be a string.');
  return value as readonly string[];
}

export function readOutput(name: string, value: Value): OutputDeclaration {
  if (!isFields(value)) throw formatError('Every Outputs member must be an object.');
  if (!ALPHANUMERIC.test(name)) throw formatError(`Output name ${name} is non alphanumeric.`);
  if (value['Value'] === undefined) throw formatError('Every Outputs member must contain a Value object');
  for (const property in value)
    if (!OUTPUT_PROPERTIES.has(property)) throw invalid(`Invalid template output property '${property}'`);
  const description = text(value, 'Description');
  if (description !== undefined && description.length > LONGEST_DESCRIPTION)
    throw formatError(`Description must be no longer than ${LONGEST_DESCRIPTION} characters.`);
  const condition = text(value, 'Condition');
  const exportName = exportOf(name, value['Export']);
  checkOutputValue(value['Value']);
  return {
    name,
    value: value['Value'],
    ...(description === undefined ? {} : { description }),
    ...(condition === undefined ? {} : { condition }),
    ...(exportName === undefined ? {} : { exportName }),
  };
}

function checkOutputValue(value: Value): void {
  const sentence = 'The Value field of every Outputs member must evaluate to a String';
  if (Array.isArray(value)) throw formatError(`${sentence} and not a List.`);
  if (!isFields(value)) return;
  const names = Object.keys(value);
  if (names.length !== 1 || !/^(?:Ref$|Fn::)/i.test(names[0] as string))
    throw formatError(`${sentence} and not a Map.`);
  if (/^Fn::(?:And|Equals|Not|Or)$/.test(names[0] as string)) throw formatError(`${sentence}.`);
  if (/^Fn::(?:Split|GetAZs|Cidr)$/.test(names[0] as string))
    throw formatError(`${sentence} and not a List.`);
}

function exportOf(output: string, value: Value | undefined): Value | undefined {
  if (value === undefined) return undefined;
  const name = isFields(value) && Object.keys(value).length === 1 ? value['Name'] : undefined;
  if (name === undefined || Array.isArray(name) || (typeof name === 'string' && !isExportName(name)))
    throw malformedExport(output);
  return typeof name === 'object' ? name : textOf(name);
}

export function isExportName(name: string): boolean {
  return /^[A-Za-z0-9:-]+$/.test(name);
}

export function malformedExport(output: string): Error {
  return formatError(
    `Output ${output} is malformed. The Name field of every Export member must be specified and consist only of ` +
      'alphanumeric characters, colons, or hyphens.',
  );
}

function text(value: Fields, property: string): string | undefined {
  const member = value[property];
  if (member === undefined) return undefined;
  if (typeof member === 'object') throw formatError(`Every ${property} member must be a string.`);
  return textOf(member);
}

function fields(value: Fields, property: string): Fields | undefined {
  const member = value[property];
  if (member === undefined) return undefined;
  if (!isFields(member)) throw formatError(`Every ${property} member must be a map`);
  return member;
}

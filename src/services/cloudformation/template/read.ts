// From the text of a template to what it says, with everything refused that CloudFormation refuses before it knows the
// parameters.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html

import { utf8 } from '#contract/protocols/bytes.ts';
import { checkConditions } from './conditions.ts';
import { checkConstraints } from './constraints.ts';
import { readParameter } from './declarations.ts';
import { formatError, invalid, templateError } from './faults.ts';
import { checkFunctions } from './functions.ts';
import type { Surroundings } from './functions.ts';
import { parseJson } from './json.ts';
import { parameterType } from './parameter-types.ts';
import { referencesOf } from './references.ts';
import { readRule } from './rules.ts';
import { ALPHANUMERIC, readMapping, readOutput, readResource } from './sections.ts';
import { isFields } from './template.ts';
import type { Fields, ParameterDeclaration, Template, Transform, Value } from './template.ts';
import { parseYaml } from './yaml.ts';

/** Bytes of a template, wherever it comes from. */
const MOST_BYTES = 1_000_000;
const LONGEST_DESCRIPTION = 1024;
const LONGEST_NAME = 255;
const MOST = { Resources: 500, Parameters: 200, Outputs: 200, Mappings: 200 } as const;
const VERSION = '2010-09-09';
const TOP = new Set([
  'AWSTemplateFormatVersion',
  'Conditions',
  'Description',
  'Fn::Transform',
  'Hooks',
  'Mappings',
  'Metadata',
  'Outputs',
  'Parameters',
  'Resources',
  'Rules',
  'Transform',
]);
export const LANGUAGE_EXTENSIONS = 'AWS::LanguageExtensions';

export function readTemplate(text: string): Template {
  if (text.length > MOST_BYTES || utf8(text).length > MOST_BYTES)
    throw invalid(`Template may not exceed ${MOST_BYTES} bytes in size.`);
  const document = parseTemplate(text);
  if (!isFields(document)) throw formatError('unsupported structure.');
  return checked(document, undefined);
}

/**
 * JSON, or else YAML, as data in long forms: a comma too many makes no JSON, but YAML it is.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-validate-template.html
 */
export function parseTemplate(text: string): Value {
  if (!text.trimStart().startsWith('{')) return parseYaml(text);
  try {
    return parseJson(text);
  } catch (error) {
    try {
      return parseYaml(text);
    } catch {
      throw error;
    }
  }
}

/**
 * A template from data to which the transforms `applied` have been. Functions of the language extensions may still stand
 * in it, where they wait for resources.
 */
export function templateOf(document: Fields, applied: readonly string[] = []): Template {
  return checked(document, applied);
}

function checked(document: Fields, applied: readonly string[] | undefined): Template {
  refuseNull(document, '');
  const transforms = transformsOf(document);
  const embedded = [...new Set(embeddedTransforms(document))];
  const expanded = transforms.length === 0 && embedded.length === 0;
  checkTop(document, transforms.length > 0);
  const declaredTransforms = applied ?? [...transforms.map(({ name }) => name), ...embedded];
  const extensions = applied !== undefined || declaredTransforms.includes(LANGUAGE_EXTENSIONS);
  const header = readHeader(document);
  if (!expanded) return { document, transforms, declaredTransforms, expanded, ...header, ...NOTHING };
  const template: Template = {
    document,
    transforms,
    declaredTransforms,
    expanded,
    ...header,
    mappings: members(document, 'Mappings', readMapping),
    conditions: section(document, 'Conditions'),
    rules: members(document, 'Rules', readRule),
    resources: members(document, 'Resources', readResource),
    outputs: members(document, 'Outputs', readOutput),
    hooks: section(document, 'Hooks'),
  };
  checkBlocks(template, extensions);
  return template;
}

const NOTHING = { mappings: {}, conditions: {}, rules: {}, resources: {}, outputs: {}, hooks: {} } as const;

function readHeader(document: Fields): Pick<Template, 'parameters' | 'description' | 'metadata'> {
  const { AWSTemplateFormatVersion: version, Description: description, Metadata: metadata } = document;
  if (version !== undefined && version !== VERSION)
    throw formatError('unsupported value for AWSTemplateFormatVersion.');
  if (description !== undefined && typeof description === 'object')
    throw formatError('Every Description member must be a string.');
  if (description !== undefined && utf8(String(description)).length > LONGEST_DESCRIPTION)
    throw formatError(`Template description may not exceed ${LONGEST_DESCRIPTION} bytes in size`);
  const parameters = members(document, 'Parameters', readParameter);
  for (const parameter of Object.values(parameters)) checkParameter(parameter);
  return {
    parameters,
    ...(description === undefined ? {} : { description: String(description) }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** A default is held to the constraints like any other value. */
function checkParameter(parameter: ParameterDeclaration): void {
  if (!ALPHANUMERIC.test(parameter.name))
    throw formatError(`Parameter name ${parameter.name} is non alphanumeric.`);
  if (parameter.default !== undefined && parameterType(parameter.type).ssm === undefined)
    checkConstraints(parameter, parameter.default);
}

function checkTop(document: Fields, hasTransforms: boolean): void {
  // A macro may give any section a meaning: AWS::Serverless has Globals.
  const unknown = hasTransforms ? [] : Object.keys(document).filter((name) => !TOP.has(name));
  if (unknown.length > 0) throw invalid(`Invalid template property or properties [${unknown.join(', ')}]`);
  const { Resources: resources } = document;
  if (resources === undefined || (isFields(resources) && Object.keys(resources).length === 0))
    throw formatError('At least one Resources member must be defined.');
  for (const [name, most] of Object.entries(MOST)) {
    const names = Object.keys(section(document, name));
    if (names.length > most) throw tooMany(name, names.length, most);
    const long = names.find((member) => member.length > LONGEST_NAME);
    if (long !== undefined)
      throw formatError(`${name.slice(0, -1)} name ${long} may not exceed ${LONGEST_NAME} characters`);
  }
}

function tooMany(section: string, count: number, most: number): Error {
  if (section === 'Outputs') return formatError(`Outputs count ${count} is greater than max allowed ${most}`);
  return formatError(
    `Number of ${section.toLowerCase()}, ${count}, is greater than maximum allowed, ${most}`,
  );
}

/** Everything that one part of a template says about another. */
function checkBlocks(template: Template, extensions: boolean): void {
  const { parameters, conditions, resources, outputs, mappings } = template;
  const logicalIds = new Set(Object.keys(resources));
  const names = new Set(Object.keys(parameters));
  const common = [...names].filter((name) => logicalIds.has(name));
  if (common.length > 0)
    throw templateError(
      `all resources and parameters must have unique names. Common name(s):[${common.join(', ')}]`,
    );
  const around = { extensions, conditions, mappings, resources: logicalIds };
  checkConditions({ ...around, block: 'Conditions' }, names);
  const declared = Object.values(resources);
  for (const { condition } of declared) checkCondition(condition, conditions, 'Resources');
  for (const { dependsOn: _, ...resource } of declared) {
    for (const value of [...partsOf(resource), ...fatesIn(resource)])
      checkFunctions(value, { ...around, block: 'Resources' });
  }
  const inResources = declared.map((resource) => ({
    values: [...partsOf(resource), ...fatesIn(resource)],
    needed: resource.dependsOn,
  }));
  checkReferences('Resources', inResources, names, logicalIds);
  for (const { condition } of Object.values(outputs)) checkCondition(condition, conditions, 'Outputs');
  const inOutputs = Object.values(outputs).map(({ value, exportName }) => ({
    values: [value, ...(exportName === undefined ? [] : [exportName])],
    needed: [],
  }));
  for (const { values } of inOutputs)
    for (const value of values) checkFunctions(value, { ...around, block: 'Outputs' });
  checkReferences('Outputs', inOutputs, names, logicalIds);
}

/** The parts of a resource in which functions may stand. */
export function partsOf(resource: {
  readonly properties: Fields;
  readonly metadata?: Value;
  readonly creationPolicy?: Value;
  readonly updatePolicy?: Value;
}): readonly Value[] {
  const { properties, metadata, creationPolicy, updatePolicy } = resource;
  return [properties, metadata, creationPolicy, updatePolicy].filter((part) => part !== undefined);
}

/** Policies that functions compute. */
function fatesIn({
  deletionPolicy,
  updateReplacePolicy,
}: {
  readonly deletionPolicy?: Value;
  readonly updateReplacePolicy?: Value;
}): readonly Value[] {
  return [deletionPolicy, updateReplacePolicy].filter((policy) => policy !== undefined);
}

function checkCondition(name: string | undefined, conditions: Fields, block: Surroundings['block']): void {
  if (name !== undefined && !Object.hasOwn(conditions, name))
    throw formatError(`Unresolved condition dependency ${name} in the ${block} block of the template`);
}

function checkReferences(
  block: 'Resources' | 'Outputs',
  parts: readonly { readonly values: readonly Value[]; readonly needed: readonly string[] }[],
  parameters: ReadonlySet<string>,
  resources: ReadonlySet<string>,
): void {
  const unresolved = new Set<string>();
  for (const { values, needed } of parts) {
    for (const name of needed) if (!resources.has(name)) unresolved.add(name);
    for (const value of values) {
      for (const { by, name, attribute } of referencesOf(value)) {
        if (resources.has(name)) continue;
        if (by === 'Fn::GetAtt')
          throw templateError(`instance of Fn::GetAtt references undefined resource ${name}`);
        if (attribute !== undefined)
          throw templateError(
            `instance of Fn::Sub references invalid resource attribute ${name}.${attribute}`,
          );
        if (!parameters.has(name)) unresolved.add(name);
      }
    }
  }
  if (unresolved.size > 0)
    throw formatError(
      `Unresolved resource dependencies [${[...unresolved].join(', ')}] in the ${block} block of the template`,
    );
}

/** Names the first null, by its path. */
function refuseNull(value: Value, path: string): void {
  if (value === null) throw invalid(`[${path}] 'null' values are not allowed in templates`);
  if (Array.isArray(value)) {
    for (const [at, item] of (value as readonly Value[]).entries()) refuseNull(item, `${path}/${at}`);
    return;
  }
  if (isFields(value)) for (const key in value) refuseNull(value[key] as Value, `${path}/${key}`);
}

function transformsOf({ Transform: declared }: Fields): readonly Transform[] {
  if (declared === undefined) return [];
  const items = Array.isArray(declared) ? (declared as readonly Value[]).flat() : [declared];
  return (items as readonly Value[]).map(readTransform);
}

/** `{ "Name": …, "Parameters": … }`, or the name alone. */
export function readTransform(value: Value): Transform {
  if (typeof value === 'string') return { name: value, parameters: {} };
  const name = isFields(value) ? value['Name'] : undefined;
  if (typeof name !== 'string') throw invalid('Key Name of transform definition must be a string.');
  const parameters = isFields(value) ? value['Parameters'] : undefined;
  return { name, parameters: isFields(parameters) ? parameters : {} };
}

/** The names in `Fn::Transform`, which stands next to the members that it works on. */
function embeddedTransforms(value: Value): readonly string[] {
  if (Array.isArray(value)) return (value as readonly Value[]).flatMap(embeddedTransforms);
  if (!isFields(value)) return [];
  const { 'Fn::Transform': own } = value;
  const names =
    own === undefined ? [] : [own].flat().map((transform) => readTransform(transform as Value).name);
  return [...names, ...Object.values(value).flatMap(embeddedTransforms)];
}

function section(document: Fields, name: string): Fields {
  const value = document[name] ?? {};
  if (!isFields(value)) throw formatError(`${name} section must be a map`);
  return value;
}

function members<T>(
  document: Fields,
  name: string,
  read: (name: string, value: Value) => T,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(section(document, name)).map(([member, value]) => [member, read(member, value)]),
  );
}

// The values of a stack's parameters: given, kept from before, or by default; held to their types and constraints.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html

import { checkConstraints, itemsOf } from './constraints.ts';
import { ssmReference } from './dynamic-references.ts';
import { invalid } from './faults.ts';
import { parameterType } from './parameter-types.ts';
import type { ParameterDeclaration, ParameterValue, Template } from './template.ts';

export interface GivenParameter {
  readonly key: string;
  readonly value?: string | undefined;
  readonly usePreviousValue?: boolean | undefined;
}

export interface StoredParameter {
  readonly value: string;
  /** `String`, `StringList` or `SecureString`. */
  readonly type: string;
}

/** What the account and region hold. */
export interface ParameterLookUp {
  /** A parameter of Systems Manager, perhaps at a version. */
  ssm(name: string, version: number | undefined): StoredParameter | undefined;
  /** Whether a thing exists, for types such as AWS::EC2::VPC::Id. */
  exists(type: string, value: string): boolean;
}

const MOST_BYTES = 4096;

/**
 * `previous` holds the texts of the stack's parameters before the operation. Throws the sentence of the first check that
 * fails, in CloudFormation's order: names, values, constraints, then what has to exist.
 */
export function resolveParameters(
  template: Template,
  given: readonly GivenParameter[],
  previous: Readonly<Record<string, string>>,
  lookUp: ParameterLookUp,
): Record<string, ParameterValue> {
  const declared = Object.values(template.parameters);
  const texts = textsOf(template, given, previous);
  const without = declared.filter(({ name }) => !texts.has(name)).map(({ name }) => name);
  if (without.length > 0) throw invalid(`Parameters: [${without.join(', ')}] must have values`);
  for (const parameter of declared) checkConstraints(parameter, texts.get(parameter.name) as string);
  const stored = fetchStored(declared, texts, lookUp);
  return Object.fromEntries(
    declared.map((parameter) => {
      const text = texts.get(parameter.name) as string;
      return [parameter.name, valueOf(parameter, text, stored.get(parameter.name), lookUp)];
    }),
  );
}

function textsOf(
  template: Template,
  given: readonly GivenParameter[],
  previous: Readonly<Record<string, string>>,
): Map<string, string> {
  const unknown = given.map(({ key }) => key).filter((key) => !Object.hasOwn(template.parameters, key));
  if (unknown.length > 0) throw invalid(`Parameters: [${unknown.join(', ')}] do not exist in the template`);
  const texts = new Map<string, string>();
  for (const { name, default: fallback } of Object.values(template.parameters))
    if (fallback !== undefined) texts.set(name, fallback);
  for (const { key, value, usePreviousValue } of given) {
    const text = usePreviousValue === true ? previousText(key, value, previous) : value;
    if (text === undefined) continue;
    if (text.length > MOST_BYTES)
      throw invalid(`Parameter ${key} exceeds the maximum parameter value length of ${MOST_BYTES} bytes.`);
    texts.set(key, text);
  }
  return texts;
}

function previousText(
  key: string,
  value: string | undefined,
  previous: Readonly<Record<string, string>>,
): string {
  const wrong = `Invalid input for parameter key ${key}. Cannot specify usePreviousValue as true`;
  if (value !== undefined && value !== '') throw invalid(`${wrong} and non empty value for a parameter`);
  if (!Object.hasOwn(previous, key))
    throw invalid(`${wrong} for a parameter key not in the previous template`);
  return previous[key] as string;
}

/** What Systems Manager holds under the names that parameters have. */
function fetchStored(
  declared: readonly ParameterDeclaration[],
  texts: ReadonlyMap<string, string>,
  lookUp: ParameterLookUp,
): Map<string, StoredParameter> {
  const stored = new Map<string, StoredParameter>();
  for (const { name, type } of declared) {
    if (parameterType(type).ssm === undefined) continue;
    const text = texts.get(name) as string;
    const reference = ssmReference(text);
    const found = lookUp.ssm(reference.name, reference.version);
    // As LocalStack's test_resolve_ssm_missing_parameter recorded it in 2025; it was "Unable to fetch parameters" before.
    if (found === undefined)
      throw invalid(`Parameter ${name} should either have input value or default value`);
    stored.set(name, found);
  }
  return stored;
}

function valueOf(
  parameter: ParameterDeclaration,
  text: string,
  stored: StoredParameter | undefined,
  lookUp: ParameterLookUp,
): ParameterValue {
  const { name, type, noEcho } = parameter;
  const { isList, base, exists, ssm } = parameterType(type);
  if (ssm === 'value' && stored?.type === 'SecureString')
    throw invalid(`Parameters [${text}] referenced by template have types not supported by CloudFormation.`);
  const resolved = ssm === 'value' ? stored?.value : undefined;
  const content = resolved ?? text;
  const value = isList ? itemsOf(content) : content;
  for (const item of exists ? [value].flat() : [])
    if (!lookUp.exists(base, item))
      throw invalid(
        `Parameter validation failed: parameter value ${item} for parameter name ${name} does not exist`,
      );
  return { key: name, type, text, ...(resolved === undefined ? {} : { resolved }), value, noEcho };
}

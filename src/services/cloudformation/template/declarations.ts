// Parameters as a template declares them.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html

import { formatError, invalid, templateError } from './faults.ts';
import { isParameterType, parameterType } from './parameter-types.ts';
import { textOf } from './scalars.ts';
import { isFields } from './template.ts';
import type { Fields, ParameterDeclaration, Value } from './template.ts';

const PROPERTIES = new Set([
  'AllowedPattern',
  'AllowedValues',
  'ConstraintDescription',
  'Default',
  'Description',
  'MaxLength',
  'MaxValue',
  'MinLength',
  'MinValue',
  'NoEcho',
  'Type',
]);
/** Constraints that only one kind of parameter may have. */
const OF_TYPE = {
  Number: ['MinValue', 'MaxValue'],
  String: ['AllowedPattern', 'MinLength', 'MaxLength'],
} as const;
const LONGEST_DEFAULT = 4096;
const LONGEST_DESCRIPTION = 4000;

export function readParameter(name: string, value: Value): ParameterDeclaration {
  if (!isFields(value)) throw formatError('Any Parameters member must be an object.');
  for (const property in value)
    if (!PROPERTIES.has(property)) throw invalid(`Invalid template parameter property '${property}'`);
  if (value['Type'] === undefined) throw formatError('Every Parameters object must contain a Type member.');
  const type = required(value, 'Type');
  if (!isParameterType(type)) throw formatError(`Unrecognized parameter type: ${type}`);
  const fallback = defaultOf(name, value);
  return {
    name,
    type,
    noEcho: string(value, 'NoEcho')?.toLowerCase() === 'true',
    ...(fallback === undefined ? {} : { default: fallback }),
    ...texts(value),
    ...constraints(name, value),
  };
}

function texts(value: Fields): Partial<ParameterDeclaration> {
  const description = string(value, 'Description');
  const constraintDescription = string(value, 'ConstraintDescription');
  if (description !== undefined && description.length > LONGEST_DESCRIPTION)
    throw formatError(`Description must be no longer than ${LONGEST_DESCRIPTION} characters.`);
  return {
    ...(description === undefined ? {} : { description }),
    ...(constraintDescription === undefined ? {} : { constraintDescription }),
  };
}

function defaultOf(name: string, value: Fields): string | undefined {
  const text = string(value, 'Default');
  if (text !== undefined && text.length > LONGEST_DEFAULT)
    throw formatError(
      `Parameter '${name}' default value '[****]' length is greater than ${LONGEST_DEFAULT}.`,
    );
  return text;
}

function constraints(name: string, value: Fields): Partial<ParameterDeclaration> {
  const { base } = parameterType(required(value, 'Type'));
  const allowedPattern = string(value, 'AllowedPattern');
  const minLength = number(name, value, 'MinLength');
  const maxLength = number(name, value, 'MaxLength');
  const minValue = number(name, value, 'MinValue');
  const maxValue = number(name, value, 'MaxValue');
  const other = base === 'Number' ? 'String' : 'Number';
  const misplaced = OF_TYPE[other].find((property) => value[property] !== undefined);
  if (misplaced !== undefined)
    throw templateError(`Parameter '${name}' ${misplaced} must be on a parameter of type ${other}`);
  if (minLength !== undefined && maxLength !== undefined && maxLength < minLength)
    throw templateError(`Parameter '${name}' MinLength must be less than MaxLength.`);
  if (minValue !== undefined && maxValue !== undefined && maxValue < minValue)
    throw templateError(`Parameter '${name}' MinValue must be less than MaxValue.`);
  const allowedValues = list(value, 'AllowedValues');
  return {
    ...(allowedValues === undefined ? {} : { allowedValues }),
    ...(allowedPattern === undefined ? {} : { allowedPattern }),
    ...(minLength === undefined ? {} : { minLength }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(minValue === undefined ? {} : { minValue }),
    ...(maxValue === undefined ? {} : { maxValue }),
  };
}

function required(value: Fields, property: string): string {
  return string(value, property) as string;
}

function string(value: Fields, property: string): string | undefined {
  const member = value[property];
  if (member === undefined) return undefined;
  if (typeof member === 'object') throw formatError(`Every ${property} member must be a string.`);
  return textOf(member);
}

function number(name: string, value: Fields, property: string): number | undefined {
  const text = string(value, property);
  if (text === undefined) return undefined;
  const result = Number(text);
  if (text.trim() === '' || Number.isNaN(result))
    throw templateError(`Parameter '${name}' ${property} must be a number.`);
  return result;
}

function list(value: Fields, property: string): readonly string[] | undefined {
  const member = value[property];
  if (member === undefined) return undefined;
  if (!Array.isArray(member)) throw formatError(`Every ${property} member must be a list.`);
  return (member as readonly Value[]).map((item) => {
    if (typeof item === 'object') throw formatError(`Every ${property} value must be a string.`);
    return textOf(item);
  });
}

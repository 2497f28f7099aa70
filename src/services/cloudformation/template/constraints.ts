// Constraints of parameters.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html

import { Fault } from '#contract/fault.ts';
import { fits } from '#cloud/expressions/automaton.ts';
import type { Expression } from '#cloud/expressions/automaton.ts';
import { javaExpression } from '#cloud/expressions/java.ts';
import { BadExpression } from '#cloud/expressions/problem.ts';
import { formatError, invalid } from './faults.ts';
import { parameterType } from './parameter-types.ts';
import type { ParameterDeclaration } from './template.ts';

/** Throws for a value that the declaration does not allow. */
export function checkConstraints(parameter: ParameterDeclaration, text: string): void {
  const { isList } = parameterType(parameter.type);
  for (const value of isList ? itemsOf(text) : [text]) {
    const breach = breachOf(parameter, value);
    if (breach === undefined) continue;
    const { name, constraintDescription } = parameter;
    if (constraintDescription !== undefined)
      throw invalid(`Parameter ${name} failed to satisfy constraint: ${constraintDescription}`);
    throw invalid(`Parameter '${name}' ${breach}`);
  }
}

/** The values of a list as it is written; space around them does not count. */
export function itemsOf(text: string): readonly string[] {
  return text.split(',').map((item) => item.trim());
}

function breachOf(parameter: ParameterDeclaration, value: string): string | undefined {
  const { allowedValues, allowedPattern, minLength, maxLength, minValue, maxValue, type } = parameter;
  const isNumber = parameterType(type).base === 'Number';
  const number = Number(value);
  if (isNumber && (value.trim() === '' || !Number.isFinite(number))) return 'must be a number.';
  if (allowedValues !== undefined && !allowedValues.includes(value)) return 'must be one of AllowedValues';
  if (allowedPattern !== undefined && !fits(expression(parameter.name, allowedPattern), value))
    return `must match pattern ${allowedPattern}`;
  const { length } = value;
  if (minLength !== undefined && length < minLength) return `must contain at least ${minLength} characters`;
  if (maxLength !== undefined && length > maxLength) return `must contain at most ${maxLength} characters`;
  if (minValue !== undefined && number < minValue) return `must be a number not less than ${minValue}`;
  if (maxValue !== undefined && number > maxValue) return `must be a number not greater than ${maxValue}`;
  return undefined;
}

/** Patterns are Java's and match the whole value. */
function expression(name: string, pattern: string): Expression {
  try {
    return javaExpression(pattern);
  } catch (error) {
    if (!(error instanceof BadExpression)) throw error;
    if (!error.valid)
      throw formatError(`Parameter '${name}' AllowedPattern must be a valid regular expression.`);
    throw new Fault(
      'NotImplemented',
      `Parameter '${name}': Sandtable does not model ${error.what} in AllowedPattern.`,
    );
  }
}

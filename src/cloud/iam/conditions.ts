// The Condition element
// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and
// reference_policies_condition-single-vs-multi-valued-context-keys.html).

import { compileTemplate, expandTemplate, matchesArn, type Context, type Template } from './match.ts';
import { contains, parseAddress, parseInstant, parseNumber } from './values.ts';
import { fitsWildcards } from '../wildcards.ts';

/** True when one condition (an operator, a key, its values) holds for a request. */
export type ConditionTest = (context: Context) => boolean;

/** Whether one value of the request agrees with one of the policy's values. */
type ValueTest = (value: string, context: Context) => boolean;

/** Makes the test of one operator for the values that the policy lists; these are alternatives. */
type OperatorCompiler = (values: readonly string[], variables: boolean) => ValueTest;

function overTemplates(
  wildcards: boolean,
  agrees: (expected: string, value: string) => boolean,
): OperatorCompiler {
  return (values, variables) => {
    const templates: Template[] = values.map((value) => compileTemplate(value, { variables, wildcards }));
    return (value, context) => {
      for (const template of templates) {
        const expected = expandTemplate(template, context);
        if (expected !== undefined && agrees(expected, value)) return true;
      }
      return false;
    };
  };
}

/** A value that cannot be read as what the operator compares agrees with nothing. */
function overParsed<T>(
  parse: (text: string) => T | undefined,
  agrees: (expected: T, value: T) => boolean,
): OperatorCompiler {
  return (values) => {
    const expected = values.map((value) => parse(value)).filter((value) => value !== undefined);
    return (text) => {
      const value = parse(text);
      return value !== undefined && expected.some((one) => agrees(one, value));
    };
  };
}

const ignoringCase = overTemplates(false, (a, b) => a.toLowerCase() === b.toLowerCase());
const arn = overTemplates(true, matchesArn);
const number = (agrees: (expected: number, value: number) => boolean): OperatorCompiler =>
  overParsed(parseNumber, agrees);
const instant = (agrees: (expected: number, value: number) => boolean): OperatorCompiler =>
  overParsed(parseInstant, agrees);

/** The operators that affirm. Each negated one is the denial of its counterpart below. */
const affirmative: Readonly<Record<string, OperatorCompiler>> = {
  StringEquals: overTemplates(false, (a, b) => a === b),
  StringEqualsIgnoreCase: ignoringCase,
  StringLike: overTemplates(true, fitsWildcards),
  NumericEquals: number((a, b) => a === b),
  NumericLessThan: number((a, b) => b < a),
  NumericLessThanEquals: number((a, b) => b <= a),
  NumericGreaterThan: number((a, b) => b > a),
  NumericGreaterThanEquals: number((a, b) => b >= a),
  DateEquals: instant((a, b) => a === b),
  DateLessThan: instant((a, b) => b < a),
  DateLessThanEquals: instant((a, b) => b <= a),
  DateGreaterThan: instant((a, b) => b > a),
  DateGreaterThanEquals: instant((a, b) => b >= a),
  Bool: overParsed(
    (text) => text.toLowerCase(),
    (a, b) => a === b,
  ),
  BinaryEquals: overParsed(
    (text) => text.replace(/=+$/, ''),
    (a, b) => a === b,
  ),
  IpAddress: overParsed(parseAddress, contains),
  ArnEquals: arn,
  ArnLike: arn,
};

const negated: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
  NotIpAddress: 'IpAddress',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
};

const Quantifiers = ['ForAllValues', 'ForAnyValue'] as const;

interface Operator {
  readonly name: string;
  readonly quantifier: (typeof Quantifiers)[number] | undefined;
  readonly ifExists: boolean;
}

/** Undefined when IAM has no such operator. */
export function parseOperator(text: string): Operator | undefined {
  const colon = text.indexOf(':');
  const quantifier = Quantifiers.find((one) => one === text.slice(0, colon));
  if (colon >= 0 && quantifier === undefined) return undefined;
  const rest = text.slice(colon + 1);
  const ifExists = rest.endsWith('IfExists');
  const name = ifExists ? rest.slice(0, -'IfExists'.length) : rest;
  const known = Object.hasOwn(affirmative, name) || Object.hasOwn(negated, name) || name === 'Null';
  return known ? { name, quantifier, ifExists } : undefined;
}

function valuesOf(context: Context, key: string): readonly string[] {
  const value = context.get(key);
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/**
 * What set operators look at: "a context key with a null dataset, such as an empty string" counts as missing to them
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html).
 */
function setOf(context: Context, key: string): readonly string[] {
  const values = valuesOf(context, key);
  return values.every((value) => value === '') ? [] : values;
}

/** `Null` asks for absence: "true" that the key is missing, "false" that it is there with a value. */
function compileNull(key: string, values: readonly string[]): ConditionTest {
  const wanted = values.map((value) => value.toLowerCase());
  return (context) => {
    const multivalued = typeof context.get(key) === 'object';
    const actual = multivalued ? setOf(context, key) : valuesOf(context, key);
    return wanted.includes(String(actual.length === 0));
  };
}

/** Whether an operator holds for what does not match. */
export function isNegated(operator: string): boolean {
  const { name = '' } = parseOperator(operator) ?? {};
  return Object.hasOwn(negated, name);
}

/** `operator` must be one that `parseOperator` knows. */
export function compileCondition(
  operator: string,
  conditionKey: string,
  values: readonly string[],
  variables: boolean,
): ConditionTest {
  const parsed = parseOperator(operator);
  if (parsed === undefined) throw new TypeError(`${operator} is not a condition operator`);
  const key = conditionKey.toLowerCase();
  if (parsed.name === 'Null') return compileNull(key, values);
  const negative = Object.hasOwn(negated, parsed.name);
  const base = negative ? (negated[parsed.name] ?? '') : parsed.name;
  const agrees = affirmative[base]?.(values, variables);
  if (agrees === undefined) throw new TypeError(`${operator} has no test`);
  return quantified(parsed, negative, key, agrees);
}

/**
 * A missing key fails every affirmative operator and passes every negated one; IfExists and ForAllValues
 * pass, ForAnyValue fails. A multivalued key without a quantifier is outside the documentation: any value may
 * agree, and for a negated operator none may.
 */
function quantified(
  { quantifier, ifExists }: Operator,
  negative: boolean,
  key: string,
  agrees: ValueTest,
): ConditionTest {
  const whenMissing = ifExists || quantifier === 'ForAllValues' || (negative && quantifier === undefined);
  if (quantifier === 'ForAllValues') {
    return (context) => setOf(context, key).every((value) => agrees(value, context) !== negative);
  }
  if (quantifier === 'ForAnyValue') {
    return (context) => {
      const actual = setOf(context, key);
      return actual.length === 0 ? whenMissing : actual.some((value) => agrees(value, context) !== negative);
    };
  }
  return (context) => {
    const actual = valuesOf(context, key);
    return actual.length === 0 ? whenMissing : actual.some((value) => agrees(value, context)) !== negative;
  };
}

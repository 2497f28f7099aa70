// The section Rules: what has to hold between parameters.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html

import { Fault } from '#contract/fault.ts';
import { formatError, invalid, templateError } from './faults.ts';
import { unsupportedIn } from './functions.ts';
import { parameterType } from './parameter-types.ts';
import { callOf, isFields } from './template.ts';
import type { Fields, Rule, Template, Value } from './template.ts';

/** Functions of rules, with the number of arguments that each takes. */
const FUNCTIONS: Readonly<Record<string, number>> = {
  'Fn::And': Infinity,
  'Fn::Contains': 2,
  'Fn::EachMemberEquals': 2,
  'Fn::EachMemberIn': 2,
  'Fn::Equals': 2,
  'Fn::Not': 1,
  'Fn::Or': Infinity,
  'Fn::RefAll': 0,
  'Fn::ValueOf': 2,
  'Fn::ValueOfAll': 2,
  Ref: 0,
};

export function readRule(name: string, value: Value): Rule {
  if (!isFields(value)) throw formatError('Any Rules member must be an object.');
  const { RuleCondition: condition, Assertions: assertions } = value;
  if (!Array.isArray(assertions)) throw formatError(`Rule ${name} must contain a list of Assertions`);
  const used = [condition ?? [], assertions as readonly Value[]].flatMap(functionsIn);
  const unknown = [...new Set(used)].filter((used) => !Object.hasOwn(FUNCTIONS, used)).sort();
  if (unknown.length > 0) throw unsupportedIn('Rules', unknown);
  return {
    name,
    ...(condition === undefined ? {} : { condition }),
    assertions: (assertions as readonly Value[]).map((assertion) => {
      const { Assert: assert, AssertDescription: description } = isFields(assertion)
        ? assertion
        : ({} as Fields);
      if (assert === undefined) throw formatError(`Every assertion of rule ${name} must contain an Assert`);
      return { assert, ...(typeof description === 'string' ? { description } : {}) };
    }),
  };
}

function functionsIn(value: Value): readonly string[] {
  if (Array.isArray(value)) return (value as readonly Value[]).flatMap(functionsIn);
  if (!isFields(value)) return [];
  const call = callOf(value);
  return [...(call === undefined ? [] : [call.name]), ...Object.values(value).flatMap(functionsIn)];
}

/** Things of the account that rules ask for. */
export interface RuleThing {
  readonly id: string;
  /** `VpcId`, `AvailabilityZone`, `Tags.Name` and their like. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface RuleAround {
  /** What `Ref` gives. */
  ref(name: string): Value | undefined;
  /** All things of a type such as AWS::EC2::VPC::Id; undefined: rules that need them are refused. */
  things?: ((type: string) => readonly RuleThing[]) | undefined;
}

export function assertRules(template: Template, around: RuleAround): void {
  const assertion = new Assertion(template, around);
  for (const { name, condition, assertions } of Object.values(template.rules)) {
    if (condition !== undefined && !assertion.holds(condition)) continue;
    for (const { assert, description } of assertions)
      if (!assertion.holds(assert))
        throw invalid(
          `Template validation error: Rule ${name} failed: ${description ?? 'an assertion is false'}`,
        );
  }
}

class Assertion {
  private readonly template: Template;
  private readonly around: RuleAround;

  constructor(template: Template, around: RuleAround) {
    this.template = template;
    this.around = around;
  }

  holds(value: Value): boolean {
    const result = this.value(value);
    if (typeof result === 'boolean') return result;
    if (result === 'true' || result === 'false') return result === 'true';
    throw templateError('every rule and assertion must evaluate to true or false');
  }

  private value(value: Value): Value {
    const call = callOf(value);
    if (call === undefined) {
      if (Array.isArray(value)) return (value as readonly Value[]).map((item) => this.value(item));
      return value;
    }
    const { name, argument } = call;
    const items = Array.isArray(argument) ? (argument as readonly Value[]) : [];
    const count = FUNCTIONS[name] as number;
    if (count > 0 && count !== Infinity && items.length !== count)
      throw templateError(`every ${name} object requires a list of ${count} parameters.`);
    const [first = null, second = null] = items;
    switch (name) {
      case 'Ref':
        return this.ref(String(argument));
      case 'Fn::And':
        return items.every((item) => this.holds(item));
      case 'Fn::Or':
        return items.some((item) => this.holds(item));
      case 'Fn::Not':
        return !this.holds(first);
      case 'Fn::Equals':
        return JSON.stringify(textual(this.value(first))) === JSON.stringify(textual(this.value(second)));
      case 'Fn::Contains':
        return this.list(first).includes(String(this.value(second)));
      case 'Fn::EachMemberEquals':
        return this.list(first).every((item) => item === String(this.value(second)));
      case 'Fn::EachMemberIn': {
        const allowed = this.list(second);
        return this.list(first).every((item) => allowed.includes(item));
      }
      case 'Fn::RefAll':
        return this.things(String(argument)).map(({ id }) => id);
      case 'Fn::ValueOfAll':
        return this.things(String(first)).map(({ attributes }) => attributes[String(second)] ?? '');
      default:
        return this.valueOf(String(first), String(second));
    }
  }

  private ref(name: string): Value {
    const value = this.around.ref(name);
    if (value === undefined)
      throw formatError(`Unresolved resource dependencies [${name}] in the Rules block of the template`);
    return value;
  }

  private list(value: Value): readonly string[] {
    const result = this.value(value);
    return (Array.isArray(result) ? (result as readonly Value[]) : [result]).map(String);
  }

  /** One value of the thing that a parameter names, or one of each for a list. */
  private valueOf(parameter: string, attribute: string): Value {
    const type = this.template.parameters[parameter]?.type ?? 'String';
    const named = this.ref(parameter);
    const things = new Map(this.things(parameterType(type).base).map((thing) => [thing.id, thing]));
    const read = (id: Value): string => things.get(String(id))?.attributes[attribute] ?? '';
    return Array.isArray(named) ? (named as readonly Value[]).map(read) : read(named);
  }

  private things(type: string): readonly RuleThing[] {
    if (this.around.things === undefined)
      throw new Fault(
        'NotImplemented',
        `Rules about everything of type ${type} are not modelled by Sandtable.`,
      );
    return this.around.things(type);
  }
}

function textual(value: Value): Value {
  return Array.isArray(value) ? (value as readonly Value[]).map(String) : String(value);
}

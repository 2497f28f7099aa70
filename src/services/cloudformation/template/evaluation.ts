// What a template comes to for one stack: conditions decided, functions called.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html

import { base64, utf8 } from '#contract/protocols/bytes.ts';
import { cidrBlocks } from './cidr.ts';
import { resolveDynamicReferences } from './dynamic-references.ts';
import type { DynamicLookUp } from './dynamic-references.ts';
import { formatError, invalid, templateError } from './faults.ts';
import { ARGUMENTS, isBoolean, mapping, noMapping, unsupported } from './functions.ts';
import { isPseudo, pseudoValue } from './pseudo.ts';
import type { Pseudo } from './pseudo.ts';
import { attributeOf, substitutionOf } from './references.ts';
import { assertRules } from './rules.ts';
import type { RuleThing } from './rules.ts';
import { isExportName, malformedExport } from './sections.ts';
import { subParts } from './sub.ts';
import { callOf, isFields } from './template.ts';
import type {
  Fields,
  OutputDeclaration,
  ParameterValue,
  ResourceDeclaration,
  Template,
  Value,
} from './template.ts';

export type { Pseudo };

export interface ResourceFacts {
  /** What `Ref` gives. */
  readonly ref: Value;
  /** Undefined for an attribute that the type does not have. */
  attribute(name: string): Value | undefined;
}

export interface Around extends Pseudo {
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Undefined for a resource that the stack does not have. */
  resource(logicalId: string): ResourceFacts | undefined;
  importValue(name: string): Value;
  zones(region: string): readonly string[];
  readonly dynamicReference: DynamicLookUp;
  /** All things of a type that parameters may have, for rules that ask. */
  readonly things?: (type: string) => readonly RuleThing[];
}

/** What a change set shows where a value is known only after the change; functions of it are unknown too. */
export const KNOWN_AFTER_APPLY = '{{changeSet:KNOWN_AFTER_APPLY}}';

const NO_VALUE = 'AWS::NoValue';

type Block = 'Resources' | 'Outputs' | 'Conditions';

/**
 * Characters of one text, and of all texts together, that the functions of a template may make: functions within functions grow
 * with each level, and a short template could otherwise make more than any memory holds.
 */
const LONGEST_TEXT = 1_048_576;
const MOST_TEXT = 64 * LONGEST_TEXT;

export class Evaluation {
  readonly template: Template;
  private readonly around: Around;
  private readonly decided = new Map<string, boolean>();
  private block: Block = 'Resources';
  private made = 0;

  constructor(template: Template, around: Around) {
    this.template = template;
    this.around = around;
  }

  /** Whether a condition of the template is true. */
  holds(condition: string): boolean {
    const known = this.decided.get(condition);
    if (known !== undefined) return known;
    const value = this.template.conditions[condition];
    if (value === undefined) throw templateError(`unresolved condition dependency ${condition} in Fn::If`);
    const result = this.within('Conditions', () => this.decide(value));
    this.decided.set(condition, result);
    return result;
  }

  /** The resources that the stack has, in the order of the template. */
  resources(): readonly ResourceDeclaration[] {
    return Object.values(this.template.resources).filter(
      ({ condition }) => condition === undefined || this.holds(condition),
    );
  }

  /** The outputs that the stack has. */
  outputs(): readonly OutputDeclaration[] {
    return Object.values(this.template.outputs).filter(
      ({ condition }) => condition === undefined || this.holds(condition),
    );
  }

  /** A value with its functions called. Undefined is AWS::NoValue: leave out what it was for. */
  value(value: Value): Value | undefined {
    if (Array.isArray(value)) return this.list(value as readonly Value[]);
    if (!isFields(value)) return value;
    const call = callOf(value);
    if (call !== undefined) return this.call(call.name, call.argument);
    if (this.block === 'Conditions' && isBoolean(value)) return this.decide(value);
    const members: [string, Value][] = [];
    for (const key in value) {
      const member = this.value(value[key] as Value);
      if (member !== undefined) members.push([key, member]);
    }
    return Object.fromEntries(members);
  }

  /** Properties as a provider is to get them: with dynamic references resolved too. */
  properties(resource: ResourceDeclaration): Fields {
    return resolveDynamicReferences(
      this.value(resource.properties) ?? {},
      this.around.dynamicReference,
    ) as Fields;
  }

  /** The name under which an output is exported, or undefined where it is not. */
  exportName({ name, exportName }: OutputDeclaration): string | undefined {
    if (exportName === undefined) return undefined;
    const text = this.output(exportName);
    if (!isExportName(text)) throw malformedExport(name);
    return text;
  }

  /** The value of an output as text. */
  output(value: Value): string {
    const result = this.within('Outputs', () => this.value(value));
    const text = textOf(result);
    if (text !== undefined) return text;
    const what = Array.isArray(result) ? ' and not a List.' : '.';
    throw formatError(`The Value field of every Outputs member must evaluate to a String${what}`);
  }

  /** Throws for the first rule that does not hold. */
  assertRules(): void {
    assertRules(this.template, { ref: (name) => this.ofParameter(name), things: this.around.things });
  }

  private within<T>(block: Block, work: () => T): T {
    const before = this.block;
    this.block = block;
    try {
      return work();
    } finally {
      this.block = before;
    }
  }

  private decide(value: Value): boolean {
    const fields = isFields(value) ? value : {};
    const [name = '', argument = null] = Object.entries(fields)[0] ?? [];
    const items = Array.isArray(argument) ? (argument as readonly Value[]) : [];
    if (name === 'Condition') return this.holds(String(argument));
    if (name === 'Fn::Not') return !this.decide(items[0] ?? null);
    if (name === 'Fn::And') return items.every((item) => this.decide(item));
    if (name === 'Fn::Or') return items.some((item) => this.decide(item));
    if (name !== 'Fn::Equals')
      throw formatError('Conditions can only be boolean operations on parameters and other conditions');
    const [left, right] = items.map((item) => JSON.stringify(textual(this.value(item))));
    return left === right;
  }

  private list(items: readonly Value[]): readonly Value[] {
    return items.map((item) => this.value(item)).filter((item) => item !== undefined);
  }

  private call(name: string, argument: Value): Value | undefined {
    const items = Array.isArray(argument) ? (argument as readonly Value[]) : [];
    switch (name) {
      case 'Ref':
        return this.ref(String(argument));
      case 'Fn::Base64':
        return this.base64(argument);
      case 'Fn::Cidr':
        return this.cidr(items);
      case 'Fn::FindInMap':
        return this.findInMap(items);
      case 'Fn::GetAtt':
        return this.getAtt(argument);
      case 'Fn::GetAZs':
        return this.getAZs(argument);
      case 'Fn::If':
        return this.value((this.holds(String(items[0])) ? items[1] : items[2]) ?? null);
      case 'Fn::ImportValue':
        return this.around.importValue(
          this.text(argument, 'every Fn::ImportValue object must have a String-typed value.'),
        );
      case 'Fn::Join':
        return this.join(items);
      case 'Fn::Length':
        return this.length(argument);
      case 'Fn::Select':
        return this.select(items);
      case 'Fn::Split':
        return this.split(items);
      case 'Fn::Sub':
        return this.sub(argument);
      case 'Fn::ToJsonString':
        return JSON.stringify(this.value(argument) ?? {});
      default:
        throw unsupported(name);
    }
  }

  private ref(name: string): Value | undefined {
    if (isPseudo(name)) return pseudoValue(name, this.around);
    const value = this.ofParameter(name);
    // LocalStack's test_cfn_handle_log_group_resource recorded that the word alone will do, as a parameter's value.
    return value === NO_VALUE ? undefined : (value ?? this.resource(name).ref);
  }

  private ofParameter(name: string): Value | undefined {
    if (isPseudo(name)) return pseudoValue(name, this.around);
    const { parameters } = this.around;
    return Object.hasOwn(parameters, name) ? parameters[name]?.value : undefined;
  }

  private resource(name: string): ResourceFacts {
    const facts = this.around.resource(name);
    if (facts !== undefined) return facts;
    const sentence = `Unresolved resource dependencies [${name}] in the ${this.block} block of the template`;
    // CloudFormation begins the sentence in one way for resources and in another for outputs.
    throw this.block === 'Outputs' ? invalid(sentence) : formatError(sentence);
  }

  private getAtt(argument: Value): Value {
    const [resource, name] = attributeOf(argument) ?? [];
    if (typeof resource !== 'string' || name === undefined) throw templateError(ARGUMENTS.getAtt);
    return this.attribute(resource, this.text(name, ARGUMENTS.getAtt));
  }

  private attribute(resource: string, name: string): Value {
    const value = this.resource(resource).attribute(name);
    if (value === undefined)
      throw templateError(`resource ${resource} does not support attribute type ${name} in Fn::GetAtt`);
    return value;
  }

  private base64(argument: Value): string {
    const text = this.text(argument, ARGUMENTS.base64);
    return isUnknown(text) ? KNOWN_AFTER_APPLY : base64(utf8(text));
  }

  private cidr(items: readonly Value[]): Value {
    const wrong = 'Fn::Cidr requires strings and numbers';
    const [block, count, bits] = items.map((item) => this.text(item, wrong));
    if ([block, count, bits].some(isUnknown)) return KNOWN_AFTER_APPLY;
    return cidrBlocks(block as string, Number(count), Number(bits));
  }

  private findInMap(items: readonly Value[]): Value | undefined {
    const [map = '', key = '', attribute = ''] = items
      .slice(0, 3)
      .map((item) => this.text(item, ARGUMENTS.findInMap));
    const fallback = items[3];
    const { mappings } = this.template;
    const isThere =
      Object.hasOwn(mappings, map) &&
      Object.hasOwn(mappings[map] as Fields, key) &&
      Object.hasOwn(mappings[map]?.[key] as Fields, attribute);
    if (isThere) return mappings[map]?.[key]?.[attribute];
    if (isFields(fallback) && fallback['DefaultValue'] !== undefined)
      return this.value(fallback['DefaultValue']);
    mapping(mappings, map);
    throw noMapping(map, key, attribute);
  }

  private getAZs(argument: Value): Value {
    const region = this.text(argument, ARGUMENTS.getAZs);
    return this.around.zones(region === '' ? this.around.region : region);
  }

  private join([delimiter = '', list = null]: readonly Value[]): string {
    const items = this.value(list);
    if (isUnknown(items)) return KNOWN_AFTER_APPLY;
    if (!Array.isArray(items)) throw templateError(ARGUMENTS.join);
    const texts = (items as readonly Value[]).map(textOf);
    if (texts.some((text) => text === undefined)) throw templateError(ARGUMENTS.join);
    const size = texts.reduce((sum, text = '') => sum + text.length, 0);
    this.makes('Fn::Join', size + Math.max(0, texts.length - 1) * String(delimiter).length);
    return texts.join(String(delimiter));
  }

  private length(argument: Value): Value {
    const list = this.value(argument);
    if (Array.isArray(list)) return list.length;
    throw templateError('Fn::Length requires a list or a function that returns a list');
  }

  private select([position = null, list = null]: readonly Value[]): Value {
    const index = this.text(position, ARGUMENTS.select);
    const items = this.value(list);
    if (isUnknown(items) || isUnknown(index)) return KNOWN_AFTER_APPLY;
    if (!/^-?\d+$/.test(index) || !Array.isArray(items)) throw templateError(ARGUMENTS.select);
    const item = (items as readonly Value[])[Number(index)];
    // The two spaces are CloudFormation's.
    if (item === undefined)
      throw templateError(`Fn::Select  cannot select nonexistent value at index ${index}`);
    return item;
  }

  private split([delimiter = '', source = null]: readonly Value[]): Value {
    const text = this.text(source, ARGUMENTS.split);
    return isUnknown(text) ? KNOWN_AFTER_APPLY : text.split(String(delimiter));
  }

  private sub(argument: Value): string {
    const form = substitutionOf(argument);
    if (form === undefined) throw templateError(ARGUMENTS.sub);
    // A variable that stands in the string a hundred times is worked out once.
    const known = new Map<string, string>();
    let made = '';
    for (const { text, variable } of subParts(form.string)) {
      made += text;
      if (variable !== undefined) {
        const value = known.get(variable) ?? this.variable(variable, form.variables);
        known.set(variable, value);
        made += value;
        if (made.length > LONGEST_TEXT) break;
      }
    }
    this.makes('Fn::Sub', made.length);
    return made;
  }

  private makes(name: string, size: number): void {
    this.made += size;
    if (size > LONGEST_TEXT || this.made > MOST_TEXT)
      throw templateError(`${name} makes more than ${LONGEST_TEXT} characters`);
  }

  private variable(name: string, variables: Fields): string {
    const dot = name.indexOf('.');
    const value = Object.hasOwn(variables, name)
      ? this.value(variables[name] as Value)
      : dot < 0
        ? this.ref(name)
        : this.attribute(name.slice(0, dot), name.slice(dot + 1));
    const text = textOf(value);
    if (text === undefined)
      throw templateError(`variable ${name} in Fn::Sub expression does not resolve to a string`);
    return text;
  }

  private text(value: Value, wrong: string): string {
    const text = textOf(this.value(value));
    if (text === undefined) throw templateError(wrong);
    return text;
  }
}

/** Scalars are strings wherever a function needs one. */
function textOf(value: Value | undefined): string | undefined {
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
}

function textual(value: Value | undefined): Value {
  if (Array.isArray(value)) return (value as readonly Value[]).map(textual);
  if (isFields(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, textual(item)]));
  return String(value);
}

function isUnknown(value: Value | undefined): boolean {
  return typeof value === 'string' && value.includes(KNOWN_AFTER_APPLY);
}

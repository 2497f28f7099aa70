// The transform AWS::LanguageExtensions: loops, and what can be computed before a stack exists.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html

import { Constants } from './constants.ts';
import type { Bindings, ConstantsAround } from './constants.ts';
import { invalid } from './faults.ts';
import { callOf, isFields } from './template.ts';
import type { Fields, Value } from './template.ts';

const LOOP = 'Fn::ForEach::';
const SECTIONS = new Set(['Conditions', 'Outputs', 'Resources']);
const PLACEHOLDER = /([$&])\{([^!{}]+)\}/g;
/** Members of a resource that are not functions' to compute, except under this transform. */
const COMPUTED = new Set(['Condition', 'DeletionPolicy', 'DependsOn', 'UpdateReplacePolicy']);
/** What all loops of a template may make together. */
const MOST_MEMBERS = 20_000;
/** Characters of a template that its loops may make; what CloudFormation takes has a megabyte at most. */
const LARGEST = 4 * 1_048_576;

function failed(message: string): Error {
  return invalid(`Transform AWS::LanguageExtensions failed with: ${message}`);
}

export function extendLanguage(document: Fields, around: ConstantsAround): Fields {
  const extension = new Extension(document, around);
  return Object.fromEntries(
    Object.entries(document).map(([name, value]) => [
      name,
      SECTIONS.has(name) ? extension.section(name, value) : value,
    ]),
  );
}

class Extension {
  private readonly constants: Constants;
  private made = 0;
  private size = 0;

  constructor(document: Fields, around: ConstantsAround) {
    this.constants = new Constants(document, around);
  }

  section(name: string, value: Value): Value {
    if (!isFields(value)) return value;
    const members = this.members(value, {});
    for (const member of Object.keys(members))
      if (!/^[A-Za-z0-9]+$/.test(member))
        throw failed(`${name === 'Outputs' ? 'OutputKey' : 'LogicalId'} '${member}' should be alphanumeric`);
    if (name !== 'Resources' && name !== 'Outputs') return members;
    return Object.fromEntries(Object.entries(members).map(([id, member]) => [id, this.computed(member)]));
  }

  /** Names in places where only names may stand. */
  private computed(member: Value): Value {
    if (!isFields(member)) return member;
    return Object.fromEntries(
      Object.entries(member).flatMap(([name, value]) => {
        const constant = COMPUTED.has(name) ? this.constants.value(value, {}, true) : { value };
        if (constant === undefined) throw failed(`${name} could not be resolved`);
        return constant.value === undefined ? [] : [[name, constant.value]];
      }),
    );
  }

  private members(value: Fields, bindings: Bindings): Fields {
    const members = new Map<string, Value>();
    const add = (name: string, member: Value): void => {
      this.made += 1;
      if (this.made > MOST_MEMBERS) throw failed(`Fn::ForEach makes more than ${MOST_MEMBERS} members`);
      if (members.has(name))
        throw failed(`Duplicate key '${name}' when merging keys to parent object in Fn::ForEach`);
      members.set(name, member);
    };
    for (const [name, member] of Object.entries(value)) {
      if (name.startsWith(LOOP)) this.loop(member, bindings, add);
      else add(name, this.expand(member, bindings));
    }
    return Object.fromEntries(members);
  }

  private loop(value: Value, bindings: Bindings, add: (name: string, member: Value) => void): void {
    const items = Array.isArray(value) ? (value as readonly Value[]) : [];
    const [identifier, collection, fragment] = items;
    const isLoop = items.length === 3 && typeof identifier === 'string' && typeof collection === 'object';
    if (!isLoop || !isFields(fragment)) throw failed('Fn::ForEach layout is incorrect');
    const list = this.constants.value(collection as Value, bindings, true)?.value;
    if (!Array.isArray(list))
      throw failed('Could not find a collection or could not be resolved for Fn::ForEach');
    for (const item of list as readonly Value[]) {
      if (typeof item === 'object') throw failed('Fn::ForEach layout is incorrect');
      const inner = { ...bindings, [identifier as string]: String(item) };
      for (const [name, member] of Object.entries(fragment)) {
        if (name.startsWith(LOOP)) this.loop(member, inner, add);
        else add(substituted(name, inner), this.expand(member, inner));
      }
    }
  }

  private expand(value: Value, bindings: Bindings): Value {
    if (Array.isArray(value)) return (value as readonly Value[]).map((item) => this.expand(item, bindings));
    if (!isFields(value)) return this.counted(value);
    const call = callOf(value);
    if (call === undefined || call.name.startsWith(LOOP)) return this.members(value, bindings);
    return this.call(call.name, call.argument, bindings);
  }

  private counted<V extends Value>(value: V): V {
    this.size += typeof value === 'object' ? JSON.stringify(value).length : String(value).length;
    if (this.size > LARGEST) throw failed(`Fn::ForEach makes more than ${LARGEST} characters`);
    return value;
  }

  private call(name: string, argument: Value, bindings: Bindings): Value {
    if (name === 'Ref') return this.ref(argument, bindings);
    if (name === 'Fn::Length') {
      const length = this.constants.value({ [name]: argument }, bindings, true)?.value;
      if (typeof length === 'number') return length;
      throw failed('The Fn::Length value could not be resolved for properties');
    }
    const constant = this.constants.value({ [name]: argument }, bindings, false);
    if (constant?.value !== undefined) return this.counted(constant.value);
    if (name === 'Fn::Sub') return { [name]: this.sub(argument, bindings) };
    if (name === 'Fn::GetAtt' && Array.isArray(argument))
      return { [name]: (argument as readonly Value[]).map((item) => this.name(item, bindings)) };
    return { [name]: this.expand(argument, bindings) };
  }

  private ref(argument: Value, bindings: Bindings): Value {
    if (typeof argument === 'string' && Object.hasOwn(bindings, argument))
      return bindings[argument] as string;
    return { Ref: this.name(argument, bindings) };
  }

  /** The name of a parameter, a resource or an attribute, which the transform allows to be computed. */
  private name(argument: Value, bindings: Bindings): Value {
    if (typeof argument === 'string') return substituted(argument, bindings);
    return this.constants.value(argument, bindings, true)?.value ?? this.expand(argument, bindings);
  }

  private sub(argument: Value, bindings: Bindings): Value {
    const fill = (text: string): string =>
      text.replaceAll(PLACEHOLDER, (placeholder, sign: string, name: string) =>
        sign === '$' && Object.hasOwn(bindings, name) ? (bindings[name] as string) : placeholder,
      );
    if (typeof argument === 'string') return fill(argument);
    const expanded = this.expand(argument, bindings);
    if (!Array.isArray(expanded)) return expanded;
    const [text, ...rest] = expanded as readonly Value[];
    return [typeof text === 'string' ? fill(text) : (text ?? null), ...rest];
  }
}

/** `${Name}` is the item, `&{Name}` what of it may stand in a logical id. */
function substituted(text: string, bindings: Bindings): string {
  return text.replaceAll(PLACEHOLDER, (placeholder, sign: string, name: string) => {
    if (!Object.hasOwn(bindings, name)) return placeholder;
    const item = bindings[name] as string;
    return sign === '&' ? item.replaceAll(/[^A-Za-z0-9]/g, '') : item;
  });
}

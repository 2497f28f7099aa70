// What a value refers to: parameters, resources and their attributes.

import { isPseudo } from './pseudo.ts';
import { subParts } from './sub.ts';
import { callOf, isFields } from './template.ts';
import type { Value } from './template.ts';

export interface Reference {
  readonly by: 'Ref' | 'Fn::GetAtt' | 'Fn::Sub';
  /** A parameter or a resource. */
  readonly name: string;
  /** Set for attributes of resources; undefined when the name of the attribute is computed. */
  readonly attribute?: string;
}

/** Which branch of an `Fn::If` counts; undefined: both do. */
export type Choice = ((condition: string) => boolean) | undefined;

/** Calls `visit` for every reference, in the order of the template. Pseudo parameters are left out. */
export function eachReference(value: Value, choice: Choice, visit: (reference: Reference) => void): void {
  if (Array.isArray(value)) {
    for (const item of value as readonly Value[]) eachReference(item, choice, visit);
    return;
  }
  if (!isFields(value)) return;
  const call = callOf(value);
  if (call === undefined) {
    for (const key in value) eachReference(value[key] as Value, choice, visit);
    return;
  }
  const { name, argument } = call;
  if (name === 'Ref') return reference(argument, visit);
  if (name === 'Fn::GetAtt') return attribute(argument, choice, visit);
  if (name === 'Fn::Sub') return substitution(argument, choice, visit);
  if (name === 'Fn::If' && choice !== undefined && Array.isArray(argument)) {
    const [condition, yes, no] = argument as readonly Value[];
    return eachReference((choice(String(condition)) ? yes : no) ?? null, choice, visit);
  }
  eachReference(argument, choice, visit);
}

export function referencesOf(value: Value, choice?: Choice): readonly Reference[] {
  const found: Reference[] = [];
  eachReference(value, choice, (reference) => found.push(reference));
  return found;
}

/** The resource and the attribute of `Fn::GetAtt`, in either spelling. */
export function attributeOf(argument: Value): readonly [resource: Value, attribute: Value] | undefined {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    return dot < 0 ? undefined : [argument.slice(0, dot), argument.slice(dot + 1)];
  }
  if (!Array.isArray(argument) || argument.length !== 2) return undefined;
  return [argument[0] as Value, argument[1] as Value];
}

/** String and map of `Fn::Sub`, or undefined where the argument is neither form. */
export function substitutionOf(
  argument: Value,
): { readonly string: string; readonly variables: Readonly<Record<string, Value>> } | undefined {
  if (typeof argument === 'string') return { string: argument, variables: {} };
  if (!Array.isArray(argument) || argument.length !== 2) return undefined;
  const [string, variables] = argument as readonly Value[];
  return typeof string === 'string' && isFields(variables) ? { string, variables } : undefined;
}

function reference(argument: Value, visit: (reference: Reference) => void): void {
  if (typeof argument === 'string' && !isPseudo(argument)) visit({ by: 'Ref', name: argument });
}

function attribute(argument: Value, choice: Choice, visit: (reference: Reference) => void): void {
  const [resource, name] = attributeOf(argument) ?? [];
  if (typeof resource === 'string')
    visit({ by: 'Fn::GetAtt', name: resource, ...(typeof name === 'string' ? { attribute: name } : {}) });
  if (name !== undefined) eachReference(name, choice, visit);
}

function substitution(argument: Value, choice: Choice, visit: (reference: Reference) => void): void {
  const form = substitutionOf(argument);
  if (form === undefined) return;
  eachReference(form.variables, choice, visit);
  for (const { variable } of subParts(form.string)) {
    if (variable === undefined || Object.hasOwn(form.variables, variable) || isPseudo(variable)) continue;
    const dot = variable.indexOf('.');
    if (dot < 0) visit({ by: 'Fn::Sub', name: variable });
    else visit({ by: 'Fn::Sub', name: variable.slice(0, dot), attribute: variable.slice(dot + 1) });
  }
}

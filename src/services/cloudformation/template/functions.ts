// Which functions there are, where each may stand, and what its argument has to look like.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html

import { formatError, templateError } from './faults.ts';
import { attributeOf, referencesOf, substitutionOf } from './references.ts';
import { callOf, isFields } from './template.ts';
import type { Call, Fields, Value } from './template.ts';

/** What a function is checked against. */
export interface Surroundings {
  readonly block: 'Conditions' | 'Resources' | 'Outputs';
  /** Whether the transform AWS::LanguageExtensions is declared. */
  readonly extensions: boolean;
  readonly conditions: Readonly<Record<string, Value>>;
  readonly mappings: Readonly<Record<string, Readonly<Record<string, Fields>>>>;
  readonly resources: ReadonlySet<string>;
}

export const ARGUMENTS: Readonly<
  Record<
    | 'base64'
    | 'equals'
    | 'findInMap'
    | 'getAtt'
    | 'getAZs'
    | 'importValue'
    | 'join'
    | 'select'
    | 'split'
    | 'sub',
    string
  >
> = {
  base64: 'every Fn::Base64 object must have a String-typed value.',
  equals: 'every Fn::Equals object requires a list of 2 string parameters.',
  findInMap:
    'every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value',
  getAtt:
    'every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute',
  getAZs: 'every Fn::GetAZs object must have a String-typed value.',
  importValue:
    'the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs',
  join:
    'every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined ' +
    'or a function that returns a list of strings (such as Fn::GetAZs) to be joined.',
  select: 'Fn::Select requires a list argument with two elements: an integer index and a list',
  split:
    'every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split ' +
    'or a function that returns a string to be split.',
  sub:
    "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, " +
    'and an optional second argument to specify a mapping of values to replace in the string',
};

type Check = (argument: Value, around: Surroundings) => void;

const SUPPORTED =
  '[Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, ' +
  'Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, ' +
  'Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr]';
const RULES = new Set(
  ['Contains', 'EachMemberEquals', 'EachMemberIn', 'RefAll', 'ValueOf', 'ValueOfAll'].map(
    (name) => `Fn::${name}`,
  ),
);
const BOOLEAN = new Set(['Fn::And', 'Fn::Equals', 'Fn::Not', 'Fn::Or']);
const EXTENSIONS = new Set(['Fn::Length', 'Fn::ToJsonString']);
/** Functions that are about resources or other stacks: conditions are decided before there are any. */
const NOT_IN_CONDITIONS = new Set(['Fn::Base64', 'Fn::Cidr', 'Fn::GetAZs', 'Fn::GetAtt', 'Fn::ImportValue']);

const CHECKS: Readonly<Record<string, Check>> = {
  Ref: (argument) => {
    if (typeof argument !== 'string') throw formatError('Every Ref object must have a single String value.');
  },
  'Fn::Base64': (argument) => {
    if (Array.isArray(argument) || (isFields(argument) && callOf(argument) === undefined))
      throw templateError(ARGUMENTS.base64);
  },
  'Fn::Cidr': (argument) => {
    if (!Array.isArray(argument) || argument.length !== 3)
      throw templateError(
        'every Fn::Cidr object requires three parameters, the IP block, the count and the CIDR bits',
      );
  },
  'Fn::FindInMap': checkFindInMap,
  'Fn::GetAtt': checkGetAtt,
  'Fn::GetAZs': (argument) => {
    if (typeof argument !== 'string' && callOf(argument) === undefined) throw templateError(ARGUMENTS.getAZs);
  },
  'Fn::If': checkIf,
  'Fn::ImportValue': checkImportValue,
  'Fn::Join': (argument) => checkPair(argument, ARGUMENTS.join),
  'Fn::Length': (argument) => {
    if (!Array.isArray(argument) && callOf(argument) === undefined)
      throw templateError('Fn::Length requires a list or a function that returns a list');
  },
  'Fn::Select': checkSelect,
  'Fn::Split': checkSplit,
  'Fn::Sub': checkSub,
  'Fn::ToJsonString': (argument) => {
    if (typeof argument !== 'object' || argument === null)
      throw templateError('Fn::ToJsonString requires an object or an array');
  },
};

/** Throws for the first function of a value that is wrong as it is written, whatever it may come to. */
export function checkFunctions(value: Value, around: Surroundings): void {
  if (Array.isArray(value)) {
    for (const item of value as readonly Value[]) checkFunctions(item, around);
    return;
  }
  if (!isFields(value)) return;
  const call = callOf(value);
  if (call !== undefined) checkCall(call, around);
  for (const key in value) checkFunctions(value[key] as Value, around);
}

function checkCall({ name, argument }: Call, around: Surroundings): void {
  if (BOOLEAN.has(name) && around.block !== 'Conditions')
    throw templateError(`${name} cannot be partially collapsed`);
  if (BOOLEAN.has(name)) return checkBoolean(name, argument);
  const check = EXTENSIONS.has(name) && !around.extensions ? undefined : CHECKS[name];
  if (
    RULES.has(name) ||
    (check !== undefined && around.block === 'Conditions' && NOT_IN_CONDITIONS.has(name))
  )
    throw unsupportedIn(around.block, [name]);
  if (check === undefined) throw unsupported(name);
  check(argument, around);
}

export function unsupported(name: string): Error {
  return templateError(`Encountered unsupported function: ${name} Supported functions are: ${SUPPORTED}`);
}

export function unsupportedIn(block: string, names: readonly string[]): Error {
  return formatError(
    `Following functions are not supported in the ${block} block of the template: [${names.join(', ')}]`,
  );
}

function checkBoolean(name: string, argument: Value): void {
  const items = Array.isArray(argument) ? (argument as readonly Value[]) : [];
  if (name === 'Fn::Equals') {
    if (items.length !== 2) throw templateError(ARGUMENTS.equals);
    return;
  }
  const least = name === 'Fn::Not' ? 1 : 2;
  const most = name === 'Fn::Not' ? 1 : 10;
  if (items.length >= least && items.length <= most && items.every(isBoolean)) return;
  throw templateError(
    name === 'Fn::Not'
      ? 'every Fn::Not object requires one boolean parameter.'
      : `every ${name} object requires a list of at least 2 and at most 10 boolean parameters.`,
  );
}

/** Whether a value is one of the functions that come to true or false. */
export function isBoolean(value: Value): boolean {
  if (!isFields(value)) return false;
  const names = Object.keys(value);
  const [name] = names;
  return names.length === 1 && name !== undefined && (name === 'Condition' || BOOLEAN.has(name));
}

function checkFindInMap(argument: Value, { extensions, mappings }: Surroundings): void {
  const items = Array.isArray(argument) ? (argument as readonly Value[]) : [];
  const [map, key, attribute, fallback] = items;
  const hasDefault = extensions && items.length === 4 && isFields(fallback) && 'DefaultValue' in fallback;
  if (
    (items.length !== 3 && !hasDefault) ||
    ![map, key, attribute].every((item) => isMapKey(item, extensions))
  )
    throw templateError(ARGUMENTS.findInMap);
  if (typeof map !== 'string' || hasDefault) return;
  const keys = mapping(mappings, map);
  if (typeof key !== 'string' || typeof attribute !== 'string') return;
  if (!Object.hasOwn(keys, key) || !Object.hasOwn(keys[key] as Fields, attribute))
    throw noMapping(map, key, attribute);
}

export function mapping(mappings: Surroundings['mappings'], name: string): Readonly<Record<string, Fields>> {
  if (!Object.hasOwn(mappings, name))
    throw templateError(`Mapping named '${name}' is not present in the 'Mappings' section of template.`);
  return mappings[name] as Readonly<Record<string, Fields>>;
}

export function noMapping(map: string, key: string, attribute: string): Error {
  return templateError(`Unable to get mapping for ${map}::${key}::${attribute}`);
}

/** Without the language extensions only two functions may compute what is looked up in a map. */
function isMapKey(value: Value | undefined, extensions: boolean): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'object') return true;
  const name = callOf(value)?.name;
  return extensions ? name !== undefined : name === 'Ref' || name === 'Fn::FindInMap';
}

function checkGetAtt(argument: Value): void {
  const [resource, attribute] = attributeOf(argument) ?? [];
  const isName = typeof attribute === 'string' ? attribute !== '' : callOf(attribute ?? null)?.name === 'Ref';
  if (typeof resource !== 'string' || resource === '' || !isName) throw templateError(ARGUMENTS.getAtt);
}

function checkIf(argument: Value, { conditions }: Surroundings): void {
  const items = Array.isArray(argument) ? (argument as readonly Value[]) : [];
  const [condition] = items;
  if (typeof condition !== 'string')
    throw templateError('Fn::If requires a list argument with the first element being a condition');
  if (items.length !== 3) throw templateError('Fn::If requires a list argument with three elements');
  if (!Object.hasOwn(conditions, condition))
    throw templateError(`unresolved condition dependency ${condition} in Fn::If`);
}

function checkImportValue(argument: Value, { resources }: Surroundings): void {
  if (typeof argument !== 'string' && callOf(argument) === undefined)
    throw templateError('every Fn::ImportValue object must have a String-typed value.');
  const depends =
    referencesOf(argument).some(({ name }) => resources.has(name)) ||
    contains(argument, (name) => name === 'Fn::ImportValue' || name === 'Fn::GetAZs');
  if (depends) throw templateError(ARGUMENTS.importValue);
}

/** Whether a value has a call of a function that is looked for. */
function contains(value: Value, isSought: (name: string) => boolean): boolean {
  if (Array.isArray(value)) return (value as readonly Value[]).some((item) => contains(item, isSought));
  if (!isFields(value)) return false;
  const call = callOf(value);
  return (
    (call !== undefined && isSought(call.name)) ||
    Object.values(value).some((item) => contains(item, isSought))
  );
}

function checkPair(argument: Value, message: string): void {
  const items = Array.isArray(argument) ? (argument as readonly Value[]) : [];
  const [delimiter, list] = items;
  const isList = Array.isArray(list) || callOf(list ?? null) !== undefined;
  if (items.length !== 2 || typeof delimiter !== 'string' || !isList) throw templateError(message);
}

function checkSplit(argument: Value): void {
  const items = Array.isArray(argument) ? (argument as readonly Value[]) : [];
  const [delimiter, source] = items;
  const isSource = typeof source === 'string' || callOf(source ?? null) !== undefined;
  if (items.length !== 2 || typeof delimiter !== 'string' || !isSource) throw templateError(ARGUMENTS.split);
}

function checkSelect(argument: Value): void {
  const items = Array.isArray(argument) ? (argument as readonly Value[]) : [];
  const [index, list] = items;
  const isIndex = callOf(index ?? null) !== undefined || /^\d+$/.test(String(index));
  const isList = callOf(list ?? null) !== undefined || Array.isArray(list);
  const isWithin = !Array.isArray(list) || typeof index === 'object' || Number(index) < list.length;
  if (items.length !== 2 || !isIndex || !isList || !isWithin) throw templateError(ARGUMENTS.select);
}

function checkSub(argument: Value): void {
  const form = substitutionOf(argument);
  if (form === undefined) throw templateError(ARGUMENTS.sub);
  for (const key in form.variables)
    if (!/^[A-Za-z0-9_.:]+$/.test(key))
      throw templateError(
        'every key of the context object of every Fn::Sub object must contain only alphanumeric characters and underscores',
      );
}

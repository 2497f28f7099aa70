// Filters of DescribeParameters and GetParametersByPath.

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import { keyOf } from './tables.ts';
import type { Parameter, ParameterVersion } from './tables.ts';

type StringFilters = NonNullable<Input<'ssm', 'DescribeParameters'>['ParameterFilters']>;
type StringFilter = StringFilters[number];

/** A parameter with its latest version. */
export interface Listed {
  readonly parameter: Parameter;
  readonly version: ParameterVersion;
}

const TYPES = ['String', 'StringList', 'SecureString'];
const TIERS = ['Standard', 'Advanced', 'Intelligent-Tiering'];
const PATH_RULES =
  'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/". ' +
  'It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following ' +
  'symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, ' +
  'must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.';

/** What DescribeParameters lets through. */
export function described({
  Filters = [],
  ParameterFilters = [],
}: Input<'ssm', 'DescribeParameters'>): (one: Listed) => boolean {
  if (Filters.length > 0 && ParameterFilters.length > 0)
    throw new Fault(
      'ValidationException',
      'You can use either Filters or ParameterFilters in a single request.',
    );
  if (ParameterFilters.some(({ Key }) => Key === 'Label')) {
    throw new Fault(
      'InvalidFilterKey',
      'The following filter key is not valid: Label. Valid filter keys include: [Path, Name, Type, KeyId, Tier].',
    );
  }
  checkOnce(ParameterFilters);
  for (const filter of ParameterFilters) checkDescribing(filter);
  const older = (one: Listed): boolean =>
    Filters.every(({ Key, Values }) =>
      Values.some((value) =>
        Key === 'Name' ? one.version.name.startsWith(value) : property(one, Key) === value,
      ),
    );
  return (one) => older(one) && ParameterFilters.every((filter) => passes(filter, one));
}

/** Filters of GetParametersByPath but for Label, which decides on the version that is shown. */
export function belowPath(filters: StringFilters): (one: Listed) => boolean {
  checkOnce(filters);
  for (const { Key, Option = 'Equals' } of filters) {
    if (Key !== 'Type' && Key !== 'KeyId' && Key !== 'Label') {
      throw new Fault(
        'InvalidFilterKey',
        `The following filter key is not valid: ${Key}. Valid filter keys include: [Type, KeyId, Label].`,
      );
    }
    checkOption(Option, ['BeginsWith', 'Equals']);
  }
  return (one) => filters.filter(({ Key }) => Key !== 'Label').every((filter) => passes(filter, one));
}

function checkOnce(filters: StringFilters): void {
  const seen = new Set<string>();
  for (const { Key, Values = [] } of filters) {
    if (seen.has(Key)) {
      throw new Fault(
        'InvalidFilterKey',
        `The following filter is duplicated in the request: ${Key}. A request can contain only one occurrence of a ` +
          'specific filter.',
      );
    }
    seen.add(Key);
    // A tag's key alone is a filter too.
    if (Values.length === 0 && !Key.startsWith('tag:')) {
      throw new Fault(
        'InvalidFilterValue',
        `The following filter values are missing : null for filter key ${Key}.`,
      );
    }
  }
}

function checkDescribing({ Key, Option, Values = [] }: StringFilter): void {
  if (Key === 'Path') {
    checkOption(Option ?? 'OneLevel', ['Recursive', 'OneLevel']);
    for (const value of Values) checkPath(value);
    return;
  }
  checkOption(
    Option ?? 'Equals',
    Key === 'Name' ? ['BeginsWith', 'Equals', 'Contains'] : ['BeginsWith', 'Equals'],
  );
  const known = Key === 'Type' ? TYPES : Key === 'Tier' ? TIERS : undefined;
  const unknown = known && Values.find((value) => !known.includes(value));
  if (unknown !== undefined) {
    throw new Fault(
      'InvalidFilterOption',
      `The following filter value is not valid: ${unknown}. Valid values include: [${known?.join(', ')}].`,
    );
  }
}

function checkOption(option: string, known: readonly string[]): void {
  if (known.includes(option)) return;
  throw new Fault(
    'InvalidFilterOption',
    `The following filter option is not valid: ${option}. Valid options include: [${known.slice(0, 2).join(', ')}].`,
  );
}

export function checkPath(path: string): void {
  if (/^\/(aws|ssm)/i.test(path)) {
    throw new Fault(
      'ValidationException',
      'Filters for common parameters can\'t be prefixed with "aws" or "ssm" (case-insensitive). When using global ' +
        'parameters, please specify within a global namespace.',
    );
  }
  if (path.includes('//') || !/^\/[A-Za-z0-9_.\-/]*$/.test(path))
    throw new Fault('ValidationException', PATH_RULES);
}

function passes({ Key, Option, Values = [] }: StringFilter, one: Listed): boolean {
  const key = keyOf(one.version.name);
  if (Key === 'Path') return Values.some((path) => isBelow(key, path, Option === 'Recursive'));
  const value = Key.startsWith('tag:') ? one.parameter.tags[Key.slice(4)] : property(one, Key);
  if (value === undefined) return false;
  if (Values.length === 0) return true;
  if (Key === 'Name') return nameMatches(value, Option, Values);
  if (Option === 'BeginsWith') return Values.some((wanted) => value.startsWith(wanted));
  if (Option === 'Contains') return Values.some((wanted) => value.includes(wanted));
  return Values.includes(value);
}

/** Names are compared as if all began with a slash. */
function nameMatches(name: string, option: string | undefined, values: readonly string[]): boolean {
  const rooted = (text: string): string => (text.startsWith('/') ? text : `/${text}`);
  const own = rooted(name);
  if (option === 'Contains') return values.some((wanted) => own.includes(wanted));
  if (option === 'BeginsWith') return values.some((wanted) => own.startsWith(rooted(wanted)));
  return values.some((wanted) => own === rooted(wanted));
}

function property({ version }: Listed, key: string): string | undefined {
  switch (key) {
    case 'Name':
      return version.name;
    case 'Type':
      return version.type;
    case 'KeyId':
      return version.keyId;
    case 'Tier':
      return version.tier;
    case 'DataType':
      return version.dataType;
    default:
      return undefined;
  }
}

/** Whether a parameter lies below a path: directly, or at any depth. */
export function isBelow(key: string, path: string, recursive: boolean): boolean {
  const prefix = path.endsWith('/') ? path : `${path}/`;
  return key.startsWith(prefix) && (recursive || !key.slice(prefix.length).includes('/'));
}

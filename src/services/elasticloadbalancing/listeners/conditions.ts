// Conditions of rules: which requests a rule is for. Pure.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';

type WireCondition = Input<'elasticloadbalancing', 'CreateRule'>['Conditions'][number];
type ShownCondition = NonNullable<
  NonNullable<Output<'elasticloadbalancing', 'DescribeRules'>['Rules']>[number]['Conditions']
>[number];

/** A condition holds where any of its values matches. A rule needs all its conditions. */
export type Condition =
  | {
      readonly field: 'host-header' | 'path-pattern' | 'http-request-method' | 'source-ip';
      readonly values: readonly string[];
    }
  | { readonly field: 'http-header'; readonly name: string; readonly values: readonly string[] }
  | {
      readonly field: 'query-string';
      readonly pairs: readonly { readonly key: string | null; readonly value: string }[];
    };

/** What a condition looks at. What a request does not tell matches no condition on it. */
export interface RequestFacts {
  /** The `Host` header. */
  readonly host: string;
  /** With the query string, if there is one. */
  readonly path: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly sourceIp?: string;
}

const CONFIGS = {
  'host-header': 'HostHeaderConfig',
  'path-pattern': 'PathPatternConfig',
  'http-header': 'HttpHeaderConfig',
  'query-string': 'QueryStringConfig',
  'http-request-method': 'HttpRequestMethodConfig',
  'source-ip': 'SourceIpConfig',
} as const;
type Field = keyof typeof CONFIGS;

/** A rule may have one condition of each of these. */
const SINGLE: readonly Field[] = ['host-header', 'path-pattern', 'http-request-method', 'source-ip'];
const LONGEST_VALUE = 128;
const LONGEST_NAME = 40;
const MOST_VALUES = 5;
const MOST_WILDCARDS = 6;

/** The conditions of a rule as rows keep them. Throws AWS's errors. */
export function parseConditions(conditions: readonly WireCondition[]): Condition[] {
  if (conditions.length === 0) throw invalid('A condition must be specified');
  const parsed = conditions.map(parseCondition);
  for (const field of SINGLE) {
    if (parsed.filter((condition) => condition.field === field).length > 1) {
      throw invalid(`A rule can only have one '${field}' condition`);
    }
  }
  const values = parsed.flatMap((condition) =>
    'pairs' in condition ? condition.pairs.map(({ value }) => value) : condition.values,
  );
  if (values.length > MOST_VALUES) throw invalid(`A rule can only have '${MOST_VALUES}' condition values`);
  if (values.join('').replaceAll(/[^*?]/g, '').length > MOST_WILDCARDS) {
    throw invalid(`A rule can only have '${MOST_WILDCARDS}' condition wildcards`);
  }
  return parsed;
}

function parseCondition(condition: WireCondition): Condition {
  const field = fieldOf(condition);
  if (
    condition.RegexValues ||
    condition.HostHeaderConfig?.RegexValues ||
    condition.PathPatternConfig?.RegexValues
  ) {
    throw new Fault(
      'NotImplemented',
      'Regular expressions in rule conditions are not modelled by Sandtable.',
    );
  }
  if (field === 'query-string') return { field, pairs: queryPairs(condition) };
  const values = valuesOf(condition, field);
  for (const value of values) {
    if (value.length > LONGEST_VALUE)
      throw invalid(`The '${field}' value is too long; the limit is '${LONGEST_VALUE}'`);
    if (field === 'http-request-method' && value.length > LONGEST_NAME)
      throw invalid(`The 'http-request-method' value is too long; the limit is '${LONGEST_NAME}'`);
    if (field === 'http-request-method' && !/^[A-Z_-]+$/.test(value)) {
      throw invalid(
        "The 'http-request-method' value is invalid; the allowed characters are A-Z, hyphen and underscore",
      );
    }
    if (field === 'source-ip' && value.includes(':')) {
      throw new Fault('NotImplemented', 'IPv6 blocks in source-ip conditions are not modelled by Sandtable.');
    }
    if (field === 'source-ip' && !range(value))
      throw invalid(`The 'source-ip' value '${value}' is not a valid CIDR block`);
  }
  if (field !== 'http-header') return { field, values };
  const name = condition.HttpHeaderConfig?.HttpHeaderName ?? '';
  if (name === '') throw invalid("An 'HttpHeaderName' must be specified with 'http-header'");
  if (name.length > LONGEST_NAME)
    throw invalid(`The 'HttpHeaderName' value is too long; the limit is '${LONGEST_NAME}'`);
  return { field, name, values };
}

function fieldOf(condition: WireCondition): Field {
  const given = (Object.keys(CONFIGS) as Field[]).filter((field) => condition[CONFIGS[field]]);
  const field = condition.Field ?? given[0];
  if (field === undefined) throw invalid('A condition field must be specified');
  if (!Object.hasOwn(CONFIGS, field)) {
    throw invalid(`Condition field '${field}' must be one of '[${Object.keys(CONFIGS).join(', ')}]'`);
  }
  if (given.some((other) => other !== field))
    throw invalid(`The '${CONFIGS[given[0] as Field]}' is not compatible with '${field}'`);
  return field as Field;
}

function valuesOf(condition: WireCondition, field: Exclude<Field, 'query-string'>): readonly string[] {
  const config = CONFIGS[field];
  const configured = condition[config]?.Values;
  const takesPlain = field === 'host-header' || field === 'path-pattern';
  if (condition.Values && !takesPlain) throw invalid(`The 'Values' field is not compatible with '${field}'`);
  if (condition.Values && configured) {
    throw invalid(`You cannot provide both Values and '${config}' for a condition of type '${field}'`);
  }
  if (condition.Values && condition.Values.length > 1) {
    throw invalid(`The '${field}' field contains too many values; the limit is '1'`);
  }
  if (!configured && !takesPlain) throw invalid(`A '${config}' must be specified with '${field}'`);
  const values = configured ?? condition.Values ?? [];
  if (values.length === 0)
    throw invalid(
      field === 'source-ip' ? "A 'source-ip' value must be specified" : 'A condition value must be specified',
    );
  return values;
}

function queryPairs(condition: WireCondition): { key: string | null; value: string }[] {
  if (condition.Values) throw invalid("The 'Values' field is not compatible with 'query-string'");
  const pairs = condition.QueryStringConfig?.Values ?? [];
  if (pairs.length === 0) throw invalid("A 'QueryStringConfig' must be specified with 'query-string'");
  return pairs.map(({ Key, Value }) => {
    if (Value === undefined) throw invalid("A 'Value' must be specified in 'QueryStringKeyValuePair'");
    if ((Key ?? '').length > LONGEST_VALUE)
      throw invalid(`The 'Key' value is too long; the limit is '${LONGEST_VALUE}'`);
    if (Value.length > LONGEST_VALUE)
      throw invalid(`The 'Value' value is too long; the limit is '${LONGEST_VALUE}'`);
    return { key: Key ?? null, value: Value };
  });
}

/** A condition as AWS shows it. */
export function showCondition(condition: Condition): ShownCondition {
  if (condition.field === 'query-string') {
    const Values = condition.pairs.map(({ key, value }) =>
      key === null ? { Value: value } : { Key: key, Value: value },
    );
    return { Field: condition.field, QueryStringConfig: { Values } };
  }
  const { field, values: Values } = condition;
  if (field === 'http-header')
    return { Field: field, HttpHeaderConfig: { HttpHeaderName: condition.name, Values } };
  const shown = { Field: field, [CONFIGS[field]]: { Values } };
  return field === 'host-header' || field === 'path-pattern' ? { ...shown, Values } : shown;
}

export function holds(condition: Condition, request: RequestFacts): boolean {
  const [path = '', query = ''] = cut(request.path, '?');
  switch (condition.field) {
    case 'host-header':
      return condition.values.some((value) => like(value.toLowerCase(), request.host.toLowerCase()));
    case 'path-pattern':
      return condition.values.some((value) => like(value, path)); // The one field that minds case.
    case 'http-request-method':
      return condition.values.includes(request.method);
    case 'source-ip':
      return condition.values.some((value) => within(value, request.sourceIp));
    case 'http-header': {
      const sent = Object.entries(request.headers ?? {}).find(
        ([name]) => name.toLowerCase() === condition.name.toLowerCase(),
      );
      return (
        sent !== undefined &&
        condition.values.some((value) => like(value.toLowerCase(), sent[1].toLowerCase()))
      );
    }
    case 'query-string': {
      const given =
        query === ''
          ? []
          : query
              .toLowerCase()
              .split('&')
              .map((pair) => cut(pair, '='));
      return condition.pairs.some(({ key, value }) =>
        given.some(
          ([name = '', text = '']) =>
            (key === null || like(key.toLowerCase(), name)) && like(value.toLowerCase(), text),
        ),
      );
    }
  }
}

function cut(text: string, at: string): [string, string] {
  const place = text.indexOf(at);
  return place < 0 ? [text, ''] : [text.slice(0, place), text.slice(place + 1)];
}

/**
 * Wildcards: `*` stands for any characters, `?` for one, and a backslash takes the next character as it is.
 */
export function like(pattern: string, text: string): boolean {
  let [p, t, star, from] = [0, 0, -1, 0];
  while (t < text.length) {
    const literal = pattern[p] === '\\' && p + 1 < pattern.length;
    const wanted = literal ? pattern[p + 1] : pattern[p];
    if (!literal && wanted === '*') {
      [star, from] = [p, t];
      p += 1;
    } else if (p < pattern.length && ((!literal && wanted === '?') || wanted === text[t])) {
      p += literal ? 2 : 1;
      t += 1;
    } else if (star >= 0) {
      from += 1; // The last star swallows one character more.
      [p, t] = [star + 1, from];
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/** An IPv4 block as first address and size, or nothing. */
function range(block: string): { first: number; size: number } | undefined {
  const [text = '', bits = ''] = cut(block, '/');
  const address = number(text);
  if (address === undefined || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined;
  const size = 2 ** (32 - Number(bits));
  return { first: address - (address % size), size };
}

function within(block: string, ip: string | undefined): boolean {
  const address = ip === undefined ? undefined : number(ip);
  const { first, size } = range(block) ?? { first: 0, size: 0 };
  return address !== undefined && address >= first && address < first + size;
}

function number(ip: string): number | undefined {
  const parts = ip.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255))
    return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

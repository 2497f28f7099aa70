// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html; messages and odd cases follow answers of AWS
// that LocalStack's tests recorded (test_sns_filter_policy.snapshot.json).

import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '#cloud/json.ts';
import { attributesPass, bodyPasses, problemOfFilterPolicy } from './filter-policy.ts';

const passes = (rule: Json, attributes: JsonObject): boolean =>
  attributesPass(JSON.stringify({ key: rule }), attributes);
const body = (policy: object, content: JsonObject): boolean => bodyPasses(JSON.stringify(policy), content);
const problem = (policy: object, scope = 'MessageBody'): string | undefined =>
  problemOfFilterPolicy(JSON.stringify(policy), scope);

describe('filter policies on attributes', () => {
  it.each<[Json, Json | undefined, boolean]>([
    [['a', 'b'], 'b', true],
    [['a'], 'A', false],
    [[{ prefix: 'bas' }], 'baseball', true],
    [[{ suffix: 'ball' }], 'baseball', true],
    [[{ suffix: 'bat' }], 'baseball', false],
    [[{ 'equals-ignore-case': 'tennis' }], 'TENNIS', true],
    [[{ 'anything-but': ['rugby', 'tennis'] }], 'tennis', false],
    [[{ 'anything-but': ['rugby'] }], 'tennis', true],
    [[{ 'anything-but': 'rugby' }], undefined, false],
    [[{ 'anything-but': { prefix: 'order-' } }], 'order-1', false],
    [[{ 'anything-but': [100, 500] }], 101, true],
    [[{ numeric: ['=', 301.5] }], 301.5, true],
    [[{ numeric: ['>', 0, '<=', 150] }], 150, true],
    [[{ numeric: ['>', 0, '<=', 150] }], 150.1, false],
    [[{ numeric: ['<', 1] }], '0', false],
    [[100.123456789], 100.1234567, true],
    [[100.12345], 100.12346, false],
    [[{ exists: true }], 'x', true],
    [[{ exists: false }], 'x', false],
    [[{ exists: false }], undefined, true],
    [[{ cidr: '10.0.0.0/24' }], '10.0.0.255', true],
    [[{ cidr: '10.0.0.0/24' }], '10.0.1.0', false],
    [[{ cidr: '2001:0db8:1234:1a00::/64' }], '2001:db8:1234:1a00:0:0:0:1', true],
    [[{ cidr: '2001:0db8:1234:1a00::/64' }], '2001:db8:1234:1a01::', false],
    [['rugby'], ['tennis', 'rugby'], true],
    [[null], [null], true],
  ])('%o against %o: %o', (rule, value, expected) => {
    expect(passes(rule, value === undefined ? {} : { key: value })).toBe(expected);
  });

  it('need every key, or one alternative of $or', () => {
    const policy = JSON.stringify({
      source: ['aws.cloudwatch'],
      $or: [{ metricName: ['CPUUtilization'] }, { namespace: [{ prefix: 'AWS/' }] }],
    });
    expect(attributesPass(policy, { source: 'aws.cloudwatch', namespace: 'AWS/EC2' })).toBe(true);
    expect(attributesPass(policy, { source: 'aws.cloudwatch', namespace: 'mine' })).toBe(false);
    expect(attributesPass(policy, { metricName: 'CPUUtilization' })).toBe(false);
  });
});

describe('filter policies on bodies', () => {
  it('reach into objects, and ask that one element of a list matches as a whole', () => {
    const policy = {
      Records: { eventName: [{ prefix: 'ObjectCreated:' }], s3: { object: { key: [{ prefix: 'auto-' }] } } },
    };
    const record = (eventName: string, key: string) => ({ eventName, s3: { object: { key } } });
    expect(body(policy, { Records: [record('ObjectCreated:Put', 'auto-1')] })).toBe(true);
    const crossed = [record('ObjectCreated:Put', 'home-1'), record('ObjectRemoved:Delete', 'auto-1')];
    expect(body(policy, { Records: crossed })).toBe(false);
  });

  it('take dots in names for levels', () => {
    expect(body({ 'object.nested': { test: ['x'] } }, { object: { 'nested.test': 'x' } })).toBe(true);
    expect(body({ object: { nested: ['x'] } }, { 'object.nested': 'x' })).toBe(true);
  });

  it('look at leaves only', () => {
    expect(body({ detail: [{ exists: true }] }, { detail: { inner: 1 } })).toBe(false);
    expect(body({ detail: { missing: [{ exists: false }] } }, { resources: [] })).toBe(true);
    expect(body({ detail: [{ exists: false }] }, { detail: [] })).toBe(true);
    expect(body({ detail: { eventVersion: [''] } }, { resources: [], detail: { eventVersion: '' } })).toBe(
      true,
    );
  });
});

describe('filter policies that SNS does not take', () => {
  it.each<[object, string]>([
    [{ key: [['value']] }, 'Match value must be String, number, true, false, or null'],
    [{ key: [{ 'wrong-operator': true }] }, 'Unrecognized match type wrong-operator'],
    [{ key: [{ suffix: 'value', prefix: 'value2' }] }, 'Only one key allowed in match expression'],
    [{ key: [] }, 'Empty arrays are not allowed'],
    [{ key: 'value' }, '"key" must be an object or an array'],
    [{ key: [{ suffix: 100 }] }, 'suffix match pattern must be a string'],
    [{ key: [{ exists: 'no' }] }, 'exists match pattern must be either true or false.'],
    [{ key: [{ cidr: 'bad-filter' }] }, "Malformed CIDR, one '/' required"],
    [{ key: [{ cidr: 'bad-filter/64' }] }, 'Nonstandard IP address: bad-filter'],
    [{ key: [{ cidr: '10.0.0.0/bits' }] }, 'Malformed CIDR, mask bits must be an integer'],
    [{ key: [{ numeric: [] }] }, 'Invalid member in numeric match: ]'],
    [{ key: [{ numeric: [1, '<='] }] }, 'Invalid member in numeric match: 1'],
    [{ key: [{ numeric: ['operator'] }] }, 'Unrecognized numeric range operator: operator'],
    [{ key: [{ numeric: ['=', '000'] }] }, 'Value of equals must be numeric'],
    [{ key: [{ numeric: ['<', 100, '>', 10] }] }, 'Too many elements in numeric expression'],
    [{ key: [{ numeric: ['>=', 1, '>', 2] }] }, 'Bad numeric range operator: >'],
    [{ key: [{ numeric: ['>', 20, 30] }] }, 'Bad value in numeric range: 30'],
    [{ key: [{ numeric: ['>', 20, '<='] }] }, 'Value of <= must be numeric'],
    [{ key: [{ numeric: ['>', 3, '<', 1] }] }, 'Bottom must be less than top'],
    [{ key: [{ numeric: ['>', 20, '<', 30, '<', 50] }] }, 'Too many terms in numeric range expression'],
    [{ key: [{ 'anything-but': { suffix: 'test' } }] }, 'Unsupported anything-but pattern: suffix'],
    [{ key: [{ 'anything-but': { prefix: false } }] }, 'prefix match pattern must be a string'],
  ])('%o', (policy, message) => {
    expect(problem(policy)).toBe(`FilterPolicy: ${message}`);
  });

  it('have more than five keys, or more than 150 combinations, in which nested values count by their depth', () => {
    const values = (count: number) => Array.from({ length: count }, (_, n) => n);
    expect(problem({ a: ['1'], b: ['2'], c: ['3'], d: ['4'], e: ['5'], f: ['6'] })).toBe(
      'FilterPolicy: Filter policy can not have more than 5 keys',
    );
    expect(problem({ a: values(150) })).toBeUndefined();
    expect(problem({ a: values(151) })).toBe('FilterPolicy: Filter policy is too complex');
    const nested = (last: number) => ({ a: { b: { c: values(4) } }, d: { e: values(3) }, f: values(last) });
    expect([problem(nested(2)), problem(nested(3))]).toEqual([
      undefined,
      'FilterPolicy: Filter policy is too complex',
    ]);
    const joined = (spaces: number) => ({
      source: values(3),
      $or: [
        { metricName: values(6) },
        { metricType: values(4), $or: [{ metricId: values(4) }, { spaceId: values(spaces) }] },
      ],
    });
    expect([problem(joined(7)), problem(joined(8))]).toEqual([
      undefined,
      'FilterPolicy: Filter policy is too complex',
    ]);
  });

  it('are nested while they look at attributes', () => {
    expect(problem({ object: { key: ['x'] } }, 'MessageAttributes')).toBe(
      'Filter policy scope MessageAttributes does not support nested filter policy',
    );
  });
});

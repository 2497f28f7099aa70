// Condition operators, multivalued keys, policy variables, wildcards. Expectations: "IAM JSON policy
// elements: Condition operators", "Single-valued vs. multivalued context keys", "Variables and tags",
// "Resource" (IAM User Guide).

import { describe, expect, it } from 'vitest';
import { compileCondition } from '../../src/cloud/iam/conditions.ts';
import {
  compileActions,
  compileResources,
  contextOf,
  emptyContext,
  type ContextValue,
} from '../../src/cloud/iam/match.ts';
import { parseAddress, parseInstant } from '../../src/cloud/iam/values.ts';

function holds(
  operator: string,
  values: string[],
  value: ContextValue | undefined,
  more: object = {},
): boolean {
  const context = contextOf({ 'aws:Key': value, ...more });
  return compileCondition(operator, 'AWS:key', values, true)(context);
}

describe('an operator', () => {
  it.each<[string, string[], string, boolean]>([
    ['StringEquals', ['a', 'b'], 'b', true],
    ['StringEquals', ['a'], 'A', false],
    ['StringEquals', ['a*'], 'ab', false],
    ['StringNotEquals', ['a', 'b'], 'b', false],
    ['StringNotEquals', ['a', 'b'], 'c', true],
    ['StringEqualsIgnoreCase', ['Ab'], 'aB', true],
    ['StringNotEqualsIgnoreCase', ['Ab'], 'aB', false],
    ['StringLike', ['a*c?'], 'a---cd', true],
    ['StringLike', ['a*c?'], 'a---c', false],
    ['StringLike', ['${*}${?}'], '*?', true],
    ['StringLike', ['${*}'], 'x', false],
    ['StringNotLike', ['a*'], 'ab', false],
    ['NumericEquals', ['10'], '10.0', true],
    ['NumericNotEquals', ['10'], '11', true],
    ['NumericLessThan', ['10'], '9', true],
    ['NumericLessThan', ['10'], '10', false],
    ['NumericLessThanEquals', ['10'], '10', true],
    ['NumericGreaterThan', ['10'], '10', false],
    ['NumericGreaterThanEquals', ['10'], '1e1', true],
    ['NumericLessThan', ['10'], 'nine', false],
    ['DateGreaterThan', ['2017-07-01T00:00:00Z'], '2017-07-01T00:00:01Z', true],
    ['DateLessThan', ['2017-07-01T00:00:00Z'], '2017-07-01T00:00:01Z', false],
    ['DateEquals', ['2015-04-01T00:00:00Z'], '1427846400', true],
    ['DateEquals', ['2015-04-01T02:00:00+02:00'], '2015-04-01T00:00:00Z', true],
    ['DateNotEquals', ['2015-04-01T00:00:00Z'], '2015-04-02T00:00:00Z', true],
    ['DateLessThanEquals', ['2015-04-01'], '2015-04-01T00:00:00Z', true],
    ['DateGreaterThanEquals', ['2015-04-01'], '2015-03-31T23:59:59Z', false],
    ['Bool', ['true'], 'TRUE', true],
    ['Bool', ['true'], 'false', false],
    ['BinaryEquals', ['QmluYXJ5VmFsdWVJbkJhc2U2NA=='], 'QmluYXJ5VmFsdWVJbkJhc2U2NA==', true],
    ['IpAddress', ['203.0.113.0/24', '2001:DB8:1234:5678::/64'], '203.0.113.77', true],
    ['IpAddress', ['203.0.113.0/24', '2001:DB8:1234:5678::/64'], '2001:db8:1234:5678:0:1:2:3', true],
    ['IpAddress', ['203.0.113.0/24'], '203.0.114.1', false],
    ['IpAddress', ['0.0.0.0/0'], '8.8.8.8', true],
    ['IpAddress', ['10.0.0.0/33'], '10.0.0.1', false],
    ['NotIpAddress', ['203.0.113.0/24'], '203.0.113.77', false],
    ['NotIpAddress', ['203.0.113.0/24'], '::1', true],
    ['ArnEquals', ['arn:aws:sns:*:123456789012:topic*'], 'arn:aws:sns:us-east-1:123456789012:topic-1', true],
    ['ArnLike', ['arn:aws:sns:*:topic'], 'arn:aws:sns:us-east-1:123456789012:topic', false],
    ['ArnLike', ['arn:aws:iam::123456789012:role/*'], 'arn:aws:iam::123456789012:role/a:b', true],
    ['ArnNotEquals', ['arn:aws:sns:*:*:*'], 'arn:aws:sqs:us-east-1:123456789012:q', true],
    ['ArnNotLike', ['arn:aws:sns:*:*:*'], 'arn:aws:sns:us-east-1:123456789012:q', false],
    ['Null', ['true'], 'x', false],
    ['Null', ['false'], 'x', true],
  ])('%s %j over %s is %s', (operator, values, value, expected) => {
    expect(holds(operator, values, value)).toBe(expected);
    if (operator !== 'Null') expect(holds(`${operator}IfExists`, values, value)).toBe(expected);
  });

  it.each<[string, boolean]>([
    ['StringEquals', false],
    ['StringNotEquals', true],
    ['StringNotLike', true],
    ['NumericNotEquals', true],
    ['DateNotEquals', true],
    ['NotIpAddress', true],
    ['ArnNotLike', true],
    ['Bool', false],
    ['ArnLike', false],
    ['StringEqualsIfExists', true],
    ['BoolIfExists', true],
    ['ForAllValues:StringEquals', true],
    ['ForAnyValue:StringEquals', false],
    ['ForAnyValue:StringNotEquals', false],
    ['ForAnyValue:StringEqualsIfExists', true],
  ])('%s over a missing key is %s', (operator, expected) => {
    expect(holds(operator, ['true'], undefined)).toBe(expected);
  });

  it('Null asks whether the key is there', () => {
    expect(holds('Null', ['true'], undefined)).toBe(true);
    expect(holds('Null', ['false'], [])).toBe(false);
  });

  it.each<[string, string[], boolean]>([
    ['ForAllValues:StringEquals', ['a', 'b'], true],
    ['ForAllValues:StringEquals', ['a', 'z'], false],
    ['ForAllValues:StringEquals', [], true],
    ['ForAnyValue:StringEquals', ['a', 'z'], true],
    ['ForAnyValue:StringEquals', ['y', 'z'], false],
    ['ForAllValues:StringNotEquals', ['y', 'z'], true],
    ['ForAllValues:StringNotEquals', ['a', 'z'], false],
    ['ForAnyValue:StringNotEquals', ['a', 'z'], true],
    ['ForAnyValue:StringNotEquals', ['a', 'b'], false],
  ])('%s ["a","b","c"] over the values %j is %s', (operator, values, expected) => {
    expect(holds(operator, ['a', 'b', 'c'], values)).toBe(expected);
  });
});

describe('a policy variable', () => {
  const user = { 'aws:username': 'Ana*' };

  it('stands for a value of the request, whose wildcards are plain text', () => {
    expect(holds('StringEquals', ['${aws:UserName}'], 'Ana*', user)).toBe(true);
    expect(holds('StringLike', ['${aws:username}/*'], 'Ana*/x', user)).toBe(true);
    expect(holds('StringLike', ['${aws:username}/*'], 'Anabel/x', user)).toBe(false);
  });

  it('without a value matches nothing, unless it has a default', () => {
    expect(holds('StringLike', ['${aws:username}*'], 'x')).toBe(false);
    expect(holds('StringEquals', ["${aws:username, 'nobody'}"], 'nobody')).toBe(true);
    const resources = ['arn:aws:s3:::b/${aws:username}/*'];
    expect(compileResources(resources, true)('arn:aws:s3:::b//x', emptyContext)).toBe(false);
    expect(compileResources(resources, true)('arn:aws:s3:::b/Ana*/x', contextOf(user))).toBe(true);
  });

  it('is plain text in a policy of the older version', () => {
    const matches = compileResources(['arn:aws:s3:::${aws:username}'], false);
    expect(matches('arn:aws:s3:::${aws:username}', contextOf(user))).toBe(true);
    expect(matches('arn:aws:s3:::Ana*', contextOf(user))).toBe(false);
  });

  it('cannot be a multivalued key', () => {
    expect(holds('StringEquals', ['${aws:TagKeys}'], 'a', { 'aws:TagKeys': ['a', 'b'] })).toBe(false);
  });
});

describe('an action pattern', () => {
  it.each<[string, string, boolean]>([
    ['*', 's3:GetObject', true],
    ['s3:*', 's3:GetObject', true],
    ['S3:getobject', 's3:GetObject', true],
    ['s3:Get*', 's3:GetObject', true],
    ['s3:*Object', 's3:GetObject', true],
    ['s3:Get?bject', 's3:GetObject', true],
    ['s3:Get', 's3:GetObject', false],
    ['s3:*Version', 's3:GetObject', false],
    ['s*:GetObject', 's3:GetObject', true],
    ['sns:*', 's3:GetObject', false],
    ['iam:*AccessKey*', 'iam:UpdateAccessKey', true],
  ])('%s over %s is %s', (pattern, action, expected) => {
    const [service = '', name = ''] = action.toLowerCase().split(':');
    expect(compileActions([pattern])(service, name)).toBe(expected);
  });
});

describe('a resource pattern', () => {
  it.each<[string, string, boolean]>([
    ['*', '*', true],
    ['*', 'arn:aws:s3:::b', true],
    ['arn:aws:s3:::*', '*', false],
    ['arn:aws:s3:::b/*', 'arn:aws:s3:::b/x/y', true],
    ['arn:aws:s3:::b', 'arn:aws:s3:::b/x', false],
    ['arn:aws:s3:::B', 'arn:aws:s3:::b', false],
    ['arn:aws:s3:::DOC-*-BUCKET/*/test/*', 'arn:aws:s3:::DOC-EXAMPLE-BUCKET/1/test/2/3.jpg', true],
    ['arn:aws:s3:::DOC-*-BUCKET/*/test/*', 'arn:aws:s3:::DOC-EXAMPLE-BUCKET/1/2/3.jpg', false],
    ['arn:aws:sqs:*:*:q', 'arn:aws:sqs:us-east-1:123456789012:q', true],
    ['arn:aws:sqs:us-*-1:123456789012:q', 'arn:aws:sqs:us-east-1:123456789012:q', true],
    ['arn:aws:sqs:us-*1:q', 'arn:aws:sqs:us-east-1:1:q', false],
    ['arn:aws:sqs:*:q', 'arn:aws:sqs:us-east-1:123456789012:q', true],
    ['arn:aws:sqs:*', 'arn:aws:sqs:us-east-1:123456789012:q', true],
    ['arn:aws:s*', 'arn:aws:sqs:us-east-1:123456789012:q', true],
    ['arn:aws:logs:*:*:log-group:/a/*:*', 'arn:aws:logs:us-east-1:1:log-group:/a/b:log-stream:c', true],
    ['arn:aws:sns:*:*:t?', 'arn:aws:sns:eu-west-1:123456789012:t', false],
  ])('%s over %s is %s', (pattern, resource, expected) => {
    expect(compileResources([pattern], true)(resource, emptyContext)).toBe(expected);
  });

  it('takes a time that does not explode with its wildcards', () => {
    const matches = compileResources([`arn:aws:s3:::${'*a'.repeat(40)}b`], true);
    expect(matches(`arn:aws:s3:::${'a'.repeat(2000)}`, emptyContext)).toBe(false);
  });
});

describe('values', () => {
  it('of dates agree with Date', () => {
    for (const text of ['2024-02-29T23:59:59.5Z', '1969-12-31T23:59:59Z', '2016-12-13T02:00:00+10:03']) {
      expect(parseInstant(text)).toBe(Date.parse(text));
    }
    for (const text of ['2023-02-29', '2024-13-01', '2024-01-01T24:00:00Z', 'now', '']) {
      expect(parseInstant(text)).toBeUndefined();
    }
  });

  it('of addresses know both families', () => {
    expect(parseAddress('::ffff:10.0.0.1')).toEqual({ words: [0, 0, 0, 0, 0, 65_535, 2560, 1], bits: 128 });
    for (const text of ['1.2.3', '256.0.0.1', ':::', '1::2::3', '1:2:3:4:5:6:7:8:9', '1.2.3.4/', 'x']) {
      expect(parseAddress(text)).toBeUndefined();
    }
  });
});

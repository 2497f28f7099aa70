import { expect, it } from 'vitest';
import { holds, like, parseConditions } from './conditions.ts';
import type { RequestFacts } from './conditions.ts';

const REQUEST: RequestFacts = {
  host: 'Shop.Example.com',
  path: '/img/Cat.png?Size=big&v=2',
  method: 'GET',
  headers: { 'User-Agent': 'Mozilla Phone' },
  sourceIp: '10.1.2.3',
};

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
it('matches each field as AWS does', () => {
  const matches = (condition: Parameters<typeof holds>[0]): boolean => holds(condition, REQUEST);
  expect(matches({ field: 'host-header', values: ['*.example.com'] })).toBe(true);
  expect(matches({ field: 'host-header', values: ['example.com'] })).toBe(false);
  expect(matches({ field: 'path-pattern', values: ['/img/*'] })).toBe(true);
  expect(matches({ field: 'path-pattern', values: ['/IMG/*'] })).toBe(false);
  expect(matches({ field: 'path-pattern', values: ['/img/Cat.???'] })).toBe(true);
  expect(matches({ field: 'http-header', name: 'user-agent', values: ['*phone*'] })).toBe(true);
  expect(matches({ field: 'http-request-method', values: ['POST', 'GET'] })).toBe(true);
  expect(matches({ field: 'query-string', pairs: [{ key: 'size', value: 'BIG' }] })).toBe(true);
  expect(matches({ field: 'query-string', pairs: [{ key: null, value: '3' }] })).toBe(false);
  expect(matches({ field: 'source-ip', values: ['192.168.0.0/16', '10.1.0.0/16'] })).toBe(true);
  expect(matches({ field: 'source-ip', values: ['10.2.0.0/16'] })).toBe(false);
});

it('lets a star stand for anything and a backslash take a wildcard as it is', () => {
  expect(like('a*b*c', 'aXbYbZc')).toBe(true);
  expect(like('a*b*c', 'aXbYbZ')).toBe(false);
  expect(like('*', '')).toBe(true);
  expect(like('a\\*', 'a*')).toBe(true);
  expect(like('a\\*', 'ab')).toBe(false);
});

it('refuses conditions in the words of AWS', () => {
  expect(() => parseConditions([{ Field: 'nope', Values: ['x'] }])).toThrow(/must be one of/);
  expect(() => parseConditions([{ Field: 'path-pattern' }])).toThrow('A condition value must be specified');
  expect(() => parseConditions([{ Field: 'host-header', Values: ['a', 'b'] }])).toThrow(
    "The 'host-header' field contains too many values; the limit is '1'",
  );
  expect(() => parseConditions([{ Field: 'source-ip', Values: ['10.0.0.0/8'] }])).toThrow(
    "The 'Values' field is not compatible with 'source-ip'",
  );
  expect(() => parseConditions([{ Field: 'source-ip', SourceIpConfig: { Values: [] } }])).toThrow(
    "A 'source-ip' value must be specified",
  );
  const method = { Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['X'.repeat(50)] } };
  expect(() => parseConditions([method])).toThrow(
    "The 'http-request-method' value is too long; the limit is '40'",
  );
  expect(() =>
    parseConditions([
      { Field: 'path-pattern', PathPatternConfig: { Values: ['1', '2', '3', '4', '5', '6'] } },
    ]),
  ).toThrow("A rule can only have '5' condition values");
});

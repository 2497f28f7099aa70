// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html; messages and some of the less
// obvious cases follow answers of AWS that LocalStack's tests recorded (test_events_patterns.snapshot.json).

import { describe, expect, it } from 'vitest';
import { matches } from '#cloud/event-patterns/match.ts';
import type { JsonObject } from '#cloud/json.ts';
import { problemOfPattern, sourcesOf } from './pattern.ts';

const fits = (rule: unknown, value: unknown): boolean => {
  const pattern = { detail: { a: rule } } as JsonObject;
  expect(problemOfPattern(JSON.stringify(pattern))).toBeUndefined();
  return matches(pattern, (value === undefined ? { detail: {} } : { detail: { a: value } }) as JsonObject);
};

describe('event patterns', () => {
  it.each([
    [['x', 'y'], 'y', 'z'],
    [[300], 300, '300'],
    [[true], true, 'true'],
    [[null], null, undefined],
    [['x'], ['w', 'x'], ['w']],
    [[{ prefix: 'ab' }], 'abc', 'cab'],
    [[{ prefix: { 'equals-ignore-case': 'ab' } }], 'ABc', 'cab'],
    [[{ suffix: '.png' }], 'a.png', 'a.PNG'],
    [[{ suffix: { 'equals-ignore-case': '.png' } }], 'a.PNG', 'a.gif'],
    [[{ 'equals-ignore-case': 'alice' }], 'ALICE', 'bob'],
    [[{ 'anything-but': 'x' }], 'y', 'x'],
    [[{ 'anything-but': ['x', 1] }], 2, 1],
    [[{ 'anything-but': { prefix: ['a', 'b'] } }], 'cb', 'bc'],
    [[{ 'anything-but': { suffix: 'z' } }], 'za', 'az'],
    [[{ 'anything-but': { 'equals-ignore-case': ['x'] } }], 'y', 'X'],
    [[{ 'anything-but': { wildcard: '*/lib/*' } }], 'a/b', 'a/lib/b'],
    [[{ numeric: ['>', 0, '<=', 5] }], 5, 0],
    [[{ numeric: ['=', 3.5] }], 3.5, 3],
    [[{ exists: true }], null, undefined],
    [[{ exists: false }], undefined, 'x'],
    // Only leaves exist.
    [[{ exists: false }], { b: 1 }, ['x']],
    [[{ exists: true }], ['x'], []],
    [[{ exists: false }], [], ['x']],
    [[{ 'anything-but': 'x' }], null, [{ b: 1 }]],
    [[{ cidr: '10.0.0.0/24' }], '10.0.0.255', '10.0.1.0'],
    [[{ cidr: '10.0.0.0/024' }], '10.0.0.1', '10.0.0.0/25'],
    [[{ cidr: '2001:db8::/32' }], '2001:db8:1::1', '10.0.0.1'],
    [[{ wildcard: 'dir/*.p?g' }], 'dir/x.p?g', 'dir/x.png'],
    [[{ wildcard: '*a*a*' }], 'baba', 'bab'],
    [[{ wildcard: 'ab*ba' }], 'abba', 'aba'],
    [[{ wildcard: '\\**' }], '*x', 'x'],
    [['x', { numeric: ['<', 0] }], -1, 'y'],
  ])('%j matches %j and not %j', (rule, yes, no) => {
    expect([fits(rule, yes), fits(rule, no)]).toEqual([true, false]);
  });

  it('match objects in a list one by one', () => {
    const pattern = { detail: { items: { id: ['1'], state: ['new'] } } };
    const event = (...items: object[]) => ({ detail: { items } }) as unknown as JsonObject;
    expect(matches(pattern, event({ id: '2' }, { id: '1', state: 'new' }))).toBe(true);
    expect(matches(pattern, event({ id: '1', state: 'old' }, { id: '2', state: 'new' }))).toBe(false);
  });

  it('have alternatives', () => {
    const pattern = { source: ['s'], $or: [{ detail: { a: [1] } }, { detail: { b: [{ exists: true }] } }] };
    const event = (detail: JsonObject): JsonObject => ({ source: 's', detail });
    expect([{ a: 1 }, { b: 0 }, { a: 2 }].map((detail) => matches(pattern, event(detail)))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('reach into objects by dots', () => {
    expect(matches({ 'detail.a': ['x'] }, { detail: { a: 'x' } })).toBe(true);
  });

  it.each([
    ['words', 'Filter is not valid JSON'],
    ['["a"]', 'Filter is not an object'],
    ['{"a":1}', '"a" must be an object or an array'],
    ['{"a":[]}', 'Empty arrays are not allowed'],
    ['{"a":[["x"]]}', 'Match value must be String, number, true, false, or null'],
    ['{"a":[{"prefix":"x","suffix":"y"}]}', 'Only one key allowed in match expression'],
    ['{"a":[{"EXISTS":true}]}', 'Unrecognized match type EXISTS'],
    ['{"a":[{"exists":"true"}]}', 'exists match pattern must be either true or false.'],
    ['{"a":[{"numeric":5}]}', 'Value of numeric must be an array.'],
    ['{"a":[{"numeric":[">",0,"<"]}]}', 'Value of < must be numeric'],
    ['{"a":[{"numeric":[">",0,">",5]}]}', 'Bad numeric range operator: >'],
    ['{"a":[{"wildcard":"a**"}]}', 'Consecutive wildcard characters at pos 2'],
    ['{"a":[{"cidr":"10.0.0.0"}]}', "Malformed CIDR, one '/' required"],
    ['{"a":[{"cidr":"xx/8"}]}', 'Nonstandard IP address: xx'],
    [
      '{"a":[{"anything-but":null}]}',
      'Value of anything-but must be an array or single string/number value.',
    ],
    ['{"a":[{"anything-but":[true]}]}', 'Inside anything but list, start|null|boolean is not supported.'],
    ['{"a":[{"anything-but":{"prefix":""}}]}', 'Null prefix/suffix not allowed'],
    ['{"a":[{"anything-but":{"prefix":[1]}}]}', 'prefix/suffix match pattern must be a string'],
  ])('cannot be %s', (text, problem) => {
    expect(problemOfPattern(text)).toBe(problem);
  });

  it('tell the sources that they confine themselves to', () => {
    expect(sourcesOf({ source: ['a', 'b'] })).toEqual(['a', 'b']);
    expect(sourcesOf({ source: [{ prefix: 'a' }] })).toBeUndefined();
    expect(sourcesOf({ 'detail-type': ['a'] })).toBeUndefined();
  });
});

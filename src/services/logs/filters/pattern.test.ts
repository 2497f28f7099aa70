import { TestMetricFilterCommand } from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import { stage } from '../test-stand.ts';
import { LogMessage } from './log-message.ts';
import { match, parsePattern } from './pattern.ts';
import { regularExpression } from './regular-expression.ts';

const matches = (pattern: string, message: string): boolean =>
  match(parsePattern(pattern), new LogMessage(message)) !== undefined;
const INVALID = 'Invalid filter pattern';

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-unstructured-log-events.html
describe('terms', () => {
  it.each([
    ['', 'anything', true],
    [' ', 'anything', true],
    ['ERROR', '[ERROR] A fatal exception has occurred', true],
    ['ERROR', 'Exiting with ERRORCODE: -1', true],
    ['ERROR', 'an error', false],
    ['ERROR Exception', '[ERROR] Unhandled Exception', true],
    ['ERROR Exception', '[ERROR] Exiting', false],
    ['ERROR -Exiting', 'Exiting with ERRORCODE: -1', false],
    ['ERROR -Exiting', '[ERROR] A fatal exception has occurred', true],
    ['-Exiting', 'all is well', true],
    ['"INTERNAL SERVER ERROR"', '[ERROR 500] INTERNAL SERVER ERROR', true],
    ['"INTERNAL SERVER ERROR"', '[ERROR 500] INTERNAL ERROR SERVER', false],
    ['-"[INFO]" "a \\"b\\""', '[WARN] a "b"', true],
    ['?ERROR ?WARN', 'WARN message', true],
    ['?ERROR ?WARN', 'INFO message', false],
    // Beside other terms the question mark is ignored.
    ['?ERROR REQUEST', 'BAD REQUEST', true],
    ['%AUTHORIZED%', '[ERROR 401] UNAUTHORIZED REQUEST', true],
  ])('%j on %j: %s', (pattern, message, expected) => {
    expect(matches(pattern, message)).toBe(expected);
  });

  it.each(['"open', 'status:500', 'a | b', '%(a)%', '- "a"', '%a% %b% %c%'])(
    '%j is no pattern',
    (pattern) => {
      expect(() => parsePattern(pattern)).toThrow(INVALID);
    },
  );
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
describe('JSON patterns', () => {
  const trail = JSON.stringify({
    eventType: 'UpdateTrail',
    sourceIPAddress: '111.111.111.111',
    arrayKey: ['value', 'another value'],
    objectList: [
      { name: 'a', id: 1 },
      { name: 'b', id: 2 },
    ],
    SomeObject: null,
    ThisFlag: true,
    'cluster.name': 'c',
    latency: 0.055,
    errorCode: 400,
  });
  const people = JSON.stringify({
    user: { id: 1, email: 'John.Stiles@example.com' },
    users: [
      { id: 2, email: 'John.Doe@example.com' },
      { id: 3, email: 'Jane.Doe@example.com' },
    ],
    actions: ['GET', 'PUT', 'DELETE'],
    coordinates: [
      [0, 1, 2],
      [4, 5, 6],
      [7, 8, 9],
    ],
  });

  it.each([
    ['{ $.eventType = "UpdateTrail" }', true],
    ['{$.eventType="UpdateTrail"}', true],
    ['{ $.eventType = Update* }', true],
    ['{ $.eventType = *Trail }', true],
    ['{ $.eventType = "*dateTr*" }', true],
    ['{ $.eventType = Up*Trail }', false],
    ['{ $.eventType = * }', true],
    ['{ $.eventType = %^Update[A-Z]% }', true],
    ['{ $.sourceIPAddress != 123.123.* }', true],
    ['{ $.sourceIPAddress != 111.* }', false],
    ['{ $.arrayKey[0] = "value" }', true],
    ['{ $.arrayKey[2] = "value" }', false],
    ['{ $.arrayKey[*] = "another value" }', true],
    ['{ $.objectList[1].id = 2 }', true],
    ['{ $.objectList[*].name = "b" }', true],
    ["{ $.['cluster.name'] = c }", true],
    ['{ $.SomeObject IS NULL }', true],
    ['{ $.eventType IS NULL }', false],
    ['{ $.SomeOtherObject NOT EXISTS }', true],
    ['{ $.SomeObject NOT EXISTS }', false],
    ['{ $.ThisFlag IS TRUE }', true],
    ['{ $.ThisFlag IS FALSE }', false],
    ['{ $.latency < 10e-2 }', true],
    ['{ $.latency >= 0.06 }', false],
    ['{ $.errorCode = 400 }', true],
    ['{ $.errorCode = 4e2 }', true],
    ['{ $.errorCode != 500 }', true],
    ['{ $.errorCode > +399.5 && $.errorCode <= 400 }', true],
    ['{ $.errorCode = 4* }', true],
    // Arrays and objects are neither equal nor unequal to anything.
    ['{ $.arrayKey = 1 }', false],
    ['{ $.arrayKey != 1 }', false],
  ])('%s: %s', (pattern, expected) => {
    expect(matches(pattern, trail)).toBe(expected);
  });

  it.each([
    ['{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', true],
    ['{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', false],
    [
      '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }',
      true,
    ],
    [
      '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }',
      false,
    ],
    ['{ $.coordinates[1][2] = 6 }', true],
  ])('compounds: %s: %s', (pattern, expected) => {
    expect(matches(pattern, people)).toBe(expected);
  });

  it('match no message that is not JSON', () => {
    expect(matches('{ $.a NOT EXISTS }', 'plain')).toBe(false);
    expect(matches('{ $.a NOT EXISTS }', '{"a": ')).toBe(false);
  });

  it.each([
    '{ }',
    '{ $.a }',
    '{ $.a = }',
    "{ $.a = 'single' }",
    '{ $.a EXISTS }',
    '{ $.a IS NOT NULL }',
    '{ $.a > b }',
    '{ a = b }',
    '{ $.a = b',
    '{ ($.a = b }',
    '{ $.a[*].b[*] = 1 }',
  ])('%s is no pattern', (pattern) => {
    expect(() => parsePattern(pattern)).toThrow(INVALID);
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-space-delimited-log-events.html
describe('patterns of fields', () => {
  const line = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534';

  it.each([
    ['[ip, user, username, timestamp, request, status_code, bytes]', true],
    ['[ip, user, username, timestamp, request, status_code]', false],
    ['[..., status_code, bytes]', true],
    ['[ip, user, ..., status_code, bytes]', true],
    ['[ip, user, ...]', true],
    ['[ip, user, username, timestamp, request, status_code, bytes > 1000]', true],
    ['[ip, user, username, timestamp, request, status_code = 200, bytes]', false],
    ['[ip, user, username, timestamp, request = *html*, status_code = 4*, bytes]', true],
    ['[..., status_code = 4* && status_code != 403, bytes]', true],
    ['[..., status_code = 4* && status_code != 404, bytes]', false],
    ['[..., status_code = 200 || status_code = 404, bytes]', true],
    ['[ip = %127\\.0\\.0\\.[0-9]%, ...]', true],
  ])('%s: %s', (pattern, expected) => {
    expect(matches(pattern, line)).toBe(expected);
  });

  it('may not compare another field than their own', () => {
    // https://github.com/awsdocs/amazon-cloudwatch-logs-user-guide/issues/21
    expect(() => parsePattern('[ip, status_code = 4* && bytes > 1000]')).toThrow(INVALID);
    expect(() => parsePattern('[..., a, ...]')).toThrow(INVALID);
  });

  it('name what they extract, or number it', async () => {
    const { logs } = await stage();
    const { matches: found } = await logs.send(
      new TestMetricFilterCommand({
        filterPattern: '[..., request=*.html*, status_code=4*,]',
        logEventMessages: ['nothing of the kind', line],
      }),
    );
    expect(found).toEqual([
      {
        eventNumber: 2,
        eventMessage: line,
        extractedValues: {
          $1: '127.0.0.1',
          $2: '-',
          $3: 'frank',
          $4: '10/Oct/2000:13:25:15 -0700',
          $request: 'GET /index.html HTTP/1.0',
          $status_code: '404',
          $7: '1534',
        },
      },
    ]);
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html
describe('regular expressions', () => {
  it.each([
    ['^[hc]at', 'hat stand', true],
    ['^[hc]at', 'that', false],
    ['[hc]at$', 'a cat', true],
    ['[hc]at$', 'cats', false],
    ['colou?r', 'color', true],
    ['[abcx-z]1', 'y1', true],
    ['[^abc]at', 'cat', false],
    ['^a{3,5}$', 'aaaa', true],
    ['^a{3,5}$', 'aaaaaa', false],
    ['gray|grey', 'a grey cat', true],
    ['10\\.10\\.0\\.1', '10.10.0.1', true],
    ['10\\.10\\.0\\.1', '10x10.0.1', false],
    ['[a-z]+[0-9]*$', 'abc', true],
    ['\\d{2}\\s\\w', 'at 42 x', true],
    ['\\x41', 'A', true],
    ['a.c', 'abc', true],
    ['^$', '', true],
  ])('%s on %j: %s', (source, text, expected) => {
    expect(regularExpression(source)?.(text)).toBe(expected);
    // The language's own engine agrees.
    expect(new RegExp(source, 'u').test(text)).toBe(expected);
  });

  it.each(['(a)', 'something!', 'a{3,1}', '[z-a]', '[]', '*a', 'é', '\\b'])(
    '%s is not supported',
    (source) => {
      expect(regularExpression(source)).toBeUndefined();
    },
  );

  it('take no longer on expressions that would set a backtracking engine back', () => {
    const test = regularExpression(`${'a*'.repeat(30)}b`);
    expect(test?.('a'.repeat(5000))).toBe(false);
  });
});

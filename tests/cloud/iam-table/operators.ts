// Condition operators. Each row is tried in an Allow and, the other way round, in a Deny.

import type { ContextValue } from '#cloud/iam/match.ts';
import type { Page, Request, Situation } from './row.ts';
import { allow, deny, GUIDE } from './row.ts';

const page = `${GUIDE}reference_policies_elements_condition_operators.html`;
const KEY = 'aws:PrincipalTag/Key';

/** Whether the condition holds for a value of the key, undefined where the request has no such key. */
type Holds = readonly [value: ContextValue | undefined, holds: boolean];

/** The condition in an Allow, then in a Deny. */
export function operator(
  name: string,
  values: unknown,
  holds: readonly Holds[],
  key: string = KEY,
): Situation[] {
  const condition = { [name]: { [key]: values } };
  const request = (value: ContextValue | undefined): Request => ({
    given: value === undefined ? {} : { 'AWS:principaltag/KEY': value },
  });
  const that = `${name} ${JSON.stringify(values)}`;
  return [
    {
      that,
      identity: [allow('s3:GetObject', '*', condition)],
      rows: holds.map(([value, held]) => [held ? 'allow' : 'deny', request(value)]),
    },
    {
      that: `${that} in a Deny`,
      identity: [allow('*'), deny('s3:GetObject', '*', condition)],
      rows: holds.map(([value, held]) => [held ? 'explicit deny' : 'allow', request(value)]),
    },
  ];
}

const strings: Page = {
  page: `${page}#Conditions_String`,
  situations: [
    ...operator(
      'StringEquals',
      ['a', 'b'],
      [
        ['a', true],
        ['b', true],
        ['A', false],
        ['', false],
        [undefined, false],
      ],
    ),
    ...operator('StringEquals', 'a*', [
      ['ab', false],
      ['a*', true],
    ]),
    ...operator(
      'StringNotEquals',
      ['a', 'b'],
      [
        ['a', false],
        ['b', false],
        ['A', true],
        [undefined, true],
      ],
    ),
    ...operator('StringEqualsIgnoreCase', 'AbC', [
      ['aBc', true],
      ['abcd', false],
      [undefined, false],
    ]),
    ...operator('StringNotEqualsIgnoreCase', 'AbC', [
      ['aBc', false],
      ['abcd', true],
      [undefined, true],
    ]),
    ...operator(
      'StringLike',
      ['a*', '?b'],
      [
        ['a', true],
        ['abc', true],
        ['cb', true],
        ['bb', true],
        ['b', false],
      ],
    ),
    ...operator('StringLike', 'home/', [
      ['home/', true],
      ['home/x', false],
      ['HOME/', false],
      [undefined, false],
    ]),
    ...operator('StringNotLike', 'a*', [
      ['abc', false],
      ['b', true],
      [undefined, true],
    ]),
  ],
};

const numbers: Page = {
  page: `${page}#Conditions_Numeric`,
  situations: [
    ...operator('NumericEquals', '10', [
      ['10', true],
      ['10.0', true],
      ['11', false],
      ['ten', false],
      [undefined, false],
    ]),
    ...operator('NumericNotEquals', 10, [
      ['10', false],
      ['11', true],
      [undefined, true],
    ]),
    ...operator('NumericLessThan', '10', [
      ['9', true],
      ['10', false],
      ['-1', true],
      [undefined, false],
    ]),
    ...operator('NumericLessThanEquals', '10', [
      ['10', true],
      ['10.1', false],
    ]),
    ...operator('NumericGreaterThan', '10', [
      ['10', false],
      ['100', true],
      ['9', false],
      [undefined, false],
    ]),
    ...operator('NumericGreaterThanEquals', '10', [
      ['10', true],
      ['9.9', false],
    ]),
  ],
};

const AT = '2026-01-05T00:00:00Z';
const dates: Page = {
  page: `${page}#Conditions_Date`,
  situations: [
    ...operator('DateEquals', AT, [
      [AT, true],
      ['1767571200', true],
      ['2026-01-05T00:00:01Z', false],
      [undefined, false],
    ]),
    ...operator('DateNotEquals', AT, [
      [AT, false],
      ['2026-01-05T00:00:01Z', true],
      [undefined, true],
    ]),
    ...operator('DateLessThan', AT, [
      ['2026-01-04T23:59:59Z', true],
      [AT, false],
      [undefined, false],
    ]),
    ...operator('DateLessThanEquals', AT, [
      [AT, true],
      ['2026-01-05T01:00:00+01:00', true],
      ['2026-01-06', false],
    ]),
    ...operator('DateGreaterThan', AT, [
      ['2026-01-05T00:00:01Z', true],
      [AT, false],
      ['soon', false],
    ]),
    ...operator('DateGreaterThanEquals', '1767571200', [
      [AT, true],
      ['2025-12-31T00:00:00Z', false],
    ]),
  ],
};

const booleans: Page = {
  page: `${page}#Conditions_Boolean`,
  situations: [
    ...operator('Bool', 'true', [
      ['true', true],
      ['false', false],
      [undefined, false],
    ]),
    ...operator('Bool', false, [
      ['false', true],
      ['true', false],
      [undefined, false],
    ]),
    ...operator('BoolIfExists', 'false', [
      ['false', true],
      ['true', false],
      [undefined, true],
    ]),
    ...operator('Null', 'true', [
      [undefined, true],
      ['x', false],
    ]),
    ...operator('Null', 'false', [
      [undefined, false],
      ['x', true],
    ]),
    ...operator('BinaryEquals', 'QmluYXJ5', [
      ['QmluYXJ5', true],
      ['qmluyxj5', false],
      [undefined, false],
    ]),
  ],
};

const addresses: Page = {
  page: `${page}#Conditions_IPAddress`,
  situations: [
    ...operator('IpAddress', '203.0.113.0/24', [
      ['203.0.113.0', true],
      ['203.0.113.255', true],
      ['203.0.114.0', false],
      ['2001:db8::1', false],
      ['203.0.113', false],
      [undefined, false],
    ]),
    ...operator('IpAddress', '203.0.113.7', [
      ['203.0.113.7', true],
      ['203.0.113.8', false],
    ]),
    ...operator(
      'NotIpAddress',
      ['203.0.113.0/24', '2001:db8:1234:5678::/64'],
      [
        ['203.0.113.9', false],
        ['203.0.114.9', true],
        ['2001:db8:1234:5678::9', false],
        ['2001:db8:1234:5679::9', true],
        [undefined, true],
      ],
    ),
    ...operator('IpAddress', '2001:DB8:1234:5678::/64', [
      ['2001:0db8:1234:5678:0:0:0:1', true],
      ['::1', false],
    ]),
  ],
};

const topic = 'arn:aws:sns:us-east-1:111111111111:news';
const arns: Page = {
  page: `${page}#Conditions_ARN`,
  situations: [
    ...operator('ArnEquals', topic, [
      [topic, true],
      [`${topic}2`, false],
      [topic.toUpperCase(), false],
      [undefined, false],
    ]),
    ...operator('ArnLike', 'arn:aws:sns:*:111111111111:ne?s', [
      [topic, true],
      [topic.replace('news', 'nes'), false],
    ]),
    ...operator('ArnEquals', 'arn:aws:sns:us-east-1:*:news', [
      [topic, true],
      ['arn:aws:sqs:us-east-1:1:news', false],
    ]),
    ...operator('ArnLike', 'arn:aws:sns:*:news', [[topic, false]]),
    ...operator('ArnNotEquals', topic, [
      [topic, false],
      [`${topic}2`, true],
      [undefined, true],
    ]),
    ...operator('ArnNotLike', 'arn:aws:sns:*:*:*', [
      [topic, false],
      ['arn:aws:sqs:us-east-1:1:q', true],
      [undefined, true],
    ]),
  ],
};

const ifExists: Page = {
  page: `${page}#Conditions_IfExists`,
  situations: [
    ...operator('StringEqualsIfExists', 'a', [
      ['a', true],
      ['b', false],
      [undefined, true],
    ]),
    ...operator('StringNotEqualsIfExists', 'a', [
      ['a', false],
      ['b', true],
      [undefined, true],
    ]),
    ...operator('StringLikeIfExists', 'a*', [
      ['ab', true],
      ['b', false],
      [undefined, true],
    ]),
    ...operator('NumericLessThanIfExists', '10', [
      ['9', true],
      ['10', false],
      [undefined, true],
    ]),
    ...operator('DateGreaterThanIfExists', AT, [
      [AT, false],
      [undefined, true],
    ]),
    ...operator('IpAddressIfExists', '10.0.0.0/8', [
      ['10.1.1.1', true],
      ['11.1.1.1', false],
      [undefined, true],
    ]),
    ...operator('ArnLikeIfExists', 'arn:aws:sns:*:*:*', [
      [topic, true],
      ['arn:aws:sqs:a:1:q', false],
      [undefined, true],
    ]),
  ],
};

export const operators: readonly Page[] = [strings, numbers, dates, booleans, addresses, arns, ifExists];

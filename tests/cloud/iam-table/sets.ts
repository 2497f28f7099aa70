// Keys with several values, and conditions together.

import { operator } from './operators.ts';
import type { Page } from './row.ts';
import { allow, GUIDE } from './row.ts';

const topic = 'arn:aws:sns:us-east-1:111111111111:news';
const multivalued: Page = {
  page: `${GUIDE}reference_policies_condition-single-vs-multi-valued-context-keys.html`,
  situations: [
    ...operator(
      'ForAllValues:StringEquals',
      ['a', 'b'],
      [
        [['a'], true],
        [['a', 'b'], true],
        [['a', 'c'], false],
        [['A'], false],
        [[], true],
        [[''], true],
        [undefined, true],
      ],
    ),
    ...operator(
      'ForAnyValue:StringEquals',
      ['a', 'b'],
      [
        [['a'], true],
        [['c', 'b'], true],
        [['c', 'd'], false],
        [[], false],
        [[''], false],
        [undefined, false],
      ],
    ),
    ...operator(
      'ForAllValues:StringNotEquals',
      ['a', 'b'],
      [
        [['c'], true],
        [['c', 'a'], false],
        [[], true],
        [undefined, true],
      ],
    ),
    ...operator(
      'ForAnyValue:StringNotEquals',
      ['a', 'b'],
      [
        [['a', 'c'], true],
        [['a', 'b'], false],
        [[''], false],
        [undefined, false],
      ],
    ),
    ...operator(
      'ForAllValues:StringLike',
      ['a*'],
      [
        [['a', 'ab'], true],
        [['ab', 'b'], false],
        [undefined, true],
      ],
    ),
    ...operator(
      'ForAnyValue:StringLike',
      ['a*'],
      [
        [['b', 'ab'], true],
        [['b'], false],
        [undefined, false],
      ],
    ),
    ...operator(
      'ForAllValues:ArnLike',
      [topic],
      [
        [[topic], true],
        [[topic, 'arn:aws:sqs:a:1:q'], false],
      ],
    ),
    ...operator(
      'ForAllValues:NumericLessThan',
      ['10'],
      [
        [['1', '9'], true],
        [['1', '10'], false],
      ],
    ),
    ...operator('Null', 'false', [
      [['a'], true],
      [[], false],
      [[''], false],
    ]),
  ],
};

const together: Page = {
  page: `${GUIDE}reference_policies_condition-logic-multiple-context-keys-or-values.html`,
  situations: [
    {
      that: 'values are alternatives; keys and operators must all hold',
      identity: [
        allow('s3:GetObject', '*', {
          StringEquals: { 'aws:PrincipalTag/a': ['1', '2'], 'aws:PrincipalTag/b': 'x' },
          Bool: { 'aws:SecureTransport': 'true' },
        }),
      ],
      rows: [
        ['allow', { given: { 'aws:PrincipalTag/a': '2', 'aws:PrincipalTag/b': 'x' } }],
        ['deny', { given: { 'aws:PrincipalTag/a': '3', 'aws:PrincipalTag/b': 'x' } }],
        ['deny', { given: { 'aws:PrincipalTag/a': '1' } }],
        [
          'deny',
          { given: { 'aws:PrincipalTag/a': '1', 'aws:PrincipalTag/b': 'x', 'aws:SecureTransport': 'false' } },
        ],
      ],
    },
    {
      that: 'values of an operator that negates must all differ',
      identity: [allow('s3:GetObject', '*', { StringNotLike: { 'aws:PrincipalTag/team': ['r*', 'blue'] } })],
      rows: [['deny'], ['allow', { who: 'bob' }], ['deny', { given: { 'aws:PrincipalTag/team': 'blue' } }]],
    },
    {
      that: 'ForAllValues with Null lets nobody in who says nothing',
      identity: [
        allow('s3:GetObject', '*', {
          'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] },
          Null: { 'aws:TagKeys': 'false' },
        }),
      ],
      rows: [
        ['deny'],
        ['allow', { given: { 'aws:TagKeys': ['a'] } }],
        ['deny', { given: { 'aws:TagKeys': ['a', 'c'] } }],
        ['deny', { given: { 'aws:TagKeys': [''] } }],
      ],
    },
    {
      that: 'two conditions on one key under two operators',
      identity: [
        allow('s3:GetObject', '*', {
          DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' },
          DateLessThan: { 'aws:CurrentTime': '2026-02-01T00:00:00Z' },
        }),
      ],
      rows: [
        ['allow', { given: { 'aws:CurrentTime': '2026-01-15T00:00:00Z' } }],
        ['deny', { given: { 'aws:CurrentTime': '2026-03-15T00:00:00Z' } }],
        ['deny', { given: { 'aws:CurrentTime': '2025-12-15T00:00:00Z' } }],
      ],
    },
  ],
};

export const sets: readonly Page[] = [multivalued, together];

// Policy variables: what they stand for, and what becomes of those that stand for nothing.

import type { Page } from './row.ts';
import { allow, BUCKET, deny, GUIDE, lets, OBJECT } from './row.ts';

const page = `${GUIDE}reference_policies_variables.html`;
const home = `${BUCKET}/\${aws:username}/*`;

const values: Page = {
  page,
  situations: [
    {
      that: 'a user has what lies below its own name',
      identity: [allow('s3:*', home)],
      rows: [
        ['allow', { on: `${BUCKET}/ana/k` }],
        ['deny', { who: 'bob', on: `${BUCKET}/ana/k` }],
        ['allow', { who: 'bob', on: `${BUCKET}/bob/k` }],
        ['deny'],
        ['deny', { on: `${BUCKET}/ana` }],
        ['deny', { who: 'Admin', on: `${BUCKET}/ana/k` }],
        ['deny', { who: 'Admin', on: `${BUCKET}//k` }],
      ],
    },
    {
      that: 'the same, denied',
      identity: [allow('s3:*'), deny('s3:*', home)],
      rows: [
        ['explicit deny', { on: `${BUCKET}/ana/k` }],
        ['allow', { on: `${BUCKET}/bob/k` }],
        ['allow', { who: 'Admin', on: `${BUCKET}/ana/k` }],
      ],
    },
    {
      that: 'listing below the own name',
      identity: [allow('s3:ListBucket', BUCKET, { StringLike: { 's3:prefix': ['${aws:username}/*'] } })],
      rows: [
        ['allow', { action: 's3:ListBucket', on: BUCKET, given: { 's3:prefix': 'ana/' } }],
        ['allow', { action: 's3:ListBucket', on: BUCKET, given: { 's3:prefix': 'ana/2026/' } }],
        ['deny', { action: 's3:ListBucket', on: BUCKET, given: { 's3:prefix': 'anabel/' } }],
        ['deny', { action: 's3:ListBucket', on: BUCKET, given: { 's3:prefix': 'bob/' } }],
        ['deny', { action: 's3:ListBucket', on: BUCKET }],
        ['deny', { who: 'Admin', action: 's3:ListBucket', on: BUCKET, given: { 's3:prefix': 'ana/' } }],
      ],
    },
    {
      that: 'a tag of whoever asks',
      identity: [allow('s3:*', `${BUCKET}/\${aws:PrincipalTag/team}/*`)],
      rows: [
        ['allow', { on: `${BUCKET}/red/k` }],
        ['deny', { on: `${BUCKET}/blue/k` }],
        ['deny', { who: 'bob', on: `${BUCKET}/red/k` }],
        ['deny', { who: 'bob', on: `${BUCKET}//k` }],
      ],
    },
    {
      that: 'names of keys are the same in any case',
      identity: [allow('s3:*', `${BUCKET}/\${AWS:UserName}/*`)],
      rows: [
        ['allow', { on: `${BUCKET}/ana/k` }],
        ['deny', { on: `${BUCKET}/bob/k` }],
      ],
    },
    {
      that: 'a resource policy has them too',
      resource: [lets('*', allow('s3:GetObject', home))],
      rows: [
        ['allow', { on: `${BUCKET}/ana/k` }],
        ['deny', { on: `${BUCKET}/bob/k` }],
        ['deny', { who: 'anyone', on: `${BUCKET}/ana/k` }],
      ],
    },
    {
      that: 'a policy of the older version has none',
      version: '2008-10-17',
      identity: [allow('s3:*', home)],
      rows: [
        ['deny', { on: `${BUCKET}/ana/k` }],
        ['allow', { on: `${BUCKET}/\${aws:username}/k` }],
      ],
    },
    {
      that: 'signs that mean something else stand for themselves',
      identity: [allow('s3:*', `${BUCKET}/\${*}\${?}\${$}`)],
      rows: [
        ['allow', { on: `${BUCKET}/*?$` }],
        ['deny', { on: `${BUCKET}/ab$` }],
      ],
    },
    {
      that: 'wildcards in a value are plain text',
      identity: [allow('s3:*', `${BUCKET}/\${aws:PrincipalTag/area}/*`)],
      rows: [
        ['deny', { on: `${BUCKET}/secret/k`, given: { 'aws:PrincipalTag/area': '*' } }],
        ['deny', { on: `${BUCKET}/secret/k`, given: { 'aws:PrincipalTag/area': '\uE000' } }],
        ['deny', { on: `${BUCKET}/s/k`, given: { 'aws:PrincipalTag/area': '\uE001' } }],
        ['allow', { on: `${BUCKET}/*/k`, given: { 'aws:PrincipalTag/area': '*' } }],
      ],
    },
  ],
};

const unlike = { StringNotEquals: { 'aws:ResourceTag/owner': '${aws:PrincipalTag/owner}' } };
const missing: Page = {
  page: `${page}#policy-vars-no-value`,
  situations: [
    {
      that: 'a default stands in where the key is missing',
      identity: [allow('s3:*', `${BUCKET}/\${aws:PrincipalTag/team, 'shared'}/*`)],
      rows: [
        ['allow', { on: `${BUCKET}/red/k` }],
        ['deny', { on: `${BUCKET}/shared/k` }],
        ['allow', { who: 'bob', on: `${BUCKET}/shared/k` }],
        ['deny', { who: 'bob', on: `${BUCKET}/red/k` }],
        ['allow', { who: 'Admin', on: `${BUCKET}/shared/k` }],
      ],
    },
    {
      that: 'an empty default',
      identity: [allow('s3:*', `${BUCKET}/a\${aws:PrincipalTag/none, ''}/*`)],
      rows: [
        ['allow', { on: `${BUCKET}/a/k` }],
        ['deny', { on: `${BUCKET}/ab/k` }],
      ],
    },
    {
      that: 'a default in a condition',
      identity: [
        allow('s3:GetObject', '*', {
          StringEquals: { 'aws:ResourceTag/team': "${aws:PrincipalTag/team, 'nobody'}" },
        }),
      ],
      rows: [
        ['allow', { given: { 'aws:ResourceTag/team': 'red' } }],
        ['deny', { given: { 'aws:ResourceTag/team': 'nobody' } }],
        ['allow', { who: 'bob', given: { 'aws:ResourceTag/team': 'nobody' } }],
        ['deny', { who: 'bob' }],
      ],
    },
    {
      that: 'without one nothing is equal to it',
      identity: [
        allow('s3:GetObject', '*', { StringLike: { 'aws:ResourceTag/team': '${aws:PrincipalTag/none}*' } }),
      ],
      rows: [['deny', { given: { 'aws:ResourceTag/team': 'red' } }], ['deny']],
    },
    {
      that: 'nothing is allowed because it differs from it',
      identity: [allow('s3:GetObject', '*', unlike)],
      rows: [
        ['deny', { given: { 'aws:ResourceTag/owner': 'ana' } }],
        ['deny'],
        ['allow', { given: { 'aws:ResourceTag/owner': 'ana', 'aws:PrincipalTag/owner': 'bob' } }],
        ['deny', { given: { 'aws:ResourceTag/owner': 'bob', 'aws:PrincipalTag/owner': 'bob' } }],
      ],
    },
    {
      that: 'all is denied that differs from it',
      identity: [allow('*'), deny('s3:GetObject', '*', unlike)],
      rows: [
        ['explicit deny', { given: { 'aws:ResourceTag/owner': 'ana' } }],
        ['allow', { given: { 'aws:ResourceTag/owner': 'bob', 'aws:PrincipalTag/owner': 'bob' } }],
      ],
    },
    {
      that: 'IfExists helps where the key that is compared is missing',
      identity: [
        allow('s3:GetObject', '*', {
          StringNotEqualsIfExists: { 'aws:ResourceTag/owner': '${aws:PrincipalTag/owner}' },
        }),
      ],
      rows: [['allow'], ['deny', { given: { 'aws:ResourceTag/owner': 'ana' } }]],
    },
    {
      that: 'keys with several values stand for nothing, whatever the default',
      identity: [allow('s3:*', `${BUCKET}/\${aws:TagKeys, 'k'}`)],
      rows: [
        ['allow', { on: OBJECT }],
        ['deny', { on: OBJECT, given: { 'aws:TagKeys': ['a', 'b'] } }],
      ],
    },
  ],
};

export const variables: readonly Page[] = [values, missing];

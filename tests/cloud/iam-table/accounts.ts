// Within one account and across two: who has to allow, and what a Deny does.

import type { Page } from './row.ts';
import {
  allow,
  BUCKET,
  deny,
  GUIDE,
  HOME,
  lets,
  OBJECT,
  OTHER,
  QUEUE,
  roleArn,
  rootArn,
  sessionArn,
  TABLE,
  THEIRS,
  TOPIC,
  userArn,
} from './row.ts';

const reads = allow('s3:GetObject', `${BUCKET}/*`);
const ana = { AWS: userArn('ana') };
const eve = { AWS: userArn('eve', OTHER) };

const within: Page = {
  page: `${GUIDE}reference_policies_evaluation-logic_policy-eval-basics.html`,
  situations: [
    {
      that: 'nothing is allowed by default but to the root user',
      rows: [
        ['deny'],
        ['deny', { who: 'Admin' }],
        ['deny', { who: 'anyone' }],
        ['deny', { who: 'eve' }],
        ['deny', { who: 's3' }],
        ['allow', { who: 'root' }],
        ['deny', { who: 'root of the other account' }],
        ['deny', { on: QUEUE, action: 'sqs:SendMessage' }],
        ['deny', { on: TOPIC, action: 'sns:Publish' }],
        ['deny', { on: TABLE, action: 'dynamodb:GetItem' }],
        ['allow', { who: 'root', on: QUEUE, action: 'sqs:SendMessage' }],
      ],
    },
    {
      that: 'an identity policy allows what it names',
      identity: [reads],
      rows: [
        ['allow'],
        ['allow', { who: 'Admin' }],
        ['deny', { action: 's3:PutObject' }],
        ['deny', { action: 's3:ListBucket', on: BUCKET }],
        ['deny', { on: 'arn:aws:s3:::other/k' }],
      ],
    },
    {
      that: 'Carlos may list everything, write his own bucket, and touch no logs',
      identity: [
        allow(['s3:ListAllMyBuckets', 's3:ListBucket'], '*'),
        allow('s3:*', [BUCKET, `${BUCKET}/*`]),
        deny('s3:*', 'arn:aws:s3:::*log*'),
      ],
      rows: [
        ['allow', { action: 's3:ListBucket', on: BUCKET }],
        ['allow', { action: 's3:PutObject' }],
        ['allow', { action: 's3:DeleteObject' }],
        ['allow', { action: 's3:ListBucket', on: 'arn:aws:s3:::others' }],
        ['deny', { on: 'arn:aws:s3:::others/k' }],
        ['explicit deny', { on: `${BUCKET}/log` }],
        ['explicit deny', { action: 's3:ListBucket', on: 'arn:aws:s3:::catalogs' }],
      ],
    },
    {
      that: 'a resource policy that names a principal suffices',
      resource: [lets({ AWS: [userArn('ana'), roleArn('Admin')] }, reads)],
      rows: [
        ['allow'],
        ['allow', { who: 'Admin' }],
        ['deny', { who: 'bob' }],
        ['deny', { who: 'Deploy' }],
        ['deny', { who: 'anyone' }],
        ['deny', { action: 's3:PutObject' }],
      ],
    },
    {
      that: 'a resource policy that names the account leaves it to identity policies',
      resource: [lets({ AWS: HOME }, reads)],
      rows: [['deny'], ['deny', { who: 'Admin' }], ['allow', { who: 'root' }]],
    },
    {
      that: 'the same, where they allow',
      resource: [lets({ AWS: rootArn(HOME) }, reads)],
      identity: [reads],
      rows: [['allow'], ['allow', { who: 'Admin' }], ['deny', { who: 'eve' }]],
    },
    {
      that: 'either side suffices, each for its own',
      identity: [allow('s3:PutObject', `${BUCKET}/*`)],
      resource: [lets(ana, reads)],
      rows: [
        ['allow'],
        ['allow', { action: 's3:PutObject' }],
        ['deny', { action: 's3:DeleteObject' }],
        ['deny', { who: 'bob' }],
        ['allow', { who: 'bob', action: 's3:PutObject' }],
      ],
    },
  ],
};

const denies: Page = {
  page: `${GUIDE}reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html`,
  situations: [
    {
      that: 'an explicit deny of the identity policy wins over both sides',
      identity: [allow('*'), deny('s3:GetObject', OBJECT)],
      resource: [lets(ana, reads)],
      rows: [['explicit deny'], ['allow', { on: `${BUCKET}/other` }], ['allow', { action: 's3:PutObject' }]],
    },
    {
      that: 'an explicit deny of the resource policy wins over everybody of the account, its root too',
      identity: [allow('*')],
      resource: [lets('*', deny('s3:GetObject', `${BUCKET}/*`))],
      rows: [
        ['explicit deny'],
        ['explicit deny', { who: 'Admin' }],
        ['explicit deny', { who: 'root' }],
        ['explicit deny', { who: 'eve' }],
        ['explicit deny', { who: 'anyone' }],
        ['explicit deny', { who: 's3' }],
        ['allow', { action: 's3:PutObject' }],
      ],
    },
    {
      that: 'a deny for an account is one for everybody in it',
      identity: [allow('*')],
      resource: [lets({ AWS: HOME }, deny('s3:GetObject', `${BUCKET}/*`))],
      rows: [
        ['explicit deny'],
        ['explicit deny', { who: 'Admin' }],
        ['explicit deny', { who: 'root' }],
        ['deny', { who: 'eve' }],
      ],
    },
    {
      that: 'a deny for a role is one for its sessions',
      identity: [allow('*')],
      resource: [lets({ AWS: roleArn('Admin') }, deny('s3:GetObject', `${BUCKET}/*`))],
      rows: [['explicit deny', { who: 'Admin' }], ['allow'], ['allow', { who: 'Deploy' }]],
    },
    {
      that: 'a deny for a session is not one for the role',
      identity: [allow('*')],
      resource: [lets({ AWS: sessionArn('Admin') }, deny('s3:GetObject', `${BUCKET}/*`))],
      rows: [
        ['explicit deny', { who: 'Admin' }],
        ['allow', { who: 'Deploy' }],
      ],
    },
    {
      that: 'a deny whose condition does not hold denies nothing',
      identity: [allow('*'), deny('*', '*', { StringEquals: { 'aws:PrincipalTag/team': 'blue' } })],
      rows: [['allow'], ['allow', { who: 'bob' }]],
    },
  ],
};

const across: Page = {
  page: `${GUIDE}reference_policies_evaluation-logic-cross-account.html`,
  situations: [
    {
      that: 'the resource lets the other account in, and that lets its own',
      identity: [reads],
      resource: [lets({ AWS: OTHER }, reads)],
      rows: [
        ['allow', { who: 'eve' }],
        ['allow', { who: 'Visitor' }],
        ['allow', { who: 'root of the other account' }],
        ['deny', { who: 'eve', action: 's3:PutObject' }],
      ],
    },
    {
      that: 'the resource lets the user of the other account in, whose own account does not',
      resource: [lets(eve, reads)],
      rows: [
        ['deny', { who: 'eve' }],
        ['deny', { who: 'Visitor' }],
        ['deny', { who: 'root of the other account' }],
      ],
    },
    {
      that: 'the resource lets a session of the other account in, which changes nothing of that',
      resource: [lets({ AWS: sessionArn('Visitor', OTHER) }, reads)],
      rows: [['deny', { who: 'Visitor' }]],
    },
    {
      that: 'the account lets its own go, and the resource lets nobody in',
      identity: [allow('*')],
      rows: [
        ['deny', { who: 'eve' }],
        ['deny', { who: 'Visitor' }],
        ['deny', { on: `${THEIRS}/k` }],
        ['allow', { who: 'eve', on: `${THEIRS}/k` }],
      ],
    },
    {
      that: 'the resource lets a role in: its sessions, and nobody else',
      identity: [allow('*')],
      resource: [lets({ AWS: roleArn('Visitor', OTHER) }, reads)],
      rows: [
        ['allow', { who: 'Visitor' }],
        ['deny', { who: 'eve' }],
      ],
    },
    {
      that: 'the resource lets everyone in: users of other accounts still need their own',
      resource: [lets('*', reads)],
      rows: [
        ['deny', { who: 'eve' }],
        ['allow', { who: 'anyone' }],
        ['allow'],
        ['allow', { who: 'root of the other account' }],
      ],
    },
    {
      that: 'a deny on either side wins',
      identity: [allow('*'), deny('s3:GetObject', `${BUCKET}/secret`)],
      resource: [lets({ AWS: OTHER }, reads), lets(eve, deny('s3:GetObject', `${BUCKET}/shut`))],
      rows: [
        ['allow', { who: 'eve' }],
        ['explicit deny', { who: 'eve', on: `${BUCKET}/secret` }],
        ['explicit deny', { who: 'eve', on: `${BUCKET}/shut` }],
      ],
    },
    {
      that: 'a boundary of the other account limits its user',
      identity: [allow('*')],
      boundary: [allow('ec2:*')],
      resource: [lets(eve, reads)],
      rows: [
        ['deny', { who: 'eve' }],
        ['deny', { who: 'Visitor' }],
      ],
    },
    {
      that: 'a session policy narrows what is reached elsewhere',
      identity: [allow('*')],
      session: [allow('ec2:*')],
      resource: [lets({ AWS: roleArn('Visitor', OTHER) }, reads)],
      rows: [['deny', { who: 'Visitor' }]],
    },
    {
      that: 'queues let other accounts in too',
      identity: [allow('sqs:SendMessage')],
      resource: [lets({ AWS: OTHER }, allow('sqs:SendMessage', QUEUE))],
      rows: [
        ['allow', { who: 'eve', action: 'sqs:SendMessage', on: QUEUE }],
        ['deny', { who: 'eve', action: 'sqs:ReceiveMessage', on: QUEUE }],
      ],
    },
    {
      that: 'so do topics',
      identity: [allow('sns:Publish')],
      resource: [lets(eve, allow('sns:Publish', TOPIC))],
      rows: [
        ['allow', { who: 'eve', action: 'sns:Publish', on: TOPIC }],
        ['deny', { who: 'Visitor', action: 'sns:Publish', on: TOPIC }],
      ],
    },
  ],
};

export const accounts: readonly Page[] = [within, denies, across];

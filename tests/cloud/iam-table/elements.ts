// Principal, Action, Resource and their negations.

import type { Page } from './row.ts';
import {
  allow,
  BUCKET,
  deny,
  except,
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
  userArn,
} from './row.ts';

const reads = allow('s3:GetObject', `${BUCKET}/*`);

const principals: Page = {
  page: `${GUIDE}reference_policies_elements_principal.html`,
  situations: [
    {
      that: 'an account stands for its root, whichever way it is written',
      resource: [
        lets({ AWS: HOME }, reads),
        lets({ AWS: rootArn(HOME) }, allow('s3:PutObject', `${BUCKET}/*`)),
      ],
      identity: [allow('s3:*')],
      rows: [['allow'], ['allow', { action: 's3:PutObject' }], ['allow', { who: 'Admin' }]],
    },
    {
      that: 'a user is named by its whole ARN, and by no other name',
      resource: [lets({ AWS: userArn('ana') }, reads)],
      rows: [['allow'], ['deny', { who: 'bob' }], ['deny', { who: 'federated' }], ['deny', { who: 'Admin' }]],
    },
    {
      that: 'a role stands for all of its sessions, a session for itself',
      resource: [
        lets({ AWS: roleArn('Admin') }, reads),
        lets({ AWS: sessionArn('Deploy') }, allow('s3:PutObject', `${BUCKET}/*`)),
      ],
      rows: [
        ['allow', { who: 'Admin' }],
        ['deny', { who: 'Deploy' }],
        ['allow', { who: 'Deploy', action: 's3:PutObject' }],
        ['deny', { who: 'Admin', action: 's3:PutObject' }],
      ],
    },
    {
      that: 'everyone, in both spellings, with nobody left out',
      resource: [lets('*', reads), lets({ AWS: '*' }, allow('s3:PutObject', `${BUCKET}/*`))],
      rows: [
        ['allow'],
        ['allow', { who: 'Admin' }],
        ['allow', { who: 'anyone' }],
        ['allow', { who: 'anyone', action: 's3:PutObject' }],
        ['allow', { action: 's3:PutObject' }],
        ['deny', { who: 'anyone', action: 's3:DeleteObject' }],
      ],
    },
    {
      that: 'everyone, where a condition holds',
      resource: [
        lets('*', allow('s3:GetObject', `${BUCKET}/*`, { StringEquals: { 'aws:PrincipalAccount': HOME } })),
      ],
      rows: [
        ['allow'],
        ['allow', { who: 'Admin' }],
        ['deny', { who: 'anyone' }],
        ['deny', { who: 'eve' }],
        ['deny', { who: 's3' }],
      ],
    },
    {
      that: 'a service is named by its principal, and is no user',
      resource: [
        lets({ Service: ['sns.amazonaws.com', 'events.amazonaws.com'] }, allow('sqs:SendMessage', QUEUE)),
      ],
      rows: [
        ['allow', { who: 'sns', action: 'sqs:SendMessage', on: QUEUE }],
        ['allow', { who: 'events', action: 'sqs:SendMessage', on: QUEUE }],
        ['deny', { who: 's3', action: 'sqs:SendMessage', on: QUEUE }],
        ['deny', { action: 'sqs:SendMessage', on: QUEUE }],
        ['deny', { who: 'sns', action: 'sqs:ReceiveMessage', on: QUEUE }],
      ],
    },
    {
      that: 'several kinds of principals in one statement are alternatives',
      resource: [
        lets({ AWS: [userArn('ana'), OTHER], Service: 's3.amazonaws.com' }, allow('sqs:SendMessage', QUEUE)),
      ],
      identity: [],
      rows: [
        ['allow', { action: 'sqs:SendMessage', on: QUEUE }],
        ['allow', { who: 's3', action: 'sqs:SendMessage', on: QUEUE }],
        ['deny', { who: 'eve', action: 'sqs:SendMessage', on: QUEUE }],
        ['deny', { who: 'bob', action: 'sqs:SendMessage', on: QUEUE }],
      ],
    },
  ],
};

const notPrincipal: Page = {
  page: `${GUIDE}reference_policies_elements_notprincipal.html`,
  situations: [
    {
      that: 'everybody is denied but a user who is listed with the account',
      identity: [allow('*')],
      resource: [except({ AWS: [userArn('ana'), rootArn(HOME)] }, deny('s3:*', [BUCKET, `${BUCKET}/*`]))],
      rows: [
        ['allow'],
        ['allow', { who: 'root' }],
        ['explicit deny', { who: 'bob' }],
        ['explicit deny', { who: 'Admin' }],
        ['explicit deny', { who: 'eve' }],
        ['explicit deny', { who: 'anyone' }],
        ['explicit deny', { who: 's3' }],
      ],
    },
    {
      that: 'a user without the account is not left out',
      identity: [allow('*')],
      resource: [except({ AWS: [userArn('ana')] }, deny('s3:*', `${BUCKET}/*`))],
      rows: [['explicit deny'], ['explicit deny', { who: 'root' }]],
    },
    {
      that: 'a session is left out with its role and its account only',
      identity: [allow('*')],
      resource: [
        except({ AWS: [sessionArn('Admin'), roleArn('Admin'), rootArn(HOME)] }, deny('s3:*', `${BUCKET}/*`)),
      ],
      rows: [
        ['allow', { who: 'Admin' }],
        ['explicit deny', { who: 'Deploy' }],
      ],
    },
    {
      that: 'a role without its session is not left out',
      identity: [allow('*')],
      resource: [except({ AWS: [roleArn('Admin'), rootArn(HOME)] }, deny('s3:*', `${BUCKET}/*`))],
      rows: [['explicit deny', { who: 'Admin' }]],
    },
    {
      that: 'whoever has a boundary is never left out',
      identity: [allow('*')],
      boundary: [allow('*')],
      resource: [except({ AWS: [userArn('ana'), rootArn(HOME)] }, deny('s3:*', `${BUCKET}/*`))],
      rows: [['explicit deny']],
    },
    {
      that: 'a service is left out where it is listed',
      resource: [
        except({ Service: 'sns.amazonaws.com' }, deny('sqs:*', QUEUE)),
        lets({ Service: ['sns.amazonaws.com', 's3.amazonaws.com'] }, allow('sqs:SendMessage', QUEUE)),
      ],
      rows: [
        ['allow', { who: 'sns', action: 'sqs:SendMessage', on: QUEUE }],
        ['explicit deny', { who: 's3', action: 'sqs:SendMessage', on: QUEUE }],
        ['explicit deny', { who: 'root', action: 'sqs:SendMessage', on: QUEUE }],
      ],
    },
  ],
};

const actions: Page = {
  page: `${GUIDE}reference_policies_elements_action.html`,
  situations: [
    {
      that: 'prefix and name of an action are the same in any case',
      identity: [allow('S3:getOBJECT')],
      rows: [['allow'], ['deny', { action: 's3:GetObjectAcl' }]],
    },
    {
      that: 'a star stands for any characters',
      identity: [allow(['s3:*Object', 'sqs:Send*'])],
      rows: [
        ['allow'],
        ['allow', { action: 's3:PutObject' }],
        ['allow', { action: 's3:DeleteObject' }],
        ['deny', { action: 's3:ListBucket', on: BUCKET }],
        ['deny', { action: 's3:GetObjectTagging' }],
        ['allow', { action: 'sqs:SendMessage', on: QUEUE }],
        ['deny', { action: 'sqs:ReceiveMessage', on: QUEUE }],
      ],
    },
    {
      that: 'a question mark stands for one character',
      identity: [allow('s3:?etObject')],
      rows: [['allow'], ['deny', { action: 's3:PutObject' }]],
    },
    {
      that: 'a wildcard does not reach into another service',
      identity: [allow('s3:*')],
      rows: [
        ['deny', { action: 'sqs:SendMessage', on: QUEUE }],
        ['deny', { action: 's3-object-lambda:GetObject' }],
        ['allow'],
      ],
    },
    {
      that: 'everything',
      identity: [allow('*')],
      rows: [['allow'], ['allow', { action: 'dynamodb:GetItem', on: TABLE }], ['allow', { who: 'Admin' }]],
    },
    {
      that: 'a deny with wildcards',
      identity: [allow('*'), deny(['s3:Put*', 's3:*Acl'])],
      rows: [
        ['allow'],
        ['explicit deny', { action: 's3:PutObject' }],
        ['explicit deny', { action: 's3:GetObjectAcl' }],
      ],
    },
  ],
};

const NotAction = (
  Effect: string,
  names: string | string[],
  Resource = '*',
): object & Record<string, unknown> => ({
  Effect,
  NotAction: names,
  Resource,
});

const notAction: Page = {
  page: `${GUIDE}reference_policies_elements_notaction.html`,
  situations: [
    {
      that: 'an Allow with NotAction allows all else, of all services',
      identity: [NotAction('Allow', 's3:DeleteObject')],
      rows: [
        ['allow'],
        ['deny', { action: 's3:DeleteObject' }],
        ['deny', { action: 's3:deleteobject' }],
        ['allow', { action: 'sqs:SendMessage', on: QUEUE }],
      ],
    },
    {
      that: 'the same over the resources of one service',
      identity: [NotAction('Allow', 's3:DeleteObject', 'arn:aws:s3:::*')],
      rows: [
        ['allow'],
        ['deny', { action: 'sqs:SendMessage', on: QUEUE }],
        ['deny', { action: 'ec2:DescribeInstances', on: '*' }],
      ],
    },
    {
      that: 'a Deny with NotAction grants nothing to what it leaves out',
      identity: [NotAction('Deny', ['s3:*'])],
      rows: [['deny'], ['explicit deny', { action: 'sqs:SendMessage', on: QUEUE }]],
    },
    {
      that: 'a Deny with NotAction and wildcards',
      identity: [allow('*'), NotAction('Deny', ['s3:Get*', 'iam:*'])],
      rows: [
        ['allow'],
        ['explicit deny', { action: 's3:PutObject' }],
        ['allow', { action: 'iam:ListUsers', on: `arn:aws:iam::${HOME}:user/` }],
      ],
    },
  ],
};

const resources: Page = {
  page: `${GUIDE}reference_policies_elements_resource.html`,
  situations: [
    {
      that: 'names are told apart by case',
      identity: [allow('s3:*', 'arn:aws:s3:::PICTURES/*'), allow('s3:*', `${BUCKET}/A`)],
      rows: [['deny'], ['deny', { on: `${BUCKET}/a` }], ['allow', { on: `${BUCKET}/A` }]],
    },
    {
      that: 'a bucket is not its objects, nor they the bucket',
      identity: [allow('s3:*', BUCKET)],
      rows: [['deny'], ['allow', { action: 's3:ListBucket', on: BUCKET }]],
    },
    {
      that: 'objects are not the bucket',
      identity: [allow('s3:*', `${BUCKET}/*`)],
      rows: [['allow'], ['deny', { action: 's3:ListBucket', on: BUCKET }]],
    },
    {
      that: 'a star reaches over slashes, a question mark stands for one character',
      identity: [allow('s3:*', [`${BUCKET}/a/*`, `${BUCKET}/b?`])],
      rows: [
        ['allow', { on: `${BUCKET}/a/b/c` }],
        ['allow', { on: `${BUCKET}/a/` }],
        ['deny', { on: `${BUCKET}/a` }],
        ['allow', { on: `${BUCKET}/b1` }],
        ['deny', { on: `${BUCKET}/b` }],
        ['deny', { on: `${BUCKET}/b12` }],
      ],
    },
    {
      that: 'a star in the middle of an ARN',
      identity: [allow('*', ['arn:aws:sqs:*:111111111111:jobs', 'arn:aws:s3:::*/k'])],
      rows: [
        ['allow'],
        ['allow', { action: 'sqs:SendMessage', on: QUEUE }],
        ['deny', { action: 'sqs:SendMessage', on: 'arn:aws:sqs:us-east-1:222222222222:jobs' }],
        ['deny', { on: `${BUCKET}/kk` }],
      ],
    },
    {
      that: 'actions without resources need a star',
      identity: [allow('ec2:*', 'arn:aws:ec2:*:*:instance/*')],
      rows: [['deny', { action: 'ec2:DescribeInstances', on: '*' }]],
    },
    {
      that: 'actions without resources and a star',
      identity: [allow('ec2:Describe*')],
      rows: [
        ['allow', { action: 'ec2:DescribeInstances', on: '*' }],
        ['deny', { action: 'ec2:RunInstances', on: `arn:aws:ec2:us-east-1:${HOME}:instance/*` }],
      ],
    },
  ],
};

const NotResource = (Effect: string, names: string | string[], Action = 's3:*'): Record<string, unknown> => ({
  Effect,
  Action,
  NotResource: names,
});

const notResource: Page = {
  page: `${GUIDE}reference_policies_elements_notresource.html`,
  situations: [
    {
      that: 'a Deny of all but one bucket',
      identity: [allow('s3:*'), NotResource('Deny', [BUCKET, `${BUCKET}/*`])],
      rows: [
        ['allow'],
        ['allow', { action: 's3:ListBucket', on: BUCKET }],
        ['explicit deny', { on: 'arn:aws:s3:::other/k' }],
      ],
    },
    {
      that: 'an Allow of all but some objects reaches other buckets too',
      identity: [NotResource('Allow', `${BUCKET}/private/*`)],
      rows: [
        ['allow'],
        ['deny', { on: `${BUCKET}/private/k` }],
        ['allow', { on: 'arn:aws:s3:::other/k' }],
        ['deny', { action: 'sqs:SendMessage', on: QUEUE }],
      ],
    },
    {
      that: 'a Deny of all but what lies below the own name',
      identity: [allow('s3:*'), NotResource('Deny', `${BUCKET}/\${aws:username}/*`)],
      rows: [
        ['allow', { on: `${BUCKET}/ana/k` }],
        ['explicit deny'],
        ['explicit deny', { who: 'bob', on: `${BUCKET}/ana/k` }],
        ['explicit deny', { who: 'Admin', on: `${BUCKET}/ana/k` }],
      ],
    },
    {
      that: 'an Allow of all but what nobody can name allows nothing',
      identity: [NotResource('Allow', `${BUCKET}/\${aws:username}/*`)],
      rows: [
        ['allow'],
        ['deny', { on: `${BUCKET}/ana/k` }],
        ['deny', { who: 'Admin' }],
        ['deny', { who: 'Admin', on: OBJECT }],
      ],
    },
  ],
};

export const elements: readonly Page[] = [
  principals,
  notPrincipal,
  actions,
  notAction,
  resources,
  notResource,
];

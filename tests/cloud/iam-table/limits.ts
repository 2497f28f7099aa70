// What limits without granting: boundaries, session policies, policies of an organization and of an endpoint.

import type { Page } from './row.ts';
import {
  allow,
  BUCKET,
  deny,
  GUIDE,
  lets,
  OBJECT,
  QUEUE,
  roleArn,
  rootArn,
  HOME,
  sessionArn,
  userArn,
} from './row.ts';

const reads = allow('s3:GetObject', `${BUCKET}/*`);
const narrow = [allow('ec2:*')];

const boundaries: Page = {
  page: `${GUIDE}access_policies_boundaries.html`,
  situations: [
    {
      that: 'a boundary grants nothing',
      boundary: [allow('*')],
      rows: [['deny'], ['deny', { who: 'Admin' }]],
    },
    {
      that: 'what both allow is allowed',
      identity: [allow(['s3:*', 'iam:*'])],
      boundary: [allow(['s3:*', 'cloudwatch:*', 'ec2:*'])],
      rows: [
        ['allow'],
        ['allow', { action: 's3:PutObject' }],
        ['deny', { action: 'iam:CreateUser', on: userArn('new') }],
        ['deny', { action: 'sqs:SendMessage', on: QUEUE }],
        ['allow', { who: 'Admin' }],
      ],
    },
    {
      that: 'a deny of the boundary wins',
      identity: [allow('*')],
      boundary: [allow('*'), deny('s3:GetObject', OBJECT)],
      rows: [['explicit deny'], ['explicit deny', { who: 'Admin' }], ['allow', { on: `${BUCKET}/other` }]],
    },
    {
      that: 'a resource policy that names the user is not limited by its boundary',
      boundary: narrow,
      resource: [lets({ AWS: userArn('ana') }, reads)],
      rows: [['allow'], ['deny', { who: 'bob' }]],
    },
    {
      that: 'a resource policy that names the role is limited by its boundary',
      identity: [reads],
      boundary: narrow,
      resource: [lets({ AWS: roleArn('Admin') }, reads)],
      rows: [['deny', { who: 'Admin' }]],
    },
    {
      that: 'a resource policy that names the session is not',
      boundary: narrow,
      resource: [lets({ AWS: sessionArn('Admin') }, reads)],
      rows: [
        ['allow', { who: 'Admin' }],
        ['deny', { who: 'Deploy' }],
      ],
    },
    {
      that: 'a resource policy that names the role, within a boundary that allows, suffices',
      boundary: [reads],
      resource: [lets({ AWS: roleArn('Admin') }, reads)],
      rows: [['allow', { who: 'Admin' }]],
    },
    {
      that: 'a resource policy that names the account is limited by the boundary',
      identity: [reads],
      boundary: narrow,
      resource: [lets({ AWS: rootArn(HOME) }, reads)],
      rows: [['deny'], ['deny', { who: 'Admin' }]],
    },
    {
      that: 'a deny of the boundary holds against a resource policy that names the user or the session',
      boundary: [deny('s3:*')],
      resource: [lets({ AWS: [userArn('ana'), sessionArn('Admin')] }, reads)],
      rows: [['explicit deny'], ['explicit deny', { who: 'Admin' }]],
    },
  ],
};

const sessions: Page = {
  page: `${GUIDE}access_policies.html#policies_session`,
  situations: [
    {
      that: 'a session policy grants nothing',
      session: [allow('*')],
      rows: [['deny', { who: 'Admin' }]],
    },
    {
      that: 'what the role and the session policy allow is allowed',
      identity: [allow('s3:*')],
      session: [allow('s3:GetObject'), allow('sqs:*')],
      rows: [
        ['allow', { who: 'Admin' }],
        ['deny', { who: 'Admin', action: 's3:PutObject' }],
        ['deny', { who: 'Admin', action: 'sqs:SendMessage', on: QUEUE }],
      ],
    },
    {
      that: 'a resource policy that names the role counts as the role',
      session: narrow,
      resource: [lets({ AWS: roleArn('Admin') }, reads)],
      rows: [['deny', { who: 'Admin' }]],
    },
    {
      that: 'the same, where the session policy allows',
      session: [reads],
      resource: [lets({ AWS: roleArn('Admin') }, reads)],
      rows: [['allow', { who: 'Admin' }]],
    },
    {
      that: 'a resource policy that names the session adds to what the session policy allows',
      session: narrow,
      resource: [lets({ AWS: sessionArn('Admin') }, reads)],
      rows: [['allow', { who: 'Admin' }]],
    },
    {
      that: 'a resource policy for everyone does not',
      session: narrow,
      resource: [lets('*', reads)],
      rows: [['deny', { who: 'Admin' }]],
    },
    {
      that: 'a resource policy for everyone whose aws:PrincipalArn is the role counts as the role',
      session: narrow,
      resource: [
        lets(
          '*',
          allow('s3:GetObject', `${BUCKET}/*`, { ArnEquals: { 'aws:PrincipalArn': roleArn('Admin') } }),
        ),
      ],
      rows: [
        ['deny', { who: 'Admin' }],
        ['deny', { who: 'Deploy' }],
      ],
    },
    {
      that: 'boundary, session policy and role must all allow',
      identity: [allow(['s3:*', 'sqs:*'])],
      boundary: [allow(['s3:*', 'ec2:*'])],
      session: [allow(['s3:GetObject', 'sqs:*', 'ec2:*'])],
      rows: [
        ['allow', { who: 'Admin' }],
        ['deny', { who: 'Admin', action: 's3:PutObject' }],
        ['deny', { who: 'Admin', action: 'sqs:SendMessage', on: QUEUE }],
        ['deny', { who: 'Admin', action: 'ec2:DescribeInstances', on: '*' }],
      ],
    },
    {
      that: 'a deny of the session policy wins',
      identity: [allow('*')],
      session: [allow('*'), deny('s3:GetObject')],
      resource: [lets({ AWS: sessionArn('Admin') }, reads)],
      rows: [
        ['explicit deny', { who: 'Admin' }],
        ['allow', { who: 'Admin', action: 's3:PutObject' }],
      ],
    },
    {
      that: 'a federated user has what its user and its session policy allow',
      identity: [allow('s3:*')],
      session: [reads],
      rows: [
        ['allow', { who: 'federated' }],
        ['deny', { who: 'federated', action: 's3:PutObject' }],
      ],
    },
    {
      that: 'without a session policy it has nothing',
      identity: [allow('*')],
      resource: [lets({ AWS: userArn('ana') }, reads)],
      rows: [['deny', { who: 'federated' }]],
    },
    {
      that: 'a resource policy that names the federated session adds to that, one that names the user does not',
      session: narrow,
      resource: [
        lets({ AWS: `arn:aws:sts::${HOME}:federated-user/guest` }, reads),
        lets({ AWS: userArn('ana') }, allow('s3:PutObject', `${BUCKET}/*`)),
      ],
      rows: [
        ['allow', { who: 'federated' }],
        ['deny', { who: 'federated', action: 's3:PutObject' }],
      ],
    },
  ],
};

const full = [allow('*')];
const organization: Page = {
  page: 'https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html',
  situations: [
    {
      that: 'service control policies grant nothing',
      scps: [full, full],
      rows: [['deny'], ['deny', { who: 'Admin' }], ['allow', { who: 'root' }]],
    },
    {
      that: 'every level must allow',
      identity: [allow('*')],
      scps: [full, [allow('s3:*')], full],
      rows: [
        ['allow'],
        ['deny', { action: 'sqs:SendMessage', on: QUEUE }],
        ['deny', { who: 'root', action: 'sqs:SendMessage', on: QUEUE }],
      ],
    },
    {
      that: 'a level without any policy allows nothing',
      identity: [allow('*')],
      scps: [full, []],
      rows: [['deny'], ['deny', { who: 'root' }]],
    },
    {
      that: 'a deny at any level wins, over the root user too',
      identity: [allow('*')],
      scps: [[...full, deny('s3:GetObject')], full],
      resource: [lets({ AWS: userArn('ana') }, reads)],
      rows: [['explicit deny'], ['explicit deny', { who: 'root' }], ['allow', { action: 's3:PutObject' }]],
    },
    {
      that: 'they limit what a resource policy grants to the principals of the account',
      scps: [[allow('ec2:*')]],
      resource: [lets('*', reads)],
      rows: [['deny'], ['deny', { who: 'Admin' }], ['deny', { who: 'root' }]],
    },
    {
      that: 'they do not bind services or anonymous callers',
      scps: [[allow('ec2:*')]],
      resource: [lets('*', reads)],
      rows: [
        ['allow', { who: 's3' }],
        ['allow', { who: 'anyone' }],
      ],
    },
    {
      that: 'a Region may be left out for all but global services',
      identity: [allow('*')],
      scps: [
        [
          ...full,
          {
            Effect: 'Deny',
            NotAction: ['iam:*', 'sts:*'],
            Resource: '*',
            Condition: { StringNotEquals: { 'aws:RequestedRegion': ['eu-central-1'] } },
          },
        ],
      ],
      rows: [
        ['explicit deny', { given: { 'aws:RequestedRegion': 'us-east-1' } }],
        ['allow', { given: { 'aws:RequestedRegion': 'eu-central-1' } }],
        ['allow', { action: 'iam:ListUsers', on: '*', given: { 'aws:RequestedRegion': 'us-east-1' } }],
      ],
    },
  ],
};

const resourceControl: Page = {
  page: 'https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html',
  situations: [
    {
      that: 'resource control policies grant nothing',
      rcps: [full],
      rows: [['deny'], ['deny', { who: 'eve' }]],
    },
    {
      that: 'they keep everybody outside the organization away, but services',
      identity: [allow('*')],
      resource: [lets('*', reads)],
      rcps: [
        [
          ...full,
          deny('s3:*', '*', {
            StringNotEqualsIfExists: { 'aws:PrincipalOrgID': 'o-mine' },
            BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' },
          }),
        ],
      ],
      rows: [
        ['allow', { given: { 'aws:PrincipalOrgID': 'o-mine' } }],
        ['explicit deny', { who: 'eve', given: { 'aws:PrincipalOrgID': 'o-theirs' } }],
        ['explicit deny', { who: 'anyone' }],
        ['allow', { who: 's3' }],
      ],
    },
    {
      that: 'a session that the resource names is bound too',
      resource: [lets({ AWS: sessionArn('Admin') }, reads)],
      rcps: [[...full, deny('s3:GetObject')]],
      rows: [['explicit deny', { who: 'Admin' }]],
    },
  ],
};

const endpoints: Page = {
  page: 'https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html',
  situations: [
    {
      that: 'an endpoint policy lets through what it names and grants nothing',
      identity: [reads],
      endpoint: [lets('*', allow('s3:*', [BUCKET, `${BUCKET}/*`]))],
      rows: [['allow'], ['deny', { action: 's3:PutObject' }], ['deny', { on: 'arn:aws:s3:::other/k' }]],
    },
    {
      that: 'an endpoint policy for one principal stops all others',
      identity: [allow('*')],
      endpoint: [lets('*', allow('*', '*', { ArnEquals: { 'aws:PrincipalArn': userArn('ana') } }))],
      rows: [['allow'], ['deny', { who: 'bob' }], ['deny', { who: 'root' }]],
    },
    {
      that: 'its deny wins',
      identity: [allow('*')],
      endpoint: [lets('*', allow('*')), lets('*', deny('s3:GetObject'))],
      rows: [['explicit deny'], ['explicit deny', { who: 'root' }], ['allow', { action: 's3:PutObject' }]],
    },
  ],
};

export const limits: readonly Page[] = [boundaries, sessions, organization, resourceControl, endpoints];

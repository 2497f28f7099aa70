// What the context of a request says: services that act for others, roles that are passed, organizations, tags.

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
  sessionArn,
  TARGET,
  TOPIC,
} from './row.ts';

const pass = { action: 'iam:PassRole', on: TARGET } as const;
const passing: Page = {
  page: `${GUIDE}id_roles_use_passrole.html`,
  situations: [
    {
      that: 'a role may be passed to one service',
      identity: [
        allow('iam:PassRole', TARGET, { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } }),
      ],
      rows: [
        ['allow', { ...pass, given: { 'iam:PassedToService': 'ec2.amazonaws.com' } }],
        ['deny', { ...pass, given: { 'iam:PassedToService': 'lambda.amazonaws.com' } }],
        ['deny', pass],
        ['deny', { ...pass, on: roleArn('Other'), given: { 'iam:PassedToService': 'ec2.amazonaws.com' } }],
      ],
    },
    {
      that: 'whoever may do everything else may not pass a role',
      identity: [allow(['ec2:*', 'iam:GetRole', 'sts:AssumeRole'])],
      rows: [['deny', pass]],
    },
    {
      that: 'roles of other accounts cannot be passed',
      identity: [allow('*')],
      rows: [
        ['allow', pass],
        ['deny', { ...pass, who: 'eve' }],
      ],
    },
    {
      that: 'service-linked roles are made for one service',
      identity: [
        allow('iam:CreateServiceLinkedRole', '*', {
          StringEquals: { 'iam:AWSServiceName': 'autoscaling.amazonaws.com' },
        }),
      ],
      rows: [
        [
          'allow',
          {
            action: 'iam:CreateServiceLinkedRole',
            on: roleArn('aws-service-role/autoscaling.amazonaws.com/x'),
            given: { 'iam:AWSServiceName': 'autoscaling.amazonaws.com' },
          },
        ],
        [
          'deny',
          {
            action: 'iam:CreateServiceLinkedRole',
            on: roleArn('aws-service-role/ecs.amazonaws.com/x'),
            given: { 'iam:AWSServiceName': 'ecs.amazonaws.com' },
          },
        ],
      ],
    },
  ],
};

const send = { action: 'sqs:SendMessage', on: QUEUE } as const;
const deputy: Page = {
  page: `${GUIDE}confused-deputy.html`,
  situations: [
    {
      that: 'a service is let in for one resource of one account',
      resource: [
        lets(
          { Service: 'sns.amazonaws.com' },
          allow('sqs:SendMessage', QUEUE, {
            ArnLike: { 'aws:SourceArn': TOPIC },
            StringEquals: { 'aws:SourceAccount': HOME },
          }),
        ),
      ],
      rows: [
        ['allow', { ...send, who: 'sns', given: { 'aws:SourceArn': TOPIC, 'aws:SourceAccount': HOME } }],
        ['deny', { ...send, who: 'sns', given: { 'aws:SourceArn': TOPIC, 'aws:SourceAccount': OTHER } }],
        ['deny', { ...send, who: 'sns', given: { 'aws:SourceArn': `${TOPIC}2`, 'aws:SourceAccount': HOME } }],
        ['deny', { ...send, who: 'sns', given: { 'aws:SourceAccount': HOME } }],
        ['deny', { ...send, who: 'sns' }],
        ['deny', { ...send, who: 's3', given: { 'aws:SourceArn': TOPIC, 'aws:SourceAccount': HOME } }],
      ],
    },
    {
      that: 'services that act for other organizations are denied',
      resource: [
        lets({ Service: 'sns.amazonaws.com' }, allow('sqs:SendMessage', QUEUE)),
        lets(
          '*',
          deny('sqs:SendMessage', QUEUE, {
            StringNotEqualsIfExists: { 'aws:SourceOrgID': 'o-mine' },
            Bool: { 'aws:PrincipalIsAWSService': 'true' },
          }),
        ),
      ],
      rows: [
        ['allow', { ...send, who: 'sns', given: { 'aws:SourceOrgID': 'o-mine' } }],
        ['explicit deny', { ...send, who: 'sns', given: { 'aws:SourceOrgID': 'o-theirs' } }],
        ['explicit deny', { ...send, who: 'sns' }],
        ['deny', send],
      ],
    },
  ],
};

const global: Page = {
  page: `${GUIDE}reference_policies_condition-keys.html`,
  situations: [
    {
      that: 'everybody of an organization',
      identity: [allow('s3:GetObject')],
      resource: [
        lets('*', allow('s3:GetObject', `${BUCKET}/*`, { StringEquals: { 'aws:PrincipalOrgID': 'o-mine' } })),
      ],
      rows: [
        ['allow', { who: 'eve', given: { 'aws:PrincipalOrgID': 'o-mine' } }],
        ['deny', { who: 'eve', given: { 'aws:PrincipalOrgID': 'o-theirs' } }],
        ['deny', { who: 'eve' }],
        ['deny', { who: 'anyone' }],
      ],
    },
    {
      that: 'a part of an organization, over a key with several values',
      resource: [
        lets(
          '*',
          allow('s3:GetObject', `${BUCKET}/*`, {
            'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': 'o-mine/r-root/ou-a/*' },
          }),
        ),
      ],
      rows: [
        ['allow', { given: { 'aws:PrincipalOrgPaths': ['o-mine/r-root/ou-a/ou-b/'] } }],
        ['deny', { given: { 'aws:PrincipalOrgPaths': ['o-mine/r-root/ou-c/'] } }],
        ['deny'],
        ['deny', { who: 'anyone' }],
      ],
    },
    {
      that: 'ForAllValues lets in whoever is in no organization: the page warns of it',
      resource: [
        lets(
          '*',
          allow('s3:GetObject', `${BUCKET}/*`, {
            'ForAllValues:StringLike': { 'aws:PrincipalOrgPaths': 'o-mine/*' },
          }),
        ),
      ],
      rows: [
        ['allow', { who: 'anyone' }],
        ['deny', { given: { 'aws:PrincipalOrgPaths': ['o-theirs/'] } }],
      ],
    },
    {
      that: 'only through one service',
      identity: [
        allow('s3:GetObject', '*', {
          'ForAnyValue:StringEquals': { 'aws:CalledVia': ['cloudformation.amazonaws.com'] },
        }),
      ],
      rows: [
        ['allow', { given: { 'aws:CalledVia': ['cloudformation.amazonaws.com', 'dynamodb.amazonaws.com'] } }],
        ['deny', { given: { 'aws:CalledVia': ['athena.amazonaws.com'] } }],
        ['deny'],
      ],
    },
    {
      that: 'only roles of a path, by aws:PrincipalArn',
      resource: [
        lets(
          '*',
          allow('s3:GetObject', OBJECT, { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${HOME}:role/*` } }),
        ),
      ],
      rows: [
        ['allow', { who: 'Admin' }],
        ['deny'],
        ['allow', { who: 'root' }],
        ['deny', { who: 'Visitor' }],
        ['deny', { who: 'anyone' }],
      ],
    },
    {
      that: 'one kind of principal',
      identity: [allow('s3:GetObject', '*', { StringEquals: { 'aws:PrincipalType': 'AssumedRole' } })],
      rows: [['allow', { who: 'Admin' }], ['deny']],
    },
    {
      that: 'equal tags on both sides',
      identity: [
        allow('s3:GetObject', '*', { StringEquals: { 'aws:ResourceTag/team': '${aws:PrincipalTag/team}' } }),
      ],
      rows: [
        ['allow', { given: { 'aws:ResourceTag/team': 'red' } }],
        ['deny', { given: { 'aws:ResourceTag/team': 'Red' } }],
        ['deny', { who: 'bob', given: { 'aws:ResourceTag/team': 'red' } }],
        ['deny', { who: 'bob' }],
      ],
    },
    {
      that: 'no plain HTTP',
      resource: [
        lets('*', deny('s3:*', [BUCKET, `${BUCKET}/*`], { Bool: { 'aws:SecureTransport': 'false' } })),
        lets({ AWS: sessionArn('Admin') }, allow('s3:GetObject', OBJECT)),
      ],
      rows: [
        ['allow', { who: 'Admin' }],
        ['explicit deny', { who: 'Admin', given: { 'aws:SecureTransport': 'false' } }],
        ['explicit deny', { who: 'root', given: { 'aws:SecureTransport': 'false' } }],
      ],
    },
  ],
};

export const context: readonly Page[] = [passing, deputy, global];

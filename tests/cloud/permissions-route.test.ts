// Who may do what with events, images, names and queues: one line is one request, and what AWS's documentation says of it.

import { beforeAll, describe, it } from 'vitest';
import {
  allow,
  BUCKET,
  byService,
  check,
  deny,
  EVENTS,
  FRIEND,
  Ground,
  HOME,
  QUEUE,
  REGION,
  STRANGER,
} from './permissions-ground.ts';
import type { Case } from './permissions-ground.ts';

let ground: Ground;
beforeAll(() => {
  ground = new Ground();
});

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/security_iam_id-based-policy-examples.html
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
describe('EventBridge, ECR, Route 53 and the destinations of S3', () => {
  const rule = (Name: string): Case['asks'] => [
    'events',
    'PutRule',
    { Name, EventPattern: '{"source":["x"]}' },
  ];
  const Entries = [
    { Source: 'x', DetailType: 'y', Detail: '{}', EventBusName: `${EVENTS}:event-bus/default` },
  ];
  const change = (Name: string): Case['asks'] => [
    'route53',
    'ChangeResourceRecordSets',
    {
      HostedZoneId: ground.zone,
      ChangeBatch: {
        Changes: [
          {
            Action: 'CREATE',
            ResourceRecordSet: { Name, Type: 'A', TTL: 60, ResourceRecords: [{ Value: '192.0.2.1' }] },
          },
        ],
      },
    },
  ];
  const changing = 'route53:ChangeResourceRecordSets';
  const names = {
    'ForAllValues:StringEquals': {
      'route53:ChangeResourceRecordSetsNormalizedRecordNames': ['a.example.com'],
    },
  };
  const repository = (name: string): string => `arn:aws:ecr:${REGION}:${HOME}:repository/${name}`;
  const send: Case['asks'] = [
    'sqs',
    'SendMessage',
    { QueueUrl: `https://sqs.${REGION}.amazonaws.com/${HOME}/jobs`, MessageBody: 'm' },
  ];
  const cases: (() => Case)[] = [
    () => ({
      that: 'a rule by its ARN',
      has: [allow('events:PutRule', `${EVENTS}:rule/a`)],
      asks: rule('a'),
      allowed: true,
    }),
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html#eb-events-creator-account
    () => ({
      that: 'the deletion of a rule by the account that made it, where that is denied',
      has: [
        allow('events:*'),
        deny('events:DeleteRule', '*', { StringEquals: { 'events:creatorAccount': HOME } }),
      ],
      asks: ['events', 'DeleteRule', { Name: 'a' }],
      allowed: false,
    }),
    () => ({
      that: 'a rule that somebody else made',
      has: [allow('events:PutRule', '*', { StringEqualsIfExists: { 'events:creatorAccount': STRANGER } })],
      asks: rule('a'),
      allowed: false,
    }),
    () => ({
      that: 'another rule',
      has: [allow('events:PutRule', `${EVENTS}:rule/a`)],
      asks: rule('b'),
      allowed: false,
    }),
    () => ({
      that: 'targets that the condition leaves out',
      has: [allow('events:PutTargets', '*', { ArnLike: { 'events:TargetArn': 'arn:aws:lambda:*' } })],
      asks: ['events', 'PutTargets', { Rule: 'a', Targets: [{ Id: '1', Arn: QUEUE }] }],
      allowed: false,
    }),
    () => ({
      that: 'a source that the condition leaves out',
      has: [allow('events:PutEvents', '*', { StringEquals: { 'events:source': 'shop' } })],
      asks: ['events', 'PutEvents', { Entries }],
      allowed: false,
    }),
    () => ({
      that: 'events of a friend',
      account: FRIEND,
      has: [allow('events:PutEvents')],
      asks: ['events', 'PutEvents', { Entries }],
      allowed: true,
    }),
    () => ({
      that: 'events of a stranger',
      account: STRANGER,
      has: [allow('events:PutEvents')],
      asks: ['events', 'PutEvents', { Entries }],
      allowed: false,
    }),
    () => ({
      that: 'a repository by its ARN',
      has: [allow('ecr:ListImages', repository('shop'))],
      asks: ['ecr', 'ListImages', { repositoryName: 'shop' }],
      allowed: true,
    }),
    () => ({
      that: 'a repository with permission for another',
      has: [allow('ecr:*', repository('other'))],
      asks: ['ecr', 'ListImages', { repositoryName: 'shop' }],
      allowed: false,
    }),
    () => ({
      that: 'a token with permission for a repository',
      has: [allow('ecr:*', repository('shop'))],
      asks: ['ecr', 'GetAuthorizationToken', {}],
      allowed: false,
    }),
    () => ({
      that: 'a zone by its ARN',
      has: [allow(changing, `arn:aws:route53:::hostedzone/${ground.zone}`)],
      asks: change('b.example.com'),
      allowed: true,
    }),
    () => ({
      that: 'another zone',
      has: [allow(changing, 'arn:aws:route53:::hostedzone/Z1')],
      asks: change('c.example.com'),
      allowed: false,
    }),
    () => ({
      that: 'a record that the condition names',
      has: [allow(changing, '*', names)],
      asks: change('a.example.com'),
      allowed: true,
    }),
    () => ({
      that: 'a record that it does not name',
      has: [allow(changing, '*', names)],
      asks: change('d.example.com'),
      allowed: false,
    }),
    () => ({ that: 'a queue from its bucket', as: byService('s3', BUCKET), asks: send, allowed: true }),
    () => ({
      that: 'a queue from another bucket',
      as: byService('s3', 'arn:aws:s3:::other'),
      asks: send,
      allowed: false,
    }),
    () => ({
      that: 'a queue from a bucket of that name elsewhere',
      as: byService('s3', BUCKET, STRANGER),
      asks: send,
      allowed: false,
    }),
    () => ({
      that: 'a queue from a topic in the name of the bucket',
      as: byService('sns', BUCKET),
      asks: send,
      allowed: false,
    }),
  ];
  it('go by ARNs, condition keys and source ARNs', () => {
    for (const made of cases) check(ground, made());
  });
});

// Who may do what with functions and stacks: one line is one request, and what AWS's documentation says of it.

import { beforeAll, describe, it } from 'vitest';
import { packBundle } from '#workloads/bundle.ts';
import {
  allow,
  BUCKET,
  byService,
  check,
  deny,
  FRIEND,
  Ground,
  LAMBDA,
  QUEUE,
  ROLE,
  STACK,
  STRANGER,
} from './permissions-ground.ts';
import type { Case, Statement } from './permissions-ground.ts';

let ground: Ground;
beforeAll(() => {
  ground = new Ground();
});

const invoke = (FunctionName: string, Qualifier?: string): Case['asks'] => [
  'lambda',
  'Invoke',
  { FunctionName, InvocationType: 'Event', ...(Qualifier === undefined ? {} : { Qualifier }) },
];

// https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
describe('Lambda', () => {
  const update = ['lambda', 'UpdateFunctionConfiguration', { FunctionName: 'f', Timeout: 5 }] as const;
  const create = (more: object = {}): Case['asks'] => [
    'lambda',
    'CreateFunction',
    {
      FunctionName: 'new',
      Role: ROLE,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: packBundle({ 'index.js': '' }) },
      ...more,
    },
  ];
  const mapped = (FunctionName: string): Case['asks'] => [
    'lambda',
    'CreateEventSourceMapping',
    { FunctionName, EventSourceArn: QUEUE },
  ];
  const permit = (Principal: string): Case['asks'] => [
    'lambda',
    'AddPermission',
    {
      FunctionName: 'f',
      StatementId: 'p',
      Action: 'lambda:InvokeFunction',
      Principal,
    },
  ];
  const invoking = 'lambda:InvokeFunction';
  const passing = (service: string): Statement =>
    allow('iam:PassRole', ROLE, { StringEquals: { 'iam:PassedToService': service } });
  const onlyF = { ArnEquals: { 'lambda:FunctionArn': `${LAMBDA}:f` } };
  const onlyS3 = { StringEquals: { 'lambda:Principal': 's3.amazonaws.com' } };
  const cases: Case[] = [
    {
      that: 'a function by its ARN',
      has: [allow(invoking, `${LAMBDA}:f`)],
      asks: invoke('f'),
      allowed: true,
    },
    { that: 'another function', has: [allow(invoking, `${LAMBDA}:f`)], asks: invoke('g'), allowed: false },
    {
      that: 'an alias by the ARN of its function',
      has: [allow(invoking, `${LAMBDA}:f`)],
      asks: invoke('f', 'live'),
      allowed: false,
    },
    {
      that: 'an alias by a wildcard behind it',
      has: [allow(invoking, `${LAMBDA}:f:*`)],
      asks: invoke('f', 'live'),
      allowed: true,
    },
    {
      that: 'a function by a wildcard for its versions',
      has: [allow(invoking, `${LAMBDA}:f:*`)],
      asks: invoke('f'),
      allowed: false,
    },
    { that: 'an update with permission to invoke', has: [allow(invoking)], asks: update, allowed: false },
    {
      that: 'an update with a denial over a permission',
      has: [allow('lambda:*'), deny('lambda:Update*', `${LAMBDA}:f`)],
      asks: update,
      allowed: false,
    },
    {
      that: 'a friend with policies on both sides',
      account: FRIEND,
      has: [allow(invoking, `${LAMBDA}:f`)],
      asks: invoke(`${LAMBDA}:f`),
      allowed: true,
    },
    {
      that: 'a friend without a policy of its own',
      account: FRIEND,
      asks: invoke(`${LAMBDA}:f`),
      allowed: false,
    },
    {
      that: 'a friend on an alias, whose policy is another',
      account: FRIEND,
      has: [allow(invoking)],
      asks: invoke(`${LAMBDA}:f`, 'live'),
      allowed: false,
    },
    {
      that: 'a stranger whom no policy of the function names',
      account: STRANGER,
      has: [allow('lambda:*')],
      asks: invoke(`${LAMBDA}:f`),
      allowed: false,
    },
    {
      that: 'a bucket that the policy names',
      as: byService('s3', BUCKET),
      asks: invoke(`${LAMBDA}:g`),
      allowed: true,
    },
    {
      that: 'another bucket',
      as: byService('s3', 'arn:aws:s3:::other'),
      asks: invoke(`${LAMBDA}:g`),
      allowed: false,
    },
    {
      that: 'a bucket of that name in another account',
      as: byService('s3', BUCKET, STRANGER),
      asks: invoke(`${LAMBDA}:g`),
      allowed: false,
    },
    { that: 'another service', as: byService('sns', BUCKET), asks: invoke(`${LAMBDA}:g`), allowed: false },
    { that: 'a new function without PassRole', has: [allow('lambda:*')], asks: create(), allowed: false },
    {
      that: 'a new function with PassRole for EC2',
      has: [allow('lambda:*'), passing('ec2.amazonaws.com')],
      asks: create(),
      allowed: false,
    },
    {
      that: 'a new function with PassRole for Lambda',
      has: [allow('lambda:*'), passing('lambda.amazonaws.com')],
      asks: create(),
      allowed: true,
    },
    {
      that: 'a new function with a tag that is denied',
      has: [
        allow(['lambda:*', 'iam:PassRole']),
        deny('lambda:CreateFunction', '*', { StringEquals: { 'aws:RequestTag/stage': 'production' } }),
      ],
      asks: create({ Tags: { stage: 'production' } }),
      allowed: false,
    },
    {
      that: 'a mapping for another function than that of the condition',
      has: [allow(['lambda:*', 'sqs:*'], '*', onlyF)],
      asks: mapped('g'),
      allowed: false,
    },
    {
      that: 'a permission for the principal of the condition',
      has: [allow('lambda:AddPermission', '*', onlyS3)],
      asks: permit('s3.amazonaws.com'),
      allowed: true,
    },
    {
      that: 'a permission for another principal',
      has: [allow('lambda:AddPermission', '*', onlyS3)],
      asks: permit('sns.amazonaws.com'),
      allowed: false,
    },
    {
      that: 'a permission for a principal that is denied',
      has: [
        allow('lambda:*'),
        deny('lambda:AddPermission', '*', { StringEquals: { 'lambda:Principal': '*' } }),
      ],
      asks: permit('*'),
      allowed: false,
    },
  ];
  it.each(cases)('$that: $allowed', (one) => check(ground, one));
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html
describe('CloudFormation', () => {
  const TemplateBody = JSON.stringify({
    Resources: { H: { Type: 'AWS::CloudFormation::WaitConditionHandle' } },
  });
  const create = (StackName: string, more: object = {}): Case['asks'] => [
    'cloudformation',
    'CreateStack',
    { StackName, TemplateBody, ...more },
  ];
  const making = 'cloudformation:CreateStack';
  const ofUrl = { StringLike: { 'cloudformation:TemplateUrl': 'https://s3.amazonaws.com/templates/*' } };
  const topics = { 'ForAllValues:StringLike': { 'cloudformation:ResourceTypes': 'AWS::SNS::*' } };
  const someTypes = { Null: { 'cloudformation:ResourceTypes': 'false' } };
  const RoleARN = ROLE;
  const cases: Case[] = [
    {
      that: 'a stack of the name',
      has: [allow(making, `${STACK}/web-*/*`)],
      asks: create('web-1'),
      allowed: true,
    },
    {
      that: 'a stack of another name',
      has: [allow(making, `${STACK}/web-*/*`)],
      asks: create('db-1'),
      allowed: false,
    },
    {
      that: 'a template that is given where a URL is asked for',
      has: [allow(making, '*', ofUrl)],
      asks: create('web-2'),
      allowed: false,
    },
    {
      that: 'a role without PassRole',
      has: [allow(making)],
      asks: create('web-3', { RoleARN }),
      allowed: false,
    },
    {
      that: 'a role that is denied',
      has: [
        allow([making, 'iam:PassRole']),
        deny(making, '*', { ArnEquals: { 'cloudformation:RoleArn': ROLE } }),
      ],
      asks: create('web-4', { RoleARN }),
      allowed: false,
    },
    {
      that: 'types that the condition leaves out',
      has: [allow(making, '*', { ...topics, ...someTypes })],
      asks: create('web-5', { ResourceTypes: ['AWS::CloudFormation::WaitConditionHandle'] }),
      allowed: false,
    },
    {
      that: 'no types where the condition asks for some',
      has: [allow(making, '*', { ...topics, ...someTypes })],
      asks: create('web-6'),
      allowed: false,
    },
    {
      that: 'a tag that is denied',
      has: [
        allow('cloudformation:*'),
        deny(making, '*', { StringEquals: { 'aws:RequestTag/stage': 'production' } }),
      ],
      asks: create('web-7', { Tags: [{ Key: 'stage', Value: 'production' }] }),
      allowed: false,
    },
    {
      that: 'a change set of another name',
      has: [
        allow('cloudformation:CreateChangeSet', '*', {
          StringEquals: { 'cloudformation:ChangeSetName': 'release' },
        }),
      ],
      asks: [
        'cloudformation',
        'CreateChangeSet',
        { StackName: 'web-8', ChangeSetName: 'other', ChangeSetType: 'CREATE', TemplateBody },
      ],
      allowed: false,
    },
    {
      that: 'a deletion with permission to create',
      has: [allow(making)],
      asks: ['cloudformation', 'DeleteStack', { StackName: 'web-1' }],
      allowed: false,
    },
  ];
  it.each(cases)('$that: $allowed', (one) => check(ground, one));
});

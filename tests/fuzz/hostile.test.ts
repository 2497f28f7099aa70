// Requests that are well-formed and mean harm: depth without end, patterns that backtrack, numbers that no memory holds.

import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from '#contract/protocols/cbor.ts';
import { stacks } from '#services/cloudformation/rows.ts';
import { subnets as subnetRows } from '#services/ec2/vpcs/network.ts';
import { newTable } from '../table.ts';
import type { TestTable } from '../table.ts';

/** Milliseconds that one request may take, on a machine that has other things to do. */
const LONGEST_MS = 2000;
const ACCOUNT = '000000000000';
const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:t`;

const deepList = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const deepObject = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const DEEP = deepObject(20_000);

type Fields = Readonly<Record<string, unknown>>;

function query(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}

/** What a request is answered with: its status. Fails where it crashes us, or takes too long. */
function send(table: TestTable, service: string, contentType: string, body: string, target?: string): number {
  const from = performance.now();
  const credential = `Credential=test/20260105/us-east-1/${service}/aws4_request`;
  const answer = table.gateway.handle({
    method: 'POST',
    path: '/',
    query: '',
    host: 'localhost',
    headers: {
      host: 'localhost',
      authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=00`,
      'x-amz-date': '20260105T000000Z',
      'content-type': contentType,
      ...(target === undefined ? {} : { 'x-amz-target': target }),
    },
    body: new TextEncoder().encode(body),
  });
  expect(performance.now() - from).toBeLessThan(LONGEST_MS);
  table.check();
  return 'response' in answer ? 0 : answer.status;
}

const json = (table: TestTable, service: string, target: string, input: Fields | string): number =>
  send(
    table,
    service,
    'application/x-amz-json-1.1',
    typeof input === 'string' ? input : JSON.stringify(input),
    target,
  );

const form = (
  table: TestTable,
  service: string,
  Version: string,
  parameters: Readonly<Record<string, string>>,
): number => send(table, service, 'application/x-www-form-urlencoded', query({ Version, ...parameters }));

const sns = (table: TestTable, parameters: Readonly<Record<string, string>>): number =>
  form(table, 'sns', '2010-03-31', parameters);
const stack = (table: TestTable, TemplateBody: string, Action = 'CreateStack'): number =>
  form(table, 'cloudformation', '2010-05-15', {
    Action,
    TemplateBody,
    ...(Action === 'CreateStack' ? { StackName: 's' } : {}),
  });

describe('documents nested without end', () => {
  it('are no message body for a filter policy, and no filter policy', () => {
    const table = newTable();
    sns(table, { Action: 'CreateTopic', Name: 't' });
    json(table, 'sqs', 'AmazonSQS.CreateQueue', { QueueName: 'q' });
    const subscription = {
      Action: 'Subscribe',
      TopicArn: TOPIC,
      Protocol: 'sqs',
      Endpoint: `arn:aws:sqs:us-east-1:${ACCOUNT}:q`,
      'Attributes.entry.1.key': 'FilterPolicy',
      'Attributes.entry.2.key': 'FilterPolicyScope',
      'Attributes.entry.2.value': 'MessageBody',
    };
    expect(sns(table, { ...subscription, 'Attributes.entry.1.value': DEEP })).toBe(400);
    expect(sns(table, { ...subscription, 'Attributes.entry.1.value': '{"a":["x"]}' })).toBe(200);
    for (const Message of [DEEP, `{"a":${deepList(20_000)}}`])
      expect(sns(table, { Action: 'Publish', TopicArn: TOPIC, Message })).toBe(200);
    table.advance(60_000);
  });

  it('are no detail of an event', () => {
    const table = newTable();
    json(table, 'events', 'AWSEvents.PutRule', { Name: 'r', EventPattern: '{"source":["x"]}' });
    const Entries = [{ Source: 'x', DetailType: 'y', Detail: DEEP }];
    expect(json(table, 'events', 'AWSEvents.PutEvents', { Entries })).toBe(200);
    expect(json(table, 'events', 'AWSEvents.PutEvents', `{"Entries":${deepList(20_000)}}`)).toBe(400);
    table.advance(60_000);
  });

  it('are log messages like any other', () => {
    const table = newTable();
    const [logGroupName, logStreamName] = ['g', 's'];
    json(table, 'logs', 'Logs_20140328.CreateLogGroup', { logGroupName });
    json(table, 'logs', 'Logs_20140328.CreateLogStream', { logGroupName, logStreamName });
    const logEvents = [DEEP, '['.repeat(200_000)].map((message) => ({ timestamp: table.world.now, message }));
    expect(
      json(table, 'logs', 'Logs_20140328.PutLogEvents', { logGroupName, logStreamName, logEvents }),
    ).toBe(200);
    const filterPattern = '{ $.a.a.a = 1 }';
    expect(json(table, 'logs', 'Logs_20140328.FilterLogEvents', { logGroupName, filterPattern })).toBe(200);
  });

  it.each([
    ['brackets', deepList(20_000)],
    ['objects', deepObject(8000)],
    ['flow', `Resources: ${'['.repeat(20_000)}`],
    ['lists', `${'- '.repeat(20_000)}x`],
    ['tags', `Resources: ${'!Sub '.repeat(9000)}x`],
    ['a list in itself', 'Resources: &r\n  A:\n    Type: AWS::SNS::Topic\n    Metadata: *r\n'],
  ])('are no template: %s', (_, template) => {
    const table = newTable();
    for (const action of ['ValidateTemplate', 'GetTemplateSummary', 'CreateStack'])
      expect(stack(table, template, action)).toBe(400);
  });

  it('are no policies', () => {
    const table = newTable();
    const PolicyDocument = `{"Version":"2012-10-17","Statement":${deepList(3000)}}`;
    expect(
      form(table, 'iam', '2010-05-08', { Action: 'CreatePolicy', PolicyName: 'p', PolicyDocument }),
    ).toBe(400);
    expect(json(table, 'kms', 'TrentService.CreateKey', { Policy: deepList(15_000) })).toBe(400);
  });
});

describe('templates that grow', () => {
  const topic = (DisplayName: unknown): string =>
    JSON.stringify({ Resources: { A: { Type: 'AWS::SNS::Topic', Properties: { DisplayName } } } });
  const doubled = (levels: number, text: string): unknown =>
    levels === 0 ? text : { 'Fn::Sub': ['${a}'.repeat(100), { a: doubled(levels - 1, text) }] };

  it.each(['x', ''])('by functions within functions come to an end: %j', (text) => {
    const table = newTable();
    stack(table, topic(doubled(8, text)));
    table.advance(60_000);
    table.check();
  });

  it('by loops within loops fail their stacks', () => {
    const items = Array.from({ length: 60 }, (_, n) => `v${n}`);
    const loop = (level: number): object =>
      level === 0
        ? { 'T${x1}${x2}${x3}${x4}': { Type: 'AWS::SNS::Topic' } }
        : { [`Fn::ForEach::L${level}`]: [`x${level}`, items, loop(level - 1)] };
    const template = { Transform: 'AWS::LanguageExtensions', Resources: loop(4) };
    const parameters = {
      'Capabilities.member.1': 'CAPABILITY_AUTO_EXPAND',
      StackName: 's',
      Action: 'CreateStack',
    };
    const table = newTable();
    const TemplateBody = JSON.stringify(template);
    expect(form(table, 'cloudformation', '2010-05-15', { ...parameters, TemplateBody })).toBe(200);
    table.advance(60_000);
    expect(table.read((ctx) => ctx.list(stacks).map(({ status }) => status))).toEqual(['ROLLBACK_COMPLETE']);
  });
});

describe('patterns that backtrack', () => {
  const [pattern, text] = ['(a+)+$', `${'a'.repeat(4000)}!`];

  it('of parameters do not hold the world up', () => {
    const table = newTable();
    const Parameters = { P: { Type: 'String', Default: text, AllowedPattern: pattern } };
    expect(stack(table, JSON.stringify({ Parameters, Resources: { A: { Type: 'AWS::SNS::Topic' } } }))).toBe(
      400,
    );
    const parameter = { Name: 'p', Type: 'String', Value: text, AllowedPattern: pattern };
    expect(json(table, 'ssm', 'AmazonSSM.PutParameter', parameter)).toBe(400);
    // Valid in AWS, and not decided in one pass.
    const back = { ...parameter, AllowedPattern: String.raw`(a)\1` };
    expect(json(table, 'ssm', 'AmazonSSM.PutParameter', back)).toBe(501);
  });

  it('of filters do not hold the world up', () => {
    const table = newTable();
    const Value = `vpc${'*a'.repeat(80)}*b`;
    const filter = { 'Filter.1.Name': 'tag:a', 'Filter.1.Value.1': Value, Action: 'DescribeVpcs' };
    const tagged = {
      Action: 'CreateVpc',
      CidrBlock: '10.0.0.0/16',
      'TagSpecification.1.ResourceType': 'vpc',
    };
    const tag = {
      'TagSpecification.1.Tag.1.Key': 'a',
      'TagSpecification.1.Tag.1.Value': `vpc${'a'.repeat(250)}`,
    };
    expect(form(table, 'ec2', '2016-11-15', { ...tagged, ...tag })).toBe(200);
    expect(form(table, 'ec2', '2016-11-15', filter)).toBe(200);
  });
});

it('numbers that no memory holds are refused', () => {
  const table = newTable();
  expect(form(table, 'ec2', '2016-11-15', { Action: 'DescribeSubnets' })).toBe(200);
  const SubnetId = table.read((ctx) => ctx.scan(subnetRows)[0]?.subnetId ?? '');
  expect(SubnetId).toMatch(/^subnet-/);
  const parameters = {
    Action: 'CreateNetworkInterface',
    SubnetId,
    SecondaryPrivateIpAddressCount: '2000000000',
  };
  expect(form(table, 'ec2', '2016-11-15', parameters)).toBe(400);
});

describe('names that mean something to JavaScript', () => {
  const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
  const polluted = (): unknown => ({}) as { polluted?: unknown };

  it('are names like any other in JSON', () => {
    const table = newTable();
    for (const name of NAMES) {
      const text = `{"${name}":{"polluted":true},"QueueName":"q","tags":{"${name}":"v"},"Attributes":{"${name}":"1"}}`;
      json(table, 'sqs', 'AmazonSQS.CreateQueue', text);
      const item = `{"TableName":"t","Item":{"${name}":{"M":{"${name}":{"S":"polluted"}}}}}`;
      json(table, 'dynamodb', 'DynamoDB_20120810.PutItem', item);
    }
    expect(polluted()).toEqual({});
  });

  it('are names like any other in forms', () => {
    const table = newTable();
    for (const name of NAMES) {
      const parameters = {
        Action: 'CreateTopic',
        Name: 't',
        [`${name}.polluted`]: '1',
        [`Tags.member.1.${name}`]: '1',
      };
      sns(table, parameters);
      form(table, 'ec2', '2016-11-15', { Action: 'DescribeVpcs', [`Filter.1.${name}`]: '1' });
    }
    expect(polluted()).toEqual({});
  });

  it('are names like any other in templates, JSON and YAML', () => {
    const table = newTable();
    for (const name of NAMES) {
      const body = { Type: 'AWS::SNS::Topic', Metadata: { [name]: { polluted: true } } };
      const quoted = JSON.stringify(body);
      stack(
        table,
        `{"Resources":{"${name}":${quoted},"A":${quoted}},"Mappings":{"${name}":{"${name}":{"polluted":"1"}}}}`,
      );
      stack(
        table,
        `Resources:\n  ${name}: &a\n    Type: AWS::SNS::Topic\n  B:\n    <<: *a\n`,
        'ValidateTemplate',
      );
      stack(
        table,
        `${name}:\n  polluted: true\nResources:\n  A:\n    Type: AWS::SNS::Topic\n`,
        'ValidateTemplate',
      );
    }
    table.advance(60_000);
    table.check();
    expect(polluted()).toEqual({});
  });

  it('are names like any other of all that a template names', () => {
    for (const name of NAMES.filter((one) => /^[a-zA-Z]+$/.test(one))) {
      const table = newTable();
      const topic = { Type: 'AWS::SNS::Topic', Condition: name, Properties: { DisplayName: { Ref: name } } };
      const after = {
        Type: 'AWS::SNS::Topic',
        DependsOn: name,
        Properties: { DisplayName: { 'Fn::Sub': `\${${name}}` } },
      };
      const find = { 'Fn::FindInMap': [name, name, name] };
      const template = {
        Parameters: { [name]: { Type: 'String', Default: 'x' } },
        Conditions: { [name]: { 'Fn::Equals': [{ Ref: name }, 'x'] } },
        Mappings: { [name]: { [name]: { [name]: 'v' } } },
        Resources: { A: topic },
        Outputs: { [name]: { Value: find } },
      };
      expect(stack(table, JSON.stringify(template))).toBe(200);
      const named = {
        Resources: { [name]: { Type: 'AWS::SNS::Topic' }, B: after, C: { ...after, DependsOn: ['B', name] } },
      };
      expect(stack(table, JSON.stringify(named).replaceAll('"s"', '"s2"'), 'ValidateTemplate')).toBe(200);
      const other = form(table, 'cloudformation', '2010-05-15', {
        Action: 'CreateStack',
        StackName: 'other',
        TemplateBody: JSON.stringify(named),
      });
      expect(other).toBe(200);
      // What is not there is not found on Object.prototype either.
      for (const missing of [{ Ref: name }, { 'Fn::GetAtt': [name, name] }, find, { 'Fn::If': [name, 1, 2] }])
        expect(
          stack(
            table,
            JSON.stringify({
              Resources: { A: { ...topic, Condition: undefined, Properties: { DisplayName: missing } } },
            }),
            'CreateStack',
          ),
        ).toBe(400);
      table.advance(120_000);
      const described = table.gateway.handle({
        method: 'POST',
        path: '/',
        query: '',
        host: 'localhost',
        headers: {
          authorization:
            'AWS4-HMAC-SHA256 Credential=test/20260105/us-east-1/cloudformation/aws4_request, SignedHeaders=host, Signature=0',
          'x-amz-date': '20260105T000000Z',
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new TextEncoder().encode('Action=DescribeStacks&Version=2010-05-15'),
      }) as { body: string };
      expect([name, described.body.match(/<StackStatus>(\w+)/g)]).toEqual([
        name,
        ['<StackStatus>CREATE_COMPLETE', '<StackStatus>CREATE_COMPLETE'],
      ]);
    }
  });

  it('are names like any other in CBOR', () => {
    const table = newTable();
    const bytes = encodeCbor(
      JSON.parse('{"__proto__":{"polluted":true},"Namespace":"n","constructor":{"a":1}}'),
    );
    const answer = table.gateway.handle({
      method: 'POST',
      path: '/service/GraniteServiceVersion20100801/operation/ListMetrics',
      query: '',
      host: 'localhost',
      headers: {
        authorization:
          'AWS4-HMAC-SHA256 Credential=test/20260105/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0',
        'x-amz-date': '20260105T000000Z',
        'smithy-protocol': 'rpc-v2-cbor',
      },
      body: bytes,
    });
    expect(answer).toMatchObject({ status: 200 });
    expect(polluted()).toEqual({});
  });
});

it('entities of a document type are no XML', () => {
  const table = newTable();
  const body =
    '<!DOCTYPE a [<!ENTITY a "a"><!ENTITY b "&a;&a;&a;&a;">]><CreateBucketConfiguration>&b;</CreateBucketConfiguration>';
  const answer = table.gateway.handle({
    method: 'PUT',
    path: '/bucket',
    query: '',
    host: 'localhost',
    headers: {
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260105/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0',
      'x-amz-date': '20260105T000000Z',
    },
    body: new TextEncoder().encode(body),
  });
  expect(answer).toMatchObject({ status: 400 });
});

it('bombs do not go off', () => {
  const table = newTable();
  const answer = table.gateway.handle({
    method: 'POST',
    path: '/',
    query: '',
    host: 'localhost',
    headers: {
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260105/us-east-1/logs/aws4_request, SignedHeaders=host, Signature=0',
      'x-amz-date': '20260105T000000Z',
      'x-amz-target': 'Logs_20140328.PutLogEvents',
      'content-encoding': 'gzip',
    },
    body: gzipSync(new Uint8Array(80 * 1024 * 1024)),
  });
  expect(answer).toMatchObject({ status: 400 });
});

// Functions and what belongs to them, made by stacks.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html

import {
  GetAliasCommand,
  GetEventSourceMappingCommand,
  GetFunctionCommand,
  GetFunctionEventInvokeConfigCommand,
  GetLayerVersionPolicyCommand,
  GetPolicyCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  ListLayersCommand,
  ListVersionsByFunctionCommand,
} from '@aws-sdk/client-lambda';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { packBundle } from '#workloads/bundle.ts';
import { readZip } from '#workloads/zip.ts';
import { packaged, settled } from '../../../../../tests/lambda-stand.ts';
import { ProviderStand } from '../test-stand.ts';
import { inlinePackage } from './inline-code.ts';

const ACCOUNT = '000000000000';
const ARN = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:shop`;
const ref = (Ref: string) => ({ Ref });
const attribute = (...path: string[]) => ({ 'Fn::GetAtt': path });

const Role = {
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ],
    },
    Policies: [
      {
        PolicyName: 'queues',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'sqs:*', Resource: '*' }],
        },
      },
    ],
  },
};

function fn(more: object = {}): { Type: string; Properties: Record<string, unknown> } {
  const Properties = {
    FunctionName: 'shop',
    Runtime: 'nodejs22.x',
    Handler: 'index.handler',
    Role: attribute('Role', 'Arn'),
    Code: { ZipFile: 'exports.handler = async () => "one";' },
    ...more,
  };
  return { Type: 'AWS::Lambda::Function', Properties };
}

function made(): ProviderStand & { lambda: LambdaClient } {
  const stand = new ProviderStand();
  return Object.assign(stand, { lambda: stand.table.client(LambdaClient) });
}

describe('a function', () => {
  it('stands when it is active, under the name and the ARN that Ref and GetAtt give', async () => {
    const stand = made();
    const Outputs = { Name: { Value: ref('Fn') }, Arn: { Value: attribute('Fn', 'Arn') } };
    const { FunctionName: _, ...Properties } = fn().Properties;
    expect(await stand.create({ Resources: { Role, Fn: { ...fn(), Properties } }, Outputs })).toBe(
      'CREATE_COMPLETE',
    );
    const { Name = '', Arn } = await stand.outputs();
    expect(Name).toMatch(/^shop-Fn-[A-Za-z0-9]{12}$/);
    expect(Arn).toBe(`arn:aws:lambda:us-east-1:${ACCOUNT}:function:${Name}`);
    const found = await stand.lambda.send(new GetFunctionCommand({ FunctionName: Name }));
    expect(found.Configuration).toMatchObject({ State: 'Active', Timeout: 3, MemorySize: 128 });
    expect(found.Tags).toMatchObject({ 'aws:cloudformation:logical-id': 'Fn' });
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    expect((await stand.lambda.send(new ListFunctionsCommand({}))).Functions).toEqual([]);
  });

  it('is updated in place, code and configuration one after the other', async () => {
    const stand = made();
    const Tags = [{ Key: 'team', Value: 'a' }];
    const before = {
      Timeout: 10,
      Environment: { Variables: { AA: '1' } },
      ReservedConcurrentExecutions: 5,
      Tags,
    };
    await stand.create({ Resources: { Role, Fn: fn(before) } });
    const first = await stand.lambda.send(new GetFunctionCommand({ FunctionName: 'shop' }));
    expect(first.Concurrency?.ReservedConcurrentExecutions).toBe(5);
    const after = { MemorySize: 256, Code: { ZipFile: 'exports.handler = async () => "two";' } };
    expect(await stand.update({ Resources: { Role, Fn: fn(after) } })).toBe('UPDATE_COMPLETE');
    const found = await stand.lambda.send(new GetFunctionCommand({ FunctionName: 'shop' }));
    expect(found.Configuration).toMatchObject({
      Timeout: 3,
      MemorySize: 256,
      LastUpdateStatus: 'Successful',
    });
    expect(found.Configuration?.CodeSha256).not.toBe(first.Configuration?.CodeSha256);
    expect(found.Configuration?.Environment?.Variables ?? {}).toEqual({});
    expect(found.Concurrency).toBeUndefined();
    expect(found.Tags).not.toHaveProperty('team');
  });

  it('has the layers that its stack publishes, a new version of one for each change', async () => {
    const stand = made();
    const s3 = stand.table.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: 'code' }));
    await s3.send(new PutObjectCommand({ Bucket: 'code', Key: 'layer.zip', Body: packaged() }));
    const template = (Description: string, more: object = {}) => ({
      Resources: {
        Role,
        Layer: {
          Type: 'AWS::Lambda::LayerVersion',
          Properties: { LayerName: 'l', Description, Content: { S3Bucket: 'code', S3Key: 'layer.zip' } },
        },
        Everyone: {
          Type: 'AWS::Lambda::LayerVersionPermission',
          Properties: { LayerVersionArn: ref('Layer'), Action: 'lambda:GetLayerVersion', Principal: '*' },
        },
        Fn: fn({ Layers: [ref('Layer')], ...more }),
      },
    });
    const layers = async (): Promise<unknown> => {
      const found = await stand.lambda.send(new GetFunctionCommand({ FunctionName: 'shop' }));
      return found.Configuration?.Layers?.map(({ Arn }) => Arn);
    };
    const at = (number: number): string => `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:l:${number}`;
    expect(await stand.create(template('one'))).toBe('CREATE_COMPLETE');
    expect(await layers()).toEqual([at(1)]);
    const version = { LayerName: 'l', VersionNumber: 1 };
    const { Policy } = await stand.lambda.send(new GetLayerVersionPolicyCommand(version));
    expect(Policy).toContain(at(1));
    expect(await stand.update(template('two'))).toBe('UPDATE_COMPLETE');
    expect(await layers()).toEqual([at(2)]);
    expect(await stand.update(template('two', { Layers: undefined }))).toBe('UPDATE_COMPLETE');
    expect(await layers()).toBeUndefined();
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    expect((await stand.lambda.send(new ListLayersCommand({}))).Layers).toEqual([]);
  });

  it('takes its code from S3', async () => {
    const stand = made();
    const s3 = stand.table.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: 'code' }));
    const Body = packaged('function: { answers: from S3 }');
    await s3.send(new PutObjectCommand({ Bucket: 'code', Key: 'shop.zip', Body }));
    const Code = { S3Bucket: 'code', S3Key: 'shop.zip' };
    expect(await stand.create({ Resources: { Role, Fn: fn({ Code }) } })).toBe('CREATE_COMPLETE');
    const asked = stand.lambda.send(new InvokeCommand({ FunctionName: 'shop' }));
    await settled();
    stand.table.advance(10_000);
    expect(new TextDecoder().decode((await asked).Payload)).toBe('"from S3"');
  });

  it('with inline code of another runtime fails the stack', async () => {
    const stand = made();
    await stand.create({ Resources: { Role, Fn: fn({ Runtime: 'java21' }) } });
    expect((await stand.failures())[0]).toMatch(/ZipFile can only be used when Runtime is set/);
  });

  it('with what is not modelled fails the stack by name', async () => {
    const stand = made();
    await stand.create({ Resources: { Role, Fn: fn({ KmsKeyArn: 'arn:x' }) } });
    expect((await stand.failures())[0]).toMatch(/does not model the property KmsKeyArn/);
  });
});

describe('inline code', () => {
  const files = (runtime: string, source: string): Record<string, string> =>
    Object.fromEntries(
      readZip(inlinePackage(runtime, source) ?? new Uint8Array()).map(({ path, bytes }) => [
        path,
        new TextDecoder().decode(bytes),
      ]),
    );

  it('is packed as index, and equally each time', () => {
    expect(files('nodejs22.x', 'code')).toEqual({ 'index.js': 'code' });
    expect(files('python3.13', 'code')).toEqual({ 'index.py': 'code' });
    expect(inlinePackage('nodejs22.x', 'ü')).toEqual(inlinePackage('nodejs22.x', 'ü'));
  });

  it('is a zip like any other to whoever reads one', () => {
    const other = readZip(packBundle({ 'index.js': 'code' }));
    expect(readZip(inlinePackage('nodejs22.x', 'code') as Uint8Array)).toEqual(other);
  });
});

describe('a version', () => {
  const version = (more: object = {}) => ({
    Type: 'AWS::Lambda::Version',
    Properties: { FunctionName: ref('Fn'), ...more },
  });

  it('is an ARN to Ref and a number to GetAtt, and goes with its resource', async () => {
    const stand = made();
    const Outputs = { Arn: { Value: ref('One') }, Number: { Value: attribute('One', 'Version') } };
    await stand.create({ Resources: { Role, Fn: fn(), One: version({ Description: 'first' }) }, Outputs });
    expect(await stand.outputs()).toEqual({ Arn: `${ARN}:1`, Number: '1' });
    const Code = { ZipFile: 'exports.handler = async () => "two";' };
    expect(await stand.update({ Resources: { Role, Fn: fn({ Code }), Two: version() } })).toBe(
      'UPDATE_COMPLETE',
    );
    const { Versions = [] } = await stand.lambda.send(
      new ListVersionsByFunctionCommand({ FunctionName: 'shop' }),
    );
    expect(Versions.map(({ Version }) => Version)).toEqual(['$LATEST', '2']);
  });

  // The sentence is AWS's: github.com/aws/aws-cdk/issues/5334.
  it('cannot be made twice of the same function', async () => {
    const stand = made();
    const Resources = { Role, Fn: fn(), One: version(), Two: { ...version(), DependsOn: 'One' } };
    await stand.create({ Resources });
    expect((await stand.failures())[0]).toMatch(
      /A version for this Lambda function exists \( 1 \)\. Modify the function to create a new version\./,
    );
  });
});

it('an alias shares its traffic as the template says, and stays one resource', async () => {
  const stand = made();
  const version = (name: string) => ({ Type: 'AWS::Lambda::Version', Properties: { FunctionName: name } });
  const alias = (more: object) => ({
    Type: 'AWS::Lambda::Alias',
    Properties: {
      FunctionName: ref('Fn'),
      Name: 'live',
      FunctionVersion: attribute('One', 'Version'),
      ...more,
    },
  });
  const Outputs = { Arn: { Value: ref('Live') } };
  const one = { Role, Fn: fn(), One: version('shop') };
  Object.assign(one.One, { DependsOn: 'Fn' });
  await stand.create({ Resources: { ...one, Live: alias({ Description: 'a' }) }, Outputs });
  expect(await stand.outputs()).toEqual({ Arn: `${ARN}:live` });
  const Fn = fn({ Code: { ZipFile: 'exports.handler = async () => "two";' } });
  const weights = [{ FunctionVersion: attribute('Two', 'Version'), FunctionWeight: 0.2 }];
  const Two = { ...version('shop'), DependsOn: 'Fn' };
  const shared = alias({ RoutingConfig: { AdditionalVersionWeights: weights } });
  expect(await stand.update({ Resources: { ...one, Fn, Two, Live: shared }, Outputs })).toBe(
    'UPDATE_COMPLETE',
  );
  const get = new GetAliasCommand({ FunctionName: 'shop', Name: 'live' });
  expect(await stand.lambda.send(get)).toMatchObject({
    FunctionVersion: '1',
    Description: '',
    RoutingConfig: { AdditionalVersionWeights: { 2: 0.2 } },
  });
  await stand.update({ Resources: { ...one, Fn, Two, Live: alias({}) }, Outputs });
  expect((await stand.lambda.send(get)).RoutingConfig).toBeUndefined();
});

it('a permission is a statement of the policy of what it names', async () => {
  const stand = made();
  const Allow = {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      FunctionName: attribute('Fn', 'Arn'),
      Action: 'lambda:InvokeFunction',
      Principal: 'sns.amazonaws.com',
      SourceArn: ref('Topic'),
    },
  };
  const Topic = { Type: 'AWS::SNS::Topic' };
  await stand.create({ Resources: { Role, Fn: fn(), Topic, Allow } });
  const { Policy = '' } = await stand.lambda.send(new GetPolicyCommand({ FunctionName: 'shop' }));
  const { Allow: id } = await stand.physicalIds();
  expect(JSON.parse(Policy)).toMatchObject({
    Statement: [{ Sid: id, Principal: { Service: 'sns.amazonaws.com' }, Action: 'lambda:InvokeFunction' }],
  });
  await stand.update({ Resources: { Role, Fn: fn(), Topic } });
  await expect(stand.lambda.send(new GetPolicyCommand({ FunctionName: 'shop' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
});

it('an event source mapping of a queue stands when it is enabled, is updated and goes', async () => {
  const stand = made();
  const mapping = (more: object = {}) => ({
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: { EventSourceArn: attribute('Queue', 'Arn'), FunctionName: ref('Fn'), BatchSize: 5, ...more },
  });
  const Queue = { Type: 'AWS::SQS::Queue' };
  const Outputs = { Id: { Value: ref('Map') } };
  expect(await stand.create({ Resources: { Role, Fn: fn(), Queue, Map: mapping() }, Outputs })).toBe(
    'CREATE_COMPLETE',
  );
  const { Id: UUID = '' } = await stand.outputs();

  const get = new GetEventSourceMappingCommand({ UUID });
  expect(await stand.lambda.send(get)).toMatchObject({ State: 'Enabled', BatchSize: 5 });
  const off = mapping({ Enabled: false, BatchSize: undefined });
  expect(await stand.update({ Resources: { Role, Fn: fn(), Queue, Map: off } })).toBe('UPDATE_COMPLETE');
  expect(await stand.lambda.send(get)).toMatchObject({ State: 'Disabled', BatchSize: 10, UUID });
  await stand.update({ Resources: { Role, Fn: fn(), Queue } });
  await expect(stand.lambda.send(get)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

it('an event invoke configuration is changed in place', async () => {
  const stand = made();
  const config = (more: object) => ({
    Type: 'AWS::Lambda::EventInvokeConfig',
    Properties: { FunctionName: ref('Fn'), Qualifier: '$LATEST', ...more },
  });
  const Queue = { Type: 'AWS::SQS::Queue' };
  const DestinationConfig = { OnFailure: { Destination: attribute('Queue', 'Arn') } };
  await stand.create({ Resources: { Role, Fn: fn(), Queue, Config: config({ MaximumRetryAttempts: 1 }) } });
  const get = new GetFunctionEventInvokeConfigCommand({ FunctionName: 'shop', Qualifier: '$LATEST' });
  expect(await stand.lambda.send(get)).toMatchObject({ MaximumRetryAttempts: 1 });
  await stand.update({ Resources: { Role, Fn: fn(), Queue, Config: config({ DestinationConfig }) } });
  const found = await stand.lambda.send(get);
  expect(found.MaximumRetryAttempts).toBeUndefined();
  expect(found.DestinationConfig?.OnFailure?.Destination).toMatch(/:sqs:/);
});

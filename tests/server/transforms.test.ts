// Templates that others transform: AWS::Serverless by AWS's own translator, macros by their functions.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html

import { spawnSync } from 'node:child_process';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { SNSClient, ListTopicsCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '#server/serve.ts';
import type { Served } from '#server/serve.ts';

const translator = spawnSync('python3', ['-c', 'import samtranslator'], { stdio: 'ignore' }).status === 0;
const PATIENCE_MS = 60_000;

let served: Served;
const crashes: unknown[] = [];

beforeAll(async () => {
  const settings = { port: 0, seed: 'transforms', clock: 1, timings: 'instant', version: 'test' } as const;
  served = await serve({ ...settings, functions: 'process', crashed: (error) => void crashes.push(error) });
});
afterAll(async () => {
  await served.close();
  expect(crashes).toEqual([]);
});

function client<C>(Client: new (configuration: object) => C): C {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return new Client({ region: 'us-east-1', endpoint: served.url, credentials, maxAttempts: 1 });
}

const cloudformation = (): CloudFormationClient => client(CloudFormationClient as never);

async function stand(StackName: string, template: object): Promise<string | undefined> {
  await cloudformation().send(
    new CreateStackCommand({
      StackName,
      TemplateBody: JSON.stringify(template),
      Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_AUTO_EXPAND'],
    }),
  );
  for (;;) {
    const { Stacks } = await cloudformation().send(new DescribeStacksCommand({ StackName }));
    const status = Stacks?.[0]?.StackStatus;
    if (!status?.endsWith('_IN_PROGRESS')) return status;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('a transform', () => {
  it.skipIf(!translator)(
    'AWS::Serverless makes functions with their roles (where python3 has aws-sam-translator)',
    async () => {
      const status = await stand('sam', {
        Transform: 'AWS::Serverless-2016-10-31',
        Resources: {
          Greeter: {
            Type: 'AWS::Serverless::Function',
            Properties: {
              Runtime: 'nodejs22.x',
              Handler: 'index.handler',
              InlineCode: 'exports.handler = async () => "hello";',
            },
          },
        },
      });
      expect(status).toBe('CREATE_COMPLETE');
      const { StackResources = [] } = await cloudformation().send(
        new DescribeStackResourcesCommand({ StackName: 'sam' }),
      );
      expect(StackResources.map(({ ResourceType }) => ResourceType)).toEqual([
        'AWS::Lambda::Function',
        'AWS::IAM::Role',
      ]);
    },
    PATIENCE_MS,
  );

  it(
    'of the account changes the template as its function says',
    async () => {
      const code =
        'exports.handler = async ({ requestId, fragment }) => { ' +
        "for (const one of Object.values(fragment.Resources)) one.Properties = { DisplayName: 'by macro' }; " +
        "return { requestId, status: 'success', fragment }; };";
      const trust = {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      };
      const made = await stand('macro', {
        Resources: {
          Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust } },
          Code: {
            Type: 'AWS::Lambda::Function',
            Properties: {
              Runtime: 'nodejs22.x',
              Handler: 'index.handler',
              Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
              Code: { ZipFile: code },
            },
          },
          Macro: {
            Type: 'AWS::CloudFormation::Macro',
            Properties: { Name: 'Named', FunctionName: { 'Fn::GetAtt': ['Code', 'Arn'] } },
          },
        },
      });
      expect(made).toBe('CREATE_COMPLETE');
      const status = await stand('uses', {
        Transform: 'Named',
        Resources: { Orders: { Type: 'AWS::SNS::Topic' } },
      });
      expect(status).toBe('CREATE_COMPLETE');
      const { Topics } = await client(SNSClient as never as new (c: object) => SNSClient).send(
        new ListTopicsCommand({}),
      );
      expect(Topics).toHaveLength(1);
    },
    PATIENCE_MS,
  );

  it('that nobody made fails its stack by name', async () => {
    const template = { Transform: 'Nobody', Resources: { A: { Type: 'AWS::SNS::Topic' } } };
    expect(await stand('unknown', template)).toBe('ROLLBACK_COMPLETE');
    const { StackEvents = [] } = await cloudformation().send(
      new DescribeStackEventsCommand({ StackName: 'unknown' }),
    );
    expect(StackEvents.map(({ ResourceStatusReason }) => ResourceStatusReason)).toContainEqual(
      expect.stringContaining('No transform named 000000000000::Nobody found.'),
    );
  });
});

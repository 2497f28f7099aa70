// An alias that CodeDeploy takes from one version to another when its stack is updated.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html

import { CloudWatchClient, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { CancelUpdateStackCommand } from '@aws-sdk/client-cloudformation';
import { CodeDeployClient, GetDeploymentCommand, ListDeploymentsCommand } from '@aws-sdk/client-codedeploy';
import type { DeploymentInfo } from '@aws-sdk/client-codedeploy';
import { UpdateStackCommand } from '@aws-sdk/client-cloudformation';
import { GetAliasCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

const ref = (Ref: string) => ({ Ref });
const attribute = (...path: string[]) => ({ 'Fn::GetAtt': path });
const MINUTE = 60_000;

function role(service: string, more: object): object {
  const Statement = [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }];
  const AssumeRolePolicyDocument = { Version: '2012-10-17', Statement };
  return { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument, ...more } };
}

const allows = (Action: string) => ({
  Policies: [
    {
      PolicyName: 'does',
      PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] },
    },
  ],
});

interface Options {
  readonly hook?: 'Succeeded' | 'Failed';
  readonly extra?: object;
}

/** A template as SAM makes it of a function with a deployment preference, at one of its releases. */
function release(number: number, { hook = 'Succeeded', extra = {} }: Options = {}): { Resources: object } {
  const lambda = (FunctionName: string, manifest: string) => ({
    Type: 'AWS::Lambda::Function',
    Properties: {
      FunctionName,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: attribute('Role', 'Arn'),
      Code: {
        ZipFile: `// sandtable.yml\n// function: ${manifest}\nexports.handler = async () => ${number};`,
      },
    },
  });
  const Alarm = {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: 'errors',
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Dimensions: [
        { Name: 'FunctionName', Value: 'shop' },
        { Name: 'Resource', Value: 'shop:live' },
      ],
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'ignore',
    },
  };
  const events = ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM', 'DEPLOYMENT_STOP_ON_REQUEST'];
  const Group = {
    Type: 'AWS::CodeDeploy::DeploymentGroup',
    Properties: {
      ApplicationName: ref('App'),
      DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
      DeploymentStyle: { DeploymentType: 'BLUE_GREEN', DeploymentOption: 'WITH_TRAFFIC_CONTROL' },
      AlarmConfiguration: { Enabled: true, Alarms: [{ Name: ref('Alarm') }] },
      AutoRollbackConfiguration: { Enabled: true, Events: events },
      ServiceRoleArn: attribute('Deployer', 'Arn'),
    },
  };
  const Live = {
    Type: 'AWS::Lambda::Alias',
    Properties: {
      FunctionName: ref('Fn'),
      Name: 'live',
      FunctionVersion: attribute(`Version${number}`, 'Version'),
    },
    UpdatePolicy: {
      CodeDeployLambdaAliasUpdate: {
        ApplicationName: ref('App'),
        DeploymentGroupName: ref('Group'),
        BeforeAllowTrafficHook: ref('Hook'),
      },
    },
  };
  const managed = ['arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda'];
  return {
    Resources: {
      Role: role('lambda.amazonaws.com', allows('codedeploy:PutLifecycleEventHookExecutionStatus')),
      Deployer: role('codedeploy.amazonaws.com', { ManagedPolicyArns: managed }),
      Alarm,
      Fn: lambda('shop', `{ answers: ${number} }`),
      Hook: lambda('CodeDeployHook_before', `{ lifecycleHook: ${hook} }`),
      [`Version${number}`]: {
        Type: 'AWS::Lambda::Version',
        DeletionPolicy: 'Retain',
        Properties: { FunctionName: ref('Fn') },
      },
      App: { Type: 'AWS::CodeDeploy::Application', Properties: { ComputePlatform: 'Lambda' } },
      Group,
      Live,
      ...extra,
    },
  };
}

class Shop extends ProviderStand {
  readonly lambda: LambdaClient = this.table.client(LambdaClient);
  readonly codedeploy: CodeDeployClient = this.table.client(CodeDeployClient);

  async alias(): Promise<string> {
    const found = await this.lambda.send(new GetAliasCommand({ FunctionName: 'shop', Name: 'live' }));
    const [other] = Object.entries(found.RoutingConfig?.AdditionalVersionWeights ?? {});
    return `${found.FunctionVersion}${other ? ` + ${other[0]} ${other[1]}` : ''}`;
  }

  /** Latest first. */
  async deployments(): Promise<DeploymentInfo[]> {
    const { deployments = [] } = await this.codedeploy.send(new ListDeploymentsCommand({}));
    const found = deployments.map((deploymentId) =>
      this.codedeploy.send(new GetDeploymentCommand({ deploymentId })),
    );
    return (await Promise.all(found)).map(({ deploymentInfo }) => deploymentInfo as DeploymentInfo);
  }

  /** Begins an update without waiting for it. */
  async begin(template: object): Promise<void> {
    await this.cloudformation.send(
      new UpdateStackCommand({
        StackName: 'shop',
        TemplateBody: JSON.stringify(template),
        Capabilities: ['CAPABILITY_IAM'],
      }),
    );
  }

  async fire(): Promise<void> {
    const input = { AlarmName: 'errors', StateValue: 'ALARM', StateReason: 'test' } as const;
    await this.table.client(CloudWatchClient).send(new SetAlarmStateCommand(input));
  }
}

it('is made without a deployment, and waits for one when its version changes', async () => {
  const stand = new Shop();
  expect(await stand.create(release(1))).toBe('CREATE_COMPLETE');
  expect(await stand.deployments()).toEqual([]);
  const began = stand.table.world.now;
  expect(await stand.update(release(2))).toBe('UPDATE_COMPLETE');
  expect(stand.table.world.now - began).toBeGreaterThan(5 * MINUTE);
  expect(await stand.alias()).toBe('2');
  const [deployment, ...others] = await stand.deployments();
  expect(others).toEqual([]);
  expect(deployment).toMatchObject({ status: 'Succeeded', creator: 'CloudFormation' });
  expect(deployment?.externalId).toMatch(/^arn:aws:cloudformation:.*stack\/shop\//);
  expect(await stand.events()).toContain(
    `Live UPDATE_IN_PROGRESS CodeDeploy deployment started: ${deployment?.deploymentId}`,
  );
  // Nothing has changed for the alias.
  await stand.update(release(2, { extra: { Topic: { Type: 'AWS::SNS::Topic' } } }));
  expect(await stand.deployments()).toHaveLength(1);
});

// Order and texts of the events are those that were seen in a stack of somebody's.
it('fails with its deployment, which CodeDeploy rolls back before the stack does', async () => {
  const stand = new Shop();
  await stand.create(release(1));
  expect(await stand.update(release(2, { hook: 'Failed' }))).toBe('UPDATE_ROLLBACK_COMPLETE');
  const [rollback, failed, ...others] = await stand.deployments();
  expect(others).toEqual([]);
  expect(rollback).toMatchObject({ status: 'Succeeded', creator: 'codeDeployRollback' });
  const told = (await stand.events()).filter((event) => event.startsWith('Live UPDATE_'));
  const id = failed?.deploymentId ?? '';
  expect(told.slice(1, 4)).toEqual([
    `Live UPDATE_IN_PROGRESS CodeDeploy deployment started: ${id}`,
    `Live UPDATE_IN_PROGRESS CodeDeploy rollback deployment started: ${rollback?.deploymentId}`,
    expect.stringMatching(
      new RegExp(
        `^Live UPDATE_FAILED Resource handler returned message: "${id} failed\\. The deployment failed because one or more ` +
          'of the lifecycle event validation functions failed\\." \\(RequestToken: .*, HandlerErrorCode: InternalFailure\\)$',
      ),
    ),
  ]);
  expect(await stand.alias()).toBe('1');
});

it('fails when an alarm stops its deployment', async () => {
  const stand = new Shop();
  await stand.create(release(1));
  await stand.begin(release(2));
  stand.table.advance(2 * MINUTE);
  expect(await stand.alias()).toBe('1 + 2 0.1');
  await stand.fire();
  expect(await stand.settle()).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect((await stand.failures())[0]).toMatch(/failed\. One or more alarms have been activated/);
  expect(await stand.alias()).toBe('1');
});

it('goes back by a deployment of its own where the stack fails later', async () => {
  const stand = new Shop();
  await stand.create(release(1));
  const Topic = { Type: 'AWS::SNS::Topic', DependsOn: 'Live', Properties: { TopicName: 'not a name' } };
  expect(await stand.update(release(2, { extra: { Topic } }))).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(await stand.alias()).toBe('1');
  const [back, forth] = await stand.deployments();
  expect(forth).toMatchObject({ status: 'Succeeded', creator: 'CloudFormation' });
  expect(back).toMatchObject({
    status: 'Succeeded',
    creator: 'CloudFormationRollback',
    deploymentConfigName: 'CodeDeployDefault.LambdaAllAtOnce',
  });
});

it('is put back when the update is cancelled', async () => {
  const stand = new Shop();
  await stand.create(release(1));
  await stand.begin(release(2));
  stand.table.advance(2 * MINUTE);
  await stand.cloudformation.send(new CancelUpdateStackCommand({ StackName: 'shop' }));
  expect(await stand.settle()).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(await stand.alias()).toBe('1');
  expect((await stand.deployments()).map(({ creator }) => creator)).toEqual([
    'codeDeployRollback',
    'CloudFormation',
  ]);
});

it('goes back although the alarm that failed the stack is still active', async () => {
  const stand = new Shop();
  await stand.create(release(1));
  const Topic = { Type: 'AWS::SNS::Topic', DependsOn: 'Wait', Properties: { TopicName: 'not a name' } };
  const Wait = { Type: 'AWS::SQS::Queue', DependsOn: 'Live' };
  await stand.begin(release(2, { extra: { Topic, Wait } }));
  for (let tries = 0; tries < 100 && (await stand.alias()) !== '2'; tries += 1) stand.table.advance(5000);
  await stand.fire();
  expect(await stand.settle()).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(await stand.alias()).toBe('1');
});

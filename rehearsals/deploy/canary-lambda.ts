// A canary of a Lambda function: CloudFormation publishes a version and CodeDeploy takes the alias to it, a tenth of the traffic
// first. An alarm on the new version's errors takes it back; the stack goes back with it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html#cfn-attributes-updatepolicy-codedeploylambdaaliasupdate

import { CloudFormationClient, UpdateStackCommand } from '@aws-sdk/client-cloudformation';
import { GetAliasCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { expectation, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { chronicle, create, settled } from '../cfn/stacks.ts';
import type { TemplateParts } from '../cfn/stacks.ts';

const MINUTE = 60_000;
const FUNCTION = 'orders';

const trust = (service: string): object => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
});

/** The function says in a comment what it is like; every release publishes a version of its own. */
function release(number: number, errors: string): TemplateParts {
  const ZipFile = [
    `exports.handler = async () => "release ${number}";`,
    '// sandtable.yml',
    '// function:',
    '//   duration: 20ms',
    `//   errors: ${errors}`,
  ].join('\n');
  const code = (parts: object): object => ({ FunctionName: { Ref: 'Orders' }, ...parts });
  return {
    Resources: {
      Runner: {
        Type: 'AWS::IAM::Role',
        Properties: { AssumeRolePolicyDocument: trust('lambda.amazonaws.com') },
      },
      Deployer: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: trust('codedeploy.amazonaws.com'),
          ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda'],
        },
      },
      Orders: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: FUNCTION,
          Runtime: 'nodejs22.x',
          Handler: 'index.handler',
          Role: { 'Fn::GetAtt': ['Runner', 'Arn'] },
          Code: { ZipFile },
        },
      },
      [`Version${number}`]: {
        Type: 'AWS::Lambda::Version',
        DeletionPolicy: 'Retain',
        Properties: code({ Description: `release ${number}` }),
      },
      Live: {
        Type: 'AWS::Lambda::Alias',
        Properties: code({
          Name: 'live',
          FunctionVersion: { 'Fn::GetAtt': [`Version${number}`, 'Version'] },
        }),
        UpdatePolicy: {
          CodeDeployLambdaAliasUpdate: {
            ApplicationName: { Ref: 'Application' },
            DeploymentGroupName: { Ref: 'Group' },
          },
        },
      },
      Errors: {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: {
          Namespace: 'AWS/Lambda',
          MetricName: 'Errors',
          Dimensions: [
            { Name: 'FunctionName', Value: FUNCTION },
            { Name: 'Resource', Value: `${FUNCTION}:live` },
          ],
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 1,
          Threshold: 5,
          ComparisonOperator: 'GreaterThanThreshold',
          TreatMissingData: 'notBreaching',
        },
      },
      Application: { Type: 'AWS::CodeDeploy::Application', Properties: { ComputePlatform: 'Lambda' } },
      Group: {
        Type: 'AWS::CodeDeploy::DeploymentGroup',
        Properties: {
          ApplicationName: { Ref: 'Application' },
          DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
          DeploymentStyle: { DeploymentType: 'BLUE_GREEN', DeploymentOption: 'WITH_TRAFFIC_CONTROL' },
          ServiceRoleArn: { 'Fn::GetAtt': ['Deployer', 'Arn'] },
          AlarmConfiguration: { Enabled: true, Alarms: [{ Name: { Ref: 'Errors' } }] },
          AutoRollbackConfiguration: {
            Enabled: true,
            Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM'],
          },
        },
      },
    },
  };
}

async function prepare(scene: Scene): Promise<undefined> {
  const status = await create(scene, 'shop', release(1, '0%'));
  if (status !== 'CREATE_COMPLETE')
    throw new Error(`The stack is ${status}: ${(await chronicle(scene, 'shop')).join('\n')}`);
  return undefined;
}

async function weights(scene: Scene): Promise<{ version: string; others: Record<string, number> }> {
  const { FunctionVersion = '', RoutingConfig } = await scene.aws
    .client(LambdaClient)
    .send(new GetAliasCommand({ FunctionName: FUNCTION, Name: 'live' }));
  return { version: FunctionVersion, others: RoutingConfig?.AdditionalVersionWeights ?? {} };
}

async function update(scene: Scene, template: TemplateParts): Promise<Ending> {
  scene.traffic.start({ function: `${FUNCTION}:live`, ratePerSecond: 100 });
  await scene.clock.sleep(2 * MINUTE);
  const startedAt = scene.clock.now;
  await scene.aws.client(CloudFormationClient).send(
    new UpdateStackCommand({
      StackName: 'shop',
      TemplateBody: JSON.stringify(template),
      Capabilities: ['CAPABILITY_IAM'],
    }),
  );
  await scene.clock.until(async () => Object.keys((await weights(scene)).others).length > 0, {
    within: 10 * MINUTE,
    every: 1000,
  });
  const during = await weights(scene);
  const ended = await settled(scene, 'shop');
  const endedAt = scene.clock.now;
  await scene.clock.sleep(2 * MINUTE);
  const events = (await chronicle(scene, 'shop')).filter((event) => event.startsWith('Live UPDATE_FAILED'));
  return {
    ended,
    startedAt,
    endedAt,
    badVersion: '2',
    facts: { during, after: await weights(scene), failed: events.length > 0 },
  };
}

/** Share of all requests that the new version got. */
function shareOfNew({
  measurement,
}: {
  measurement?: { requests: number; byVersion: Record<string, { requests: number }> } | undefined;
}): number {
  return (measurement?.byVersion['2']?.requests ?? 0) / (measurement?.requests ?? 1);
}

const A_TENTH_FIRST = { version: '1', others: { '2': 0.1 } };

export default rehearsal({
  title: 'A canary of a Lambda function',
  claim: {
    id: 'deploy/canary-lambda',
    verdict:
      'corrected: CodeDeploy shifts traffic by canary on Lambda and on ECS; since 2025 ECS does so by itself, and API Gateway canaries are for REST APIs only',
  },
  prepare,
  variants: {
    'a good version': {
      run: (scene) => update(scene, release(2, '0%')),
      expect: [
        expectation('it ends as UPDATE_COMPLETE', ({ ended }) => ({
          passed: ended === 'UPDATE_COMPLETE',
          found: ended,
        })),
        fact('during', A_TENTH_FIRST),
        fact('after', { version: '2', others: {} }),
        expectation('the canary takes five minutes', ({ startedAt, endedAt }) => ({
          passed: endedAt - startedAt >= 5 * MINUTE && endedAt - startedAt < 8 * MINUTE,
          found: `${(endedAt - startedAt) / 1000} s`,
        })),
      ],
    },
    'a bad version': {
      run: (scene) => update(scene, release(2, '20%')),
      expect: [
        expectation('it ends as UPDATE_ROLLBACK_COMPLETE', ({ ended }) => ({
          passed: ended === 'UPDATE_ROLLBACK_COMPLETE',
          found: ended,
        })),
        fact('during', A_TENTH_FIRST),
        fact('after', { version: '1', others: {} }),
        fact('failed', true),
        expectation('no more than a tenth of the requests met the bad version', (result) => ({
          passed: shareOfNew(result) > 0 && shareOfNew(result) < 0.1,
          found: shareOfNew(result).toFixed(3),
        })),
      ],
    },
  },
});

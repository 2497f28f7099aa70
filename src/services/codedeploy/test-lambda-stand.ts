// What the tests of functions' deployments stand on: a function with two versions, an alias on the first, and a deployment
// group. Lambda, IAM, CloudWatch and S3 are there as they are.

import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import {
  CodeDeployClient,
  CreateApplicationCommand,
  CreateDeploymentCommand,
  CreateDeploymentGroupCommand,
  GetDeploymentCommand,
  GetDeploymentTargetCommand,
} from '@aws-sdk/client-codedeploy';
import type {
  AutoRollbackConfiguration,
  CreateDeploymentGroupCommandInput,
  DeploymentInfo,
  LambdaTarget,
} from '@aws-sdk/client-codedeploy';
import { AttachRolePolicyCommand, CreateRoleCommand } from '@aws-sdk/client-iam';
import { CreateAliasCommand, GetAliasCommand } from '@aws-sdk/client-lambda';
import { ACCOUNT, MINUTE, Stand, trust } from '../../../tests/lambda-stand.ts';
import { deployments, hasEnded } from './rows.ts';

const SERVICE_ROLE = `arn:aws:iam::${ACCOUNT}:role/deployer`;
export const MANAGED: string = 'arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda';
const HOUR = 60 * MINUTE;
export const CANARY: string = 'CodeDeployDefault.LambdaCanary10Percent5Minutes';
export const ROLLS_BACK: AutoRollbackConfiguration = {
  enabled: true,
  events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM', 'DEPLOYMENT_STOP_ON_REQUEST'],
};

const STYLE = { deploymentType: 'BLUE_GREEN', deploymentOption: 'WITH_TRAFFIC_CONTROL' } as const;

export function appSpec(more: object = {}, hooks: object = {}): string {
  const Properties = { Name: 'shop', Alias: 'live', CurrentVersion: '1', TargetVersion: '2', ...more };
  return JSON.stringify({
    version: 0.0,
    Resources: [{ shop: { Type: 'AWS::Lambda::Function', Properties } }],
    Hooks: Object.entries(hooks).map(([name, hook]) => ({ [name]: hook })),
  });
}

/** A function with two versions, an alias on the first, and a deployment group. */
export class Shop extends Stand {
  readonly codedeploy: CodeDeployClient = this.table.client(CodeDeployClient);
  readonly cloudwatch: CloudWatchClient = this.table.client(CloudWatchClient);

  async open(more: Partial<CreateDeploymentGroupCommandInput> = {}): Promise<void> {
    await this.role('codedeploy:PutLifecycleEventHookExecutionStatus');
    await this.active('shop', 'function: { answers: one }');
    await this.publish('shop');
    await this.update('shop', 'function: { answers: two }');
    await this.publish('shop');
    await this.lambda.send(
      new CreateAliasCommand({ FunctionName: 'shop', Name: 'live', FunctionVersion: '1' }),
    );
    const AssumeRolePolicyDocument = trust('codedeploy.amazonaws.com');
    await this.iam.send(new CreateRoleCommand({ RoleName: 'deployer', AssumeRolePolicyDocument }));
    await this.iam.send(new AttachRolePolicyCommand({ RoleName: 'deployer', PolicyArn: MANAGED }));
    const applicationName = 'shop';
    await this.codedeploy.send(new CreateApplicationCommand({ applicationName, computePlatform: 'Lambda' }));
    await this.codedeploy.send(
      new CreateDeploymentGroupCommand({
        applicationName,
        deploymentGroupName: 'live',
        serviceRoleArn: SERVICE_ROLE,
        deploymentConfigName: CANARY,
        deploymentStyle: STYLE,
        ...more,
      }),
    );
  }

  async deploy(content: string = appSpec(), deploymentConfigName?: string): Promise<string> {
    const { deploymentId = '' } = await this.codedeploy.send(
      new CreateDeploymentCommand({
        applicationName: 'shop',
        deploymentGroupName: 'live',
        revision: { revisionType: 'AppSpecContent', appSpecContent: { content } },
        ...(deploymentConfigName === undefined ? {} : { deploymentConfigName }),
      }),
    );
    return deploymentId;
  }

  async ended(id: string, withinMs: number = 51 * HOUR): Promise<DeploymentInfo> {
    this.table.until((ctx) => hasEnded(ctx.get(deployments, id) as never), withinMs);
    return this.info(id);
  }

  async info(deploymentId: string): Promise<DeploymentInfo> {
    const { deploymentInfo } = await this.codedeploy.send(new GetDeploymentCommand({ deploymentId }));
    return deploymentInfo as DeploymentInfo;
  }

  async target(deploymentId: string): Promise<LambdaTarget> {
    const { deploymentTarget } = await this.codedeploy.send(
      new GetDeploymentTargetCommand({ deploymentId, targetId: 'shop:live' }),
    );
    return deploymentTarget?.lambdaTarget as LambdaTarget;
  }

  async events(deploymentId: string): Promise<string[]> {
    const { lifecycleEvents = [] } = await this.target(deploymentId);
    return lifecycleEvents.map(({ lifecycleEventName, status }) => `${lifecycleEventName} ${status}`);
  }

  /** The alias, as `version` or `version + share of another`. */
  async alias(): Promise<string> {
    const found = await this.lambda.send(new GetAliasCommand({ FunctionName: 'shop', Name: 'live' }));
    const [other] = Object.entries(found.RoutingConfig?.AdditionalVersionWeights ?? {});
    return `${found.FunctionVersion}${other ? ` + ${other[0]} ${other[1]}` : ''}`;
  }

  async alarm(): Promise<void> {
    await this.cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName: 'errors',
        Namespace: 'AWS/Lambda',
        MetricName: 'Errors',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'ignore',
      }),
    );
  }

  async fire(): Promise<void> {
    const input = { AlarmName: 'errors', StateValue: 'ALARM', StateReason: 'test' } as const;
    await this.cloudwatch.send(new SetAlarmStateCommand(input));
  }
}

export async function shop(more: Partial<CreateDeploymentGroupCommandInput> = {}): Promise<Shop> {
  const made = new Shop();
  await made.open(more);
  return made;
}

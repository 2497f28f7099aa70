// Deployments of functions.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-lambda.html

import {
  CodeDeployClient,
  CreateDeploymentCommand,
  CreateDeploymentConfigCommand,
  GetDeploymentConfigCommand,
  GetDeploymentGroupCommand,
  GetDeploymentInstanceCommand,
  ListDeploymentTargetsCommand,
  StopDeploymentCommand,
} from '@aws-sdk/client-codedeploy';
import type { DeploymentInfo } from '@aws-sdk/client-codedeploy';
import { DetachRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, PutObjectCommand, PutObjectTaggingCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { functionArn, MINUTE, SECOND, Stand } from '../../../../tests/lambda-stand.ts';
import { appSpec, CANARY, MANAGED, ROLLS_BACK, shop } from '../test-lambda-stand.ts';

describe('a canary', () => {
  it('gets a tenth of the traffic at once and the rest after five minutes', async () => {
    const made = await shop();
    const id = await made.deploy();
    expect((await made.info(id)).status).toBe('Created');
    made.table.advance(10 * SECOND);
    expect(await made.alias()).toBe('1 + 2 0.1');
    expect(await made.events(id)).toEqual([
      'BeforeAllowTraffic Succeeded',
      'AllowTraffic InProgress',
      'AfterAllowTraffic Pending',
    ]);
    expect(await made.target(id)).toMatchObject({
      status: 'InProgress',
      targetArn: `${functionArn('shop')}:live`,
      lambdaFunctionInfo: {
        functionName: 'shop',
        functionAlias: 'live',
        currentVersion: '1',
        targetVersion: '2',
        targetVersionWeight: 10,
      },
    });
    made.table.advance(4 * MINUTE);
    expect(await made.alias()).toBe('1 + 2 0.1');
    const info = await made.ended(id);
    expect(info).toMatchObject({
      status: 'Succeeded',
      computePlatform: 'Lambda',
      creator: 'user',
      deploymentConfigName: CANARY,
      deploymentOverview: { Succeeded: 1, Failed: 0 },
    });
    expect(Number(info.completeTime) - Number(info.startTime)).toBe(5 * MINUTE);
    expect(await made.alias()).toBe('2');
    const targets = await made.codedeploy.send(new ListDeploymentTargetsCommand({ deploymentId: id }));
    expect(targets.targetIds).toEqual(['shop:live']);
    const group = await made.codedeploy.send(
      new GetDeploymentGroupCommand({ applicationName: 'shop', deploymentGroupName: 'live' }),
    );
    expect(group.deploymentGroupInfo).toMatchObject({
      computePlatform: 'Lambda',
      targetRevision: { revisionType: 'AppSpecContent' },
      lastSuccessfulDeployment: { deploymentId: id },
    });
  });

  // The message is AWS's as observed; the rollback is a deployment of its own.
  it('is stopped by an alarm, and its alias goes back at once by another deployment', async () => {
    const made = await shop({
      alarmConfiguration: { enabled: true, alarms: [{ name: 'errors' }] },
      autoRollbackConfiguration: ROLLS_BACK,
    });
    await made.alarm();
    const id = await made.deploy();
    made.table.advance(MINUTE);
    await made.fire();
    const info = await made.ended(id, MINUTE);
    expect(info).toMatchObject({
      status: 'Stopped',
      errorInformation: { code: 'ALARM_ACTIVE' },
      deploymentOverview: { Failed: 1 },
    });
    expect(info.errorInformation?.message).toMatch(/Activated alarms: <errors>$/);
    expect(await made.events(id)).toEqual([
      'BeforeAllowTraffic Succeeded',
      'AllowTraffic Failed',
      'AfterAllowTraffic Skipped',
    ]);
    const rollback = info.rollbackInfo?.rollbackDeploymentId ?? '';
    expect(info.rollbackInfo?.rollbackMessage).toBe(
      `Deployment ${id} terminated. Automatic rollback is triggered with a DeploymentId ${rollback}.`,
    );
    expect(await made.ended(rollback, 10 * SECOND)).toMatchObject({
      status: 'Succeeded',
      creator: 'codeDeployRollback',
      deploymentConfigName: 'CodeDeployDefault.LambdaAllAtOnce',
    });
    expect(await made.alias()).toBe('1');
    expect((await made.target(rollback)).lambdaFunctionInfo).toMatchObject({ targetVersion: '1' });
  });

  it('is not begun while its alarm is active', async () => {
    const made = await shop({ alarmConfiguration: { enabled: true, alarms: [{ name: 'errors' }] } });
    await made.alarm();
    await made.fire();
    const id = await made.deploy();
    expect(await made.ended(id)).toMatchObject({ status: 'Stopped' });
    expect(await made.events(id)).toEqual([
      'BeforeAllowTraffic Failed',
      'AllowTraffic Skipped',
      'AfterAllowTraffic Skipped',
    ]);
    expect(await made.alias()).toBe('1');
  });

  // https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments-lambda.html
  it('that is stopped without a rollback leaves two versions behind, and the next deployment fails', async () => {
    const made = await shop();
    const id = await made.deploy();
    made.table.advance(MINUTE);
    await made.codedeploy.send(new StopDeploymentCommand({ deploymentId: id }));
    expect(await made.info(id)).toMatchObject({
      status: 'Stopped',
      errorInformation: { code: 'MANUAL_STOP' },
    });
    expect(await made.alias()).toBe('1 + 2 0.1');
    expect(await made.ended(await made.deploy())).toMatchObject({
      status: 'Failed',
      errorInformation: { code: 'INVALID_LAMBDA_CONFIGURATION' },
    });
  });

  it('that is stopped with a rollback goes back', async () => {
    const made = await shop();
    const id = await made.deploy();
    made.table.advance(MINUTE);
    await made.codedeploy.send(new StopDeploymentCommand({ deploymentId: id, autoRollbackEnabled: true }));
    made.table.advance(10 * SECOND);
    expect(await made.alias()).toBe('1');
  });
});

describe('traffic', () => {
  it('goes over in ten equal steps where the configuration is linear', async () => {
    const made = await shop();
    const id = await made.deploy(appSpec(), 'CodeDeployDefault.LambdaLinear10PercentEvery1Minute');
    made.table.advance(10 * SECOND);
    const seen = [await made.alias()];
    for (let minute = 1; minute < 10; minute += 1) {
      made.table.advance(MINUTE);
      seen.push(await made.alias());
    }
    expect(seen).toEqual([
      ...[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map((weight) => `1 + 2 ${weight}`),
      '2',
    ]);
    expect((await made.info(id)).status).toBe('Succeeded');
  });

  it('goes over at once where the configuration says so', async () => {
    const made = await shop();
    const id = await made.deploy(appSpec(), 'CodeDeployDefault.LambdaAllAtOnce');
    await made.ended(id, 10 * SECOND);
    expect(await made.alias()).toBe('2');
  });

  it('goes over as a configuration of the user says', async () => {
    const made = await shop();
    const deploymentConfigName = 'Slow';
    await made.codedeploy.send(
      new CreateDeploymentConfigCommand({
        deploymentConfigName,
        computePlatform: 'Lambda',
        trafficRoutingConfig: {
          type: 'TimeBasedLinear',
          timeBasedLinear: { linearPercentage: 40, linearInterval: 2 },
        },
      }),
    );
    const { deploymentConfigInfo } = await made.codedeploy.send(
      new GetDeploymentConfigCommand({ deploymentConfigName }),
    );
    expect(deploymentConfigInfo).toMatchObject({
      computePlatform: 'Lambda',
      trafficRoutingConfig: { timeBasedLinear: { linearPercentage: 40, linearInterval: 2 } },
    });
    await made.deploy(appSpec(), deploymentConfigName);
    const seen: string[] = [];
    made.table.advance(10 * SECOND);
    for (let step = 0; step < 3; step += 1) {
      seen.push(await made.alias());
      made.table.advance(2 * MINUTE);
    }
    expect(seen).toEqual(['1 + 2 0.4', '1 + 2 0.8', '2']);
  });
});

describe('a revision', () => {
  it.each([
    // The words are AWS's: github.com/aws/serverless-application-model/issues/291.
    [
      { CurrentVersion: '2', TargetVersion: '1' },
      'INVALID_LAMBDA_CONFIGURATION',
      /does not match the current version in AppSpec file\.$/,
    ],
    // github.com/terraform-aws-modules/terraform-aws-lambda/issues/82
    [{ TargetVersion: '1' }, 'INVALID_LAMBDA_CONFIGURATION', /has an invalid configuration\.$/],
    [{ Alias: 'none' }, 'INVALID_LAMBDA_FUNCTION', /Cannot find alias/],
    [{ TargetVersion: '9' }, 'INVALID_LAMBDA_FUNCTION', /not found/],
  ])('with %j fails the deployment: %s', async (more, code, message) => {
    const made = await shop();
    const info = await made.ended(await made.deploy(appSpec(more)));
    expect(info).toMatchObject({ status: 'Failed', errorInformation: { code } });
    expect(info.errorInformation?.message).toMatch(message);
    expect(await made.alias()).toBe('1');
  });

  it('may be YAML in S3, which the service role reads', async () => {
    const made = await shop();
    const s3 = made.table.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: 'specs' }));
    const Body = `version: 0.0
Resources:
  - shop:
      Type: AWS::Lambda::Function
      Properties: { Name: shop, Alias: live, CurrentVersion: 1, TargetVersion: 2 }
`;
    const place = { Bucket: 'specs', Key: 'appspec.yml' };
    await s3.send(new PutObjectCommand({ ...place, Body }));
    const deploy = async (): Promise<DeploymentInfo> => {
      const { deploymentId = '' } = await made.codedeploy.send(
        new CreateDeploymentCommand({
          applicationName: 'shop',
          deploymentGroupName: 'live',
          revision: {
            revisionType: 'S3',
            s3Location: { bucket: 'specs', key: 'appspec.yml', bundleType: 'YAML' },
          },
        }),
      );
      return made.ended(deploymentId);
    };
    expect((await deploy()).errorInformation).toMatchObject({
      code: 'IAM_ROLE_PERMISSIONS',
      message: /AmazonS3/,
    });
    // The managed policy lets objects be read that are tagged so.
    const Tagging = { TagSet: [{ Key: 'UseWithCodeDeploy', Value: 'true' }] };
    await s3.send(new PutObjectTaggingCommand({ ...place, Tagging }));
    expect(await deploy()).toMatchObject({ status: 'Succeeded' });
  });

  it('must have the hash that the request gives', async () => {
    const made = await shop();
    const input = { applicationName: 'shop', deploymentGroupName: 'live' };
    const string = { content: appSpec(), sha256: '00' };
    const sent = new CreateDeploymentCommand({ ...input, revision: { revisionType: 'String', string } });
    await expect(made.codedeploy.send(sent)).rejects.toMatchObject({ name: 'InvalidRevisionException' });
  });
});

describe('a group of a Lambda application', () => {
  it.each([
    [{ deploymentStyle: undefined }, 'InvalidDeploymentStyleException'],
    [{ deploymentConfigName: 'CodeDeployDefault.OneAtATime' }, 'InvalidDeploymentConfigNameException'],
    [{ ec2TagFilters: [{ Key: 'a', Type: 'KEY_ONLY' as const }] }, 'InvalidInputException'],
  ])('is refused with %j', async (more, name) => {
    await expect(shop(more)).rejects.toMatchObject({ name });
  });

  it('says so where an instance is asked for', async () => {
    const made = await shop();
    const deploymentId = await made.deploy();
    made.table.advance(10 * SECOND);
    const asked = made.codedeploy.send(new GetDeploymentInstanceCommand({ deploymentId, instanceId: 'i-1' }));
    await expect(asked).rejects.toMatchObject({ name: 'InvalidComputePlatformException' });
  });

  it('deploys nothing where its role lacks the permission', async () => {
    const made = await shop();
    await made.iam.send(new DetachRolePolicyCommand({ RoleName: 'deployer', PolicyArn: MANAGED }));
    expect((await made.ended(await made.deploy())).errorInformation).toMatchObject({
      code: 'IAM_ROLE_PERMISSIONS',
    });
  });
});

it.each([
  [{ type: 'TimeBasedCanary', timeBasedCanary: { canaryPercentage: 100, canaryInterval: 1 } }],
  [{ type: 'TimeBasedCanary', timeBasedCanary: { canaryPercentage: 10, canaryInterval: 2881 } }],
  [{ type: 'TimeBasedLinear', timeBasedLinear: { linearPercentage: 1, linearInterval: 30 } }],
  [{ type: 'TimeBasedLinear' }],
] as const)('a configuration with %j is refused', async (trafficRoutingConfig) => {
  const codedeploy = new Stand().table.client(CodeDeployClient);
  const sent = new CreateDeploymentConfigCommand({
    deploymentConfigName: 'x',
    computePlatform: 'Lambda',
    trafficRoutingConfig,
  });
  await expect(codedeploy.send(sent)).rejects.toMatchObject({
    name: 'InvalidTrafficRoutingConfigurationException',
  });
});

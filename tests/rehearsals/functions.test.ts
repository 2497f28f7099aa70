// A rehearsal of a function: load on its alias, measured by version, and the deployment in the result.

import { CodeDeployClient, CreateApplicationCommand } from '@aws-sdk/client-codedeploy';
import { CreateDeploymentCommand, CreateDeploymentGroupCommand } from '@aws-sdk/client-codedeploy';
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateAliasCommand, CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PublishVersionCommand, UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import { expect, it } from 'vitest';
import { rehearsal } from '#rehearsal/rehearsal.ts';
import { runAll } from '#rehearsal/run.ts';
import type { Scene } from '#rehearsal/scene.ts';
import { composeRehearsal } from '#sandtable';
import { packaged, trust } from '../lambda-stand.ts';

const MINUTE = 60_000;
const named = { FunctionName: 'orders' } as const;

async function role(scene: Scene, RoleName: string, service: string): Promise<string> {
  const AssumeRolePolicyDocument = trust(service);
  const iam = scene.aws.client(IAMClient);
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  return Role?.Arn ?? '';
}

async function prepare(scene: Scene): Promise<void> {
  const [lambda, codedeploy] = [scene.aws.client(LambdaClient), scene.aws.client(CodeDeployClient)];
  const Role = await role(scene, 'runner', 'lambda.amazonaws.com');
  const Code = { ZipFile: packaged('function: { duration: 20ms }') };
  const what = { ...named, Role, Runtime: 'nodejs22.x', Handler: 'index.handler', Code } as const;
  await lambda.send(new CreateFunctionCommand(what));
  await scene.clock.sleep(MINUTE);
  await lambda.send(new PublishVersionCommand(named));
  const ZipFile = packaged('function: { duration: 20ms, errors: 5% }');
  await lambda.send(new UpdateFunctionCodeCommand({ ...named, ZipFile }));
  await scene.clock.sleep(MINUTE);
  await lambda.send(new PublishVersionCommand(named));
  await lambda.send(new CreateAliasCommand({ ...named, Name: 'live', FunctionVersion: '1' }));
  const serviceRoleArn = await role(scene, 'deployer', 'codedeploy.amazonaws.com');
  const PolicyArn = 'arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda';
  await scene.aws.client(IAMClient).send(new AttachRolePolicyCommand({ RoleName: 'deployer', PolicyArn }));
  const applicationName = 'orders';
  await codedeploy.send(new CreateApplicationCommand({ applicationName, computePlatform: 'Lambda' }));
  await codedeploy.send(
    new CreateDeploymentGroupCommand({
      applicationName,
      deploymentGroupName: 'live',
      serviceRoleArn,
      deploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
      deploymentStyle: { deploymentType: 'BLUE_GREEN', deploymentOption: 'WITH_TRAFFIC_CONTROL' },
    }),
  );
}

const canary = rehearsal<void>({
  title: 'A canary of a function',
  prepare,
  variants: {
    canary: {
      async run(scene) {
        scene.traffic.start({ function: 'orders:live', ratePerSecond: 200 });
        const Properties = { Name: 'orders', Alias: 'live', CurrentVersion: '1', TargetVersion: '2' };
        const content = JSON.stringify({
          version: 0.0,
          Resources: [{ orders: { Type: 'AWS::Lambda::Function', Properties } }],
        });
        const { deploymentId = '' } = await scene.aws.client(CodeDeployClient).send(
          new CreateDeploymentCommand({
            applicationName: 'orders',
            deploymentGroupName: 'live',
            revision: { revisionType: 'AppSpecContent', appSpecContent: { content } },
          }),
        );
        await scene.clock.sleep(10 * MINUTE);
        return { ended: 'Succeeded', deploymentIds: [deploymentId], badVersion: '2' };
      },
    },
  },
});

it('is measured by version while an alias goes over, and shows the deployment', async () => {
  const [result] = await runAll(canary, composeRehearsal());
  const { byVersion = {}, servedBy = {}, requests = 0 } = result?.measurement ?? {};
  // Five minutes of a tenth, and five of all.
  const share = (byVersion['2']?.requests ?? 0) / requests;
  expect(share).toBeGreaterThan(0.53);
  expect(share).toBeLessThan(0.57);
  expect(byVersion['1']?.failed).toBe(0);
  expect(servedBy['1']).toBeLessThan(6 * MINUTE);
  expect(result?.deployments[0]).toMatchObject({
    status: 'Succeeded',
    targets: [
      {
        instanceId: 'orders:live',
        status: 'Succeeded',
        events: [{ name: 'BeforeAllowTraffic' }, { name: 'AllowTraffic' }, { name: 'AfterAllowTraffic' }],
      },
    ],
  });
});

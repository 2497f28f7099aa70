// Applications, deployment configurations and deployment groups, made by stacks.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CodeDeploy.html

import {
  CodeDeployClient,
  GetApplicationCommand,
  GetDeploymentConfigCommand,
  GetDeploymentGroupCommand,
  ListApplicationsCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-codedeploy';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

const ref = (Ref: string) => ({ Ref });

const Role = {
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'codedeploy.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ],
    },
  },
};

const application = (more: object = {}) => ({ Type: 'AWS::CodeDeploy::Application', Properties: more });

function group(more: object = {}): object {
  const Properties = {
    ApplicationName: ref('App'),
    ServiceRoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
    ...more,
  };
  return { Type: 'AWS::CodeDeploy::DeploymentGroup', Properties };
}

function made(): ProviderStand & { codedeploy: CodeDeployClient } {
  const stand = new ProviderStand();
  return Object.assign(stand, { codedeploy: stand.table.client(CodeDeployClient) });
}

describe('an application', () => {
  it('has a name of CloudFormation and tags, and is replaced where its platform changes', async () => {
    const stand = made();
    const Tags = [{ Key: 'team', Value: 'a' }];
    await stand.create({
      Resources: { App: application({ Tags }) },
      Outputs: { Name: { Value: ref('App') } },
    });
    const { Name: applicationName = '' } = await stand.outputs();
    expect(applicationName).toMatch(/^shop-App-/);
    const ResourceArn = `arn:aws:codedeploy:us-east-1:000000000000:application:${applicationName}`;
    const tags = await stand.codedeploy.send(new ListTagsForResourceCommand({ ResourceArn }));
    expect(tags.Tags).toContainEqual({ Key: 'team', Value: 'a' });
    await stand.update({ Resources: { App: application({ ComputePlatform: 'Lambda' }) } });
    const { applications = [] } = await stand.codedeploy.send(new ListApplicationsCommand({}));
    expect(applications).toHaveLength(1);
    expect(applications).not.toContain(applicationName);
    const found = await stand.codedeploy.send(
      new GetApplicationCommand({ applicationName: applications[0] as string }),
    );
    expect(found.application?.computePlatform).toBe('Lambda');
  });
});

describe('a deployment configuration', () => {
  it('of functions shifts traffic, and of instances keeps some healthy', async () => {
    const stand = made();
    const config = (Properties: object) => ({ Type: 'AWS::CodeDeploy::DeploymentConfig', Properties });
    const status = await stand.create({
      Resources: {
        Canary: config({
          DeploymentConfigName: 'Canary',
          ComputePlatform: 'Lambda',
          TrafficRoutingConfig: {
            Type: 'TimeBasedCanary',
            TimeBasedCanary: { CanaryPercentage: 15, CanaryInterval: 2 },
          },
        }),
        Most: config({
          DeploymentConfigName: 'Most',
          MinimumHealthyHosts: { Type: 'FLEET_PERCENT', Value: 75 },
        }),
      },
    });
    expect(status).toBe('CREATE_COMPLETE');
    const get = async (deploymentConfigName: string) =>
      (await stand.codedeploy.send(new GetDeploymentConfigCommand({ deploymentConfigName })))
        .deploymentConfigInfo;
    expect(await get('Canary')).toMatchObject({
      computePlatform: 'Lambda',
      trafficRoutingConfig: { timeBasedCanary: { canaryPercentage: 15, canaryInterval: 2 } },
    });
    expect(await get('Most')).toMatchObject({ minimumHealthyHosts: { type: 'FLEET_PERCENT', value: 75 } });
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    await expect(get('Most')).rejects.toMatchObject({ name: 'DeploymentConfigDoesNotExistException' });
  });
});

describe('a deployment group', () => {
  const GROUP = { applicationName: 'shop', deploymentGroupName: 'web' };
  const App = application({ ApplicationName: 'shop' });

  it('is updated in place, and what a template no longer gives is taken away', async () => {
    const stand = made();
    const before = {
      DeploymentGroupName: 'web',
      Ec2TagFilters: [{ Key: 'app', Value: 'web', Type: 'KEY_AND_VALUE' }],
      AlarmConfiguration: { Enabled: true, Alarms: [{ Name: 'errors' }] },
      AutoRollbackConfiguration: { Enabled: true, Events: ['DEPLOYMENT_FAILURE'] },
    };
    const Outputs = { Name: { Value: ref('Group') } };
    await stand.create({ Resources: { Role, App, Group: group(before) }, Outputs });
    expect(await stand.outputs()).toEqual({ Name: 'web' });
    const get = async () =>
      (await stand.codedeploy.send(new GetDeploymentGroupCommand(GROUP))).deploymentGroupInfo;
    const first = await get();
    expect(first).toMatchObject({
      ec2TagFilters: [{ Key: 'app', Value: 'web', Type: 'KEY_AND_VALUE' }],
      alarmConfiguration: { enabled: true, alarms: [{ name: 'errors' }] },
    });
    const after = {
      DeploymentGroupName: 'web',
      DeploymentConfigName: 'CodeDeployDefault.AllAtOnce',
      Ec2TagSet: { Ec2TagSetList: [{ Ec2TagGroup: [{ Key: 'app', Type: 'KEY_ONLY' }] }] },
    };
    expect(await stand.update({ Resources: { Role, App, Group: group(after) } })).toBe('UPDATE_COMPLETE');
    const second = await get();
    expect(second).toMatchObject({
      deploymentGroupId: first?.deploymentGroupId,
      deploymentConfigName: 'CodeDeployDefault.AllAtOnce',
      ec2TagSet: { ec2TagSetList: [[{ Key: 'app', Type: 'KEY_ONLY' }]] },
      alarmConfiguration: { enabled: false, alarms: [] },
      autoRollbackConfiguration: { enabled: false, events: [] },
    });
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    await expect(get()).rejects.toMatchObject({ name: 'ApplicationDoesNotExistException' });
  });

  it('that is refused by CodeDeploy fails the stack in its words', async () => {
    const stand = made();
    const Config = { DeploymentConfigName: 'None' };
    expect(await stand.create({ Resources: { Role, App, Group: group(Config) } })).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toMatch(
      /No Deployment Configuration found for name: None \(Service: CodeDeploy, Status Code: 400/,
    );
  });
});

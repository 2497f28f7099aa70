// Applications, configurations, groups, revisions, on-premises instances, tags: what the API answers.

import type { CodeDeployClient } from '@aws-sdk/client-codedeploy';
import {
  BatchGetApplicationsCommand,
  CreateApplicationCommand,
  CreateDeploymentConfigCommand,
  CreateDeploymentGroupCommand,
  DeleteApplicationCommand,
  DeleteDeploymentConfigCommand,
  DeregisterOnPremisesInstanceCommand,
  GetApplicationCommand,
  GetApplicationRevisionCommand,
  GetDeploymentCommand,
  GetDeploymentConfigCommand,
  GetDeploymentGroupCommand,
  ListApplicationRevisionsCommand,
  ListApplicationsCommand,
  ListDeploymentConfigsCommand,
  ListDeploymentGroupsCommand,
  ListOnPremisesInstancesCommand,
  ListTagsForResourceCommand,
  RegisterApplicationRevisionCommand,
  RegisterOnPremisesInstanceCommand,
  TagResourceCommand,
  UpdateApplicationCommand,
  UpdateDeploymentGroupCommand,
} from '@aws-sdk/client-codedeploy';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, ROLE } from './test-cloud.ts';
import { LOAD_BALANCED, revision, Stand } from './test-stand.ts';

describe('an application', () => {
  it('exists once under its name', async () => {
    const { codedeploy } = new Stand();
    const { applicationId } = await codedeploy.send(
      new CreateApplicationCommand({ applicationName: 'shop' }),
    );
    const again = codedeploy.send(new CreateApplicationCommand({ applicationName: 'shop' }));
    await expect(again).rejects.toMatchObject({ name: 'ApplicationAlreadyExistsException' });
    const { application } = await codedeploy.send(new GetApplicationCommand({ applicationName: 'shop' }));
    expect(application).toMatchObject({
      applicationId,
      applicationName: 'shop',
      computePlatform: 'Server',
      linkedToGitHub: false,
    });
    expect(
      (await codedeploy.send(new BatchGetApplicationsCommand({ applicationNames: ['shop'] })))
        .applicationsInfo,
    ).toHaveLength(1);
  });

  it('that is not there is named in the answer', async () => {
    const { codedeploy } = new Stand();
    await expect(codedeploy.send(new GetApplicationCommand({ applicationName: 'x' }))).rejects.toMatchObject({
      name: 'ApplicationDoesNotExistException',
      message: 'No application found for name: x',
    });
  });

  it('takes its groups and revisions along to a new name', async () => {
    const stand = new Stand();
    await stand.group();
    await stand.codedeploy.send(
      new RegisterApplicationRevisionCommand({ applicationName: 'shop', revision: revision('v1') }),
    );
    await stand.codedeploy.send(
      new UpdateApplicationCommand({ applicationName: 'shop', newApplicationName: 'store' }),
    );
    expect((await stand.codedeploy.send(new ListApplicationsCommand({}))).applications).toEqual(['store']);
    const groups = await stand.codedeploy.send(new ListDeploymentGroupsCommand({ applicationName: 'store' }));
    expect(groups.deploymentGroups).toEqual(['web']);
    const found = await stand.codedeploy.send(
      new ListApplicationRevisionsCommand({ applicationName: 'store' }),
    );
    expect(found.revisions).toEqual([revision('v1')]);
  });

  it('goes with its groups, and deleting it again succeeds', async () => {
    const stand = new Stand();
    await stand.group();
    await stand.codedeploy.send(new DeleteApplicationCommand({ applicationName: 'shop' }));
    await stand.codedeploy.send(new DeleteApplicationCommand({ applicationName: 'shop' }));
    expect((await stand.codedeploy.send(new ListApplicationsCommand({}))).applications).toEqual([]);
  });

  it('for ECS is refused by name', async () => {
    const { codedeploy } = new Stand();
    const input = { applicationName: 'shop', computePlatform: 'ECS' } as const;
    await expect(codedeploy.send(new CreateApplicationCommand(input))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 501 },
    });
  });
});

it('answers what is missing with errors of its own', async () => {
  const { codedeploy } = new Stand();
  const without = { deploymentGroupName: 'web', serviceRoleArn: ROLE } as never;
  await expect(codedeploy.send(new CreateDeploymentGroupCommand(without))).rejects.toMatchObject({
    name: 'ApplicationNameRequiredException',
  });
  await expect(codedeploy.send(new GetDeploymentCommand({ deploymentId: 'nonsense' }))).rejects.toMatchObject(
    {
      name: 'InvalidDeploymentIdException',
    },
  );
  await expect(
    codedeploy.send(new GetDeploymentCommand({ deploymentId: 'd-ABCDEFGHI' })),
  ).rejects.toMatchObject({
    name: 'DeploymentDoesNotExistException',
    message: 'The deployment d-ABCDEFGHI could not be found',
  });
});

describe('a deployment configuration', () => {
  it('of AWS is there from the start and stays', async () => {
    const { codedeploy } = new Stand();
    const { deploymentConfigsList } = await codedeploy.send(new ListDeploymentConfigsCommand({}));
    expect(deploymentConfigsList).toHaveLength(12);
    expect(deploymentConfigsList?.slice(0, 3)).toEqual([
      'CodeDeployDefault.AllAtOnce',
      'CodeDeployDefault.HalfAtATime',
      'CodeDeployDefault.OneAtATime',
    ]);
    const deploymentConfigName = 'CodeDeployDefault.OneAtATime';
    const { deploymentConfigInfo } = await codedeploy.send(
      new GetDeploymentConfigCommand({ deploymentConfigName }),
    );
    expect(deploymentConfigInfo?.minimumHealthyHosts).toEqual({ type: 'MOST_CONCURRENCY', value: 1 });
    const gone = codedeploy.send(new DeleteDeploymentConfigCommand({ deploymentConfigName }));
    await expect(gone).rejects.toMatchObject({ name: 'InvalidOperationException' });
  });

  it('of the user may not be 100 percent, and not be deleted while a group uses it', async () => {
    const stand = new Stand();
    const make = (value: number): CreateDeploymentConfigCommand =>
      new CreateDeploymentConfigCommand({
        deploymentConfigName: 'most',
        minimumHealthyHosts: { type: 'FLEET_PERCENT', value },
      });
    await expect(stand.codedeploy.send(make(100))).rejects.toMatchObject({
      name: 'InvalidMinimumHealthyHostValueException',
    });
    await stand.codedeploy.send(make(75));
    await stand.group({ deploymentConfigName: 'most' });
    const gone = stand.codedeploy.send(new DeleteDeploymentConfigCommand({ deploymentConfigName: 'most' }));
    await expect(gone).rejects.toMatchObject({ name: 'DeploymentConfigInUseException' });
  });

  it('that does not exist cannot be chosen', async () => {
    const stand = new Stand();
    await expect(stand.group({ deploymentConfigName: 'none' })).rejects.toMatchObject({
      name: 'DeploymentConfigDoesNotExistException',
    });
  });
});

describe('a deployment group', () => {
  it('has defaults for what it was not told', async () => {
    const stand = new Stand();
    await stand.group();
    const input = { applicationName: 'shop', deploymentGroupName: 'web' };
    const { deploymentGroupInfo } = await stand.codedeploy.send(new GetDeploymentGroupCommand(input));
    expect(deploymentGroupInfo).toMatchObject({
      deploymentConfigName: 'CodeDeployDefault.OneAtATime',
      deploymentStyle: { deploymentType: 'IN_PLACE', deploymentOption: 'WITHOUT_TRAFFIC_CONTROL' },
      outdatedInstancesStrategy: 'UPDATE',
      terminationHookEnabled: false,
      computePlatform: 'Server',
    });
  });

  it('needs a role that CodeDeploy can assume, and a load balancer where it controls traffic', async () => {
    await expect(
      new Stand().group({ serviceRoleArn: 'arn:aws:iam::000000000000:role/none' }),
    ).rejects.toMatchObject({
      name: 'InvalidRoleException',
      message: 'Cannot assume role provided.',
    });
    const { deploymentStyle } = LOAD_BALANCED;
    await expect(new Stand().group({ deploymentStyle } as never)).rejects.toMatchObject({
      name: 'InvalidLoadBalancerInfoException',
    });
  });

  it('for ECS is refused by name', async () => {
    const ecs = new Stand().group({ loadBalancerInfo: { targetGroupPairInfoList: [{}] } });
    await expect(ecs).rejects.toMatchObject({ $metadata: { httpStatusCode: 501 } });
  });

  it('keeps what an update leaves out', async () => {
    const stand = new Stand();
    await stand.group(LOAD_BALANCED);
    const names = {
      applicationName: 'shop',
      currentDeploymentGroupName: 'web',
      newDeploymentGroupName: 'site',
    };
    await stand.codedeploy.send(
      new UpdateDeploymentGroupCommand({ ...names, outdatedInstancesStrategy: 'IGNORE' }),
    );
    const input = { applicationName: 'shop', deploymentGroupName: 'site' };
    const { deploymentGroupInfo } = await stand.codedeploy.send(new GetDeploymentGroupCommand(input));
    expect(deploymentGroupInfo).toMatchObject({ ...LOAD_BALANCED, outdatedInstancesStrategy: 'IGNORE' });
    await expect(
      stand.codedeploy.send(new GetDeploymentGroupCommand({ ...input, deploymentGroupName: 'web' })),
    ).rejects.toMatchObject({ message: 'No Deployment Group found for name: web' });
  });

  it('carries tags, as the application does', async () => {
    const stand = new Stand();
    await stand.group({ tags: [{ Key: 'team', Value: 'a' }] });
    const ResourceArn = `arn:aws:codedeploy:us-east-1:${ACCOUNT}:deploymentgroup:shop/web`;
    await stand.codedeploy.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'cost', Value: '1' }] }));
    const { Tags } = await stand.codedeploy.send(new ListTagsForResourceCommand({ ResourceArn }));
    expect(Tags).toEqual([
      { Key: 'cost', Value: '1' },
      { Key: 'team', Value: 'a' },
    ]);
  });
});

it('a revision is registered by its first deployment, and remembers its groups', async () => {
  const stand = new Stand();
  stand.hosts(1);
  await stand.group();
  const input = { applicationName: 'shop', revision: revision('v1') };
  await expect(stand.codedeploy.send(new GetApplicationRevisionCommand(input))).rejects.toMatchObject({
    name: 'RevisionDoesNotExistException',
  });
  await stand.ended(await stand.deploy('v1'));
  const { revisionInfo } = await stand.codedeploy.send(new GetApplicationRevisionCommand(input));
  expect(revisionInfo?.deploymentGroups).toEqual(['web']);
});

it('an on-premises instance is registered under one IAM identity', async () => {
  const { codedeploy } = new Stand();
  const iamUserArn = `arn:aws:iam::${ACCOUNT}:user/rack-7`;
  await codedeploy.send(new RegisterOnPremisesInstanceCommand({ instanceName: 'rack-7', iamUserArn }));
  const twice = codedeploy.send(
    new RegisterOnPremisesInstanceCommand({ instanceName: 'rack-8', iamUserArn }),
  );
  await expect(twice).rejects.toMatchObject({ name: 'IamUserArnAlreadyRegisteredException' });
  const nobody = codedeploy.send(new RegisterOnPremisesInstanceCommand({ instanceName: 'rack-9' }));
  await expect(nobody).rejects.toMatchObject({ name: 'IamArnRequiredException' });
  await codedeploy.send(new DeregisterOnPremisesInstanceCommand({ instanceName: 'rack-7' }));
  const listed = await codedeploy.send(
    new ListOnPremisesInstancesCommand({ registrationStatus: 'Registered' }),
  );
  expect(listed.instanceNames).toEqual([]);
});

it('pages through applications by tokens', async () => {
  const codedeploy: CodeDeployClient = new Stand().codedeploy;
  for (let i = 0; i < 101; i += 1) {
    await codedeploy.send(
      new CreateApplicationCommand({ applicationName: `app-${String(i).padStart(3, '0')}` }),
    );
  }
  const first = await codedeploy.send(new ListApplicationsCommand({}));
  expect(first.applications).toHaveLength(100);
  const rest = await codedeploy.send(new ListApplicationsCommand({ nextToken: first.nextToken }));
  expect(rest).toMatchObject({ applications: ['app-100'] });
  await expect(codedeploy.send(new ListApplicationsCommand({ nextToken: '%%' }))).rejects.toMatchObject({
    name: 'InvalidNextTokenException',
  });
});

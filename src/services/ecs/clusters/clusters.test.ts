// Clusters, account settings and who may do what.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/clusters.html

import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DescribeClustersCommand,
  ECSClient,
  ListAccountSettingsCommand,
  ListClustersCommand,
  PutAccountSettingDefaultCommand,
  PutClusterCapacityProvidersCommand,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import { MINUTE, stand, web } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

describe('a cluster', () => {
  it('is created once by its name, and is called default without one', async () => {
    const { ecs } = await stand();
    const { cluster } = await ecs.send(new CreateClusterCommand({}));
    expect(cluster).toMatchObject({
      clusterName: 'default',
      clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
      status: 'ACTIVE',
      settings: [{ name: 'containerInsights', value: 'disabled' }],
    });
    await ecs.send(new CreateClusterCommand({}));
    expect((await ecs.send(new ListClustersCommand({}))).clusterArns).toHaveLength(2);
  });

  it('shows settings, tags and statistics where they are asked for', async () => {
    const { ecs } = await stand();
    await ecs.send(new CreateClusterCommand({ clusterName: 'a', tags: [{ key: 'team', value: 'x' }] }));
    const plain = await ecs.send(new DescribeClustersCommand({ clusters: ['a', 'b'] }));
    expect(plain.clusters?.[0]).toMatchObject({ settings: [], tags: [], statistics: [] });
    expect(plain.failures).toEqual([
      { arn: 'arn:aws:ecs:us-east-1:000000000000:cluster/b', reason: 'MISSING' },
    ]);
    const all = await ecs.send(
      new DescribeClustersCommand({ clusters: ['a'], include: ['SETTINGS', 'TAGS', 'STATISTICS'] }),
    );
    expect(all.clusters?.[0]?.tags).toEqual([{ key: 'team', value: 'x' }]);
    expect(all.clusters?.[0]?.statistics).toHaveLength(8);
  });

  it('is not deleted while it has services or tasks', async () => {
    const one = await stand();
    await one.define();
    await one.serve();
    one.steady();
    const deletion = () => one.ecs.send(new DeleteClusterCommand({ cluster: 'shop' }));
    await expect(deletion()).rejects.toMatchObject({
      name: 'ClusterContainsServicesException',
      message: 'The Cluster cannot be deleted while Services are active.',
    });
  });

  it('that was deleted is inactive, takes no requests and can be created again', async () => {
    const one = await stand();
    await one.ecs.send(new DeleteClusterCommand({ cluster: 'shop' }));
    const { clusters } = await one.ecs.send(new DescribeClustersCommand({ clusters: ['shop'] }));
    expect(clusters?.[0]?.status).toBe('INACTIVE');
    await one.define();
    await expect(one.serve()).rejects.toThrow('The referenced cluster was inactive.');
    await one.ecs.send(new CreateClusterCommand({ clusterName: 'shop' }));
    await one.serve();
  });

  it('takes only capacity providers that are there', async () => {
    const { ecs } = await stand();
    const capacity = (capacityProviders: string[], capacityProvider: string) =>
      ecs.send(
        new PutClusterCapacityProvidersCommand({
          cluster: 'shop',
          capacityProviders,
          defaultCapacityProviderStrategy: [{ capacityProvider, weight: 1 }],
        }),
      );
    await expect(capacity(['mine'], 'mine')).rejects.toThrow(
      'The specified capacity provider was not found.',
    );
    await expect(capacity(['FARGATE'], 'FARGATE_SPOT')).rejects.toThrow('not associated with the cluster');
  });
});

describe('account settings', () => {
  it('decide what new clusters are like', async () => {
    const { ecs } = await stand();
    await ecs.send(new PutAccountSettingDefaultCommand({ name: 'containerInsights', value: 'enabled' }));
    const { cluster } = await ecs.send(new CreateClusterCommand({ clusterName: 'a' }));
    expect(cluster?.settings).toEqual([{ name: 'containerInsights', value: 'enabled' }]);
    const { settings } = await ecs.send(new ListAccountSettingsCommand({ effectiveSettings: true }));
    expect(settings?.map(({ name, value }) => `${name} ${value}`)).toEqual([
      'serviceLongArnFormat enabled',
      'taskLongArnFormat enabled',
      'containerInstanceLongArnFormat enabled',
      'containerInsights enabled',
    ]);
  });

  it('that change what is not modelled are refused by name', async () => {
    const { ecs } = await stand();
    const put = ecs.send(new PutAccountSettingDefaultCommand({ name: 'awsvpcTrunking', value: 'enabled' }));
    await expect(put).rejects.toMatchObject({ $metadata: { httpStatusCode: 501 } });
  });
});

describe('IAM', () => {
  /** A user who may do what the statements say. */
  async function user(one: Stand, statements: readonly object[]): Promise<ECSClient> {
    const iam = one.table.client(IAMClient);
    await iam.send(new CreateUserCommand({ UserName: 'u' }));
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
    await iam.send(new PutUserPolicyCommand({ UserName: 'u', PolicyName: 'p', PolicyDocument }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'u' }));
    one.table.advance(MINUTE);
    const credentials = {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    };
    return one.table.client(ECSClient, { credentials });
  }

  it('decides by cluster', async () => {
    const one = await stand();
    const Resource = 'arn:aws:ecs:us-east-1:000000000000:cluster/shop';
    const ecs = await user(one, [{ Effect: 'Allow', Action: 'ecs:DescribeClusters', Resource }]);
    await ecs.send(new DescribeClustersCommand({ clusters: ['shop'] }));
    await expect(ecs.send(new DescribeClustersCommand({ clusters: ['other'] }))).rejects.toThrow(
      'is not authorized to perform: ecs:DescribeClusters on resource: arn:aws:ecs:us-east-1:000000000000:cluster/other',
    );
  });

  it('wants the permission to pass the roles of a task definition', async () => {
    const one = await stand();
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ],
    });
    await one.table
      .client(IAMClient)
      .send(new CreateRoleCommand({ RoleName: 'task', AssumeRolePolicyDocument }));
    const ecs = await user(one, [{ Effect: 'Allow', Action: 'ecs:*', Resource: '*' }]);
    const registration = (taskRoleArn?: string) =>
      ecs.send(
        new RegisterTaskDefinitionCommand({
          family: 'web',
          containerDefinitions: [web(undefined, { memory: 128 })],
          taskRoleArn,
        }),
      );
    await registration();
    const taskRole = 'arn:aws:iam::000000000000:role/task';
    await expect(registration(taskRole)).rejects.toThrow(
      `is not authorized to perform: iam:PassRole on resource: ${taskRole}`,
    );
  });

  it('wants the permission to tag what is created with tags', async () => {
    const one = await stand();
    const ecs = await user(one, [{ Effect: 'Allow', Action: 'ecs:CreateCluster', Resource: '*' }]);
    await ecs.send(new CreateClusterCommand({ clusterName: 'a' }));
    const tags = [{ key: 'team', value: 'x' }];
    await expect(ecs.send(new CreateClusterCommand({ clusterName: 'b', tags }))).rejects.toThrow(
      'is not authorized to perform: ecs:TagResource',
    );
  });
});

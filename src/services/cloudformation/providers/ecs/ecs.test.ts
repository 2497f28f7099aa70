// Amazon ECS in stacks. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECS.html

import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeClustersCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  ListTaskDefinitionsCommand,
} from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';
import type { TemplateParts } from '../test-stand.ts';

class EcsStand extends ProviderStand {
  readonly ecs: ECSClient = this.table.client(ECSClient);
  subnets: string[] = [];

  async begin(): Promise<this> {
    const { Subnets = [] } = await this.table.client(EC2Client).send(new DescribeSubnetsCommand({}));
    this.subnets = Subnets.map(({ SubnetId = '' }) => SubnetId);
    return this;
  }

  /** A service of tasks with this behaviour. */
  parts(behaviour: string, service: object = {}): TemplateParts {
    return {
      Resources: {
        Cluster: { Type: 'AWS::ECS::Cluster', Properties: { Tags: [{ Key: 'team', Value: 'a' }] } },
        Capacity: {
          Type: 'AWS::ECS::ClusterCapacityProviderAssociations',
          Properties: {
            Cluster: { Ref: 'Cluster' },
            CapacityProviders: ['FARGATE', 'FARGATE_SPOT'],
            DefaultCapacityProviderStrategy: [{ CapacityProvider: 'FARGATE', Weight: 1 }],
          },
        },
        Definition: {
          Type: 'AWS::ECS::TaskDefinition',
          Properties: {
            Family: 'web',
            Cpu: 256,
            Memory: 512,
            NetworkMode: 'awsvpc',
            RequiresCompatibilities: ['FARGATE'],
            ContainerDefinitions: [
              {
                Name: 'web',
                Image: 'shop:v1',
                PortMappings: [{ ContainerPort: 80 }],
                DockerLabels: { 'sandtable.yml': behaviour, Team: 'a' },
              },
            ],
          },
        },
        Service: {
          Type: 'AWS::ECS::Service',
          DependsOn: 'Capacity',
          Properties: {
            Cluster: { Ref: 'Cluster' },
            TaskDefinition: { Ref: 'Definition' },
            NetworkConfiguration: {
              AwsvpcConfiguration: { Subnets: this.subnets, AssignPublicIp: 'ENABLED' },
            },
            DeploymentConfiguration: { DeploymentCircuitBreaker: { Enable: true, Rollback: true } },
            ...service,
          },
        },
      },
      Outputs: {
        Cluster: { Value: { Ref: 'Cluster' } },
        ClusterArn: { Value: { 'Fn::GetAtt': ['Cluster', 'Arn'] } },
        Definition: { Value: { Ref: 'Definition' } },
        Service: { Value: { Ref: 'Service' } },
        Name: { Value: { 'Fn::GetAtt': ['Service', 'Name'] } },
      },
    };
  }

  async service() {
    const { Cluster: cluster = '', Service = '' } = await this.outputs();
    const { services } = await this.ecs.send(new DescribeServicesCommand({ cluster, services: [Service] }));
    return services?.[0];
  }
}

const GOOD = 'application: { start: 3s }';
const ALSO_GOOD = 'application: { start: 4s }';
const BROKEN = 'exits: { after: 1s, code: 1 }';

describe('a stack with a service', () => {
  it('stands when the tasks do, and is taken away with all of them', async () => {
    const stand = await new EcsStand().begin();
    expect(await stand.create(stand.parts(GOOD))).toBe('CREATE_COMPLETE');
    const { Cluster = '', ClusterArn, Service, Name } = await stand.outputs();
    expect(Cluster).toMatch(/^shop-Cluster-/);
    expect(ClusterArn).toBe(`arn:aws:ecs:us-east-1:000000000000:cluster/${Cluster}`);
    expect(Service).toBe(`arn:aws:ecs:us-east-1:000000000000:service/${Cluster}/${Name}`);
    expect(await stand.service()).toMatchObject({ runningCount: 1, desiredCount: 1 });
    const { taskDefinition } = await stand.ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: 'web' }),
    );
    expect(taskDefinition?.containerDefinitions?.[0]?.dockerLabels).toEqual({
      'sandtable.yml': GOOD,
      Team: 'a',
    });
    expect(await stand.drift()).toEqual(['Cluster IN_SYNC', 'Definition IN_SYNC', 'Service IN_SYNC']);

    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const { clusters } = await stand.ecs.send(new DescribeClustersCommand({ clusters: [Cluster] }));
    expect(clusters?.[0]?.status).toBe('INACTIVE');
    const { taskDefinitionArns } = await stand.ecs.send(new ListTaskDefinitionsCommand({}));
    expect(taskDefinitionArns).toEqual([]);
  });

  it('is updated by a rolling deployment, with a new revision for the old one', async () => {
    const stand = await new EcsStand().begin();
    await stand.create(stand.parts(GOOD));
    expect(await stand.update(stand.parts(ALSO_GOOD, { DesiredCount: 3 }))).toBe('UPDATE_COMPLETE');
    const { Definition = '' } = await stand.outputs();
    expect(Definition).toMatch(/web:2$/);
    expect(await stand.service()).toMatchObject({ runningCount: 3, taskDefinition: Definition });
    const { taskDefinitionArns } = await stand.ecs.send(new ListTaskDefinitionsCommand({}));
    expect(taskDefinitionArns).toEqual([Definition]);
  });

  it('goes back to what it was when the circuit breaker opens', async () => {
    const stand = await new EcsStand().begin();
    await stand.create(stand.parts(GOOD));
    const { Definition } = await stand.outputs();
    expect(await stand.update(stand.parts(BROKEN))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain(
      "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.",
    );
    expect(await stand.service()).toMatchObject({ runningCount: 1, taskDefinition: Definition });
  });

  it('does not come to stand where its tasks do not', async () => {
    const stand = await new EcsStand().begin();
    expect(await stand.create(stand.parts(BROKEN))).toBe('ROLLBACK_COMPLETE');
  });

  it('refuses by name what is not modelled', async () => {
    const stand = await new EcsStand().begin();
    const controller = { DeploymentController: { Type: 'CODE_DEPLOY' } };
    expect(await stand.create(stand.parts(GOOD, controller))).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain('The deployment controller CODE_DEPLOY is not modelled');
  });
});

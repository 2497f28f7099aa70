// A web service of tasks on Fargate behind a load balancer, as a stack, and what is asked about it.

import {
  DescribeServicesCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import type { Service, UpdateServiceCommandInput } from '@aws-sdk/client-ecs';
import type { Scene } from 'sandtable';
import { create, outputsOf } from '../cfn/stacks.ts';
import { defaultNetwork } from '../deploy/foundations.ts';
import { attribute, balancer, listener, manifest, ref, targets } from '../deploy/web-stack.ts';
import type { Release, Resources } from '../deploy/web-stack.ts';

const CLUSTER = 'shop';
const SERVICE = 'web';

/** A stack that stands. */
export interface WebTasks {
  readonly host: string;
  readonly targets: string;
}

/** A container with the behaviour of a release. */
function container(release: Release) {
  return {
    name: 'web',
    image: `shop:${release.version}`,
    portMappings: [{ containerPort: 8080 }],
    dockerLabels: { 'sandtable.yml': manifest(release).join('\n') },
  };
}

const SIZE = { cpu: '256', memory: '512' } as const;

/** With members as templates spell them. */
function definition(release: Release): object {
  const { name, image, dockerLabels } = container(release);
  return {
    Family: SERVICE,
    Cpu: SIZE.cpu,
    Memory: SIZE.memory,
    NetworkMode: 'awsvpc',
    RequiresCompatibilities: ['FARGATE'],
    ContainerDefinitions: [
      { Name: name, Image: image, PortMappings: [{ ContainerPort: 8080 }], DockerLabels: dockerLabels },
    ],
  };
}

/** Raises the stack with a first release. */
export async function raise(scene: Scene, release: Release, size: number): Promise<WebTasks> {
  const network = await defaultNetwork(scene);
  const { Targets } = targets(network) as { Targets: { Type: string; Properties: object } };
  const Resources: Resources = {
    ...balancer(network),
    ...listener(ref('Balancer'), [{ arn: ref('Targets'), weight: 1 }]),
    Targets: { ...Targets, Properties: { ...Targets.Properties, TargetType: 'ip' } },
    Cluster: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: CLUSTER } },
    Definition: { Type: 'AWS::ECS::TaskDefinition', Properties: definition(release) },
    Service: {
      Type: 'AWS::ECS::Service',
      DependsOn: 'Listener',
      Properties: {
        ServiceName: SERVICE,
        Cluster: ref('Cluster'),
        LaunchType: 'FARGATE',
        DesiredCount: size,
        TaskDefinition: ref('Definition'),
        DeploymentConfiguration: { DeploymentCircuitBreaker: { Enable: true, Rollback: true } },
        NetworkConfiguration: {
          AwsvpcConfiguration: {
            Subnets: network.subnetIds,
            SecurityGroups: [attribute('ServerGroup', 'GroupId')],
            AssignPublicIp: 'ENABLED',
          },
        },
        LoadBalancers: [{ ContainerName: 'web', ContainerPort: 8080, TargetGroupArn: ref('Targets') }],
      },
    },
  };
  const Outputs = {
    Host: { Value: attribute('Balancer', 'DNSName') },
    Targets: { Value: ref('Targets') },
  };
  await create(scene, 'web', { Resources, Outputs });
  const { Host: host = '', Targets: group = '' } = await outputsOf(scene, 'web');
  return { host, targets: group };
}

/** Begins a deployment of another release. */
export async function release(
  scene: Scene,
  next: Release,
  more: Partial<UpdateServiceCommandInput> = {},
): Promise<void> {
  const ecs = scene.aws.client(ECSClient);
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: SERVICE,
      ...SIZE,
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      containerDefinitions: [container(next)],
    }),
  );
  await ecs.send(
    new UpdateServiceCommand({
      cluster: CLUSTER,
      service: SERVICE,
      taskDefinition: taskDefinition?.taskDefinitionArn,
      ...more,
    }),
  );
}

export async function serviceOf(scene: Scene): Promise<Service | undefined> {
  const input = { cluster: CLUSTER, services: [SERVICE] };
  return (await scene.aws.client(ECSClient).send(new DescribeServicesCommand(input))).services?.[0];
}

/** Waits until one deployment is left, as the waiter `services-stable` does, and returns what became of the last one. */
export async function stable(scene: Scene, withinMs: number): Promise<Service> {
  return scene.clock.until(
    async () => {
      const service = await serviceOf(scene);
      const { deployments = [], runningCount, desiredCount } = service ?? {};
      return deployments.length === 1 && runningCount === desiredCount ? service : undefined;
    },
    { within: withinMs },
  );
}

/** Messages of the service from an instant on, oldest first, without ids. */
export async function said(scene: Scene, from: number): Promise<string[]> {
  const { events = [] } = (await serviceOf(scene)) ?? {};
  return events
    .filter(({ createdAt }) => Number(createdAt) >= from)
    .map(({ message = '' }) =>
      message.replaceAll(/ecs-svc\/\d{19}/g, 'ecs-svc/N').replace('(service web) ', ''),
    )
    .toReversed();
}

// What the tests of this folder stand on: a table with a cluster, two subnets of the default VPC, and services of tasks on Fargate
// behind a load balancer or alone.

import { DescribeSecurityGroupsCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import type {
  ContainerDefinition,
  CreateServiceCommandInput,
  RegisterTaskDefinitionCommandInput,
  Service,
  Task,
} from '@aws-sdk/client-ecs';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';
import { deployments, services } from './tables.ts';

export const SECOND = 1000;
export const MINUTE = 60_000;

/** A container with one port; `behaviour` is its label `sandtable.yml`. */
export function web(behaviour?: string, more: Partial<ContainerDefinition> = {}): ContainerDefinition {
  return {
    name: 'web',
    image: 'shop:v1',
    portMappings: [{ containerPort: 80 }],
    ...(behaviour === undefined ? {} : { dockerLabels: { 'sandtable.yml': behaviour } }),
    ...more,
  };
}

export class Stand {
  readonly table: TestTable = newTable();
  readonly ecs: ECSClient = this.table.client(ECSClient);
  readonly ec2: EC2Client = this.table.client(EC2Client);
  readonly elb: ElasticLoadBalancingV2Client = this.table.client(ElasticLoadBalancingV2Client);
  subnets: string[] = [];
  vpcId = '';
  groupId = '';

  async begin(): Promise<this> {
    await this.ecs.send(new CreateClusterCommand({ clusterName: 'shop' }));
    const { Subnets = [] } = await this.ec2.send(new DescribeSubnetsCommand({}));
    const sorted = Subnets.toSorted((left, right) =>
      (left.AvailabilityZone ?? '') < (right.AvailabilityZone ?? '') ? -1 : 1,
    );
    this.subnets = sorted.slice(0, 2).map(({ SubnetId = '' }) => SubnetId);
    this.vpcId = sorted[0]?.VpcId ?? '';
    const { SecurityGroups = [] } = await this.ec2.send(new DescribeSecurityGroupsCommand({}));
    this.groupId = SecurityGroups[0]?.GroupId ?? '';
    return this;
  }

  get network(): NonNullable<CreateServiceCommandInput['networkConfiguration']> {
    return {
      awsvpcConfiguration: {
        subnets: this.subnets,
        securityGroups: [this.groupId],
        assignPublicIp: 'ENABLED',
      },
    };
  }

  /** Registers a revision for Fargate and returns its ARN. */
  async define(
    containers: ContainerDefinition[] = [web()],
    more: Partial<RegisterTaskDefinitionCommandInput> = {},
  ): Promise<string> {
    const { taskDefinition } = await this.ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'web',
        networkMode: 'awsvpc',
        requiresCompatibilities: ['FARGATE'],
        cpu: '256',
        memory: '512',
        containerDefinitions: containers,
        ...more,
      }),
    );
    return taskDefinition?.taskDefinitionArn ?? '';
  }

  async serve(more: Partial<CreateServiceCommandInput> = {}): Promise<void> {
    await this.ecs.send(
      new CreateServiceCommand({
        cluster: 'shop',
        serviceName: 'web',
        taskDefinition: 'web',
        desiredCount: 2,
        launchType: 'FARGATE',
        networkConfiguration: this.network,
        ...more,
      }),
    );
  }

  /** A target group of addresses behind a load balancer, with a deregistration delay of a minute. */
  async balanced(TargetType: 'ip' | 'instance' = 'ip'): Promise<string> {
    const { elb } = this;
    const { TargetGroups } = await elb.send(
      new CreateTargetGroupCommand({
        Name: 'web',
        Protocol: 'HTTP',
        Port: 80,
        VpcId: this.vpcId,
        TargetType,
        HealthCheckIntervalSeconds: 10,
        HealthyThresholdCount: 2,
      }),
    );
    const TargetGroupArn = TargetGroups?.[0]?.TargetGroupArn as string;
    const { LoadBalancers } = await elb.send(
      new CreateLoadBalancerCommand({ Name: 'web', Subnets: this.subnets }),
    );
    const DefaultActions = [{ Type: 'forward' as const, TargetGroupArn }];
    const LoadBalancerArn = LoadBalancers?.[0]?.LoadBalancerArn as string;
    await elb.send(
      new CreateListenerCommand({ LoadBalancerArn, Protocol: 'HTTP', Port: 80, DefaultActions }),
    );
    const Attributes = [{ Key: 'deregistration_delay.timeout_seconds', Value: '60' }];
    await elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }));
    return TargetGroupArn;
  }

  async loadBalancer(): Promise<string> {
    const { LoadBalancers = [] } = await this.elb.send(new DescribeLoadBalancersCommand({}));
    return LoadBalancers[0]?.LoadBalancerArn ?? '';
  }

  async service(): Promise<Service> {
    const found = await this.ecs.send(new DescribeServicesCommand({ cluster: 'shop', services: ['web'] }));
    this.table.check();
    return found.services?.[0] as Service;
  }

  /** Messages, oldest first. */
  async events(): Promise<string[]> {
    return ((await this.service()).events ?? []).map(({ message = '' }) => message).toReversed();
  }

  async tasks(desiredStatus: 'RUNNING' | 'STOPPED' = 'RUNNING'): Promise<Task[]> {
    const { taskArns = [] } = await this.ecs.send(new ListTasksCommand({ cluster: 'shop', desiredStatus }));
    if (taskArns.length === 0) return [];
    const { tasks = [] } = await this.ecs.send(
      new DescribeTasksCommand({ cluster: 'shop', tasks: taskArns }),
    );
    return tasks;
  }

  async targets(TargetGroupArn: string): Promise<string[]> {
    const { TargetHealthDescriptions = [] } = await this.elb.send(
      new DescribeTargetHealthCommand({ TargetGroupArn }),
    );
    return TargetHealthDescriptions.map(({ TargetHealth }) => TargetHealth?.State ?? '').toSorted();
  }

  /** Moves on until the service is steady; returns how long that took (ms). */
  steady(withinMs: number = 30 * MINUTE): number {
    return this.table.until((ctx) => ctx.get(services, 'shop/web')?.steady === true, withinMs);
  }

  /** Moves on until a deployment has failed. */
  failed(withinMs: number = 60 * MINUTE): number {
    return this.table.until(
      (ctx) => ctx.list(deployments).some(({ rolloutState }) => rolloutState === 'FAILED'),
      withinMs,
    );
  }
}

export async function stand(): Promise<Stand> {
  return new Stand().begin();
}

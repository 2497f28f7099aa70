// What tests of Classic Load Balancers stand on: a table with instances in two zones of the default VPC, applications that tests
// put on them, and a load balancer.

import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeImagesCommand,
  DescribeSubnetsCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  ConfigureHealthCheckCommand,
  CreateLoadBalancerCommand,
  DeregisterInstancesFromLoadBalancerCommand,
  DescribeInstanceHealthCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingClient,
  ModifyLoadBalancerAttributesCommand,
  RegisterInstancesWithLoadBalancerCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import type {
  CreateLoadBalancerCommandInput,
  LoadBalancerAttributes,
  LoadBalancerDescription,
} from '@aws-sdk/client-elastic-load-balancing';
import { machineChanged } from '#cloud/ports/machines.ts';
import { routing } from '#cloud/ports/routing.ts';
import type { Plan } from '#cloud/ports/routing.ts';
import { applicationKey, applications } from '#workloads/application.ts';
import type { Application } from '#workloads/application.ts';
import { newTable } from './table.ts';
import type { TestTable } from './table.ts';

export const SECOND = 1000;
export const MINUTE = 60_000;
export const NAME = 'web';
export const HTTP = { Protocol: 'HTTP', LoadBalancerPort: 80, InstancePort: 80 };

export class ClassicStand {
  readonly table: TestTable;
  readonly elb: ElasticLoadBalancingClient;
  readonly ec2: EC2Client;
  vpcId = '';
  /** One in `us-east-1a` and one in `us-east-1b`. */
  subnetIds: string[] = [];
  /** Open at every port. */
  groupId = '';
  #imageId = '';

  constructor() {
    this.table = newTable();
    this.elb = this.table.client(ElasticLoadBalancingClient);
    this.ec2 = this.table.client(EC2Client);
  }

  static async open(): Promise<ClassicStand> {
    const stand = new ClassicStand();
    const { Subnets = [] } = await stand.ec2.send(new DescribeSubnetsCommand({}));
    const inZone = (zone: string): string =>
      Subnets.find(({ AvailabilityZone }) => AvailabilityZone === zone)?.SubnetId ?? '';
    stand.subnetIds = [inZone('us-east-1a'), inZone('us-east-1b')];
    stand.vpcId = Subnets[0]?.VpcId ?? '';
    const { GroupId = '' } = await stand.ec2.send(
      new CreateSecurityGroupCommand({ GroupName: 'open', Description: 'open', VpcId: stand.vpcId }),
    );
    const IpPermissions = [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
    await stand.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    stand.groupId = GroupId;
    const { Images = [] } = await stand.ec2.send(
      new DescribeImagesCommand({
        Owners: ['amazon'],
        Filters: [{ Name: 'architecture', Values: ['x86_64'] }],
      }),
    );
    stand.#imageId = Images[0]?.ImageId ?? '';
    return stand;
  }

  /** Instances, in turn in the two zones, that have booted. */
  async launch(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i += 1) {
      const { Instances = [] } = await this.ec2.send(
        new RunInstancesCommand({
          ImageId: this.#imageId,
          InstanceType: 't3.micro',
          MinCount: 1,
          MaxCount: 1,
          SubnetId: this.subnetIds[i % this.subnetIds.length],
          SecurityGroupIds: [this.groupId],
        }),
      );
      ids.push(Instances[0]?.InstanceId ?? '');
    }
    this.table.advance(5 * MINUTE);
    return ids;
  }

  /** Puts an application on port 80 of an instance, or takes it away. */
  serve(instanceId: string, more: Partial<Application> | null = {}): void {
    this.table.act((ctx) => {
      if (more === null) ctx.delete(applications, applicationKey(instanceId, 80));
      else {
        ctx.put(applications, {
          instanceId,
          port: 80,
          version: '1',
          state: 'up',
          latency: [[0, 20_000]],
          errors: [],
          drain: true,
          healthPath: '/health',
          healthStatus: 200,
          ...more,
        });
      }
      ctx.emit(machineChanged, { instanceId });
    });
  }

  /** A load balancer for HTTP in both zones whose name resolves. It checks every 10 s: twice in a row changes a mind. */
  async balance(
    more: Partial<CreateLoadBalancerCommandInput> = {},
    Target = 'HTTP:80/health',
  ): Promise<void> {
    await this.elb.send(
      new CreateLoadBalancerCommand({
        LoadBalancerName: NAME,
        Listeners: [HTTP],
        Subnets: this.subnetIds,
        SecurityGroups: [this.groupId],
        ...more,
      }),
    );
    const thresholds = { HealthyThreshold: 2, UnhealthyThreshold: 2 };
    const HealthCheck = { Target, Interval: 10, Timeout: 5, ...thresholds };
    await this.elb.send(new ConfigureHealthCheckCommand({ LoadBalancerName: NAME, HealthCheck }));
    this.table.advance(2 * MINUTE);
  }

  /** As many instances with applications behind the load balancer, all in service. */
  async serving(count: number, more: Partial<CreateLoadBalancerCommandInput> = {}): Promise<string[]> {
    const ids = await this.launch(count);
    for (const id of ids) this.serve(id);
    await this.balance(more);
    await this.register(...ids);
    this.table.advance(30 * SECOND);
    return ids;
  }

  async register(...ids: string[]): Promise<void> {
    const Instances = ids.map((InstanceId) => ({ InstanceId }));
    await this.elb.send(new RegisterInstancesWithLoadBalancerCommand({ LoadBalancerName: NAME, Instances }));
  }

  async deregister(InstanceId: string): Promise<void> {
    const Instances = [{ InstanceId }];
    await this.elb.send(
      new DeregisterInstancesFromLoadBalancerCommand({ LoadBalancerName: NAME, Instances }),
    );
  }

  async set(attributes: Partial<LoadBalancerAttributes>): Promise<void> {
    const input = { LoadBalancerName: NAME, LoadBalancerAttributes: attributes };
    await this.elb.send(new ModifyLoadBalancerAttributesCommand(input));
  }

  /** State, reason code and description of an instance. */
  async health(InstanceId: string): Promise<string> {
    const input = { LoadBalancerName: NAME, Instances: [{ InstanceId }] };
    const { InstanceStates = [] } = await this.elb.send(new DescribeInstanceHealthCommand(input));
    const [state] = InstanceStates;
    return state ? [state.State, state.ReasonCode, state.Description].join(' | ') : '';
  }

  async describe(): Promise<LoadBalancerDescription> {
    const input = { LoadBalancerNames: [NAME] };
    const { LoadBalancerDescriptions = [] } = await this.elb.send(new DescribeLoadBalancersCommand(input));
    return LoadBalancerDescriptions[0] ?? {};
  }

  async host(): Promise<string> {
    return (await this.describe()).DNSName ?? '';
  }

  plan(host: string, port: number = 80): Plan | undefined {
    const request = { host, port, path: '/', method: 'GET' };
    return this.table.read((ctx) => ctx.port(routing).plan(ctx, request));
  }

  /** A metric of the load balancer in the minutes up to now. */
  async metric(
    MetricName: string,
    statistic: 'Sum' | 'Average',
    minutes: number,
    zone?: string,
  ): Promise<number | undefined> {
    const { now } = this.table.world;
    const Dimensions = [
      { Name: 'LoadBalancerName', Value: NAME },
      ...(zone === undefined ? [] : [{ Name: 'AvailabilityZone', Value: zone }]),
    ];
    const { Datapoints = [] } = await this.table.client(CloudWatchClient).send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/ELB',
        MetricName,
        Dimensions,
        StartTime: new Date(now - minutes * MINUTE),
        EndTime: new Date(now),
        Period: minutes * 60,
        Statistics: [statistic],
      }),
    );
    return Datapoints[0]?.[statistic];
  }
}

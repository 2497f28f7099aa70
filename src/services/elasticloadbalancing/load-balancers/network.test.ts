// Network Load Balancers, with EC2's own networks and instances behind them.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/

import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  AllocateAddressCommand,
  DeleteNetworkInterfaceCommand,
  DescribeAddressesCommand,
  DescribeNetworkInterfacesCommand,
  EC2Client,
  ReleaseAddressCommand,
} from '@aws-sdk/client-ec2';
import {
  AddListenerCertificatesCommand,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeleteLoadBalancerCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupCommand,
  RegisterTargetsCommand,
  SetSecurityGroupsCommand,
  SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type {
  CreateListenerCommandInput,
  CreateLoadBalancerCommandInput,
  CreateTargetGroupCommandInput,
  LoadBalancer,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it } from 'vitest';
import { routing } from '#cloud/ports/routing.ts';
import type { Plan } from '#cloud/ports/routing.ts';
import { startLoad } from '#traffic/load-control.ts';
import { measured } from '#traffic/measure.ts';
import { ClassicStand, MINUTE } from '../../../../tests/classic-stand.ts';
import { SecuredStand } from '../../../../tests/secured-stand.ts';
import type { TestTable } from '../../../../tests/table.ts';

const Name = 'front';

interface Network {
  readonly table: TestTable;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
}

class NetworkStand {
  /** Instances in two zones. */
  readonly fleet: ClassicStand;
  readonly table: TestTable;
  readonly v2: ElasticLoadBalancingV2Client;
  readonly ec2: EC2Client;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  arn = '';
  host = '';
  group = '';

  constructor(fleet: ClassicStand, { table, vpcId, subnetIds }: Network = fleet) {
    this.fleet = fleet;
    this.table = table;
    this.v2 = table.client(ElasticLoadBalancingV2Client);
    this.ec2 = table.client(EC2Client);
    this.vpcId = vpcId;
    this.subnetIds = subnetIds;
  }

  static async open(): Promise<NetworkStand> {
    return new NetworkStand(await ClassicStand.open());
  }

  async network(more: Partial<CreateLoadBalancerCommandInput> = {}): Promise<LoadBalancer> {
    const { LoadBalancers = [] } = await this.v2.send(
      new CreateLoadBalancerCommand({
        Name,
        Type: 'network',
        ...(more.SubnetMappings ? {} : { Subnets: [...this.subnetIds] }),
        ...more,
      }),
    );
    const made = LoadBalancers[0] as LoadBalancer;
    this.arn = made.LoadBalancerArn ?? '';
    this.host = made.DNSName ?? '';
    return made;
  }

  async targets(more: Partial<CreateTargetGroupCommandInput> = {}) {
    const { TargetGroups = [] } = await this.v2.send(
      new CreateTargetGroupCommand({ Name, Protocol: 'TCP', Port: 80, VpcId: this.vpcId, ...more }),
    );
    this.group = TargetGroups[0]?.TargetGroupArn ?? '';
    return TargetGroups[0];
  }

  async listen(more: Partial<CreateListenerCommandInput> = {}) {
    const { Listeners = [] } = await this.v2.send(
      new CreateListenerCommand({
        LoadBalancerArn: this.arn,
        Protocol: 'TCP',
        Port: 80,
        DefaultActions: [{ Type: 'forward', TargetGroupArn: this.group }],
        ...more,
      }),
    );
    return Listeners[0];
  }

  async join(...ids: string[]): Promise<void> {
    const Targets = ids.map((Id) => ({ Id }));
    await this.v2.send(new RegisterTargetsCommand({ TargetGroupArn: this.group, Targets }));
  }

  async health(): Promise<(string | undefined)[]> {
    const { TargetHealthDescriptions = [] } = await this.v2.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: this.group }),
    );
    return TargetHealthDescriptions.map(({ TargetHealth }) => TargetHealth?.State);
  }

  /** Instances with applications in two zones behind a load balancer that is up. */
  async standing(count: number): Promise<string[]> {
    const ids = await this.fleet.launch(count);
    for (const id of ids) this.fleet.serve(id);
    await this.network();
    await this.targets();
    await this.listen();
    await this.join(...ids);
    this.table.advance(10 * MINUTE);
    return ids;
  }

  meets(port: number = 80): Plan | undefined {
    const request = { host: this.host, port, path: '/', method: 'GET' };
    return this.table.read((ctx) => ctx.port(routing).plan(ctx, request));
  }

  /** Instances by node. */
  nodes(): string[][] {
    const plan = this.meets();
    if (plan?.kind !== 'forward') return [];
    return plan.groups.map(({ targets }) => targets.map(({ instanceId }) => instanceId));
  }
}

describe('a load balancer of the type network', () => {
  it('is named after its type, needs one subnet and no security group', async () => {
    const s = await NetworkStand.open();
    const [Subnet = ''] = s.subnetIds;
    const made = await s.network({ Subnets: [Subnet] });
    expect(made.LoadBalancerArn).toMatch(/:loadbalancer\/net\/front\/[0-9a-f]{16}$/);
    expect(made.DNSName).toMatch(/^front-[0-9a-f]{16}\.elb\.us-east-1\.amazonaws\.com$/);
    expect(made).toMatchObject({ Type: 'network', CanonicalHostedZoneId: 'Z26RNL4JYFTOTI' });
    expect(made.SecurityGroups).toBeUndefined();
    const SecurityGroups = [s.fleet.groupId];
    await expect(
      s.v2.send(new SetSecurityGroupsCommand({ LoadBalancerArn: s.arn, SecurityGroups })),
    ).rejects.toMatchObject({ name: 'InvalidConfigurationRequestException' });
    await expect(s.network({ Type: 'gateway' })).rejects.toThrow('type gateway are not modelled');
  });

  // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#availability-zones
  it('has an Elastic IP address in each subnet, which is in use until it is deleted', async () => {
    const s = await NetworkStand.open();
    const allocate = async () => await s.ec2.send(new AllocateAddressCommand({}));
    const [one, other] = [await allocate(), await allocate()];
    const SubnetMappings = [one, other].map(({ AllocationId }, i) => ({
      SubnetId: s.subnetIds[i],
      AllocationId,
    }));
    const made = await s.network({ SubnetMappings });
    expect(made.AvailabilityZones?.flatMap((zone) => zone.LoadBalancerAddresses)).toEqual([
      { IpAddress: one.PublicIp, AllocationId: one.AllocationId },
      { IpAddress: other.PublicIp, AllocationId: other.AllocationId },
    ]);
    const release = () => s.ec2.send(new ReleaseAddressCommand({ AllocationId: one.AllocationId }));
    await expect(release()).rejects.toMatchObject({ name: 'InvalidIPAddress.InUse' });
    const { NetworkInterfaces = [] } = await s.ec2.send(
      new DescribeNetworkInterfacesCommand({
        Filters: [{ Name: 'requester-managed', Values: ['true'] }],
      }),
    );
    expect(NetworkInterfaces.map(({ InterfaceType }) => InterfaceType)).toEqual([
      'network_load_balancer',
      'network_load_balancer',
    ]);
    const NetworkInterfaceId = NetworkInterfaces[0]?.NetworkInterfaceId;
    await expect(s.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }))).rejects.toThrow(
      'managed by AWS',
    );
    await expect(s.network({ SubnetMappings, Name: 'second' })).rejects.toMatchObject({
      name: 'ResourceInUseException',
    });
    s.table.advance(5 * MINUTE);
    const named = s.table.read((ctx) => ctx.port(routing).named?.(ctx, s.host));
    expect(named?.addresses).toEqual([one.PublicIp, other.PublicIp]);
    await s.v2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: s.arn }));
    const { Addresses = [] } = await s.ec2.send(new DescribeAddressesCommand({}));
    expect(Addresses.map(({ AssociationId }) => AssociationId)).toEqual([undefined, undefined]);
    await release();
  });

  it('refuses addresses that it cannot have', async () => {
    const s = await NetworkStand.open();
    const [SubnetId] = s.subnetIds;
    const AllocationId = 'eipalloc-0123456789abcdef0';
    const SubnetMappings = [{ SubnetId, AllocationId }];
    await expect(s.network({ SubnetMappings })).rejects.toMatchObject({
      name: 'AllocationIdNotFoundException',
    });
    await expect(s.network({ SubnetMappings, Scheme: 'internal' })).rejects.toThrow(
      'internal load balancers',
    );
    const PrivateIPv4Address = '172.31.0.77';
    await expect(s.network({ SubnetMappings: [{ SubnetId, PrivateIPv4Address }] })).rejects.toThrow(
      'only be specified for internal',
    );
    await expect(s.network({ SubnetMappings, Type: 'application' })).rejects.toThrow(
      'Application Load Balancers',
    );
  });

  it('within the VPC answers with addresses of its subnets, and gains and loses nodes', async () => {
    const s = await NetworkStand.open();
    const [first = '', second = ''] = s.subnetIds;
    await s.network({ Subnets: [first], Scheme: 'internal' });
    await s.v2.send(new SetSubnetsCommand({ LoadBalancerArn: s.arn, Subnets: [first, second] }));
    const addresses = async () =>
      (await s.v2.send(new DescribeLoadBalancersCommand({}))).LoadBalancers?.[0]?.AvailabilityZones?.map(
        ({ LoadBalancerAddresses = [] }) => LoadBalancerAddresses[0]?.PrivateIPv4Address,
      );
    const both = await addresses();
    expect(both?.every((one) => one?.startsWith('172.31.'))).toBe(true);
    await s.v2.send(new SetSubnetsCommand({ LoadBalancerArn: s.arn, Subnets: [first] }));
    expect(await addresses()).toEqual(both?.slice(0, 1));
    const { NetworkInterfaces } = await s.ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'requester-managed', Values: ['true'] }] }),
    );
    expect(NetworkInterfaces).toHaveLength(1);
  });

  it('has attributes of its own', async () => {
    const s = await NetworkStand.open();
    await s.network();
    const { Attributes = [] } = await s.v2.send(
      new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: s.arn }),
    );
    expect(Attributes).toContainEqual({ Key: 'load_balancing.cross_zone.enabled', Value: 'false' });
    expect(Attributes.map(({ Key }) => Key)).not.toContain('idle_timeout.timeout_seconds');
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
    const change = (Value: string) =>
      s.v2.send(
        new ModifyLoadBalancerAttributesCommand({
          LoadBalancerArn: s.arn,
          Attributes: [{ Key: 'secondary_ips.auto_assigned.per_subnet', Value }],
        }),
      );
    await change('0');
    await expect(change('8')).rejects.toMatchObject({ name: 'ValidationError' });
    await expect(change('3')).rejects.toMatchObject({ name: 'NotImplemented' });
  });
});

describe('connections', () => {
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#cross-zone-load-balancing
  it('stay in the zone of the node that they reach, unless the load balancer crosses zones', async () => {
    const s = await NetworkStand.open();
    const [a, b, c] = await s.standing(3);
    expect(await s.health()).toEqual(['healthy', 'healthy', 'healthy']);
    expect(s.nodes().map((ids) => ids.toSorted())).toEqual([[a, c].toSorted(), [b]]);
    const { id } = s.table.act((ctx) =>
      startLoad(ctx, { host: s.host, port: 80, path: '/', ratePerSecond: 100, resolution: 'binned' }),
    );
    s.table.advance(5 * MINUTE);
    const result = s.table.read((ctx) => measured(ctx, id));
    expect(result.availability).toBe(1);
    const metric = await s.table.client(CloudWatchClient).send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/NetworkELB',
        MetricName: 'NewFlowCount',
        Dimensions: [{ Name: 'LoadBalancer', Value: s.arn.split('loadbalancer/')[1] }],
        StartTime: new Date(s.table.world.now - 3 * MINUTE),
        EndTime: new Date(s.table.world.now - 2 * MINUTE),
        Period: 60,
        Statistics: ['Sum'],
      }),
    );
    expect(metric.Datapoints?.[0]?.Sum).toBeCloseTo(6000, -3);
    const Attributes = [{ Key: 'load_balancing.cross_zone.enabled', Value: 'true' }];
    await s.v2.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: s.arn, Attributes }));
    expect(s.nodes()).toHaveLength(1);
    expect(s.nodes()[0]).toHaveLength(3);
  });

  it('reach no node in whose zone nothing is healthy, and all targets where nothing is', async () => {
    const s = await NetworkStand.open();
    const [a = '', b = ''] = await s.standing(2);
    s.fleet.serve(b, null);
    s.table.advance(2 * MINUTE);
    expect(await s.health()).toContain('unhealthy');
    expect(s.nodes()).toEqual([[a]]);
    s.fleet.serve(a, null);
    s.table.advance(2 * MINUTE);
    expect(s.nodes().flat()).toHaveLength(2);
  });

  it('are refused where no target is registered', async () => {
    const s = await NetworkStand.open();
    await s.network();
    await s.targets();
    await s.listen();
    s.table.advance(5 * MINUTE);
    expect(s.meets()).toEqual({ kind: 'refused' });
    expect(s.meets(81)).toEqual({ kind: 'refused' });
  });
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
describe('target groups for TCP', () => {
  it('check that somebody listens, or over HTTP what is answered', async () => {
    const s = await NetworkStand.open();
    const [id = ''] = await s.fleet.launch(1);
    s.fleet.serve(id, { healthStatus: 500 });
    await s.network();
    expect(await s.targets()).toMatchObject({
      Protocol: 'TCP',
      HealthCheckProtocol: 'TCP',
      HealthCheckTimeoutSeconds: 10,
    });
    await s.listen();
    await s.join(id);
    s.table.advance(10 * MINUTE);
    expect(await s.health()).toEqual(['healthy']);
    const { TargetGroups = [] } = await s.v2.send(
      new ModifyTargetGroupCommand({
        TargetGroupArn: s.group,
        HealthCheckProtocol: 'HTTP',
        HealthCheckPath: '/health',
      }),
    );
    expect(TargetGroups[0]).toMatchObject({ HealthCheckProtocol: 'HTTP', Matcher: { HttpCode: '200-399' } });
    s.table.advance(5 * MINUTE);
    expect(await s.health()).toEqual(['unhealthy']);
  });

  // The words are those that LocalStack and moto recorded (moto's test_create_target_group_healthcheck_validation).
  it('may take as long for a check as the interval is', async () => {
    const s = await NetworkStand.open();
    const slow = { HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 6 };
    await expect(s.targets(slow)).rejects.toThrow(
      "Health check timeout '6' must be smaller than or equal to the interval '5'",
    );
    expect(await s.targets({ ...slow, HealthCheckTimeoutSeconds: 5 })).toMatchObject({
      HealthCheckTimeoutSeconds: 5,
    });
  });

  it('take no path for TCP, and are not for Application Load Balancers', async () => {
    const s = await NetworkStand.open();
    await expect(s.targets({ HealthCheckPath: '/' })).rejects.toThrow("with the protocol 'TCP'");
    await expect(s.targets({ Protocol: 'HTTP', HealthCheckProtocol: 'TCP' })).rejects.toThrow(
      'cannot be used',
    );
    await s.network({ Type: 'application' });
    await s.targets();
    await expect(s.listen({ Protocol: 'HTTP' })).rejects.toMatchObject({
      name: 'IncompatibleProtocolsException',
    });
  });
});

describe('listeners', () => {
  it('are for TCP or TLS, forward to one group, and have no rules', async () => {
    const s = await NetworkStand.open();
    await s.network();
    await s.targets();
    await expect(s.listen({ Protocol: 'HTTP' })).rejects.toThrow("must be one of 'TCP, TLS");
    await expect(s.listen({ Protocol: 'UDP' })).rejects.toThrow('UDP are not modelled');
    const FixedResponseConfig = { StatusCode: '200' };
    await expect(
      s.listen({ DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig }] }),
    ).rejects.toMatchObject({ name: 'InvalidLoadBalancerActionException' });
    const { ListenerArn } = (await s.listen()) ?? {};
    await expect(
      s.v2.send(
        new CreateRuleCommand({
          ListenerArn,
          Priority: 1,
          Conditions: [{ Field: 'path-pattern', Values: ['/'] }],
          Actions: [{ Type: 'forward', TargetGroupArn: s.group }],
        }),
      ),
    ).rejects.toThrow('Network Load Balancer');
  });

  it('for TLS serve with certificates', async () => {
    const secured = await SecuredStand.open();
    const { table, vpcId, subnets } = secured;
    const s = new NetworkStand(new ClassicStand(), { table, vpcId, subnetIds: subnets.slice(0, 1) });
    const CertificateArn = await secured.issued('shop.example.com');
    await s.network();
    await s.targets();
    await expect(s.listen({ Protocol: 'TLS', Port: 443 })).rejects.toThrow('for TLS listeners');
    const listener = await s.listen({ Protocol: 'TLS', Port: 443, Certificates: [{ CertificateArn }] });
    expect(listener).toMatchObject({ Protocol: 'TLS', SslPolicy: 'ELBSecurityPolicy-2016-08' });
    expect(listener).not.toHaveProperty('AlpnPolicy');
    const more = await secured.issued('other.example.com');
    await s.v2.send(
      new AddListenerCertificatesCommand({
        ListenerArn: listener?.ListenerArn,
        Certificates: [{ CertificateArn: more }],
      }),
    );
  });

  // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html#alpn-policies
  it('for TLS keep one ALPN policy, which others cannot have', async () => {
    const secured = await SecuredStand.open();
    const { table, vpcId, subnets } = secured;
    const s = new NetworkStand(new ClassicStand(), { table, vpcId, subnetIds: subnets.slice(0, 1) });
    const Certificates = [{ CertificateArn: await secured.issued('shop.example.com') }];
    await s.network();
    await s.targets();
    const tls = { Protocol: 'TLS', Port: 443, Certificates } as const;
    const listener = await s.listen({ ...tls, AlpnPolicy: ['HTTP2Preferred'] });
    expect(listener?.AlpnPolicy).toEqual(['HTTP2Preferred']);
    await expect(s.listen({ ...tls, Port: 444, AlpnPolicy: ['spdy'] })).rejects.toMatchObject({
      name: 'ALPNPolicyNotSupportedException',
    });
    await expect(s.listen({ Port: 80, AlpnPolicy: ['HTTP2Only'] })).rejects.toThrow('for TCP listeners');
    const { Listeners } = await s.v2.send(
      new ModifyListenerCommand({ ListenerArn: listener?.ListenerArn, Port: 8443 }),
    );
    expect(Listeners?.[0]?.AlpnPolicy).toEqual(['HTTP2Preferred']);
  });
});

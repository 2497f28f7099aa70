// A table with a zone, its records, and load balancers to which they lead, for tests.

import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { DescribeSubnetsCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import type { Change, ResourceRecordSet } from '@aws-sdk/client-route-53';
import { dns } from '#cloud/ports/dns.ts';
import type { DnsAnswer, DnsChoice } from '#cloud/ports/dns.ts';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

export const MINUTE = 60_000;

export interface Balancer {
  readonly arn: string;
  /** Its own name. */
  readonly host: string;
  /** Of aliases to it. */
  readonly zoneId: string;
  readonly targetGroupArn: string;
  readonly listenerArn: string;
}

export class Route53Stand {
  readonly table: TestTable;
  readonly route53: Route53Client;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly ec2: EC2Client;
  zoneId = '';

  constructor(table: TestTable = newTable()) {
    this.table = table;
    this.route53 = table.client(Route53Client);
    this.elb = table.client(ElasticLoadBalancingV2Client);
    this.ec2 = table.client(EC2Client);
  }

  /** A public zone `example.com`. */
  async zone(Name: string = 'example.com', CallerReference: string = Name): Promise<string> {
    const { HostedZone } = await this.route53.send(new CreateHostedZoneCommand({ Name, CallerReference }));
    this.zoneId = (HostedZone?.Id ?? '').replace('/hostedzone/', '');
    return this.zoneId;
  }

  async change(...Changes: Change[]): Promise<string> {
    const { ChangeInfo } = await this.route53.send(
      new ChangeResourceRecordSetsCommand({ HostedZoneId: this.zoneId, ChangeBatch: { Changes } }),
    );
    return ChangeInfo?.Id ?? '';
  }

  /** Writes records and lets them reach the name servers. */
  async put(...sets: ResourceRecordSet[]): Promise<void> {
    await this.change(...sets.map((ResourceRecordSet) => ({ Action: 'UPSERT' as const, ResourceRecordSet })));
    this.table.advance(MINUTE);
  }

  async records(): Promise<ResourceRecordSet[]> {
    const { ResourceRecordSets = [] } = await this.route53.send(
      new ListResourceRecordSetsCommand({ HostedZoneId: this.zoneId }),
    );
    return ResourceRecordSets;
  }

  answer(name: string, type: string = 'A', key: string = '1', vpcId?: string): DnsAnswer {
    const query = { name, type, ...(vpcId === undefined ? {} : { vpcId }) };
    return this.table.read((ctx) => ctx.port(dns).answer(ctx, query, key));
  }

  choices(name: string, region: string = 'us-east-1'): readonly DnsChoice[] | undefined {
    return this.table.read((ctx) => ctx.port(dns).choices(ctx, { name, type: 'A', region }));
  }

  /** A load balancer with one target, which is healthy as soon as something answers there. */
  async balancer(Name: string, { fixed }: { fixed?: string } = {}): Promise<Balancer> {
    const { Subnets = [] } = await this.ec2.send(new DescribeSubnetsCommand({}));
    const ids = Subnets.slice(0, 2).map(({ SubnetId = '' }) => SubnetId);
    const { LoadBalancers = [] } = await this.elb.send(new CreateLoadBalancerCommand({ Name, Subnets: ids }));
    const [row] = LoadBalancers;
    const arn = row?.LoadBalancerArn ?? '';
    const { TargetGroups = [] } = await this.elb.send(
      new CreateTargetGroupCommand({ Name, Protocol: 'HTTP', Port: 80, VpcId: Subnets[0]?.VpcId }),
    );
    const targetGroupArn = TargetGroups[0]?.TargetGroupArn ?? '';
    const action =
      fixed === undefined
        ? { Type: 'forward' as const, TargetGroupArn: targetGroupArn }
        : { Type: 'fixed-response' as const, FixedResponseConfig: { StatusCode: fixed } };
    const { Listeners = [] } = await this.elb.send(
      new CreateListenerCommand({
        LoadBalancerArn: arn,
        Protocol: 'HTTP',
        Port: 80,
        DefaultActions: [action],
      }),
    );
    this.table.advance(5 * MINUTE);
    return {
      arn,
      host: row?.DNSName ?? '',
      zoneId: row?.CanonicalHostedZoneId ?? '',
      targetGroupArn,
      listenerArn: Listeners[0]?.ListenerArn ?? '',
    };
  }

  /** Registers a new instance with the load balancer's target group. */
  async target({ targetGroupArn }: Balancer, ImageId: string): Promise<string> {
    const { Instances = [] } = await this.ec2.send(
      new RunInstancesCommand({ ImageId, MinCount: 1, MaxCount: 1 }),
    );
    const Id = Instances[0]?.InstanceId ?? '';
    this.table.advance(MINUTE);
    await this.elb.send(new RegisterTargetsCommand({ TargetGroupArn: targetGroupArn, Targets: [{ Id }] }));
    return Id;
  }
}

/** An alias to a load balancer. */
export function aliasTo(
  { host, zoneId }: Balancer,
  Name: string,
  more: Partial<ResourceRecordSet> = {},
  EvaluateTargetHealth: boolean = false,
): ResourceRecordSet {
  return {
    Name,
    Type: 'A',
    AliasTarget: { HostedZoneId: zoneId, DNSName: host, EvaluateTargetHealth },
    ...more,
  };
}

/** A record with plain values. */
export function plain(
  Name: string,
  Type: ResourceRecordSet['Type'],
  values: readonly string[],
  more: Partial<ResourceRecordSet> = {},
): ResourceRecordSet {
  return { Name, Type, TTL: 300, ResourceRecords: values.map((Value) => ({ Value })), ...more };
}

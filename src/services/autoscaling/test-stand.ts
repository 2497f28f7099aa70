// What the tests of this folder stand on: a table with a launch template, two subnets of the default VPC,
// and a group.

import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling';
import type { Activity, CreateAutoScalingGroupCommandInput } from '@aws-sdk/client-auto-scaling';
import {
  CreateLaunchTemplateCommand,
  DescribeImagesCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';
import { instances } from './instance.ts';
import type { LifecycleState } from './instance.ts';

export const GROUP = 'web';
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

export interface Stand {
  table: TestTable;
  asg: AutoScalingClient;
  vpcId: string;
  subnetIds: string[];
  zones: string[];
  templateId: string;
  create: (more?: Partial<CreateAutoScalingGroupCommandInput>) => Promise<void>;
  /** Ids of the group's instances in the order of their launch, of one state or all. */
  ids: (state?: LifecycleState) => string[];
  /** Moves on until as many instances are in a state; returns how long it took (ms). */
  until: (state: LifecycleState, count: number, withinMs?: number) => number;
  zonesOf: (state: LifecycleState) => string[];
  stateOf: (instanceId: string) => Promise<string | undefined>;
  activities: () => Promise<Activity[]>;
}

export async function stand(): Promise<Stand> {
  const table = newTable();
  const asg = table.client(AutoScalingClient);
  const ec2 = table.client(EC2Client);
  const { Images = [] } = await ec2.send(
    new DescribeImagesCommand({
      Owners: ['amazon'],
      Filters: [{ Name: 'architecture', Values: ['x86_64'] }],
    }),
  );
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const [first, second] = Subnets.toSorted((left, right) =>
    (left.AvailabilityZone ?? '') < (right.AvailabilityZone ?? '') ? -1 : 1,
  );
  const LaunchTemplateData = { ImageId: Images[0]?.ImageId as string, InstanceType: 't3.micro' as const };
  const { LaunchTemplate } = await ec2.send(
    new CreateLaunchTemplateCommand({ LaunchTemplateName: 'web', LaunchTemplateData }),
  );
  const templateId = LaunchTemplate?.LaunchTemplateId as string;
  const subnetIds = [first?.SubnetId as string, second?.SubnetId as string];
  const zones = [first?.AvailabilityZone as string, second?.AvailabilityZone as string];
  const rows = (): { instanceId: string; state: string; zone: string; ordinal: number }[] =>
    table
      .read((ctx) => ctx.list(instances, 'group', GROUP))
      .toSorted((left, right) => left.ordinal - right.ordinal);
  return {
    table,
    asg,
    vpcId: first?.VpcId as string,
    subnetIds,
    zones,
    templateId,
    async create(more = {}) {
      await asg.send(
        new CreateAutoScalingGroupCommand({
          AutoScalingGroupName: GROUP,
          MinSize: 0,
          MaxSize: 10,
          LaunchTemplate: { LaunchTemplateId: templateId, Version: '$Latest' },
          VPCZoneIdentifier: subnetIds.join(','),
          ...more,
        }),
      );
    },
    ids: (state) =>
      rows().flatMap((row) => (state === undefined || row.state === state ? [row.instanceId] : [])),
    until: (state, count, withinMs = 15 * MINUTE) =>
      table.until(
        (ctx) => ctx.list(instances, 'group', GROUP).filter((row) => row.state === state).length === count,
        withinMs,
      ),
    zonesOf: (state) => rows().flatMap((row) => (row.state === state ? [row.zone] : [])),
    async stateOf(instanceId) {
      const { AutoScalingInstances = [] } = await asg.send(
        new DescribeAutoScalingInstancesCommand({ InstanceIds: [instanceId] }),
      );
      return AutoScalingInstances[0]?.LifecycleState;
    },
    async activities() {
      return (
        (await asg.send(new DescribeScalingActivitiesCommand({ AutoScalingGroupName: GROUP }))).Activities ??
        []
      );
    },
  };
}

/** A target group behind a load balancer, with a deregistration delay of a minute. */
export async function balanced({ table, vpcId, subnetIds }: Stand): Promise<string> {
  const elb = table.client(ElasticLoadBalancingV2Client);
  const { TargetGroups } = await elb.send(
    new CreateTargetGroupCommand({ Name: 'web', Protocol: 'HTTP', Port: 80, VpcId: vpcId }),
  );
  const TargetGroupArn = TargetGroups?.[0]?.TargetGroupArn as string;
  const { LoadBalancers } = await elb.send(
    new CreateLoadBalancerCommand({ Name: 'web', Subnets: subnetIds }),
  );
  const LoadBalancerArn = LoadBalancers?.[0]?.LoadBalancerArn as string;
  const DefaultActions = [{ Type: 'forward' as const, TargetGroupArn }];
  await elb.send(new CreateListenerCommand({ LoadBalancerArn, Protocol: 'HTTP', Port: 80, DefaultActions }));
  const Attributes = [{ Key: 'deregistration_delay.timeout_seconds', Value: '60' }];
  await elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }));
  return TargetGroupArn;
}

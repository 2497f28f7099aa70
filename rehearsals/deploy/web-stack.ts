// Web servers as parts of CloudFormation templates, and what is asked about stacks that are made of them.

import type { Scene } from 'sandtable';
import { eventsOf } from '../cfn/stacks.ts';
import type { TemplateParts } from '../cfn/stacks.ts';
import type { Network } from './foundations.ts';

export type Resources = Readonly<Record<string, object>>;

/** A reference of a template, or text. */
export type Told = string | object;

export const ref = (Ref: string): object => ({ Ref });
export const attribute = (id: string, name: string): object => ({ 'Fn::GetAtt': [id, name] });
export const imported = (name: string): object => ({ 'Fn::ImportValue': name });

/** The newest image of Amazon Linux 2023. */
export const AMAZON_LINUX =
  '{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}';

/** What a version is like: lines of its manifest's application beyond the usual ones. */
export interface Release {
  readonly version: string;
  readonly application?: readonly string[];
}

/** The lines of a version's manifest. */
export function manifest({ version, application = [] }: Release): string[] {
  const usual = [
    'port: 8080',
    'start: 5s',
    'stop: 100ms',
    'drain: true',
    'latency: { min: 6ms, p50: 12ms, p90: 30ms, p99: 120ms, max: 400ms }',
    'health: { path: /health, status: 200 }',
  ];
  return [`version: ${version}`, 'application:', ...[...usual, ...application].map((line) => `  ${line}`)];
}

/** User data that installs and starts a web server. */
export function userData(release: Release): string {
  return script(manifest(release), [`dnf install -y web-${release.version}`, 'systemctl enable --now web']);
}

/** User data with a manifest in its comments. */
export function script(said: readonly string[], commands: readonly string[]): string {
  return ['#!/bin/bash', '# sandtable.yml:', ...said.map((line) => `#   ${line}`), ...commands, ''].join(
    '\n',
  );
}

/** A load balancer and the security groups on the way to the servers: `Balancer`, `ServerGroup`. */
export function balancer({ vpcId, subnetIds }: Network): Resources {
  return {
    BalancerGroup: {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: 'The load balancer',
        VpcId: vpcId,
        SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '0.0.0.0/0' }],
      },
    },
    ServerGroup: {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: 'The web servers',
        VpcId: vpcId,
        SecurityGroupIngress: [
          {
            IpProtocol: 'tcp',
            FromPort: 8080,
            ToPort: 8080,
            SourceSecurityGroupId: attribute('BalancerGroup', 'GroupId'),
          },
        ],
      },
    },
    Balancer: {
      Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
      Properties: { Subnets: subnetIds, SecurityGroups: [attribute('BalancerGroup', 'GroupId')] },
    },
  };
}

/** The servers' target group: `Targets`. */
export function targets({ vpcId }: Network): Resources {
  return {
    Targets: {
      Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
      Properties: {
        VpcId: vpcId,
        Protocol: 'HTTP',
        Port: 8080,
        HealthCheckPath: '/health',
        HealthCheckIntervalSeconds: 10,
        HealthyThresholdCount: 2,
        TargetGroupAttributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '30' }],
      },
    },
  };
}

/** A listener that shares requests out over target groups by weight: `Listener`. */
export function listener(balancerArn: Told, groups: readonly { arn: Told; weight: number }[]): Resources {
  const TargetGroups = groups.map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: weight }));
  return {
    Listener: {
      Type: 'AWS::ElasticLoadBalancingV2::Listener',
      Properties: {
        LoadBalancerArn: balancerArn,
        Protocol: 'HTTP',
        Port: 80,
        DefaultActions: [{ Type: 'forward', ForwardConfig: { TargetGroups } }],
      },
    },
  };
}

/** A fleet of servers. */
export interface Fleet {
  readonly userData?: string;
  /** Other members of the launch template's data. */
  readonly machine?: object;
  readonly size: number;
  readonly serverGroup: Told;
  /** `UpdatePolicy`, `Metadata`, `DependsOn` of the Auto Scaling group. */
  readonly attributes?: object;
  /** Further properties of it. */
  readonly group?: object;
}

/** Servers in `Targets`, by a launch template: `Server`, `Servers`. */
export function servers({ subnetIds }: Network, fleet: Fleet): Resources {
  const { userData, machine = {}, size, serverGroup, attributes = {}, group = {} } = fleet;
  return {
    Server: {
      Type: 'AWS::EC2::LaunchTemplate',
      Properties: {
        LaunchTemplateData: {
          ImageId: AMAZON_LINUX,
          InstanceType: 'm6i.large',
          SecurityGroupIds: [serverGroup],
          ...(userData === undefined ? {} : { UserData: { 'Fn::Base64': userData } }),
          ...machine,
        },
      },
    },
    Servers: {
      Type: 'AWS::AutoScaling::AutoScalingGroup',
      ...attributes,
      Properties: {
        MinSize: String(size),
        MaxSize: String(size * 2),
        VPCZoneIdentifier: subnetIds,
        TargetGroupARNs: [ref('Targets')],
        LaunchTemplate: {
          LaunchTemplateId: ref('Server'),
          Version: attribute('Server', 'LatestVersionNumber'),
        },
        ...group,
      },
    },
  };
}

/** A stack that is whole: load balancer, listener and servers. */
export function webStack(network: Network, fleet: Omit<Fleet, 'serverGroup'>): TemplateParts {
  const { attributes = {} } = fleet;
  return {
    Resources: {
      ...balancer(network),
      ...targets(network),
      ...listener(ref('Balancer'), [{ arn: ref('Targets'), weight: 1 }]),
      ...servers(network, {
        ...fleet,
        serverGroup: attribute('ServerGroup', 'GroupId'),
        attributes: { DependsOn: 'Listener', ...attributes },
      }),
    },
    Outputs: {
      Host: { Value: attribute('Balancer', 'DNSName') },
      Zone: { Value: attribute('Balancer', 'CanonicalHostedZoneID') },
      Group: { Value: ref('Servers') },
      Targets: { Value: ref('Targets') },
    },
  };
}

/** What was said of one resource from an instant on, with `i` for the id of every instance. */
export async function saidOf(
  scene: Scene,
  stack: string,
  logicalId: string,
  from: number,
): Promise<string[]> {
  return (await eventsOf(scene, stack))
    .filter((event) => event.LogicalResourceId === logicalId && Number(event.Timestamp) >= from)
    .map(({ ResourceStatus = '', ResourceStatusReason = '' }) =>
      `${ResourceStatus} ${ResourceStatusReason}`.replaceAll(/i-[0-9a-f]{17}/g, 'i').trimEnd(),
    );
}

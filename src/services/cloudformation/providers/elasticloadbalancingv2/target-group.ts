// AWS::ElasticLoadBalancingV2::TargetGroup.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { attributeChanges, retag, saidAttributes } from './tagging.ts';

type Group = Work<'AWS::ElasticLoadBalancingV2::TargetGroup'>;
type CreateInput = Input<'elasticloadbalancing', 'CreateTargetGroup'>;

const LONGEST = 32;

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-attributes */
const DEFAULTS: Readonly<Record<string, string>> = {
  'deregistration_delay.timeout_seconds': '300',
  'slow_start.duration_seconds': '0',
  'stickiness.enabled': 'false',
  'load_balancing.algorithm.type': 'round_robin',
};

function found(work: Group) {
  const answer = work.find('elasticloadbalancing', 'DescribeTargetGroups', {
    TargetGroupArns: [work.physicalId],
  });
  return answer?.TargetGroups?.[0];
}

/** What can be changed of its health checks. */
function healthChecks({ properties }: Group) {
  const { HealthCheckEnabled, HealthCheckIntervalSeconds, HealthCheckPath, HealthCheckPort } = properties;
  const { HealthCheckTimeoutSeconds, HealthyThresholdCount, UnhealthyThresholdCount, Matcher } = properties;
  return {
    HealthCheckEnabled,
    HealthCheckIntervalSeconds,
    HealthCheckPath,
    HealthCheckPort,
    HealthCheckProtocol: properties.HealthCheckProtocol as CreateInput['HealthCheckProtocol'],
    HealthCheckTimeoutSeconds,
    HealthyThresholdCount,
    UnhealthyThresholdCount,
    Matcher,
  };
}

function setAttributes(work: Group, TargetGroupArn: string): void {
  const { TargetGroupAttributes } = work.properties;
  const Attributes = attributeChanges(work.previous?.TargetGroupAttributes, TargetGroupAttributes, DEFAULTS);
  if (Attributes.length > 0)
    work.call('elasticloadbalancing', 'ModifyTargetGroupAttributes', { TargetGroupArn, Attributes });
}

type Targets = Group['properties']['Targets'];

function registerTargets(work: Group, TargetGroupArn: string): void {
  const keyOf = ({ Id, Port }: NonNullable<Targets>[number]): string => `${Id} ${Port ?? ''}`;
  const [before = [], after = []]: Targets[] = [work.previous?.Targets, work.properties.Targets];
  const [old, next] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))];
  const gone = before.filter((target) => !next.has(keyOf(target)));
  const added = after.filter((target) => !old.has(keyOf(target)));
  if (gone.length > 0)
    work.call('elasticloadbalancing', 'DeregisterTargets', { TargetGroupArn, Targets: gone });
  if (added.length > 0)
    work.call('elasticloadbalancing', 'RegisterTargets', { TargetGroupArn, Targets: added });
}

export const targetGroup: Provider = provider({
  type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
  refused: ['TargetControlPort'],
  passedOn: ['Targets', 'Matcher'],
  create(work) {
    const { Name, Port, Protocol, ProtocolVersion, TargetType, VpcId, IpAddressType, Tags } = work.properties;
    const { TargetGroups = [] } = work.call('elasticloadbalancing', 'CreateTargetGroup', {
      Name: Name ?? work.name({ longest: LONGEST }),
      Port,
      Protocol: Protocol as CreateInput['Protocol'],
      ProtocolVersion,
      TargetType: TargetType as CreateInput['TargetType'],
      VpcId,
      IpAddressType: IpAddressType as CreateInput['IpAddressType'],
      Tags: work.tags(Tags),
      ...healthChecks(work),
    });
    const arn = TargetGroups[0]?.TargetGroupArn ?? '';
    setAttributes(work, arn);
    registerTargets(work, arn);
    return arn;
  },
  update(work) {
    const TargetGroupArn = work.physicalId;
    work.call('elasticloadbalancing', 'ModifyTargetGroup', { TargetGroupArn, ...healthChecks(work) });
    setAttributes(work, TargetGroupArn);
    registerTargets(work, TargetGroupArn);
    retag(work);
  },
  delete(work) {
    work.find('elasticloadbalancing', 'DeleteTargetGroup', { TargetGroupArn: work.physicalId });
  },
  attributes(work) {
    const { TargetGroupName = '', LoadBalancerArns = [] } = found(work) ?? {};
    return {
      TargetGroupArn: work.physicalId,
      TargetGroupName,
      TargetGroupFullName: work.physicalId.slice(work.physicalId.indexOf('targetgroup/')),
      LoadBalancerArns: [...LoadBalancerArns],
    };
  },
  read(work) {
    const there = found(work);
    if (!there) return undefined;
    const { Attributes } = work.call('elasticloadbalancing', 'DescribeTargetGroupAttributes', {
      TargetGroupArn: work.physicalId,
    });
    const { HealthCheckPath, HealthCheckPort, HealthCheckProtocol, HealthCheckIntervalSeconds } = there;
    const { HealthCheckTimeoutSeconds, HealthyThresholdCount, UnhealthyThresholdCount } = there;
    const checks = { HealthCheckPath, HealthCheckPort, HealthCheckProtocol, HealthCheckIntervalSeconds };
    const thresholds = { HealthCheckTimeoutSeconds, HealthyThresholdCount, UnhealthyThresholdCount };
    const known = Object.entries({ ...checks, ...thresholds }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    return {
      ...Object.fromEntries(known),
      TargetGroupAttributes: saidAttributes(work.properties.TargetGroupAttributes, Attributes),
    };
  },
});

// AWS::ElasticLoadBalancingV2::LoadBalancer.

import type { Input } from '#cloud/contracts.ts';
import { provider, ResourceFailure } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { attributeChanges, retag, saidAttributes } from './tagging.ts';

type Balancer = Work<'AWS::ElasticLoadBalancingV2::LoadBalancer'>;
type CreateInput = Input<'elasticloadbalancing', 'CreateLoadBalancer'>;

const LONGEST = 32;

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#load-balancer-attributes */
const DEFAULTS: Readonly<Record<string, string>> = {
  'idle_timeout.timeout_seconds': '60',
  'deletion_protection.enabled': 'false',
};

function found(work: Balancer) {
  const answer = work.find('elasticloadbalancing', 'DescribeLoadBalancers', {
    LoadBalancerArns: [work.physicalId],
  });
  return answer?.LoadBalancers?.[0];
}

function setAttributes(work: Balancer, LoadBalancerArn: string): void {
  const { LoadBalancerAttributes } = work.properties;
  const Attributes = attributeChanges(
    work.previous?.LoadBalancerAttributes,
    LoadBalancerAttributes,
    DEFAULTS,
  );
  if (Attributes.length > 0)
    work.call('elasticloadbalancing', 'ModifyLoadBalancerAttributes', { LoadBalancerArn, Attributes });
}

export const loadBalancer: Provider = provider({
  type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
  refused: [
    'EnableCapacityReservationProvisionStabilize',
    'EnablePrefixForIpv6SourceNat',
    'EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic',
    'Ipv4IpamPoolId',
    'MinimumLoadBalancerCapacity',
  ],
  passedOn: ['SubnetMappings'],
  create(work) {
    const { Name, Scheme, SecurityGroups, SubnetMappings, Subnets, Tags, Type, IpAddressType } =
      work.properties;
    const { LoadBalancers = [] } = work.call('elasticloadbalancing', 'CreateLoadBalancer', {
      Name: Name ?? work.name({ longest: LONGEST }),
      Scheme: Scheme as CreateInput['Scheme'],
      SecurityGroups,
      SubnetMappings,
      Subnets,
      Tags: work.tags(Tags),
      Type: Type as CreateInput['Type'],
      IpAddressType: IpAddressType as CreateInput['IpAddressType'],
    });
    const arn = LoadBalancers[0]?.LoadBalancerArn ?? '';
    setAttributes(work, arn);
    return arn;
  },
  stands(work) {
    const { Code, Reason } = found(work)?.State ?? {};
    if (Code === 'failed')
      throw new ResourceFailure(`LoadBalancer did not stabilize: ${Reason ?? ''}`, 'NotStabilized');
    return Code === 'active' ? 'done' : { again: 0 };
  },
  update(work) {
    const { SecurityGroups, Subnets, SubnetMappings, IpAddressType } = work.properties;
    const LoadBalancerArn = work.physicalId;
    setAttributes(work, LoadBalancerArn);
    if (work.changed('SecurityGroups') && SecurityGroups)
      work.call('elasticloadbalancing', 'SetSecurityGroups', { LoadBalancerArn, SecurityGroups });
    if (work.changed('Subnets', 'SubnetMappings'))
      work.call('elasticloadbalancing', 'SetSubnets', { LoadBalancerArn, Subnets, SubnetMappings });
    if (work.changed('IpAddressType') && IpAddressType !== 'ipv4')
      work.call('elasticloadbalancing', 'SetIpAddressType', {
        LoadBalancerArn,
        IpAddressType: (IpAddressType ?? 'ipv4') as 'ipv4',
      });
    retag(work);
  },
  delete(work) {
    work.find('elasticloadbalancing', 'DeleteLoadBalancer', { LoadBalancerArn: work.physicalId });
  },
  attributes(work) {
    const {
      LoadBalancerName = '',
      DNSName = '',
      CanonicalHostedZoneId = '',
      SecurityGroups = [],
    } = found(work) ?? {};
    return {
      LoadBalancerArn: work.physicalId,
      LoadBalancerName,
      DNSName,
      CanonicalHostedZoneID: CanonicalHostedZoneId,
      LoadBalancerFullName: work.physicalId.split(':loadbalancer/')[1] ?? '',
      SecurityGroups: [...SecurityGroups],
    };
  },
  read(work) {
    const there = found(work);
    if (!there) return undefined;
    const { Attributes } = work.call('elasticloadbalancing', 'DescribeLoadBalancerAttributes', {
      LoadBalancerArn: work.physicalId,
    });
    const { LoadBalancerAttributes } = work.properties;
    return {
      Scheme: there.Scheme ?? '',
      ...(there.SecurityGroups ? { SecurityGroups: [...there.SecurityGroups] } : {}),
      LoadBalancerAttributes: saidAttributes(LoadBalancerAttributes, Attributes),
    };
  },
});

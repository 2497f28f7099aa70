// AWS::EC2::VPCEndpoint: gateway and interface endpoints.

import { formatIso } from '#contract/protocols/timestamp.ts';
import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { inOrderOf, ownTags, retag, tagsOfNew } from './tagging.ts';

type Endpoint = Work<'AWS::EC2::VPCEndpoint'>;

function endpointOf(work: Endpoint) {
  const VpcEndpointIds = [work.physicalId];
  return work.find('ec2', 'DescribeVpcEndpoints', { VpcEndpointIds })?.VpcEndpoints?.[0];
}

function policyOf(policy: Endpoint['properties']['PolicyDocument']): string | undefined {
  return policy === undefined || typeof policy === 'string' ? policy : JSON.stringify(policy);
}

/** Which ids come and which go. */
function difference(before: readonly string[] = [], after: readonly string[] = []) {
  return {
    added: after.filter((id) => !before.includes(id)),
    removed: before.filter((id) => !after.includes(id)),
  };
}

const endpoint = provider({
  type: 'AWS::EC2::VPCEndpoint',
  refused: ['DnsOptions', 'ResourceConfigurationArn', 'ServiceNetworkArn', 'ServiceRegion'],
  create(work) {
    const { VpcId, ServiceName, VpcEndpointType, PolicyDocument, IpAddressType } = work.properties;
    const { PrivateDnsEnabled, RouteTableIds, SubnetIds, SecurityGroupIds } = work.properties;
    // Where the API's default is true, CloudFormation's is false.
    const isInterface = VpcEndpointType === 'Interface';
    const { VpcEndpoint } = work.call('ec2', 'CreateVpcEndpoint', {
      VpcId,
      ServiceName,
      VpcEndpointType: VpcEndpointType as 'Gateway' | 'Interface' | undefined,
      PolicyDocument: policyOf(PolicyDocument),
      IpAddressType: IpAddressType as 'ipv4' | undefined,
      PrivateDnsEnabled: isInterface ? (PrivateDnsEnabled ?? false) : PrivateDnsEnabled,
      RouteTableIds,
      SubnetIds,
      SecurityGroupIds,
      TagSpecifications: tagsOfNew(work, 'vpc-endpoint'),
    });
    return VpcEndpoint?.VpcEndpointId ?? '';
  },
  stands: (work) => (endpointOf(work)?.State?.toLowerCase() === 'available' ? 'done' : { again: 0 }),
  update(work) {
    const { properties: after, previous: before } = work;
    const tables = difference(before?.RouteTableIds, after.RouteTableIds);
    const subnets = difference(before?.SubnetIds, after.SubnetIds);
    const groups = difference(before?.SecurityGroupIds, after.SecurityGroupIds);
    const policy = policyOf(after.PolicyDocument);
    work.call('ec2', 'ModifyVpcEndpoint', {
      VpcEndpointId: work.physicalId,
      AddRouteTableIds: tables.added,
      RemoveRouteTableIds: tables.removed,
      AddSubnetIds: subnets.added,
      RemoveSubnetIds: subnets.removed,
      AddSecurityGroupIds: groups.added,
      RemoveSecurityGroupIds: groups.removed,
      ...(work.changed('PrivateDnsEnabled') && { PrivateDnsEnabled: after.PrivateDnsEnabled ?? false }),
      ...(policy === undefined ? { ResetPolicy: true } : { PolicyDocument: policy }),
      ...(after.IpAddressType !== undefined && { IpAddressType: after.IpAddressType as 'ipv4' }),
    });
    retag(work);
  },
  delete(work) {
    work.find('ec2', 'DeleteVpcEndpoints', { VpcEndpointIds: [work.physicalId] });
  },
  gone: (work) => (endpointOf(work) ? { again: 0 } : 'done'),
  attributes(work) {
    const { CreationTimestamp, NetworkInterfaceIds = [] } = endpointOf(work) ?? {};
    return {
      Id: work.physicalId,
      CreationTimestamp: CreationTimestamp === undefined ? '' : formatIso(CreationTimestamp),
      NetworkInterfaceIds,
    };
  },
  read(work) {
    const found = endpointOf(work);
    return (
      found && {
        VpcId: found.VpcId ?? '',
        ServiceName: found.ServiceName ?? '',
        VpcEndpointType: found.VpcEndpointType ?? '',
        PrivateDnsEnabled: found.PrivateDnsEnabled ?? false,
        RouteTableIds: inOrderOf(work.properties.RouteTableIds, found.RouteTableIds),
        SubnetIds: inOrderOf(work.properties.SubnetIds, found.SubnetIds),
        SecurityGroupIds: inOrderOf(
          work.properties.SecurityGroupIds,
          (found.Groups ?? []).map(({ GroupId = '' }) => GroupId),
        ),
        Tags: ownTags(work, found.Tags),
      }
    );
  },
});

export const vpcEndpoints: readonly Provider[] = [endpoint];

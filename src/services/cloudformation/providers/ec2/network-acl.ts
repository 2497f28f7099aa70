// AWS::EC2::NetworkAcl and its entries.

import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { patiently } from './patience.ts';
import { ownTags, retag, tagsOfNew } from './tagging.ts';

const acl = provider({
  type: 'AWS::EC2::NetworkAcl',
  create(work) {
    const { NetworkAcl } = work.call('ec2', 'CreateNetworkAcl', {
      VpcId: work.properties.VpcId,
      TagSpecifications: tagsOfNew(work, 'network-acl'),
    });
    return NetworkAcl?.NetworkAclId ?? '';
  },
  update: (work) => retag(work),
  ...patiently<'AWS::EC2::NetworkAcl'>((work) => {
    work.find('ec2', 'DeleteNetworkAcl', { NetworkAclId: work.physicalId });
  }),
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const found = work.find('ec2', 'DescribeNetworkAcls', { NetworkAclIds: [work.physicalId] });
    const one = found?.NetworkAcls?.[0];
    return one && { VpcId: one.VpcId ?? '', Tags: ownTags(work, one.Tags) };
  },
});

type Entry = Work<'AWS::EC2::NetworkAclEntry'>;

const LONGEST = 255;

/** The entry as the API takes it; without a word about its direction it is inbound. */
function entryOf({ properties }: Entry) {
  const { NetworkAclId, RuleNumber, Protocol, Egress = false, CidrBlock, Ipv6CidrBlock } = properties;
  return {
    NetworkAclId,
    RuleNumber,
    Egress,
    Protocol: String(Protocol),
    RuleAction: properties.RuleAction as 'allow' | 'deny',
    CidrBlock,
    Ipv6CidrBlock,
    PortRange: properties.PortRange,
    IcmpTypeCode: properties.Icmp,
  };
}

const entry = provider({
  type: 'AWS::EC2::NetworkAclEntry',
  create(work) {
    work.call('ec2', 'CreateNetworkAclEntry', entryOf(work));
    return work.name({ longest: LONGEST });
  },
  update(work) {
    work.call('ec2', 'ReplaceNetworkAclEntry', entryOf(work));
  },
  delete(work) {
    const { NetworkAclId, RuleNumber, Egress } = entryOf(work);
    work.find('ec2', 'DeleteNetworkAclEntry', { NetworkAclId, RuleNumber, Egress });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const { NetworkAclId, RuleNumber, Egress } = entryOf(work);
    const found = work.find('ec2', 'DescribeNetworkAcls', { NetworkAclIds: [NetworkAclId] });
    const one = found?.NetworkAcls?.[0]?.Entries?.find(
      (each) => each.RuleNumber === RuleNumber && each.Egress === Egress,
    );
    if (!one) return undefined;
    const { CidrBlock, Ipv6CidrBlock, PortRange, IcmpTypeCode } = one;
    return {
      NetworkAclId,
      RuleNumber,
      Egress,
      Protocol: Number(one.Protocol),
      RuleAction: one.RuleAction ?? '',
      ...(CidrBlock !== undefined && { CidrBlock }),
      ...(Ipv6CidrBlock !== undefined && { Ipv6CidrBlock }),
      ...(PortRange && { PortRange: { From: PortRange.From ?? 0, To: PortRange.To ?? 0 } }),
      ...(IcmpTypeCode && { Icmp: { Type: IcmpTypeCode.Type ?? -1, Code: IcmpTypeCode.Code ?? -1 } }),
    };
  },
});

export const networkAcls: readonly Provider[] = [acl, entry];

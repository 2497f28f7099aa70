// Network ACLs: stateless filters at the boundary of a subnet. Rules are tried in the order of their numbers.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { dependency, listed, missing, networkOf, once } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { formatBlock } from './cidr.ts';
import { ipv6Block } from './ipv6.ts';
import { networkAclOf, networkAcls, subnets, vpcOf } from './network.ts';
import type { NetworkAcl, NetworkAclEntry } from './network.ts';

type WireAcl = NonNullable<Output<'ec2', 'CreateNetworkAcl'>['NetworkAcl']>;
type WireEntry = NonNullable<WireAcl['Entries']>[number];

/** The rule at the end of every list, shown as `*` in the console: everything else is denied. */
const LAST_RULE = 32_767;
const HIGHEST_RULE = 32_766;

function describeEntry(entry: NetworkAclEntry): WireEntry {
  return {
    RuleNumber: entry.number,
    Egress: entry.egress,
    Protocol: entry.protocol,
    RuleAction: entry.allow ? 'allow' : 'deny',
    CidrBlock: entry.cidr,
    Ipv6CidrBlock: entry.ipv6Cidr,
    PortRange: entry.ports && { From: entry.ports.from, To: entry.ports.to },
    IcmpTypeCode: entry.icmp && { Type: entry.icmp.type, Code: entry.icmp.code },
  };
}

function associationsOf(
  ctx: Ctx,
  { aclId, vpcId }: NetworkAcl,
): { NetworkAclAssociationId: string; NetworkAclId: string; SubnetId: string }[] {
  return ctx
    .list(subnets, 'vpc', vpcId)
    .filter((subnet) => subnet.aclId === aclId)
    .map((subnet) => ({
      NetworkAclAssociationId: subnet.aclAssociationId,
      NetworkAclId: aclId,
      SubnetId: subnet.subnetId,
    }));
}

function describeAcl(ctx: Ctx, acl: NetworkAcl): WireAcl {
  const last = [true, false].map((egress) => ({
    number: LAST_RULE,
    egress,
    protocol: '-1',
    allow: false,
    cidr: '0.0.0.0/0',
  }));
  return {
    NetworkAclId: acl.aclId,
    VpcId: acl.vpcId,
    OwnerId: ctx.account,
    IsDefault: acl.isDefault,
    Associations: associationsOf(ctx, acl),
    Entries: [...acl.entries, ...last].map(describeEntry),
    Tags: tagsShown(ctx, acl.aclId),
  };
}

const PROTOCOLS: Readonly<Record<string, string>> = {
  tcp: '6',
  udp: '17',
  icmp: '1',
  icmpv6: '58',
  all: '-1',
};

function entryOf(input: Input<'ec2', 'CreateNetworkAclEntry'>): NetworkAclEntry {
  const { RuleNumber, Egress, RuleAction, CidrBlock, Ipv6CidrBlock, PortRange, IcmpTypeCode } = input;
  const protocol = PROTOCOLS[input.Protocol.toLowerCase()] ?? input.Protocol;
  if (RuleNumber < 1 || RuleNumber > HIGHEST_RULE) {
    throw new Fault(
      'InvalidParameterValue',
      `Value (${RuleNumber}) for parameter ruleNumber is invalid. The rule number must be between 1 and ${HIGHEST_RULE}.`,
    );
  }
  const onlyIpv6 = CidrBlock === undefined && Ipv6CidrBlock !== undefined;
  const network = onlyIpv6 ? undefined : networkOf(CidrBlock);
  const ipv6Cidr = Ipv6CidrBlock === undefined ? undefined : ipv6Block(Ipv6CidrBlock);
  if (Ipv6CidrBlock !== undefined && ipv6Cidr === undefined) {
    throw new Fault(
      'InvalidParameterValue',
      `Value (${Ipv6CidrBlock}) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.`,
    );
  }
  if (
    (protocol === '6' || protocol === '17') &&
    (PortRange?.From === undefined || PortRange.To === undefined)
  ) {
    throw missing('portRange');
  }
  return {
    number: RuleNumber,
    egress: Egress,
    protocol,
    allow: RuleAction === 'allow',
    ...(network ? { cidr: formatBlock(network) } : {}),
    ...(ipv6Cidr === undefined ? {} : { ipv6Cidr }),
    ...(PortRange?.From === undefined || PortRange.To === undefined
      ? {}
      : { ports: { from: PortRange.From, to: PortRange.To } }),
    ...(IcmpTypeCode ? { icmp: { type: IcmpTypeCode.Type ?? -1, code: IcmpTypeCode.Code ?? -1 } } : {}),
  };
}

function setEntries(ctx: Ctx, acl: NetworkAcl, entries: readonly NetworkAclEntry[]): void {
  const ordered = entries.toSorted(
    (left, right) => Number(left.egress) - Number(right.egress) || left.number - right.number,
  );
  ctx.update(networkAcls, acl, { entries: ordered });
  ctx.emit(networkChanged, { vpcId: acl.vpcId });
}

function others(
  acl: NetworkAcl,
  { RuleNumber, Egress }: { RuleNumber: number; Egress: boolean },
): NetworkAclEntry[] {
  return acl.entries.filter((entry) => entry.number !== RuleNumber || entry.egress !== Egress);
}

/** Entries without the named one, which must be there. */
function withoutEntry(acl: NetworkAcl, named: { RuleNumber: number; Egress: boolean }): NetworkAclEntry[] {
  const rest = others(acl, named);
  if (rest.length === acl.entries.length) {
    const direction = named.Egress ? 'egress' : 'ingress';
    throw new Fault(
      'InvalidNetworkAclEntry.NotFound',
      `The ${direction} network acl entry identified by ${named.RuleNumber} does not exist in ${acl.aclId}`,
    );
  }
  return rest;
}

type EntryFilters = Record<string, (acl: NetworkAcl) => readonly (string | number | boolean | undefined)[]>;

/** Filters on the rules of an ACL, the last one among them, as they are shown. */
function entryFilters(ctx: Ctx): EntryFilters {
  const each =
    <T>(read: (entry: WireEntry) => T) =>
    (acl: NetworkAcl): T[] =>
      (describeAcl(ctx, acl).Entries ?? []).map(read);
  return {
    'entry.cidr': each((entry) => entry.CidrBlock),
    'entry.egress': each((entry) => entry.Egress),
    'entry.icmp.code': each((entry) => entry.IcmpTypeCode?.Code),
    'entry.icmp.type': each((entry) => entry.IcmpTypeCode?.Type),
    'entry.ipv6-cidr': each((entry) => entry.Ipv6CidrBlock),
    'entry.port-range.from': each((entry) => entry.PortRange?.From),
    'entry.port-range.to': each((entry) => entry.PortRange?.To),
    'entry.protocol': each((entry) => entry.Protocol),
    'entry.rule-action': each((entry) => entry.RuleAction),
    'entry.rule-number': each((entry) => entry.RuleNumber),
  };
}

export const networkAclOperations: Operations<'ec2'> = {
  CreateNetworkAcl(ctx, { VpcId, ClientToken, TagSpecifications }) {
    const id = once(ctx, 'CreateNetworkAcl', ClientToken, { VpcId, TagSpecifications }, () => {
      const { vpcId } = vpcOf(ctx, VpcId);
      const aclId = `acl-${ctx.id('network-acl')}`;
      // Denies everything until it has rules.
      ctx.put(networkAcls, { aclId, vpcId, isDefault: false, entries: [] });
      tagCreated(ctx, TagSpecifications, aclId);
      return aclId;
    });
    return { NetworkAcl: describeAcl(ctx, networkAclOf(ctx, id)), ClientToken };
  },

  DescribeNetworkAcls(ctx, { NetworkAclIds, Filters, NextToken, MaxResults }) {
    const where = filtered<NetworkAcl>(Filters, {
      operation: 'DescribeNetworkAcls',
      values: {
        'association.association-id': (acl) =>
          associationsOf(ctx, acl).map((one) => one.NetworkAclAssociationId),
        'association.network-acl-id': (acl) => associationsOf(ctx, acl).map((one) => one.NetworkAclId),
        'association.subnet-id': (acl) => associationsOf(ctx, acl).map((one) => one.SubnetId),
        default: (acl) => acl.isDefault,
        ...entryFilters(ctx),
        'network-acl-id': (acl) => acl.aclId,
        'owner-id': () => ctx.account,
        'vpc-id': (acl) => acl.vpcId,
      },
      tags: (acl) => tagsOf(ctx, acl.aclId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, networkAcls, { ids: NetworkAclIds, of: networkAclOf, where, page });
    return { NetworkAcls: rows.map((acl) => describeAcl(ctx, acl)), NextToken: next };
  },

  DeleteNetworkAcl(ctx, { NetworkAclId }) {
    const acl = networkAclOf(ctx, NetworkAclId);
    if (acl.isDefault)
      throw new Fault('InvalidParameterValue', `cannot delete default network ACL ${acl.aclId}`);
    if (associationsOf(ctx, acl).length > 0) {
      throw dependency(`The networkAcl '${acl.aclId}' has dependencies and cannot be deleted.`);
    }
    ctx.delete(networkAcls, acl.aclId);
    removeTagsOf(ctx, acl.aclId);
  },

  CreateNetworkAclEntry(ctx, input) {
    const acl = networkAclOf(ctx, input.NetworkAclId);
    const entry = entryOf(input);
    if (others(acl, input).length < acl.entries.length) {
      throw new Fault(
        'NetworkAclEntryAlreadyExists',
        `The network acl entry identified by ${entry.number} already exists.`,
      );
    }
    setEntries(ctx, acl, [...acl.entries, entry]);
  },

  ReplaceNetworkAclEntry(ctx, input) {
    const acl = networkAclOf(ctx, input.NetworkAclId);
    setEntries(ctx, acl, [...withoutEntry(acl, input), entryOf(input)]);
  },

  DeleteNetworkAclEntry(ctx, { NetworkAclId, RuleNumber, Egress }) {
    const acl = networkAclOf(ctx, NetworkAclId);
    setEntries(ctx, acl, withoutEntry(acl, { RuleNumber, Egress }));
  },

  ReplaceNetworkAclAssociation(ctx, { AssociationId, NetworkAclId }) {
    const subnet = ctx.list(subnets, 'aclAssociation', AssociationId)[0];
    if (!subnet)
      throw new Fault(
        'InvalidAssociationID.NotFound',
        `The association ID '${AssociationId}' does not exist`,
      );
    const acl = networkAclOf(ctx, NetworkAclId);
    if (acl.vpcId !== subnet.vpcId) {
      throw new Fault(
        'InvalidParameterValue',
        `network ACL ${acl.aclId} and subnet ${subnet.subnetId} belong to different networks`,
      );
    }
    const aclAssociationId = `aclassoc-${ctx.id('network-acl-association')}`;
    ctx.update(subnets, subnet, { aclId: acl.aclId, aclAssociationId });
    ctx.emit(networkChanged, { vpcId: acl.vpcId });
    return { NewAssociationId: aclAssociationId };
  },
};

// Rules of security groups: what comes in and goes out. Anything that no rule allows is dropped.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { listed, missing, unmodelled } from '../requests.ts';
import { putTags, removeTagsOf, tagsFor, tagsOf, tagsShown } from '../tags.ts';
import { formatBlock, parseNetwork } from '../vpcs/cidr.ts';
import { ipv6Block } from '../vpcs/ipv6.ts';
import { securityGroupOf, securityGroupRules } from '../vpcs/network.ts';
import type { SecurityGroup, SecurityGroupRule } from '../vpcs/network.ts';
import { prefixListOf } from './prefix-lists.ts';
import { groupNamed, groupOf } from './security-groups.ts';

export type Permission = NonNullable<Input<'ec2', 'AuthorizeSecurityGroupIngress'>['IpPermissions']>[number];
type WireRule = NonNullable<Output<'ec2', 'DescribeSecurityGroupRules'>['SecurityGroupRules']>[number];
type WireRevoked = NonNullable<
  Output<'ec2', 'RevokeSecurityGroupIngress'>['RevokedSecurityGroupRules']
>[number];
export type RuleContent = Omit<SecurityGroupRule, 'ruleId' | 'groupId' | 'egress'>;

const PROTOCOLS: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '58': 'icmpv6',
  all: '-1',
};
const NAMED = new Set(['tcp', 'udp', 'icmp', 'icmpv6', '-1']);

function protocolOf(given: string | undefined): string {
  if (given === undefined) throw missing('ipProtocol');
  const name = PROTOCOLS[given.toLowerCase()] ?? given.toLowerCase();
  if (NAMED.has(name) || (/^\d{1,3}$/.test(name) && Number(name) < 256)) return name;
  throw new Fault('InvalidParameterValue', `Invalid value '${given}' for IP protocol. Unknown protocol.`);
}

function portsOf(
  protocol: string,
  from: number | undefined,
  to: number | undefined,
): { fromPort: number; toPort: number } {
  if (protocol === 'icmp' || protocol === 'icmpv6') return { fromPort: from ?? -1, toPort: to ?? -1 };
  // All protocols, and those by number, have no ports: EC2 ignores what is given.
  if (protocol !== 'tcp' && protocol !== 'udp') return { fromPort: -1, toPort: -1 };
  if (from === undefined || to === undefined) {
    throw new Fault(
      'InvalidParameterValue',
      "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
    );
  }
  if (from < 0 || to > 65_535 || from > to) {
    throw new Fault(
      'InvalidParameterValue',
      `Invalid value '${from > to ? `${from}-${to}` : to}' for portRange. Invalid port range.`,
    );
  }
  return { fromPort: from, toPort: to };
}

export function contents(ctx: Ctx, permission: Permission): RuleContent[] {
  const { IpProtocol, FromPort, ToPort, IpRanges = [], Ipv6Ranges = [] } = permission;
  const { PrefixListIds = [], UserIdGroupPairs = [] } = permission;
  const protocol = protocolOf(IpProtocol);
  const base = { protocol, ...portsOf(protocol, FromPort, ToPort) };
  const make = (
    kind: RuleContent['peer']['kind'],
    value: string,
    description: string | undefined,
  ): RuleContent => ({
    ...base,
    peer: { kind, value },
    ...(description === undefined ? {} : { description }),
  });
  return [
    ...IpRanges.map(({ CidrIp = '', Description }) => make('ipv4', blockText(CidrIp), Description)),
    ...Ipv6Ranges.map(({ CidrIpv6 = '', Description }) => make('ipv6', ipv6Text(CidrIpv6), Description)),
    ...PrefixListIds.map(({ PrefixListId, Description }) =>
      make('prefixList', prefixListOf(ctx, PrefixListId).prefixListId, Description),
    ),
    ...UserIdGroupPairs.map(({ GroupId, GroupName, UserId = ctx.account, Description }) => {
      if (UserId !== ctx.account) throw unmodelled('A security group of another account in a rule');
      const group = GroupId === undefined ? groupNamed(ctx, GroupName ?? '') : securityGroupOf(ctx, GroupId);
      return make('group', group.groupId, Description);
    }),
  ];
}

function blockText(cidr: string): string {
  const network = parseNetwork(cidr);
  if (!network) throw new Fault('InvalidParameterValue', `CIDR block ${cidr} is malformed`);
  return formatBlock(network);
}

function ipv6Text(cidr: string): string {
  const block = ipv6Block(cidr);
  if (block === undefined) throw new Fault('InvalidParameterValue', `CIDR block ${cidr} is malformed`);
  return block;
}

interface RuleRequest {
  readonly IpPermissions?: readonly Permission[] | undefined;
  readonly IpProtocol?: string | undefined;
  readonly FromPort?: number | undefined;
  readonly ToPort?: number | undefined;
  readonly CidrIp?: string | undefined;
  readonly SourceSecurityGroupName?: string | undefined;
}

/** What a request lists, in either of its two forms. */
export function requested(ctx: Ctx, request: RuleRequest): RuleContent[] {
  const { IpPermissions, IpProtocol, FromPort, ToPort, CidrIp, SourceSecurityGroupName } = request;
  const single: Permission = {
    IpProtocol,
    FromPort,
    ToPort,
    IpRanges: CidrIp === undefined ? [] : [{ CidrIp }],
    UserIdGroupPairs: SourceSecurityGroupName === undefined ? [] : [{ GroupName: SourceSecurityGroupName }],
  };
  // A source group by name alone opens all of TCP, UDP and ICMP; Sandtable wants the ports said.
  const listed = IpPermissions ?? (IpProtocol === undefined ? [] : [single]);
  const rules = listed.flatMap((permission) => contents(ctx, permission));
  if (rules.length === 0) throw missing('ipPermissions');
  return rules;
}

export function sameRule(left: RuleContent, right: RuleContent): boolean {
  return (
    left.protocol === right.protocol &&
    left.fromPort === right.fromPort &&
    left.toPort === right.toPort &&
    left.peer.kind === right.peer.kind &&
    left.peer.value === right.peer.value
  );
}

function describeRule(ctx: Ctx, rule: SecurityGroupRule): WireRule {
  const { peer } = rule;
  return {
    SecurityGroupRuleId: rule.ruleId,
    SecurityGroupRuleArn: ctx.arn('ec2', `security-group-rule/${rule.ruleId}`),
    GroupId: rule.groupId,
    GroupOwnerId: ctx.account,
    IsEgress: rule.egress,
    IpProtocol: rule.protocol,
    FromPort: rule.fromPort,
    ToPort: rule.toPort,
    CidrIpv4: peer.kind === 'ipv4' ? peer.value : undefined,
    CidrIpv6: peer.kind === 'ipv6' ? peer.value : undefined,
    PrefixListId: peer.kind === 'prefixList' ? peer.value : undefined,
    ReferencedGroupInfo: peer.kind === 'group' ? { GroupId: peer.value, UserId: ctx.account } : undefined,
    Description: rule.description,
    Tags: tagsShown(ctx, rule.ruleId),
  };
}

function describeRevoked(rule: SecurityGroupRule): WireRevoked {
  const { peer } = rule;
  return {
    SecurityGroupRuleId: rule.ruleId,
    GroupId: rule.groupId,
    IsEgress: rule.egress,
    IpProtocol: rule.protocol,
    FromPort: rule.fromPort,
    ToPort: rule.toPort,
    CidrIpv4: peer.kind === 'ipv4' ? peer.value : undefined,
    CidrIpv6: peer.kind === 'ipv6' ? peer.value : undefined,
    PrefixListId: peer.kind === 'prefixList' ? peer.value : undefined,
    ReferencedGroupId: peer.kind === 'group' ? peer.value : undefined,
    Description: rule.description,
  };
}

/**
 * The quota on inbound or outbound rules of a group:
 * https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
 */
const MOST_RULES = 60;

/** A prefix list counts for as many rules as it may have entries. */
function weight(ctx: Ctx, { peer }: RuleContent): number {
  return peer.kind === 'prefixList' ? prefixListOf(ctx, peer.value).maxEntries : 1;
}

function authorizeRules(
  ctx: Ctx,
  group: SecurityGroup,
  egress: boolean,
  request: RuleRequest,
): SecurityGroupRule[] {
  const rules = ctx.list(securityGroupRules, 'group', group.groupId).filter((rule) => rule.egress === egress);
  const added: SecurityGroupRule[] = [];
  for (const content of requested(ctx, request)) {
    if ([...rules, ...added].some((rule) => sameRule(rule, content))) throw duplicate(content);
    added.push({
      ...content,
      ruleId: `sgr-${ctx.id('security-group-rule')}`,
      groupId: group.groupId,
      egress,
    });
  }
  if ([...rules, ...added].reduce((sum, rule) => sum + weight(ctx, rule), 0) > MOST_RULES) {
    throw new Fault(
      'RulesPerSecurityGroupLimitExceeded',
      'The maximum number of rules per security group has been reached.',
    );
  }
  for (const rule of added) ctx.put(securityGroupRules, rule);
  ctx.emit(networkChanged, { vpcId: group.vpcId });
  return added;
}

export function duplicate({ peer, protocol, fromPort, toPort }: RuleContent): Fault {
  const ports =
    protocol === 'tcp' || protocol === 'udp' ? `, from port: ${fromPort}, to port: ${toPort}` : '';
  const name = protocol === '-1' ? 'ALL' : protocol.toUpperCase();
  return new Fault(
    'InvalidPermission.Duplicate',
    `the specified rule "peer: ${peer.value}, ${name}${ports}, ALLOW" already exists`,
  );
}

type RevokeRequest = RuleRequest & { readonly SecurityGroupRuleIds?: readonly string[] | undefined };

function revokeRules(
  ctx: Ctx,
  group: SecurityGroup,
  egress: boolean,
  request: RevokeRequest,
): SecurityGroupRule[] {
  const rules = ctx.list(securityGroupRules, 'group', group.groupId).filter((rule) => rule.egress === egress);
  const { SecurityGroupRuleIds: ids = [] } = request;
  const byId = ids.map((id) => {
    const rule = rules.find((one) => one.ruleId === id);
    if (!rule) throw noRule(id);
    return rule;
  });
  const byContent =
    ids.length > 0
      ? []
      : requested(ctx, request).map((content) => {
          const rule = rules.find((one) => sameRule(one, content));
          if (!rule) throw noSuchRule();
          return rule;
        });
  const revoked = [...byId, ...byContent];
  for (const { ruleId } of revoked) {
    ctx.delete(securityGroupRules, ruleId);
    removeTagsOf(ctx, ruleId);
  }
  ctx.emit(networkChanged, { vpcId: group.vpcId });
  return revoked;
}

export function noRule(id: string): Fault {
  return new Fault(
    'InvalidSecurityGroupRuleId.NotFound',
    `The security group rule ID '${id}' does not exist`,
  );
}

export function noSuchRule(): Fault {
  return new Fault('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
}

function authorized(
  ctx: Ctx,
  rules: readonly SecurityGroupRule[],
  tags: Parameters<typeof tagsFor>[0],
): { Return: boolean; SecurityGroupRules: WireRule[] } {
  for (const { ruleId } of rules) putTags(ctx, ruleId, tagsFor(tags, 'security-group-rule'));
  return { Return: true, SecurityGroupRules: rules.map((rule) => describeRule(ctx, rule)) };
}

function revokedAnswer(rules: readonly SecurityGroupRule[]): {
  Return: boolean;
  RevokedSecurityGroupRules: WireRevoked[];
} {
  return { Return: true, RevokedSecurityGroupRules: rules.map(describeRevoked) };
}

export const securityGroupRuleOperations: Operations<'ec2'> = {
  AuthorizeSecurityGroupIngress(ctx, { GroupId, GroupName, TagSpecifications, ...request }) {
    return authorized(
      ctx,
      authorizeRules(ctx, groupOf(ctx, GroupId, GroupName), false, request),
      TagSpecifications,
    );
  },

  AuthorizeSecurityGroupEgress(ctx, { GroupId, TagSpecifications, ...request }) {
    return authorized(
      ctx,
      authorizeRules(ctx, securityGroupOf(ctx, GroupId), true, request),
      TagSpecifications,
    );
  },

  RevokeSecurityGroupIngress(ctx, { GroupId, GroupName, ...request }) {
    return revokedAnswer(revokeRules(ctx, groupOf(ctx, GroupId, GroupName), false, request));
  },

  RevokeSecurityGroupEgress(ctx, { GroupId, ...request }) {
    return revokedAnswer(revokeRules(ctx, securityGroupOf(ctx, GroupId), true, request));
  },

  DescribeSecurityGroupRules(ctx, { SecurityGroupRuleIds, Filters, NextToken, MaxResults }) {
    const groups = Filters?.filter(({ Name }) => Name === 'group-id').flatMap(({ Values = [] }) => Values);
    const malformed = groups?.find((id) => !id.startsWith('sg-'));
    if (malformed !== undefined) {
      throw new Fault('InvalidGroupId.Malformed', `The security group ID '${malformed}' is malformed`);
    }
    const where = filtered<SecurityGroupRule>(Filters, {
      operation: 'DescribeSecurityGroupRules',
      values: { 'group-id': (rule) => rule.groupId, 'security-group-rule-id': (rule) => rule.ruleId },
      tags: (rule) => tagsOf(ctx, rule.ruleId),
    });
    const of = (_: Ctx, id: string): SecurityGroupRule => {
      const rule = ctx.get(securityGroupRules, id);
      if (rule) return rule;
      throw noRule(id);
    };
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, securityGroupRules, { ids: SecurityGroupRuleIds, of, where, page });
    return { SecurityGroupRules: rows.map((rule) => describeRule(ctx, rule)), NextToken: next };
  },
};

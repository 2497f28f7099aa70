// Rules of security groups that change where they stand: their descriptions, or all that they say.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { securityGroupOf, securityGroupRules } from '../vpcs/network.ts';
import type { SecurityGroup, SecurityGroupRule } from '../vpcs/network.ts';
import { contents, duplicate, noRule, noSuchRule, requested, sameRule } from './security-group-rules.ts';
import type { Permission, RuleContent } from './security-group-rules.ts';
import { groupOf } from './security-groups.ts';

type Update = Input<'ec2', 'ModifySecurityGroupRules'>['SecurityGroupRules'][number];

interface NewDescriptions {
  readonly IpPermissions?: readonly Permission[] | undefined;
  readonly SecurityGroupRuleDescriptions?:
    | readonly { SecurityGroupRuleId?: string | undefined; Description?: string | undefined }[]
    | undefined;
}

/** Gives rules another description, or none: rules by id, or as a request lists them. */
function describeAnew(
  ctx: Ctx,
  group: SecurityGroup,
  egress: boolean,
  { IpPermissions, SecurityGroupRuleDescriptions = [] }: NewDescriptions,
): void {
  const rules = ctx.list(securityGroupRules, 'group', group.groupId).filter((rule) => rule.egress === egress);
  const write = (
    rule: SecurityGroupRule | undefined,
    description: string | undefined,
    absent: Fault,
  ): void => {
    if (!rule) throw absent;
    const { description: _, ...rest } = rule;
    ctx.put(securityGroupRules, { ...rest, ...(description === undefined ? {} : { description }) });
  };
  for (const { SecurityGroupRuleId: id, Description } of SecurityGroupRuleDescriptions)
    write(
      rules.find(({ ruleId }) => ruleId === id),
      Description,
      noRule(id ?? ''),
    );
  if (IpPermissions === undefined && SecurityGroupRuleDescriptions.length > 0) return;
  for (const content of requested(ctx, { IpPermissions }))
    write(
      rules.find((one) => sameRule(one, content)),
      content.description,
      noSuchRule(),
    );
}

/** What a rule shall say. The words are AWS's, as getmoto/moto recorded them: tests/test_ec2/test_security_groups.py. */
function newContent(ctx: Ctx, wanted: NonNullable<Update['SecurityGroupRule']>): RuleContent {
  const { IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupId, Description } =
    wanted;
  if (IpProtocol === undefined) {
    throw new Fault(
      'InvalidParameterValue',
      "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
    );
  }
  const hasPorts = ['tcp', 'udp', '6', '17'].includes(IpProtocol.toLowerCase());
  if (hasPorts && (FromPort === undefined || ToPort === undefined)) {
    throw new Fault(
      'InvalidParameterValue',
      'Invalid value for portRange. Must specify both from and to ports with TCP/UDP.',
    );
  }
  const peers = [CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupId].filter((one) => one !== undefined);
  if (peers.length > 1) {
    throw new Fault(
      'InvalidParameterCombination',
      'Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified',
    );
  }
  const permission: Permission = {
    IpProtocol,
    FromPort,
    ToPort,
    IpRanges: CidrIpv4 === undefined ? [] : [{ CidrIp: CidrIpv4, Description }],
    Ipv6Ranges: CidrIpv6 === undefined ? [] : [{ CidrIpv6, Description }],
    PrefixListIds: PrefixListId === undefined ? [] : [{ PrefixListId, Description }],
    UserIdGroupPairs: ReferencedGroupId === undefined ? [] : [{ GroupId: ReferencedGroupId, Description }],
  };
  const [content] = contents(ctx, permission);
  if (content) return content;
  throw new Fault(
    'MissingParameter',
    'The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId',
  );
}

/** Puts new words in the place of a rule, whose id and direction stay. */
function rewrite(
  ctx: Ctx,
  { groupId }: SecurityGroup,
  { SecurityGroupRuleId: id, SecurityGroupRule }: Update,
): void {
  const rules = ctx.list(securityGroupRules, 'group', groupId);
  const old = rules.find(({ ruleId }) => ruleId === id);
  if (!old) throw noRule(id);
  const content = newContent(ctx, SecurityGroupRule ?? {});
  const { ruleId, egress } = old;
  const twin = rules.find((one) => one.ruleId !== ruleId && one.egress === egress && sameRule(one, content));
  if (twin) throw duplicate(content);
  ctx.put(securityGroupRules, { ...content, ruleId, groupId, egress });
}

export const securityGroupRuleChangeOperations: Operations<'ec2'> = {
  ModifySecurityGroupRules(ctx, { GroupId, SecurityGroupRules }) {
    const group = securityGroupOf(ctx, GroupId);
    for (const update of SecurityGroupRules) rewrite(ctx, group, update);
    ctx.emit(networkChanged, { vpcId: group.vpcId });
    return { Return: true };
  },

  UpdateSecurityGroupRuleDescriptionsIngress(ctx, { GroupId, GroupName, ...request }) {
    describeAnew(ctx, groupOf(ctx, GroupId, GroupName), false, request);
    return { Return: true };
  },

  UpdateSecurityGroupRuleDescriptionsEgress(ctx, { GroupId, GroupName, ...request }) {
    describeAnew(ctx, groupOf(ctx, GroupId, GroupName), true, request);
    return { Return: true };
  },
};

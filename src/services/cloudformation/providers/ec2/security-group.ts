// AWS::EC2::SecurityGroup, and rules as resources of their own.

import { handlerFailure, provider } from '../provider.ts';
import type { Json, Properties, Provider, Work } from '../provider.ts';
import { patiently } from './patience.ts';
import { inOrderOf, ownTags, retag, tagsOfNew } from './tagging.ts';

type Group = Work<'AWS::EC2::SecurityGroup'>;
type Inbound = NonNullable<Properties<'AWS::EC2::SecurityGroup'>['SecurityGroupIngress']>[number];
type Outbound = NonNullable<Properties<'AWS::EC2::SecurityGroup'>['SecurityGroupEgress']>[number];

const LONGEST = 255;

/** A rule of a template as the API takes it; a peer may be named in four ways. */
function permissionOf(rule: Inbound & Outbound) {
  const { IpProtocol, FromPort, ToPort, CidrIp, CidrIpv6, Description } = rule;
  const PrefixListId = rule.SourcePrefixListId ?? rule.DestinationPrefixListId;
  const GroupId = rule.SourceSecurityGroupId ?? rule.DestinationSecurityGroupId;
  const { SourceSecurityGroupName: GroupName, SourceSecurityGroupOwnerId: UserId } = rule;
  return {
    IpProtocol,
    FromPort,
    ToPort,
    ...(CidrIp !== undefined && { IpRanges: [{ CidrIp, Description }] }),
    ...(CidrIpv6 !== undefined && { Ipv6Ranges: [{ CidrIpv6, Description }] }),
    ...(PrefixListId !== undefined && { PrefixListIds: [{ PrefixListId, Description }] }),
    ...((GroupId ?? GroupName) !== undefined && {
      UserIdGroupPairs: [
        { GroupId, GroupName: GroupId === undefined ? GroupName : undefined, UserId, Description },
      ],
    }),
  };
}

const EVERYTHING = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };

interface Changes {
  readonly added: ReturnType<typeof permissionOf>[];
  readonly removed: ReturnType<typeof permissionOf>[];
}

/** A rule that differs in anything goes and comes again. */
function changesIn(
  before: readonly (Inbound | Outbound)[] = [],
  after: readonly (Inbound | Outbound)[] = [],
): Changes {
  const known = new Set(before.map((rule) => JSON.stringify(rule)));
  const wanted = new Set(after.map((rule) => JSON.stringify(rule)));
  return {
    added: after
      .filter((rule) => !known.has(JSON.stringify(rule)))
      .map((rule) => permissionOf(rule as Inbound)),
    removed: before
      .filter((rule) => !wanted.has(JSON.stringify(rule)))
      .map((rule) => permissionOf(rule as Inbound)),
  };
}

function groupOf(work: Group) {
  const named = work.physicalId.startsWith('sg-')
    ? { GroupIds: [work.physicalId] }
    : { GroupNames: [work.physicalId] };
  return work.find('ec2', 'DescribeSecurityGroups', named)?.SecurityGroups?.[0];
}

/** Without egress rules in the template, the rule stays that EC2 gives each new group; with some it goes. */
function openOutwards(work: Group, GroupId: string): void {
  const { SecurityGroupEgress = [] } = work.properties;
  if (SecurityGroupEgress.length === 0) return;
  work.call('ec2', 'RevokeSecurityGroupEgress', { GroupId, IpPermissions: [EVERYTHING] });
  const IpPermissions = SecurityGroupEgress.map(permissionOf);
  work.call('ec2', 'AuthorizeSecurityGroupEgress', { GroupId, IpPermissions });
}

function changeRules(work: Group, GroupId: string): void {
  const { properties: after, previous: before = {} as Partial<Group['properties']> } = work;
  const inbound = changesIn(before.SecurityGroupIngress, after.SecurityGroupIngress);
  const outbound = changesIn(before.SecurityGroupEgress, after.SecurityGroupEgress);
  if (inbound.removed.length > 0)
    work.find('ec2', 'RevokeSecurityGroupIngress', { GroupId, IpPermissions: inbound.removed });
  if (inbound.added.length > 0)
    work.call('ec2', 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: inbound.added });
  const first = (before.SecurityGroupEgress ?? []).length === 0 && outbound.added.length > 0;
  const removed = first ? [EVERYTHING] : outbound.removed;
  if (removed.length > 0) work.find('ec2', 'RevokeSecurityGroupEgress', { GroupId, IpPermissions: removed });
  if (outbound.added.length > 0)
    work.call('ec2', 'AuthorizeSecurityGroupEgress', { GroupId, IpPermissions: outbound.added });
}

/** The ports of a permission as a template says them: those of all protocols have none. */
function portsOf({ FromPort, ToPort }: { FromPort?: number | undefined; ToPort?: number | undefined }): {
  FromPort?: number;
  ToPort?: number;
} {
  return FromPort === undefined ? {} : { FromPort, ToPort: ToPort ?? FromPort };
}

type Direction = 'Source' | 'Destination';
type Permissions = NonNullable<ReturnType<typeof groupOf>>['IpPermissions'];
type Rule = Partial<Inbound & Outbound>;

/** Rules of a group, one for each peer, as a template would say them. */
function rulesOf(permissions: Permissions = [], direction: Direction): Rule[] {
  return permissions.flatMap((permission) => {
    const {
      IpProtocol = '',
      IpRanges = [],
      Ipv6Ranges = [],
      PrefixListIds = [],
      UserIdGroupPairs = [],
    } = permission;
    const rule = (peer: Rule, Description: string | undefined): Rule => ({
      IpProtocol,
      ...portsOf(permission),
      ...peer,
      ...(Description !== undefined && { Description }),
    });
    return [
      ...IpRanges.map(({ CidrIp, Description }) => rule({ CidrIp }, Description)),
      ...Ipv6Ranges.map(({ CidrIpv6, Description }) => rule({ CidrIpv6 }, Description)),
      ...PrefixListIds.map(({ PrefixListId: id, Description }) =>
        rule({ [`${direction}PrefixListId`]: id }, Description),
      ),
      ...UserIdGroupPairs.map(({ GroupId: id, Description }) =>
        rule({ [`${direction}SecurityGroupId`]: id }, Description),
      ),
    ];
  });
}

const NAMES: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '58': 'icmpv6',
  all: '-1',
};
const WITH_PORTS = new Set(['tcp', 'udp', 'icmp', 'icmpv6']);

/** By which two ways to say the same rule are known for the same. */
function meaning(work: Group, rule: Rule): string {
  const said = rule.IpProtocol?.toLowerCase() ?? '';
  const protocol = NAMES[said] ?? said;
  const ports = WITH_PORTS.has(protocol)
    ? `${rule.FromPort ?? -1}-${rule.ToPort ?? rule.FromPort ?? -1}`
    : '';
  const named = rule.SourceSecurityGroupName;
  const byName =
    named === undefined ? undefined : work.find('ec2', 'DescribeSecurityGroups', { GroupNames: [named] });
  const peer =
    rule.CidrIp ??
    rule.CidrIpv6 ??
    rule.SourcePrefixListId ??
    rule.DestinationPrefixListId ??
    rule.SourceSecurityGroupId ??
    rule.DestinationSecurityGroupId ??
    byName?.SecurityGroups?.[0]?.GroupId;
  return JSON.stringify([protocol, ports, peer, rule.Description]);
}

/** The rules that a group has, in the template's words and order as far as it says the same. */
function readRules(work: Group, said: readonly Rule[] = [], found: readonly Rule[]): Json {
  const known = new Map(said.map((rule) => [meaning(work, rule), rule]));
  const rules = found.map((rule) => known.get(meaning(work, rule)) ?? rule);
  return inOrderOf(said, rules) as unknown as Json;
}

const group = provider({
  type: 'AWS::EC2::SecurityGroup',
  create(work) {
    const { GroupName, GroupDescription, VpcId, SecurityGroupIngress = [] } = work.properties;
    const name = GroupName ?? work.name({ longest: LONGEST });
    const { GroupId = '' } = work.call('ec2', 'CreateSecurityGroup', {
      GroupName: name,
      Description: GroupDescription,
      VpcId,
      TagSpecifications: tagsOfNew(work, 'security-group'),
    });
    if (SecurityGroupIngress.length > 0) {
      const IpPermissions = SecurityGroupIngress.map(permissionOf);
      work.call('ec2', 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions });
    }
    openOutwards(work, GroupId);
    // Where the template names no VPC the group is known by its name, as older templates expect.
    return VpcId === undefined ? name : GroupId;
  },
  update(work) {
    const { GroupId = '' } = groupOf(work) ?? {};
    changeRules(work, GroupId);
    retag(work, GroupId);
  },
  ...patiently<'AWS::EC2::SecurityGroup'>((work) => {
    const { GroupId } = groupOf(work) ?? {};
    if (GroupId !== undefined) work.find('ec2', 'DeleteSecurityGroup', { GroupId });
  }),
  attributes(work) {
    const { GroupId = '', VpcId = '' } = groupOf(work) ?? {};
    return { GroupId, VpcId, Id: work.physicalId };
  },
  read(work) {
    const found = groupOf(work);
    return (
      found && {
        GroupName: found.GroupName ?? '',
        GroupDescription: found.Description ?? '',
        VpcId: found.VpcId ?? '',
        SecurityGroupIngress: readRules(
          work,
          work.properties.SecurityGroupIngress,
          rulesOf(found.IpPermissions, 'Source'),
        ),
        SecurityGroupEgress: readRules(
          work,
          work.properties.SecurityGroupEgress,
          rulesOf(found.IpPermissionsEgress, 'Destination'),
        ),
        Tags: ownTags(work, found.Tags),
      }
    );
  },
});

// ---- Rules as resources of their own ----

type InboundRule = Work<'AWS::EC2::SecurityGroupIngress'>;
type OutboundRule = Work<'AWS::EC2::SecurityGroupEgress'>;

function ruleOf(work: InboundRule | OutboundRule) {
  const asked = { SecurityGroupRuleIds: [work.physicalId] };
  return (work as OutboundRule).find('ec2', 'DescribeSecurityGroupRules', asked)?.SecurityGroupRules?.[0];
}

function readRule(work: InboundRule | OutboundRule, direction: Direction) {
  const found = ruleOf(work);
  if (!found) return undefined;
  const { GroupId = '', IpProtocol = '', CidrIpv4, CidrIpv6, PrefixListId, Description } = found;
  const peer = found.ReferencedGroupInfo?.GroupId;
  return {
    GroupId,
    IpProtocol,
    ...(IpProtocol !== '-1' && portsOf(found)),
    ...(CidrIpv4 !== undefined && { CidrIp: CidrIpv4 }),
    ...(CidrIpv6 !== undefined && { CidrIpv6 }),
    ...(PrefixListId !== undefined && { [`${direction}PrefixListId`]: PrefixListId }),
    ...(peer !== undefined && { [`${direction}SecurityGroupId`]: peer }),
    ...(Description !== undefined && { Description }),
  };
}

const ingress = provider({
  type: 'AWS::EC2::SecurityGroupIngress',
  create(work) {
    const { GroupId, GroupName, ...rule } = work.properties;
    if ((GroupId ?? GroupName) === undefined)
      throw handlerFailure(work, 'Either GroupId or GroupName must be specified.');
    const made = work.call('ec2', 'AuthorizeSecurityGroupIngress', {
      GroupId,
      GroupName: GroupId === undefined ? GroupName : undefined,
      IpPermissions: [permissionOf(rule)],
    });
    return made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
  },
  update(work) {
    const { GroupId } = ruleOf(work) ?? {};
    const { Description } = work.properties;
    work.call('ec2', 'UpdateSecurityGroupRuleDescriptionsIngress', {
      GroupId,
      SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: work.physicalId, Description }],
    });
  },
  delete(work) {
    const { GroupId } = ruleOf(work) ?? {};
    if (GroupId === undefined) return;
    work.find('ec2', 'RevokeSecurityGroupIngress', { GroupId, SecurityGroupRuleIds: [work.physicalId] });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read: (work) => readRule(work, 'Source'),
});

const egress = provider({
  type: 'AWS::EC2::SecurityGroupEgress',
  create(work) {
    const { GroupId, ...rule } = work.properties;
    const IpPermissions = [permissionOf(rule)];
    const made = work.call('ec2', 'AuthorizeSecurityGroupEgress', { GroupId, IpPermissions });
    return made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
  },
  update(work) {
    const { GroupId, Description } = work.properties;
    work.call('ec2', 'UpdateSecurityGroupRuleDescriptionsEgress', {
      GroupId,
      SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: work.physicalId, Description }],
    });
  },
  delete(work) {
    const { GroupId } = ruleOf(work) ?? {};
    if (GroupId === undefined) return;
    work.find('ec2', 'RevokeSecurityGroupEgress', { GroupId, SecurityGroupRuleIds: [work.physicalId] });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read: (work) => readRule(work, 'Destination'),
});

export const securityGroups: readonly Provider[] = [group, ingress, egress];

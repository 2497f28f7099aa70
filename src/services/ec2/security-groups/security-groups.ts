// Security groups and how they are shown. Their rules change in ./security-group-rules.ts.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { dependency, listed, missing } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import {
  defaultVpc,
  interfaces,
  securityGroupOf,
  securityGroupRules,
  securityGroups,
  vpcEndpoints,
  vpcOf,
} from '../vpcs/network.ts';
import type { SecurityGroup, SecurityGroupRule } from '../vpcs/network.ts';

type WireGroup = NonNullable<Output<'ec2', 'DescribeSecurityGroups'>['SecurityGroups']>[number];
type WirePermission = NonNullable<WireGroup['IpPermissions']>[number];

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html */
const NAME = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/;

/** A group of the default VPC by name. */
export function groupNamed(ctx: Ctx, name: string): SecurityGroup {
  const vpc = defaultVpc(ctx);
  const found = vpc && ctx.list(securityGroups, 'name', `${vpc.vpcId} ${name}`)[0];
  if (!found)
    throw new Fault(
      'InvalidGroup.NotFound',
      `The security group '${name}' does not exist in default VPC '${vpc?.vpcId ?? ''}'`,
    );
  return found;
}

/** The group that a request names, by id or, in the default VPC, by name. */
export function groupOf(ctx: Ctx, GroupId: string | undefined, GroupName: string | undefined): SecurityGroup {
  if (GroupId !== undefined) return securityGroupOf(ctx, GroupId);
  if (GroupName === undefined) throw missing('GroupName or GroupId');
  return groupNamed(ctx, GroupName);
}

/** Rules as EC2 shows them in a group: one permission for each protocol and range of ports. */
function permissions(ctx: Ctx, rules: readonly SecurityGroupRule[]): WirePermission[] {
  const byPorts = new Map<string, SecurityGroupRule[]>();
  for (const rule of rules) {
    const key = `${rule.protocol} ${rule.fromPort} ${rule.toPort}`;
    byPorts.set(key, [...(byPorts.get(key) ?? []), rule]);
  }
  return [...byPorts.values()].map((same) => {
    const { protocol, fromPort, toPort } = same[0] as SecurityGroupRule;
    // In order, as AWS showed them to getmoto/moto: tests/test_ec2/test_security_groups.py.
    const of = (kind: SecurityGroupRule['peer']['kind']): SecurityGroupRule[] =>
      same
        .filter(({ peer }) => peer.kind === kind)
        .toSorted((left, right) => (left.peer.value < right.peer.value ? -1 : 1));
    return {
      IpProtocol: protocol,
      ...(protocol === '-1' ? {} : { FromPort: fromPort, ToPort: toPort }),
      IpRanges: of('ipv4').map(({ peer, description }) => ({ CidrIp: peer.value, Description: description })),
      Ipv6Ranges: of('ipv6').map(({ peer, description }) => ({
        CidrIpv6: peer.value,
        Description: description,
      })),
      UserIdGroupPairs: of('group').map(({ peer, description }) => ({
        GroupId: peer.value,
        UserId: ctx.account,
        Description: description,
      })),
      PrefixListIds: of('prefixList').map(({ peer, description }) => ({
        PrefixListId: peer.value,
        Description: description,
      })),
    };
  });
}

function describeGroup(ctx: Ctx, group: SecurityGroup): WireGroup {
  const rules = ctx.list(securityGroupRules, 'group', group.groupId);
  return {
    GroupId: group.groupId,
    GroupName: group.name,
    Description: group.description,
    VpcId: group.vpcId,
    OwnerId: ctx.account,
    SecurityGroupArn: ctx.arn('ec2', `security-group/${group.groupId}`),
    IpPermissions: permissions(
      ctx,
      rules.filter((rule) => !rule.egress),
    ),
    IpPermissionsEgress: permissions(
      ctx,
      rules.filter((rule) => rule.egress),
    ),
    Tags: tagsShown(ctx, group.groupId),
  };
}

/** Filters on the rules of a group, such as `ip-permission.cidr`. */
function ruleFilters(ctx: Ctx): Record<string, (group: SecurityGroup) => readonly (string | number)[]> {
  const found: Record<string, (group: SecurityGroup) => readonly (string | number)[]> = {};
  for (const egress of [false, true]) {
    const of = (group: SecurityGroup): SecurityGroupRule[] =>
      ctx.list(securityGroupRules, 'group', group.groupId).filter((rule) => rule.egress === egress);
    const name = egress ? 'egress.ip-permission' : 'ip-permission';
    const peers = (group: SecurityGroup, kind: string): string[] =>
      of(group).flatMap(({ peer }) => (peer.kind === kind ? [peer.value] : []));
    found[`${name}.cidr`] = (group) => peers(group, 'ipv4');
    found[`${name}.ipv6-cidr`] = (group) => peers(group, 'ipv6');
    found[`${name}.prefix-list-id`] = (group) => peers(group, 'prefixList');
    found[`${name}.group-id`] = (group) => peers(group, 'group');
    // Rules keep the id of a group and never its name, so AWS finds nothing by it: as it answered getmoto/moto,
    // tests/test_ec2/test_security_groups.py, test_filter_egress__ip_permission__group_name_create_with_id_filter_by_name.
    found[`${name}.group-name`] = () => [];
    found[`${name}.user-id`] = (group) => peers(group, 'group').map(() => ctx.account);
    found[`${name}.protocol`] = (group) => of(group).map((rule) => rule.protocol);
    found[`${name}.from-port`] = (group) => of(group).map((rule) => rule.fromPort);
    found[`${name}.to-port`] = (group) => of(group).map((rule) => rule.toPort);
  }
  return found;
}

export const securityGroupOperations: Operations<'ec2'> = {
  CreateSecurityGroup(ctx, { GroupName, Description, VpcId, TagSpecifications }) {
    if (Description === '') throw missing('GroupDescription');
    const vpc = VpcId === undefined ? defaultVpc(ctx) : vpcOf(ctx, VpcId);
    if (!vpc) throw new Fault('VPCIdNotSpecified', 'No default VPC for this user');
    if (!NAME.test(GroupName) || GroupName.startsWith('sg-')) {
      throw new Fault(
        'InvalidParameterValue',
        `Invalid security group name. Group names may not be in the format sg-*.`,
      );
    }
    if (GroupName === 'default')
      throw new Fault('InvalidParameterValue', 'Cannot use reserved security group name: default');
    if (ctx.list(securityGroups, 'name', `${vpc.vpcId} ${GroupName}`).length > 0) {
      throw new Fault(
        'InvalidGroup.Duplicate',
        `The security group '${GroupName}' already exists for VPC '${vpc.vpcId}'`,
      );
    }
    const groupId = `sg-${ctx.id('security-group')}`;
    ctx.put(securityGroups, { groupId, vpcId: vpc.vpcId, name: GroupName, description: Description });
    ctx.put(securityGroupRules, {
      ruleId: `sgr-${ctx.id('security-group-rule')}`,
      groupId,
      egress: true,
      protocol: '-1',
      fromPort: -1,
      toPort: -1,
      peer: { kind: 'ipv4', value: '0.0.0.0/0' },
    });
    tagCreated(ctx, TagSpecifications, groupId);
    const tags = tagsShown(ctx, groupId);
    return {
      GroupId: groupId,
      ...(tags.length > 0 && { Tags: tags }),
      SecurityGroupArn: ctx.arn('ec2', `security-group/${groupId}`),
    };
  },

  DescribeSecurityGroups(ctx, { GroupIds = [], GroupNames = [], Filters, NextToken, MaxResults }) {
    const where = filtered<SecurityGroup>(Filters, {
      operation: 'DescribeSecurityGroups',
      values: {
        description: (group) => group.description,
        'group-id': (group) => group.groupId,
        'group-name': (group) => group.name,
        'owner-id': () => ctx.account,
        'vpc-id': (group) => group.vpcId,
        ...ruleFilters(ctx),
      },
      tags: (group) => tagsOf(ctx, group.groupId),
    });
    const ids = [...GroupIds, ...GroupNames.map((name) => groupNamed(ctx, name).groupId)];
    const { rows, next } = listed(ctx, securityGroups, {
      ids,
      of: securityGroupOf,
      where,
      page: { NextToken, MaxResults },
    });
    return { SecurityGroups: rows.map((group) => describeGroup(ctx, group)), NextToken: next };
  },

  GetSecurityGroupsForVpc(ctx, { VpcId, Filters, NextToken, MaxResults }) {
    const { vpcId } = vpcOf(ctx, VpcId);
    const where = filtered<SecurityGroup>(Filters, {
      operation: 'GetSecurityGroupsForVpc',
      values: {
        description: (group) => group.description,
        'group-id': (group) => group.groupId,
        'group-name': (group) => group.name,
        'owner-id': () => ctx.account,
        'primary-vpc-id': (group) => group.vpcId,
      },
      tags: (group) => tagsOf(ctx, group.groupId),
    });
    const { rows, next } = listed(ctx, securityGroups, {
      of: securityGroupOf,
      where: (group) => group.vpcId === vpcId && where(group),
      page: { NextToken, MaxResults },
    });
    const SecurityGroupForVpcs = rows.map((group) => ({
      GroupId: group.groupId,
      GroupName: group.name,
      Description: group.description,
      OwnerId: ctx.account,
      PrimaryVpcId: group.vpcId,
      Tags: tagsShown(ctx, group.groupId),
    }));
    return { SecurityGroupForVpcs, NextToken: next };
  },

  DeleteSecurityGroup(ctx, { GroupId, GroupName }) {
    const { groupId, name, vpcId } = groupOf(ctx, GroupId, GroupName);
    if (name === 'default') {
      throw new Fault(
        'CannotDelete',
        `the specified group: "${groupId}" name: "default" cannot be deleted by a user`,
      );
    }
    const referenced = ctx
      .list(securityGroupRules, 'peerGroup', groupId)
      .some((rule) => rule.groupId !== groupId);
    const used =
      ctx.list(interfaces, 'vpc', vpcId).some((row) => row.groupIds.includes(groupId)) ||
      ctx.list(vpcEndpoints, 'vpc', vpcId).some((row) => row.groupIds.includes(groupId));
    if (referenced || used) throw dependency(`resource ${groupId} has a dependent object`);
    for (const { ruleId } of ctx.list(securityGroupRules, 'group', groupId)) {
      ctx.delete(securityGroupRules, ruleId);
      removeTagsOf(ctx, ruleId);
    }
    ctx.delete(securityGroups, groupId);
    removeTagsOf(ctx, groupId);
    return { Return: true, GroupId: groupId };
  },
};

// Security groups beyond what lets packets through: rules that change where they stand, and who asks for groups.

import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateVpcCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  GetSecurityGroupsForVpcCommand,
  ModifySecurityGroupRulesCommand,
} from '@aws-sdk/client-ec2';
import type { SecurityGroupRuleRequest } from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { newTable } from '../../../../tests/table.ts';

let ec2: EC2Client;
let VpcId: string;
let GroupId: string;

beforeEach(async () => {
  ec2 = newTable().client(EC2Client);
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  VpcId = Vpc?.VpcId ?? '';
  const made = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: 'web', Description: 'Web servers' }),
  );
  GroupId = made.GroupId ?? '';
});

async function allow(CidrIp: string): Promise<string> {
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp }] }];
  const { SecurityGroupRules } = await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }),
  );
  return SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
}

async function modify(SecurityGroupRuleId: string, rule: SecurityGroupRuleRequest): Promise<void> {
  const SecurityGroupRules = [{ SecurityGroupRuleId, SecurityGroupRule: rule }];
  await ec2.send(new ModifySecurityGroupRulesCommand({ GroupId, SecurityGroupRules }));
}

// As AWS answered getmoto/moto: tests/test_ec2/test_security_groups.py, test_modify_security_group_rules.
describe('a rule that is modified', () => {
  it('keeps its id and direction and says something else', async () => {
    const id = await allow('10.0.0.0/8');
    await modify(id, { IpProtocol: 'udp', FromPort: 53, ToPort: 54, CidrIpv4: '10.1.0.0/16' });
    const { SecurityGroupRules } = await ec2.send(
      new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [id] }),
    );
    expect(SecurityGroupRules).toMatchObject([
      { IsEgress: false, IpProtocol: 'udp', FromPort: 53, ToPort: 54, CidrIpv4: '10.1.0.0/16' },
    ]);
  });

  it.each([
    [{}, 'InvalidParameterValue', /'null' for protocol/],
    [{ IpProtocol: 'udp', ToPort: 1, CidrIpv4: '10.0.0.0/8' }, 'InvalidParameterValue', /both from and to/],
    [{ IpProtocol: '-1' }, 'MissingParameter', /exactly one of: cidrIp/],
    [
      { IpProtocol: '-1', CidrIpv4: '10.0.0.0/8', CidrIpv6: '::/0' },
      'InvalidParameterCombination',
      /Only one of cidrIp/,
    ],
  ])('is refused %j', async (rule, name, message) => {
    const id = await allow('10.0.0.0/8');
    await expect(modify(id, rule)).rejects.toMatchObject({
      name,
      message: expect.stringMatching(message) as string,
    });
  });

  it('may not become a rule that is there already', async () => {
    await allow('10.0.0.0/8');
    const id = await allow('10.1.0.0/16');
    const same = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIpv4: '10.0.0.0/8' };
    await expect(modify(id, same)).rejects.toMatchObject({ name: 'InvalidPermission.Duplicate' });
  });
});

describe('security groups', () => {
  // As AWS answered localstack: tests/aws/services/ec2/test_ec2.py, test_get_security_groups_for_vpc.
  it('of a VPC are listed with the VPC that they belong to', async () => {
    const { SecurityGroupForVpcs } = await ec2.send(new GetSecurityGroupsForVpcCommand({ VpcId }));
    expect(SecurityGroupForVpcs).toHaveLength(2);
    const owned = { PrimaryVpcId: VpcId, OwnerId: '000000000000', Tags: [] };
    expect(SecurityGroupForVpcs).toContainEqual({
      ...owned,
      GroupId,
      GroupName: 'web',
      Description: 'Web servers',
    });
  });

  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html
  it('are found by the id of a group that their rules refer to, and not by its name', async () => {
    const IpPermissions = [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId }] }];
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    const found = async (Name: string, value: string): Promise<unknown[] | undefined> => {
      const Filters = [{ Name, Values: [value] }];
      return (await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups;
    };
    expect(await found('ip-permission.group-id', GroupId)).toHaveLength(1);
    expect(await found('ip-permission.group-name', 'web')).toEqual([]);
  });
});

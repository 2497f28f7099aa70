// What lets packets through: security groups and network ACLs from templates. What `Ref` and `Fn::GetAtt` give is from
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html (one page for each type).

import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeNetworkAclsCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';
import type { TemplateParts } from '../test-stand.ts';
import { att, created, drifts, output, ref, resource, subnet, tag, updated, vpc } from './test-network.ts';

let stand: ProviderStand;
let ec2: EC2Client;

beforeEach(() => {
  stand = new ProviderStand();
  ec2 = stand.table.client(EC2Client);
});

describe('a security group', () => {
  const group = (more: object): object =>
    resource('SecurityGroup', { GroupDescription: 'shop', VpcId: ref('Vpc'), ...more });
  const port = (FromPort: number, peer: object): object => ({
    IpProtocol: 'tcp',
    FromPort,
    ToPort: FromPort,
    ...peer,
  });

  async function rulesOf(GroupId: string | undefined, egress: boolean): Promise<object[]> {
    const { SecurityGroupRules = [] } = await ec2.send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [GroupId ?? ''] }] }),
    );
    return SecurityGroupRules.filter(({ IsEgress }) => IsEgress === egress);
  }

  it('names the peers of its rules in every way', async () => {
    const ids = await created(stand, {
      Resources: {
        Vpc: vpc(),
        List: resource('PrefixList', {
          PrefixListName: 'offices',
          AddressFamily: 'IPv4',
          MaxEntries: 2,
          Entries: [{ Cidr: '203.0.113.0/24' }],
        }),
        Balancer: group({}),
        App: group({
          SecurityGroupIngress: [
            port(80, { CidrIp: '0.0.0.0/0', Description: 'all' }),
            port(80, { CidrIpv6: '::/0' }),
            port(443, { SourceSecurityGroupId: att('Balancer', 'GroupId') }),
            port(22, { SourcePrefixListId: ref('List') }),
            { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, CidrIp: '10.0.0.0/8' },
            { IpProtocol: -1, CidrIp: '10.0.0.0/16' },
          ],
        }),
      },
    });
    const rules = await rulesOf(ids['App'], false);
    expect(rules).toHaveLength(6);
    for (const rule of [
      { FromPort: 80, CidrIpv4: '0.0.0.0/0', Description: 'all' },
      { FromPort: 80, CidrIpv6: '::/0' },
      { FromPort: 443, ReferencedGroupInfo: { GroupId: ids['Balancer'], UserId: '000000000000' } },
      { FromPort: 22, PrefixListId: ids['List'] },
      { IpProtocol: 'icmp', CidrIpv4: '10.0.0.0/8' },
      { IpProtocol: '-1', CidrIpv4: '10.0.0.0/16' },
    ])
      expect(rules).toContainEqual(expect.objectContaining(rule));
    // Without egress rules in the template the one stays that EC2 makes.
    expect(await rulesOf(ids['App'], true)).toMatchObject([{ IpProtocol: '-1', CidrIpv4: '0.0.0.0/0' }]);
  });

  it('loses the default egress rule where the template has egress rules, and changes rule by rule', async () => {
    const template = (ingress: object[], egress: object[]): TemplateParts => ({
      Resources: { Vpc: vpc(), App: group({ SecurityGroupIngress: ingress, SecurityGroupEgress: egress }) },
    });
    const kept = port(443, { CidrIp: '0.0.0.0/0' });
    const { App } = await created(stand, template([kept, port(80, { CidrIp: '0.0.0.0/0' })], [kept]));
    const [first] = (await rulesOf(App, false)).filter(
      (rule) => (rule as { FromPort: number }).FromPort === 443,
    );
    expect(await rulesOf(App, true)).toMatchObject([{ FromPort: 443 }]);
    await updated(stand, template([kept, port(8080, { CidrIp: '0.0.0.0/0' })], []));
    const ports = (await rulesOf(App, false)).map((rule) => (rule as { FromPort: number }).FromPort);
    expect(ports.toSorted()).toEqual([443, 8080]);
    expect(await rulesOf(App, false)).toContainEqual(first);
    // "if you remove all egress rules that you added, we do not add egress rules"
    expect(await rulesOf(App, true)).toEqual([]);
  });

  it('is known by its name where the template names no VPC', async () => {
    const ids = await created(stand, {
      Resources: { App: resource('SecurityGroup', { GroupDescription: 'legacy' }) },
      Outputs: { Id: output(att('App', 'GroupId')), Vpc: output(att('App', 'VpcId')) },
    });
    const { Id = '', Vpc = '' } = await stand.outputs();
    expect([ids['App'], Id, Vpc]).toEqual([
      expect.stringMatching(/^shop-App-/),
      expect.stringMatching(/^sg-/),
      expect.stringMatching(/^vpc-/),
    ]);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({}));
    expect(SecurityGroups).toHaveLength(1);
  });

  it('has rules as resources of their own, whose descriptions change in place', async () => {
    const template = (Description: string, from: number): TemplateParts => ({
      Resources: {
        Vpc: vpc(),
        One: group({}),
        Other: group({}),
        In: resource('SecurityGroupIngress', {
          GroupId: ref('One'),
          IpProtocol: 'tcp',
          FromPort: from,
          ToPort: from,
          SourceSecurityGroupId: ref('Other'),
          Description,
        }),
        Out: resource('SecurityGroupEgress', {
          GroupId: ref('Other'),
          IpProtocol: 'tcp',
          FromPort: 80,
          ToPort: 80,
          DestinationSecurityGroupId: ref('One'),
          Description,
        }),
      },
    });
    const first = await created(stand, template('a', 80));
    expect(first['In']).toMatch(/^sgr-/);
    const second = await updated(stand, template('b', 80));
    expect(second).toEqual(first);
    expect(await rulesOf(first['One'], false)).toMatchObject([{ Description: 'b', FromPort: 80 }]);
    const third = await updated(stand, template('b', 81));
    expect(third['In']).not.toBe(first['In']);
    expect(await rulesOf(first['One'], false)).toMatchObject([{ FromPort: 81 }]);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
  it('drifts when a rule comes from elsewhere, and not by the order of its rules', async () => {
    const { App = '' } = await created(stand, {
      Resources: {
        Vpc: vpc({ Tags: tag('net') }),
        App: group({
          SecurityGroupIngress: [
            port(443, { CidrIp: '0.0.0.0/0' }),
            { IpProtocol: '6', FromPort: 80, ToPort: 80, CidrIp: '0.0.0.0/0' },
          ],
        }),
      },
    });
    expect(await drifts(stand)).toEqual({ App: 'IN_SYNC', Vpc: 'IN_SYNC' });
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: App,
        IpProtocol: 'tcp',
        FromPort: 22,
        ToPort: 22,
        CidrIp: '0.0.0.0/0',
      }),
    );
    expect(await drifts(stand)).toEqual({ App: 'MODIFIED', Vpc: 'IN_SYNC' });
  });
});

describe('a network ACL', () => {
  const entry = (RuleNumber: number, more: object): object =>
    resource('NetworkAclEntry', {
      NetworkAclId: ref('Acl'),
      RuleNumber,
      Protocol: 6,
      RuleAction: 'allow',
      CidrBlock: '0.0.0.0/0',
      PortRange: { From: 443, To: 443 },
      ...more,
    });
  const template = (more: Record<string, object>): TemplateParts => ({
    Resources: {
      Vpc: vpc(),
      Public: subnet('10.0.0.0/24'),
      Acl: resource('NetworkAcl', { VpcId: ref('Vpc') }),
      Of: resource('SubnetNetworkAclAssociation', { SubnetId: ref('Public'), NetworkAclId: ref('Acl') }),
      In: entry(100, {}),
      Out: entry(100, { Egress: true, Protocol: -1, PortRange: { From: 0, To: 65_535 } }),
      Ping: entry(120, { Protocol: 1, Icmp: { Type: -1, Code: -1 } }),
      ...more,
    },
  });

  it('has entries in both directions and holds for its subnet', async () => {
    const { Acl = '', Of } = await created(stand, template({}));
    const { NetworkAcls } = await ec2.send(new DescribeNetworkAclsCommand({ NetworkAclIds: [Acl] }));
    expect(NetworkAcls?.[0]?.Associations).toMatchObject([{ NetworkAclAssociationId: Of }]);
    const entries = (NetworkAcls?.[0]?.Entries ?? []).filter(({ RuleNumber = 0 }) => RuleNumber < 32_767);
    expect(entries).toMatchObject([
      { RuleNumber: 100, Egress: false, Protocol: '6', PortRange: { From: 443, To: 443 } },
      { RuleNumber: 120, Egress: false, Protocol: '1', IcmpTypeCode: { Type: -1, Code: -1 } },
      { RuleNumber: 100, Egress: true, Protocol: '-1' },
    ]);
  });

  it('changes an entry in place and gives its subnet back to the default one', async () => {
    const before = await created(stand, template({}));
    const after = await updated(stand, template({ In: entry(100, { RuleAction: 'deny' }) }));
    expect(after['In']).toBe(before['In']);
    const { Acl = '' } = after;
    const { NetworkAcls } = await ec2.send(new DescribeNetworkAclsCommand({ NetworkAclIds: [Acl] }));
    expect(NetworkAcls?.[0]?.Entries?.[0]).toMatchObject({ RuleNumber: 100, RuleAction: 'deny' });
    await updated(stand, { Resources: { Vpc: vpc(), Public: subnet('10.0.0.0/24') } });
    const standing = await ec2.send(
      new DescribeNetworkAclsCommand({
        Filters: [{ Name: 'association.subnet-id', Values: [after['Public'] ?? ''] }],
      }),
    );
    expect(standing.NetworkAcls).toMatchObject([{ IsDefault: true }]);
  });
});

// Load balancers, target groups, listeners and rules of a stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElasticLoadBalancingV2.html

import {
  DescribeListenersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { DescribeAddressesCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';
import type { TemplateParts } from '../test-stand.ts';

async function front(stand: ProviderStand, pattern: string, delay: string): Promise<TemplateParts> {
  const { Subnets = [] } = await stand.table.client(EC2Client).send(new DescribeSubnetsCommand({}));
  const forward = [{ Type: 'forward', TargetGroupArn: { Ref: 'Web' } }];
  return {
    Resources: {
      Front: {
        Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
        Properties: {
          Subnets: Subnets.map(({ SubnetId }) => SubnetId),
          LoadBalancerAttributes: [{ Key: 'idle_timeout.timeout_seconds', Value: '30' }],
        },
      },
      Web: {
        Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
        Properties: {
          Port: 80,
          Protocol: 'HTTP',
          VpcId: Subnets[0]?.VpcId,
          HealthCheckPath: '/health',
          TargetGroupAttributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: delay }],
        },
      },
      Http: {
        Type: 'AWS::ElasticLoadBalancingV2::Listener',
        Properties: {
          LoadBalancerArn: { Ref: 'Front' },
          Port: 80,
          Protocol: 'HTTP',
          DefaultActions: forward,
        },
      },
      Rule: {
        Type: 'AWS::ElasticLoadBalancingV2::ListenerRule',
        Properties: {
          ListenerArn: { Ref: 'Http' },
          Priority: 10,
          Conditions: [{ Field: 'path-pattern', Values: [pattern] }],
          Actions: forward,
        },
      },
    },
    Outputs: {
      Name: { Value: { 'Fn::GetAtt': ['Front', 'DNSName'] } },
      Full: { Value: { 'Fn::GetAtt': ['Web', 'TargetGroupFullName'] } },
      Group: { Value: { Ref: 'Web' } },
      Listener: { Value: { Ref: 'Http' } },
    },
  };
}

describe('a load balancer of a stack', () => {
  it('stands when it is active, with its names as attributes', async () => {
    const stand = new ProviderStand();
    expect(await stand.create(await front(stand, '/a/*', '30'))).toBe('CREATE_COMPLETE');
    const { Name, Full } = await stand.outputs();
    expect(Name).toMatch(/^shop-Front-\w+-\d+\.us-east-1\.elb\.amazonaws\.com$/);
    expect(Full).toMatch(/^targetgroup\/shop-Web-\w+\/[0-9a-f]{16}$/);
  });

  it('is changed in place with its group and its rules, and leaves nothing behind', async () => {
    const stand = new ProviderStand();
    const balancing = stand.table.client(ElasticLoadBalancingV2Client);
    await stand.create(await front(stand, '/a/*', '30'));
    const { Group: TargetGroupArn, Listener: ListenerArn } = await stand.outputs();
    expect(await stand.update(await front(stand, '/b/*', '60'))).toBe('UPDATE_COMPLETE');
    expect((await stand.outputs())['Group']).toBe(TargetGroupArn);
    const { Attributes } = await balancing.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
    expect(Attributes).toContainEqual({ Key: 'deregistration_delay.timeout_seconds', Value: '60' });
    const { Rules } = await balancing.send(new DescribeRulesCommand({ ListenerArn }));
    expect(Rules?.[0]?.Conditions?.[0]?.Values).toEqual(['/b/*']);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const { TargetGroups } = await balancing.send(new DescribeTargetGroupsCommand({}));
    expect(TargetGroups).toEqual([]);
    await expect(
      balancing.send(new DescribeListenersCommand({ ListenerArns: [ListenerArn ?? ''] })),
    ).rejects.toThrow('One or more listeners not found');
  });
});

it('a Network Load Balancer of a stack has its Elastic IP addresses, and lets them go with the stack', async () => {
  const stand = new ProviderStand();
  const ec2 = stand.table.client(EC2Client);
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const [subnet] = Subnets;
  const template = (cross: string) => ({
    Resources: {
      Address: { Type: 'AWS::EC2::EIP', Properties: { Domain: 'vpc' } },
      Front: {
        Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
        Properties: {
          Type: 'network',
          SubnetMappings: [
            { SubnetId: subnet?.SubnetId, AllocationId: { 'Fn::GetAtt': ['Address', 'AllocationId'] } },
          ],
          LoadBalancerAttributes: [{ Key: 'load_balancing.cross_zone.enabled', Value: cross }],
        },
      },
      Group: {
        Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
        Properties: { Port: 10, Protocol: 'TCP', VpcId: subnet?.VpcId },
      },
      Tcp: {
        Type: 'AWS::ElasticLoadBalancingV2::Listener',
        Properties: {
          LoadBalancerArn: { Ref: 'Front' },
          Port: 80,
          Protocol: 'TCP',
          DefaultActions: [{ Type: 'forward', TargetGroupArn: { Ref: 'Group' } }],
        },
      },
    },
    Outputs: { Full: { Value: { 'Fn::GetAtt': ['Front', 'LoadBalancerFullName'] } } },
  });
  expect(await stand.create(template('true'))).toBe('CREATE_COMPLETE');
  expect((await stand.outputs())['Full']).toMatch(/^net\//);
  expect(await stand.drift()).toEqual(expect.arrayContaining(['Front IN_SYNC', 'Group IN_SYNC']));
  expect(await stand.update(template('false'))).toBe('UPDATE_COMPLETE');
  expect(await stand.delete()).toBe('DELETE_COMPLETE');
  const { Addresses } = await ec2.send(new DescribeAddressesCommand({}));
  expect(Addresses).toEqual([]);
});

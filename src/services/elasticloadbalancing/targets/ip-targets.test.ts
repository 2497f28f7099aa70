// Target groups of addresses. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html

import {
  DescribeImagesCommand,
  DescribeSubnetsCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../../tests/table.ts';

const SERVES =
  '#!/bin/bash\n# sandtable.yml:\n#   application: { port: 80, start: 5s }\nsystemctl start web\n';

async function stand() {
  const table = newTable();
  const ec2 = table.client(EC2Client);
  const elb = table.client(ElasticLoadBalancingV2Client);
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const [{ SubnetId = '', VpcId = '' } = {}, other] = Subnets;
  const { TargetGroups } = await elb.send(
    new CreateTargetGroupCommand({ Name: 'ip', Protocol: 'HTTP', Port: 80, VpcId, TargetType: 'ip' }),
  );
  const TargetGroupArn = TargetGroups?.[0]?.TargetGroupArn ?? '';
  const { LoadBalancers } = await elb.send(
    new CreateLoadBalancerCommand({ Name: 'ip', Subnets: [SubnetId, other?.SubnetId ?? ''] }),
  );
  const LoadBalancerArn = LoadBalancers?.[0]?.LoadBalancerArn ?? '';
  const DefaultActions = [{ Type: 'forward' as const, TargetGroupArn }];
  await elb.send(new CreateListenerCommand({ LoadBalancerArn, Protocol: 'HTTP', Port: 80, DefaultActions }));
  const health = async () => {
    const found = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
    return (found.TargetHealthDescriptions ?? []).map(({ Target, TargetHealth }) => [
      Target?.Id,
      TargetHealth?.State,
      TargetHealth?.Reason,
    ]);
  };
  const register = (Id: string) =>
    elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id }] }));
  return { table, ec2, elb, SubnetId, TargetGroupArn, health, register };
}

describe('a target group of addresses', () => {
  it('is shown with its type', async () => {
    const { elb, TargetGroupArn } = await stand();
    const { TargetGroups } = await elb.send(
      new DescribeTargetGroupsCommand({ TargetGroupArns: [TargetGroupArn] }),
    );
    expect(TargetGroups?.[0]?.TargetType).toBe('ip');
  });

  it('sends health checks to whatever has the address', async () => {
    const { table, ec2, SubnetId, health, register } = await stand();
    const { Images } = await ec2.send(new DescribeImagesCommand({ Owners: ['amazon'] }));
    const { Instances } = await ec2.send(
      new RunInstancesCommand({
        MinCount: 1,
        MaxCount: 1,
        SubnetId,
        ImageId: Images?.[0]?.ImageId,
        InstanceType: 't3.micro',
        UserData: btoa(SERVES),
      }),
    );
    const address = Instances?.[0]?.PrivateIpAddress ?? '';
    await register(address);
    table.advance(600_000);
    expect(await health()).toEqual([[address, 'healthy', undefined]]);
  });

  it('keeps an address that nothing has unhealthy, until something takes it', async () => {
    const { table, ec2, SubnetId, health, register } = await stand();
    await register('172.31.0.77');
    table.advance(600_000);
    expect(await health()).toEqual([['172.31.0.77', 'unhealthy', 'Target.Timeout']]);
    const { Images } = await ec2.send(new DescribeImagesCommand({ Owners: ['amazon'] }));
    await ec2.send(
      new RunInstancesCommand({
        MinCount: 1,
        MaxCount: 1,
        SubnetId,
        PrivateIpAddress: '172.31.0.77',
        ImageId: Images?.[0]?.ImageId,
        InstanceType: 't3.micro',
        UserData: btoa(SERVES),
      }),
    );
    table.advance(600_000);
    expect(await health()).toEqual([['172.31.0.77', 'healthy', undefined]]);
  });

  it.each([
    ['10.9.9.9', 'is not within any subnet of the target group VPC'],
    ['i-0123456789abcdef0', 'is not a valid IPv4 address'],
  ])('does not take %s', async (id, why) => {
    const { register } = await stand();
    await expect(register(id)).rejects.toThrow(why);
  });
});

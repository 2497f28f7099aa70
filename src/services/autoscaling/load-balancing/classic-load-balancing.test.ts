// Groups behind Classic Load Balancers.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/attach-load-balancer-asg.html

import {
  AttachLoadBalancersCommand,
  DescribeLoadBalancersCommand,
  DetachLoadBalancersCommand,
  SetDesiredCapacityCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateLoadBalancerCommand,
  DescribeInstanceHealthCommand,
  ElasticLoadBalancingClient,
  ModifyLoadBalancerAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import { expect, it } from 'vitest';
import { machineChanged } from '#cloud/ports/machines.ts';
import { applications } from '#workloads/application.ts';
import { GROUP, HOUR, MINUTE, stand } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

const NAME = 'old';

/** A load balancer that is let through to the group's instances and drains for a minute. */
async function balanced({ table, subnetIds, vpcId }: Stand): Promise<ElasticLoadBalancingClient> {
  const elb = table.client(ElasticLoadBalancingClient);
  const Filters = [
    { Name: 'vpc-id', Values: [vpcId] },
    { Name: 'group-name', Values: ['default'] },
  ];
  const { SecurityGroups = [] } = await table
    .client(EC2Client)
    .send(new DescribeSecurityGroupsCommand({ Filters }));
  await elb.send(
    new CreateLoadBalancerCommand({
      LoadBalancerName: NAME,
      Listeners: [{ Protocol: 'HTTP', LoadBalancerPort: 80, InstancePort: 80 }],
      Subnets: subnetIds,
      SecurityGroups: SecurityGroups.map(({ GroupId = '' }) => GroupId),
    }),
  );
  const LoadBalancerAttributes = { ConnectionDraining: { Enabled: true, Timeout: 60 } };
  await elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerName: NAME, LoadBalancerAttributes }));
  table.advance(2 * MINUTE);
  return elb;
}

function serve({ table }: Stand, instanceId: string): void {
  table.act((ctx) => {
    const behaviour = { version: '1', latency: [[0, 1000]] as const, errors: [], drain: true };
    const health = { healthPath: '/', healthStatus: 200 };
    ctx.put(applications, { instanceId, port: 80, state: 'up', ...behaviour, ...health });
    ctx.emit(machineChanged, { instanceId });
  });
}

async function registeredWith(elb: ElasticLoadBalancingClient): Promise<string[]> {
  const input = { LoadBalancerName: NAME };
  const { InstanceStates = [] } = await elb.send(new DescribeInstanceHealthCommand(input));
  return InstanceStates.map(({ InstanceId = '' }) => InstanceId);
}

async function stateOf({ asg }: Stand): Promise<string | undefined> {
  const input = { AutoScalingGroupName: GROUP };
  return (await asg.send(new DescribeLoadBalancersCommand(input))).LoadBalancers?.[0]?.State;
}

it('registers an instance before it is in service, and drains it before it is terminated', async () => {
  const here = await stand();
  const elb = await balanced(here);
  await here.create({ DesiredCapacity: 1, LoadBalancerNames: [NAME] });
  here.until('InService', 1);
  const [id = ''] = here.ids();
  expect(await registeredWith(elb)).toEqual([id]);
  expect(await stateOf(here)).toBe('Added');
  serve(here, id);
  here.table.advance(10 * MINUTE);
  expect(await stateOf(here)).toBe('InService');
  await here.asg.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity: 0 }));
  here.until('Terminating', 1);
  here.table.advance(0);
  expect((await here.activities())[0]?.StatusCode).toBe('WaitingForELBConnectionDraining');
  here.table.advance(MINUTE - 1);
  expect(await here.stateOf(id)).toBe('Terminating');
  expect(await registeredWith(elb)).toEqual([id]);
  here.until('Terminating', 0);
  expect(await registeredWith(elb)).toEqual([]);
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/health-checks-overview.html
it('replaces what a Classic Load Balancer calls out of service, if told to ask it', async () => {
  const here = await stand();
  await balanced(here);
  // Nothing listens on the instances, so that the balancer's checks fail.
  await here.create({ DesiredCapacity: 1, LoadBalancerNames: [NAME] });
  here.until('InService', 1);
  const [first = ''] = here.ids();
  here.table.advance(HOUR);
  expect(here.ids('InService')).toEqual([first]);
  const input = { AutoScalingGroupName: GROUP, HealthCheckType: 'ELB' };
  await here.asg.send(new UpdateAutoScalingGroupCommand(input));
  here.until('Terminating', 1, MINUTE);
  expect((await here.activities())[0]?.Cause).toMatch(/in response to an ELB system health check failure\.$/);
});

it('registers its instances with a load balancer that it gets, and takes them out of one that it loses', async () => {
  const here = await stand();
  const elb = await balanced(here);
  await here.create({ DesiredCapacity: 2 });
  here.until('InService', 2);
  const input = { AutoScalingGroupName: GROUP, LoadBalancerNames: [NAME] };
  await here.asg.send(new AttachLoadBalancersCommand(input));
  expect((await registeredWith(elb)).toSorted()).toEqual(here.ids().toSorted());
  await here.asg.send(new DetachLoadBalancersCommand(input));
  here.table.advance(2 * MINUTE);
  expect(await registeredWith(elb)).toEqual([]);
});

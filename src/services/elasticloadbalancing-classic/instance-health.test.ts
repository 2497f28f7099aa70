// Registered instances: their health, draining, and what requests to the load balancer meet.

import {
  ConfigureHealthCheckCommand,
  CreateLoadBalancerListenersCommand,
  DeleteLoadBalancerCommand,
  DetachLoadBalancerFromSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  RevokeSecurityGroupIngressCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, it } from 'vitest';
import { routing } from '#cloud/ports/routing.ts';
import type { PlanGroup } from '#cloud/ports/routing.ts';
import { startLoad } from '#traffic/load-control.ts';
import { measured } from '#traffic/measure.ts';
import type { Measurement } from '#traffic/measure.ts';
import { ClassicStand, MINUTE, NAME, SECOND } from '../../../tests/classic-stand.ts';
import { checks } from './tables.ts';

const LoadBalancerName = NAME;
const HOUR = 60 * MINUTE;
const IN_SERVICE = 'InService | N/A | N/A';
const REGISTERING = 'OutOfService | ELB | Instance registration is still in progress.';
const FAILED =
  'OutOfService | Instance | Instance has failed at least the UnhealthyThreshold number of health checks consecutively.';
const RECOVERING =
  'OutOfService | Instance | Instance has not passed the configured HealthyThreshold number of health checks consecutively.';
const NOT_REGISTERED =
  'OutOfService | Instance | Instance is not currently registered with the LoadBalancer.';

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-cloudwatch-metrics.html: in service after its first check.
it('puts a new instance into service after one success, and asks for successes in a row after failures', async () => {
  const s = await ClassicStand.open();
  const [id = ''] = await s.launch(1);
  s.serve(id);
  await s.balance();
  await s.register(id);
  expect(await s.health(id)).toBe(REGISTERING);
  s.table.advance(10 * SECOND);
  expect(await s.health(id)).toBe(IN_SERVICE);
  s.serve(id, { healthStatus: 500 });
  s.table.advance(10 * SECOND);
  expect(await s.health(id)).toBe(IN_SERVICE);
  s.table.advance(10 * SECOND);
  expect(await s.health(id)).toBe(FAILED);
  s.serve(id, { healthStatus: 204 }); // Nothing but 200 is a success.
  s.table.advance(MINUTE);
  expect(await s.health(id)).toBe(FAILED);
  s.serve(id);
  s.table.advance(10 * SECOND);
  expect(await s.health(id)).toBe(RECOVERING);
  s.table.advance(10 * SECOND);
  expect(await s.health(id)).toBe(IN_SERVICE);
});

it('only connects where the health check is of TCP', async () => {
  const s = await ClassicStand.open();
  const [id = ''] = await s.launch(1);
  s.serve(id, { healthStatus: 500 });
  await s.balance({}, 'TCP:80');
  await s.register(id);
  s.table.advance(10 * SECOND);
  expect(await s.health(id)).toBe(IN_SERVICE);
  s.serve(id, null);
  s.table.advance(20 * SECOND);
  expect(await s.health(id)).toBe(FAILED);
});

it('makes no check that can only find what the last one found, and goes by another health check at once', async () => {
  const s = await ClassicStand.open();
  const [id = ''] = await s.serving(1);
  const checkedAt = () => s.table.read((ctx) => ctx.list(checks)[0]?.checkedAt);
  const first = checkedAt();
  s.table.advance(HOUR);
  expect(checkedAt()).toBe(first);
  const HealthCheck = {
    Target: 'TCP:81',
    Interval: 10,
    Timeout: 5,
    UnhealthyThreshold: 2,
    HealthyThreshold: 2,
  };
  await s.elb.send(new ConfigureHealthCheckCommand({ LoadBalancerName, HealthCheck }));
  s.table.advance(20 * SECOND);
  expect(await s.health(id)).toBe(FAILED);
});

it('checks from its security groups: what they are not let through to does not answer', async () => {
  const s = await ClassicStand.open();
  const [id = ''] = await s.serving(1);
  const IpPermissions = [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
  await s.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: s.groupId, IpPermissions }));
  s.table.advance(30 * SECOND);
  expect(await s.health(id)).toBe(FAILED);
});

it('leaves out instances whose zone is not enabled, and those that are stopped', async () => {
  const s = await ClassicStand.open();
  const [first = '', second = ''] = await s.serving(2);
  const Subnets = [s.subnetIds[1] ?? ''];
  await s.elb.send(new DetachLoadBalancerFromSubnetsCommand({ LoadBalancerName, Subnets }));
  s.table.advance(SECOND);
  expect(await s.health(second)).toBe(
    'OutOfService | ELB | Instance is in the EC2 Availability Zone for which LoadBalancer is not configured to route traffic to.',
  );
  await s.ec2.send(new StopInstancesCommand({ InstanceIds: [first] }));
  s.table.advance(2 * MINUTE);
  expect(await s.health(first)).toBe('OutOfService | Instance | Instance is in stopped state.');
});

it('deregisters a terminated instance by itself, and tells nothing of it', async () => {
  const s = await ClassicStand.open();
  const [id = ''] = await s.serving(1);
  await s.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  s.table.advance(2 * MINUTE);
  expect((await s.describe()).Instances).toEqual([]);
  expect(await s.health(id)).toBe('');
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/config-conn-drain.html
it('lets a deregistered instance go at once, or after the draining timeout while it shows it in service', async () => {
  const s = await ClassicStand.open();
  const [first = '', second = ''] = await s.serving(2);
  await s.deregister(first);
  expect(await s.health(first)).toBe(NOT_REGISTERED);
  await s.set({ ConnectionDraining: { Enabled: true, Timeout: 60 } });
  await s.deregister(second);
  expect(await s.health(second)).toBe('InService | N/A | Instance deregistration currently in progress.');
  expect((await s.describe()).Instances).toEqual([]);
  const plan = s.plan(await s.host());
  expect(plan?.kind === 'forward' && plan.groups.flatMap(({ targets }) => targets)).toEqual([]);
  s.table.advance(MINUTE - 1);
  expect(await s.health(second)).toContain('deregistration');
  s.table.advance(1);
  expect(await s.health(second)).toBe(NOT_REGISTERED);
  await s.deregister(second); // Again, which succeeds.
});

it('refuses instances that are not there or in another state than running', async () => {
  const s = await ClassicStand.open();
  const [id = ''] = await s.launch(1);
  await s.balance();
  await expect(s.register('i-0123456789abcdef0')).rejects.toMatchObject({ name: 'InvalidEndPointException' });
  await expect(s.deregister('i-0123456789abcdef0')).rejects.toMatchObject({
    name: 'InvalidEndPointException',
  });
  await s.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await expect(s.register(id)).rejects.toMatchObject({ name: 'InvalidEndPointException' });
});

it('forgets its instances when it is deleted', async () => {
  const s = await ClassicStand.open();
  await s.serving(2);
  await s.elb.send(new DeleteLoadBalancerCommand({ LoadBalancerName }));
  await s.balance();
  expect((await s.describe()).Instances).toEqual([]);
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-cloudwatch-metrics.html
it('tells CloudWatch how many instances are healthy, in all and by zone, while any is registered', async () => {
  const s = await ClassicStand.open();
  const ids = await s.serving(3);
  s.serve(ids[0] ?? '', null);
  s.table.advance(10 * MINUTE);
  expect(await s.metric('HealthyHostCount', 'Average', 5)).toBe(2);
  expect(await s.metric('HealthyHostCount', 'Average', 5, 'us-east-1a')).toBe(1);
  expect(await s.metric('UnHealthyHostCount', 'Average', 5, 'us-east-1a')).toBe(1);
  for (const id of ids) await s.deregister(id);
  s.table.advance(10 * MINUTE);
  expect(await s.metric('HealthyHostCount', 'Average', 5)).toBeUndefined();
});

function groupsOf(s: ClassicStand, host: string, port = 80): readonly PlanGroup[] {
  const plan = s.plan(host, port);
  if (plan?.kind !== 'forward') throw new Error('No forward.');
  return plan.groups;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
it('gives zones equal shares without cross-zone load balancing, and instances with it', async () => {
  const s = await ClassicStand.open();
  const ids = await s.serving(3);
  const host = await s.host();
  const members = () => groupsOf(s, host).map(({ targets }) => targets.map(({ instanceId }) => instanceId));
  expect(members().map((one) => one.length)).toEqual([2, 1]);
  s.serve(ids[1] ?? '', null);
  s.table.advance(30 * SECOND);
  expect(members().map((one) => one.length)).toEqual([2]); // A zone without an instance in service gets nothing.
  s.serve(ids[1] ?? '');
  s.table.advance(30 * SECOND);
  await s.set({ CrossZoneLoadBalancing: { Enabled: true } });
  expect(members().map((one) => one.toSorted())).toEqual([ids.toSorted()]);
});

it('goes by requests under way for HTTP and in turn for TCP, and closes TCP connections where nothing is in service', async () => {
  const s = await ClassicStand.open();
  const [id = ''] = await s.serving(1);
  const Listeners = [{ Protocol: 'TCP', LoadBalancerPort: 8080, InstancePort: 80 }];
  await s.elb.send(new CreateLoadBalancerListenersCommand({ LoadBalancerName, Listeners }));
  const host = await s.host();
  expect(groupsOf(s, host)[0]?.algorithm).toBe('least_outstanding_requests');
  expect(groupsOf(s, host, 8080)[0]?.algorithm).toBe('round_robin');
  await s.deregister(id);
  expect(s.plan(host, 8080)).toEqual({ kind: 'refused' });
  expect(groupsOf(s, host)[0]?.targets).toEqual([]);
});

// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias-common.html
it('is healthy to aliases of Route 53 while an instance is in service', async () => {
  const s = await ClassicStand.open();
  const [id = ''] = await s.serving(1);
  const host = await s.host();
  const named = () => s.table.read((ctx) => ctx.port(routing).named?.(ctx, host));
  expect(named()).toMatchObject({ hostedZoneId: 'Z35SXDOTRQ7X7K', healthy: true });
  expect(named()?.addresses).toHaveLength(2);
  await s.deregister(id);
  expect(named()?.healthy).toBe(false);
});

async function loaded(
  s: ClassicStand,
  resolution: 'exact' | 'binned',
  port = 80,
): Promise<() => Measurement> {
  const request = { host: await s.host(), port, path: '/', ratePerSecond: 50, resolution };
  const { id } = s.table.act((ctx) => startLoad(ctx, request));
  return () => s.table.read((ctx) => measured(ctx, id));
}

it.each(['exact', 'binned'] as const)(
  'is under load, in %s resolution, served by what is in service, and answers 503 where nothing is',
  async (resolution) => {
    const s = await ClassicStand.open();
    const [first = '', second = ''] = await s.serving(2);
    s.serve(second, { version: '2' });
    const result = await loaded(s, resolution);
    s.table.advance(2 * MINUTE);
    const { byStatus, byVersion } = result();
    expect(Object.keys(byStatus)).toEqual(['200']);
    const [one = 0, two = 0] = [byVersion['1']?.requests, byVersion['2']?.requests];
    expect(Math.abs(two / (one + two) - 0.5)).toBeLessThan(0.05);
    await s.deregister(first);
    await s.deregister(second);
    s.table.advance(3 * MINUTE);
    expect(result().byReason['no target']).toBe(result().byStatus['503']);
    expect(await s.metric('HTTPCode_ELB_5XX', 'Sum', 5)).toBeGreaterThan(4000);
    const backend = await s.metric('HTTPCode_Backend_2XX', 'Sum', 5);
    expect(backend).toBe(await s.metric('RequestCount', 'Sum', 5));
    expect(await s.metric('Latency', 'Average', 5)).toBeCloseTo(0.02, 3);
  },
);

it('counts connections and no status codes of what goes through a TCP listener', async () => {
  const s = await ClassicStand.open();
  await s.serving(2);
  const Listeners = [{ Protocol: 'TCP', LoadBalancerPort: 8080, InstancePort: 80 }];
  await s.elb.send(new CreateLoadBalancerListenersCommand({ LoadBalancerName, Listeners }));
  const result = await loaded(s, 'exact', 8080);
  s.table.advance(5 * MINUTE);
  expect(Object.keys(result().byStatus)).toEqual(['200']);
  expect(await s.metric('RequestCount', 'Sum', 3)).toBeGreaterThan(5000);
  expect(await s.metric('HTTPCode_Backend_2XX', 'Sum', 3)).toBeUndefined();
});

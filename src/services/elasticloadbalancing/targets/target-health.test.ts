import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DeleteListenerCommand,
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  ModifyTargetGroupAttributesCommand,
  RegisterTargetsCommand,
  SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, it } from 'vitest';
import { probes } from '#cloud/ports/machines.ts';
import { routing } from '#cloud/ports/routing.ts';
import type { PlanGroup } from '#cloud/ports/routing.ts';
import type { TestTable } from '../../../../tests/table.ts';
import {
  change,
  launch,
  levelsOf,
  loadBalancingTable,
  OK,
  probesOf,
  settlementsOf,
  status,
} from '../test-cloud.ts';

const A = 'i-0aaaaaaaaaaaaaaaa';
const B = 'i-0bbbbbbbbbbbbbbbb';
const SECOND = 1000;
const HOUR = 3_600_000;

interface Stand {
  table: TestTable;
  elb: ElasticLoadBalancingV2Client;
  lb: string;
  group: string;
  listener: string;
  register: (...ids: string[]) => Promise<unknown>;
  deregister: (id: string) => Promise<unknown>;
  set: (Key: string, Value: string) => Promise<unknown>;
  /** State, reason and description of a target. */
  health: (id: string) => Promise<string>;
  plan: () => PlanGroup;
}

/** Health checks every 10 s, the first one at once: 2 successes make healthy again, 2 failures unhealthy. */
async function stand(): Promise<Stand> {
  const table = loadBalancingTable();
  const elb = table.client(ElasticLoadBalancingV2Client);
  const { LoadBalancers } = await elb.send(
    new CreateLoadBalancerCommand({ Name: 'web', Subnets: ['subnet-a', 'subnet-b'] }),
  );
  const lb = LoadBalancers?.[0]?.LoadBalancerArn as string;
  const host = LoadBalancers?.[0]?.DNSName as string;
  const { TargetGroups } = await elb.send(
    new CreateTargetGroupCommand({
      Name: 'blue',
      Protocol: 'HTTP',
      Port: 80,
      VpcId: 'vpc-1',
      HealthCheckIntervalSeconds: 10,
      HealthyThresholdCount: 3,
    }),
  );
  const TargetGroupArn = TargetGroups?.[0]?.TargetGroupArn as string;
  const DefaultActions = [{ Type: 'forward' as const, TargetGroupArn }];
  const { Listeners } = await elb.send(
    new CreateListenerCommand({ LoadBalancerArn: lb, Protocol: 'HTTP', Port: 80, DefaultActions }),
  );
  table.advance(0);
  return {
    table,
    elb,
    lb,
    group: TargetGroupArn,
    listener: Listeners?.[0]?.ListenerArn as string,
    register: (...ids) =>
      elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: ids.map((Id) => ({ Id })) })),
    deregister: (Id) => elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id }] })),
    set: (Key, Value) =>
      elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes: [{ Key, Value }] })),
    async health(Id) {
      const found = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn, Targets: [{ Id }] }));
      const {
        State,
        Reason = '',
        Description = '',
      } = found.TargetHealthDescriptions?.[0]?.TargetHealth ?? {};
      return [State, Reason, Description].filter(Boolean).join(' | ');
    },
    plan() {
      const plan = table.read((ctx) =>
        ctx.port(routing).plan(ctx, { host, port: 80, path: '/', method: 'GET' }),
      );
      if (plan?.kind !== 'forward') throw new Error('No forward.');
      return plan.groups[0] as PlanGroup;
    },
  };
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
it('makes a new target healthy after one successful check', async () => {
  const s = await stand();
  launch(s.table, A);
  await s.register(A);
  expect(await s.health(A)).toBe('initial | Elb.RegistrationInProgress | Target registration is in progress');
  s.table.advance(0);
  expect(await s.health(A)).toBe('healthy');
  expect(s.plan().targets).toEqual([
    { instanceId: A, port: 80, zone: 'us-east-1a', weight: 1000, healthy: true },
  ]);
});

it('checks nobody while nothing can change, and notices at the next instant of the same phase when something does', async () => {
  const s = await stand();
  launch(s.table, A);
  s.table.advance(3 * SECOND);
  await s.register(A);
  s.table.advance(HOUR);
  expect(probesOf(s.table, A)).toBe(1);
  s.table.advance(1500);
  change(s.table, A, { answer: status(500) });
  s.table.advance(8 * SECOND + 499);
  expect(probesOf(s.table, A)).toBe(1);
  s.table.advance(1);
  expect(probesOf(s.table, A)).toBe(2);
  expect(await s.health(A)).toBe('healthy');
  s.table.advance(10 * SECOND);
  expect(await s.health(A)).toBe(
    'unhealthy | Target.ResponseCodeMismatch | Health checks failed with these codes: [500]',
  );
  s.table.advance(HOUR);
  expect(probesOf(s.table, A)).toBe(3);
});

it('makes an unhealthy target healthy after as many successes in a row as the threshold says', async () => {
  const s = await stand();
  launch(s.table, A, 'us-east-1a', { kind: 'refused', steady: true });
  await s.register(A);
  s.table.advance(0);
  expect(await s.health(A)).toBe('initial | Elb.InitialHealthChecking | Initial health checks in progress');
  s.table.advance(10 * SECOND);
  expect(await s.health(A)).toBe('unhealthy | Target.FailedHealthChecks | Health checks failed');
  change(s.table, A, { answer: OK });
  s.table.advance(20 * SECOND);
  change(s.table, A, { answer: status(503) });
  s.table.advance(10 * SECOND);
  expect(await s.health(A)).toContain('[503]');
  change(s.table, A, { answer: OK });
  s.table.advance(29 * SECOND);
  expect(await s.health(A)).toContain('unhealthy');
  s.table.advance(SECOND);
  expect(await s.health(A)).toBe('healthy');
});

it('knows of a timed-out check when the time-out is over', async () => {
  const s = await stand();
  launch(s.table, A, 'us-east-1a', { kind: 'timeout', steady: true });
  await s.register(A);
  s.table.advance(14_999);
  expect(await s.health(A)).toContain('initial');
  s.table.advance(1);
  expect(await s.health(A)).toBe('unhealthy | Target.Timeout | Request timed out');
  s.table.advance(HOUR);
  expect(probesOf(s.table, A)).toBe(2);
});

it('times out where security groups let no health check through', async () => {
  const s = await stand();
  launch(s.table, A);
  await s.register(A);
  s.table.advance(0);
  change(s.table, A, { reachable: false });
  s.table.advance(HOUR);
  expect(await s.health(A)).toBe('unhealthy | Target.Timeout | Request timed out');
  expect(probesOf(s.table, A)).toBe(1);
});

it('goes on checking a target whose driver promises nothing', async () => {
  const s = await stand();
  launch(s.table, A, 'us-east-1a', { kind: 'status', status: 200, latencyMs: 5, steady: false });
  await s.register(A);
  s.table.advance(60 * SECOND);
  expect(probesOf(s.table, A)).toBe(7);
  expect(s.table.world.foreground).toBe(false);
});

it('takes the outcome of a real check when the driver hands it in, and a missing one for a time-out', async () => {
  const s = await stand();
  launch(s.table, A, 'us-east-1a', 'later');
  await s.register(A);
  s.table.advance(1 * SECOND);
  expect(await s.health(A)).toContain('Elb.RegistrationInProgress');
  const reference = { targetGroupArn: s.group, targetId: A, port: 80 };
  s.table.act((ctx) =>
    ctx.port(probes).answered(ctx, reference, { kind: 'status', status: 200, latencyMs: 9, steady: false }),
  );
  expect(await s.health(A)).toBe('healthy');
  s.table.advance(30 * SECOND);
  expect(await s.health(A)).toBe('unhealthy | Target.Timeout | Request timed out');
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay
it('drains a deregistered target for the deregistration delay and sends it nothing new', async () => {
  const s = await stand();
  launch(s.table, A);
  launch(s.table, B, 'us-east-1b');
  await s.register(A, B);
  s.table.advance(0);
  await s.deregister(A);
  expect(await s.health(A)).toBe(
    'draining | Target.DeregistrationInProgress | Target deregistration is in progress',
  );
  expect(s.plan().targets.map(({ instanceId }) => instanceId)).toEqual([B]);
  s.table.advance(299 * SECOND);
  expect(await s.health(A)).toContain('draining');
  s.table.advance(SECOND);
  expect(await s.health(A)).toBe(
    'unused | Target.NotRegistered | Target is not registered to the target group',
  );
  await s.set('deregistration_delay.timeout_seconds', '0');
  await s.deregister(B);
  s.table.advance(0);
  expect(await s.health(B)).toContain('Target.NotRegistered');
});

it('takes a draining target back when it is registered again', async () => {
  const s = await stand();
  launch(s.table, A);
  await s.register(A);
  s.table.advance(0);
  await s.deregister(A);
  s.table.advance(100 * SECOND);
  await s.register(A);
  s.table.advance(0);
  expect(await s.health(A)).toBe('healthy');
  s.table.advance(HOUR);
  expect(await s.health(A)).toBe('healthy');
});

it('does not use a target that is stopped, in a zone that is not enabled, or in a group that no rule forwards to', async () => {
  const s = await stand();
  launch(s.table, A);
  launch(s.table, B, 'us-east-1c');
  await s.register(A, B);
  s.table.advance(0);
  expect(await s.health(B)).toBe(
    'unused | Target.NotInUse | Target is in an Availability Zone that is not enabled for the load balancer',
  );
  change(s.table, A, { state: 'stopped' });
  s.table.advance(0);
  expect(await s.health(A)).toBe('unused | Target.InvalidState | Target is in the stopped state');
  change(s.table, A, { state: 'running' });
  await s.elb.send(new SetSubnetsCommand({ LoadBalancerArn: s.lb, Subnets: ['subnet-a', 'subnet-c'] }));
  s.table.advance(0);
  expect([await s.health(A), await s.health(B)]).toEqual(['healthy', 'healthy']);
  await s.elb.send(new DeleteListenerCommand({ ListenerArn: s.listener }));
  s.table.advance(0);
  expect(await s.health(A)).toBe(
    'unused | Target.NotInUse | Target group is not configured to receive traffic from the load balancer',
  );
  await s.deregister(A);
  expect(await s.health(A)).toContain('Target.NotRegistered');
});

it('deregisters a target whose instance is terminated', async () => {
  const s = await stand();
  launch(s.table, A);
  await s.register(A);
  s.table.advance(0);
  change(s.table, A, { state: 'terminated' });
  s.table.advance(0);
  expect(await s.health(A)).toContain('draining');
  s.table.advance(300 * SECOND);
  expect(await s.health(A)).toContain('Target.NotRegistered');
});

it('registers running instances of its VPC only', async () => {
  const s = await stand();
  await expect(s.register('web-1')).rejects.toThrow("Instance ID 'web-1' is not valid");
  await expect(s.register(A)).rejects.toMatchObject({ name: 'InvalidTargetException' });
  launch(s.table, A);
  change(s.table, A, { state: 'pending' });
  await expect(s.register(A)).rejects.toMatchObject({
    name: 'InvalidTargetException',
    message: `The following targets are not in a running state and cannot be registered: '${A}'`,
  });
  change(s.table, A, { state: 'running', vpcId: 'vpc-2' });
  await expect(s.register(A)).rejects.toThrow(
    `The following targets are not in the target group VPC 'vpc-1': '${A}'`,
  );
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health.html
it('sends requests to all targets when too few are healthy', async () => {
  const s = await stand();
  expect(s.plan()).toMatchObject({ targets: [], failOpen: false });
  launch(s.table, A, 'us-east-1a', status(500));
  launch(s.table, B, 'us-east-1b', status(500));
  await s.register(A, B);
  s.table.advance(60 * SECOND);
  expect(s.plan()).toMatchObject({ failOpen: true, targets: [{ healthy: false }, { healthy: false }] });
  change(s.table, A, { answer: OK });
  s.table.advance(60 * SECOND);
  expect(s.plan()).toMatchObject({ failOpen: false, targets: [{ instanceId: A }] });
  await s.set('target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage', '51');
  expect(s.plan()).toMatchObject({ failOpen: true, targets: [{ healthy: true }, { healthy: false }] });
});

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#slow-start-mode
it('raises the share of a target in slow start step by step', async () => {
  const s = await stand();
  await s.set('slow_start.duration_seconds', '30');
  launch(s.table, A);
  launch(s.table, B, 'us-east-1b');
  await s.register(A);
  s.table.advance(0);
  await s.register(B);
  s.table.advance(0);
  const weights = (): number[] => s.plan().targets.map(({ weight }) => weight);
  expect(weights()).toEqual([1000, 83]);
  s.table.advance(5 * SECOND);
  expect(weights()).toEqual([1000, 250]);
  const before = settlementsOf(s.table);
  s.table.advance(24 * SECOND);
  expect(weights()).toEqual([1000, 917]);
  expect(settlementsOf(s.table) - before).toBe(4);
  s.table.advance(SECOND);
  expect(weights()).toEqual([1000, 1000]);
});

it('tells in the plan how sticky a group is and how it balances', async () => {
  const s = await stand();
  await s.set('load_balancing.algorithm.type', 'least_outstanding_requests');
  expect(s.plan().stickinessSeconds).toBeUndefined();
  await s.set('stickiness.enabled', 'true');
  await s.set('stickiness.lb_cookie.duration_seconds', '60');
  expect(s.plan()).toMatchObject({ stickinessSeconds: 60, algorithm: 'least_outstanding_requests' });
});

it('counts healthy and unhealthy hosts, of the group and of each zone, while targets are registered', async () => {
  const s = await stand();
  await s.set('deregistration_delay.timeout_seconds', '0');
  launch(s.table, A);
  launch(s.table, B, 'us-east-1b', status(500));
  await s.register(A, B);
  s.table.advance(20 * SECOND);
  expect(levelsOf(s.table)).toEqual({
    HealthyHostCount: 1,
    'HealthyHostCount us-east-1a': 1,
    'HealthyHostCount us-east-1b': 0,
    UnHealthyHostCount: 1,
    'UnHealthyHostCount us-east-1a': 0,
    'UnHealthyHostCount us-east-1b': 1,
  });
  await s.deregister(B);
  s.table.advance(0);
  expect(levelsOf(s.table)).toMatchObject({ HealthyHostCount: 1, UnHealthyHostCount: 0 });
  await s.deregister(A);
  s.table.advance(0);
  expect(levelsOf(s.table)).toEqual({});
});

it('settles traffic when health changes, and not when checks are only counted', async () => {
  const s = await stand();
  launch(s.table, A);
  await s.register(A);
  s.table.advance(SECOND);
  const before = settlementsOf(s.table);
  change(s.table, A, { answer: status(500) });
  s.table.advance(10 * SECOND);
  expect(probesOf(s.table, A)).toBe(2);
  expect(settlementsOf(s.table)).toBe(before);
  s.table.advance(10 * SECOND);
  expect(settlementsOf(s.table)).toBe(before + 1);
});

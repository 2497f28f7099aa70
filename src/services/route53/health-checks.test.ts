import { ModifyListenerCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateHealthCheckCommand,
  DeleteHealthCheckCommand,
  GetHealthCheckCommand,
  GetHealthCheckStatusCommand,
  ListHealthChecksCommand,
  UpdateHealthCheckCommand,
} from '@aws-sdk/client-route-53';
import type { HealthCheckConfig } from '@aws-sdk/client-route-53';
import { describe, expect, it } from 'vitest';
import { healths, looks } from './tables.ts';
import { aliasTo, MINUTE, plain, Route53Stand } from './test-stand.ts';
import type { Balancer } from './test-stand.ts';

const SECOND = 1000;

class HealthStand extends Route53Stand {
  async check(
    config: HealthCheckConfig,
    CallerReference: string = JSON.stringify(config).slice(-64),
  ): Promise<string> {
    const { HealthCheck } = await this.route53.send(
      new CreateHealthCheckCommand({ CallerReference, HealthCheckConfig: config }),
    );
    return HealthCheck?.Id ?? '';
  }

  isHealthy(id: string): boolean | undefined {
    return this.table.read((ctx) => ctx.everywhere.get(healths, id)?.healthy);
  }

  lookedAt(id: string): number {
    return this.table.read((ctx) => ctx.everywhere.get(looks, id)?.lookedAt) ?? 0;
  }

  /** What the load balancer answers by itself from now on. */
  async answerWith({ listenerArn }: Balancer, StatusCode: string): Promise<void> {
    const DefaultActions = [{ Type: 'fixed-response' as const, FixedResponseConfig: { StatusCode } }];
    await this.elb.send(new ModifyListenerCommand({ ListenerArn: listenerArn, DefaultActions }));
  }
}

// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
describe('a health check of an endpoint', () => {
  it('turns unhealthy after so many failures in a row, and healthy again after as many successes', async () => {
    const stand = new HealthStand();
    const web = await stand.balancer('web', { fixed: '200' });
    const id = await stand.check({ Type: 'HTTP', FullyQualifiedDomainName: web.host, RequestInterval: 10 });
    expect(stand.isHealthy(id)).toBe(true);
    stand.table.advance(MINUTE);
    const first = stand.lookedAt(id);
    expect(first).toBeGreaterThan(0);
    await stand.answerWith(web, '503');
    stand.table.advance(20 * SECOND);
    expect(stand.isHealthy(id)).toBe(true);
    stand.table.advance(10 * SECOND);
    expect(stand.isHealthy(id)).toBe(false);
    expect((stand.lookedAt(id) - first) % (10 * SECOND)).toBe(0);
    const { HealthCheckObservations = [] } = await stand.route53.send(
      new GetHealthCheckStatusCommand({ HealthCheckId: id }),
    );
    expect(HealthCheckObservations).toHaveLength(8);
    expect(HealthCheckObservations[0]?.StatusReport?.Status).toBe('Failure: HTTP Status Code 503');
    await stand.answerWith(web, '204');
    stand.table.advance(30 * SECOND);
    expect(stand.isHealthy(id)).toBe(true);
  });

  it('costs nothing while nothing changes', async () => {
    const stand = new HealthStand();
    const web = await stand.balancer('web', { fixed: '200' });
    const id = await stand.check({ Type: 'HTTP', FullyQualifiedDomainName: web.host });
    stand.table.advance(MINUTE);
    const at = stand.lookedAt(id);
    stand.table.advance(60 * MINUTE);
    expect(stand.lookedAt(id)).toBe(at);
  });

  it('finds a name unhealthy that does not resolve, or a load balancer without targets', async () => {
    const stand = new HealthStand();
    const empty = await stand.balancer('empty');
    const gone = await stand.check({ Type: 'TCP', FullyQualifiedDomainName: 'gone.example', Port: 80 });
    const none = await stand.check({ Type: 'HTTP', FullyQualifiedDomainName: empty.host });
    const open = await stand.check({ Type: 'TCP', FullyQualifiedDomainName: empty.host, Port: 80 });
    stand.table.advance(5 * MINUTE);
    expect([gone, none, open].map((id) => stand.isHealthy(id))).toEqual([false, false, true]);
  });

  it('is inverted, disabled, versioned, and idempotent by caller reference', async () => {
    const stand = new HealthStand();
    const config = { Type: 'HTTP', FullyQualifiedDomainName: 'gone.example' } as const;
    const HealthCheckId = await stand.check(config, 'one');
    expect(await stand.check(config, 'one')).toBe(HealthCheckId);
    await expect(stand.check({ ...config, Port: 81 }, 'one')).rejects.toMatchObject({
      name: 'HealthCheckAlreadyExists',
      message: 'A different health check has already been created with the specified caller reference.',
    });
    stand.table.advance(5 * MINUTE);
    const update = (more: object) =>
      stand.route53.send(new UpdateHealthCheckCommand({ HealthCheckId, ...more }));
    await update({ Inverted: true });
    expect(stand.isHealthy(HealthCheckId)).toBe(true);
    // https://docs.aws.amazon.com/Route53/latest/APIReference/API_UpdateHealthCheck.html: disabled and inverted is unhealthy
    await update({ Disabled: true });
    expect(stand.isHealthy(HealthCheckId)).toBe(false);
    await expect(update({ HealthCheckVersion: 1 })).rejects.toMatchObject({
      name: 'HealthCheckVersionMismatch',
    });
    const { HealthCheck } = await stand.route53.send(new GetHealthCheckCommand({ HealthCheckId }));
    expect(HealthCheck).toMatchObject({
      HealthCheckVersion: 3,
      HealthCheckConfig: { Port: 80, RequestInterval: 30, FailureThreshold: 3 },
    });
    await stand.route53.send(new DeleteHealthCheckCommand({ HealthCheckId }));
    expect((await stand.route53.send(new ListHealthChecksCommand({}))).HealthChecks).toEqual([]);
  });
});

it('a calculated health check is healthy while enough of its children are', async () => {
  const stand = new HealthStand();
  const web = await stand.balancer('web', { fixed: '200' });
  const good = await stand.check({ Type: 'HTTP', FullyQualifiedDomainName: web.host });
  const bad = await stand.check({ Type: 'HTTP', FullyQualifiedDomainName: 'gone.example' });
  const either = await stand.check({
    Type: 'CALCULATED',
    ChildHealthChecks: [good, bad],
    HealthThreshold: 1,
  });
  const both = await stand.check({ Type: 'CALCULATED', ChildHealthChecks: [good, bad], HealthThreshold: 2 });
  expect([either, both].map((id) => stand.isHealthy(id))).toEqual([true, true]);
  stand.table.advance(5 * MINUTE);
  expect([either, both].map((id) => stand.isHealthy(id))).toEqual([true, false]);
  await expect(
    stand.route53.send(new UpdateHealthCheckCommand({ HealthCheckId: both, ChildHealthChecks: [both] })),
  ).rejects.toMatchObject({ name: 'InvalidInput' });
  await expect(
    stand.route53.send(new DeleteHealthCheckCommand({ HealthCheckId: good })),
  ).rejects.toMatchObject({ name: 'HealthCheckInUse' });
});

// "If you specify a number greater than the number of child health checks, Route 53 always considers this health check to be
// unhealthy." https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html; the message as
// github.com/hashicorp/terraform-provider-aws/issues/44004 has it.
it('a calculated health check needs a threshold, and may have no children yet', async () => {
  const stand = new HealthStand();
  const id = await stand.check({ Type: 'CALCULATED', HealthThreshold: 1 });
  stand.table.advance(5 * MINUTE);
  expect(stand.isHealthy(id)).toBe(false);
  await expect(stand.check({ Type: 'CALCULATED' })).rejects.toThrow(
    'Invalid parameter : Calculated health checks must have a health threshold specified.',
  );
});

it('a health check of an alarm follows its state', async () => {
  const stand = new HealthStand();
  const cloudwatch = stand.table.client(CloudWatchClient);
  const AlarmName = 'errors';
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      AlarmName,
      Namespace: 'Shop',
      MetricName: 'Errors',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 5,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
  );
  const id = await stand.check({
    Type: 'CLOUDWATCH_METRIC',
    AlarmIdentifier: { Region: 'us-east-1', Name: AlarmName },
    InsufficientDataHealthStatus: 'Unhealthy',
  });
  expect(stand.isHealthy(id)).toBe(false);
  const set = (StateValue: 'OK' | 'ALARM') =>
    cloudwatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'test' }));
  await set('OK');
  expect(stand.isHealthy(id)).toBe(true);
  await set('ALARM');
  expect(stand.isHealthy(id)).toBe(false);
  const { HealthCheck } = await stand.route53.send(new GetHealthCheckCommand({ HealthCheckId: id }));
  expect(HealthCheck?.CloudWatchAlarmConfiguration).toMatchObject({ MetricName: 'Errors', Threshold: 5 });
});

// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
describe('records with health', () => {
  it('of a failover pair answer the secondary while only the primary is unhealthy', async () => {
    const stand = new HealthStand();
    await stand.zone();
    const [primary, secondary] = [
      await stand.balancer('primary', { fixed: '200' }),
      await stand.balancer('secondary', { fixed: '200' }),
    ];
    const HealthCheckId = await stand.check({ Type: 'HTTP', FullyQualifiedDomainName: primary.host });
    await stand.put(
      aliasTo(primary, 'www.example.com', { SetIdentifier: 'p', Failover: 'PRIMARY', HealthCheckId }),
      aliasTo(secondary, 'www.example.com', { SetIdentifier: 's', Failover: 'SECONDARY' }),
    );
    const answered = () => stand.choices('www.example.com')?.map(({ host }) => host);
    expect(answered()).toEqual([primary.host]);
    await stand.answerWith(primary, '500');
    stand.table.advance(2 * MINUTE);
    expect(answered()).toEqual([secondary.host]);
    await stand.answerWith(primary, '200');
    stand.table.advance(2 * MINUTE);
    expect(answered()).toEqual([primary.host]);
  });

  it('evaluate the targets of a load balancer, and are all answered where none is healthy', async () => {
    const stand = new HealthStand();
    await stand.zone();
    const [empty, fixed] = [await stand.balancer('empty'), await stand.balancer('fixed', { fixed: '200' })];
    const weighted = (one: Balancer, SetIdentifier: string, Weight: number) =>
      aliasTo(one, 'www.example.com', { SetIdentifier, Weight }, true);
    const shares = () => stand.choices('www.example.com')?.map(({ sets, share }) => [sets[0], share]);
    await stand.put(weighted(empty, 'blue', 200), weighted(fixed, 'green', 50));
    expect(shares()).toEqual([['green', 1]]);
    await stand.put(weighted(fixed, 'green', 0));
    // Healthy records of weight 0 are considered when no other is healthy.
    expect(shares()).toEqual([['green', 1]]);
    await stand.put(weighted(empty, 'green', 0));
    expect(shares()).toEqual([['blue', 1]]);
  });

  it('need a health check that exists', async () => {
    const stand = new HealthStand();
    await stand.zone();
    const more = { SetIdentifier: 'a', Weight: 1, HealthCheckId: '00000000-0000-4000-8000-000000000000' };
    await expect(stand.put(plain('w.example.com', 'A', ['192.0.2.1'], more))).rejects.toMatchObject({
      name: 'NoSuchHealthCheck',
    });
  });
});

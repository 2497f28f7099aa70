// Status checks: EC2 looks at the hardware under a running instance and at its operating system every minute.
// A look is scheduled only where its result can differ from the last.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html

import { table, wake } from '#world/index.ts';
import type { Reconciler, Row, Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { active, injectionChanged } from '#cloud/injections.ts';
import { machineChanged, machines } from '#cloud/ports/machines.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { listed } from '../requests.ts';
import { tagsOf } from '../tags.ts';
import { firstStatusCheck, statusCheckDetection, statusCheckRecovery } from '../timings.ts';
import { zoneId, zoneLost } from '../zones.ts';
import { instanceOf, instanceRows, instancesOf, stateShown } from './instances.ts';
import type { Instance } from './instances.ts';

export interface StatusCheck {
  readonly status: 'initializing' | 'ok' | 'impaired';
  readonly since: number;
  /** When it began to fail, or, while impaired, to pass: what the next result waits for. */
  readonly turnedAt?: number;
}

/** The checks of a running instance. */
export interface InstanceStatus {
  instanceId: string;
  /** When the first results are there. */
  firstAt: number;
  system: StatusCheck;
  instance: StatusCheck;
}
export const instanceStatuses: Table<InstanceStatus> = table<InstanceStatus>(
  'ec2/instance-statuses',
  (row) => row.instanceId,
);

/** The hardware under an instance is gone. */
export function hardwareLost(ctx: Ctx, { instanceId, zone }: Instance): boolean {
  return zoneLost(ctx, zone) || active(ctx, 'instance-loss').some((loss) => loss.instanceId === instanceId);
}

/** Begins the checks of an instance that has just come to `running`. */
export function beginChecks(ctx: Ctx, { instanceId, step }: Instance): void {
  const firstAt = ctx.now + ctx.duration(firstStatusCheck, instanceId, step);
  const check: StatusCheck = { status: 'initializing', since: ctx.now };
  const row: InstanceStatus = { instanceId, firstAt, system: check, instance: check };
  ctx.put(instanceStatuses, row);
  ctx.wake(statusChecks, instanceId, firstAt);
  publish(ctx, row);
}

/** Ends the checks of an instance that leaves `running`. */
export function endChecks(ctx: Ctx, instanceId: string): void {
  if (!ctx.get(instanceStatuses, instanceId)) return;
  ctx.delete(instanceStatuses, instanceId);
  for (const name of METRICS) ctx.port(metrics).level(ctx, metricOf(instanceId, name), 'Count', undefined);
}

const METRICS = ['StatusCheckFailed', 'StatusCheckFailed_Instance', 'StatusCheckFailed_System'] as const;

function metricOf(
  instanceId: string,
  name: string,
): { namespace: string; name: string; dimensions: { InstanceId: string } } {
  return { namespace: 'AWS/EC2', name, dimensions: { InstanceId: instanceId } };
}

/**
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html#status-check-metrics
 */
function publish(ctx: Ctx, { instanceId, system, instance }: InstanceStatus): void {
  const failed = (...checks: StatusCheck[]): number =>
    checks.some((check) => check.status === 'impaired') ? 1 : 0;
  const values = [failed(system, instance), failed(instance), failed(system)];
  METRICS.forEach((name, at) =>
    ctx.port(metrics).level(ctx, metricOf(instanceId, name), 'Count', values[at]),
  );
}

/**
 * The next result of a check that passes or fails now, and when to look again where the result is not there
 * yet.
 */
function look(
  ctx: Ctx,
  check: StatusCheck,
  passes: boolean,
  key: string,
): { check: StatusCheck; again?: number } {
  const steady = passes === (check.status !== 'impaired');
  if (steady && check.status === 'initializing') return { check: { status: 'ok', since: ctx.now } };
  if (steady)
    return { check: check.turnedAt === undefined ? check : { status: check.status, since: check.since } };
  const turnedAt = check.turnedAt ?? ctx.now;
  const due = turnedAt + ctx.duration(passes ? statusCheckRecovery : statusCheckDetection, key, turnedAt);
  if (ctx.now >= due) return { check: { status: passes ? 'ok' : 'impaired', since: ctx.now } };
  return { check: { ...check, turnedAt }, again: due };
}

const statusChecks: Reconciler<InstanceStatus, Ctx> = {
  name: 'ec2/status-checks',
  table: instanceStatuses,
  wakes: [
    wake(machineChanged, (_: Ctx, { instanceId }) => [instanceId]),
    wake(injectionChanged, (ctx: Ctx, { injection }) => {
      if (injection.kind === 'instance-loss') return [injection.instanceId];
      return injection.kind === 'zone-loss'
        ? ctx.list(instanceRows, 'zone', injection.zone).map((row) => row.instanceId)
        : [];
    }),
  ],
  step(ctx, row) {
    if (ctx.now < row.firstAt) return row.firstAt;
    const { instanceId } = row;
    const lost = hardwareLost(ctx, instanceOf(ctx, instanceId));
    const system = look(ctx, row.system, !lost, `${instanceId} system`);
    const instance = look(
      ctx,
      row.instance,
      !lost && ctx.port(machines).statusOk(ctx, instanceId),
      `${instanceId} instance`,
    );
    if (system.check !== row.system || instance.check !== row.instance) {
      const next = ctx.update(instanceStatuses, row, { system: system.check, instance: instance.check });
      if (next.system.status !== row.system.status || next.instance.status !== row.instance.status)
        publish(ctx, next);
    }
    const again = [system.again, instance.again].filter((at) => at !== undefined);
    return again.length > 0 ? Math.min(...again) : undefined;
  },
};
export const statusReconciler: Reconciler<Row, Ctx> = statusChecks as unknown as Reconciler<Row, Ctx>;

type WireStatus = NonNullable<Output<'ec2', 'DescribeInstanceStatus'>['InstanceStatuses']>[number];
type Summary = NonNullable<WireStatus['SystemStatus']>;

const RESULTS = { ok: 'passed', impaired: 'failed', initializing: 'initializing' } as const;

function summary(check: StatusCheck | undefined): Summary {
  if (!check) return { Status: 'not-applicable' };
  const { status, since, turnedAt } = check;
  const ImpairedSince = status === 'impaired' ? (turnedAt ?? since) : undefined;
  return { Status: status, Details: [{ Name: 'reachability', Status: RESULTS[status], ImpairedSince }] };
}

export const instanceStatusOperations: Operations<'ec2'> = {
  DescribeInstanceStatus(
    ctx,
    { InstanceIds = [], Filters, IncludeAllInstances = false, MaxResults, NextToken },
  ) {
    if (InstanceIds.length > 0 && MaxResults !== undefined) {
      throw new Fault(
        'InvalidParameterCombination',
        'The parameter instancesSet cannot be used with the parameter maxResults',
      );
    }
    const status = (row: Instance): InstanceStatus | undefined => ctx.get(instanceStatuses, row.instanceId);
    const where = filtered<Instance>(Filters, {
      operation: 'DescribeInstanceStatus',
      values: {
        'availability-zone': (row) => row.zone,
        'availability-zone-id': (row) => zoneId(row.zone),
        'instance-state-code': (row) => stateShown(row.state).Code,
        'instance-state-name': (row) => row.state,
        'instance-status.reachability': (row) => RESULTS[status(row)?.instance.status ?? 'initializing'],
        'instance-status.status': (row) => status(row)?.instance.status ?? 'not-applicable',
        'system-status.reachability': (row) => RESULTS[status(row)?.system.status ?? 'initializing'],
        'system-status.status': (row) => status(row)?.system.status ?? 'not-applicable',
      },
      tags: (row) => tagsOf(ctx, row.instanceId),
    });
    instancesOf(ctx, InstanceIds);
    const shown = (row: Instance): boolean => (IncludeAllInstances || row.state === 'running') && where(row);
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, instanceRows, {
      ids: InstanceIds,
      of: instanceOf,
      where: shown,
      page,
    });
    const InstanceStatuses = rows.map((row): WireStatus => ({
      InstanceId: row.instanceId,
      AvailabilityZone: row.zone,
      AvailabilityZoneId: zoneId(row.zone),
      InstanceState: stateShown(row.state),
      SystemStatus: summary(status(row)?.system),
      InstanceStatus: summary(status(row)?.instance),
      Events: [],
    }));
    return { InstanceStatuses, NextToken: next };
  },
};

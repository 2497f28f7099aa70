// Health checks as the API makes and shows them. What comes of them is in ./health.ts.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { forwarded } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { beginHealth, endHealth, looksAtEndpoint, parentsOf, reviewHealth } from './health.ts';
import type { AlarmState } from './health.ts';
import { pageSize, QUOTAS } from './limits.ts';
import { healthCheckOf, healthChecks, looks } from './tables.ts';
import type { HealthCheck, HealthCheckConfig } from './tables.ts';

type Shown = NonNullable<Output<'route53', 'GetHealthCheck'>['HealthCheck']>;
type Observations = Output<'route53', 'GetHealthCheckStatus'>['HealthCheckObservations'];

/** Where checkers stand unless a check names some of these. */
const REGIONS = [
  'ap-northeast-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'eu-west-1',
  'sa-east-1',
  'us-east-1',
  'us-west-1',
  'us-west-2',
] as const;
const MOST_CHILDREN = 256;

function invalid(message: string): Fault {
  return new Fault('InvalidInput', `Invalid parameter : ${message}`);
}

/** Defaults that the API shows. https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html */
function withDefaults(config: HealthCheckConfig): HealthCheckConfig {
  const common = { Inverted: false, Disabled: false };
  if (!looksAtEndpoint(config)) return { ...common, ...config };
  const Port = config.Type === 'HTTPS' ? 443 : config.Type === 'HTTP' ? 80 : undefined;
  return {
    ...common,
    ...(Port === undefined ? {} : { Port }),
    RequestInterval: 30,
    FailureThreshold: 3,
    MeasureLatency: false,
    EnableSNI: config.Type === 'HTTPS',
    ...config,
  };
}

/** Throws for settings that do not go together. */
function check(ctx: Ctx, config: HealthCheckConfig): void {
  const { Type, AlarmIdentifier, ChildHealthChecks = [], HealthThreshold } = config;
  const { FullyQualifiedDomainName, Port, RequestInterval } = config;
  if (Type === 'HTTP_STR_MATCH' || Type === 'HTTPS_STR_MATCH' || Type === 'RECOVERY_CONTROL')
    throw new Fault('NotImplemented', `Health checks of type ${Type} are not modelled by Sandtable.`);
  if (Type === 'CALCULATED') {
    if (HealthThreshold === undefined)
      throw invalid('Calculated health checks must have a health threshold specified.');
    if (ChildHealthChecks.length > MOST_CHILDREN)
      throw invalid(`Calculated health checks must not have more than ${MOST_CHILDREN} child health checks.`);
    for (const child of ChildHealthChecks) healthCheckOf(ctx, child);
  } else if (config.ChildHealthChecks)
    throw invalid('Basic health checks must not have child health checks specified.');
  if (Type === 'CLOUDWATCH_METRIC') {
    if (!AlarmIdentifier)
      throw invalid('CloudWatch metric health checks must have an alarm identifier specified.');
    return;
  }
  if (AlarmIdentifier) throw invalid('Basic health checks must not have an metric region specified.');
  if (!looksAtEndpoint(config)) return;
  if (!FullyQualifiedDomainName)
    throw invalid('Either IPAddress or FullyQualifiedDomainName must be specified for basic health checks.');
  if (Type === 'TCP' && Port === undefined) throw invalid('Port must be specified for TCP health checks.');
  if (RequestInterval !== undefined && RequestInterval !== 10 && RequestInterval !== 30)
    throw invalid('Request interval must be either 10 or 30.');
}

/** The alarm that a check follows, and its state. CloudWatch is asked with the caller's own permissions. */
function alarmOf(
  ctx: Ctx,
  { AlarmIdentifier }: HealthCheckConfig,
): { alarm: HealthCheck['alarm']; state?: AlarmState } {
  if (!AlarmIdentifier) return { alarm: null };
  const { Region, Name } = AlarmIdentifier;
  const there = ctx.in({ region: Region });
  const as = forwarded(ctx.principal, 'route53.amazonaws.com');
  const found = there.call('monitoring', 'DescribeAlarms', { AlarmNames: [Name] }, as);
  if (!found.ok) throw found.fault;
  const alarm = found.output.MetricAlarms?.[0];
  if (!alarm) throw invalid(`Cannot find an alarm named ${Name} in region ${Region}.`);
  const {
    MetricName,
    Namespace,
    Statistic,
    Period,
    EvaluationPeriods = 1,
    Threshold = 0,
    ComparisonOperator,
  } = alarm;
  if (!MetricName || !Namespace || !Statistic || !Period || !ComparisonOperator)
    throw invalid('Route 53 health checks follow alarms on a single metric and a standard statistic only.');
  return {
    alarm: {
      EvaluationPeriods,
      Threshold,
      ComparisonOperator: ComparisonOperator as never,
      Period,
      MetricName,
      Namespace,
      Statistic,
      Dimensions: (alarm.Dimensions ?? []).map((dimension) => ({
        Name: dimension.Name,
        Value: dimension.Value,
      })),
    },
    state: alarm.StateValue as AlarmState,
  };
}

function describe({ id, callerReference, config, version, alarm }: HealthCheck): Shown {
  return {
    Id: id,
    CallerReference: callerReference,
    HealthCheckConfig: config,
    HealthCheckVersion: version,
    ...(alarm ? { CloudWatchAlarmConfiguration: alarm } : {}),
  };
}

function plainly(config: HealthCheckConfig): string {
  return JSON.stringify(Object.entries(config).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

export const healthCheckOperations: Operations<'route53'> = {
  CreateHealthCheck(ctx, { CallerReference, HealthCheckConfig }) {
    check(ctx, HealthCheckConfig);
    const config = withDefaults(HealthCheckConfig);
    const [existing] = ctx.list(healthChecks, 'callerReference', CallerReference);
    if (existing) {
      // Idempotent, unless the request disagrees with what is there.
      if (plainly(existing.config) === plainly(config)) return created(existing);
      throw new Fault(
        'HealthCheckAlreadyExists',
        'A different health check has already been created with the specified caller reference.',
      );
    }
    if (ctx.list(healthChecks).length >= QUOTAS.healthChecks) {
      throw new Fault(
        'TooManyHealthChecks',
        `Limits Exceeded: MAX_HEALTH_CHECKS_BY_OWNER - Cannot create more than ${QUOTAS.healthChecks} health checks.`,
      );
    }
    const { alarm, state } = alarmOf(ctx, config);
    const id = ctx.everywhere.uuid('health-check');
    const row: HealthCheck = { id, callerReference: CallerReference, config, version: 1, alarm, tags: {} };
    ctx.put(healthChecks, row);
    beginHealth(ctx, row, state);
    return created(row);
  },

  GetHealthCheck: (ctx, { HealthCheckId }) => ({ HealthCheck: describe(healthCheckOf(ctx, HealthCheckId)) }),

  GetHealthCheckCount: (ctx) => ({ HealthCheckCount: ctx.list(healthChecks).length }),

  ListHealthChecks(ctx, { Marker, MaxItems }) {
    const limit = pageSize(MaxItems);
    const rest = ctx.list(healthChecks).filter(({ id }) => id >= (Marker ?? ''));
    const next = rest[limit];
    return {
      HealthChecks: rest.slice(0, limit).map(describe),
      Marker: Marker ?? '',
      IsTruncated: next !== undefined,
      NextMarker: next?.id,
      MaxItems: String(limit),
    };
  },

  UpdateHealthCheck(ctx, { HealthCheckId, HealthCheckVersion, ResetElements = [], ...changes }) {
    const row = healthCheckOf(ctx, HealthCheckId);
    if (HealthCheckVersion !== undefined && HealthCheckVersion !== row.version) {
      throw new Fault(
        'HealthCheckVersionMismatch',
        "The value of HealthCheckVersion in the request doesn't match the value of HealthCheckVersion in the health check.",
      );
    }
    const given = Object.entries({ ...row.config, ...defined(changes) });
    const kept = given.filter(([name]) => !ResetElements.includes(name as never));
    const config = withDefaults(Object.fromEntries(kept) as unknown as HealthCheckConfig);
    check(ctx, config);
    if (counts(ctx, config, row.id)) throw invalid('A calculated health check cannot count itself.');
    const { alarm, state } = alarmOf(ctx, config);
    const after = ctx.update(healthChecks, row, { config, alarm, version: row.version + 1 });
    reviewHealth(ctx, after, state);
    return { HealthCheck: describe(after) };
  },

  DeleteHealthCheck(ctx, { HealthCheckId }) {
    const row = healthCheckOf(ctx, HealthCheckId);
    // Record sets do not keep a health check from being deleted, calculated ones do.
    // https://docs.aws.amazon.com/Route53/latest/APIReference/API_DeleteHealthCheck.html
    const [parent] = parentsOf(ctx, row.id);
    if (parent) {
      throw new Fault(
        'HealthCheckInUse',
        `The health check ${row.id} is referenced by the calculated health check ${parent.id}.`,
      );
    }
    ctx.delete(healthChecks, row.id);
    endHealth(ctx, row);
  },

  GetHealthCheckStatus(ctx, { HealthCheckId }) {
    const row = healthCheckOf(ctx, HealthCheckId);
    const known = ctx.everywhere.get(looks, row.id);
    if (known?.lookedAt === null || known?.lookedAt === undefined) return { HealthCheckObservations: [] };
    return { HealthCheckObservations: observations(row, known.finding, known.lookedAt) };
  },

  GetHealthCheckLastFailureReason(ctx, { HealthCheckId }) {
    const row = healthCheckOf(ctx, HealthCheckId);
    const known = ctx.everywhere.get(looks, row.id);
    if (known?.failedAt === null || known?.failedAt === undefined) return { HealthCheckObservations: [] };
    return { HealthCheckObservations: observations(row, known.failure, known.failedAt) };
  },
};

/** Whether a check counts another one, if by way of others. */
function counts(ctx: Ctx, { ChildHealthChecks = [] }: HealthCheckConfig, id: string): boolean {
  return ChildHealthChecks.some((child) => {
    const config = ctx.get(healthChecks, child)?.config;
    return child === id || (config !== undefined && counts(ctx, config, id));
  });
}

function created(row: HealthCheck): Output<'route53', 'CreateHealthCheck'> {
  return {
    HealthCheck: describe(row),
    Location: `https://route53.amazonaws.com/2013-04-01/healthcheck/${row.id}`,
  };
}

function defined(changes: object): object {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

/** One checker for each region: they all look at the same instant and find the same. */
function observations({ config }: HealthCheck, Status: string, CheckedTime: number): Observations {
  return (config.Regions ?? REGIONS).map((Region) => ({
    Region,
    // Of the block from which Route 53's checkers look: https://ip-ranges.amazonaws.com/ip-ranges.json
    IPAddress: `15.177.${REGIONS.indexOf(Region) * 4 + 2}.10`,
    StatusReport: { Status, CheckedTime },
  }));
}

// Clusters: where services and tasks belong, and which capacity they may use.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/clusters.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { settingOf } from '../account-settings.ts';
import { clientError, clusterNotFound, invalidParameter, unmodelled } from '../faults.ts';
import { clusters, containerInstances, services, tasks } from '../tables.ts';
import type { Cluster, StrategyItem, WireCluster } from '../tables.ts';
import { tagsShown, withTags } from '../tags.ts';

const DEFAULT = 'default';
const MOST_LISTED = 100;
const INSIGHTS: ReadonlySet<string> = new Set(['enabled', 'disabled', 'enhanced']);
/**
 * Capacity that AWS itself provides.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
 */
const FARGATE: ReadonlySet<string> = new Set(['FARGATE', 'FARGATE_SPOT']);

type Settings = NonNullable<Input<'ecs', 'CreateCluster'>['settings']>;
type Include = NonNullable<Input<'ecs', 'DescribeClusters'>['include']>[number];

/** A cluster's name, from its name or ARN. */
export function clusterName(given: string | undefined): string {
  return given === undefined || given === '' ? DEFAULT : given.slice(given.lastIndexOf('/') + 1);
}

export function clusterArn(ctx: Ctx, given: string | undefined): string {
  return given?.startsWith('arn:') ? given : ctx.arn('ecs', `cluster/${clusterName(given)}`);
}

/** A cluster that takes requests. */
export function clusterOf(ctx: Ctx, given: string | undefined): Cluster {
  const found = ctx.get(clusters, clusterName(given));
  if (!found || (given?.startsWith('arn:') && found.arn !== given)) throw clusterNotFound();
  if (found.status === 'INACTIVE')
    throw new Fault('ClusterNotFoundException', 'The referenced cluster was inactive.');
  return found;
}

/** Providers and the strategy for requests that name none. */
function checkedCapacity(
  providers: readonly string[],
  strategy: readonly StrategyItem[],
): { capacityProviders: readonly string[]; defaultStrategy: readonly StrategyItem[] } {
  for (const name of providers) {
    if (!FARGATE.has(name)) throw invalidParameter('The specified capacity provider was not found.');
  }
  checkStrategy(strategy, providers);
  return { capacityProviders: [...new Set(providers)], defaultStrategy: strategy };
}

export function checkStrategy(strategy: readonly StrategyItem[], providers: readonly string[]): void {
  const strange = strategy.find(({ capacityProvider }) => !providers.includes(capacityProvider));
  if (strange) {
    throw invalidParameter(
      `The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. ` +
        `Associate the capacity provider with the cluster and try again.`,
    );
  }
  if (strategy.filter(({ base = 0 }) => base > 0).length > 1)
    throw invalidParameter(
      'Only one capacity provider in a capacity provider strategy can have a base defined.',
    );
  if (strategy.length > 0 && strategy.every(({ weight = 0 }) => weight === 0))
    throw invalidParameter(
      'At least one capacity provider in a capacity provider strategy must have a weight above 0.',
    );
}

function settingsFrom(ctx: Ctx, given: Settings = []): Cluster['settings'] {
  for (const { name, value = '' } of given) {
    if (name !== 'containerInsights' || !INSIGHTS.has(value))
      throw invalidParameter(`Invalid cluster setting: ${name ?? ''} ${value}`);
  }
  const value = given[0]?.value ?? settingOf(ctx, 'containerInsights');
  return [{ name: 'containerInsights', value }];
}

/** Makes the cluster of requests that name none, as an agent without a configuration does. */
export function makeCluster(ctx: Ctx, name: string, more: Partial<Cluster> = {}): Cluster {
  const row: Cluster = {
    name,
    arn: ctx.arn('ecs', `cluster/${name}`),
    status: 'ACTIVE',
    settings: settingsFrom(ctx),
    capacityProviders: [],
    defaultStrategy: [],
    tags: {},
    ...more,
  };
  ctx.put(clusters, row);
  return row;
}

function count(ctx: Ctx, { name }: Cluster) {
  const all = ctx.list(tasks, 'cluster', name).filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  const running = all.filter(({ lastStatus }) => lastStatus === 'RUNNING');
  const pending = all.filter(
    ({ lastStatus, desiredStatus }) => lastStatus !== 'RUNNING' && desiredStatus === 'RUNNING',
  );
  const active = ctx.list(services, 'cluster', name).filter(({ status }) => status !== 'INACTIVE');
  const registered = ctx
    .list(containerInstances, 'cluster', name)
    .filter(({ status }) => status !== 'INACTIVE');
  return { all, running, pending, active, registered };
}

function show(ctx: Ctx, cluster: Cluster, include: readonly Include[]): WireCluster {
  const { running, pending, active, registered } = count(ctx, cluster);
  const wants = (part: Include): boolean => include.includes(part);
  const of = (rows: readonly { launchType?: string }[], type: string): string =>
    String(rows.filter(({ launchType }) => launchType === type).length);
  const drains = active.filter(({ status }) => status === 'DRAINING');
  const statistics = {
    runningEC2TasksCount: of(running, 'EC2'),
    runningFargateTasksCount: of(running, 'FARGATE'),
    pendingEC2TasksCount: of(pending, 'EC2'),
    pendingFargateTasksCount: of(pending, 'FARGATE'),
    activeEC2ServiceCount: of(active, 'EC2'),
    activeFargateServiceCount: of(active, 'FARGATE'),
    drainingEC2ServiceCount: of(drains, 'EC2'),
    drainingFargateServiceCount: of(drains, 'FARGATE'),
  };
  return {
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    status: cluster.status,
    registeredContainerInstancesCount: registered.length,
    runningTasksCount: running.length,
    pendingTasksCount: pending.length,
    activeServicesCount: active.length,
    statistics: wants('STATISTICS')
      ? Object.entries(statistics).map(([name, value]) => ({ name, value }))
      : [],
    tags: wants('TAGS') ? tagsShown(cluster.tags) : [],
    settings: wants('SETTINGS') ? cluster.settings : [],
    ...(wants('CONFIGURATIONS') && cluster.configuration ? { configuration: cluster.configuration } : {}),
    capacityProviders: cluster.capacityProviders,
    defaultCapacityProviderStrategy: cluster.defaultStrategy,
  };
}

const ALL: readonly Include[] = ['SETTINGS', 'TAGS', 'CONFIGURATIONS'];

export const clusterOperations: Operations<'ecs'> = {
  /** Idempotent by name. */
  CreateCluster(ctx, input) {
    const { clusterName: given = DEFAULT, tags, settings, configuration } = input;
    const { capacityProviders: providers = [], defaultCapacityProviderStrategy: strategy = [] } = input;
    if (!/^[A-Za-z0-9_-]{1,255}$/.test(given))
      throw invalidParameter('Identifier was empty or had invalid characters');
    const existing = ctx.get(clusters, given);
    if (existing?.status === 'ACTIVE') return { cluster: show(ctx, existing, ALL) };
    const cluster = makeCluster(ctx, given, {
      settings: settingsFrom(ctx, settings),
      tags: withTags(ctx, {}, tags),
      ...checkedCapacity(providers, strategy),
      ...(configuration ? { configuration } : {}),
    });
    return { cluster: show(ctx, cluster, ALL) };
  },

  UpdateCluster(ctx, { cluster: given, settings, configuration }) {
    const cluster = clusterOf(ctx, given);
    const after = ctx.update(clusters, cluster, {
      ...(settings ? { settings: settingsFrom(ctx, settings) } : {}),
      ...(configuration ? { configuration } : {}),
    });
    return { cluster: show(ctx, after, ALL) };
  },

  UpdateClusterSettings(ctx, { cluster: given, settings }) {
    const cluster = clusterOf(ctx, given);
    return {
      cluster: show(ctx, ctx.update(clusters, cluster, { settings: settingsFrom(ctx, settings) }), ALL),
    };
  },

  PutClusterCapacityProviders(ctx, input) {
    const { cluster: given, capacityProviders: providers, defaultCapacityProviderStrategy: strategy } = input;
    const cluster = clusterOf(ctx, given);
    const dropped = cluster.capacityProviders.filter((name) => !providers.includes(name));
    const used = ctx
      .list(services, 'cluster', cluster.name)
      .some(
        (row) =>
          row.status === 'ACTIVE' && row.strategy.some((one) => dropped.includes(one.capacityProvider)),
      );
    if (used) {
      throw new Fault(
        'ResourceInUseException',
        'The specified capacity provider is in use and cannot be removed.',
      );
    }
    return { cluster: show(ctx, ctx.update(clusters, cluster, checkedCapacity(providers, strategy)), ALL) };
  },

  DescribeCapacityProviders(_, { capacityProviders: names, include = [] }) {
    if (include.some((part) => part !== 'TAGS')) throw unmodelled(`include ${include.join()} is`);
    const asked = names ?? [...FARGATE];
    return {
      capacityProviders: asked
        .filter((name) => FARGATE.has(name))
        .map((name) => ({
          capacityProviderArn: `arn:aws:ecs:::capacity-provider/${name}`,
          name,
          status: 'ACTIVE' as const,
          tags: [],
        })),
      failures: asked.filter((name) => !FARGATE.has(name)).map((arn) => ({ arn, reason: 'MISSING' })),
    };
  },

  DeleteCluster(ctx, { cluster: given }) {
    const cluster = ctx.get(clusters, clusterName(given));
    if (!cluster) throw clusterNotFound();
    const { all, active, registered } = count(ctx, cluster);
    if (registered.length > 0) {
      throw new Fault(
        'ClusterContainsContainerInstancesException',
        'The Cluster cannot be deleted while Container Instances are active or draining.',
      );
    }
    if (active.length > 0) {
      throw new Fault(
        'ClusterContainsServicesException',
        'The Cluster cannot be deleted while Services are active.',
      );
    }
    if (all.length > 0) {
      throw new Fault(
        'ClusterContainsTasksException',
        'The Cluster cannot be deleted while Tasks are active.',
      );
    }
    return { cluster: show(ctx, ctx.update(clusters, cluster, { status: 'INACTIVE' }), []) };
  },

  /** Clusters that were deleted are still shown when they are asked for, as INACTIVE. */
  DescribeClusters(ctx, { clusters: asked = [DEFAULT], include = [] }) {
    if (asked.length > MOST_LISTED) throw clientError('Clusters cannot have more than 100 elements.');
    const found = asked.map((given) => [given, ctx.get(clusters, clusterName(given))] as const);
    return {
      clusters: found.flatMap(([, row]) => (row ? [show(ctx, row, include)] : [])),
      failures: found.flatMap(([given, row]) =>
        row ? [] : [{ arn: clusterArn(ctx, given), reason: 'MISSING' }],
      ),
    };
  },

  ListClusters(ctx, { nextToken: token, maxResults: limit = MOST_LISTED }) {
    const live = ctx.list(clusters).filter(({ status }) => status === 'ACTIVE');
    const { items, next } = pageOf(live, ({ name }) => name, { token, limit, invalidToken });
    return { clusterArns: items.map(({ arn }) => arn), nextToken: next };
  },
};

export function invalidToken(): Fault {
  return invalidParameter('Invalid token.');
}

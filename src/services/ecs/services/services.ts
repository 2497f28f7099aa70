// Services: so many tasks, kept up and replaced without an interruption.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import { principalName } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { clusterName, clusterOf, invalidToken } from '../clusters/clusters.ts';
import { clientError, invalidParameter, unmodelled } from '../faults.ts';
import { services, tasks } from '../tables.ts';
import type { Launch, Service } from '../tables.ts';
import { tagsShown, withTags } from '../tags.ts';
import { checkContainersRun } from '../tasks/launch.ts';
import { checkPlacement } from '../tasks/placement.ts';
import { isLive, SCHEDULER, stopTask } from '../tasks/task-changes.ts';
import { usableDefinition } from '../tasks/task-definitions.ts';
import { deploy, deploymentsOf, describeDeployment, isPending } from './deployments.ts';
import { eventsOf } from './service-events.ts';
import { capacityOf, checkLoadBalancers, configurationOf, configurationShown } from './service-settings.ts';

type Shown = NonNullable<Output<'ecs', 'CreateService'>['service']>;
type Create = Input<'ecs', 'CreateService'>;
type Update = Input<'ecs', 'UpdateService'>;

const MOST_DESCRIBED = 10;
const LISTED = 10;

function keyOf(cluster: string, given: string): string {
  return `${cluster}/${given.slice(given.lastIndexOf('/') + 1)}`;
}

/** A service that takes requests. */
function serviceOf(ctx: Ctx, cluster: string | undefined, given: string): Service {
  const { name } = clusterOf(ctx, cluster);
  const found = ctx.get(services, keyOf(name, given));
  if (!found) throw new Fault('ServiceNotFoundException', 'Service not found.');
  if (found.status !== 'ACTIVE') throw new Fault('ServiceNotActiveException', 'Service was not ACTIVE.');
  return found;
}

export function serviceArn(ctx: Ctx, cluster: string | undefined, given: string): string {
  return given.startsWith('arn:') ? given : ctx.arn('ecs', `service/${clusterName(cluster)}/${given}`);
}

function checkDesired(count: number | undefined): number {
  if (count === undefined || count < 0)
    throw invalidParameter('desired count must be a positive integer or 0.');
  return count;
}

/** What neither a new service nor a changed one may ask for, besides single parameters. */
function checkModelled(
  request: Pick<
    Create & Update,
    | 'deploymentController'
    | 'enableExecuteCommand'
    | 'availabilityZoneRebalancing'
    | 'serviceConnectConfiguration'
  >,
): void {
  const {
    deploymentController,
    enableExecuteCommand,
    availabilityZoneRebalancing,
    serviceConnectConfiguration,
  } = request;
  if (deploymentController && deploymentController.type !== 'ECS')
    throw unmodelled(`The deployment controller ${deploymentController.type} is`);
  if (enableExecuteCommand) throw unmodelled('ECS Exec is');
  if (availabilityZoneRebalancing === 'ENABLED') throw unmodelled('Availability Zone rebalancing is');
  if (serviceConnectConfiguration?.enabled) throw unmodelled('Service Connect is');
}

function create(ctx: Ctx, request: Create): Service {
  const { cluster: given, serviceName: name, taskDefinition, schedulingStrategy = 'REPLICA' } = request;
  const { role, clientToken } = request;
  const cluster = clusterOf(ctx, given);
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw invalidParameter('Invalid service name.');
  if (schedulingStrategy !== 'REPLICA') throw unmodelled(`The scheduling strategy ${schedulingStrategy} is`);
  checkModelled(request);
  checkContainersRun(ctx);
  if (taskDefinition === undefined) throw invalidParameter('TaskDefinition can not be blank.');
  const key = keyOf(cluster.name, name);
  const existing = ctx.get(services, key);
  if (existing?.status === 'ACTIVE') {
    if (clientToken !== undefined && existing.clientToken === clientToken) return existing;
    throw invalidParameter('Creation of service was not idempotent.');
  }
  if (existing?.status === 'DRAINING')
    throw invalidParameter('Unable to Start a service that is still Draining.');
  const definition = usableDefinition(ctx, taskDefinition);
  const { placementConstraints = [], placementStrategy = [], loadBalancers = [] } = request;
  checkPlacement(placementConstraints, placementStrategy);
  const configuration = configurationOf(request.deploymentConfiguration);
  const capacity = capacityOf(ctx, cluster, definition, request);
  if (definition.networkMode === 'awsvpc' && role !== undefined)
    throw invalidParameter('You cannot specify an IAM role for services that require a service linked role.');
  const checked = checkLoadBalancers(ctx, loadBalancers, definition);
  if (request.healthCheckGracePeriodSeconds !== undefined && checked.length === 0)
    throw invalidParameter(
      'Health check grace period is only valid for services configured to use load balancers',
    );
  const row: Service = {
    key,
    arn: ctx.arn('ecs', `service/${cluster.name}/${name}`),
    name,
    clusterName: cluster.name,
    status: 'ACTIVE',
    desiredCount: checkDesired(request.desiredCount),
    taskDefinition: definition.arn,
    loadBalancers: checked,
    configuration,
    gracePeriodSeconds: request.healthCheckGracePeriodSeconds ?? 0,
    constraints: placementConstraints,
    placement: placementStrategy,
    propagateTags: request.propagateTags ?? 'NONE',
    managedTags: request.enableECSManagedTags ?? false,
    tags: withTags(ctx, {}, request.tags),
    createdAt: ctx.now,
    createdBy: principalName(ctx.principal),
    events: 0,
    steady: false,
    startAt: ctx.now,
    obstacle: '',
    ...capacity,
    ...(role === undefined
      ? {}
      : { roleArn: role.startsWith('arn:') ? role : `arn:aws:iam::${ctx.account}:role/${role}` }),
    ...(clientToken === undefined ? {} : { clientToken }),
  };
  ctx.put(services, row);
  deploy(ctx, row, launchOf(row));
  ctx.wake(SCHEDULER, key);
  return row;
}

function launchOf({
  taskDefinition,
  loadBalancers,
  strategy,
  launchType,
  platformVersion,
  network,
}: Launch): Launch {
  return {
    taskDefinition,
    loadBalancers,
    strategy,
    ...(launchType === undefined ? {} : { launchType }),
    ...(platformVersion === undefined ? {} : { platformVersion }),
    ...(network ? { network } : {}),
  };
}

/** What its tasks are to be like after a request. */
function updatedLaunch(ctx: Ctx, service: Service, request: Update): Launch {
  const cluster = clusterOf(ctx, service.clusterName);
  const { taskDefinition, loadBalancers, networkConfiguration, platformVersion, capacityProviderStrategy } =
    request;
  const definition = usableDefinition(ctx, taskDefinition ?? service.taskDefinition);
  const network = networkConfiguration ?? (service.network && { awsvpcConfiguration: service.network });
  const strategy = capacityProviderStrategy ?? service.strategy;
  const platform = platformVersion ?? service.platformVersion;
  const { launchType } = service;
  const capacity = capacityOf(ctx, cluster, definition, {
    ...(network ? { networkConfiguration: network } : {}),
    ...(platform === undefined ? {} : { platformVersion: platform }),
    ...(strategy.length > 0 ? { capacityProviderStrategy: strategy } : launchType ? { launchType } : {}),
  });
  const balancers = loadBalancers ?? service.loadBalancers;
  return launchOf({
    ...capacity,
    taskDefinition: definition.arn,
    loadBalancers: checkLoadBalancers(ctx, balancers, definition),
  });
}

/** Members of which a new value replaces the tasks. */
const REPLACING = [
  'taskDefinition',
  'loadBalancers',
  'networkConfiguration',
  'platformVersion',
  'capacityProviderStrategy',
] as const;

function update(ctx: Ctx, request: Update): Service {
  const service = serviceOf(ctx, request.cluster, request.service);
  const { forceNewDeployment = false } = request;
  checkModelled(request);
  const { placementConstraints = service.constraints, placementStrategy = service.placement } = request;
  checkPlacement(placementConstraints, placementStrategy);
  const before = launchOf(service);
  const launch = REPLACING.some((name) => request[name] !== undefined)
    ? updatedLaunch(ctx, service, request)
    : before;
  const { network: _, launchType: __, platformVersion: ___, ...rest } = service;
  const row: Service = {
    ...rest,
    ...launch,
    desiredCount:
      request.desiredCount === undefined ? service.desiredCount : checkDesired(request.desiredCount),
    configuration: configurationOf(request.deploymentConfiguration, service.configuration),
    gracePeriodSeconds: request.healthCheckGracePeriodSeconds ?? service.gracePeriodSeconds,
    constraints: placementConstraints,
    placement: placementStrategy,
    propagateTags: request.propagateTags ?? service.propagateTags,
    managedTags: request.enableECSManagedTags ?? service.managedTags,
    steady: false,
    obstacle: '',
  };
  ctx.put(services, row);
  if (forceNewDeployment || JSON.stringify(sorted(launch)) !== JSON.stringify(sorted(before))) {
    ctx.put(services, { ...row, startAt: ctx.now });
    deploy(ctx, row, launch);
  }
  ctx.wake(SCHEDULER, row.key);
  return row;
}

/** With its members in one order. */
function sorted(launch: Launch): readonly unknown[] {
  const { taskDefinition, loadBalancers, strategy, launchType, platformVersion, network } = launch;
  return [taskDefinition, loadBalancers, strategy, launchType, platformVersion, network];
}

function show(ctx: Ctx, { key }: Service, withTagsToo: boolean = false): Shown {
  const row = ctx.get(services, key) as Service;
  const all = ctx.list(tasks, 'service', key);
  const { network, launchType, platformVersion, roleArn } = row;
  const byStatus = deploymentsOf(ctx, key).toSorted(
    (left, right) => Number(right.status === 'PRIMARY') - Number(left.status === 'PRIMARY'),
  );
  return {
    serviceArn: row.arn,
    serviceName: row.name,
    clusterArn: ctx.arn('ecs', `cluster/${row.clusterName}`),
    loadBalancers: row.loadBalancers,
    serviceRegistries: [],
    status: row.status,
    desiredCount: row.desiredCount,
    runningCount: all.filter(({ lastStatus }) => lastStatus === 'RUNNING').length,
    pendingCount: all.filter(isPending).length,
    taskDefinition: row.taskDefinition,
    deploymentConfiguration: configurationShown(row.configuration),
    deployments: byStatus.map((one) => describeDeployment(ctx, row, one)),
    events: eventsOf(ctx, key)
      .toReversed()
      .map(({ id, at, message }) => ({ id, createdAt: at, message })),
    createdAt: row.createdAt,
    createdBy: row.createdBy,
    placementConstraints: row.constraints,
    placementStrategy: row.placement,
    schedulingStrategy: 'REPLICA',
    deploymentController: { type: 'ECS' },
    availabilityZoneRebalancing: 'DISABLED',
    enableECSManagedTags: row.managedTags,
    propagateTags: row.propagateTags,
    enableExecuteCommand: false,
    ...(row.loadBalancers.length > 0 ? { healthCheckGracePeriodSeconds: row.gracePeriodSeconds } : {}),
    ...(row.strategy.length > 0 ? { capacityProviderStrategy: row.strategy } : {}),
    ...(launchType === undefined ? {} : { launchType }),
    ...(platformVersion === undefined ? {} : { platformVersion, platformFamily: 'Linux' }),
    ...(network ? { networkConfiguration: { awsvpcConfiguration: network } } : {}),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(withTagsToo ? { tags: tagsShown(row.tags) } : {}),
  };
}

export const serviceOperations: Operations<'ecs'> = {
  CreateService: (ctx, request) => ({ service: show(ctx, create(ctx, request), true) }),

  UpdateService: (ctx, request) => ({ service: show(ctx, update(ctx, request)) }),

  DeleteService(ctx, { cluster, service: given, force = false }) {
    const { name } = clusterOf(ctx, cluster);
    const service = ctx.get(services, keyOf(name, given));
    if (!service || service.status === 'INACTIVE')
      throw new Fault('ServiceNotFoundException', 'Service not found.');
    if (service.desiredCount > 0 && !force)
      throw invalidParameter('The service cannot be stopped while it is scaled above 0.');
    const row = ctx.update(services, service, { status: 'DRAINING', desiredCount: 0 });
    for (const task of ctx.list(tasks, 'service', row.key).filter(isLive))
      stopTask(ctx, task, 'ServiceSchedulerInitiated', 'Service deleted');
    ctx.wake(SCHEDULER, row.key);
    return { service: show(ctx, row) };
  },

  /** Services that were deleted are still shown when they are asked for, as INACTIVE. */
  DescribeServices(ctx, { cluster, services: asked, include = [] }) {
    const { name } = clusterOf(ctx, cluster);
    if (asked.length === 0) throw invalidParameter('Services cannot be empty.');
    if (asked.length > MOST_DESCRIBED) throw clientError('Services can have at most 10 items.');
    const found = asked.map((given) => [given, ctx.get(services, keyOf(name, given))] as const);
    return {
      services: found.flatMap(([, row]) => (row ? [show(ctx, row, include.includes('TAGS'))] : [])),
      failures: found.flatMap(([given, row]) =>
        row ? [] : [{ arn: serviceArn(ctx, name, given), reason: 'MISSING' }],
      ),
    };
  },

  ListServices(
    ctx,
    { cluster, nextToken: token, maxResults: limit = LISTED, launchType, schedulingStrategy },
  ) {
    const { name } = clusterOf(ctx, cluster);
    const wanted = ctx
      .list(services, 'cluster', name)
      .filter(
        (row) => row.status !== 'INACTIVE' && (launchType === undefined || row.launchType === launchType),
      )
      .filter(() => schedulingStrategy !== 'DAEMON');
    const { items, next } = pageOf(wanted, ({ arn }) => arn, { token, limit, invalidToken });
    return { serviceArns: items.map(({ arn }) => arn), nextToken: next };
  },
};

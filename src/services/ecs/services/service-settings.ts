// What requests say of a service, checked as AWS does.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { checkStrategy } from '../clusters/clusters.ts';
import { invalidParameter, unmodelled } from '../faults.ts';
import { networkOf, serviceRole } from '../network.ts';
import type {
  Cluster,
  DeploymentConfiguration,
  Launch,
  LoadBalancer,
  Network,
  TaskDefinition,
} from '../tables.ts';

type WireConfiguration = NonNullable<Input<'ecs', 'CreateService'>['deploymentConfiguration']>;

const MOST_TARGET_GROUPS = 5;
const USUAL: DeploymentConfiguration = { minimumHealthyPercent: 100, maximumPercent: 200 };

/** How deployments are carried out, with what is not said as it was before. */
export function configurationOf(
  given: WireConfiguration | undefined,
  before: DeploymentConfiguration = USUAL,
): DeploymentConfiguration {
  if (!given) return before;
  const { strategy = 'ROLLING', deploymentCircuitBreaker: breaker, alarms } = given;
  if (strategy !== 'ROLLING') throw unmodelled(`The deployment strategy ${strategy} is`);
  const { minimumHealthyPercent = before.minimumHealthyPercent, maximumPercent = before.maximumPercent } =
    given;
  if (minimumHealthyPercent < 0 || maximumPercent < 0)
    throw invalidParameter('minimumHealthyPercent and maximumPercent must not be negative.');
  const circuitBreaker = breaker
    ? { enable: breaker.enable, rollback: breaker.rollback }
    : before.circuitBreaker;
  const watched = alarms
    ? { alarmNames: alarms.alarmNames, enable: alarms.enable, rollback: alarms.rollback }
    : before.alarms;
  return {
    minimumHealthyPercent,
    maximumPercent,
    ...(circuitBreaker ? { circuitBreaker } : {}),
    ...(watched ? { alarms: watched } : {}),
  };
}

export function configurationShown({
  circuitBreaker,
  alarms,
  ...percents
}: DeploymentConfiguration): WireConfiguration {
  return {
    ...percents,
    strategy: 'ROLLING',
    deploymentCircuitBreaker: circuitBreaker ?? { enable: false, rollback: false },
    alarms: alarms ?? { alarmNames: [], rollback: false, enable: false },
  };
}

type LaunchRequest = Pick<
  Input<'ecs', 'CreateService'>,
  'launchType' | 'capacityProviderStrategy' | 'platformVersion' | 'networkConfiguration'
>;

export interface Capacity {
  readonly launchType?: 'FARGATE' | 'EC2';
  readonly strategy: Launch['strategy'];
  readonly platformVersion?: string;
  readonly network?: Network;
}

/** On what tasks are to run. A request that does not say takes the cluster's strategy, and EC2 where there is none. */
export function capacityOf(
  ctx: Ctx,
  cluster: Cluster,
  definition: TaskDefinition,
  { launchType, capacityProviderStrategy, platformVersion, networkConfiguration }: LaunchRequest,
): Capacity {
  if (
    launchType !== undefined &&
    capacityProviderStrategy !== undefined &&
    capacityProviderStrategy.length > 0
  )
    throw invalidParameter(
      'Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.',
    );
  if (launchType !== undefined && launchType !== 'FARGATE' && launchType !== 'EC2')
    throw unmodelled(`The launch type ${launchType} is`);
  const strategy = launchType === undefined ? (capacityProviderStrategy ?? cluster.defaultStrategy) : [];
  checkStrategy(strategy, cluster.capacityProviders);
  const type = strategy.length > 0 ? 'FARGATE' : (launchType ?? 'EC2');
  if (!definition.compatibilities.includes(type))
    throw invalidParameter(`Task definition does not support launch_type ${type}.`);
  if (platformVersion !== undefined && type !== 'FARGATE')
    throw invalidParameter('The platform version must be null when specifying an EC2 launch type.');
  if (platformVersion !== undefined && !/^(?:LATEST|1\.4\.0|1\.3\.0)$/.test(platformVersion))
    throw invalidParameter('The specified platform version does not exist.');
  if (type === 'EC2' && definition.networkMode === 'awsvpc')
    throw unmodelled('Tasks of the network mode awsvpc on container instances are');
  const network = networkOf(ctx, definition, networkConfiguration);
  return {
    strategy,
    ...(strategy.length > 0 ? {} : { launchType: type }),
    ...(network ? { network } : {}),
    ...(type === 'FARGATE' ? { platformVersion: platformVersion ?? 'LATEST' } : {}),
  };
}

/** Load balancers of a service: their target groups must suit its tasks. */
export function checkLoadBalancers(
  ctx: Ctx,
  given: readonly LoadBalancer[],
  { containers, networkMode }: TaskDefinition,
): readonly LoadBalancer[] {
  if (given.length > MOST_TARGET_GROUPS) throw invalidParameter('load balancers can have at most 5 items.');
  for (const { targetGroupArn, loadBalancerName, containerName, containerPort } of given) {
    if (loadBalancerName !== undefined) throw unmodelled('Classic Load Balancers of services are');
    if (targetGroupArn === undefined) throw invalidParameter('Target group ARN can not be blank.');
    if (containerName === undefined) throw invalidParameter('Container name can not be blank.');
    if (containerPort === undefined) throw invalidParameter('Container port can not be blank.');
    const container = containers.find(({ name }) => name === containerName);
    if (!container)
      throw invalidParameter(`The container ${containerName} does not exist in the task definition.`);
    if (!(container.portMappings ?? []).some((one) => one.containerPort === containerPort))
      throw invalidParameter(
        `The container ${containerName} did not have a container port ${containerPort} defined.`,
      );
    checkTargetGroup(ctx, targetGroupArn, networkMode);
  }
  return given;
}

function checkTargetGroup(ctx: Ctx, arn: string, networkMode: TaskDefinition['networkMode']): void {
  const found = ctx.call(
    'elasticloadbalancing',
    'DescribeTargetGroups',
    { TargetGroupArns: [arn] },
    serviceRole(ctx),
  );
  const group = found.ok ? found.output.TargetGroups?.[0] : undefined;
  if (!group) throw invalidParameter(`The specified target group does not exist. (target-group ${arn})`);
  if ((group.LoadBalancerArns ?? []).length === 0)
    throw invalidParameter(
      `The target group with targetGroupArn ${arn} does not have an associated load balancer.`,
    );
  const wanted = networkMode === 'awsvpc' ? 'ip' : 'instance';
  if (group.TargetType === wanted) return;
  throw invalidParameter(
    `The provided target group ${arn} has target type ${group.TargetType ?? ''}, which is incompatible with the ` +
      `${networkMode} network mode specified in the task definition.`,
  );
}

// AWS::ECS::Service: it stands once its deployment is completed, and fails with it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html

import type { Input } from '#cloud/contracts.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Progress, Provider, Work } from '../provider.ts';
import { spelled } from '../spelling.ts';
import { retag, tagsFor } from './tagging.ts';

type Service = Work<'AWS::ECS::Service'>;
type Create = Input<'ecs', 'CreateService'>;

const LONGEST = 255;
const LOOK_MS = 10_000;
const USUAL_COUNT = 1;

function found(work: Service) {
  const answer = work.find('ecs', 'DescribeServices', {
    cluster: clusterOf(work.physicalId),
    services: [work.physicalId],
  });
  return answer?.services?.[0];
}

/** `arn:aws:ecs:region:account:service/cluster/name` */
function clusterOf(serviceArn: string): string {
  return serviceArn.split('/')[1] ?? '';
}

/** What both a new service and a changed one are told. */
function settings({ properties }: Service) {
  const { DeploymentConfiguration, DeploymentController, NetworkConfiguration, LoadBalancers } = properties;
  const { PlacementConstraints, PlacementStrategies, ServiceConnectConfiguration } = properties;
  return {
    taskDefinition: properties.TaskDefinition,
    availabilityZoneRebalancing:
      properties.AvailabilityZoneRebalancing as Create['availabilityZoneRebalancing'],
    capacityProviderStrategy: spelled(
      properties.CapacityProviderStrategy,
    ) as Create['capacityProviderStrategy'],
    deploymentConfiguration: spelled(DeploymentConfiguration) as Create['deploymentConfiguration'],
    deploymentController: spelled(DeploymentController) as Create['deploymentController'],
    enableECSManagedTags: properties.EnableECSManagedTags,
    enableExecuteCommand: properties.EnableExecuteCommand,
    healthCheckGracePeriodSeconds: properties.HealthCheckGracePeriodSeconds,
    loadBalancers: spelled(LoadBalancers) as Create['loadBalancers'],
    networkConfiguration: spelled(NetworkConfiguration) as Create['networkConfiguration'],
    placementConstraints: spelled(PlacementConstraints) as Create['placementConstraints'],
    placementStrategy: spelled(PlacementStrategies) as Create['placementStrategy'],
    platformVersion: properties.PlatformVersion,
    propagateTags: properties.PropagateTags as Create['propagateTags'],
    serviceConnectConfiguration: spelled(
      ServiceConnectConfiguration,
    ) as Create['serviceConnectConfiguration'],
  };
}

const BROKEN = "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.";

/** A deployment that was rolled back is no longer the primary one: it is known by its number. */
function stands(work: Service): Progress {
  const there = found(work);
  const deployments = there?.deployments ?? [];
  const primary = deployments.find(({ status }) => status === 'PRIMARY');
  const began = String(work.memory['deployment'] ?? primary?.id ?? '');
  const mine = deployments.find(({ id }) => id === began);
  if (work.memory['deployment'] === undefined) work.remember({ deployment: began });
  if (!mine || mine.rolloutState === 'FAILED') throw handlerFailure(work, BROKEN, 'GeneralServiceException');
  const done = mine.rolloutState === 'COMPLETED' && deployments.length === 1;
  return done && there?.runningCount === there?.desiredCount ? 'done' : { again: LOOK_MS };
}

export const service: Provider = provider({
  type: 'AWS::ECS::Service',
  refused: [
    'Monitoring',
    'ServiceRegistries',
    'VolumeConfigurations',
    'VpcLatticeConfigurations',
    'DeploymentConfiguration.EarlySuccessCriteria',
    'DeploymentConfiguration.DeploymentCircuitBreaker.ResetOnHealthyTask',
    'DeploymentConfiguration.DeploymentCircuitBreaker.ThresholdConfiguration',
  ],
  passedOn: [
    'CapacityProviderStrategy',
    'DeploymentConfiguration',
    'DeploymentController',
    'LoadBalancers',
    'NetworkConfiguration',
    'PlacementConstraints',
    'PlacementStrategies',
    'ForceNewDeployment',
    'ServiceConnectConfiguration',
  ],
  create(work) {
    const { Cluster, ServiceName, DesiredCount, LaunchType, Role, SchedulingStrategy } = work.properties;
    const { service: made } = work.call('ecs', 'CreateService', {
      ...settings(work),
      cluster: Cluster,
      serviceName: ServiceName ?? work.name({ longest: LONGEST }),
      desiredCount: DesiredCount ?? USUAL_COUNT,
      launchType: LaunchType as Create['launchType'],
      role: Role,
      schedulingStrategy: SchedulingStrategy as Create['schedulingStrategy'],
      tags: tagsFor(work),
    });
    return made?.serviceArn ?? '';
  },
  stands,
  update(work) {
    const { DesiredCount, ForceNewDeployment } = work.properties;
    work.call('ecs', 'UpdateService', {
      ...settings(work),
      cluster: clusterOf(work.physicalId),
      service: work.physicalId,
      // Without it the count stays as it is, as scaling may have set it.
      desiredCount: DesiredCount,
      forceNewDeployment: work.changed('ForceNewDeployment') && ForceNewDeployment?.EnableForceNewDeployment,
    });
    retag(work, work.physicalId);
  },
  delete(work) {
    if (found(work)?.status !== 'ACTIVE') return;
    work.find('ecs', 'DeleteService', {
      cluster: clusterOf(work.physicalId),
      service: work.physicalId,
      force: true,
    });
  },
  gone(work) {
    const status = found(work)?.status;
    return status === undefined || status === 'INACTIVE' ? 'done' : { again: LOOK_MS };
  },
  attributes: ({ physicalId }) => ({
    ServiceArn: physicalId,
    Name: physicalId.slice(physicalId.lastIndexOf('/') + 1),
  }),
  read(work) {
    const there = found(work);
    return there?.status === 'ACTIVE'
      ? { DesiredCount: there.desiredCount, TaskDefinition: there.taskDefinition }
      : undefined;
  },
});

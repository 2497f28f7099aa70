// AWS::CodeDeploy::DeploymentConfig. Nothing of it can be changed in place.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Json, Provider } from '../provider.ts';
import { capitalised, spelled } from '../spelling.ts';
import { LONGEST } from './application.ts';

type Create = Input<'codedeploy', 'CreateDeploymentConfig'>;

export const deploymentConfig: Provider = provider({
  type: 'AWS::CodeDeploy::DeploymentConfig',
  refused: ['ZonalConfig'],
  passedOn: ['MinimumHealthyHosts', 'TrafficRoutingConfig'],
  create(work) {
    const { DeploymentConfigName, ComputePlatform, MinimumHealthyHosts, TrafficRoutingConfig } =
      work.properties;
    const deploymentConfigName = DeploymentConfigName ?? work.name({ longest: LONGEST });
    work.call('codedeploy', 'CreateDeploymentConfig', {
      deploymentConfigName,
      computePlatform: ComputePlatform as Create['computePlatform'],
      minimumHealthyHosts: spelled(MinimumHealthyHosts) as Create['minimumHealthyHosts'],
      trafficRoutingConfig: spelled(TrafficRoutingConfig) as Create['trafficRoutingConfig'],
    });
    return deploymentConfigName;
  },
  delete(work) {
    work.find('codedeploy', 'DeleteDeploymentConfig', { deploymentConfigName: work.physicalId });
  },
  read(work) {
    const deploymentConfigName = work.physicalId;
    const found = work.find('codedeploy', 'GetDeploymentConfig', { deploymentConfigName });
    if (!found?.deploymentConfigInfo) return undefined;
    const { computePlatform, minimumHealthyHosts, trafficRoutingConfig } = found.deploymentConfigInfo;
    return {
      DeploymentConfigName: deploymentConfigName,
      ComputePlatform: computePlatform,
      MinimumHealthyHosts: capitalised(minimumHealthyHosts) as Json | undefined,
      TrafficRoutingConfig: capitalised(trafficRoutingConfig) as Json | undefined,
    };
  },
});

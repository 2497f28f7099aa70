// What the rehearsals of blue/green deployments share.

import type { BlueInstanceTerminationOption } from '@aws-sdk/client-codedeploy';
import type { Scene } from 'sandtable';
import { updateDeploymentGroup } from './web-fleet.ts';

/** Makes the deployment group's deployments blue/green, by a copy of the Auto Scaling group that gets the traffic at once. */
export async function blueGreen(scene: Scene, afterwards: BlueInstanceTerminationOption): Promise<void> {
  await updateDeploymentGroup(scene, {
    deploymentStyle: { deploymentType: 'BLUE_GREEN', deploymentOption: 'WITH_TRAFFIC_CONTROL' },
    blueGreenDeploymentConfiguration: {
      greenFleetProvisioningOption: { action: 'COPY_AUTO_SCALING_GROUP' },
      deploymentReadyOption: { actionOnTimeout: 'CONTINUE_DEPLOYMENT' },
      terminateBlueInstancesOnDeploymentSuccess: afterwards,
    },
  });
}

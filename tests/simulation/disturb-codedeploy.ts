// Disturbances by deployments, their revisions and their permissions.

import type { Input } from '#cloud/contracts.ts';
import { groups as scalingGroups } from '#services/autoscaling/group.ts';
import { deploymentGroups, deployments, hasEnded } from '#services/codedeploy/rows.ts';
import type { Deployment, DeploymentGroup } from '#services/codedeploy/rows.ts';
import {
  APPLICATION,
  BUCKET,
  DEPLOYMENT_GROUP,
  location,
  REVISIONS,
  ROLE_POLICIES,
  upload,
} from './fleet.ts';
import type { Disturb, Stage } from './stage.ts';

const CONFIGURATIONS = ['AllAtOnce', 'HalfAtATime', 'OneAtATime'].map((name) => `CodeDeployDefault.${name}`);
/** Blue/green deployments copy the group: past this many groups they only cost time. */
const MOST_GROUPS = 4;

function theGroup(stage: Stage): DeploymentGroup | undefined {
  return stage.look((ctx) => ctx.list(deploymentGroups))[0];
}

function under(stage: Stage): Deployment[] {
  return stage.look((ctx) => ctx.list(deployments)).filter((one) => !hasEnded(one));
}

function change(
  stage: Stage,
  what: Omit<Input<'codedeploy', 'UpdateDeploymentGroup'>, 'applicationName' | 'currentDeploymentGroupName'>,
): void {
  stage.call('codedeploy', 'UpdateDeploymentGroup', {
    applicationName: APPLICATION,
    currentDeploymentGroupName: DEPLOYMENT_GROUP,
    ...what,
  });
}

export const codedeployDisturbances: Readonly<Record<string, Disturb>> = {
  deploy: (stage, draw) => {
    if (!theGroup(stage)) return;
    const revision = draw.chance(0.6) ? draw.pick(['good', 'errs', 'slow'] as const) : draw.pick(REVISIONS);
    stage.call('codedeploy', 'CreateDeployment', {
      applicationName: APPLICATION,
      deploymentGroupName: DEPLOYMENT_GROUP,
      revision: location(revision),
      deploymentConfigName: draw.pick(CONFIGURATIONS),
      fileExistsBehavior: draw.pick(['OVERWRITE', 'OVERWRITE', 'RETAIN', 'DISALLOW']),
      ignoreApplicationStopFailures: draw.chance(0.3),
      updateOutdatedInstancesOnly: draw.chance(0.1),
    });
  },
  'stop deployments': (stage, draw) => {
    const all = under(stage);
    if (all.length === 0) return;
    const { id: deploymentId } = draw.pick(all);
    const autoRollbackEnabled = draw.pick([true, false, undefined]);
    stage.call('codedeploy', 'StopDeployment', {
      deploymentId,
      ...(autoRollbackEnabled === undefined ? {} : { autoRollbackEnabled }),
    });
  },
  'continue deployments': (stage, draw) => {
    const ready = under(stage).filter(({ stage: at }) => at === 'waiting' || at === 'terminating');
    if (ready.length === 0) return;
    stage.call('codedeploy', 'ContinueDeployment', {
      deploymentId: draw.pick(ready).id,
      deploymentWaitType: draw.pick(['READY_WAIT', 'TERMINATION_WAIT']),
    });
  },
  'change strategy': (stage, draw) => {
    const group = theGroup(stage);
    if (!group) return;
    const balanced = group.settings.loadBalancerInfo !== undefined;
    const crowded = stage.look((ctx) => ctx.list(scalingGroups)).length >= MOST_GROUPS;
    if (!balanced || crowded || draw.chance(0.4)) {
      const deploymentOption = balanced ? 'WITH_TRAFFIC_CONTROL' : 'WITHOUT_TRAFFIC_CONTROL';
      change(stage, { deploymentStyle: { deploymentType: 'IN_PLACE', deploymentOption } });
      return;
    }
    const waits = draw.chance(0.3);
    change(stage, {
      deploymentStyle: { deploymentType: 'BLUE_GREEN', deploymentOption: 'WITH_TRAFFIC_CONTROL' },
      blueGreenDeploymentConfiguration: {
        greenFleetProvisioningOption: { action: 'COPY_AUTO_SCALING_GROUP' },
        deploymentReadyOption: waits
          ? { actionOnTimeout: 'STOP_DEPLOYMENT', waitTimeInMinutes: draw.whole(1, 60) }
          : { actionOnTimeout: 'CONTINUE_DEPLOYMENT' },
        terminateBlueInstancesOnDeploymentSuccess: draw.chance(0.7)
          ? { action: 'TERMINATE', terminationWaitTimeInMinutes: draw.whole(0, 30) }
          : { action: 'KEEP_ALIVE' },
      },
    });
  },
  'change termination hook': (stage, draw) => {
    if (theGroup(stage)) change(stage, { terminationHookEnabled: draw.chance(0.5) });
  },
  'change rollback': (stage, draw) => {
    if (!theGroup(stage)) return;
    const events = draw.some(
      ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM', 'DEPLOYMENT_STOP_ON_REQUEST'] as const,
      3,
    );
    change(stage, { autoRollbackConfiguration: { enabled: draw.chance(0.6), events } });
  },
  'take and give permissions': (stage, draw) => {
    const [RoleName, PolicyArn] = draw.pick(ROLE_POLICIES);
    const operation = draw.chance(0.4) ? 'DetachRolePolicy' : 'AttachRolePolicy';
    stage.call('iam', operation, { RoleName, PolicyArn });
  },
  'change objects': (stage, draw) => {
    const Key = `${draw.pick(REVISIONS)}.zip`;
    const what = draw.number();
    if (what < 0.3) stage.call('s3', 'DeleteObject', { Bucket: BUCKET, Key });
    else if (what < 0.6) upload(stage, draw.pick(REVISIONS));
    else {
      const bytes = new TextEncoder().encode(`notes of ${stage.now}`);
      const Body = { blob: stage.world.blobs.put(bytes), sizeBytes: bytes.length };
      stage.call('s3', 'PutObject', { Bucket: BUCKET, Key: `notes/${draw.whole(1, 5)}`, Body });
      stage.call('s3', 'ListObjectsV2', { Bucket: BUCKET, Prefix: 'notes/' });
    }
  },
};

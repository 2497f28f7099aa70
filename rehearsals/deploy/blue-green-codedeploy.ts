// Blue/green with CodeDeploy: a copy of the Auto Scaling group gets the new revision, then the traffic; the original goes.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-server.html

import { CodeDeployClient, GetDeploymentGroupCommand } from '@aws-sdk/client-codedeploy';
import { availability, capacity, deployment, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import {
  autoScalingGroup,
  coursesOf,
  eventOf,
  healthyTargets,
  inSequence,
  instanceStates,
  spanOf,
  targetsOf,
  versionsSince,
} from '../looks.ts';
import { blueGreen } from './blue-green.ts';
import {
  APPLICATION,
  deploy,
  DEPLOYMENT_GROUP,
  finished,
  MINUTE,
  prepareWebFleet,
  serve,
} from './web-fleet.ts';
import type { WebFleet } from './web-fleet.ts';

const SIZE = 2;
const GREEN =
  'ApplicationStop Succeeded, DownloadBundle Succeeded, BeforeInstall Succeeded, Install Succeeded, AfterInstall Succeeded, ' +
  'ApplicationStart Succeeded, ValidateService Succeeded, BeforeAllowTraffic Succeeded, AllowTraffic Succeeded, ' +
  'AfterAllowTraffic Succeeded';
const BLUE = 'BeforeBlockTraffic Succeeded, BlockTraffic Succeeded, AfterBlockTraffic Succeeded';

async function release(scene: Scene, fleet: WebFleet): Promise<Ending> {
  const load = serve(scene, fleet);
  await scene.clock.sleep(MINUTE);
  await blueGreen(scene, { action: 'TERMINATE', terminationWaitTimeInMinutes: 0 });
  const { deploymentId } = await deploy(scene, 'v2', { deploymentConfigName: 'CodeDeployDefault.AllAtOnce' });
  const ended = await finished(scene, deploymentId);
  await scene.clock.sleep(5 * MINUTE);
  const targets = await targetsOf(scene, deploymentId);
  const green = targets.filter(({ label }) => label === 'Green');
  const blue = targets.filter(({ label }) => label === 'Blue');
  const { deploymentGroupInfo } = await scene.aws
    .client(CodeDeployClient)
    .send(
      new GetDeploymentGroupCommand({ applicationName: APPLICATION, deploymentGroupName: DEPLOYMENT_GROUP }),
    );
  const copy = `CodeDeploy_${DEPLOYMENT_GROUP}_${deploymentId}`;
  const members = (await autoScalingGroup(scene, copy))?.Instances?.map((one) => one.InstanceId ?? '') ?? [];
  const greenIds = green.map((one) => one.instanceId).toSorted();
  const validated = Math.max(...green.map((one) => eventOf(one, 'ValidateService').endedAt));
  const allowed = green.map((one) => eventOf(one, 'AllowTraffic'));
  return {
    ended: ended.status ?? '',
    startedAt: Number(ended.createTime),
    endedAt: Number(ended.completeTime),
    deploymentIds: [deploymentId],
    facts: {
      type: ended.deploymentStyle?.deploymentType,
      green: coursesOf(green),
      blue: coursesOf(blue),
      fleets: [blue.length, green.length],
      inSequence: inSequence(targets),
      allInstalledBeforeTraffic: allowed.every(({ startedAt }) => startedAt >= validated),
      originalLeavesLast:
        Math.max(...allowed.map(({ endedAt }) => endedAt)) <= Math.min(...blue.map((one) => spanOf(one)[0])),
      groups: deploymentGroupInfo?.autoScalingGroups?.map(({ name }) => name?.replace(deploymentId, 'ID')),
      membersAreGreen: members.toSorted().join() === greenIds.join(),
      originalGroup: (await autoScalingGroup(scene))?.AutoScalingGroupName ?? 'deleted',
      originalInstances: [
        ...new Set(
          await instanceStates(
            scene,
            blue.map((one) => one.instanceId),
          ),
        ),
      ],
      healthyAreGreen: (await healthyTargets(scene, fleet.targetGroupArn)).join() === greenIds.join(),
      versionsAfter: versionsSince(scene.traffic.measured(load).series, scene.clock.now - 2 * MINUTE),
    },
  };
}

export default rehearsal<WebFleet>({
  title: 'A blue/green deployment with CodeDeploy',
  claim: { id: 'deploy/blue-green-codedeploy', verdict: 'holds' },
  prepare: (scene) => prepareWebFleet(scene, { size: SIZE, deregistrationDelaySeconds: 30 }),
  run: release,
  expect: [
    deployment.endedAs('Succeeded'),
    fact('type', 'BLUE_GREEN'),
    fact('fleets', [SIZE, SIZE]),
    fact('green', [GREEN]),
    fact('blue', [BLUE]),
    fact('inSequence', true),
    fact('allInstalledBeforeTraffic', true),
    fact('originalLeavesLast', true),
    fact('groups', [`CodeDeploy_${DEPLOYMENT_GROUP}_ID`]),
    fact('membersAreGreen', true),
    fact('originalGroup', 'deleted'),
    fact('originalInstances', ['terminated']),
    fact('healthyAreGreen', true),
    fact('versionsAfter', ['v2']),
    capacity.atLeast(SIZE),
    availability.atLeast(1),
  ],
});

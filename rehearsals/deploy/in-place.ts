// In-place is a type of deployment: the same instances get the new revision. How many at a time is the deployment
// configuration's matter. https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments.html

import { CodeDeployClient, GetDeploymentGroupCommand } from '@aws-sdk/client-codedeploy';
import { availability, capacity, deployment, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { memberStates, mostAtOnce, targetsOf } from '../looks.ts';
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

const SIZE = 3;

async function release(scene: Scene, fleet: WebFleet, deploymentConfigName?: string): Promise<Ending> {
  serve(scene, fleet);
  await scene.clock.sleep(MINUTE);
  const before = [...(await memberStates(scene)).keys()].toSorted();
  const configuration = deploymentConfigName === undefined ? {} : { deploymentConfigName };
  const { deploymentId } = await deploy(scene, 'v2', configuration);
  const ended = await finished(scene, deploymentId);
  await scene.clock.sleep(MINUTE);
  const { deploymentGroupInfo } = await scene.aws
    .client(CodeDeployClient)
    .send(
      new GetDeploymentGroupCommand({ applicationName: APPLICATION, deploymentGroupName: DEPLOYMENT_GROUP }),
    );
  const targets = await targetsOf(scene, deploymentId);
  const after = [...(await memberStates(scene)).keys()].toSorted();
  return {
    ended: ended.status ?? '',
    deploymentIds: [deploymentId],
    facts: {
      type: ended.deploymentStyle?.deploymentType,
      groupsConfiguration: deploymentGroupInfo?.deploymentConfigName,
      configuration: ended.deploymentConfigName,
      mostAtOnce: mostAtOnce(targets),
      succeeded: targets.filter(({ status }) => status === 'Succeeded').length,
      sameInstances:
        before.join() === after.join() &&
        targets
          .map((one) => one.instanceId)
          .toSorted()
          .join() === after.join(),
    },
  };
}

const common = [
  deployment.endedAs('Succeeded'),
  fact('type', 'IN_PLACE'),
  fact('groupsConfiguration', 'CodeDeployDefault.OneAtATime'),
  fact('succeeded', SIZE),
  fact('sameInstances', true),
];

const FOUND =
  'in-place is the type (the same instances); how many at a time is the deployment configuration, by default ' +
  'CodeDeployDefault.OneAtATime; all in parallel only with CodeDeployDefault.AllAtOnce';

export default rehearsal<WebFleet>({
  title: 'In-place deployments',
  claim: {
    id: 'deploy/in-place',
    verdict: `corrected: ${FOUND}`,
  },
  prepare: (scene) => prepareWebFleet(scene, { size: SIZE, deregistrationDelaySeconds: 30 }),
  expect: common,
  variants: {
    'by default': {
      run: (scene, fleet) => release(scene, fleet),
      expect: [
        fact('configuration', 'CodeDeployDefault.OneAtATime'),
        fact('mostAtOnce', 1),
        capacity.exactly(SIZE - 1),
        availability.atLeast(1),
      ],
    },
    'all at once': {
      run: (scene, fleet) => release(scene, fleet, 'CodeDeployDefault.AllAtOnce'),
      expect: [
        fact('configuration', 'CodeDeployDefault.AllAtOnce'),
        fact('mostAtOnce', SIZE),
        capacity.exactly(0),
        availability.below(1),
      ],
    },
  },
});

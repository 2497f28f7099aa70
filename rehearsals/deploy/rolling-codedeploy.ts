// Rolling deployments with CodeDeploy: so many instances at a time as the deployment configuration allows, and the others
// serve. https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html

import { CodeDeployClient, CreateDeploymentConfigCommand } from '@aws-sdk/client-codedeploy';
import { availability, capacity, deployment, expectation, fact, rehearsal } from 'sandtable';
import type { Ending, Scene, Variant } from 'sandtable';
import { mostAtOnce, targetsOf, versionsSince } from '../looks.ts';
import { deploy, finished, MINUTE, prepareWebFleet, serve } from './web-fleet.ts';
import type { WebFleet } from './web-fleet.ts';

const SIZE = 4;

async function roll(scene: Scene, fleet: WebFleet, deploymentConfigName: string): Promise<Ending> {
  const load = serve(scene, fleet);
  await scene.clock.sleep(MINUTE);
  const { deploymentId } = await deploy(scene, 'v2', { deploymentConfigName });
  const { status = '', createTime, completeTime, deploymentOverview } = await finished(scene, deploymentId);
  const end = Number(completeTime);
  await scene.clock.sleep(2 * MINUTE);
  const targets = await targetsOf(scene, deploymentId);
  const { series } = scene.traffic.measured(load);
  const meanwhile = series.filter(({ at }) => at > Number(createTime) && at < end);
  return {
    ended: status,
    startedAt: Number(createTime),
    endedAt: end,
    deploymentIds: [deploymentId],
    facts: {
      succeeded: deploymentOverview?.Succeeded,
      mostAtOnce: mostAtOnce(targets),
      mixed: meanwhile.some(({ byVersion }) => byVersion['v1'] && byVersion['v2']),
      versionsAfter: versionsSince(series, end + MINUTE),
    },
  };
}

function variant(atOnce: number, configuration: string): Variant<WebFleet> {
  return {
    run: (scene, fleet) => roll(scene, fleet, configuration),
    expect: [
      deployment.endedAs('Succeeded'),
      fact('succeeded', SIZE),
      fact('mostAtOnce', atOnce),
      capacity.exactly(SIZE - atOnce),
      availability.atLeast(1),
      fact('mixed', true),
      fact('versionsAfter', ['v2']),
      // Each batch waits for connections to drain, and for the load balancer to find its instances healthy.
      expectation('batches follow each other', ({ startedAt, endedAt }) => ({
        passed: endedAt - startedAt >= (SIZE / atOnce) * MINUTE,
        found: `${(endedAt - startedAt) / 1000} s`,
      })),
    ],
  };
}

export default rehearsal<WebFleet>({
  title: 'A rolling deployment with CodeDeploy',
  claim: { id: 'deploy/rolling-codedeploy', verdict: 'holds' },
  prepare: async (scene) => {
    await scene.aws.client(CodeDeployClient).send(
      new CreateDeploymentConfigCommand({
        deploymentConfigName: 'three-stay',
        minimumHealthyHosts: { type: 'FLEET_PERCENT', value: 75 },
      }),
    );
    return prepareWebFleet(scene, { size: SIZE, deregistrationDelaySeconds: 60 });
  },
  variants: {
    'one at a time': variant(1, 'CodeDeployDefault.OneAtATime'),
    'half at a time': variant(2, 'CodeDeployDefault.HalfAtATime'),
    'three quarters stay': variant(1, 'three-stay'),
  },
});

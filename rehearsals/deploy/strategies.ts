// What `npm start` shows: one release, rehearsed with every strategy that CodeDeploy has for instances, once with a version
// that is subtly bad and once with a good one.

import { deployment, rehearsal } from 'sandtable';
import type { Ending, Scene, Variant } from 'sandtable';
import { ALARM, deploy, finished, MINUTE, prepareWebFleet, updateDeploymentGroup } from './web-fleet.ts';
import type { Version, WebFleet } from './web-fleet.ts';

/** Requests that the balancer takes each second. */
const RATE = 400;
/** Steady traffic before the release. */
const BEFORE = 5 * MINUTE;
/** Traffic goes on until at least this long after the start, so that all variants are measured alike. */
const AT_LEAST = 60 * MINUTE;

type Strategy =
  | 'all at once'
  | 'half at a time'
  | 'one at a time'
  | 'one at a time, alarm'
  | 'blue/green, alarm';

const CONFIGURATIONS: Readonly<Record<Strategy, string>> = {
  'all at once': 'CodeDeployDefault.AllAtOnce',
  'half at a time': 'CodeDeployDefault.HalfAtATime',
  'one at a time': 'CodeDeployDefault.OneAtATime',
  'one at a time, alarm': 'CodeDeployDefault.OneAtATime',
  'blue/green, alarm': 'CodeDeployDefault.AllAtOnce',
};

async function choose(scene: Scene, strategy: Strategy): Promise<void> {
  if (strategy.endsWith('alarm')) {
    await updateDeploymentGroup(scene, {
      alarmConfiguration: { enabled: true, alarms: [{ name: ALARM }] },
      autoRollbackConfiguration: {
        enabled: true,
        events: ['DEPLOYMENT_STOP_ON_ALARM', 'DEPLOYMENT_FAILURE'],
      },
    });
  }
  if (!strategy.startsWith('blue/green')) return;
  await updateDeploymentGroup(scene, {
    deploymentStyle: { deploymentType: 'BLUE_GREEN', deploymentOption: 'WITH_TRAFFIC_CONTROL' },
    blueGreenDeploymentConfiguration: {
      greenFleetProvisioningOption: { action: 'COPY_AUTO_SCALING_GROUP' },
      deploymentReadyOption: { actionOnTimeout: 'CONTINUE_DEPLOYMENT' },
      terminateBlueInstancesOnDeploymentSuccess: { action: 'TERMINATE', terminationWaitTimeInMinutes: 30 },
    },
  });
}

async function release(
  scene: Scene,
  { host }: WebFleet,
  strategy: Strategy,
  version: Version,
): Promise<Ending> {
  const from = scene.clock.now;
  await choose(scene, strategy);
  scene.traffic.start({ host, port: 80, path: '/', ratePerSecond: RATE, resolution: 'binned' });
  await scene.clock.sleep(BEFORE);
  const startedAt = scene.clock.now;
  const { deploymentId } = await deploy(scene, version, { deploymentConfigName: CONFIGURATIONS[strategy] });
  const first = await finished(scene, deploymentId);
  const rollbackId = first.rollbackInfo?.rollbackDeploymentId;
  const last = rollbackId ? await finished(scene, rollbackId) : first;
  await scene.clock.sleep(Math.max(BEFORE, from + AT_LEAST - scene.clock.now));
  return {
    ended: rollbackId && last.status === 'Succeeded' ? 'rolled back' : (last.status ?? 'unknown'),
    startedAt,
    endedAt: Number(last.completeTime),
    deploymentIds: rollbackId ? [deploymentId, rollbackId] : [deploymentId],
    ...(version === 'v2-bad' ? { badVersion: 'v2-bad' } : {}),
  };
}

function variant(strategy: Strategy, version: Version): Variant<WebFleet> {
  const rollsBack = version === 'v2-bad' && strategy.endsWith('alarm');
  return {
    group: version === 'v2-bad' ? 'a subtly bad version' : 'a good version',
    run: (scene, fleet) => release(scene, fleet, strategy, version),
    expect: [deployment.endedAs(rollsBack ? 'rolled back' : 'Succeeded')],
  };
}

const strategies = Object.keys(CONFIGURATIONS) as Strategy[];
const versions = ['v2-bad', 'v2'] as const;

export default rehearsal<WebFleet>({
  title: 'The release of version 2, by strategy',
  prepare: (scene) => prepareWebFleet(scene),
  variants: Object.fromEntries(
    versions.flatMap((version) =>
      strategies.map((strategy) => [
        `${strategy}${version === 'v2-bad' ? ' (bad)' : ''}`,
        variant(strategy, version),
      ]),
    ),
  ),
});

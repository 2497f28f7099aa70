// A small release under traffic, in two variants: what a report has to show.

import { availability, deployment, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { deploy, finished, MINUTE, prepareWebFleet } from '../../../rehearsals/deploy/web-fleet.ts';
import type { WebFleet } from '../../../rehearsals/deploy/web-fleet.ts';

async function release(scene: Scene, { host }: WebFleet, deploymentConfigName: string): Promise<Ending> {
  scene.traffic.start({ host, port: 80, path: '/', ratePerSecond: 50, resolution: 'binned' });
  await scene.clock.sleep(MINUTE);
  const startedAt = scene.clock.now;
  const { deploymentId } = await deploy(scene, 'v2', { deploymentConfigName });
  const { status = '', completeTime } = await finished(scene, deploymentId);
  await scene.clock.sleep(MINUTE);
  return { ended: status, startedAt, endedAt: Number(completeTime), deploymentIds: [deploymentId] };
}

export default rehearsal<WebFleet>({
  title: 'A small release & its <report>',
  prepare: (scene) => prepareWebFleet(scene, { size: 2, deregistrationDelaySeconds: 30 }),
  expect: [deployment.endedAs('Succeeded')],
  variants: {
    'one at a time': { run: (scene, fleet) => release(scene, fleet, 'CodeDeployDefault.OneAtATime') },
    'all at once': {
      run: (scene, fleet) => release(scene, fleet, 'CodeDeployDefault.AllAtOnce'),
      expect: [availability.atLeast(0.999)],
    },
  },
});

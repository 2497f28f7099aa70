// Whole rehearsals: the comparison of `npm start`, a blue/green deployment of 500 instances, and what idle instances cost.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { composeRehearsal } from '#sandtable';
import { prepare, runVariant } from '#rehearsal/run.ts';
import { rehearsal } from '#rehearsal/rehearsal.ts';
import type { Ending, Rehearsal } from '#rehearsal/rehearsal.ts';
import type { Scene } from '#rehearsal/scene.ts';
import {
  deploy,
  finished,
  MINUTE,
  prepareWebFleet,
  updateDeploymentGroup,
} from '../rehearsals/deploy/web-fleet.ts';
import type { WebFleet } from '../rehearsals/deploy/web-fleet.ts';

const root = join(import.meta.dirname, '..');
const composition = composeRehearsal();

function fleetOf(size: number): Rehearsal<WebFleet> {
  return rehearsal({
    title: `${size} instances`,
    prepare: (scene) => prepareWebFleet(scene, { size, deregistrationDelaySeconds: 60 }),
    run: async () => ({ ended: 'idle' }),
  });
}

/** Wall ms of an hour in which nothing happens. */
async function idleHour(size: number): Promise<number> {
  const { world } = await prepare(fleetOf(size), composition);
  world.advance(world.now + 60 * MINUTE); // What the preparation left to do.
  const rounds = Array.from({ length: 5 }, () => {
    const from = performance.now();
    world.advance(world.now + 60 * MINUTE);
    return performance.now() - from;
  });
  return rounds.toSorted((a, b) => a - b)[2] as number;
}

/** Wall ms of a blue/green deployment of 500 instances with an hour's wait, under 1,000 requests a second. */
async function blueGreen(): Promise<{ prepareMs: number; runMs: number; ended: string }> {
  const run = async (scene: Scene, { host }: WebFleet): Promise<Ending> => {
    await updateDeploymentGroup(scene, {
      deploymentStyle: { deploymentType: 'BLUE_GREEN', deploymentOption: 'WITH_TRAFFIC_CONTROL' },
      blueGreenDeploymentConfiguration: {
        greenFleetProvisioningOption: { action: 'COPY_AUTO_SCALING_GROUP' },
        deploymentReadyOption: { actionOnTimeout: 'CONTINUE_DEPLOYMENT' },
        terminateBlueInstancesOnDeploymentSuccess: {
          action: 'TERMINATE',
          terminationWaitTimeInMinutes: 60,
        },
      },
    });
    scene.traffic.start({ host, port: 80, path: '/', ratePerSecond: 1000, resolution: 'binned' });
    const { deploymentId } = await deploy(scene, 'v2', {
      deploymentConfigName: 'CodeDeployDefault.AllAtOnce',
    });
    const { status = '' } = await finished(scene, deploymentId);
    return { ended: status };
  };
  const definition = fleetOf(500);
  const from = performance.now();
  const prepared = await prepare(definition, composition);
  const then = performance.now();
  const { ended } = await runVariant(definition, ['', { run }], prepared, composition);
  return { prepareMs: then - from, runMs: performance.now() - then, ended };
}

interface Started {
  readonly wallMs: number;
  readonly results: readonly { virtualMs: number }[];
}

function comparison(runtime: string): Started {
  const { stdout } = spawnSync(
    runtime,
    [join(root, 'dist/sandtable.js'), 'start', '--once', '--json', '--no-sensitivity', '--port', '0'],
    {
      encoding: 'utf8',
      cwd: root,
    },
  );
  return JSON.parse(stdout) as Started;
}

for (const runtime of ['node', 'bun']) {
  const rounds = Array.from({ length: 3 }, () => comparison(runtime));
  const walls = rounds.map(({ wallMs }) => wallMs).toSorted((a, b) => a - b);
  const hours = (rounds[0]?.results ?? []).reduce((sum, one) => sum + one.virtualMs, 0) / 3_600_000;
  console.log(
    `comparison on ${runtime}: ${hours.toFixed(1)} h of AWS in ${walls[1]} ms after start (${walls.join(', ')})`,
  );
}
const [five, many] = [await idleHour(5), await idleHour(500)];
console.log(
  `idle hour: 5 instances ${five.toFixed(2)} ms, 500 instances ${many.toFixed(2)} ms: ${(many / five).toFixed(2)}x`,
);
const { prepareMs, runMs, ended } = await blueGreen();
console.log(
  `blue/green of 500 with an hour's wait: ${ended} in ${runMs.toFixed(0)} ms (prepared in ${prepareMs.toFixed(0)} ms)`,
);

// How a fleet gets over the loss of instances.

import type { Scene } from 'sandtable';
import { activities, deploymentsOf, healthyTargets, memberStates } from '../looks.ts';
import { MINUTE } from './web-fleet.ts';
import type { WebFleet } from './web-fleet.ts';

const LOOK_MS = 5000;

/** Waits until as many healthy targets serve as before, none of them lost. Returns when that was, and what happened meanwhile. */
export async function recovery(
  scene: Scene,
  { targetGroupArn, size }: WebFleet,
  lost: readonly string[],
): Promise<{ endedAt: number; facts: Record<string, unknown> }> {
  const from = scene.clock.now;
  const serving = async (): Promise<string[]> => healthyTargets(scene, targetGroupArn);
  const seconds = (): number => Math.round((scene.clock.now - from) / 1000);
  await scene.clock.until(async () => (await serving()).every((id) => !lost.includes(id)), {
    within: 10 * MINUTE,
    every: LOOK_MS,
    what: 'The load balancer finding the loss',
  });
  const outOfTrafficAfterSeconds = seconds();
  await scene.clock.until(
    async () => {
      const now = await serving();
      return now.length >= size && now.every((id) => !lost.includes(id));
    },
    { within: 120 * MINUTE, every: LOOK_MS, what: 'The fleet being whole again' },
  );
  const recoveredAfterSeconds = seconds();
  const endedAt = scene.clock.now;
  await scene.clock.sleep(MINUTE); // Healthy at the load balancer comes before in service.
  const states = await memberStates(scene);
  const launches = (await deploymentsOf(scene)).filter(
    (one) => one.creator === 'autoscaling' && one.status === 'Succeeded',
  );
  const [ended] = (await activities(scene)).filter((one) => one.Description?.startsWith('Terminating'));
  const facts = {
    outOfTrafficAfterSeconds,
    recoveredAfterSeconds,
    replaced: lost.filter((id) => states.get(id) !== 'InService').length,
    launchedWith: launches.map((one) => one.revision?.s3Location?.key),
    cause: / in response to (.*?)\.$/.exec(ended?.Cause ?? '')?.[1],
  };
  return { endedAt, facts };
}

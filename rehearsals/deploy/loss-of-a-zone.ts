// A whole Availability Zone is lost under traffic, and comes back.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html

import { expectation, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { autoScalingGroup } from '../looks.ts';
import { recovery } from './recovery.ts';
import { MINUTE, prepareWebFleet, serve } from './web-fleet.ts';
import type { WebFleet } from './web-fleet.ts';

const SIZE = 4;
const RATE = 100;

/** Instances in service by zone, the fullest first. */
async function balance(scene: Scene): Promise<number[]> {
  const { Instances = [], AvailabilityZones = [] } = (await autoScalingGroup(scene)) ?? {};
  const serving = Instances.filter((one) => one.LifecycleState === 'InService');
  return AvailabilityZones.map(
    (zone) => serving.filter((one) => one.AvailabilityZone === zone).length,
  ).toSorted((a, b) => b - a);
}

async function lose(scene: Scene, fleet: WebFleet): Promise<Ending> {
  serve(scene, fleet, RATE);
  await scene.clock.sleep(12 * MINUTE);
  const { Instances = [] } = (await autoScalingGroup(scene)) ?? {};
  const zone = Instances[0]?.AvailabilityZone ?? '';
  const lost = Instances.filter((one) => one.AvailabilityZone === zone).map((one) => one.InstanceId ?? '');
  const before = await balance(scene);
  const startedAt = scene.clock.now;
  const restore = scene.inject.loseZone(zone);
  const { endedAt, facts } = await recovery(scene, fleet, lost);
  const during = await balance(scene);
  restore();
  await scene.clock.sleep(60 * MINUTE);
  return {
    ended: 'recovered',
    startedAt,
    endedAt,
    facts: { ...facts, before, during, after: await balance(scene) },
  };
}

export default rehearsal<WebFleet>({
  title: 'The loss of an Availability Zone',
  prepare: (scene) =>
    prepareWebFleet(scene, { size: SIZE, deregistrationDelaySeconds: 30, healthCheckType: 'ELB' }),
  run: lose,
  expect: [
    fact('before', [2, 2]),
    fact('replaced', 2),
    fact('launchedWith', ['v1.zip', 'v1.zip']),
    fact('during', [4, 0]),
    fact('after', [2, 2]),
    expectation('only requests to the lost zone fail, for less than a minute', ({ measurement }) => {
      const { failed = 0 } = measurement ?? {};
      return { passed: failed > 0 && failed < (RATE / 2) * 60, found: String(failed) };
    }),
    expectation('the fleet is whole again within 20 minutes', ({ facts }) => ({
      passed: Number(facts['recoveredAfterSeconds']) <= 20 * 60,
      found: `${String(facts['recoveredAfterSeconds'])} s`,
    })),
  ],
});

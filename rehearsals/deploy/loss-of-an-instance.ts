// The hardware under one instance is lost under traffic: how many requests that costs, and when the fleet is whole again, by
// what the Auto Scaling group goes by. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html

import { expectation, fact, rehearsal } from 'sandtable';
import type { Ending, Expectation, Scene, Variant } from 'sandtable';
import { autoScalingGroup, memberStates } from '../looks.ts';
import { recovery } from './recovery.ts';
import { MINUTE, prepareWebFleet, serve } from './web-fleet.ts';

const SIZE = 4;
const RATE = 100;

async function lose(scene: Scene, healthCheckType: 'EC2' | 'ELB'): Promise<Ending> {
  const fleet = await prepareWebFleet(scene, { size: SIZE, deregistrationDelaySeconds: 30, healthCheckType });
  serve(scene, fleet, RATE);
  await scene.clock.sleep(12 * MINUTE);
  const startedAt = scene.clock.now;
  const [instanceId = ''] = [...(await memberStates(scene)).keys()];
  scene.inject.loseInstance(instanceId);
  const { endedAt, facts } = await recovery(scene, fleet, [instanceId]);
  await scene.clock.sleep(2 * MINUTE);
  return {
    ended: 'recovered',
    startedAt,
    endedAt,
    facts: { ...facts, checks: (await autoScalingGroup(scene))?.HealthCheckType },
  };
}

/** The instance takes its share of requests until the load balancer has found it unhealthy twice. */
const bounded: Expectation = expectation(
  'only requests to the lost instance fail, for less than a minute',
  ({ measurement }) => {
    const { failed = 0 } = measurement ?? {};
    return { passed: failed > 0 && failed < (RATE / SIZE) * 60, found: String(failed) };
  },
);

function within(fact: string, minutes: number): Expectation {
  return expectation(`${fact} is at most ${minutes * 60}`, ({ facts }) => ({
    passed: Number(facts[fact]) <= minutes * 60,
    found: String(facts[fact]),
  }));
}

function variant(type: 'EC2' | 'ELB', minutes: number): Variant<unknown> {
  return {
    run: (scene) => lose(scene, type),
    expect: [
      fact('checks', type),
      fact('replaced', 1),
      fact('launchedWith', ['v1.zip']),
      fact(
        'cause',
        type === 'ELB' ? 'an ELB system health check failure' : 'an EC2 instance status checks failure',
      ),
      bounded,
      within('outOfTrafficAfterSeconds', 1),
      within('recoveredAfterSeconds', minutes),
    ],
  };
}

export default rehearsal({
  title: 'The loss of an instance',
  variants: {
    'by EC2 status checks': variant('EC2', 10),
    "by the load balancer's checks": variant('ELB', 5),
  },
});

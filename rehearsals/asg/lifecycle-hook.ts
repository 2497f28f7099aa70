// Lifecycle hooks to look into an instance: how long it waits, and what happens when nobody answers.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html

import {
  AutoScalingClient,
  CompleteLifecycleActionCommand,
  DescribeLifecycleHooksCommand,
  PutLifecycleHookCommand,
  RecordLifecycleActionHeartbeatCommand,
  SetDesiredCapacityCommand,
} from '@aws-sdk/client-auto-scaling';
import { availability, expectation, fact, rehearsal } from 'sandtable';
import type { Ending, Expectation, Scene } from 'sandtable';
import { GROUP, MINUTE, prepareWebFleet, serve } from '../deploy/web-fleet.ts';
import type { WebFleet } from '../deploy/web-fleet.ts';
import { activities, healthyTargets, instanceStates, memberStates } from '../looks.ts';

const SIZE = 2;
const HOOK = 'look-into-it';
const HOUR = 60 * MINUTE;
const named = { AutoScalingGroupName: GROUP, LifecycleHookName: HOOK };

async function putHook(
  scene: Scene,
  transition: 'LAUNCHING' | 'TERMINATING',
): Promise<Record<string, unknown>> {
  const autoscaling = scene.aws.client(AutoScalingClient);
  await autoscaling.send(
    new PutLifecycleHookCommand({ ...named, LifecycleTransition: `autoscaling:EC2_INSTANCE_${transition}` }),
  );
  const { LifecycleHooks: [hook] = [] } = await autoscaling.send(
    new DescribeLifecycleHooksCommand({ AutoScalingGroupName: GROUP }),
  );
  return {
    heartbeatTimeout: hook?.HeartbeatTimeout,
    globalTimeout: hook?.GlobalTimeout,
    defaultResult: hook?.DefaultResult,
  };
}

async function resize(scene: Scene, DesiredCapacity: number): Promise<void> {
  await scene.aws
    .client(AutoScalingClient)
    .send(new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity }));
}

/** The instance that is in a state, once there is one, and when that was. */
async function reaches(scene: Scene, state: string): Promise<{ instanceId: string; at: number }> {
  const instanceId = await scene.clock.until(
    async () => [...(await memberStates(scene))].find(([, is]) => is === state)?.[0],
    { within: 30 * MINUTE, every: 1000, what: `An instance in ${state}` },
  );
  return { instanceId, at: scene.clock.now };
}

/** How many minutes, to a tenth, an instance stays in a state; where it is due to leave, 0 if it left earlier by a minute. */
async function stays(
  scene: Scene,
  instanceId: string,
  state: string,
  from: number,
  due: number,
): Promise<number> {
  const left = async (): Promise<boolean> => (await memberStates(scene)).get(instanceId) !== state;
  if (due > 0) {
    await scene.clock.sleep(Math.max(0, from + due - MINUTE - scene.clock.now));
    if (await left()) return 0;
  }
  await scene.clock.until(left, { within: HOUR, every: 3000, what: `${instanceId} leaving ${state}` });
  return Math.round((scene.clock.now - from) / 6000) / 10;
}

async function terminating(
  scene: Scene,
  fleet: WebFleet,
  due: number,
  meanwhile: (instanceId: string, from: number) => Promise<void>,
): Promise<Ending> {
  const hook = await putHook(scene, 'TERMINATING');
  await resize(scene, SIZE - 1);
  const { instanceId, at } = await reaches(scene, 'Terminating:Wait');
  await scene.clock.sleep(MINUTE);
  const during = {
    state: (await instanceStates(scene, [instanceId]))[0],
    inTraffic: (await healthyTargets(scene, fleet.targetGroupArn)).includes(instanceId),
  };
  await meanwhile(instanceId, at);
  const minutes = await stays(scene, instanceId, 'Terminating:Wait', at, due);
  await scene.clock.sleep(5 * MINUTE);
  return {
    ended: (await instanceStates(scene, [instanceId]))[0] ?? '',
    facts: { hook, during, minutes },
  };
}

/** Asks for more time every 50 minutes, as long as that makes sense. */
async function keepAlive(scene: Scene, InstanceId: string, from: number): Promise<void> {
  const autoscaling = scene.aws.client(AutoScalingClient);
  while (scene.clock.now + 50 * MINUTE < from + 48 * HOUR) {
    await scene.clock.sleep(50 * MINUTE);
    await autoscaling.send(new RecordLifecycleActionHeartbeatCommand({ ...named, InstanceId }));
  }
}

/** Says after 20 minutes that the instance may go. */
async function complete(scene: Scene, InstanceId: string, from: number): Promise<void> {
  await scene.clock.sleep(from + 20 * MINUTE - scene.clock.now);
  await scene.aws
    .client(AutoScalingClient)
    .send(new CompleteLifecycleActionCommand({ ...named, InstanceId, LifecycleActionResult: 'CONTINUE' }));
}

async function launching(scene: Scene): Promise<Ending> {
  const before = [...(await memberStates(scene)).keys()];
  const hook = await putHook(scene, 'LAUNCHING');
  await resize(scene, SIZE + 1);
  const { instanceId, at } = await reaches(scene, 'Pending:Wait');
  await scene.clock.sleep(MINUTE);
  const during = { state: (await instanceStates(scene, [instanceId]))[0] };
  const minutes = await stays(scene, instanceId, 'Pending:Wait', at, HOUR);
  await scene.clock.sleep(10 * MINUTE);
  const next = [...(await memberStates(scene))].filter(([id]) => !before.includes(id) && id !== instanceId);
  const failed = (await activities(scene)).find((one) => one.StatusCode === 'Cancelled');
  return {
    ended: (await instanceStates(scene, [instanceId]))[0] ?? '',
    facts: {
      hook,
      during,
      minutes,
      next: next.map(([, state]) => state),
      activity: failed?.Description?.replace(instanceId, 'ID').replace(/token \S+ was/, 'token TOKEN was'),
    },
  };
}

const defaults = fact('hook', { heartbeatTimeout: 3600, globalTimeout: 172_800, defaultResult: 'ABANDON' });
const waitsRunning = fact('during', { state: 'running', inTraffic: false });

function about(expected: number): Expectation {
  return expectation(`the instance waits ${expected} minutes`, ({ facts }) => ({
    passed: Math.abs(Number(facts['minutes']) - expected) <= 0.2,
    found: String(facts['minutes']),
  }));
}

const terminated = expectation('the instance is terminated in the end', ({ ended }) => ({
  passed: ended === 'terminated',
  found: ended,
}));

const FOUND =
  'an hour is the default heartbeat timeout, not the limit: heartbeats extend it to 48 hours at most; and the default result is ' +
  'ABANDON, which terminates the instance, also one that was just launched';

export default rehearsal<WebFleet>({
  title: 'A lifecycle hook to look into an instance',
  claim: { id: 'asg/lifecycle-hook', verdict: `corrected: ${FOUND}` },
  limitMs: 72 * HOUR,
  prepare: (scene) =>
    prepareWebFleet(scene, { size: SIZE, minSize: 1, codedeploy: false, deregistrationDelaySeconds: 30 }),
  expect: [defaults, terminated],
  variants: {
    'terminating, nobody answers': {
      run: (scene, fleet) => {
        serve(scene, fleet);
        return terminating(scene, fleet, HOUR, async () => {});
      },
      expect: [waitsRunning, about(60), availability.atLeast(1)],
    },
    'terminating, done early': {
      run: (scene, fleet) =>
        terminating(scene, fleet, 0, (instanceId, from) => complete(scene, instanceId, from)),
      expect: [waitsRunning, about(20)],
    },
    'terminating, with heartbeats': {
      run: (scene, fleet) =>
        terminating(scene, fleet, 48 * HOUR, (instanceId, from) => keepAlive(scene, instanceId, from)),
      expect: [waitsRunning, about(48 * 60)],
    },
    'launching, nobody answers': {
      run: (scene) => launching(scene),
      expect: [
        fact('during', { state: 'running' }),
        about(60),
        fact('next', ['Pending:Wait']),
        fact(
          'activity',
          "Launching a new EC2 instance: ID.  Status Reason: Instance failed to complete user's Lifecycle Action: " +
            'Lifecycle Action with token TOKEN was abandoned: Heartbeat Timeout',
        ),
      ],
    },
  },
});

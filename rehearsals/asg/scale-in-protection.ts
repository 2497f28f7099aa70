// Protection from scale-in, and what it does not protect from.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html

import {
  AutoScalingClient,
  SetDesiredCapacityCommand,
  SetInstanceHealthCommand,
  SetInstanceProtectionCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { GROUP, inService, MINUTE, prepareWebFleet } from '../deploy/web-fleet.ts';
import type { WebFleet } from '../deploy/web-fleet.ts';
import { activities, autoScalingGroup, instanceStates, memberStates } from '../looks.ts';

const SIZE = 4;

async function members(scene: Scene): Promise<string[]> {
  return [...(await memberStates(scene)).keys()];
}

async function protect(scene: Scene, InstanceIds: string[]): Promise<void> {
  await scene.aws.client(AutoScalingClient).send(
    new SetInstanceProtectionCommand({
      AutoScalingGroupName: GROUP,
      InstanceIds,
      ProtectedFromScaleIn: true,
    }),
  );
}

async function scaleInTo(scene: Scene, DesiredCapacity: number): Promise<void> {
  await scene.aws
    .client(AutoScalingClient)
    .send(new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity }));
  await scene.clock.sleep(10 * MINUTE);
}

async function one(scene: Scene): Promise<Ending> {
  const all = await members(scene);
  const [kept = ''] = all;
  await protect(scene, [kept]);
  await scaleInTo(scene, 1);
  return {
    ended: 'scaled in',
    facts: {
      left: (await members(scene)).map((id) => (id === kept ? 'the protected one' : 'another')),
      others: [
        ...new Set(
          await instanceStates(
            scene,
            all.filter((id) => id !== kept),
          ),
        ),
      ],
    },
  };
}

async function all(scene: Scene): Promise<Ending> {
  const before = await members(scene);
  await protect(scene, before);
  await scaleInTo(scene, 1);
  const [newest] = await activities(scene);
  return {
    ended: 'not scaled in',
    facts: {
      desired: (await autoScalingGroup(scene))?.DesiredCapacity,
      left: (await members(scene)).length,
      activity: newest?.Description,
      states: [...new Set(await instanceStates(scene, before))],
    },
  };
}

async function notFromThis(scene: Scene, terminate: (instanceId: string) => Promise<void>): Promise<Ending> {
  const before = await members(scene);
  await protect(scene, before);
  const [victim = ''] = before;
  await terminate(victim);
  await scene.clock.sleep(5 * MINUTE);
  await inService(scene, SIZE);
  const after = await members(scene);
  return {
    ended: 'replaced',
    facts: {
      victim: (await instanceStates(scene, [victim]))[0],
      replaced: after.length === SIZE && !after.includes(victim),
    },
  };
}

const replaced = [fact('victim', 'terminated'), fact('replaced', true)];

export default rehearsal<WebFleet>({
  title: 'Protection from scale-in',
  claim: { id: 'asg/scale-in-protection', verdict: 'holds' },
  prepare: (scene) =>
    prepareWebFleet(scene, { size: SIZE, minSize: 0, codedeploy: false, deregistrationDelaySeconds: 0 }),
  variants: {
    'one instance': {
      run: one,
      expect: [fact('left', ['the protected one']), fact('others', ['terminated'])],
    },
    'all instances': {
      run: all,
      expect: [
        fact('desired', 1),
        fact('left', SIZE),
        fact('states', ['running']),
        fact(
          'activity',
          'Could not scale to desired capacity because all remaining instances are protected from scale-in.',
        ),
      ],
    },
    'not from being replaced as unhealthy': {
      run: (scene) =>
        notFromThis(
          scene,
          async (InstanceId) =>
            void (await scene.aws
              .client(AutoScalingClient)
              .send(new SetInstanceHealthCommand({ InstanceId, HealthStatus: 'Unhealthy' }))),
        ),
      expect: replaced,
    },
    'not from being terminated by hand': {
      run: (scene) =>
        notFromThis(
          scene,
          async (InstanceId) =>
            void (await scene.aws.client(AutoScalingClient).send(
              new TerminateInstanceInAutoScalingGroupCommand({
                InstanceId,
                ShouldDecrementDesiredCapacity: false,
              }),
            )),
        ),
      expect: replaced,
    },
  },
});

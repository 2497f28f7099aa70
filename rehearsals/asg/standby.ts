// Standby: an instance out of service and still in its group, for as long as it takes to look at it.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html

import {
  AutoScalingClient,
  EnterStandbyCommand,
  ExitStandbyCommand,
  SuspendProcessesCommand,
} from '@aws-sdk/client-auto-scaling';
import { EC2Client, StartInstancesCommand, StopInstancesCommand } from '@aws-sdk/client-ec2';
import { availability, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { GROUP, MINUTE, prepareWebFleet, serve } from '../deploy/web-fleet.ts';
import type { WebFleet } from '../deploy/web-fleet.ts';
import { activities, autoScalingGroup, healthyTargets, instanceStates, memberStates } from '../looks.ts';

const SIZE = 3;

async function group(scene: Scene): Promise<{ desired: number | undefined; states: string[] }> {
  const { DesiredCapacity, Instances = [] } = (await autoScalingGroup(scene)) ?? {};
  return { desired: DesiredCapacity, states: Instances.map((one) => one.LifecycleState ?? '').toSorted() };
}

async function restart(scene: Scene, InstanceIds: string[]): Promise<void> {
  const ec2 = scene.aws.client(EC2Client);
  await ec2.send(new StopInstancesCommand({ InstanceIds }));
  await scene.clock.until(async () => (await instanceStates(scene, InstanceIds))[0] === 'stopped', {
    within: 10 * MINUTE,
    what: 'The instance being stopped',
  });
  await scene.clock.sleep(10 * MINUTE);
  if ((await instanceStates(scene, InstanceIds))[0] !== 'stopped') return; // Terminated meanwhile.
  await ec2.send(new StartInstancesCommand({ InstanceIds }));
  await scene.clock.sleep(5 * MINUTE);
}

/** An instance is taken aside, stopped and started, which nobody minds, and put back. */
async function aside(scene: Scene, fleet: WebFleet, decrement: boolean): Promise<Ending> {
  const autoscaling = scene.aws.client(AutoScalingClient);
  // An instance more or less may unbalance the zones; evening them out could take the very instance that came back.
  await autoscaling.send(
    new SuspendProcessesCommand({ AutoScalingGroupName: GROUP, ScalingProcesses: ['AZRebalance'] }),
  );
  serve(scene, fleet);
  await scene.clock.sleep(MINUTE);
  const [instanceId = ''] = [...(await memberStates(scene)).keys()];
  const named = { AutoScalingGroupName: GROUP, InstanceIds: [instanceId] };
  await autoscaling.send(new EnterStandbyCommand({ ...named, ShouldDecrementDesiredCapacity: decrement }));
  await scene.clock.until(async () => (await memberStates(scene)).get(instanceId) === 'Standby', {
    within: 10 * MINUTE,
    what: 'Standby',
  });
  await restart(scene, [instanceId]);
  const during = await group(scene);
  const inTraffic = (await healthyTargets(scene, fleet.targetGroupArn)).includes(instanceId);
  await autoscaling.send(new ExitStandbyCommand(named));
  await scene.clock.sleep(5 * MINUTE);
  const after = await group(scene);
  const moves = (await activities(scene)).filter((one) => one.Description?.includes('Standby'));
  return {
    ended: (await memberStates(scene)).get(instanceId) ?? 'gone',
    facts: {
      during,
      inTraffic,
      after,
      backInTraffic: (await healthyTargets(scene, fleet.targetGroupArn)).includes(instanceId),
      activities: moves.map((one) => (one.Description ?? '').replace(instanceId, 'ID')).toReversed(),
    },
  };
}

/** The same to an instance in service: it is not spared. */
async function inService(scene: Scene, fleet: WebFleet): Promise<Ending> {
  serve(scene, fleet);
  const [instanceId = ''] = [...(await memberStates(scene)).keys()];
  await restart(scene, [instanceId]);
  return {
    ended: (await memberStates(scene)).get(instanceId) ?? 'gone',
    facts: { state: (await instanceStates(scene, [instanceId]))[0], after: await group(scene) },
  };
}

/** The least that the group may have stands in the way of standby without a replacement. */
async function atMinimum(scene: Scene): Promise<Ending> {
  const ids = [...(await memberStates(scene)).keys()];
  const refused = await scene.aws
    .client(AutoScalingClient)
    .send(
      new EnterStandbyCommand({
        AutoScalingGroupName: GROUP,
        InstanceIds: ids.slice(0, 2),
        ShouldDecrementDesiredCapacity: true,
      }),
    )
    .then(
      () => 'taken',
      (error: Error) => error.name,
    );
  return { ended: refused, facts: { refused, after: await group(scene) } };
}

const moves = ['Moving EC2 instance to Standby: ID', 'Moving EC2 instance out of Standby: ID'];
const serving = (count: number): string[] => Array.from({ length: count }, () => 'InService');

export default rehearsal<WebFleet>({
  title: 'Standby to look into an instance',
  claim: { id: 'asg/standby', verdict: 'holds' },
  prepare: (scene) =>
    prepareWebFleet(scene, {
      size: SIZE,
      minSize: SIZE - 1,
      codedeploy: false,
      deregistrationDelaySeconds: 30,
    }),
  variants: {
    'without a replacement': {
      run: (scene, fleet) => aside(scene, fleet, true),
      expect: [
        fact('during', { desired: SIZE - 1, states: [...serving(SIZE - 1), 'Standby'] }),
        fact('inTraffic', false),
        fact('after', { desired: SIZE, states: serving(SIZE) }),
        fact('backInTraffic', true),
        fact('activities', moves),
        availability.atLeast(1),
      ],
    },
    'with a replacement': {
      run: (scene, fleet) => aside(scene, fleet, false),
      expect: [
        fact('during', { desired: SIZE, states: [...serving(SIZE), 'Standby'] }),
        fact('inTraffic', false),
        fact('after', { desired: SIZE + 1, states: serving(SIZE + 1) }),
        fact('backInTraffic', true),
        fact('activities', moves),
        availability.atLeast(1),
      ],
    },
    'in service instead': {
      run: inService,
      expect: [fact('state', 'terminated'), fact('after', { desired: SIZE, states: serving(SIZE) })],
    },
    'not below the minimum': {
      run: atMinimum,
      expect: [fact('refused', 'ValidationError'), fact('after', { desired: SIZE, states: serving(SIZE) })],
    },
  },
});

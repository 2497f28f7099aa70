// Traffic that is known in advance: scheduled actions change the group's size by the clock.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html

import {
  AutoScalingClient,
  DescribeScheduledActionsCommand,
  PutScheduledUpdateGroupActionCommand,
} from '@aws-sdk/client-auto-scaling';
import { availability, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { GROUP, MINUTE, prepareWebFleet, serve } from '../deploy/web-fleet.ts';
import type { WebFleet } from '../deploy/web-fleet.ts';
import { autoScalingGroup, healthyTargets } from '../looks.ts';

const QUIET = 2;
const BUSY = 4;
const HOUR = 60 * MINUTE;

/** Sleeps until a time of day, UTC, today or tomorrow. */
async function until(scene: Scene, hour: number, minute: number): Promise<void> {
  const day = 24 * HOUR;
  const at = Math.floor(scene.clock.now / day) * day + hour * HOUR + minute * MINUTE;
  await scene.clock.sleep((at > scene.clock.now ? at : at + day) - scene.clock.now);
}

async function desired(scene: Scene): Promise<number | undefined> {
  return (await autoScalingGroup(scene))?.DesiredCapacity;
}

/** Up at ten, down at six in the evening, on working days. */
async function byTheClock(scene: Scene, fleet: WebFleet): Promise<Ending> {
  const autoscaling = scene.aws.client(AutoScalingClient);
  const put = (ScheduledActionName: string, Recurrence: string, DesiredCapacity: number): Promise<unknown> =>
    autoscaling.send(
      new PutScheduledUpdateGroupActionCommand({
        AutoScalingGroupName: GROUP,
        ScheduledActionName,
        Recurrence,
        DesiredCapacity,
      }),
    );
  await put('up', '0 10 * * MON-FRI', BUSY);
  await put('down', '0 18 * * MON-FRI', QUIET);
  const { ScheduledUpdateGroupActions = [] } = await autoscaling.send(
    new DescribeScheduledActionsCommand({ AutoScalingGroupName: GROUP }),
  );
  await until(scene, 9, 59);
  const before = await desired(scene);
  await until(scene, 10, 2);
  const atTen = await desired(scene);
  await until(scene, 10, 5);
  const ready = (await healthyTargets(scene, fleet.targetGroupArn)).length;
  const load = serve(scene, fleet, 100);
  await until(scene, 10, 20);
  scene.traffic.stop(load);
  await until(scene, 17, 59);
  const stillThere = await desired(scene);
  await until(scene, 18, 2);
  const atSix = await desired(scene);
  await until(scene, 10, 2);
  return {
    ended: 'scaled',
    facts: {
      planned: Object.fromEntries(
        ScheduledUpdateGroupActions.toSorted((a, b) => Number(a.StartTime) - Number(b.StartTime)).map(
          (one) => [one.ScheduledActionName, one.StartTime?.toISOString()],
        ),
      ),
      desired: { before, atTen, stillThere, atSix, nextDay: await desired(scene) },
      ready,
    },
  };
}

/** Nothing takes back what one action did. */
async function once(scene: Scene): Promise<Ending> {
  await scene.aws.client(AutoScalingClient).send(
    new PutScheduledUpdateGroupActionCommand({
      AutoScalingGroupName: GROUP,
      ScheduledActionName: 'once',
      StartTime: new Date(scene.clock.now + HOUR),
      DesiredCapacity: BUSY,
    }),
  );
  await scene.clock.sleep(HOUR - MINUTE);
  const before = await desired(scene);
  await scene.clock.sleep(3 * MINUTE);
  const after = await desired(scene);
  await scene.clock.sleep(20 * HOUR);
  return { ended: 'scaled', facts: { desired: { before, after, later: await desired(scene) } } };
}

export default rehearsal<WebFleet>({
  title: 'Scheduled scaling',
  claim: { id: 'asg/scheduled', verdict: 'holds' },
  limitMs: 48 * HOUR,
  prepare: (scene) =>
    prepareWebFleet(scene, { size: QUIET, codedeploy: false, deregistrationDelaySeconds: 30 }),
  variants: {
    'every working day': {
      run: byTheClock,
      expect: [
        fact('planned', { up: '2026-01-05T10:00:00.000Z', down: '2026-01-05T18:00:00.000Z' }),
        fact('desired', { before: QUIET, atTen: BUSY, stillThere: BUSY, atSix: QUIET, nextDay: BUSY }),
        fact('ready', BUSY),
        availability.atLeast(1),
      ],
    },
    once: {
      run: once,
      expect: [fact('desired', { before: QUIET, after: BUSY, later: BUSY })],
    },
  },
});

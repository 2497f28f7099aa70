// Blue/green with two stacks, an Auto Scaling group with its target group each, behind one load balancer that shares requests
// out by weight. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html

import { availability, deployment, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { create, eventsOf, outputsOf, stackOf, update } from '../cfn/stacks.ts';
import type { TemplateParts } from '../cfn/stacks.ts';
import { answersFor, between, healthyTargets, shareOf, versionsSince } from '../looks.ts';
import type { Series } from '../looks.ts';
import { defaultNetwork } from './foundations.ts';
import type { Network } from './foundations.ts';
import { healthy, MINUTE } from './web-fleet.ts';
import {
  attribute,
  balancer,
  imported,
  listener,
  ref,
  saidOf,
  servers,
  targets,
  userData,
} from './web-stack.ts';
import type { Release } from './web-stack.ts';

const SIZE = 2;
const RATE = 200;
const STEP = 5 * MINUTE;

const V1: Release = { version: 'v1' };
const V2: Release = { version: 'v2' };
const BAD: Release = { version: 'v2-bad', application: ['errors: [{ status: 500, share: 20% }]'] };

interface Stage {
  readonly network: Network;
  readonly host: string;
}

/** What both colours share: the load balancer and the way to the servers. */
function front(network: Network): TemplateParts {
  return {
    Resources: balancer(network),
    Outputs: {
      Host: { Value: attribute('Balancer', 'DNSName') },
      Arn: { Value: ref('Balancer'), Export: { Name: 'front' } },
      Name: { Value: attribute('Balancer', 'LoadBalancerFullName'), Export: { Name: 'front-name' } },
      ServerGroup: { Value: attribute('ServerGroup', 'GroupId'), Export: { Name: 'front-servers' } },
    },
  };
}

/** One colour, with an alarm for more than 10 of its server errors in a minute. */
function fleet(network: Network, colour: string, release: Release): TemplateParts {
  return {
    Resources: {
      ...targets(network),
      ...servers(network, {
        userData: userData(release),
        size: SIZE,
        serverGroup: imported('front-servers'),
      }),
      Errors: {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: {
          Namespace: 'AWS/ApplicationELB',
          MetricName: 'HTTPCode_Target_5XX_Count',
          Dimensions: [
            { Name: 'TargetGroup', Value: attribute('Targets', 'TargetGroupFullName') },
            { Name: 'LoadBalancer', Value: imported('front-name') },
          ],
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 1,
          Threshold: 10,
          ComparisonOperator: 'GreaterThanThreshold',
          TreatMissingData: 'notBreaching',
        },
      },
    },
    Outputs: {
      Targets: { Value: ref('Targets'), Export: { Name: `${colour}-targets` } },
      Alarm: { Value: attribute('Errors', 'Arn') },
    },
  };
}

/** Which colour gets how much. */
function router(blue: number, green: number): TemplateParts {
  return {
    Resources: listener(imported('front'), [
      { arn: imported('blue-targets'), weight: blue },
      { arn: imported('green-targets'), weight: green },
    ]),
  };
}

async function prepare(scene: Scene): Promise<Stage> {
  const network = await defaultNetwork(scene);
  await create(scene, 'front', front(network));
  const { Host: host = '' } = await outputsOf(scene, 'front');
  await create(scene, 'blue', fleet(network, 'blue', V1));
  return { network, host };
}

/** Both colours, and the load that their front gets. */
interface Standing {
  readonly load: string;
  readonly blueTargets: string;
  /** Green's alarm. */
  readonly alarmArn: string;
  /** Targets of green that were healthy before it got a request. */
  readonly greenHealthy: number;
}

/** Green comes to stand beside blue and is found healthy, without a request. */
async function raise(scene: Scene, { network, host }: Stage, release: Release): Promise<Standing> {
  await create(scene, 'green', fleet(network, 'green', release));
  await create(scene, 'router', router(100, 0));
  const { Targets: blueTargets = '' } = await outputsOf(scene, 'blue');
  const { Targets: greenTargets = '', Alarm: alarmArn = '' } = await outputsOf(scene, 'green');
  await healthy(scene, blueTargets, SIZE);
  await healthy(scene, greenTargets, SIZE);
  const to = { host, port: 80, path: '/' };
  const load = scene.traffic.start({ ...to, ratePerSecond: RATE, resolution: 'binned', bucketMs: 1000 });
  const greenHealthy = (await healthyTargets(scene, greenTargets)).length;
  return { load, blueTargets, alarmArn, greenHealthy };
}

/** What came of a change of weights, until the next one. */
interface Step {
  /** When CloudFormation began with the listener, and when it was done with it. */
  readonly begun: number;
  readonly done: number;
  readonly until: number;
  readonly series: Series;
}

/** Changes the weights and looks at the answers for some minutes. */
async function step(scene: Scene, load: string, blue: number, green: number): Promise<Step> {
  const from = scene.clock.now;
  await update(scene, 'router', router(blue, green));
  const [begun = 0, done = 0] = await changesOf(scene, from);
  await scene.clock.sleep(STEP);
  const until = scene.clock.now;
  const series = scene.traffic.measured(load).series.filter(({ at }) => at >= from && at < until);
  return { begun, done, until, series };
}

/** When the listener's changes since then began and ended. */
async function changesOf(scene: Scene, from: number): Promise<number[]> {
  const events = await eventsOf(scene, 'router');
  return events
    .filter(
      ({ LogicalResourceId, Timestamp }) => LogicalResourceId === 'Listener' && Number(Timestamp) >= from,
    )
    .map(({ Timestamp }) => Number(Timestamp));
}

async function shift(scene: Scene, stage: Stage): Promise<Ending> {
  const { load, blueTargets, greenHealthy } = await raise(scene, stage, V2);
  await scene.clock.sleep(MINUTE);
  const before = scene.traffic.measured(load).series;
  const startedAt = scene.clock.now;
  const canary = await step(scene, load, 90, 10);
  const over = await step(scene, load, 0, 100);
  const blueStays = (await healthyTargets(scene, blueTargets)).length;
  const back = await step(scene, load, 100, 0);
  const share = ({ series, done, until }: Step): number => shareOf(series, 'v2', done, until);
  return {
    ended: (await stackOf(scene, 'router'))?.StackStatus ?? '',
    startedAt,
    endedAt: back.done,
    facts: {
      greenHealthy,
      before: versionsSince(before, 0),
      canaryInThousand: share(canary),
      overInThousand: share(over),
      backInThousand: share(back),
      // From when CloudFormation began: requests under way are answered by whoever has them.
      oldAnswersForSeconds: answersFor(over.series, 'v1', over.begun),
      newAnswersForSeconds: answersFor(back.series, 'v2', back.begun),
      blueStays,
    },
  };
}

/** The way to 90 and 10 is watched by green's alarm, and taken back by CloudFormation. */
async function takeBack(scene: Scene, stage: Stage): Promise<Ending> {
  const { load, alarmArn } = await raise(scene, stage, BAD);
  await scene.clock.sleep(MINUTE);
  const startedAt = scene.clock.now;
  const ended = await update(scene, 'router', router(90, 10), {
    RollbackConfiguration: {
      RollbackTriggers: [{ Arn: alarmArn, Type: 'AWS::CloudWatch::Alarm' }],
      MonitoringTimeInMinutes: 10,
    },
  });
  const [begun = 0, , back = 0, done = 0] = await changesOf(scene, startedAt);
  await scene.clock.sleep(STEP);
  const said = await saidOf(scene, 'router', 'router', startedAt);
  const { series } = scene.traffic.measured(load);
  return {
    ended,
    startedAt,
    endedAt: done,
    badVersion: 'v2-bad',
    facts: {
      canaryInThousand: shareOf(series, 'v2-bad', begun + 5000, back),
      becauseOfTheAlarm: said
        .find((one) => one.startsWith('UPDATE_ROLLBACK_IN_PROGRESS'))
        ?.includes('entered ALARM'),
      servedForSeconds: answersFor(series, 'v2-bad', begun),
      badAnswersForSeconds: answersFor(series, 'v2-bad', back),
      versionsAfter: versionsSince(series, done),
    },
  };
}

export default rehearsal<Stage>({
  title: 'Blue/green by the weights of target groups',
  claim: { id: 'deploy/blue-green-weights', verdict: 'holds' },
  prepare,
  variants: {
    'a good version': {
      run: shift,
      expect: [
        deployment.endedAs('UPDATE_COMPLETE'),
        fact('greenHealthy', SIZE),
        fact('before', ['v1']),
        between('canaryInThousand', 95, 105),
        fact('overInThousand', 1000),
        fact('backInThousand', 0),
        between('oldAnswersForSeconds', 0, 5),
        between('newAnswersForSeconds', 0, 5),
        fact('blueStays', SIZE),
        availability.atLeast(1),
      ],
    },
    'a bad version': {
      run: takeBack,
      expect: [
        deployment.endedAs('UPDATE_ROLLBACK_COMPLETE'),
        between('canaryInThousand', 80, 120),
        fact('becauseOfTheAlarm', true),
        between('servedForSeconds', 30, 180),
        between('badAnswersForSeconds', 0, 5),
        fact('versionsAfter', ['v1']),
        availability.atLeast(0.98),
        availability.below(1),
      ],
    },
  },
});

// What happens to each instance of a rolling deployment, and when: out of traffic, deployed to, back into traffic.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html

import { availability, capacity, deployment, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import {
  alongside,
  coursesOf,
  eventOf,
  inSequence,
  mostAtOnce,
  spanOf,
  targetHealth,
  targetsOf,
} from '../looks.ts';
import type { TargetLook } from '../looks.ts';
import { deploy, finished, MINUTE, prepareWebFleet, serve, updateDeploymentGroup } from './web-fleet.ts';
import type { WebFleet } from './web-fleet.ts';

const DELAY_SECONDS = 30;
const SAMPLE_MS = 2000;

const APPLICATION_EVENTS = [
  'ApplicationStop',
  'DownloadBundle',
  'BeforeInstall',
  'Install',
  'AfterInstall',
  'ApplicationStart',
  'ValidateService',
];
const WITH_TRAFFIC = [
  'BeforeBlockTraffic',
  'BlockTraffic',
  'AfterBlockTraffic',
  ...APPLICATION_EVENTS,
  'BeforeAllowTraffic',
  'AllowTraffic',
  'AfterAllowTraffic',
];

interface Sample {
  at: number;
  /** State by instance; a target that is not registered has none. */
  seen: ReadonlyMap<string, string>;
}

async function release(
  scene: Scene,
  fleet: WebFleet,
): Promise<Ending & { targets: TargetLook[]; samples: Sample[] }> {
  serve(scene, fleet);
  await scene.clock.sleep(MINUTE);
  const states = async (): Promise<Map<string, string>> => {
    const all = await targetHealth(scene, fleet.targetGroupArn);
    return new Map([...all].map(([id, { State = '' }]) => [id, State]));
  };
  const { result, samples } = await alongside(scene, SAMPLE_MS, states, async () => {
    const { deploymentId } = await deploy(scene, 'v2');
    return finished(scene, deploymentId);
  });
  const deploymentId = result.deploymentId ?? '';
  await scene.clock.sleep(MINUTE);
  const targets = await targetsOf(scene, deploymentId);
  return { ended: result.status ?? '', deploymentIds: [deploymentId], targets, samples };
}

/** States of an instance at the load balancer while it went from the end of one event to the start of another. */
function between(target: TargetLook, samples: readonly Sample[], [from, to]: [string, string]): string[] {
  const [after, before] = [eventOf(target, from).endedAt, eventOf(target, to).startedAt];
  const seen = samples.filter(({ at }) => at > after && at < before);
  return [...new Set(seen.map((one) => one.seen.get(target.instanceId) ?? 'not registered'))];
}

async function inAndOut(scene: Scene, fleet: WebFleet): Promise<Ending> {
  const { targets, samples, ...ending } = await release(scene, fleet);
  const byStart = targets.toSorted((a, b) => spanOf(a)[0] - spanOf(b)[0]);
  const drainsMs = targets.map((target) => {
    const { startedAt, endedAt } = eventOf(target, 'BlockTraffic');
    return endedAt - startedAt;
  });
  const late = samples.filter(({ at }) =>
    targets.some((target) => at >= eventOf(target, 'AllowTraffic').endedAt),
  );
  return {
    ...ending,
    facts: {
      courses: coursesOf(targets),
      inSequence: inSequence(targets),
      mostAtOnce: mostAtOnce(targets),
      oneAfterTheOther: byStart.every((target, index) => {
        const before = byStart[index - 1];
        return !before || spanOf(before)[1] <= spanOf(target)[0];
      }),
      drainedForSeconds: drainsMs.map((ms) => Math.floor(ms / 1000)),
      whileDeployedTo: [
        ...new Set(targets.flatMap((target) => between(target, samples, ['BlockTraffic', 'AllowTraffic']))),
      ],
      healthyAfterAllowTraffic: targets.every((target) =>
        late.every(
          ({ at, seen }) =>
            at <= eventOf(target, 'AllowTraffic').endedAt || seen.get(target.instanceId) === 'healthy',
        ),
      ),
      fewestHealthy: Math.min(
        ...samples.map(({ seen }) => [...seen.values()].filter((state) => state === 'healthy').length),
      ),
    },
  };
}

async function inTrafficThroughout(scene: Scene, fleet: WebFleet): Promise<Ending> {
  await updateDeploymentGroup(scene, {
    deploymentStyle: { deploymentType: 'IN_PLACE', deploymentOption: 'WITHOUT_TRAFFIC_CONTROL' },
  });
  const { targets, samples, ...ending } = await release(scene, fleet);
  return {
    ...ending,
    facts: {
      courses: coursesOf(targets),
      mostAtOnce: mostAtOnce(targets),
      everUnregistered: samples.some(
        ({ seen }) => [...seen.values()].length < fleet.size || [...seen.values()].includes('draining'),
      ),
    },
  };
}

function course(names: readonly string[]): string[] {
  return [names.map((name) => `${name} Succeeded`).join(', ')];
}

const FOUND =
  'so it is where the deployment group has a load balancer (WITH_TRAFFIC_CONTROL); without one CodeDeploy deploys to n ' +
  'instances at a time while requests still reach them';

export default rehearsal<WebFleet>({
  title: 'The order of a rolling deployment',
  claim: {
    id: 'deploy/rolling-order',
    verdict: `corrected: ${FOUND}`,
  },
  prepare: (scene) => prepareWebFleet(scene, { size: 3, deregistrationDelaySeconds: DELAY_SECONDS }),
  variants: {
    'with a load balancer': {
      run: inAndOut,
      expect: [
        deployment.endedAs('Succeeded'),
        fact('courses', course(WITH_TRAFFIC)),
        fact('inSequence', true),
        fact('mostAtOnce', 1),
        fact('oneAfterTheOther', true),
        fact('drainedForSeconds', [DELAY_SECONDS, DELAY_SECONDS, DELAY_SECONDS]),
        fact('whileDeployedTo', ['not registered']),
        fact('healthyAfterAllowTraffic', true),
        fact('fewestHealthy', 2),
        capacity.exactly(2),
        availability.atLeast(1),
      ],
    },
    'without traffic control': {
      run: inTrafficThroughout,
      expect: [
        deployment.endedAs('Succeeded'),
        fact('courses', course(APPLICATION_EVENTS)),
        fact('mostAtOnce', 1),
        fact('everUnregistered', false),
        availability.below(1),
      ],
    },
  },
});

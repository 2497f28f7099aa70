// The original Auto Scaling group after a blue/green deployment: kept for a while, until the user says so, or for good.
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BlueInstanceTerminationOption.html

import {
  CodeDeployClient,
  ContinueDeploymentCommand,
  GetDeploymentCommand,
} from '@aws-sdk/client-codedeploy';
import { availability, deployment, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import {
  autoScalingGroup,
  eventOf,
  instanceStates,
  memberStates,
  targetHealth,
  targetsOf,
} from '../looks.ts';
import { blueGreen } from './blue-green.ts';
import { deploy, finished, MINUTE, prepareWebFleet, serve } from './web-fleet.ts';
import type { WebFleet } from './web-fleet.ts';

const WAIT_MINUTES = 60;

/** Deploys until traffic has left the original instances. Returns when that was. */
async function untilBlocked(
  scene: Scene,
  fleet: WebFleet,
): Promise<{ deploymentId: string; blockedAt: number }> {
  serve(scene, fleet);
  const { deploymentId } = await deploy(scene, 'v2', { deploymentConfigName: 'CodeDeployDefault.AllAtOnce' });
  const blockedAt = await scene.clock.until(
    async () => {
      const blue = (await targetsOf(scene, deploymentId)).filter(({ label }) => label === 'Blue');
      const ends = blue.map((one) => eventOf(one, 'AfterBlockTraffic').endedAt);
      return ends.length > 0 && ends.every((at) => at > 0) ? Math.max(...ends) : undefined;
    },
    { within: 60 * MINUTE, what: 'Traffic leaving the original instances' },
  );
  return { deploymentId, blockedAt };
}

/** What there is of the original environment now. */
async function original(scene: Scene, fleet: WebFleet, ids: string[]): Promise<Record<string, unknown>> {
  const health = await targetHealth(scene, fleet.targetGroupArn);
  return {
    group: (await autoScalingGroup(scene)) ? 'there' : 'deleted',
    instances: [...new Set(await instanceStates(scene, ids))],
    registered: ids.filter((id) => health.has(id)).length,
  };
}

async function status(scene: Scene, deploymentId: string): Promise<string | undefined> {
  const { deploymentInfo } = await scene.aws
    .client(CodeDeployClient)
    .send(new GetDeploymentCommand({ deploymentId }));
  return deploymentInfo?.status;
}

async function terminateLater(scene: Scene, fleet: WebFleet): Promise<Ending> {
  const ids = [...(await memberStates(scene)).keys()];
  await blueGreen(scene, { action: 'TERMINATE', terminationWaitTimeInMinutes: WAIT_MINUTES });
  const { deploymentId, blockedAt } = await untilBlocked(scene, fleet);
  await scene.clock.sleep(blockedAt + WAIT_MINUTES * MINUTE - 30_000 - scene.clock.now);
  const during = { status: await status(scene, deploymentId), ...(await original(scene, fleet, ids)) };
  const ended = await finished(scene, deploymentId);
  await scene.clock.sleep(5 * MINUTE);
  return {
    ended: ended.status ?? '',
    deploymentIds: [deploymentId],
    facts: {
      during,
      keptMinutes: Math.floor((Number(ended.completeTime) - blockedAt) / MINUTE),
      after: await original(scene, fleet, ids),
    },
  };
}

async function terminateEarlier(scene: Scene, fleet: WebFleet): Promise<Ending> {
  const ids = [...(await memberStates(scene)).keys()];
  await blueGreen(scene, { action: 'TERMINATE', terminationWaitTimeInMinutes: WAIT_MINUTES });
  const { deploymentId, blockedAt } = await untilBlocked(scene, fleet);
  await scene.clock.sleep(10 * MINUTE);
  const waits = await scene.aws
    .client(CodeDeployClient)
    .send(new ContinueDeploymentCommand({ deploymentId, deploymentWaitType: 'TERMINATION_WAIT' }))
    .then(
      () => true,
      () => false,
    );
  const ended = await finished(scene, deploymentId);
  await scene.clock.sleep(5 * MINUTE);
  return {
    ended: ended.status ?? '',
    deploymentIds: [deploymentId],
    facts: {
      waits,
      keptForTheWait: Number(ended.completeTime) - blockedAt >= WAIT_MINUTES * MINUTE,
      after: await original(scene, fleet, ids),
    },
  };
}

async function keep(scene: Scene, fleet: WebFleet): Promise<Ending> {
  const ids = [...(await memberStates(scene)).keys()];
  await blueGreen(scene, { action: 'KEEP_ALIVE' });
  const { deploymentId } = await untilBlocked(scene, fleet);
  const ended = await finished(scene, deploymentId);
  await scene.clock.sleep(2 * WAIT_MINUTES * MINUTE);
  return {
    ended: ended.status ?? '',
    deploymentIds: [deploymentId],
    facts: { after: await original(scene, fleet, ids) },
  };
}

/** AWS takes waits of up to two days. */
async function longestWait(scene: Scene): Promise<Ending> {
  const asked = async (terminationWaitTimeInMinutes: number): Promise<string> =>
    blueGreen(scene, { action: 'TERMINATE', terminationWaitTimeInMinutes }).then(
      () => 'taken',
      (error: Error) => error.name,
    );
  return { ended: 'asked', facts: { twoDays: await asked(2880), more: await asked(2881) } };
}

const kept = { group: 'there', instances: ['running'], registered: 0 };
const gone = { group: 'deleted', instances: ['terminated'], registered: 0 };

export default rehearsal<WebFleet>({
  title: 'The original Auto Scaling group after a blue/green deployment',
  claim: { id: 'deploy/delayed-termination', verdict: 'holds' },
  prepare: (scene) => prepareWebFleet(scene, { size: 2, deregistrationDelaySeconds: 30 }),
  variants: {
    'after an hour': {
      run: terminateLater,
      expect: [
        deployment.endedAs('Succeeded'),
        fact('during', { status: 'InProgress', ...kept }),
        fact('keptMinutes', WAIT_MINUTES),
        fact('after', gone),
        availability.atLeast(1),
      ],
    },
    'when told to': {
      run: terminateEarlier,
      expect: [
        deployment.endedAs('Succeeded'),
        fact('waits', true),
        fact('keptForTheWait', false),
        fact('after', gone),
      ],
    },
    never: {
      run: keep,
      expect: [deployment.endedAs('Succeeded'), fact('after', kept), availability.atLeast(1)],
    },
    'at most two days': {
      run: longestWait,
      expect: [fact('twoDays', 'taken'), fact('more', 'InvalidBlueGreenDeploymentConfigurationException')],
    },
  },
});

// A release that is subtly bad, an alarm on its errors, and what CodeDeploy makes of it.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html

import { capacity, expectation, fact, rehearsal } from 'sandtable';
import type { DeploymentInfo } from '@aws-sdk/client-codedeploy';
import type { Ending, Scene } from 'sandtable';
import { deploymentsOf, targetsOf, versionsSince } from '../looks.ts';
import {
  ALARM,
  deploy,
  finished,
  MINUTE,
  prepareWebFleet,
  serve,
  updateDeploymentGroup,
} from './web-fleet.ts';
import type { WebFleet } from './web-fleet.ts';

const SIZE = 4;
/** Requests a second: an instance of the bad version fails some of them from 40 on. */
const RATE = 320;

const alarmMessage =
  'One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments ' +
  `have been stopped. Activated alarms: <${ALARM}>`;

async function release(scene: Scene, fleet: WebFleet, rollsBack: boolean): Promise<Ending> {
  await updateDeploymentGroup(scene, {
    alarmConfiguration: { enabled: true, alarms: [{ name: ALARM }] },
    autoRollbackConfiguration: {
      enabled: true,
      events: [rollsBack ? 'DEPLOYMENT_STOP_ON_ALARM' : 'DEPLOYMENT_FAILURE'],
    },
  });
  const load = serve(scene, fleet, RATE);
  await scene.clock.sleep(2 * MINUTE);
  const { deploymentId: bad } = await deploy(scene, 'v2-bad');
  const stopped = await finished(scene, bad);
  const rollbackId = stopped.rollbackInfo?.rollbackDeploymentId;
  const rollback = rollbackId === undefined ? undefined : await finished(scene, rollbackId);
  await scene.clock.sleep(15 * MINUTE);
  const all = await deploymentsOf(scene);
  return {
    ended: rollback ? `${stopped.status}, rolled back` : (stopped.status ?? ''),
    startedAt: Number(stopped.createTime),
    endedAt: Number((rollback ?? stopped).completeTime),
    deploymentIds: [bad, ...(rollbackId === undefined ? [] : [rollbackId])],
    badVersion: 'v2-bad',
    facts: {
      error: stopped.errorInformation,
      attempted: (await targetsOf(scene, bad)).filter(({ status }) => status !== 'Skipped').length,
      rollbackMessage: plain(stopped.rollbackInfo?.rollbackMessage, bad, rollbackId),
      rollback: rollback && described(rollback, bad, rollbackId),
      deploymentsAfter: all.filter((one) => Number(one.createTime) > Number(stopped.createTime)).length,
      versionsAfter: versionsSince(scene.traffic.measured(load).series, scene.clock.now - 5 * MINUTE),
    },
  };
}

function described(info: DeploymentInfo, bad: string, id: string | undefined): Record<string, unknown> {
  return {
    creator: info.creator,
    status: info.status,
    revision: info.revision?.s3Location?.key,
    message: plain(info.rollbackInfo?.rollbackMessage, bad, id),
    triggeredBy: info.rollbackInfo?.rollbackTriggeringDeploymentId === bad,
  };
}

/** A message with the ids, which the seed decides, replaced. */
function plain(message: string | undefined, bad: string, rollback: string | undefined): string | undefined {
  return message?.replaceAll(bad, 'BAD').replaceAll(rollback ?? '-', 'ROLLBACK');
}

const FOUND =
  'the alarm does not fail the deployment, it stops it (Stopped, ALARM_ACTIVE); where the group says ' +
  'DEPLOYMENT_STOP_ON_ALARM, the rollback is a new deployment of the last good revision (Elastic Beanstalk is not rehearsed here)';

export default rehearsal<WebFleet>({
  title: 'Rollback by an alarm',
  claim: { id: 'deploy/rollback-by-alarm', verdict: `corrected: ${FOUND}` },
  prepare: (scene) => prepareWebFleet(scene, { size: SIZE, deregistrationDelaySeconds: 120 }),
  expect: [
    fact('error', { code: 'ALARM_ACTIVE', message: alarmMessage }),
    expectation('only the bad version failed', ({ measurement }) => {
      const { failed = 0, byVersion = {} } = measurement ?? {};
      const bad = byVersion['v2-bad']?.failed ?? 0;
      return { passed: bad > 0 && failed === bad, found: `${bad} of ${failed} failures` };
    }),
    expectation('it was stopped before all instances had it', ({ facts }) => ({
      passed: Number(facts['attempted']) < SIZE,
      found: `${String(facts['attempted'])} of ${SIZE}`,
    })),
  ],
  variants: {
    'with rollback': {
      run: (scene, fleet) => release(scene, fleet, true),
      expect: [
        expectation('it ends as Stopped, rolled back', ({ ended }) => ({
          passed: ended === 'Stopped, rolled back',
          found: ended,
        })),
        fact(
          'rollbackMessage',
          'Deployment BAD terminated. Automatic rollback is triggered with a DeploymentId ROLLBACK.',
        ),
        fact('rollback', {
          creator: 'codeDeployRollback',
          status: 'Succeeded',
          revision: 'v1.zip',
          message: 'Deployment ROLLBACK is triggered to roll back deployment BAD.',
          triggeredBy: true,
        }),
        // The instance that was under way when the deployment was stopped, and the one that is rolled back.
        capacity.atLeast(SIZE - 2),
        fact('deploymentsAfter', 1),
        fact('versionsAfter', ['v1']),
      ],
    },
    'without rollback': {
      run: (scene, fleet) => release(scene, fleet, false),
      expect: [
        expectation('it ends as Stopped', ({ ended }) => ({ passed: ended === 'Stopped', found: ended })),
        capacity.exactly(SIZE - 1),
        fact('deploymentsAfter', 0),
        fact('versionsAfter', ['v1', 'v2-bad']),
      ],
    },
  },
});

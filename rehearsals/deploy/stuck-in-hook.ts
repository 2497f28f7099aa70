// A lifecycle event that does not go well, on the only instance of a fleet: what is at fault decides how long it takes.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html

import { deployment, fact, rehearsal } from 'sandtable';
import type { Ending, Scene, Variant } from 'sandtable';
import { TerminateInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { targetsOf } from '../looks.ts';
import { deploy, finished, MINUTE, prepareWebFleet, upload } from './web-fleet.ts';
import type { WebFleet } from './web-fleet.ts';

const HOUR_SECONDS = 3600;
const SCRIPT = 'scripts/before-install.sh';

/** Version 2 with another BeforeInstall script; `timeout` in seconds where appspec.yml gives one. */
function revision(manifest: string, timeout: number | undefined): Record<string, string> {
  return {
    'appspec.yml': `version: 0.0
os: linux
files:
  - source: app
    destination: /srv/web
hooks:
  BeforeInstall:
    - location: ${SCRIPT}
${timeout === undefined ? '' : `      timeout: ${timeout}\n`}  ApplicationStart:
    - location: scripts/start.sh
`,
    'sandtable.yml': `version: v2
application: { port: 8080, start: 1s }
hooks:
  ${SCRIPT}: ${manifest}
`,
  };
}

interface Fault {
  /** What sandtable.yml says of the script. */
  readonly script: string;
  readonly timeout?: number;
  /** What happens while the script runs. */
  readonly meanwhile?: (scene: Scene, instanceId: string) => Promise<void>;
}

async function release(scene: Scene, { script, timeout, meanwhile }: Fault): Promise<Ending> {
  await upload(scene, 'v2', 'v2', revision(script, timeout));
  const { deploymentId } = await deploy(scene, 'v2');
  if (meanwhile) {
    const instanceId = await scene.clock.until(() => runningOn(scene, deploymentId), {
      within: 10 * MINUTE,
      every: 1000,
      what: 'The script',
    });
    await meanwhile(scene, instanceId);
  }
  const ended = await finished(scene, deploymentId, 5 * MINUTE);
  const [target] = await targetsOf(scene, deploymentId);
  const events = target?.events ?? [];
  const failed = events.find((event) => event.status === 'Failed');
  return {
    ended: ended.status ?? '',
    deploymentIds: [deploymentId],
    facts: {
      error: ended.errorInformation?.code,
      event: failed && `${failed.name}: ${failed.errorCode}`,
      message: failed?.message,
      seconds: failed && Math.round((failed.endedAt - failed.startedAt) / 1000),
      afterwards: [
        ...new Set(events.slice(events.findIndex((one) => one === failed) + 1).map(({ status }) => status)),
      ],
      instance: target?.status,
    },
  };
}

async function runningOn(scene: Scene, deploymentId: string): Promise<string | undefined> {
  const targets = await targetsOf(scene, deploymentId);
  return targets.find(({ events }) =>
    events.some((one) => one.name === 'BeforeInstall' && one.status === 'InProgress'),
  )?.instanceId;
}

function failsAfter(fault: Fault, seconds: number, errorCode: string, message?: string): Variant<WebFleet> {
  return {
    run: (scene) => release(scene, fault),
    expect: [
      fact('event', `BeforeInstall: ${errorCode}`),
      fact('seconds', seconds),
      // AWS does not say how it puts an event that was never completed.
      ...(message === undefined ? [] : [fact('message', message)]),
    ],
  };
}

const FOUND =
  'a script that exits with anything but 0 fails the event at once; an hour passes where the script does not end (its timeout is ' +
  '3600 s by default), where a process that it left behind keeps its output open, or where the agent or the instance dies meanwhile';

export default rehearsal<WebFleet>({
  title: 'A lifecycle event that does not end',
  claim: { id: 'deploy/stuck-in-hook', verdict: `corrected: ${FOUND}` },
  prepare: (scene) => prepareWebFleet(scene, { size: 1, deregistrationDelaySeconds: 0 }),
  expect: [
    deployment.endedAs('Failed'),
    fact('error', 'HEALTH_CONSTRAINTS'),
    fact('instance', 'Failed'),
    fact('afterwards', ['Skipped']),
  ],
  variants: {
    'the script fails': failsAfter(
      { script: '{ seconds: 2, exit: 1, stderr: no node here }' },
      2,
      'ScriptFailed',
      `Script at specified location: ${SCRIPT} failed with exit code 1`,
    ),
    'the script hangs': failsAfter(
      { script: '{ hangs: true }' },
      HOUR_SECONDS,
      'ScriptTimedOut',
      `Script at specified location: ${SCRIPT} failed to complete in 3600 seconds`,
    ),
    'the script hangs and has a timeout': failsAfter(
      { script: '{ hangs: true }', timeout: 60 },
      60,
      'ScriptTimedOut',
      `Script at specified location: ${SCRIPT} failed to complete in 60 seconds`,
    ),
    'a process keeps the output open': failsAfter(
      { script: '{ seconds: 2, keepsOutputOpen: true }' },
      HOUR_SECONDS,
      'UnknownError',
      `Script at specified location: ${SCRIPT} failed to close STDOUT`,
    ),
    'the agent dies': failsAfter(
      {
        script: '{ seconds: 30 }',
        timeout: 60,
        meanwhile: async (scene, instanceId) => void scene.inject.begin({ kind: 'agent-death', instanceId }),
      },
      HOUR_SECONDS,
      'UnknownError',
    ),
    'the instance is terminated': failsAfter(
      {
        script: '{ seconds: 30 }',
        timeout: 60,
        meanwhile: async (scene, instanceId) =>
          void (await scene.aws
            .client(EC2Client)
            .send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }))),
      },
      HOUR_SECONDS,
      'UnknownError',
    ),
  },
});

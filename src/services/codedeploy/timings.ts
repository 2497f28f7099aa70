// How long CodeDeploy takes and waits. Limits that AWS states as numbers are here too, so that tests can name them.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

const GUIDE = 'https://docs.aws.amazon.com/codedeploy/latest/userguide';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** From CreateDeployment to the first look at the instances. */
export const deploymentStart: Timing = timing(
  'codedeploy/deployment-start',
  [1000, 3000],
  'assumed',
  'AWS publishes no figure; deployments show Created for a few seconds',
);

/** How long an agent's poll is kept when there is nothing to do; its client gives up after 80 s. */
export const pollHold: Timing = timing(
  'codedeploy/poll-hold',
  45_000,
  'observed',
  'https://github.com/aws/aws-codedeploy-agent/issues/402 (a poll answered after 45.4 s)',
  45_000,
);

/** From the end of one lifecycle event to the next one being handed out. */
export const eventHandover: Timing = timing(
  'codedeploy/event-handover',
  [100, 1000],
  'assumed',
  'AWS publishes no figure; lifecycle events follow each other within about a second',
);

/** An event that no agent has begun by then fails. */
export const eventStart: Timing = timing(
  'codedeploy/event-start-timeout',
  5 * MINUTE,
  'documented',
  `${GUIDE}/troubleshooting-ec2-instances.html`,
  5 * MINUTE,
);

/** The same for the first event on an instance that has just been launched: it still has to boot. */
export const launchStart: Timing = timing(
  'codedeploy/launch-start-timeout',
  HOUR,
  'documented',
  `${GUIDE}/limits.html`,
  HOUR,
);

/** An event that has begun and is not complete by then fails. */
export const eventEnd: Timing = timing(
  'codedeploy/event-timeout',
  HOUR,
  'documented',
  `${GUIDE}/reference-appspec-file-structure-hooks.html`,
  HOUR,
);

/** How long AllowTraffic waits for the load balancer to find the instance healthy. */
export const allowTraffic: Timing = timing(
  'codedeploy/allow-traffic-timeout',
  HOUR,
  'documented',
  `${GUIDE}/troubleshooting-deployments.html`,
  HOUR,
);

/** Total of an in-place deployment. */
export const inPlaceTotal: Timing = timing(
  'codedeploy/in-place-timeout',
  12 * HOUR,
  'documented',
  `${GUIDE}/limits.html`,
  12 * HOUR,
);

/** Total of a blue/green deployment: 48 h to the shift of traffic, 48 h to termination, and what lies between. */
export const blueGreenTotal: Timing = timing(
  'codedeploy/blue-green-timeout',
  109 * HOUR,
  'documented',
  `${GUIDE}/limits.html`,
  109 * HOUR,
);

/** A function behind a lifecycle event tells how it ended by then. */
export const hookEnd: Timing = timing(
  'codedeploy/hook-timeout',
  HOUR,
  'documented',
  `${GUIDE}/reference-appspec-file-structure-hooks.html#appspec-hooks-lambda`,
  HOUR,
);

/** Total of a deployment of a function. */
export const lambdaTotal: Timing = timing(
  'codedeploy/lambda-timeout',
  50 * HOUR,
  'documented',
  `${GUIDE}/limits.html`,
  50 * HOUR,
);

/** How often CodeDeploy looks at a replacement Auto Scaling group while its instances come into service. */
export const provisioningLook: Timing = timing(
  'codedeploy/provisioning-look',
  5000,
  'assumed',
  'AWS publishes no figure',
);

/** From an alarm's change to CodeDeploy acting on it. */
export const alarmNotice: Timing = timing(
  'codedeploy/alarm-notice',
  [5000, 20_000],
  'observed',
  'deployments were stopped within 16 to 23 s of the alarm',
);

/** How often CodeDeploy tells Auto Scaling that it is still deploying to a new instance. */
export const heartbeat: Timing = timing(
  'codedeploy/lifecycle-heartbeat',
  5 * MINUTE,
  'documented',
  `${GUIDE}/integrations-aws-auto-scaling.html`,
  5 * MINUTE,
);

export const LIMITS = {
  instancesPerDeployment: 1000,
  autoScalingGroups: 10,
  alarms: 10,
  triggers: 10,
  tagFilters: 10,
  tagSets: 3,
  description: 256,
  batch: 100,
  revisionBatch: 25,
  targetBatch: 25,
  customConfigs: 50,
  onPremisesTags: 10,
  waitMinutes: 2880,
  shiftMinutes: 2880,
  shiftPercent: 99,
} as const;

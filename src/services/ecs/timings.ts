// How long Amazon ECS and Fargate take.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

const LIFECYCLE =
  'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html';

export const reaction: Timing = timing(
  'ecs/reaction',
  [2_000, 6_000],
  'assumed',
  'Service events show tasks started a few seconds after a change; AWS publishes no figure',
);

export const provision: Timing = timing(
  'ecs/provision',
  [8_000, 15_000],
  'assumed',
  `Fargate finds capacity and attaches a network interface; AWS publishes no figure. ${LIFECYCLE}`,
);

export const fargatePull: Timing = timing(
  'ecs/fargate-pull',
  [8_000, 20_000],
  'assumed',
  'Fargate keeps no images, so that each task pulls its own; it depends on their sizes',
);

export const instancePull: Timing = timing(
  'ecs/instance-pull',
  [3_000, 10_000],
  'assumed',
  'Of a container instance, which may have some layers already; it depends on the sizes',
);

export const pullFailure: Timing = timing(
  'ecs/pull-failure',
  [30_000, 60_000],
  'assumed',
  'Pulling an image is tried again some times before the task stops; AWS publishes no figure',
);

export const activation: Timing = timing(
  'ecs/activation',
  [1_000, 3_000],
  'assumed',
  `Registration with target groups; AWS publishes no figure. ${LIFECYCLE}`,
);

export const deprovision: Timing = timing(
  'ecs/deprovision',
  [5_000, 15_000],
  'assumed',
  `The network interface is detached and deleted; AWS publishes no figure. ${LIFECYCLE}`,
);

export const agentReport: Timing = timing(
  'ecs/agent-report',
  [500, 1_500],
  'assumed',
  'The agent tells of a container that has ended; AWS publishes no figure',
);

/** Where neither a load balancer nor a health check says more. */
export const steadyTask: Timing = timing(
  'ecs/steady-task',
  40_000,
  'documented',
  'A task is healthy that has been RUNNING for 40 seconds: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html',
);

export const alarmBake: Timing = timing(
  'ecs/alarm-bake',
  300_000,
  'assumed',
  'ECS computes how long it watches alarms after a rolling deployment from their settings: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html',
);

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html: stopTimeout */
export const STOP_TIMEOUT_SECONDS = 30;
/** Stopped tasks are shown for an hour: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html */
export const SHOWN_STOPPED_MS = 3_600_000;
/**
 * Waits between attempts to start tasks that keep failing; only the longest is published.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
 */
export const FIRST_THROTTLE_MS = 60_000;
export const LONGEST_THROTTLE_MS = 900_000;
/** Fewer failures in a row are no pattern. */
export const THROTTLED_FROM = 2;
/** A service keeps its last 100 events. */
export const EVENTS_KEPT = 100;

// A rolling deployment of Amazon ECS under traffic: a good version loses no request, one that fails its health checks is taken
// back by the circuit breaker, and one that is healthy and fails goes through, because nothing watches its answers.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html

import { availability, capacity, deployment, expectation, fact, rehearsal } from 'sandtable';
import type { Ending, Scene, Variant } from 'sandtable';
import { healthyTargets, versionsSince } from '../looks.ts';
import { MINUTE } from '../deploy/web-fleet.ts';
import type { Release } from '../deploy/web-stack.ts';
import { raise, release, said, serviceOf, stable } from './web-tasks.ts';
import type { WebTasks } from './web-tasks.ts';

const SIZE = 4;
const RATE = 200;

const GOOD: Release = { version: 'v2' };
const UNHEALTHY: Release = { version: 'v2', application: ['errors: [{ status: 500, share: 100% }]'] };

interface Course {
  readonly next: Release;
  readonly minimumHealthyPercent?: number;
}

async function roll(scene: Scene, { host, targets }: WebTasks, course: Course): Promise<Ending> {
  const to = { host, port: 80, path: '/' };
  const load = scene.traffic.start({ ...to, ratePerSecond: RATE, resolution: 'binned', bucketMs: 1000 });
  await scene.clock.sleep(MINUTE);
  const before = (await serviceOf(scene))?.taskDefinition;
  const startedAt = scene.clock.now;
  const { minimumHealthyPercent = 100 } = course;
  await release(scene, course.next, {
    deploymentConfiguration: { minimumHealthyPercent, maximumPercent: 200 },
  });
  const service = await stable(scene, 60 * MINUTE);
  const endedAt = scene.clock.now;
  await scene.clock.sleep(MINUTE);
  const messages = await said(scene, startedAt);
  return {
    ended: service.taskDefinition === before ? 'rolled back' : 'completed',
    startedAt,
    endedAt,
    facts: {
      failed: messages.includes('(deployment ecs-svc/N) deployment failed: tasks failed to start.'),
      rolledBack: messages.includes('rolling back to deployment ecs-svc/N.'),
      last: messages.at(-1),
      healthy: (await healthyTargets(scene, targets)).length,
      versionsAfter: versionsSince(scene.traffic.measured(load).series, endedAt),
    },
  };
}

const variant = (course: Course, expect: Variant<WebTasks>['expect']): Variant<WebTasks> => ({
  run: (scene, stage) => roll(scene, stage, course),
  ...(expect ? { expect } : {}),
});

const noRequestFails = [
  availability.atLeast(1),
  expectation('no request fails', ({ measurement }) => ({
    passed: measurement?.failed === 0,
    found: String(measurement?.failed),
  })),
];

export default rehearsal<WebTasks>({
  title: 'Rolling deployments of Amazon ECS',
  prepare: (scene) => raise(scene, { version: 'v1' }, SIZE),
  expect: [fact('healthy', SIZE), fact('last', 'has reached a steady state.')],
  variants: {
    'a good version': variant({ next: GOOD }, [
      deployment.endedAs('completed'),
      fact('failed', false),
      fact('versionsAfter', ['v2']),
      capacity.atLeast(SIZE),
      ...noRequestFails,
    ]),
    'half of the tasks at a time': variant({ next: GOOD, minimumHealthyPercent: 50 }, [
      deployment.endedAs('completed'),
      capacity.exactly(SIZE / 2),
      ...noRequestFails,
    ]),
    'a version that fails its health checks': variant(
      { next: { version: 'v2', application: ['health: { path: /health, status: 500 }'] } },
      [
        deployment.endedAs('rolled back'),
        fact('failed', true),
        fact('rolledBack', true),
        fact('versionsAfter', ['v1']),
        capacity.atLeast(SIZE),
        ...noRequestFails,
      ],
    ),
    'a version that is healthy and fails': variant({ next: UNHEALTHY }, [
      deployment.endedAs('completed'),
      fact('failed', false),
      fact('versionsAfter', ['v2']),
      availability.below(1),
    ]),
  },
});

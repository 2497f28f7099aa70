// Starting the tasks of a service.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Tags } from '#cloud/tags.ts';
import { tellService } from '../events.ts';
import { clusters, containerInstances, services, taskDefinitions, tasks } from '../tables.ts';
import type { Deployment, Service, StrategyItem, Task } from '../tables.ts';
import { launch, NO_CAPACITY } from '../tasks/launch.ts';
import type { Failure, Launched } from '../tasks/launch.ts';
import { isLive } from '../tasks/task-changes.ts';
import { FIRST_THROTTLE_MS } from '../timings.ts';
import { addEvent } from './service-events.ts';

const GUIDE = 'For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.';

/** Starts so many tasks. Returns when to try again those for which there was no place. */
export function startTasks(
  ctx: Ctx,
  service: Service,
  deployment: Deployment,
  count: number,
): number | undefined {
  const started: string[] = [];
  let failures: readonly Failure[] | undefined;
  for (let i = 0; i < count && !failures; i += 1) {
    const made = startTask(ctx, service, deployment);
    if ('failures' in made) failures = made.failures;
    else started.push(made.task.id);
  }
  if (started.length > 0) {
    const names = started.map((id) => `(task ${id})`).join(' ');
    addEvent(ctx, service.key, `has started ${started.length} tasks: ${names}.`);
  }
  if (!failures) return undefined;
  tellObstacle(ctx, service, failures);
  return ctx.now + FIRST_THROTTLE_MS;
}

function startTask(ctx: Ctx, service: Service, deployment: Deployment): Launched {
  const definition = ctx.get(taskDefinitions, deployment.taskDefinition);
  if (!definition) return { failures: [{ reason: 'TaskDefinition not found.' }] };
  const mine = ctx.list(tasks, 'deployment', deployment.id).filter(isLive);
  const capacityProvider = providerFor(deployment.strategy, mine);
  const { network, platformVersion } = deployment;
  try {
    return launch(ctx, {
      clusterName: service.clusterName,
      definition,
      launchType: capacityProvider === undefined ? (deployment.launchType ?? 'EC2') : 'FARGATE',
      group: `service:${service.name}`,
      startedBy: deployment.id,
      service: service.key,
      deploymentId: deployment.id,
      siblings: ctx.list(tasks, 'service', service.key).filter(isLive),
      constraints: service.constraints,
      strategy: service.placement,
      tags: tagsFor(service, definition.tags),
      ...(network ? { network } : {}),
      ...(platformVersion === undefined ? {} : { platformVersion }),
      ...(capacityProvider === undefined ? {} : { capacityProvider }),
    });
  } catch (error) {
    // What the request once named is gone.
    if (!(error instanceof Fault)) throw error;
    return { failures: [{ reason: error.message }] };
  }
}

/** The provider that is furthest behind: first up to its base, then by weight. */
export function providerFor(strategy: readonly StrategyItem[], live: readonly Task[]): string | undefined {
  const has = (name: string): number => live.filter((task) => task.capacityProvider === name).length;
  const based = strategy.find(({ capacityProvider, base = 0 }) => has(capacityProvider) < base);
  if (based) return based.capacityProvider;
  const weighted = strategy.filter(({ weight = 0 }) => weight > 0);
  const share = ({ capacityProvider, base = 0, weight = 0 }: StrategyItem): number =>
    (has(capacityProvider) - base + 1) / weight;
  return weighted.toSorted((left, right) => share(left) - share(right))[0]?.capacityProvider;
}

function tagsFor({ propagateTags, tags, managedTags, clusterName, name }: Service, ofDefinition: Tags): Tags {
  const own = managedTags ? { 'aws:ecs:clusterName': clusterName, 'aws:ecs:serviceName': name } : {};
  const handed = propagateTags === 'SERVICE' ? tags : propagateTags === 'TASK_DEFINITION' ? ofDefinition : {};
  return { ...handed, ...own };
}

const LACKS: Readonly<Record<string, string>> = {
  'RESOURCE:CPU': 'has insufficient CPU units available',
  'RESOURCE:MEMORY': 'has insufficient memory available',
  'RESOURCE:PORTS': 'is already using a port required by your task',
  AGENT: 'encountered error "AGENT"',
};

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html */
function tellObstacle(ctx: Ctx, service: Service, failures: readonly Failure[]): void {
  const text = obstacleText(ctx, service, failures);
  const live = ctx.get(services, service.key) as Service;
  if (live.obstacle === text) return;
  ctx.update(services, live, { obstacle: text });
  addEvent(ctx, service.key, text);
  tellService(ctx, service, 'SERVICE_TASK_PLACEMENT_FAILURE', failures[0]?.reason ?? 'RESOURCE:FARGATE');
}

function obstacleText(ctx: Ctx, { clusterName }: Service, failures: readonly Failure[]): string {
  const unable = 'was unable to place a task';
  const [first] = failures;
  if (first?.reason === NO_CAPACITY) return `${unable}. Reason: ${NO_CAPACITY}. ${GUIDE}`;
  const none = 'because no container instance met all of its requirements.';
  if (!first) return `${unable} ${none} Reason: No Container Instances were found in your cluster. ${GUIDE}`;
  const instance = first.arn === undefined ? undefined : ctx.get(containerInstances, first.arn);
  if (!instance) return `failed to launch a task with (error ${first.reason}).`;
  const what = LACKS[first.reason] ?? first.reason;
  const name = ctx.get(clusters, clusterName) ? instance.id : '';
  return `${unable} ${none} The closest matching (container-instance ${name}) ${what}. ${GUIDE}`;
}

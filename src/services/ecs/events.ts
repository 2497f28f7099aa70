// What Amazon ECS tells EventBridge.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html

import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { tellEventBridge } from '#cloud/service-events.ts';
import { clusters } from './tables.ts';
import type { Deployment, Service, Task } from './tables.ts';
import { describeTask } from './tasks/task-description.ts';

const SOURCE = 'aws.ecs';
const TIMES = /(?:At|edAt)$/;

export function tellTask(ctx: Ctx, task: Task): void {
  tellEventBridge(ctx, SOURCE, () => ({
    detailType: 'ECS Task State Change',
    resources: [task.arn],
    detail: { ...withTexts(describeTask(ctx, task)), updatedAt: formatIso(ctx.now) },
  }));
}

/** Instants as texts, as events have them. */
function withTexts(value: object): object {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]: [string, unknown]) => {
      if (one === undefined) return [];
      return [[name, typeof one === 'number' && TIMES.test(name) ? formatIso(one) : one]];
    }),
  );
}

const DEPLOYMENT_EVENTS = {
  IN_PROGRESS: 'SERVICE_DEPLOYMENT_IN_PROGRESS',
  COMPLETED: 'SERVICE_DEPLOYMENT_COMPLETED',
  FAILED: 'SERVICE_DEPLOYMENT_FAILED',
} as const;

export function tellDeployment(ctx: Ctx, { arn }: Service, { id, rolloutState, reason }: Deployment): void {
  tellEventBridge(ctx, SOURCE, () => ({
    detailType: 'ECS Deployment State Change',
    resources: [arn],
    detail: {
      eventType: rolloutState === 'FAILED' ? 'ERROR' : 'INFO',
      eventName: DEPLOYMENT_EVENTS[rolloutState],
      deploymentId: id,
      updatedAt: formatIso(ctx.now),
      reason,
    },
  }));
}

type ServiceAction =
  | 'SERVICE_STEADY_STATE'
  | 'SERVICE_TASK_START_IMPAIRED'
  | 'SERVICE_TASK_PLACEMENT_FAILURE';

export function tellService(
  ctx: Ctx,
  { arn, clusterName }: Service,
  eventName: ServiceAction,
  reason?: string,
): void {
  tellEventBridge(ctx, SOURCE, () => ({
    detailType: 'ECS Service Action',
    resources: [arn],
    detail: {
      eventType:
        eventName === 'SERVICE_STEADY_STATE'
          ? 'INFO'
          : eventName === 'SERVICE_TASK_START_IMPAIRED'
            ? 'WARN'
            : 'ERROR',
      eventName,
      clusterArn: ctx.get(clusters, clusterName)?.arn ?? '',
      createdAt: formatIso(ctx.now),
      ...(reason === undefined ? {} : { reason }),
    },
  }));
}

// The one target of a deployment of a function: an alias that goes from one version to another, and how far it has come.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { unknownTarget } from '../faults.ts';
import { SUCCESS, unknownError } from '../lifecycle-events.ts';
import type { Diagnostics, EventStatus } from '../lifecycle-events.ts';
import type { Deployment, Overview, TargetStatus } from '../rows.ts';

/** In their order; the first and the last may have a function of the user's. */
export const LAMBDA_EVENTS = ['BeforeAllowTraffic', 'AllowTraffic', 'AfterAllowTraffic'] as const;
type LambdaEventName = (typeof LAMBDA_EVENTS)[number];

export interface LambdaEvent {
  readonly name: LambdaEventName;
  readonly status: EventStatus;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** By which the function behind the event tells how it ended. */
  readonly hookExecutionId?: string;
  readonly diagnostics?: Diagnostics;
}

/** What an AppSpec says. */
export interface Shift {
  readonly functionName: string;
  readonly alias: string;
  readonly currentVersion: string;
  readonly targetVersion: string;
  /** Functions behind events, by name or ARN. */
  readonly hooks: Readonly<Partial<Record<LambdaEventName, string>>>;
}

export interface LambdaTarget extends Shift {
  deploymentId: string;
  arn: string;
  status: TargetStatus;
  events: readonly LambdaEvent[];
  /** Share of the new version, in percent, and how often it has been raised. */
  percent: number;
  steps: number;
  updatedAt: number;
}
export const lambdaTargets: Table<LambdaTarget> = table<LambdaTarget>(
  'codedeploy/lambda-targets',
  (row) => row.deploymentId,
);

/** The event that is next or under way. */
export function openEvent({ events }: LambdaTarget): LambdaEvent | undefined {
  return events.find(({ status }) => status === 'Pending' || status === 'InProgress');
}

/** Puts an event of a target into another state. */
export function changeEvent(
  ctx: Ctx,
  target: LambdaTarget,
  name: LambdaEventName,
  change: Partial<LambdaEvent>,
): LambdaTarget {
  const events = target.events.map((event) => (event.name === name ? { ...event, ...change } : event));
  return ctx.update(lambdaTargets, target, { events, updatedAt: ctx.now });
}

export function endLambdaEvent(
  ctx: Ctx,
  target: LambdaTarget,
  name: LambdaEventName,
  status: 'Succeeded' | 'Failed',
): LambdaTarget {
  const diagnostics = status === 'Succeeded' ? SUCCESS : unknownError('The lifecycle event failed.');
  return changeEvent(ctx, target, name, { status, endedAt: ctx.now, diagnostics });
}

/** A deployment has ended: what was under way failed with it, and what comes after it is skipped. */
export function leaveTarget(ctx: Ctx, { id, status, error }: Deployment): void {
  const target = ctx.get(lambdaTargets, id);
  if (!target) return;
  const told = target.events.some((event) => event.status === 'Failed');
  const open = told ? undefined : openEvent(target);
  const events = target.events.map((event): LambdaEvent => {
    if (event === open) {
      const diagnostics = unknownError(error?.message ?? '');
      return {
        ...event,
        status: 'Failed',
        startedAt: event.startedAt ?? ctx.now,
        endedAt: ctx.now,
        diagnostics,
      };
    }
    return event.status === 'Pending' ? { ...event, status: 'Skipped' } : event;
  });
  const last = status === 'Succeeded' ? 'Succeeded' : 'Failed';
  ctx.update(lambdaTargets, target, { events, status: last, updatedAt: ctx.now });
}

export function lambdaOverview(status: Deployment['status']): Overview {
  const nobody = { Pending: 0, InProgress: 0, Succeeded: 0, Failed: 0, Skipped: 0, Ready: 0 };
  return status === 'Succeeded' ? { ...nobody, Succeeded: 1 } : { ...nobody, Failed: 1 };
}

type DeploymentTarget = NonNullable<Output<'codedeploy', 'GetDeploymentTarget'>['deploymentTarget']>;

function idOf({ functionName, alias }: LambdaTarget): string {
  return `${functionName}:${alias}`;
}

export function describeFunction(ctx: Ctx, { id }: Deployment, targetId: string): DeploymentTarget {
  const target = ctx.get(lambdaTargets, id);
  if (!target || (targetId !== idOf(target) && targetId !== target.arn)) throw unknownTarget();
  const { arn, status, events, updatedAt, functionName, alias, currentVersion, targetVersion } = target;
  return {
    deploymentTargetType: 'LambdaTarget',
    lambdaTarget: {
      deploymentId: id,
      targetId: idOf(target),
      targetArn: arn,
      status,
      lastUpdatedAt: updatedAt,
      lifecycleEvents: events.map((event) => ({
        lifecycleEventName: event.name,
        status: event.status,
        ...(event.startedAt === undefined ? {} : { startTime: event.startedAt }),
        ...(event.endedAt === undefined ? {} : { endTime: event.endedAt }),
        ...(event.diagnostics ? { diagnostics: event.diagnostics } : {}),
      })),
      lambdaFunctionInfo: {
        functionName,
        functionAlias: alias,
        currentVersion,
        targetVersion,
        targetVersionWeight: target.percent,
      },
    },
  };
}

/** Ids of the targets that filters let through. A function is on no side. */
export function functionIds(
  ctx: Ctx,
  { id }: Deployment,
  filters: Readonly<Record<string, readonly string[]>>,
): string[] {
  const target = ctx.get(lambdaTargets, id);
  const { TargetStatus: statuses = [], ServerInstanceLabel: labels = [] } = filters;
  const wanted = target && (statuses.length === 0 || statuses.includes(target.status)) && labels.length === 0;
  return wanted ? [idOf(target)] : [];
}

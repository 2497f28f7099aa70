// Triggers: messages to SNS topics about deployments and instances, sent through the service role.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-sns-event-notifications-json-format.html

import type { Ctx } from '#cloud/ctx.ts';
import { tellEventBridge } from '#cloud/service-events.ts';
import { describeEvents } from '../lifecycle-events.ts';
import { deploymentGroups } from '../rows.ts';
import type { Deployment, Target, TriggerConfig } from '../rows.ts';
import { callAs } from '../service-role.ts';

type TriggerEvent = NonNullable<TriggerConfig['triggerEvents']>[number];
type DeploymentEvent = Extract<TriggerEvent, `Deployment${string}`>;
type InstanceEvent = Extract<TriggerEvent, `Instance${string}`>;

function seconds(instant: number): string {
  return `${Math.floor(instant / 1000)}.${String(instant % 1000).padStart(3, '0')}`;
}

function subscribed(ctx: Ctx, { groupId }: Deployment, event: TriggerEvent): TriggerConfig[] {
  const all = ctx.get(deploymentGroups, groupId)?.settings.triggerConfigurations ?? [];
  return all.filter(({ triggerEvents = [] }) => triggerEvents.includes(event));
}

/** A message that cannot be sent is lost, as in AWS; the journal has the reason. */
function send(
  ctx: Ctx,
  deployment: Deployment,
  { triggerTargetArn = '' }: TriggerConfig,
  status: string,
  message: object,
): void {
  const { id, applicationName } = deployment;
  callAs(ctx, deployment, 'sns', 'Publish', {
    TopicArn: triggerTargetArn,
    Subject: `${status.toUpperCase()}: AWS CodeDeploy ${id} in ${ctx.region} to ${applicationName}`.slice(
      0,
      100,
    ),
    Message: JSON.stringify(message),
  });
}

/** States as events on the default bus call them; a rollback is a deployment of its own there. */
const STATES: Readonly<Partial<Record<TriggerEvent, string>>> = {
  DeploymentStart: 'START',
  DeploymentSuccess: 'SUCCESS',
  DeploymentFailure: 'FAILURE',
  DeploymentStop: 'STOP',
  DeploymentReady: 'READY',
  InstanceStart: 'START',
  InstanceSuccess: 'SUCCESS',
  InstanceFailure: 'FAILURE',
  InstanceReady: 'READY',
};

/** https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-codedeploy.html */
function tellBus(ctx: Ctx, deployment: Deployment, event: TriggerEvent, target?: Target): void {
  const state = STATES[event];
  if (state === undefined) return;
  const { id: deploymentId, applicationName: application, groupName, groupId } = deployment;
  tellEventBridge(ctx, 'aws.codedeploy', () => ({
    detailType: `CodeDeploy ${target ? 'Instance' : 'Deployment'} State-change Notification`,
    resources: [
      ...(target ? [target.arn] : []),
      ctx.arn('codedeploy', `application:${application}`),
      ctx.arn('codedeploy', `deploymentgroup:${application}/${groupName}`),
    ],
    detail: {
      region: ctx.region,
      deploymentId,
      instanceGroupId: groupId,
      deploymentGroup: groupName,
      application,
      state,
      ...(target && { instanceId: target.targetId }),
    },
  }));
}

export function notify(ctx: Ctx, deployment: Deployment, event: DeploymentEvent): void {
  tellBus(ctx, deployment, event);
  for (const trigger of subscribed(ctx, deployment, event)) {
    const { Failed, InProgress, Pending, Skipped, Succeeded } = deployment.overview;
    const counts = { Failed, InProgress, Pending, Skipped, Succeeded };
    const { id, applicationName, groupName, createdAt, completedAt, error, rollbackInfo } = deployment;
    send(ctx, deployment, trigger, deployment.status, {
      region: ctx.region,
      accountId: ctx.account,
      eventTriggerName: trigger.triggerName ?? '',
      applicationName,
      deploymentId: id,
      deploymentGroupName: groupName,
      createTime: seconds(createdAt),
      ...(completedAt === undefined ? {} : { completeTime: seconds(completedAt) }),
      deploymentOverview: Object.fromEntries(
        Object.entries(counts).map(([status, count]) => [status, String(count)]),
      ),
      status: deployment.status,
      ...(error ? { errorInformation: { ErrorCode: error.code, ErrorMessage: error.message } } : {}),
      ...(rollbackInfo ? { rollbackInformation: capitals(rollbackInfo) } : {}),
    });
  }
}

export function notifyInstance(ctx: Ctx, deployment: Deployment, target: Target, event: InstanceEvent): void {
  tellBus(ctx, deployment, event, target);
  for (const trigger of subscribed(ctx, deployment, event)) {
    const events = describeEvents(
      ctx,
      target.key,
      target.course,
      target.status === 'Failed' ? 'Skipped' : 'Pending',
    );
    send(ctx, deployment, trigger, target.status, {
      region: ctx.region,
      accountId: ctx.account,
      eventTriggerName: trigger.triggerName ?? '',
      deploymentId: deployment.id,
      instanceId: target.arn,
      lastUpdatedAt: seconds(target.updatedAt),
      instanceStatus: target.status,
      lifecycleEvents: events.map(({ lifecycleEventName, status, startTime, endTime }) => ({
        LifecycleEvent: lifecycleEventName,
        LifecycleEventStatus: status,
        ...(startTime === undefined ? {} : { StartTime: seconds(startTime) }),
        ...(endTime === undefined ? {} : { EndTime: seconds(endTime) }),
      })),
    });
  }
}

function capitals(record: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name.charAt(0).toUpperCase() + name.slice(1), value]),
  );
}

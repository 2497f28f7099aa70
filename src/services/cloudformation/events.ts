// What a stack tells as it goes: its events, and the same to its SNS topics.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html

import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { stackChanged } from '#cloud/ports/stacks.ts';
import { tellEventBridge } from '#cloud/service-events.ts';
import { concealmentOf } from './concealment.ts';
import { asStackIfPossible } from './engine/principal.ts';
import { eventCounts, stackEvents, stacks } from './rows.ts';
import type { Resource, ResourceStatus, Stack, StackEvent, StackStatus } from './rows.ts';
import type { Fields } from './template/template.ts';

interface EventDetail {
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly properties?: Fields | undefined;
}

const STACK = 'AWS::CloudFormation::Stack';

/** Newest first. */
export function eventsOf(ctx: Ctx, stackId: string): StackEvent[] {
  return ctx.scan(stackEvents, { prefix: `${stackId} ` }).toReversed();
}

/** A stack enters a status. */
export function setStackStatus(
  ctx: Ctx,
  stack: Stack,
  status: StackStatus,
  reason?: string,
  change: Partial<Stack> = {},
): Stack {
  const { statusReason: _, ...rest } = stack;
  const next: Stack = {
    ...rest,
    ...change,
    status,
    ...(reason === undefined ? {} : { statusReason: reason }),
  };
  ctx.put(stacks, next);
  record(ctx, next, { logicalId: stack.name, physicalId: stack.id, type: STACK, status, reason });
  return next;
}

/** Something is told of a stack that stays in its status. */
export function noteStack(ctx: Ctx, stack: Stack, reason: string): void {
  const { name, id, status } = stack;
  record(ctx, stack, { logicalId: name, physicalId: id, type: STACK, status, reason });
}

/** What happened to a resource, whose row is the caller's to write. */
export function recordResource(
  ctx: Ctx,
  stack: Stack,
  resource: Pick<Resource, 'logicalId' | 'type'> & { physicalId?: string | undefined },
  status: ResourceStatus,
  reason?: string,
  properties?: Fields,
): void {
  const { logicalId, type, physicalId = '' } = resource;
  record(ctx, stack, { logicalId, physicalId, type, status, reason, properties });
}

function record(ctx: Ctx, stack: Stack, detail: EventDetail): void {
  const { reason: said, properties, ...rest } = detail;
  const concealment = concealmentOf(stack.definition, stack.before);
  const reason = said === undefined ? undefined : concealment.text(said);
  const ofStack = detail.physicalId === stack.id;
  const eventId = ofStack ? ctx.uuid('event') : `${detail.logicalId}-${detail.status}-${formatIso(ctx.now)}`;
  const { token, id: operationId } = stack.operation ?? {};
  const event: StackEvent = {
    stackId: stack.id,
    ordinal: nextOrdinal(ctx, stack.id),
    eventId,
    stackName: stack.name,
    ...rest,
    at: ctx.now,
    ...(reason !== undefined && { reason }),
    ...(properties && { properties: concealment.json(JSON.stringify(properties)) }),
    ...(token !== undefined && { token }),
    ...(operationId !== undefined && { operationId }),
    ...(ofStack && stack.detailedStatus && { detailedStatus: stack.detailedStatus }),
  };
  ctx.put(stackEvents, event);
  ctx.emit(stackChanged, { stackId: stack.id, stackName: stack.name, status: event.status });
  tellBus(ctx, event);
  notify(ctx, stack, event);
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/events-stack-details.html */
function tellBus(ctx: Ctx, event: StackEvent): void {
  const { stackId, logicalId, physicalId, type, status, reason = '', token } = event;
  const about = {
    'status-details': { status, 'status-reason': reason },
    ...(token !== undefined && { 'client-request-token': token }),
  };
  const ofStack = physicalId === stackId;
  tellEventBridge(ctx, 'aws.cloudformation', () => ({
    detailType: `CloudFormation ${ofStack ? 'Stack' : 'Resource'} Status Change`,
    resources: [stackId],
    detail: ofStack
      ? { 'stack-id': stackId, ...about }
      : {
          'stack-id': stackId,
          'logical-resource-id': logicalId,
          'physical-resource-id': physicalId,
          'resource-type': type,
          ...about,
        },
  }));
}

function nextOrdinal(ctx: Ctx, stackId: string): number {
  const counted = ctx.get(eventCounts, stackId)?.count ?? 0;
  ctx.put(eventCounts, { stackId, count: counted + 1 });
  return counted + 1;
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-add-tags.html: one line for each field. */
function notify(ctx: Ctx, stack: Stack, event: StackEvent): void {
  for (const TopicArn of stack.definition.notificationArns) {
    const [, , , region = ctx.region] = TopicArn.split(':');
    const Message = [
      ['StackId', event.stackId],
      ['Timestamp', formatIso(event.at)],
      ['EventId', event.eventId],
      ['LogicalResourceId', event.logicalId],
      ['Namespace', ctx.account],
      ['PhysicalResourceId', event.physicalId],
      ['ResourceProperties', event.properties ?? 'null'],
      ['ResourceStatus', event.status],
      ['ResourceStatusReason', event.reason ?? ''],
      ['ResourceType', event.type],
      ['StackName', event.stackName],
      ['ClientRequestToken', event.token ?? 'null'],
    ]
      .map(([name, value]) => `${name}='${value}'\n`)
      .join('');
    const input = { TopicArn, Message, Subject: 'AWS CloudFormation Notification' };
    // A topic that is gone or forbidden loses the notification, never the stack.
    const as = asStackIfPossible(ctx, stack);
    if (as) ctx.in({ region }).call('sns', 'Publish', input, as);
  }
}

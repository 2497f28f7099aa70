// Events by operation: the newer way to look at what a stack tells.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html

import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { eventsOf } from './events.ts';
import { changeSets } from './rows.ts';
import type { StackEvent } from './rows.ts';
import { stackBy } from './stack-operations.ts';
import { invalid } from './template/faults.ts';

type OperationEvent = NonNullable<Output<'cloudformation', 'DescribeEvents'>['OperationEvents']>[number];

const PAGE = 100;
const LAST = 9_999_999_999;

function describe(event: StackEvent): OperationEvent {
  const failed = event.status.endsWith('_FAILED');
  return {
    EventId: event.eventId,
    StackId: event.stackId,
    ...(event.operationId !== undefined && { OperationId: event.operationId }),
    EventType: failed ? 'PROVISIONING_ERROR' : 'STACK_EVENT',
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: event.at,
    ResourceStatus: event.status as NonNullable<OperationEvent['ResourceStatus']>,
    ...(event.reason !== undefined && { ResourceStatusReason: event.reason }),
    ...(event.properties !== undefined && { ResourceProperties: event.properties }),
    ...(event.token !== undefined && { ClientRequestToken: event.token }),
  };
}

/** Events of a stack, or of one of its operations. A change set that is not executed has none. */
function found(ctx: Ctx, stackName: string | undefined, changeSet: string | undefined): StackEvent[] {
  const ofChangeSet = changeSet?.startsWith('arn:') ? ctx.get(changeSets, changeSet) : undefined;
  const stack = stackBy(ctx, ofChangeSet?.stackId ?? stackName ?? '');
  if (!stack) throw invalid(`Stack [${stackName ?? changeSet ?? ''}] does not exist`);
  if (changeSet === undefined) return eventsOf(ctx, stack.id);
  const executed = stack.changeSetId !== undefined && stack.changeSetId === ofChangeSet?.id;
  const operation = executed ? stack.lastOperations.at(-1)?.id : undefined;
  return eventsOf(ctx, stack.id).filter(
    ({ operationId }) => operation !== undefined && operationId === operation,
  );
}

export const operationEventOperations: Operations<'cloudformation'> = {
  DescribeEvents(ctx, { StackName, ChangeSetName, OperationId, Filters, NextToken }) {
    if (StackName === undefined && ChangeSetName === undefined)
      throw invalid('StackName or ChangeSetName must be specified.');
    const events = found(ctx, StackName, ChangeSetName).filter(
      ({ operationId, status }) =>
        (OperationId === undefined || operationId === OperationId) &&
        (!Filters?.FailedEvents || status.endsWith('_FAILED')),
    );
    const placeOf = ({ ordinal }: StackEvent): string => String(LAST - ordinal);
    const { items, next } = pageOf(events, placeOf, { token: NextToken, limit: PAGE });
    return { OperationEvents: items.map(describe), ...(next !== undefined && { NextToken: next }) };
  },
};

// Operations that tell about stacks.

import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { tagList } from '#cloud/tags.ts';
import { MASK } from './concealment.ts';
import { importersOf } from './engine/outputs.ts';
import { templateIn } from './engine/plan.ts';
import { eventsOf } from './events.ts';
import { exports, resourceKey, resources, stacks } from './rows.ts';
import type { Definition, Resource, Stack, StackEvent } from './rows.ts';
import { stackBy } from './stack-operations.ts';
import { invalid } from './template/faults.ts';

type Description = NonNullable<Output<'cloudformation', 'DescribeStacks'>['Stacks']>[number];

/** Deleted stacks are listed for 90 days. */
const KEPT_MS = 90 * 86_400_000;

function known(ctx: Ctx, nameOrId: string): Stack {
  const stack = stackBy(ctx, nameOrId);
  if (!stack) throw invalid(`Stack with id ${nameOrId} does not exist`);
  return stack;
}

function timesOf({
  createdAt,
  updatedAt,
  deletedAt,
}: Stack): Pick<Description, 'CreationTime'> & Partial<Description> {
  return {
    CreationTime: createdAt,
    ...(updatedAt !== undefined && { LastUpdatedTime: updatedAt }),
    ...(deletedAt !== undefined && { DeletionTime: deletedAt }),
  };
}

function parentOf({ parent }: Stack): Partial<Description> {
  return parent ? { ParentId: parent.stackId, RootId: parent.rootId } : {};
}

function driftOf({ drift }: Stack): NonNullable<Description['DriftInformation']> {
  return drift
    ? { StackDriftStatus: drift.status, LastCheckTimestamp: drift.checkedAt }
    : { StackDriftStatus: 'NOT_CHECKED' };
}

/** Parameters as descriptions show them, if there are any: what must not be echoed is masked. */
export function parametersOf({ parameters }: Definition): Pick<Description, 'Parameters'> {
  const Parameters = Object.values(parameters).map(({ key, text, resolved, noEcho }) => ({
    ParameterKey: key,
    ParameterValue: noEcho ? MASK : text,
    ...(resolved !== undefined && { ResolvedValue: noEcho ? MASK : resolved }),
  }));
  return Parameters.length === 0 ? {} : { Parameters };
}

/** What may call the stack back; nothing is an empty structure. */
export function rollbackOf({
  rollbackTriggers,
  monitoringMinutes,
}: Definition): NonNullable<Description['RollbackConfiguration']> {
  return {
    ...(rollbackTriggers.length > 0 && {
      RollbackTriggers: rollbackTriggers.map(({ arn, type }) => ({ Arn: arn, Type: type })),
    }),
    ...(monitoringMinutes > 0 && { MonitoringTimeInMinutes: monitoringMinutes }),
  };
}

/** LocalStack's tests recorded of AWS which lists are left out where they are empty, and which are not. */
function describe(ctx: Ctx, stack: Stack): Description {
  const { definition, operation } = stack;
  const { description } = templateIn(ctx, definition.processedBlob);
  const last = stack.lastOperations.at(-1);
  return {
    StackId: stack.id,
    StackName: stack.name,
    ...(stack.changeSetId !== undefined && { ChangeSetId: stack.changeSetId }),
    ...(description !== undefined && { Description: description }),
    ...parametersOf(definition),
    ...timesOf(stack),
    RollbackConfiguration: rollbackOf(definition),
    StackStatus: stack.status,
    ...(stack.statusReason !== undefined && { StackStatusReason: stack.statusReason }),
    ...(stack.detailedStatus && { DetailedStatus: stack.detailedStatus }),
    DisableRollback: operation?.preserve ?? stack.onFailure === 'DO_NOTHING',
    NotificationARNs: definition.notificationArns,
    ...(stack.timeoutMs !== undefined && { TimeoutInMinutes: stack.timeoutMs / 60_000 }),
    ...(definition.capabilities.length > 0 && {
      Capabilities: definition.capabilities as Description['Capabilities'],
    }),
    ...outputsOf(stack),
    ...(stack.roleArn !== undefined && { RoleARN: stack.roleArn }),
    Tags: tagList(definition.tags),
    ...(stack.status !== 'DELETE_COMPLETE' && { EnableTerminationProtection: stack.terminationProtection }),
    ...parentOf(stack),
    DriftInformation: driftOf(stack),
    ...(last && {
      LastOperations: [{ OperationId: last.id, OperationType: last.type as 'CREATE_STACK' }],
    }),
  };
}

/** Not so much as an empty list where there are none. */
function outputsOf({ definition: { outputs } }: Stack): Pick<Description, 'Outputs'> {
  if (outputs.length === 0) return {};
  return {
    Outputs: outputs.map(({ key, value, description, exportName }) => ({
      OutputKey: key,
      OutputValue: value,
      ...(description !== undefined && { Description: description }),
      ...(exportName !== undefined && { ExportName: exportName }),
    })),
  };
}

function rowsOf(ctx: Ctx, { id }: Stack): Resource[] {
  return ctx.scan(resources, { prefix: `${id} ` });
}

function resourceDrift({ drift }: Resource): {
  StackResourceDriftStatus: 'NOT_CHECKED';
  LastCheckTimestamp?: number;
} {
  return {
    StackResourceDriftStatus: (drift?.status ?? 'NOT_CHECKED') as 'NOT_CHECKED',
    ...(drift && { LastCheckTimestamp: drift.checkedAt }),
  };
}

function describeResource(stack: Stack, row: Resource) {
  return {
    StackName: stack.name,
    StackId: stack.id,
    LogicalResourceId: row.logicalId,
    ...(row.physicalId !== undefined && { PhysicalResourceId: row.physicalId }),
    ResourceType: row.type,
    Timestamp: row.updatedAt,
    ResourceStatus: row.status,
    ...(row.statusReason !== undefined && { ResourceStatusReason: row.statusReason }),
    DriftInformation: resourceDrift(row),
  };
}

type EventDescription = NonNullable<Output<'cloudformation', 'DescribeStackEvents'>['StackEvents']>[number];

function describeEvent(event: StackEvent): EventDescription {
  return {
    StackId: event.stackId,
    EventId: event.eventId,
    StackName: event.stackName,
    ...(event.operationId !== undefined && { OperationId: event.operationId }),
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: event.at,
    ResourceStatus: event.status as EventDescription['ResourceStatus'],
    ...(event.reason !== undefined && { ResourceStatusReason: event.reason }),
    ...(event.properties !== undefined && { ResourceProperties: event.properties }),
    ...(event.token !== undefined && { ClientRequestToken: event.token }),
  };
}

const PAGE = 100;
const STACKS_PAGE = 100;

export const descriptionOperations: Operations<'cloudformation'> = {
  DescribeStacks(ctx, { StackName, NextToken }) {
    if (StackName !== undefined) return { Stacks: [describe(ctx, known(ctx, StackName))] };
    const living = ctx.list(stacks).filter(({ status }) => status !== 'DELETE_COMPLETE');
    const page = pageOf(newestFirst(living), ageOf, { token: NextToken, limit: STACKS_PAGE });
    return { Stacks: page.items.map((stack) => describe(ctx, stack)), ...tokenIn(page.next) };
  },

  ListStacks(ctx, { StackStatusFilter = [], NextToken }) {
    const found = ctx.list(stacks).filter((stack) => {
      if (stack.status === 'DELETE_COMPLETE' && ctx.now - (stack.deletedAt ?? 0) > KEPT_MS) return false;
      return StackStatusFilter.length === 0 || StackStatusFilter.includes(stack.status);
    });
    const page = pageOf(newestFirst(found), ageOf, { token: NextToken, limit: STACKS_PAGE });
    const StackSummaries = page.items.map((stack) => ({
      StackId: stack.id,
      StackName: stack.name,
      ...summaryDescription(ctx, stack),
      ...timesOf(stack),
      StackStatus: stack.status,
      ...(stack.statusReason !== undefined && { StackStatusReason: stack.statusReason }),
      ...parentOf(stack),
      DriftInformation: driftOf(stack),
    }));
    return { StackSummaries, ...tokenIn(page.next) };
  },

  DescribeStackEvents(ctx, { StackName, NextToken }) {
    const stack = stackBy(ctx, StackName);
    if (!stack) throw invalid(`Stack [${StackName}] does not exist`);
    const page = pageOf(eventsOf(ctx, stack.id), placeOf, { token: NextToken, limit: PAGE });
    return { StackEvents: page.items.map(describeEvent), ...tokenIn(page.next) };
  },

  DescribeStackResources(ctx, { StackName, LogicalResourceId, PhysicalResourceId }) {
    if (StackName !== undefined && PhysicalResourceId !== undefined)
      throw invalid('Both StackName and PhysicalResourceId cannot be specified.');
    const stack = StackName === undefined ? ownerOf(ctx, PhysicalResourceId) : known(ctx, StackName);
    const rows = rowsOf(ctx, stack).filter(
      ({ logicalId }) => LogicalResourceId === undefined || logicalId === LogicalResourceId,
    );
    return { StackResources: rows.slice(0, PAGE).map((row) => describeResource(stack, row)) };
  },

  DescribeStackResource(ctx, { StackName, LogicalResourceId }) {
    const stack = stackBy(ctx, StackName);
    if (!stack) throw invalid(`Stack '${StackName}' does not exist`);
    const row = ctx.get(resources, resourceKey(stack.id, LogicalResourceId));
    if (!row) throw invalid(`Resource ${LogicalResourceId} does not exist for stack ${StackName}`);
    const { Timestamp, ...rest } = describeResource(stack, row);
    return {
      StackResourceDetail: {
        ...rest,
        LastUpdatedTimestamp: Timestamp,
        Metadata: row.metadata === undefined ? '{}' : JSON.stringify(row.metadata),
      },
    };
  },

  ListStackResources(ctx, { StackName, NextToken }) {
    const stack = known(ctx, StackName);
    const page = pageOf(rowsOf(ctx, stack), ({ logicalId }) => logicalId, { token: NextToken, limit: PAGE });
    const StackResourceSummaries = page.items.map((row) => {
      const { StackName: _, StackId: __, Timestamp, ...rest } = describeResource(stack, row);
      return { ...rest, LastUpdatedTimestamp: Timestamp };
    });
    return { StackResourceSummaries, ...tokenIn(page.next) };
  },

  ListExports(ctx, { NextToken }) {
    const page = pageOf(ctx.list(exports), ({ name }) => name, { token: NextToken, limit: PAGE });
    const Exports = page.items.map(({ name, value, stackId }) => ({
      ExportingStackId: stackId,
      Name: name,
      Value: value,
    }));
    return { Exports, ...tokenIn(page.next) };
  },

  ListImports(ctx, { ExportName, NextToken }) {
    const users = importersOf(ctx, ExportName);
    if (users.length === 0) throw invalid(`Export '${ExportName}' is not imported by any stack.`);
    const page = pageOf(users, (name) => name, { token: NextToken, limit: PAGE });
    return { Imports: page.items, ...tokenIn(page.next) };
  },

  DescribeAccountLimits() {
    return {
      AccountLimits: [
        { Name: 'StackLimit', Value: 2000 },
        { Name: 'StackOutputsLimit', Value: 200 },
        { Name: 'ConcurrentResourcesLimit', Value: 2500 },
      ],
    };
  },
};

function summaryDescription(ctx: Ctx, { definition }: Stack): { TemplateDescription?: string } {
  const { description } = templateIn(ctx, definition.processedBlob);
  return description === undefined ? {} : { TemplateDescription: description };
}

function newestFirst(found: readonly Stack[]): Stack[] {
  return found.toSorted((left, right) => (ageOf(left) < ageOf(right) ? -1 : 1));
}

const LATEST = 9_999_999_999_999;

/** Sorts newer stacks before older ones. */
function ageOf({ createdAt, id }: Stack): string {
  return `${String(LATEST - createdAt).padStart(13, '0')} ${id}`;
}

/** Sorts newer events before older ones. */
function placeOf({ ordinal }: StackEvent): string {
  return String(LATEST - ordinal);
}

function ownerOf(ctx: Ctx, physicalId = ''): Stack {
  const row = ctx.list(resources, 'physicalId', physicalId)[0];
  const stack = row && ctx.get(stacks, row.stackId);
  if (!stack) throw invalid(`Stack for ${physicalId} does not exist`);
  return stack;
}

function tokenIn(next: string | undefined): { NextToken?: string } {
  return next === undefined ? {} : { NextToken: next };
}

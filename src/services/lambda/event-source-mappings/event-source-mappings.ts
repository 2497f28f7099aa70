// Event source mappings: Lambda reads a queue and invokes a function with what it finds. The reading is in ./queue-poller.ts.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import { notModelled } from '#cloud/refuse.ts';
import type { Operations } from '#cloud/service.ts';
import { asRole, roleMay } from '../functions/execution-role.ts';
import { queueUrl } from '../invocations/destinations.ts';
import { conflict, invalid, named, notFound, qualifiedArn, targetOf, USER } from '../names.ts';
import type { Named, Target } from '../names.ts';
import { LATEST } from '../rows.ts';
import { mappingChange } from '../timings.ts';
import { parsePattern } from './filter-pattern.ts';
import { batches, mappings } from './mapping-rows.ts';
import type { Mapping } from './mapping-rows.ts';
import { poll, stopPolling } from './queue-poller.ts';

type Create = Input<'lambda', 'CreateEventSourceMapping'>;
type Update = Input<'lambda', 'UpdateEventSourceMapping'>;

const DEFAULT_BATCH = 10;
/** Without a batching window, and for FIFO queues. */
const LARGEST_PLAIN_BATCH = 10;
const PAGE_SIZE = 100;

const changeDue: TimerKind<{ uuid: string; revision: number }> = timer<{ uuid: string; revision: number }>(
  'lambda/mapping-change-due',
);

/** Ends a creation, an update or a deletion. */
export const mappingChanged: TimerHandler<{ uuid: string; revision: number }, Ctx> = {
  kind: changeDue,
  live: (ctx, { uuid, revision }) => ctx.get(mappings, uuid)?.revision === revision,
  fire(ctx, { uuid }) {
    const mapping = ctx.get(mappings, uuid) as Mapping;
    if (mapping.state === 'Deleting') {
      if (mapping.filling !== undefined) ctx.delete(batches, mapping.filling);
      return ctx.delete(mappings, uuid);
    }
    ctx.update(mappings, mapping, { state: mapping.enabled ? 'Enabled' : 'Disabled' });
    poll(ctx, uuid);
  },
};

function changeLater(ctx: Ctx, mapping: Mapping): Mapping {
  const revision = ctx.kernel.nextSeq();
  const next = ctx.update(mappings, mapping, { revision, modifiedAt: ctx.now });
  const after = ctx.duration(mappingChange, mapping.uuid, revision);
  ctx.schedule(changeDue, ctx.now + after, { uuid: mapping.uuid, revision });
  return next;
}

function shown(ctx: Ctx, mapping: Mapping): Output<'lambda', 'GetEventSourceMapping'> {
  const { uuid, queueArn, functionName, qualifier, filters, maximumConcurrency } = mapping;
  const arn = ctx.arn('lambda', `function:${functionName}`);
  return {
    UUID: uuid,
    EventSourceMappingArn: ctx.arn('lambda', `event-source-mapping:${uuid}`),
    EventSourceArn: queueArn,
    FunctionArn: qualifier === undefined ? arn : `${arn}:${qualifier}`,
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.windowSeconds,
    FunctionResponseTypes: mapping.partial ? ['ReportBatchItemFailures'] : [],
    LastModified: mapping.modifiedAt,
    State: mapping.state,
    StateTransitionReason: 'USER_INITIATED',
    ...(filters.length > 0 ? { FilterCriteria: { Filters: filters.map((Pattern) => ({ Pattern })) } } : {}),
    ...(maximumConcurrency === undefined
      ? {}
      : { ScalingConfig: { MaximumConcurrency: maximumConcurrency } }),
  };
}

function mappingOf(ctx: Ctx, uuid: string): Mapping {
  const found = ctx.get(mappings, uuid);
  if (!found) throw notFound('The resource you requested does not exist.');
  return found;
}

/** Changes wait for each other. */
function checkFree({ state }: Mapping, what: 'update' | 'delete'): void {
  if (state === 'Enabled' || state === 'Disabled') return;
  throw new Fault(
    'ResourceInUseException',
    `Cannot ${what} the event source mapping because it is in use.`,
    USER,
  );
}

function filtersOf(given: NonNullable<Create['FilterCriteria']>): readonly string[] {
  return (given.Filters ?? []).map(({ Pattern = '' }) => {
    if (!parsePattern(Pattern)) throw invalid('Invalid filter pattern definition.');
    return Pattern;
  });
}

type Settings = Pick<Mapping, 'batchSize' | 'windowSeconds' | 'filters' | 'partial' | 'maximumConcurrency'>;

/** What a request changes of a mapping's settings. */
function settingsOf(given: Create | Update, before: Settings): Settings {
  const { FilterCriteria, ScalingConfig, FunctionResponseTypes } = given;
  const most = ScalingConfig ? ScalingConfig.MaximumConcurrency : before.maximumConcurrency;
  return {
    batchSize: given.BatchSize ?? before.batchSize,
    windowSeconds: given.MaximumBatchingWindowInSeconds ?? before.windowSeconds,
    filters: FilterCriteria ? filtersOf(FilterCriteria) : before.filters,
    partial: FunctionResponseTypes ? FunctionResponseTypes.length > 0 : before.partial,
    ...(most === undefined ? {} : { maximumConcurrency: most }),
  };
}

function checkBatch({ batchSize, windowSeconds }: Settings, fifo: boolean): void {
  if (fifo && windowSeconds > 0) throw invalid('Batching window is not supported for FIFO queues.');
  if (fifo && batchSize > LARGEST_PLAIN_BATCH) {
    throw invalid(
      `1 validation error detected: Value '${batchSize}' at 'batchSize' failed to satisfy constraint: ` +
        `Member must have value less than or equal to ${LARGEST_PLAIN_BATCH}`,
    );
  }
  if (batchSize > LARGEST_PLAIN_BATCH && windowSeconds === 0) {
    throw invalid(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
}

/** The execution role must be able to read the queue, and the queue must hide messages for as long as the function may run. */
function checkQueue(ctx: Ctx, queueArn: string, { fn, version }: Target): void {
  const { role, timeoutSeconds } = version.configuration;
  for (const action of ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes']) {
    if (roleMay(ctx, { role, functionName: fn.name }, 'sqs', action, queueArn)) continue;
    throw invalid(`The function execution role does not have permissions to call ${action} on SQS`);
  }
  const [, , , region = '', account = '', name = ''] = queueArn.split(':');
  const input = {
    QueueUrl: queueUrl(region, account, name),
    AttributeNames: ['VisibilityTimeout'],
  } as const;
  const asked = ctx.call('sqs', 'GetQueueAttributes', input, asRole(role, fn.name));
  if (!asked.ok) {
    throw invalid(
      'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. ' +
        'SQS Error Message: The specified queue does not exist.',
    );
  }
  const timeout = Number(asked.output.Attributes?.VisibilityTimeout);
  if (timeout >= timeoutSeconds) return;
  throw invalid(
    `Queue visibility timeout: ${timeout} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
  );
}

/** `$LATEST` at the end of a whole ARN is the function itself. */
function functionFor(ctx: Ctx, name: string): { of: Named; target: Target } {
  const given = named(ctx, name);
  const { qualifier, ...whole } = given;
  const of = qualifier === LATEST && name.startsWith('arn:') ? whole : given;
  try {
    return { of, target: targetOf(of) };
  } catch {
    throw invalid('Function does not exist');
  }
}

export const mappingOperations: Operations<'lambda'> = {
  CreateEventSourceMapping(ctx, input) {
    const { EventSourceArn, FunctionName, Enabled = true, Tags = {} } = input;
    if (EventSourceArn === undefined) throw invalid('Unrecognized event source.');
    const service = EventSourceArn.split(':')[2];
    if (service !== 'sqs') {
      throw notModelled('lambda', 'CreateEventSourceMapping', `EventSourceArn (${service ?? ''})`);
    }
    const { of, target } = functionFor(ctx, FunctionName);
    const known = ctx
      .list(mappings)
      .find((row) => row.queueArn === EventSourceArn && row.functionName === of.name);
    if (known) {
      throw conflict(
        `An event source mapping with SQS arn (" ${EventSourceArn} ") and function (" ${of.name} ") already exists. ` +
          `Please update or delete the existing mapping with UUID ${known.uuid}`,
      );
    }
    const begin = { batchSize: DEFAULT_BATCH, windowSeconds: 0, filters: [], partial: false };
    const settings = settingsOf(input, begin);
    checkBatch(settings, EventSourceArn.endsWith('.fifo'));
    checkQueue(ctx, EventSourceArn, target);
    const mapping: Mapping = {
      uuid: ctx.uuid('lambda/mapping'),
      queueArn: EventSourceArn,
      functionName: of.name,
      ...(of.qualifier === undefined ? {} : { qualifier: of.qualifier }),
      enabled: Enabled,
      state: 'Creating',
      revision: 0,
      ...settings,
      tags: Tags,
      modifiedAt: ctx.now,
      polls: 0,
      inFlight: 0,
    };
    ctx.put(mappings, mapping);
    return shown(ctx, changeLater(ctx, mapping));
  },

  UpdateEventSourceMapping(ctx, input) {
    const before = mappingOf(ctx, input.UUID);
    checkFree(before, 'update');
    const { qualifier, maximumConcurrency: _, ...rest } = before;
    const other = input.FunctionName === undefined ? undefined : functionFor(ctx, input.FunctionName);
    const kept = qualifier === undefined ? before.functionName : `${before.functionName}:${qualifier}`;
    const { of, target } = other ?? functionFor(ctx, kept);
    const settings = settingsOf(input, before);
    checkBatch(settings, before.queueArn.endsWith('.fifo'));
    checkQueue(ctx, before.queueArn, target);
    const enabled = input.Enabled ?? before.enabled;
    const turned = enabled ? 'Enabling' : 'Disabling';
    const mapping: Mapping = {
      ...rest,
      functionName: of.name,
      ...(of.qualifier === undefined ? {} : { qualifier: of.qualifier }),
      ...settings,
      enabled,
      state: enabled === before.enabled ? 'Updating' : turned,
    };
    ctx.put(mappings, mapping);
    if (!enabled) stopPolling(ctx, mapping.uuid);
    return shown(ctx, changeLater(ctx, ctx.get(mappings, mapping.uuid) as Mapping));
  },

  GetEventSourceMapping(ctx, { UUID }) {
    return shown(ctx, mappingOf(ctx, UUID));
  },

  ListEventSourceMappings(ctx, { EventSourceArn, FunctionName, Marker, MaxItems = PAGE_SIZE }) {
    const of = FunctionName === undefined ? undefined : named(ctx, FunctionName);
    const wanted = of && qualifiedArn(of);
    const where = (row: Mapping): boolean =>
      (EventSourceArn === undefined || row.queueArn === EventSourceArn) &&
      (wanted === undefined || shown(ctx, row).FunctionArn === wanted);
    const { rows, next } = page(ctx, mappings, { token: Marker, limit: MaxItems, where });
    return { EventSourceMappings: rows.map((row) => shown(ctx, row)), NextMarker: next };
  },

  DeleteEventSourceMapping(ctx, { UUID }) {
    const before = mappingOf(ctx, UUID);
    checkFree(before, 'delete');
    stopPolling(ctx, UUID);
    const current = ctx.get(mappings, UUID) as Mapping;
    return shown(ctx, changeLater(ctx, ctx.update(mappings, current, { state: 'Deleting', enabled: false })));
  },
};

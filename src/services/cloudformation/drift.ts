// Drift: whether resources still are what their stack says. Only properties that the template sets are compared.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { concealmentOf } from './concealment.ts';
import { checkedProperties, isModelled, providerFor, reasonOf, workOn } from './engine/resource-work.ts';
import { providerOf } from './providers/index.ts';
import { sameValue } from './registry/properties.ts';
import { resourceKey, resources, stacks } from './rows.ts';
import type { Resource, Stack } from './rows.ts';
import { stackBy } from './stack-operations.ts';
import { invalid } from './template/faults.ts';
import { isFields } from './template/template.ts';
import type { Fields, Value } from './template/template.ts';
import { driftDetection } from './timings.ts';

interface Detection {
  readonly id: string;
  readonly stackId: string;
  readonly startedAt: number;
  /** Logical ids that were asked about; all where absent. */
  readonly logicalIds?: readonly string[];
  readonly status: 'DETECTION_IN_PROGRESS' | 'DETECTION_COMPLETE' | 'DETECTION_FAILED';
  readonly reason?: string;
  readonly drifted?: number;
}
export const detections: Table<Detection> = table<Detection>(
  'cloudformation/drift-detections',
  (row) => row.id,
);

interface Difference {
  readonly path: string;
  readonly expected: string;
  readonly actual: string;
  readonly kind: 'ADD' | 'REMOVE' | 'NOT_EQUAL';
}

/** What a detection found of a resource. */
interface Drift {
  readonly stackId: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: 'IN_SYNC' | 'MODIFIED' | 'DELETED' | 'NOT_CHECKED';
  readonly expected: string;
  readonly actual?: string;
  readonly differences: readonly Difference[];
  readonly checkedAt: number;
}
export const drifts: Table<Drift> = table<Drift>('cloudformation/drifts', (row) =>
  resourceKey(row.stackId, row.logicalId),
);

const detectDue: TimerKind<{ id: string }> = timer<{ id: string }>('cloudformation/drift-due');

/** Statuses in which a stack can be looked at. */
const CHECKABLE = /^(CREATE|UPDATE|UPDATE_ROLLBACK|IMPORT|IMPORT_ROLLBACK)_(COMPLETE|FAILED)$/;

function checkable(ctx: Ctx, name: string): Stack {
  const stack = stackBy(ctx, name);
  if (!stack || stack.status === 'DELETE_COMPLETE') throw invalid(`Stack [${name}] does not exist`);
  if (!CHECKABLE.test(stack.status))
    throw invalid(
      `Drift detection cannot be performed on stack [${stack.id}] while it is in ${stack.status} state.`,
    );
  return stack;
}

/** Properties that a secret goes into are not compared, nor shown. */
const SECRET = /\{\{resolve:(?:secretsmanager|ssm-secure):/;

/** Compares one resource, and remembers what was found. */
function check(ctx: Ctx, stack: Stack, row: Resource): Drift {
  const found = compare(ctx, stack, row);
  ctx.put(drifts, found);
  ctx.update(resources, row, { drift: { status: found.status, checkedAt: ctx.now } });
  return found;
}

function compare(ctx: Ctx, stack: Stack, row: Resource): Drift {
  const { stackId, logicalId, physicalId = '', type, properties, policies, status } = row;
  const expected = JSON.stringify(properties);
  const base = { stackId, logicalId, physicalId, type, expected, differences: [], checkedAt: ctx.now };
  const provider = isModelled(type) ? providerFor(type) : undefined;
  if (!provider?.read) return { ...base, status: 'NOT_CHECKED' };
  const work = workOn(ctx, stack, {
    logicalId,
    type,
    physicalId,
    properties,
    policies,
    status,
    token: '',
    startedAt: ctx.now,
    reverting: false,
    memory: {},
  });
  const actual = ctx.savepoint(() => provider.read?.(work)) as Fields | undefined;
  if (!actual) return { ...base, status: 'DELETED' };
  const readable = Object.fromEntries(
    Object.entries(work.properties as Fields).filter(
      ([name]) => name in actual && !SECRET.test(JSON.stringify(properties[name])),
    ),
  );
  const shown = Object.fromEntries(Object.keys(readable).map((name) => [name, actual[name] as Value]));
  const differences = Object.keys(readable).flatMap((name) =>
    differencesAt(`/${name}`, readable[name], comparable(logicalId, type, properties, name, shown[name])),
  );
  const differs = differences.length > 0;
  return { ...base, status: differs ? 'MODIFIED' : 'IN_SYNC', actual: JSON.stringify(shown), differences };
}

/** What is read, in the types that the registry declares. */
function comparable(
  logicalId: string,
  type: string,
  properties: Fields,
  name: string,
  value: Value | undefined,
): Value | undefined {
  if (value === undefined) return undefined;
  return checkedProperties(logicalId, type, { ...properties, [name]: value })[name];
}

function differencesAt(path: string, expected: Value | undefined, actual: Value | undefined): Difference[] {
  if (sameValue(expected, actual)) return [];
  if (isFields(expected) && isFields(actual)) {
    return Object.keys(expected)
      .toSorted()
      .flatMap((name) => differencesAt(`${path}/${name}`, expected[name], actual[name]));
  }
  const text = (value: Value | undefined): string =>
    value === undefined ? 'null' : typeof value === 'string' ? value : JSON.stringify(value);
  const kind = expected === undefined ? 'ADD' : actual === undefined ? 'REMOVE' : 'NOT_EQUAL';
  return [{ path, expected: text(expected), actual: text(actual), kind }];
}

type DriftDescription = Output<'cloudformation', 'DetectStackResourceDrift'>['StackResourceDrift'];

function describe(drift: Drift, { definition, before }: Stack): DriftDescription {
  const concealment = concealmentOf(definition, before);
  return {
    StackId: drift.stackId,
    LogicalResourceId: drift.logicalId,
    PhysicalResourceId: drift.physicalId,
    ResourceType: drift.type,
    ...(drift.status !== 'NOT_CHECKED' && { ExpectedProperties: concealment.json(drift.expected) }),
    ...(drift.actual !== undefined && { ActualProperties: concealment.json(drift.actual) }),
    PropertyDifferences: drift.differences.map(({ path, expected, actual, kind }) => ({
      PropertyPath: path,
      ExpectedValue: concealment.text(expected),
      ActualValue: concealment.text(actual),
      DifferenceType: kind,
    })),
    StackResourceDriftStatus: drift.status,
    Timestamp: drift.checkedAt,
  };
}

const PAGE = 100;

export const driftOperations: Operations<'cloudformation'> = {
  DetectStackDrift(ctx, { StackName, LogicalResourceIds }) {
    const stack = checkable(ctx, StackName);
    const running = ctx
      .list(detections)
      .some(({ stackId, status }) => stackId === stack.id && status === 'DETECTION_IN_PROGRESS');
    if (running) throw invalid(`Drift detection is already in progress for stack [${stack.id}].`);
    const id = ctx.uuid('drift');
    ctx.put(detections, {
      id,
      stackId: stack.id,
      startedAt: ctx.now,
      status: 'DETECTION_IN_PROGRESS',
      ...(LogicalResourceIds && { logicalIds: LogicalResourceIds }),
    });
    ctx.schedule(detectDue, ctx.now + ctx.duration(driftDetection, stack.name), { id });
    return { StackDriftDetectionId: id };
  },

  DescribeStackDriftDetectionStatus(ctx, { StackDriftDetectionId: id }) {
    const found = ctx.get(detections, id);
    if (!found) throw invalid(`Drift detection status not found for id: ${id}`);
    const done = found.status === 'DETECTION_COMPLETE';
    return {
      StackId: found.stackId,
      StackDriftDetectionId: id,
      DetectionStatus: found.status,
      ...(found.reason !== undefined && { DetectionStatusReason: found.reason }),
      ...(done && { StackDriftStatus: found.drifted ? 'DRIFTED' : 'IN_SYNC' }),
      ...(done && { DriftedStackResourceCount: found.drifted ?? 0 }),
      Timestamp: found.startedAt,
    };
  },

  DetectStackResourceDrift(ctx, { StackName, LogicalResourceId }) {
    const stack = checkable(ctx, StackName);
    const row = ctx.get(resources, resourceKey(stack.id, LogicalResourceId));
    if (!row || row.gone)
      throw invalid(`Resource ${LogicalResourceId} does not exist for stack ${stack.name}`);
    if (!providerOf(row.type)?.read)
      throw invalid(`Drift detection is not supported for resource type ${row.type}.`);
    try {
      return { StackResourceDrift: describe(check(ctx, stack, row), stack) };
    } catch (error) {
      throw invalid(reasonOf(error));
    }
  },

  DescribeStackResourceDrifts(
    ctx,
    { StackName, StackResourceDriftStatusFilters: wanted, NextToken, MaxResults },
  ) {
    const stack = stackBy(ctx, StackName);
    if (!stack) throw invalid(`Stack [${StackName}] does not exist`);
    const found = ctx
      .scan(drifts, { prefix: `${stack.id} ` })
      .filter(({ status }) => (wanted ? wanted.includes(status) : status !== 'NOT_CHECKED'));
    const { items, next } = pageOf(found, ({ logicalId }) => logicalId, {
      token: NextToken,
      limit: MaxResults ?? PAGE,
    });
    return {
      StackResourceDrifts: items.map((drift) => describe(drift, stack)),
      ...(next !== undefined && { NextToken: next }),
    };
  },
};

export const driftDetected: TimerHandler<{ id: string }, Ctx> = {
  kind: detectDue,
  live: (ctx, { id }) => ctx.get(detections, id)?.status === 'DETECTION_IN_PROGRESS',
  fire(ctx, { id }) {
    const detection = ctx.get(detections, id) as Detection;
    const stack = ctx.get(stacks, detection.stackId);
    if (!stack) return;
    try {
      const rows = ctx
        .scan(resources, { prefix: `${stack.id} ` })
        .filter(({ gone, logicalId }) => !gone && (detection.logicalIds?.includes(logicalId) ?? true));
      const drifted = rows
        .map((row) => check(ctx, stack, row))
        .filter(({ status }) => status === 'MODIFIED' || status === 'DELETED').length;
      ctx.update(detections, detection, { status: 'DETECTION_COMPLETE', drifted });
      ctx.update(stacks, stack, {
        drift: { status: drifted > 0 ? 'DRIFTED' : 'IN_SYNC', checkedAt: ctx.now },
      });
    } catch (error) {
      ctx.update(detections, detection, { status: 'DETECTION_FAILED', reason: reasonOf(error) });
    }
  },
};

// Task definitions: families of numbered revisions.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definitions.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import { principalName } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken } from '../clusters/clusters.ts';
import { clientError, unmodelled } from '../faults.ts';
import { families, taskDefinitions } from '../tables.ts';
import type { TaskDefinition } from '../tables.ts';
import { tagsShown, withTags } from '../tags.ts';
import { checkContainers, checkForFargate, filledIn } from './container-definitions.ts';
import { cpuUnits, fitsFargate, megabytes } from './task-size.ts';

type Request = Input<'ecs', 'RegisterTaskDefinition'>;
type Shown = NonNullable<Output<'ecs', 'DescribeTaskDefinition'>['taskDefinition']>;

const MOST_LISTED = 100;

/** An ARN's or a request's `family` or `family:revision`. */
function nameIn(given: string): string {
  return given.slice(given.lastIndexOf('/') + 1);
}

function hasRevision(given: string): boolean {
  return nameIn(given).includes(':');
}

/** The revision that a request means: an ARN, `family:revision`, or the newest active one of a family. */
export function findDefinition(ctx: Ctx, given: string): TaskDefinition | undefined {
  const name = nameIn(given);
  if (given.startsWith('arn:') && !given.startsWith(ctx.arn('ecs', 'task-definition/'))) return undefined;
  if (hasRevision(given)) return ctx.get(taskDefinitions, ctx.arn('ecs', `task-definition/${name}`));
  const active = ctx.list(taskDefinitions, 'family', name).filter(({ status }) => status === 'ACTIVE');
  return active.toSorted((left, right) => right.revision - left.revision)[0];
}

/** A revision that new tasks may be of. */
export function usableDefinition(ctx: Ctx, given: string): TaskDefinition {
  const found = findDefinition(ctx, given);
  if (!found) throw clientError('TaskDefinition not found.');
  if (found.status !== 'ACTIVE') throw clientError('TaskDefinition is inactive');
  return found;
}

function describable(ctx: Ctx, given: string): TaskDefinition {
  const found = findDefinition(ctx, given);
  if (!found) throw clientError('Unable to describe task definition.');
  return found;
}

/** The roles of a task definition, which whoever uses it hands on. */
export function rolesOf(given: Pick<TaskDefinition['given'], 'taskRoleArn' | 'executionRoleArn'>): string[] {
  return [given.executionRoleArn, given.taskRoleArn].filter((arn): arn is string => Boolean(arn));
}

/** Roles may be named without the rest of their ARN. */
export function roleArn(ctx: Ctx, given: string): string {
  return given.startsWith('arn:') ? given : `arn:aws:iam::${ctx.account}:role/${given}`;
}

function register(ctx: Ctx, request: Request): TaskDefinition {
  const { family, containerDefinitions, tags, ...given } = request;
  const { requiresCompatibilities = [], volumes = [], runtimePlatform } = given;
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(family)) throw clientError('Family contains invalid characters.');
  const fargate = requiresCompatibilities.includes('FARGATE');
  const networkMode = given.networkMode ?? 'bridge';
  const cpu = given.cpu === undefined ? undefined : cpuUnits(given.cpu);
  const memory = given.memory === undefined ? undefined : megabytes(given.memory);
  if (runtimePlatform?.operatingSystemFamily && runtimePlatform.operatingSystemFamily !== 'LINUX')
    throw unmodelled(`The operating system ${runtimePlatform.operatingSystemFamily} is`);
  const other = requiresCompatibilities.find((one) => one !== 'FARGATE' && one !== 'EC2');
  if (other) throw unmodelled(`The compatibility ${other} is`);
  const names = volumes.map(({ name = '' }) => name);
  checkContainers(containerDefinitions, { networkMode, cpu, memory, volumes: names });
  if (fargate) {
    if (networkMode !== 'awsvpc') throw clientError("Fargate only supports network mode 'awsvpc'.");
    if (given.pidMode === 'host') {
      throw clientError(
        "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
      );
    }
    if (cpu === undefined) throw clientError("Fargate requires that 'cpu' be defined at the task level.");
    if (memory === undefined)
      throw clientError("Fargate requires that 'memory' be defined at the task level.");
    if (!fitsFargate(cpu, memory)) {
      throw clientError(
        `No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory. ` +
          'See the Amazon ECS documentation for the valid values.',
      );
    }
    checkForFargate(containerDefinitions, given.executionRoleArn);
  }
  const row = ctx.get(families, family) ?? { name: family, revisions: 0 };
  const revision = row.revisions + 1;
  ctx.put(families, { ...row, revisions: revision });
  const isFor =
    networkMode === 'awsvpc' && cpu !== undefined && memory !== undefined && fitsFargate(cpu, memory);
  const definition: TaskDefinition = {
    arn: ctx.arn('ecs', `task-definition/${family}:${revision}`),
    family,
    revision,
    status: 'ACTIVE',
    containers: containerDefinitions.map((container) => filledIn(container, networkMode)),
    given: {
      ...given,
      ...(cpu === undefined ? {} : { cpu: String(cpu) }),
      ...(memory === undefined ? {} : { memory: String(memory) }),
      ...(given.taskRoleArn ? { taskRoleArn: roleArn(ctx, given.taskRoleArn) } : {}),
      ...(given.executionRoleArn ? { executionRoleArn: roleArn(ctx, given.executionRoleArn) } : {}),
    },
    networkMode,
    compatibilities: isFor ? ['EC2', 'FARGATE'] : ['EC2'],
    registeredAt: ctx.now,
    registeredBy: principalName(ctx.principal),
    tags: withTags(ctx, {}, tags),
  };
  ctx.put(taskDefinitions, definition);
  return definition;
}

function show(row: TaskDefinition): Shown {
  const { arn, family, revision, status, containers, given, compatibilities } = row;
  return {
    taskDefinitionArn: arn,
    containerDefinitions: containers,
    family,
    revision,
    status,
    ...given,
    volumes: given.volumes ?? [],
    placementConstraints: given.placementConstraints ?? [],
    compatibilities,
    registeredAt: row.registeredAt,
    registeredBy: row.registeredBy,
    ...(row.deregisteredAt === undefined ? {} : { deregisteredAt: row.deregisteredAt }),
  };
}

/** Why a task definition cannot be deleted. */
function refusalOf(given: string, row: TaskDefinition | undefined): string | undefined {
  if (row?.status === 'INACTIVE') return undefined;
  if (row)
    return 'The specified task definition is still in ACTIVE status. Please deregister the target and try again.';
  return hasRevision(given)
    ? 'The specified task definition does not exist. Specify a valid account, family, revision and try again.'
    : 'The specified task definition identifier is invalid. Specify a valid name or ARN and try again.';
}

export const taskDefinitionOperations: Operations<'ecs'> = {
  RegisterTaskDefinition(ctx, request) {
    const row = register(ctx, request);
    return { taskDefinition: show(row), tags: tagsShown(row.tags) };
  },

  DescribeTaskDefinition(ctx, { taskDefinition, include = [] }) {
    const row = describable(ctx, taskDefinition);
    return { taskDefinition: show(row), ...(include.includes('TAGS') ? { tags: tagsShown(row.tags) } : {}) };
  },

  /** Tasks and services that use it go on. */
  DeregisterTaskDefinition(ctx, { taskDefinition }) {
    const [, revision] = nameIn(taskDefinition).split(':');
    // These words, and those of failures below, are known from moto's tests alone.
    if (revision === undefined) throw clientError('Revision is missing.');
    if (!/^\d+$/.test(revision)) throw clientError(`Invalid revision number. Number: ${revision}`);
    const row = describable(ctx, taskDefinition);
    if (row.status !== 'ACTIVE') throw clientError('TaskDefinition is inactive');
    const after = ctx.update(taskDefinitions, row, { status: 'INACTIVE', deregisteredAt: ctx.now });
    return { taskDefinition: show(after) };
  },

  /** At once, where AWS waits until nothing uses it. */
  DeleteTaskDefinitions(ctx, { taskDefinitions: asked }) {
    const found = asked.map(
      (given) => [given, hasRevision(given) ? findDefinition(ctx, given) : undefined] as const,
    );
    const failures = found.flatMap(([arn, row]) => {
      const reason = refusalOf(arn, row);
      return reason === undefined ? [] : [{ arn, reason }];
    });
    const gone = found.flatMap(([, row]) => (row?.status === 'INACTIVE' ? [row] : []));
    for (const { arn } of gone) ctx.delete(taskDefinitions, arn);
    return { taskDefinitions: gone.map((row) => show({ ...row, status: 'DELETE_IN_PROGRESS' })), failures };
  },

  ListTaskDefinitions(ctx, input) {
    const {
      familyPrefix,
      status = 'ACTIVE',
      sort = 'ASC',
      nextToken: token,
      maxResults: limit = MOST_LISTED,
    } = input;
    const wanted = ctx
      .list(taskDefinitions)
      .filter((row) => row.status === status && (familyPrefix === undefined || row.family === familyPrefix));
    const sorted = wanted.toSorted((left, right) =>
      left.family === right.family ? left.revision - right.revision : left.family < right.family ? -1 : 1,
    );
    const ordered = sort === 'DESC' ? sorted.toReversed() : sorted;
    const { items, next } = pageOf(ordered, ({ arn }) => arn, { token, limit, invalidToken });
    return { taskDefinitionArns: items.map(({ arn }) => arn), nextToken: next };
  },

  ListTaskDefinitionFamilies(ctx, input) {
    const { familyPrefix = '', status = 'ALL', nextToken: token, maxResults: limit = MOST_LISTED } = input;
    const wanted = ctx.list(families).filter(({ name }) => {
      if (!name.startsWith(familyPrefix)) return false;
      const isActive = ctx.list(taskDefinitions, 'family', name).some((row) => row.status === 'ACTIVE');
      return status === 'ALL' || (status === 'ACTIVE') === isActive;
    });
    const { items, next } = pageOf(wanted, ({ name }) => name, { token, limit, invalidToken });
    return { families: items.map(({ name }) => name), nextToken: next };
  },
};

// Moving messages back out of a dead-letter queue, or on to another queue.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { base64, fromBase64, textOf, utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { expired, messages, nextSequence, stored } from './message.ts';
import type { Message } from './message.ts';
import { touched } from './metrics.ts';
import { queueByArn, queues, redriveOf, wakePolls } from './queue.ts';
import type { Queue } from './queue.ts';
import { moveStart, MOVES_PER_SECOND } from './timings.ts';

export interface MoveTask {
  /** Source and order of starting, so that a source's tasks stand together. */
  key: string;
  handle: string;
  sourceArn: string;
  destinationArn?: string;
  /** As it was asked for. */
  perSecond?: number;
  status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  failureReason?: string;
  toMove: number;
  moved: number;
  startedAt: number;
}
export const moveTasks: Table<MoveTask> = table<MoveTask>('sqs/move-tasks', (row) => row.key);

const moveDue: TimerKind<{ key: string }> = timer<{ key: string }>('sqs/move-due');

const MOST_LISTED = 10;
const SECOND = 1000;

const wrong = (message: string): Fault => new Fault('InvalidParameterValue', message);
const missing = (parameter: string): Fault =>
  new Fault(
    'ResourceNotFoundException',
    `The resource that you specified for the ${parameter} parameter doesn't exist.`,
  );

export const moveOperations: Operations<'sqs'> = {
  StartMessageMoveTask(ctx, { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond: perSecond }) {
    const source = sourceOf(ctx, SourceArn);
    if (DestinationArn !== undefined && !queueByArn(ctx, DestinationArn)) throw missing('DestinationArn');
    if (perSecond !== undefined && (perSecond < 1 || perSecond > MOVES_PER_SECOND)) {
      throw wrong(
        `Value ${perSecond} for parameter MaxNumberOfMessagesPerSecond is invalid. ` +
          `Reason: Must be between 1 and ${MOVES_PER_SECOND}, if provided.`,
      );
    }
    const { owner, queue } = source;
    if (sourcesOf(owner, queue.arn).length === 0)
      throw wrong('Source queue must be configured as a Dead Letter Queue.');
    const earlier = tasksOf(owner, queue);
    if (earlier.some(({ status }) => status === 'RUNNING')) {
      throw wrong(
        'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
      );
    }
    // AWS lists the ten latest; older ones are of no use to anybody.
    for (const { key } of earlier.slice(MOST_LISTED - 1)) owner.delete(moveTasks, key);
    const handle = base64(utf8(JSON.stringify({ taskId: owner.uuid('move-task'), sourceArn: SourceArn })));
    const key = `${queue.name}@${nextSequence(owner)}`;
    owner.put(moveTasks, {
      key,
      handle,
      sourceArn: SourceArn,
      ...(DestinationArn === undefined ? {} : { destinationArn: DestinationArn }),
      ...(perSecond === undefined ? {} : { perSecond }),
      status: 'RUNNING',
      toMove: movable(owner, queue, Infinity).length,
      moved: 0,
      startedAt: ctx.now,
    });
    owner.schedule(moveDue, ctx.now + owner.duration(moveStart, queue.name, earlier.length), { key });
    return { TaskHandle: handle };
  },

  ListMessageMoveTasks(ctx, { SourceArn, MaxResults = 1 }) {
    const { owner, queue } = sourceOf(ctx, SourceArn);
    if (MaxResults < 1 || MaxResults > MOST_LISTED) {
      throw wrong(
        `Value ${MaxResults} for parameter MaxResults is invalid. ` +
          `Reason: Must be between 1 and ${MOST_LISTED}, if provided.`,
      );
    }
    const Results = tasksOf(owner, queue).slice(0, MaxResults).map(described);
    return Results.length > 0 ? { Results } : {};
  },

  CancelMessageMoveTask(ctx, { TaskHandle }) {
    const sourceArn = sourceArnOf(TaskHandle);
    if (sourceArn === undefined) throw wrong('Value for parameter TaskHandle is invalid.');
    const { owner, queue } = sourceOf(ctx, sourceArn);
    const task = tasksOf(owner, queue).find(({ handle }) => handle === TaskHandle);
    if (!task) throw new Fault('ResourceNotFoundException', 'Task does not exist.');
    if (task.status !== 'RUNNING') throw wrong('Only active tasks can be cancelled.');
    owner.update(moveTasks, task, { status: 'CANCELLED' });
    return { ApproximateNumberOfMessagesMoved: task.moved };
  },
};

/** The source in a task's handle; nothing where it is none. */
export function sourceArnOf(handle: string): string | undefined {
  const bytes = fromBase64(handle);
  try {
    const { sourceArn } = JSON.parse((bytes && textOf(bytes)) ?? '') as { sourceArn?: unknown };
    return typeof sourceArn === 'string' ? sourceArn : undefined;
  } catch {
    return undefined;
  }
}

/** ARNs of the queues whose dead letters a queue of this account and region gets. */
export function sourcesOf(owner: Ctx, deadLetterArn: string): string[] {
  const sources = owner.list(queues).filter((one) => redriveOf(one)?.deadLetterTargetArn === deadLetterArn);
  return sources.map(({ arn }) => arn);
}

function sourceOf(ctx: Ctx, arn: string): { queue: Queue; owner: Ctx } {
  const found = queueByArn(ctx, arn);
  if (!found) throw missing('SourceArn');
  return found;
}

/** The tasks of a source, the latest first. */
function tasksOf(owner: Ctx, { name }: Queue): MoveTask[] {
  return owner.scan(moveTasks, { prefix: `${name}@` }).toReversed();
}

/** Forgets the tasks of a queue that goes. */
export function forgetTasks(owner: Ctx, queue: Queue): void {
  for (const { key } of tasksOf(owner, queue)) owner.delete(moveTasks, key);
}

function described(task: MoveTask): Record<string, string | number> {
  return {
    ...(task.status === 'RUNNING' ? { TaskHandle: task.handle } : {}),
    Status: task.status,
    SourceArn: task.sourceArn,
    ...(task.destinationArn === undefined ? {} : { DestinationArn: task.destinationArn }),
    ...(task.perSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond: task.perSecond }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(task.failureReason === undefined ? {} : { FailureReason: task.failureReason }),
    StartedTimestamp: task.startedAt,
  };
}

/** Messages of a queue that nobody is working on, oldest first. */
function movable(owner: Ctx, queue: Queue, most: number): Message[] {
  const found: Message[] = [];
  for (const message of owner.scan(messages, { prefix: `${queue.name}@` })) {
    if (found.length >= most) break;
    if (message.visibleAt <= owner.now && !expired(queue, message, owner.now)) found.push(message);
  }
  return found;
}

/** Moves a second's worth of messages. */
export const move: TimerHandler<{ key: string }, Ctx> = {
  kind: moveDue,
  live: (owner, { key }) => owner.get(moveTasks, key)?.status === 'RUNNING',
  fire(owner, { key }) {
    const task = owner.get(moveTasks, key) as MoveTask;
    const { queue } = sourceOf(owner, task.sourceArn);
    const left = task.toMove - task.moved;
    const batch = movable(owner, queue, Math.min(task.perSecond ?? MOVES_PER_SECOND, left));
    let moved = 0;
    for (const message of batch) {
      const failureReason = handOver(owner, task, message);
      if (failureReason !== undefined) {
        owner.update(moveTasks, task, { status: 'FAILED', failureReason, moved: task.moved + moved });
        return;
      }
      moved += 1;
    }
    touched(owner, queue);
    const done = moved === left || batch.length === 0;
    owner.update(moveTasks, task, {
      moved: task.moved + moved,
      status: done ? 'COMPLETED' : 'RUNNING',
    });
    if (!done) owner.schedule(moveDue, owner.now + SECOND, { key });
  },
};

/** A message that is moved becomes a new one: with another id, sent now. Returns why it could not be moved. */
function handOver(owner: Ctx, task: MoveTask, message: Message): string | undefined {
  const arn = task.destinationArn ?? message.deadLetterSource;
  if (arn === undefined) return 'CouldNotDetermineMessageSource';
  const target = queueByArn(owner, arn);
  if (!target) return 'AWS.SimpleQueueService.NonExistentQueue';
  if (target.queue.fifo !== (message.key.split('@')[0] as string).endsWith('.fifo'))
    return 'AWS.SimpleQueueService.UnsupportedOperation';
  owner.delete(messages, message.key);
  const { body, attributes, trace, dataKey, senderId, groupId, deduplicationId } = message;
  stored(target.owner, target.queue, {
    id: owner.uuid('message'),
    sequence: nextSequence(owner),
    body,
    attributes,
    ...(trace === undefined ? {} : { trace }),
    ...(dataKey === undefined ? {} : { dataKey }),
    senderId,
    sentAt: owner.now,
    visibleAt: owner.now,
    receiveCount: 0,
    ...(groupId === undefined ? {} : { groupId }),
    ...(deduplicationId === undefined ? {} : { deduplicationId }),
  });
  touched(target.owner, target.queue);
  wakePolls(target.owner, target.queue);
  return undefined;
}

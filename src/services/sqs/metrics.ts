// What SQS tells CloudWatch: counts as they happen, and where a queue stands at the end of a minute in which it changed.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html

import { table } from '#world/index.ts';
import type { Reconciler, Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { messages } from './message.ts';
import type { Message } from './message.ts';
import { isPolled, numberOf, queues } from './queue.ts';
import type { Queue } from './queue.ts';
import { ACTIVE_MS } from './timings.ts';

const NAMESPACE = 'AWS/SQS';
const MINUTE = 60_000;
/** Messages that were received this often and are still there do not count for the age of a standard queue. */
const POISONED = 3;
/** The age of the oldest message is told again when it has grown by this part of itself, or by a minute. */
const AGE_STEP = 20;

const LEVELS = {
  ApproximateNumberOfMessagesVisible: 'Count',
  ApproximateNumberOfMessagesNotVisible: 'Count',
  ApproximateNumberOfMessagesDelayed: 'Count',
  ApproximateAgeOfOldestMessage: 'Seconds',
  ApproximateNumberOfGroupsWithInflightMessages: 'Count',
} as const;
type LevelName = keyof typeof LEVELS;

/** The minute in which a queue was last used: its metrics are published for six hours more. */
export interface Activity {
  queue: string;
  minute: number;
}
export const activities: Table<Activity> = table<Activity>('sqs/activities', (row) => row.queue);

const GAUGES = { name: 'sqs/gauges', background: true } as const;

const lastOf = (at: number): number => at - (at % MINUTE) + MINUTE - 1;

/** Adds `samples` of one value to the minute that runs. */
export function count(owner: Ctx, queue: Queue, name: string, value: number = 1, samples: number = 1): void {
  if (samples === 0) return;
  const metric = { namespace: NAMESPACE, name, dimensions: { QueueName: queue.name } };
  const unit = name === 'SentMessageSize' ? 'Bytes' : 'Count';
  const at = owner.now - (owner.now % MINUTE);
  owner.port(metrics).publish(owner, metric, { at, unit, values: [value], counts: [samples] });
}

/** A request has used the queue: it is looked at when the minute ends. */
export function touched(owner: Ctx, { name }: Queue): void {
  const minute = owner.now - (owner.now % MINUTE);
  if (owner.get(activities, name)?.minute === minute) return;
  owner.put(activities, { queue: name, minute });
  owner.wake(GAUGES, name, lastOf(minute));
}

/** Ends the metrics of a queue that goes. */
export function stopMetrics(owner: Ctx, { name }: Queue): void {
  if (!owner.get(activities, name)) return;
  for (const level of Object.keys(LEVELS) as LevelName[]) tell(owner, name, level, undefined);
  owner.delete(activities, name);
}

function tell(owner: Ctx, QueueName: string, name: LevelName, value: number | undefined): void {
  owner
    .port(metrics)
    .level(owner, { namespace: NAMESPACE, name, dimensions: { QueueName } }, LEVELS[name], value);
}

/** Where a queue stands, and when it next differs by itself. */
interface Standing {
  visible: number;
  delayed: number;
  inFlight: number;
  groups: Set<string>;
  /** Since when the oldest message that counts is there. */
  oldest: number;
  changesAt: number;
}

function standingOf(owner: Ctx, queue: Queue): Standing {
  const found: Standing = {
    visible: 0,
    delayed: 0,
    inFlight: 0,
    groups: new Set(),
    oldest: Infinity,
    changesAt: Infinity,
  };
  const retentionMs = numberOf(queue, 'MessageRetentionPeriod') * 1000;
  for (const message of owner.scan(messages, { prefix: `${queue.name}@` })) {
    const expiresAt = message.sentAt + retentionMs;
    if (expiresAt <= owner.now) continue;
    add(found, queue, message, owner.now);
    found.changesAt = Math.min(found.changesAt, expiresAt);
  }
  return found;
}

function add(found: Standing, { fifo }: Queue, message: Message, now: number): void {
  const { visibleAt, receivedAt, groupId = '', receiveCount, sentAt, movedAt = sentAt } = message;
  if (fifo || receiveCount < POISONED) found.oldest = Math.min(found.oldest, movedAt);
  if (visibleAt <= now) {
    found.visible += 1;
    return;
  }
  found.changesAt = Math.min(found.changesAt, visibleAt);
  if (receivedAt === undefined) {
    found.delayed += 1;
  } else {
    found.inFlight += 1;
    found.groups.add(groupId);
  }
}

/** When the queue was last used: now, while a long poll stands. */
function usedAt(owner: Ctx, queue: Queue, { minute }: Activity): number {
  return owner.now >= minute + ACTIVE_MS && isPolled(owner, queue) ? owner.now : minute;
}

/** Tells where a queue stands as a minute ends. Comes back when that can differ, and sleeps once the queue is no longer active. */
export const gauges: Reconciler<Queue, Ctx> = {
  ...GAUGES,
  table: queues,
  step(owner, queue) {
    const activity = owner.get(activities, queue.name);
    if (!activity) return undefined;
    const { visible, delayed, inFlight, groups, oldest, changesAt } = standingOf(owner, queue);
    const empty = visible + delayed + inFlight === 0;
    const idleAt = usedAt(owner, queue, activity) + ACTIVE_MS;
    if (empty && owner.now >= idleAt) return stopMetrics(owner, queue);
    const ageMs = oldest === Infinity ? 0 : owner.now - oldest;
    tell(owner, queue.name, 'ApproximateNumberOfMessagesVisible', visible);
    tell(owner, queue.name, 'ApproximateNumberOfMessagesNotVisible', inFlight);
    tell(owner, queue.name, 'ApproximateNumberOfMessagesDelayed', delayed);
    tell(owner, queue.name, 'ApproximateAgeOfOldestMessage', Math.floor(ageMs / 1000));
    if (queue.fifo) tell(owner, queue.name, 'ApproximateNumberOfGroupsWithInflightMessages', groups.size);
    const olderAt =
      oldest === Infinity ? Infinity : owner.now + Math.max(MINUTE, Math.floor(ageMs / AGE_STEP));
    const next = Math.min(changesAt, olderAt, empty ? idleAt : Infinity);
    return next === Infinity ? undefined : lastOf(next);
  },
};

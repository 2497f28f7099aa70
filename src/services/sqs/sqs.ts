// Amazon SQS: queues (./queues.ts), sending (./send.ts), receiving and dead letters (./receive.ts), moving messages back from
// dead-letter queues (./move-tasks.ts), metrics (./metrics.ts).

import type { Reconciler, Row, TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { emptyBatch } from './batch.ts';
import { dataKeys } from './encryption.ts';
import { messages } from './message.ts';
import { activities, gauges } from './metrics.ts';
import { move, moveOperations, moveTasks, sourceArnOf, sourcesOf } from './move-tasks.ts';
import { arnOfUrl, queueByArn, queues, remotePolls } from './queue.ts';
import { deletedQueues, queueOperations } from './queues.ts';
import { forgetAttempt, receiveAttempts } from './receive-attempts.ts';
import { readiness, receiveOperations } from './receive.ts';
import { deduplications, forget, sendOperations } from './send.ts';

const ofQueue = { resources: arnOfUrl };
/** Batches need the permission of the single operation. */
const ofBatch = (action: string): typeof ofQueue & { actions: readonly string[] } => ({
  actions: [`sqs:${action}`],
  resources: arnOfUrl,
});

/**
 * What a principal needs on a dead-letter queue besides the permission to start and to stop a task.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
 */
const MOVING = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'] as const;

export const service: Service = defineService({
  contract: 'sqs',
  tables: [
    queues,
    deletedQueues,
    messages,
    deduplications,
    receiveAttempts,
    remotePolls,
    moveTasks,
    dataKeys,
    activities,
  ],
  operations: { ...queueOperations, ...sendOperations, ...receiveOperations, ...moveOperations },
  timers: [forget, forgetAttempt, move] as TimerHandler<unknown, Ctx>[],
  reconcilers: [readiness, gauges] as unknown as Reconciler<Row, Ctx>[],
  authorization: {
    AddPermission: ofQueue,
    CancelMessageMoveTask: {
      actions: ['sqs:CancelMessageMoveTask', ...MOVING],
      // A queue that is not there is found out by the operation (recorded: test_cancel_with_invalid_source_arn_in_task_handle).
      resources(ctx, { TaskHandle }) {
        const arn = sourceArnOf(TaskHandle);
        return arn !== undefined && queueByArn(ctx, arn) ? arn : '*';
      },
    },
    ChangeMessageVisibility: ofQueue,
    ChangeMessageVisibilityBatch: ofBatch('ChangeMessageVisibility'),
    CreateQueue: { resources: (ctx, { QueueName }) => ctx.arn('sqs', QueueName) },
    DeleteMessage: ofQueue,
    DeleteMessageBatch: ofBatch('DeleteMessage'),
    DeleteQueue: ofQueue,
    GetQueueAttributes: ofQueue,
    GetQueueUrl: {
      resources: (ctx, { QueueName, QueueOwnerAWSAccountId: account = ctx.account }) =>
        ctx.in({ account }).arn('sqs', QueueName),
    },
    ListDeadLetterSourceQueues: ofQueue,
    ListMessageMoveTasks: {
      actions: ['sqs:ListMessageMoveTasks', 'sqs:GetQueueAttributes'],
      resources: (_, { SourceArn }) => SourceArn,
    },
    ListQueueTags: ofQueue,
    PurgeQueue: ofQueue,
    ReceiveMessage: ofQueue,
    RemovePermission: ofQueue,
    SendMessage: ofQueue,
    SendMessageBatch: ofBatch('SendMessage'),
    SetQueueAttributes: ofQueue,
    StartMessageMoveTask: {
      actions: ['sqs:StartMessageMoveTask', ...MOVING],
      resources: (_, { SourceArn }) => SourceArn,
      further: (ctx, { SourceArn, DestinationArn }) =>
        (DestinationArn === undefined ? sourcesOf(ctx, SourceArn) : [DestinationArn]).map((resource) => ({
          action: 'sqs:SendMessage',
          resource,
        })),
    },
    TagQueue: ofQueue,
    UntagQueue: ofQueue,
  },
  resourcePolicy(ctx, arn) {
    const policy = queueByArn(ctx, arn)?.queue.attributes['Policy'];
    return policy ? parsePolicy(policy, 'resource') : undefined;
  },
  // A query cannot tell an empty list from none (recorded: test_send_message_batch_with_empty_list).
  invalid: (operation, [first]) =>
    first?.constraint === 'required' && first.members[0] === 'Entries' ? emptyBatch(operation) : undefined,
  // SQS has its own words for attributes that it does not know, and its model leaves out that ReceiveMessage takes the names
  // of messages' attributes among AttributeNames, as every client sent them before 2023.
  tolerates: (_, { constraint, members: [name] }) =>
    constraint === 'enum' && (name === 'Attributes' || name?.endsWith('AttributeNames') === true),
});

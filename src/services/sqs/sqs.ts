// Amazon SQS: queues (./queues.ts), sending (./send.ts), receiving and dead letters (./receive.ts).

import type { Reconciler, Row, TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { messages } from './message.ts';
import { arnOfUrl, queueByArn, queues, remotePolls } from './queue.ts';
import { deletedQueues, queueOperations } from './queues.ts';
import { readiness, receiveOperations } from './receive.ts';
import { deduplications, forget, sendOperations } from './send.ts';

const ofQueue = { resources: arnOfUrl };
/** Batches need the permission of the single operation. */
const ofBatch = (action: string): typeof ofQueue & { actions: readonly string[] } => ({
  actions: [`sqs:${action}`],
  resources: arnOfUrl,
});

export const service: Service = defineService({
  contract: 'sqs',
  tables: [queues, deletedQueues, messages, deduplications, remotePolls],
  operations: { ...queueOperations, ...sendOperations, ...receiveOperations },
  timers: [forget as TimerHandler<unknown, Ctx>],
  reconcilers: [readiness as unknown as Reconciler<Row, Ctx>],
  authorization: {
    AddPermission: ofQueue,
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
    ListQueueTags: ofQueue,
    PurgeQueue: ofQueue,
    ReceiveMessage: ofQueue,
    RemovePermission: ofQueue,
    SendMessage: ofQueue,
    SendMessageBatch: ofBatch('SendMessage'),
    SetQueueAttributes: ofQueue,
    TagQueue: ofQueue,
    UntagQueue: ofQueue,
  },
  resourcePolicy(ctx, arn) {
    const policy = queueByArn(ctx, arn)?.queue.attributes['Policy'];
    return policy ? parsePolicy(policy, 'resource') : undefined;
  },
  // SQS has its own words for attributes that it does not know, and its model leaves out that ReceiveMessage takes the names
  // of messages' attributes among AttributeNames, as every client sent them before 2023.
  tolerates: (_, { constraint, members: [name] }) =>
    constraint === 'enum' && (name === 'Attributes' || name?.endsWith('AttributeNames') === true),
  refused: { ReceiveMessage: ['ReceiveRequestAttemptId'] },
});

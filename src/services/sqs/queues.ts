// Creating, naming, listing, changing, purging and deleting queues; their tags and permissions.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page, pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { removeTags } from '#cloud/tags.ts';
import { checkAttributes, inLowerCase, normalized } from './attributes.ts';
import { forgetDataKeys } from './encryption.ts';
import { countsOf, messages } from './message.ts';
import { stopMetrics, touched } from './metrics.ts';
import { forgetTasks } from './move-tasks.ts';
import {
  DEFAULTS,
  FIFO_DEFAULTS,
  KMS_DEFAULTS,
  noQueue,
  placeOf,
  queueOf,
  queues,
  redriveOf,
  urlOf,
  wakePolls,
} from './queue.ts';
import type { Queue } from './queue.ts';
import { forgetAttempts } from './receive-attempts.ts';
import { deduplications } from './send.ts';
import { nameReuse, purgeInterval } from './timings.ts';

/** A queue that was deleted a moment ago: its name is not free yet. */
interface DeletedQueue {
  name: string;
  freeAt: number;
}
export const deletedQueues: Table<DeletedQueue> = table<DeletedQueue>(
  'sqs/deleted-queues',
  (row) => row.name,
);

const NAME = /^[A-Za-z0-9_-]{1,80}$/;
const PAGE_SIZE = 1000;
const LABEL = /^[A-Za-z0-9_-]{1,80}$/;
const MOST_ACTIONS = 7;
const MOST_TAGS = 50;

/** Which actions AddPermission may name. */
const PERMITTED = new Set([
  '*',
  'ChangeMessageVisibility',
  'DeleteMessage',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'PurgeQueue',
  'ReceiveMessage',
  'SendMessage',
]);

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html: for no other account. */
const OWNERS = new Set([
  'AddPermission',
  'CancelMessageMoveTask',
  'CreateQueue',
  'DeleteQueue',
  'ListMessageMoveTasks',
  'ListQueues',
  'ListQueueTags',
  'RemovePermission',
  'SetQueueAttributes',
  'StartMessageMoveTask',
  'TagQueue',
  'UntagQueue',
]);

function checkName(name: string, fifo: boolean): void {
  const rest = fifo ? name.slice(0, -'.fifo'.length) : name;
  if (NAME.test(rest) && name.length <= 80) return;
  const form = fifo
    ? 'alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length'
    : 'alphanumeric characters, hyphens, or underscores. 1 to 80 in length';
  throw new Fault('InvalidParameterValue', `Can only include ${form}`);
}

/** What GetQueueAttributes may be asked for. */
const KNOWN = new Set([
  'All',
  ...Object.keys({ ...DEFAULTS, ...FIFO_DEFAULTS, ...KMS_DEFAULTS }),
  'Policy',
  'RedrivePolicy',
  'RedriveAllowPolicy',
  'QueueArn',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
  'KmsMasterKeyId',
]);

/** All that GetQueueAttributes can tell. */
function described(owner: Ctx, queue: Queue): Record<string, string> {
  const { visible, inFlight, delayed } = countsOf(owner, queue);
  const { Policy, RedrivePolicy, RedriveAllowPolicy, KmsMasterKeyId, KmsDataKeyReusePeriodSeconds, ...set } =
    queue.attributes;
  return {
    ...DEFAULTS,
    ...(KmsMasterKeyId ? { ...KMS_DEFAULTS, KmsMasterKeyId } : {}),
    ...(queue.fifo ? FIFO_DEFAULTS : {}),
    ...set,
    ...(KmsMasterKeyId && KmsDataKeyReusePeriodSeconds ? { KmsDataKeyReusePeriodSeconds } : {}),
    ...(Policy ? { Policy } : {}),
    ...(RedrivePolicy ? { RedrivePolicy } : {}),
    ...(RedriveAllowPolicy ? { RedriveAllowPolicy } : {}),
    QueueArn: queue.arn,
    CreatedTimestamp: String(Math.floor(queue.createdAt / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.modifiedAt / 1000)),
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
  };
}

function setAttributes(ctx: Ctx, owner: Ctx, queue: Queue, change: Readonly<Record<string, string>>): void {
  const attributes = encryptedOnce(queue.attributes, normalized(change));
  owner.put(queues, { ...queue, attributes, modifiedAt: ctx.now });
}

/**
 * One kind of encryption ends the other: by SQS itself, or by a key of KMS. Whoever takes the key away has none, as AWS was
 * recorded to answer (test_set_queue_attributes_default_values).
 */
function encryptedOnce(
  before: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string>>,
): Record<string, string> {
  const { KmsMasterKeyId, KmsDataKeyReusePeriodSeconds, ...rest } = { ...before, ...change };
  if (change['SqsManagedSseEnabled'] === 'true') return rest;
  const hadKey = Boolean(KmsMasterKeyId || before['KmsMasterKeyId']);
  return {
    ...rest,
    ...(KmsMasterKeyId ? { KmsMasterKeyId } : {}),
    ...(KmsDataKeyReusePeriodSeconds ? { KmsDataKeyReusePeriodSeconds } : {}),
    ...(hadKey ? { SqsManagedSseEnabled: 'false' } : {}),
  };
}

function emptied(owner: Ctx, { name }: Queue): void {
  for (const { key } of owner.scan(messages, { prefix: `${name}@` })) owner.delete(messages, key);
}

/** What has been purged may be sent again. */
function forgetDeduplications(owner: Ctx, { name }: Queue): void {
  for (const { key } of owner.scan(deduplications, { prefix: `${name}@` })) owner.delete(deduplications, key);
}

export const queueOperations: Operations<'sqs'> = {
  CreateQueue(ctx, { QueueName: name, Attributes = {}, tags = {} }) {
    const given = inLowerCase(Attributes);
    const fifo = name.endsWith('.fifo');
    checkName(name, fifo);
    if (fifo && given['FifoQueue'] !== 'true') {
      throw new Fault(
        'InvalidParameterValue',
        'The name of a standard queue can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
      );
    }
    if (!fifo && given['FifoQueue'] === 'true') {
      throw new Fault(
        'InvalidParameterValue',
        'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, ' +
          'must end with .fifo suffix and be 1 to 80 in length.',
      );
    }
    const arn = ctx.arn('sqs', name);
    checkAttributes(ctx, { arn, fifo }, given);
    const attributes = normalized(given);
    const known = ctx.get(queues, name);
    if (known) return { QueueUrl: existing(ctx, known, attributes) };
    const deleted = ctx.get(deletedQueues, name);
    if (deleted) {
      if (deleted.freeAt > ctx.now) {
        throw new Fault(
          'QueueDeletedRecently',
          'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
        );
      }
      ctx.delete(deletedQueues, name);
    }
    ctx.put(queues, { name, arn, fifo, attributes, tags, createdAt: ctx.now, modifiedAt: ctx.now });
    return { QueueUrl: urlOf(ctx, name) };
  },

  GetQueueUrl(ctx, { QueueName: name, QueueOwnerAWSAccountId: account = ctx.account }) {
    const owner = ctx.in({ account });
    if (!owner.get(queues, name)) throw noQueue();
    return { QueueUrl: urlOf(owner, name) };
  },

  GetQueueAttributes(ctx, { QueueUrl, AttributeNames = [] }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    const all = described(owner, queue);
    const names: readonly string[] = AttributeNames;
    const unknown = names.find((name) => !KNOWN.has(name));
    if (unknown !== undefined) throw new Fault('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
    const shown = Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name));
    return shown.length > 0 ? { Attributes: Object.fromEntries(shown) } : {};
  },

  SetQueueAttributes(ctx, { QueueUrl, Attributes }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    const given = inLowerCase(Attributes);
    checkAttributes(owner, queue, given);
    setAttributes(ctx, owner, queue, given);
  },

  ListQueues(ctx, { QueueNamePrefix: prefix = '', NextToken, MaxResults }) {
    const { rows, next } = page(ctx, queues, { token: NextToken, limit: MaxResults ?? PAGE_SIZE, prefix });
    // AWS gives a token only to those who asked for pages.
    return {
      ...(rows.length > 0 ? { QueueUrls: rows.map(({ name }) => urlOf(ctx, name)) } : {}),
      NextToken: MaxResults === undefined ? undefined : next,
    };
  },

  ListDeadLetterSourceQueues(ctx, { QueueUrl, NextToken, MaxResults }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    const sources = owner
      .list(queues)
      .filter((source) => redriveOf(source)?.deadLetterTargetArn === queue.arn);
    const { items, next } = pageOf(sources, ({ name }) => name, {
      token: NextToken,
      limit: MaxResults ?? PAGE_SIZE,
    });
    const queueUrls = items.map(({ name }) => urlOf(owner, name));
    return { queueUrls, NextToken: MaxResults === undefined ? undefined : next };
  },

  PurgeQueue(ctx, { QueueUrl }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    if (queue.purgedAt !== undefined && ctx.now < queue.purgedAt + ctx.duration(purgeInterval, queue.name)) {
      throw new Fault(
        'PurgeQueueInProgress',
        `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`,
      );
    }
    emptied(owner, queue);
    forgetDeduplications(owner, queue);
    touched(owner, queue);
    owner.put(queues, { ...queue, purgedAt: ctx.now });
  },

  DeleteQueue(ctx, { QueueUrl }) {
    const { account, name } = placeOf(ctx, QueueUrl);
    const owner = ctx.in({ account });
    const queue = owner.get(queues, name);
    if (!queue) throw noQueue();
    emptied(owner, queue);
    stopMetrics(owner, queue);
    forgetAttempts(owner, queue);
    forgetTasks(owner, queue);
    forgetDataKeys(owner, queue);
    forgetDeduplications(owner, queue);
    owner.delete(queues, name);
    owner.put(deletedQueues, { name, freeAt: ctx.now + ctx.duration(nameReuse, name) });
    wakePolls(owner, queue); // Their next look answers that there is no such queue.
  },

  TagQueue(ctx, { QueueUrl, Tags }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    if (Object.keys(Tags).length === 0)
      throw new Fault('MissingParameter', 'The request must contain the parameter Tags.');
    const tags = { ...queue.tags, ...Tags };
    if (Object.keys(tags).length > MOST_TAGS)
      throw new Fault('InvalidParameterValue', `Too many tags added for queue ${queue.name}.`);
    owner.put(queues, { ...queue, tags });
  },

  UntagQueue(ctx, { QueueUrl, TagKeys }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    if (TagKeys.length === 0) {
      throw new Fault('InvalidParameterValue', 'Tag keys must be between 1 and 128 characters in length.');
    }
    owner.put(queues, { ...queue, tags: removeTags(queue.tags, TagKeys) });
  },

  ListQueueTags(ctx, { QueueUrl }) {
    const { tags } = queueOf(ctx, QueueUrl).queue;
    return Object.keys(tags).length > 0 ? { Tags: tags } : {};
  },

  AddPermission(ctx, { QueueUrl, Label, AWSAccountIds, Actions }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    if (!LABEL.test(Label))
      throw new Fault(
        'InvalidParameterValue',
        `Value ${Label} for parameter Label is invalid. ` +
          'Reason: Must be no more than 80 alphanumeric characters, hyphens or underscores.',
      );
    const unknown = Actions.find((action) => !PERMITTED.has(action));
    if (unknown !== undefined) {
      throw new Fault(
        'InvalidParameterValue',
        `Value SQS:${unknown} for parameter ActionName is invalid. Reason: ` +
          (OWNERS.has(unknown)
            ? 'Only the queue owner is allowed to invoke this action.'
            : 'Please refer to the appropriate WSDL for a list of valid actions.'),
      );
    }
    if (Actions.length > MOST_ACTIONS)
      throw new Fault(
        'OverLimit',
        `${Actions.length} Actions were found, maximum allowed is ${MOST_ACTIONS}.`,
      );
    if (Actions.length === 0)
      throw new Fault('MissingParameter', 'The request must contain the parameter Actions.');
    // IAM cannot read a policy that lets anybody else in, and a queue with such a policy answers nobody.
    if (AWSAccountIds.length === 0 || AWSAccountIds.some((account) => !/^\d{12}$/.test(account))) {
      throw new Fault(
        'InvalidParameterValue',
        `Value [${AWSAccountIds.join(', ')}] for parameter PrincipalId is invalid. Reason: Unable to verify.`,
      );
    }
    const policy = policyOf(queue);
    if (policy.Statement.some(({ Sid }) => Sid === Label)) {
      throw new Fault(
        'InvalidParameterValue',
        `Value ${Label} for parameter Label is invalid. Reason: Already exists.`,
      );
    }
    const accounts = AWSAccountIds.map((account) => `arn:aws:iam::${account}:root`);
    const statement = {
      Sid: Label,
      Effect: 'Allow',
      Principal: { AWS: accounts.length === 1 ? accounts[0] : accounts },
      Action: Actions.length === 1 ? `SQS:${Actions[0]}` : Actions.map((action) => `SQS:${action}`),
      Resource: queue.arn,
    };
    const changed = { ...policy, Statement: [...policy.Statement, statement] };
    setAttributes(ctx, owner, queue, { Policy: JSON.stringify(changed) });
  },

  RemovePermission(ctx, { QueueUrl, Label }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    const policy = policyOf(queue);
    const left = policy.Statement.filter(({ Sid }) => Sid !== Label);
    if (left.length === policy.Statement.length) {
      throw new Fault(
        'InvalidParameterValue',
        `Value ${Label} for parameter Label is invalid. Reason: can't find label.`,
      );
    }
    setAttributes(ctx, owner, queue, {
      Policy: left.length > 0 ? JSON.stringify({ ...policy, Statement: left }) : '',
    });
  },
};

/** CreateQueue is idempotent, unless the request disagrees with the queue. */
function existing(ctx: Ctx, known: Queue, attributes: Readonly<Record<string, string>>): string {
  const now = described(ctx, known);
  for (const [name, value] of Object.entries(attributes)) {
    if (now[name] === value) continue;
    throw new Fault(
      'QueueNameExists',
      `A queue already exists with the same name and a different value for attribute ${name}`,
    );
  }
  return urlOf(ctx, known.name);
}

interface QueuePolicy {
  Version: string;
  Id: string;
  Statement: readonly { Sid?: string }[];
}

function policyOf({ arn, attributes }: Queue): QueuePolicy {
  const text = attributes['Policy'];
  if (!text) return { Version: '2008-10-17', Id: `${arn}/SQSDefaultPolicy`, Statement: [] };
  const policy = JSON.parse(text) as QueuePolicy;
  return { ...policy, Statement: [policy.Statement].flat() };
}

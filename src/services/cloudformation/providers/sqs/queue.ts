// AWS::SQS::Queue.

import { documentText } from '../policy-document.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Json, Properties, Provider, Work } from '../provider.ts';

type Queue = Properties<'AWS::SQS::Queue'>;

const LONGEST = 80;
/** As the type's schema in the registry says. */
const TAGS = { system: false } as const;

/**
 * What an attribute becomes when a template no longer gives it; DeduplicationScope, FifoThroughputLimit and SqsManagedSseEnabled
 * stay as they are. So recorded by LocalStack: test_update_fifo_queue_remove_all_properties_except_queuename. The size is the
 * default of before August 2025.
 */
const WITHOUT: Readonly<Record<string, string>> = {
  ContentBasedDeduplication: 'false',
  DelaySeconds: '0',
  KmsDataKeyReusePeriodSeconds: '300',
  KmsMasterKeyId: '',
  MaximumMessageSize: '262144',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  RedriveAllowPolicy: '',
  RedrivePolicy: '',
  VisibilityTimeout: '30',
};

/** Properties as SQS spells them. */
function attributesOf(properties: Queue): Record<string, string> {
  const { QueueName: _, Tags: __, FifoQueue, ...rest } = properties;
  const given = Object.entries({ ...rest, ...(FifoQueue === true && { FifoQueue }) });
  const set = given.filter((entry): entry is [string, Exclude<Json, null>] => entry[1] !== undefined);
  return Object.fromEntries(
    set.map(([name, value]) => [name, typeof value === 'object' ? documentText(value) : String(value)]),
  );
}

function urlIn(work: Work<'AWS::SQS::Queue'>, QueueName: string): string | undefined {
  return work.find('sqs', 'GetQueueUrl', { QueueName })?.QueueUrl;
}

export const queue: Provider = provider({
  type: 'AWS::SQS::Queue',
  create(work) {
    const { FifoQueue, Tags } = work.properties;
    const suffix = FifoQueue === true ? '.fifo' : '';
    const QueueName = work.properties.QueueName ?? work.name({ longest: LONGEST, suffix });
    // CreateQueue would hand out a queue that is there already.
    if (urlIn(work, QueueName) !== undefined) {
      throw handlerFailure(
        work,
        `Resource of type 'AWS::SQS::Queue' with identifier '${QueueName}' already exists.`,
        'AlreadyExists',
      );
    }
    const tags = work.tagMap(Tags, TAGS);
    const { QueueUrl = '' } = work.call('sqs', 'CreateQueue', {
      QueueName,
      Attributes: attributesOf(work.properties),
      ...(Object.keys(tags).length > 0 && { tags }),
    });
    return QueueUrl;
  },
  update(work) {
    const QueueUrl = work.physicalId;
    const [after, before] = [attributesOf(work.properties), attributesOf(work.previous ?? {})];
    const changes: Record<string, string> = {};
    for (const name of Object.keys({ ...before, ...after })) {
      const value = after[name] ?? WITHOUT[name];
      if (value !== undefined && value !== before[name]) changes[name] = value;
    }
    if (Object.keys(changes).length > 0)
      work.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: changes });
    const { put, remove } = work.tagChanges(TAGS);
    const Tags = Object.fromEntries(put.map(({ Key, Value }) => [Key, Value]));
    if (put.length > 0) work.call('sqs', 'TagQueue', { QueueUrl, Tags });
    if (remove.length > 0) work.call('sqs', 'UntagQueue', { QueueUrl, TagKeys: remove });
  },
  delete(work) {
    work.find('sqs', 'DeleteQueue', { QueueUrl: work.physicalId });
  },
  attributes({ ctx, physicalId }) {
    const QueueName = physicalId.split('/').at(-1) ?? '';
    return { Arn: ctx.arn('sqs', QueueName), QueueName, QueueUrl: physicalId };
  },
  read(work) {
    const { properties, physicalId: QueueUrl } = work;
    const found = work.find('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
    if (!found) return undefined;
    const QueueName = QueueUrl.split('/').at(-1) ?? '';
    const { Tags: _, QueueName: __, ...given } = properties;
    const shown = Object.entries(given).map(([name, value]) => {
      const text = found.Attributes?.[name];
      return [name, text === undefined || typeof value === 'string' ? text : (JSON.parse(text) as Json)];
    });
    return { ...Object.fromEntries(shown), QueueName };
  },
});

// AWS::SQS::QueuePolicy, one policy for many queues, and AWS::SQS::QueueInlinePolicy, the policy of one.

import { documentLike, documentText, without } from '../policy-document.ts';
import { provider } from '../provider.ts';
import type { Json, Provider, TypeName, Work } from '../provider.ts';

const LONGEST = 128;

function set<T extends TypeName>(work: Work<T>, QueueUrl: string, document: Json): void {
  work.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { Policy: documentText(document) } });
}

function clear<T extends TypeName>(work: Work<T>, QueueUrl: string): void {
  work.find('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { Policy: '' } });
}

function policyOf<T extends TypeName>(work: Work<T>, QueueUrl: string): string | undefined {
  const found = work.find('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['Policy'] });
  return found?.Attributes?.['Policy'];
}

const queuePolicy = provider({
  type: 'AWS::SQS::QueuePolicy',
  create(work) {
    const { Queues, PolicyDocument } = work.properties;
    for (const url of Queues) set(work, url, PolicyDocument);
    return work.name({ longest: LONGEST });
  },
  update(work) {
    const { Queues, PolicyDocument } = work.properties;
    for (const url of without(work.previous?.Queues, Queues)) clear(work, url);
    for (const url of Queues) set(work, url, PolicyDocument);
  },
  delete(work) {
    for (const url of work.properties.Queues) clear(work, url);
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const { Queues, PolicyDocument } = work.properties;
    const texts = Queues.map((url) => policyOf(work, url));
    const held = Queues.filter((_, index) => texts[index] !== undefined);
    if (held.length === 0) return undefined;
    const expected = documentText(PolicyDocument);
    const shown = texts.find((text) => text !== undefined && text !== expected) ?? expected;
    return { Queues: held, PolicyDocument: documentLike(PolicyDocument, shown) };
  },
});

const queueInlinePolicy = provider({
  type: 'AWS::SQS::QueueInlinePolicy',
  create(work) {
    const { Queue, PolicyDocument } = work.properties;
    set(work, Queue, PolicyDocument);
    return Queue;
  },
  update(work) {
    set(work, work.physicalId, work.properties.PolicyDocument);
  },
  delete(work) {
    clear(work, work.physicalId);
  },
  read(work) {
    const text = policyOf(work, work.physicalId);
    if (text === undefined) return undefined;
    return { Queue: work.physicalId, PolicyDocument: documentLike(work.properties.PolicyDocument, text) };
  },
});

export const queuePolicies: readonly Provider[] = [queuePolicy, queueInlinePolicy];

// AWS::SQS::QueuePolicy, one policy for many queues, and AWS::SQS::QueueInlinePolicy, the policy of one.

import { policyOfMany, policyOfOne } from '../held-policy.ts';
import type { HeldPolicy } from '../held-policy.ts';
import type { Provider } from '../provider.ts';

const policy: HeldPolicy = {
  put(work, QueueUrl, Policy) {
    work.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { Policy } });
  },
  clear(work, QueueUrl) {
    work.find('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { Policy: '' } });
  },
  text(work, QueueUrl) {
    const found = work.find('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['Policy'] });
    return found?.Attributes?.['Policy'];
  },
};

export const queuePolicies: readonly Provider[] = [
  policyOfMany('AWS::SQS::QueuePolicy', policy, { holders: 'Queues', document: 'PolicyDocument' }),
  policyOfOne('AWS::SQS::QueueInlinePolicy', policy, { holders: 'Queue', document: 'PolicyDocument' }),
];

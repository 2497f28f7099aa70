// AWS::SNS::TopicPolicy, one policy for many topics, and AWS::SNS::TopicInlinePolicy, the policy of one. Without either a
// topic has the policy that SNS gives every topic.

import { policyOfMany, policyOfOne } from '../held-policy.ts';
import type { HeldPolicy } from '../held-policy.ts';
import type { Provider } from '../provider.ts';

const policy: HeldPolicy = {
  put(work, TopicArn, AttributeValue) {
    work.call('sns', 'SetTopicAttributes', { TopicArn, AttributeName: 'Policy', AttributeValue });
  },
  clear(work, TopicArn) {
    work.find('sns', 'SetTopicAttributes', { TopicArn, AttributeName: 'Policy', AttributeValue: '' });
  },
  text: (work, TopicArn) => work.find('sns', 'GetTopicAttributes', { TopicArn })?.Attributes?.['Policy'],
};

export const topicPolicies: readonly Provider[] = [
  policyOfMany('AWS::SNS::TopicPolicy', policy, { holders: 'Topics', document: 'PolicyDocument' }),
  policyOfOne('AWS::SNS::TopicInlinePolicy', policy, { holders: 'TopicArn', document: 'PolicyDocument' }),
];

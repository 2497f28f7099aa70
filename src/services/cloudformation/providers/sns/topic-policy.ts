// AWS::SNS::TopicPolicy, one policy for many topics, and AWS::SNS::TopicInlinePolicy, the policy of one. Without either a
// topic has the policy that SNS gives every topic.

import { documentLike, documentText, without } from '../policy-document.ts';
import { provider } from '../provider.ts';
import type { Json, Provider, TypeName, Work } from '../provider.ts';

const LONGEST = 128;

function set<T extends TypeName>(work: Work<T>, TopicArn: string, document: Json): void {
  const AttributeValue = documentText(document);
  work.call('sns', 'SetTopicAttributes', { TopicArn, AttributeName: 'Policy', AttributeValue });
}

function clear<T extends TypeName>(work: Work<T>, TopicArn: string): void {
  work.find('sns', 'SetTopicAttributes', { TopicArn, AttributeName: 'Policy', AttributeValue: '' });
}

function policyOf<T extends TypeName>(work: Work<T>, TopicArn: string): string | undefined {
  return work.find('sns', 'GetTopicAttributes', { TopicArn })?.Attributes?.['Policy'];
}

const topicPolicy = provider({
  type: 'AWS::SNS::TopicPolicy',
  create(work) {
    const { Topics, PolicyDocument } = work.properties;
    for (const arn of Topics) set(work, arn, PolicyDocument);
    return work.name({ longest: LONGEST });
  },
  update(work) {
    const { Topics, PolicyDocument } = work.properties;
    for (const arn of without(work.previous?.Topics, Topics)) clear(work, arn);
    for (const arn of Topics) set(work, arn, PolicyDocument);
  },
  delete(work) {
    for (const arn of work.properties.Topics) clear(work, arn);
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const { Topics, PolicyDocument } = work.properties;
    const texts = Topics.map((arn) => policyOf(work, arn));
    const held = Topics.filter((_, index) => texts[index] !== undefined);
    if (held.length === 0) return undefined;
    const expected = documentText(PolicyDocument);
    const shown = texts.find((text) => text !== undefined && text !== expected) ?? expected;
    return { Topics: held, PolicyDocument: documentLike(PolicyDocument, shown) };
  },
});

const topicInlinePolicy = provider({
  type: 'AWS::SNS::TopicInlinePolicy',
  create(work) {
    const { TopicArn, PolicyDocument } = work.properties;
    set(work, TopicArn, PolicyDocument);
    return TopicArn;
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
    return { TopicArn: work.physicalId, PolicyDocument: documentLike(work.properties.PolicyDocument, text) };
  },
});

export const topicPolicies: readonly Provider[] = [topicPolicy, topicInlinePolicy];

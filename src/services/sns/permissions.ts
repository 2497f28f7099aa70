// Permissions that are given to accounts by label: statements of the topic's policy.
// https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { invalid } from './faults.ts';
import { topics } from './tables.ts';
import type { Topic } from './tables.ts';
import { homeOf, policyOf, topicOf } from './topics.ts';

const ACTIONS: readonly string[] = [
  'AddPermission',
  'DeleteTopic',
  'GetTopicAttributes',
  'ListSubscriptionsByTopic',
  'Publish',
  'Receive',
  'RemovePermission',
  'SetTopicAttributes',
  'Subscribe',
];

interface Statement {
  readonly Sid?: string;
}
interface TopicPolicy {
  readonly Statement: readonly Statement[];
}

function parsed(topic: Topic): TopicPolicy {
  const policy = JSON.parse(policyOf(topic)) as TopicPolicy;
  return { ...policy, Statement: [policy.Statement].flat() };
}

function write(ctx: Ctx, topic: Topic, policy: TopicPolicy): void {
  const attributes = { ...topic.attributes, Policy: JSON.stringify(policy) };
  homeOf(ctx, topic.arn).update(topics, topic, { attributes });
}

const oneOrAll = <T>(items: readonly T[]): T | readonly T[] => (items.length === 1 ? (items[0] as T) : items);

export const permissionOperations: Operations<'sns'> = {
  AddPermission(ctx, { TopicArn, Label, AWSAccountId, ActionName }) {
    const topic = topicOf(ctx, TopicArn);
    const policy = parsed(topic);
    if (policy.Statement.some(({ Sid }) => Sid === Label)) throw invalid('Statement already exists');
    if (ActionName.some((action) => !ACTIONS.includes(action)))
      throw invalid('Policy statement action out of service scope!');
    if (ActionName.length === 0) throw invalid('Action is required');
    // IAM cannot read a policy that lets anybody else in, and a topic with such a policy answers nobody.
    if (AWSAccountId.length === 0 || AWSAccountId.some((account) => !/^\d{12}$/.test(account)))
      throw invalid('AWSAccountId');
    const statement = {
      Sid: Label,
      Effect: 'Allow',
      Principal: { AWS: oneOrAll(AWSAccountId.map((account) => `arn:aws:iam::${account}:root`)) },
      Action: oneOrAll(ActionName.map((action) => `SNS:${action}`)),
      Resource: topic.arn,
    };
    write(ctx, topic, { ...policy, Statement: [...policy.Statement, statement] });
  },

  RemovePermission(ctx, { TopicArn, Label }) {
    const topic = topicOf(ctx, TopicArn);
    const policy = parsed(topic);
    const left = policy.Statement.filter(({ Sid }) => Sid !== Label);
    if (left.length < policy.Statement.length) write(ctx, topic, { ...policy, Statement: left });
  },
};

// Rows of SNS and the tables that keep them.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Tags } from '#cloud/tags.ts';

export interface Topic {
  arn: string;
  name: string;
  /** Attributes that were set, as SNS spells them; defaults are filled in when read. */
  attributes: Readonly<Record<string, string>>;
  tags: Tags;
  createdAt: number;
}

export const topics: Table<Topic> = table<Topic>('sns/topics', (topic) => topic.arn);

export interface Subscription {
  arn: string;
  topicArn: string;
  protocol: string;
  endpoint: string;
  owner: string;
  attributes: Readonly<Record<string, string>>;
}

export const subscriptions: Table<Subscription> = table<Subscription>('sns/subscriptions', (row) => row.arn, {
  topic: (row) => row.topicArn,
});

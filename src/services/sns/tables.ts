// Rows of SNS and the tables that keep them.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Tags } from '#cloud/tags.ts';

export interface Topic {
  arn: string;
  name: string;
  fifo: boolean;
  /** Attributes that were set, as SNS spells them; defaults are filled in when read. */
  attributes: Readonly<Record<string, string>>;
  tags: Tags;
  createdAt: number;
  /** Subscriptions that were ended. */
  removed: number;
}

export const topics: Table<Topic> = table<Topic>(
  'sns/topics',
  (topic) => topic.arn,
  {},
  { version: 2, upgrade: (row) => ({ fifo: false, removed: 0, ...row }) as Topic },
);

export interface Subscription {
  arn: string;
  topicArn: string;
  protocol: string;
  endpoint: string;
  owner: string;
  /** Who subscribed, by ARN. */
  principal: string;
  attributes: Readonly<Record<string, string>>;
  /** Waits for ConfirmSubscription: nothing is delivered yet. */
  pending: boolean;
  /** Whether a signed request confirmed it, and whether ending it takes one. */
  authenticated: boolean;
  guarded: boolean;
}

export const subscriptions: Table<Subscription> = table<Subscription>(
  'sns/subscriptions',
  (row) => row.arn,
  { topic: (row) => row.topicArn },
  {
    version: 2,
    upgrade: (row) => {
      const principal = `arn:aws:iam::${(row as Subscription).owner}:root`;
      return { principal, pending: false, authenticated: true, guarded: false, ...row } as Subscription;
    },
  },
);

/** What confirms a subscription, or takes its end back. */
export interface Token {
  token: string;
  topicArn: string;
  /** The subscription as it is to be. */
  subscription: Subscription;
  until: number;
}
export const tokens: Table<Token> = table<Token>('sns/tokens', (row) => row.token);

/** A message attribute; binary values in base64, since rows are JSON. */
export interface StoredAttribute {
  readonly type: string;
  readonly text?: string;
  readonly binary?: string;
}
export type StoredAttributes = Readonly<Record<string, StoredAttribute>>;

/** What SNS itself has to say to an endpoint. */
export interface Letter {
  readonly type: 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';
  readonly token: string;
}

/** A message on its way to one subscription. */
export interface Delivery {
  id: string;
  subscriptionArn: string;
  messageId: string;
  message: string;
  subject?: string;
  attributes: StoredAttributes;
  publishedAt: number;
  /** Attempts that failed so far. */
  failures: number;
  /** The receiver as it was, where the message is SNS's own. */
  letter?: Letter & { readonly to: Subscription };
  groupId?: string;
  /** Of FIFO topics. */
  deduplicationId?: string;
  sequence?: string;
  /** Subscription and message group, whose messages go one after another. */
  lane?: string;
}

export const deliveries: Table<Delivery> = table<Delivery>(
  'sns/deliveries',
  (row) => row.id,
  { subscription: (row) => row.subscriptionArn, lane: (row) => row.lane },
  { version: 2, upgrade: (row) => upgraded(row as Delivery) },
);

/** The first release kept attributes as they came. */
function upgraded(row: Delivery): Delivery {
  const wire = row.attributes as unknown as Record<string, { DataType: string; StringValue?: string }>;
  const attributes = Object.fromEntries(
    Object.entries(wire).map(([name, { DataType: type, StringValue: text = '' }]) => [name, { type, text }]),
  );
  return { ...row, attributes };
}

/** A message that a FIFO topic has taken and does not take again for five minutes. */
export interface Deduplication {
  /** Topic, scope of deduplication and deduplication id. */
  key: string;
  messageId: string;
  sequence: string;
  until: number;
}
export const deduplications: Table<Deduplication> = table<Deduplication>(
  'sns/deduplications',
  (row) => row.key,
);

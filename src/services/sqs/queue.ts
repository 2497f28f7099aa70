// Queues as rows, their attributes, and how requests name them.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { servedUrl } from '#cloud/endpoint.ts';
import type { Tags } from '#cloud/tags.ts';
import { waits } from '#cloud/waiting.ts';

export interface Queue {
  name: string;
  arn: string;
  fifo: boolean;
  /** Attributes that were set, as SQS spells them; defaults are filled in when read. */
  attributes: Readonly<Record<string, string>>;
  tags: Tags;
  createdAt: number;
  modifiedAt: number;
  purgedAt?: number;
}

export const queues: Table<Queue> = table<Queue>('sqs/queues', (row) => row.name);

// Defaults: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
export const DEFAULTS: Readonly<Record<string, string>> = {
  VisibilityTimeout: '30',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
};
/** Of queues with a key of KMS. */
export const KMS_DEFAULTS: Readonly<Record<string, string>> = {
  KmsDataKeyReusePeriodSeconds: '300',
  SqsManagedSseEnabled: 'false',
};
export const FIFO_DEFAULTS: Readonly<Record<string, string>> = {
  FifoQueue: 'true',
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
};

/** A whole number of seconds or bytes among a queue's attributes. */
export function numberOf({ attributes }: Queue, name: string): number {
  return Number(attributes[name] ?? DEFAULTS[name] ?? KMS_DEFAULTS[name]);
}

export interface Redrive {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

export function redriveOf({ attributes }: Queue): Redrive | undefined {
  return redriveIn(attributes);
}

export function redriveIn(attributes: Readonly<Record<string, string>>): Redrive | undefined {
  const text = attributes['RedrivePolicy'];
  if (!text) return undefined;
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(text) as Record<keyof Redrive, string>;
  return { deadLetterTargetArn, maxReceiveCount: Number(maxReceiveCount) };
}

/**
 * Where the queue of a URL lives. The host is the client's business: only account and name are looked at. A queue of the
 * caller's own account may be named instead; any other URL is a queue's that does not exist.
 */
export function placeOf(ctx: Ctx, url: string): { account: string; name: string; arn: string } {
  const [, account = ctx.account, name = url] =
    /^(?:[a-z]+:\/\/[^/]+)?(?:.*\/)?(\d{12})\/([A-Za-z0-9_.-]+)\/?$/i.exec(url) ?? [];
  return { account, name, arn: `arn:aws:sqs:${ctx.region}:${account}:${name}` };
}

/**
 * The URL of a queue in the account and region of `owner`. Stock clients send requests to the host of the URL, whatever their
 * endpoint is: a world that is served hands out its own, so that none leaves for AWS.
 */
export function urlOf(owner: Ctx, name: string): string {
  const host = servedUrl(owner) ?? `https://sqs.${owner.region}.amazonaws.com`;
  return `${host}/${owner.account}/${name}`;
}

/** The ARN that IAM looks at; a URL that names no queue is found out by the operation. */
export function arnOfUrl(ctx: Ctx, { QueueUrl }: { QueueUrl: string }): string {
  return placeOf(ctx, QueueUrl).arn;
}

/** The queue of a URL and the scope in which its rows are. */
export function queueOf(ctx: Ctx, url: string): { queue: Queue; owner: Ctx } {
  const { account, name } = placeOf(ctx, url);
  const owner = ctx.in({ account });
  const queue = owner.get(queues, name);
  if (!queue) throw noQueue();
  return { queue, owner };
}

/** The queue of an ARN, if there is one. */
export function queueByArn(ctx: Ctx, arn: string): { queue: Queue; owner: Ctx } | undefined {
  const [, , service, region = '', account = '', name = ''] = arn.split(':');
  if (service !== 'sqs') return undefined;
  const owner = ctx.in({ region, account });
  const queue = owner.get(queues, name);
  return queue && { queue, owner };
}

export function noQueue(): Fault {
  return new Fault('QueueDoesNotExist', 'The specified queue does not exist.', {
    inQuery: 'The specified queue does not exist for this wsdl version.',
  });
}

/** Another region's or account's long poll on a queue: its parked request is among that scope's rows. */
export interface RemotePoll {
  queue: string;
  scope: string;
}
export const remotePolls: Table<RemotePoll> = table<RemotePoll>(
  'sqs/remote-polls',
  (row) => `${row.queue} ${row.scope}`,
);

/** Whether a long poll stands on the queue, as Lambda's do all the time. */
export function isPolled(owner: Ctx, { name, arn }: Queue): boolean {
  const scopes = owner.scan(remotePolls, { prefix: `${name} ` }).map(({ scope }) => scope);
  return [owner.scope, ...scopes].some((scope) => owner.inScope(scope).list(waits, 'key', arn).length > 0);
}

/** The reconciler that wakes long polls when a message becomes visible by itself. */
export const READINESS = { name: 'sqs/readiness', background: true } as const;

/** Makes the long polls of a queue look again. */
export function wakePolls(owner: Ctx, { name, arn }: Queue): void {
  owner.wakeWaiting(arn);
  for (const { scope } of owner.scan(remotePolls, { prefix: `${name} ` }))
    owner.inScope(scope).wakeWaiting(arn);
}

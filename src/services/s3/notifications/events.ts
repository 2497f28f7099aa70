// Event notifications on their way: what happened to an object, as a message for a queue, a topic or a function.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Outcome } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Principal, ServicePrincipal } from '#cloud/principal.ts';
import type { Place } from '../bucket.ts';
import { encodedKey } from '../objects/listing.ts';
import { NULL_VERSION } from '../objects/versions.ts';
import type { Bucket, Notification } from '../tables.ts';
import { eventDelivery } from '../timings.ts';
import { tellBus } from './bus-events.ts';
import type { Facts, Subject } from './bus-events.ts';

/** An event that is to be delivered to one destination. */
interface PendingEvent {
  id: string;
  account: string;
  bucket: string;
  destination: Notification['destination'];
  arn: string;
  body: string;
}

export const pendingEvents: Table<PendingEvent> = table<PendingEvent>('s3/events', (row) => row.id);

const eventDue: TimerKind<{ id: string }> = timer<{ id: string }>('s3/event-due');

/** S3 as it speaks to the destinations of a bucket's events. */
export function asBucket({ name, account }: Pick<Bucket, 'name' | 'account'>): ServicePrincipal {
  return { type: 'service', service: 's3.amazonaws.com', account, sourceArn: `arn:aws:s3:::${name}` };
}

function wants({ events, prefix = '', suffix = '' }: Notification, event: string, key: string): boolean {
  const named = events.some(
    (one) => one === event || (one.endsWith('*') && event.startsWith(one.slice(0, -1))),
  );
  return named && key.startsWith(prefix) && key.endsWith(suffix);
}

function principalId(principal: Principal): string {
  switch (principal.type) {
    case 'user':
      return `AWS:${principal.id}`;
    case 'role':
      return `AWS:${principal.roleId}:${principal.sessionName}`;
    case 'federated-user':
      return `AWS:${principal.account}:${principal.name}`;
    case 'root':
      return `AWS:${principal.account}`;
    case 'service':
      return principal.service;
    case 'anonymous':
      return 'Anonymous';
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** The account as events name it. */
function ownerId(ctx: Ctx, account: string): string {
  const draw = ctx.everywhere.random('s3/owner-id', account);
  let text = 'A';
  for (let i = 0; i < 13; i += 1) text += LETTERS[Math.floor(draw(i) * LETTERS.length)];
  return text;
}

/** Grows with each event, so that those of one key can be put in order. */
function sequencer({ now, kernel }: Ctx): string {
  const digits = (value: number, length: number): string => value.toString(16).padStart(length, '0');
  return (digits(now, 10) + digits(kernel.nextSeq() % 0x1_0000_0000, 8)).toUpperCase();
}

function restoreData({ storageClass, restore }: Subject): object {
  const lifecycleRestorationExpiryTime = formatIso(restore?.until ?? 0);
  return { lifecycleRestorationExpiryTime, lifecycleRestoreStorageClass: storageClass };
}

/** What comes of a restoration comes of no request. */
const AFTERWARDS = /^s3:ObjectRestore:(?:Completed|Delete)$/;

function record(at: Ctx, bucket: Bucket, event: string, about: Subject, facts: Facts): object {
  const { key, versionId, sizeBytes, etag } = about;
  // What changes about an object and not the object itself has neither size nor place in the order.
  const content = /^s3:(?:ObjectCreated|ObjectRemoved|ObjectRestore|Lifecycle)/.test(event);
  return {
    eventVersion: content ? '2.1' : '2.3',
    eventSource: 'aws:s3',
    awsRegion: bucket.region,
    eventTime: formatIso(at.now),
    eventName: event.replace('s3:', ''),
    userIdentity: {
      principalId: AFTERWARDS.test(event)
        ? `AmazonCustomer:${ownerId(at, bucket.account)}`
        : principalId(facts.principal),
    },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: { 'x-amz-request-id': facts.requestId, 'x-amz-id-2': facts.requestId },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: '',
      bucket: {
        name: bucket.name,
        ownerIdentity: { principalId: ownerId(at, bucket.account) },
        arn: `arn:aws:s3:::${bucket.name}`,
      },
      object: {
        key: encodedKey(key),
        ...(content && sizeBytes !== undefined ? { size: sizeBytes } : {}),
        ...(etag === undefined ? {} : { eTag: etag }),
        ...(bucket.versioning && versionId !== NULL_VERSION ? { versionId } : {}),
        ...(content ? { sequencer: facts.sequencer } : {}),
      },
    },
    ...(event === 's3:ObjectRestore:Completed'
      ? { glacierEventData: { restoreEventData: restoreData(about) } }
      : {}),
  };
}

/** The entity tag of nothing, which delete markers have in events. */
const EMPTY_ETAG = 'd41d8cd98f00b204e9800998ecf8427e';

/** Sends word of what has happened to an object to whoever wants to know. */
export function tell(ctx: Ctx, { at, bucket }: Place, event: string, subject: Subject): void {
  const about = event.endsWith(':DeleteMarkerCreated') ? { ...subject, etag: EMPTY_ETAG } : subject;
  const makeFacts = (): Facts => ({
    principal: ctx.principal,
    requestId: at.id('s3-request', 16, 'ABCDEFGHJKMNPQRSTVWXYZ0123456789'),
    sequencer: sequencer(at),
  });
  tellBus(at, bucket, event, about, makeFacts);
  const wanting = (bucket.notifications ?? []).filter((one) => wants(one, event, about.key));
  if (wanting.length === 0) return;
  const facts = makeFacts();
  const plain = record(at, bucket, event, about, facts) as { s3: object };
  for (const { id: configurationId, destination, arn } of wanting) {
    const Records = [{ ...plain, s3: { ...plain.s3, configurationId } }];
    enqueue(at, bucket, { destination, arn }, JSON.stringify({ Records }));
  }
}

type Destination = Pick<Notification, 'destination' | 'arn'>;

function enqueue(at: Ctx, bucket: Bucket, { destination, arn }: Destination, body: string): void {
  const id = at.id('s3-event');
  at.put(pendingEvents, { id, account: bucket.account, bucket: bucket.name, destination, arn, body });
  at.schedule(eventDue, at.now + at.duration(eventDelivery, id), { id });
}

/** Hands a message over as S3 itself; the destination's policy decides. */
export function handOver(
  at: Ctx,
  bucket: Pick<Bucket, 'name' | 'account'>,
  to: Destination,
  body: string,
): Outcome {
  const as = asBucket(bucket);
  const [, , , region = at.region, account = '', name = ''] = to.arn.split(':');
  const there = at.in({ region });
  if (to.destination === 'sqs') {
    const QueueUrl = `https://sqs.${region}.amazonaws.com/${account}/${name}`;
    return there.call('sqs', 'SendMessage', { QueueUrl, MessageBody: body }, as);
  }
  if (to.destination === 'sns') {
    const message = { TopicArn: to.arn, Subject: 'Amazon S3 Notification', Message: body };
    return there.call('sns', 'Publish', message, as);
  }
  const invocation = {
    FunctionName: to.arn,
    InvocationType: 'Event',
    Payload: utf8(body),
  } as const;
  return there.call('lambda', 'Invoke', invocation, as);
}

/** A destination that refuses, or that is gone, loses the event. */
export const deliverEvent: TimerHandler<{ id: string }, Ctx> = {
  kind: eventDue,
  live: (at, { id }) => at.get(pendingEvents, id) !== undefined,
  fire(at, { id }) {
    const { account, bucket: name, destination, arn, body } = at.get(pendingEvents, id) as PendingEvent;
    at.delete(pendingEvents, id);
    handOver(at, { name, account }, { destination, arn }, body);
  },
};

// Events of buckets that tell EventBridge everything.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html

import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Principal } from '#cloud/principal.ts';
import { tellEventBridge } from '#cloud/service-events.ts';
import { NULL_VERSION } from '../objects/versions.ts';
import type { Bucket } from '../tables.ts';

/** What an event is about. */
export interface Subject {
  readonly key: string;
  readonly versionId: string;
  readonly sizeBytes?: number;
  readonly etag?: string;
  /** Absent for `STANDARD`. */
  readonly storageClass?: string;
  /** Epoch ms. */
  readonly restore?: { readonly until?: number };
}

/** Event types by the names of the other notifications, and what the detail says of them. */
const KINDS: Readonly<Record<string, readonly [detailType: string, more: object]>> = {
  's3:ObjectCreated:Put': ['Object Created', { reason: 'PutObject' }],
  's3:ObjectCreated:Post': ['Object Created', { reason: 'POST Object' }],
  's3:ObjectCreated:Copy': ['Object Created', { reason: 'CopyObject' }],
  's3:ObjectCreated:CompleteMultipartUpload': ['Object Created', { reason: 'CompleteMultipartUpload' }],
  's3:ObjectRemoved:Delete': ['Object Deleted', deletion('DeleteObject', 'Permanently Deleted')],
  's3:ObjectRemoved:DeleteMarkerCreated': [
    'Object Deleted',
    deletion('DeleteObject', 'Delete Marker Created'),
  ],
  's3:LifecycleExpiration:Delete': [
    'Object Deleted',
    deletion('Lifecycle Expiration', 'Permanently Deleted'),
  ],
  's3:LifecycleExpiration:DeleteMarkerCreated': [
    'Object Deleted',
    deletion('Lifecycle Expiration', 'Delete Marker Created'),
  ],
  's3:LifecycleTransition': ['Object Storage Class Changed', {}],
  's3:ObjectTagging:Put': ['Object Tags Added', {}],
  's3:ObjectTagging:Delete': ['Object Tags Deleted', {}],
  's3:ObjectRestore:Post': ['Object Restore Initiated', {}],
  's3:ObjectRestore:Completed': ['Object Restore Completed', {}],
  's3:ObjectRestore:Delete': ['Object Restore Expired', {}],
  's3:ObjectAcl:Put': ['Object ACL Updated', {}],
};

function deletion(reason: string, type: string): object {
  return { reason, 'deletion-type': type };
}

function requester(principal: Principal): string {
  if (principal.type === 'anonymous') return 'Anonymous';
  return principal.type === 'service' ? principal.service : principal.account;
}

/** The request behind an event. */
export interface Facts {
  readonly principal: Principal;
  readonly requestId: string;
  readonly sequencer: string;
}

const expiryOf = ({ restore }: Subject): string => formatIso(restore?.until ?? 0);

/** `at`: the account and Region of the bucket, whose default bus it is. */
export function tellBus(at: Ctx, bucket: Bucket, event: string, about: Subject, facts: () => Facts): void {
  const kind = KINDS[event];
  if (!bucket.eventBridge || !kind) return;
  tellEventBridge(at, 'aws.s3', () => {
    const { principal, requestId, sequencer } = facts();
    const { key, versionId, sizeBytes, etag, storageClass } = about;
    const [detailType, more] = kind;
    const changed = detailType === 'Object Created' || detailType === 'Object Deleted';
    return {
      detailType,
      resources: [`arn:aws:s3:::${bucket.name}`],
      detail: {
        version: '0',
        bucket: { name: bucket.name },
        object: {
          key,
          // Tags and lists are told without it.
          ...(sizeBytes === undefined || /Tags|ACL/.test(detailType) ? {} : { size: sizeBytes }),
          ...(etag === undefined ? {} : { etag }),
          ...(bucket.versioning && versionId !== NULL_VERSION ? { 'version-id': versionId } : {}),
          ...(changed ? { sequencer } : {}),
        },
        'request-id': requestId,
        requester: requester(principal),
        ...(principal.type === 'service' ? {} : { 'source-ip-address': '127.0.0.1' }),
        ...more,
        ...(event.startsWith('s3:ObjectRestore:') ? { 'source-storage-class': storageClass } : {}),
        ...(event === 's3:ObjectRestore:Completed' ? { 'restore-expiry-time': expiryOf(about) } : {}),
        ...(event === 's3:LifecycleTransition' ? { 'destination-storage-class': storageClass } : {}),
      },
    };
  });
}

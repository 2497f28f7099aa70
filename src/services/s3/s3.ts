// Amazon S3: general purpose buckets, objects and their versions.

import type { Reconciler, Row, TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { bucketOfArn, policyFor, policyOperations } from './access/bucket-policy.ts';
import { ownershipOperations } from './access/ownership.ts';
import { publicAccessOperations } from './access/public-access.ts';
import { authorization, denied, resourceConditions } from './authorization.ts';
import { missingBucket } from './bucket.ts';
import { deliverLog, logged, loggingOperations, logLines } from './buckets/access-log.ts';
import { bucketOperations } from './buckets/buckets.ts';
import { corsOperations, crossOrigin, preflightDoor } from './buckets/cors.ts';
import { encryptionOperations } from './buckets/encryption.ts';
import { transferOperations } from './buckets/transfer.ts';
import { unconfiguredOperations } from './buckets/unconfigured.ts';
import { websiteDoor, websiteOperations } from './buckets/website.ts';
import { invalidHeader } from './headers.ts';
import { lifecycle, lifecycleOperations } from './lifecycle/lifecycle.ts';
import { deliverEvent, pendingEvents } from './notifications/events.ts';
import { notificationOperations } from './notifications/notifications.ts';
import { attributeOperations } from './objects/attributes.ts';
import { copyOperations } from './objects/copy.ts';
import { deletionOperations } from './objects/deletion.ts';
import { listingOperations } from './objects/listing.ts';
import { objectLockOperations } from './objects/object-lock.ts';
import { objectOperations } from './objects/objects.ts';
import { forgetRestored, restore, restoreOperations } from './objects/restore.ts';
import { versionListingOperations } from './objects/version-listing.ts';
import { ownWords } from './own-words.ts';
import { refused, withoutEffect } from './refusals.ts';
import { regionOfOldSignature } from './regions.ts';
import { replicationOperations } from './replication/replication-rules.ts';
import { replicate, replications } from './replication/replication.ts';
import { bucketNames, buckets, noncurrent, objects, parts, uploads } from './tables.ts';
import { taggingOperations } from './tagging.ts';
import { completionOperations } from './uploads/completion.ts';
import { uploadListingOperations } from './uploads/upload-listing.ts';
import { uploadOperations } from './uploads/uploads.ts';

export const service: Service = defineService({
  contract: 's3',
  tables: [bucketNames, buckets, objects, noncurrent, uploads, parts, pendingEvents, logLines, replications],
  operations: logged({
    ...bucketOperations,
    ...policyOperations,
    ...publicAccessOperations,
    ...ownershipOperations,
    ...encryptionOperations,
    ...lifecycleOperations,
    ...notificationOperations,
    ...corsOperations,
    ...websiteOperations,
    ...loggingOperations,
    ...transferOperations,
    ...objectLockOperations,
    ...replicationOperations,
    ...unconfiguredOperations,
    ...objectOperations,
    ...attributeOperations,
    ...copyOperations,
    ...deletionOperations,
    ...restoreOperations,
    ...taggingOperations,
    ...uploadOperations,
    ...completionOperations,
    ...listingOperations,
    ...versionListingOperations,
    ...uploadListingOperations,
  }),
  timers: [deliverEvent, deliverLog, replicate, restore, forgetRestored] as TimerHandler<unknown, Ctx>[],
  reconcilers: [lifecycle] as unknown as Reconciler<Row, Ctx>[],
  doors: [websiteDoor, preflightDoor],
  crossOrigin,
  regionOf: regionOfOldSignature,
  authorization,
  resourcePolicy: policyFor,
  resourceConditions,
  ownerOf: (ctx, arn) => bucketOfArn(ctx, arn)?.account,
  denied,
  refused,
  withoutEffect,
  tolerates: (operation, { members, value }) => ownWords(operation, members, value),
  before: (ctx, operation, input) => (operation === 'CreateBucket' ? undefined : missingBucket(ctx, input)),
  invalid: (_, [violation]) => violation && invalidHeader(violation),
});

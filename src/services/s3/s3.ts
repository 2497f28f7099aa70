// Amazon S3: general purpose buckets, objects and their versions.

import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { attributeOperations } from './attributes.ts';
import { authorization, denied, resourceConditions } from './authorization.ts';
import { bucketOfArn, policyFor, policyOperations } from './bucket-policy.ts';
import { bucketOperations } from './buckets.ts';
import { completionOperations } from './completion.ts';
import { copyOperations } from './copy.ts';
import { deletionOperations } from './deletion.ts';
import { encryptionOperations } from './encryption.ts';
import { invalidArgument } from './faults.ts';
import { listingOperations } from './listing.ts';
import { objectOperations } from './objects.ts';
import { ownershipOperations } from './ownership.ts';
import { publicAccessOperations } from './public-access.ts';
import { refused, withoutEffect } from './refusals.ts';
import { bucketNames, buckets, noncurrent, objects, parts, uploads } from './tables.ts';
import { taggingOperations } from './tagging.ts';
import { unconfiguredOperations } from './unconfigured.ts';
import { uploadListingOperations } from './upload-listing.ts';
import { uploadOperations } from './uploads.ts';
import { versionListingOperations } from './version-listing.ts';

export const service: Service = defineService({
  contract: 's3',
  tables: [bucketNames, buckets, objects, noncurrent, uploads, parts],
  operations: {
    ...bucketOperations,
    ...policyOperations,
    ...publicAccessOperations,
    ...ownershipOperations,
    ...encryptionOperations,
    ...unconfiguredOperations,
    ...objectOperations,
    ...attributeOperations,
    ...copyOperations,
    ...deletionOperations,
    ...taggingOperations,
    ...uploadOperations,
    ...completionOperations,
    ...listingOperations,
    ...versionListingOperations,
    ...uploadListingOperations,
  },
  authorization,
  resourcePolicy: policyFor,
  resourceConditions,
  ownerOf: (ctx, arn) => bucketOfArn(ctx, arn)?.account,
  denied,
  refused,
  withoutEffect,
  // S3 has errors of its own for places that it does not know and for sources that are none.
  tolerates: (operation, { members }) =>
    members.at(-1) === 'CopySource' ||
    (operation === 'CreateBucket' && members.at(-1) === 'LocationConstraint'),
  invalid(_, [violation]) {
    if (violation?.members.at(-1) !== 'EncodingType') return undefined;
    return invalidArgument('encoding-type', violation.value, 'Invalid Encoding Method specified in Request');
  },
});

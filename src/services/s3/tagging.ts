// Tags of buckets and objects.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html

import { Fault } from '#contract/fault.ts';
import { percentDecoded } from '#contract/protocols/bytes.ts';
import { mergeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { actsForAws } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf } from './bucket.ts';
import type { Place } from './bucket.ts';
import { invalidArgument, noSuchKey, notConfigured } from './faults.ts';
import { awaitLifecycle } from './lifecycle/expiration.ts';
import { tell } from './notifications/events.ts';
import { changeVersion, deleteMarkerRead, requestedVersion, shownVersionId } from './objects/versions.ts';
import { replicateChange } from './replication/replication.ts';
import { buckets } from './tables.ts';
import type { Bucket, StoredObject } from './tables.ts';

interface WireTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

const MOST = { bucket: 50, 'new-bucket': 50, object: 10 } as const;
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

const invalidTag = (message: string, fields: Readonly<Record<string, string>>): Fault =>
  new Fault('InvalidTag', message, { status: 400, fields });

const RESERVED = {
  bucket: 'System tags cannot be added/updated by requester',
  'new-bucket':
    'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. ' +
    'Remove "aws:" from your tag keys and try again.',
  object: 'Your TagKey cannot be prefixed with aws:',
} as const;

const isSystem = (key: string): boolean => key.toLowerCase().startsWith('aws:');

/** Throws where S3 would not take the tags. `system` are those tags of AWS's own that may be among them. */
export function checkTags(
  tags: readonly WireTag[],
  of: keyof typeof MOST,
  system: (tag: WireTag) => boolean = () => false,
): void {
  if (tags.filter((tag) => !system(tag)).length > MOST[of]) {
    const noun = of === 'object' ? 'Object tags' : 'Bucket tag count';
    throw new Fault('BadRequest', `${noun} cannot be greater than ${MOST[of]}`, { status: 400 });
  }
  const seen = new Set<string>();
  for (const { Key = '', Value = '' } of tags) {
    if (seen.has(Key)) throw invalidTag('Cannot provide multiple Tags with the same key', { TagKey: Key });
    seen.add(Key);
    if (Key === '' || Key.length > 128 || !ALLOWED.test(Key))
      throw invalidTag('The TagKey you have provided is invalid', { TagKey: Key });
    if (Value.length > 256 || !ALLOWED.test(Value))
      throw invalidTag('The TagValue you have provided is invalid', { TagKey: Key, TagValue: Value });
    // A new bucket is not told which of its tags it is.
    if (isSystem(Key) && !system({ Key, Value }))
      throw invalidTag(RESERVED[of], of === 'new-bucket' ? {} : { TagKey: Key });
  }
}

/**
 * Throws where a request would change tags that only AWS may: those that CloudFormation gives.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html
 */
function checkBucketTags({ principal }: Ctx, { tags: now = {} }: Bucket, tags: readonly WireTag[]): void {
  const ours = actsForAws(principal);
  checkTags(tags, 'bucket', ({ Key = '', Value }) => isSystem(Key) && (ours || now[Key] === Value));
  const gone = Object.keys(now).find((key) => isSystem(key) && !tags.some(({ Key }) => Key === key));
  if (gone !== undefined && !ours)
    throw invalidTag('System tags cannot be removed by requester', { TagKey: gone });
}

/** The header `x-amz-tagging`: tags spelled as a query string. */
export function tagsOfHeader(header: string | undefined): Tags {
  if (!header) return {};
  const pairs = header.split('&').filter((pair) => pair !== '');
  const tags = pairs.map((pair) => {
    const [name = '', value = '', ...rest] = pair.split('=');
    const Key = percentDecoded(name, true);
    const Value = percentDecoded(value, true);
    return Key && Value !== undefined && rest.length === 0 ? { Key, Value } : undefined;
  });
  const keys = tags.map((tag) => tag?.Key);
  if (tags.includes(undefined) || new Set(keys).size < keys.length) {
    const message =
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters " +
      'without tag name duplicates.';
    throw invalidArgument('x-amz-tagging', header, message);
  }
  const given = tags as WireTag[];
  checkTags(given, 'object');
  return mergeTags({}, given);
}

type OnObject = Input<'s3', 'GetObjectTagging'>;

/** Tags belong to objects: a delete marker has none, whether it is named or on top. */
function tagged(ctx: Ctx, found: Place, input: OnObject, method: string): StoredObject {
  // One of the three operations shows keys with their bucket.
  const shownKey = method === 'GET' ? `${found.bucket.name}/${input.Key}` : input.Key;
  const version = requestedVersion(ctx, found, input, shownKey);
  if (version.kind !== 'object') throw deleteMarkerRead(version, method);
  return version;
}

/** Here S3 names a missing key with its bucket (LocalStack's test_object_tagging_exc, recorded from AWS). */
function readTagged(ctx: Ctx, found: Place, input: OnObject): StoredObject {
  try {
    return tagged(ctx, found, input, 'GET');
  } catch (error) {
    if (!(error instanceof Fault) || error.shape !== 'NoSuchKey') throw error;
    throw noSuchKey(`${input.Bucket}/${input.Key}`, error.headers);
  }
}

function setObjectTags(ctx: Ctx, input: OnObject, method: string, tags: Tags): { VersionId?: string } {
  const found = bucketOf(ctx, input);
  const { at, bucket } = found;
  const object = tagged(ctx, found, input, method);
  replicateChange(found, changeVersion(at, { ...object, tags }));
  awaitLifecycle(at, bucket);
  tell(ctx, found, `s3:ObjectTagging:${method === 'PUT' ? 'Put' : 'Delete'}`, object);
  return shownVersionId(bucket, object);
}

export const taggingOperations: Operations<'s3'> = {
  GetBucketTagging(ctx, input) {
    const { name, tags } = bucketOf(ctx, input).bucket;
    if (!tags) throw notConfigured('NoSuchTagSet', 'The TagSet does not exist', name);
    return { TagSet: tagList(tags) };
  },

  PutBucketTagging(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { TagSet = [] } = input.Tagging;
    checkBucketTags(ctx, bucket, TagSet);
    at.put(buckets, withTags(bucket, TagSet));
  },

  DeleteBucketTagging(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    checkBucketTags(ctx, bucket, []);
    at.put(buckets, withTags(bucket, []));
  },

  GetObjectTagging(ctx, input) {
    const found = bucketOf(ctx, input);
    const object = readTagged(ctx, found, input);
    return { TagSet: tagList(object.tags), ...shownVersionId(found.bucket, object) };
  },

  PutObjectTagging(ctx, input) {
    const { TagSet = [] } = input.Tagging;
    checkTags(TagSet, 'object');
    return setObjectTags(ctx, input, 'PUT', mergeTags({}, TagSet));
  },

  DeleteObjectTagging(ctx, input) {
    return setObjectTags(ctx, input, 'DELETE', {});
  },
};

/** A bucket with a set of tags in place of the one that it had; an empty set is none. */
function withTags(bucket: Bucket, tags: readonly WireTag[]): Bucket {
  const { tags: _, ...untagged } = bucket;
  return tags.length === 0 ? untagged : { ...bucket, tags: mergeTags({}, tags) };
}

// Replication rules of buckets.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketNamed, bucketOf } from '../bucket.ts';
import { invalidArgument, invalidRequest, malformedXml, notConfigured, notModelled } from '../faults.ts';
import { storageClassOf } from '../objects/storage-class.ts';
import { buckets } from '../tables.ts';
import type { Bucket, ReplicationRule, StoredObject } from '../tables.ts';

type WireRule = Input<'s3', 'PutBucketReplication'>['ReplicationConfiguration']['Rules'][number];

const MOST_RULES = 1000;
const LONGEST_ID = 255;
const BUCKET_ARN = 'arn:aws:s3:::';
const SCHEMA =
  'must be specified for this version of Cross Region Replication configuration schema. ' +
  'Please refer to S3 Developer Guide for more information.';

/** Which objects a rule is for, in whichever of its ways it says so. */
interface Selection {
  readonly prefix: string;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
}

function selectionOf({
  Prefix,
  Filter: { Prefix: filtered, Tag, And: both = {} } = {},
}: WireRule): Selection {
  return {
    prefix: Prefix ?? filtered ?? both.Prefix ?? '',
    tags: Tag ? [Tag] : (both.Tags ?? []),
  };
}

/** A rule without a filter is of the first version of the schema, which sends delete markers along. */
export function sendsMarkers({ Filter, DeleteMarkerReplication }: WireRule): boolean {
  return Filter === undefined || DeleteMarkerReplication?.Status === 'Enabled';
}

export function destinationOf({ Destination }: WireRule): string {
  return Destination.Bucket.slice(BUCKET_ARN.length);
}

/** Whether a rule wants an object of that key and those tags. */
export function selects(rule: WireRule, key: string, tags: StoredObject['tags']): boolean {
  const { prefix, tags: wanted } = selectionOf(rule);
  return (
    rule.Status === 'Enabled' &&
    key.startsWith(prefix) &&
    wanted.every(({ Key, Value }) => tags[Key] === Value)
  );
}

/** Of the rules that want something, one for each destination: the one of the highest priority. */
export function perDestination(rules: readonly ReplicationRule[]): ReplicationRule[] {
  const first = new Map<string, ReplicationRule>();
  for (const rule of rules.toSorted((left, right) => (right.Priority ?? 0) - (left.Priority ?? 0))) {
    const destination = destinationOf(rule);
    if (!first.has(destination)) first.set(destination, rule);
  }
  return [...first.values()];
}

function checkSchema(rule: WireRule): void {
  const { Filter, Prefix, Priority, DeleteMarkerReplication } = rule;
  if (Filter !== undefined && Prefix !== undefined) throw malformedXml();
  if (Filter === undefined) {
    if (DeleteMarkerReplication === undefined && Priority === undefined) return;
    if (DeleteMarkerReplication?.Status !== undefined)
      throw invalidRequest('DeleteMarkerReplication cannot be used for this version of the schema.');
    return;
  }
  if (DeleteMarkerReplication === undefined) throw invalidRequest(`DeleteMarkerReplication ${SCHEMA}`);
  if (Priority === undefined) throw invalidRequest(`Priority ${SCHEMA}`);
  if (DeleteMarkerReplication.Status === 'Enabled' && selectionOf(rule).tags.length > 0) {
    throw invalidRequest(
      'Delete marker replication is not supported if any Tag filter is specified. ' +
        'Please refer to S3 Developer Guide for more information.',
    );
  }
}

/** What is off may be said; what is on and not modelled is refused. */
function checkModelled({ ExistingObjectReplication, SourceSelectionCriteria, Destination }: WireRule): void {
  if (ExistingObjectReplication?.Status === 'Enabled') throw notModelled('Replication of existing objects');
  if (SourceSelectionCriteria?.ReplicaModifications?.Status === 'Enabled')
    throw notModelled('Replication of changes to replicas');
  if (Destination.ReplicationTime?.Status === 'Enabled') throw notModelled('S3 Replication Time Control');
  if (Destination.Metrics?.Status === 'Enabled') throw notModelled('Metrics and events of replication');
}

function checkDestination(ctx: Ctx, source: Bucket, rule: WireRule): void {
  const {
    Bucket: arn,
    Account,
    AccessControlTranslation,
    EncryptionConfiguration,
    StorageClass,
  } = rule.Destination;
  if (!arn.startsWith(BUCKET_ARN)) throw invalidArgument('Bucket', arn, 'Invalid bucket ARN');
  const found = bucketNamed(ctx, destinationOf(rule));
  if (!found) throw invalidRequest('Destination bucket must exist.');
  if (found.bucket.name === source.name)
    throw invalidRequest('Destination bucket cannot be the same as the source bucket.');
  if (found.bucket.versioning !== 'Enabled')
    throw invalidRequest('Destination bucket must have versioning enabled.');
  if (Account !== undefined && Account !== found.bucket.account)
    throw invalidArgument('Account', Account, 'The account is not the owner of the destination bucket.');
  if (AccessControlTranslation && Account === undefined) {
    const message = 'Account must be specified if AccessControlTranslation is present.';
    throw invalidArgument('Account', undefined, message);
  }
  storageClassOf(StorageClass);
  const selectsKms = rule.SourceSelectionCriteria?.SseKmsEncryptedObjects;
  if (selectsKms?.Status === 'Enabled' && EncryptionConfiguration?.ReplicaKmsKeyID === undefined) {
    const message = 'ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present.';
    throw invalidRequest(message);
  }
  if (EncryptionConfiguration && !selectsKms) {
    const message = 'SseKmsEncryptedObjects must be specified if EncryptionConfiguration tag is present.';
    throw invalidRequest(message);
  }
}

/** Rules with an id for each. Throws S3's errors. */
function checkedRules(ctx: Ctx, source: Bucket, rules: readonly WireRule[]): ReplicationRule[] {
  if (rules.length === 0 || rules.length > MOST_RULES) throw malformedXml();
  const named = rules.map((rule) => ({ ...rule, ID: rule.ID ?? ctx.id('replication-rule', 24) }));
  if (new Set(named.map(({ ID }) => ID)).size < named.length)
    throw invalidArgument('ID', undefined, 'Rule Id must be unique. Found same Id for more than one rule');
  const priorities = named.flatMap(({ Priority }) => Priority ?? []);
  if (new Set(priorities).size < priorities.length)
    throw invalidRequest('Each rule must have a priority of its own.');
  for (const rule of named) {
    if (rule.ID.length > LONGEST_ID)
      throw invalidArgument('ID', rule.ID, `The rule id is longer than ${LONGEST_ID} characters`);
    checkSchema(rule);
    checkModelled(rule);
    checkDestination(ctx, source, rule);
  }
  return named;
}

/** While there are rules, versioning stays on. */
export function checkUnreplicated({ replication }: Bucket, status: string): void {
  if (!replication || status === 'Enabled') return;
  const message =
    'A replication configuration is present on this bucket, so the versioning state cannot be changed.';
  throw new Fault('InvalidBucketState', message, { status: 409 });
}

export const replicationOperations: Operations<'s3'> = {
  PutBucketReplication(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { Role: role, Rules } = input.ReplicationConfiguration;
    if (bucket.versioning !== 'Enabled') {
      throw invalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration");
    }
    if (!/^arn:aws:iam::\d{12}:role\/.+$/.test(role))
      throw invalidArgument('Role', role, 'Invalid role specified');
    at.update(buckets, bucket, { replication: { role, rules: checkedRules(at, bucket, Rules) } });
  },

  GetBucketReplication(ctx, input) {
    const { name, replication } = bucketOf(ctx, input).bucket;
    if (!replication) {
      const message = 'The replication configuration was not found';
      throw notConfigured('ReplicationConfigurationNotFoundError', message, name);
    }
    return { ReplicationConfiguration: { Role: replication.role, Rules: [...replication.rules] } };
  },

  DeleteBucketReplication(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { replication: _, ...rest } = bucket;
    at.put(buckets, rest);
  },
};

// AWS::S3::Bucket.

import type { Input } from '#cloud/contracts.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Json, Provider, Work } from '../provider.ts';
import { cannedList, configurations } from './configurations.ts';
import type { Configuration } from './configurations.ts';

type BucketWork = Work<'AWS::S3::Bucket'>;

const LONGEST = 63;
const FIRST_REGION = 'us-east-1';

/**
 * Regions whose website endpoints have a dash.
 * https://docs.aws.amazon.com/general/latest/gr/s3.html#s3_website_region_endpoints
 */
const DASHED = new Set([
  FIRST_REGION,
  'us-west-1',
  'us-west-2',
  'ap-northeast-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'eu-west-1',
  'sa-east-1',
]);

/** Only lists that S3 would take at creation, or refuse in its own words for that, go along with it. */
function listAtCreation(work: BucketWork): Input<'s3', 'CreateBucket'>['ACL'] {
  const { PublicAccessBlockConfiguration: block, OwnershipControls: ownership } = work.properties;
  const list = cannedList(work);
  const enforced = (ownership?.Rules[0]?.ObjectOwnership ?? 'BucketOwnerEnforced') === 'BucketOwnerEnforced';
  return (enforced || block === undefined ? list : undefined) as Input<'s3', 'CreateBucket'>['ACL'];
}

function makeBucket(work: BucketWork, name: string): void {
  const { region } = work.ctx;
  const ownership = work.properties.OwnershipControls?.Rules[0]?.ObjectOwnership;
  const ACL = listAtCreation(work);
  work.call('s3', 'CreateBucket', {
    Bucket: name,
    ...(region !== FIRST_REGION && {
      CreateBucketConfiguration: { LocationConstraint: region as 'eu-west-1' },
    }),
    ...(ownership !== undefined && { ObjectOwnership: ownership as 'ObjectWriter' }),
    ...(ACL !== undefined && { ACL }),
    ...(work.properties.ObjectLockEnabled === true && { ObjectLockEnabledForBucket: true }),
  });
}

/** The owner of a bucket could make it again in the first region, and be told that it is made. */
function checkNew(work: BucketWork, name: string): void {
  const { ctx } = work;
  const there = ctx.call('s3', 'HeadBucket', { Bucket: name }, work.as);
  if (!there.ok) return;
  throw handlerFailure(
    work,
    `Resource of type 'AWS::S3::Bucket' with identifier '${name}' already exists.`,
    'AlreadyExists',
  );
}

/** A list has to go before lists are turned off; otherwise as at creation. */
function inOrder(work: BucketWork, changed: readonly Configuration[]): readonly Configuration[] {
  const list = changed.find(({ property }) => property === 'AccessControl');
  if (!list || cannedList(work) !== undefined) return changed;
  return [list, ...changed.filter((one) => one !== list)];
}

function putTags(work: BucketWork, name: string): void {
  const TagSet = work.tags(work.properties.Tags);
  work.call('s3', 'PutBucketTagging', { Bucket: name, Tagging: { TagSet } });
}

export const bucket: Provider = provider({
  type: 'AWS::S3::Bucket',
  refused: [
    'AbacStatus',
    'AnalyticsConfigurations',
    'BucketEncryption.ServerSideEncryptionConfiguration.BlockedEncryptionTypes',
    'BucketNamePrefix',
    'BucketNamespace',
    'IntelligentTieringConfigurations',
    'InventoryConfigurations',
    'MetadataConfiguration',
    'MetadataTableConfiguration',
    'MetricsConfigurations',
    'ObjectLockConfiguration.Rule.DefaultRetention.DefaultEventHold',
  ],
  passedOn: [
    'CorsConfiguration.CorsRules',
    'LifecycleConfiguration.Rules.AbortIncompleteMultipartUpload',
    'LifecycleConfiguration.Rules.NoncurrentVersionExpiration',
    'LifecycleConfiguration.Rules.TagFilters',
    'LoggingConfiguration.TargetObjectKeyFormat',
    'ObjectLockConfiguration.Rule.DefaultRetention',
    'OwnershipControls',
    'ReplicationConfiguration.Rules.Priority',
    'ReplicationConfiguration.Rules.DeleteMarkerReplication',
    'ReplicationConfiguration.Rules.Destination',
    'ReplicationConfiguration.Rules.SourceSelectionCriteria',
    'PublicAccessBlockConfiguration',
    'WebsiteConfiguration.RedirectAllRequestsTo',
    'WebsiteConfiguration.RoutingRules.RedirectRule',
    'WebsiteConfiguration.RoutingRules.RoutingRuleCondition',
    'BucketEncryption.ServerSideEncryptionConfiguration.ServerSideEncryptionByDefault',
  ],
  create(work) {
    const { BucketName } = work.properties;
    const name = BucketName ?? work.name({ longest: LONGEST, lowerCase: true });
    if (BucketName !== undefined) checkNew(work, name);
    makeBucket(work, name);
    putTags(work, name);
    for (const one of configurations) if (one.property !== 'OwnershipControls') one.write(work, name);
    return name;
  },
  update(work) {
    const name = work.physicalId;
    const changed = configurations.filter(({ property }) => work.changed(property));
    for (const one of inOrder(work, changed)) {
      if (work.properties[one.property] === undefined) one.clear(work, name);
      else one.write(work, name);
    }
    putTags(work, name);
  },
  delete(work) {
    work.find('s3', 'DeleteBucket', { Bucket: work.physicalId });
  },
  attributes({ ctx: { region }, physicalId: name }) {
    const website = `s3-website${DASHED.has(region) ? '-' : '.'}${region}`;
    return {
      Arn: `arn:aws:s3:::${name}`,
      DomainName: `${name}.s3.amazonaws.com`,
      DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
      WebsiteURL: `http://${name}.${website}.amazonaws.com`,
    };
  },
  read(work) {
    const name = work.physicalId;
    const found = work.find('s3', 'ListBuckets', { Prefix: name });
    if (!found?.Buckets?.some(({ Name }) => Name === name)) return undefined;
    const set = configurations.filter(
      ({ property }) => property !== 'AccessControl' && work.properties[property] !== undefined,
    );
    // What is set by the template and not there any more is shown as nothing.
    const values = set.map((one) => [one.property, one.read(work, name)] as const);
    const tags = work.find('s3', 'GetBucketTagging', { Bucket: name })?.TagSet ?? [];
    return {
      ...(Object.fromEntries(values) as Record<string, Json>),
      BucketName: name,
      Tags: tags.filter(({ Key }) => !Key.startsWith('aws:') && !(Key in work.stack.tags)) as unknown as Json,
    };
  },
});

// Lifecycle rules of a bucket: a template spells them otherwise than the API.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html

import { formatIso, parseIso } from '#contract/protocols/timestamp.ts';
import type { Input } from '#cloud/contracts.ts';
import { handlerFailure } from '../provider.ts';
import type { Json, Properties, Work } from '../provider.ts';
import { given, inTemplate } from './given.ts';

type Configuration = NonNullable<Properties<'AWS::S3::Bucket'>['LifecycleConfiguration']>;
type Rule = Configuration['Rules'][number];
type Wire = Input<'s3', 'PutBucketLifecycleConfiguration'>;
export type WireRule = NonNullable<Wire['LifecycleConfiguration']>['Rules'][number];
type Filter = NonNullable<WireRule['Filter']>;

function filterOf({ Prefix, TagFilters = [], ObjectSizeGreaterThan, ObjectSizeLessThan }: Rule): Filter {
  const single = given({ Prefix, ObjectSizeGreaterThan, ObjectSizeLessThan });
  const count = Object.keys(single).length + TagFilters.length;
  if (count > 1) return { And: { ...single, ...(TagFilters.length > 0 && { Tags: [...TagFilters] }) } };
  const [Tag] = TagFilters;
  return count === 0 ? { Prefix: '' } : { ...single, ...(Tag && { Tag }) };
}

/** A day, which a template may also give with a time. */
function dateOf(work: Work<'AWS::S3::Bucket'>, text: string): number {
  const day = parseIso(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (day === undefined) throw handlerFailure(work, `The date ${text} is not in the ISO 8601 format.`);
  return day;
}

function wireRule(work: Work<'AWS::S3::Bucket'>, rule: Rule): WireRule {
  const { Id: ID, Status, ExpirationDate, ExpirationInDays: Days, ExpiredObjectDeleteMarker } = rule;
  const { NoncurrentVersionExpirationInDays, AbortIncompleteMultipartUpload } = rule;
  const at = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : dateOf(work, text);
  const expiration = given({ Date: at(ExpirationDate), Days, ExpiredObjectDeleteMarker });
  const noncurrent =
    rule.NoncurrentVersionExpiration ??
    (NoncurrentVersionExpirationInDays === undefined
      ? undefined
      : { NoncurrentDays: NoncurrentVersionExpirationInDays });
  const transitions = [...(rule.Transitions ?? []), ...(rule.Transition ? [rule.Transition] : [])];
  const ofNoncurrent = [
    ...(rule.NoncurrentVersionTransitions ?? []),
    ...(rule.NoncurrentVersionTransition ? [rule.NoncurrentVersionTransition] : []),
  ];
  return {
    Status: Status as WireRule['Status'],
    Filter: filterOf(rule),
    ...given({ ID, AbortIncompleteMultipartUpload, NoncurrentVersionExpiration: noncurrent }),
    ...(Object.keys(expiration).length > 0 && { Expiration: expiration }),
    ...(transitions.length > 0 && {
      Transitions: transitions.map(({ StorageClass, TransitionDate, TransitionInDays }) =>
        given({ Date: at(TransitionDate), Days: TransitionInDays, StorageClass: classOf(StorageClass) }),
      ),
    }),
    ...(ofNoncurrent.length > 0 && {
      NoncurrentVersionTransitions: ofNoncurrent.map((one) =>
        given({
          NoncurrentDays: one.TransitionInDays,
          NewerNoncurrentVersions: one.NewerNoncurrentVersions,
          StorageClass: classOf(one.StorageClass),
        }),
      ),
    }),
  } as WireRule;
}

/** Templates may still say `GLACIER` by an older name. */
const classOf = (name: string): string => (name === 'Glacier' ? 'GLACIER' : name);

export function wireRules(work: Work<'AWS::S3::Bucket'>, { Rules }: Configuration): WireRule[] {
  return Rules.map((rule) => wireRule(work, rule));
}

/** A rule as a template would give it. */
export function templateRule(rule: WireRule): Json {
  const { ID, Status, Filter = {}, Expiration = {}, AbortIncompleteMultipartUpload } = rule;
  const { And: both, Tag, ...single } = Filter;
  const sized = both ?? single;
  const Tags = both?.Tags ?? (Tag ? [Tag] : []);
  const date = (instant: number | undefined): string | undefined =>
    instant === undefined ? undefined : formatIso(instant);
  return inTemplate({
    Id: ID,
    Status,
    Prefix: sized.Prefix === '' ? undefined : sized.Prefix,
    ObjectSizeGreaterThan: sized.ObjectSizeGreaterThan,
    ObjectSizeLessThan: sized.ObjectSizeLessThan,
    TagFilters: Tags.length > 0 ? Tags : undefined,
    ExpirationDate: date(Expiration.Date),
    ExpirationInDays: Expiration.Days,
    ExpiredObjectDeleteMarker: Expiration.ExpiredObjectDeleteMarker,
    AbortIncompleteMultipartUpload,
    NoncurrentVersionExpiration: rule.NoncurrentVersionExpiration,
    Transitions: rule.Transitions?.map((one) =>
      given({
        StorageClass: one.StorageClass,
        TransitionDate: date(one.Date),
        TransitionInDays: one.Days,
      }),
    ),
    NoncurrentVersionTransitions: rule.NoncurrentVersionTransitions?.map((one) =>
      given({
        StorageClass: one.StorageClass,
        TransitionInDays: one.NoncurrentDays,
        NewerNoncurrentVersions: one.NewerNoncurrentVersions,
      }),
    ),
  });
}

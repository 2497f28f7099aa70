// Replication rules as templates spell them, and as S3 does.

import type { Input, Output } from '#cloud/contracts.ts';
import type { Json, Properties } from '../provider.ts';
import { given, inTemplate } from './given.ts';

type Replication = NonNullable<Properties<'AWS::S3::Bucket'>['ReplicationConfiguration']>;
type Wire = Input<'s3', 'PutBucketReplication'>['ReplicationConfiguration'];
type Found = NonNullable<Output<'s3', 'GetBucketReplication'>['ReplicationConfiguration']>;

export function wireReplication({ Role, Rules }: Replication): Wire {
  const rules = Rules.map(({ Id, Filter, ...rest }) =>
    given({
      ...rest,
      ID: Id,
      Filter:
        Filter &&
        given({
          Prefix: Filter.Prefix,
          Tag: Filter.TagFilter,
          And: Filter.And && given({ Prefix: Filter.And.Prefix, Tags: Filter.And.TagFilters }),
        }),
    }),
  );
  return { Role, Rules: rules as unknown as Wire['Rules'] };
}

/** S3 names rules that the template does not name. */
export function templateReplication({ Role, Rules }: Found, said: Replication | undefined): Json {
  const rules = Rules.map(({ ID, Filter, ...rest }, index) =>
    given({
      ...rest,
      Id: said?.Rules[index]?.Id === undefined ? undefined : ID,
      Filter:
        Filter &&
        given({
          Prefix: Filter.Prefix,
          TagFilter: Filter.Tag,
          And: Filter.And && given({ Prefix: Filter.And.Prefix, TagFilters: Filter.And.Tags }),
        }),
    }),
  );
  return inTemplate({ Role, Rules: rules });
}

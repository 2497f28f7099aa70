// The website of a bucket, as a template spells it and as the API does.

import type { Input, Output } from '#cloud/contracts.ts';
import type { Json, Properties } from '../provider.ts';
import { given, inTemplate } from './given.ts';

type Configuration = NonNullable<Properties<'AWS::S3::Bucket'>['WebsiteConfiguration']>;
type Wire = Input<'s3', 'PutBucketWebsite'>['WebsiteConfiguration'];

export function wireWebsite(configuration: Configuration): Wire {
  const { IndexDocument, ErrorDocument, RedirectAllRequestsTo, RoutingRules } = configuration;
  return given({
    IndexDocument: IndexDocument === undefined ? undefined : { Suffix: IndexDocument },
    ErrorDocument: ErrorDocument === undefined ? undefined : { Key: ErrorDocument },
    RedirectAllRequestsTo,
    RoutingRules: RoutingRules?.map(({ RedirectRule, RoutingRuleCondition }) =>
      given({ Condition: RoutingRuleCondition, Redirect: RedirectRule }),
    ),
  }) as Wire;
}

export function templateWebsite(found: Output<'s3', 'GetBucketWebsite'>): Json {
  return inTemplate({
    IndexDocument: found.IndexDocument?.Suffix,
    ErrorDocument: found.ErrorDocument?.Key,
    RedirectAllRequestsTo: found.RedirectAllRequestsTo,
    RoutingRules: found.RoutingRules?.map(({ Condition, Redirect }) =>
      given({ RedirectRule: Redirect, RoutingRuleCondition: Condition }),
    ),
  });
}

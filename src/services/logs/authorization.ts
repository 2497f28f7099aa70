// Which resources IAM sees in each operation. To IAM a log group is `log-group:NAME:log-stream:`, which is why policies end in
// `:*`; only the operations on tags go by the ARN without it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html

import type { Ctx } from '#cloud/ctx.ts';
import type { ServiceDefinition } from '#cloud/service.ts';
import { groupArn, nameIn, streamArn } from './groups/log-group.ts';

interface Named {
  readonly logGroupName?: string | undefined;
  readonly logGroupIdentifier?: string | undefined;
  readonly logGroupNamePrefix?: string | undefined;
}

const ofGroup = {
  resources: (ctx: Ctx, { logGroupName, logGroupIdentifier, logGroupNamePrefix }: Named): string =>
    streamArn(ctx, nameIn(logGroupName ?? logGroupIdentifier ?? logGroupNamePrefix ?? ''), ''),
};

const ofEither = {
  resources: (
    ctx: Ctx,
    { logGroupName, resourceIdentifier = '' }: Named & { readonly resourceIdentifier?: string | undefined },
  ): string => streamArn(ctx, nameIn(logGroupName ?? resourceIdentifier), ''),
};

const ofStream = {
  resources: (
    ctx: Ctx,
    { logGroupName, logGroupIdentifier, logStreamName }: Named & { readonly logStreamName: string },
  ): string => streamArn(ctx, nameIn(logGroupName ?? logGroupIdentifier ?? ''), logStreamName),
};

const ofTagged = {
  resources: (_: Ctx, { resourceArn }: { readonly resourceArn: string }): string => resourceArn,
};

const tagKeys = (tags: Readonly<Record<string, string>>): Record<string, string | readonly string[]> => ({
  ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
  'aws:TagKeys': Object.keys(tags),
});

export const authorization: NonNullable<ServiceDefinition<'logs'>['authorization']> = {
  CreateLogGroup: {
    ...ofGroup,
    conditions: (_, { tags = {} }) => (Object.keys(tags).length > 0 ? tagKeys(tags) : {}),
    further: (ctx, { logGroupName, tags = {} }) =>
      Object.keys(tags).length > 0
        ? [{ action: 'logs:TagResource', resource: groupArn(ctx, logGroupName), conditions: tagKeys(tags) }]
        : [],
  },
  AssociateKmsKey: ofEither,
  DisassociateKmsKey: ofEither,
  DeleteLogGroup: ofGroup,
  DescribeLogGroups: ofGroup,
  PutLogGroupDeletionProtection: ofGroup,
  PutRetentionPolicy: ofGroup,
  DeleteRetentionPolicy: ofGroup,
  TagLogGroup: ofGroup,
  UntagLogGroup: ofGroup,
  ListTagsLogGroup: ofGroup,
  TagResource: { ...ofTagged, conditions: (_, { tags }) => tagKeys(tags) },
  UntagResource: { ...ofTagged, conditions: (_, { tagKeys: keys }) => ({ 'aws:TagKeys': keys }) },
  ListTagsForResource: ofTagged,
  CreateLogStream: ofStream,
  DeleteLogStream: ofStream,
  DescribeLogStreams: ofGroup,
  PutLogEvents: ofStream,
  GetLogEvents: ofStream,
  FilterLogEvents: ofGroup,
  PutMetricFilter: ofGroup,
  DescribeMetricFilters: ofGroup,
  DeleteMetricFilter: ofGroup,
  PutSubscriptionFilter: ofGroup,
  DescribeSubscriptionFilters: ofGroup,
  DeleteSubscriptionFilter: ofGroup,
};

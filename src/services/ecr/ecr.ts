// Amazon ECR: repositories (./repositories.ts), images by their manifests (./images.ts) and what expires (./lifecycle.ts).

import type { Reconciler, Row } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { imageOperations } from './images.ts';
import { evaluation, lifecycleOperations } from './lifecycle.ts';
import { compiled, policyOperations } from './policies.ts';
import { registryOperations } from './registry.ts';
import { repositoryOperations } from './repositories.ts';
import { invalidParameter, registryOf, repositoryArn } from './repository.ts';
import { images, repositories } from './tables.ts';
import type { Repository } from './tables.ts';

const UNSCANNED = 'stored and shown; nothing scans images';

const ofRepository = { resources: repositoryArn };
const ofTagged = { resources: (_: Ctx, { resourceArn }: { resourceArn: string }): string => resourceArn };

function byArn(ctx: Ctx, arn: string): Repository | undefined {
  const [, , , region, account, resource = ''] = arn.split(':');
  return ctx
    .in({ region: region || ctx.region, account: account || ctx.account })
    .get(repositories, resource.slice('repository/'.length));
}

export const service: Service = defineService({
  contract: 'ecr',
  tables: [repositories, images],
  operations: {
    ...repositoryOperations,
    ...policyOperations,
    ...lifecycleOperations,
    ...imageOperations,
    ...registryOperations,
  },
  reconcilers: [evaluation as unknown as Reconciler<Row, Ctx>],
  authorization: {
    CreateRepository: {
      ...ofRepository,
      further: (ctx, { tags = [], ...named }) =>
        tags.length === 0 ? [] : [{ action: 'ecr:TagResource', resource: repositoryArn(ctx, named) }],
    },
    DescribeRepositories: {
      resources: (ctx, { registryId, repositoryNames }) =>
        repositoryNames?.map((repositoryName) => repositoryArn(ctx, { registryId, repositoryName })) ??
        registryOf(ctx, registryId).arn('ecr', 'repository/*'),
    },
    BatchGetRepositoryScanningConfiguration: {
      resources: (ctx, { repositoryNames }) =>
        repositoryNames.map((repositoryName) => repositoryArn(ctx, { repositoryName })),
    },
    BatchDeleteImage: ofRepository,
    BatchGetImage: ofRepository,
    DeleteLifecyclePolicy: ofRepository,
    DeleteRepository: ofRepository,
    DeleteRepositoryPolicy: ofRepository,
    DescribeImages: ofRepository,
    GetLifecyclePolicy: ofRepository,
    GetRepositoryPolicy: ofRepository,
    ListImages: ofRepository,
    ListTagsForResource: ofTagged,
    PutImage: ofRepository,
    PutImageScanningConfiguration: ofRepository,
    PutImageTagMutability: ofRepository,
    PutLifecyclePolicy: ofRepository,
    SetRepositoryPolicy: ofRepository,
    TagResource: ofTagged,
    UntagResource: ofTagged,
  },
  resourcePolicy(ctx, arn) {
    const policy = byArn(ctx, arn)?.policy;
    return policy === undefined ? undefined : compiled(policy);
  },
  resourceConditions(ctx, arn) {
    const tags = Object.entries(byArn(ctx, arn)?.tags ?? {}).flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`ecr:ResourceTag/${key}`, value],
    ]);
    return Object.fromEntries(tags) as Record<string, string>;
  },
  // "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length …'"; of enumerations moto has
  // 'Member must satisfy …'.
  invalid(_, [first]) {
    if (!first) return undefined;
    const why = first.message
      .replace(/^Member (?!must satisfy enum)/, '')
      .replace(/ pattern: (.*)$/, " '$1'");
    return invalidParameter(first.path, why);
  },
  withoutEffect: {
    CreateRepository: { 'imageScanningConfiguration.scanOnPush': UNSCANNED },
    PutImageScanningConfiguration: { 'imageScanningConfiguration.scanOnPush': UNSCANNED },
    SetRepositoryPolicy: { force: 'a policy that locks out whoever sets it is let through without it' },
    BatchGetImage: { acceptedMediaTypes: 'an image has the manifest that was put, and is never converted' },
  },
});

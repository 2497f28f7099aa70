// Repositories: creation, settings, tags, deletion.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { page } from '#cloud/pagination.ts';
import { actsForAws, forwarded } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { imagesOf } from './image.ts';
import { invalidParameter, registryOf, repositoryArn, repositoryOf } from './repository.ts';
import { imageKey, images, repositories } from './tables.ts';
import type { Mutability, Repository } from './tables.ts';

type Described = NonNullable<Output<'ecr', 'CreateRepository'>['repository']>;
type ExclusionFilters = Input<'ecr', 'CreateRepository'>['imageTagMutabilityExclusionFilters'];

const MOST_TAGS = 50;
const MOST_EXCLUSIONS = 5;
const PAGE_SIZE = 100;

function describe(home: Ctx, repository: Repository): Described {
  const { name, exclusions, encryption } = repository;
  return {
    repositoryArn: repositoryArn(home, { repositoryName: name }),
    registryId: home.account,
    repositoryName: name,
    repositoryUri: `${home.account}.dkr.ecr.${home.region}.amazonaws.com/${name}`,
    createdAt: repository.createdAt,
    imageTagMutability: repository.mutability,
    imageTagMutabilityExclusionFilters: exclusions.length > 0 ? filtersOf(exclusions) : undefined,
    imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
    encryptionConfiguration: { encryptionType: encryption.type, kmsKey: encryption.kmsKey },
  };
}

function filtersOf(exclusions: readonly string[]): { filterType: 'WILDCARD'; filter: string }[] {
  return exclusions.map((filter) => ({ filterType: 'WILDCARD', filter }));
}

/** The wildcards of the tags that are excepted: only some settings have any, and those need them. */
function exclusionsOf(mutability: Mutability, filters: ExclusionFilters = []): string[] {
  const wanted = mutability.endsWith('_WITH_EXCLUSION');
  const parameter = 'imageTagMutabilityExclusionFilters';
  if (wanted && filters.length === 0)
    throw invalidParameter(
      parameter,
      `ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as ${mutability}`,
    );
  if (!wanted && filters.length > 0)
    throw invalidParameter(
      parameter,
      `ImageTagMutabilityExclusionFilters must be null when imageTagMutability is set as ${mutability}`,
    );
  if (filters.length > MOST_EXCLUSIONS)
    throw invalidParameter(parameter, `must have at most ${MOST_EXCLUSIONS} filters`);
  // WILDCARD is the only filterType that there is.
  return filters.map(({ filter }) => filter);
}

/** A key of KMS is looked up as the caller, who has to be allowed to use it. */
function encryptionOf(
  ctx: Ctx,
  wanted: Input<'ecr', 'CreateRepository'>['encryptionConfiguration'],
): Repository['encryption'] {
  const { encryptionType: type = 'AES256', kmsKey } = wanted ?? {};
  if (type === 'AES256') {
    if (kmsKey !== undefined) throw invalidParameter('kmsKey', 'must be null when encryptionType is AES256');
    return { type };
  }
  const as = forwarded(ctx.principal, 'ecr.amazonaws.com');
  const found = ctx.call('kms', 'DescribeKey', { KeyId: kmsKey ?? 'alias/aws/ecr' }, as);
  if (!found.ok) {
    const { shape, message } = found.fault;
    if (shape === 'NotImplemented') throw found.fault;
    throw new Fault('KmsException', message, { fields: { kmsError: shape } });
  }
  const { Arn, Enabled } = found.output.KeyMetadata ?? {};
  if (Enabled === false)
    throw new Fault('KmsException', `${Arn} is disabled.`, { fields: { kmsError: 'DisabledException' } });
  return Arn === undefined ? { type } : { type, kmsKey: Arn };
}

/** Tags with some more. Keys that begin with `aws:` are for AWS itself to give. */
function withTags(ctx: Ctx, tags: Tags, added: Input<'ecr', 'TagResource'>['tags']): Tags {
  const reserved = added.find(({ Key }) => Key.toLowerCase().startsWith('aws:'));
  if (reserved && !actsForAws(ctx.principal)) {
    throw new Fault(
      'InvalidTagParameterException',
      `The tag key ${reserved.Key} begins with aws:, which is reserved.`,
    );
  }
  const merged = mergeTags(tags, added);
  if (Object.keys(merged).length > MOST_TAGS)
    throw new Fault('TooManyTagsException', 'A repository has at most 50 tags.');
  return merged;
}

function tagged(ctx: Ctx, arn: string): { home: Ctx; repository: Repository } {
  const [, , service, region, registryId, resource = ''] = arn.split(':');
  const [kind, ...name] = resource.split('/');
  if (service !== 'ecr' || region !== ctx.region || kind !== 'repository')
    throw invalidParameter('resourceArn', 'Invalid ARN');
  return repositoryOf(ctx, { registryId: registryId || undefined, repositoryName: name.join('/') });
}

export const repositoryOperations: Operations<'ecr'> = {
  CreateRepository(ctx, input) {
    const { repositoryName: name, registryId, imageTagMutability: mutability = 'MUTABLE', tags = [] } = input;
    const home = registryOf(ctx, registryId);
    const repository: Repository = {
      name,
      mutability,
      exclusions: exclusionsOf(mutability, input.imageTagMutabilityExclusionFilters),
      scanOnPush: input.imageScanningConfiguration?.scanOnPush ?? false,
      encryption: encryptionOf(ctx, input.encryptionConfiguration),
      tags: withTags(ctx, {}, tags),
      createdAt: ctx.now,
    };
    if (home.get(repositories, name)) {
      throw new Fault(
        'RepositoryAlreadyExistsException',
        `The repository with name '${name}' already exists in the registry with id '${home.account}'`,
      );
    }
    home.put(repositories, repository);
    return { repository: describe(home, repository) };
  },

  DescribeRepositories(ctx, { registryId, repositoryNames, nextToken, maxResults }) {
    const home = registryOf(ctx, registryId);
    if (repositoryNames) {
      if (nextToken !== undefined || maxResults !== undefined)
        throw invalidParameter('repositoryNames', 'must be null when nextToken or maxResults is given');
      const found = repositoryNames.map((repositoryName) =>
        repositoryOf(ctx, { registryId, repositoryName }),
      );
      return { repositories: found.map(({ repository }) => describe(home, repository)) };
    }
    const { rows, next } = page(home, repositories, {
      token: nextToken,
      limit: maxResults ?? PAGE_SIZE,
      invalidToken: () => invalidParameter('nextToken', 'Invalid token'),
    });
    return { repositories: rows.map((row) => describe(home, row)), nextToken: next };
  },

  DeleteRepository(ctx, { force = false, ...named }) {
    const { home, repository } = repositoryOf(ctx, named);
    const held = imagesOf(home, repository.name);
    if (held.length > 0 && !force) {
      throw new Fault(
        'RepositoryNotEmptyException',
        `The repository with name '${repository.name}' in registry with id '${home.account}' cannot be deleted ` +
          'because it still contains images',
      );
    }
    for (const { digest } of held) home.delete(images, imageKey(repository.name, digest));
    home.delete(repositories, repository.name);
    return { repository: describe(home, repository) };
  },

  PutImageTagMutability(
    ctx,
    { imageTagMutability: mutability, imageTagMutabilityExclusionFilters: filters, ...named },
  ) {
    const { home, repository } = repositoryOf(ctx, named);
    const exclusions = exclusionsOf(mutability, filters);
    home.update(repositories, repository, { mutability, exclusions });
    return {
      registryId: home.account,
      repositoryName: repository.name,
      imageTagMutability: mutability,
      imageTagMutabilityExclusionFilters: exclusions.length > 0 ? filtersOf(exclusions) : undefined,
    };
  },

  PutImageScanningConfiguration(ctx, { imageScanningConfiguration: { scanOnPush = false }, ...named }) {
    const { home, repository } = repositoryOf(ctx, named);
    home.update(repositories, repository, { scanOnPush });
    return {
      registryId: home.account,
      repositoryName: repository.name,
      imageScanningConfiguration: { scanOnPush },
    };
  },

  BatchGetRepositoryScanningConfiguration(ctx, { repositoryNames }) {
    const found = repositoryNames.map((name) => ({ name, row: ctx.get(repositories, name) }));
    const scanningConfigurations = found.flatMap(({ name, row }) =>
      row === undefined
        ? []
        : [
            {
              repositoryArn: repositoryArn(ctx, { repositoryName: name }),
              repositoryName: name,
              scanOnPush: row.scanOnPush,
              scanFrequency: row.scanOnPush ? ('SCAN_ON_PUSH' as const) : ('MANUAL' as const),
              appliedScanFilters: [],
            },
          ],
    );
    const failures = found
      .filter(({ row }) => row === undefined)
      .map(({ name }) => ({
        repositoryName: name,
        failureCode: 'REPOSITORY_NOT_FOUND' as const,
        failureReason: 'REPOSITORY_NOT_FOUND',
      }));
    return { scanningConfigurations, failures };
  },

  TagResource(ctx, { resourceArn, tags }) {
    const { home, repository } = tagged(ctx, resourceArn);
    home.update(repositories, repository, { tags: withTags(ctx, repository.tags, tags) });
  },

  UntagResource(ctx, { resourceArn, tagKeys }) {
    const { home, repository } = tagged(ctx, resourceArn);
    home.update(repositories, repository, { tags: removeTags(repository.tags, tagKeys) });
  },

  ListTagsForResource(ctx, { resourceArn }) {
    return { tags: tagList(tagged(ctx, resourceArn).repository.tags) };
  },
};

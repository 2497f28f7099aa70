// Images by their manifests. Layers are no concern here: nothing can be pulled.

import { hex } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { findImage, imageNotFound, imagesOf, listsNaming, readManifest } from './image.ts';
import type { ImageIdentifier } from './image.ts';
import { evaluateSoon } from './lifecycle.ts';
import { invalidParameter, matchesWildcard, repositoryOf } from './repository.ts';
import { imageKey, images } from './tables.ts';
import type { Image, Repository } from './tables.ts';

type Failure = NonNullable<Output<'ecr', 'BatchGetImage'>['failures']>[number];

const PAGE_SIZE = 100;
/** A pull is recorded once a day. */
const DAY_MS = 86_400_000;
const DIGEST = /^[A-Za-z0-9_+.-]+:[A-Fa-f0-9]+$/;

const invalidToken = (): Fault => invalidParameter('nextToken', 'Invalid token');

/** Whether a tag, once given, stays with its image. */
function isImmutable({ mutability, exclusions }: Repository, tag: string): boolean {
  const excluded = exclusions.some((wildcard) => matchesWildcard(wildcard, tag));
  return mutability.startsWith('IMMUTABLE') ? !excluded : excluded;
}

function shown(home: Ctx, image: Image, imageTag: string | undefined) {
  return {
    registryId: home.account,
    repositoryName: image.repository,
    imageId: { imageDigest: image.digest, imageTag },
    imageManifest: image.manifest,
    imageManifestMediaType: image.mediaType,
  };
}

/** Why an image cannot be had. */
function failureOf(home: Ctx, repository: string, imageId: ImageIdentifier): Failure {
  const { imageDigest, imageTag } = imageId;
  if (imageDigest === undefined && imageTag === undefined) {
    return {
      imageId,
      failureCode: 'MissingDigestAndTag',
      failureReason: 'Invalid request parameters: both tag and digest cannot be null',
    };
  }
  if (imageDigest !== undefined && !DIGEST.test(imageDigest)) {
    return {
      imageId,
      failureCode: 'InvalidImageDigest',
      failureReason:
        "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    };
  }
  if (imageTag !== undefined && imageDigest !== undefined && findImage(home, repository, { imageTag })) {
    return {
      imageId,
      failureCode: 'ImageTagDoesNotMatchDigest',
      failureReason: 'Requested image tag does not match the image digest',
    };
  }
  return { imageId, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' };
}

function withTagStatus(wanted: string, image: { tags: readonly string[] }): boolean {
  return wanted === 'ANY' || (wanted === 'TAGGED') === image.tags.length > 0;
}

/** Nothing is ever archived here. */
function withImageStatus(wanted: string): boolean {
  return wanted === 'ACTIVE' || wanted === 'ANY';
}

export const imageOperations: Operations<'ecr'> = {
  PutImage(ctx, { imageManifest: manifest, imageManifestMediaType, imageTag, imageDigest, ...named }) {
    const { home, repository } = repositoryOf(ctx, named);
    const facts = readManifest(manifest, imageManifestMediaType);
    const digest = `sha256:${hex(ctx.kernel.primitives.sha256(utf8(manifest)))}`;
    if (imageDigest !== undefined && imageDigest !== digest) {
      throw new Fault(
        'ImageDigestDoesNotMatchException',
        'The specified image digest does not match the digest that Amazon ECR calculated for the image.',
      );
    }
    const same = home.get(images, imageKey(repository.name, digest));
    if (same && (imageTag === undefined || same.tags.includes(imageTag))) {
      const tag = imageTag === undefined ? '' : ` and tag '${imageTag}'`;
      throw new Fault(
        'ImageAlreadyExistsException',
        `Image with digest '${digest}'${tag} already exists in the repository with name '${repository.name}' in ` +
          `registry with id '${home.account}'`,
      );
    }
    checkReferences(home, repository, facts.references);
    const holder = imageTag === undefined ? undefined : findImage(home, repository.name, { imageTag });
    if (holder && imageTag !== undefined) {
      if (isImmutable(repository, imageTag)) {
        throw new Fault(
          'ImageTagAlreadyExistsException',
          `The image tag '${imageTag}' already exists in the '${repository.name}' repository and cannot be overwritten ` +
            'because the tag is immutable.',
        );
      }
      home.update(images, holder, { tags: holder.tags.filter((tag) => tag !== imageTag) });
    }
    const tags = [...(same?.tags ?? []), ...(imageTag === undefined ? [] : [imageTag])];
    const image: Image = same
      ? { ...same, tags }
      : { repository: repository.name, digest, manifest, ...facts, tags, pushedAt: ctx.now };
    home.put(images, image);
    evaluateSoon(home, repository);
    return { image: shown(home, image, imageTag) };
  },

  BatchGetImage(ctx, { imageIds, ...named }) {
    const { home, repository } = repositoryOf(ctx, named);
    const found: ReturnType<typeof shown>[] = [];
    const failures: Failure[] = [];
    for (const imageId of imageIds) {
      const image = findImage(home, repository.name, imageId);
      if (!image) {
        failures.push(failureOf(home, repository.name, imageId));
        continue;
      }
      if (image.pulledAt === undefined || image.pulledAt <= ctx.now - DAY_MS)
        home.update(images, image, { pulledAt: ctx.now });
      found.push(shown(home, image, imageId.imageTag));
    }
    return { images: found, failures };
  },

  DescribeImages(ctx, { imageIds, nextToken, maxResults = PAGE_SIZE, filter = {}, ...named }) {
    const { home, repository } = repositoryOf(ctx, named);
    const { tagStatus = 'ANY', imageStatus = 'ACTIVE' } = filter;
    const wanted = imageIds?.map((imageId) => {
      const image = findImage(home, repository.name, imageId);
      if (!image) throw imageNotFound(home, repository, imageId);
      return image;
    });
    const all = (wanted ?? imagesOf(home, repository.name)).filter(
      (image) => withTagStatus(tagStatus, image) && withImageStatus(imageStatus),
    );
    const { items, next } = pageOf(all, ({ digest }) => digest, {
      token: nextToken,
      limit: maxResults,
      invalidToken,
    });
    const imageDetails = items.map((image) => ({
      registryId: home.account,
      repositoryName: repository.name,
      imageDigest: image.digest,
      imageTags: image.tags.length > 0 ? image.tags : undefined,
      imageSizeInBytes: image.sizeBytes,
      imagePushedAt: image.pushedAt,
      imageManifestMediaType: image.mediaType,
      artifactMediaType: image.artifactType,
      lastRecordedPullTime: image.pulledAt,
      imageStatus: 'ACTIVE' as const,
    }));
    return { imageDetails, nextToken: next };
  },

  ListImages(ctx, { nextToken, maxResults = PAGE_SIZE, filter = {}, ...named }) {
    const { home, repository } = repositoryOf(ctx, named);
    const { tagStatus = 'ANY', imageStatus = 'ACTIVE' } = filter;
    const ids = imagesOf(home, repository.name)
      .filter((image) => withTagStatus(tagStatus, image) && withImageStatus(imageStatus))
      .flatMap(({ digest, tags }): ImageIdentifier[] =>
        tags.length === 0
          ? [{ imageDigest: digest }]
          : tags.toSorted().map((imageTag) => ({ imageDigest: digest, imageTag })),
      );
    const { items, next } = pageOf(ids, ({ imageDigest, imageTag = '' }) => `${imageDigest} ${imageTag}`, {
      token: nextToken,
      limit: maxResults,
      invalidToken,
    });
    return { imageIds: items, nextToken: next };
  },

  BatchDeleteImage(ctx, { imageIds, ...named }) {
    const { home, repository } = repositoryOf(ctx, named);
    const deleted: ImageIdentifier[] = [];
    const failures: Failure[] = [];
    for (const imageId of imageIds) {
      const image = findImage(home, repository.name, imageId);
      const lists = image ? listsNaming(home, repository.name, image.digest) : [];
      const goes = image && (imageId.imageDigest !== undefined || image.tags.length === 1);
      if (!image) failures.push(failureOf(home, repository.name, imageId));
      else if (goes && lists.length > 0) {
        failures.push({
          imageId,
          failureCode: 'ImageReferencedByManifestList',
          failureReason: `Requested image referenced by manifest list: [${lists.map(({ digest }) => digest).join(', ')}]`,
        });
      } else deleted.push(...remove(home, image, imageId));
    }
    return { imageIds: deleted, failures };
  },
};

/** A digest deletes an image with all its tags; a tag goes alone, unless it is the last. */
function remove(home: Ctx, image: Image, { imageDigest, imageTag }: ImageIdentifier): ImageIdentifier[] {
  const { digest, tags } = image;
  if (imageDigest === undefined && tags.length > 1) {
    home.update(images, image, { tags: tags.filter((tag) => tag !== imageTag) });
    return [{ imageDigest: digest, imageTag }];
  }
  home.delete(images, imageKey(image.repository, digest));
  return tags.length === 0
    ? [{ imageDigest: digest }]
    : tags.map((tag) => ({ imageDigest: digest, imageTag: tag }));
}

function checkReferences(home: Ctx, { name }: Repository, references: readonly string[]): void {
  const missing = references.filter((digest) => !home.get(images, imageKey(name, digest)));
  if (missing.length === 0) return;
  throw new Fault(
    'ReferencedImagesNotFoundException',
    `Images with digests '[${missing.join(', ')}]' required for pushing image into repository with name '${name}' in ` +
      `the registry with id '${home.account}' do not exist`,
  );
}

// An image of a repository: found by digest or tag, and read from its manifest.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { parsedObject } from '#cloud/json.ts';
import { invalidParameter } from './repository.ts';
import { imageKey, images } from './tables.ts';
import type { Image, Repository } from './tables.ts';

export type ImageIdentifier = Input<'ecr', 'BatchGetImage'>['imageIds'][number];

interface Descriptor {
  readonly digest?: unknown;
  readonly size?: unknown;
  readonly mediaType?: unknown;
}

/** Manifests of Docker's and of the Open Container Initiative. */
interface Manifest {
  readonly mediaType?: unknown;
  readonly artifactType?: unknown;
  readonly config?: Descriptor | null;
  readonly layers?: unknown;
  /** Those of a list. */
  readonly manifests?: unknown;
}

export function imagesOf(home: Ctx, repository: string): Image[] {
  return home.list(images, 'repository', repository);
}

/** Nothing where no image bears all of what is asked for. */
export function findImage(
  home: Ctx,
  repository: string,
  { imageDigest, imageTag }: ImageIdentifier,
): Image | undefined {
  const found =
    imageDigest === undefined
      ? imagesOf(home, repository).find(({ tags }) => imageTag !== undefined && tags.includes(imageTag))
      : home.get(images, imageKey(repository, imageDigest));
  return imageTag === undefined || found?.tags.includes(imageTag) ? found : undefined;
}

export function imageNotFound(
  home: Ctx,
  { name }: Repository,
  { imageDigest, imageTag }: ImageIdentifier,
): Fault {
  const quoted = (text: string | undefined): string => `'${text ?? 'null'}'`;
  return new Fault(
    'ImageNotFoundException',
    `The image with imageId {imageDigest:${quoted(imageDigest)}, imageTag:${quoted(imageTag)}} does not exist within ` +
      `the repository with name '${name}' in the registry with id '${home.account}'`,
  );
}

/** The image lists that name an image. */
export function listsNaming(home: Ctx, repository: string, digest: string): Image[] {
  return imagesOf(home, repository).filter(({ references }) => references.includes(digest));
}

/** What a manifest says of its image. Throws ECR's error for a text that is none. */
export function readManifest(
  text: string,
  mediaType: string | undefined,
): Pick<Image, 'mediaType' | 'artifactType' | 'references' | 'sizeBytes'> {
  const manifest: Manifest | undefined = parsedObject(text);
  if (!manifest) throw invalidParameter('ImageManifest', 'Invalid JSON syntax');
  const stated = typeof manifest.mediaType === 'string' ? manifest.mediaType : undefined;
  if (mediaType !== undefined && stated !== undefined && mediaType !== stated)
    throw invalidParameter('imageManifestMediaType', `manifest media type is ${stated}`);
  const type = mediaType ?? stated;
  // In these words, as users of AWS quote them: https://github.com/aws/aws-cli/issues/8620
  if (type === undefined) throw invalidParameter('ImageManifest', 'Invalid JSON syntax');
  const layers = descriptors(manifest.layers);
  const config = descriptors([manifest.config]);
  const artifactType = manifest.artifactType ?? manifest.config?.mediaType;
  return {
    mediaType: type,
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    references: descriptors(manifest.manifests).map(({ digest }) => String(digest)),
    sizeBytes: [...config, ...layers].reduce(
      (sum, { size }) => sum + (typeof size === 'number' ? size : 0),
      0,
    ),
  };
}

function descriptors(value: unknown): Descriptor[] {
  if (!Array.isArray(value)) return [];
  return value.filter((one): one is Descriptor => typeof one === 'object' && one !== null);
}

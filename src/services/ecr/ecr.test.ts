import {
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  BatchGetRepositoryScanningConfigurationCommand,
  CreateRepositoryCommand,
  DeleteLifecyclePolicyCommand,
  DeleteRepositoryCommand,
  DeleteRepositoryPolicyCommand,
  DescribeImagesCommand,
  DescribeRegistryCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  GetLifecyclePolicyCommand,
  GetRepositoryPolicyCommand,
  ListImagesCommand,
  ListTagsForResourceCommand,
  PutImageCommand,
  PutImageScanningConfigurationCommand,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  SetRepositoryPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-ecr';
import type { CreateRepositoryCommandInput, ImageIdentifier } from '@aws-sdk/client-ecr';
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const repositoryName = 'shop/web';
const repositoryArn = `arn:aws:ecr:us-east-1:000000000000:repository/${repositoryName}`;
const OCI = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** https://github.com/opencontainers/image-spec/blob/main/manifest.md */
const manifest = (content: string): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: `sha256:${content}`, size: 100 },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: 'sha256:1', size: 1000 }],
  });

async function stage(more: Partial<CreateRepositoryCommandInput> = {}) {
  const table = newTable();
  const ecr = table.client(ECRClient);
  await ecr.send(new CreateRepositoryCommand({ repositoryName, ...more }));
  const push = async (content: string, imageTag?: string) =>
    (await ecr.send(new PutImageCommand({ repositoryName, imageManifest: manifest(content), imageTag })))
      .image?.imageId?.imageDigest as string;
  const tags = async () =>
    ((await ecr.send(new ListImagesCommand({ repositoryName }))).imageIds ?? []).map(
      ({ imageTag }) => imageTag,
    );
  const remove = (...imageIds: ImageIdentifier[]) =>
    ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));
  return { table, ecr, push, tags, remove };
}

// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Repository.html
describe('repositories', () => {
  it('are created, described and deleted', async () => {
    const { ecr } = await stage();
    const { repositories } = await ecr.send(new DescribeRepositoriesCommand({}));
    expect(repositories).toMatchObject([
      {
        repositoryArn,
        registryId: '000000000000',
        repositoryUri: `000000000000.dkr.ecr.us-east-1.amazonaws.com/${repositoryName}`,
        imageTagMutability: 'MUTABLE',
        imageScanningConfiguration: { scanOnPush: false },
        encryptionConfiguration: { encryptionType: 'AES256' },
      },
    ]);
    await expect(ecr.send(new CreateRepositoryCommand({ repositoryName }))).rejects.toMatchObject({
      name: 'RepositoryAlreadyExistsException',
      message: `The repository with name '${repositoryName}' already exists in the registry with id '000000000000'`,
    });
    await ecr.send(new DeleteRepositoryCommand({ repositoryName }));
    await expect(
      ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] })),
    ).rejects.toMatchObject({ name: 'RepositoryNotFoundException' });
  });

  // The words of moto.
  it('are mutable or not', async () => {
    const { ecr } = await stage();
    const imageTagMutability = 'no' as 'MUTABLE';
    await expect(
      ecr.send(new CreateRepositoryCommand({ repositoryName: 'shop', imageTagMutability })),
    ).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message:
        "Invalid parameter at 'imageTagMutability' failed to satisfy constraint: 'Member must satisfy enum value set: [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]'",
    });
  });

  it('are named in small letters', async () => {
    const { ecr } = await stage();
    await expect(ecr.send(new CreateRepositoryCommand({ repositoryName: 'Shop' }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining(
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '",
      ) as string,
    });
  });

  it('with images are deleted by force alone', async () => {
    const { ecr, push } = await stage();
    await push('a', 'v1');
    await expect(ecr.send(new DeleteRepositoryCommand({ repositoryName }))).rejects.toMatchObject({
      name: 'RepositoryNotEmptyException',
    });
    await ecr.send(new DeleteRepositoryCommand({ repositoryName, force: true }));
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    expect((await ecr.send(new ListImagesCommand({ repositoryName }))).imageIds).toEqual([]);
  });

  it('are tagged and set to be scanned', async () => {
    const { ecr } = await stage({ tags: [{ Key: 'a', Value: '1' }] });
    await ecr.send(new TagResourceCommand({ resourceArn: repositoryArn, tags: [{ Key: 'b', Value: '2' }] }));
    await ecr.send(new UntagResourceCommand({ resourceArn: repositoryArn, tagKeys: ['a'] }));
    const tagged = await ecr.send(new ListTagsForResourceCommand({ resourceArn: repositoryArn }));
    expect(tagged.tags).toEqual([{ Key: 'b', Value: '2' }]);
    const imageScanningConfiguration = { scanOnPush: true };
    await ecr.send(new PutImageScanningConfigurationCommand({ repositoryName, imageScanningConfiguration }));
    const names = [repositoryName, 'none'];
    const scanning = await ecr.send(
      new BatchGetRepositoryScanningConfigurationCommand({ repositoryNames: names }),
    );
    expect(scanning.scanningConfigurations).toMatchObject([
      { scanOnPush: true, scanFrequency: 'SCAN_ON_PUSH' },
    ]);
    expect(scanning.failures).toMatchObject([
      {
        repositoryName: 'none',
        failureCode: 'REPOSITORY_NOT_FOUND',
        failureReason: 'REPOSITORY_NOT_FOUND',
      },
    ]);
  });

  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
  it('let other accounts in by their policy', async () => {
    const { table, ecr, push } = await stage();
    await push('a', 'v1');
    const other = table.client(ECRClient, {
      credentials: { accessKeyId: '111111111111', secretAccessKey: 'test' },
    });
    const list = () => other.send(new ListImagesCommand({ registryId: '000000000000', repositoryName }));
    await expect(list()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const policyText = JSON.stringify({
      Version: '2008-10-17',
      Statement: [
        { Sid: 'x', Effect: 'Allow', Principal: { AWS: '111111111111' }, Action: 'ecr:ListImages' },
      ],
    });
    await ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText }));
    expect((await list()).imageIds).toHaveLength(1);
    expect(await ecr.send(new GetRepositoryPolicyCommand({ repositoryName }))).toMatchObject({ policyText });
    await ecr.send(new DeleteRepositoryPolicyCommand({ repositoryName }));
    await expect(ecr.send(new GetRepositoryPolicyCommand({ repositoryName }))).rejects.toMatchObject({
      name: 'RepositoryPolicyNotFoundException',
    });
    await expect(
      ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText: '{"Statement":"x"}' })),
    ).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });
});

// As moto recorded it: tests/test_ecr/test_ecr.py, test_set_repository_policy_validation.
describe('policies', () => {
  it('may have statements that share a Sid', async () => {
    const { ecr } = await stage();
    const statement = (Action: string) => ({ Sid: 'x', Effect: 'Allow', Principal: '*', Action });
    const policyText = JSON.stringify({
      Version: '2012-10-17',
      Statement: [statement('ecr:DescribeImages'), statement('ecr:PutImage')],
    });
    await ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText }));
    expect(await ecr.send(new GetRepositoryPolicyCommand({ repositoryName }))).toMatchObject({ policyText });
  });
});

// https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
describe('encryption', () => {
  it("names the key that was meant, AWS's own where none was, and needs one that is enabled", async () => {
    const { table, ecr } = await stage();
    const kms = table.client(KMSClient);
    const kmsKey = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn as string;
    const create = async (name: string, key?: string) =>
      (
        await ecr.send(
          new CreateRepositoryCommand({
            repositoryName: name,
            encryptionConfiguration: { encryptionType: 'KMS', kmsKey: key },
          }),
        )
      ).repository?.encryptionConfiguration;
    expect(await create('own', kmsKey)).toEqual({ encryptionType: 'KMS', kmsKey });
    expect((await create('usual'))?.kmsKey).toMatch(/^arn:aws:kms:us-east-1:000000000000:key\//);
    await kms.send(new DisableKeyCommand({ KeyId: kmsKey }));
    await expect(create('disabled', kmsKey)).rejects.toMatchObject({ name: 'KmsException' });
  });
});

// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
describe('images', () => {
  it('are put under the digest of their manifest, and their tags move', async () => {
    const { ecr, push, tags } = await stage();
    const first = await push('a', 'latest');
    const second = await push('b', 'latest');
    expect(first).toMatch(/^sha256:[0-9a-f]{64}$/);
    await expect(push('b', 'latest')).rejects.toMatchObject({ name: 'ImageAlreadyExistsException' });
    await push('b', 'v2');
    expect((await tags()).toSorted()).toEqual(['latest', 'v2', undefined]);
    const imageIds = [{ imageTag: 'latest' }, { imageTag: 'none' }, { imageDigest: first }];
    const { images, failures } = await ecr.send(new BatchGetImageCommand({ repositoryName, imageIds }));
    expect(images?.map(({ imageManifest }) => imageManifest)).toEqual([manifest('b'), manifest('a')]);
    expect(failures).toMatchObject([
      { failureCode: 'ImageNotFound', failureReason: 'Requested image not found' },
    ]);
    const { imageDetails } = await ecr.send(
      new DescribeImagesCommand({ repositoryName, filter: { tagStatus: 'TAGGED' } }),
    );
    expect(imageDetails).toMatchObject([
      {
        imageDigest: second,
        imageTags: ['latest', 'v2'],
        imageSizeInBytes: 1100,
        imageManifestMediaType: OCI,
      },
    ]);
    await expect(
      ecr.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: 'none' }] })),
    ).rejects.toMatchObject({
      name: 'ImageNotFoundException',
      message: expect.stringContaining("imageId {imageDigest:'null', imageTag:'none'}") as string,
    });
  });

  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
  it('keep their tags where those are immutable, but for the exceptions', async () => {
    const { ecr, push } = await stage({ imageTagMutability: 'IMMUTABLE' });
    await push('a', 'v1');
    await expect(push('b', 'v1')).rejects.toMatchObject({ name: 'ImageTagAlreadyExistsException' });
    await ecr.send(
      new PutImageTagMutabilityCommand({
        repositoryName,
        imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
        imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'dev-*' }],
      }),
    );
    await push('a', 'dev-1');
    await push('b', 'dev-1');
    await expect(push('b', 'v1')).rejects.toMatchObject({ name: 'ImageTagAlreadyExistsException' });
    await ecr.send(new PutImageTagMutabilityCommand({ repositoryName, imageTagMutability: 'MUTABLE' }));
    await push('b', 'v1');
  });

  it('lose a tag, or go with their last one', async () => {
    const { push, tags, remove } = await stage();
    const digest = await push('a', 'one');
    await push('a', 'two');
    await remove({ imageTag: 'one' });
    expect(await tags()).toEqual(['two']);
    expect((await remove({ imageTag: 'two' }, { imageTag: 'none' })).failures).toHaveLength(1);
    expect(await tags()).toEqual([]);
    await push('a', 'one');
    await push('a', 'two');
    expect((await remove({ imageDigest: digest })).imageIds).toHaveLength(2);
  });

  it('stay as long as a list of manifests names them', async () => {
    const { ecr, push, remove } = await stage();
    const index = (digest: string): string =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: INDEX,
        manifests: [{ mediaType: OCI, digest, size: 1 }],
      });
    const put = (digest: string) =>
      ecr.send(new PutImageCommand({ repositoryName, imageManifest: index(digest), imageTag: 'all' }));
    await expect(put('sha256:0000')).rejects.toMatchObject({ name: 'ReferencedImagesNotFoundException' });
    const imageDigest = await push('a');
    await put(imageDigest);
    const { failures } = await remove({ imageDigest });
    expect(failures).toMatchObject([{ failureCode: 'ImageReferencedByManifestList' }]);
    await remove({ imageTag: 'all' });
    expect((await remove({ imageDigest })).failures).toEqual([]);
  });

  it('need a manifest with a media type', async () => {
    const { ecr } = await stage();
    const put = (imageManifest: string) => ecr.send(new PutImageCommand({ repositoryName, imageManifest }));
    for (const manifest of ['{', '{}'])
      await expect(put(manifest)).rejects.toThrow(
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
      );
  });
});

// https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
describe('lifecycle policies', () => {
  const policy = (...rules: [selection: object, description?: string][]): string =>
    JSON.stringify(
      {
        rules: rules.map(([selection, description = 'A rule'], index) => ({
          rulePriority: index + 1,
          description,
          selection,
          action: { type: 'expire' },
        })),
      },
      null,
      4,
    );
  const newest = (countNumber: number, more: object = { tagStatus: 'any' }) => ({
    ...more,
    countType: 'imageCountMoreThan',
    countNumber,
  });
  const younger = (countNumber: number, more: object) => ({
    ...more,
    countType: 'sinceImagePushed',
    countUnit: 'days',
    countNumber,
  });

  it('keep the newest images, within a day', async () => {
    const { table, ecr, push, tags } = await stage();
    const lifecyclePolicyText = policy([newest(2)]);
    await ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText }));
    for (const tag of ['a', 'b', 'c', 'd']) {
      await push(tag, tag);
      table.advance(60_000);
    }
    expect(await tags()).toHaveLength(4);
    table.advance(DAY);
    expect((await tags()).toSorted()).toEqual(['c', 'd']);
    await push('e', 'e');
    table.advance(DAY);
    expect((await tags()).toSorted()).toEqual(['d', 'e']);
    expect(await ecr.send(new GetLifecyclePolicyCommand({ repositoryName }))).toMatchObject({
      lifecyclePolicyText,
    });
  });

  it('expire images of an age, and spare what a rule of higher priority selects', async () => {
    const { table, ecr, push, tags } = await stage();
    const lifecyclePolicyText = policy(
      [newest(1, { tagStatus: 'tagged', tagPrefixList: ['prod'] })],
      [younger(14, { tagStatus: 'any' })],
    );
    await ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText }));
    await push('a', 'prod-1');
    await push('b', 'dev-1');
    table.advance(13 * DAY);
    expect(await tags()).toHaveLength(2);
    table.advance(2 * DAY);
    expect(await tags()).toEqual(['prod-1']);
  });

  it('are looked at no more once deleted', async () => {
    const { table, ecr, push, tags } = await stage();
    await ecr.send(
      new PutLifecyclePolicyCommand({
        repositoryName,
        lifecyclePolicyText: policy([younger(1, { tagStatus: 'untagged' })]),
      }),
    );
    await push('a');
    await ecr.send(new DeleteLifecyclePolicyCommand({ repositoryName }));
    table.advance(5 * DAY);
    expect(await tags()).toHaveLength(1);
    await expect(ecr.send(new GetLifecyclePolicyCommand({ repositoryName }))).rejects.toMatchObject({
      name: 'LifecyclePolicyNotFoundException',
    });
  });

  it.each([
    ['no rules', JSON.stringify({ nothing: 'x'.repeat(100) })],
    ['a rule for all images before another', policy([newest(1)], [newest(1, { tagStatus: 'untagged' })])],
    ['tagged images without a prefix', policy([newest(1, { tagStatus: 'tagged' })])],
    ['a count of nothing', policy([newest(0)])],
  ])('are refused with %s', async (_, lifecyclePolicyText) => {
    const { ecr } = await stage();
    await expect(
      ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText })),
    ).rejects.toThrow('Lifecycle policy validation failure');
  });
});

// https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
describe('the registry', () => {
  it('gives out tokens for twelve hours', async () => {
    const { ecr } = await stage();
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const [{ authorizationToken = '', expiresAt, proxyEndpoint } = {}] = authorizationData ?? [];
    expect(atob(authorizationToken)).toMatch(/^AWS:.+$/);
    expect(expiresAt).toEqual(new Date('2026-01-05T12:00:00Z'));
    expect(proxyEndpoint).toBe('https://000000000000.dkr.ecr.us-east-1.amazonaws.com');
    expect(await ecr.send(new DescribeRegistryCommand({}))).toMatchObject({
      registryId: '000000000000',
      replicationConfiguration: { rules: [] },
    });
  });
});

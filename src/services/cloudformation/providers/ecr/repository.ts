// AWS::ECR::Repository.

import type { Input } from '#cloud/contracts.ts';
import { documentLike, documentText } from '../policy-document.ts';
import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

type Repository = Work<'AWS::ECR::Repository'>;
type Create = Input<'ecr', 'CreateRepository'>;
type Mutability = Create['imageTagMutability'];
type Exclusions = Create['imageTagMutabilityExclusionFilters'];

const LONGEST = 256;

function exclusionsOf({ properties }: Repository): Exclusions {
  const filters = properties.ImageTagMutabilityExclusionFilters?.map((one) => ({
    filterType: one.ImageTagMutabilityExclusionFilterType,
    filter: one.ImageTagMutabilityExclusionFilterValue,
  }));
  return filters as Exclusions;
}

function setPolicies(work: Repository, repositoryName: string): void {
  const { RepositoryPolicyText, LifecyclePolicy } = work.properties;
  if (work.changed('RepositoryPolicyText')) {
    if (RepositoryPolicyText === undefined) work.find('ecr', 'DeleteRepositoryPolicy', { repositoryName });
    else {
      const policyText = documentText(RepositoryPolicyText);
      work.call('ecr', 'SetRepositoryPolicy', { repositoryName, policyText });
    }
  }
  if (!work.changed('LifecyclePolicy')) return;
  const { LifecyclePolicyText: lifecyclePolicyText, RegistryId: registryId } = LifecyclePolicy ?? {};
  if (lifecyclePolicyText === undefined) work.find('ecr', 'DeleteLifecyclePolicy', { repositoryName });
  else work.call('ecr', 'PutLifecyclePolicy', { repositoryName, registryId, lifecyclePolicyText });
}

const arnOf = ({ ctx, physicalId }: Repository): string => ctx.arn('ecr', `repository/${physicalId}`);

export const repository: Provider = provider({
  type: 'AWS::ECR::Repository',
  create(work) {
    const { ImageScanningConfiguration, EncryptionConfiguration, ImageTagMutability, Tags } = work.properties;
    const { EncryptionType, KmsKey } = EncryptionConfiguration ?? {};
    const repositoryName = work.properties.RepositoryName ?? work.name({ longest: LONGEST, lowerCase: true });
    work.call('ecr', 'CreateRepository', {
      repositoryName,
      imageTagMutability: ImageTagMutability as Mutability,
      imageTagMutabilityExclusionFilters: exclusionsOf(work),
      imageScanningConfiguration: { scanOnPush: ImageScanningConfiguration?.ScanOnPush ?? false },
      ...(EncryptionConfiguration && {
        encryptionConfiguration: {
          encryptionType: EncryptionType as NonNullable<Create['encryptionConfiguration']>['encryptionType'],
          kmsKey: KmsKey,
        },
      }),
      tags: work.tags(Tags),
    });
    setPolicies(work, repositoryName);
    return repositoryName;
  },
  update(work) {
    const repositoryName = work.physicalId;
    const { ImageScanningConfiguration, ImageTagMutability = 'MUTABLE' } = work.properties;
    if (work.changed('ImageTagMutability', 'ImageTagMutabilityExclusionFilters')) {
      work.call('ecr', 'PutImageTagMutability', {
        repositoryName,
        imageTagMutability: ImageTagMutability as NonNullable<Mutability>,
        imageTagMutabilityExclusionFilters: exclusionsOf(work),
      });
    }
    if (work.changed('ImageScanningConfiguration')) {
      work.call('ecr', 'PutImageScanningConfiguration', {
        repositoryName,
        imageScanningConfiguration: { scanOnPush: ImageScanningConfiguration?.ScanOnPush ?? false },
      });
    }
    setPolicies(work, repositoryName);
    const resourceArn = arnOf(work);
    const { put, remove } = work.tagChanges();
    work.call('ecr', 'TagResource', { resourceArn, tags: put });
    if (remove.length > 0) work.call('ecr', 'UntagResource', { resourceArn, tagKeys: remove });
  },
  delete(work) {
    const { EmptyOnDelete = false } = work.properties;
    work.find('ecr', 'DeleteRepository', { repositoryName: work.physicalId, force: EmptyOnDelete });
  },
  attributes(work) {
    const { account, region } = work.ctx;
    const RepositoryUri = `${account}.dkr.ecr.${region}.amazonaws.com/${work.physicalId}`;
    return { Arn: arnOf(work), RepositoryUri };
  },
  read(work) {
    const repositoryName = work.physicalId;
    const repositoryNames = [repositoryName];
    const found = work.find('ecr', 'DescribeRepositories', { repositoryNames })?.repositories?.[0];
    if (!found) return undefined;
    const policy = work.find('ecr', 'GetRepositoryPolicy', { repositoryName })?.policyText;
    const lifecycle = work.find('ecr', 'GetLifecyclePolicy', { repositoryName })?.lifecyclePolicyText;
    const given = work.properties.LifecyclePolicy?.LifecyclePolicyText;
    return {
      RepositoryName: repositoryName,
      ImageTagMutability: found.imageTagMutability ?? 'MUTABLE',
      ImageScanningConfiguration: { ScanOnPush: found.imageScanningConfiguration?.scanOnPush ?? false },
      RepositoryPolicyText:
        policy === undefined ? undefined : documentLike(work.properties.RepositoryPolicyText, policy),
      LifecyclePolicy:
        lifecycle === undefined ? undefined : { LifecyclePolicyText: documentLike(given ?? '', lifecycle) },
    };
  },
});

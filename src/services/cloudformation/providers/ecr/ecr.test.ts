// AWS::ECR through CloudFormation.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECR.html

import {
  DescribeRepositoriesCommand,
  ECRClient,
  GetLifecyclePolicyCommand,
  GetRepositoryPolicyCommand,
  ListTagsForResourceCommand,
  PutImageCommand,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

const att = (logicalId: string, name: string): object => ({ 'Fn::GetAtt': [logicalId, name] });

function newStand(): ProviderStand & { ecr: ECRClient } {
  const stand = new ProviderStand();
  return Object.assign(stand, { ecr: stand.table.client(ECRClient) });
}

const lifecycle = JSON.stringify({
  rules: [
    {
      rulePriority: 1,
      selection: { tagStatus: 'untagged', countType: 'imageCountMoreThan', countNumber: 5 },
      action: { type: 'expire' },
    },
  ],
});
const policy = {
  Version: '2012-10-17',
  Statement: [{ Sid: 'pull', Effect: 'Allow', Principal: '*', Action: 'ecr:BatchGetImage' }],
};
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
  config: {
    mediaType: 'application/vnd.docker.container.image.v1+json',
    size: 10,
    digest: `sha256:${'a'.repeat(64)}`,
  },
  layers: [],
});

const parts = (properties: object): { Resources: object; Outputs: object } => ({
  Resources: { Repository: { Type: 'AWS::ECR::Repository', Properties: properties } },
  Outputs: {
    Name: { Value: { Ref: 'Repository' } },
    Arn: { Value: att('Repository', 'Arn') },
    Uri: { Value: att('Repository', 'RepositoryUri') },
  },
});

describe('AWS::ECR::Repository', () => {
  it('has a name in lower case, its settings and its policies, and is changed in place', async () => {
    const stand = newStand();
    const before = {
      ImageTagMutability: 'IMMUTABLE',
      ImageScanningConfiguration: { ScanOnPush: true },
      LifecyclePolicy: { LifecyclePolicyText: lifecycle },
      RepositoryPolicyText: policy,
      Tags: [{ Key: 'team', Value: 'a' }],
    };
    expect(await stand.create(parts(before))).toBe('CREATE_COMPLETE');
    const { Name: repositoryName = '', Arn, Uri } = await stand.outputs();
    expect(repositoryName).toMatch(/^shop-repository-[a-z0-9]{12}$/);
    const described = async (): Promise<object | undefined> =>
      (await stand.ecr.send(new DescribeRepositoriesCommand({}))).repositories?.[0];
    expect(await described()).toMatchObject({
      repositoryArn: Arn,
      repositoryUri: Uri,
      imageTagMutability: 'IMMUTABLE',
      imageScanningConfiguration: { scanOnPush: true },
    });
    const held = await stand.ecr.send(new GetRepositoryPolicyCommand({ repositoryName }));
    expect(JSON.parse(held.policyText ?? '')).toMatchObject(policy);
    const rules = await stand.ecr.send(new GetLifecyclePolicyCommand({ repositoryName }));
    expect(JSON.parse(rules.lifecyclePolicyText ?? '')).toEqual(JSON.parse(lifecycle));

    expect(await stand.update(parts({}))).toBe('UPDATE_COMPLETE');
    expect(await described()).toMatchObject({
      imageTagMutability: 'MUTABLE',
      imageScanningConfiguration: { scanOnPush: false },
    });
    await expect(stand.ecr.send(new GetRepositoryPolicyCommand({ repositoryName }))).rejects.toThrow();
    await expect(stand.ecr.send(new GetLifecyclePolicyCommand({ repositoryName }))).rejects.toThrow();
    const { tags = [] } = await stand.ecr.send(new ListTagsForResourceCommand({ resourceArn: Arn }));
    expect(tags.filter(({ Key = '' }) => !Key.startsWith('aws:'))).toEqual([]);
  });

  it('is deleted with images in it only where EmptyOnDelete says so', async () => {
    const stand = newStand();
    await stand.create(parts({}));
    const { Name: repositoryName = '' } = await stand.outputs();
    await stand.ecr.send(new PutImageCommand({ repositoryName, imageManifest: manifest, imageTag: 'one' }));
    expect(await stand.delete()).toBe('DELETE_FAILED');
    expect((await stand.failures())[0]).toContain('cannot be deleted because it still contains images');

    const other = newStand();
    await other.create(parts({ EmptyOnDelete: true, RepositoryName: 'shop/web' }));
    const image = { repositoryName: 'shop/web', imageManifest: manifest };
    await other.ecr.send(new PutImageCommand({ ...image, imageTag: 'one' }));
    expect(await other.delete()).toBe('DELETE_COMPLETE');
    const left = await other.ecr.send(new DescribeRepositoriesCommand({}));
    expect(left.repositories).toEqual([]);
  });
});

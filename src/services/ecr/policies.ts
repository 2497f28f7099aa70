// Policies of repositories. Statements need not name a resource: the repository is meant, and they may share a Sid.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html

import { jsonIn } from '#contract/json-text.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Policy } from '#cloud/iam/policy.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidParameter, repositoryOf } from './repository.ts';
import { repositories } from './tables.ts';
import type { Repository } from './tables.ts';

/** A policy, compiled. Throws ECR's error for what is none. */
export function compiled(text: string): Policy {
  try {
    return parsePolicy(withResources(text), 'bucket');
  } catch (error) {
    if (!(error instanceof Fault || error instanceof SyntaxError)) throw error;
    throw invalidParameter('PolicyText', 'Invalid repository policy provided');
  }
}

function withResources(text: string): string {
  const policy = jsonIn(text) as { Statement?: unknown } | null;
  const given = [policy?.Statement].flat();
  // What is no statement is left as it is: the policy's own check says so.
  if (!given.every((one): one is object => typeof one === 'object' && one !== null)) return text;
  const Statement = given.map((one) =>
    'Resource' in one || 'NotResource' in one ? one : { ...one, Resource: '*' },
  );
  return JSON.stringify({ ...policy, Statement });
}

function policyOf(home: Ctx, { name, policy }: Repository): string {
  if (policy !== undefined) return policy;
  throw new Fault(
    'RepositoryPolicyNotFoundException',
    `Repository policy does not exist for the repository with name '${name}' in the registry with id '${home.account}'`,
  );
}

export const policyOperations: Operations<'ecr'> = {
  SetRepositoryPolicy(ctx, { policyText, registryId, repositoryName }) {
    const { home, repository } = repositoryOf(ctx, { registryId, repositoryName });
    compiled(policyText);
    home.update(repositories, repository, { policy: policyText });
    return { registryId: home.account, repositoryName, policyText };
  },

  GetRepositoryPolicy(ctx, named) {
    const { home, repository } = repositoryOf(ctx, named);
    const policyText = policyOf(home, repository);
    return { registryId: home.account, repositoryName: repository.name, policyText };
  },

  DeleteRepositoryPolicy(ctx, named) {
    const { home, repository } = repositoryOf(ctx, named);
    const policyText = policyOf(home, repository);
    const { policy: _, ...rest } = repository;
    home.put(repositories, rest);
    return { registryId: home.account, repositoryName: repository.name, policyText };
  },
};

// Lifecycle policies at work: images expire within a day of what makes them due.

import type { Reconciler } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { imagesOf, listsNaming } from './image.ts';
import { expired, nextAge, rulesOf } from './lifecycle-policy.ts';
import { repositoryOf } from './repository.ts';
import { imageKey, images, repositories } from './tables.ts';
import type { Repository } from './tables.ts';
import { lifecycleEvaluation } from './timings.ts';

/** Looks at a repository again only where an image may have come or grown old since. */
export const evaluation: Reconciler<Repository, Ctx> = {
  name: 'ecr/lifecycle-evaluation',
  table: repositories,
  background: true,
  step(ctx, repository) {
    if (repository.lifecyclePolicy === undefined) return undefined;
    const rules = rulesOf(repository.lifecyclePolicy);
    for (const { digest } of expired(rules, imagesOf(ctx, repository.name), ctx.now)) {
      // What a list of manifests names stays as long as the list.
      if (listsNaming(ctx, repository.name, digest).length === 0)
        ctx.delete(images, imageKey(repository.name, digest));
    }
    ctx.update(repositories, repository, { lifecycleEvaluatedAt: ctx.now });
    return nextAge(rules, imagesOf(ctx, repository.name), ctx.now);
  },
};

/** Within a day. */
export function evaluateSoon(
  home: Ctx,
  { name, lifecyclePolicy, lifecycleEvaluatedAt = 0 }: Repository,
): void {
  if (lifecyclePolicy === undefined) return;
  const delayMs = home.duration(lifecycleEvaluation, `${name} ${lifecycleEvaluatedAt}`);
  home.wake(evaluation, name, home.now + delayMs);
}

const noPolicy = (home: Ctx, { name }: Repository): Fault =>
  new Fault(
    'LifecyclePolicyNotFoundException',
    `Lifecycle policy does not exist for the repository with name '${name}' in the registry with id '${home.account}'`,
  );

export const lifecycleOperations: Operations<'ecr'> = {
  PutLifecyclePolicy(ctx, { lifecyclePolicyText, ...named }) {
    const { home, repository } = repositoryOf(ctx, named);
    rulesOf(lifecyclePolicyText);
    evaluateSoon(home, home.update(repositories, repository, { lifecyclePolicy: lifecyclePolicyText }));
    return { registryId: home.account, repositoryName: repository.name, lifecyclePolicyText };
  },

  GetLifecyclePolicy(ctx, named) {
    const { home, repository } = repositoryOf(ctx, named);
    if (repository.lifecyclePolicy === undefined) throw noPolicy(home, repository);
    return {
      registryId: home.account,
      repositoryName: repository.name,
      lifecyclePolicyText: repository.lifecyclePolicy,
      lastEvaluatedAt: repository.lifecycleEvaluatedAt,
    };
  },

  DeleteLifecyclePolicy(ctx, named) {
    const { home, repository } = repositoryOf(ctx, named);
    const { lifecyclePolicy, lifecycleEvaluatedAt, ...rest } = repository;
    if (lifecyclePolicy === undefined) throw noPolicy(home, repository);
    home.put(repositories, rest);
    return {
      registryId: home.account,
      repositoryName: repository.name,
      lifecyclePolicyText: lifecyclePolicy,
      lastEvaluatedAt: lifecycleEvaluatedAt,
    };
  },
};

// Finding a repository, in the caller's own registry or in another account's.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { repositories } from './tables.ts';
import type { Repository } from './tables.ts';

/** What requests name a repository by. */
export interface Named {
  readonly registryId?: string | undefined;
  readonly repositoryName: string;
}

/** A registry is an account's in a region. */
export function registryOf(ctx: Ctx, registryId: string | undefined): Ctx {
  return ctx.in({ account: registryId ?? ctx.account });
}

export function repositoryArn(ctx: Ctx, { registryId, repositoryName }: Named): string {
  return registryOf(ctx, registryId).arn('ecr', `repository/${repositoryName}`);
}

/** The repository of a request, and the registry that its rows are in. */
export function repositoryOf(ctx: Ctx, named: Named): { home: Ctx; repository: Repository } {
  const home = registryOf(ctx, named.registryId);
  const repository = home.get(repositories, named.repositoryName);
  if (repository) return { home, repository };
  throw new Fault(
    'RepositoryNotFoundException',
    `The repository with name '${named.repositoryName}' does not exist in the registry with id '${home.account}'`,
  );
}

/** ECR's words for a parameter that it does not take. */
export function invalidParameter(parameter: string, why: string): Fault {
  return new Fault(
    'InvalidParameterException',
    `Invalid parameter at '${parameter}' failed to satisfy constraint: '${why}'`,
  );
}

/** Whether a text matches a wildcard, in which `*` stands for any characters. */
export function matchesWildcard(wildcard: string, text: string): boolean {
  const [first = '', ...rest] = wildcard.split('*');
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > text.length - last.length) return false;
    from = at + part.length;
  }
  return true;
}

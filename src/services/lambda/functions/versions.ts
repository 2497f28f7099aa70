// Published versions.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html

import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { functionOf, invalid, latestOf, named, staleRevision, unqualified } from '../names.ts';
import { functions, newRevision, versionKey, versions } from '../rows.ts';
import type { LambdaFunction, Version } from '../rows.ts';
import { arnOf, checkSettled, described, hashOf, listed } from './configuration.ts';

const PAGE_SIZE = 50;

/**
 * Makes a version of `$LATEST`, or returns the last one where nothing has changed since. `pending`: it comes about only when
 * `$LATEST` does.
 */
export function publish(
  owner: Ctx,
  fn: LambdaFunction,
  latest: Version,
  { description, pending = false }: { description?: string | undefined; pending?: boolean } = {},
): Version {
  const hash = hashOf(owner, latest.configuration);
  const last = owner.get(versions, versionKey(fn.name, String(fn.nextVersion - 1)));
  if (last && fn.publishedHash === hash) return last;
  const configuration = latest.configuration;
  const version: Version = {
    functionName: fn.name,
    version: String(fn.nextVersion),
    configuration: { ...configuration, description: description ?? configuration.description },
    generation: owner.kernel.nextSeq(),
    active: !pending,
    ...(pending ? {} : { update: 'Successful' as const }),
    revisionId: newRevision(owner),
    modifiedAt: owner.now,
  };
  owner.put(versions, version);
  owner.update(functions, fn, { nextVersion: fn.nextVersion + 1, publishedHash: hash });
  owner.update(versions, latest, { revisionId: newRevision(owner) });
  return version;
}

export const versionOperations: Operations<'lambda'> = {
  PublishVersion(ctx, { FunctionName, CodeSha256, Description, RevisionId }) {
    const of = named(ctx, FunctionName);
    const { fn, version: latest } = latestOf(of);
    checkSettled(latest, fn.arn);
    if (RevisionId !== undefined && RevisionId !== latest.revisionId) throw staleRevision();
    const current = latest.configuration.code.sha256;
    if (CodeSha256 !== undefined && CodeSha256 !== '' && CodeSha256 !== current) {
      throw invalid(
        `CodeSHA256 (${CodeSha256}) is different from current CodeSHA256 in $LATEST (${current}). ` +
          'Please try again with the CodeSHA256 in $LATEST.',
      );
    }
    const version = publish(of.owner, fn, latest, { description: Description });
    return described(version, arnOf(fn.arn, version));
  },

  ListVersionsByFunction(ctx, { FunctionName, Marker, MaxItems = PAGE_SIZE }) {
    const of = unqualified(named(ctx, FunctionName));
    const { arn, name } = functionOf(of);
    const rows = of.owner.scan(versions, { prefix: `${name}:` });
    const keyOf = (row: Version): string => versionKey(name, row.version);
    const { items, next } = pageOf(rows, keyOf, { token: Marker, limit: MaxItems });
    return { Versions: items.map((row) => listed(row, `${arn}:${row.version}`)), NextMarker: next };
  },
};

// Application revisions: where bundles lie. CodeDeploy keeps the location, never the bundle; agents fetch it themselves.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken, PAGE_SIZE, tooMany } from './faults.ts';
import { applicationOf, revisions } from './rows.ts';
import type { Revision, RevisionLocation } from './rows.ts';
import { LIMITS } from './timings.ts';

/** A location with nothing but what matters, so that equal locations are equal text. */
export function checkRevision(location: RevisionLocation): RevisionLocation {
  const { revisionType, s3Location } = location;
  if (revisionType !== undefined && revisionType !== 'S3') {
    throw new Fault(
      'NotImplemented',
      `Revisions of the type ${revisionType} are not modelled by Sandtable; use S3.`,
    );
  }
  const { bucket, key, bundleType, version, eTag } = s3Location ?? {};
  if (!bucket || !key || !bundleType || bundleType === 'YAML' || bundleType === 'JSON') {
    throw new Fault('InvalidRevisionException', 'The revision was specified in an invalid format.');
  }
  const exact = { ...(version === undefined ? {} : { version }), ...(eTag === undefined ? {} : { eTag }) };
  return { revisionType: 'S3', s3Location: { bucket, key, bundleType, ...exact } };
}

/** A checked location as text. */
export function revisionText(location: RevisionLocation): string {
  return JSON.stringify(location.s3Location);
}

export function revisionKey(applicationName: string, location: RevisionLocation): string {
  return `${applicationName} ${revisionText(location)}`;
}

function register(
  ctx: Ctx,
  applicationName: string,
  location: RevisionLocation,
  description?: string,
): Revision {
  const key = revisionKey(applicationName, location);
  const known = ctx.get(revisions, key);
  const told = description === undefined ? {} : { description };
  const row: Revision = known
    ? { ...known, ...told }
    : { key, applicationName, location, registeredAt: ctx.now, groups: [], ...told };
  ctx.put(revisions, row);
  return row;
}

/** A deployment uses a revision, which registers it if nobody did. */
export function useRevision(
  ctx: Ctx,
  applicationName: string,
  location: RevisionLocation,
  groupName: string,
): void {
  const row = register(ctx, applicationName, location);
  const groups = row.groups.includes(groupName) ? row.groups : [...row.groups, groupName];
  ctx.update(revisions, row, { groups, firstUsedAt: row.firstUsedAt ?? ctx.now, lastUsedAt: ctx.now });
}

type Generic = NonNullable<Output<'codedeploy', 'GetApplicationRevision'>['revisionInfo']>;

function describe({ description, groups, firstUsedAt, lastUsedAt, registeredAt }: Revision): Generic {
  return {
    ...(description === undefined ? {} : { description }),
    deploymentGroups: groups,
    ...(firstUsedAt === undefined ? {} : { firstUsedTime: firstUsedAt }),
    ...(lastUsedAt === undefined ? {} : { lastUsedTime: lastUsedAt }),
    registerTime: registeredAt,
  };
}

function revisionOf(ctx: Ctx, applicationName: string, location: RevisionLocation): Revision {
  const found = ctx.get(revisions, revisionKey(applicationName, checkRevision(location)));
  if (found) return found;
  throw new Fault(
    'RevisionDoesNotExistException',
    'The named revision does not exist with the user or Amazon Web Services account.',
  );
}

export const revisionOperations: Operations<'codedeploy'> = {
  RegisterApplicationRevision(ctx, { applicationName, description, revision }) {
    applicationOf(ctx, applicationName);
    if (description !== undefined && description.length > LIMITS.description) {
      throw new Fault('DescriptionTooLongException', 'The description is too long.');
    }
    register(ctx, applicationName, checkRevision(revision), description);
  },

  GetApplicationRevision(ctx, { applicationName, revision }) {
    applicationOf(ctx, applicationName);
    const row = revisionOf(ctx, applicationName, revision);
    return { applicationName, revision: row.location, revisionInfo: describe(row) };
  },

  BatchGetApplicationRevisions(ctx, { applicationName, revisions: wanted }) {
    applicationOf(ctx, applicationName);
    if (wanted.length > LIMITS.revisionBatch) throw tooMany();
    const rows = wanted.map((location) => revisionOf(ctx, applicationName, location));
    return {
      applicationName,
      errorMessage: '',
      revisions: rows.map((row) => ({ revisionLocation: row.location, genericRevisionInfo: describe(row) })),
    };
  },

  ListApplicationRevisions(
    ctx,
    { applicationName, sortBy, sortOrder, s3Bucket, s3KeyPrefix, deployed = 'ignore', nextToken },
  ) {
    applicationOf(ctx, applicationName);
    if (s3KeyPrefix !== undefined && s3Bucket === undefined) {
      throw new Fault(
        'BucketNameFilterRequiredException',
        'A bucket name is required, but was not provided.',
      );
    }
    const rows = ctx
      .list(revisions, 'application', applicationName)
      .filter(({ location: { s3Location = {} }, groups }) => {
        if (s3Bucket !== undefined && s3Location.bucket !== s3Bucket) return false;
        if (s3KeyPrefix !== undefined && !s3Location.key?.startsWith(s3KeyPrefix)) return false;
        return deployed === 'ignore' || groups.length > 0 === (deployed === 'include');
      });
    if (sortBy) {
      const column = ({ registeredAt, firstUsedAt = 0, lastUsedAt = 0 }: Revision): number =>
        ({ registerTime: registeredAt, firstUsedTime: firstUsedAt, lastUsedTime: lastUsedAt })[sortBy];
      const sign = sortOrder === 'descending' ? -1 : 1;
      rows.sort((left, right) => sign * (column(left) - column(right)));
    }
    const { items, next } = pageOf(rows, ({ key }) => key, {
      token: nextToken,
      limit: PAGE_SIZE,
      invalidToken,
    });
    return { revisions: items.map(({ location }) => location), nextToken: next };
  },
};

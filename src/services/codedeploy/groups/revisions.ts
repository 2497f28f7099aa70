// Application revisions: where bundles lie, which CodeDeploy never fetches (agents do), or the AppSpec of a function.

import { Fault } from '#contract/fault.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken, PAGE_SIZE, tooMany } from '../faults.ts';
import { applicationOf, revisions } from '../rows.ts';
import type { Application, Revision, RevisionLocation } from '../rows.ts';
import { LIMITS } from '../timings.ts';

/** Of the AppSpec that a request brings. */
const LARGEST_APP_SPEC = 51_200;

function invalidRevision(): Fault {
  return new Fault('InvalidRevisionException', 'The revision was specified in an invalid format.');
}

type OnPlatform = Pick<Application, 'computePlatform'>;

/** A location with nothing but what matters, so that equal locations are equal text. */
export function checkRevision(
  ctx: Ctx,
  location: RevisionLocation,
  { computePlatform }: OnPlatform,
): RevisionLocation {
  const { revisionType = 'S3', s3Location, string, appSpecContent } = location;
  if (revisionType === 'GitHub') {
    throw new Fault(
      'NotImplemented',
      `Revisions of the type ${revisionType} are not modelled by Sandtable; use S3.`,
    );
  }
  if (revisionType !== 'S3') {
    if (computePlatform !== 'Lambda') throw invalidRevision();
    return revisionType === 'String'
      ? { revisionType, string: checkAppSpec(ctx, string) }
      : { revisionType, appSpecContent: checkAppSpec(ctx, appSpecContent) };
  }
  const { bucket, key, bundleType, version, eTag } = s3Location ?? {};
  const isAppSpec = bundleType === 'YAML' || bundleType === 'JSON';
  if (!bucket || !key || !bundleType || isAppSpec !== (computePlatform === 'Lambda')) throw invalidRevision();
  const exact = { ...(version === undefined ? {} : { version }), ...(eTag === undefined ? {} : { eTag }) };
  return { revisionType: 'S3', s3Location: { bucket, key, bundleType, ...exact } };
}

type AppSpecContent = NonNullable<RevisionLocation['appSpecContent']>;

/** The text of an AppSpec, and its hash where the request gives one: it must be right. */
function checkAppSpec(ctx: Ctx, { content, sha256 }: AppSpecContent = {}): AppSpecContent {
  if (!content || content.length > LARGEST_APP_SPEC) throw invalidRevision();
  const bytes = ctx.kernel.primitives.sha256(utf8(content));
  const found = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (sha256 !== undefined && sha256.toLowerCase() !== found) throw invalidRevision();
  return { content, sha256: found };
}

/** A checked location as text. The hash of an AppSpec stands for it. */
export function revisionText({ revisionType, s3Location, string, appSpecContent }: RevisionLocation): string {
  return JSON.stringify(s3Location ?? { revisionType, sha256: (string ?? appSpecContent)?.sha256 });
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

function revisionOf(ctx: Ctx, application: Application, location: RevisionLocation): Revision {
  const found = ctx.get(revisions, revisionKey(application.name, checkRevision(ctx, location, application)));
  if (found) return found;
  throw new Fault(
    'RevisionDoesNotExistException',
    'The named revision does not exist with the user or Amazon Web Services account.',
  );
}

export const revisionOperations: Operations<'codedeploy'> = {
  RegisterApplicationRevision(ctx, { applicationName, description, revision }) {
    const application = applicationOf(ctx, applicationName);
    if (description !== undefined && description.length > LIMITS.description) {
      throw new Fault('DescriptionTooLongException', 'The description is too long.');
    }
    register(ctx, applicationName, checkRevision(ctx, revision, application), description);
  },

  GetApplicationRevision(ctx, { applicationName, revision }) {
    const row = revisionOf(ctx, applicationOf(ctx, applicationName), revision);
    return { applicationName, revision: row.location, revisionInfo: describe(row) };
  },

  BatchGetApplicationRevisions(ctx, { applicationName, revisions: wanted }) {
    const application = applicationOf(ctx, applicationName);
    if (wanted.length > LIMITS.revisionBatch) throw tooMany();
    const rows = wanted.map((location) => revisionOf(ctx, application, location));
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

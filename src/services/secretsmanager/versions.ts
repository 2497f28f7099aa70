// Versions of a secret and the stages that mark them.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version

import { Fault } from '#contract/fault.ts';
import { base64 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { checkOwnKey, protection } from './encryption.ts';
import { DAY_MS, homeOf, livingSecret } from './secret.ts';
import { secrets, versionKey, versions } from './tables.ts';
import type { Secret, SecretValue, SecretVersion } from './tables.ts';

export const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';
export const PENDING = 'AWSPENDING';

const MOST_VERSIONS = 100;
const MOST_STAGES = 20;
const PAGE_SIZE = 100;

/** The versions of a secret, oldest first. */
export function versionsOf(ctx: Ctx, secretArn: string): SecretVersion[] {
  return ctx.list(versions, 'secret', secretArn).toSorted((left, right) => left.ordinal - right.ordinal);
}

export function versionAt(ctx: Ctx, secretArn: string, stage: string): SecretVersion | undefined {
  return versionsOf(ctx, secretArn).find(({ stages }) => stages.includes(stage));
}

/** The content of a request; nothing where it has none. */
export function contentOf(input: {
  SecretString?: string | undefined;
  SecretBinary?: Uint8Array | undefined;
}): SecretValue | undefined {
  const { SecretString, SecretBinary } = input;
  if (SecretString !== undefined && SecretBinary !== undefined) {
    throw new Fault(
      'InvalidParameterException',
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  if (SecretString !== undefined) return { text: SecretString };
  return SecretBinary === undefined ? undefined : { binary: base64(SecretBinary) };
}

/** The token that names a version. SDKs make one where the request has none. */
export function tokenOf(token: string | undefined, shape: string = 'InvalidRequestException'): string {
  if (token) return token;
  throw new Fault(shape, 'You must provide a ClientRequestToken value. We recommend a UUID-type value.');
}

/**
 * Adds a version, or gives a rotation's empty one its content. Doing the same again changes nothing. Returns the version as
 * it then is. `home` is where the secret is, `ctx` speaks for the caller.
 */
export function putVersion(
  ctx: Ctx,
  secret: Secret,
  put: { versionId: string; value: SecretValue; stages: readonly string[] },
): SecretVersion {
  const home = homeOf(ctx, secret.arn);
  const { versionId, value, stages } = put;
  checkOwnKey(ctx, secret, secret.kmsKeyId);
  const known = home.get(versions, versionKey(secret.arn, versionId));
  if (known?.value) {
    if (JSON.stringify(known.value) === JSON.stringify(value)) return known;
    throw new Fault(
      'ResourceExistsException',
      `You can't use ClientRequestToken ${versionId} because that value is already in use for a version of secret ` +
        `${secret.arn}.`,
    );
  }
  const before = versionsOf(home, secret.arn);
  home.put(versions, {
    secretArn: secret.arn,
    versionId,
    ordinal: known?.ordinal ?? (before.at(-1)?.ordinal ?? 0) + 1,
    value,
    stages: known?.stages ?? [],
    ...protection(ctx, secret, versionId),
    createdAt: ctx.now,
  });
  // The first content of a secret is its current one, whatever else it is called.
  const isFirst = !before.some(({ value: content }) => content);
  attach(home, secret.arn, versionId, isFirst ? [...stages, CURRENT] : stages);
  forget(home, secret.arn);
  return home.get(versions, versionKey(secret.arn, versionId)) as SecretVersion;
}

/** Moves stages to a version. Whoever loses AWSCURRENT becomes AWSPREVIOUS, and is no longer AWSPENDING. */
export function attach(home: Ctx, secretArn: string, versionId: string, stages: readonly string[]): void {
  const losing = stages.includes(CURRENT) ? versionAt(home, secretArn, CURRENT) : undefined;
  const moves = new Map(stages.map((stage) => [stage, versionId]));
  if (losing && losing.versionId !== versionId) moves.set(PREVIOUS, losing.versionId);
  for (const version of versionsOf(home, secretArn)) {
    const superseded = losing?.versionId === version.versionId && moves.get(CURRENT) !== version.versionId;
    const kept = version.stages.filter((stage) => !moves.has(stage) && !(superseded && stage === PENDING));
    const won = [...moves].filter(([, to]) => to === version.versionId).map(([stage]) => stage);
    const now = [...kept, ...won];
    if (now.join('\n') !== version.stages.join('\n')) home.update(versions, version, { stages: now });
  }
}

export function detach(home: Ctx, secretArn: string, versionId: string, stage: string): void {
  const version = home.get(versions, versionKey(secretArn, versionId));
  if (version?.stages.includes(stage))
    home.update(versions, version, { stages: version.stages.filter((one) => one !== stage) });
}

/** Old versions without a stage go when there are many; those of the last day stay. */
function forget(home: Ctx, secretArn: string): void {
  const all = versionsOf(home, secretArn);
  const old = all.filter(({ stages, createdAt }) => stages.length === 0 && createdAt <= home.now - DAY_MS);
  for (const { versionId } of old.slice(0, Math.max(0, all.length - MOST_VERSIONS)))
    home.delete(versions, versionKey(secretArn, versionId));
}

/** Stages by version, as secrets show them. */
export function stagesByVersion(home: Ctx, secretArn: string): Record<string, readonly string[]> {
  return Object.fromEntries(
    versionsOf(home, secretArn)
      .filter(({ stages }) => stages.length > 0)
      .map(({ versionId, stages }) => [versionId, stages]),
  );
}

export const versionOperations: Operations<'secretsmanager'> = {
  PutSecretValue(ctx, { SecretId, ClientRequestToken, VersionStages, ...content }) {
    const value = contentOf(content);
    if (!value)
      throw new Fault('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
    const versionId = tokenOf(ClientRequestToken);
    const secret = livingSecret(ctx, SecretId);
    const stages = VersionStages && VersionStages.length > 0 ? VersionStages : [CURRENT];
    if (stages.length > MOST_STAGES)
      throw new Fault('LimitExceededException', 'A version has at most 20 staging labels.');
    const version = putVersion(ctx, secret, { versionId, value, stages });
    const home = homeOf(ctx, secret.arn);
    home.update(secrets, secret, { changedAt: ctx.now });
    return { ARN: secret.arn, Name: secret.name, VersionId: versionId, VersionStages: version.stages };
  },

  UpdateSecretVersionStage(ctx, { SecretId, VersionStage, RemoveFromVersionId, MoveToVersionId }) {
    const secret = livingSecret(ctx, SecretId);
    const home = homeOf(ctx, secret.arn);
    const holder = versionAt(home, secret.arn, VersionStage);
    for (const versionId of [RemoveFromVersionId, MoveToVersionId]) {
      if (versionId === undefined || home.get(versions, versionKey(secret.arn, versionId))) continue;
      throw new Fault(
        'ResourceNotFoundException',
        `Secrets Manager can't find the specified secret version ${versionId}.`,
      );
    }
    checkMove(VersionStage, holder?.versionId, RemoveFromVersionId, MoveToVersionId);
    if (MoveToVersionId !== undefined) attach(home, secret.arn, MoveToVersionId, [VersionStage]);
    else if (RemoveFromVersionId !== undefined) detach(home, secret.arn, RemoveFromVersionId, VersionStage);
    home.update(secrets, secret, { changedAt: ctx.now });
    return { ARN: secret.arn, Name: secret.name };
  },

  ListSecretVersionIds(ctx, { SecretId, MaxResults = PAGE_SIZE, NextToken, IncludeDeprecated = false }) {
    const secret = livingSecret(ctx, SecretId);
    const shown = versionsOf(homeOf(ctx, secret.arn), secret.arn).filter(
      ({ stages }) => IncludeDeprecated || stages.length > 0,
    );
    const { items, next } = pageOf(shown, ({ ordinal }) => String(ordinal).padStart(12, '0'), {
      token: NextToken,
      limit: MaxResults,
      invalidToken: () => new Fault('InvalidNextTokenException', 'The NextToken value is invalid.'),
    });
    const Versions = items.map((version) => ({
      VersionId: version.versionId,
      VersionStages: version.stages.length > 0 ? version.stages : undefined,
      LastAccessedDate: version.accessedAt,
      CreatedDate: version.createdAt,
      KmsKeyIds: [version.kmsKeyId ?? 'DefaultEncryptionKey'],
    }));
    return { Versions, NextToken: next, ARN: secret.arn, Name: secret.name };
  },
};

/** A label that is somewhere has to be taken from there by name, and AWSCURRENT is always somewhere. */
function checkMove(
  stage: string,
  holder: string | undefined,
  from: string | undefined,
  to: string | undefined,
): void {
  if (from === undefined && to === undefined) {
    throw new Fault(
      'InvalidParameterException',
      'You must specify a value for RemoveFromVersionId, MoveToVersionId, or both.',
    );
  }
  if (from !== undefined && from !== holder) {
    throw new Fault(
      'InvalidParameterException',
      `You can't remove staging label ${stage} from version ${from}: it is not currently attached to that version.`,
    );
  }
  if (to === undefined && stage === CURRENT) {
    throw new Fault(
      'InvalidParameterException',
      `You can only move staging label ${CURRENT} to a different secret version. It can't be completely removed.`,
    );
  }
  if (from === undefined && holder !== undefined && holder !== to) {
    throw new Fault(
      'InvalidParameterException',
      `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ` +
        `${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  }
}

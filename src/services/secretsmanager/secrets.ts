// Secrets: creation, change, deletion with its recovery window, tags.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { described } from './description.ts';
import { customerKey, protection, unlock } from './encryption.ts';
import { resumeRotation } from './rotation.ts';
import { checkId, checkName, DAY_MS, findSecret, homeOf, livingSecret, secretOf } from './secret.ts';
import { secrets, versionKey, versions } from './tables.ts';
import type { Secret } from './tables.ts';
import { contentOf, CURRENT, putVersion, stagesByVersion, tokenOf, versionsOf } from './versions.ts';

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const MOST_TAGS = 50;
/** Days; https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html */
const WINDOW = { least: 7, most: 30, usual: 30 };

const deletionDue: TimerKind<{ arn: string; goesAt: number }> = timer<{ arn: string; goesAt: number }>(
  'secretsmanager/deletion-due',
  { background: true },
);

export const goAway: TimerHandler<{ arn: string; goesAt: number }, Ctx> = {
  kind: deletionDue,
  live: (ctx, { arn, goesAt }) => findSecret(ctx, arn)?.goesAt === goesAt,
  fire: (ctx, { arn }) => remove(ctx, secretOf(ctx, arn)),
};

function remove(home: Ctx, { arn, name }: Secret): void {
  for (const { versionId } of versionsOf(home, arn)) home.delete(versions, versionKey(arn, versionId));
  home.delete(secrets, name);
}

function checkTags(tags: Tags): Tags {
  if (Object.keys(tags).length > MOST_TAGS)
    throw new Fault('LimitExceededException', 'A secret has at most 50 tags.');
  return tags;
}

export const secretOperations: Operations<'secretsmanager'> = {
  CreateSecret(ctx, input) {
    const { Name, ClientRequestToken, Description, KmsKeyId, Tags } = input;
    checkName(Name);
    const versionId = tokenOf(ClientRequestToken);
    const value = contentOf(input);
    const existing = ctx.get(secrets, Name);
    if (existing?.deletedAt !== undefined) {
      throw new Fault(
        'InvalidRequestException',
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      );
    }
    if (existing) {
      const version = ctx.get(versions, versionKey(existing.arn, versionId));
      const isSame = version !== undefined && JSON.stringify(version.value) === JSON.stringify(value);
      if (isSame) return { ARN: existing.arn, Name, VersionId: versionId };
      if (version) {
        throw new Fault(
          'ResourceExistsException',
          `You can't use ClientRequestToken ${versionId} because that value is already in use for a version of secret ${existing.arn}.`,
        );
      }
      throw new Fault(
        'ResourceExistsException',
        `The operation failed because the secret ${Name} already exists.`,
      );
    }
    const secret: Secret = {
      name: Name,
      arn: ctx.arn('secretsmanager', `secret:${Name}-${ctx.id('secret', 6, ALPHANUMERIC)}`),
      ...(Description === undefined || Description === '' ? {} : { description: Description }),
      ...customerKey(KmsKeyId),
      ...(Tags && Tags.length > 0 ? { tags: checkTags(mergeTags({}, Tags)) } : {}),
      createdAt: ctx.now,
      changedAt: ctx.now,
    };
    ctx.put(secrets, secret);
    if (!value) return { ARN: secret.arn, Name };
    putVersion(ctx, secret, { versionId, value, stages: [CURRENT] });
    return { ARN: secret.arn, Name, VersionId: versionId };
  },

  DescribeSecret(ctx, { SecretId }) {
    const secret = secretOf(ctx, SecretId);
    const stages = stagesByVersion(homeOf(ctx, secret.arn), secret.arn);
    const VersionIdsToStages = Object.keys(stages).length > 0 ? stages : undefined;
    return { ...described(secret), VersionIdsToStages };
  },

  UpdateSecret(ctx, input) {
    const { SecretId, ClientRequestToken, Description, KmsKeyId } = input;
    const value = contentOf(input);
    const versionId = value && tokenOf(ClientRequestToken);
    const secret = livingSecret(ctx, SecretId);
    const home = homeOf(ctx, secret.arn);
    const { kmsKeyId, description, ...rest } = secret;
    const key = KmsKeyId === undefined ? (kmsKeyId === undefined ? {} : { kmsKeyId }) : customerKey(KmsKeyId);
    const text = Description ?? description;
    const updated: Secret = {
      ...rest,
      ...key,
      ...(text === undefined || text === '' ? {} : { description: text }),
      changedAt: ctx.now,
    };
    home.put(secrets, updated);
    if (key.kmsKeyId !== kmsKeyId) rewrap(ctx, updated);
    if (value && versionId) putVersion(ctx, updated, { versionId, value, stages: [CURRENT] });
    return { ARN: secret.arn, Name: secret.name, VersionId: versionId };
  },

  DeleteSecret(ctx, { SecretId, RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: force = false }) {
    if (days !== undefined && (days < WINDOW.least || days > WINDOW.most)) {
      throw new Fault(
        'InvalidParameterException',
        'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
      );
    }
    if (force && days !== undefined) {
      throw new Fault(
        'InvalidParameterException',
        "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
      );
    }
    if (force) return deleteAtOnce(ctx, SecretId);
    const secret = livingSecret(ctx, SecretId);
    const home = homeOf(ctx, secret.arn);
    const goesAt = ctx.now + (days ?? WINDOW.usual) * DAY_MS;
    home.update(secrets, secret, { deletedAt: ctx.now, goesAt });
    home.schedule(deletionDue, goesAt, { arn: secret.arn, goesAt });
    return { ARN: secret.arn, Name: secret.name, DeletionDate: goesAt };
  },

  RestoreSecret(ctx, { SecretId }) {
    const secret = secretOf(ctx, SecretId);
    const { deletedAt: _, goesAt: __, ...restored } = secret;
    const home = homeOf(ctx, secret.arn);
    home.put(secrets, restored);
    resumeRotation(home, restored);
    return { ARN: secret.arn, Name: secret.name };
  },

  TagResource(ctx, { SecretId, Tags }) {
    const secret = livingSecret(ctx, SecretId);
    homeOf(ctx, secret.arn).update(secrets, secret, { tags: checkTags(mergeTags(secret.tags ?? {}, Tags)) });
  },

  UntagResource(ctx, { SecretId, TagKeys }) {
    const secret = livingSecret(ctx, SecretId);
    if (!secret.tags) return;
    homeOf(ctx, secret.arn).update(secrets, secret, { tags: removeTags(secret.tags, TagKeys) });
  },
};

/** A forced deletion of what is not there succeeds too. */
function deleteAtOnce(ctx: Ctx, secretId: string): { ARN: string; Name: string; DeletionDate: number } {
  checkId(secretId);
  const secret = findSecret(ctx, secretId);
  if (secret) remove(homeOf(ctx, secret.arn), secret);
  const ARN = secretId.startsWith('arn:') ? secretId : ctx.arn('secretsmanager', `secret:${secretId}`);
  return { ARN: secret?.arn ?? ARN, Name: secret?.name ?? secretId, DeletionDate: ctx.now };
}

/** With a new key the versions that bear a stage are encrypted again; the caller needs both keys. */
function rewrap(ctx: Ctx, secret: Secret): void {
  const home = homeOf(ctx, secret.arn);
  for (const version of versionsOf(home, secret.arn)) {
    if (version.stages.length === 0 || !version.value) continue;
    unlock(ctx, version);
    const { kmsKeyId: _, dataKey: __, ...bare } = version;
    home.put(versions, { ...bare, ...protection(ctx, secret, version.versionId) });
  }
}

// Reading secrets.

import { Fault } from '#contract/fault.ts';
import { fromBase64 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { checkOwnKey, unlock } from './encryption.ts';
import { checkFilters, matches } from './listing.ts';
import { arnOfSecret, dayOf, homeOf, livingSecret } from './secret.ts';
import { secrets, versionKey, versions } from './tables.ts';
import type { Secret, SecretVersion } from './tables.ts';
import { CURRENT, versionAt } from './versions.ts';

type Value = Output<'secretsmanager', 'GetSecretValue'>;

const PAGE_SIZE = 20;

const missing = (what: string): Fault =>
  new Fault('ResourceNotFoundException', `Secrets Manager can't find the specified secret value for ${what}`);

/** The version that is asked for, with its content. */
function wanted(
  ctx: Ctx,
  { arn }: Secret,
  { VersionId: id, VersionStage: stage }: Omit<Input<'secretsmanager', 'GetSecretValue'>, 'SecretId'>,
): SecretVersion {
  const home = homeOf(ctx, arn);
  if (id === undefined) {
    const found = versionAt(home, arn, stage ?? CURRENT);
    if (!found?.value) throw missing(`staging label: ${stage ?? CURRENT}`);
    return found;
  }
  const found = home.get(versions, versionKey(arn, id));
  if (!found?.value) throw missing(`VersionId: ${id}`);
  if (stage !== undefined && !found.stages.includes(stage)) {
    throw new Fault(
      'InvalidRequestException',
      'You provided a VersionStage that is not associated to the provided VersionId.',
    );
  }
  return found;
}

function read(ctx: Ctx, input: Input<'secretsmanager', 'GetSecretValue'>): Value {
  const secret = livingSecret(ctx, input.SecretId);
  const home = homeOf(ctx, secret.arn);
  const version = wanted(ctx, secret, input);
  checkOwnKey(ctx, secret, version.kmsKeyId);
  unlock(ctx, version);
  const accessedAt = dayOf(ctx.now);
  if (secret.accessedAt !== accessedAt) home.update(secrets, secret, { accessedAt });
  if (version.accessedAt !== accessedAt) home.update(versions, version, { accessedAt });
  const { value } = version;
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.versionId,
    SecretString: value && 'text' in value ? value.text : undefined,
    SecretBinary: value && 'binary' in value ? fromBase64(value.binary) : undefined,
    VersionStages: version.stages.length > 0 ? version.stages : undefined,
    CreatedDate: version.createdAt,
  };
}

/** Each secret needs the caller's own permission to read it. */
function readPermitted(ctx: Ctx, secretId: string): Value {
  const arn = arnOfSecret(ctx, secretId);
  if (!ctx.cloud.allows(ctx, 'secretsmanager', 'secretsmanager:GetSecretValue', arn)) {
    throw new Fault(
      'AccessDeniedException',
      `You are not authorized to perform secretsmanager:GetSecretValue on ${arn}.`,
    );
  }
  return read(ctx, { SecretId: secretId });
}

export const valueOperations: Operations<'secretsmanager'> = {
  GetSecretValue: read,

  BatchGetSecretValue(ctx, { SecretIdList, Filters, MaxResults, NextToken }) {
    if ((SecretIdList === undefined) === (Filters === undefined)) {
      throw new Fault(
        'InvalidParameterException',
        "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
      );
    }
    if (SecretIdList && MaxResults !== undefined)
      throw new Fault(
        'InvalidParameterException',
        "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
      );
    checkFilters(Filters);
    const found = ctx
      .list(secrets)
      .filter((one) => one.deletedAt === undefined && matches(ctx, one, Filters ?? []));
    const { items, next } = SecretIdList
      ? { items: SecretIdList, next: undefined }
      : pageOf(
          found.map(({ name }) => name),
          (name) => name,
          {
            token: NextToken,
            limit: MaxResults ?? PAGE_SIZE,
            invalidToken: () => new Fault('InvalidNextTokenException', 'The NextToken value is invalid.'),
          },
        );
    const SecretValues: Value[] = [];
    const Errors: { SecretId: string; ErrorCode: string; Message: string }[] = [];
    for (const secretId of items) {
      try {
        SecretValues.push(ctx.savepoint(() => readPermitted(ctx, secretId)));
      } catch (error) {
        if (!(error instanceof Fault) || error.shape === 'NotImplemented') throw error;
        Errors.push({ SecretId: secretId, ErrorCode: error.shape, Message: error.message });
      }
    }
    return { SecretValues, Errors, NextToken: next };
  },
};

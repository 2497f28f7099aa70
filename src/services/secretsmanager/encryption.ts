// Keys of the customer's that protect secrets: KMS is asked as the caller, so that the key's policy and state decide.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html

import { Fault } from '#contract/fault.ts';
import { base64, fromBase64 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { forwarded } from '#cloud/principal.ts';
import type { Principal } from '#cloud/principal.ts';
import type { Secret, SecretVersion } from './tables.ts';

/** AWS's own key, which everyone in the account may use through Secrets Manager. */
const DEFAULT_KEYS = ['alias/aws/secretsmanager', 'aws/secretsmanager'];

/** A key as it is kept with a secret; nothing for AWS's own. */
export function customerKey(kmsKeyId: string | undefined): { kmsKeyId?: string } {
  const own =
    kmsKeyId === undefined || kmsKeyId === '' || DEFAULT_KEYS.some((name) => kmsKeyId.endsWith(name));
  return own ? {} : { kmsKeyId };
}

/** AWS's own key is for its own account. */
export function checkOwnKey(ctx: Ctx, { arn }: Pick<Secret, 'arn'>, kmsKeyId: string | undefined): void {
  if (kmsKeyId !== undefined || arn.split(':')[4] === ctx.account) return;
  throw new Fault(
    'InvalidRequestException',
    "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.",
  );
}

const caller = (ctx: Ctx): Principal => forwarded(ctx.principal, 'secretsmanager.amazonaws.com');

/** The key of a new version and the data key under it. */
export function protection(
  ctx: Ctx,
  { arn, kmsKeyId }: Pick<Secret, 'arn' | 'kmsKeyId'>,
  versionId: string,
): { kmsKeyId?: string; dataKey?: string } {
  if (kmsKeyId === undefined) return {};
  const EncryptionContext = { SecretARN: arn, SecretVersionId: versionId };
  const input = { KeyId: kmsKeyId, KeySpec: 'AES_256', EncryptionContext } as const;
  const made = ctx.call('kms', 'GenerateDataKey', input, caller(ctx));
  if (!made.ok) throw ofKms(made.fault, 'EncryptionFailure', 'encrypt');
  return { kmsKeyId, dataKey: base64(made.output.CiphertextBlob as Uint8Array) };
}

/** Throws unless the caller may have a version's data key decrypted. */
export function unlock(ctx: Ctx, { secretArn, versionId, kmsKeyId, dataKey }: SecretVersion): void {
  if (kmsKeyId === undefined || dataKey === undefined) return;
  const EncryptionContext = { SecretARN: secretArn, SecretVersionId: versionId };
  const CiphertextBlob = fromBase64(dataKey) as Uint8Array;
  const opened = ctx.call(
    'kms',
    'Decrypt',
    { KeyId: kmsKeyId, CiphertextBlob, EncryptionContext },
    caller(ctx),
  );
  if (!opened.ok) throw ofKms(opened.fault, 'DecryptionFailure', 'decrypt');
}

function ofKms({ shape, message }: Fault, failure: string, what: string): Fault {
  if (shape === 'NotImplemented') return new Fault(shape, message);
  if (shape.startsWith('AccessDenied'))
    return new Fault('AccessDeniedException', 'Access to KMS is not allowed');
  return new Fault(
    failure,
    `Secrets Manager can't ${what} the protected secret text using the provided KMS key. ${message}`,
  );
}

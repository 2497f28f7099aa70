// SecureStrings: KMS encrypts and decrypts them with the caller's own permissions.
// https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html

import { Fault } from '#contract/fault.ts';
import { base64, fromBase64, textOf, utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { forwarded } from '#cloud/principal.ts';
import { parameterArn } from './names.ts';
import { keyOf } from './tables.ts';
import type { ParameterVersion } from './tables.ts';

const PRINCIPAL = 'ssm.amazonaws.com';

/** The AWS managed key of Parameter Store. */
export const DEFAULT_KEY = 'alias/aws/ssm';

/** What KMS takes at most. AWS wraps larger values in envelopes of its Encryption SDK. */
const LARGEST = 4096;

/** A value as KMS encrypts it, in base64. */
export function encrypted(ctx: Ctx, name: string, value: string, keyId: string): string {
  const Plaintext = utf8(value);
  if (Plaintext.length > LARGEST) {
    throw new Fault('NotImplemented', 'A SecureString of more than 4096 bytes is not modelled by Sandtable.');
  }
  const EncryptionContext = { PARAMETER_ARN: parameterArn(ctx, keyOf(name)) };
  const as = forwarded(ctx.principal, PRINCIPAL);
  const outcome = ctx.call('kms', 'Encrypt', { KeyId: keyId, Plaintext, EncryptionContext }, as);
  if (!outcome.ok) throw ofKms(outcome.fault);
  return base64(outcome.output.CiphertextBlob as Uint8Array);
}

/** The value of a version, decrypted where that is asked for; otherwise as it is kept. */
export function valueOf(ctx: Ctx, version: ParameterVersion, withDecryption: boolean): string {
  if (version.type !== 'SecureString' || !withDecryption) return version.value;
  const CiphertextBlob = fromBase64(version.value) as Uint8Array;
  const EncryptionContext = { PARAMETER_ARN: parameterArn(ctx, keyOf(version.name)) };
  const KeyId = version.keyId ?? DEFAULT_KEY;
  const as = forwarded(ctx.principal, PRINCIPAL);
  const outcome = ctx.call('kms', 'Decrypt', { KeyId, CiphertextBlob, EncryptionContext }, as);
  if (!outcome.ok) throw ofKms(outcome.fault);
  return textOf(outcome.output.Plaintext as Uint8Array) as string;
}

/** KMS's errors reach the caller as InvalidKeyId, but for a lack of permission. */
function ofKms({ shape, message }: Fault): Fault {
  if (shape === 'NotImplemented' || shape.startsWith('AccessDenied')) return new Fault(shape, message);
  return new Fault('InvalidKeyId', message);
}

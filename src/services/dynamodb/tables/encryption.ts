// Tables with a key of KMS. Items themselves stay as they are, since nobody sees how they are kept.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { forwarded } from '#cloud/principal.ts';
import { invalidValues } from '../faults.ts';

type Specification = NonNullable<Input<'dynamodb', 'CreateTable'>['SSESpecification']>;

const OWN_KEY = 'alias/aws/dynamodb';

/** The key that a table is to have; nothing: the one that AWS owns, which no description shows. */
export function keyArnOf(ctx: Ctx, given: Specification | undefined): string | undefined {
  const { Enabled = false, SSEType, KMSMasterKeyId } = given ?? {};
  if (!Enabled) {
    if (KMSMasterKeyId !== undefined)
      throw invalidValues('KMSMasterKeyId cannot be specified when SSESpecification.Enabled is false');
    return undefined;
  }
  if (SSEType === 'AES256') throw invalidValues('AES256 is not a supported SSEType');
  const as = forwarded(ctx.principal, `dynamodb.${ctx.region}.amazonaws.com`);
  const outcome = ctx.call('kms', 'DescribeKey', { KeyId: KMSMasterKeyId ?? OWN_KEY }, as);
  if (!outcome.ok) {
    const { shape, message } = outcome.fault;
    if (shape === 'AccessDenied') throw new Fault('AccessDeniedException', message);
    throw invalidValues(`KMS validation error: ${message}`);
  }
  const { Arn, KeyState, KeyUsage } = outcome.output.KeyMetadata ?? {};
  if (KeyState !== 'Enabled') throw invalidValues(`KMS key ${Arn} is ${KeyState}`);
  if (KeyUsage !== 'ENCRYPT_DECRYPT') throw invalidValues(`KMS key ${Arn} is not for encryption`);
  return Arn;
}

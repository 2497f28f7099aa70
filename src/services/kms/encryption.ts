// Encrypting, decrypting, data keys and random bytes.
// https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { envelopeOf, keyOfEnvelope, open, seal } from './ciphertext.ts';
import type { Envelope } from './ciphertext.ts';
import { checkDryRun, incompatible, invalid, invalidCiphertext, unreachable } from './faults.ts';
import { checkUse, keyNamed } from './key.ts';
import type { Place } from './key.ts';
import { freshBytes } from './materials.ts';
import { materialPlace, materials } from './tables.ts';
import type { EncryptionContext } from './tables.ts';

const ALGORITHM = 'SYMMETRIC_DEFAULT';
const DATA_KEY_BYTES = { AES_128: 16, AES_256: 32 } as const;

interface Decryption extends Place {
  readonly envelope: Envelope;
}

/** The key behind a ciphertext, which must be the one that the request names, if it names one. */
export function decryptionOf(
  ctx: Ctx,
  blob: Uint8Array | undefined,
  keyId: string | undefined,
  action: string,
): Decryption {
  if (!blob) throw invalid('CiphertextBlob is required.');
  const envelope = envelopeOf(blob);
  if (!envelope) throw invalidCiphertext();
  const named = keyId === undefined ? undefined : keyNamed(ctx, keyId, action).key.id;
  if (named !== undefined && named !== envelope.keyId) {
    const message = 'The key ID in the request does not identify a CMK that can perform this operation.';
    throw new Fault('IncorrectKeyException', message);
  }
  const found = keyOfEnvelope(ctx, envelope);
  if (!found) throw unreachable(ctx.principal, action, true);
  return { ...found, envelope };
}

function checkAlgorithm(algorithm: string): void {
  if (algorithm !== ALGORITHM) throw incompatible(algorithm, ALGORITHM);
}

const materialId = ({ at, key }: Place, ordinal: number = key.material): string | undefined =>
  at.get(materials, materialPlace(key.id, ordinal))?.id;

interface DataKeyRequest {
  readonly KeyId: string;
  readonly KeySpec?: keyof typeof DATA_KEY_BYTES | undefined;
  readonly NumberOfBytes?: number | undefined;
  readonly EncryptionContext?: EncryptionContext | undefined;
  readonly DryRun?: boolean | undefined;
}

function dataKey(
  ctx: Ctx,
  input: DataKeyRequest,
  operation: string,
): { plaintext: Uint8Array; answer: { CiphertextBlob: Uint8Array; KeyId: string; KeyMaterialId?: string } } {
  const { KeySpec, NumberOfBytes, EncryptionContext: context } = input;
  const place = keyNamed(ctx, input.KeyId);
  const { at, key } = place;
  if ((KeySpec === undefined) === (NumberOfBytes === undefined))
    throw invalid('Please specify either number of bytes or key spec.');
  checkUse(key, operation, 'ENCRYPT_DECRYPT');
  checkDryRun(input);
  const length = NumberOfBytes ?? DATA_KEY_BYTES[KeySpec as keyof typeof DATA_KEY_BYTES];
  const plaintext = freshBytes(at, 'kms-data-key', length);
  const KeyMaterialId = materialId(place);
  const CiphertextBlob = seal(at, key, plaintext, context);
  return {
    plaintext,
    answer: { CiphertextBlob, KeyId: key.arn, ...(KeyMaterialId ? { KeyMaterialId } : {}) },
  };
}

export const encryptionOperations: Operations<'kms'> = {
  Encrypt(ctx, input) {
    const { at, key } = keyNamed(ctx, input.KeyId);
    const { EncryptionAlgorithm: algorithm = ALGORITHM } = input;
    checkUse(key, 'Encrypt', 'ENCRYPT_DECRYPT');
    checkAlgorithm(algorithm);
    checkDryRun(input);
    const CiphertextBlob = seal(at, key, input.Plaintext, input.EncryptionContext);
    return { CiphertextBlob, KeyId: key.arn, EncryptionAlgorithm: algorithm };
  },

  Decrypt(ctx, input) {
    const { EncryptionAlgorithm: algorithm = ALGORITHM } = input;
    const found = decryptionOf(ctx, input.CiphertextBlob, input.KeyId, 'kms:Decrypt');
    const { at, key, envelope } = found;
    checkUse(key, 'Decrypt', 'ENCRYPT_DECRYPT');
    checkAlgorithm(algorithm);
    const Plaintext = open(at, envelope, input.EncryptionContext);
    checkDryRun(input);
    const KeyMaterialId = materialId(found, envelope.ordinal);
    return { KeyId: key.arn, Plaintext, EncryptionAlgorithm: algorithm, KeyMaterialId };
  },

  ReEncrypt(ctx, input) {
    const { SourceEncryptionAlgorithm: from = ALGORITHM, DestinationEncryptionAlgorithm: to = ALGORITHM } =
      input;
    const source = decryptionOf(ctx, input.CiphertextBlob, input.SourceKeyId, 'kms:ReEncryptFrom');
    const destination = keyNamed(ctx, input.DestinationKeyId, 'kms:ReEncryptTo');
    checkUse(source.key, 'ReEncrypt', 'ENCRYPT_DECRYPT');
    checkUse(destination.key, 'ReEncrypt', 'ENCRYPT_DECRYPT');
    checkAlgorithm(from);
    checkAlgorithm(to);
    const data = open(source.at, source.envelope, input.SourceEncryptionContext);
    checkDryRun(input);
    return {
      CiphertextBlob: seal(destination.at, destination.key, data, input.DestinationEncryptionContext),
      SourceKeyId: source.key.arn,
      KeyId: destination.key.arn,
      SourceEncryptionAlgorithm: from,
      DestinationEncryptionAlgorithm: to,
      SourceKeyMaterialId: materialId(source, source.envelope.ordinal),
      DestinationKeyMaterialId: materialId(destination),
    };
  },

  GenerateDataKey(ctx, input) {
    const { plaintext, answer } = dataKey(ctx, input, 'GenerateDataKey');
    return { ...answer, Plaintext: plaintext };
  },

  GenerateDataKeyWithoutPlaintext(ctx, input) {
    return dataKey(ctx, input, 'GenerateDataKeyWithoutPlaintext').answer;
  },

  GenerateRandom(ctx, { NumberOfBytes }) {
    if (NumberOfBytes === undefined) throw invalid('NumberOfBytes is required.');
    return { Plaintext: freshBytes(ctx, 'kms-random', NumberOfBytes) };
  },
};

// Queues with a key of KMS: whoever sends needs a data key, whoever receives needs to decrypt it. Messages themselves stay as
// they are, since nobody sees how they are kept; the permissions are what can fail.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { base64, fromBase64 } from '#contract/protocols/bytes.ts';
import type { Outcome } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { forwarded, principalName } from '#cloud/principal.ts';
import { numberOf } from './queue.ts';
import type { Queue } from './queue.ts';

const PRINCIPAL = 'sqs.amazonaws.com';

/** A data key that a principal was given or let decrypt: for a while KMS is not asked again. */
export interface DataKey {
  /** Queue, principal, and the encrypted key where it was decrypted. */
  key: string;
  masterKeyId: string;
  /** The encrypted key, in base64. */
  ciphertext: string;
  until: number;
}
export const dataKeys: Table<DataKey> = table<DataKey>('sqs/data-keys', (row) => row.key);

/** What a message was encrypted with: it stays so in whichever queue it is moved to. */
export interface Sealed {
  readonly ciphertext: string;
  /** The queue that it was sent to, which is the encryption context. */
  readonly queueArn: string;
}

/** The encrypted data key for a message that the principal of `ctx` sends; nothing where the queue has no key of KMS. */
export function dataKeyFor(ctx: Ctx, owner: Ctx, queue: Queue): Sealed | undefined {
  const named = queue.attributes['KmsMasterKeyId'];
  if (!named) return undefined;
  const masterKeyId = keyArnOf(owner, named);
  const queueArn = queue.arn;
  const place = `${queue.name}@${principalName(ctx.principal)}@`;
  const known = owner.get(dataKeys, place);
  if (known && known.until > owner.now && known.masterKeyId === masterKeyId)
    return { ciphertext: known.ciphertext, queueArn };
  const input = {
    KeyId: masterKeyId,
    KeySpec: 'AES_256',
    EncryptionContext: { 'aws:sqs:arn': queueArn },
  } as const;
  const as = forwarded(ctx.principal, PRINCIPAL);
  const made = value(owner.call('kms', 'GenerateDataKey', input, as));
  const ciphertext = base64(made.CiphertextBlob as Uint8Array);
  decrypt(ctx, owner, { ciphertext, queueArn }); // A new data key is verified before it is used.
  owner.put(dataKeys, { key: place, masterKeyId, ciphertext, until: owner.now + reuseMs(queue) });
  return { ciphertext, queueArn };
}

/** Lets the principal of `ctx` read a message that was sent with a data key, or throws SQS's error. */
export function checkReadable(ctx: Ctx, owner: Ctx, queue: Queue, sealed: Sealed | undefined): void {
  if (!sealed) return;
  const { ciphertext } = sealed;
  const prefix = `${queue.name}@${principalName(ctx.principal)}@`;
  const key = `${prefix}${ciphertext}`;
  if ((owner.get(dataKeys, key)?.until ?? 0) > owner.now) return;
  decrypt(ctx, owner, sealed);
  for (const row of owner.scan(dataKeys, { prefix }))
    if (row.key !== prefix && row.until <= owner.now) owner.delete(dataKeys, row.key);
  owner.put(dataKeys, { key, masterKeyId: '', ciphertext, until: owner.now + reuseMs(queue) });
}

/** Forgets the data keys of a queue that goes. */
export function forgetDataKeys(owner: Ctx, { name }: Queue): void {
  for (const { key } of owner.scan(dataKeys, { prefix: `${name}@` })) owner.delete(dataKeys, key);
}

function decrypt(ctx: Ctx, owner: Ctx, { ciphertext, queueArn }: Sealed): void {
  const CiphertextBlob = fromBase64(ciphertext) as Uint8Array;
  const input = { CiphertextBlob, EncryptionContext: { 'aws:sqs:arn': queueArn } };
  value(owner.call('kms', 'Decrypt', input, forwarded(ctx.principal, PRINCIPAL)));
}

/** Ids and aliases are those of the queue's account, whoever sends. */
function keyArnOf(owner: Ctx, id: string): string {
  if (id.startsWith('arn:')) return id;
  return owner.arn('kms', id.startsWith('alias/') ? id : `key/${id}`);
}

const reuseMs = (queue: Queue): number => numberOf(queue, 'KmsDataKeyReusePeriodSeconds') * 1000;

const SHAPES: Readonly<Record<string, string>> = {
  AccessDenied: 'KmsAccessDenied',
  DisabledException: 'KmsDisabled',
  InvalidKeyUsageException: 'KmsInvalidKeyUsage',
  KMSInvalidStateException: 'KmsInvalidState',
  NotFoundException: 'KmsNotFound',
};

function value<Q>(outcome: Outcome<Q>): Q {
  if (outcome.ok) return outcome.output;
  const { shape, message } = outcome.fault;
  throw new Fault(SHAPES[shape] ?? shape, message);
}

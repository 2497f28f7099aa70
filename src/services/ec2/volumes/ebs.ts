// What volumes and snapshots have in common: how their ids are answered for, and keys of KMS.
// https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html

import { table } from '#world/index.ts';
import type { Row, Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { forwarded } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';

/** A row by id, or EBS's errors for an id that is malformed or that nothing has. */
export function ebsRow<R extends Row>(
  ctx: Ctx,
  rows: Table<R>,
  id: string | undefined,
  { noun, prefix, parameter }: { noun: string; prefix: string; parameter: string },
): R {
  const found = id === undefined ? undefined : ctx.get(rows, id);
  if (found) return found;
  if (!new RegExp(`^${prefix}-[0-9a-f]{8}([0-9a-f]{9})?$`).test(id ?? '')) {
    const text = `Value (${id}) for parameter ${parameter} is invalid. Expected: '${prefix}-...'.`;
    throw new Fault('InvalidParameterValue', text);
  }
  const code = `Invalid${noun[0]?.toUpperCase()}${noun.slice(1)}.NotFound`;
  throw new Fault(code, `The ${noun} '${id}' does not exist.`);
}

/** What an account has chosen for its new volumes in a region. */
interface EbsSettings {
  id: 'ebs';
  encrypts: boolean;
  /** The managed key where nothing is said. */
  keyArn?: string;
}
export const ebsSettings: Table<EbsSettings> = table<EbsSettings>('ec2/ebs-settings', (row) => row.id);

function settings(ctx: Ctx): EbsSettings {
  return ctx.get(ebsSettings, 'ebs') ?? { id: 'ebs', encrypts: false };
}

const MANAGED_KEY = 'alias/aws/ebs';

/** EC2 asks KMS on behalf of the caller. Nothing where KMS has no such key. */
function keyNamed(ctx: Ctx, KeyId: string): string | undefined {
  const found = ctx.call('kms', 'DescribeKey', { KeyId }, forwarded(ctx.principal, 'ec2.amazonaws.com'));
  if (found.ok) return found.output.KeyMetadata?.Arn;
  if (found.fault.shape === 'NotImplemented') throw found.fault;
  return undefined;
}

/** Whether a key is the one that AWS manages: what is encrypted with it cannot be shared. */
export function isManagedKey(ctx: Ctx, keyArn: string): boolean {
  return keyNamed(ctx, MANAGED_KEY) === keyArn;
}

function defaultKey(ctx: Ctx): string {
  return settings(ctx).keyArn ?? keyNamed(ctx, MANAGED_KEY) ?? MANAGED_KEY;
}

export interface Encryption {
  readonly encrypted: boolean;
  /** The key's ARN, or what the request called a key that there is not. */
  readonly keyArn?: string;
}

interface Wanted {
  readonly Encrypted?: boolean | undefined;
  readonly KmsKeyId?: string | undefined;
}

/**
 * How a volume or a copy is encrypted: as the request says, as what it is made of, or as the account has chosen. Only a source
 * whose key goes on to what is made of it names its key.
 * https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html#ebs-volume-encryption-outcomes
 */
export function encryptionFor(ctx: Ctx, wanted: Wanted, source?: Encryption): Encryption {
  const { Encrypted, KmsKeyId } = wanted;
  const encrypted = Encrypted === true || source?.encrypted === true || settings(ctx).encrypts;
  if (KmsKeyId !== undefined && !encrypted) {
    throw new Fault(
      'InvalidParameterDependency',
      'The parameter KmsKeyId requires the parameter Encrypted to be set.',
    );
  }
  if (!encrypted) return { encrypted: false };
  if (KmsKeyId !== undefined) return { encrypted, keyArn: keyNamed(ctx, KmsKeyId) ?? KmsKeyId };
  return { encrypted, keyArn: source?.keyArn ?? defaultKey(ctx) };
}

/**
 * Whether KMS gives a data key for the volume: the key is there, is enabled, and the caller may use it. EC2 asks only after it
 * has answered the request. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html (`KmsKeyId`)
 */
export function keyWorks(ctx: Ctx, volumeId: string, { keyArn }: Encryption): boolean {
  if (keyArn === undefined) return true;
  const EncryptionContext = { 'aws:ebs:id': volumeId };
  const caller = forwarded(ctx.principal, 'ec2.amazonaws.com');
  return ctx.call(
    'kms',
    'GenerateDataKeyWithoutPlaintext',
    { KeyId: keyArn, EncryptionContext, KeySpec: 'AES_256' },
    caller,
  ).ok;
}

function encryptByDefault(ctx: Ctx, encrypts: boolean): { EbsEncryptionByDefault: boolean } {
  ctx.put(ebsSettings, { ...settings(ctx), encrypts });
  return { EbsEncryptionByDefault: encrypts };
}

export const ebsOperations: Operations<'ec2'> = {
  GetEbsEncryptionByDefault: (ctx) => ({ EbsEncryptionByDefault: settings(ctx).encrypts }),

  EnableEbsEncryptionByDefault: (ctx) => encryptByDefault(ctx, true),

  DisableEbsEncryptionByDefault: (ctx) => encryptByDefault(ctx, false),

  GetEbsDefaultKmsKeyId: (ctx) => ({ KmsKeyId: settings(ctx).keyArn ?? MANAGED_KEY }),

  ModifyEbsDefaultKmsKeyId(ctx, { KmsKeyId }) {
    if (KmsKeyId === '') return { KmsKeyId: reset(ctx) };
    const keyArn = keyNamed(ctx, KmsKeyId) ?? KmsKeyId;
    ctx.put(ebsSettings, { ...settings(ctx), keyArn });
    return { KmsKeyId: keyArn };
  },

  ResetEbsDefaultKmsKeyId: (ctx) => ({ KmsKeyId: reset(ctx) }),
};

function reset(ctx: Ctx): string {
  const { encrypts } = settings(ctx);
  ctx.put(ebsSettings, { id: 'ebs', encrypts });
  return defaultKey(ctx);
}

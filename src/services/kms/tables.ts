// Rows of KMS and the tables that keep them.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Tags } from '#cloud/tags.ts';

export type KeySpec = 'SYMMETRIC_DEFAULT' | 'HMAC_224' | 'HMAC_256' | 'HMAC_384' | 'HMAC_512';
export type KeyUsage = 'ENCRYPT_DECRYPT' | 'GENERATE_VERIFY_MAC';

/** Automatic rotation: each date is one period after the one before, or after the day on which it was switched on. */
export interface Rotation {
  periodDays: number;
  since: number;
  nextAt: number;
}

export interface Key {
  id: string;
  arn: string;
  description: string;
  /** JSON text. */
  policy: string;
  spec: KeySpec;
  usage: KeyUsage;
  manager: 'CUSTOMER' | 'AWS';
  state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  /** When it is deleted, epoch ms; only while deletion is pending. */
  deletionAt?: number;
  tags: Tags;
  createdAt: number;
  /** Ordinal of the material that encrypts now. */
  material: number;
  rotation?: Rotation;
  /** Since when a rotation on demand is under way. */
  rotatingSince?: number;
}

export const keys: Table<Key> = table<Key>('kms/keys', (key) => key.id);

/** What a key encrypts with. Rotation adds one; the older ones stay, to decrypt. */
export interface Material {
  keyId: string;
  ordinal: number;
  /** 64 hexadecimal digits, as `CurrentKeyMaterialId` shows them. */
  id: string;
  /** Base64. */
  secret: string;
  /** How and when it came, unless it was there from the start. */
  rotation?: { type: 'AUTOMATIC' | 'ON_DEMAND'; at: number };
}

export const materials: Table<Material> = table<Material>('kms/materials', (row) =>
  materialPlace(row.keyId, row.ordinal),
);

export function materialPlace(keyId: string, ordinal: number): string {
  return `${keyId}/${String(ordinal).padStart(5, '0')}`;
}

export interface Alias {
  /** With `alias/`. */
  name: string;
  arn: string;
  keyId: string;
  createdAt: number;
  updatedAt: number;
}

export const aliases: Table<Alias> = table<Alias>('kms/aliases', (alias) => alias.name, {
  key: (alias) => alias.keyId,
});

export type EncryptionContext = Readonly<Record<string, string>>;

export interface Grant {
  id: string;
  keyId: string;
  name?: string;
  grantee: string;
  retiring?: string;
  /** Account that made it. */
  issuer: string;
  operations: readonly string[];
  /** Keys and values that a request's encryption context must have at least, or exactly. */
  subset?: EncryptionContext;
  equals?: EncryptionContext;
  /** Each creation of the same grant gives out another. */
  tokens: readonly string[];
  createdAt: number;
  /** From when on it counts without a token, epoch ms. */
  activeAt: number;
}

export const grants: Table<Grant> = table<Grant>('kms/grants', (grant) => `${grant.keyId}/${grant.id}`, {
  name: (grant) => (grant.name === undefined ? undefined : `${grant.keyId}/${grant.name}`),
  retiring: (grant) => grant.retiring,
});

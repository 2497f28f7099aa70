// Rows of Secrets Manager and the tables that keep them.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Tags } from '#cloud/tags.ts';

/** When a secret rotates. */
export interface RotationRules {
  automaticallyAfterDays?: number;
  scheduleExpression?: string;
  duration?: string;
}

export interface Rotation {
  enabled: boolean;
  functionArn: string;
  rules: RotationRules;
  /** Instant of the next one by schedule. */
  nextAt?: number;
  lastAt?: number;
  /** The version that is being made, while a rotation is under way. */
  versionId?: string;
}

export interface Secret {
  name: string;
  arn: string;
  description?: string;
  /** A key of the customer's; without it AWS's own encrypts the secret. */
  kmsKeyId?: string;
  /** Nothing until it is tagged; shown even where all are taken away again (recorded: test_secret_tags). */
  tags?: Tags;
  /** Resource policy, as text. */
  policy?: string;
  rotation?: Rotation;
  createdAt: number;
  changedAt: number;
  /** A day: AWS keeps no finer record. */
  accessedAt?: number;
  /** When its deletion was asked for. */
  deletedAt?: number;
  /** When it really goes. */
  goesAt?: number;
}

/** A name has one secret at a time, also while that waits for its deletion. */
export const secrets: Table<Secret> = table<Secret>(
  'secretsmanager/secrets',
  (row) => row.name,
  {},
  {
    version: 2,
    upgrade: (row) => {
      const { tags = {}, ...rest } = row as Secret;
      return Object.keys(tags).length > 0 ? { ...rest, tags } : rest;
    },
  },
);

/** What a version holds; a version that a rotation has begun holds nothing yet. */
export type SecretValue =
  | { readonly text: string }
  /** In base64. */
  | { readonly binary: string };

export interface SecretVersion {
  secretArn: string;
  versionId: string;
  /** Its place among the versions of its secret. */
  ordinal: number;
  value?: SecretValue;
  stages: readonly string[];
  kmsKeyId?: string;
  /** The data key as KMS encrypted it, in base64: whoever reads the version needs KMS to decrypt it. */
  dataKey?: string;
  createdAt: number;
  accessedAt?: number;
}

export const versions: Table<SecretVersion> = table<SecretVersion>(
  'secretsmanager/versions',
  (row) => versionKey(row.secretArn, row.versionId),
  { secret: (row) => row.secretArn },
);

export function versionKey(secretArn: string, versionId: string): string {
  return `${secretArn}|${versionId}`;
}

// Rows of Systems Manager and the tables that keep them.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Principal } from '#cloud/principal.ts';
import type { Tags } from '#cloud/tags.ts';

export type ParameterType = 'String' | 'StringList' | 'SecureString';
export type Tier = 'Standard' | 'Advanced';

/** One version of a parameter: what a `PutParameter` made. */
export interface ParameterVersion {
  /** As it was created: `name` and `/name` are the same parameter. */
  name: string;
  version: number;
  type: ParameterType;
  /** Of a SecureString, what KMS made of it, in base64. */
  value: string;
  keyId?: string;
  description?: string;
  allowedPattern?: string;
  dataType: string;
  tier: Tier;
  /** The policies as text, for parameters that expire. */
  policies?: string;
  labels: readonly string[];
  modifiedAt: number;
  modifiedBy: string;
}

export const parameterVersions: Table<ParameterVersion> = table<ParameterVersion>(
  'ssm/parameter-versions',
  (row) => versionKey(keyOf(row.name), row.version),
);

/** A parameter as a whole. */
export interface Parameter {
  /** Its name with a slash before it. */
  key: string;
  latest: number;
  tags: Tags;
  /** Instant at which its policy deletes it. */
  expiresAt?: number;
}

export const parameters: Table<Parameter> = table<Parameter>('ssm/parameters', (row) => row.key);

/** A version that waits for its image to be looked up. */
export interface AwaitedVersion {
  id: string;
  version: ParameterVersion;
  tags: Tags;
  /** Who put it: the look-up of the image is made with their permissions. */
  by: Principal;
}

export const awaitedVersions: Table<AwaitedVersion> = table<AwaitedVersion>(
  'ssm/awaited-versions',
  (row) => row.id,
);

/** Where a parameter stands: `TestParam1` and `/TestParam1` are one. */
export function keyOf(name: string): string {
  return name.startsWith('/') ? name : `/${name}`;
}

/** Names hold no colon, so that a parameter's versions are what begins with its key and a colon. */
export function versionKey(key: string, version: number): string {
  return `${key}:${String(version).padStart(12, '0')}`;
}

export interface Document {
  name: string;
  type: string;
  displayName?: string;
  targetType?: string;
  defaultVersion: number;
  latestVersion: number;
  tags: Tags;
}

export const documents: Table<Document> = table<Document>('ssm/documents', (row) => row.name);

export interface DocumentVersion {
  name: string;
  version: number;
  versionName?: string;
  format: 'JSON' | 'YAML';
  content: string;
  createdAt: number;
  /** Until then it is being created. */
  activeAt: number;
}

export const documentVersions: Table<DocumentVersion> = table<DocumentVersion>(
  'ssm/document-versions',
  (row) => documentVersionKey(row.name, row.version),
);

export function documentVersionKey(name: string, version: number): string {
  return `${name}:${String(version).padStart(12, '0')}`;
}

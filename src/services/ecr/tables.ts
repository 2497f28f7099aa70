// Rows of ECR and the tables that keep them.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Tags } from '#cloud/tags.ts';

export type Mutability = 'MUTABLE' | 'IMMUTABLE' | 'MUTABLE_WITH_EXCLUSION' | 'IMMUTABLE_WITH_EXCLUSION';

export interface Repository {
  name: string;
  mutability: Mutability;
  /** Wildcards of the tags that are excepted. */
  exclusions: readonly string[];
  scanOnPush: boolean;
  encryption: { type: 'AES256' | 'KMS' | 'KMS_DSSE'; kmsKey?: string };
  /** Who may do what, as text. */
  policy?: string;
  /** Which images expire, as text. */
  lifecyclePolicy?: string;
  lifecycleEvaluatedAt?: number;
  tags: Tags;
  createdAt: number;
}

export const repositories: Table<Repository> = table<Repository>('ecr/repositories', (row) => row.name);

export interface Image {
  repository: string;
  /** `sha256:` and the digest of the manifest. */
  digest: string;
  manifest: string;
  mediaType: string;
  artifactType?: string;
  /** Digests of the images that a list of manifests names. */
  references: readonly string[];
  tags: readonly string[];
  sizeBytes: number;
  pushedAt: number;
  pulledAt?: number;
}

export const images: Table<Image> = table<Image>(
  'ecr/images',
  (row) => imageKey(row.repository, row.digest),
  { repository: (row) => row.repository },
);

export function imageKey(repository: string, digest: string): string {
  return `${repository}@${digest}`;
}

// Rows of IAM and the tables that keep them. Names are unique without regard to case, so that is how rows are keyed;
// references between rows are names and ARNs. Keys are known to the whole world: their rows belong to no account.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Principal } from '#cloud/principal.ts';
import type { Tags } from '#cloud/tags.ts';

/** What every kind of entity has. */
export interface Entity {
  name: string;
  id: string;
  path: string;
  arn: string;
  createdAt: number;
}

/** An entity that policies are put on. */
export interface Holder extends Entity {
  /** Texts of inline policies, by name. */
  inline: Readonly<Record<string, string>>;
  /** ARNs of managed policies, in the order in which they were attached. */
  attached: readonly string[];
}

export interface Role extends Holder {
  /** The trust policy's text. */
  trust: string;
  description?: string;
  maxSessionSeconds: number;
  boundaryArn?: string;
  tags: Tags;
  /** The service whose role this is; only that service may change it. */
  linkedTo?: string;
}

export interface User extends Holder {
  boundaryArn?: string;
  tags: Tags;
  /** Names of the groups that the user is in. */
  groups: readonly string[];
}

export type Group = Holder;

export interface InstanceProfile extends Entity {
  roleName?: string;
  tags: Tags;
}

export interface PolicyVersion {
  id: string;
  document: string;
  createdAt: number;
}

/** A customer managed policy. */
export interface ManagedPolicy extends Entity {
  description?: string;
  updatedAt: number;
  defaultVersionId: string;
  /** Oldest first. */
  versions: readonly PolicyVersion[];
  /** How many versions there ever were: numbers are not used again. */
  versionsMade: number;
  tags: Tags;
}

/** An OpenID Connect provider. */
export interface OidcProvider {
  arn: string;
  /** Without `https://`. */
  url: string;
  clientIds: readonly string[];
  thumbprints: readonly string[];
  tags: Tags;
  createdAt: number;
}

/** A long-term key of a user. */
export interface UserKey {
  accessKeyId: string;
  secret: string;
  account: string;
  userName: string;
  status: 'Active' | 'Inactive' | 'Expired';
  createdAt: number;
}

/** Temporary credentials. */
export interface Session {
  accessKeyId: string;
  secret: string;
  sessionToken: string;
  principal: Principal;
  expiresAt: number;
  /** Instance profile and instance, where the metadata service hands the credentials out. */
  machine?: string;
}

export interface AccountAlias {
  id: 'alias';
  alias: string;
}

export function keyOf(name: string): string {
  return name.toLowerCase();
}

const byName = (row: Entity): string => keyOf(row.name);

export const roles: Table<Role> = table<Role>('iam/roles', byName);
export const users: Table<User> = table<User>('iam/users', byName);
export const groups: Table<Group> = table<Group>('iam/groups', byName);
export const instanceProfiles: Table<InstanceProfile> = table<InstanceProfile>(
  'iam/instance-profiles',
  byName,
  { role: (row) => row.roleName },
);
export const oidcProviders: Table<OidcProvider> = table<OidcProvider>('iam/oidc-providers', (row) => row.arn);
export const managedPolicies: Table<ManagedPolicy> = table<ManagedPolicy>(
  'iam/managed-policies',
  (row) => row.arn,
  { name: byName },
);
export const userKeys: Table<UserKey> = table<UserKey>('iam/user-keys', (row) => row.accessKeyId, {
  user: (row) => `${row.account} ${row.userName}`,
});
export const sessions: Table<Session> = table<Session>('iam/sessions', (row) => row.accessKeyId, {
  machine: (row) => row.machine,
});
export const accountAliases: Table<AccountAlias> = table<AccountAlias>(
  'iam/account-aliases',
  (row) => row.id,
);

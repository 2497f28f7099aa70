// What operations on every kind of entity share: finding by name, unique names, tags, pages, and documents on the wire.

import type { Row, Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page, pageOf } from '#cloud/pagination.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { quotaExceeded, TAGS_QUOTA } from './quotas.ts';
import { groups, instanceProfiles, keyOf, roles, users } from './tables.ts';
import type { Entity, Group, InstanceProfile, Role, User } from './tables.ts';

export function noSuchEntity(message: string): Fault {
  return new Fault('NoSuchEntityException', message);
}

export function invalidInput(message: string): Fault {
  return new Fault('InvalidInputException', message);
}

export function deleteConflict(message: string): Fault {
  return new Fault('DeleteConflictException', message);
}

/** Names are unique without regard to case, and found only in their own. */
export function named<E extends Entity>(ctx: Ctx, rows: Table<E>, name: string): E | undefined {
  const found = ctx.get(rows, keyOf(name));
  return found?.name === name ? found : undefined;
}

export function roleOf(ctx: Ctx, name: string): Role {
  const role = named(ctx, roles, name);
  if (!role) throw noSuchEntity(`The role with name ${name} cannot be found.`);
  return role;
}

/** A role that its owner may change, as a service's own is not. */
export function changeableRole(ctx: Ctx, name: string): Role {
  const role = roleOf(ctx, name);
  if (role.linkedTo === undefined) return role;
  throw new Fault(
    'UnmodifiableEntityException',
    `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`,
  );
}

export function userOf(ctx: Ctx, name: string): User {
  const user = named(ctx, users, name);
  if (!user) throw noSuchEntity(`The user with name ${name} cannot be found.`);
  return user;
}

export function groupOf(ctx: Ctx, name: string): Group {
  const group = named(ctx, groups, name);
  if (!group) throw noSuchEntity(`The group with name ${name} cannot be found.`);
  return group;
}

export function profileOf(ctx: Ctx, name: string): InstanceProfile {
  const profile = named(ctx, instanceProfiles, name);
  if (!profile) throw noSuchEntity(`Instance Profile ${name} cannot be found.`);
  return profile;
}

/** Throws unless there is room for one more under a name that is free. */
export function checkNew(
  ctx: Ctx,
  rows: Table<Entity>,
  name: string,
  { taken, quota, what }: { taken: string; quota: number; what: string },
): void {
  if (ctx.get(rows, keyOf(name))) throw new Fault('EntityAlreadyExistsException', taken);
  if (ctx.scan(rows, { limit: quota }).length >= quota) throw quotaExceeded(what, quota);
}

// ---- Tags ----

type WireTags = readonly { Key: string; Value: string }[];

/** Keys of roles and users differ by more than case; those of policies and instance profiles need not. */
function checkTags(tags: WireTags, caseMatters: boolean): void {
  const keys = tags.map(({ Key }) => (caseMatters ? Key : Key.toLowerCase()));
  if (new Set(keys).size === keys.length) return;
  const hint = caseMatters ? '' : ' Please note that Tag keys are case insensitive.';
  throw invalidInput(`Duplicate tag keys found.${hint}`);
}

export function withTags(tags: Tags, added: WireTags = [], caseMatters: boolean = false): Tags {
  checkTags(added, caseMatters);
  const kept = caseMatters ? tags : removeTags(tags, sameKeys(tags, added));
  const merged = mergeTags(kept, added);
  if (Object.keys(merged).length > TAGS_QUOTA) throw quotaExceeded('TagsPerResource', TAGS_QUOTA);
  return merged;
}

/** Keys that are there already in another case: the new spelling takes their place. */
function sameKeys(tags: Tags, added: WireTags): string[] {
  const wanted = new Set(added.map(({ Key }) => Key.toLowerCase()));
  return Object.keys(tags).filter((key) => wanted.has(key.toLowerCase()));
}

/** `Tags`, where there are any: answers leave the member out otherwise. */
export function ownTags(tags: Tags): { Tags?: { Key: string; Value: string }[] } {
  const list = tagList(tags);
  return list.length > 0 ? { Tags: list } : {};
}

// ---- Pages ----

interface PageInput {
  Marker?: string | undefined;
  MaxItems?: number | undefined;
  PathPrefix?: string | undefined;
}

interface Truncation {
  IsTruncated: boolean;
  Marker?: string;
}

const PAGE_SIZE = 100;
const invalidMarker = (): Fault => new Fault('ValidationError', 'Invalid Marker.');

function truncation(next: string | undefined): Truncation {
  return next === undefined ? { IsTruncated: false } : { IsTruncated: true, Marker: next };
}

/** A page of a table, under a path. */
export function pageOfRows<R extends Row & { path: string }>(
  ctx: Ctx,
  rows: Table<R>,
  { Marker, MaxItems = PAGE_SIZE, PathPrefix = '/' }: PageInput,
): [R[], Truncation] {
  const where = PathPrefix === '/' ? {} : { where: (row: R) => row.path.startsWith(PathPrefix) };
  const found = page(ctx, rows, { token: Marker, limit: MaxItems, invalidToken: invalidMarker, ...where });
  return [found.rows, truncation(found.next)];
}

/** A page of a list that is in order. */
export function pageOfList<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  { Marker, MaxItems = PAGE_SIZE }: PageInput,
): [readonly T[], Truncation] {
  const found = pageOf(items, nameOf, { token: Marker, limit: MaxItems, invalidToken: invalidMarker });
  return [found.items, truncation(found.next)];
}

export function pageOfTags(
  tags: Tags,
  input: PageInput,
): Truncation & { Tags: readonly { Key: string; Value: string }[] } {
  const [shown, rest] = pageOfList(tagList(tags), ({ Key }) => Key, input);
  return { Tags: shown, ...rest };
}

// ---- Documents ----

/** Policy documents are URL-encoded in answers, as RFC 3986 says: each character that is not unreserved. */
export function encodeDocument(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

// With whom images and snapshots are shared. Others find them by their id, or in lists.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html,
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html

import { table } from '#world/index.ts';
import type { Row, Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { missing } from './requests.ts';

/** Everybody. */
const ALL = 'all';

/** Kept for the whole world, since those with whom something is shared have rows of their own. */
interface Share {
  resourceId: string;
  region: string;
  owner: string;
  /** Accounts, or `all`, in the order in which they were added. */
  with: readonly string[];
}
export const shares: Table<Share> = table<Share>('ec2/shares', (row) => row.resourceId, {
  region: (row) => row.region,
});

/** Accounts with which a resource is shared, and `all`. */
export function sharedWith(ctx: Ctx, resourceId: string): readonly string[] {
  return ctx.everywhere.get(shares, resourceId)?.with ?? [];
}

export function isPublic(ctx: Ctx, resourceId: string): boolean {
  return sharedWith(ctx, resourceId).includes(ALL);
}

export function share(ctx: Ctx, resourceId: string, withWhom: readonly string[]): void {
  const { everywhere, region, account: owner } = ctx;
  if (withWhom.length > 0) everywhere.put(shares, { resourceId, region, owner, with: withWhom });
  else if (everywhere.get(shares, resourceId)) everywhere.delete(shares, resourceId);
}

const reaches = (found: Share, account: string): boolean =>
  found.owner !== account && (found.with.includes(ALL) || found.with.includes(account));

/** Another account's row, if it is shared with this one. */
export function sharedRow<R extends Row>(ctx: Ctx, rows: Table<R>, id: string): R | undefined {
  const found = ctx.everywhere.get(shares, id);
  if (!found || found.region !== ctx.region || !reaches(found, ctx.account)) return undefined;
  return ctx.in({ account: found.owner }).get(rows, id);
}

/** All that other accounts share with this one. */
export function sharedRows<R extends Row>(ctx: Ctx, rows: Table<R>): R[] {
  const found = ctx.everywhere.list(shares, 'region', ctx.region).filter((one) => reaches(one, ctx.account));
  return found.flatMap(({ owner, resourceId }) => {
    const row = ctx.in({ account: owner }).get(rows, resourceId);
    return row ? [row] : [];
  });
}

interface Permission {
  readonly Group?: string | undefined;
  readonly UserId?: string | undefined;
}

/** The two ways in which EC2 lets a request say what changes. */
export interface PermissionChange {
  readonly OperationType?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly UserIds?: readonly string[] | undefined;
  readonly changes?:
    | { readonly Add?: readonly Permission[]; readonly Remove?: readonly Permission[] }
    | undefined;
}

/** Changes with whom a resource is shared. */
export function changeSharing(ctx: Ctx, resourceId: string, change: PermissionChange): void {
  const { OperationType, groups = [], UserIds = [], changes = {} } = change;
  const listed: Permission[] = [
    ...groups.map((Group) => ({ Group })),
    ...UserIds.map((UserId) => ({ UserId })),
  ];
  if (listed.length > 0 && OperationType === undefined) throw missing('OperationType');
  const added = [...(OperationType === 'add' ? listed : []), ...(changes.Add ?? [])].map(whom);
  const removed = [...(OperationType === 'remove' ? listed : []), ...(changes.Remove ?? [])].map(whom);
  const next = [...new Set([...sharedWith(ctx, resourceId), ...added])];
  share(
    ctx,
    resourceId,
    next.filter((one) => !removed.includes(one)),
  );
}

/** An account by its twelve digits, or the group of all. */
function whom({ Group, UserId = '' }: Permission): string {
  if (Group !== undefined && Group !== ALL) throw invalidItem(Group, 'userGroup');
  if (Group === undefined && !/^\d{12}$/.test(UserId)) throw invalidItem(UserId, 'userId');
  return Group ?? UserId;
}

/** EC2 says AMI of snapshots too. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
function invalidItem(value: string, parameter: string): Fault {
  const text = `Invalid attribute item value "${value}" for ${parameter} item type.`;
  return new Fault('InvalidAMIAttributeItemValue', text);
}

/** As launch and create-volume permissions show it. */
export function permissionsShown(ctx: Ctx, resourceId: string): ({ Group: 'all' } | { UserId: string })[] {
  return sharedWith(ctx, resourceId).map((one) => (one === ALL ? { Group: ALL } : { UserId: one }));
}

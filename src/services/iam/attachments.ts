// Policies on roles, users and groups: inline ones, and attachments of managed ones. One way for all three.

import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Operations } from '#cloud/service.ts';
import { isAttachable, isPolicyArn, policyName } from './documents.ts';
import {
  changeableRole,
  encodeDocument,
  groupOf,
  noSuchEntity,
  pageOfList,
  roleOf,
  userOf,
} from './entities.ts';
import { quotaExceeded, QUOTAS, sizeOf } from './quotas.ts';
import { groups, roles, users } from './tables.ts';
import type { Holder } from './tables.ts';

/** How one kind of entity holds policies. */
interface Kind {
  readonly noun: 'role' | 'user' | 'group';
  readonly rows: Table<Holder>;
  /** To read, and to change. */
  readonly find: (ctx: Ctx, name: string) => Holder;
  readonly change: (ctx: Ctx, name: string) => Holder;
  /** All inline policies together. */
  readonly sizeQuota: number;
  readonly attachedQuota: number;
  readonly attachedWhat: string;
}

const ofRoles: Kind = {
  noun: 'role',
  rows: roles as Table<Holder>,
  find: roleOf,
  change: changeableRole,
  sizeQuota: QUOTAS.RolePolicySizeQuota,
  attachedQuota: QUOTAS.AttachedPoliciesPerRoleQuota,
  attachedWhat: 'PoliciesPerRole',
};
const ofUsers: Kind = {
  noun: 'user',
  rows: users as Table<Holder>,
  find: userOf,
  change: userOf,
  sizeQuota: QUOTAS.UserPolicySizeQuota,
  attachedQuota: QUOTAS.AttachedPoliciesPerUserQuota,
  attachedWhat: 'PoliciesPerUser',
};
const ofGroups: Kind = {
  noun: 'group',
  rows: groups,
  find: groupOf,
  change: groupOf,
  sizeQuota: QUOTAS.GroupPolicySizeQuota,
  attachedQuota: QUOTAS.AttachedPoliciesPerGroupQuota,
  attachedWhat: 'PoliciesPerGroup',
};

// ---- Inline ----

function put(ctx: Ctx, kind: Kind, holderName: string, name: string, document: string): void {
  const holder = kind.change(ctx, holderName);
  parsePolicy(document, 'identity', 'MalformedPolicyDocumentException');
  const inline = { ...holder.inline, [name]: document };
  const size = Object.values(inline).reduce((sum, text) => sum + sizeOf(text), 0);
  if (size > kind.sizeQuota) {
    throw new Fault(
      'LimitExceededException',
      `Maximum policy size of ${kind.sizeQuota} bytes exceeded for ${kind.noun} ${holderName}`,
    );
  }
  ctx.update(kind.rows, holder, { inline });
}

function inlineOf(kind: Kind, holder: Holder, name: string): string {
  const document = Object.hasOwn(holder.inline, name) ? holder.inline[name] : undefined;
  if (document === undefined)
    throw noSuchEntity(`The ${kind.noun} policy with name ${name} cannot be found.`);
  return document;
}

function get(
  ctx: Ctx,
  kind: Kind,
  holderName: string,
  name: string,
): { PolicyName: string; PolicyDocument: string } {
  const document = inlineOf(kind, kind.find(ctx, holderName), name);
  return { PolicyName: name, PolicyDocument: encodeDocument(document) };
}

function remove(ctx: Ctx, kind: Kind, holderName: string, name: string): void {
  const holder = kind.change(ctx, holderName);
  inlineOf(kind, holder, name);
  const { [name]: _, ...inline } = holder.inline;
  ctx.update(kind.rows, holder, { inline });
}

interface ListInput {
  Marker?: string | undefined;
  MaxItems?: number | undefined;
  PathPrefix?: string | undefined;
}

type ListedNames = { PolicyNames: readonly string[]; IsTruncated: boolean; Marker?: string };

function list(ctx: Ctx, kind: Kind, holderName: string, input: ListInput): ListedNames {
  const names = Object.keys(kind.find(ctx, holderName).inline).toSorted();
  const [shown, rest] = pageOfList(names, (name) => name, input);
  return { PolicyNames: shown, ...rest };
}

// ---- Managed ----

function attach(ctx: Ctx, kind: Kind, holderName: string, arn: string): void {
  // In these words, with both spaces (recorded: test_role_attach_policy of LocalStack's tests).
  if (!arn.startsWith('arn:')) throw new Fault('ValidationError', 'Invalid ARN:  Could not be parsed!');
  if (!isPolicyArn(arn)) throw new Fault('ValidationError', `ARN ${arn} is not valid.`);
  const holder = kind.change(ctx, holderName);
  if (!isAttachable(ctx, arn)) throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
  if (arn.includes(':policy/aws-service-role/')) {
    throw new Fault(
      'PolicyNotAttachableException',
      'Cannot attach a Service Role Policy to a Customer Role.',
    );
  }
  if (holder.attached.includes(arn)) return; // Attaching twice is attaching once.
  if (holder.attached.length >= kind.attachedQuota)
    throw quotaExceeded(kind.attachedWhat, kind.attachedQuota);
  ctx.update(kind.rows, holder, { attached: [...holder.attached, arn] });
}

function detach(ctx: Ctx, kind: Kind, holderName: string, arn: string): void {
  if (!isPolicyArn(arn)) throw new Fault('ValidationError', `ARN ${arn} is not valid.`);
  const holder = kind.change(ctx, holderName);
  if (!holder.attached.includes(arn)) throw noSuchEntity(`Policy ${arn} was not found.`);
  ctx.update(kind.rows, holder, { attached: holder.attached.filter((other) => other !== arn) });
}

type ListedPolicies = {
  AttachedPolicies: readonly { PolicyName: string; PolicyArn: string }[];
  IsTruncated: boolean;
  Marker?: string;
};

function listAttached(ctx: Ctx, kind: Kind, holderName: string, input: ListInput): ListedPolicies {
  const path = input.PathPrefix ?? '/';
  const attached = kind
    .find(ctx, holderName)
    .attached.filter((arn) => arn.slice(arn.indexOf('/')).startsWith(path));
  const [shown, rest] = pageOfList(attached, (arn) => arn, input);
  const AttachedPolicies = shown.map((arn) => ({ PolicyName: policyName(arn), PolicyArn: arn }));
  return { AttachedPolicies, ...rest };
}

export type Usage = 'PermissionsPolicy' | 'PermissionsBoundary';

/** One use of a managed policy in the account. */
export interface PolicyUse {
  readonly arn: string;
  readonly usage: Usage;
  readonly noun: Kind['noun'];
  readonly holder: Holder;
}

/** All uses of managed policies in the account. */
export function policyUses(ctx: Ctx): PolicyUse[] {
  return [ofGroups, ofUsers, ofRoles].flatMap(({ noun, rows }) =>
    ctx.list(rows).flatMap((holder: Holder & { boundaryArn?: string }) => {
      const { attached, boundaryArn } = holder;
      const found: PolicyUse[] = attached.map((arn) => ({ arn, usage: 'PermissionsPolicy', noun, holder }));
      if (boundaryArn !== undefined)
        found.push({ arn: boundaryArn, usage: 'PermissionsBoundary', noun, holder });
      return found;
    }),
  );
}

/** Throws unless nothing is left on an entity that keeps it from being deleted. */
export function checkBare({ inline, attached }: Holder): void {
  const conflict = (what: string): Fault =>
    new Fault('DeleteConflictException', `Cannot delete entity, must ${what} first.`);
  if (attached.length > 0) throw conflict('detach all policies');
  if (Object.keys(inline).length > 0) throw conflict('delete policies');
}

export const attachmentOperations: Operations<'iam'> = {
  PutRolePolicy: (ctx, { RoleName, PolicyName, PolicyDocument }) => {
    put(ctx, ofRoles, RoleName, PolicyName, PolicyDocument);
  },
  PutUserPolicy: (ctx, { UserName, PolicyName, PolicyDocument }) => {
    put(ctx, ofUsers, UserName, PolicyName, PolicyDocument);
  },
  PutGroupPolicy: (ctx, { GroupName, PolicyName, PolicyDocument }) => {
    put(ctx, ofGroups, GroupName, PolicyName, PolicyDocument);
  },
  GetRolePolicy: (ctx, { RoleName, PolicyName }) => ({
    RoleName,
    ...get(ctx, ofRoles, RoleName, PolicyName),
  }),
  GetUserPolicy: (ctx, { UserName, PolicyName }) => ({
    UserName,
    ...get(ctx, ofUsers, UserName, PolicyName),
  }),
  GetGroupPolicy: (ctx, { GroupName, PolicyName }) => ({
    GroupName,
    ...get(ctx, ofGroups, GroupName, PolicyName),
  }),
  DeleteRolePolicy: (ctx, { RoleName, PolicyName }) => remove(ctx, ofRoles, RoleName, PolicyName),
  DeleteUserPolicy: (ctx, { UserName, PolicyName }) => remove(ctx, ofUsers, UserName, PolicyName),
  DeleteGroupPolicy: (ctx, { GroupName, PolicyName }) => remove(ctx, ofGroups, GroupName, PolicyName),
  ListRolePolicies: (ctx, { RoleName, ...input }) => list(ctx, ofRoles, RoleName, input),
  ListUserPolicies: (ctx, { UserName, ...input }) => list(ctx, ofUsers, UserName, input),
  ListGroupPolicies: (ctx, { GroupName, ...input }) => list(ctx, ofGroups, GroupName, input),

  AttachRolePolicy: (ctx, { RoleName, PolicyArn }) => attach(ctx, ofRoles, RoleName, PolicyArn),
  AttachUserPolicy: (ctx, { UserName, PolicyArn }) => attach(ctx, ofUsers, UserName, PolicyArn),
  AttachGroupPolicy: (ctx, { GroupName, PolicyArn }) => attach(ctx, ofGroups, GroupName, PolicyArn),
  DetachRolePolicy: (ctx, { RoleName, PolicyArn }) => detach(ctx, ofRoles, RoleName, PolicyArn),
  DetachUserPolicy: (ctx, { UserName, PolicyArn }) => detach(ctx, ofUsers, UserName, PolicyArn),
  DetachGroupPolicy: (ctx, { GroupName, PolicyArn }) => detach(ctx, ofGroups, GroupName, PolicyArn),
  ListAttachedRolePolicies: (ctx, { RoleName, ...input }) => listAttached(ctx, ofRoles, RoleName, input),
  ListAttachedUserPolicies: (ctx, { UserName, ...input }) => listAttached(ctx, ofUsers, UserName, input),
  ListAttachedGroupPolicies: (ctx, { GroupName, ...input }) => listAttached(ctx, ofGroups, GroupName, input),
};

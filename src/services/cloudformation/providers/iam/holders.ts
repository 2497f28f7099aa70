// What holds policies: roles, users and groups. Inline policies and attachments change in the same way on each.

import { resources } from '../../rows.ts';
import type { Resource } from '../../rows.ts';
import { documentLike, documentText, without } from '../policy-document.ts';
import type { Json, TypeName, Value, Work } from '../provider.ts';

export interface InlinePolicy {
  readonly PolicyName: string;
  readonly PolicyDocument: Json;
}

/** The properties that say which policies are held. */
export interface Held {
  readonly Policies?: readonly InlinePolicy[] | undefined;
  readonly ManagedPolicyArns?: readonly string[] | undefined;
}

/** One role, user or group, and how its policies are changed. What is gone already may be taken away again. */
export interface Holder {
  /** Where a managed policy's resource names such holders. */
  readonly list: 'Roles' | 'Users' | 'Groups';
  readonly name: string;
  put(name: string, document: Json): void;
  /** The text of an inline policy; nothing where it or its holder is gone. */
  get(name: string): string | undefined;
  remove(name: string): void;
  attach(arn: string): void;
  detach(arn: string): void;
  attached(): string[];
}

const arnsOf = (
  found: { AttachedPolicies?: readonly { PolicyArn?: string | undefined }[] | undefined } | undefined,
): string[] => (found?.AttachedPolicies ?? []).map(({ PolicyArn = '' }) => PolicyArn);

const textOf = (found: { PolicyDocument: string } | undefined): string | undefined =>
  found && decodeURIComponent(found.PolicyDocument);

export function roleHolder<T extends TypeName>(work: Work<T>, RoleName: string): Holder {
  return {
    list: 'Roles',
    name: RoleName,
    put: (PolicyName, document) =>
      work.call('iam', 'PutRolePolicy', { RoleName, PolicyName, PolicyDocument: documentText(document) }),
    get: (PolicyName) => textOf(work.find('iam', 'GetRolePolicy', { RoleName, PolicyName })),
    remove: (PolicyName) => work.find('iam', 'DeleteRolePolicy', { RoleName, PolicyName }),
    attach: (PolicyArn) => work.call('iam', 'AttachRolePolicy', { RoleName, PolicyArn }),
    detach: (PolicyArn) => work.find('iam', 'DetachRolePolicy', { RoleName, PolicyArn }),
    attached: () => arnsOf(work.find('iam', 'ListAttachedRolePolicies', { RoleName })),
  };
}

export function userHolder<T extends TypeName>(work: Work<T>, UserName: string): Holder {
  return {
    list: 'Users',
    name: UserName,
    put: (PolicyName, document) =>
      work.call('iam', 'PutUserPolicy', { UserName, PolicyName, PolicyDocument: documentText(document) }),
    get: (PolicyName) => textOf(work.find('iam', 'GetUserPolicy', { UserName, PolicyName })),
    remove: (PolicyName) => work.find('iam', 'DeleteUserPolicy', { UserName, PolicyName }),
    attach: (PolicyArn) => work.call('iam', 'AttachUserPolicy', { UserName, PolicyArn }),
    detach: (PolicyArn) => work.find('iam', 'DetachUserPolicy', { UserName, PolicyArn }),
    attached: () => arnsOf(work.find('iam', 'ListAttachedUserPolicies', { UserName })),
  };
}

export function groupHolder<T extends TypeName>(work: Work<T>, GroupName: string): Holder {
  return {
    list: 'Groups',
    name: GroupName,
    put: (PolicyName, document) =>
      work.call('iam', 'PutGroupPolicy', { GroupName, PolicyName, PolicyDocument: documentText(document) }),
    get: (PolicyName) => textOf(work.find('iam', 'GetGroupPolicy', { GroupName, PolicyName })),
    remove: (PolicyName) => work.find('iam', 'DeleteGroupPolicy', { GroupName, PolicyName }),
    attach: (PolicyArn) => work.call('iam', 'AttachGroupPolicy', { GroupName, PolicyArn }),
    detach: (PolicyArn) => work.find('iam', 'DetachGroupPolicy', { GroupName, PolicyArn }),
    attached: () => arnsOf(work.find('iam', 'ListAttachedGroupPolicies', { GroupName })),
  };
}

/** Makes a holder's policies what the properties say. What nobody but others gave it stays. */
export function hold(holder: Holder, after: Held, before: Held = {}): void {
  const names = (after.Policies ?? []).map(({ PolicyName }) => PolicyName);
  const namesBefore = (before.Policies ?? []).map(({ PolicyName }) => PolicyName);
  for (const name of without(namesBefore, names)) holder.remove(name);
  for (const arn of without(before.ManagedPolicyArns, after.ManagedPolicyArns)) holder.detach(arn);
  for (const arn of without(after.ManagedPolicyArns, before.ManagedPolicyArns)) holder.attach(arn);
  for (const policy of after.Policies ?? []) {
    const known = before.Policies?.find(({ PolicyName }) => PolicyName === policy.PolicyName);
    if (JSON.stringify(known) === JSON.stringify(policy)) continue;
    holder.put(policy.PolicyName, policy.PolicyDocument);
  }
}

/**
 * What is held now, as far as the properties name it. Attachments by others count too, but not those by managed policies of the
 * same stack: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
 */
export function heldNow<T extends TypeName>(
  work: Work<T>,
  holder: Holder,
  given: Held,
): Record<string, Json> {
  const policies = (given.Policies ?? []).flatMap(({ PolicyName, PolicyDocument }) => {
    const text = holder.get(PolicyName);
    return text === undefined ? [] : [{ PolicyName, PolicyDocument: documentLike(PolicyDocument, text) }];
  });
  const byStack = rowsOf(work, 'AWS::IAM::ManagedPolicy')
    .filter(({ properties }) => namesIn(properties[holder.list]).includes(holder.name))
    .map(({ physicalId = '' }) => physicalId);
  const attached = without(holder.attached(), without(byStack, given.ManagedPolicyArns));
  return {
    ...(given.Policies && { Policies: policies }),
    ...(given.ManagedPolicyArns && { ManagedPolicyArns: inOrderOf(given.ManagedPolicyArns, attached) }),
  };
}

/** Resources of one type in the stack. */
export function rowsOf<T extends TypeName>({ ctx, stack }: Work<T>, type: TypeName): Resource[] {
  return ctx.scan(resources, { prefix: `${stack.id} ` }).filter((row) => row.type === type);
}

/** Names in a property that is a list of them. */
export function namesIn(value: Value | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

/** The same items, those that are known in the order of the template. */
export function inOrderOf(given: readonly string[], found: readonly string[]): string[] {
  return [...given.filter((item) => found.includes(item)), ...without(found, given)];
}

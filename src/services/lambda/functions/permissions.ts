// Resource policies: who may invoke a function, a version or an alias of it.
// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Policy } from '#cloud/iam/policy.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { sessions } from '#cloud/ports/identity.ts';
import type { Operations } from '#cloud/service.ts';
import {
  conflict,
  invalid,
  named,
  notFound,
  policyTargetOf,
  qualifiedArn,
  staleRevision,
  USER,
} from '../names.ts';
import type { Named, Target } from '../names.ts';
import { aliases, functions, LATEST, newRevision, versions } from '../rows.ts';

export interface Statement {
  readonly Sid: string;
  readonly [member: string]: unknown;
}

/** The policy of one ARN: versions and aliases have policies of their own, and so have versions of layers. */
export interface FunctionPolicy {
  arn: string;
  statements: readonly Statement[];
  revisionId: string;
}
export const policies: Table<FunctionPolicy> = table<FunctionPolicy>('lambda/policies', (row) => row.arn);

/** Bytes; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const LARGEST_POLICY = 20_480;

export function documentOf({ statements }: Pick<FunctionPolicy, 'statements'>): string {
  return JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: statements });
}

/** The policy that decides about a function's ARN. `$LATEST` named outright is the function itself. */
export function policyOf(ctx: Ctx, arn: string): Policy | undefined {
  const [, , service, region = '', account = ''] = arn.split(':');
  if (service !== 'lambda') return undefined;
  const found = ctx.in({ region, account }).get(policies, arn.replace(`:${LATEST}`, ''));
  return found && parsePolicy(documentOf(found), 'resource');
}

/** Forgets the policy of an ARN and, for a function's, those of its versions and aliases. */
export function forgetPolicies(owner: Ctx, arn: string): void {
  for (const row of owner.scan(policies, { prefix: arn })) {
    if (row.arn === arn || row.arn.startsWith(`${arn}:`)) owner.delete(policies, row.arn);
  }
}

type Principal = string | { Service: string } | { AWS: string };

export function principalOf(ctx: Ctx, given: string): Principal {
  if (given === '*') return '*';
  if (/^\d{12}$/.test(given)) return { AWS: `arn:aws:iam::${given}:root` };
  if (given.startsWith('arn:aws:iam::') && exists(ctx, given)) return { AWS: given };
  // As AWS, takes any host of its own for a service.
  if (/^[a-z0-9.-]+\.amazon(?:aws)?\.com$/.test(given)) return { Service: given };
  throw invalid('The provided principal was invalid. Please check the principal and try again.');
}

/** Only roles can be looked up; accounts all exist, and users are believed. */
function exists(ctx: Ctx, arn: string): boolean {
  return !arn.includes(':role/') || ctx.port(sessions).role(ctx, arn) !== undefined;
}

function statementOf(ctx: Ctx, of: Named, given: Input<'lambda', 'AddPermission'>): Statement {
  const { StatementId, Action, SourceAccount, PrincipalOrgID, SourceArn } = given;
  const equals = {
    ...(SourceAccount === undefined ? {} : { 'AWS:SourceAccount': SourceAccount }),
    ...(PrincipalOrgID === undefined ? {} : { 'aws:PrincipalOrgID': PrincipalOrgID }),
  };
  const condition = {
    ...(Object.keys(equals).length > 0 ? { StringEquals: equals } : {}),
    ...(SourceArn === undefined ? {} : { ArnLike: { 'AWS:SourceArn': SourceArn } }),
  };
  return {
    Sid: StatementId,
    Effect: 'Allow',
    Principal: principalOf(ctx, given.Principal),
    Action,
    Resource: qualifiedArn(of),
    ...(Object.keys(condition).length > 0 ? { Condition: condition } : {}),
  };
}

/** With a policy its own revision counts, without one that of what it is to be of. */
function checkRevision(known: FunctionPolicy | undefined, { version, alias }: Target, given?: string): void {
  if (given === undefined) return;
  const current = known?.revisionId ?? alias?.revisionId ?? version.revisionId;
  if (given !== current) throw staleRevision(known ? 'GetPolicy' : undefined);
}

/** A change of a policy is a new revision of the function, version or alias too. */
function stored(owner: Ctx, { version, alias }: Target, policy: Omit<FunctionPolicy, 'revisionId'>): void {
  const revisionId = newRevision(owner);
  if (alias) owner.update(aliases, alias, { revisionId });
  else owner.update(versions, version, { revisionId });
  if (policy.statements.length > 0) owner.put(policies, { ...policy, revisionId });
  else owner.delete(policies, policy.arn);
}

/** The statements with one more. */
export function added(before: readonly Statement[], statement: Statement): readonly Statement[] {
  if (before.some(({ Sid }) => Sid === statement.Sid)) {
    throw conflict(
      `The statement id (${statement.Sid}) provided already exists. ` +
        'Please provide a new statement id, or remove the existing statement.',
    );
  }
  const statements = [...before, statement];
  const size = documentOf({ statements }).length;
  if (size <= LARGEST_POLICY) return statements;
  throw new Fault(
    'PolicyLengthExceededException',
    `The final policy size (${size}) is bigger than the limit (${LARGEST_POLICY}).`,
    USER,
  );
}

/** The statements but one. */
export function without(before: readonly Statement[], id: string): readonly Statement[] {
  const statements = before.filter(({ Sid }) => Sid !== id);
  if (statements.length < before.length) return statements;
  throw notFound(`Statement ${id} is not found in resource policy.`);
}

export const permissionOperations: Operations<'lambda'> = {
  AddPermission(ctx, input) {
    const of = named(ctx, input.FunctionName, input.Qualifier);
    if (of.qualifier === LATEST) throw invalid('We currently do not support adding policies for $LATEST.');
    const statement = statementOf(ctx, of, input);
    const target = policyTargetOf(of);
    const arn = qualifiedArn(of);
    const known = of.owner.get(policies, arn);
    checkRevision(known, target, input.RevisionId);
    stored(of.owner, target, { arn, statements: added(known?.statements ?? [], statement) });
    return { Statement: JSON.stringify(statement) };
  },

  RemovePermission(ctx, { FunctionName, StatementId, Qualifier, RevisionId }) {
    const of = named(ctx, FunctionName, Qualifier);
    const { owner } = of;
    if (!owner.get(functions, of.name)) throw notFound(`No policy found for: ${qualifiedArn(of)}`);
    const target = policyTargetOf(of);
    const policy = owner.get(policies, qualifiedArn(of));
    if (!policy) throw notFound('No policy is associated with the given resource.');
    const statements = without(policy.statements, StatementId);
    checkRevision(policy, target, RevisionId);
    stored(owner, target, { arn: policy.arn, statements });
  },

  GetPolicy(ctx, { FunctionName, Qualifier }) {
    const of = named(ctx, FunctionName, Qualifier);
    const policy = of.owner.get(policies, qualifiedArn(of));
    if (!policy) throw notFound('The resource you requested does not exist.');
    return { Policy: documentOf(policy), RevisionId: policy.revisionId };
  },
};

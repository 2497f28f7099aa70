// Resource policies of an account: they let AWS services write to its log groups.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Policy } from '#cloud/iam/policy.ts';
import type { Output } from '#cloud/contracts.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidParameter, invalidToken, PAGE_SIZE } from './log-group.ts';

interface ResourcePolicy {
  name: string;
  document: string;
  updatedAt: number;
}

export const resourcePolicies: Table<ResourcePolicy> = table<ResourcePolicy>(
  'logs/resource-policies',
  (row) => row.name,
);

const MOST_POLICIES = 10;

/** All policies of the account that owns a resource, as one. */
export function policyFor(ctx: Ctx, resourceArn: string): Policy | undefined {
  const [, , , region, account] = resourceArn.split(':');
  if (!region || !account) return undefined;
  const rows = ctx.in({ region, account }).list(resourcePolicies);
  if (rows.length === 0) return undefined;
  const policies = rows.map(({ document }) => parsePolicy(document, 'resource'));
  return { kind: 'resource', id: undefined, statements: policies.flatMap(({ statements }) => statements) };
}

type Described = NonNullable<Output<'logs', 'DescribeResourcePolicies'>['resourcePolicies']>[number];

function described({ name, document, updatedAt }: ResourcePolicy): Described {
  return { policyName: name, policyDocument: document, lastUpdatedTime: updatedAt, policyScope: 'ACCOUNT' };
}

export const resourcePolicyOperations: Operations<'logs'> = {
  PutResourcePolicy(ctx, { policyName, policyDocument }) {
    if (policyName === undefined || policyDocument === undefined)
      throw invalidParameter('policyName and policyDocument are required.');
    parsePolicy(policyDocument, 'resource', 'InvalidParameterException');
    if (!ctx.get(resourcePolicies, policyName) && ctx.list(resourcePolicies).length >= MOST_POLICIES)
      throw new Fault('LimitExceededException', 'Resource limit exceeded.');
    const row = { name: policyName, document: policyDocument, updatedAt: ctx.now };
    ctx.put(resourcePolicies, row);
    return { resourcePolicy: described(row) };
  },

  DescribeResourcePolicies(ctx, { policyScope = 'ACCOUNT', nextToken, limit = PAGE_SIZE }) {
    if (policyScope !== 'ACCOUNT') return { resourcePolicies: [] };
    const { rows, next } = page(ctx, resourcePolicies, { token: nextToken, limit, invalidToken });
    return { resourcePolicies: rows.map(described), nextToken: next };
  },

  DeleteResourcePolicy(ctx, { policyName = '' }) {
    if (!ctx.get(resourcePolicies, policyName)) {
      throw new Fault('ResourceNotFoundException', `Policy with name [${policyName}] does not exist.`);
    }
    ctx.delete(resourcePolicies, policyName);
  },
};

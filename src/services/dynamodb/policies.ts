// Policies of tables, which let other accounts in.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/access-control-resource-based.html

import { Fault } from '#contract/fault.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Operations } from '#cloud/service.ts';
import { invalid } from './faults.ts';
import { tables } from './rows.ts';
import type { TableRow } from './rows.ts';
import { tableByResource } from './table.ts';

const LONGEST = 20 * 1024;
/** As `ExpectedRevisionId`: only if there is no policy yet. */
const NONE = 'NO_POLICY';

/** Returns the text, or throws where it is no policy. */
export function checkPolicy(text: string): string {
  if (text.length > LONGEST) throw invalid('Resource policy size exceeds the limit of 20 KB');
  try {
    parsePolicy(text, 'resource');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw invalid(`Invalid policy document: ${error.message}`);
  }
  return text;
}

function checkRevision({ policy }: TableRow, expected: string | undefined): void {
  if (expected === undefined || expected === (policy?.revision ?? NONE)) return;
  throw new Fault(
    'PolicyNotFoundException',
    'The resource policy with the specified revision ID was not found',
  );
}

export const policyOperations: Operations<'dynamodb'> = {
  PutResourcePolicy(ctx, { ResourceArn, Policy, ExpectedRevisionId }) {
    const { home, table } = tableByResource(ctx, ResourceArn);
    const text = checkPolicy(Policy);
    checkRevision(table, ExpectedRevisionId);
    const revision = table.policy?.text === text ? table.policy.revision : home.uuid('policy');
    home.update(tables, table, { policy: { text, revision } });
    return { RevisionId: revision };
  },

  GetResourcePolicy(ctx, { ResourceArn }) {
    const { policy } = tableByResource(ctx, ResourceArn).table;
    if (!policy)
      throw new Fault(
        'PolicyNotFoundException',
        `Resource-based policy not found for the provided ResourceArn: ${ResourceArn}`,
      );
    return { Policy: policy.text, RevisionId: policy.revision };
  },

  /** Deleting what is not there succeeds, without a revision. */
  DeleteResourcePolicy(ctx, { ResourceArn, ExpectedRevisionId }) {
    const { home, table } = tableByResource(ctx, ResourceArn);
    checkRevision(table, ExpectedRevisionId);
    const { policy, ...rest } = table;
    if (!policy) return {};
    home.put(tables, rest);
    return { RevisionId: policy.revision };
  },
};

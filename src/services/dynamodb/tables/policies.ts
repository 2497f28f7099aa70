// Policies of tables, which let other accounts in.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/access-control-resource-based.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Operations } from '#cloud/service.ts';
import { invalid, noTable } from '../faults.ts';
import { tables } from '../rows.ts';
import type { TableRow } from '../rows.ts';
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

function noPolicy(what: string): Fault {
  return new Fault(
    'PolicyNotFoundException',
    `Resource-based policy not found for the provided ResourceArn: ${what}`,
  );
}

/** The time that it was put (ms), and always later than the one before. */
export function nextRevision(home: Ctx, table?: TableRow): string {
  const before = Number(table?.policy?.revision);
  return String(before >= home.now ? before + 1 : home.now);
}

function checkRevision({ name, policy }: TableRow, expected: string | undefined): void {
  if (expected === undefined || expected === (policy?.revision ?? NONE)) return;
  const wanted =
    expected === NONE
      ? `Requested policy update expecting none to be present for table ${name}, but a policy exists with revision id ${policy?.revision}.`
      : `Requested update for policy with revision id ${expected}, but ${policy ? `the policy associated to target table ${name} has revision id ${policy.revision}.` : `no policy is associated to target table ${name}.`}`;
  throw noPolicy(wanted);
}

export const policyOperations: Operations<'dynamodb'> = {
  PutResourcePolicy(ctx, { ResourceArn, Policy, ExpectedRevisionId }) {
    const { home, table } = tableByResource(ctx, ResourceArn, noTable);
    const text = checkPolicy(Policy);
    checkRevision(table, ExpectedRevisionId);
    const revision = table.policy?.text === text ? table.policy.revision : nextRevision(home, table);
    home.update(tables, table, { policy: { text, revision } });
    return { RevisionId: revision };
  },

  GetResourcePolicy(ctx, { ResourceArn }) {
    const { policy } = tableByResource(ctx, ResourceArn, noTable).table;
    if (!policy) throw noPolicy(ResourceArn);
    return { Policy: policy.text, RevisionId: policy.revision };
  },

  /** Deleting what is not there succeeds, without a revision. */
  DeleteResourcePolicy(ctx, { ResourceArn, ExpectedRevisionId }) {
    const { home, table } = tableByResource(ctx, ResourceArn, noTable);
    checkRevision(table, ExpectedRevisionId);
    const { policy, ...rest } = table;
    if (!policy) return {};
    home.put(tables, rest);
    return { RevisionId: policy.revision };
  },
};

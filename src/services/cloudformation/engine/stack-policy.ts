// Stack policies: which resources an update may change, replace or delete.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html

import { fitsWildcards, MANY } from '#cloud/wildcards.ts';
import type { Stack } from '../rows.ts';

export type PolicyAction = 'Update:Modify' | 'Update:Replace' | 'Update:Delete';

interface Statement {
  readonly Effect?: string;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Why an update may not do something to a resource, or nothing where it may. A deletion of the stack is not asked about. */
export function policyDenial(
  stack: Stack,
  logicalId: string,
  type: string,
  action: PolicyAction,
): string | undefined {
  const text = stack.operation?.policy ?? stack.policy;
  if (text === undefined || stack.operation?.kind !== 'update') return undefined;
  const { Statement: given = [] } = JSON.parse(text) as { Statement?: Statement | readonly Statement[] };
  const statements: readonly Statement[] = Array.isArray(given) ? given : [given as Statement];
  const resource = `LogicalResourceId/${logicalId}`;
  const matching = statements
    .map((statement, index) => ({ statement, number: index + 1 }))
    .filter(({ statement }) => matches(statement, resource, type, action));
  const denying = matching.find(({ statement }) => statement.Effect === 'Deny');
  if (!denying && matching.some(({ statement }) => statement.Effect === 'Allow')) return undefined;
  const why = denying
    ? `Statement [#${denying.number}] does not allow [${action}]`
    : `no statement allows [${action}]`;
  return `Action denied by stack policy: ${why} for resource [${resource}]`;
}

function matches(
  { Action, NotAction, Resource, NotResource, Condition = {} }: Statement,
  resource: string,
  type: string,
  action: string,
): boolean {
  const actions = Action === undefined ? !anyMatches(NotAction, action) : anyMatches(Action, action);
  const resources =
    Resource === undefined ? !anyMatches(NotResource, resource) : anyMatches(Resource, resource);
  const conditions = Object.entries(Condition).every(([operator, { ResourceType }]) =>
    operator === 'StringLike' ? anyMatches(ResourceType, type) : listOf(ResourceType).includes(type),
  );
  return actions && resources && conditions;
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

function anyMatches(patterns: string | readonly string[] | undefined, text: string): boolean {
  const lower = text.toLowerCase();
  return listOf(patterns).some((pattern) =>
    fitsWildcards(pattern.toLowerCase().replaceAll('*', MANY), lower),
  );
}

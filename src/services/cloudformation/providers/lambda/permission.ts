// AWS::Lambda::Permission: one statement of a function's policy. Any change makes another one.

import { provider } from '../provider.ts';
import type { Provider } from '../provider.ts';

const LONGEST = 100;

interface Statement {
  readonly Sid?: string;
  readonly Action?: string;
}

export const permission: Provider = provider({
  type: 'AWS::Lambda::Permission',
  refused: ['EventSourceToken', 'FunctionUrlAuthType', 'InvokedViaFunctionUrl'],
  create(work) {
    const { Action, FunctionName, Principal, PrincipalOrgID, SourceAccount, SourceArn } = work.properties;
    const StatementId = work.name({ longest: LONGEST });
    work.call('lambda', 'AddPermission', {
      StatementId,
      Action,
      FunctionName,
      Principal,
      PrincipalOrgID,
      SourceAccount,
      SourceArn,
    });
    return StatementId;
  },
  delete(work) {
    const { FunctionName } = work.properties;
    work.find('lambda', 'RemovePermission', { FunctionName, StatementId: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const { FunctionName } = work.properties;
    const policy = work.find('lambda', 'GetPolicy', { FunctionName })?.Policy;
    if (policy === undefined) return undefined;
    const { Statement: statements = [] } = JSON.parse(policy) as { Statement?: readonly Statement[] };
    const found = statements.find(({ Sid }) => Sid === work.physicalId);
    return found && { FunctionName, Action: found.Action };
  },
});

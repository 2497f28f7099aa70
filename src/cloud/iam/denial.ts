// The sentence with which AWS says no
// (docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).

import type { Decision } from './evaluate.ts';
import { principalText, type PolicyPrincipal } from './principals.ts';

export interface DenialOptions {
  /**
   * The ARN of the policy that denied explicitly. AWS adds it for callers of the same account or
   * organization, service by service since January 2026
   * (aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns).
   */
  readonly policyArn?: string;
  /** Services that never took up the format of 2021, STS among them, stop before the reason. */
  readonly withoutReason?: boolean;
}

export function denialMessage(
  principal: PolicyPrincipal,
  action: string,
  resource: string,
  decision: Decision,
  { policyArn, withoutReason = false }: DenialOptions = {},
): string {
  const on = resource === '*' ? '' : ` on resource: ${resource}`;
  const because = withoutReason || decision.reason === '' ? '' : ` ${decision.reason}`;
  const named = policyArn !== undefined && because !== '' && decision.explicit ? `: ${policyArn}` : '';
  return `User: ${principalText(principal)} is not authorized to perform: ${action}${on}${because}${named}`;
}

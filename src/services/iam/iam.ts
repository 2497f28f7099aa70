// AWS IAM: roles, users, groups, instance profiles, policies and keys, and what the rest of the cloud asks about them.
// Decisions themselves are made on the cloud floor; documents are checked there too.

import type { TimerHandler } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { validationMessage } from '#contract/validate.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { identity, sessions as sessionsPort } from '#cloud/ports/identity.ts';
import { defineService } from '#cloud/service.ts';
import type { Operations, Service } from '#cloud/service.ts';
import { accountOperations } from './account.ts';
import { attachmentOperations } from './attachments.ts';
import { authorization } from './authorization.ts';
import { groupOperations } from './groups.ts';
import { identityProviderOperations } from './identity-providers.ts';
import { identityOfIam, sessionsOfIam } from './identity.ts';
import { instanceProfileOperations } from './instance-profiles.ts';
import { managedPolicyOperations } from './managed-policies.ts';
import { allRoleOperations } from './roles.ts';
import { forget } from './sessions.ts';
import {
  accountAliases,
  groups,
  instanceProfiles,
  managedPolicies,
  oidcProviders,
  roles,
  sessions,
  userKeys,
  users,
} from './tables.ts';
import { userOperations } from './users.ts';

const operations: Operations<'iam'> = {
  ...allRoleOperations,
  ...instanceProfileOperations,
  ...userOperations,
  ...groupOperations,
  ...attachmentOperations,
  ...managedPolicyOperations,
  ...accountOperations,
  ...identityProviderOperations,
};

/**
 * Credentials of `GetSessionToken` without MFA cannot call IAM, and those of `GetFederationToken` never.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
 */
function refuseTemporary({ principal }: Ctx): void {
  const temporary = (principal.type === 'user' || principal.type === 'root') && principal.temporary;
  if (temporary || principal.type === 'federated-user')
    throw new Fault('InvalidClientTokenId', 'The security token included in the request is invalid');
}

function guarded(all: Operations<'iam'>): Operations<'iam'> {
  const wrapped = Object.entries(all).map(([name, run]) => [
    name,
    (ctx: Ctx, input: never): unknown => {
      refuseTemporary(ctx);
      return (run as (ctx: Ctx, input: never) => unknown)(ctx, input);
    },
  ]);
  return Object.fromEntries(wrapped) as Operations<'iam'>;
}

export const service: Service = defineService({
  contract: 'iam',
  global: true,
  tables: [
    roles,
    users,
    groups,
    instanceProfiles,
    managedPolicies,
    oidcProviders,
    userKeys,
    sessions,
    accountAliases,
  ],
  operations: guarded(operations),
  timers: [forget as TimerHandler<unknown, Ctx>],
  provides: [provide(identity, identityOfIam), provide(sessionsPort, sessionsOfIam)],
  authorization,
  // IAM does not repeat the values that it refuses.
  invalid: (_, violations) =>
    new Fault(
      'ValidationError',
      validationMessage(
        violations.map((one) => ({ ...one, sensitive: one.sensitive || one.constraint !== 'required' })),
      ),
    ),
  withoutEffect: {
    ListAccountAliases: {
      Marker: 'an account has at most one alias, so there is one page',
      MaxItems: 'an account has at most one alias, so there is one page',
    },
  },
});

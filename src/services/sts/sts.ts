// AWS STS: who signs a request, and temporary credentials. IAM keeps the sessions; behind the port `sessions`.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { denialMessage } from '#cloud/iam/denial.ts';
import { sessions } from '#cloud/ports/identity.ts';
import { defineService } from '#cloud/service.ts';
import type { Operations, Service } from '#cloud/service.ts';
import { actions, assumeRole, conditions, roleArnOf, wireCredentials } from './assume-role.ts';
import { federationRule, getFederationToken } from './federation.ts';
import { DEFAULT_USER_SESSION, LONGEST_ROOT_SESSION } from './timings.ts';

function userIdOf({ principal }: Ctx): string {
  switch (principal.type) {
    case 'user':
      return principal.id;
    case 'role':
      return `${principal.roleId}:${principal.sessionName}`;
    case 'federated-user':
      return `${principal.account}:${principal.name}`;
    case 'root':
      return principal.account;
    default:
      throw new Fault('AccessDenied', 'Only users and roles have an identity.');
  }
}

const operations: Operations<'sts'> = {
  GetCallerIdentity(ctx) {
    const UserId = userIdOf(ctx);
    const { account, arn } = ctx.principal as { account: string; arn: string };
    return { UserId, Account: account, Arn: arn };
  },

  AssumeRole: assumeRole,

  GetFederationToken: getFederationToken,

  /** Credentials of the caller itself: without MFA they may do less. */
  GetSessionToken(ctx, { DurationSeconds = DEFAULT_USER_SESSION }) {
    const { principal } = ctx;
    const longTerm = (principal.type === 'user' || principal.type === 'root') && !principal.temporary;
    if (!longTerm) throw new Fault('AccessDenied', 'Cannot call GetSessionToken with session credentials');
    const seconds =
      principal.type === 'root' ? Math.min(DurationSeconds, LONGEST_ROOT_SESSION) : DurationSeconds;
    const session = ctx.port(sessions).open(ctx, { ...principal, temporary: true }, ctx.now + seconds * 1000);
    return { Credentials: wireCredentials(session) };
  },

  GetAccessKeyInfo(ctx, { AccessKeyId }) {
    const Account = ctx.port(sessions).accountOf(AccessKeyId);
    if (Account === undefined) throw new Fault('ValidationError', `${AccessKeyId} is not an access key id`);
    return { Account };
  },
};

export const service: Service = defineService({
  contract: 'sts',
  tables: [],
  operations,
  authorization: {
    // "No permissions are required", even where they are denied.
    // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    GetCallerIdentity: { actions: [] },
    GetSessionToken: { actions: [] },
    AssumeRole: { actions, conditions, resources: (_, request) => roleArnOf(request) },
    GetFederationToken: federationRule,
  },
  // STS never took up the messages of 2021: it stops before the reason.
  denied: ({ principal }, { action, resource, decision }) =>
    new Fault('AccessDenied', denialMessage(principal, action, resource, decision, { withoutReason: true })),
  resourcePolicy: (ctx, arn) => ctx.port(sessions).role(ctx, arn)?.trust,
  refused: {
    AssumeRole: ['SerialNumber', 'TokenCode', 'SourceIdentity', 'ProvidedContexts'],
    GetSessionToken: ['SerialNumber', 'TokenCode'],
  },
});

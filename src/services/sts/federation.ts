// GetFederationToken: a session of a federated user, who may do what the policies of the caller and of the request both allow.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { sessions } from '#cloud/ports/identity.ts';
import type { FederatedPrincipal } from '#cloud/principal.ts';
import type { Authorization } from '#cloud/service.ts';
import { mergeTags } from '#cloud/tags.ts';
import { checkTags, sessionPolicies, tagConditions, wireCredentials } from './assume-role.ts';
import { DEFAULT_USER_SESSION, LONGEST_ROOT_SESSION } from './timings.ts';

type Request = Input<'sts', 'GetFederationToken'>;

function arnOf({ account }: Ctx, { Name }: Request): string {
  return `arn:aws:sts::${account}:federated-user/${Name}`;
}

export const federationRule: Authorization<'sts', 'GetFederationToken'> = {
  actions: (_, { Tags = [] }) =>
    Tags.length > 0 ? ['sts:GetFederationToken', 'sts:TagSession'] : ['sts:GetFederationToken'],
  resources: arnOf,
  conditions: (_, { Tags = [] }) => tagConditions(Tags),
};

export function getFederationToken(ctx: Ctx, request: Request): Output<'sts', 'GetFederationToken'> {
  const { principal } = ctx;
  const { Name, Tags = [], DurationSeconds = DEFAULT_USER_SESSION } = request;
  const longTerm = (principal.type === 'user' || principal.type === 'root') && !principal.temporary;
  if (!longTerm) throw new Fault('AccessDenied', 'Cannot call GetFederationToken with session credentials');
  checkTags(Tags);
  const policies = sessionPolicies(ctx, request, principal.account);
  const arn = arnOf(ctx, request);
  const federated: FederatedPrincipal = {
    type: 'federated-user',
    account: principal.account,
    arn,
    name: Name,
    userArn: principal.arn,
    ...(principal.type === 'user' ? { user: { name: principal.name, id: principal.id } } : {}),
    ...(policies.length > 0 ? { sessionPolicies: policies } : {}),
    ...(Tags.length > 0 ? { tags: mergeTags({}, Tags) } : {}),
  };
  const seconds =
    principal.type === 'root' ? Math.min(DurationSeconds, LONGEST_ROOT_SESSION) : DurationSeconds;
  const session = ctx.port(sessions).open(ctx, federated, ctx.now + seconds * 1000);
  return {
    Credentials: wireCredentials(session),
    FederatedUser: { FederatedUserId: `${principal.account}:${Name}`, Arn: arn },
  };
}

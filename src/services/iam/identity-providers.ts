// OpenID Connect providers: who may be named by trust policies as `Federated`. Their tokens are not taken: STS refuses
// AssumeRoleWithWebIdentity. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { removeTags } from '#cloud/tags.ts';
import { invalidInput, noSuchEntity, ownTags, pageOfTags, withTags } from './entities.ts';
import { quotaExceeded } from './quotas.ts';
import { oidcProviders } from './tables.ts';
import type { OidcProvider } from './tables.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MOST_PROVIDERS = 100;
const MOST_CLIENTS = 100;
const MOST_THUMBPRINTS = 5;

/** "The URL must begin with https://", and "query parameters are not" allowed: API_CreateOpenIDConnectProvider. */
const URL_OF_PROVIDER = /^https:\/\/[^/?#\s]+\.[^/?#\s]+(?:\/[^?#\s]*)?$/;

function providerOf(ctx: Ctx, arn: string): OidcProvider {
  const provider = ctx.get(oidcProviders, arn);
  if (!provider) throw noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`);
  return provider;
}

function checkThumbprints(thumbprints: readonly string[]): void {
  if (thumbprints.length > MOST_THUMBPRINTS)
    throw invalidInput('Thumbprint list must contain fewer than 5 entries.');
}

function checkClients(clientIds: readonly string[]): void {
  if (clientIds.length > MOST_CLIENTS) throw quotaExceeded('ClientIdsPerOpenIdConnectProvider', MOST_CLIENTS);
}

export const identityProviderOperations: Operations<'iam'> = {
  CreateOpenIDConnectProvider(ctx, { Url, ClientIDList = [], ThumbprintList = [], Tags }) {
    if (!URL_OF_PROVIDER.test(Url))
      throw new Fault('ValidationError', 'Invalid Open ID Connect Provider URL');
    checkThumbprints(ThumbprintList);
    checkClients(ClientIDList);
    const url = Url.slice('https://'.length);
    const arn = ctx.arn('iam', `oidc-provider/${url}`);
    if (ctx.get(oidcProviders, arn))
      throw new Fault('EntityAlreadyExistsException', `Provider with url ${Url} already exists.`);
    if (ctx.list(oidcProviders).length >= MOST_PROVIDERS)
      throw quotaExceeded('OpenIdConnectProvidersPerAccount', MOST_PROVIDERS);
    const tags = withTags({}, Tags, true);
    const clientIds = [...new Set(ClientIDList)];
    ctx.put(oidcProviders, { arn, url, clientIds, thumbprints: ThumbprintList, tags, createdAt: ctx.now });
    return { OpenIDConnectProviderArn: arn, ...ownTags(tags) };
  },

  GetOpenIDConnectProvider(ctx, { OpenIDConnectProviderArn }) {
    const { url, clientIds, thumbprints, tags, createdAt } = providerOf(ctx, OpenIDConnectProviderArn);
    return {
      Url: url,
      ClientIDList: clientIds,
      ThumbprintList: thumbprints,
      CreateDate: createdAt,
      ...ownTags(tags),
    };
  },

  ListOpenIDConnectProviders: (ctx) => ({
    OpenIDConnectProviderList: ctx.list(oidcProviders).map(({ arn }) => ({ Arn: arn })),
  }),

  /** Deleting what is not there succeeds: API_DeleteOpenIDConnectProvider. */
  DeleteOpenIDConnectProvider(ctx, { OpenIDConnectProviderArn }) {
    ctx.delete(oidcProviders, OpenIDConnectProviderArn);
  },

  UpdateOpenIDConnectProviderThumbprint(ctx, { OpenIDConnectProviderArn, ThumbprintList }) {
    checkThumbprints(ThumbprintList);
    ctx.update(oidcProviders, providerOf(ctx, OpenIDConnectProviderArn), { thumbprints: ThumbprintList });
  },

  AddClientIDToOpenIDConnectProvider(ctx, { OpenIDConnectProviderArn, ClientID }) {
    const provider = providerOf(ctx, OpenIDConnectProviderArn);
    const clientIds = [...new Set([...provider.clientIds, ClientID])];
    checkClients(clientIds);
    ctx.update(oidcProviders, provider, { clientIds });
  },

  RemoveClientIDFromOpenIDConnectProvider(ctx, { OpenIDConnectProviderArn, ClientID }) {
    const provider = providerOf(ctx, OpenIDConnectProviderArn);
    ctx.update(oidcProviders, provider, { clientIds: provider.clientIds.filter((id) => id !== ClientID) });
  },

  TagOpenIDConnectProvider(ctx, { OpenIDConnectProviderArn, Tags }) {
    const provider = providerOf(ctx, OpenIDConnectProviderArn);
    ctx.update(oidcProviders, provider, { tags: withTags(provider.tags, Tags, true) });
  },

  UntagOpenIDConnectProvider(ctx, { OpenIDConnectProviderArn, TagKeys }) {
    const provider = providerOf(ctx, OpenIDConnectProviderArn);
    ctx.update(oidcProviders, provider, { tags: removeTags(provider.tags, TagKeys) });
  },

  ListOpenIDConnectProviderTags: (ctx, { OpenIDConnectProviderArn, ...input }) =>
    pageOfTags(providerOf(ctx, OpenIDConnectProviderArn).tags, input),
};

// The account itself: its alias and what it holds.

import { Fault } from '#contract/fault.ts';
import type { Operations } from '#cloud/service.ts';
import { policyUses } from './attachments.ts';
import { noSuchEntity } from './entities.ts';
import { QUOTAS } from './quotas.ts';
import {
  accountAliases,
  groups,
  instanceProfiles,
  managedPolicies,
  oidcProviders,
  roles,
  users,
} from './tables.ts';

export const accountOperations: Operations<'iam'> = {
  /** An account has one alias; another takes its place. */
  CreateAccountAlias(ctx, { AccountAlias }) {
    const taken = `The account alias ${AccountAlias} already exists.`;
    if (ctx.get(accountAliases, 'alias')?.alias === AccountAlias)
      throw new Fault('EntityAlreadyExistsException', taken);
    ctx.put(accountAliases, { id: 'alias', alias: AccountAlias });
  },

  DeleteAccountAlias(ctx, { AccountAlias }) {
    if (ctx.get(accountAliases, 'alias')?.alias !== AccountAlias)
      throw noSuchEntity(`The account alias ${AccountAlias} cannot be found.`);
    ctx.delete(accountAliases, 'alias');
  },

  /** There is never more than one page. */
  ListAccountAliases(ctx) {
    const AccountAliases = ctx.list(accountAliases).map(({ alias }) => alias);
    return { AccountAliases, IsTruncated: false };
  },

  GetAccountSummary(ctx) {
    const own = ctx.list(managedPolicies);
    // Versions in use are those of the account's own policies and of AWS's that are attached.
    const attached = new Set(policyUses(ctx).map(({ arn }) => arn));
    for (const { arn } of own) attached.delete(arn);
    return {
      SummaryMap: {
        ...QUOTAS,
        Users: ctx.list(users).length,
        Groups: ctx.list(groups).length,
        Roles: ctx.list(roles).length,
        InstanceProfiles: ctx.list(instanceProfiles).length,
        Policies: own.length,
        PolicyVersionsInUse: own.length + attached.size,
        // Root users have neither here, and the rest is not modelled, so there is none of it.
        AccountAccessKeysPresent: 0,
        AccountMFAEnabled: 0,
        AccountPasswordPresent: 0,
        AccountSigningCertificatesPresent: 0,
        GlobalEndpointTokenVersion: 1,
        MFADevices: 0,
        MFADevicesInUse: 0,
        Providers: ctx.list(oidcProviders).length,
        ServerCertificates: 0,
        ServerCertificatesQuota: 20,
        SigningCertificatesPerUserQuota: 2,
      },
    };
  },
};

// The registry of an account: its settings as they are without any, and tokens for it.

import { base64, utf8 } from '#contract/protocols/bytes.ts';
import type { Operations } from '#cloud/service.ts';

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html */
const TOKEN_LIFE_MS = 12 * 3_600_000;
const PASSWORD_LENGTH = 64;

export const registryOperations: Operations<'ecr'> = {
  GetAuthorizationToken(ctx, { registryIds }) {
    const registries = registryIds && registryIds.length > 0 ? registryIds : [ctx.account];
    const authorizationData = registries.map((registryId) => ({
      authorizationToken: base64(utf8(`AWS:${ctx.id('authorization-token', PASSWORD_LENGTH)}`)),
      expiresAt: ctx.now + TOKEN_LIFE_MS,
      proxyEndpoint: `https://${registryId}.dkr.ecr.${ctx.region}.amazonaws.com`,
    }));
    return { authorizationData };
  },

  DescribeRegistry(ctx) {
    return { registryId: ctx.account, replicationConfiguration: { rules: [] } };
  },

  GetRegistryScanningConfiguration(ctx) {
    return { registryId: ctx.account, scanningConfiguration: { scanType: 'BASIC', rules: [] } };
  },
};

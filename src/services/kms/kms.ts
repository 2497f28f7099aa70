// AWS KMS: symmetric and HMAC keys, their policies, grants and aliases, and what is encrypted with them.

import type { TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { aliasOperations } from './aliases.ts';
import { authorization, denied, resourceConditions } from './authorization.ts';
import { encryptionOperations } from './encryption.ts';
import { granted, grantOperations } from './grants.ts';
import { policyFor, policyOperations } from './key-policy.ts';
import { deleteKey, keyOperations } from './keys.ts';
import { macOperations } from './mac.ts';
import { rotate } from './materials.ts';
import { rotateOnDemand, rotationOperations } from './rotation.ts';
import { aliases, grants, keys, materials } from './tables.ts';
import { tagOperations } from './tags.ts';

const ONE_PAGE = {
  Limit: 'a key has one policy, so that there is no second page',
  Marker: 'a key has one policy, so that there is no second page',
};

export const service: Service = defineService({
  contract: 'kms',
  tables: [keys, materials, aliases, grants],
  operations: {
    ...keyOperations,
    ...policyOperations,
    ...aliasOperations,
    ...grantOperations,
    ...tagOperations,
    ...rotationOperations,
    ...encryptionOperations,
    ...macOperations,
  },
  timers: [rotate, rotateOnDemand, deleteKey] as TimerHandler<unknown, Ctx>[],
  authorization,
  resourcePolicy: policyFor,
  resourcePolicyAlone: true,
  granted,
  resourceConditions,
  denied,
  refused: {
    CreateKey: ['CustomKeyStoreId', 'XksKeyId'],
    Decrypt: ['Recipient', 'DryRunModifiers'],
    ReEncrypt: ['DryRunModifiers'],
    GenerateDataKey: ['Recipient'],
    GenerateRandom: ['CustomKeyStoreId', 'Recipient'],
  },
  withoutEffect: { ListKeyPolicies: ONE_PAGE },
});

// How IAM sees the operations of KMS: actions, resources and condition keys.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Principal } from '#cloud/principal.ts';
import type { Authorization, Denial, FurtherAction, ServiceDefinition } from '#cloud/service.ts';
import { checkAlias } from './aliases.ts';
import { decryptionOf } from './encryption.ts';
import { noSuchAlias, unreachable } from './faults.ts';
import { mayRetire, retired } from './grants.ts';
import { homeOf, keyById, keyNamed, keyOfArn } from './key.ts';
import { aliases } from './tables.ts';
import type { EncryptionContext } from './tables.ts';

type Conditions = Readonly<Record<string, string | readonly string[]>>;
type Rules = NonNullable<ServiceDefinition<'kms'>['authorization']>;

interface OnKey {
  readonly KeyId: string;
}

/** A key of the caller's own account: what manages keys is for nobody else. */
function ownKey(ctx: Ctx, keyId: string, action: string): string {
  const { at, key } = keyById(ctx, keyId, action);
  if (at.account !== ctx.account) throw unreachable(ctx.principal, action, false);
  return key.arn;
}

const requestAlias = (keyId: string | undefined): Conditions => {
  const at = keyId?.indexOf('alias/') ?? -1;
  return keyId === undefined || at < 0 ? {} : { 'kms:RequestAlias': keyId.slice(at) };
};

function ofContext(context: EncryptionContext = {}): Conditions {
  const names = Object.keys(context);
  const each = Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]);
  return {
    ...Object.fromEntries(each),
    ...(names.length === 0 ? {} : { 'kms:EncryptionContextKeys': names }),
  };
}

const given = (values: Readonly<Record<string, string | number | boolean | undefined>>): Conditions =>
  Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  ) as Conditions;

interface WireTag {
  readonly TagKey: string;
  readonly TagValue: string;
}

const requestTags = (tags: readonly WireTag[] = []): Conditions => ({
  ...Object.fromEntries(tags.map(({ TagKey, TagValue }) => [`aws:RequestTag/${TagKey}`, TagValue])),
  ...(tags.length === 0 ? {} : { 'aws:TagKeys': tags.map(({ TagKey }) => TagKey) }),
});

type Managing =
  | 'CancelKeyDeletion'
  | 'DisableKey'
  | 'DisableKeyRotation'
  | 'EnableKey'
  | 'GetKeyPolicy'
  | 'ListKeyPolicies'
  | 'ListKeyRotations'
  | 'ListResourceTags'
  | 'RotateKeyOnDemand'
  | 'UpdateKeyDescription';

function managing<O extends Managing>(operation: O): Authorization<'kms', O> {
  const resources = (ctx: Ctx, { KeyId }: OnKey): string => ownKey(ctx, KeyId, `kms:${operation}`);
  return { resources } as unknown as Authorization<'kms', O>;
}

interface Using extends OnKey {
  readonly EncryptionContext?: EncryptionContext | undefined;
  readonly EncryptionAlgorithm?: string | undefined;
  readonly MacAlgorithm?: string | undefined;
}

const named =
  (action: string) =>
  (ctx: Ctx, { KeyId }: OnKey): string =>
    keyNamed(ctx, KeyId, `kms:${action}`).key.arn;

const aboutUse = (
  _: Ctx,
  { KeyId, EncryptionContext, EncryptionAlgorithm, MacAlgorithm }: Using,
): Conditions => ({
  ...requestAlias(KeyId),
  ...ofContext(EncryptionContext),
  ...given({ 'kms:EncryptionAlgorithm': EncryptionAlgorithm, 'kms:MacAlgorithm': MacAlgorithm }),
});

/** Actions on aliases need as much on their keys. */
const onAliasAndKey = (
  ctx: Ctx,
  action: string,
  aliasName: string,
  keyIds: readonly string[],
): FurtherAction[] => [
  { action, resource: ctx.arn('kms', aliasName) },
  ...keyIds.map((keyId) => ({ action, resource: ownKey(ctx, keyId, action) })),
];

function targetOf(ctx: Ctx, aliasName: string): string {
  checkAlias(aliasName);
  const alias = ctx.get(aliases, aliasName);
  if (!alias) throw noSuchAlias(ctx.arn('kms', aliasName));
  return alias.keyId;
}

const keyRules: Rules = {
  CreateKey: {
    conditions: (_, input) => ({
      ...requestTags(input.Tags),
      ...given({
        'kms:KeySpec': input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT',
        'kms:KeyUsage': input.KeyUsage ?? 'ENCRYPT_DECRYPT',
        'kms:KeyOrigin': input.Origin ?? 'AWS_KMS',
        'kms:MultiRegion': input.MultiRegion ?? false,
        'kms:BypassPolicyLockoutSafetyCheck': input.BypassPolicyLockoutSafetyCheck,
      }),
    }),
    further: (_, { Tags = [] }) =>
      Tags.length === 0 ? [] : [{ action: 'kms:TagResource', resource: '*', conditions: requestTags(Tags) }],
  },
  DescribeKey: { resources: named('DescribeKey'), conditions: (_, { KeyId }) => requestAlias(KeyId) },
  CancelKeyDeletion: managing('CancelKeyDeletion'),
  DisableKey: managing('DisableKey'),
  DisableKeyRotation: managing('DisableKeyRotation'),
  EnableKey: managing('EnableKey'),
  EnableKeyRotation: {
    resources: (ctx, { KeyId }) => ownKey(ctx, KeyId, 'kms:EnableKeyRotation'),
    conditions: (_, { RotationPeriodInDays }) => given({ 'kms:RotationPeriodInDays': RotationPeriodInDays }),
  },
  GetKeyPolicy: managing('GetKeyPolicy'),
  GetKeyRotationStatus: {
    resources: (ctx, { KeyId }) => keyById(ctx, KeyId, 'kms:GetKeyRotationStatus').key.arn,
  },
  ListKeyPolicies: managing('ListKeyPolicies'),
  ListKeyRotations: managing('ListKeyRotations'),
  ListResourceTags: managing('ListResourceTags'),
  PutKeyPolicy: {
    resources: (ctx, { KeyId }) => ownKey(ctx, KeyId, 'kms:PutKeyPolicy'),
    conditions: (_, { BypassPolicyLockoutSafetyCheck: bypass }) =>
      given({ 'kms:BypassPolicyLockoutSafetyCheck': bypass }),
  },
  RotateKeyOnDemand: managing('RotateKeyOnDemand'),
  ScheduleKeyDeletion: {
    resources: (ctx, { KeyId }) => ownKey(ctx, KeyId, 'kms:ScheduleKeyDeletion'),
    conditions: (_, { PendingWindowInDays }) =>
      given({ 'kms:ScheduleKeyDeletionPendingWindowInDays': PendingWindowInDays }),
  },
  TagResource: {
    resources: (ctx, { KeyId }) => ownKey(ctx, KeyId, 'kms:TagResource'),
    conditions: (_, { Tags }) => requestTags(Tags),
  },
  UntagResource: {
    resources: (ctx, { KeyId }) => ownKey(ctx, KeyId, 'kms:UntagResource'),
    conditions: (_, { TagKeys }) => ({ 'aws:TagKeys': TagKeys }),
  },
  UpdateKeyDescription: managing('UpdateKeyDescription'),
};

const grantRules: Rules = {
  CreateGrant: {
    resources: (ctx, { KeyId }) => keyById(ctx, KeyId, 'kms:CreateGrant').key.arn,
    conditions: (ctx, { GranteePrincipal, RetiringPrincipal, Operations: wanted, Constraints = {} }) => {
      const { principal } = ctx;
      const byService = principal.type === 'service' || forwardedBy(principal) !== undefined;
      return {
        ...given({
          'kms:GranteePrincipal': GranteePrincipal,
          'kms:RetiringPrincipal': RetiringPrincipal,
          'kms:GrantIsForAWSResource': byService,
          'kms:GrantConstraintType': Object.keys(Constraints)[0],
        }),
        'kms:GrantOperations': wanted,
      };
    },
  },
  ListGrants: { resources: (ctx, { KeyId }) => keyById(ctx, KeyId, 'kms:ListGrants').key.arn },
  RevokeGrant: { resources: (ctx, { KeyId }) => keyById(ctx, KeyId, 'kms:RevokeGrant').key.arn },
  RetireGrant: {
    actions: (ctx, input) => (mayRetire(ctx, retired(ctx, input).grant) ? [] : ['kms:RetireGrant']),
    resources(ctx, input) {
      const { at, grant } = retired(ctx, input);
      return at.arn('kms', `key/${grant.keyId}`);
    },
  },
};

const useRules: Rules = {
  Encrypt: { resources: named('Encrypt'), conditions: aboutUse },
  Decrypt: {
    resources: (ctx, { CiphertextBlob, KeyId }) =>
      decryptionOf(ctx, CiphertextBlob, KeyId, 'kms:Decrypt').key.arn,
    conditions: (_, { KeyId, EncryptionContext, EncryptionAlgorithm = 'SYMMETRIC_DEFAULT' }) => ({
      ...requestAlias(KeyId),
      ...ofContext(EncryptionContext),
      'kms:EncryptionAlgorithm': EncryptionAlgorithm,
    }),
  },
  GenerateDataKey: { resources: named('GenerateDataKey'), conditions: aboutUse },
  GenerateDataKeyWithoutPlaintext: {
    resources: named('GenerateDataKeyWithoutPlaintext'),
    conditions: aboutUse,
  },
  GenerateMac: { resources: named('GenerateMac'), conditions: aboutUse },
  VerifyMac: { resources: named('VerifyMac'), conditions: aboutUse },
  ReEncrypt: {
    actions: [],
    further(ctx, input) {
      const source = decryptionOf(ctx, input.CiphertextBlob, input.SourceKeyId, 'kms:ReEncryptFrom').key.arn;
      const destination = keyNamed(ctx, input.DestinationKeyId, 'kms:ReEncryptTo').key.arn;
      const both = { 'kms:ReEncryptOnSameKey': String(source === destination) };
      return [
        {
          action: 'kms:ReEncryptFrom',
          resource: source,
          conditions: {
            ...both,
            ...requestAlias(input.SourceKeyId),
            ...ofContext(input.SourceEncryptionContext),
          },
        },
        {
          action: 'kms:ReEncryptTo',
          resource: destination,
          conditions: {
            ...both,
            ...requestAlias(input.DestinationKeyId),
            ...ofContext(input.DestinationEncryptionContext),
          },
        },
      ];
    },
  },
};

export const authorization: Rules = {
  ...keyRules,
  ...grantRules,
  ...useRules,
  CreateAlias: {
    actions: [],
    further(ctx, { AliasName, TargetKeyId }) {
      checkAlias(AliasName, TargetKeyId);
      return onAliasAndKey(ctx, 'kms:CreateAlias', AliasName, [TargetKeyId]);
    },
  },
  DeleteAlias: {
    actions: [],
    further: (ctx, { AliasName }) =>
      onAliasAndKey(ctx, 'kms:DeleteAlias', AliasName, [targetOf(ctx, AliasName)]),
  },
  UpdateAlias: {
    actions: [],
    further(ctx, { AliasName, TargetKeyId }) {
      checkAlias(AliasName, TargetKeyId);
      return onAliasAndKey(ctx, 'kms:UpdateAlias', AliasName, [targetOf(ctx, AliasName), TargetKeyId]);
    },
  },
};

/** The service that asks KMS for the caller. CloudFormation only passes on what the caller could ask for directly. */
function forwardedBy(principal: Principal): string | undefined {
  if (principal.type === 'service' || principal.type === 'anonymous') return undefined;
  const service = principal.via?.at(-1);
  return service === 'cloudformation.amazonaws.com' ? undefined : service;
}

/** Condition keys that every request has, and those of the key that it is about. */
export function resourceConditions(ctx: Ctx, arn: string): Conditions {
  const { principal } = ctx;
  const via = forwardedBy(principal);
  const caller = {
    ...(principal.type === 'anonymous' ? {} : { 'kms:CallerAccount': principal.account }),
    ...(via === undefined ? {} : { 'kms:ViaService': via.replace('.', `.${ctx.region}.`) }),
  };
  const key = arn.includes(':key/') ? keyOfArn(ctx, arn) : undefined;
  if (!key) return caller;
  const names = homeOf(ctx, arn)
    .list(aliases, 'key', key.id)
    .map(({ name }) => name);
  return {
    ...caller,
    ...Object.fromEntries(Object.entries(key.tags).map(([name, tag]) => [`aws:ResourceTag/${name}`, tag])),
    ...(names.length === 0 ? {} : { 'kms:ResourceAliases': names }),
    'kms:KeySpec': key.spec,
    'kms:KeyUsage': key.usage,
    'kms:KeyOrigin': 'AWS_KMS',
    'kms:MultiRegion': 'false',
  };
}

/** Callers of other accounts do not learn whether the key is there. */
export function denied(ctx: Ctx, { action, resource, message }: Denial): Fault {
  const { principal } = ctx;
  const foreign =
    resource !== '*' && principal.type !== 'anonymous' && principal.account !== resource.split(':')[4];
  if (!foreign) return new Fault('AccessDenied', message);
  return unreachable(principal, action, action === 'kms:Decrypt' || action === 'kms:ReEncryptFrom');
}

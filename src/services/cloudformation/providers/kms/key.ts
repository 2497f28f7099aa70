// AWS::KMS::Key and AWS::KMS::Alias.

import type { Input } from '#cloud/contracts.ts';
import { documentLike, documentText } from '../policy-document.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

type Key = Work<'AWS::KMS::Key'>;
type Create = Input<'kms', 'CreateKey'>;

/** As the type's schema in the registry says. */
const TAGS = { system: false } as const;

/** What a key cannot become. */
const FIXED = ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'] as const;

function wireTags(tags: readonly { Key: string; Value: string }[]): { TagKey: string; TagValue: string }[] {
  return tags.map(({ Key, Value }) => ({ TagKey: Key, TagValue: Value }));
}

/** The policy of a key whose template gives none. https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html */
function defaultPolicy(account: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
}

function rotate(work: Key, KeyId: string): void {
  const { EnableKeyRotation = false, RotationPeriodInDays } = work.properties;
  if (EnableKeyRotation) work.call('kms', 'EnableKeyRotation', { KeyId, RotationPeriodInDays });
  else work.call('kms', 'DisableKeyRotation', { KeyId });
}

function putPolicy(work: Key): void {
  const { KeyPolicy, BypassPolicyLockoutSafetyCheck } = work.properties;
  const Policy = KeyPolicy === undefined ? defaultPolicy(work.ctx.account) : documentText(KeyPolicy);
  const KeyId = work.physicalId;
  work.call('kms', 'PutKeyPolicy', { KeyId, PolicyName: 'default', Policy, BypassPolicyLockoutSafetyCheck });
}

export const key: Provider = provider({
  type: 'AWS::KMS::Key',
  create(work) {
    const { Description, KeyPolicy, KeySpec, KeyUsage, Origin, MultiRegion, Tags } = work.properties;
    const { EnableKeyRotation = false, Enabled = true } = work.properties;
    const { KeyMetadata } = work.call('kms', 'CreateKey', {
      Description,
      Policy: KeyPolicy === undefined ? undefined : documentText(KeyPolicy),
      KeySpec: KeySpec as Create['KeySpec'],
      KeyUsage: KeyUsage as Create['KeyUsage'],
      Origin: Origin as Create['Origin'],
      MultiRegion,
      BypassPolicyLockoutSafetyCheck: work.properties.BypassPolicyLockoutSafetyCheck,
      Tags: wireTags(work.tags(Tags, TAGS)),
    });
    const KeyId = KeyMetadata?.KeyId ?? '';
    if (EnableKeyRotation) rotate(work, KeyId);
    if (!Enabled) work.call('kms', 'DisableKey', { KeyId });
    return KeyId;
  },
  update(work) {
    const KeyId = work.physicalId;
    const { Description = '', Enabled = true } = work.properties;
    const fixed = FIXED.find((name) => work.changed(name));
    if (fixed !== undefined)
      throw handlerFailure(work, `${fixed} of a key cannot be changed.`, 'NotUpdatable');
    const { Enabled: wasEnabled = true } = work.previous ?? {};
    // Rotation can only be set while the key is enabled.
    const turns = work.changed('EnableKeyRotation', 'RotationPeriodInDays');
    if ((Enabled && !wasEnabled) || (turns && !wasEnabled)) work.call('kms', 'EnableKey', { KeyId });
    if (work.changed('Description')) work.call('kms', 'UpdateKeyDescription', { KeyId, Description });
    if (turns) rotate(work, KeyId);
    if (work.changed('KeyPolicy')) putPolicy(work);
    if (!Enabled && (wasEnabled || turns)) work.call('kms', 'DisableKey', { KeyId });
    const { put, remove } = work.tagChanges(TAGS);
    if (put.length > 0) work.call('kms', 'TagResource', { KeyId, Tags: wireTags(put) });
    if (remove.length > 0) work.call('kms', 'UntagResource', { KeyId, TagKeys: remove });
  },
  /** A key goes after its waiting period; for the stack it is gone when that has begun. */
  delete(work) {
    const KeyId = work.physicalId;
    const { PendingWindowInDays } = work.properties;
    const found = work.find('kms', 'DescribeKey', { KeyId });
    if (found && found.KeyMetadata?.KeyState !== 'PendingDeletion')
      work.call('kms', 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays });
  },
  attributes: ({ ctx, physicalId }) => ({ KeyId: physicalId, Arn: ctx.arn('kms', `key/${physicalId}`) }),
  read(work) {
    const KeyId = work.physicalId;
    const found = work.find('kms', 'DescribeKey', { KeyId })?.KeyMetadata;
    if (!found || found.KeyState === 'PendingDeletion') return undefined;
    const { Policy = '' } = work.call('kms', 'GetKeyPolicy', { KeyId, PolicyName: 'default' });
    const rotation = work.call('kms', 'GetKeyRotationStatus', { KeyId });
    return {
      Description: found.Description ?? '',
      Enabled: found.Enabled ?? true,
      KeySpec: found.KeySpec ?? '',
      KeyUsage: found.KeyUsage ?? '',
      MultiRegion: found.MultiRegion ?? false,
      Origin: found.Origin ?? '',
      KeyPolicy: documentLike(work.properties.KeyPolicy, Policy),
      EnableKeyRotation: rotation.KeyRotationEnabled ?? false,
      RotationPeriodInDays: rotation.RotationPeriodInDays,
    };
  },
});

export const alias: Provider = provider({
  type: 'AWS::KMS::Alias',
  create(work) {
    const { AliasName, TargetKeyId } = work.properties;
    work.call('kms', 'CreateAlias', { AliasName, TargetKeyId });
    return AliasName;
  },
  update(work) {
    const { TargetKeyId } = work.properties;
    work.call('kms', 'UpdateAlias', { AliasName: work.physicalId, TargetKeyId });
  },
  delete(work) {
    work.find('kms', 'DeleteAlias', { AliasName: work.physicalId });
  },
  read(work) {
    const found = work.find('kms', 'DescribeKey', { KeyId: work.physicalId })?.KeyMetadata;
    if (!found) return undefined;
    const { KeyId: id = '' } = found;
    const given = work.properties.TargetKeyId;
    return { AliasName: work.physicalId, TargetKeyId: given.endsWith(id) ? given : id };
  },
});

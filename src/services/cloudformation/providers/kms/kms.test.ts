// AWS::KMS through CloudFormation.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_KMS.html

import {
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  ListAliasesCommand,
  ListResourceTagsCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

const ref = (Ref: string): object => ({ Ref });
const att = (logicalId: string, name: string): object => ({ 'Fn::GetAtt': [logicalId, name] });

function newStand(): ProviderStand & { kms: KMSClient } {
  const stand = new ProviderStand();
  return Object.assign(stand, { kms: stand.table.client(KMSClient) });
}

const policy = (Id: string): object => ({
  Version: '2012-10-17',
  Id,
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: { 'Fn::Sub': 'arn:aws:iam::${AWS::AccountId}:root' } },
      Action: 'kms:*',
      Resource: '*',
    },
  ],
});

const parts = (properties: object, target: string = 'Key'): { Resources: object; Outputs: object } => ({
  Resources: {
    Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: policy('one'), ...properties } },
    Other: { Type: 'AWS::KMS::Key', Properties: {} },
    Alias: {
      Type: 'AWS::KMS::Alias',
      Properties: { AliasName: 'alias/shop', TargetKeyId: att(target, 'Arn') },
    },
  },
  Outputs: {
    Key: { Value: ref('Key') },
    Arn: { Value: att('Key', 'Arn') },
    Alias: { Value: ref('Alias') },
    Other: { Value: att('Other', 'KeyId') },
  },
});

describe('AWS::KMS::Key', () => {
  it('has its policy, rotation and tags, and an alias that can be pointed elsewhere', async () => {
    const stand = newStand();
    const Tags = [{ Key: 'team', Value: 'a' }];
    expect(await stand.create(parts({ EnableKeyRotation: true, RotationPeriodInDays: 180, Tags }))).toBe(
      'CREATE_COMPLETE',
    );
    const { Key: KeyId = '', Arn, Alias, Other } = await stand.outputs();
    const { KeyMetadata } = await stand.kms.send(new DescribeKeyCommand({ KeyId: 'alias/shop' }));
    expect(KeyMetadata).toMatchObject({ KeyId, Arn, Enabled: true });
    expect(Alias).toBe('alias/shop');
    const rotation = await stand.kms.send(new GetKeyRotationStatusCommand({ KeyId }));
    expect(rotation).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 180 });
    // The type's schema: cloudFormationSystemTags is false.
    const tags = await stand.kms.send(new ListResourceTagsCommand({ KeyId }));
    expect(tags.Tags).toEqual([{ TagKey: 'team', TagValue: 'a' }]);

    const after = parts({ Description: 'Shop', Enabled: false, KeyPolicy: policy('two') }, 'Other');
    expect(await stand.update(after)).toBe('UPDATE_COMPLETE');
    const described = await stand.kms.send(new DescribeKeyCommand({ KeyId }));
    expect(described.KeyMetadata).toMatchObject({ Description: 'Shop', KeyState: 'Disabled' });
    const { Policy } = await stand.kms.send(new GetKeyPolicyCommand({ KeyId }));
    expect(JSON.parse(Policy ?? '')).toMatchObject({ Id: 'two' });
    const stopped = await stand.kms.send(new GetKeyRotationStatusCommand({ KeyId }));
    expect(stopped.KeyRotationEnabled).toBe(false);
    const { Aliases = [] } = await stand.kms.send(new ListAliasesCommand({}));
    expect(Aliases.find(({ AliasName }) => AliasName === 'alias/shop')?.TargetKeyId).toBe(Other);
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
  it('waits for its deletion as long as the template says', async () => {
    const stand = newStand();
    await stand.create(parts({ PendingWindowInDays: 7 }));
    const { Key: KeyId = '' } = await stand.outputs();
    const { now } = stand.table.world;
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const { KeyMetadata } = await stand.kms.send(new DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata?.KeyState).toBe('PendingDeletion');
    const days = ((KeyMetadata?.DeletionDate?.getTime() ?? 0) - now) / 86_400_000;
    expect(Math.floor(days)).toBe(7);
  });

  it('cannot become another kind of key', async () => {
    const stand = newStand();
    await stand.create(parts({}));
    const hmac = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' };
    expect(await stand.update(parts(hmac))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain('KeySpec of a key cannot be changed.');
  });

  it('fails on what KMS refuses, and leaves no alias', async () => {
    const stand = newStand();
    const locked = { Version: '2012-10-17', Statement: [] };
    expect(await stand.create(parts({ KeyPolicy: locked }))).toBe('ROLLBACK_COMPLETE');
    const { Aliases = [] } = await stand.kms.send(new ListAliasesCommand({}));
    expect(Aliases.filter(({ AliasName }) => AliasName === 'alias/shop')).toEqual([]);
  });
});

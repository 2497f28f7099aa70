import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeyRotationsCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ListRetirableGrantsCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import type { CreateKeyCommandInput } from '@aws-sdk/client-kms';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import { forwarded } from '#cloud/principal.ts';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

const ACCOUNT = '000000000000';
const DAY = 86_400_000;
const STRANGER = { accessKeyId: '111111111111', secretAccessKey: 'x' };
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const bytes = (of: string): Uint8Array => new TextEncoder().encode(of);

interface Stand {
  readonly table: TestTable;
  readonly kms: KMSClient;
  readonly keyId: string;
  readonly arn: string;
  readonly encrypt: (Plaintext: string, EncryptionContext?: Record<string, string>) => Promise<Uint8Array>;
}

async function stand(input: Partial<CreateKeyCommandInput> = {}): Promise<Stand> {
  const table = newTable();
  const kms = table.client(KMSClient);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand(input));
  const { KeyId: keyId = '', Arn: arn = '' } = KeyMetadata ?? {};
  return {
    table,
    kms,
    keyId,
    arn,
    async encrypt(Plaintext, EncryptionContext) {
      const command = new EncryptCommand({ KeyId: keyId, Plaintext: bytes(Plaintext), EncryptionContext });
      return (await kms.send(command)).CiphertextBlob as Uint8Array;
    },
  };
}

async function user(table: TestTable, UserName: string, ...Statement: object[]): Promise<KMSClient> {
  const iam = table.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName }));
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  if (Statement.length > 0)
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'inline', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return table.client(KMSClient, {
    credentials: {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    },
  });
}

const allow = (Action: string | string[], more: object = {}): object => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...more,
});
const policy = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
const root = (account: string): object => ({ Principal: { AWS: `arn:aws:iam::${account}:root` } });

describe('keys', () => {
  // Recorded: localstack tests/aws/services/kms/test_kms.snapshot.json, test_create_key.
  it('are described as they were made', async () => {
    const { kms, keyId, arn } = await stand({ Description: 'test key 123' });
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: arn }));
    expect(KeyMetadata).toMatchObject({
      AWSAccountId: ACCOUNT,
      Arn: `arn:aws:kms:us-east-1:${ACCOUNT}:key/${keyId}`,
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      Description: 'test key 123',
      Enabled: true,
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      KeyId: keyId,
      KeyManager: 'CUSTOMER',
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyState: 'Enabled',
      KeyUsage: 'ENCRYPT_DECRYPT',
      MultiRegion: false,
      Origin: 'AWS_KMS',
    });
    await kms.send(new UpdateKeyDescriptionCommand({ KeyId: keyId, Description: 'other' }));
    await kms.send(new TagResourceCommand({ KeyId: keyId, Tags: [{ TagKey: 'team', TagValue: 'sand' }] }));
    const { Tags } = await kms.send(new ListResourceTagsCommand({ KeyId: keyId }));
    expect(Tags).toEqual([{ TagKey: 'team', TagValue: 'sand' }]);
    await kms.send(new UntagResourceCommand({ KeyId: keyId, TagKeys: ['team'] }));
    expect((await kms.send(new ListResourceTagsCommand({ KeyId: keyId }))).Tags).toEqual([]);
  });

  // Recorded: test_create_key_with_invalid_tag_key, test_create_key_with_too_many_tags_raises_error.
  it('have at most 50 tags, none of them named as those of AWS', async () => {
    const { kms } = await stand();
    const create = (...names: string[]) =>
      kms.send(new CreateKeyCommand({ Tags: names.map((TagKey) => ({ TagKey, TagValue: 'x' })) }));
    await expect(create('AWS:mine')).rejects.toMatchObject({
      name: 'TagException',
      message: 'Tags beginning with aws: are reserved',
    });
    const many = Array.from({ length: 51 }, (_, index) => `key-${index}`);
    await expect(create(...many)).rejects.toMatchObject({
      name: 'TagException',
      message: 'Too many tags',
    });
  });

  it('are listed in pages', async () => {
    const { kms } = await stand();
    for (let i = 0; i < 4; i += 1) await kms.send(new CreateKeyCommand({}));
    const first = await kms.send(new ListKeysCommand({ Limit: 3 }));
    const second = await kms.send(new ListKeysCommand({ Limit: 3, Marker: first.NextMarker }));
    expect([first.Truncated, second.Truncated]).toEqual([true, false]);
    expect(new Set([...(first.Keys ?? []), ...(second.Keys ?? [])].map(({ KeyId }) => KeyId)).size).toBe(5);
  });

  // Recorded: test_get_key_does_not_exist, test_get_key_invalid_uuid, test_get_key_in_different_region.
  it('that are not there are told of in these words', async () => {
    const { table, kms, arn } = await stand();
    const id = '134f2428-cec1-4b25-a1ae-9048164dba47';
    const describeKey = (KeyId: string, client = kms) => client.send(new DescribeKeyCommand({ KeyId }));
    await expect(describeKey(id)).rejects.toMatchObject({
      name: 'NotFoundException',
      message: `Key 'arn:aws:kms:us-east-1:${ACCOUNT}:key/${id}' does not exist`,
    });
    await expect(describeKey('fake-key-id')).rejects.toThrow("Invalid keyId 'fake-key-id'");
    const elsewhere = table.client(KMSClient, { region: 'eu-west-1' });
    await expect(describeKey(arn, elsewhere)).rejects.toThrow('Invalid arn us-east-1');
    await expect(describeKey('alias/none')).rejects.toThrow(
      `Alias arn:aws:kms:us-east-1:${ACCOUNT}:alias/none is not found.`,
    );
  });

  // https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
  it('cannot be used while they are disabled', async () => {
    const { kms, keyId, arn, encrypt } = await stand();
    const CiphertextBlob = await encrypt('x');
    await kms.send(new DisableKeyCommand({ KeyId: keyId }));
    const disabled = { name: 'DisabledException', message: `${arn} is disabled.` };
    await expect(encrypt('x')).rejects.toMatchObject(disabled);
    await expect(kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject(disabled);
    await kms.send(new EnableKeyCommand({ KeyId: keyId }));
    expect(text((await kms.send(new DecryptCommand({ CiphertextBlob }))).Plaintext)).toBe('x');
  });

  // https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
  it('are deleted after the waiting period, and what they encrypted is lost', async () => {
    const { table, kms, keyId, arn, encrypt } = await stand();
    const CiphertextBlob = await encrypt('x');
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId: keyId }));
    const schedule = new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 7 });
    const { DeletionDate } = await kms.send(schedule);
    expect(DeletionDate?.getTime()).toBe(table.world.now + 7 * DAY);
    await expect(encrypt('x')).rejects.toMatchObject({
      name: 'KMSInvalidStateException',
      message: `${arn} is pending deletion.`,
    });
    table.advance(7 * DAY - 1);
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyId }));
    expect(KeyMetadata).toMatchObject({ KeyState: 'PendingDeletion', Enabled: false });
    table.advance(1);
    await expect(kms.send(new DescribeKeyCommand({ KeyId: keyId }))).rejects.toThrow('does not exist');
    await expect(kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    expect((await kms.send(new ListAliasesCommand({}))).Aliases).toEqual([]);
  });

  it('whose deletion is cancelled are disabled, and stay', async () => {
    const { table, kms, keyId } = await stand();
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: keyId }));
    await kms.send(new CancelKeyDeletionCommand({ KeyId: keyId }));
    table.advance(31 * DAY);
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyId }));
    expect(KeyMetadata?.KeyState).toBe('Disabled');
  });

  it('of kinds that are not modelled are refused', async () => {
    const { kms } = await stand();
    for (const input of [
      { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
      { MultiRegion: true },
      { Origin: 'EXTERNAL' },
    ] as const) {
      await expect(kms.send(new CreateKeyCommand(input))).rejects.toMatchObject({ name: 'NotImplemented' });
    }
  });
});

describe('encryption', () => {
  it('is undone only in the same encryption context, in any order', async () => {
    const { kms, keyId, arn, encrypt } = await stand();
    const CiphertextBlob = await encrypt('secret', { a: '1', b: '2' });
    expect(text(CiphertextBlob)).not.toContain('secret');
    const decrypt = (EncryptionContext?: Record<string, string>) =>
      kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    const answer = await decrypt({ b: '2', a: '1' });
    expect(answer).toMatchObject({ KeyId: arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
    expect(text(answer.Plaintext)).toBe('secret');
    await expect(decrypt({ a: '1' })).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    await expect(decrypt()).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    CiphertextBlob[CiphertextBlob.length - 1] = (CiphertextBlob.at(-1) as number) ^ 1;
    await expect(decrypt({ a: '1', b: '2' })).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    await expect(
      kms.send(new DecryptCommand({ CiphertextBlob: bytes('nonsense'), KeyId: keyId })),
    ).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
  });

  it('gives another ciphertext each time, and the same again from the same seed', async () => {
    const one = await stand();
    const two = await stand();
    const first = await one.encrypt('x');
    expect(await one.encrypt('x')).not.toEqual(first);
    expect(await two.encrypt('x')).toEqual(first);
  });

  it('is not undone by a key that did not encrypt', async () => {
    const { kms, encrypt } = await stand();
    const CiphertextBlob = await encrypt('x');
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    await expect(
      kms.send(new DecryptCommand({ CiphertextBlob, KeyId: KeyMetadata?.KeyId })),
    ).rejects.toMatchObject({
      name: 'IncorrectKeyException',
      message: 'The key ID in the request does not identify a CMK that can perform this operation.',
    });
  });

  it('makes data keys that decrypt to what they were', async () => {
    const { kms, keyId } = await stand();
    const { Plaintext, CiphertextBlob } = await kms.send(
      new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: 'AES_256' }),
    );
    expect(Plaintext).toHaveLength(32);
    expect((await kms.send(new DecryptCommand({ CiphertextBlob }))).Plaintext).toEqual(Plaintext);
    const blind = new GenerateDataKeyWithoutPlaintextCommand({ KeyId: keyId, NumberOfBytes: 7 });
    const { CiphertextBlob: other } = await kms.send(blind);
    expect((await kms.send(new DecryptCommand({ CiphertextBlob: other }))).Plaintext).toHaveLength(7);
    await expect(kms.send(new GenerateDataKeyCommand({ KeyId: keyId }))).rejects.toThrow(
      'Please specify either number of bytes or key spec.',
    );
    expect((await kms.send(new GenerateRandomCommand({ NumberOfBytes: 12 }))).Plaintext).toHaveLength(12);
  });

  it('moves from key to key without showing the plaintext', async () => {
    const { kms, arn, encrypt } = await stand();
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const moved = await kms.send(
      new ReEncryptCommand({ CiphertextBlob: await encrypt('x'), DestinationKeyId: KeyMetadata?.KeyId }),
    );
    expect(moved).toMatchObject({ SourceKeyId: arn, KeyId: KeyMetadata?.Arn });
    const back = await kms.send(new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob }));
    expect([text(back.Plaintext), back.KeyId]).toEqual(['x', KeyMetadata?.Arn]);
  });

  it('says of a dry run that it would have succeeded', async () => {
    const { kms, keyId } = await stand();
    const command = new EncryptCommand({ KeyId: keyId, Plaintext: bytes('x'), DryRun: true });
    await expect(kms.send(command)).rejects.toMatchObject({ name: 'DryRunOperationException' });
  });
});

describe('message authentication', () => {
  // Recorded: test_generate_and_verify_mac, test_invalid_generate_mac, test_error_messaging_for_invalid_keys.
  it('is by HMAC keys, each with one algorithm', async () => {
    const { kms, keyId } = await stand({ KeySpec: 'HMAC_384', KeyUsage: 'GENERATE_VERIFY_MAC' });
    const request = { KeyId: keyId, Message: bytes('m'), MacAlgorithm: 'HMAC_SHA_384' } as const;
    const { Mac } = await kms.send(new GenerateMacCommand(request));
    expect(Mac).toHaveLength(48);
    expect((await kms.send(new VerifyMacCommand({ ...request, Mac }))).MacValid).toBe(true);
    await expect(
      kms.send(new VerifyMacCommand({ ...request, Mac, Message: bytes('n') })),
    ).rejects.toMatchObject({ name: 'KMSInvalidMacException' });
    await expect(
      kms.send(new GenerateMacCommand({ ...request, MacAlgorithm: 'HMAC_SHA_256' })),
    ).rejects.toThrow('Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_384.');
    await expect(
      kms.send(new GenerateMacCommand({ ...request, MacAlgorithm: 'INVALID' as 'HMAC_SHA_256' })),
    ).rejects.toThrow('enum value set: [HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512]');
    await expect(kms.send(new EncryptCommand({ KeyId: keyId, Plaintext: bytes('x') }))).rejects.toMatchObject(
      { name: 'InvalidKeyUsageException' },
    );
  });
});

describe('aliases', () => {
  it('name keys, can be pointed elsewhere, and leave what was encrypted alone', async () => {
    const { kms, keyId, arn } = await stand();
    const AliasName = 'alias/app';
    await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: keyId }));
    await expect(kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: keyId }))).rejects.toThrow(
      `An alias with the name arn:aws:kms:us-east-1:${ACCOUNT}:alias/app already exists`,
    );
    const encrypt = new EncryptCommand({ KeyId: AliasName, Plaintext: bytes('x') });
    const { CiphertextBlob } = await kms.send(encrypt);
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    await kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId: KeyMetadata?.KeyId }));
    expect((await kms.send(encrypt)).KeyId).toBe(KeyMetadata?.Arn);
    expect((await kms.send(new DecryptCommand({ CiphertextBlob }))).KeyId).toBe(arn);
    expect((await kms.send(new ListAliasesCommand({ KeyId: keyId }))).Aliases).toEqual([]);
    await kms.send(new DeleteAliasCommand({ AliasName }));
    await expect(kms.send(encrypt)).rejects.toMatchObject({ name: 'NotFoundException' });
  });

  // Recorded: test_create_alias.
  it('begin with their prefix', async () => {
    const { kms, keyId } = await stand();
    await expect(kms.send(new CreateAliasCommand({ AliasName: 'app', TargetKeyId: keyId }))).rejects.toThrow(
      /Alias must start with the prefix "alias\/"/,
    );
    await expect(kms.send(new DeleteAliasCommand({ AliasName: 'app' }))).rejects.toThrow(
      /Alias must start with the prefix "alias\/"/,
    );
  });

  // The words are moto's.
  it('name keys, and no aliases', async () => {
    const { kms, keyId } = await stand();
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/one', TargetKeyId: keyId }));
    const TargetKeyId = 'alias/one';
    await expect(
      kms.send(new CreateAliasCommand({ AliasName: 'alias/two', TargetKeyId })),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Aliases must refer to keys. Not aliases',
    });
  });

  // As moto has it: test__create_alias__raises_if_alias_has_restricted_characters_semicolon.
  it('have no colon', async () => {
    const { kms, keyId: TargetKeyId } = await stand();
    const colon = new CreateAliasCommand({ AliasName: 'alias/my:app', TargetKeyId });
    await expect(kms.send(colon)).rejects.toThrow('alias/my:app contains invalid characters for an alias');
  });

  // https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
  it('of AWS are made when they are asked for, and their keys serve only through the service', async () => {
    const { table, kms } = await stand();
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }));
    expect(KeyMetadata).toMatchObject({ KeyManager: 'AWS', KeyState: 'Enabled' });
    const KeyId = KeyMetadata?.KeyId as string;
    const direct = kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
    await expect(direct).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(kms.send(new DisableKeyCommand({ KeyId }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    const through = table.act((ctx) =>
      ctx.call(
        'kms',
        'GenerateDataKey',
        { KeyId, KeySpec: 'AES_256' },
        forwarded(ctx.principal, 's3.amazonaws.com'),
      ),
    );
    expect(through.ok).toBe(true);
  });
});

describe('key policies', () => {
  // https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
  it('leave it by default to the IAM policies of the account', async () => {
    const { table, kms, keyId, arn } = await stand();
    const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId: keyId }));
    expect(Policy).toContain('"Sid" : "Enable IAM User Permissions"');
    const able = await user(table, 'able', allow('kms:Encrypt'));
    const unable = await user(table, 'unable');
    const encrypt = new EncryptCommand({ KeyId: keyId, Plaintext: bytes('x') });
    expect((await able.send(encrypt)).KeyId).toBe(arn);
    await expect(unable.send(encrypt)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message:
        `User: arn:aws:iam::${ACCOUNT}:user/unable is not authorized to perform: kms:Encrypt on resource: ${arn} ` +
        'because no identity-based policy allows the kms:Encrypt action',
    });
  });

  it('that do not name the account make its IAM policies ineffective, even those of root', async () => {
    const { table, kms, keyId, arn } = await stand();
    const able = await user(table, 'able', allow('kms:*'));
    const other = await user(table, 'other');
    const Principal = { AWS: `arn:aws:iam::${ACCOUNT}:user/other` };
    await kms.send(
      new PutKeyPolicyCommand({
        KeyId: keyId,
        Policy: policy(allow('kms:*', { Principal })),
        BypassPolicyLockoutSafetyCheck: true,
      }),
    );
    const encrypt = new EncryptCommand({ KeyId: keyId, Plaintext: bytes('x') });
    await expect(able.send(encrypt)).rejects.toThrow('because no resource-based policy allows');
    await expect(kms.send(encrypt)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect((await other.send(encrypt)).KeyId).toBe(arn);
  });

  it('must leave their author able to change them', async () => {
    const { kms, keyId } = await stand();
    const Policy = policy(allow('kms:Encrypt', root(ACCOUNT)));
    await expect(kms.send(new PutKeyPolicyCommand({ KeyId: keyId, Policy }))).rejects.toMatchObject({
      name: 'MalformedPolicyDocumentException',
      message: 'The new key policy will not allow you to update the key policy in the future.',
    });
  });

  // https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
  it('let other accounts in, by the ARN of the key', async () => {
    const Policy = policy(
      allow('kms:*', root(ACCOUNT)),
      allow(['kms:Encrypt', 'kms:Decrypt'], root(STRANGER.accessKeyId)),
    );
    const { table, kms, keyId, arn } = await stand({ Policy });
    const stranger = table.client(KMSClient, { credentials: STRANGER });
    const { CiphertextBlob } = await stranger.send(new EncryptCommand({ KeyId: arn, Plaintext: bytes('x') }));
    expect(text((await stranger.send(new DecryptCommand({ CiphertextBlob }))).Plaintext)).toBe('x');
    await expect(stranger.send(new DisableKeyCommand({ KeyId: arn }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await kms.send(new PutKeyPolicyCommand({ KeyId: keyId, Policy: policy(allow('kms:*', root(ACCOUNT))) }));
    await expect(stranger.send(new DecryptCommand({ CiphertextBlob }))).rejects.toThrow(
      'is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because',
    );
  });

  it('and IAM policies know the encryption context, the alias and the tags', async () => {
    const { table, kms, keyId } = await stand({ Tags: [{ TagKey: 'stage', TagValue: 'test' }] });
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/app', TargetKeyId: keyId }));
    const Condition = {
      StringEquals: {
        'kms:EncryptionContext:team': 'sand',
        'kms:RequestAlias': 'alias/app',
        'aws:ResourceTag/stage': 'test',
      },
    };
    const able = await user(table, 'able', allow('kms:Encrypt', { Condition }));
    const encrypt = (KeyId: string, team: string) =>
      able.send(new EncryptCommand({ KeyId, Plaintext: bytes('x'), EncryptionContext: { team } }));
    await encrypt('alias/app', 'sand');
    await expect(encrypt('alias/app', 'rock')).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(encrypt(keyId, 'sand')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('grants', () => {
  const grantee = `arn:aws:iam::${ACCOUNT}:user/worker`;

  // https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#grant_token
  it('let their grantee do what no policy allows, at once with the token and a little later without', async () => {
    const { table, kms, keyId, arn, encrypt } = await stand();
    const worker = await user(table, 'worker');
    const CiphertextBlob = await encrypt('x');
    const { GrantToken = '', GrantId } = await kms.send(
      new CreateGrantCommand({ KeyId: keyId, GranteePrincipal: grantee, Operations: ['Decrypt'] }),
    );
    const decrypt = (GrantTokens?: string[]) =>
      worker.send(new DecryptCommand({ CiphertextBlob, GrantTokens }));
    await expect(decrypt()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect((await decrypt([GrantToken])).KeyId).toBe(arn);
    table.advance(3000);
    expect((await decrypt()).KeyId).toBe(arn);
    await expect(
      worker.send(new EncryptCommand({ KeyId: keyId, Plaintext: bytes('x') })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const { Grants } = await kms.send(new ListGrantsCommand({ KeyId: keyId }));
    expect(Grants).toMatchObject([{ GrantId, GranteePrincipal: grantee, Operations: ['Decrypt'] }]);
    await kms.send(new RevokeGrantCommand({ KeyId: keyId, GrantId }));
    await expect(decrypt()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('can ask for an encryption context', async () => {
    const { table, kms, keyId } = await stand();
    const worker = await user(table, 'worker');
    const Constraints = { EncryptionContextSubset: { team: 'sand' } };
    await kms.send(
      new CreateGrantCommand({
        KeyId: keyId,
        GranteePrincipal: grantee,
        Operations: ['Encrypt'],
        Constraints,
      }),
    );
    table.advance(3000);
    const encrypt = (EncryptionContext: Record<string, string>) =>
      worker.send(new EncryptCommand({ KeyId: keyId, Plaintext: bytes('x'), EncryptionContext }));
    await encrypt({ team: 'sand', more: 'yes' });
    await expect(encrypt({ team: 'rock' })).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('are the same grant when they are made again by name', async () => {
    const { kms, keyId } = await stand();
    const input = {
      KeyId: keyId,
      GranteePrincipal: grantee,
      Operations: ['Decrypt' as const],
      Name: 'once',
    };
    const first = await kms.send(new CreateGrantCommand(input));
    const second = await kms.send(new CreateGrantCommand(input));
    expect(second.GrantId).toBe(first.GrantId);
    expect(second.GrantToken).not.toBe(first.GrantToken);
  });

  it('are retired by those whom they name for it', async () => {
    const { table, kms, keyId } = await stand();
    const worker = await user(table, 'worker');
    const other = await user(table, 'other', allow('kms:ListRetirableGrants'));
    const { GrantToken } = await kms.send(
      new CreateGrantCommand({
        KeyId: keyId,
        GranteePrincipal: grantee,
        RetiringPrincipal: `arn:aws:iam::${ACCOUNT}:user/other`,
        Operations: ['Decrypt'],
      }),
    );
    await expect(worker.send(new RetireGrantCommand({ GrantToken }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    const retirable = new ListRetirableGrantsCommand({
      RetiringPrincipal: `arn:aws:iam::${ACCOUNT}:user/other`,
    });
    expect((await other.send(retirable)).Grants).toHaveLength(1);
    await other.send(new RetireGrantCommand({ GrantToken }));
    expect((await kms.send(new ListGrantsCommand({ KeyId: keyId }))).Grants).toEqual([]);
  });
});

describe('rotation', () => {
  const materialOf = async (kms: KMSClient, KeyId: string): Promise<string | undefined> =>
    (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.CurrentKeyMaterialId;

  // https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
  it('changes the material after each period, and old ciphertexts stay readable', async () => {
    const { table, kms, keyId, encrypt } = await stand();
    await kms.send(new EnableKeyRotationCommand({ KeyId: keyId, RotationPeriodInDays: 90 }));
    const CiphertextBlob = await encrypt('x');
    const first = await materialOf(kms, keyId);
    table.advance(90 * DAY);
    const second = await materialOf(kms, keyId);
    expect(second).not.toBe(first);
    const answer = await kms.send(new DecryptCommand({ CiphertextBlob }));
    expect([text(answer.Plaintext), answer.KeyMaterialId]).toEqual(['x', first]);
    const status = await kms.send(new GetKeyRotationStatusCommand({ KeyId: keyId }));
    expect(status).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 });
    expect(status.NextRotationDate?.getTime()).toBe(table.world.now + 90 * DAY);
  });

  it('waits while the key is disabled, and is made up for when it is enabled', async () => {
    const { table, kms, keyId } = await stand();
    await kms.send(new EnableKeyRotationCommand({ KeyId: keyId, RotationPeriodInDays: 90 }));
    const first = await materialOf(kms, keyId);
    await kms.send(new DisableKeyCommand({ KeyId: keyId }));
    table.advance(100 * DAY);
    expect(await materialOf(kms, keyId)).toBe(first);
    await kms.send(new EnableKeyCommand({ KeyId: keyId }));
    table.advance(1);
    expect(await materialOf(kms, keyId)).not.toBe(first);
  });

  // https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-on-demand.html
  it('on demand comes soon, and is listed', async () => {
    const { table, kms, keyId } = await stand();
    await kms.send(new RotateKeyOnDemandCommand({ KeyId: keyId }));
    await expect(kms.send(new RotateKeyOnDemandCommand({ KeyId: keyId }))).rejects.toMatchObject({
      name: 'ConflictException',
    });
    table.advance(60_000);
    const list = (IncludeKeyMaterial?: 'ALL_KEY_MATERIAL') =>
      kms.send(new ListKeyRotationsCommand({ KeyId: keyId, IncludeKeyMaterial }));
    expect((await list()).Rotations).toMatchObject([{ RotationType: 'ON_DEMAND' }]);
    const { Rotations } = await list('ALL_KEY_MATERIAL');
    expect(Rotations?.map(({ KeyMaterialState }) => KeyMaterialState)).toEqual(['NON_CURRENT', 'CURRENT']);
  });

  // Recorded: test_key_rotations_limits. How many:
  // https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
  it('on demand is possible 25 times', async () => {
    const { table, kms, keyId, arn } = await stand();
    const rotate = () => kms.send(new RotateKeyOnDemandCommand({ KeyId: keyId }));
    for (let i = 0; i < 25; i += 1) {
      await rotate();
      table.advance(60_000);
    }
    await expect(rotate()).rejects.toMatchObject({
      name: 'LimitExceededException',
      message:
        'The on-demand rotations limit has been reached for the given keyId. ' +
        `No more on-demand rotations can be performed for this key: ${arn}`,
    });
  });
});

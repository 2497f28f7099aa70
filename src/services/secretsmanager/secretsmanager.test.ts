import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  BatchGetSecretValueCommand,
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
  ValidateResourcePolicyCommand,
} from '@aws-sdk/client-secrets-manager';
import type {
  DeleteSecretCommandInput,
  GetRandomPasswordCommandInput,
  ListSecretsCommandInput,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

const DAY = 86_400_000;
const MARKED = "You can't perform this operation on the secret because it was marked for deletion.";

function stage(table = newTable()) {
  const sm = table.client(SecretsManagerClient);
  const create = async (Name: string, SecretString?: string) =>
    (await sm.send(new CreateSecretCommand({ Name, SecretString }))).ARN as string;
  const put = async (SecretId: string, SecretString: string, VersionStages?: string[]) =>
    (await sm.send(new PutSecretValueCommand({ SecretId, SecretString, VersionStages }))).VersionId as string;
  const get = async (SecretId: string, VersionStage?: string) =>
    (await sm.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString;
  const remove = (SecretId: string, more: Partial<DeleteSecretCommandInput> = {}) =>
    sm.send(new DeleteSecretCommand({ SecretId, ...more }));
  const stages = async (SecretId: string) =>
    (await sm.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages;
  return { table, sm, create, put, get, remove, stages };
}

/** A client of a user who may do what some statements say. */
async function userOf(table: TestTable, ...statements: object[]) {
  const iam = table.client(IAMClient);
  const UserName = 'someone';
  await iam.send(new CreateUserCommand({ UserName }));
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  if (statements.length > 0)
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'some', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  table.advance(60_000);
  const credentials = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  return table.client(SecretsManagerClient, { credentials });
}

// Messages: LocalStack's recordings of AWS, tests/aws/services/secretsmanager/test_secretsmanager.snapshot.json
describe('secrets', () => {
  it('are found by name, by ARN and by ARN without its suffix', async () => {
    const { create, get } = stage();
    const arn = await create('app/db', 'x');
    expect(arn).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:app\/db-[A-Za-z0-9]{6}$/);
    for (const id of ['app/db', arn, arn.slice(0, -7)]) expect(await get(id)).toBe('x');
    await expect(get(`${arn.slice(0, -6)}aaaaaa`)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret.",
    });
  });

  it('exist once under a name, and again only by the same token and content', async () => {
    const { sm, create } = stage();
    const ClientRequestToken = '11111111-2222-4333-8444-555555555555';
    const again = () =>
      sm.send(new CreateSecretCommand({ Name: 'db', SecretString: 'x', ClientRequestToken }));
    const first = await again();
    expect(await again()).toMatchObject({ ARN: first.ARN, VersionId: ClientRequestToken });
    await expect(create('db', 'x')).rejects.toMatchObject({
      name: 'ResourceExistsException',
      message: 'The operation failed because the secret db already exists.',
    });
    await expect(create('no name', 'x')).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    });
  });

  // Recorded by LocalStack: test_invalid_secret_name.
  it('are asked for by nothing that could not be their name', async () => {
    const { get, remove, put } = stage();
    const wrong = {
      name: 'ValidationException',
      message: expect.stringContaining('Invalid name.') as string,
    };
    await expect(get('Inv Name')).rejects.toMatchObject(wrong);
    await expect(put('Inv*Name?', 'x')).rejects.toMatchObject(wrong);
    await expect(remove(' Name', { ForceDeleteWithoutRecovery: true })).rejects.toMatchObject(wrong);
  });

  it('hold bytes as well as text, or nothing yet', async () => {
    const { sm, create, get } = stage();
    const SecretBinary = new Uint8Array([0, 255, 7]);
    await sm.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary }));
    const read = await sm.send(new GetSecretValueCommand({ SecretId: 'bytes' }));
    expect([read.SecretBinary, read.SecretString]).toEqual([SecretBinary, undefined]);
    await create('empty');
    await expect(get('empty')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    });
  });

  // https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
  it('keep their last value as AWSPREVIOUS, and older ones without a stage', async () => {
    const { sm, create, put, get } = stage();
    await create('db', 'one');
    await put('db', 'two');
    await put('db', 'three');
    expect(await get('db')).toBe('three');
    expect(await get('db', 'AWSPREVIOUS')).toBe('two');
    const list = async (IncludeDeprecated: boolean) =>
      (await sm.send(new ListSecretVersionIdsCommand({ SecretId: 'db', IncludeDeprecated }))).Versions?.map(
        ({ VersionStages }) => VersionStages,
      );
    expect(await list(false)).toEqual([['AWSPREVIOUS'], ['AWSCURRENT']]);
    expect(await list(true)).toEqual([undefined, ['AWSPREVIOUS'], ['AWSCURRENT']]);
  });

  it('move stages from version to version, AWSCURRENT only by name of who has it', async () => {
    const { sm, create, put, get, stages } = stage();
    await create('db', 'one');
    const current = Object.keys((await stages('db')) ?? {})[0] as string;
    const pending = await put('db', 'two', ['AWSPENDING', 'mine']);
    expect(await get('db')).toBe('one');
    const move = (RemoveFromVersionId?: string) =>
      sm.send(
        new UpdateSecretVersionStageCommand({
          SecretId: 'db',
          VersionStage: 'AWSCURRENT',
          MoveToVersionId: pending,
          RemoveFromVersionId,
        }),
      );
    await expect(move()).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await move(current);
    expect(await stages('db')).toEqual({
      [current]: ['AWSPREVIOUS'],
      [pending]: ['AWSPENDING', 'mine', 'AWSCURRENT'],
    });
  });

  // Recorded: test_update_secret_version_stages_current_pending.
  // https://github.com/localstack/localstack/blob/main/tests/aws/services/secretsmanager/test_secretsmanager.snapshot.json
  it('take AWSPENDING from a version that becomes AWSPREVIOUS', async () => {
    const { create, put, stages } = stage();
    await create('db', 'one');
    const pending = await put('db', 'two', ['AWSPENDING', 'AWSCURRENT']);
    const current = await put('db', 'three');
    expect(await stages('db')).toEqual({ [pending]: ['AWSPREVIOUS'], [current]: ['AWSCURRENT'] });
  });

  it('say so where a version has not the stage that was asked for', async () => {
    const { sm, create, stages } = stage();
    await create('db', 'one');
    const VersionId = Object.keys((await stages('db')) ?? {})[0];
    await expect(
      sm.send(new GetSecretValueCommand({ SecretId: 'db', VersionId, VersionStage: 'AWSPENDING' })),
    ).rejects.toMatchObject({
      name: 'InvalidRequestException',
      message: 'You provided a VersionStage that is not associated to the provided VersionId.',
    });
  });

  it('take a token once for one content', async () => {
    const { sm, create } = stage();
    await create('db', 'one');
    const ClientRequestToken = '11111111-2222-4333-8444-555555555555';
    const put = (SecretString: string) =>
      sm.send(new PutSecretValueCommand({ SecretId: 'db', SecretString, ClientRequestToken }));
    await put('two');
    expect(await put('two')).toMatchObject({ VersionId: ClientRequestToken, VersionStages: ['AWSCURRENT'] });
    await expect(put('three')).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });

  it('are updated, tagged and described', async () => {
    const { sm, create } = stage();
    await create('db', 'one');
    await sm.send(new UpdateSecretCommand({ SecretId: 'db', Description: 'the base' }));
    await sm.send(
      new TagResourceCommand({
        SecretId: 'db',
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'b', Value: '2' },
        ],
      }),
    );
    await sm.send(new UntagResourceCommand({ SecretId: 'db', TagKeys: ['a'] }));
    await sm.send(new GetSecretValueCommand({ SecretId: 'db' }));
    const secret = await sm.send(new DescribeSecretCommand({ SecretId: 'db' }));
    expect(secret).toMatchObject({
      Description: 'the base',
      Tags: [{ Key: 'b', Value: '2' }],
      LastAccessedDate: new Date('2026-01-05T00:00:00Z'),
    });
    expect(secret.RotationEnabled).toBeUndefined();
  });

  // Recorded by LocalStack: test_secret_tags.
  it('show no tags until they have some, and an empty list when these are gone', async () => {
    const { sm, create } = stage();
    await create('db', 'one');
    const tags = async () => (await sm.send(new DescribeSecretCommand({ SecretId: 'db' }))).Tags;
    expect(await tags()).toBeUndefined();
    await sm.send(new TagResourceCommand({ SecretId: 'db', Tags: [{ Key: 'a', Value: '1' }] }));
    await sm.send(new UntagResourceCommand({ SecretId: 'db', TagKeys: ['a'] }));
    expect(await tags()).toEqual([]);
  });
});

// https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
describe('deletion', () => {
  it('waits for the end of the recovery window, and then really happens', async () => {
    const { table, sm, create, get, remove } = stage();
    await create('db', 'x');
    const { DeletionDate } = await remove('db', { RecoveryWindowInDays: 7 });
    expect(DeletionDate).toEqual(new Date('2026-01-12T00:00:00Z'));
    await expect(get('db')).rejects.toMatchObject({ name: 'InvalidRequestException', message: MARKED });
    await expect(create('db', 'y')).rejects.toMatchObject({
      message:
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
    });
    const all = await sm.send(new ListSecretsCommand({ IncludePlannedDeletion: true }));
    expect(all.SecretList).toHaveLength(1);
    expect((await sm.send(new ListSecretsCommand({}))).SecretList).toEqual([]);
    table.advance(7 * DAY);
    await expect(get('db')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await create('db', 'y');
  });

  it('is undone by restoring the secret in time', async () => {
    const { table, sm, create, get, remove } = stage();
    await create('db', 'x');
    await remove('db');
    table.advance(29 * DAY);
    await sm.send(new RestoreSecretCommand({ SecretId: 'db' }));
    table.advance(2 * DAY);
    expect(await get('db')).toBe('x');
  });

  it('happens at once when it is forced, whether or not there is anything', async () => {
    const { create, get, remove } = stage();
    await create('db', 'x');
    await remove('db', { ForceDeleteWithoutRecovery: true });
    await expect(get('db')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(await remove('none', { ForceDeleteWithoutRecovery: true })).toMatchObject({ Name: 'none' });
    await expect(remove('none')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(remove('db', { RecoveryWindowInDays: 3 })).rejects.toThrow('between 7 and 30 days');
  });
});

describe('lists', () => {
  it('are filtered, sorted and cut into pages', async () => {
    const { table, sm, create } = stage();
    for (const name of ['shop/db', 'shop/key', 'bank/db']) {
      await create(name, name);
      table.advance(1000);
    }
    await sm.send(new UpdateSecretCommand({ SecretId: 'bank/db', Description: 'Where the money is' }));
    const names = async (input: ListSecretsCommandInput) =>
      (await sm.send(new ListSecretsCommand(input))).SecretList?.map(({ Name }) => Name);
    expect(await names({})).toEqual(['shop/db', 'shop/key', 'bank/db']);
    expect(await names({ SortOrder: 'desc' })).toEqual(['bank/db', 'shop/key', 'shop/db']);
    expect(await names({ SortBy: 'name', SortOrder: 'asc' })).toEqual(['bank/db', 'shop/db', 'shop/key']);
    expect(await names({ SortBy: 'name', SortOrder: 'desc' })).toEqual(['shop/key', 'shop/db', 'bank/db']);
    expect(await names({ Filters: [{ Key: 'name', Values: ['shop/'] }] })).toEqual(['shop/db', 'shop/key']);
    expect(await names({ Filters: [{ Key: 'name', Values: ['!shop/'] }] })).toEqual(['bank/db']);
    expect(await names({ Filters: [{ Key: 'description', Values: ['MONEY'] }] })).toEqual(['bank/db']);
    expect(await names({ Filters: [{ Key: 'all', Values: ['db'] }] })).toEqual(['shop/db', 'bank/db']);
    const first = await sm.send(new ListSecretsCommand({ MaxResults: 2 }));
    expect(await names({ NextToken: first.NextToken })).toEqual(['bank/db']);
    await expect(names({ Filters: [{ Key: 'name' }] })).rejects.toThrow(
      'Invalid filter values for key: name',
    );
    await expect(names({ Filters: [{ Values: ['shop/'] }] })).rejects.toThrow('Invalid filter key');
  });

  // Recorded by moto's verified tests: test_with_all_filter, test_with_all_filter_special_characters and
  // test_with_filter_with_value_with_multiple_words of tests/test_secretsmanager/test_list_secrets.py.
  it.each([
    ['all', 'd t', ['SecretTwo']],
    ['all', 'Secret', ['SecretOne', 'SecretTwo']],
    ['all', 'ret', []],
    ['all', 'company', ['uat/COMPANY/x']],
    ['all', 'Ythings', ['uat/COMPANYthings/x']],
    ['all', 'x', ['uat/COMPANY/x', 'uat/COMPANYthings/x']],
    ['all', '+', []],
    ['description', 'o t', ['one']],
  ] as const)('find the words of %s that begin as those of "%s"', async (Key, value, found) => {
    const { sm, create } = stage();
    await create('SecretOne', 'v');
    await sm.send(new CreateSecretCommand({ Name: 'SecretTwo', SecretString: 'v', Description: 'DescTwo' }));
    for (const name of ['uat/COMPANY/x', 'uat/COMPANYthings/x', 'prod-App/x']) await create(name, 'v');
    await sm.send(new CreateSecretCommand({ Name: 'one', SecretString: 'v', Description: 'one and two' }));
    await sm.send(new CreateSecretCommand({ Name: 'none', SecretString: 'v', Description: 'one' }));
    const Filters = [{ Key, Values: [value] }];
    const { SecretList = [] } = await sm.send(new ListSecretsCommand({ Filters }));
    expect(SecretList.map(({ Name }) => Name)).toEqual(found);
  });
});

describe('permissions', () => {
  it('come from the policy of a secret as well as from that of a user', async () => {
    const { table, sm, create } = stage();
    await create('db', 'x');
    const user = await userOf(table);
    const read = () => user.send(new GetSecretValueCommand({ SecretId: 'db' }));
    await expect(read()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const ResourcePolicy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::000000000000:user/someone' },
          Action: 'secretsmanager:GetSecretValue',
          Resource: '*',
        },
      ],
    });
    await sm.send(new PutResourcePolicyCommand({ SecretId: 'db', ResourcePolicy }));
    expect(await read()).toMatchObject({ SecretString: 'x' });
    expect(await sm.send(new GetResourcePolicyCommand({ SecretId: 'db' }))).toMatchObject({ ResourcePolicy });
    await sm.send(new DeleteResourcePolicyCommand({ SecretId: 'db' }));
    await expect(read()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('are looked at for each secret of a batch', async () => {
    const { table, create } = stage();
    const arn = await create('db', 'x');
    await create('other', 'y');
    const user = await userOf(
      table,
      { Effect: 'Allow', Action: 'secretsmanager:BatchGetSecretValue', Resource: '*' },
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: arn },
    );
    const batch = await user.send(new BatchGetSecretValueCommand({ SecretIdList: ['db', 'other', 'none'] }));
    expect(batch.SecretValues).toMatchObject([{ Name: 'db', SecretString: 'x' }]);
    expect(batch.Errors?.map(({ SecretId, ErrorCode }) => [SecretId, ErrorCode])).toEqual([
      ['other', 'AccessDeniedException'],
      ['none', 'AccessDeniedException'],
    ]);
  });

  it('are kept from the public where that is asked for', async () => {
    const { sm, create } = stage();
    await create('db', 'x');
    const open = { Effect: 'Allow', Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*' };
    const ResourcePolicy = JSON.stringify({ Version: '2012-10-17', Statement: [open] });
    await expect(
      sm.send(new PutResourcePolicyCommand({ SecretId: 'db', ResourcePolicy, BlockPublicPolicy: true })),
    ).rejects.toMatchObject({ name: 'PublicPolicyException' });
    expect(await sm.send(new ValidateResourcePolicyCommand({ ResourcePolicy }))).toMatchObject({
      PolicyValidationPassed: false,
    });
    await expect(
      sm.send(new PutResourcePolicyCommand({ SecretId: 'db', ResourcePolicy: '{}' })),
    ).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' });
  });
});

// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
describe("a customer's key", () => {
  it('decides who reads a secret', async () => {
    const { table, sm, get } = stage();
    const kms = table.client(KMSClient);
    const KmsKeyId = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn as string;
    await sm.send(new CreateSecretCommand({ Name: 'db', SecretString: 'x', KmsKeyId }));
    const { Versions } = await sm.send(new ListSecretVersionIdsCommand({ SecretId: 'db' }));
    expect(Versions?.[0]?.KmsKeyIds).toEqual([KmsKeyId]);
    const user = await userOf(table, { Effect: 'Allow', Action: 'secretsmanager:*', Resource: '*' });
    await expect(user.send(new GetSecretValueCommand({ SecretId: 'db' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: 'Access to KMS is not allowed',
    });
    expect(await get('db')).toBe('x');
    await kms.send(new DisableKeyCommand({ KeyId: KmsKeyId }));
    await expect(get('db')).rejects.toMatchObject({ name: 'DecryptionFailure' });
    await kms.send(new EnableKeyCommand({ KeyId: KmsKeyId }));
    await sm.send(new UpdateSecretCommand({ SecretId: 'db', KmsKeyId: 'alias/aws/secretsmanager' }));
    expect(await user.send(new GetSecretValueCommand({ SecretId: 'db' }))).toMatchObject({
      SecretString: 'x',
    });
  });
});

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
describe('random passwords', () => {
  const password = async (input: GetRandomPasswordCommandInput = {}, sm = stage().sm) =>
    (await sm.send(new GetRandomPasswordCommand(input))).RandomPassword ?? '';

  it('have 32 characters of every type, differ, and are the same in the same world', async () => {
    const { sm } = stage();
    const first = await password({}, sm);
    for (const type of [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9 ]/, /^\S{32}$/]) expect(first).toMatch(type);
    expect(await password({}, sm)).not.toBe(first);
    expect(await password()).toBe(first);
  });

  it('leave out what is not wanted', async () => {
    const ExcludeCharacters = '01lO';
    const text = await password({ PasswordLength: 400, ExcludePunctuation: true, ExcludeCharacters });
    expect(text).toMatch(/^[A-Za-z0-9]{400}$/);
    expect(text).not.toMatch(/[01lO]/);
    // A space may be among the others, and is never required.
    expect(await password({ PasswordLength: 4, IncludeSpace: true })).toMatch(/^\S{4}$/);
    expect(await password({ PasswordLength: 400, IncludeSpace: true })).toContain(' ');
    await expect(password({ PasswordLength: 3 })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });
});

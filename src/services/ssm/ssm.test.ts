import { DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  AddTagsToResourceCommand,
  CreateDocumentCommand,
  DeleteDocumentCommand,
  DeleteParameterCommand,
  DeleteParametersCommand,
  DescribeDocumentCommand,
  DescribeDocumentPermissionCommand,
  DescribeParametersCommand,
  GetDocumentCommand,
  GetParameterCommand,
  GetParameterHistoryCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  LabelParameterVersionCommand,
  ListDocumentsCommand,
  ListDocumentVersionsCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  RemoveTagsFromResourceCommand,
  SSMClient,
  UnlabelParameterVersionCommand,
  UpdateDocumentCommand,
  UpdateDocumentDefaultVersionCommand,
} from '@aws-sdk/client-ssm';
import type { PutParameterCommandInput } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

const DAY = 86_400_000;

function stage() {
  const table = newTable();
  const ssm = table.client(SSMClient);
  const put = (Name: string, Value: string, more: Partial<PutParameterCommandInput> = {}) =>
    ssm.send(new PutParameterCommand({ Name, Value, Type: 'String', ...more }));
  const get = async (Name: string) => (await ssm.send(new GetParameterCommand({ Name }))).Parameter;
  const below = async (Path: string, Recursive: boolean) =>
    ((await ssm.send(new GetParametersByPathCommand({ Path, Recursive }))).Parameters ?? []).map(
      ({ Name }) => Name,
    );
  return { table, ssm, put, get, below };
}

/** Credentials of a user who may do what some statements say. */
async function userOf(table: TestTable, ...Statement: object[]) {
  const iam = table.client(IAMClient);
  const UserName = 'someone';
  await iam.send(new CreateUserCommand({ UserName }));
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'some', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  table.advance(60_000);
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-working.html
describe('parameters', () => {
  // https://github.com/localstack/localstack/blob/main/tests/aws/services/ssm/test_ssm.py, validated against AWS:
  // test_put_parameters, test_hierarchical_parameter.
  it('are found with a slash before their name as well, and otherwise by their whole path', async () => {
    const { put, get } = stage();
    await put('host', 'a');
    expect([(await get('host'))?.Name, (await get('/host'))?.Name]).toEqual(['host', '/host']);
    await put('/app/db/host', 'b');
    for (const name of ['app/db/host', '/app//db//host'])
      await expect(get(name)).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining('sub-paths divided by slash symbol') as string,
      });
  });

  it('are put, read, overwritten with a new version and deleted', async () => {
    const { ssm, put, get } = stage();
    expect(await put('/app/host', 'a', { Description: 'where' })).toMatchObject({
      Version: 1,
      Tier: 'Standard',
    });
    await expect(put('/app/host', 'b')).rejects.toMatchObject({
      name: 'ParameterAlreadyExists',
      message:
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    });
    expect(await put('/app/host', 'b', { Overwrite: true })).toMatchObject({ Version: 2 });
    expect(await get('/app/host')).toEqual({
      Name: '/app/host',
      Type: 'String',
      Value: 'b',
      Version: 2,
      LastModifiedDate: new Date('2026-01-05T00:00:00Z'),
      ARN: 'arn:aws:ssm:us-east-1:000000000000:parameter/app/host',
      DataType: 'text',
    });
    const { Parameters } = await ssm.send(new GetParameterHistoryCommand({ Name: '/app/host' }));
    expect(Parameters).toMatchObject([
      { Version: 1, Value: 'a', LastModifiedUser: 'arn:aws:iam::000000000000:root', Description: 'where' },
      { Version: 2, Value: 'b', Description: 'where' },
    ]);
    await ssm.send(new DeleteParameterCommand({ Name: '/app/host' }));
    await expect(get('/app/host')).rejects.toMatchObject({ name: 'ParameterNotFound' });
    await expect(ssm.send(new DeleteParameterCommand({ Name: '/app/host' }))).rejects.toMatchObject({
      name: 'ParameterNotFound',
    });
  });

  // As moto has it: test_put_parameter_empty_string_value, test_put_parameter_invalid_type,
  // test_get_parameters_should_only_return_unique_requests.
  it('are never empty, of one of three types, and shown once however often they are asked for', async () => {
    const { ssm, put } = stage();
    await expect(put('/app/host', '')).rejects.toThrow("Value '' at 'value' failed to satisfy constraint");
    const odd = new PutParameterCommand({ Name: 'a', Value: 'a', Type: 'str' as 'String' });
    await expect(ssm.send(odd)).rejects.toThrow('enum value set: [SecureString, StringList, String]');
    await put('/app/host', 'a');
    const twice = new GetParametersCommand({ Names: ['/app/host', '/app/host'] });
    expect((await ssm.send(twice)).Parameters).toHaveLength(1);
  });

  it('are found by ARN, by version and by label', async () => {
    const { ssm, put, get } = stage();
    await put('host', 'a');
    await put('host', 'b', { Overwrite: true });
    await ssm.send(new LabelParameterVersionCommand({ Name: 'host', ParameterVersion: 1, Labels: ['live'] }));
    expect(await get('arn:aws:ssm:us-east-1:000000000000:parameter/host')).toMatchObject({ Value: 'b' });
    expect(await get('host:1')).toMatchObject({ Name: 'host', Value: 'a', Selector: ':1' });
    expect(await get('host:live')).toMatchObject({ Value: 'a', Selector: ':live' });
    await expect(get('host:7')).rejects.toMatchObject({
      name: 'ParameterVersionNotFound',
      message: 'Systems Manager could not find version 7 of host. Verify the version and try again.',
    });
    expect(await ssm.send(new GetParametersCommand({ Names: ['host', 'host:7', 'none'] }))).toMatchObject({
      Parameters: [{ Value: 'b' }],
      InvalidParameters: ['host:7', 'none'],
    });
  });

  // https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
  it('have labels that move from version to version', async () => {
    const { ssm, put, get } = stage();
    await put('host', 'a');
    await put('host', 'b', { Overwrite: true });
    const label = (ParameterVersion: number, Labels: string[]) =>
      ssm.send(new LabelParameterVersionCommand({ Name: 'host', ParameterVersion, Labels }));
    expect(await label(1, ['live', '1st', 'awsome'])).toMatchObject({ InvalidLabels: ['1st', 'awsome'] });
    await label(2, ['live']);
    expect(await get('host:live')).toMatchObject({ Version: 2 });
    const many = Array.from({ length: 10 }, (_, number) => `label-${number}`);
    await expect(label(2, many)).rejects.toMatchObject({ name: 'ParameterVersionLabelLimitExceeded' });
    const gone = await ssm.send(
      new UnlabelParameterVersionCommand({ Name: 'host', ParameterVersion: 2, Labels: ['live', 'other'] }),
    );
    expect(gone).toMatchObject({ RemovedLabels: ['live'], InvalidLabels: ['other'] });
    await expect(get('host:live')).rejects.toMatchObject({ name: 'ParameterVersionNotFound' });
  });

  // https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
  it('keep a hundred versions, and lose the oldest only without a label', async () => {
    const { ssm, put } = stage();
    for (let number = 1; number <= 101; number += 1)
      await put('host', `${number}`, { Overwrite: number > 1 });
    const { Parameters } = await ssm.send(new GetParameterHistoryCommand({ Name: 'host' }));
    expect(Parameters).toHaveLength(50);
    expect(Parameters?.[0]?.Version).toBe(2);
    await ssm.send(new LabelParameterVersionCommand({ Name: 'host', ParameterVersion: 2, Labels: ['keep'] }));
    await expect(put('host', 'more', { Overwrite: true })).rejects.toMatchObject({
      name: 'ParameterMaxVersionLimitExceeded',
    });
  });

  // https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html
  it.each([
    ['aws-thing', 'ValidationException'],
    ['/ssm/thing', 'ValidationException'],
    ['/aws/thing', 'AccessDeniedException'],
    ['a/b', 'ValidationException'],
    ['/a b', 'ValidationException'],
    ['/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16', 'HierarchyLevelLimitExceededException'],
  ])('may not be called %s', async (name, error) => {
    await expect(stage().put(name, 'x')).rejects.toMatchObject({ name: error });
  });

  it('are listed below a path, at one level or all', async () => {
    const { ssm, put, below } = stage();
    for (const name of ['/a/one', '/a/b/two', '/ab/three', 'four']) await put(name, name);
    expect(await below('/a', false)).toEqual(['/a/one']);
    expect(await below('/a/', true)).toEqual(['/a/b/two', '/a/one']);
    expect(await below('/', false)).toEqual(['four']);
    const first = await ssm.send(
      new GetParametersByPathCommand({ Path: '/', Recursive: true, MaxResults: 3 }),
    );
    const rest = await ssm.send(
      new GetParametersByPathCommand({ Path: '/', Recursive: true, NextToken: first.NextToken }),
    );
    expect([first.Parameters?.length, rest.Parameters?.length, rest.NextToken]).toEqual([3, 1, undefined]);
  });

  it('are described, by filters', async () => {
    const { ssm, put } = stage();
    await put('/a/one', 'x', { Tags: [{ Key: 'team', Value: 'shop' }] });
    await put('/a/two', 'x,y', { Type: 'StringList', Tier: 'Advanced' });
    const names = async (Key: string, Values?: string[], Option?: string) =>
      (
        await ssm.send(new DescribeParametersCommand({ ParameterFilters: [{ Key, Option, Values }] }))
      ).Parameters?.map(({ Name }) => Name);
    expect(await names('Type', ['StringList'])).toEqual(['/a/two']);
    expect(await names('Tier', ['Standard'])).toEqual(['/a/one']);
    expect(await names('tag:team', ['shop'])).toEqual(['/a/one']);
    expect(await names('Name', ['two'], 'Contains')).toEqual(['/a/two']);
    expect(await names('Path', ['/a'])).toEqual(['/a/one', '/a/two']);
    // Names begin with a slash for filters, as moto's test_describe_parameters_with_parameter_filters_name has it.
    await put('three', 'x');
    expect(await names('Name', ['a/one', '/three'])).toEqual(['/a/one', 'three']);
    expect(await names('Name', ['/thr'], 'Contains')).toEqual(['three']);
    await expect(names('Label')).rejects.toMatchObject({ name: 'InvalidFilterKey' });
    await expect(names('Label', ['x'])).rejects.toMatchObject({ name: 'InvalidFilterKey' });
    await expect(names('Type', ['Number'])).rejects.toMatchObject({ name: 'InvalidFilterOption' });
  });

  it('must match their allowed pattern as a whole', async () => {
    const { put } = stage();
    await put('port', '8080', { AllowedPattern: '\\d{1,5}' });
    await expect(put('port', '80a', { Overwrite: true })).rejects.toMatchObject({
      name: 'ParameterPatternMismatchException',
    });
    await expect(put('other', 'x', { AllowedPattern: '(' })).rejects.toMatchObject({
      name: 'InvalidAllowedPatternException',
    });
  });

  // https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
  it('hold 4 KB in the standard tier and 8 KB in the advanced one, from which there is no way back', async () => {
    const { put } = stage();
    await expect(put('big', 'x'.repeat(4097))).rejects.toThrow('maximum parameter value of 4096 characters');
    expect(await put('big', 'x'.repeat(4097), { Tier: 'Intelligent-Tiering' })).toMatchObject({
      Tier: 'Advanced',
    });
    await expect(put('big', 'x', { Tier: 'Standard', Overwrite: true })).rejects.toThrow(
      "You can't downgrade",
    );
    await expect(put('big', 'x'.repeat(8193), { Overwrite: true })).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  // https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html
  it('expire by their policy', async () => {
    const { table, put, get } = stage();
    const Policies = JSON.stringify([
      { Type: 'Expiration', Version: '1.0', Attributes: { Timestamp: '2026-01-06T00:00:00.000Z' } },
    ]);
    await expect(put('brief', 'x', { Policies, Tier: 'Standard' })).rejects.toMatchObject({
      name: 'ValidationException',
    });
    await put('brief', 'x', { Policies, Tier: 'Advanced' });
    table.advance(DAY - 1);
    expect(await get('brief')).toMatchObject({ Value: 'x' });
    table.advance(1);
    await expect(get('brief')).rejects.toMatchObject({ name: 'ParameterNotFound' });
  });

  // https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ec2-aliases.html
  it('of an image appear once EC2 knows the image, and never otherwise', async () => {
    const { table, put, get } = stage();
    const { Images } = await table.client(EC2Client).send(new DescribeImagesCommand({ Owners: ['amazon'] }));
    const image = Images?.[0]?.ImageId as string;
    await put('image', image, { DataType: 'aws:ec2:image' });
    await put('missing', 'ami-0123456789abcdef0', { DataType: 'aws:ec2:image' });
    await expect(get('image')).rejects.toMatchObject({ name: 'ParameterNotFound' });
    table.advance(5000);
    expect(await get('image')).toMatchObject({ Value: image, DataType: 'aws:ec2:image' });
    await expect(get('missing')).rejects.toMatchObject({ name: 'ParameterNotFound' });
    await expect(put('bad', 'no-image', { DataType: 'aws:ec2:image' })).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('are tagged, and deleted several at a time', async () => {
    const { ssm, put } = stage();
    const resource = { ResourceType: 'Parameter', ResourceId: 'host' } as const;
    await expect(put('host', 'x', { Overwrite: true, Tags: [{ Key: 'a', Value: '1' }] })).rejects.toThrow(
      "tags and overwrite can't be used together",
    );
    await put('host', 'x', { Tags: [{ Key: 'a', Value: '1' }] });
    await ssm.send(new AddTagsToResourceCommand({ ...resource, Tags: [{ Key: 'b', Value: '2' }] }));
    await ssm.send(new RemoveTagsFromResourceCommand({ ...resource, TagKeys: ['a'] }));
    const { TagList } = await ssm.send(new ListTagsForResourceCommand(resource));
    expect(TagList).toEqual([{ Key: 'b', Value: '2' }]);
    expect(await ssm.send(new DeleteParametersCommand({ Names: ['host', 'none'] }))).toMatchObject({
      DeletedParameters: ['host'],
      InvalidParameters: ['none'],
    });
  });
});

// https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
describe('SecureStrings', () => {
  it('are kept encrypted, and decrypted for whoever asks', async () => {
    const { ssm, put, get } = stage();
    await put('/db/password', 'hunter2', { Type: 'SecureString' });
    expect((await get('/db/password'))?.Value).not.toContain('hunter2');
    const open = { Name: '/db/password', WithDecryption: true };
    expect(await ssm.send(new GetParameterCommand(open))).toMatchObject({
      Parameter: { Type: 'SecureString', Value: 'hunter2' },
    });
    const { Parameters } = await ssm.send(new DescribeParametersCommand({}));
    expect(Parameters).toMatchObject([{ Name: '/db/password', KeyId: 'alias/aws/ssm' }]);
  });

  it("need the permission of a customer's key, with the parameter's ARN in the encryption context", async () => {
    const { table, put } = stage();
    const kms = table.client(KMSClient);
    const KeyId = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn as string;
    await put('/shop/password', 'a', { Type: 'SecureString', KeyId });
    await put('/bank/password', 'b', { Type: 'SecureString', KeyId });
    const credentials = await userOf(
      table,
      { Effect: 'Allow', Action: 'ssm:GetParameter', Resource: '*' },
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: KeyId,
        Condition: {
          StringLike: { 'kms:EncryptionContext:PARAMETER_ARN': 'arn:aws:ssm:*:*:parameter/shop/*' },
          StringEquals: { 'kms:ViaService': 'ssm.us-east-1.amazonaws.com' },
        },
      },
    );
    const user = table.client(SSMClient, { credentials });
    const read = (Name: string) => user.send(new GetParameterCommand({ Name, WithDecryption: true }));
    expect(await read('/shop/password')).toMatchObject({ Parameter: { Value: 'a' } });
    await expect(read('/bank/password')).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await kms.send(new DisableKeyCommand({ KeyId }));
    await expect(read('/shop/password')).rejects.toMatchObject({ name: 'InvalidKeyId' });
  });
});

// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
describe('public parameters', () => {
  it.each([
    ['ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64', /^al2023-ami-2023\..*-x86_64$/],
    ['ami-amazon-linux-latest/al2023-ami-kernel-default-arm64', /^al2023-ami-2023\..*-arm64$/],
    ['ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2', /^amzn2-ami-hvm-2\.0\..*-x86_64-gp2$/],
    ['ami-amazon-linux-latest/amzn-ami-hvm-x86_64-gp2', /^amzn-ami-hvm-2018\.03\./],
    ['canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id', /ubuntu-noble-24\.04-amd64/],
    ['canonical/ubuntu/server/jammy/stable/current/arm64/hvm/ebs-gp2/ami-id', /ubuntu-jammy-22\.04-arm64/],
    [
      'canonical/ubuntu/eks-pro/22.04/1.29/stable/current/amd64/hvm/ebs-gp2/ami-id',
      /^ubuntu-eks-pro\/k8s_1\.29\/.*jammy-22\.04-amd64/,
    ],
    ['debian/release/12/latest/arm64', /^debian-12-arm64-/],
    [
      'ami-windows-latest/Windows_Server-2022-English-Full-Base',
      /^Windows_Server-2022-English-Full-Base-2025/,
    ],
    ['ami-windows-latest/Windows_Server-2022-English-Full-SQL_2022_Web', /-SQL_2022_Web-2025/],
    ['ecs/optimized-ami/amazon-linux-2023/recommended/image_id', /^al2023-ami-ecs-hvm-/],
    ['ecs/optimized-ami/amazon-linux-2/recommended/image_id', /^amzn2-ami-ecs-hvm-/],
  ])('name an image of EC2: %s', async (name, image) => {
    const { table, get } = stage();
    const parameter = await get(`/aws/service/${name}`);
    expect(parameter?.ARN).toBe(`arn:aws:ssm:us-east-1::parameter/aws/service/${name}`);
    const ImageIds = [parameter?.Value as string];
    const { Images } = await table.client(EC2Client).send(new DescribeImagesCommand({ ImageIds }));
    expect(Images?.[0]?.Name).toMatch(image);
  });

  it('are listed below their path', async () => {
    const { below } = stage();
    const names = await below('/aws/service/ami-amazon-linux-latest', true);
    expect(names).toContain('/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64');
    expect(names).toHaveLength(10);
  });

  it('that are not modelled are refused rather than missing', async () => {
    const { get, ssm } = stage();
    const name = '/aws/service/global-infrastructure/regions/us-east-1';
    await expect(get(name)).rejects.toMatchObject({ name: 'NotImplemented' });
    await expect(ssm.send(new GetParametersCommand({ Names: [name] }))).rejects.toThrow(name);
  });
});

describe('permissions', () => {
  it('are asked for on the parameter, whatever its version', async () => {
    const { table, put } = stage();
    await put('/shop/host', 'x');
    await put('/bank/host', 'x');
    const credentials = await userOf(table, {
      Effect: 'Allow',
      Action: 'ssm:GetParameter',
      Resource: 'arn:aws:ssm:us-east-1:000000000000:parameter/shop/*',
    });
    const ssm = table.client(SSMClient, { credentials });
    expect(await ssm.send(new GetParameterCommand({ Name: '/shop/host:1' }))).toMatchObject({
      Parameter: { Value: 'x' },
    });
    await expect(ssm.send(new GetParameterCommand({ Name: '/bank/host' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });
});

// https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html
describe('documents', () => {
  const command = (script: string) =>
    JSON.stringify({
      schemaVersion: '2.2',
      description: 'Say it',
      parameters: { what: { type: 'String', description: 'Words', default: 'hello' } },
      mainSteps: [{ action: 'aws:runShellScript', name: 'say', inputs: { runCommand: [script] } }],
    });

  it('are created, become active and describe themselves', async () => {
    const { table, ssm } = stage();
    const created = await ssm.send(
      new CreateDocumentCommand({ Name: 'say', Content: command('echo'), DocumentType: 'Command' }),
    );
    expect(created.DocumentDescription).toMatchObject({
      Status: 'Creating',
      DocumentVersion: '1',
      HashType: 'Sha256',
    });
    table.advance(3000);
    const { Document } = await ssm.send(new DescribeDocumentCommand({ Name: 'say' }));
    expect(Document).toMatchObject({
      Status: 'Active',
      Description: 'Say it',
      SchemaVersion: '2.2',
      PlatformTypes: ['Linux', 'MacOS'],
      Parameters: [{ Name: 'what', Type: 'String', Description: 'Words', DefaultValue: 'hello' }],
    });
    await expect(
      ssm.send(new CreateDocumentCommand({ Name: 'say', Content: command('echo') })),
    ).rejects.toMatchObject({ name: 'DocumentAlreadyExists' });
  });

  it('are shared with nobody', async () => {
    const { ssm } = stage();
    await ssm.send(new CreateDocumentCommand({ Name: 'say', Content: command('echo') }));
    const ask = (Name: string) =>
      ssm.send(new DescribeDocumentPermissionCommand({ Name, PermissionType: 'Share' }));
    expect((await ask('say')).AccountIds).toEqual([]);
    await expect(ask('missing')).rejects.toMatchObject({ name: 'InvalidDocument' });
  });

  it('get versions, of which one is the default', async () => {
    const { ssm } = stage();
    await ssm.send(new CreateDocumentCommand({ Name: 'say', Content: command('echo 1') }));
    const update = (Content: string) =>
      ssm.send(new UpdateDocumentCommand({ Name: 'say', Content, DocumentVersion: '$LATEST' }));
    await update(command('echo 2'));
    await expect(update(command('echo 1'))).rejects.toMatchObject({ name: 'DuplicateDocumentContent' });
    const content = async () => (await ssm.send(new GetDocumentCommand({ Name: 'say' }))).Content;
    expect(await content()).toContain('echo 1');
    await ssm.send(new UpdateDocumentDefaultVersionCommand({ Name: 'say', DocumentVersion: '2' }));
    expect(await content()).toContain('echo 2');
    const { DocumentVersions } = await ssm.send(new ListDocumentVersionsCommand({ Name: 'say' }));
    expect(DocumentVersions?.map(({ IsDefaultVersion }) => IsDefaultVersion)).toEqual([false, true]);
    await expect(ssm.send(new DeleteDocumentCommand({ Name: 'say', DocumentVersion: '2' }))).rejects.toThrow(
      "Default version of the document can't be deleted.",
    );
    await ssm.send(new DeleteDocumentCommand({ Name: 'say' }));
    await expect(content()).rejects.toMatchObject({ name: 'InvalidDocument' });
  });

  it('are converted between YAML and JSON', async () => {
    const { ssm } = stage();
    const Content =
      "schemaVersion: '0.3'\nmainSteps:\n  - name: rest\n    action: aws:sleep\n    inputs:\n      Duration: PT1M\n";
    await ssm.send(
      new CreateDocumentCommand({
        Name: 'rest',
        Content,
        DocumentFormat: 'YAML',
        DocumentType: 'Automation',
      }),
    );
    const json = await ssm.send(new GetDocumentCommand({ Name: 'rest' }));
    expect(JSON.parse(json.Content ?? '')).toMatchObject({
      schemaVersion: '0.3',
      mainSteps: [{ name: 'rest' }],
    });
    const yaml = await ssm.send(new GetDocumentCommand({ Name: 'rest', DocumentFormat: 'YAML' }));
    expect(yaml.Content).toBe(Content);
    const own = { Filters: [{ Key: 'Owner', Values: ['Self'] }] };
    expect((await ssm.send(new ListDocumentsCommand(own))).DocumentIdentifiers).toMatchObject([
      { Name: 'rest', DocumentType: 'Automation', DocumentFormat: 'YAML' },
    ]);
  });

  it.each([
    ['no JSON', '{', 'InvalidDocumentContent'],
    ['an unknown schema', '{"schemaVersion":"9"}', 'InvalidDocumentSchemaVersion'],
    ['a step that holds itself', 'schemaVersion: "2.2"\nmainSteps: &a [*a]', 'InvalidDocumentContent'],
    ['no steps', '{"schemaVersion":"2.2","mainSteps":[]}', 'InvalidDocumentContent'],
    [
      'two steps of one name',
      '{"schemaVersion":"2.2","mainSteps":[{"action":"aws:a","name":"x","inputs":{}},{"action":"aws:a","name":"x","inputs":{}}]}',
      'InvalidDocumentContent',
    ],
  ])('are refused with %s', async (_, Content, error) => {
    await expect(
      stage().ssm.send(
        new CreateDocumentCommand({
          Name: 'bad',
          Content,
          DocumentFormat: Content.startsWith('{') ? 'JSON' : 'YAML',
        }),
      ),
    ).rejects.toMatchObject({
      name: error,
    });
  });
});

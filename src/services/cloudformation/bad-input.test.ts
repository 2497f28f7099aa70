// Templates that nobody should write: they fail their stacks, and nothing else.

import {
  CreateChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceDriftsCommand,
  DescribeStacksCommand,
  ValidateTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from './providers/test-stand.ts';

const topic = (Properties: object): object => ({ Type: 'AWS::SNS::Topic', Properties });

async function failureOf(resource: object): Promise<string> {
  const stand = new ProviderStand();
  expect(await stand.create({ Resources: { A: resource } })).toBe('ROLLBACK_COMPLETE');
  return (await stand.failures())[0] ?? '';
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
describe('a dynamic reference', () => {
  it('that stands for nothing fails its resource', async () => {
    expect(await failureOf(topic({ DisplayName: '{{resolve:ssm:/none}}' }))).toContain(
      'CREATE_FAILED Unable to fetch parameters [/none]',
    );
    expect(
      await failureOf(topic({ DisplayName: '{{resolve:secretsmanager:none:SecretString:a}}' })),
    ).toContain('CREATE_FAILED Could not resolve the dynamic reference');
  });

  it('that stands for nothing any more does not keep its resource from being deleted', async () => {
    const stand = new ProviderStand();
    const ssm = stand.table.client(SSMClient);
    await ssm.send(new PutParameterCommand({ Name: '/gone', Type: 'String', Value: 'x' }));
    const Resources = { A: topic({ DisplayName: '{{resolve:ssm:/gone}}' }) };
    expect(await stand.create({ Resources })).toBe('CREATE_COMPLETE');
    await ssm.send(new DeleteParameterCommand({ Name: '/gone' }));
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });

  it('to a secret shows its value in no drift', async () => {
    const stand = new ProviderStand();
    const secrets = stand.table.client(SecretsManagerClient);
    await secrets.send(new CreateSecretCommand({ Name: 's', SecretString: 'classified' }));
    const Resources = { A: topic({ DisplayName: '{{resolve:secretsmanager:s}}' }) };
    expect(await stand.create({ Resources })).toBe('CREATE_COMPLETE');
    expect(await stand.drift()).toEqual(['A IN_SYNC']);
    const found = await stand.cloudformation.send(
      new DescribeStackResourceDriftsCommand({ StackName: 'shop' }),
    );
    expect(JSON.stringify(found)).not.toContain('classified');
    await secrets.send(new DeleteSecretCommand({ SecretId: 's', ForceDeleteWithoutRecovery: true }));
    await stand.drift();
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });
});

describe('what the services count on', () => {
  it('is asked of templates too', async () => {
    expect(await failureOf({ Type: 'AWS::S3::BucketPolicy', Properties: { PolicyDocument: {} } })).toMatch(
      /^A CREATE_FAILED .*Bucket/s,
    );
    const Variables = { A: 'one letter is too short for a name' };
    const Properties = {
      Role: 'arn:aws:iam::000000000000:role/r',
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: 'x' },
      Environment: { Variables },
    };
    expect(await failureOf({ Type: 'AWS::Lambda::Function', Properties })).toContain(
      "Value at 'environment.variables' failed to satisfy constraint",
    );
  });

  it('custom resources have to give themselves', async () => {
    expect(await failureOf({ Type: 'Custom::Thing' })).toContain(
      'Value of property ServiceToken must be of type String',
    );
    const Properties = { ServiceToken: 'arn:aws:sns:us-east-1:000000000000:t', ServiceTimeout: 'soon' };
    expect(await failureOf({ Type: 'Custom::Thing', Properties })).toContain(
      'Value of property ServiceTimeout',
    );
  });

  it('are statements of policies that are JSON', async () => {
    const Properties = { StatementId: 's', Statement: '{"a"' };
    expect(await failureOf({ Type: 'AWS::Events::EventBusPolicy', Properties })).toContain(
      'Statement must be a JSON object.',
    );
  });
});

describe('templates that would never end', () => {
  const doubled = (levels: number): unknown =>
    levels === 0 ? 'x' : { 'Fn::Sub': ['${a}'.repeat(100), { a: doubled(levels - 1) }] };

  it('fail where functions make more text than anybody reads', async () => {
    expect(await failureOf(topic({ DisplayName: doubled(8) }))).toContain(
      'Fn::Sub makes more than 1048576 characters',
    );
  });

  it('fail where a file includes itself', async () => {
    const { cloudformation, table } = new ProviderStand();
    const s3 = table.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: 'snippets' }));
    const include = {
      'Fn::Transform': { Name: 'AWS::Include', Parameters: { Location: 's3://snippets/itself' } },
    };
    await s3.send(new PutObjectCommand({ Bucket: 'snippets', Key: 'itself', Body: JSON.stringify(include) }));
    const stand = new ProviderStand(table);
    expect(await stand.create({ Resources: { A: { Type: 'AWS::SNS::Topic', ...include } } })).toBe(
      'ROLLBACK_COMPLETE',
    );
    expect((await stand.events()).join()).toContain('files are included');
    await expect(
      cloudformation.send(new ValidateTemplateCommand({ TemplateBody: '{' })),
    ).rejects.toMatchObject({ name: 'ValidationError' });
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
describe('a parameter with NoEcho', () => {
  const Parameters = { Password: { Type: 'String', NoEcho: true, Default: 'hunter2"quoted' } };
  const value = { Ref: 'Password' };
  const Resources = {
    Plain: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value: value } },
    Inside: topic({ DisplayName: { 'Fn::Sub': 'a-${Password}' } }),
    Packed: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value: { 'Fn::Base64': value } } },
    Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: value } },
    Fails: {
      ...topic({ TopicName: { 'Fn::Sub': 'not/${Password}' } }),
      DependsOn: ['Inside', 'Plain', 'Packed', 'Secret'],
    },
  };

  it('is masked in events, changes and drift', async () => {
    const stand = new ProviderStand();
    const { cloudformation, table } = stand;
    const { Fails: _, ...sound } = Resources;
    expect(await stand.create({ Parameters, Resources: sound })).toBe('CREATE_COMPLETE');
    const StackName = 'shop';
    const TemplateBody = JSON.stringify({
      Parameters: { Password: { ...Parameters.Password, Default: 'another-one' } },
      Resources,
    });
    await cloudformation.send(new CreateChangeSetCommand({ StackName, ChangeSetName: 'c', TemplateBody }));
    table.advance(60_000);
    const told = [
      await cloudformation.send(
        new DescribeChangeSetCommand({ StackName, ChangeSetName: 'c', IncludePropertyValues: true }),
      ),
    ] as object[];
    expect(await stand.update({ Parameters, Resources })).toBe('UPDATE_ROLLBACK_COMPLETE');
    await stand.drift();
    told.push(
      await cloudformation.send(new DescribeStackEventsCommand({ StackName })),
      await cloudformation.send(new DescribeStackResourceDriftsCommand({ StackName })),
      await cloudformation.send(new DescribeStacksCommand({ StackName })),
    );
    const text = JSON.stringify(told);
    expect(text).toContain('****');
    for (const secret of ['hunter2', 'another-one', Buffer.from('hunter2"quoted').toString('base64')])
      expect(text).not.toContain(secret);
  });
});

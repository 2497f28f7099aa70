// AWS::SecretsManager through CloudFormation.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SecretsManager.html

import { AddPermissionCommand } from '@aws-sdk/client-lambda';
import {
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { functionArn, stand as lambdaStand } from '../../../../../tests/lambda-stand.ts';
import { ProviderStand } from '../test-stand.ts';

const ref = (Ref: string): object => ({ Ref });

function newStand(): ProviderStand & {
  secrets: SecretsManagerClient;
  value: (id: string) => Promise<string>;
} {
  const stand = new ProviderStand();
  const secrets = stand.table.client(SecretsManagerClient);
  const value = async (SecretId: string): Promise<string> =>
    (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '';
  return Object.assign(stand, { secrets, value });
}

describe('AWS::SecretsManager::Secret', () => {
  const parts = (properties: object): { Resources: object; Outputs: object } => ({
    Resources: { Secret: { Type: 'AWS::SecretsManager::Secret', Properties: properties } },
    Outputs: { Ref: { Value: ref('Secret') } },
  });
  const generating = {
    SecretStringTemplate: '{"username":"admin"}',
    GenerateStringKey: 'password',
    PasswordLength: 20,
    ExcludeCharacters: '"@/\\',
  };

  it('is known by its ARN, and holds a generated password in its template', async () => {
    const stand = newStand();
    expect(await stand.create(parts({ GenerateSecretString: generating }))).toBe('CREATE_COMPLETE');
    const { Ref = '' } = await stand.outputs();
    expect(Ref).toMatch(/:secret:Secret-[A-Za-z0-9]{12}-[A-Za-z0-9]{6}$/);
    const { username, password } = JSON.parse(await stand.value(Ref)) as Record<string, string>;
    expect(username).toBe('admin');
    expect(password).toMatch(/^[^"@/\\]{20}$/);
    // Recorded by LocalStack: tests/aws/services/cloudformation/resources/test_secretsmanager.snapshot.json
    const { Tags = [] } = await stand.secrets.send(new DescribeSecretCommand({ SecretId: Ref }));
    expect(Tags.map(({ Key }) => Key).toSorted()).toEqual([
      'aws:cloudformation:logical-id',
      'aws:cloudformation:stack-id',
      'aws:cloudformation:stack-name',
    ]);
  });

  it('keeps its value unless that is what changes', async () => {
    const stand = newStand();
    const Tags = [{ Key: 'a', Value: '1' }];
    await stand.create(parts({ GenerateSecretString: generating, Description: 'old', Tags }));
    const { Ref = '' } = await stand.outputs();
    const first = await stand.value(Ref);
    expect(await stand.update(parts({ GenerateSecretString: generating }))).toBe('UPDATE_COMPLETE');
    expect(await stand.value(Ref)).toBe(first);
    const described = await stand.secrets.send(new DescribeSecretCommand({ SecretId: Ref }));
    expect([described.Description, described.Tags?.some(({ Key }) => Key === 'a')]).toEqual([
      undefined,
      false,
    ]);
    await stand.update(parts({ SecretString: 'given' }));
    expect(await stand.value(Ref)).toBe('given');
  });

  it('is gone at once when its stack is deleted, so that its name is free', async () => {
    const stand = newStand();
    await stand.create(parts({ Name: 'db', SecretString: 'x' }));
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const left = await stand.secrets.send(new ListSecretsCommand({ IncludePlannedDeletion: true }));
    expect(left.SecretList).toEqual([]);
  });

  it('is either given or generated', async () => {
    const stand = newStand();
    const both = { SecretString: 'x', GenerateSecretString: {} };
    expect(await stand.create(parts(both))).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain('SecretString and GenerateSecretString');
  });

  it('is refused in further regions', async () => {
    const stand = newStand();
    await stand.create(parts({ ReplicaRegions: [{ Region: 'eu-west-1' }] }));
    expect((await stand.failures())[0]).toContain('does not model the property ReplicaRegions');
  });
});

describe('AWS::SecretsManager::ResourcePolicy', () => {
  const policy = (Action: string): object => ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'rds.amazonaws.com' }, Action, Resource: '*' }],
  });
  const Secret = { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: 'x' } };
  const parts = (action: string): { Resources: object } => ({
    Resources: {
      Secret,
      Policy: {
        Type: 'AWS::SecretsManager::ResourcePolicy',
        Properties: { SecretId: ref('Secret'), ResourcePolicy: policy(action), BlockPublicPolicy: true },
      },
    },
  });

  it("is known by its secret's ARN, changes and goes", async () => {
    const stand = newStand();
    expect(await stand.create(parts('secretsmanager:GetSecretValue'))).toBe('CREATE_COMPLETE');
    const { Secret: SecretId = '', Policy } = await stand.physicalIds();
    expect(Policy).toBe(SecretId);
    const held = async (): Promise<string | undefined> =>
      (await stand.secrets.send(new GetResourcePolicyCommand({ SecretId }))).ResourcePolicy;
    await stand.update(parts('secretsmanager:DescribeSecret'));
    expect(JSON.parse((await held()) ?? '')).toEqual(policy('secretsmanager:DescribeSecret'));
    await stand.update({ Resources: { Secret } });
    expect(await held()).toBeUndefined();
  });
});

describe('AWS::SecretsManager::RotationSchedule', () => {
  it('switches rotation on, changes its rules and switches it off', async () => {
    const functions = await lambdaStand();
    await functions.active('rotate');
    await functions.lambda.send(
      new AddPermissionCommand({
        FunctionName: 'rotate',
        StatementId: 'secrets',
        Action: 'lambda:InvokeFunction',
        Principal: 'secretsmanager.amazonaws.com',
      }),
    );
    const stand = new ProviderStand(functions.table);
    const secrets = functions.table.client(SecretsManagerClient);
    const Secret = { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: 'x' } };
    const rotating = (AutomaticallyAfterDays: number): { Resources: object } => ({
      Resources: {
        Secret,
        Rotation: {
          Type: 'AWS::SecretsManager::RotationSchedule',
          Properties: {
            SecretId: ref('Secret'),
            RotationLambdaARN: functionArn('rotate'),
            RotationRules: { AutomaticallyAfterDays },
            RotateImmediatelyOnUpdate: false,
          },
        },
      },
    });
    expect(await stand.create(rotating(30))).toBe('CREATE_COMPLETE');
    const { Secret: SecretId = '', Rotation } = await stand.physicalIds();
    expect(Rotation).toBe(SecretId);
    await stand.update(rotating(7));
    const described = await secrets.send(new DescribeSecretCommand({ SecretId }));
    expect(described).toMatchObject({
      RotationEnabled: true,
      RotationLambdaARN: functionArn('rotate'),
      RotationRules: { AutomaticallyAfterDays: 7 },
    });
    await stand.update({ Resources: { Secret } });
    const after = await secrets.send(new DescribeSecretCommand({ SecretId }));
    expect(after.RotationEnabled).toBe(false);
  });

  it('fails where Secrets Manager may not call the function, and leaves nothing', async () => {
    const stand = newStand();
    const Resources = {
      Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: 'x' } },
      Rotation: {
        Type: 'AWS::SecretsManager::RotationSchedule',
        Properties: {
          SecretId: ref('Secret'),
          RotationLambdaARN: {
            'Fn::Sub': 'arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:nobody',
          },
          RotationRules: { AutomaticallyAfterDays: 30 },
        },
      },
    };
    expect(await stand.create({ Resources })).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain(
      'Secrets Manager cannot invoke the specified Lambda function.',
    );
    const left = await stand.secrets.send(new ListSecretsCommand({}));
    expect(left.SecretList).toEqual([]);
  });
});

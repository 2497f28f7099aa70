import {
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { CreateUserCommand, CreateAccessKeyCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  GetAccountSettingsCommand,
  GetAliasCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetPolicyCommand,
  InvokeCommand,
  LambdaClient,
  ListAliasesCommand,
  ListFunctionsCommand,
  ListTagsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  RemovePermissionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  functionArn,
  packaged,
  ROLE,
  SECOND,
  settled,
  stand,
} from '../../../../tests/lambda-stand.ts';
import type { Stand } from '../../../../tests/lambda-stand.ts';

const FunctionName = 'f';
const ARN = functionArn('f');

// https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html; the answers follow recorded ones.
describe('functions', () => {
  it('are Pending when created and Active a little later', async () => {
    const made = await stand();
    const created = await made.create('f', '', {
      Description: 'd',
      Environment: { Variables: { AA: '1' } },
      Tags: { team: 'shop' },
    });
    expect(created).toMatchObject({
      FunctionArn: ARN,
      State: 'Pending',
      StateReason: 'The function is being created.',
      StateReasonCode: 'Creating',
      Version: '$LATEST',
      Timeout: 3,
      MemorySize: 128,
      EphemeralStorage: { Size: 512 },
      LoggingConfig: { LogFormat: 'Text', LogGroup: '/aws/lambda/f' },
      LastModified: '2026-01-05T00:00:00.000+0000',
    });
    expect(created.LastUpdateStatus).toBeUndefined();
    await expect(made.lambda.send(new InvokeCommand({ FunctionName }))).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message:
        'The operation cannot be performed at this time. The function is currently in the following state: Pending',
    });
    made.table.advance(10 * SECOND);
    const { Configuration, Code, Tags } = await made.lambda.send(new GetFunctionCommand({ FunctionName }));
    expect(Configuration).toMatchObject({
      State: 'Active',
      LastUpdateStatus: 'Successful',
      Description: 'd',
      Environment: { Variables: { AA: '1' } },
      CodeSha256: created.CodeSha256,
    });
    expect(Configuration?.RevisionId).not.toBe(created.RevisionId);
    expect(Tags).toEqual({ team: 'shop' });
    const location = new URL(Code?.Location as string);
    const wire = { method: 'GET', path: location.pathname, query: '', headers: {}, host: location.hostname };
    const fetched = made.table.gateway.handle({ ...wire, body: new Uint8Array() });
    expect(fetched).toMatchObject({ status: 200, body: { sizeBytes: created.CodeSize } });
  });

  it('run what they were until an update has succeeded, and take one update at a time', async () => {
    const made = await stand();
    await made.active('f', 'function: { answers: old }');
    const update = (manifest: string) =>
      made.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: packaged(manifest) }));
    expect(await update('function: { answers: new }')).toMatchObject({
      State: 'Active',
      LastUpdateStatus: 'InProgress',
      LastUpdateStatusReasonCode: 'Creating',
    });
    await expect(update('function: { answers: newer }')).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: `The operation cannot be performed at this time. An update is in progress for resource: ${ARN}`,
    });
    expect((await made.invoke('f', {}, {}, 900)).payload).toBe('old');
    made.table.advance(10 * SECOND);
    expect((await made.invoke('f')).payload).toBe('new');
    const changed = new UpdateFunctionConfigurationCommand({ FunctionName, MemorySize: 512, Timeout: 60 });
    expect(await made.lambda.send(changed)).toMatchObject({ MemorySize: 512, Timeout: 60 });
    expect((await made.configuration('f')).LastUpdateStatus).toBe('InProgress');
  });

  it('are changed only by who knows their latest revision, if the request says which', async () => {
    const made = await stand();
    await made.active('f');
    const stale = { name: 'PreconditionFailedException' };
    const RevisionId = 'old';
    const ZipFile = packaged();
    await expect(
      made.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile, RevisionId })),
    ).rejects.toMatchObject(stale);
    await expect(
      made.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, RevisionId })),
    ).rejects.toMatchObject(stale);
    await expect(
      made.lambda.send(new PublishVersionCommand({ FunctionName, RevisionId })),
    ).rejects.toMatchObject(stale);
    const current = (await made.configuration('f')).RevisionId as string;
    await made.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, RevisionId: current }));
  });

  // Messages: recorded answers of AWS.
  it.each([
    [
      'an unknown runtime',
      { Runtime: 'cobol' as never },
      /^Value cobol at 'runtime' failed to satisfy constraint/,
    ],
    ['a retired runtime', { Runtime: 'nodejs14.x' as const }, /nodejs14.x is no longer supported/],
    [
      'bytes that are no zip',
      { Code: { ZipFile: new Uint8Array([1, 2, 3]) } },
      /Could not unzip uploaded file/,
    ],
    ['no code', { Code: {} }, /Please provide a source for function code/],
    ['no handler', { Handler: undefined }, /Runtime and Handler are mandatory/],
    ['a long name', { FunctionName: 'a'.repeat(65) }, /length less than or equal to 64/],
    ['a long timeout', { Timeout: 901 }, /less than or equal to 900/],
    [
      'a role that does not trust it',
      { Role: `arn:aws:iam::${ACCOUNT}:role/other` },
      /cannot be assumed by Lambda/,
    ],
    ['much memory', { MemorySize: 10_241 }, /less than or equal to 10240/],
    [
      'a large environment',
      { Environment: { Variables: { AA: 'x'.repeat(4090) } } },
      /exceeded the 4KB limit/,
    ],
    ['reserved variables', { Environment: { Variables: { AWS_REGION: 'x' } } }, /reserved keys.*AWS_REGION/],
    ['log levels in text', { LoggingConfig: { SystemLogLevel: 'WARN' as const } }, /LogFormat to JSON/],
    [
      'dead letters where its role may not send',
      { DeadLetterConfig: { TargetArn: `arn:aws:sqs:us-east-1:${ACCOUNT}:dead` } },
      /does not have permissions to call SendMessage on SQS/,
    ],
  ])('are refused with %s', async (_, more, message) => {
    const made = await stand();
    await expect(made.create('f', '', more)).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringMatching(message) as string,
    });
  });

  it('name what is not modelled', async () => {
    const made = await stand();
    for (const more of [
      { KMSKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/1' },
      { TracingConfig: { Mode: 'Active' as const } },
      { SnapStart: { ApplyOn: 'PublishedVersions' as const } },
      { PackageType: 'Image' as const },
    ]) {
      await expect(made.create('f', '', more)).rejects.toMatchObject({ name: 'NotImplemented' });
    }
  });

  it('take their code from a bucket that the caller may read', async () => {
    const made = await stand();
    const s3 = made.table.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: 'code' }));
    const Body = packaged('function: { answers: from-s3 }');
    await s3.send(new PutObjectCommand({ Bucket: 'code', Key: 'f.zip', Body }));
    await made.active('f', '', { Code: { S3Bucket: 'code', S3Key: 'f.zip' } });
    expect((await made.invoke('f')).payload).toBe('from-s3');
    await expect(made.create('g', '', { Code: { S3Bucket: 'code', S3Key: 'none' } })).rejects.toThrow(
      'Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.',
    );
  });

  // Messages: recorded answers of AWS.
  it('go into a VPC whose subnets and security groups exist, if their role may make network interfaces', async () => {
    const made = await stand();
    const ec2 = made.table.client(EC2Client);
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
    const VpcId = Vpc?.VpcId as string;
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.0.0/24' }));
    const group = new CreateSecurityGroupCommand({ VpcId, GroupName: 'g', Description: 'd' });
    const { GroupId = '' } = await ec2.send(group);
    const SubnetIds = [Subnet?.SubnetId as string];
    const into = (VpcConfig: object) => made.create('f', '', { VpcConfig });
    await expect(into({ SubnetIds, SecurityGroupIds: [GroupId] })).rejects.toThrow(
      'does not have permissions to call CreateNetworkInterface on EC2',
    );
    await made.allow('ec2:CreateNetworkInterface');
    await expect(into({ SubnetIds: ['subnet-00000000'], SecurityGroupIds: [GroupId] })).rejects.toThrow(
      /^Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: /,
    );
    await into({ SubnetIds, SecurityGroupIds: [GroupId] });
    made.table.advance(10 * SECOND);
    const VpcConfig = { VpcId, SubnetIds, SecurityGroupIds: [GroupId], Ipv6AllowedForDualStack: false };
    expect(await made.configuration('f')).toMatchObject({ VpcConfig });
    const leave = { FunctionName, VpcConfig: { SubnetIds: [], SecurityGroupIds: [] } };
    const left = await made.lambda.send(new UpdateFunctionConfigurationCommand(leave));
    expect(left.VpcConfig).toBeUndefined();
  });

  // As moto has it: test_publish_version_unknown_function.
  it('are told by their name alone where there is none to publish', async () => {
    const { lambda } = await stand();
    await expect(lambda.send(new PublishVersionCommand({ FunctionName: 'none' }))).rejects.toThrow(
      /^Function not found: arn:aws:lambda:us-east-1:\d{12}:function:none$/,
    );
  });

  // As moto has it: test_create_function_with_arn_from_different_account.
  it('run under roles of their own account', async () => {
    const made = await stand();
    const created = made.create('f', '', { Role: 'arn:aws:iam::111122223333:role/runner' });
    await expect(created).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: 'Cross-account pass role is not allowed.',
    });
  });

  it('need iam:PassRole from whoever creates them', async () => {
    const made = await stand();
    const keys = await user(made, 'lambda:*');
    const lambda = made.table.client(LambdaClient, { credentials: keys });
    const input = { FunctionName, Runtime: 'python3.13', Handler: 'a.b', Role: ROLE } as const;
    const create = () => lambda.send(new CreateFunctionCommand({ ...input, Code: { ZipFile: packaged() } }));
    await expect(create()).rejects.toThrow(
      /not authorized to perform: iam:PassRole on resource: .*role\/runner/,
    );
    await made.iam.send(
      new PutUserPolicyCommand({
        UserName: 'dev',
        PolicyName: 'pass',
        PolicyDocument: policyOf('iam:PassRole'),
      }),
    );
    expect((await create()).FunctionName).toBe('f');
  });

  it('are listed, tagged and deleted with all that belongs to them', async () => {
    const made = await stand();
    await made.active('f');
    await made.active('g');
    await made.publish('f');
    const names = async (FunctionVersion?: 'ALL') =>
      (
        await made.lambda.send(new ListFunctionsCommand(FunctionVersion ? { FunctionVersion } : {}))
      ).Functions?.map((one) => one.FunctionArn);
    expect(await names()).toEqual([ARN, functionArn('g')]);
    expect(await names('ALL')).toEqual([`${ARN}:$LATEST`, `${ARN}:1`, `${functionArn('g')}:$LATEST`]);
    await made.lambda.send(new TagResourceCommand({ Resource: ARN, Tags: { a: '1', b: '2' } }));
    await made.lambda.send(new UntagResourceCommand({ Resource: ARN, TagKeys: ['a'] }));
    expect((await made.lambda.send(new ListTagsCommand({ Resource: ARN }))).Tags).toEqual({ b: '2' });
    const version = await made.lambda.send(new GetFunctionCommand({ FunctionName, Qualifier: '1' }));
    expect(version.Tags).toBeUndefined();
    await expect(
      made.lambda.send(new TagResourceCommand({ Resource: `${ARN}:1`, Tags: { a: '1' } })),
    ).rejects.toThrow('Tags on function aliases and versions are not supported');
    await made.lambda.send(new DeleteFunctionCommand({ FunctionName }));
    await expect(made.configuration('f')).rejects.toThrow(`Function not found: ${ARN}`);
    await expect(made.configuration('f', '1')).rejects.toThrow(`Function not found: ${ARN}:1`);
    expect(await names()).toEqual([functionArn('g')]);
    await made.active('f');
    expect(await made.publish('f')).toBe('1');
  });

  it('are named by name, partial ARN or ARN, in their own region only', async () => {
    const made = await stand();
    await made.active('f');
    for (const name of ['f', `${ACCOUNT}:function:f`, ARN, 'f:$LATEST']) {
      expect((await made.configuration(name)).FunctionName).toBe('f');
    }
    await expect(made.configuration(ARN.replace('us-east-1', 'eu-west-1'))).rejects.toThrow(
      "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    );
    await expect(made.configuration('f:1', '2')).rejects.toThrow(
      'The derived qualifier from the function name does not match the specified qualifier.',
    );
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
describe('versions', () => {
  it('are published when something has changed, and keep what they were', async () => {
    const made = await stand();
    await made.active('f', 'function: { answers: one }');
    expect(await made.publish('f')).toBe('1');
    expect(await made.publish('f')).toBe('1');
    await made.update('f', 'function: { answers: two }');
    expect((await made.invoke('f', {}, { Qualifier: '1' })).payload).toBe('one');
    const wrong = new PublishVersionCommand({ FunctionName, CodeSha256: 'other' });
    await expect(made.lambda.send(wrong)).rejects.toThrow(
      'CodeSHA256 (other) is different from current CodeSHA256 in $LATEST',
    );
    const second = await made.lambda.send(new PublishVersionCommand({ FunctionName, Description: 'second' }));
    expect(second).toMatchObject({
      Version: '2',
      FunctionArn: `${ARN}:2`,
      Description: 'second',
      State: 'Active',
    });
    const { Versions } = await made.lambda.send(new ListVersionsByFunctionCommand({ FunctionName }));
    expect(Versions?.map(({ Version }) => Version)).toEqual(['$LATEST', '1', '2']);
    const first = await made.lambda.send(new ListVersionsByFunctionCommand({ FunctionName, MaxItems: 2 }));
    const { NextMarker: Marker } = first;
    const rest = await made.lambda.send(new ListVersionsByFunctionCommand({ FunctionName, Marker }));
    expect(rest.Versions?.map(({ Version }) => Version)).toEqual(['2']);
  });

  it('that an update publishes come about with it', async () => {
    const made = await stand();
    const created = await made.create('f', '', { Publish: true });
    // Without the version, as LocalStack's validated test_publish_version_on_create recorded.
    expect(created).toMatchObject({ Version: '1', State: 'Pending', FunctionArn: ARN });
    made.table.advance(10 * SECOND);
    expect((await made.configuration('f', '1')).State).toBe('Active');
    const ZipFile = packaged('function: {}');
    const update = new UpdateFunctionCodeCommand({ FunctionName, ZipFile, Publish: true });
    expect(await made.lambda.send(update)).toMatchObject({ Version: '2', State: 'Pending' });
    made.table.advance(10 * SECOND);
    expect((await made.configuration('f', '2')).State).toBe('Active');
  });

  it('cannot be deleted while an alias refers to them', async () => {
    const made = await stand();
    await made.active('f');
    await made.publish('f');
    await made.lambda.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
    const remove = (Qualifier: string) =>
      made.lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier }));
    await expect(remove('1')).rejects.toThrow('because the following aliases reference it: [live]');
    await expect(remove('$LATEST')).rejects.toThrow('$LATEST version cannot be deleted');
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
describe('aliases', () => {
  async function twoVersions(): Promise<Stand> {
    const made = await stand('sqs:*');
    await made.active('f', 'function: { answers: one }');
    await made.publish('f');
    await made.update('f', 'function: { answers: two }');
    await made.publish('f');
    return made;
  }
  const alias = (made: Stand, FunctionVersion: string, weights?: Record<string, number>, Name = 'live') =>
    made.lambda.send(
      new CreateAliasCommand({
        FunctionName,
        Name,
        FunctionVersion,
        ...(weights ? { RoutingConfig: { AdditionalVersionWeights: weights } } : {}),
      }),
    );

  it('send invocations to their version, and a share of them to another', async () => {
    const made = await twoVersions();
    await alias(made, '1');
    expect((await made.invoke('f', {}, { Qualifier: 'live' })).version).toBe('1');
    const RoutingConfig = { AdditionalVersionWeights: { 2: 0.3 } };
    await made.lambda.send(new UpdateAliasCommand({ FunctionName, Name: 'live', RoutingConfig }));
    const executed = [];
    for (let times = 0; times < 60; times += 1)
      executed.push((await made.invoke('f:live', {}, {}, SECOND)).payload);
    const share = executed.filter((payload) => payload === 'two').length / executed.length;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.45);
    await made.lambda.send(
      new UpdateAliasCommand({
        FunctionName,
        Name: 'live',
        FunctionVersion: '2',
        RoutingConfig: { AdditionalVersionWeights: {} },
      }),
    );
    const moved = await made.lambda.send(new GetAliasCommand({ FunctionName, Name: 'live' }));
    expect(moved).toMatchObject({ FunctionVersion: '2', AliasArn: `${ARN}:live` });
    expect(moved.RoutingConfig).toBeUndefined();
    expect((await made.invoke('f:live')).version).toBe('2');
  });

  it('share between two published versions that exist and are alike', async () => {
    const made = await twoVersions();
    await expect(alias(made, '1', { 1: 0.1 })).rejects.toThrow(
      'is already included in routing configuration',
    );
    await expect(alias(made, '1', { 2: 0.1, 3: 0.1 })).rejects.toThrow('cannot be greater than 1');
    await expect(alias(made, '$LATEST', { 1: 0.1 })).rejects.toThrow('$LATEST is not supported for an alias');
    await expect(alias(made, '1', { 9: 0.1 })).rejects.toThrow(`Function not found: ${ARN}:9`);
    await made.queue('dead');
    await made.lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName,
        DeadLetterConfig: { TargetArn: `arn:aws:sqs:us-east-1:${ACCOUNT}:dead` },
      }),
    );
    made.table.advance(10 * SECOND);
    await made.publish('f');
    await expect(alias(made, '1', { 3: 0.1 })).rejects.toThrow('the same dead-letter queue');
    await alias(made, '1', { 2: 0.1 });
    await expect(alias(made, '1')).rejects.toThrow(`Alias already exists: ${ARN}:live`);
    await alias(made, '2', undefined, 'next');
    const { Aliases } = await made.lambda.send(
      new ListAliasesCommand({ FunctionName, FunctionVersion: '2' }),
    );
    expect(Aliases?.map(({ Name }) => Name)).toEqual(['next']);
    const stale = new UpdateAliasCommand({ FunctionName, Name: 'live', RevisionId: 'old' });
    await expect(made.lambda.send(stale)).rejects.toMatchObject({ name: 'PreconditionFailedException' });
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
describe('permissions', () => {
  const add = (made: Stand, Principal: string, more: object = {}) =>
    made.lambda.send(
      new AddPermissionCommand({
        FunctionName,
        StatementId: 's',
        Action: 'lambda:InvokeFunction',
        Principal,
        ...more,
      }),
    );

  it('are statements of a policy of the function, a version or an alias', async () => {
    const made = await stand();
    await made.active('f');
    const SourceArn = 'arn:aws:s3:::bucket';
    const { Statement } = await add(made, 's3.amazonaws.com', { SourceArn, SourceAccount: ACCOUNT });
    const statement = {
      Sid: 's',
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'lambda:InvokeFunction',
      Resource: ARN,
      Condition: {
        StringEquals: { 'AWS:SourceAccount': ACCOUNT },
        ArnLike: { 'AWS:SourceArn': SourceArn },
      },
    };
    expect(JSON.parse(Statement as string)).toEqual(statement);
    const { Policy } = await made.lambda.send(new GetPolicyCommand({ FunctionName }));
    expect(JSON.parse(Policy as string)).toEqual({
      Version: '2012-10-17',
      Id: 'default',
      Statement: [statement],
    });
    await expect(add(made, 's3.amazonaws.com')).rejects.toThrow(
      'The statement id (s) provided already exists.',
    );
    await expect(add(made, 'nobody')).rejects.toThrow('The provided principal was invalid.');
    await expect(add(made, '*', { Qualifier: '$LATEST' })).rejects.toThrow('adding policies for $LATEST');
    await expect(made.lambda.send(new GetPolicyCommand({ FunctionName, Qualifier: '1' }))).rejects.toThrow(
      'The resource you requested does not exist.',
    );
    const remove = (StatementId: string) =>
      made.lambda.send(new RemovePermissionCommand({ FunctionName, StatementId }));
    await expect(remove('t')).rejects.toThrow('Statement t is not found in resource policy.');
    await remove('s');
    await expect(remove('s')).rejects.toThrow('No policy is associated with the given resource.');
  });

  it('let another account in, to what they are given for', async () => {
    const made = await stand();
    await made.active('f');
    await made.publish('f');
    const credentials = { accessKeyId: '111122223333', secretAccessKey: 'test' };
    const other = made.table.client(LambdaClient, { credentials });
    const invoke = (Qualifier?: string) =>
      other.send(
        new InvokeCommand({
          FunctionName: ARN,
          InvocationType: 'Event',
          ...(Qualifier === undefined ? {} : { Qualifier }),
        }),
      );
    await expect(invoke('1')).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await add(made, '111122223333', { Qualifier: '1' });
    expect((await invoke('1')).StatusCode).toBe(202);
    await expect(invoke()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('answer another account that waits', async () => {
    const made = await stand();
    await made.active('f', 'function: { answers: hello }');
    await add(made, '111122223333');
    const credentials = { accessKeyId: '111122223333', secretAccessKey: 'test' };
    const asked = made.table
      .client(LambdaClient, { credentials })
      .send(new InvokeCommand({ FunctionName: ARN }));
    await settled();
    made.table.advance(SECOND);
    expect(new TextDecoder().decode((await asked).Payload)).toBe('"hello"');
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
it('reserves concurrency, and leaves 100 to the functions without', async () => {
  const made = await stand();
  await made.active('f');
  const put = (ReservedConcurrentExecutions: number) =>
    made.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
  await expect(put(901)).rejects.toThrow('below its minimum value of [100]');
  await put(900);
  expect(await made.lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }))).toMatchObject({
    ReservedConcurrentExecutions: 900,
  });
  const { AccountLimit, AccountUsage } = await made.lambda.send(new GetAccountSettingsCommand({}));
  expect(AccountLimit).toMatchObject({ ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 100 });
  expect(AccountUsage).toMatchObject({ FunctionCount: 1 });
  await made.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  const { Concurrency } = await made.lambda.send(new GetFunctionCommand({ FunctionName }));
  expect(Concurrency).toBeUndefined();
});

function policyOf(...Action: string[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] });
}

async function user(made: Stand, ...actions: string[]) {
  await made.iam.send(new CreateUserCommand({ UserName: 'dev' }));
  const PolicyDocument = policyOf(...actions);
  await made.iam.send(new PutUserPolicyCommand({ UserName: 'dev', PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await made.iam.send(new CreateAccessKeyCommand({ UserName: 'dev' }));
  return {
    accessKeyId: AccessKey?.AccessKeyId as string,
    secretAccessKey: AccessKey?.SecretAccessKey as string,
  };
}

// Layers. Texts and numbers follow answers of AWS's that were recorded; the rest is
// https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html.

import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  AddLayerVersionPermissionCommand,
  DeleteLayerVersionCommand,
  GetLayerVersionByArnCommand,
  GetLayerVersionCommand,
  GetLayerVersionPolicyCommand,
  LambdaClient,
  ListLayersCommand,
  ListLayerVersionsCommand,
  PublishLayerVersionCommand,
  RemoveLayerVersionPermissionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import type {
  PublishLayerVersionCommandInput,
  PublishLayerVersionCommandOutput,
} from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { zipArchive } from '#cloud/archives/zip.ts';
import { packBundle } from '#workloads/bundle.ts';
import { ACCOUNT, functionArn, SECOND, stand } from '../../../../tests/lambda-stand.ts';
import type { Stand } from '../../../../tests/lambda-stand.ts';

const OTHER = '111111111111';
const ARN = `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:tools`;
const ZipFile = packBundle({ 'nodejs/node_modules/tool/index.js': 'module.exports = 1;' });

function publish(
  lambda: LambdaClient,
  more: Partial<PublishLayerVersionCommandInput> = {},
): Promise<PublishLayerVersionCommandOutput> {
  return lambda.send(new PublishLayerVersionCommand({ LayerName: 'tools', Content: { ZipFile }, ...more }));
}

function use({ lambda }: Stand, ...Layers: string[]): Promise<unknown> {
  return lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'f', Layers }));
}

const invalid = (message: string): object => ({ name: 'InvalidParameterValueException', message });
const missing = (message: string): object => ({ name: 'ResourceNotFoundException', message });

describe('a layer', () => {
  it('gets a new version each time it is published, with the number after the last one that ever was', async () => {
    const { lambda } = await stand();
    const first = await lambda.send(
      new PublishLayerVersionCommand({
        LayerName: 'tools',
        Content: { ZipFile },
        Description: 'd',
        LicenseInfo: 'MIT',
        CompatibleRuntimes: ['nodejs22.x'],
        CompatibleArchitectures: ['x86_64'],
      }),
    );
    expect(first).toMatchObject({
      LayerArn: ARN,
      LayerVersionArn: `${ARN}:1`,
      Version: 1,
      Description: 'd',
      LicenseInfo: 'MIT',
      CompatibleRuntimes: ['nodejs22.x'],
      CompatibleArchitectures: ['x86_64'],
      CreatedDate: '2026-01-05T00:00:00.000+0000',
      Content: { CodeSize: ZipFile.length },
    });
    await publish(lambda);
    for (const VersionNumber of [1, 2])
      await lambda.send(new DeleteLayerVersionCommand({ LayerName: 'tools', VersionNumber }));
    expect((await lambda.send(new ListLayersCommand({}))).Layers).toEqual([]);
    expect((await publish(lambda)).LayerVersionArn).toBe(`${ARN}:3`);
  });

  it('is described by name and by ARN, and its content is where it says', async () => {
    const { lambda, table } = await stand();
    await publish(lambda);
    const named = await lambda.send(new GetLayerVersionCommand({ LayerName: 'tools', VersionNumber: 1 }));
    const found = await lambda.send(new GetLayerVersionByArnCommand({ Arn: `${ARN}:1` }));
    expect({ ...found, $metadata: undefined }).toEqual({ ...named, $metadata: undefined });
    const { pathname: path, hostname: host } = new URL(found.Content?.Location ?? '');
    const wire = { method: 'GET', path, query: '', headers: {}, host, body: new Uint8Array() };
    expect(table.gateway.handle(wire)).toMatchObject({ status: 200, body: { sizeBytes: ZipFile.length } });
  });

  it('lists its versions newest first, by runtime and architecture, page by page', async () => {
    const { lambda } = await stand();
    await publish(lambda, { CompatibleRuntimes: ['nodejs22.x'], CompatibleArchitectures: ['arm64'] });
    await publish(lambda, { CompatibleRuntimes: ['python3.13'] });
    await publish(lambda, { CompatibleRuntimes: ['nodejs22.x'] });
    const numbers = async (more: object): Promise<unknown> => {
      const listed = await lambda.send(new ListLayerVersionsCommand({ LayerName: 'tools', ...more }));
      return [listed.LayerVersions?.map(({ Version }) => Version), listed.NextMarker];
    };
    expect(await numbers({})).toEqual([[3, 2, 1], undefined]);
    expect(await numbers({ CompatibleRuntime: 'nodejs22.x' })).toEqual([[3, 1], undefined]);
    expect(await numbers({ CompatibleArchitecture: 'arm64' })).toEqual([[1], undefined]);
    const [page, Marker] = (await numbers({ MaxItems: 2 })) as [number[], string];
    expect(page).toEqual([3, 2]);
    expect(await numbers({ MaxItems: 2, Marker })).toEqual([[1], undefined]);
    const { Layers } = await lambda.send(new ListLayersCommand({ CompatibleRuntime: 'python3.13' }));
    expect(Layers).toMatchObject([
      { LayerName: 'tools', LayerArn: ARN, LatestMatchingVersion: { Version: 2 } },
    ]);
  });

  it('that is not there has no versions, cannot be read, and is deleted without a word', async () => {
    const { lambda } = await stand();
    const of = (VersionNumber: number) => ({ LayerName: 'tools', VersionNumber });
    expect((await lambda.send(new ListLayerVersionsCommand(of(1)))).LayerVersions).toEqual([]);
    await expect(lambda.send(new GetLayerVersionCommand(of(1)))).rejects.toMatchObject(
      missing('The resource you requested does not exist.'),
    );
    await expect(lambda.send(new GetLayerVersionCommand(of(0)))).rejects.toMatchObject(
      invalid('Layer Version Cannot be less than 1'),
    );
    await lambda.send(new DeleteLayerVersionCommand(of(1)));
  });

  it('with extensions is refused by name', async () => {
    const { lambda } = await stand();
    const Content = { ZipFile: packBundle({ 'extensions/watch': '#!/bin/sh' }) };
    await expect(publish(lambda, { Content })).rejects.toMatchObject({ name: 'NotImplemented' });
  });
});

describe('a function', () => {
  it('has the layers that it was given, although their versions are deleted', async () => {
    const made = await stand();
    await publish(made.lambda);
    await made.active('f', '', { Layers: [`${ARN}:1`] });
    const shown = [{ Arn: `${ARN}:1`, CodeSize: ZipFile.length }];
    await made.lambda.send(new DeleteLayerVersionCommand({ LayerName: 'tools', VersionNumber: 1 }));
    expect((await made.configuration('f')).Layers).toEqual(shown);
    await use(made);
    made.table.advance(10 * SECOND);
    expect((await made.configuration('f')).Layers).toBeUndefined();
  });

  it('takes no layer twice, none of another region, none that is not there, and five at most', async () => {
    const made = await stand();
    await made.active('f');
    await publish(made.lambda);
    await publish(made.lambda);
    await expect(use(made, `${ARN}:1`, `${ARN}:2`)).rejects.toMatchObject(
      invalid(
        'Two different versions of the same layer are not allowed to be referenced in the same function. ' +
          `${ARN}:1 and ${ARN}:2 are versions of the same layer.`,
      ),
    );
    await expect(use(made, `${ARN}:9`)).rejects.toMatchObject(
      invalid(`Layer version ${ARN}:9 does not exist.`),
    );
    await expect(use(made, `${ARN.replace('us-east-1', 'eu-west-1')}:1`)).rejects.toMatchObject(
      invalid(
        'Layers are not in the same region as the function. Layers are expected to be in region us-east-1.',
      ),
    );
    const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${ARN}${name}:1`);
    await expect(use(made, ...six)).rejects.toMatchObject(invalid('Cannot reference more than 5 layers.'));
  });

  it('is no larger with its layers than without: 250 MB unzipped', async () => {
    const made = await stand();
    await made.active('f');
    const half = zipArchive([{ path: 'zeros', mode: 0o644, bytes: new Uint8Array(131_072_000) }], 'deflated');
    for (const LayerName of ['one', 'two'])
      await publish(made.lambda, { LayerName, Content: { ZipFile: half } });
    const at = (name: string): string => ARN.replace('tools', `${name}:1`);
    await use(made, at('one'));
    made.table.advance(10 * SECOND);
    await expect(use(made, at('one'), at('two'))).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Function code combined with layers exceeds the maximum allowed size of 262144000 bytes/,
      ) as string,
    });
  });

  // https://docs.aws.amazon.com/lambda/latest/dg/access-control-layers.html
  it('is given a layer by nobody who may not read it', async () => {
    const made = await stand();
    await made.active('f');
    await publish(made.lambda);
    await made.iam.send(new CreateUserCommand({ UserName: 'ana' }));
    const { AccessKey } = await made.iam.send(new CreateAccessKeyCommand({ UserName: 'ana' }));
    const credentials = {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    };
    const lambda = made.table.client(LambdaClient, { credentials });
    const may = (...Action: string[]): Promise<unknown> =>
      made.iam.send(
        new PutUserPolicyCommand({
          UserName: 'ana',
          PolicyName: 'may',
          PolicyDocument: JSON.stringify({
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action, Resource: [functionArn('f'), `${ARN}:1`] }],
          }),
        }),
      );
    const change = new UpdateFunctionConfigurationCommand({ FunctionName: 'f', Layers: [`${ARN}:1`] });
    await may('lambda:UpdateFunctionConfiguration');
    await expect(lambda.send(change)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`lambda:GetLayerVersion on resource: ${ARN}:1`) as string,
    });
    await may('lambda:UpdateFunctionConfiguration', 'lambda:GetLayerVersion');
    await expect(lambda.send(change)).resolves.toMatchObject({ Layers: [{ Arn: `${ARN}:1` }] });
  });
});

describe('the policy of a version', () => {
  it('lets another account in, statement by statement', async () => {
    const made = await stand();
    await publish(made.lambda);
    const credentials = { accessKeyId: OTHER, secretAccessKey: 'test' };
    const stranger = made.table.client(LambdaClient, { credentials });
    const read = (): Promise<unknown> => stranger.send(new GetLayerVersionByArnCommand({ Arn: `${ARN}:1` }));
    await expect(read()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const of = { LayerName: 'tools', VersionNumber: 1 };
    const statement = { ...of, StatementId: 's1', Action: 'lambda:GetLayerVersion', Principal: OTHER };
    const added = await made.lambda.send(new AddLayerVersionPermissionCommand(statement));
    expect(JSON.parse(added.Statement ?? '')).toEqual({
      Sid: 's1',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${OTHER}:root` },
      Action: 'lambda:GetLayerVersion',
      Resource: `${ARN}:1`,
    });
    await expect(read()).resolves.toMatchObject({ Version: 1 });
    const policy = await made.lambda.send(new GetLayerVersionPolicyCommand(of));
    expect(policy.RevisionId).toBe(added.RevisionId);
    await made.lambda.send(new RemoveLayerVersionPermissionCommand({ ...of, StatementId: 's1' }));
    await expect(read()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(made.lambda.send(new GetLayerVersionPolicyCommand(of))).rejects.toMatchObject(
      missing('No policy is associated with the given resource.'),
    );
  });

  it('is changed only where the version, the statement and the revision are right', async () => {
    const { lambda } = await stand();
    await publish(lambda);
    const of = { LayerName: 'tools', VersionNumber: 1 };
    const everyone = { ...of, StatementId: 's1', Action: 'lambda:GetLayerVersion', Principal: '*' };
    const add = (more: object): Promise<unknown> =>
      lambda.send(new AddLayerVersionPermissionCommand({ ...everyone, ...more }));
    await add({});
    await expect(add({})).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message:
        'The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement.',
    });
    const stale = {
      name: 'PreconditionFailedException',
      message:
        'The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id',
    };
    await expect(add({ StatementId: 's2', RevisionId: 'wrong' })).rejects.toMatchObject(stale);
    await expect(add({ VersionNumber: 2 })).rejects.toMatchObject(
      missing(`Layer version ${ARN}:2 does not exist.`),
    );
    const remove = (more: object): Promise<unknown> =>
      lambda.send(new RemoveLayerVersionPermissionCommand({ ...of, StatementId: 's1', ...more }));
    await expect(remove({ StatementId: 's9' })).rejects.toMatchObject(
      missing('Statement s9 is not found in resource policy.'),
    );
    await expect(remove({ RevisionId: 'wrong' })).rejects.toMatchObject(stale);
  });
});

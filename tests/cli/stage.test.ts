import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { sandtable, start } from './sandtable.ts';
import type { Running } from './sandtable.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandtable-stage-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const TOPIC = `
Parameters:
  Name: { Type: String, Default: orders }
Resources:
  Orders:
    Type: AWS::SNS::Topic
    Properties: { TopicName: !Ref Name }
Outputs:
  Topic: { Value: !Ref Orders, Export: { Name: topic } }
`;

async function file(name: string, text: string | object): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, typeof text === 'string' ? text : JSON.stringify(text));
  return path;
}

function urlOf(out: string): string {
  return /a local AWS at (\S+)/.exec(out)?.[1] ?? '';
}

function clients(endpoint: string): { cloudformation: CloudFormationClient; s3: S3Client } {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const configuration = { endpoint, region: 'us-east-1', credentials };
  return {
    cloudformation: new CloudFormationClient(configuration),
    s3: new S3Client({ ...configuration, forcePathStyle: true }),
  };
}

async function withStaged<Q>(
  args: readonly string[],
  look: (url: string, out: string, running: Running) => Promise<Q>,
): Promise<Q> {
  const running = start(['stage', ...args, '--port', '0', '--clock', 'manual']);
  try {
    const out = await running.printed('until Ctrl-C');
    if (!out.includes('until Ctrl-C')) throw new Error((await running.ended).err);
    return await look(urlOf(out), out, running);
  } finally {
    running.process.kill('SIGKILL');
  }
}

describe('sandtable stage', () => {
  it('puts up a template, tells its events and outputs, and serves it until Ctrl-C', async () => {
    const path = await file('orders.yaml', TOPIC);
    await withStaged(
      [path, '--parameters', 'Name=parcels', '--tags', 'team=blue'],
      async (url, out, running) => {
        expect(out).toMatch(/CREATE_IN_PROGRESS +orders \(AWS::CloudFormation::Stack\): User Initiated\n/);
        expect(out).toMatch(/CREATE_COMPLETE +Orders \(AWS::SNS::Topic\)\n/);
        expect(out).toContain(
          'Stack orders: CREATE_COMPLETE\n  Topic = arn:aws:sns:us-east-1:000000000000:parcels\n',
        );
        expect(out).toContain(`export AWS_ENDPOINT_URL=${url}`);
        const { Stacks: [stack] = [] } = await clients(url).cloudformation.send(
          new DescribeStacksCommand({}),
        );
        expect([stack?.StackStatus, stack?.Tags]).toEqual([
          'CREATE_COMPLETE',
          [{ Key: 'team', Value: 'blue' }],
        ]);
        const clock = (await (await fetch(`${url}/_sandtable/clock`)).json()) as { mode: string };
        expect(clock.mode).toBe('manual');
        running.process.kill('SIGINT');
        const { code, err } = await running.ended;
        expect([code, err]).toEqual([0, '']);
      },
    );
  });

  it('changes a stack of the same name in a running endpoint, through a change set that it shows', async () => {
    const path = await file('running/orders.yaml', TOPIC);
    const list = await file('running/values.json', [{ ParameterKey: 'Name', ParameterValue: 'returns' }]);
    await withStaged([path], async (url) => {
      const args = ['stage', path, '--endpoint', url, '--parameters', list, '--change-set'];
      const { code, out, err } = await sandtable(...args);
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain('  Modify Orders (AWS::SNS::Topic), replacement: True\n');
      expect(out).toContain(
        'Stack orders: UPDATE_COMPLETE\n  Topic = arn:aws:sns:us-east-1:000000000000:returns\n',
      );
      const again = await sandtable('stage', path, '--endpoint', url);
      expect([again.code, again.out]).toEqual([0, expect.stringContaining('no changes, UPDATE_COMPLETE')]);
    });
  });

  it('leaves the clock of a running endpoint as it was when it is interrupted', async () => {
    const never = `Resources:
      Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' }
      Wait: { Type: 'AWS::CloudFormation::WaitCondition', Properties: { Handle: !Ref Handle, Timeout: '43200' } }
    `;
    const path = await file('never.yaml', never);
    const up = start(['up', '--port', '0']);
    const url = urlOf(await up.printed('AWS_DEFAULT_REGION'));
    const staging = start(['stage', path, '--endpoint', url]);
    await staging.printed('Handle (AWS::CloudFormation::WaitConditionHandle)');
    staging.process.kill('SIGINT');
    const { signal } = await staging.ended;
    const clock = (await (await fetch(`${url}/_sandtable/clock`)).json()) as { mode: unknown };
    up.process.kill('SIGKILL');
    expect([signal, clock.mode]).toEqual(['SIGINT', 1]);
  });

  it('puts up the templates of a folder in the order of their names', async () => {
    await file('shop/1-topic.yaml', TOPIC);
    await file('shop/2-users.json', {
      Resources: {
        Mail: {
          Type: 'AWS::SNS::Topic',
          Properties: { DisplayName: { 'Fn::ImportValue': 'topic' } },
        },
      },
    });
    await file('shop/notes.txt', 'not a template');
    await withStaged([join(folder, 'shop')], (_, out) => {
      const stacks = [...out.matchAll(/^Stack (\S+): (\S+)$/gm)].map(
        ([, name, status]) => `${name} ${status}`,
      );
      expect(stacks).toEqual(['topic CREATE_COMPLETE', 'users CREATE_COMPLETE']);
      return Promise.resolve();
    });
  });

  it('puts up the stacks of a CDK app in the order of their dependencies, after their files', async () => {
    const template = (resources: object): object => ({
      Resources: resources,
      Parameters: {
        BootstrapVersion: {
          Type: 'AWS::SSM::Parameter::Value<String>',
          Default: '/cdk-bootstrap/hnb659fds/version',
        },
      },
    });
    const out = (name: string, text: string | object): Promise<string> => file(`cdk.out/${name}`, text);
    await out('manifest.json', {
      version: '48.0.0',
      artifacts: {
        Users: {
          type: 'aws:cloudformation:stack',
          dependencies: ['Base', 'Users.assets'],
          properties: { templateFile: 'Users.template.json', stackName: 'app-users' },
        },
        Base: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Base.template.json' } },
        'Users.assets': { type: 'cdk:asset-manifest', properties: { file: 'Users.assets.json' } },
      },
    });
    await out('Users.template.json', template({ A: { Type: 'AWS::SNS::Topic' } }));
    await out('Base.template.json', template({ B: { Type: 'AWS::SNS::Topic' } }));
    await out('asset.1/index.js', 'exports.handler = 1;\n');
    const bucketName = 'cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}';
    await out('Users.assets.json', {
      files: {
        1: {
          source: { path: 'asset.1', packaging: 'zip' },
          destinations: { here: { bucketName, objectKey: '1.zip' } },
        },
      },
    });
    await withStaged([join(folder, 'cdk.out')], async (url, printed) => {
      const stacks = [...printed.matchAll(/^Stack (\S+): /gm)].map(([, name]) => name);
      expect(stacks).toEqual(['Base', 'app-users']);
      const Bucket = 'cdk-hnb659fds-assets-000000000000-us-east-1';
      const { Body } = await clients(url).s3.send(new GetObjectCommand({ Bucket, Key: '1.zip' }));
      expect((await Body?.transformToByteArray())?.subarray(0, 2)).toEqual(new Uint8Array([0x50, 0x4b]));
    });
  });

  it('takes no file into S3 that is not in the assembly', async () => {
    const secret = await file('secret.txt', 'secret');
    const put = (name: string, text: object): Promise<string> =>
      file(`foreign.out/${name}`, JSON.stringify(text));
    const properties = { templateFile: 'A.template.json' };
    await put('A.template.json', { Resources: { A: { Type: 'AWS::SNS::Topic' } } });
    for (const path of ['../secret.txt', relative(join(folder, 'foreign.out'), '/etc/hostname')]) {
      await put('A.assets.json', {
        files: { 1: { source: { path }, destinations: { here: { bucketName: 'b', objectKey: 'k' } } } },
      });
      await put('manifest.json', {
        artifacts: {
          A: { type: 'aws:cloudformation:stack', properties },
          'A.assets': { type: 'cdk:asset-manifest', properties: { file: 'A.assets.json' } },
        },
      });
      const { code, err } = await sandtable('stage', join(dirname(secret), 'foreign.out'), '--port', '0');
      expect([code, err]).toEqual([2, expect.stringContaining(`refers to ${path}, which is not in it`)]);
    }
  });

  it('takes a template that is too long for a request through S3', async () => {
    const text = `Metadata: { Long: ${'x'.repeat(60_000)} }\n${TOPIC}`;
    await withStaged([await file('long.yaml', text)], (_, out) => {
      expect(out).toContain('Stack long: CREATE_COMPLETE');
      return Promise.resolve();
    });
  });
});

describe('what does not stand', () => {
  it('ends with 1 and the reasons where a stack fails', async () => {
    const path = await file('fails.yaml', TOPIC.replace('!Ref Name', 'not/a/name'));
    const { code, err } = await sandtable('stage', path, '--port', '0');
    expect(code).toBe(1);
    expect(err).toMatch(
      /^Stack fails ended as ROLLBACK_COMPLETE\.\n {2}Orders \(AWS::SNS::Topic\): .*Invalid.*\n$/,
    );
  });

  it('ends with 3 and the name where something is not modelled', async () => {
    const path = await file('lake.yaml', 'Resources: { Lake: { Type: "AWS::LakeFormation::Resource" } }\n');
    const { code, err } = await sandtable('stage', path, '--port', '0');
    expect(code).toBe(3);
    expect(err).toContain('Sandtable does not model the resource type AWS::LakeFormation::Resource.');
  });

  it('ends with 2 and the words of CloudFormation where the template is refused', async () => {
    const path = await file(
      'wrong.yaml',
      'Resources: { A: { Type: "AWS::SNS::Topic", Properties: { DisplayName: !Ref B } } }\n',
    );
    const { code, err } = await sandtable('stage', path, '--port', '0');
    expect(code).toBe(2);
    expect(err).toContain('Unresolved resource dependencies [B] in the Resources block of the template');
    expect(err).not.toMatch(/\n\s+at /);
  });

  it('ends with 2 where capabilities are missing, and says which option acknowledges them', async () => {
    const role = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } };
    const path = await file('role.json', { Resources: { Role: role } });
    const { code, err } = await sandtable('stage', path, '--port', '0');
    expect(code).toBe(2);
    expect(err).toContain('Requires capabilities : [CAPABILITY_IAM]');
    expect(err).toContain('--capabilities CAPABILITY_IAM');
  });

  it.each([
    [['/none.yaml'], 'There is no template or folder /none.yaml.'],
    [[], 'stage takes one template or folder; it was given 0.'],
    [['EMPTY'], 'holds no template.'],
    [['TOPIC', '--stack-name', '1st'], '"1st" is no name for a stack.'],
    [['TOPIC', '--parameters', 'Name'], '--parameters takes NAME=VALUE; it was "Name".'],
    [['TOPIC', '--parameters', '/none.json'], '/none.json cannot be read'],
    [['TOPIC', '--endpoint', 'http://127.0.0.1:9'], 'Nothing answers at http://127.0.0.1:9.'],
    [['TOPIC', '--clock', 'fast'], 'A clock is real, virtual, manual or a rate such as x60; it was "fast".'],
  ])('%j is told and ends with 2', async (args, message) => {
    const topic = await file('topic.yaml', TOPIC);
    await mkdir(join(folder, 'empty'), { recursive: true });
    const places: Readonly<Record<string, string>> = { TOPIC: topic, EMPTY: join(folder, 'empty') };
    const { code, out, err } = await sandtable(
      'stage',
      ...args.map((text) => places[text] ?? text),
      '--port',
      '0',
    );
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(err).not.toMatch(/\n\s+at /);
  });
});

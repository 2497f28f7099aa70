import { describe, expect, it } from 'vitest';
import { Cloud } from '#cloud/cloud.ts';
import { customResources } from '#cloud/ports/stacks.ts';
import { provide } from '#cloud/port.ts';
import { services } from '#services/index.ts';
import { part as traffic } from '#traffic/traffic.ts';
import { modelled } from '#workloads/modelled/modelled.ts';
import { table } from '#world/index.ts';
import { queueUrl, SECOND, Stand, stand } from '../../../tests/lambda-stand.ts';
import { ManifestError } from '../manifest-reader.ts';
import { manifestFor, millisecondsAt, parseFunctionManifests } from './function-manifest.ts';
import { modelledFunctions } from './modelled.ts';
import { filled } from './placeholders.ts';

describe('the manifest of a deployment package', () => {
  const parse = (text: string) => parseFunctionManifests(text, 'sandtable.yml');

  it('speaks of all functions of the package, or of one by its handler', () => {
    const manifests = parse(
      'function: { duration: 10ms, memory: 90 }\nhandlers: { a.b: { duration: { p50: 20ms } } }',
    );
    expect(manifestFor(manifests, 'x.y')).toMatchObject({ duration: [[1_000_000, 10_000]], memoryMb: 90 });
    const own = manifestFor(manifests, 'a.b');
    expect(own.memoryMb).toBe(90);
    expect(millisecondsAt(own.duration ?? [], 0.5)).toBe(20);
    expect(millisecondsAt(own.duration ?? [], 0)).toBe(10);
    expect(millisecondsAt(own.duration ?? [], 0.999_999)).toBe(360);
  });

  it.each([
    ['function: { speed: fast }', /sandtable.yml:1: There is no member "speed" here/],
    ['function:\n  duration: 5', /sandtable.yml:2: duration 5 is no time/],
    ['function: { duration: { p50: 5ms, p90: 4ms } }', /falls from one percentile to the next/],
    ['function: { calls: [{ service: sqs }] }', /no service or no operation/],
    ['function: { lifecycleHook: Maybe }', /is none of Succeeded, Failed/],
    ['function: { log: one }', /log is no list of texts/],
  ])('says what is wrong with %s', (text, message) => {
    expect(() => parse(text)).toThrow(ManifestError);
    expect(() => parse(text)).toThrow(message);
  });
});

it('fills placeholders with values, reading JSON on the way', () => {
  const given = {
    event: { a: [{ b: 1 }], text: '{"c":{"d":true}}' },
    context: { functionName: 'f' },
    env: { STAGE: 'prod' },
  };
  expect(filled({ x: '${event.a}', y: ['${event.text.c.d}'] }, given)).toEqual({ x: [{ b: 1 }], y: [true] });
  expect(filled('${context.functionName}-${env.STAGE}-${event.a.0.b}-${event.none}', given)).toBe(
    'f-prod-1-',
  );
  expect(filled('${event.none}', given)).toBeNull();
  expect(filled('${other}', given)).toBe('${other}');
});

describe('a modelled function', () => {
  it('without a manifest answers null after a short while', async () => {
    const made = await stand();
    await made.active('f');
    expect(await made.invoke('f')).toMatchObject({ payload: null, error: undefined });
  });

  it('takes as long as its distribution says, and times out beyond its timeout', async () => {
    const made = await stand();
    await made.active('f', 'function: { init: 2s, duration: 1s, answers: ok }');
    const { log } = await made.invoke('f');
    expect(log).toContain('\tDuration: 1000.00 ms\tBilled Duration: 3000 ms');
    await made.update('f', 'function: { duration: 4s }');
    expect((await made.invoke('f')).payload).toMatchObject({ errorType: 'Sandbox.Timedout' });
  });

  it('fails in a share of its invocations, the same ones for the same seed', async () => {
    const run = async (): Promise<boolean[]> => {
      const made = await stand();
      await made.active('f', 'function: { errors: 30% }');
      const failed: boolean[] = [];
      for (let times = 0; times < 30; times += 1) {
        failed.push((await made.invoke('f', {}, {}, SECOND)).error !== undefined);
      }
      return failed;
    };
    const first = await run();
    expect(first.filter(Boolean).length).toBeGreaterThan(2);
    expect(first.filter(Boolean).length).toBeLessThan(18);
    expect(await run()).toEqual(first);
  });

  it('crashes where its package or its manifest cannot be read, and says why', async () => {
    const made = await stand();
    await made.active('f', 'function: { speed: fast }');
    expect((await made.invoke('f')).payload).toMatchObject({
      errorType: 'Sandtable.InvalidPackage',
      errorMessage: expect.stringContaining('There is no member "speed" here') as string,
    });
  });

  it('makes requests under its role, and fails where they do', async () => {
    const made = await stand();
    await made.queue('work');
    const manifest = (mayFail: boolean, operation = 'SendMessage') => `function:
  answers: \${env.STAGE}
  calls:
    - service: sqs
      operation: ${operation}
      mayFail: ${mayFail}
      input: { QueueUrl: '${queueUrl('work')}', MessageBody: '\${event}' }`;
    const Environment = { Variables: { STAGE: 'prod' } };
    await made.active('f', manifest(false), { Environment });
    const denied = await made.invoke('f', { a: 1 });
    expect(denied).toMatchObject({ error: 'Unhandled', payload: { errorType: 'AccessDenied' } });
    await made.update('f', manifest(true));
    expect((await made.invoke('f', { a: 1 })).payload).toBe('prod');
    await made.allow('sqs:SendMessage');
    await made.update('f', manifest(false));
    await made.invoke('f', { a: 1 });
    expect(await made.bodies('work')).toEqual(['{"a":1}']);
    await made.update('f', manifest(false, 'SendNothing'));
    expect((await made.invoke('f')).payload).toEqual({
      errorType: 'Sandtable.InvalidCall',
      errorMessage: 'sqs has no operation SendNothing.',
    });
    await made.update('f', manifest(false).replace('MessageBody', 'Body'));
    expect((await made.invoke('f')).payload).toMatchObject({
      errorMessage: 'SendMessage has no member Body.',
    });
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-requesttypes.html
describe('behind a custom resource', () => {
  const answers = table<{ url: string; body: string }>('test/answers', (row) => row.url);
  const cloud = new Cloud(
    services.filter(({ contract }) => contract !== 'cloudformation'),
    [
      modelled,
      modelledFunctions,
      traffic,
      {
        name: 'test',
        tables: [answers],
        provides: [
          provide(customResources, {
            answer: (ctx, url, body) => {
              if (!url.startsWith('https://answers/')) return false;
              ctx.put(answers, { url, body });
              return true;
            },
          }),
        ],
      },
    ],
  );
  const request = (RequestType: string, url: string) => ({
    RequestType,
    ResponseURL: url,
    StackId: 'stack',
    RequestId: 'r',
    LogicalResourceId: 'Thing',
    ResourceProperties: { Name: 'n' },
  });
  const MANIFEST = `function:
  customResource:
    physicalResourceId: thing-\${event.ResourceProperties.Name}
    data: { Arn: 'arn:\${event.ResourceProperties.Name}' }
    update: { fails: cannot change }
    delete: { silent: true }`;

  it('answers each kind of request as told', async () => {
    const made = new Stand({ cloud });
    await made.role();
    await made.active('f', MANIFEST);
    const answered = async (type: string) => {
      const url = `https://answers/${type}`;
      await made.invoke('f', request(type, url));
      const row = made.table.read((ctx) => ctx.get(answers, url));
      return row && (JSON.parse(row.body) as Record<string, unknown>);
    };
    expect(await answered('Create')).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: 'thing-n',
      StackId: 'stack',
      RequestId: 'r',
      LogicalResourceId: 'Thing',
      NoEcho: false,
      Data: { Arn: 'arn:n' },
    });
    expect(await answered('Update')).toMatchObject({ Status: 'FAILED', Reason: 'cannot change' });
    expect(await answered('Delete')).toBeUndefined();
    const { log } = await made.invoke('f', request('Create', 'https://nowhere/'));
    expect(log).toContain('Nobody waits for an answer at https://nowhere/.');
    const Message = JSON.stringify(request('Create', 'https://answers/sns'));
    await made.invoke('f', { Records: [{ Sns: { Message } }] });
    expect(made.table.read((ctx) => ctx.get(answers, 'https://answers/sns'))).toBeDefined();
  });
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html
describe('in a lifecycle hook', () => {
  it('tells CodeDeploy what came of it', async () => {
    const made = await stand('codedeploy:*');
    await made.active('f', 'function: { lifecycleHook: Succeeded }');
    const event = { DeploymentId: 'd-123456789', LifecycleEventHookExecutionId: 'x' };
    // There is no such deployment, which shows that the function has asked.
    const { error, payload } = await made.invoke('f', event);
    expect(error).toBe('Unhandled');
    expect((payload as { errorType: string }).errorType).toMatch(/Deployment|NotImplemented/);
    expect((await made.invoke('f', { other: true })).error).toBeUndefined();
  });

  it('tells Auto Scaling to go on, under its role', async () => {
    const made = await stand();
    await made.active('f', 'function: { lifecycleHook: Failed }');
    const detail = {
      LifecycleHookName: 'h',
      AutoScalingGroupName: 'g',
      LifecycleActionToken: '8e5a4c1e-5b2a-4a43-a0dc-000000000000',
      EC2InstanceId: 'i-1',
    };
    const denied = await made.invoke('f', { detail });
    expect(denied.payload).toMatchObject({
      errorMessage: expect.stringContaining('autoscaling:CompleteLifecycleAction') as string,
    });
    await made.allow('autoscaling:CompleteLifecycleAction');
    // There is no such group: the request has come through.
    const { payload } = await made.invoke('f', { Records: [{ Sns: { Message: JSON.stringify(detail) } }] });
    expect(payload).toMatchObject({ errorMessage: expect.stringContaining('AutoScalingGroup') as string });
  });
});

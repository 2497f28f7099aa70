// Functions whose code really runs, behind the Runtime API. The port is used directly, as Lambda uses it.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, expect, it } from 'vitest';
import { Cloud } from '#cloud/cloud.ts';
import { servedAt } from '#cloud/endpoint.ts';
import { functionHost, functionResults } from '#cloud/ports/functions.ts';
import { identity, sessions } from '#cloud/ports/identity.ts';
import type { FunctionResult, FunctionRun } from '#cloud/ports/functions.ts';
import type { AccessKey } from '#cloud/ports/identity.ts';
import { provide } from '#cloud/port.ts';
import { rootOf } from '#cloud/principal.ts';
import type { UserError } from '#cloud/user-error.ts';
import { host as wall } from '#runtime/host.ts';
import { rehearsal } from '#rehearsal/rehearsal.ts';
import { runAll } from '#rehearsal/run.ts';
import type { Scene } from '#rehearsal/scene.ts';
import { composeRehearsal } from '#sandtable';
import { listen } from '#server/endpoint.ts';
import { services } from '#services/index.ts';
import { part as traffic } from '#traffic/traffic.ts';
import { FunctionProcesses } from '#workloads/functions/host/functions.ts';
import { processFunctions } from '#workloads/functions/process.ts';
import { modelled } from '#workloads/modelled/modelled.ts';
import type { BundleFile } from '#workloads/archive.ts';
import { packBundle } from '#workloads/bundle.ts';
import type { Packable } from '#workloads/bundle.ts';
import { Clock, table } from '#world/index.ts';
import type { ClockMode } from '#world/index.ts';
import { newTable } from '../table.ts';

const results = table<{ requestId: string; result: FunctionResult }>('test/results', (row) => row.requestId);

/** A cloud in which nobody invokes functions but the test. */
const cloud = new Cloud(
  services.filter(({ contract }) => contract !== 'lambda'),
  [
    modelled,
    traffic,
    processFunctions,
    {
      name: 'test',
      tables: [results],
      provides: [
        provide(functionResults, {
          ended: (ctx, requestId, result) => ctx.everywhere.put(results, { requestId, result }),
        }),
      ],
    },
  ],
);

const ROOT: AccessKey = {
  accessKeyId: 'test',
  secret: 'test',
  principal: rootOf('000000000000'),
  active: true,
};
const MINUTE = 60_000;

class Stand {
  readonly table = newTable({ cloud });
  readonly host: FunctionProcesses;
  readonly clock: Clock<never>;
  #asked = 0;
  #close = async (): Promise<void> => {};

  constructor(rate: number, refused?: (error: UserError) => void, mode: ClockMode = 'virtual') {
    this.host = new FunctionProcesses({ rate: () => this.clock.rate, ...(refused ? { refused } : {}) });
    this.clock = new Clock(this.table.world, wall, mode, this.host.performers, { paceRate: rate }) as never;
  }

  async serve(): Promise<void> {
    const { gateway, world } = this.table;
    const { clock } = this;
    const crashed = (error: unknown): void => void this.table.crashes.push(error);
    const controlled = { world, clock: clock as never, version: '' };
    const { url, close } = await listen({ gateway, controlled, port: 0, crashed });
    this.table.world.transact('', { kind: 'script', name: 'served' }, (ctx) => servedAt(ctx, url));
    this.host.endpoint = url;
    this.#close = close;
  }

  store(files: Packable | readonly BundleFile[]): string {
    return this.table.act((ctx) => ctx.putBlob(packBundle(files)));
  }

  /** Asks for an invocation, and returns what tells what came of it. */
  ask(codeBlob: string, change: Partial<FunctionRun> = {}): () => FunctionResult | undefined {
    const requestId = `00000000-0000-4000-8000-${String((this.#asked += 1)).padStart(12, '0')}`;
    const run: FunctionRun = {
      requestId,
      environmentId: 'e-1',
      cold: true,
      invokedArn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
      functionName: 'f',
      version: '$LATEST',
      codeBlob,
      handler: 'index.handler',
      runtime: 'nodejs22.x',
      memoryMb: 128,
      timeoutMs: 30_000,
      environment: {},
      credentials: ROOT,
      logGroup: '/aws/lambda/f',
      logStream: '2026/01/05/[$LATEST]0123',
      event: '{}',
      traceId: 'Root=1-5f-0',
      ...change,
    };
    this.table.act((ctx) => ctx.port(functionHost).run(ctx, run));
    return () => this.table.read((ctx) => ctx.everywhere.get(results, requestId)?.result);
  }

  async invoke(codeBlob: string, change: Partial<FunctionRun> = {}): Promise<FunctionResult> {
    const { world } = this.table;
    const { outbox } = this.clock;
    const ended = this.ask(codeBlob, change);
    await this.clock.advance(world.now + 30 * MINUTE, () => outbox.failure !== undefined || !!ended());
    if (outbox.failure) throw outbox.failure;
    return ended() as FunctionResult;
  }

  async close(): Promise<void> {
    this.clock.stop();
    await this.#close();
    await this.host.close();
  }
}

const open: Stand[] = [];
function stand(rate: number = 1, refused?: (error: UserError) => void, mode?: ClockMode): Stand {
  const fresh = new Stand(rate, refused, mode);
  open.push(fresh);
  return fresh;
}
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** Runs one Node.js function once, in an environment of its own. */
function node(source: string, change: Partial<FunctionRun> = {}): Promise<FunctionResult> {
  const s = stand();
  return s.invoke(s.store({ 'index.js': source }), change);
}

function payload({ outcome }: FunctionResult): Record<string, unknown> {
  if (!('payload' in outcome) || outcome.payload === undefined) throw new Error(JSON.stringify(outcome));
  return JSON.parse(outcome.payload) as Record<string, unknown>;
}

function alive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const ANSWERED = { kind: 'answered' };

// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
it('gives an async handler its event and context, and answers what it returns', async () => {
  const source = `exports.handler = async (event, context) => {
    console.log('asked for', event.name);
    return { hello: event.name, left: context.getRemainingTimeInMillis(), ...context };
  };`;
  const result = await node(source, { event: '{"name":"Ada"}', clientContext: '{"custom":{"a":"ü"}}' });
  expect(result.outcome).toMatchObject(ANSWERED);
  const answer = payload(result);
  expect(answer).toMatchObject({
    hello: 'Ada',
    functionName: 'f',
    functionVersion: '$LATEST',
    memoryLimitInMB: '128',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
    awsRequestId: '00000000-0000-4000-8000-000000000001',
    logGroupName: '/aws/lambda/f',
    clientContext: { custom: { a: 'ü' } },
  });
  expect(answer['left']).toBeGreaterThan(20_000);
  expect(answer['left']).toBeLessThanOrEqual(30_000);
  expect(result.initMs).toBeGreaterThan(0);
  expect(result.durationMs).toBeLessThan(5000);
  expect(result.log.map(({ text }) => text)).toEqual([
    expect.stringMatching(
      /^2026-01-05T00:0\d:\d\d\.\d{3}Z\t00000000-0000-4000-8000-000000000001\tINFO\tasked for Ada$/,
    ),
  ]);
  expect(result.log[0]?.at).toBeGreaterThanOrEqual(1_767_571_200_000);
  if (process.platform === 'linux') expect(result.maxMemoryMb).toBeGreaterThan(10);
});

it('waits for the callback of a handler that takes one, and for its timers', async () => {
  const source = `exports.handler = (event, context, callback) => {
    setTimeout(() => console.log('later'), 100);
    callback(null, 'done');
  };`;
  const result = await node(source);
  expect(result.outcome).toEqual({ kind: 'answered', payload: '"done"' });
  expect(result.log).toHaveLength(1);
});

it('answers null where a handler returns without calling its callback', async () => {
  expect((await node('exports.handler = (event, context, callback) => 5;')).outcome).toEqual({
    kind: 'answered',
    payload: 'null',
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html#nodejs-handler-callback
it('takes no callback handlers from Node.js 24 on', async () => {
  const source = 'exports.handler = (event, context, callback) => callback(null, 5);';
  const { outcome } = await node(source, { runtime: 'nodejs24.x' });
  expect(outcome).toMatchObject({ kind: 'crash', errorType: 'Runtime.CallbackHandlerDeprecated' });
});

it('fails an async handler whose promise is never settled', async () => {
  const result = await node('exports.handler = async () => new Promise(() => {});');
  expect(result.outcome.kind).toBe('error');
  expect(payload(result)['errorType']).toBe('Runtime.NodeJsExit');
});

it('finds handlers in folders and in ES modules', async () => {
  const s = stand();
  const blob = s.store({
    'package.json': '{"type":"module"}',
    'src/app.js':
      'import { word } from "./word.mjs"; export const run = { it: () => Promise.resolve(word) };',
    'src/word.mjs': 'export const word = "esm";',
  });
  expect((await s.invoke(blob, { handler: 'src/app.run.it' })).outcome).toEqual({
    kind: 'answered',
    payload: '"esm"',
  });
});

it('reports what a handler throws by name, message and trace, and logs it', async () => {
  const result = await node('exports.handler = async () => { throw new RangeError("too much"); };');
  expect(result.outcome.kind).toBe('error');
  expect(payload(result)).toEqual({
    errorType: 'RangeError',
    errorMessage: 'too much',
    trace: expect.arrayContaining(['RangeError: too much', expect.stringContaining('index.js')]) as unknown,
  });
  expect(result.log[0]?.text).toContain('\tERROR\tInvoke Error \t{"errorType":"RangeError"');
});

it('ends the environment of a function that leaves a rejection unhandled, after reporting it', async () => {
  const s = stand();
  const blob = s.store({
    'index.js': `let count = 0;
    exports.handler = (event, context, callback) => {
      if (event.fail) Promise.reject(new Error('lost'));
      else callback(null, (count += 1));
    };`,
  });
  const failed = await s.invoke(blob, { event: '{"fail":true}' });
  expect(payload(failed)).toMatchObject({
    errorType: 'Runtime.UnhandledPromiseRejection',
    errorMessage: 'Error: lost',
  });
  const again = await s.invoke(blob, { cold: false });
  expect(again.outcome).toEqual({ kind: 'answered', payload: '1' });
  expect(again.initMs).toBeGreaterThan(0);
});

it.each([
  [
    'require("left-pad");',
    {},
    'Runtime.ImportModuleError',
    /^Error: Cannot find module 'left-pad'\nRequire stack/,
  ],
  ['exports.handler = ;', {}, 'Runtime.UserCodeSyntaxError', /^SyntaxError: /],
  ['import "node:fs";', {}, 'Runtime.UserCodeSyntaxError', /^SyntaxError: Cannot use import statement/],
  ['exports.other = 1;', {}, 'Runtime.HandlerNotFound', /^index\.handler is undefined or not exported$/],
  ['exports.handler = 1;', {}, 'Runtime.HandlerNotFound', /^index\.handler is not a function$/],
  ['', { handler: 'handler' }, 'Runtime.MalformedHandlerName', /^Bad handler$/],
  ['', { handler: 'app.handler' }, 'Runtime.ImportModuleError', /^Error: Cannot find module 'app'/],
  ['throw new TypeError("at once");', {}, 'TypeError', /^at once$/],
] as [string, Partial<FunctionRun>, string, RegExp][])(
  'says why the code %j cannot be loaded',
  async (source, change, errorType, message) => {
    const result = await node(source, change);
    expect(result.outcome).toMatchObject({
      kind: 'crash',
      errorType,
      message: expect.stringMatching(message) as unknown,
    });
    expect(payload(result)['trace']).toBeInstanceOf(Array);
    expect(result.initMs).toBeGreaterThan(0);
  },
);

// https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
it.each([
  ['process.exit(3)', 'Runtime exited with error: exit status 3'],
  ['process.exit(0)', 'Runtime exited without providing a reason'],
  ['process.kill(process.pid, "SIGSEGV")', 'Runtime exited with error: signal: segmentation fault'],
])('reports a crash by %s with its request', async (how, said) => {
  const { outcome, log } = await node(`exports.handler = async () => {
    console.log('so far');
    ${how};
    await new Promise((done) => setTimeout(done, 10_000));
  };`);
  const errorType = 'Runtime.ExitError';
  const errorMessage = `RequestId: 00000000-0000-4000-8000-000000000001 Error: ${said}`;
  const payload = JSON.stringify({ errorType, errorMessage });
  expect(outcome).toEqual({ kind: 'crash', errorType, message: said, payload });
  expect(log[0]?.text).toContain('so far');
});

it('ends a function at its timeout, with everything that it has started', async () => {
  const s = stand(10);
  const blob = s.store({
    'index.js': `const { spawn } = require('node:child_process');
    exports.handler = async () => {
      const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
      process.stdout.write(process.pid + ' ' + child.pid + '\\n');
      for (;;) await new Promise((done) => setTimeout(done, 10));
    };`,
  });
  const from = s.table.world.now;
  const { outcome, durationMs, log } = await s.invoke(blob, { timeoutMs: 3000 });
  expect(outcome).toEqual({ kind: 'timeout' });
  expect(durationMs).toBe(3000);
  expect(s.table.world.now - from).toBeGreaterThanOrEqual(3000);
  const pids = (log[0]?.text ?? '').split(' ').map(Number);
  expect(pids).toHaveLength(2);
  await expect.poll(() => pids.some(alive)).toBe(false);
  expect((await s.invoke(blob, { cold: false, timeoutMs: 100 })).initMs).toBeGreaterThan(0);
});

it('ends a function that blocks its thread at its timeout', async () => {
  expect((await node('exports.handler = async () => { for (;;); };', { timeoutMs: 200 })).outcome).toEqual({
    kind: 'timeout',
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
it('keeps the state of an environment between invocations, and lets nothing run in between', async () => {
  const s = stand();
  const blob = s.store({
    'index.js': `let invocations = 0, ticks = 0;
    setInterval(() => (ticks += 1), 5);
    exports.handler = async (event) => {
      if (event.end) return process.exit(0);
      return { pid: process.pid, invocations: (invocations += 1), ticks };
    };`,
  });
  const first = payload(await s.invoke(blob));
  await new Promise((done) => void setTimeout(done, 300));
  const warm = await s.invoke(blob, { cold: false });
  const second = payload(warm);
  expect(second).toMatchObject({ pid: first['pid'], invocations: 2 });
  expect(warm.initMs).toBeUndefined();
  expect((second['ticks'] as number) - (first['ticks'] as number)).toBeLessThan(20);
  const other = payload(await s.invoke(blob, { environmentId: 'e-2' }));
  expect(other['invocations']).toBe(1);
  const folder = s.host.rootOf('e-1') as string;
  s.table.act((ctx) => ctx.port(functionHost).retire(ctx, 'e-1'));
  await s.clock.advance(s.table.world.now + 1000);
  await expect.poll(() => existsSync(folder)).toBe(false);
  await expect.poll(() => alive(first['pid'] as number)).toBe(false);
  expect(alive(other['pid'] as number)).toBe(true);
});

it('keeps the beginning and the end of a log without end, and says how much it dropped', async () => {
  const { outcome, log } = await node(`exports.handler = async () => {
    for (let n = 0; n < 200_000; n += 1) process.stdout.write('line ' + n + '\\n');
    console.error('two\\nlines');
  };`);
  expect(outcome).toEqual({ kind: 'answered', payload: 'null' });
  expect(log.length).toBeLessThan(5000);
  expect(log[0]?.text).toBe('line 0');
  expect(log.at(-1)?.text).toMatch(/\tERROR\ttwo\nlines$/);
  const gap = log.find(({ text }) => text.startsWith('[Sandtable dropped'))?.text ?? '';
  expect(Number(/(\d+) lines/.exec(gap)?.[1])).toBe(200_001 - (log.length - 1));
});

it('refuses answers above 6 MB', async () => {
  const result = await node('exports.handler = async () => "x".repeat(6_300_000);');
  expect(payload(result)).toMatchObject({
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
  });
});

it.skipIf(process.platform !== 'linux')('ends a function that takes more memory than it has', async () => {
  const { outcome, maxMemoryMb } = await node(
    `exports.handler = async () => {
      const kept = [];
      for (;;) { kept.push(Buffer.alloc(4 << 20, 1)); await new Promise((done) => setTimeout(done, 5)); }
    };`,
  );
  expect(outcome).toMatchObject({ message: expect.stringContaining('signal: killed') as unknown });
  expect(maxMemoryMb).toBeGreaterThan(100);
});

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
it('gives functions what Lambda and their configuration give them, and nothing of the developer', async () => {
  const s = stand();
  process.env['DEVELOPERS_OWN'] = 'secret';
  try {
    const blob = s.store({
      'index.js': 'exports.handler = async () => ({ ...process.env, cwd: process.cwd() });',
    });
    const env = payload(await s.invoke(blob, { environment: { STAGE: 'test', TZ: 'Europe/Zurich' } }));
    expect(env).toMatchObject({
      STAGE: 'test',
      TZ: 'Europe/Zurich',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_LAMBDA_LOG_STREAM_NAME: '2026/01/05/[$LATEST]0123',
      _HANDLER: 'index.handler',
      _X_AMZN_TRACE_ID: 'Root=1-5f-0',
      cwd: env['LAMBDA_TASK_ROOT'],
    });
    expect(env['DEVELOPERS_OWN']).toBeUndefined();
    expect(String(env['HOME']).startsWith(s.host.rootOf('e-1') as string)).toBe(true);
  } finally {
    delete process.env['DEVELOPERS_OWN'];
  }
});

// https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html
it('leads no SDK in a function to an account of the developer', async () => {
  const s = stand();
  const home = mkdtempSync(join(tmpdir(), 'sandtable-decoy-'));
  mkdirSync(join(home, '.aws'));
  writeFileSync(join(home, '.aws', 'credentials'), '[decoy]\naws_access_key_id = AKIADECOYDECOYDECOY1\n');
  const decoys = {
    HOME: home,
    AWS_PROFILE: 'decoy',
    AWS_SECRET_ACCESS_KEY: 'decoy',
    AWS_SESSION_TOKEN: 'decoy',
    AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://decoy',
    NODE_OPTIONS: '--title=decoy',
  };
  const own = Object.fromEntries(Object.keys(decoys).map((name) => [name, process.env[name]]));
  Object.assign(process.env, decoys);
  try {
    const blob = s.store({
      'index.js': `
        const { existsSync, readFileSync } = require('node:fs');
        const { homedir } = require('node:os');
        exports.handler = async () => ({
          env: Object.values(process.env).join(),
          file: existsSync(homedir() + '/.aws/credentials'),
          config: readFileSync(process.env.AWS_SHARED_CREDENTIALS_FILE, 'utf8'),
          metadata: process.env.AWS_EC2_METADATA_DISABLED,
        });`,
    });
    const found = payload(await s.invoke(blob));
    expect(found).toMatchObject({ file: false, config: '', metadata: 'true' });
    expect(found['env']).not.toContain('decoy');
  } finally {
    for (const [name, value] of Object.entries(own))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    rmSync(home, { recursive: true });
  }
});

it('gives the response module to code from a template, and to no other', async () => {
  const s = stand();
  const source = 'exports.handler = async () => Object.keys(require("cfn-response"));';
  const inline = await s.invoke(s.store({ 'index.js': source }));
  expect(payload(inline)).toEqual(['SUCCESS', 'FAILED', 'send']);
  const packed = await s.invoke(s.store({ 'index.js': source, 'README.md': '' }));
  expect(payload(packed)['errorMessage']).toContain("Cannot find module 'cfn-response'");
});

/** What signs for a role that may do anything with queues. */
async function roleKey(s: Stand): Promise<AccessKey> {
  const iam = s.table.client(IAMClient);
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const allow = { Effect: 'Allow', Action: 'sqs:*', Resource: '*' };
  const document = (Statement: object): string => JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: document(trust) }));
  await iam.send(
    new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'p', PolicyDocument: document(allow) }),
  );
  s.table.advance(MINUTE);
  return s.table.act((ctx) => {
    const roleArn = 'arn:aws:iam::000000000000:role/r';
    const through = { roleArn, service: 'lambda.amazonaws.com', sessionName: 'f' };
    const session = ctx.port(identity).assumeFor(ctx, through);
    return ctx.port(sessions).open(ctx, session, ctx.now + 60 * MINUTE);
  });
}

/** A queue of the world with a message that can be received half a minute from now. */
async function delayedMessage(s: Stand): Promise<string> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const sqs = new SQSClient({ region: 'us-east-1', credentials, endpoint: s.host.endpoint ?? '' });
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'here', DelaySeconds: 30 }));
  return QueueUrl;
}

/** Says who it is, and waits for a message. */
const RECEIVE = `import { SQSClient, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
    import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
    export const handler = async () => {
      const { Arn } = await new STSClient().send(new GetCallerIdentityCommand({}));
      const sqs = new SQSClient();
      for (;;) {
        const asked = new ReceiveMessageCommand({ QueueUrl: process.env.QUEUE, WaitTimeSeconds: 5 });
        const { Messages = [] } = await sqs.send(asked);
        if (Messages.length > 0) return { Arn, body: Messages[0].Body };
      }
    };`;

it('lets a function wait through the SDK for what happens in AWS, as its role', async () => {
  const s = stand(20);
  await s.serve();
  const credentials = await roleKey(s);
  const from = s.table.world.now;
  const QUEUE = await delayedMessage(s);
  const blob = s.store({ 'index.mjs': RECEIVE });
  const options = { environment: { QUEUE }, credentials, timeoutMs: 300_000, memoryMb: 512 };
  const result = await s.invoke(blob, options);
  expect(payload(result)).toEqual({ Arn: 'arn:aws:sts::000000000000:assumed-role/r/f', body: 'here' });
  expect(s.table.world.now - from).toBeGreaterThanOrEqual(30_000);
  expect(s.table.world.now - from).toBeLessThan(5 * MINUTE);
});

it.each([
  ['virtual', 20],
  [20, 1],
] as [ClockMode, number][])(
  'lets time go on for a function behind a server whose clock is %s',
  async (mode, paceRate) => {
    const s = stand(paceRate, undefined, mode);
    s.clock.start();
    await s.serve();
    const credentials = await roleKey(s);
    s.clock.setMode(mode);
    const QUEUE = await delayedMessage(s);
    const from = s.table.world.now;
    const blob = s.store({ 'index.mjs': RECEIVE });
    const options = { environment: { QUEUE }, credentials, timeoutMs: 300_000, memoryMb: 512 };
    const ended = s.ask(blob, options);
    s.clock.poke();
    await expect.poll(ended, { timeout: 20_000 }).toBeDefined();
    const { outcome, durationMs, initMs = 0 } = ended() as FunctionResult;
    expect(outcome).toMatchObject(ANSWERED);
    const took = s.table.world.now - from;
    expect(took).toBeGreaterThanOrEqual(30_000);
    expect(took).toBeLessThan(5 * MINUTE);
    // What the function took is what went by.
    expect(Math.abs(took - durationMs - Math.min(initMs, 10_000))).toBeLessThan(5000);
  },
);

it('runs the bootstrap of a package that brings its own', async () => {
  const s = stand();
  const bootstrap = `#!${process.execPath}
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
(async () => {
  for (;;) {
    const next = await fetch(api + 'next');
    const body = JSON.stringify({ got: await next.json(), handler: process.env._HANDLER });
    const id = next.headers.get('lambda-runtime-aws-request-id');
    await fetch(api + id + '/response', { method: 'POST', body });
  }
})();
`;
  const options = { runtime: 'provided.al2023', handler: 'my.thing', event: '{"a":1}' };
  const blob = s.store({ bootstrap });
  expect(payload(await s.invoke(blob, options))).toEqual({ got: { a: 1 }, handler: 'my.thing' });
  const without = await s.invoke(s.store({ 'main.sh': '' }), options);
  expect(without.outcome).toMatchObject({
    errorType: 'Runtime.InvalidEntrypoint',
    message: expect.stringContaining("Couldn't find valid bootstrap(s)") as unknown,
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
it('lays layers over one another and lets Node.js find what they bring', async () => {
  const s = stand();
  const lower = s.store({
    'nodejs/node_modules/tool/index.js': 'module.exports = "lower";',
    'nodejs/node_modules/other/index.js': 'module.exports = "other";',
    'bin/greet': '#!/bin/sh\necho hello',
  });
  const upper = s.store({ 'nodejs/node_modules/tool/index.js': 'module.exports = "upper";' });
  const greeting = "String(require('node:child_process').execFileSync('greet'))";
  const source = `exports.handler = async () => [require('tool'), require('other'), ${greeting}];`;
  const ran = await s.invoke(s.store({ 'index.js': source }), { layerBlobs: [lower, upper] });
  expect(payload(ran)).toEqual(['upper', 'other', 'hello\n']);
});

it('starts the bootstrap of a layer where the package has none', async () => {
  const s = stand();
  const layer = s.store({ bootstrap: '#!/bin/sh\nexit 3\n' });
  const options = { runtime: 'provided.al2023', layerBlobs: [layer] };
  const { outcome } = await s.invoke(s.store({ 'main.sh': '' }), options);
  expect(outcome).toMatchObject({ errorType: 'Runtime.ExitError' });
});

it('writes nothing outside an environment, whatever links its layers have', async () => {
  const s = stand();
  const link = (path: string, to: string) => ({ path, mode: 0o777, bytes: new Uint8Array(), link: to });
  const code = s.store({ 'index.js': 'exports.handler = async () => 1;' });
  // By itself each link stays inside; the second one would not, made through the first.
  const layerBlobs = [s.store([link('a', '.')]), s.store([link('a/out', '../x')])];
  const { outcome } = await s.invoke(code, { layerBlobs });
  expect(outcome).toMatchObject({
    kind: 'crash',
    message: expect.stringContaining('both as a file') as string,
  });
});

it('refuses runtimes that this computer cannot run, by name', async () => {
  const refused: UserError[] = [];
  const s = stand(1, (error) => void refused.push(error));
  const { outcome } = await s.invoke(s.store({ 'a.class': '' }), { runtime: 'java21' });
  expect(outcome).toMatchObject({ kind: 'crash', errorType: 'Sandtable.RuntimeMissing' });
  expect(refused.map(({ code }) => code)).toEqual(['runtime-missing']);
  const strict = stand();
  await expect(strict.invoke(strict.store({ 'a.class': '' }), { runtime: 'java21' })).rejects.toThrow(
    /java21/,
  );
});

it('fails a package that is no zip', async () => {
  const s = stand();
  const blob = s.table.act((ctx) => ctx.putBlob(new TextEncoder().encode('hello')));
  expect((await s.invoke(blob)).outcome).toMatchObject({ errorType: 'Runtime.InvalidPackage' });
});

it('leaves no process and no folder behind when it is closed', async () => {
  const s = stand();
  const { pid } = payload(
    await s.invoke(s.store({ 'index.js': 'exports.handler = async () => ({ pid: process.pid });' })),
  ) as { pid: number };
  const folder = s.host.rootOf('e-1') as string;
  expect(readdirSync(folder).sort()).toEqual(['home', 'task', 'tmp']);
  await s.close();
  await expect.poll(() => alive(pid)).toBe(false);
  expect(existsSync(folder)).toBe(false);
});

/** Processes of functions under a folder. Only Linux tells. */
function functionsUnder(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const environ = readFileSync(`/proc/${pid}/environ`, 'latin1');
      return /^\d+$/.test(pid) && environ.includes(`SANDTABLE_MACHINE=${folder}/`);
    } catch {
      return false;
    }
  });
}

it.skipIf(process.platform !== 'linux').each(['SIGINT', 'SIGKILL'] as const)(
  'leaves nothing running and no folder behind when the command ends by %s',
  async (signal) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ctrl-c-')));
    const program = join(import.meta.dirname, 'functions-program.ts');
    const child = spawn(process.execPath, ['--conditions=sandtable-source', '--no-warnings', program], {
      env: { PATH: process.env['PATH'], TMPDIR: folder },
      stdio: 'ignore',
    });
    const gone = once(child, 'exit');
    // Two runtimes, one of which stands still, and what they have left behind.
    await expect.poll(() => functionsUnder(folder).length, { timeout: 20_000 }).toBe(4);
    child.kill(signal);
    await gone;
    await expect.poll(() => functionsUnder(folder), { timeout: 3000 }).toEqual([]);
    await expect.poll(() => readdirSync(folder), { timeout: 3000 }).toEqual([]);
    rmdirSync(folder);
  },
);

it('leaves loads on modelled machines as they are where only functions really run', async () => {
  const composition = composeRehearsal('modelled', { functions: 'process', paceRate: 10 });
  const run = async (scene: Scene): Promise<{ ended: string }> => {
    const load = { host: 'nowhere.example.com', port: 80, path: '/', resolution: 'binned' } as const;
    await scene.traffic.run({ ...load, ratePerSecond: 100, durationMs: MINUTE });
    return { ended: 'done' };
  };
  const [result] = await runAll(rehearsal({ title: 'test', run }), composition);
  expect(result?.sampled).toBeUndefined();
  expect(result?.measurement?.requests).toBeGreaterThan(5000);
});

function pythonHas(module: string): boolean {
  try {
    execFileSync('python3', ['-c', `import ${module}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
const python = pythonHas('json');
const PYTHON: Partial<FunctionRun> = { runtime: 'python3.13' };

// https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
it.skipIf(!python)('runs Python functions with their context and their log', async () => {
  const s = stand();
  const blob = s.store({
    'app/main.py': `import logging, os
count = 0
def handler(event, context):
    global count
    count += 1
    print("plain", event["n"])
    logging.getLogger().warning("warned")
    return {"count": count, "id": context.aws_request_id, "left": context.get_remaining_time_in_millis(),
            "memory": context.memory_limit_in_mb, "cwd": os.getcwd() == os.environ["LAMBDA_TASK_ROOT"], "ü": "ü"}
`,
  });
  const run = { ...PYTHON, handler: 'app/main.handler', event: '{"n":1}' };
  const first = await s.invoke(blob, run);
  expect(payload(first)).toMatchObject({ count: 1, memory: '128', cwd: true, ü: 'ü' });
  expect(payload(first)['left']).toBeGreaterThan(20_000);
  expect(first.log.map(({ text }) => text)).toEqual([
    'plain 1',
    expect.stringMatching(/^\[WARNING\]\t2026-01-05T00:0\d:\d\d\.\d{3}Z\t[\w-]{36}\twarned$/),
  ]);
  expect(payload(await s.invoke(blob, { ...run, cold: false }))['count']).toBe(2);
});

it.skipIf(!python)('lets Python functions import what layers bring', async () => {
  const s = stand();
  const layer = s.store({ 'python/tool.py': 'NAME = "layer"\n' });
  const source = 'import tool\ndef handler(event, context):\n    return {"name": tool.NAME}\n';
  const ran = await s.invoke(s.store({ 'index.py': source }), { ...PYTHON, layerBlobs: [layer] });
  expect(payload(ran)).toEqual({ name: 'layer' });
});

it.skipIf(!python)('reports exceptions of Python functions as AWS does', async () => {
  const s = stand();
  const run = (source: string): Promise<FunctionResult> => s.invoke(s.store({ 'index.py': source }), PYTHON);
  const thrown = await run('def handler(event, context):\n    raise ValueError("bad")\n');
  expect(payload(thrown)).toEqual({
    errorMessage: 'bad',
    errorType: 'ValueError',
    requestId: '00000000-0000-4000-8000-000000000001',
    stackTrace: [expect.stringMatching(/index\.py", line 2, in handler\n {4}raise ValueError/)],
  });
  expect(thrown.log[0]?.text).toMatch(/^\[ERROR\] ValueError: bad\nTraceback \(most recent call last\):\n/);
  const marshal = await run('def handler(event, context):\n    return {1, 2}\n');
  expect(payload(marshal)).toMatchObject({
    errorType: 'Runtime.MarshalError',
    errorMessage: 'Unable to marshal response: Object of type set is not JSON serializable',
  });
  const cases = [
    [
      'import nowhere',
      'Runtime.ImportModuleError',
      "Unable to import module 'index': No module named 'nowhere'",
    ],
    ['import yaml', 'Runtime.ImportModuleError', "Unable to import module 'index': No module named 'yaml'"],
    ['def', 'Runtime.UserCodeSyntaxError', "Syntax error in module 'index': "],
    ['x = 1', 'Runtime.HandlerNotFound', "Handler 'handler' missing on module 'index'"],
  ] as const;
  for (const [source, errorType, message] of cases) {
    const { outcome } = await run(source);
    expect(outcome).toMatchObject({ kind: 'crash', errorType });
    expect((outcome as { message: string }).message).toContain(message);
  }
  const exited = await run('import sys\ndef handler(event, context):\n    sys.exit(4)\n');
  expect(exited.outcome).toMatchObject({
    errorType: 'Runtime.ExitError',
    message: expect.stringContaining('exit status 4') as unknown,
  });
});

it.skipIf(!python)('lets a Python function answer CloudFormation with cfnresponse', async () => {
  const s = stand();
  const { createServer } = await import('node:http');
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    request.on('data', (bytes: Buffer) => bodies.push(bytes.toString()));
    request.on('end', () => response.end());
  }).listen(0, '127.0.0.1');
  await new Promise((done) => void server.once('listening', done));
  const { port } = server.address() as { port: number };
  const event = JSON.stringify({
    ResponseURL: `http://127.0.0.1:${port}/put`,
    StackId: 's',
    RequestId: 'r',
    LogicalResourceId: 'l',
  });
  const py = `import cfnresponse
def handler(event, context):
    cfnresponse.send(event, context, cfnresponse.SUCCESS, {"a": 1})
`;
  const js = `const response = require('cfn-response');
exports.handler = (event, context) => response.send(event, context, response.SUCCESS, { a: 1 }, 'id');`;
  try {
    expect((await s.invoke(s.store({ 'index.py': py }), { ...PYTHON, event })).outcome).toMatchObject(
      ANSWERED,
    );
    expect((await s.invoke(s.store({ 'index.js': js }), { event })).outcome).toMatchObject(ANSWERED);
  } finally {
    server.close();
  }
  const expected = {
    Status: 'SUCCESS',
    StackId: 's',
    RequestId: 'r',
    LogicalResourceId: 'l',
    Data: { a: 1 },
  };
  expect(bodies.map((body) => JSON.parse(body) as object)).toEqual([
    {
      ...expected,
      PhysicalResourceId: '2026/01/05/[$LATEST]0123',
      NoEcho: false,
      Reason: expect.any(String),
    },
    { ...expected, PhysicalResourceId: 'id', NoEcho: false, Reason: expect.any(String) },
  ]);
});

it.skipIf(!python || !pythonHas('boto3'))('lets a Python function use boto3 as its role', async () => {
  const s = stand(20);
  await s.serve();
  const credentials = await roleKey(s);
  const QUEUE = await delayedMessage(s);
  const blob = s.store({
    'index.py': `import os, boto3
def handler(event, context):
    sqs = boto3.client("sqs")
    while True:
        found = sqs.receive_message(QueueUrl=os.environ["QUEUE"], WaitTimeSeconds=5).get("Messages")
        if found:
            return [boto3.client("sts").get_caller_identity()["Arn"], found[0]["Body"]]
`,
  });
  const options = { ...PYTHON, environment: { QUEUE }, credentials, timeoutMs: 600_000, memoryMb: 512 };
  expect(payload(await s.invoke(blob, options))).toEqual([
    'arn:aws:sts::000000000000:assumed-role/r/f',
    'here',
  ]);
});

// The endpoint beside Node's own hello-world, in one run: time from process start to the first answer, idle memory, and small
// requests a second. Figures are medians; what counts is the ratio.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const ROUNDS = 9;
const LOAD_MS = 3000;
const CONNECTIONS = 16;

interface Server {
  readonly name: string;
  readonly command: readonly string[];
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const signed = {
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-target': 'AmazonSQS.ListQueues',
  'x-amz-date': '20260101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, Signature=' +
    'a'.repeat(64),
};

const hello: Server = {
  name: 'hello',
  command: ['node', join(root, 'bench/hello.mjs'), '45610'],
  port: 45_610,
  headers: {},
  body: '{}',
};
const sandtable: Server = {
  name: 'sandtable',
  command: ['node', join(root, 'dist/sandtable.js'), 'up', '--port', '45620'],
  port: 45_620,
  headers: signed,
  body: '{}',
};
const onBun: Server = {
  ...sandtable,
  name: 'sandtable on Bun',
  command: ['bun', ...sandtable.command.slice(1, -1), '45630'],
  port: 45_630,
};
const helloOnBun: Server = {
  ...hello,
  name: 'hello on Bun',
  command: ['bun', hello.command[1] as string, '45640'],
  port: 45_640,
};

function call(server: Server, agent?: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const { port, headers, body } = server;
    const sent = request(
      { host: '127.0.0.1', port, method: 'POST', path: '/', headers, ...(agent ? { agent } : {}) },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

async function firstAnswer(
  server: Server,
): Promise<{ ms: number; rssMb: number; stop: () => Promise<void> }> {
  const from = performance.now();
  const [name = '', ...args] = server.command;
  const child = spawn(name, args, { stdio: 'ignore', cwd: root });
  const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  for (;;) {
    const status = await call(server).catch(() => 0);
    if (status === 200) break;
    if (performance.now() - from > 20_000) throw new Error(`${server.name} does not answer (${status}).`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const ms = performance.now() - from;
  await new Promise((resolve) => setTimeout(resolve, 300));
  const rssMb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;
  return {
    ms,
    rssMb,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

async function requestsPerSecond(server: Server): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const until = performance.now() + LOAD_MS;
  let count = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < until) {
      await call(server, agent);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  agent.destroy();
  return (count / LOAD_MS) * 1000;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number;

async function measure(server: Server): Promise<{ startMs: number; rssMb: number; rps: number }> {
  const starts: number[] = [];
  const sizes: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { ms, rssMb, stop } = await firstAnswer(server);
    starts.push(ms);
    sizes.push(rssMb);
    await stop();
  }
  const { stop } = await firstAnswer(server);
  await requestsPerSecond(server); // Warm-up.
  const rps = await requestsPerSecond(server);
  await stop();
  return { startMs: median(starts), rssMb: median(sizes), rps };
}

for (const [baseline, server] of [
  [hello, sandtable],
  [helloOnBun, onBun],
] as const) {
  const base = await measure(baseline);
  const own = await measure(server);
  const ratio = (a: number, b: number): string => `${(a / b).toFixed(2)}x`;
  console.log(`${server.name} beside ${baseline.name}`);
  console.log(
    `  first answer  ${own.startMs.toFixed(0)} ms, baseline ${base.startMs.toFixed(0)} ms: ${ratio(own.startMs, base.startMs)}`,
  );
  console.log(
    `  idle memory   ${own.rssMb.toFixed(0)} MB, baseline ${base.rssMb.toFixed(0)} MB: ${ratio(own.rssMb, base.rssMb)}`,
  );
  console.log(
    `  requests/s    ${own.rps.toFixed(0)}, baseline ${base.rps.toFixed(0)}: ${ratio(own.rps, base.rps)}`,
  );
}

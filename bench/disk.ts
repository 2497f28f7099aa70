// What `--data` costs, beside the same server in memory in one run: writes a second with 1 and with 32 connections, puts of 10 MB,
// and how long it takes to go on with 10,000 rows. Figures are medians of rounds that take turns; what counts is the ratio. One
// connection waits for the disk at each write: how long the disk takes by itself is measured in the same rounds.

import { spawn } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const ROUNDS = 5;
const LOAD_MS = 2000;
const CONNECTIONS = [1, 32];
const ROWS = 10_000;
const LARGE_BYTES = 10_000_000;
const LARGE_PUTS = 10;

interface Server {
  readonly port: number;
  readonly readyMs: number;
  stop(): Promise<void>;
}

const signed = (service: string): Record<string, string> => ({
  'x-amz-date': '20260101T000000Z',
  authorization:
    `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=` +
    'a'.repeat(64),
});

async function start(...args: string[]): Promise<Server> {
  const from = performance.now();
  const child = spawn('node', [join(root, 'dist/sandtable.js'), 'up', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (piece: Buffer) => {
      out += piece.toString();
      const [, found] = /127\.0\.0\.1:(\d+)\n/.exec(out) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
    void ended.then(() => reject(new Error('The server does not start.')));
  });
  const readyMs = performance.now() - from;
  const stop = (): Promise<void> => {
    child.kill('SIGTERM');
    return ended;
  };
  return { port, readyMs, stop };
}

function send(
  { port }: Server,
  options: { method: string; path: string; headers: Record<string, string>; agent?: Agent },
  body: string | Uint8Array,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, ...options }, (response) => {
      response.resume();
      response.on('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`Status ${response.statusCode}.`)),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function sqs(server: Server, operation: string, input: object, agent?: Agent): Promise<void> {
  const headers = {
    ...signed('sqs'),
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `AmazonSQS.${operation}`,
  };
  return send(
    server,
    { method: 'POST', path: '/', headers, ...(agent ? { agent } : {}) },
    JSON.stringify(input),
  );
}

const message = {
  QueueUrl: 'http://127.0.0.1/000000000000/bench',
  MessageBody: 'x'.repeat(200),
};

async function writesPerSecond(server: Server, connections: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const until = performance.now() + LOAD_MS;
  let count = 0;
  const writer = async (): Promise<void> => {
    while (performance.now() < until) {
      await sqs(server, 'SendMessage', message, agent);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, writer));
  agent.destroy();
  return (count / LOAD_MS) * 1000;
}

async function largePutMs(server: Server, round: number): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < LARGE_PUTS; n += 1) {
    const body = Buffer.alloc(LARGE_BYTES, `${round}/${n} `);
    const from = performance.now();
    await send(server, { method: 'PUT', path: `/bench/${round}-${n}`, headers: signed('s3') }, body);
    took.push(performance.now() - from);
  }
  return median(took);
}

/** How long the disk takes for what one write leaves in the log (ms). */
function synchronisationMs(folder: string): number {
  const file = openSync(join(folder, 'log'), 'a');
  const bytes = Buffer.alloc(32_768, 'x');
  const took = Array.from({ length: 40 }, () => {
    const from = performance.now();
    writeSync(file, bytes);
    fdatasyncSync(file);
    return performance.now() - from;
  });
  closeSync(file);
  return median(took);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number;

async function prepared(...args: string[]): Promise<Server> {
  const server = await start(...args);
  await sqs(server, 'CreateQueue', { QueueName: 'bench' });
  await send(server, { method: 'PUT', path: '/bench', headers: signed('s3') }, '');
  return server;
}

const folders = Array.from({ length: 2 }, () => mkdtempSync(join(tmpdir(), 'sandtable-bench-')));
const [data, rows] = folders as [string, string];
try {
  const inMemory = await prepared();
  const onDisk = await prepared('--data', data);
  for (const connections of CONNECTIONS) {
    const [memory, disk, bare]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const figures = [
        await writesPerSecond(inMemory, connections),
        await writesPerSecond(onDisk, connections),
      ];
      if (round === 0) continue; // Warm-up.
      memory.push(figures[0] as number);
      disk.push(figures[1] as number);
      bare.push(synchronisationMs(rows));
    }
    const [without, with_] = [median(memory), median(disk)];
    console.log(
      `writes/s, ${connections} connections  --data ${with_.toFixed(0)}, in memory ${without.toFixed(0)}: ` +
        `${(with_ / without).toFixed(2)}x (the disk alone: ${median(bare).toFixed(1)} ms each)`,
    );
  }
  const [memory, disk]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    memory.push(await largePutMs(inMemory, round));
    disk.push(await largePutMs(onDisk, round));
  }
  console.log(
    `put of 10 MB            --data ${median(disk).toFixed(0)} ms, in memory ${median(memory).toFixed(0)} ms: ` +
      `${(median(disk) / median(memory)).toFixed(2)}x`,
  );
  await Promise.all([inMemory.stop(), onDisk.stop()]);

  const filling = await prepared('--data', rows);
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  let sent = 0;
  const fill = async (): Promise<void> => {
    while ((sent += 1) <= ROWS) await sqs(filling, 'SendMessage', message, agent);
  };
  await Promise.all(Array.from({ length: 32 }, fill));
  agent.destroy();
  await filling.stop();
  const [fresh, kept]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [figures, args] of [
      [fresh, []],
      [kept, ['--data', rows]],
    ] as const) {
      const server = await start(...args);
      figures.push(server.readyMs);
      await server.stop();
    }
  }
  console.log(
    `start with ${ROWS} messages --data ${median(kept).toFixed(0)} ms, fresh in memory ${median(fresh).toFixed(0)} ms: ` +
      `${(median(kept) / median(fresh)).toFixed(2)}x`,
  );
} finally {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

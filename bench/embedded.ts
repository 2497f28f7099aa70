// A world inside a test process: from the start of the process to the first answer, beside the same program whose client is
// answered by a constant; then another world, a fork, and a call, in one process. Medians; needs dist/.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const ROUNDS = 9;

const CLIENT = "import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';";
const constant = `${CLIENT}
const answer = { statusCode: 200, headers: {}, body: new TextEncoder().encode('{"QueueUrl":"q"}') };
const requestHandler = { handle: async () => ({ response: answer }), metadata: {} };
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const sqs = new SQSClient({ region: 'us-east-1', credentials, requestHandler });
await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));`;
const embedded = `${CLIENT}
import { createWorld } from 'sandtable';
const world = await createWorld();
const sqs = world.client(SQSClient);
await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));`;
const inside = `${embedded}
import { SendMessageCommand } from '@aws-sdk/client-sqs';
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const timed = async (rounds, work) => {
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const from = performance.now();
    await work();
    times.push(performance.now() - from);
  }
  return median(times);
};
const call = () => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'm' }));
const create = await timed(50, () => createWorld());
const small = await timed(200, () => world.fork());
const callMs = await timed(20_000, call);
const large = await timed(200, () => world.fork());
console.log(JSON.stringify({ create, small, large, callMs }));`;

const folder = mkdtempSync(join(tmpdir(), 'sandtable-bench-'));

function run(name: string): { ms: number; out: string } {
  const from = performance.now();
  const out = execFileSync(process.execPath, [join(folder, name)], { encoding: 'utf8', cwd: folder });
  return { ms: performance.now() - from, out };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}

try {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'sandtable'));
  symlinkSync(join(root, 'node_modules', '@aws-sdk'), join(folder, 'node_modules', '@aws-sdk'));
  for (const [name, text] of Object.entries({ constant, embedded, inside }))
    writeFileSync(join(folder, `${name}.mjs`), text);
  const times: { constant: number[]; embedded: number[] } = { constant: [], embedded: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    times.constant.push(run('constant.mjs').ms);
    times.embedded.push(run('embedded.mjs').ms);
  }
  const [base, own] = [median(times.constant), median(times.embedded)];
  console.log('a world in the test process beside a client that is answered by a constant');
  console.log(
    `  process to first answer  ${own.toFixed(0)} ms, baseline ${base.toFixed(0)} ms: ${(own / base).toFixed(2)}x`,
  );
  const { create, small, large, callMs } = JSON.parse(run('inside.mjs').out) as Record<string, number>;
  console.log(`  another world            ${create?.toFixed(2)} ms`);
  console.log(
    `  a fork                   ${small?.toFixed(3)} ms with 1 message, ${large?.toFixed(3)} ms with 20,000`,
  );
  console.log(`  a call                   ${callMs?.toFixed(3)} ms`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

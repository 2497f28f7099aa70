// Sandtable beside its peers and beside bare node:http: the same requests on the same machine. In each round all servers are
// started and then asked in turn, operation by operation, so that what else the machine does meets all alike.
//
//   node bench/peers/run.ts [--only moto,s3rver] [--operations sqs-send,…] [--rounds 3] [--seconds 1] [--trial]
//
// Writes bench/results/peers.json and docs/speed.md; with --trial prints the table and writes nothing. servers.ts says where
// the peers are looked for. It ends by itself after rounds × servers × operations × about five times --seconds.

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { median } from './figures.ts';
import type { Figures, LoadFigures, OperationFigures, ServerFigures } from './figures.ts';
import type { Job, Tally } from './generator.ts';
import { clientMs, clientsOf, NO_GROUND, operations, prepare, stepsOf } from './operations.ts';
import type { Clients, Ground, Operation } from './operations.ts';
import { servers, start } from './servers.ts';
import type { Running, Server } from './servers.ts';
import { speedTable } from './speed-table.ts';
import { stackMs } from './stack.ts';

const root = join(import.meta.dirname, '..', '..');
const CONNECTIONS = 32;
/** Starts of each server in a round, the one that is then asked among them. */
const STARTS = 3;
const STACKS = 3;
/** Idle memory is read when what the start left to do is done (ms). */
const SETTLED_MS = 2000;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    operations: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    trial: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const loadMs = Number(values.seconds) * 1000;
const chosen = (given: string | undefined, id: string): boolean => given?.split(',').includes(id) ?? true;
const asked = operations.filter(({ id }) => chosen(values.operations, id));

/** What was found about a server, round by round. */
interface Notes {
  readonly starts: number[];
  readonly idleMb: number[];
  readonly one: Map<string, Tally[]>;
  readonly many: Map<string, Tally[]>;
  readonly clientMs: Map<string, number[]>;
  readonly failures: Map<string, string>;
  readonly stacks: number[];
  stackFailure?: string;
}

interface Standing {
  readonly server: Server;
  readonly running: Running;
  readonly clients: Clients;
  readonly ground: Ground;
}

function load(job: Job): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'generator.ts')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text) as Tally);
      else reject(new Error(`The generator ended with ${code}.`));
    });
    child.stdin.end(JSON.stringify(job));
  });
}

function firstQuestion({ services }: Server, clients: Clients): () => Promise<unknown> {
  if (services.includes('sts')) return () => clients.sts.send(new GetCallerIdentityCommand({}));
  if (services.includes('s3')) return () => clients.s3.send(new ListBucketsCommand({}));
  return () => clients.dynamodb.send(new ListTablesCommand({}));
}

/** Bare servers answer what no client can read: any answer counts. */
function startOf(server: Server, clients: Clients): Promise<Running> {
  if (server.answers) return start(server, firstQuestion(server, clients));
  return start(server, async () => (await fetch(`http://127.0.0.1:${server.port}/`)).text());
}

async function stand(server: Server, notes: Notes): Promise<Standing> {
  const clients = clientsOf(server.port, server.key);
  for (let n = 1; n < STARTS; n += 1) {
    const running = await startOf(server, clients);
    notes.starts.push(running.firstAnswerMs);
    await running.stop();
  }
  const running = await startOf(server, clients);
  notes.starts.push(running.firstAnswerMs);
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  notes.idleMb.push(running.rssMb());
  const needed = new Set(
    asked.map(({ service }) => service).filter((name) => server.services.includes(name)),
  );
  const ground = server.answers ? await prepare(clients, needed) : NO_GROUND;
  return { server, running, clients, ground };
}

async function ask(
  { server, clients, ground }: Standing,
  operation: Operation,
  notes: Notes,
  round: number,
): Promise<void> {
  const { id, connections = CONNECTIONS } = operation;
  if (!server.services.includes(operation.service)) return;
  const steps = await stepsOf(operation, ground, server);
  const job = { port: server.port, steps, ms: loadMs };
  const from = round * 10_000_000;
  const loads = [
    ['many', connections, loadMs, from],
    ['one', 1, loadMs / 4, from + 5_000_000],
  ] as const;
  for (const [which, open, warmUpMs, first] of loads) {
    const tally = await load({ ...job, connections: open, warmUpMs, from: first });
    const failure = tally.failure ?? (tally.requests === 0 ? 'no answer' : undefined);
    if (failure === undefined) added(notes[which], id, tally);
    else notes.failures.set(id, `with ${open} connections: ${failure}`);
  }
  if (!server.answers) return;
  try {
    added(notes.clientMs, id, await clientMs(operation, clients, ground, loadMs));
  } catch (error) {
    notes.failures.set(id, `with the client: ${(error as Error).message}`);
  }
}

async function stacks({ server, clients }: Standing, notes: Notes): Promise<void> {
  if (!server.answers || !server.services.includes('cloudformation') || !chosen(values.operations, 'stack'))
    return;
  try {
    for (let n = 0; n < STACKS; n += 1) notes.stacks.push(await stackMs(clients, `peers-${n}`));
  } catch (error) {
    notes.stackFailure = (error as Error).message;
  }
}

function added<V>(to: Map<string, V[]>, id: string, value: V): void {
  to.set(id, [...(to.get(id) ?? []), value]);
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function round(number: number, noted: ReadonlyMap<Server, Notes>): Promise<void> {
  const standing: Standing[] = [];
  try {
    for (const [server, notes] of noted) {
      say(`round ${number + 1} of ${rounds}: ${server.title}`);
      standing.push(await stand(server, notes));
    }
    for (const operation of asked) {
      say(`round ${number + 1} of ${rounds}: ${operation.title}`);
      for (const one of standing) await ask(one, operation, noted.get(one.server) as Notes, number);
    }
    say(`round ${number + 1} of ${rounds}: stacks`);
    for (const one of standing) await stacks(one, noted.get(one.server) as Notes);
  } finally {
    await Promise.all(standing.map(({ running }) => running.stop()));
  }
}

function loadFigures(tallies: readonly Tally[], connections: number): LoadFigures {
  const of = (member: 'perSecond' | 'p50Ms' | 'p99Ms' | 'generatorCpu'): number =>
    Number(median(tallies.map((tally) => tally[member])).toPrecision(4));
  return {
    connections,
    perSecond: of('perSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    generatorCpu: of('generatorCpu'),
  };
}

function operationFigures({ id, connections = CONNECTIONS }: Operation, notes: Notes): OperationFigures {
  const [failure, calls] = [notes.failures.get(id), notes.clientMs.get(id)];
  // A load that failed in one round of several has no figure.
  const [one, many] = [notes.one.get(id), notes.many.get(id)].map((tallies) =>
    tallies?.length === rounds ? tallies : undefined,
  );
  return {
    ...(one ? { one: loadFigures(one, 1) } : {}),
    ...(many ? { many: loadFigures(many, connections) } : {}),
    ...(calls?.length === rounds ? { clientMs: Number(median(calls).toPrecision(4)) } : {}),
    ...(failure === undefined ? {} : { failure: failure.slice(0, 300) }),
  };
}

function serverFigures(server: Server, version: string, notes: Notes): ServerFigures {
  const found = asked
    .filter(({ service }) => server.services.includes(service))
    .map((operation) => [operation.id, operationFigures(operation, notes)] as const);
  return {
    title: server.title,
    version,
    firstAnswerMs: Math.round(median(notes.starts)),
    idleMb: Math.round(median(notes.idleMb)),
    operations: Object.fromEntries(found),
    ...(notes.stacks.length > 0 && notes.stackFailure === undefined
      ? { stackMs: Math.round(median(notes.stacks)) }
      : {}),
    ...(notes.stackFailure === undefined ? {} : { stackFailure: notes.stackFailure }),
  };
}

const absent: Record<string, { title: string; why: string }> = {};
const noted = new Map<Server, Notes>();
const versions = new Map<Server, string>();
for (const server of servers) {
  if (!chosen(values.only, server.id) && server.id !== 'bare' && server.id !== 'sandtable') continue;
  const found = server.find(server.port, '');
  if (typeof found === 'string') absent[server.id] = { title: server.title, why: found };
  else {
    versions.set(server, found.version);
    noted.set(server, {
      starts: [],
      idleMb: [],
      stacks: [],
      one: new Map(),
      many: new Map(),
      clientMs: new Map(),
      failures: new Map(),
    });
  }
}
for (let number = 0; number < rounds; number += 1) await round(number, noted);

const [cpu] = cpus();
const figures: Figures = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} × ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${release()}`,
  rounds,
  servers: Object.fromEntries(
    [...noted].map(([server, notes]) => [
      server.id,
      serverFigures(server, versions.get(server) ?? '', notes),
    ]),
  ),
  absent,
};
const text = speedTable(figures, operations);
if (values.trial) console.log(text);
else {
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  writeFileSync(join(root, 'bench/results/peers.json'), `${JSON.stringify(figures, null, 2)}\n`);
  writeFileSync(join(root, 'docs/speed.md'), text);
}

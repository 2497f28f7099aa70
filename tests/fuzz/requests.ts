// Mutated requests for the gateway: valid ones of every modelled operation, as stock clients write them, with bytes changed.

import fc from 'fast-check';
import type { Member, Shape } from '../../src/contract/contract.ts';
import { loadContract } from '../../src/contract/load.ts';
import type { WireRequest } from '../../src/contract/wire.ts';
import { randomStream } from '#world/index.ts';
import { structureOf } from '../contract/arbitrary.ts';
import { Sdk, toSdk } from '../contract/sdk.ts';
import type { TestTable } from '../table.ts';

/** Packages of the stock clients, by contract. */
const CLIENTS: Readonly<Record<string, string>> = {
  autoscaling: 'auto-scaling',
  cloudformation: 'cloudformation',
  codedeploy: 'codedeploy',
  dynamodb: 'dynamodb',
  ec2: 'ec2',
  ecr: 'ecr',
  'elasticloadbalancing-classic': 'elastic-load-balancing',
  events: 'eventbridge',
  elasticloadbalancing: 'elastic-load-balancing-v2',
  iam: 'iam',
  kms: 'kms',
  lambda: 'lambda',
  logs: 'cloudwatch-logs',
  monitoring: 'cloudwatch',
  route53: 'route-53',
  s3: 's3',
  secretsmanager: 'secrets-manager',
  sns: 'sns',
  sqs: 'sqs',
  ssm: 'ssm',
  sts: 'sts',
};

/** A valid request of each modelled operation, by `service:operation`, signed with credentials that need no set-up. */
export function validRequests(table: TestTable, seed: number): Promise<[name: string, wire: WireRequest][]> {
  return requestsOf(
    table,
    (input) => (fc.sample(structureOf(input), { numRuns: 1, seed })[0] ?? {}) as Record<string, unknown>,
  );
}

/** The same with what is required and no more, in values that mean something. */
export function plainRequests(table: TestTable): Promise<[name: string, wire: WireRequest][]> {
  return requestsOf(table, (input) => plainStructure(input, 0));
}

const DEEPEST_PLAIN = 6;

function plainStructure(shape: Shape, depth: number): Record<string, unknown> {
  const wanted = shape.members.filter((member) => member.required);
  return Object.fromEntries(wanted.map((member) => [member.name, plainValue(member, depth + 1)]));
}

function plainValue({ shape }: Member, depth: number): unknown {
  switch (shape.kind) {
    case 'string':
      return shape.enumeration?.[0] ?? 'target';
    case 'boolean':
      return true;
    case 'integer':
    case 'long':
    case 'double':
      return 1;
    case 'timestamp':
      return 1_767_571_200_000;
    case 'blob':
      return Uint8Array.of(1);
    case 'structure':
      return depth > DEEPEST_PLAIN ? {} : plainStructure(shape, depth);
    case 'list':
      return depth > DEEPEST_PLAIN ? [] : [plainValue(shape.item, depth + 1)];
    case 'map':
      return { id: plainValue(shape.item, depth + 1) };
    case 'document':
      return {};
  }
}

async function requestsOf(
  table: TestTable,
  inputFor: (shape: Shape) => Record<string, unknown>,
): Promise<[name: string, wire: WireRequest][]> {
  const found: [string, WireRequest][] = [];
  for (const [id, service] of table.cloud.services) {
    const client = CLIENTS[id];
    if (client === undefined) continue;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const sdk = new Sdk(`@aws-sdk/client-${client}`, { credentials });
    sdk.server = (wire) => {
      found.push([id, wire]);
      throw new Error('seen');
    };
    for (const name of Object.keys(service.operations)) {
      if (!sdk.has(name)) continue;
      const input = loadContract(id).operation(name)?.input;
      const given = input ? inputFor(input) : {};
      await sdk.send(name, input ? (toSdk(input, given) as object) : {}).catch(() => {});
    }
  }
  return found;
}

/** Bytes that mean something in some protocol. */
const SHARP = [0, 0x22, 0x7b, 0x5b, 0x3c, 0x26, 0x2e, 0x25, 0x2f, 0x3d, 0xff, 0x80];

/** The same request with a few changes in body, path, query or headers. Addressed: equal ordinals give equal requests. */
export function mutated(wire: WireRequest, seed: string, ordinal: number): WireRequest {
  const draw = randomStream(seed, 'fuzz', String(ordinal));
  const changes = 1 + Math.floor(draw(0) * 4);
  let next = wire;
  for (let change = 0; change < changes; change += 1) {
    const at = 1 + change * 8;
    const where = Math.floor(draw(at) * 10);
    const edit = (bytes: Uint8Array): Uint8Array => edited(bytes, (n) => draw(at + 1 + n));
    const text = (given: string): string =>
      new TextDecoder('latin1').decode(edit(new TextEncoder().encode(given)));
    if (where < 6) next = { ...next, body: edit(next.body) };
    else if (where < 7) next = { ...next, path: `/${text(next.path).slice(1)}` };
    else if (where < 8) next = { ...next, query: text(next.query) };
    else {
      const names = Object.keys(next.headers).filter((name) => name !== 'authorization');
      const name = names[Math.floor(draw(at + 6) * names.length)] ?? 'x-extra';
      next = { ...next, headers: { ...next.headers, [name]: text(next.headers[name] ?? '') } };
    }
  }
  return next;
}

function edited(bytes: Uint8Array, draw: (n: number) => number): Uint8Array {
  const out = [...bytes];
  const at = Math.floor(draw(0) * (out.length + 1));
  const kind = Math.floor(draw(1) * 4);
  const byte =
    draw(2) < 0.5 ? (SHARP[Math.floor(draw(3) * SHARP.length)] as number) : Math.floor(draw(3) * 256);
  if (kind === 0) out[at] = byte;
  else if (kind === 1) out.splice(at, 1 + (byte % 16));
  else if (kind === 2) out.splice(at, 0, byte);
  else out.splice(at, 0, ...out.slice(at, at + 30));
  return Uint8Array.from(out);
}

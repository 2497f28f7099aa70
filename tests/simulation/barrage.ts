// Requests fired at the gateway in the middle of a simulation: valid ones, mutated ones and hostile documents, of every modelled
// operation and in every protocol. Each must be answered in its protocol, by nothing that crashes, and a refused one may leave
// nothing behind.

import { Gateway } from '#cloud/gateway.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import { decodeCbor } from '#contract/protocols/cbor.ts';
import { parseXml } from '#contract/protocols/xml.ts';
import type { WireRequest, WireResponse } from '#contract/wire.ts';
import { primitives } from '#runtime/primitives.ts';
import { randomStream } from '#world/index.ts';
import type { Change } from '#world/index.ts';
import { hostile } from '../fuzz/documents.ts';
import { mutated, plainRequests, validRequests } from '../fuzz/requests.ts';
import { newTable } from '../table.ts';
import { Draw } from './draw.ts';
import type { Stage } from './stage.ts';
import { ACCOUNT, aimed } from './target.ts';

/** Valid requests of every modelled operation, as stock clients write them, by service. */
export type Arsenal = readonly (readonly [service: string, wire: WireRequest])[];

const CORPUS_SEED = 7;

export async function arsenal(): Promise<Arsenal> {
  const table = newTable({ seed: 'arsenal' });
  const plain = await plainRequests(table);
  return [...(await validRequests(table, CORPUS_SEED)), ...plain, ...plain, ...cborRequests()];
}

/** Stock JavaScript clients speak CBOR to one service; others take it as well. */
function cborRequests(): Arsenal {
  const names = ['ListMetrics', 'DescribeAlarms', 'GetMetricData', 'PutMetricData', 'DeleteAlarms'];
  return names.map((name) => ['monitoring', cborRequest(name)]);
}

function cborRequest(operation: string): WireRequest {
  const host = 'monitoring.us-east-1.amazonaws.com';
  const credential = 'Credential=test/20260105/us-east-1/monitoring/aws4_request';
  return {
    method: 'POST',
    path: `/service/GraniteServiceVersion20100801/operation/${operation}`,
    query: '',
    host,
    headers: {
      host,
      authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=00`,
      'x-amz-date': '20260105T000000Z',
      'content-type': 'application/cbor',
      'smithy-protocol': 'rpc-v2-cbor',
    },
    body: Uint8Array.of(0xa0),
  };
}

/** Swarm options: what one seed fires at all. */
export interface Barrage {
  readonly requests: Arsenal;
  readonly perStep: number;
  /** Weights of valid requests, of changed bytes, of hostile documents. */
  readonly kinds: readonly [valid: number, bytes: number, documents: number];
}

export function barrageOf(seed: string, all: Arsenal): Barrage {
  const draw = new Draw(seed, 'barrage');
  const services = [...new Set(all.map(([service]) => service))];
  const chosen = new Set(services.filter(() => draw.chance(0.5)));
  const some = all.filter(([service]) => chosen.has(service));
  return {
    requests: some.length > 0 ? some : all,
    perStep: draw.pick([5, 20, 60]),
    kinds: [draw.whole(0, 3), draw.whole(1, 5), draw.whole(1, 5)],
  };
}

/** Reads go to the account of the fleet, too. */
const READS = /^(?:AmazonSSM\.|AWSEvents\.|Logs_\d+\.|DynamoDB_\d+\.|CodeDeploy_\d+\.)?(?:Describe|List)/;

function addressed(wire: WireRequest, draw: Draw): WireRequest {
  const { authorization = '' } = wire.headers;
  const operation =
    wire.headers['x-amz-target'] ??
    /Action=(\w+)/.exec(new TextDecoder().decode(wire.body.subarray(0, 200)))?.[1];
  if (operation !== undefined && READS.test(operation) && draw.chance(0.5)) return wire;
  const signed = authorization.replace('Credential=test/', `Credential=${ACCOUNT}/`);
  return { ...wire, headers: { ...wire.headers, authorization: signed } };
}

const gateways = new WeakMap<Stage, Gateway>();

function gatewayOf(stage: Stage): Gateway {
  const known = gateways.get(stage);
  if (known) return known;
  const crashed = (error: unknown): never => {
    throw error;
  };
  const made = new Gateway(stage.world, stage.cloud, { primitives, crashed });
  gateways.set(stage, made);
  return made;
}

/** Fires what step `ordinal` of a seed fires. Throws what is wrong with an answer. */
export function fire(stage: Stage, seed: string, ordinal: number, barrage: Barrage): void {
  const draw = new Draw(seed, `barrage ${ordinal}`);
  for (let shot = 0; shot < barrage.perStep; shot += 1) {
    const [service, valid] = draw.pick(barrage.requests);
    const kind = draw.weighted(barrage.kinds.map((weight, at) => [at, weight] as const));
    const address = `${ordinal}/${shot}`;
    const stream = randomStream(seed, 'barrage/document', address);
    const to = addressed(draw.chance(0.7) ? aimed(service, valid, draw) : valid, draw);
    const wire =
      kind === 0 ? to : kind === 1 ? mutated(to, seed, ordinal * 1000 + shot) : hostile(to, (n) => stream(n));
    try {
      check(stage, wire);
    } catch (error) {
      const text = new TextDecoder('latin1').decode(wire.body.subarray(0, 400));
      const what = `${service} ${wire.method} ${wire.path}?${wire.query} ${wire.headers['x-amz-target'] ?? ''} ${text}`;
      throw new Error(`shot ${address}: ${what}`, { cause: error });
    }
  }
}

function check(stage: Stage, wire: WireRequest): void {
  const changes: Change[] = [];
  const stop = stage.world.observe((entry) => void changes.push(...entry.changes));
  const answer = gatewayOf(stage).handle(wire);
  stop();
  stage.watch?.look();
  if ('response' in answer) return;
  stage.told(wire, answer);
  const { status } = answer;
  const said = textOf(answer);
  // 501 is the honest answer to what is not modelled; a disturbance injects errors of AWS's own.
  if (status >= 500 && status !== 501 && !said.includes('Injected.'))
    throw new Error(`answered ${status}: ${said}`);
  checkForm(wire, answer);
  if (status >= 400 && changes.length > 0)
    throw new Error(
      `refused with ${status}, and changed ${changes.map(({ table, key }) => `${table} ${key}`).join(', ')}`,
    );
  if (({} as Record<string, unknown>)['polluted'] !== undefined)
    throw new Error('Object.prototype was written to');
}

function textOf({ body }: WireResponse): string {
  if (typeof body === 'string') return body.slice(0, 500);
  return body instanceof Uint8Array ? new TextDecoder().decode(body.subarray(0, 500)) : '';
}

/** An answer of a form that clients of its protocol can read; an error has a code. */
function checkForm(wire: WireRequest, { status, headers, body: given }: WireResponse): void {
  const body = typeof given === 'string' ? utf8(given) : given;
  for (const [name, value] of Object.entries(headers))
    if (/[\r\n\0]/.test(`${name}${value}`))
      throw new Error(`a header with a line end: ${JSON.stringify(value)}`);
  if (!(body instanceof Uint8Array) || body.length === 0) {
    if (status >= 400 && wire.method !== 'HEAD') throw new Error(`an error ${status} without a body`);
    return;
  }
  const type = headers['content-type'] ?? '';
  const code = codeIn(type, body, headers);
  if (status >= 400 && !/^[\w.:-]+$/.test(code ?? ''))
    throw new Error(`an error ${status} without a code, of type ${type}`);
}

function codeIn(
  type: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
): string | undefined {
  const named = headers['x-amzn-errortype'];
  if (type.includes('cbor')) return last((decodeCbor(body) as { __type?: string }).__type);
  const text = new TextDecoder().decode(body);
  if (type.includes('json')) return named ?? last((JSON.parse(text) as { __type?: string }).__type);
  if (type.includes('xml')) return parseXml(text) && /<Code>([^<]+)/.exec(text)?.[1];
  if (type.includes('html')) return /Code: (\w+)/.exec(text)?.[1];
  return named;
}

const last = (name: string | undefined): string | undefined => name?.split('#').at(-1);

// The one path of every request from outside: identify → authenticate → read → validate → authorize and run → answer. A
// function of wire data; sockets are the server's, and stock SDK clients in the same process come here without one.

import { readRequest, hasStreamingBody, writeFault, writeResponse } from '#contract/codec.ts';
import type { Route } from '#contract/codec.ts';
import { Fault } from '#contract/fault.ts';
import { formAnswer, formUpload } from '#contract/forms/upload.ts';
import { identify, pathStyle, withQueueUrl } from '#contract/identify.ts';
import { contractHeaders, loadContract } from '#contract/load.ts';
import { base64 } from '#contract/protocols/bytes.ts';
import { route } from '#contract/route.ts';
import type { Body, WireRequest, WireResponse } from '#contract/wire.ts';
import { randomStream, WorldCrash } from '#world/index.ts';
import type { Entry, World } from '#world/index.ts';
import { authenticate, authenticateForm } from './authenticate.ts';
import type { Authenticated, Edge } from './authenticate.ts';
import type { Outcome } from './caller.ts';
import type { Cloud } from './cloud.ts';
import { GLOBAL } from './ctx.ts';
import type { Ctx } from './ctx.ts';
import type { Door } from './endpoint.ts';
import { principalName } from './principal.ts';
import { notModelled } from './refuse.ts';
import type { Service } from './service.ts';
import { faultOf, REPLY, Waiting } from './waiting.ts';
import type { Answer, Reply } from './waiting.ts';

/** A request whose answer comes later. `cancel` gives it up, because whoever asked is gone. */
export interface Deferred {
  readonly response: Promise<WireResponse>;
  /** Whether the answer is there, as of now: a promise tells only later. */
  readonly answered: () => boolean;
  readonly cancel: () => void;
}

/** Bytes; enough for any request that clients compress, and no bomb. */
const LARGEST_INFLATED = 67_108_864;

/** What a request hears whose world ended while it waited. */
const GONE: Answer = {
  ok: false,
  fault: {
    shape: 'ServiceUnavailable',
    message: 'The local AWS was reset while this request waited.',
    fields: {},
  },
};

/** Any JSON service will do to spell an error for a request that is for no service at all. */
const NOBODY = 'sts';

export class Gateway {
  readonly #world: World<Ctx>;
  readonly #cloud: Cloud;
  readonly #edge: Edge;
  readonly #pending = new Map<string, (reply: Reply) => void>();
  readonly #requestIds: (ordinal: number) => number;
  #requests = 0;

  constructor(world: World<Ctx>, cloud: Cloud, edge: Edge) {
    this.#world = world;
    this.#cloud = cloud;
    this.#edge = edge;
    this.#requestIds = randomStream(world.seed, 'gateway/request-id', String(world.position));
    world.observe((entry) => this.#deliver(entry));
  }

  /** Answers a request, at once or later. Never throws for anything that a client can send. */
  handle(wire: WireRequest): WireResponse | Deferred {
    const requestId = this.#requestId();
    const door = this.#cloud.doors.find(({ path, claims }) => claims?.(wire) ?? wire.path.startsWith(path));
    if (door) return this.#open(door, wire);
    const destination = identify(contractHeaders(), wire);
    if (!destination) return unknownService(wire, requestId);
    const contract = loadContract(destination.id);
    const to = { contract, protocol: destination.protocol, requestId };
    let found: Route | undefined;
    try {
      const form = destination.id === 's3' ? formUpload(wire) : undefined;
      const caller = form
        ? authenticateForm(this.#world, form, this.#edge)
        : authenticate(this.#world, wire, contract.header.signingName, this.#edge);
      const plain = this.#plain(normalized(destination.id, caller.wire));
      const request = { ...caller, ...this.#placed(destination.id, caller, plain), wire: plain };
      found = route(contract, destination.protocol, request.wire);
      const answer = this.#serve(found, request, requestId, form ? { FromForm: true } : {});
      const told = form && 'status' in answer && answer.status === 200 ? formAnswer(form, answer) : answer;
      return this.#shared(destination.id, wire, told);
    } catch (error) {
      if (error instanceof Fault)
        return this.#shared(destination.id, wire, writeFault({ ...to, operation: found?.operation }, error));
      const name = `${contract.id}:${found?.operation.name ?? wire.path}`;
      this.#edge.crashed?.(new WorldCrash(this.#world, { kind: 'input', name }, error));
      return writeFault(
        to,
        new Fault('InternalFailure', 'The request processing has failed because of an internal error.'),
      );
    }
  }

  /** Gives up every request that still waits: its world is no longer served. */
  close(): void {
    for (const [id, give] of this.#pending) give({ id, answer: GONE });
    this.#pending.clear();
  }

  /** The region of a request that names none, where the service knows of one. */
  #placed(id: string, { anywhere }: Authenticated, wire: WireRequest): { region?: string } {
    const { regionOf } = this.#cloud.services.get(id) ?? {};
    const region = anywhere && regionOf ? this.#world.read('', (ctx) => regionOf(ctx, wire)) : undefined;
    return region === undefined ? {} : { region };
  }

  /** Lets a web page of another origin see the answer, where the service has that configured. */
  #shared(id: string, wire: WireRequest, answer: WireResponse | Deferred): WireResponse | Deferred {
    const { crossOrigin } = this.#cloud.services.get(id) ?? {};
    if (wire.headers['origin'] === undefined || !crossOrigin || 'response' in answer) return answer;
    const headers = this.#world.read('', (ctx) => crossOrigin(ctx, normalized(id, wire)));
    return { ...answer, headers: { ...answer.headers, ...headers } };
  }

  #open(door: Door, wire: WireRequest): WireResponse {
    const detail = { method: wire.method, path: wire.path, bytes: wire.body.length };
    try {
      return this.#world.transact('', { kind: 'input', name: `door ${door.path}`, detail }, (ctx) =>
        door.open(ctx, wire),
      );
    } catch (error) {
      this.#edge.crashed?.(new WorldCrash(this.#world, { kind: 'input', name: wire.path }, error));
      return { status: 500, headers: {}, body: new Uint8Array() };
    }
  }

  /** `aside`: what an operation has to know besides its input. */
  #serve(
    found: Route,
    caller: Authenticated,
    requestId: string,
    aside: Readonly<Record<string, unknown>>,
  ): WireResponse | Deferred {
    const { contract, operation } = found;
    const service = this.#cloud.services.get(contract.id);
    if (!service?.operations[operation.name]) throw notModelled(contract.id, operation.name);
    const body = hasStreamingBody(found) ? this.#store(caller.wire.body) : undefined;
    const input = { ...readRequest(found, caller.wire, body), ...aside };
    const problem = this.#cloud.problemOf(contract.id, operation.name, input);
    if (problem) throw this.#before(service, operation.name, input) ?? problem;
    const answer = this.#run(contract.id, operation.name, input, caller, service.global);
    if (typeof answer === 'string') return this.#defer(found, caller, answer, requestId);
    if (!answer.ok)
      return writeFault({ contract, protocol: found.protocol, operation, requestId }, answer.fault);
    return writeResponse(found, answer.output as Record<string, unknown> | undefined, requestId);
  }

  /** What a service says first of a request that breaks the contract's constraints. */
  #before(service: Service, operation: string, input: Record<string, unknown>): Fault | undefined {
    return this.#world.read('', (ctx) => service.before?.(ctx, operation, input));
  }

  /** Runs the operation as one input of the world. A request that must wait answers the id under which it is parked. */
  #run(
    service: string,
    operation: string,
    input: object,
    caller: Authenticated,
    global: boolean,
  ): Outcome | string {
    const { principal, account, region } = caller;
    const scope = `${account}/${global ? GLOBAL : region}`;
    const detail = { by: principalName(principal), input: journalable(input) };
    return this.#world.transact(scope, { kind: 'input', name: `${service}:${operation}`, detail }, (ctx) => {
      const outcome = this.#cloud.run(ctx.in({ account, region }), service, operation, input, principal);
      if (!outcome.ok || !(outcome.output instanceof Waiting)) return outcome;
      const request = { service, operation, input, principal, replyTo: { to: 'client' } } as const;
      return this.#cloud.park(ctx.in({ account, region }), request, outcome.output);
    });
  }

  #defer(found: Route, caller: Authenticated, id: string, requestId: string): Deferred {
    const { contract, protocol, operation } = found;
    const response = new Promise<WireResponse>((resolve) => {
      this.#pending.set(id, ({ answer }) => {
        if (answer.ok) resolve(writeResponse(found, answer.output as Record<string, unknown>, requestId));
        else resolve(writeFault({ contract, protocol, operation, requestId }, faultOf(answer)));
      });
    });
    return { response, answered: () => !this.#pending.has(id), cancel: () => this.#withdraw(caller, id) };
  }

  /** Whoever asked is gone: the request must not take what somebody else could still be given, such as a queue's message. */
  #withdraw({ account, region }: Authenticated, id: string): void {
    if (!this.#pending.delete(id)) return;
    const cause = { kind: 'input', name: 'withdraw', detail: { id } } as const;
    this.#world.transact(`${account}/${region}`, cause, (ctx) => ctx.stopWaiting(id));
  }

  #deliver({ notes }: Entry): void {
    for (const { kind, detail } of notes) {
      if (kind !== REPLY) continue;
      const reply = detail as Reply;
      this.#pending.get(reply.id)?.(reply);
      this.#pending.delete(reply.id);
    }
  }

  /** SDK clients compress large bodies of some operations, CloudWatch's PutMetricData for one. */
  #plain(wire: WireRequest): WireRequest {
    if (wire.headers['content-encoding'] !== 'gzip' || wire.headers['x-amz-target'] === undefined)
      return wire;
    const body = this.#edge.primitives.gunzip(wire.body, LARGEST_INFLATED);
    if (!body)
      throw new Fault('SerializationException', 'The body is not gzip, or inflates to more than 64 MiB.');
    return { ...wire, body };
  }

  /** Bytes are stored before the transition, which sees only their address and checksums. */
  #store(bytes: Uint8Array): Body {
    const { primitives } = this.#edge;
    const sha256 = primitives.sha256(bytes);
    const checksums = { md5: base64(primitives.md5(bytes)), sha256: base64(sha256) };
    return { blob: this.#world.blobs.put(bytes, sha256), sizeBytes: bytes.length, checksums };
  }

  /** Request ids are the edge's own: they are in no row, so that reading does not change the world. */
  #requestId(): string {
    this.#requests += 1;
    let digits = '';
    for (let part = 0; part < 4; part += 1) {
      const value = Math.floor(this.#requestIds(this.#requests * 4 + part) * 0x100000000);
      digits += fourDigits(value >>> 16) + fourDigits(value & 0xffff);
    }
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`;
  }
}

function fourDigits(value: number): string {
  return (0x10000 + value).toString(16).slice(1);
}

/** S3's virtual-host style as its path style, and a request at a queue's URL with that URL as its parameter. */
function normalized(service: string, wire: WireRequest): WireRequest {
  if (service === 'sqs') return withQueueUrl(wire);
  return service === 's3' ? pathStyle(wire) : wire;
}

function unknownService(wire: WireRequest, requestId: string): WireResponse {
  const message = `No AWS service was recognised in ${wire.method} ${wire.path} for host ${wire.host}.`;
  const contract = loadContract(NOBODY);
  return writeFault(
    { contract, protocol: 'query', requestId },
    new Fault('UnrecognizedClientException', message, { status: 404 }),
  );
}

/** Raw bytes have no place in the journal; their length tells enough. */
function journalable(value: unknown): unknown {
  return holdsBytes(value) ? withoutBytes(value) : value;
}

function holdsBytes(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Uint8Array) return true;
  return Array.isArray(value) ? value.some(holdsBytes) : Object.values(value).some(holdsBytes);
}

function withoutBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: value.length };
  if (Array.isArray(value)) return value.map(withoutBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutBytes(inner)]));
}

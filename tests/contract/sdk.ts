// Stock SDK v3 clients whose requests end in our readers and whose answers come from our writers, in process.
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { HttpResponse } from '@smithy/core/protocols';
import type { HttpRequest } from '@smithy/types';
import type { Member, Shape } from '../../src/contract/contract.ts';
import type { WireRequest, WireResponse } from '../../src/contract/wire.ts';

const require = createRequire(import.meta.url);

interface Client {
  send(command: object): Promise<Record<string, unknown>>;
}

type Constructor = new (input: object) => object;

/** Answers one request. */
export type Server = (wire: WireRequest) => WireResponse | Promise<WireResponse>;

async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array(0);
  if (typeof body === 'string') return new TextEncoder().encode(body);
  if (body instanceof Uint8Array) return body;
  const parts: Uint8Array[] = [];
  for await (const part of body as AsyncIterable<Uint8Array | string>) {
    parts.push(typeof part === 'string' ? new TextEncoder().encode(part) : part);
  }
  return Uint8Array.from(Buffer.concat(parts));
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/gu,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export async function wireOf(request: HttpRequest): Promise<WireRequest> {
  const query = Object.entries(request.query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) =>
      one === null ? encode(name) : `${encode(name)}=${encode(one)}`,
    ),
  );
  return {
    method: request.method,
    path: request.path,
    query: query.join('&'),
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    body: await bytesOf(request.body),
    host: request.hostname,
  };
}

export class Sdk {
  readonly #module: Record<string, unknown>;
  readonly #client: Client;
  server: Server = () => {
    throw new Error('no server');
  };

  constructor(packageName: string, options: object = {}) {
    this.#module = require(packageName) as Record<string, unknown>;
    const name = Object.keys(this.#module).find(
      (key) => /^(?!__).*Client$/u.test(key) && key !== 'AWSClient',
    );
    const ClientClass = this.#module[name ?? ''] as new (input: object) => Client;
    this.#client = new ClientClass({
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
      endpoint: 'http://localhost:4566',
      maxAttempts: 1,
      requestHandler: { handle: (request: HttpRequest) => this.#handle(request) },
      ...options,
    });
  }

  async #handle(request: HttpRequest): Promise<{ response: HttpResponse }> {
    const { status, headers, body } = await this.server(await wireOf(request));
    if (typeof body !== 'string' && !(body instanceof Uint8Array)) throw new Error('a stored body');
    const response = new HttpResponse({
      statusCode: status,
      headers: { ...headers },
      body: Readable.from([Buffer.from(body)]),
    });
    return { response };
  }

  has(operation: string): boolean {
    return typeof this.#module[`${operation}Command`] === 'function';
  }

  send(operation: string, input: object): Promise<Record<string, unknown>> {
    const Command = this.#module[`${operation}Command`] as Constructor;
    return this.#client.send(new Command(input));
  }
}

/** A value as SDK clients hold it: timestamps are `Date`. */
export function toSdk(shape: Shape, value: unknown): unknown {
  if (shape.kind === 'timestamp') return new Date(value as number);
  if (shape.kind === 'list') return (value as unknown[]).map((one) => toSdk(shape.item.shape, one));
  const each = (find: (name: string) => Member | undefined): unknown =>
    Object.fromEntries(
      Object.entries(value as object).map(([name, one]: [string, unknown]) => {
        const member = find(name);
        return [name, member === undefined ? one : toSdk(member.shape, one)];
      }),
    );
  if (shape.kind === 'map') return each(() => shape.item);
  if (shape.kind === 'structure') return each((name) => shape.member(name));
  return value;
}

// Lambda's Runtime API for one execution environment: a server of its own, so that environments cannot meddle with each other.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

import { randomInt } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a runtime is handed for one invocation. */
export interface Handed {
  readonly requestId: string;
  readonly invokedArn: string;
  readonly traceId: string;
  /** Wall time, epoch ms. */
  readonly deadline: number;
  readonly event: string;
  readonly clientContext?: string;
  /** For our own runtimes: virtual time, as `now/wall/rate`. */
  readonly clock: string;
}

/** What a runtime has said of an invocation, or of its initialisation. */
export interface Said {
  readonly about: 'response' | 'error' | 'init-error';
  /** JSON text. */
  readonly payload: string;
}

export interface RuntimeListener {
  /** The runtime asks for its next invocation: it is ready, or done with the last one. */
  asked(): void;
  said(said: Said): void;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB, of which AWS allows a little more. */
const LARGEST_PAYLOAD = 6_291_556;

const ROUTE = /^\/2018-06-01\/runtime\/(?:(init\/error)|invocation\/(?:(next)|([^/]+)\/(response|error)))$/;

export class RuntimeApi {
  /** `host:port`. */
  readonly address: string;
  readonly #server: Server;
  readonly #listener: RuntimeListener;
  /** The runtime's question for its next invocation, until it is answered. */
  #question: ServerResponse | undefined;
  /** The invocation whose answer is awaited. */
  #current: string | undefined;

  private constructor(server: Server, address: string, listener: RuntimeListener) {
    this.#server = server;
    this.address = address;
    this.#listener = listener;
  }

  static async open(listener: RuntimeListener): Promise<RuntimeApi> {
    const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 });
    const host = loopback();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, host, resolve);
    });
    const { port } = server.address() as AddressInfo;
    const api = new RuntimeApi(server, `${host}:${port}`, listener);
    server.on('request', (request, response) => {
      // A runtime that ends in the middle of its request is reported by its end.
      api.#serve(request, response).catch(() => response.destroy());
    });
    return api;
  }

  /** Hands the runtime, which has asked for it, an invocation. */
  hand({ requestId, invokedArn, traceId, deadline, event, clientContext, clock }: Handed): void {
    const response = this.#question;
    this.#question = undefined;
    this.#current = requestId;
    response?.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': requestId,
      'lambda-runtime-deadline-ms': String(deadline),
      'lambda-runtime-invoked-function-arn': invokedArn,
      'lambda-runtime-trace-id': traceId,
      'sandtable-clock': clock,
      ...(clientContext === undefined ? {} : { 'lambda-runtime-client-context': asciiOnly(clientContext) }),
    });
    response?.end(event);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    request.on('error', () => {});
    // A web page that found the port by its name would send that name, or say where it comes from.
    if (request.headers.host !== this.address || request.headers.origin !== undefined)
      return answer(response, 403, 'Forbidden', 'Only the runtime of this environment is served.');
    const [, initError, next, requestId, about] = ROUTE.exec(request.url ?? '') ?? [];
    if (request.method === 'GET' && next !== undefined) return this.#ask(response);
    if (request.method !== 'POST' || next !== undefined || (initError ?? about) === undefined)
      return answer(response, 404, 'NotFound', `There is no ${request.method} ${request.url}.`);
    const body = await collect(request);
    if (initError === undefined && requestId !== this.#current)
      return answer(response, 400, 'InvalidRequestID', 'Invalid request ID');
    if (body === undefined) return this.#tooLarge(response);
    this.#current = undefined;
    this.#listener.said({
      about: initError === undefined ? (about as 'response' | 'error') : 'init-error',
      payload: body.toString(),
    });
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
  }

  #ask(response: ServerResponse): void {
    if (this.#question || this.#current !== undefined)
      return answer(response, 403, 'InvalidStateTransition', 'An invocation is under way.');
    this.#question = response;
    response.on('close', () => {
      if (this.#question === response) this.#question = undefined;
    });
    this.#listener.asked();
  }

  /** The runtime is told, and so is whoever invoked the function. */
  #tooLarge(response: ServerResponse): void {
    const errorType = 'Function.ResponseSizeTooLarge';
    const errorMessage = `Response payload size exceeded maximum allowed payload size (${LARGEST_PAYLOAD} bytes).`;
    this.#current = undefined;
    this.#listener.said({ about: 'error', payload: JSON.stringify({ errorMessage, errorType }) });
    answer(response, 413, errorType, errorMessage);
  }
}

/** On Linux all of 127.0.0.0/8 is this computer: an address that nobody knows keeps others out. */
function loopback(): string {
  if (process.platform !== 'linux') return '127.0.0.1';
  return `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
}

/** Headers carry no other characters than these; JSON can say the rest with them. */
function asciiOnly(json: string): string {
  return json
    .replaceAll(/[\r\n]/g, ' ')
    .replaceAll(/[^\u0020-\u007e]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The whole body, or nothing where it is too large; then the rest of it is read and forgotten. */
async function collect(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size <= LARGEST_PAYLOAD) pieces.push(piece);
    else pieces.length = 0;
  }
  return size <= LARGEST_PAYLOAD ? Buffer.concat(pieces) : undefined;
}

function answer(response: ServerResponse, status: number, errorType: string, errorMessage: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ errorMessage, errorType }));
}

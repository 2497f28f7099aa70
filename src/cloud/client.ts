// Stock AWS SDK v3 clients without a socket: a request handler that hands their requests to a gateway in the same process.

import type { WireRequest, WireResponse } from '#contract/wire.ts';
import { bodyBytes } from './body.ts';
import type { Deferred, Gateway } from './gateway.ts';

/** What an SDK client hands to its handler; the parts that matter. */
interface SdkRequest {
  readonly method: string;
  readonly hostname: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

/** The signal of an `AbortController`, or what SDK clients take for one. */
interface AbortLike {
  readonly aborted: boolean;
  readonly addEventListener?: (type: 'abort', listener: () => void) => void;
  readonly removeEventListener?: (type: 'abort', listener: () => void) => void;
}

/** For the option `requestHandler` of any SDK v3 client. */
export interface SdkRequestHandler {
  /** `abortSignal` gives a request up while it waits for its answer, with an `AbortError`. */
  handle(request: SdkRequest, options?: { abortSignal?: AbortLike }): Promise<{ response: SdkResponse }>;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
  destroy(): void;
}

interface Hooks {
  readonly blob: (hash: string) => Uint8Array | undefined;
  /** Called around the wait for an answer that comes later. */
  readonly parked?: (deferred: Deferred) => Promise<WireResponse>;
}

/**
 * A handler for clients of this gateway's world.
 * @internal
 */
export function requestHandler(gateway: Pick<Gateway, 'handle'>, hooks: Hooks): SdkRequestHandler {
  return {
    async handle(request, { abortSignal } = {}) {
      if (abortSignal?.aborted) throw new Aborted();
      const given = gateway.handle(await wireOf(request));
      const answer = 'response' in given && abortSignal ? abortable(given, abortSignal) : given;
      const response = 'response' in answer ? await (hooks.parked?.(answer) ?? answer.response) : answer;
      const bytes = bodyBytes(response.body, hooks.blob);
      const streams = request.method === 'GET' && request.hostname.includes('s3');
      const body = streams ? streamOf(bytes) : bytes;
      return { response: { statusCode: response.status, headers: { ...response.headers }, body } };
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
    destroy: () => {},
  };
}

class Aborted extends Error {
  constructor() {
    super('Request aborted');
    this.name = 'AbortError';
  }
}

/** An answer for which nobody waits any more once the signal is given. */
function abortable(deferred: Deferred, signal: AbortLike): Deferred {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      deferred.cancel();
      reject(new Aborted());
    };
  });
  signal.addEventListener?.('abort', abort);
  const response = Promise.race([deferred.response, aborted]).finally(() =>
    signal.removeEventListener?.('abort', abort),
  );
  return { ...deferred, response };
}

async function wireOf(request: SdkRequest): Promise<WireRequest> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  return {
    method: request.method,
    path: request.path === '' ? '/' : request.path,
    query: queryText(request.query ?? {}),
    headers,
    body: await read(request.body),
    host: request.hostname.toLowerCase(),
  };
}

function queryText(query: NonNullable<SdkRequest['query']>): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === null) parts.push(escaped(name));
    else
      for (const one of typeof value === 'string' ? [value] : value)
        parts.push(`${escaped(name)}=${escaped(one)}`);
  }
  return parts.join('&');
}

function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

async function read(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === 'string') return new TextEncoder().encode(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  const pieces: Uint8Array[] = [];
  for await (const piece of body as AsyncIterable<Uint8Array | string>) {
    pieces.push(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
  }
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** SDK outputs with a streaming body insist on a stream. */
function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}

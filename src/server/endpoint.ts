// The endpoint: HTTP/1.1 and HTTP/2 by prior knowledge on one port, on the loopback interface. Turns sockets' requests into
// wire requests for the gateway and its answers into responses.

import type { IncomingMessage, Server as HttpServer, ServerOptions, ServerResponse } from 'node:http';
import type {
  Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  Http2Stream,
  ServerHttp2Session,
} from 'node:http2';
import { createServer as createSocketServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { bodyBytes } from '#cloud/body.ts';
import type { Deferred, Gateway } from '#cloud/gateway.ts';
import { createServer as createHttpServer } from '#runtime/node-http.ts';
import type { WireRequest, WireResponse } from '#contract/wire.ts';
import { ALIASES, control } from './control.ts';
import type { Controlled } from './control.ts';
import { localstack } from './localstack.ts';
import { caution, refusal } from './origin.ts';
import { Patience } from './patience.ts';
import type { Usher } from './usher.ts';

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

export interface EndpointOptions {
  readonly gateway: Gateway;
  readonly controlled: Controlled;
  /** Told of our own bugs; the client gets a 500. */
  readonly crashed: (error: unknown) => void;
  /** First port to try. */
  readonly port: number;
  /** How many ports to try, counting up, when one is taken. */
  readonly tries?: number;
  readonly address?: string;
  /** Lets time pass for clients that wait. */
  readonly usher?: Usher;
  /** Settles when what has happened is kept, the clock `exactly`; nothing where it is. No answer tells of it before. */
  readonly durable?: (exactly?: boolean) => Promise<void> | undefined;
  /** How long clients are waited for that say nothing. */
  readonly patience?: Waits;
}

interface Waits {
  /** Before a connection's first byte, between pieces of a body, and without a stream (ms). */
  readonly silenceMs: number;
  /** For all headers of a request (ms). */
  readonly headersMs: number;
}

export interface Endpoint {
  readonly url: string;
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** Bytes of the largest body that is taken in: S3's largest single PUT is 5 GiB, which no laptop should be asked to hold. */
const LARGEST_BODY = 1024 * 1024 * 1024;
/** Bytes from which on a body comes in many pieces. */
const LARGE_BODY = 256 * 1024;
/** More than the clients of one computer open, and fewer than the files that a process may have open. */
const MOST_CONNECTIONS = 2048;
const WAITS: Waits = { silenceMs: 60_000, headersMs: 20_000 };
const HTTP_2 = {
  settings: { maxConcurrentStreams: 256, maxHeaderListSize: 65_536, enablePush: false },
} as const;
/** The first bytes of HTTP/2 by prior knowledge are `PRI * HTTP/2.0`. */
const HTTP2_PREFACE = 0x50_52_49;

/** What an usher is asked lies under this. */
const USHERED = '/_sandtable/script/';

export async function listen(options: EndpointOptions): Promise<Endpoint> {
  const { port, tries = 20, address = '127.0.0.1', patience = WAITS } = options;
  const serve = (request: Request, response: Response): void => {
    answer(options, request, response).catch((error: unknown) => {
      // A client that goes away in the middle of its request is nobody's fault.
      if (request.destroyed && !request.complete) return;
      options.crashed(error);
      if (!response.headersSent) send(response, plain(500, 'InternalFailure'), options.controlled);
    });
  };
  const http = createHttpServer(timesOf(patience), serve);
  // It never listens itself, and only then begins to look at how long headers take.
  http.emit('listening');
  // Loaded by the first client that speaks HTTP/2: Kinesis' does, most others never.
  let loading: Promise<Http2Server> | undefined;
  const http2 = (): Promise<Http2Server> =>
    (loading ??= import('node:http2').then(({ createServer }) => {
      const made = createServer(HTTP_2, serve);
      made.on('session', (session) => closeIdle(session, patience));
      return made;
    }));
  const sockets = new Set<Socket>();
  const server = createSocketServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(patience.silenceMs, () => socket.destroy());
    sniff(socket, http, http2);
  });
  server.maxConnections = MOST_CONNECTIONS;
  const bound = await bind(server, port, tries, address);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      http.close();
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { url: `http://${address.includes(':') ? `[${address}]` : address}:${bound}`, port: bound, close };
}

/** A body takes as long as it takes. */
function timesOf({ silenceMs, headersMs }: Waits): ServerOptions {
  const connectionsCheckingInterval = Math.ceil(headersMs / 4);
  return {
    keepAliveTimeout: silenceMs,
    requestTimeout: 0,
    headersTimeout: headersMs,
    connectionsCheckingInterval,
  };
}

/** Looks at the first bytes of a connection and hands it to the server that speaks its protocol. */
function sniff(socket: Socket, http: HttpServer, http2: () => Promise<Http2Server>): void {
  socket.once('readable', () => {
    socket.setTimeout(0).removeAllListeners('timeout');
    const first = socket.read() as Buffer | null;
    if (first === null) return;
    socket.unshift(first);
    if (first.length >= 3 && first.readUIntBE(0, 3) === HTTP2_PREFACE) {
      void http2().then((server) => server.emit('connection', socket));
    } else {
      http.emit('connection', socket);
    }
  });
}

/** A session without streams is closed after a while; one that waits for an answer is not. */
function closeIdle(session: ServerHttp2Session, { silenceMs }: Waits): void {
  let streams = 0;
  session.on('stream', (stream: Http2Stream) => {
    streams += 1;
    stream.once('close', () => (streams -= 1));
  });
  session.setTimeout(silenceMs, () => streams === 0 && session.close());
}

async function answer(options: EndpointOptions, request: Request, response: Response): Promise<void> {
  const { gateway, controlled, usher } = options;
  const refused = refusal(request);
  if (refused) return send(response, plain(403, refused), controlled);
  // A proxy would be asked for a whole URL, and this is none.
  if (!request.url?.startsWith('/'))
    return send(response, plain(400, 'The request must name a path, such as / or /bucket/key.'), controlled);
  const body = await collect(request, options.patience ?? WAITS);
  if (body === undefined)
    return send(response, plain(413, `A body may have ${LARGEST_BODY} bytes at most.`), controlled);
  const asked = request.url ?? '/';
  const url = ALIASES.get(asked) ?? asked;
  if (usher && url.startsWith(USHERED)) {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    return send(response, await usher.control(url.slice(USHERED.length), body, gone.signal), controlled);
  }
  if (url.startsWith('/_sandtable/')) {
    const told = await control(controlled, request.method ?? 'GET', url, body);
    return tell(options, response, told, true);
  }
  if (url.startsWith('/_localstack/'))
    return send(response, localstack(controlled, request.method ?? 'GET', url), controlled);
  const wire = wireOf(request, url, body);
  await usher?.arrives(wire);
  controlled.clock.catchUp();
  const given = gateway.handle(wire);
  controlled.clock.poke();
  if ('response' in given) {
    response.once('close', usher?.waits(wire, given) ?? (() => {}));
    return later(given, response, options);
  }
  const careful = caution(request, given.headers['content-type']);
  const told = tell(options, response, { ...given, headers: { ...careful, ...given.headers } });
  usher?.answered(wire, given);
  return told;
}

/** A deferred answer dies with its connection. */
async function later(deferred: Deferred, response: Response, options: EndpointOptions): Promise<void> {
  response.once('close', deferred.cancel);
  await tell(options, response, await deferred.response);
}

/** Answers once what the answer tells of is kept. Where it cannot be kept, nobody is told. */
async function tell(
  { controlled, durable }: EndpointOptions,
  response: Response,
  wire: WireResponse,
  exactly?: boolean,
): Promise<void> {
  const kept = durable?.(exactly);
  if (kept) {
    try {
      await kept;
    } catch {
      if ('stream' in response) response.stream.destroy();
      else response.destroy();
      return;
    }
  }
  send(response, wire, controlled);
}

function wireOf(request: Request, url: string, body: Uint8Array): WireRequest {
  const mark = url.indexOf('?');
  const headers: Record<string, string> = {};
  for (const name in request.headers) {
    const value = request.headers[name];
    if (name.startsWith(':') || value === undefined) continue;
    headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  const authority = headers['host'] ?? (request.headers[':authority'] as string | undefined) ?? '';
  headers['host'] ??= authority;
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    headers,
    body,
    host: authority.replace(/:\d+$/, '').toLowerCase(),
  };
}

/** The bytes of a request; nothing where they are too many. With listeners: an iterator would cost as much as all else here. */
function collect(request: Request, { silenceMs }: Waits): Promise<Uint8Array | undefined> {
  const patience = new Patience(silenceMs, () => request.destroy());
  const collected = new Promise<Uint8Array | undefined>((resolve, reject) => {
    const told = Number(request.headers['content-length'] ?? 0);
    // A large body goes to its place as it comes: nothing is held twice.
    const whole = told > LARGE_BODY && told <= LARGEST_BODY ? Buffer.allocUnsafeSlow(told) : undefined;
    const pieces: Buffer[] = [];
    let size = 0;
    request.on('data', (piece: Buffer) => {
      patience.renew();
      if (whole) piece.copy(whole, size);
      else pieces.push(piece);
      size += piece.length;
      if (size <= LARGEST_BODY) return;
      pieces.length = 0;
      request.pause();
      resolve(undefined);
    });
    request.on('end', () =>
      resolve(whole?.subarray(0, size) ?? (pieces.length === 1 ? pieces[0] : Buffer.concat(pieces))),
    );
    request.on('error', reject);
    // HTTP/2 tells of a client that is gone in no other way.
    request.on('close', () => {
      if (!request.complete) reject(new Error('The client is gone.'));
    });
  });
  return collected.finally(() => patience.end());
}

function send(response: Response, wire: WireResponse, { world }: Controlled): void {
  if (response.destroyed) return;
  const { body } = wire;
  const payload = typeof body === 'string' ? body : bodyBytes(body, (hash) => world.blobs.get(hash));
  const headers: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(wire.headers)) headers[name] = headerText(value);
  // HEAD answers carry the length of a body that they do not have.
  if (wire.status === 204) delete headers['content-length'];
  else headers['content-length'] ??= Buffer.byteLength(payload);
  (response as ServerResponse).writeHead(wire.status, headers);
  (response as ServerResponse).end(payload);
}

/** What ends a line cannot begin a header of its own; other signs go out as the bytes of UTF-8. */
function headerText(value: string): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value;
  // eslint-disable-next-line no-control-regex
  return Buffer.from(value.replaceAll(/[\x00-\x08\x0a-\x1f\x7f]/g, '')).toString('latin1');
}

function plain(status: number, message: string): WireResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: new TextEncoder().encode(`${message}\n`),
  };
}

async function bind(server: Server, first: number, tries: number, address: string): Promise<number> {
  for (let port = first; ; port += 1) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, address, () => {
          server.off('error', reject);
          resolve();
        });
      });
      return (server.address() as AddressInfo).port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || port + 1 >= first + tries) throw error;
    }
  }
}

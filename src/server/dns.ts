// A name server on the loopback interface, over UDP and TCP: what Route 53 and the load balancers of this world answer. It refuses
// all other names, and looks nothing up elsewhere.

import { createSocket } from 'node:dgram';
import type { Socket as DatagramSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { UserError } from '#cloud/user-error.ts';
import type { DnsAnswer, DnsQuery } from '#cloud/ports/dns.ts';
import { datagramBytes, readQuery, writeAnswer, writeError } from './dns-message.ts';

const ADDRESS = '127.0.0.1';
/** Over TCP each message follows its length in two bytes. */
const LONGEST_MESSAGE = 65_535;
const MOST_CONNECTIONS = 64;
const IDLE_MS = 10_000;
/** Bytes of answers that a connection may leave unread. */
const MOST_UNREAD = 1_048_576;
/** How often another port is tried where any will do: one may be free for UDP and not for TCP. */
const TRIES = 10;

export interface NameServerOptions {
  /** 0 is any. */
  readonly port: number;
  /** `key` tells one query from another. */
  readonly answer: (query: DnsQuery, key: string) => DnsAnswer;
  /** Settles when what an answer tells of is kept; nothing where it is. */
  readonly durable?: () => Promise<void> | undefined;
  /** Told of our own bugs; the asker gets no answer. */
  readonly crashed: (error: unknown) => void;
}

export interface NameServer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export async function serveNames(options: NameServerOptions): Promise<NameServer> {
  let asked = 0;
  const reply = async (bytes: Uint8Array, datagram: boolean): Promise<Uint8Array | undefined> => {
    try {
      const answer = answered(options, bytes, datagram, `server/${(asked += 1)}`);
      await options.durable?.();
      return answer;
    } catch (error) {
      options.crashed(error);
      return undefined;
    }
  };
  const sockets = new Set<Socket>();
  const { udp, tcp, port } = await bind(options.port, reply, sockets);
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await Promise.all([
      new Promise<void>((resolve) => void udp.close(() => resolve())),
      new Promise<void>((resolve) => void tcp.close(() => resolve())),
    ]);
  };
  return { port, close };
}

type Reply = (bytes: Uint8Array, datagram: boolean) => Promise<Uint8Array | undefined>;

function answered(
  { answer }: NameServerOptions,
  bytes: Uint8Array,
  datagram: boolean,
  key: string,
): Uint8Array | undefined {
  const reading = readQuery(bytes);
  if (reading.kind === 'ignore') return undefined;
  if (reading.kind === 'error') return writeError(reading.id, reading.code);
  const { request } = reading;
  const { name, type, classIn } = request;
  const found: DnsAnswer = classIn
    ? answer({ name, type }, key)
    : { code: 'REFUSED', records: [], authority: [] };
  return writeAnswer(request, found, datagram ? datagramBytes(request) : LONGEST_MESSAGE);
}

async function bind(
  wanted: number,
  reply: Reply,
  sockets: Set<Socket>,
): Promise<{ udp: DatagramSocket; tcp: Server; port: number }> {
  for (let tries = 1; ; tries += 1) {
    try {
      const udp = await bindDatagrams(wanted, reply);
      const { port } = udp.address();
      try {
        return { udp, tcp: await bindStreams(port, reply, sockets), port };
      } catch (error) {
        udp.close();
        throw error;
      }
    } catch (error) {
      if (wanted === 0 && tries < TRIES) continue;
      throw new UserError(
        'dns-port-unavailable',
        `Port ${wanted} could not be opened for DNS: ${(error as Error).message}.`,
        { hint: 'Choose another with --dns-port, or 0 for any.' },
      );
    }
  }
}

function bindDatagrams(port: number, reply: Reply): Promise<DatagramSocket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.on('message', (message, from) => {
      void reply(message, true).then((answer) => {
        // Whoever asked may be gone: nobody's fault.
        if (answer) socket.send(answer, from.port, from.address, () => {});
      });
    });
    socket.bind(port, ADDRESS, () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

function bindStreams(port: number, reply: Reply, sockets: Set<Socket>): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.setTimeout(IDLE_MS, () => socket.destroy());
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
      converse(socket, reply);
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.once('error', reject);
    server.listen(port, ADDRESS, () => resolve(server));
  });
}

/** Answers the messages of a connection, one after the other. */
function converse(socket: Socket, reply: Reply): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (piece: Buffer) => {
    pending = Buffer.concat([pending, piece]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      void reply(pending.subarray(2, end), false).then((answer) => {
        // One who asks on and on without reading is not waited for.
        if (!answer || socket.writableLength > MOST_UNREAD) return void socket.destroy();
        socket.write(Uint8Array.of(answer.length >> 8, answer.length & 255, ...answer));
      });
      pending = pending.subarray(end);
    }
  });
}

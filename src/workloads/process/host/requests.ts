// Real connections to machines: health checks, requests that the load balancer passes on, and looks at ports.

import { request } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import type { ProbeResult, Probe } from '#cloud/ports/machines.ts';
import type { ProxiedAnswer, ProxiedRequest } from '../effects.ts';
import type { Machine } from './machine.ts';

/** Pause between two looks at a port (wall ms). */
const LOOK_MS = 25;
const CONNECT_MS = 1000;

/** A connection to a port of a machine, or why there is none. Time in wall ms. */
async function open(
  machine: Machine,
  port: number,
  withinMs: number,
): Promise<Socket | 'refused' | 'silent'> {
  const { socket, say } = await machine.connect(port);
  return new Promise((resolve) => {
    const fail = (why: 'refused' | 'silent'): void => {
      clearTimeout(limit);
      socket.destroy();
      resolve(why);
    };
    const ready = (): void => {
      clearTimeout(limit);
      socket.removeAllListeners();
      socket.on('error', () => socket.destroy());
      resolve(socket);
    };
    const limit = setTimeout(() => fail('silent'), withinMs);
    socket.once('error', () => fail('refused'));
    socket.once('end', () => fail('refused'));
    if (say === undefined) return void socket.once('connect', ready);
    socket.once('connect', () => socket.write(say));
    socket.once('readable', () =>
      (socket.read(1) as Buffer | null)?.toString() === '+' ? ready() : fail('refused'),
    );
  });
}

/** Whether something listens on a port. */
async function listens(machine: Machine, port: number): Promise<boolean> {
  const socket = await open(machine, port, CONNECT_MS);
  if (typeof socket === 'string') return false;
  socket.destroy();
  return true;
}

/** Waits until a port opens or closes, at most `forMs` of wall time. Returns whether it is open. */
export async function watch(
  machine: Machine,
  { port, known }: { port: number; known: boolean },
  forMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const until = performance.now() + forMs;
  for (;;) {
    const isOpen = await listens(machine, port);
    if (isOpen !== known || signal.aborted || performance.now() >= until) return isOpen;
    await new Promise((resolve) => void setTimeout(resolve, LOOK_MS));
  }
}

export async function probe(machine: Machine, asked: Probe, rate: number): Promise<ProbeResult> {
  const { protocol, port, path, timeoutMs } = asked;
  const from = performance.now();
  const took = (): number => Math.round((performance.now() - from) * rate);
  const limitMs = timeoutMs / rate;
  const socket = await open(machine, port, limitMs);
  if (socket === 'refused') return { kind: 'refused', steady: false };
  if (socket === 'silent') return { kind: 'timeout', steady: false };
  if (protocol === 'TCP') {
    socket.destroy();
    return { kind: 'status', status: 200, latencyMs: took(), steady: false };
  }
  const headers = { 'user-agent': 'ELB-HealthChecker/2.0', host: 'health-check' };
  const answer = await exchange(socket, { method: 'GET', path, headers }, limitMs);
  if (answer.kind === 'answered')
    return { kind: 'status', status: answer.status, latencyMs: took(), steady: false };
  return { kind: answer.kind === 'lost' ? 'refused' : 'timeout', steady: false };
}

export async function proxy(machine: Machine, sent: ProxiedRequest, rate: number): Promise<ProxiedAnswer> {
  const { port, method, path, host, front, connectMs, idleMs } = sent;
  const from = performance.now();
  const micros = (): number => Math.round((performance.now() - from) * rate * 1000);
  const socket = await open(machine, port, connectMs / rate);
  if (typeof socket === 'string')
    return { kind: socket === 'refused' ? 'refused' : 'unconnected', micros: micros() };
  const told = front && {
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': front.protocol,
    'x-forwarded-port': String(front.port),
  };
  const headers = { host, ...told };
  const answer = await exchange(socket, { method, path, headers }, idleMs / rate);
  return { ...answer, micros: micros() };
}

type Exchanged =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'timeout' | 'lost' };

/** One request on a connection of its own, to the end of its answer. Limit in wall ms. */
function exchange(
  socket: Socket,
  { method, path, headers }: { method: string; path: string; headers: Record<string, string> },
  idleMs: number,
): Promise<Exchanged> {
  return new Promise((resolve) => {
    const outgoing = request({
      method,
      path,
      headers: { ...headers, connection: 'close' },
      createConnection: () => socket,
    });
    const end = (answer: Exchanged): void => {
      clearTimeout(limit);
      outgoing.destroy();
      socket.destroy();
      resolve(answer);
    };
    const limit = setTimeout(() => end({ kind: 'timeout' }), idleMs);
    outgoing.once('response', (response) => {
      response.once('end', () => end({ kind: 'answered', status: response.statusCode ?? 0 }));
      response.once('error', () => end({ kind: 'lost' }));
      response.resume();
    });
    outgoing.on('error', () => end({ kind: 'lost' }));
    outgoing.end();
  });
}

// Real connections to machines: health checks, requests that the load balancer passes on, and looks at ports.

import { request } from 'node:http';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import type { ProbeResult, Probe } from '#cloud/ports.ts';
import type { ProxiedAnswer, ProxiedRequest } from '../effects.ts';
import type { Place } from './machine.ts';

/** Pause between two looks at a port (wall ms). */
const LOOK_MS = 25;
const CONNECT_MS = 1000;

/** Whether something listens at a place. */
export function listens({ host, port }: Place, withinMs: number = CONNECT_MS): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (open: boolean): void => {
      clearTimeout(limit);
      socket.destroy();
      resolve(open);
    };
    const limit = setTimeout(() => end(false), withinMs);
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** Waits until a port opens or closes, at most `forMs` of wall time. Returns whether it is open. */
export async function watch(
  place: Place,
  known: boolean,
  forMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const until = performance.now() + forMs;
  for (;;) {
    const open = await listens(place);
    if (open !== known || signal.aborted || performance.now() >= until) return open;
    await new Promise((resolve) => void setTimeout(resolve, LOOK_MS));
  }
}

export async function probe(place: Place, asked: Probe, rate: number): Promise<ProbeResult> {
  const { protocol, path, timeoutMs } = asked;
  const from = performance.now();
  const took = (): number => Math.round((performance.now() - from) * rate);
  if (protocol === 'TCP') {
    if (await listens(place, timeoutMs / rate))
      return { kind: 'status', status: 200, latencyMs: took(), steady: false };
    return { kind: 'refused', steady: false };
  }
  const headers = { 'user-agent': 'ELB-HealthChecker/2.0' };
  const limits = { connectMs: timeoutMs / rate, idleMs: timeoutMs / rate };
  const answer = await exchange(place, { method: 'GET', path, headers }, limits);
  if (answer.kind === 'answered')
    return { kind: 'status', status: answer.status, latencyMs: took(), steady: false };
  return { kind: answer.kind === 'refused' || answer.kind === 'lost' ? 'refused' : 'timeout', steady: false };
}

export async function proxy(place: Place, sent: ProxiedRequest, rate: number): Promise<ProxiedAnswer> {
  const { method, path, host, connectMs, idleMs } = sent;
  const headers = {
    host,
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-port': '80',
  };
  const from = performance.now();
  const answer = await exchange(
    place,
    { method, path, headers },
    { connectMs: connectMs / rate, idleMs: idleMs / rate },
  );
  return { ...answer, micros: Math.round((performance.now() - from) * rate * 1000) };
}

type Exchanged =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'refused' | 'unconnected' | 'timeout' | 'lost' };

/** One request on a connection of its own, to the end of its answer. Limits in wall ms. */
function exchange(
  place: Place,
  { method, path, headers }: { method: string; path: string; headers: Record<string, string> },
  { connectMs, idleMs }: { connectMs: number; idleMs: number },
): Promise<Exchanged> {
  return new Promise((resolve) => {
    let connected = false;
    const outgoing = request({
      ...place,
      method,
      path,
      headers: { ...headers, connection: 'close' },
      agent: false,
    });
    const end = (answer: Exchanged): void => {
      clearTimeout(limit);
      outgoing.destroy();
      resolve(answer);
    };
    let limit = setTimeout(() => end({ kind: 'unconnected' }), connectMs);
    const isConnected = (): void => {
      connected = true;
      clearTimeout(limit);
      limit = setTimeout(() => end({ kind: 'timeout' }), idleMs);
    };
    outgoing.once('socket', (socket) => void socket.once('connect', isConnected));
    outgoing.once('response', (response) => {
      response.once('end', () => end({ kind: 'answered', status: response.statusCode ?? 0 }));
      response.once('error', () => end({ kind: 'lost' }));
      response.resume();
    });
    outgoing.on('error', () => end({ kind: connected ? 'lost' : 'refused' }));
    outgoing.end();
  });
}

// Puts a world behind the endpoint: the composition of `sandtable up`.

import type { Cloud } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { servedAt } from '#cloud/endpoint.ts';
import { dns } from '#cloud/ports/dns.ts';
import { timingChoices } from '#cloud/timing.ts';
import type { TimingProfile } from '#cloud/timing.ts';
import { Gateway } from '#cloud/gateway.ts';
import { UserError } from '#cloud/user-error.ts';
import { host } from '#runtime/host.ts';
import { primitives } from '#runtime/primitives.ts';
import { translators } from '#runtime/sam-translator.ts';
import { composeCloud } from '#sandtable';
import type { Driver } from '#sandtable';
import { Clock } from '#world/index.ts';
import type { ClockMode, Host, World } from '#world/index.ts';
import type { FunctionProcesses } from '#workloads/functions/host/functions.ts';
import type { Controlled } from './control.ts';
import { serveNames } from './dns.ts';
import type { NameServer } from './dns.ts';
import { listen } from './endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { performers } from './http-post.ts';

export interface ServeOptions {
  readonly port: number;
  readonly seed: string;
  readonly clock: ClockMode;
  readonly timings: TimingProfile;
  /** The account of keys that name none, 12 digits. */
  readonly account?: string;
  /** How the code of Lambda functions is run: `modelled` unless given. `process` runs the user's code on this computer. */
  readonly functions?: Driver;
  /** Where names are answered over UDP and TCP, 0 for any port; nowhere unless given. */
  readonly dnsPort?: number;
  readonly version: string;
  /** Whether what is to be set up has been, for clients that ask; there is nothing to set up unless given. */
  readonly ready?: () => boolean;
  /** Told of our own bugs; the client got `InternalFailure`. */
  readonly crashed: (error: unknown) => void;
}

export interface Served extends Endpoint {
  readonly clock: Clock<Ctx>;
  /** Where names are answered, if they are. */
  readonly dnsPort?: number;
}

/** One world with what moves and answers it. A reset stands up another in its place. */
interface Standing {
  readonly cloud: Cloud;
  readonly world: World<Ctx>;
  readonly clock: Clock<Ctx>;
  readonly gateway: Gateway;
  readonly running: FunctionProcesses | undefined;
}

/** Starts a fresh world on the wall clock's present and serves it. */
export async function serve(options: ServeOptions): Promise<Served> {
  const { port, version, ready = () => true } = options;
  let standing = await stand(options);
  let url = '';
  const reset = async (): Promise<void> => {
    const old = standing;
    const fresh = await stand({ ...options, clock: old.clock.mode });
    standing = fresh;
    begin(fresh, url);
    await end(old);
  };
  const controlled: Controlled = {
    version,
    ready,
    reset,
    get services() {
      return [...standing.cloud.services.keys()];
    },
    get world() {
      return standing.world;
    },
    get clock() {
      return standing.clock;
    },
  };
  const crashed = (error: unknown): void => crashing(standing.clock, options.crashed, error);
  let answering: NameServer | undefined;
  try {
    answering = await names(options, () => standing);
    const endpoint = await listen({
      get gateway() {
        return standing.gateway;
      },
      controlled,
      crashed,
      port,
    });
    url = endpoint.url;
    begin(standing, url);
    const close = async (): Promise<void> => {
      standing.clock.stop();
      await endpoint.close();
      await answering?.close();
      await end(standing);
    };
    return {
      ...endpoint,
      close,
      get clock() {
        return standing.clock;
      },
      ...(answering ? { dnsPort: answering.port } : {}),
    };
  } catch (error) {
    await answering?.close();
    await end(standing);
    if (
      (error as NodeJS.ErrnoException).code !== 'EADDRINUSE' &&
      (error as NodeJS.ErrnoException).code !== 'EACCES'
    )
      throw error;
    throw new UserError(
      'port-unavailable',
      `No port from ${port} on could be opened: ${(error as Error).message}.`,
      {
        hint: 'Choose another with --port.',
      },
    );
  }
}

/** A fresh world, not yet moving. */
async function stand(options: ServeOptions): Promise<Standing> {
  const { seed, timings, account, functions = 'modelled', crashed } = options;
  const cloud = composeCloud('modelled', functions);
  const world = cloud.world({ seed, startAt: Date.now(), primitives });
  world.transact('', { kind: 'script', name: 'timings' }, (ctx) => {
    ctx.put(timingChoices, { id: 'timings', profile: timings, factors: {}, values: {} });
  });
  const failed = (error: unknown): void => crashing(clock, crashed, error);
  const running = functions === 'process' ? await runFunctions(() => clock.rate, crashed) : undefined;
  const performed = { ...translators, ...performers, ...running?.performers };
  const clock: Clock<Ctx> = new Clock(world, guarded(host, failed), options.clock, performed, { failed });
  const edge = {
    primitives,
    wallNow: () => Date.now(),
    crashed,
    ...(account === undefined ? {} : { account }),
  };
  return { cloud, world, clock, running, gateway: new Gateway(world, cloud, edge) };
}

function begin({ world, clock, running }: Standing, url: string): void {
  clock.start();
  world.transact('', { kind: 'script', name: 'served' }, (ctx) =>
    servedAt(ctx, url, Object.keys(performers)),
  );
  if (running) running.endpoint = url;
}

/** Requests that still wait in a world that ends are told so. */
async function end({ clock, gateway, running }: Standing): Promise<void> {
  clock.stop();
  gateway.close();
  await running?.close();
}

/** A timer of ours that throws would throw again at once: time stands until somebody moves it. */
function crashing(clock: Clock<Ctx>, told: (error: unknown) => void, error: unknown): void {
  clock.setMode('manual');
  told(error);
}

async function names(
  { dnsPort, crashed }: ServeOptions,
  current: () => Standing,
): Promise<NameServer | undefined> {
  if (dnsPort === undefined) return undefined;
  return serveNames({
    port: dnsPort,
    answer(query, key) {
      const { clock, world } = current();
      clock.catchUp();
      return world.read('', (ctx) => ctx.port(dns).answer(ctx, query, key));
    },
    crashed,
  });
}

/** What runs functions is loaded only where user code is to run. */
async function runFunctions(
  rate: () => number,
  refused: (error: UserError) => void,
): Promise<FunctionProcesses> {
  const { FunctionProcesses } = await import('#workloads/functions/host/functions.ts');
  return new FunctionProcesses({ rate, refused });
}

/** The host's timers, whose failures are reported instead of ending the process. */
function guarded(given: Host, crashing: (error: unknown) => void): Host {
  return {
    wall: () => given.wall(),
    after: (ms, run) =>
      given.after(ms, () => {
        try {
          run();
        } catch (error) {
          crashing(error);
        }
      }),
  };
}

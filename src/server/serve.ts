// Puts a world behind the endpoint: the composition of `sandtable up`.

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
import type { ClockMode, Host } from '#world/index.ts';
import type { FunctionProcesses } from '#workloads/functions/host/functions.ts';
import { serveNames } from './dns.ts';
import { listen } from './endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { performers } from './http-post.ts';

export interface ServeOptions {
  readonly port: number;
  readonly seed: string;
  readonly clock: ClockMode;
  readonly timings: TimingProfile;
  /** How the code of Lambda functions is run: `modelled` unless given. `process` runs the user's code on this computer. */
  readonly functions?: Driver;
  /** Where names are answered over UDP and TCP, 0 for any port; nowhere unless given. */
  readonly dnsPort?: number;
  readonly version: string;
  /** Told of our own bugs; the client got `InternalFailure`. */
  readonly crashed: (error: unknown) => void;
}

export interface Served extends Endpoint {
  readonly clock: Clock<Ctx>;
  /** Where names are answered, if they are. */
  readonly dnsPort?: number;
}

/** Starts a fresh world on the wall clock's present and serves it. */
export async function serve(options: ServeOptions): Promise<Served> {
  const { port, seed, timings, functions = 'modelled', version, crashed } = options;
  const cloud = composeCloud('modelled', functions);
  const world = cloud.world({ seed, startAt: Date.now(), primitives });
  world.transact('', { kind: 'script', name: 'timings' }, (ctx) => {
    ctx.put(timingChoices, { id: 'timings', profile: timings, factors: {}, values: {} });
  });
  // A timer of ours that throws would throw again at once: time stands until somebody moves it.
  const crashing = (error: unknown): void => {
    clock.setMode('manual');
    crashed(error);
  };
  const running = functions === 'process' ? await runFunctions(() => clock.rate, crashed) : undefined;
  const performed = { ...translators, ...performers, ...running?.performers };
  const clock: Clock<Ctx> = new Clock(world, guarded(host, crashing), options.clock, performed, {
    failed: crashing,
  });
  const gateway = new Gateway(world, cloud, { primitives, wallNow: () => Date.now(), crashed });
  const answering =
    options.dnsPort === undefined
      ? undefined
      : await serveNames({
          port: options.dnsPort,
          answer: (query, key) => {
            clock.catchUp();
            return world.read('', (ctx) => ctx.port(dns).answer(ctx, query, key));
          },
          crashed,
        });
  clock.start();
  try {
    const endpoint = await listen({
      gateway,
      controlled: { world, clock, version },
      crashed: crashing,
      port,
    });
    world.transact('', { kind: 'script', name: 'served' }, (ctx) =>
      servedAt(ctx, endpoint.url, Object.keys(performers)),
    );
    if (running) running.endpoint = endpoint.url;
    const close = async (): Promise<void> => {
      clock.stop();
      await endpoint.close();
      await answering?.close();
      await running?.close();
    };
    return { ...endpoint, close, clock, ...(answering ? { dnsPort: answering.port } : {}) };
  } catch (error) {
    clock.stop();
    await answering?.close();
    await running?.close();
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

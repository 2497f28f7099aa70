// Puts a world behind the endpoint: the composition of `sandtable up`.

import type { Ctx } from '#cloud/ctx.ts';
import { servedAt } from '#cloud/endpoint.ts';
import { timingChoices } from '#cloud/timing.ts';
import type { TimingProfile } from '#cloud/timing.ts';
import { Gateway } from '#cloud/gateway.ts';
import { UserError } from '#cloud/user-error.ts';
import { host } from '#runtime/host.ts';
import { primitives } from '#runtime/primitives.ts';
import { composeCloud } from '#sandtable';
import { Clock } from '#world/index.ts';
import type { ClockMode, Host } from '#world/index.ts';
import { listen } from './endpoint.ts';
import type { Endpoint } from './endpoint.ts';

export interface ServeOptions {
  readonly port: number;
  readonly seed: string;
  readonly clock: ClockMode;
  readonly timings: TimingProfile;
  readonly version: string;
  /** Told of our own bugs; the client got `InternalFailure`. */
  readonly crashed: (error: unknown) => void;
}

export interface Served extends Endpoint {
  readonly clock: Clock<Ctx>;
}

/** Starts a fresh world on the wall clock's present and serves it. */
export async function serve(options: ServeOptions): Promise<Served> {
  const { port, seed, timings, version, crashed } = options;
  const cloud = composeCloud();
  const world = cloud.world({ seed, startAt: Date.now(), primitives });
  world.transact('', { kind: 'script', name: 'timings' }, (ctx) => {
    ctx.put(timingChoices, { id: 'timings', profile: timings, factors: {}, values: {} });
  });
  // A timer of ours that throws would throw again at once: time stands until somebody moves it.
  const crashing = (error: unknown): void => {
    clock.setMode('manual');
    crashed(error);
  };
  const clock = new Clock(world, guarded(host, crashing), options.clock);
  const gateway = new Gateway(world, cloud, { primitives, wallNow: () => Date.now(), crashed });
  clock.start();
  try {
    const endpoint = await listen({
      gateway,
      controlled: { world, clock, version },
      crashed: crashing,
      port,
    });
    world.transact('', { kind: 'script', name: 'served' }, (ctx) => servedAt(ctx, endpoint.url));
    const close = async (): Promise<void> => {
      clock.stop();
      await endpoint.close();
    };
    return { ...endpoint, close, clock };
  } catch (error) {
    clock.stop();
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

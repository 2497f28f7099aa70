// A sand table for tests: a fresh world behind stock SDK clients, in process, on a manual clock.

import { Gateway } from '#cloud/gateway.ts';
import { requestHandler } from '#cloud/client.ts';
import type { SdkRequestHandler } from '#cloud/client.ts';
import type { Cloud } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { DEFAULT_ACCOUNT, DEFAULT_REGION } from '#cloud/authenticate.ts';
import { timingChoices } from '#cloud/timing.ts';
import type { TimingProfile } from '#cloud/timing.ts';
import { primitives } from '#runtime/primitives.ts';
import { composeCloud } from '#sandtable';
import type { World } from '#world/index.ts';

export interface TableOptions {
  seed?: string;
  /** `typical` unless a test wants no time to pass. */
  profile?: TimingProfile;
  startAt?: number;
  cloud?: Cloud;
}

interface ClientOptions {
  region?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

/** What every SDK client's constructor takes here. */
interface ClientConfiguration {
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  requestHandler: never;
  maxAttempts: number;
}

/** 2026-01-05T00:00:00Z, a Monday. */
export const START = 1_767_571_200_000;

export class TestTable {
  readonly world: World<Ctx>;
  readonly cloud: Cloud;
  readonly gateway: Gateway;
  readonly #handler: SdkRequestHandler;
  /** Our own bugs that the gateway answered with `InternalFailure`. */
  readonly crashes: unknown[] = [];

  constructor(cloud: Cloud, world: World<Ctx>) {
    this.cloud = cloud;
    this.world = world;
    this.gateway = new Gateway(world, cloud, {
      primitives,
      crashed: (error) => void this.crashes.push(error),
    });
    this.#handler = requestHandler(this.gateway, { blob: (hash) => world.blobs.get(hash) });
  }

  /** A stock client of this world, as root of the default account unless told otherwise. */
  client<C>(Client: new (configuration: ClientConfiguration) => C, options: ClientOptions = {}): C {
    const { region = DEFAULT_REGION, credentials = { accessKeyId: 'test', secretAccessKey: 'test' } } =
      options;
    return new Client({ region, credentials, requestHandler: this.#handler as never, maxAttempts: 1 });
  }

  /** Moves time on by `ms`. */
  advance(ms: number): void {
    this.world.advance(this.world.now + ms);
    this.check();
  }

  /** Moves time on until `done` holds for the rows, and returns how long that took (ms); fails after `withinMs`. */
  until(done: (ctx: Ctx) => boolean, withinMs: number): number {
    const from = this.world.now;
    while (!this.read(done)) {
      if (!this.world.step(from + withinMs))
        throw new Error(`It did not come about within ${withinMs} ms of virtual time.`);
    }
    return this.world.now - from;
  }

  /** Looks at rows of the default account and region. */
  read<Q>(look: (ctx: Ctx) => Q, scope: string = `${DEFAULT_ACCOUNT}/${DEFAULT_REGION}`): Q {
    return this.world.read(scope, look);
  }

  /** Does something to rows of the default account and region, as a script would. */
  act<Q>(what: (ctx: Ctx) => Q, scope: string = `${DEFAULT_ACCOUNT}/${DEFAULT_REGION}`): Q {
    return this.world.transact(scope, { kind: 'script', name: 'test' }, what);
  }

  /** Throws the first of our own bugs. */
  check(): void {
    if (this.crashes.length > 0) throw this.crashes[0];
  }

  /** The same table at this instant, with a future of its own. */
  fork(): TestTable {
    return new TestTable(this.cloud, this.world.fork());
  }
}

export function newTable(options: TableOptions = {}): TestTable {
  const { seed = 'test', profile = 'typical', startAt = START, cloud = composeCloud() } = options;
  const world = cloud.world({ seed, startAt, primitives });
  world.transact('', { kind: 'script', name: 'timings' }, (ctx) =>
    ctx.put(timingChoices, { id: 'timings', profile, factors: {}, values: {} }),
  );
  return new TestTable(cloud, world);
}

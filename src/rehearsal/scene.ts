// What a script sees of its world: stock SDK clients, the clock, traffic, injections and revisions.

import { DEFAULT_ACCOUNT, DEFAULT_REGION } from '#cloud/authenticate.ts';
import { requestHandler } from '#cloud/client.ts';
import type { SdkRequestHandler } from '#cloud/client.ts';
import type { Cloud } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { Gateway } from '#cloud/gateway.ts';
import { injectionChanged, injections } from '#cloud/injections.ts';
import type { Injection } from '#cloud/injections.ts';
import { instances } from '#cloud/ports.ts';
import { Clock } from '#world/index.ts';
import type { Host, Performers, Primitives, World } from '#world/index.ts';
import { startLoad, stopLoad } from '#traffic/load-control.ts';
import type { LoadRequest } from '#traffic/load-control.ts';
import { measured } from '#traffic/measure.ts';
import type { Measurement } from '#traffic/measure.ts';
import { ScriptClock } from './script-clock.ts';

/** What a composition hands to the rehearsal floor. */
export interface Composition {
  readonly cloud: Cloud;
  readonly primitives: Primitives;
  readonly host: Host;
  readonly performers: Performers;
  /** Reads a folder and packs it as a revision bundle. */
  readonly packRevision: (folder: string) => Promise<Uint8Array>;
}

/** Constructor arguments that every SDK v3 client takes. */
interface ClientConfiguration {
  region: string;
  credentials: Credentials;
  requestHandler: never;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface ClientOptions {
  readonly region?: string;
  /** The account's root user unless given. */
  readonly credentials?: Credentials;
}

const SCOPE = `${DEFAULT_ACCOUNT}/${DEFAULT_REGION}`;

export class Scene {
  readonly clock: ScriptClock;
  readonly world: World<Ctx>;
  readonly #handler: SdkRequestHandler;
  readonly #composition: Composition;
  readonly #worldClock: Clock<Ctx>;
  readonly #loads: string[] = [];
  /** Our own bugs that the gateway turned into `InternalFailure`. */
  readonly crashes: unknown[] = [];

  constructor(world: World<Ctx>, composition: Composition) {
    const { cloud, primitives, host, performers } = composition;
    this.world = world;
    this.#composition = composition;
    this.#worldClock = new Clock(world, host, 'virtual', performers);
    this.clock = new ScriptClock(this.#worldClock, () => new Promise((resolve) => void host.after(0, resolve)));
    const gateway = new Gateway(world, cloud, { primitives, crashed: (error) => void this.crashes.push(error) });
    this.#handler = requestHandler(gateway, {
      blob: (hash) => world.blobs.get(hash),
      parked: (deferred) => this.clock.answer(deferred),
    });
  }

  readonly aws = {
    account: DEFAULT_ACCOUNT,
    region: DEFAULT_REGION,
    /** A stock SDK v3 client of this world: `aws.client(CodeDeployClient)`. */
    client: <C>(Client: new (configuration: ClientConfiguration) => C, options: ClientOptions = {}): C => {
      const { region = DEFAULT_REGION, credentials = { accessKeyId: 'test', secretAccessKey: 'test' } } = options;
      return new Client({ region, credentials, requestHandler: this.#handler as never });
    },
  };

  readonly traffic = {
    /** Starts a load and lets it run on, beside the script. */
    start: (request: LoadRequest): string => {
      const { id } = this.#act('load', (ctx) => startLoad(ctx, request));
      this.#loads.push(id);
      return id;
    },
    stop: (id: string): void => this.#act('load', (ctx) => stopLoad(ctx, id)),
    /** Runs a load for `durationMs` of virtual time, with the script parked. */
    run: async (request: LoadRequest & { durationMs: number }): Promise<Measurement> => {
      const id = this.traffic.start(request);
      await this.clock.sleep(request.durationMs);
      return this.traffic.measured(id);
    },
    /** What came of a load so far. */
    measured: (id: string): Measurement => this.world.read(SCOPE, (ctx) => measured(ctx, id)),
  };

  readonly inject = {
    /** Puts a failure into force; the returned function ends it. */
    begin: (injection: Injection): (() => void) => {
      const id = this.#act('inject', (ctx) => {
        const fresh = ctx.id('injection');
        ctx.everywhere.put(injections, { id: fresh, injection, startedAt: ctx.now });
        ctx.emit(injectionChanged, { injection, active: true });
        return fresh;
      });
      return () =>
        this.#act('inject', (ctx) => {
          ctx.everywhere.delete(injections, id);
          ctx.emit(injectionChanged, { injection, active: false });
        });
    },
    loseInstance: (instanceId: string): (() => void) => this.inject.begin({ kind: 'instance-loss', instanceId }),
    loseZone: (zone: string): (() => void) => this.inject.begin({ kind: 'zone-loss', zone }),
  };

  /** Packs a folder as a revision bundle: a zip whose bytes depend on the files' names and contents only. */
  revision(folder: string): Promise<Uint8Array> {
    return this.#composition.packRevision(folder);
  }

  /** Running time of all instances so far (ms). */
  get instanceMs(): number {
    return this.world.read(SCOPE, (ctx) => ctx.port(instances).instanceMs(ctx));
  }

  /** The load that the script started first, which the report shows. */
  get firstLoad(): string | undefined {
    return this.#loads[0];
  }

  /** Ends everything that goes on outside the world. */
  close(): void {
    this.#worldClock.stop();
  }

  #act<Q>(name: string, what: (ctx: Ctx) => Q): Q {
    return this.world.transact(SCOPE, { kind: 'script', name }, what);
  }
}

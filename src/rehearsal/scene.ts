// What a script sees of its world: stock SDK clients, the clock, traffic, injections and revisions.

import { DEFAULT_ACCOUNT, DEFAULT_REGION } from '#cloud/authenticate.ts';
import { bodyBytes } from '#cloud/body.ts';
import { requestHandler } from '#cloud/client.ts';
import type { SdkRequestHandler } from '#cloud/client.ts';
import type { Cloud } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { Gateway } from '#cloud/gateway.ts';
import { injectionChanged, injections } from '#cloud/injections.ts';
import type { Injection } from '#cloud/injections.ts';
import { instances } from '#cloud/ports/instances.ts';
import { Clock } from '#world/index.ts';
import type { Host, Performers, Primitives, World } from '#world/index.ts';
import { startInvocations } from '#traffic/invocation-load.ts';
import type { InvocationRequest } from '#traffic/invocation-load.ts';
import { startLoad, stopLoad } from '#traffic/load-control.ts';
import type { LoadRequest } from '#traffic/load-control.ts';
import { measured } from '#traffic/measure.ts';
import type { Measurement } from '#traffic/measure.ts';
import { worldFetch } from './fetch.ts';
import { FrontDoor } from './front-door.ts';
import type { Send } from './front-door.ts';
import { ScriptClock } from './script-clock.ts';

/**
 * What a composition hands to the rehearsal floor.
 * @internal
 */
export interface Composition {
  readonly cloud: Cloud;
  readonly primitives: Primitives;
  readonly host: Host;
  readonly performers: Performers;
  /**
   * What goes on outside a world while a rehearsal plays in it. Real processes cannot be forked: where there is this, each
   * variant prepares its world anew.
   */
  readonly outside?: () => Promise<Outside>;
  /** Reads a folder and packs it as a revision bundle, with some files instead of the folder's. */
  readonly packRevision: (folder: string, instead?: Readonly<Record<string, string>>) => Promise<Uint8Array>;
}

/**
 * A world that is opened to real processes.
 * @internal
 */
export interface Served {
  readonly gateway: Gateway;
  readonly world: World<Ctx>;
  readonly clock: Pick<Clock<Ctx>, 'why'>;
  /** Told of our own bugs. */
  readonly crashed: (error: unknown) => void;
}

/**
 * Real machines or functions of one world.
 * @internal
 */
export interface Outside {
  readonly performers: Performers;
  /** Virtual milliseconds in one of wall time while something really runs. */
  readonly paceRate: number;
  /** Most requests a second that a load really sends to real machines; absent where machines are modelled. */
  readonly requestsPerSecond?: number;
  /** Lets what really runs reach the world as AWS, over HTTP. */
  serve(served: Served): Promise<void>;
  /** Ends everything that runs, and removes what it left. */
  close(): Promise<void>;
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

export interface SceneAws {
  readonly account: string;
  readonly region: string;
  /** A stock SDK v3 client of this world: `aws.client(CodeDeployClient)`. */
  readonly client: <C>(Client: new (configuration: ClientConfiguration) => C, options?: ClientOptions) => C;
}

export interface SceneTraffic {
  /** Starts a load, on a host or on a function, and lets it run on, beside the script. Returns its id. */
  readonly start: (request: LoadRequest | InvocationRequest) => string;
  readonly stop: (id: string) => void;
  /** Runs a load for `durationMs` of virtual time, with the script parked. */
  readonly run: (request: (LoadRequest | InvocationRequest) & { durationMs: number }) => Promise<Measurement>;
  /** What came of a load so far. */
  readonly measured: (id: string) => Measurement;
}

export interface SceneInjections {
  /** Puts a failure into force; the returned function ends it. */
  readonly begin: (injection: Injection) => () => void;
  readonly loseInstance: (instanceId: string) => () => void;
  readonly loseZone: (zone: string) => () => void;
}

/** While a program outside is awaited, the event loop is not turned without end (wall ms). */
const IDLE_TURN_MS = 2;

/** A gateway to a world in which what takes no time happens at once, and not only when somebody waits. */
function atOnce(gateway: Gateway, world: World<Ctx>): Pick<Gateway, 'handle'> {
  return {
    handle(wire) {
      world.advance(world.now);
      const given = gateway.handle(wire);
      world.advance(world.now);
      return given;
    },
  };
}

const SCOPE = `${DEFAULT_ACCOUNT}/${DEFAULT_REGION}`;

export class Scene {
  readonly clock: ScriptClock;
  /** @internal */
  readonly world: World<Ctx>;
  /**
   * Carries the requests of SDK clients into this world.
   * @internal
   */
  readonly requestHandler: SdkRequestHandler;
  readonly #composition: Composition;
  readonly #worldClock: Clock<Ctx>;
  readonly #loads: string[] = [];
  readonly #outside: Outside | undefined;
  /**
   * Our own bugs that the gateway turned into `InternalFailure`.
   * @internal
   */
  readonly crashes: unknown[] = [];

  /**
   * `tasks`: see `ScriptClock`.
   * @internal
   */
  constructor(
    world: World<Ctx>,
    composition: Composition,
    outside?: Outside,
    tasks: 'counted' | 'unknown' = 'counted',
  ) {
    const { cloud, primitives, host } = composition;
    this.world = world;
    this.#composition = composition;
    this.#outside = outside;
    const { performers, paceRate } = outside ?? { performers: composition.performers, paceRate: 1 };
    this.#worldClock = new Clock(world, host, 'virtual', performers, { paceRate });
    this.clock = new ScriptClock(
      this.#worldClock,
      host,
      (idle) => new Promise((resolve) => void host.after(idle ? IDLE_TURN_MS : 0, resolve)),
      tasks,
    );
    const crashed = (error: unknown): void => void this.crashes.push(error);
    const plain = new Gateway(world, cloud, { primitives, crashed });
    const gateway = tasks === 'counted' ? plain : atOnce(plain, world);
    this.requestHandler = requestHandler(gateway, {
      blob: (hash) => world.blobs.get(hash),
      parked: (deferred) => this.clock.answer(deferred),
    });
    const send: Send = async (wire) => {
      const given = gateway.handle(wire);
      const answer = 'response' in given ? await this.clock.answer(given) : given;
      return { status: answer.status, body: bodyBytes(answer.body, (hash) => world.blobs.get(hash)) };
    };
    this.door = new FrontDoor(send);
    this.fetch = worldFetch(send, globalThis.fetch);
  }

  /**
   * AWS without an SDK, for what Sandtable itself asks.
   * @internal
   */
  readonly door: FrontDoor;

  /** What `fetch` is for the script. */
  readonly fetch: typeof fetch;

  readonly aws: SceneAws = {
    account: DEFAULT_ACCOUNT,
    region: DEFAULT_REGION,
    client: <C>(Client: new (configuration: ClientConfiguration) => C, options: ClientOptions = {}): C => {
      const { region = DEFAULT_REGION, credentials = { accessKeyId: 'test', secretAccessKey: 'test' } } =
        options;
      return new Client({ region, credentials, requestHandler: this.requestHandler as never });
    },
  };

  readonly traffic: SceneTraffic = {
    start: (request: LoadRequest | InvocationRequest): string => {
      const { id } = this.#act('load', (ctx) =>
        'function' in request ? startInvocations(ctx, request) : startLoad(ctx, this.#sampled(request)),
      );
      this.#loads.push(id);
      return id;
    },
    stop: (id: string): void => this.#act('load', (ctx) => stopLoad(ctx, id)),
    run: async (
      request: (LoadRequest | InvocationRequest) & { durationMs: number },
    ): Promise<Measurement> => {
      const id = this.traffic.start(request);
      await this.clock.sleep(request.durationMs);
      return this.traffic.measured(id);
    },
    measured: (id: string): Measurement => this.look((ctx) => measured(ctx, id)),
  };

  readonly inject: SceneInjections = {
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
    loseInstance: (instanceId: string): (() => void) =>
      this.inject.begin({ kind: 'instance-loss', instanceId }),
    loseZone: (zone: string): (() => void) => this.inject.begin({ kind: 'zone-loss', zone }),
  };

  /**
   * Packs a folder as a revision bundle: a zip whose bytes depend on the files' names and contents only. `instead` gives the
   * text of files that differ from the folder's.
   */
  revision(folder: string, instead: Readonly<Record<string, string>> = {}): Promise<Uint8Array> {
    return this.#composition.packRevision(folder, instead);
  }

  /**
   * Whether loads are a sample, sent to real machines.
   * @internal
   */
  get samples(): boolean {
    return this.#outside?.requestsPerSecond !== undefined;
  }

  /**
   * Running time of all instances so far (ms).
   * @internal
   */
  get instanceMs(): number {
    return this.look((ctx) => this.runningMs(ctx));
  }

  /** @internal */
  runningMs(ctx: Ctx): number {
    return ctx.port(instances).instanceMs(ctx);
  }

  /**
   * Looks at rows of the default account and region.
   * @internal
   */
  look<Q>(what: (ctx: Ctx) => Q): Q {
    return this.world.read(SCOPE, what);
  }

  /**
   * The load that the script started first, which the report shows.
   * @internal
   */
  get firstLoad(): string | undefined {
    return this.#loads[0];
  }

  /**
   * What follows is what the rehearsal is about: loads of its preparation are not shown.
   * @internal
   */
  prepared(): void {
    this.#loads.length = 0;
  }

  /**
   * Opens the world to what really runs on its machines. Real processes sign with the wall clock's time.
   * @internal
   */
  async open(): Promise<void> {
    const { cloud, primitives, host } = this.#composition;
    const crashed = (error: unknown): void => void this.crashes.push(error);
    if (!this.#outside) return;
    const gateway = new Gateway(this.world, cloud, { primitives, wallNow: () => host.wall(), crashed });
    await this.#outside.serve({ gateway, world: this.world, clock: this.#worldClock, crashed });
  }

  /**
   * Ends everything that goes on outside the world.
   * @internal
   */
  async close(): Promise<void> {
    this.#worldClock.stop();
    await this.#outside?.close();
  }

  /** Real servers get real requests, as many as one computer can take. */
  #sampled(request: LoadRequest): LoadRequest {
    if (this.#outside?.requestsPerSecond === undefined) return request;
    const ratePerSecond = Math.min(request.ratePerSecond, this.#outside.requestsPerSecond);
    return { ...request, resolution: 'sampled', ratePerSecond };
  }

  #act<Q>(name: string, what: (ctx: Ctx) => Q): Q {
    return this.world.transact(SCOPE, { kind: 'script', name }, what);
  }
}

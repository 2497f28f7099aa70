// A world inside somebody's test process: stock SDK clients without a socket, a clock in the test's hands, forks.

import { DEFAULT_ACCOUNT, DEFAULT_REGION } from '#cloud/authenticate.ts';
import type { SdkRequestHandler } from '#cloud/client.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { timingChoices } from '#cloud/timing.ts';
import type { TimingProfile } from '#cloud/timing.ts';
import { UserError } from '#cloud/user-error.ts';
import { waits } from '#cloud/waiting.ts';
import type { Wait } from '#cloud/waiting.ts';
import { Scene } from '../scene.ts';
import type { Composition, Credentials, Outside, SceneInjections } from '../scene.ts';
import { randomStream } from '#world/index.ts';
import type { World } from '#world/index.ts';
import { WorldClock } from './clock.ts';

/** 2026-01-05T09:00:00Z, a Monday morning, where rehearsals begin too. */
const START = 1_767_603_600_000;

/** How long a request waits for time to move before the test is told that it does (wall ms). */
const PATIENCE_MS = 2000;

/** How a world in a test begins. */
export interface WorldOptions {
  /** Equal seeds and equal requests give equal worlds: ids, instants, hashes. `sandtable` unless given. */
  readonly seed?: string;
  /** `instant`, unless given: what AWS needs time for is done at once. `typical`: it takes the time that it takes in AWS. */
  readonly timings?: TimingProfile;
  /** The world's first instant (epoch ms): 2026-01-05T09:00:00Z unless given, so that every run has the same dates. */
  readonly startAt?: number;
  /**
   * How the code of Lambda functions is run. `modelled`, unless given: by the manifest in its package. `process`: for real, on
   * this computer, as you and with your rights; such a world cannot be forked, and while a function runs, time that moves
   * follows the wall clock.
   */
  readonly functions?: 'modelled' | 'process';
}

/** Whose client it is, and where. */
export interface ConfigOptions {
  /** `us-east-1` unless given. */
  readonly region?: string;
  /** The account (12 digits) as whose root user the client acts: 000000000000 unless given. */
  readonly account?: string;
  /** Keys that the world issued, such as those of `CreateAccessKey` or `AssumeRole`; IAM then decides on every call. */
  readonly credentials?: Credentials;
}

/** What the constructor of every SDK v3 client takes: `new SQSClient(world.config())`. */
export interface ClientConfig {
  region: string;
  credentials: Credentials;
  /** Fits any client, whichever version of the SDK it comes from. */
  requestHandler: never;
}

export class EmbeddedWorld {
  /** Time, which stands unless the test moves it. */
  readonly clock: WorldClock;
  /** Failures to be injected: errors of operations, lost instances and zones. */
  readonly inject: SceneInjections;
  /** `fetch` that finds this world at AWS's addresses, such as presigned URLs, and everything else where it always is. */
  readonly fetch: typeof fetch;
  readonly #scene: Scene;
  readonly #composition: Composition;
  readonly #handler: SdkRequestHandler;
  #closed = false;
  /** Requests that wait for their answer. */
  #waiting = 0;
  #stopWatching: (() => void) | undefined;

  /** @internal */
  constructor(world: World<Ctx>, composition: Composition, scene: Scene) {
    this.#scene = scene;
    this.#composition = composition;
    this.clock = new WorldClock(
      scene.clock,
      () => randomStream(world.seed, 'embedded/task', String(world.position)),
      scene.fetch,
    );
    this.inject = scene.inject;
    this.fetch = scene.fetch;
    this.#handler = { ...scene.requestHandler, handle: (...given) => this.#handle(...given) };
  }

  /** Configuration for the constructor of any SDK v3 client: region, credentials, and a way into this world. */
  config({
    region = DEFAULT_REGION,
    account = DEFAULT_ACCOUNT,
    credentials,
  }: ConfigOptions = {}): ClientConfig {
    if (!/^\d{12}$/.test(account)) {
      throw new UserError('bad-account', `An account has 12 digits; it was ${JSON.stringify(account)}.`, {
        hint: `Leave account out for ${DEFAULT_ACCOUNT}.`,
      });
    }
    return {
      region,
      credentials: credentials ?? { accessKeyId: account, secretAccessKey: 'test' },
      requestHandler: this.requestHandler(),
    };
  }

  /** The way into this world alone, for clients whose configuration is otherwise yours. */
  requestHandler(): never {
    return this.#handler as never;
  }

  /** A stock SDK v3 client of this world: `world.client(SQSClient)`. */
  client<C>(Client: new (config: ClientConfig) => C, options: ConfigOptions = {}): C {
    return new Client(this.config(options));
  }

  /**
   * The same world at this instant, with a future of its own: constant time, however much is in it. Clients stay with the world
   * that they were made for, and requests that wait, too. `UserError` `not-forkable` where functions really run.
   */
  fork(): EmbeddedWorld {
    if (this.#closed) throw closed();
    if (this.#composition.outside) {
      throw new UserError('not-forkable', 'A world whose functions really run cannot be forked.', {
        hint: "Make it without functions: 'process', or make another one.",
      });
    }
    const world = this.#scene.world.fork();
    withdrawWaiting(world);
    return new EmbeddedWorld(world, this.#composition, sceneOf(world, this.#composition));
  }

  /** The seed that it began with. */
  get seed(): string {
    return this.#scene.world.seed;
  }

  /**
   * 64 hexadecimal digits over everything that has happened. Two runs with the same seed and the same requests have the same;
   * the SDK's own random idempotency tokens make requests differ, unless they are given or sent within `clock.run`.
   */
  hash(): string {
    return this.#scene.world.hash();
  }

  /**
   * What happened last, oldest first: requests, timers and what came of them, with instants. At least the latest 512; a fork's
   * begins anew.
   */
  journal(): readonly JournalEntry[] {
    return this.#scene.world
      .journal()
      .map(({ position, at, scope, cause }) => ({ position, at, scope, ...cause }));
  }

  /**
   * Ends the world and everything that really runs in it. Requests that wait stay unanswered; later ones fail with `UserError`
   * `world-closed`. Throws the first of Sandtable's own bugs that a request met, where there was one.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#watchNoMore();
    await this.#scene.close();
    if (this.#scene.crashes.length > 0) throw this.#scene.crashes[0];
  }

  /** `await using world = await createWorld()` closes it at the end of the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #handle(
    ...[request, options]: Parameters<SdkRequestHandler['handle']>
  ): ReturnType<SdkRequestHandler['handle']> {
    if (this.#closed) throw closed();
    this.#waiting += 1;
    this.#watch(request.hostname);
    try {
      return await this.#scene.requestHandler.handle(request, options);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#watchNoMore();
    }
  }

  /** Whoever awaits an answer that takes virtual time, and moves none, would wait for ever without a word. */
  #watch(hostname: string): void {
    const { world } = this.#scene;
    const { position } = world;
    this.#stopWatching ??= this.#composition.host.after(PATIENCE_MS, () => {
      this.#stopWatching = undefined;
      // Its own request is one entry of the journal.
      if (this.clock.moving || world.position > position + 1) return;
      process.emitWarning(
        `A request to ${hostname} waits for virtual time, which stands: move it with clock.advance or clock.until, ` +
          'or send the request within clock.run.',
        'SandtableWarning',
      );
    });
  }

  #watchNoMore(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }
}

/** One thing that happened. */
export interface JournalEntry {
  /** From 1, without gaps. */
  readonly position: number;
  /** Virtual time (epoch ms). */
  readonly at: number;
  /** Account and region: `000000000000/us-east-1`. */
  readonly scope: string;
  /** `input` is a request of a client. */
  readonly kind: 'input' | 'timer' | 'reconcile' | 'effect' | 'script';
  /** Such as `sqs:SendMessage`. */
  readonly name: string;
  /** Of a request: `{ by, input }`, who asked and for what. JSON-like; for reading, not a contract. */
  readonly detail?: unknown;
}

/**
 * A fresh world of a composition.
 * @internal
 */
export async function embed(composition: Composition, options: WorldOptions): Promise<EmbeddedWorld> {
  const { seed = 'sandtable', timings: profile = 'instant', startAt = START } = options;
  const { cloud, primitives } = composition;
  const world = cloud.world({ seed, startAt, primitives });
  world.transact('', { kind: 'script', name: 'timings' }, (ctx) => {
    ctx.put(timingChoices, { id: 'timings', profile, factors: {}, values: {} });
  });
  const outside = await composition.outside?.();
  const scene = sceneOf(world, composition, outside);
  await scene.open();
  return new EmbeddedWorld(world, composition, scene);
}

function sceneOf(world: World<Ctx>, composition: Composition, outside?: Outside): Scene {
  return new Scene(world, composition, outside, 'unknown');
}

/** Whoever waits in a world does not wait in its fork, and must not be given what others could still have there. */
function withdrawWaiting(world: World<Ctx>): void {
  const found: { id: string; scope: string }[] = [];
  world.read('', ({ kernel }) =>
    kernel.store.scanAll(waits, (row, scope) => {
      const { id, replyTo } = row as Wait;
      if (replyTo.to === 'client') found.push({ id, scope });
    }),
  );
  for (const { id, scope } of found)
    world.transact(scope, { kind: 'input', name: 'withdraw', detail: { id } }, (ctx) => ctx.stopWaiting(id));
}

function closed(): UserError {
  return new UserError('world-closed', 'This world has been closed.', {
    hint: 'Make another with createWorld, or close it later.',
  });
}

// Puts a world behind the endpoint: the composition of `sandtable up`.

import type { Cloud } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { isServedAt, servedAt } from '#cloud/endpoint.ts';
import { dns } from '#cloud/ports/dns.ts';
import { Gateway } from '#cloud/gateway.ts';
import { UserError } from '#cloud/user-error.ts';
import { host } from '#runtime/host.ts';
import { primitives } from '#runtime/primitives.ts';
import { translators } from '#runtime/sam-translator.ts';
import { composeCloud } from '#sandtable';
import type { Driver } from '#sandtable';
import { Clock } from '#world/index.ts';
import type { ClockMode, Host, Performer, Performers, World } from '#world/index.ts';
import type { FunctionProcesses } from '#workloads/functions/host/functions.ts';
import type { Controlled } from './control.ts';
import type { Disk } from './disk/disk.ts';
import { serveNames } from './dns.ts';
import type { NameServer } from './dns.ts';
import { listen } from './endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { performers } from './http-post.ts';
import { aboutOf, caughtUp, driverFor, freshWorld, keptWorld, occupied, outdated, takeUp } from './worlds.ts';
import type { Source, WorldChoices } from './worlds.ts';

export interface ServeOptions extends WorldChoices {
  readonly port: number;
  readonly clock: ClockMode;
  /** The account of keys that name none, 12 digits. */
  readonly account?: string;
  /** The folder in which the world is kept; in memory alone unless given. */
  readonly data?: string;
  /** The saved world to begin with; a fresh one unless given, or the one in the folder. */
  readonly snapshot?: Source;
  /** The folder in which worlds are saved by name: `.sandtable/snapshots` unless given. */
  readonly snapshots?: string;
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
  /** Where the world is kept, and whether it was there before; nothing where it is in memory alone. */
  readonly data?: {
    readonly folder: string;
    readonly found: boolean;
    /** Rejects with a `UserError` when the disk does not take what it is given; nothing is answered from then on. */
    readonly broken: Promise<never>;
  };
}

/** One world with what moves and answers it. A reset stands up another in its place. */
interface Standing {
  readonly cloud: Cloud;
  readonly world: World<Ctx>;
  readonly clock: Clock<Ctx>;
  readonly gateway: Gateway;
  readonly functions: Driver;
  readonly running: FunctionProcesses | undefined;
}

/** Stands up a world and serves it. Throws `UserError`. */
export async function serve(options: ServeOptions): Promise<Served> {
  const { data, snapshot } = options;
  if (data === undefined) return serveFrom(options, undefined, snapshot);
  let failed = (_error: UserError): void => {};
  const broken = new Promise<never>((_, reject) => (failed = reject));
  broken.catch(() => {});
  const { openData } = await import('./disk/data-folder.ts');
  const { disk, contents } = await openData(data, failed);
  try {
    if (contents && snapshot) throw occupied(disk.folder);
    const found = contents && {
      place: disk.folder,
      about: contents.about,
      snapshot: { ...contents.state, blobs: [] },
    };
    return await serveFrom(options, { disk, found, broken }, snapshot);
  } catch (error) {
    disk.abandon();
    throw error;
  }
}

/** A disk, what was found on it, and what becomes of it. */
interface Opened {
  readonly disk: Disk;
  readonly found: Source | undefined;
  readonly broken: Promise<never>;
}

async function serveFrom(
  options: ServeOptions,
  opened: Opened | undefined,
  snapshot: Source | undefined,
): Promise<Served> {
  const { port } = options;
  const disk = opened?.disk;
  const served: Now = { standing: await stand(options, disk, opened?.found, snapshot), url: '' };
  const controlled = controlledOf(options, served, disk);
  const crashed = (error: unknown): void => crashing(served.standing.clock, options.crashed, error);
  const durable = disk && ((exactly?: boolean) => disk.durable(exactly));
  let answering: NameServer | undefined;
  try {
    answering = await names(options, () => served.standing, durable);
    const endpoint = await listen({
      get gateway() {
        return served.standing.gateway;
      },
      controlled,
      crashed,
      port,
      ...(durable ? { durable } : {}),
    });
    served.url = endpoint.url;
    begin(served.standing, served.url);
    const close = async (): Promise<void> => {
      served.standing.clock.stop();
      await endpoint.close();
      await answering?.close();
      await end(served.standing);
      await disk?.close();
    };
    return {
      ...endpoint,
      close,
      get clock() {
        return served.standing.clock;
      },
      ...(answering ? { dnsPort: answering.port } : {}),
      ...(opened
        ? { data: { folder: opened.disk.folder, found: opened.found !== undefined, broken: opened.broken } }
        : {}),
    };
  } catch (error) {
    await answering?.close();
    await end(served.standing);
    throw withoutPort(error, port);
  }
}

/** The world that is served now, and where; a reset puts another in its place. */
interface Now {
  standing: Standing;
  url: string;
}

/** What control requests see and do. */
function controlledOf(options: ServeOptions, served: Now, disk: Opened['disk'] | undefined): Controlled {
  const { version, ready = () => true } = options;
  return {
    version,
    ready,
    async reset() {
      const old = served.standing;
      served.standing = await stand({ ...options, seed: old.world.seed, clock: old.clock.mode }, disk);
      begin(served.standing, served.url);
      await end(old);
    },
    async save(name) {
      const { SnapshotFolder } = await import('./disk/snapshot-folder.ts');
      const { world, clock, functions } = served.standing;
      const about = aboutOf(functions, clock);
      return new SnapshotFolder(options.snapshots).save(name, world, { release: version, about });
    },
    get services() {
      return [...served.standing.cloud.services.keys()];
    },
    get world() {
      return served.standing.world;
    },
    get clock() {
      return served.standing.clock;
    },
  };
}

/** An error in opening a port, in words of ours. */
function withoutPort(error: unknown, port: number): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return error;
  return new UserError('port-unavailable', `No port from ${port} on could be opened: ${message}.`, {
    hint: 'Choose another with --port.',
  });
}

/** A world, not yet moving: the one that was found on the disk, else a saved one, else a fresh one, which the disk then keeps. */
async function stand(
  options: ServeOptions,
  disk?: Disk,
  found?: Source,
  snapshot?: Source,
): Promise<Standing> {
  const { account, crashed } = options;
  const source = found ?? snapshot;
  const functions = driverFor(options, source);
  const cloud = composeCloud('modelled', functions);
  const running = functions === 'process' ? await runFunctions(() => clock.rate, crashed) : undefined;
  const world = source
    ? keptWorld(cloud, source, options, disk?.blobs)
    : freshWorld(cloud, options, disk?.blobs);
  const failed = (error: unknown): void => crashing(clock, crashed, error);
  const kept = { world, about: () => aboutOf(functions, clock) };
  if (found && !outdated(world, found)) disk?.resume(kept);
  else disk?.replace(kept);
  if (source) takeUp(world, options);
  const late = found ? caughtUp(world, found, options.clock) : undefined;
  const performed = { ...translators, ...performers, ...running?.performers };
  const clock: Clock<Ctx> = new Clock(world, guarded(host, failed), options.clock, after(disk, performed), {
    failed,
  });
  if (late) failed(late.error);
  const edge = {
    primitives,
    wallNow: () => Date.now(),
    crashed,
    ...(account === undefined ? {} : { account }),
  };
  return { cloud, world, clock, functions, running, gateway: new Gateway(world, cloud, edge) };
}

/** What the outside is told happened: it is kept before. */
function after(disk: Disk | undefined, performed: Performers): Performers {
  if (!disk) return performed;
  const waiting = Object.entries(performed).map(([name, perform]): [string, Performer] => [
    name,
    async (payload, work) => {
      await disk.durable();
      return perform(payload, work);
    },
  ]);
  return Object.fromEntries(waiting);
}

function begin({ world, clock, running }: Standing, url: string): void {
  clock.start();
  const performs = Object.keys(performers);
  if (!world.read('', (ctx) => isServedAt(ctx, url, performs)))
    world.transact('', { kind: 'script', name: 'served' }, (ctx) => servedAt(ctx, url, performs));
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
  durable: (() => Promise<void> | undefined) | undefined,
): Promise<NameServer | undefined> {
  if (dnsPort === undefined) return undefined;
  return serveNames({
    port: dnsPort,
    ...(durable ? { durable } : {}),
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

// The process driver outside the world: folders, addresses and processes of its machines, and the performers of its effects.

import { randomInt } from 'node:crypto';
import { mkdtempSync, realpathSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import type { Performers, Work } from '#world/index.ts';
import { UserError } from '#cloud/user-error.ts';
import type { Probe } from '#cloud/ports/machines.ts';
import { readBundle } from '../../bundle.ts';
import type { BundleFile, BundleType } from '../../bundle.ts';
import {
  bootMachine,
  installBundle,
  makeImage,
  pause,
  proxyRequest,
  runScript,
  sendProbe,
  stopMachine,
  unpackBundle,
  watchPort,
} from '../effects.ts';
import type {
  Boot,
  Imaging,
  Install,
  Pause,
  ProxiedRequest,
  Script,
  Stop,
  Unpack,
  Watch,
} from '../effects.ts';
import { install, unpack } from './files.ts';
import { Guardian } from './guardian.ts';
import { addressOf, Machine } from './machine.ts';
import { Processes } from './processes.ts';
import { Outbound } from './outbound.ts';
import * as requests from './requests.ts';
import { Sandbox, sandboxesWork } from './sandbox.ts';
import * as scripts from './scripts.ts';

export interface ProcessHostOptions {
  /** Virtual milliseconds in one of wall time while something really runs: 1 unless given. */
  readonly rate?: number;
}

/** The machines of one world on this computer. Everything of them is gone after `close`, or when this process is. */
export class ProcessHost {
  /** Virtual milliseconds in one of wall time. */
  readonly rate: number;
  /** Where scripts reach AWS; they are not told of any before it is set. */
  endpoint: string | undefined;
  readonly performers: Performers;
  readonly #root: string;
  readonly #network = randomInt(128);
  readonly #guardian: Guardian;
  readonly #processes: Processes;
  readonly #outbound: Outbound;
  readonly #machines = new Map<string, Machine>();
  /** What is done on the disk of a machine is done in order. */
  readonly #queues = new Map<string, Promise<unknown>>();
  #made = 0;

  constructor({ rate = 1 }: ProcessHostOptions = {}) {
    this.rate = rate;
    this.#root = mkdtempSync(join(realpathSync(tmpdir()), 'sandtable-'));
    this.#guardian = new Guardian(this.#root);
    this.#processes = new Processes(this.#guardian);
    this.#outbound = new Outbound(join(this.#root, 'aws.sock'), () => this.endpoint);
    this.performers = {
      [bootMachine.name]: (payload: Boot) => this.#inTurn(payload, () => this.#boot(payload)),
      [stopMachine.name]: (payload: Stop) => this.#stop(payload),
      [makeImage.name]: (payload: Imaging) => this.#inTurn(payload, () => this.#image(payload)),
      [unpackBundle.name]: (payload: Unpack, work: Work) =>
        this.#inTurn(payload, () => this.#unpack(payload, work)),
      [installBundle.name]: (payload: Install, work: Work) =>
        this.#inTurn(payload, () => install(this.#machine(payload), payload, filesOf(payload, work))),
      [runScript.name]: async (payload: Script, { signal }: Work) => {
        const { rate, endpoint } = this;
        return scripts.runScript(this.#processes, await this.#up(payload), payload, {
          rate,
          endpoint,
          signal,
        });
      },
      [watchPort.name]: async ({ port, known, forMs, ...on }: Watch, { signal }: Work) => {
        const machine = this.#machine(on);
        return { listens: await requests.watch(machine, { port, known }, forMs / this.rate, signal) };
      },
      [sendProbe.name]: async (payload: Probe) => requests.probe(this.#machine(payload), payload, this.rate),
      [proxyRequest.name]: async (payload: ProxiedRequest) =>
        requests.proxy(this.#machine(payload), payload, this.rate),
      [pause.name]: ({ ms }: Pause, { signal }: Work) => waitFor(ms / this.rate, signal),
    };
  }

  /** A path of a machine as a path of this computer, for whoever wants to look. */
  pathOf(instanceId: string, path: string): string {
    return this.#machine({ instanceId }).path(path);
  }

  /** The folder of a machine on this computer. */
  rootOf(instanceId: string): string {
    return this.#machine({ instanceId }).root;
  }

  /** Where a port of a machine is on this computer. */
  placeOf(instanceId: string, port: number): Promise<{ host: string; port: number }> {
    return this.#machine({ instanceId }).place(port);
  }

  /** Ends all processes and removes all folders. */
  async close(): Promise<void> {
    for (const { root } of this.#machines.values()) this.#processes.signalAll(root, 'SIGKILL');
    await this.#outbound.close();
    await this.#guardian.close();
    await rm(this.#root, { recursive: true, force: true });
  }

  #machine({ instanceId }: { instanceId: string }): Machine {
    let machine = this.#machines.get(instanceId);
    if (!machine) {
      const root = join(this.#root, 'machines', instanceId);
      machine = new Machine(root, addressOf(this.#network, (this.#made += 1)));
      this.#machines.set(instanceId, machine);
    }
    return machine;
  }

  /** A machine whose folder is there. */
  async #up(on: { instanceId: string }): Promise<Machine> {
    await this.#queues.get(on.instanceId);
    const machine = this.#machine(on);
    await machine.boot();
    return machine;
  }

  #inTurn<Q>({ instanceId }: { instanceId: string }, act: () => Promise<Q>): Promise<Q> {
    const before = this.#queues.get(instanceId) ?? Promise.resolve();
    const done = before.then(act);
    this.#queues.set(
      instanceId,
      done.catch(() => {}),
    );
    return done;
  }

  async #boot({ instanceId, imageId, declaresApplication }: Boot): Promise<null> {
    if (declaresApplication) {
      throw new UserError(
        'user-data-application',
        `The user data of ${instanceId} declares an application, and the process driver runs no user data.`,
        { hint: 'Deploy the application with CodeDeploy, or use --driver modelled.' },
      );
    }
    await this.#machine({ instanceId }).boot(imageId === undefined ? undefined : this.#imageFolder(imageId));
    return null;
  }

  async #stop({ instanceId, how, forget }: Stop): Promise<null> {
    const machine = this.#machine({ instanceId });
    this.#processes.signalAll(machine.root, how === 'term' ? 'SIGTERM' : 'SIGKILL');
    if (forget) await this.#inTurn({ instanceId }, () => machine.forget());
    return null;
  }

  async #image({ instanceId, imageId }: Imaging): Promise<null> {
    const { root, sandbox } = await this.#bootedNow(instanceId);
    if (sandbox) {
      throw new UserError(
        'image-of-sandbox',
        `An image is made of ${instanceId}, which is kept apart from this computer; that is not modelled.`,
        { hint: 'Use a bundle with `process: relocatable` in its sandtable.yml, or --driver modelled.' },
      );
    }
    await cp(root, this.#imageFolder(imageId), { recursive: true, verbatimSymlinks: true });
    return null;
  }

  async #bootedNow(instanceId: string): Promise<Machine> {
    const machine = this.#machine({ instanceId });
    await machine.boot();
    return machine;
  }

  #imageFolder(imageId: string): string {
    return join(this.#root, 'images', imageId);
  }

  async #unpack(payload: Unpack, work: Work): Promise<unknown> {
    refuseOtherUsers(payload);
    const machine = await this.#bootedNow(payload.instanceId);
    if (!payload.relocatable && !machine.sandbox) await this.#keepApart(machine, payload.label);
    machine.used = true;
    return unpack(machine, payload.folder, filesOf(payload, work));
  }

  /** A bundle that does not promise to keep to its folder runs where it cannot do otherwise, or not at all. */
  async #keepApart(machine: Machine, label: string): Promise<void> {
    if (machine.used || !(await sandboxesWork(this.#guardian))) {
      const why = machine.used
        ? 'bundles that do say so were deployed to the same machine before'
        : 'namespaces do not work on this computer, or not for this user';
      throw new UserError(
        'not-relocatable',
        `The revision ${label} does not say that it may run without being kept apart from this computer, and ${why}.`,
        {
          hint:
            'Let its scripts and its server keep to $SANDTABLE_ROOT, $HOST and $PORT and write `process: relocatable` ' +
            'into its sandtable.yml, or use --driver modelled.',
        },
      );
    }
    machine.sandbox = await Sandbox.create(machine.root, await this.#outbound.open(), this.#guardian);
  }
}

/** Lets wall time pass, until the world is closed. */
function waitFor(ms: number, signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(null);
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

function filesOf(
  { blob, bundleType }: { blob: string; bundleType: BundleType },
  work: Work,
): readonly BundleFile[] {
  const bytes = work.blob(blob);
  if (!bytes) throw new Error(`No blob ${blob}.`);
  return readBundle(bytes, bundleType);
}

/** Everything on a machine belongs to whoever runs this. */
function refuseOtherUsers({ label, users, special }: Unpack): void {
  const own = userInfo().username;
  const other = users.find((user) => user !== own);
  if (other === undefined && !special) return;
  throw new UserError(
    'other-user',
    other === undefined
      ? `The AppSpec file of ${label} sets access lists or SELinux contexts, which are not set here.`
      : `The AppSpec file of ${label} names the user or group ${other}; everything here belongs to ${own}.`,
    { hint: 'Leave that out of the AppSpec file, or use --driver modelled.' },
  );
}

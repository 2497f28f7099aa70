// What a machine is on this computer: a root folder and an address, or a sandbox of its own.

import { existsSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { absolute } from '../../install.ts';
import { ENDPOINT_PORT } from './sandbox.ts';
import type { Sandbox } from './sandbox.ts';

/** Where something listens on this computer. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

export class Machine {
  /** Its folder, and without a sandbox the root of its file system. */
  readonly root: string;
  /** Set before anything is unpacked on it, or never. */
  sandbox: Sandbox | undefined;
  /** Whether a bundle was unpacked on it: from then on it stays as it is. */
  used = false;
  readonly #address: string;
  readonly #places = new Map<number, Promise<Place>>();

  constructor(root: string, address: string) {
    this.root = root;
    this.#address = address;
  }

  /** A folder of the machine as a path of this computer: where it is a link, the folder that it leads to. */
  folder(path: string): string {
    return this.sandbox ? this.sandbox.path(`${absolute(path)}/.`) : this.path(path);
  }

  /** A path of the machine as a path of this computer. */
  path(path: string): string {
    return this.sandbox ? this.sandbox.path(absolute(path)) : join(this.root, absolute(path));
  }

  /** What has to be run here so that a file of the machine runs on the machine. */
  command(interpreter: readonly string[], file: string): string[] {
    if (!this.sandbox) return [...interpreter, this.path(file)];
    return this.sandbox.enter([...interpreter, absolute(file)]);
  }

  /** The environment of everything that runs on the machine. `port`: where its application is to listen. */
  async environment(port: number, endpoint: string | undefined): Promise<Record<string, string>> {
    const own = {
      PATH: [process.env['PATH'] ?? '/usr/bin:/bin', dirname(process.execPath)].join(delimiter),
      LANG: 'C.UTF-8',
      SANDTABLE_MACHINE: this.root,
      // There is no metadata service; SDKs would look for one in the developer's own network, and for the developer's profiles.
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
    const url = this.sandbox && endpoint !== undefined ? `http://127.0.0.1:${ENDPOINT_PORT}` : endpoint;
    const aws = url === undefined ? {} : { AWS_ENDPOINT_URL: url };
    // Paths and ports of a sandbox are the machine's own: its programs need not be told.
    if (this.sandbox) return { ...own, ...aws, HOME: '/root' };
    const place = await this.place(port);
    return {
      ...own,
      ...aws,
      HOME: this.path('/home'),
      TMPDIR: this.path('/tmp'),
      SANDTABLE_ROOT: this.root,
      HOST: place.host,
      PORT: String(place.port),
    };
  }

  /** Makes the root folder, as a copy of an image if there is one. */
  async boot(image?: string): Promise<void> {
    if (existsSync(this.root)) return;
    await mkdir(this.root, { recursive: true });
    if (image !== undefined && existsSync(image))
      await cp(image, this.root, { recursive: true, verbatimSymlinks: true });
    for (const folder of ['tmp', 'home']) await mkdir(join(this.root, folder), { recursive: true });
  }

  async forget(): Promise<void> {
    await this.sandbox?.close();
    await rm(this.root, { recursive: true, force: true });
  }

  /** Begins a connection to a port. Behind a relay, `say` has to be said first, and `+` comes back once it is connected. */
  async connect(port: number): Promise<{ socket: Socket; say?: string }> {
    if (this.sandbox) return { socket: this.sandbox.connect(), say: `${port}\n` };
    return { socket: connect(await this.place(port)) };
  }

  /** Where a server on a port of the machine listens: on the same port of the machine's own address if it is free. */
  place(port: number): Promise<Place> {
    let place = this.#places.get(port);
    if (!place) this.#places.set(port, (place = this.#find(port)));
    return place;
  }

  async #find(port: number): Promise<Place> {
    const host = this.#address;
    const wanted = hasAddresses ? port : 0;
    return { host, port: (await freePort(host, wanted)) ?? (await freePort(host, 0)) ?? port };
  }
}

/** On Linux all of 127.0.0.0/8 is this computer; elsewhere only 127.0.0.1. */
const hasAddresses = process.platform === 'linux';

/** The address of machine number `n` in a network of this process's own. */
export function addressOf(network: number, n: number): string {
  if (!hasAddresses) return '127.0.0.1';
  return `127.${64 + (network % 128)}.${1 + (Math.floor(n / 250) % 250)}.${1 + (n % 250)}`;
}

function freePort(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => {
      const { port: bound } = server.address() as AddressInfo;
      server.close(() => resolve(bound));
    });
  });
}

// What a machine is on this computer: a root folder and an address.

import { existsSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { absolute } from '../../install.ts';

/** Where something listens on this computer. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

export class Machine {
  readonly root: string;
  readonly #address: string;
  readonly #places = new Map<number, Promise<Place>>();

  constructor(root: string, address: string) {
    this.root = root;
    this.#address = address;
  }

  /** A path of the machine as a path of this computer. */
  path(path: string): string {
    return join(this.root, absolute(path));
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
    await rm(this.root, { recursive: true, force: true });
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

// The way out of sandboxes: a socket in the file system that leads to AWS's endpoint on this computer.

import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

export class Outbound {
  readonly #path: string;
  readonly #endpoint: () => string | undefined;
  readonly #sockets = new Set<Socket>();
  #server: Promise<Server> | undefined;

  /** `endpoint`: the URL to which connections lead; without one they are closed. */
  constructor(path: string, endpoint: () => string | undefined) {
    this.#path = path;
    this.#endpoint = endpoint;
  }

  /** The socket's path, once it is there. */
  async open(): Promise<string> {
    this.#server ??= new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true }, (inner) => this.#join(inner));
      server.once('error', reject);
      server.listen(this.#path, () => resolve(server));
    });
    await this.#server;
    return this.#path;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    (await this.#server)?.close();
  }

  #join(inner: Socket): void {
    const endpoint = this.#endpoint();
    if (endpoint === undefined) return void inner.destroy();
    const { hostname, port } = new URL(endpoint);
    const outer = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    inner.pipe(outer);
    outer.pipe(inner);
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => (this.#sockets.delete(one), other.destroy()));
    }
  }
}

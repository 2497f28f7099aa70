// Bytes, addressed by their SHA-256. Blobs never change and are shared by a world and its forks.

import { hex } from './primitives.ts';
import type { Primitives } from './primitives.ts';

/** Where bytes lie by their address: in memory, unless whoever opens a world brings something else. */
export interface BlobShelf {
  has(hash: string): boolean;
  get(hash: string): Uint8Array | undefined;
  set(hash: string, bytes: Uint8Array): unknown;
  entries(): IterableIterator<[string, Uint8Array]>;
}

/** A content-addressed store of immutable bytes. */
export class Blobs {
  readonly #bytes: BlobShelf;
  readonly #primitives: Primitives;

  constructor(primitives: Primitives, bytes: BlobShelf = new Map()) {
    this.#primitives = primitives;
    this.#bytes = bytes;
  }

  /** Keeps `bytes` and returns their address: 64 hexadecimal digits of their SHA-256, which whoever has it brings along. */
  put(bytes: Uint8Array, sha256: Uint8Array = this.#primitives.sha256(bytes)): string {
    const hash = hex(sha256);
    if (!this.#bytes.has(hash)) this.#bytes.set(hash, bytes);
    return hash;
  }

  get(hash: string): Uint8Array | undefined {
    return this.#bytes.get(hash);
  }

  entries(): IterableIterator<[string, Uint8Array]> {
    return this.#bytes.entries();
  }
}

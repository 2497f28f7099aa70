// Whoever looks after clients for whom time is to pass: told of each of their requests, and asked by them to wait.

import type { Deferred } from '#cloud/gateway.ts';
import type { WireRequest, WireResponse } from '#contract/wire.ts';

export interface Usher {
  /** Lets a request in; it may have to wait outside first. */
  arrives(wire: WireRequest): Promise<void>;
  /** The answer to a request comes later. What it returns is to be called when whoever asked has it, or is gone. */
  waits(wire: WireRequest, deferred: Deferred): () => void;
  /** A request has got its answer at once. */
  answered(wire: WireRequest, response?: WireResponse): void;
  /** Answers what clients ask under /_sandtable/script/. `gone` tells that the client is. */
  control(route: string, body: Uint8Array, gone: AbortSignal): Promise<WireResponse>;
}

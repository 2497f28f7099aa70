// Where clients outside the world reach it. URLs that AWS hands out (pre-signed ones, feeds) begin with this.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { WireRequest, WireResponse } from '#contract/wire.ts';
import type { Ctx } from './ctx.ts';

interface Endpoint {
  readonly id: 'endpoint';
  /** Without a slash at its end. */
  readonly url: string;
}
export const endpoints: Table<Endpoint> = table<Endpoint>('cloud/endpoint', (row) => row.id);

/** What a world is reached by that nobody serves: clients in the same process hand over their requests by hand. */
export const UNSERVED = 'http://127.0.0.1:4566';

export function endpointOf(ctx: Ctx): string {
  return ctx.everywhere.get(endpoints, 'endpoint')?.url ?? UNSERVED;
}

/** Told by whoever serves the world, before its first request. */
export function servedAt(ctx: Ctx, url: string): void {
  ctx.everywhere.put(endpoints, { id: 'endpoint', url });
}

/**
 * Requests of a service that are no API operations and bear no signature, such as answers to the URLs that CloudFormation
 * hands to custom resources. A door knows its requests by how their path begins.
 */
export interface Door {
  /** Such as `/cloudformation-custom-resource-response-`. */
  readonly path: string;
  /** Runs as one input of the world, in the scope of no account. */
  readonly open: (ctx: Ctx, wire: WireRequest) => WireResponse;
}

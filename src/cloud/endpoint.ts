// Where clients outside the world reach it. URLs that AWS hands out (pre-signed ones, feeds) begin with this.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { WireRequest, WireResponse } from '#contract/wire.ts';
import type { Ctx } from './ctx.ts';

interface Endpoint {
  readonly id: 'endpoint';
  /** Without a slash at its end. */
  readonly url: string;
  /** Effects that whoever serves the world performs and that others leave undone. */
  readonly performs?: readonly string[];
}
export const endpoints: Table<Endpoint> = table<Endpoint>('cloud/endpoint', (row) => row.id);

/** What a world is reached by that nobody serves: clients in the same process hand over their requests by hand. */
const UNSERVED = 'http://127.0.0.1:4566';

export function endpointOf(ctx: Ctx): string {
  return ctx.everywhere.get(endpoints, 'endpoint')?.url ?? UNSERVED;
}

/** Where the world is served; nothing where nobody does, and URLs may as well be AWS's own. */
export function servedUrl(ctx: Ctx): string | undefined {
  return ctx.everywhere.get(endpoints, 'endpoint')?.url;
}

/** Told by whoever serves the world, before its first request, with the effects that not everybody performs. */
export function servedAt(ctx: Ctx, url: string, performs: readonly string[] = []): void {
  ctx.everywhere.put(endpoints, { id: 'endpoint', url, performs });
}

/** Whether that is what it was told last, before its process ended. */
export function isServedAt(ctx: Ctx, url: string, performs: readonly string[]): boolean {
  const told = ctx.everywhere.get(endpoints, 'endpoint');
  return told?.url === url && told.performs?.join() === performs.join();
}

/** Whether there is somebody who performs an effect. */
export function isPerformed(ctx: Ctx, { name }: { readonly name: string }): boolean {
  return ctx.everywhere.get(endpoints, 'endpoint')?.performs?.includes(name) ?? false;
}

/**
 * Requests of a service that are no API operations and bear no signature, such as answers to the URLs that CloudFormation
 * hands to custom resources. A door knows its requests by how their path begins, or by a test of its own.
 */
export interface Door {
  /** Such as `/cloudformation-custom-resource-response-`; a mere name where there is a test. */
  readonly path: string;
  /** Whether a request is for this door, where that shows in something else than the path. */
  readonly claims?: (wire: WireRequest) => boolean;
  /** Runs as one input of the world, in the scope of no account. */
  readonly open: (ctx: Ctx, wire: WireRequest) => WireResponse;
}

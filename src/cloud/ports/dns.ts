// What names resolve to: implemented by Route 53.

import { event } from '#world/index.ts';
import type { EventKind } from '#world/index.ts';
import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';

/** A record as zone files spell it. */
export interface DnsRecord {
  /** In lower case, with a dot at its end. */
  readonly name: string;
  readonly type: string;
  readonly ttlSeconds: number;
  readonly data: string;
}

export interface DnsQuery {
  readonly name: string;
  readonly type: string;
  /** Asks from inside a VPC, where private zones are known; from the internet unless given. */
  readonly vpcId?: string;
  /** Where it asks from, for routing by latency: `us-east-1` unless given. */
  readonly region?: string;
}

/** One of the answers that a name may get now. */
export interface DnsChoice {
  /** Of all queries, 0 to 1: the shares of a name's choices add up to 1. */
  readonly share: number;
  /** Empty where there is no such name or nothing of that type. */
  readonly records: readonly DnsRecord[];
  /** The load balancer's own name that stands at the end, if one does. */
  readonly host?: string;
  /** How long whoever asks keeps to this choice. */
  readonly ttlSeconds: number;
  /** Identifiers of the weighted, failover or other sets that were chosen on the way. */
  readonly sets: readonly string[];
}

export interface DnsAnswer {
  /** `REFUSED`: no hosted zone here has the name. */
  readonly code: 'NOERROR' | 'NXDOMAIN' | 'REFUSED';
  readonly records: readonly DnsRecord[];
  /** The zone's SOA record, where there is nothing to answer. */
  readonly authority: readonly DnsRecord[];
}

export interface Dns {
  /** All that a name may be answered now, under the health that holds now. Nothing where no zone has the name. */
  choices(ctx: Ctx, query: DnsQuery): readonly DnsChoice[] | undefined;
  /** One of these, drawn at random. `key` is the query's logical identity. */
  answer(ctx: Ctx, query: DnsQuery, key: string): DnsAnswer;
}
export const dns: Port<Dns> = port<Dns>('dns');

/** Name servers answer otherwise than before. */
export const recordsChanged: EventKind<Record<string, never>> = event('route53/records-changed');

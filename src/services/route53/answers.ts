// Behind the port `dns`: what name servers answer now. Read from rows alone, because traffic asks at every settlement.

import type { Ctx } from '#cloud/ctx.ts';
import { routing } from '#cloud/ports/routing.ts';
import type { Dns, DnsChoice, DnsQuery, DnsRecord } from '#cloud/ports/dns.ts';
import { choose } from './choice.ts';
import type { Chosen } from './choice.ts';
import { NEGATIVE_TTL } from './delegation.ts';
import { ASTERISK, loadBalancerHost, normalName, upwards } from './names.ts';
import { healths, nameKey, served, zoneNames } from './tables.ts';
import type { RecordSet, ZoneName } from './tables.ts';

/** Names of load balancers are answered with this TTL. */
const LOAD_BALANCER_TTL = 60;
/** Aliases and CNAME records are followed so far. */
const DEEPEST = 8;
/** Most values of a multivalue answer. */
const MOST_VALUES = 8;

/** The zone that answers for a name: the longest that holds it, a private one of the VPC before a public one. */
function zoneFor(ctx: Ctx, name: string, vpcId: string | undefined): ZoneName | undefined {
  for (const above of upwards(name)) {
    const found = ctx.everywhere
      .list(zoneNames, 'name', above)
      .filter(({ isPrivate, vpcIds }) => !isPrivate || (vpcId !== undefined && vpcIds.includes(vpcId)))
      .toSorted(
        (left, right) => Number(right.isPrivate) - Number(left.isPrivate) || left.ordinal - right.ordinal,
      );
    if (found[0]) return found[0];
  }
  return undefined;
}

/** Record sets of a name as name servers have them, those of an asterisk where the name itself has none. */
function setsAt(ctx: Ctx, zone: ZoneName, name: string): RecordSet[] {
  const there = ctx.inScope(zone.scope);
  const at = (one: string): RecordSet[] =>
    there.scan(served, { prefix: nameKey(zone.zoneId, one) }).map(({ record }) => record);
  const own = at(name);
  if (own.length > 0 || name === zone.name) return own;
  for (const above of upwards(name.slice(name.indexOf('.') + 1))) {
    const wild = at(`${ASTERISK}.${above}`);
    if (wild.length > 0) return wild;
    // A name in between hides the asterisk above it (RFC 4592).
    if (above === zone.name || exists(ctx, zone, above)) return [];
  }
  return [];
}

/** Whether a zone has the name or something below it. */
function exists(ctx: Ctx, { scope, zoneId }: ZoneName, name: string): boolean {
  const prefix = nameKey(zoneId, name).slice(0, -1);
  return ctx.inScope(scope).scan(served, { prefix, limit: 1 }).length > 0;
}

/** One way that a resolution may go. */
interface Way {
  readonly share: number;
  readonly records: readonly DnsRecord[];
  readonly host?: string;
  readonly ttlSeconds: number;
  readonly sets: readonly string[];
  /** Several sets are answered together. */
  readonly several?: boolean;
}

const NOTHING: Way = { share: 1, records: [], ttlSeconds: NEGATIVE_TTL, sets: [] };

class Resolution {
  readonly #ctx: Ctx;
  readonly #query: DnsQuery;
  /** Aliases whose health is being looked at, so that a circle ends. */
  readonly #looking = new Set<string>();

  constructor(ctx: Ctx, query: DnsQuery) {
    this.#ctx = ctx;
    this.#query = query;
  }

  /** All ways to answer for a name; nothing where no zone has it and it is no load balancer's. */
  ways(name: string, type: string, depth: number = 0): readonly Way[] | undefined {
    const balancer = this.#loadBalancer(name, type);
    if (balancer) return [balancer];
    const zone = zoneFor(this.#ctx, name, this.#query.vpcId);
    if (!zone) return undefined;
    const all = setsAt(this.#ctx, zone, name);
    const ofType = all.filter((record) => record.type === type);
    if (ofType.length > 0) return this.#choices(zone, name, type, ofType, depth);
    const aliasesOnly = type === 'CNAME' ? [] : all.filter((record) => record.type === 'CNAME');
    return aliasesOnly.length > 0 ? this.#choices(zone, name, type, aliasesOnly, depth) : [NOTHING];
  }

  #choices(
    zone: ZoneName,
    name: string,
    type: string,
    sets: readonly RecordSet[],
    depth: number,
  ): readonly Way[] {
    const chosen = choose(sets, (record) => this.#isHealthy(zone, record), this.#query.region ?? 'us-east-1');
    if (chosen[0]?.record.policy.kind === 'multivalue') return [multivalue(name, chosen)];
    return chosen
      .filter(({ share }) => share > 0)
      .flatMap(({ record, share }) =>
        this.#follow(zone, name, type, record, depth).map((way) => ({
          ...way,
          share: way.share * share,
          sets: record.setIdentifier === '' ? way.sets : [record.setIdentifier, ...way.sets],
        })),
      );
  }

  #follow(zone: ZoneName, name: string, type: string, record: RecordSet, depth: number): readonly Way[] {
    if (depth >= DEEPEST) return [NOTHING];
    if (record.alias) return this.#alias(zone, name, type, record.alias.dnsName, depth);
    const { ttlSeconds = 0, values } = record;
    const own = values.map((data) => ({ name, type: record.type, ttlSeconds: ttlSeconds ?? 0, data }));
    const kept = { share: 1, records: own, ttlSeconds: ttlSeconds ?? 0, sets: [] };
    if (record.type !== 'CNAME' || type === 'CNAME') return [kept];
    const target = normalName(values[0] ?? '');
    const further = typeof target === 'string' ? this.ways(target, type, depth + 1) : undefined;
    if (!further) return [kept]; // It leads out of this world.
    // A load balancer's own name is always answered alike: what is kept for longer is which one it is.
    const constant = further.length === 1 && further[0]?.host === loadBalancerHost(target as string);
    return further.map((way) => ({
      ...way,
      records: [...own, ...way.records],
      ttlSeconds: constant ? kept.ttlSeconds : Math.min(kept.ttlSeconds, way.ttlSeconds),
    }));
  }

  /** An alias answers under its own name, with the TTL of what it points to. */
  #alias(zone: ZoneName, name: string, type: string, dnsName: string, depth: number): readonly Way[] {
    const balancer = this.#loadBalancer(dnsName, type);
    const renamed = (records: readonly DnsRecord[]): DnsRecord[] =>
      records.map((record) => ({ ...record, name: record.name === dnsName ? name : record.name }));
    if (balancer) return [{ ...balancer, records: renamed(balancer.records) }];
    const ways = setsAt(this.#ctx, zone, dnsName).filter((record) => record.type === type);
    if (ways.length === 0) return [NOTHING];
    return this.#choices(zone, dnsName, type, ways, depth + 1).map((way) => ({
      ...way,
      records: renamed(way.records),
    }));
  }

  #loadBalancer(name: string, type: string): Way | undefined {
    if (!name.endsWith('.elb.amazonaws.com.')) return undefined;
    const host = loadBalancerHost(name);
    const found = this.#ctx.port(routing).named?.(this.#ctx, host);
    if (!found) return NOTHING;
    const ttlSeconds = LOAD_BALANCER_TTL;
    const addresses = type === 'A' ? found.addresses : [];
    const records = addresses.map((data) => ({ name, type: 'A', ttlSeconds, data }));
    return { share: 1, records, ttlSeconds, sets: [], ...(type === 'A' ? { host } : {}) };
  }

  /** A record set without a health check and without an alias whose target is evaluated is always healthy. */
  #isHealthy(zone: ZoneName, record: RecordSet): boolean {
    const { healthCheckId, alias } = record;
    if (healthCheckId !== null && this.#ctx.everywhere.get(healths, healthCheckId)?.healthy === false)
      return false;
    if (!alias?.evaluateTargetHealth) return true;
    const host = loadBalancerHost(alias.dnsName);
    if (host.endsWith('.elb.amazonaws.com'))
      return this.#ctx.port(routing).named?.(this.#ctx, host)?.healthy ?? false;
    const key = `${alias.dnsName} ${record.type}`;
    if (this.#looking.has(key)) return true;
    this.#looking.add(key);
    const targets = setsAt(this.#ctx, zone, alias.dnsName).filter(({ type }) => type === record.type);
    const healthy = targets.some((target) => this.#isHealthy(zone, target));
    this.#looking.delete(key);
    return healthy;
  }
}

function multivalue(name: string, chosen: readonly Chosen[]): Way {
  const records = chosen.flatMap(({ record }) =>
    record.values.map((data) => ({ name, type: record.type, ttlSeconds: record.ttlSeconds ?? 0, data })),
  );
  const ttlSeconds = Math.min(...chosen.map(({ record }) => record.ttlSeconds ?? 0));
  return {
    share: 1,
    records,
    ttlSeconds,
    sets: chosen.map(({ record }) => record.setIdentifier),
    several: true,
  };
}

/** The record that says how long nothing is remembered, with that as its TTL (RFC 2308). */
function soaOf(ctx: Ctx, zone: ZoneName): DnsRecord[] {
  const soa = setsAt(ctx, zone, zone.name).filter(({ type }) => type === 'SOA');
  return soa.flatMap(({ values, ttlSeconds }) =>
    values.map((data) => ({ name: zone.name, type: 'SOA', ttlSeconds: ttlSeconds ?? 0, data })),
  );
}

function drawn(ways: readonly Way[], draw: number): Way {
  let upTo = 0;
  for (const way of ways) {
    upTo += way.share;
    if (draw < upTo) return way;
  }
  return ways.at(-1) ?? NOTHING;
}

/** In random order, as Route 53 answers several values. */
function shuffled<T>(items: readonly T[], draw: (ordinal: number) => number): T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i -= 1) {
    const other = Math.floor(draw(i) * (i + 1));
    [mixed[i], mixed[other]] = [mixed[other] as T, mixed[i] as T];
  }
  return mixed;
}

export const nameServers: Dns = {
  choices(ctx, query) {
    const name = normalName(query.name);
    if (typeof name !== 'string') return undefined;
    return new Resolution(ctx, query)
      .ways(name, query.type)
      ?.map(({ share, records, host, ttlSeconds, sets }): DnsChoice => ({
        share,
        records,
        ...(host === undefined ? {} : { host }),
        ttlSeconds,
        sets,
      }));
  },

  answer(ctx, query, key) {
    const name = normalName(query.name);
    const ways = typeof name === 'string' ? new Resolution(ctx, query).ways(name, query.type) : undefined;
    if (!ways || typeof name !== 'string') return { code: 'REFUSED', records: [], authority: [] };
    const draw = ctx.everywhere.random('route53/answers', `${name} ${query.type} ${key}`);
    const way = drawn(ways, draw(0));
    const last = way.records.at(-1);
    const chain = way.records.filter((record) => record.name !== last?.name || record.type !== last.type);
    const values = way.records.slice(chain.length);
    const mixed = shuffled(values, (ordinal) => draw(ordinal + 1));
    const records = [...chain, ...(way.several ? mixed.slice(0, MOST_VALUES) : mixed)];
    if (records.length > 0) return { code: 'NOERROR', records, authority: [] };
    const zone = zoneFor(ctx, name, query.vpcId);
    if (!zone) return { code: 'NOERROR', records, authority: [] };
    const known = exists(ctx, zone, name) || setsAt(ctx, zone, name).length > 0;
    return { code: known ? 'NOERROR' : 'NXDOMAIN', records, authority: soaOf(ctx, zone) };
  },
};

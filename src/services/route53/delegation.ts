// The four name servers of a hosted zone, and the records that say so.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/SOA-NSrecords.html

import type { Ctx } from '#cloud/ctx.ts';
import type { HostedZone, RecordSet } from './tables.ts';

const DOMAINS = ['com', 'net', 'org', 'co.uk'];
/** Name servers are numbered through the four domains, 512 in each; eight of them share a domain such as `awsdns-07.com`. */
const OF_DOMAIN = 512;
/** Private zones have no name servers on the internet; all of them show these. */
const PRIVATE = [
  'ns-1536.awsdns-00.co.uk',
  'ns-0.awsdns-00.com',
  'ns-1024.awsdns-00.org',
  'ns-512.awsdns-00.net',
];

const NS_TTL = 172_800;
const SOA_TTL = 900;
/** How long resolvers remember that there is nothing: the smaller of the SOA record's TTL and its minimum (RFC 2308). */
export const NEGATIVE_TTL: number = SOA_TTL;

/** Name servers of a new zone, in the order in which Route 53 shows them. */
export function newNameServers(ctx: Ctx, zoneId: string, isPrivate: boolean): string[] {
  if (isPrivate) return PRIVATE;
  const draw = ctx.random('route53/name-servers', zoneId);
  const first = Math.floor(draw(0) * DOMAINS.length);
  return DOMAINS.map((_, i) => {
    const domain = (first + i) % DOMAINS.length;
    const place = Math.floor(draw(i + 1) * OF_DOMAIN);
    const group = String(Math.floor(place / 8)).padStart(2, '0');
    return `ns-${domain * OF_DOMAIN + place}.awsdns-${group}.${DOMAINS[domain] as string}`;
  });
}

/** The records with which a zone begins. */
export function firstRecords({ id, name, nameServers }: HostedZone): RecordSet[] {
  const record = (type: string, ttlSeconds: number, values: readonly string[]): RecordSet => ({
    zoneId: id,
    name,
    type,
    setIdentifier: '',
    policy: { kind: 'simple' },
    ttlSeconds,
    values,
    alias: null,
    healthCheckId: null,
  });
  const soa = `${nameServers[0] as string}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`;
  return [
    record(
      'NS',
      NS_TTL,
      nameServers.map((server) => `${server}.`),
    ),
    record('SOA', SOA_TTL, [soa]),
  ];
}

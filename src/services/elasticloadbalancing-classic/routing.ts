// Behind the port `routing`: what a request to a Classic Load Balancer meets now. Read from rows alone, because it is asked at
// every settlement.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html#routing-algorithm

import type { Ctx } from '#cloud/ctx.ts';
import { HOSTED_ZONES } from '#cloud/load-balancers/hosted-zones.ts';
import type { NamedLoadBalancer, Plan, PlanGroup, Routing } from '#cloud/ports/routing.ts';
import { layerOf } from './listeners.ts';
import { inService } from './rosters.ts';
import { arnOf, hostNames, loadBalancers } from './tables.ts';
import type { Listener, LoadBalancer } from './tables.ts';

/** The load balancer whose name it is. A name does not resolve before there are nodes. */
function behind(ctx: Ctx, host: string): { there: Ctx; row: LoadBalancer } | undefined {
  const known = ctx.everywhere.get(hostNames, host.toLowerCase());
  if (!known) return undefined;
  const there = ctx.inScope(known.scope);
  const row = there.get(loadBalancers, known.name);
  return row?.state === 'active' ? { there, row } : undefined;
}

export const classicRouting: Routing = {
  plan(ctx, { host, port }) {
    const found = behind(ctx, host);
    if (!found) return undefined;
    const listener = found.row.listeners.find((one) => one.port === port);
    return listener ? planFor(found.there, found.row, listener) : { kind: 'refused' };
  },

  named(ctx, host) {
    const found = behind(ctx, host);
    return found && describe(found.there, found.row);
  },

  hosts(ctx) {
    const known = ctx.everywhere
      .list(hostNames)
      .filter(({ scope }) => ctx.scope === '' || scope === ctx.scope);
    return known.flatMap(({ scope, name }) => {
      const row = ctx.inScope(scope).get(loadBalancers, name);
      const port = row?.listeners[0]?.port;
      return row && port !== undefined ? [{ host: row.dnsName, port, scope, name }] : [];
    });
  },
};

/**
 * Addresses are of 198.18.0.0/15, which no network routes (RFC 2544), so that whoever takes them for real reaches nobody.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias-common.html
 */
function describe(ctx: Ctx, { name, scheme, subnets }: LoadBalancer): NamedLoadBalancer {
  const draw = ctx.random('elasticloadbalancing-classic/addresses', name);
  const block = scheme === 'internal' ? 19 : 18;
  const addresses = subnets.map((_, i) => {
    const place = 1 + Math.floor(draw(i) * 65_534);
    return `198.${block}.${place >> 8}.${place & 255}`;
  });
  const healthy = inService(ctx, name, '', 0).length > 0;
  return { hostedZoneId: HOSTED_ZONES[ctx.region] ?? '', addresses, healthy };
}

/** A group for each node: with cross-zone load balancing all of them choose among all instances, otherwise in their zone. */
function planFor(ctx: Ctx, row: LoadBalancer, listener: Listener): Plan {
  const zones = row.subnets.map(({ zone }) => zone);
  // DNS gives out no node in whose zone nothing is in service.
  const nodes = row.attributes.crossZone
    ? []
    : zones.filter((zone) => inService(ctx, row.name, zone, listener.instancePort).length > 0);
  const groups = (nodes.length === 0 ? [''] : nodes).map((zone) => planGroup(ctx, row, listener, zone));
  // Without an instance in service HTTP is answered with 503, and TCP connections are closed.
  const nobody = groups.every(({ targets }) => targets.length === 0);
  if (nobody && layerOf(listener) === 'TCP') return { kind: 'refused' };
  return {
    kind: 'forward',
    loadBalancerArn: arnOf(ctx, row.name),
    ...(layerOf(listener) === 'HTTP'
      ? {
          front: { protocol: listener.protocol === 'HTTPS' ? 'https' : 'http', port: listener.port } as const,
        }
      : {}),
    loadBalancer: row.name,
    scope: ctx.scope,
    zones,
    groups,
    idleTimeoutMs: row.attributes.idleSeconds * 1000,
  };
}

function planGroup(ctx: Ctx, row: LoadBalancer, listener: Listener, zone: string): PlanGroup {
  const { protocol, port, instancePort } = listener;
  const place = [protocol.toLowerCase(), port, ...(zone === '' ? [] : [zone])].join('/');
  const seconds = stickinessSeconds(row, listener);
  return {
    targetGroupArn: `${arnOf(ctx, row.name)}/${place}`,
    dimension: `${row.name}/${place}`,
    weight: 1,
    algorithm: layerOf(listener) === 'TCP' ? 'round_robin' : 'least_outstanding_requests',
    targets: inService(ctx, row.name, zone, instancePort),
    failOpen: false,
    ...(seconds === undefined ? {} : { stickinessSeconds: seconds }),
  };
}

/** A cookie without an expiration of its own lasts as long as the client: a session, taken for a day. */
const SESSION_SECONDS = 86_400;

function stickinessSeconds({ policies }: LoadBalancer, listener: Listener): number | undefined {
  const policy = policies.find(({ name }) => listener.policies.includes(name));
  if (!policy) return undefined;
  return policy.type === 'LBCookieStickinessPolicyType'
    ? (policy.seconds ?? SESSION_SECONDS)
    : SESSION_SECONDS;
}

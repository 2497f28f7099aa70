// Behind the port `routing`: what a request meets now. Read from rows alone, because it is asked at every
// settlement.

import type { Ctx } from '#cloud/ctx.ts';
import { hostedZoneOf } from '#cloud/load-balancers/hosted-zones.ts';
import type { NamedLoadBalancer, Plan, PlanGroup, Routing } from '#cloud/ports/routing.ts';
import { loadBalancerAttribute, targetGroupAttribute, tcpIdleMs } from '../attributes.ts';
import { holds } from '../listeners/conditions.ts';
import type { RequestFacts } from '../listeners/conditions.ts';
import { rank } from '../listeners/rules.ts';
import { dimension, hostNames, listeners, loadBalancers, rules, targetGroups, uses } from '../tables.ts';
import type { ForwardGroup, Listener, LoadBalancer, Rule, TargetGroup } from '../tables.ts';
import { eligible, rosterOf } from '../targets/rosters.ts';

const REDIRECTS = { HTTP_301: 301, HTTP_302: 302 } as const;

export const requestRouting: Routing = {
  plan(ctx, { host, port, path, method, hostHeader = host, headers = {}, sourceIp }) {
    const name = ctx.everywhere.get(hostNames, host.toLowerCase());
    if (!name) return undefined;
    const there = ctx.inScope(name.scope);
    const loadBalancer = there.get(loadBalancers, name.loadBalancerArn);
    // The name does not resolve before there are load balancer nodes.
    if (!loadBalancer || loadBalancer.state === 'provisioning') return undefined;
    const listener = there.list(listeners, 'loadBalancer', loadBalancer.arn).find((row) => row.port === port);
    if (!listener) return { kind: 'refused' };
    const request = {
      host: hostHeader,
      path,
      method,
      headers,
      ...(sourceIp === undefined ? {} : { sourceIp }),
    };
    if (loadBalancer.type === 'network') return connectionPlan(there, loadBalancer, listener);
    return planFor(
      there,
      loadBalancer,
      listener,
      firstMatch(there.list(rules, 'listener', listener.arn), request),
    );
  },

  named(ctx, host) {
    const name = ctx.everywhere.get(hostNames, host.toLowerCase());
    if (!name) return undefined;
    const there = ctx.inScope(name.scope);
    const loadBalancer = there.get(loadBalancers, name.loadBalancerArn);
    if (!loadBalancer || loadBalancer.state === 'provisioning') return undefined;
    return describe(there, loadBalancer);
  },

  hosts(ctx) {
    const known = ctx.everywhere
      .list(hostNames)
      .filter(({ scope }) => ctx.scope === '' || scope === ctx.scope);
    return known.flatMap(({ scope, loadBalancerArn }) => {
      const there = ctx.inScope(scope);
      const loadBalancer = there.get(loadBalancers, loadBalancerArn);
      const [port] = there
        .list(listeners, 'loadBalancer', loadBalancerArn)
        .map((listener) => listener.port)
        .toSorted((left, right) => left - right);
      return loadBalancer && port !== undefined
        ? [{ host: loadBalancer.dnsName, port, scope, name: loadBalancer.name }]
        : [];
    });
  },
};

/**
 * Addresses are of 198.18.0.0/15, which no network routes (RFC 2544), so that whoever takes them for real reaches nobody. Only the
 * nodes of a Network Load Balancer have addresses that customers know: its Elastic IP addresses, or those in its VPC.
 * A load balancer is healthy while each of its target groups has a healthy target; an empty group has none.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias-common.html
 */
function describe(ctx: Ctx, loadBalancer: LoadBalancer): NamedLoadBalancer {
  const { arn, type, scheme, subnets, nodes } = loadBalancer;
  const draw = ctx.random('elasticloadbalancing/addresses', arn);
  const block = scheme === 'internal' ? 19 : 18;
  const addresses = subnets.map(({ subnetId }, i) => {
    const node = nodes.find((one) => one.subnetId === subnetId);
    const own = scheme === 'internal' ? node?.privateIp : node?.publicIp;
    if (own !== undefined) return own;
    const place = 1 + Math.floor(draw(i) * 65_534);
    return `198.${block}.${place >> 8}.${place & 255}`;
  });
  const groups = new Set(ctx.list(uses, 'loadBalancer', arn).map(({ targetGroupArn }) => targetGroupArn));
  const healthy = [...groups].every((group) =>
    [...rosterOf(ctx, group).zones.values()].some((zone) => zone.healthy > 0),
  );
  return { hostedZoneId: hostedZoneOf(ctx.region, type) ?? '', addresses, healthy };
}

/** The earliest rule that matches; there is always the default rule. */
function firstMatch(candidates: readonly Rule[], request: RequestFacts): Rule {
  let first: Rule | undefined;
  for (const rule of candidates) {
    if (first && rank(first) <= rank(rule)) continue;
    if (rule.conditions.every((condition) => holds(condition, request))) first = rule;
  }
  return first as Rule;
}

function planFor(ctx: Ctx, loadBalancer: LoadBalancer, { protocol, port }: Listener, { action }: Rule): Plan {
  const name = dimension(loadBalancer.arn);
  if (action.type !== 'forward') {
    const status = action.type === 'redirect' ? REDIRECTS[action.statusCode] : Number(action.statusCode);
    return { kind: 'respond', loadBalancer: name, scope: ctx.scope, status };
  }
  return {
    kind: 'forward',
    loadBalancerArn: loadBalancer.arn,
    front: { protocol: protocol === 'HTTPS' ? 'https' : 'http', port },
    loadBalancer: name,
    scope: ctx.scope,
    zones: loadBalancer.subnets.map(({ zone }) => zone),
    groups: action.groups.map((forward) => planGroup(ctx, forward)),
    ...(action.stickinessSeconds === null ? {} : { groupStickinessSeconds: action.stickinessSeconds }),
    idleTimeoutMs: Number(loadBalancerAttribute(loadBalancer, 'idle_timeout.timeout_seconds')) * 1000,
  };
}

/**
 * A connection goes to a target of the group by its flow: at random, as seen from outside. Without cross-zone load balancing each
 * node has only the targets of its zone, and DNS gives out no node without a healthy one.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#cross-zone-load-balancing
 */
function connectionPlan(ctx: Ctx, loadBalancer: LoadBalancer, listener: Listener): Plan {
  const [rule] = ctx.list(rules, 'listener', listener.arn);
  if (rule?.action.type !== 'forward') return { kind: 'refused' };
  const zones = loadBalancer.subnets.map(({ zone }) => zone);
  const whole = rule.action.groups.map((forward) => planGroup(ctx, forward));
  const everywhere = loadBalancerAttribute(loadBalancer, 'load_balancing.cross_zone.enabled') === 'true';
  const groups = (everywhere ? whole : whole.flatMap((group) => zones.map((zone) => inZone(group, zone))))
    .filter(({ targets }) => targets.length > 0)
    .map((group) => ({ ...group, algorithm: 'weighted_random' as const }));
  if (groups.length === 0) return { kind: 'refused' };
  return {
    kind: 'forward',
    loadBalancerArn: loadBalancer.arn,
    loadBalancer: dimension(loadBalancer.arn),
    scope: ctx.scope,
    zones,
    groups,
    idleTimeoutMs: tcpIdleMs(listener),
  };
}

/** Targets by zone, the same list as long as the whole one is the same. */
const zoned = new WeakMap<PlanGroup['targets'], Map<string, PlanGroup['targets']>>();

/** What the node of a zone has of a group. */
function inZone(group: PlanGroup, zone: string): PlanGroup {
  let byZone = zoned.get(group.targets);
  if (!byZone) zoned.set(group.targets, (byZone = new Map()));
  let targets = byZone.get(zone);
  if (!targets) byZone.set(zone, (targets = group.targets.filter((target) => target.zone === zone)));
  return { ...group, targetGroupArn: `${group.targetGroupArn}/${zone}`, targets };
}

function planGroup(ctx: Ctx, { targetGroupArn, weight }: ForwardGroup): PlanGroup {
  const group = ctx.get(targetGroups, targetGroupArn) as TargetGroup;
  const { failOpen, targets } = eligible(ctx, group, (healthy, registered) =>
    tooFew(group, healthy, registered),
  );
  const seconds = stickinessSeconds(group);
  return {
    targetGroupArn,
    dimension: dimension(targetGroupArn),
    weight,
    algorithm: targetGroupAttribute(group, 'load_balancing.algorithm.type') as PlanGroup['algorithm'],
    targets,
    failOpen,
    ...(seconds === undefined ? {} : { stickinessSeconds: seconds }),
  };
}

/** Below these numbers of healthy targets, requests go to all registered ones. */
function tooFew(group: TargetGroup, healthy: number, registered: number): boolean {
  const least = 'target_group_health.unhealthy_state_routing.minimum_healthy_targets';
  if (healthy < Number(targetGroupAttribute(group, `${least}.count`))) return true;
  const percentage = targetGroupAttribute(group, `${least}.percentage`);
  return percentage !== 'off' && healthy * 100 < Number(percentage) * registered;
}

function stickinessSeconds(group: TargetGroup): number | undefined {
  if (targetGroupAttribute(group, 'stickiness.enabled') !== 'true') return undefined;
  return Number(
    targetGroupAttribute(
      group,
      `stickiness.${targetGroupAttribute(group, 'stickiness.type')}.duration_seconds`,
    ),
  );
}

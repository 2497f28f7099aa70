// What a request to a host name meets: implemented by both generations of load balancers.

import { event } from '#world/index.ts';
import type { EventKind } from '#world/index.ts';
import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';

/** One place that may get a request. */
export interface PlanTarget {
  readonly instanceId: string;
  readonly port: number;
  readonly zone: string;
  /** Relative share of new requests, in thousandths: below 1000 during slow start. */
  readonly weight: number;
  readonly healthy: boolean;
  /** The network does not let the load balancer's packets through: nothing answers. */
  readonly blocked?: boolean;
}

/** A target group as a request meets it: the targets that are eligible now, after health, draining and fail-open. */
export interface PlanGroup {
  readonly targetGroupArn: string;
  /** CloudWatch dimension, `targetgroup/name/id`; of a Classic Load Balancer `name/protocol/port` of the listener. */
  readonly dimension: string;
  readonly weight: number;
  readonly algorithm: 'round_robin' | 'least_outstanding_requests' | 'weighted_random';
  readonly targets: readonly PlanTarget[];
  /** True when no target is healthy and all get traffic. */
  readonly failOpen: boolean;
  /** Cookie stickiness to a target (seconds), if on. */
  readonly stickinessSeconds?: number;
}

/** What a request to a host name meets right now. */
export type Plan =
  | {
      readonly kind: 'forward';
      readonly loadBalancerArn: string;
      /** What clients of a listener for HTTP or HTTPS speak, and where: targets are told. */
      readonly front?: { readonly protocol: 'http' | 'https'; readonly port: number };
      /** CloudWatch dimension, `app/name/id`; the name alone of a Classic Load Balancer. */
      readonly loadBalancer: string;
      readonly scope: string;
      readonly zones: readonly string[];
      readonly groups: readonly PlanGroup[];
      /** Stickiness to a target group of a weighted forward (seconds), if on. */
      readonly groupStickinessSeconds?: number;
      readonly idleTimeoutMs: number;
    }
  | {
      readonly kind: 'respond';
      readonly loadBalancer: string;
      readonly scope: string;
      readonly status: number;
    }
  /** The name resolves, and nothing listens on the port. */
  | { readonly kind: 'refused' };

/** A request on its way to a host name. */
export interface RoutedRequest {
  readonly host: string;
  readonly port: number;
  /** With the query string, if there is one. */
  readonly path: string;
  readonly method: string;
  /** The `Host` header, where it is not `host`. */
  readonly hostHeader?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly sourceIp?: string;
}

/** A load balancer's own name, as DNS and Route 53 know it. */
export interface NamedLoadBalancer {
  /** The zone to which alias records refer. */
  readonly hostedZoneId: string;
  /** IPv4 addresses of its nodes. */
  readonly addresses: readonly string[];
  /** Each target group has a healthy target: what `EvaluateTargetHealth` asks. */
  readonly healthy: boolean;
}

export interface Routing {
  /** Nothing where the name does not resolve. */
  plan(ctx: Ctx, request: RoutedRequest): Plan | undefined;
  /** What stands behind a load balancer's own name; nothing where the name does not resolve. */
  named?(ctx: Ctx, host: string): NamedLoadBalancer | undefined;
  /** Load balancers and port of the first listener, for a rehearsal's load that names none. */
  hosts(ctx: Ctx): { host: string; port: number; scope: string; name: string }[];
}
/** No two of them know one name. */
export const routing: Port<Routing> = port<Routing>('routing', (parts) => ({
  plan(ctx, request) {
    for (const part of parts) {
      const plan = part.plan(ctx, request);
      if (plan) return plan;
    }
    return undefined;
  },
  named(ctx, host) {
    for (const part of parts) {
      const named = part.named?.(ctx, host);
      if (named) return named;
    }
    return undefined;
  },
  hosts: (ctx) => parts.flatMap((part) => part.hosts(ctx)),
}));

/** Load balancers, listeners or rules changed: requests may meet something else than before. */
export const routingChanged: EventKind<{ loadBalancerArn: string }> = event(
  'elasticloadbalancing/routing-changed',
);

/** A target's health, registration or draining changed. Behind a Classic Load Balancer the ARN is the load balancer's own. */
export const targetChanged: EventKind<{ targetGroupArn: string; targetId: string; state: string }> = event(
  'elasticloadbalancing/target-changed',
);

// Rows of Classic Load Balancers, and the look-up that answers as AWS does when there is none. Every table whose rows decide
// where a request goes settles traffic before it changes.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { CheckRecord } from '#cloud/load-balancers/health-checks.ts';
import type { Tags } from '#cloud/tags.ts';

const ROUTES = { settles: true } as const;

export interface Listener {
  readonly port: number;
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'SSL';
  readonly instancePort: number;
  /** Of HTTPS and SSL. */
  readonly certificateArn?: string;
  /** Policies that are enabled on it, by name. */
  readonly policies: readonly string[];
}

/** A policy for sticky sessions. */
export type Policy =
  | {
      readonly name: string;
      readonly type: 'LBCookieStickinessPolicyType';
      /** Nothing: as long as the client keeps it. */
      readonly seconds: number | null;
    }
  | { readonly name: string; readonly type: 'AppCookieStickinessPolicyType'; readonly cookie: string };

export interface HealthCheck {
  readonly protocol: 'HTTP' | 'TCP';
  readonly port: number;
  /** Of HTTP, else ''. */
  readonly path: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

export interface Attributes {
  readonly crossZone: boolean;
  readonly draining: boolean;
  readonly drainingSeconds: number;
  readonly idleSeconds: number;
  readonly desyncMode: string;
}

export interface LoadBalancer {
  name: string;
  dnsName: string;
  scheme: 'internet-facing' | 'internal';
  vpcId: string;
  /** In the order of their zones. */
  subnets: readonly { readonly subnetId: string; readonly zone: string }[];
  securityGroupIds: readonly string[];
  /** Name of the first security group. */
  sourceGroup: string;
  state: 'provisioning' | 'active';
  /** In the order of their ports. */
  listeners: readonly Listener[];
  policies: readonly Policy[];
  healthCheck: HealthCheck;
  attributes: Attributes;
  tags: Tags;
  createdAt: number;
  /** Registrations so far: the ordinal under which the next one draws its random numbers. */
  registrations: number;
}

export const loadBalancers: Table<LoadBalancer> = table<LoadBalancer>(
  'elasticloadbalancing-classic/load-balancers',
  (row) => row.name,
  {},
  ROUTES,
);

/** A DNS name of a load balancer. Rows of the world: whoever asks, from wherever, gets the same answer. */
export interface HostName {
  /** In lower case. */
  host: string;
  scope: string;
  name: string;
}

export const hostNames: Table<HostName> = table<HostName>(
  'elasticloadbalancing-classic/host-names',
  (row) => row.host,
  {},
  ROUTES,
);

/**
 * How a registered instance stands. `idle` ones get neither requests nor health checks: their zone is not enabled, or they
 * do not run.
 */
export type Standing =
  | 'registering'
  | 'in service'
  | 'failed'
  | 'draining'
  | 'zone disabled'
  | 'pending'
  | 'stopped';

export interface Registration {
  key: string;
  /** By name. */
  loadBalancer: string;
  instanceId: string;
  zone: string;
  standing: Standing;
  /** Registrations with the load balancer before this one. */
  ordinal: number;
  /** While draining: when deregistration is complete. */
  drainingUntil: number | null;
}

export const registrations: Table<Registration> = table<Registration>(
  'elasticloadbalancing-classic/registrations',
  (row) => row.key,
  { loadBalancer: (row) => row.loadBalancer, instance: (row) => row.instanceId },
  ROUTES,
);

/** How their health checks stand. */
export const checks: Table<CheckRecord> = table<CheckRecord>(
  'elasticloadbalancing-classic/checks',
  (row) => row.key,
);

export function registrationKey(loadBalancer: string, instanceId: string): string {
  return `${loadBalancer} ${instanceId}`;
}

/** A load balancer's ARN, as policies and events name it; the API knows it by name alone. */
export function arnOf(ctx: Ctx, name: string): string {
  return ctx.arn('elasticloadbalancing', `loadbalancer/${name}`);
}

export function loadBalancerOf(ctx: Ctx, name: string): LoadBalancer {
  const found = ctx.get(loadBalancers, name);
  if (!found)
    throw new Fault('AccessPointNotFoundException', `There is no ACTIVE Load Balancer named '${name}'`);
  return found;
}

/** What AWS does elsewhere and is not done here. */
export function notModelled(what: string): Fault {
  return new Fault('NotImplemented', `${what} not modelled by Sandtable.`);
}

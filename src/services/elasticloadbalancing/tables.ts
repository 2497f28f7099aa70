// Rows of Elastic Load Balancing, and the look-ups that answer as AWS does when there is none. Every table
// whose rows decide where a request goes settles traffic before it changes.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { CheckRecord } from '#cloud/load-balancers/health-checks.ts';
import type { Tags } from '#cloud/tags.ts';
import type { Condition } from './listeners/conditions.ts';

const ROUTES = { settles: true } as const;

/** A node with addresses of its own. */
export interface Node {
  readonly subnetId: string;
  readonly interfaceId: string;
  readonly privateIp: string;
  readonly publicIp?: string;
  readonly allocationId?: string;
}

export interface LoadBalancer {
  arn: string;
  name: string;
  type: 'application' | 'network';
  dnsName: string;
  scheme: 'internet-facing' | 'internal';
  vpcId: string;
  subnets: readonly { subnetId: string; zone: string }[];
  /** Of Network Load Balancers, in the order of the subnets. */
  nodes: readonly Node[];
  securityGroupIds: readonly string[];
  state: 'provisioning' | 'active';
  /** Attributes that were set, as AWS spells them; defaults are filled in when read. */
  attributes: Readonly<Record<string, string>>;
  tags: Tags;
  createdAt: number;
}

export const loadBalancers: Table<LoadBalancer> = table<LoadBalancer>(
  'elasticloadbalancing/load-balancers',
  (row) => row.arn,
  { name: (row) => row.name },
  {
    ...ROUTES,
    version: 2,
    // All were Application Load Balancers before.
    upgrade: (row) => ({ ...(row as LoadBalancer), type: 'application', nodes: [] }),
  },
);

/** A DNS name of a load balancer. Rows of the world: whoever asks, from wherever, gets the same answer. */
export interface HostName {
  /** In lower case. */
  host: string;
  scope: string;
  loadBalancerArn: string;
}

export const hostNames: Table<HostName> = table<HostName>(
  'elasticloadbalancing/host-names',
  (row) => row.host,
  {},
  ROUTES,
);

/** What a listener speaks TLS with. */
export interface Tls {
  /** Name of its security policy. */
  readonly policy: string;
  /** Its default certificate, and those for clients that name a host. */
  readonly defaultArn: string;
  readonly moreArns: readonly string[];
  /** Of TLS listeners that were given one. */
  readonly alpnPolicy?: string;
}

export interface Listener {
  arn: string;
  loadBalancerArn: string;
  protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS';
  port: number;
  tls: Tls | null;
  attributes: Readonly<Record<string, string>>;
  tags: Tags;
}

export const listeners: Table<Listener> = table<Listener>(
  'elasticloadbalancing/listeners',
  (row) => row.arn,
  { loadBalancer: (row) => row.loadBalancerArn },
  {
    ...ROUTES,
    version: 2,
    // All listeners were for HTTP before.
    upgrade: (row) => ({ ...(row as Listener), protocol: 'HTTP', tls: null }),
  },
);

export interface ForwardGroup {
  targetGroupArn: string;
  weight: number;
}

/** What a rule does with a request that it matches. */
export type RuleAction =
  | {
      readonly type: 'forward';
      readonly groups: readonly ForwardGroup[];
      /** Stickiness to a target group, if on. */
      readonly stickinessSeconds: number | null;
    }
  | {
      readonly type: 'fixed-response';
      readonly statusCode: string;
      readonly contentType: string;
      readonly messageBody: string;
    }
  | { readonly type: 'redirect'; readonly statusCode: 'HTTP_301' | 'HTTP_302'; readonly to: Redirection };

export interface Redirection {
  readonly protocol: string;
  readonly port: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

export interface Rule {
  arn: string;
  listenerArn: string;
  loadBalancerArn: string;
  /** Lower is earlier. The default rule of a listener has none and is last. */
  priority: number | null;
  conditions: readonly Condition[];
  action: RuleAction;
  tags: Tags;
}

export const rules: Table<Rule> = table<Rule>(
  'elasticloadbalancing/rules',
  (row) => row.arn,
  { listener: (row) => row.listenerArn, loadBalancer: (row) => row.loadBalancerArn },
  ROUTES,
);

/** A rule forwards to a target group. */
export interface Use {
  targetGroupArn: string;
  ruleArn: string;
  loadBalancerArn: string;
}

export const uses: Table<Use> = table<Use>(
  'elasticloadbalancing/uses',
  (row) => `${row.targetGroupArn} ${row.ruleArn}`,
  {
    group: (row) => row.targetGroupArn,
    rule: (row) => row.ruleArn,
    loadBalancer: (row) => row.loadBalancerArn,
  },
);

export interface HealthCheck {
  protocol: 'HTTP' | 'TCP';
  /** `traffic-port` or a port number. */
  port: string;
  /** Of HTTP, else ''. */
  path: string;
  intervalSeconds: number;
  timeoutSeconds: number;
  healthyThreshold: number;
  unhealthyThreshold: number;
  /** Status codes that count as success: `200`, `200,202`, `200-299`; '' where there are none. */
  matcher: string;
}

export interface TargetGroup {
  arn: string;
  name: string;
  protocol: 'HTTP' | 'TCP';
  targetType: 'instance' | 'ip';
  port: number;
  vpcId: string;
  healthCheck: HealthCheck;
  /** Attributes that were set, as AWS spells them; defaults are filled in when read. */
  attributes: Readonly<Record<string, string>>;
  tags: Tags;
  /** Registrations so far: the ordinal under which the next one draws its random numbers. */
  registrations: number;
}

export const targetGroups: Table<TargetGroup> = table<TargetGroup>(
  'elasticloadbalancing/target-groups',
  (row) => row.arn,
  { name: (row) => row.name },
  {
    ...ROUTES,
    version: 3,
    upgrade(row, from) {
      const group = row as TargetGroup;
      const healthCheck = { ...group.healthCheck, protocol: 'HTTP' as const };
      const spoken = from < 2 ? { ...group, protocol: 'HTTP' as const, healthCheck } : group;
      return { ...spoken, targetType: 'instance' };
    },
  },
);

type TargetHealth = NonNullable<
  NonNullable<
    Output<'elasticloadbalancing', 'DescribeTargetHealth'>['TargetHealthDescriptions']
  >[number]['TargetHealth']
>;

/** State of a target, with the reason that AWS gives unless it is healthy. */
export interface Health {
  readonly state: NonNullable<TargetHealth['State']>;
  readonly reason?: NonNullable<TargetHealth['Reason']>;
  readonly description?: string;
}

export interface Target {
  key: string;
  targetGroupArn: string;
  /** As it was registered: an instance's id or an address. */
  targetId: string;
  /** What answers there: an instance, or the network interface of a task. Empty for an address that nothing has. */
  instanceId: string;
  port: number;
  zone: string;
  health: Health;
  /** Registrations of the group before this one. */
  ordinal: number;
  /** While draining: when deregistration is complete. */
  drainingUntil: number | null;
  /** Share of new requests in thousandths: less during a slow start. */
  weight: number;
  /** While starting slowly: from when, until when. */
  slowStart: { readonly from: number; readonly until: number } | null;
  /**
   * Registered with an empty group: the first time that it becomes healthy it gets its full share at once.
   */
  startsFull: boolean;
}

export const targets: Table<Target> = table<Target>(
  'elasticloadbalancing/targets',
  (row) => row.key,
  { group: (row) => row.targetGroupArn, instance: (row) => row.instanceId },
  {
    ...ROUTES,
    version: 2,
    upgrade: (row) => ({ ...(row as Target), targetId: (row as Target).instanceId }),
  },
);

/** How their health checks stand. */
export const checks: Table<CheckRecord> = table<CheckRecord>('elasticloadbalancing/checks', (row) => row.key);

export function targetKey(targetGroupArn: string, targetId: string, port: number): string {
  return `${targetGroupArn} ${targetId}:${port}`;
}

/** The CloudWatch dimension of a load balancer (`app/name/id`) or a target group (`targetgroup/name/id`). */
export function dimension(arn: string): string {
  const resource = arn.split(':')[5] as string;
  return resource.startsWith('loadbalancer/') ? resource.slice('loadbalancer/'.length) : resource;
}

/** Resources that have ARNs. */
export type ArnKind = 'load balancer' | 'target group' | 'listener' | 'listener rule';

const KINDS: Readonly<Record<ArnKind, RegExp>> = {
  'load balancer':
    /^arn:aws:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer\/(?:app|net)\/[^/]+\/[0-9a-f]{16}$/,
  'target group': /^arn:aws:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup\/[^/]+\/[0-9a-f]{16}$/,
  listener:
    /^arn:aws:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener\/(?:app|net)\/[^/]+(\/[0-9a-f]{16}){2}$/,
  'listener rule':
    /^arn:aws:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener-rule\/(?:app|net)\/[^/]+(\/[0-9a-f]{16}){3}$/,
};

/** Throws for what is no ARN of this kind in this account and region. */
function checkArn(ctx: Ctx, kind: ArnKind, arn: string): void {
  if (KINDS[kind].test(arn) && arn.startsWith(ctx.arn('elasticloadbalancing', ''))) return;
  throw new Fault('ValidationError', `'${arn}' is not a valid ${kind} ARN`);
}

export function loadBalancerOf(ctx: Ctx, arn: string): LoadBalancer {
  checkArn(ctx, 'load balancer', arn);
  const found = ctx.get(loadBalancers, arn);
  if (!found) throw new Fault('LoadBalancerNotFoundException', `Load balancer '${arn}' not found`);
  return found;
}

export function targetGroupOf(ctx: Ctx, arn: string): TargetGroup {
  checkArn(ctx, 'target group', arn);
  const found = ctx.get(targetGroups, arn);
  if (!found) throw new Fault('TargetGroupNotFoundException', 'One or more target groups not found');
  return found;
}

export function listenerOf(ctx: Ctx, arn: string): Listener {
  checkArn(ctx, 'listener', arn);
  const found = ctx.get(listeners, arn);
  if (!found) throw new Fault('ListenerNotFoundException', 'One or more listeners not found');
  return found;
}

export function ruleOf(ctx: Ctx, arn: string): Rule {
  checkArn(ctx, 'listener rule', arn);
  const found = ctx.get(rules, arn);
  if (!found) throw new Fault('RuleNotFoundException', 'One or more rules not found');
  return found;
}

/** The load balancer that sends requests to a group. AWS allows a group only one. */
export function loadBalancerUsing(ctx: Ctx, targetGroupArn: string): LoadBalancer | undefined {
  const [use] = ctx.list(uses, 'group', targetGroupArn);
  return use && ctx.get(loadBalancers, use.loadBalancerArn);
}

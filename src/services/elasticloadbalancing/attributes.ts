// Attributes of load balancers, listeners and target groups. Each is honoured, kept without effect, or
// refused where it would change what is not modelled.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html and
// API_LoadBalancerAttribute.html

import { Fault } from '#contract/fault.ts';
import { routingChanged } from '#cloud/ports/routing.ts';
import type { Operations } from '#cloud/service.ts';
import {
  listenerOf,
  listeners,
  loadBalancerOf,
  loadBalancers,
  loadBalancerUsing,
  targetGroupOf,
  targetGroups,
} from './tables.ts';
import type { Listener, LoadBalancer, TargetGroup } from './tables.ts';

type Attributes = Readonly<Record<string, string>>;

interface Attribute {
  readonly initial: string;
  readonly valid: (value: string) => boolean;
  /** In words of its own, where AWS has them. */
  readonly refused?: (value: string) => Fault;
  /**
   * `honoured`; `default only`: other values are refused by name; anything else: kept, and why it changes
   * nothing.
   */
  readonly effect: string;
}

function whole(from: number, to: number): Attribute['valid'] {
  return (value) => /^\d{1,9}$/.test(value) && Number(value) >= from && Number(value) <= to;
}
function among(...values: string[]): Attribute['valid'] {
  return (value) => values.includes(value);
}
const flag = among('true', 'false');
const any = (): boolean => true;

const LOGS = 'logs cannot be enabled, so nothing is written there';
const HEADERS = 'headers of requests and responses are not modelled';
const CLIENTS = 'targets are not told who their clients are';
const CONNECTIONS = 'connections of clients are not modelled';

type Definitions = Readonly<Record<string, Attribute>>;

/** Logs of one kind to S3. */
function logs(kind: string): Definitions {
  return {
    [`${kind}.s3.enabled`]: { initial: 'false', valid: flag, effect: 'default only' },
    [`${kind}.s3.bucket`]: { initial: '', valid: any, effect: LOGS },
    [`${kind}.s3.prefix`]: { initial: '', valid: any, effect: LOGS },
  };
}

/** Of every load balancer. */
const COMMON: Definitions = {
  ...logs('access_logs'),
  'deletion_protection.enabled': { initial: 'false', valid: flag, effect: 'honoured' },
  'ipv6.deny_all_igw_traffic': { initial: 'false', valid: flag, effect: 'default only' },
  'zonal_shift.config.enabled': { initial: 'false', valid: flag, effect: 'default only' },
};

const LOAD_BALANCER: Readonly<Record<LoadBalancer['type'], Definitions>> = {
  application: {
    ...COMMON,
    ...logs('connection_logs'),
    ...logs('health_check_logs'),
    'client_keep_alive.seconds': { initial: '3600', valid: whole(60, 604_800), effect: CONNECTIONS },
    'idle_timeout.timeout_seconds': { initial: '60', valid: whole(1, 4000), effect: 'honoured' },
    'load_balancing.cross_zone.enabled': { initial: 'true', valid: among('true'), effect: 'honoured' },
    'routing.http.desync_mitigation_mode': {
      initial: 'defensive',
      valid: among('monitor', 'defensive', 'strictest'),
      effect: HEADERS,
    },
    'routing.http.drop_invalid_header_fields.enabled': { initial: 'false', valid: flag, effect: HEADERS },
    'routing.http.preserve_host_header.enabled': { initial: 'false', valid: flag, effect: HEADERS },
    'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': {
      initial: 'false',
      valid: flag,
      effect: HEADERS,
    },
    'routing.http.xff_client_port.enabled': { initial: 'false', valid: flag, effect: HEADERS },
    'routing.http.xff_header_processing.mode': {
      initial: 'append',
      valid: among('append', 'preserve', 'remove'),
      effect: HEADERS,
    },
    'routing.http2.enabled': { initial: 'true', valid: flag, effect: CONNECTIONS },
    'waf.fail_open.enabled': { initial: 'false', valid: flag, effect: 'no web ACL can be associated' },
  },
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#load-balancer-attributes
  network: {
    ...COMMON,
    'dns_record.client_routing_policy': {
      initial: 'any_availability_zone',
      valid: among(
        'any_availability_zone',
        'availability_zone_affinity',
        'partial_availability_zone_affinity',
      ),
      effect: 'default only',
    },
    'load_balancing.cross_zone.enabled': { initial: 'false', valid: flag, effect: 'honoured' },
    'secondary_ips.auto_assigned.per_subnet': { initial: '0', valid: whole(0, 7), effect: 'default only' },
  },
};

/** Of every target group. */
const TARGETS: Definitions = {
  'deregistration_delay.timeout_seconds': { initial: '300', valid: whole(0, 3600), effect: 'honoured' },
  'load_balancing.cross_zone.enabled': {
    initial: 'use_load_balancer_configuration',
    valid: among('true', 'false', 'use_load_balancer_configuration'),
    effect: 'default only',
  },
  'target_group_health.dns_failover.minimum_healthy_targets.count': {
    initial: '1',
    valid: (value) => value === 'off' || whole(1, 1000)(value),
    effect: 'default only',
  },
  'target_group_health.dns_failover.minimum_healthy_targets.percentage': {
    initial: 'off',
    valid: (value) => value === 'off' || whole(1, 100)(value),
    effect: 'default only',
  },
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': {
    initial: '1',
    valid: whole(1, 1000),
    effect: 'honoured',
  },
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage': {
    initial: 'off',
    valid: (value) => value === 'off' || whole(1, 100)(value),
    effect: 'honoured',
  },
};

const TARGET_GROUP: Readonly<Record<TargetGroup['protocol'], Definitions>> = {
  HTTP: {
    ...TARGETS,
    'load_balancing.algorithm.anomaly_mitigation': {
      initial: 'off',
      valid: among('on', 'off'),
      effect: 'default only',
    },
    'load_balancing.algorithm.type': {
      initial: 'round_robin',
      valid: among('round_robin', 'least_outstanding_requests', 'weighted_random'),
      effect: 'honoured',
    },
    'slow_start.duration_seconds': {
      initial: '0',
      valid: (value) => value === '0' || whole(30, 900)(value),
      effect: 'honoured',
    },
    'stickiness.app_cookie.cookie_name': {
      initial: '',
      valid: (value) => !/^(AWSALB|AWSALBAPP|AWSALBTG)/.test(value),
      effect: 'cookies of applications are not modelled: every client is taken to keep the cookie',
    },
    'stickiness.app_cookie.duration_seconds': {
      initial: '86400',
      valid: whole(1, 604_800),
      effect: 'honoured',
    },
    'stickiness.enabled': { initial: 'false', valid: flag, effect: 'honoured' },
    'stickiness.lb_cookie.duration_seconds': {
      initial: '86400',
      valid: whole(1, 604_800),
      effect: 'honoured',
    },
    'stickiness.type': {
      initial: 'lb_cookie',
      valid: among('lb_cookie', 'app_cookie'),
      refused: (value) =>
        value === 'source_ip'
          ? new Fault(
              'InvalidConfigurationRequestException',
              "Stickiness type 'source_ip' is not supported for target groups with the HTTP protocol",
            )
          : new Fault(
              'ValidationError',
              "'Stickiness type' must be one of [app_cookie, lb_cookie, source_ip]",
            ),
      effect: 'honoured',
    },
  },
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html#target-group-attributes
  TCP: {
    ...TARGETS,
    'deregistration_delay.connection_termination.enabled': {
      initial: 'false',
      valid: flag,
      effect: 'default only',
    },
    'preserve_client_ip.enabled': { initial: 'true', valid: flag, effect: CLIENTS },
    'proxy_protocol_v2.enabled': { initial: 'false', valid: flag, effect: 'default only' },
    'stickiness.enabled': { initial: 'false', valid: flag, effect: 'default only' },
    'stickiness.type': { initial: 'source_ip', valid: among('source_ip'), effect: 'honoured' },
  },
};

/** Of TCP listeners. */
const TCP_LISTENER: Definitions = {
  'tcp.idle_timeout.seconds': { initial: '350', valid: whole(60, 6000), effect: 'honoured' },
};

/** Of HTTP listeners: headers that they add to responses. */
const RESPONSE_HEADERS = [
  'access_control_allow_credentials',
  'access_control_allow_headers',
  'access_control_allow_methods',
  'access_control_allow_origin',
  'access_control_expose_headers',
  'access_control_max_age',
  'content_security_policy',
  'strict_transport_security',
  'x_content_type_options',
  'x_frame_options',
];

const LISTENER: Definitions = {
  ...Object.fromEntries(
    RESPONSE_HEADERS.map((name) => [
      `routing.http.response.${name}.header_value`,
      { initial: '', valid: any, effect: HEADERS },
    ]),
  ),
  'routing.http.response.server.enabled': { initial: 'true', valid: flag, effect: HEADERS },
};

/** TLS listeners have none that can be changed. */
function ofListener({ protocol }: Listener): Definitions {
  if (protocol === 'TLS') return {};
  return protocol === 'TCP' ? TCP_LISTENER : LISTENER;
}

export function loadBalancerAttribute(row: LoadBalancer, key: string): string {
  return row.attributes[key] ?? (LOAD_BALANCER[row.type][key] as Attribute).initial;
}

/** What a group of another protocol does not have is as it is at first. */
export function targetGroupAttribute(row: TargetGroup, key: string): string {
  return (
    row.attributes[key] ?? ((TARGET_GROUP[row.protocol][key] ?? TARGET_GROUP.HTTP[key]) as Attribute).initial
  );
}

/** How long a connection through a Network Load Balancer may be silent (ms). */
export function tcpIdleMs({ attributes }: Listener): number {
  const key = 'tcp.idle_timeout.seconds';
  return Number(attributes[key] ?? (TCP_LISTENER[key] as Attribute).initial) * 1000;
}

export function stickyByAppCookie(row: TargetGroup): boolean {
  return (
    targetGroupAttribute(row, 'stickiness.enabled') === 'true' &&
    targetGroupAttribute(row, 'stickiness.type') === 'app_cookie'
  );
}

/**
 * The attributes after a change. Throws AWS's errors, and ours for what would change something that is not
 * modelled.
 */
function change(
  kind: string,
  known: Definitions,
  before: Attributes,
  wanted: readonly { Key?: string | undefined; Value?: string | undefined }[],
): Attributes {
  const after: Record<string, string> = { ...before };
  for (const { Key: key = '', Value: value = '' } of wanted) {
    const attribute = Object.hasOwn(known, key) ? known[key] : undefined;
    if (!attribute) throw new Fault('ValidationError', `${kind} attribute key '${key}' is not recognized`);
    if (!attribute.valid(value)) {
      if (attribute.refused) throw attribute.refused(value);
      throw new Fault('ValidationError', `${kind} attribute value '${value}' is not valid for '${key}'`);
    }
    if (attribute.effect === 'default only' && value !== attribute.initial) {
      throw new Fault('NotImplemented', `The attribute ${key} = ${value} is not modelled by Sandtable.`);
    }
    after[key] = value;
  }
  return after;
}

function list(known: Definitions, set: Attributes): { Key: string; Value: string }[] {
  return Object.entries(known).map(([Key, { initial }]) => ({ Key, Value: set[Key] ?? initial }));
}

export const attributeOperations: Operations<'elasticloadbalancing'> = {
  DescribeLoadBalancerAttributes(ctx, { LoadBalancerArn }) {
    const row = loadBalancerOf(ctx, LoadBalancerArn);
    return { Attributes: list(LOAD_BALANCER[row.type], row.attributes) };
  },

  ModifyLoadBalancerAttributes(ctx, { LoadBalancerArn, Attributes }) {
    const row = loadBalancerOf(ctx, LoadBalancerArn);
    const attributes = change('Load balancer', LOAD_BALANCER[row.type], row.attributes, Attributes);
    ctx.update(loadBalancers, row, { attributes });
    if (row.type === 'network') ctx.emit(routingChanged, { loadBalancerArn: row.arn });
    return { Attributes: list(LOAD_BALANCER[row.type], attributes) };
  },

  DescribeCapacityReservation(ctx, { LoadBalancerArn }) {
    loadBalancerOf(ctx, LoadBalancerArn);
    // Nothing is reserved: the operation that would reserve it is refused.
    return { CapacityReservationState: [] };
  },

  DescribeListenerAttributes(ctx, { ListenerArn }) {
    const row = listenerOf(ctx, ListenerArn);
    return { Attributes: list(ofListener(row), row.attributes) };
  },

  ModifyListenerAttributes(ctx, { ListenerArn, Attributes }) {
    const row = listenerOf(ctx, ListenerArn);
    const attributes = change('Listener', ofListener(row), row.attributes, Attributes);
    ctx.update(listeners, row, { attributes });
    return { Attributes: list(ofListener(row), attributes) };
  },

  DescribeTargetGroupAttributes(ctx, { TargetGroupArn }) {
    const row = targetGroupOf(ctx, TargetGroupArn);
    return { Attributes: list(TARGET_GROUP[row.protocol], row.attributes) };
  },

  ModifyTargetGroupAttributes(ctx, { TargetGroupArn, Attributes }) {
    const row = targetGroupOf(ctx, TargetGroupArn);
    const after = {
      ...row,
      attributes: change('Target group', TARGET_GROUP[row.protocol], row.attributes, Attributes),
    };
    checkTogether(after);
    ctx.put(targetGroups, after);
    const loadBalancer = loadBalancerUsing(ctx, row.arn);
    if (loadBalancer) ctx.emit(routingChanged, { loadBalancerArn: loadBalancer.arn });
    return { Attributes: list(TARGET_GROUP[row.protocol], after.attributes) };
  },
};

/** What attributes forbid each other. */
function checkTogether(row: TargetGroup): void {
  const slow = targetGroupAttribute(row, 'slow_start.duration_seconds') !== '0';
  const algorithm = targetGroupAttribute(row, 'load_balancing.algorithm.type');
  if (slow && algorithm !== 'round_robin') {
    throw new Fault(
      'InvalidConfigurationRequestException',
      `You cannot enable slow start for a target group with the '${algorithm}' load balancing algorithm`,
    );
  }
  if (stickyByAppCookie(row) && targetGroupAttribute(row, 'stickiness.app_cookie.cookie_name') === '') {
    throw new Fault(
      'InvalidConfigurationRequestException',
      "A cookie name must be specified for stickiness of type 'app_cookie'",
    );
  }
}

/** When a target that is deregistered at `now` is gone for good. */
export function drainedAt(group: TargetGroup, now: number): number {
  return now + Number(targetGroupAttribute(group, 'deregistration_delay.timeout_seconds')) * 1000;
}

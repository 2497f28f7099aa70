// Attributes of load balancers.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-configure-load-balancer.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { routingChanged } from '#cloud/ports/routing.ts';
import type { Operations } from '#cloud/service.ts';
import { arnOf, loadBalancerOf, loadBalancers, notModelled } from './tables.ts';
import type { Attributes } from './tables.ts';

const CLASSIC = 'elasticloadbalancing-classic';
type Wire = Input<typeof CLASSIC, 'ModifyLoadBalancerAttributes'>['LoadBalancerAttributes'];

export const INITIAL: Attributes = {
  crossZone: false,
  draining: false,
  drainingSeconds: 300,
  idleSeconds: 60,
  desyncMode: 'defensive',
};

const DESYNC = 'elb.http.desyncmitigationmode';
const DESYNC_MODES = ['monitor', 'defensive', 'strictest'];
/** Seconds. */
const LONGEST_DRAINING = 3600;

function changed(before: Attributes, wanted: Wire): Attributes {
  const { CrossZoneLoadBalancing, AccessLog, ConnectionDraining, ConnectionSettings } = wanted;
  if (AccessLog?.Enabled) throw notModelled('Access logs are');
  const seconds = ConnectionDraining?.Timeout ?? INITIAL.drainingSeconds;
  if (seconds < 1 || seconds > LONGEST_DRAINING) {
    throw new Fault(
      'InvalidConfigurationRequestException',
      `ConnectionDraining timeout must be between 1 and ${LONGEST_DRAINING} seconds.`,
    );
  }
  return {
    crossZone: CrossZoneLoadBalancing?.Enabled ?? before.crossZone,
    draining: ConnectionDraining?.Enabled ?? before.draining,
    drainingSeconds: ConnectionDraining ? seconds : before.drainingSeconds,
    idleSeconds: ConnectionSettings?.IdleTimeout ?? before.idleSeconds,
    desyncMode: desyncMode(wanted.AdditionalAttributes) ?? before.desyncMode,
  };
}

function desyncMode(wanted: Wire['AdditionalAttributes'] = []): string | undefined {
  for (const { Key = '', Value = '' } of wanted) {
    if (Key !== DESYNC)
      throw new Fault('LoadBalancerAttributeNotFoundException', `The attribute ${Key} does not exist.`);
    if (!DESYNC_MODES.includes(Value))
      throw new Fault('InvalidConfigurationRequestException', `${Key} cannot be ${Value}.`);
  }
  return wanted.at(-1)?.Value;
}

function show(attributes: Attributes): Wire {
  return {
    CrossZoneLoadBalancing: { Enabled: attributes.crossZone },
    AccessLog: { Enabled: false },
    ConnectionDraining: { Enabled: attributes.draining, Timeout: attributes.drainingSeconds },
    ConnectionSettings: { IdleTimeout: attributes.idleSeconds },
    AdditionalAttributes: [{ Key: DESYNC, Value: attributes.desyncMode }],
  };
}

/** Of all attributes, those that a request has named. */
function named(all: Wire, wanted: Wire): Wire {
  return Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(wanted, name)));
}

function modify(ctx: Ctx, name: string, wanted: Wire): Attributes {
  const row = loadBalancerOf(ctx, name);
  const attributes = changed(row.attributes, wanted);
  ctx.update(loadBalancers, row, { attributes });
  ctx.emit(routingChanged, { loadBalancerArn: arnOf(ctx, name) });
  return attributes;
}

export const attributeOperations: Operations<typeof CLASSIC> = {
  DescribeLoadBalancerAttributes(ctx, { LoadBalancerName }) {
    return { LoadBalancerAttributes: show(loadBalancerOf(ctx, LoadBalancerName).attributes) };
  },

  ModifyLoadBalancerAttributes(ctx, { LoadBalancerName, LoadBalancerAttributes }) {
    const attributes = modify(ctx, LoadBalancerName, LoadBalancerAttributes);
    return { LoadBalancerName, LoadBalancerAttributes: named(show(attributes), LoadBalancerAttributes) };
  },
};

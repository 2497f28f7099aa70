// Listeners: for HTTP and HTTPS of Application Load Balancers, for TCP and TLS of Network Load Balancers.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { routingChanged } from '#cloud/ports/routing.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { PAGE_SIZE, QUOTAS } from '../limits.ts';
import { listenerOf, listeners, loadBalancerOf, rules } from '../tables.ts';
import type { Listener, LoadBalancer, Rule, Tls } from '../tables.ts';
import { newTags } from '../tags.ts';
import { parseActions, showActions } from './actions.ts';
import { tlsOf } from './certificates.ts';
import { putRule, removeRule, ruleArn } from './rules.ts';

type Shown = NonNullable<Output<'elasticloadbalancing', 'DescribeListeners'>['Listeners']>[number];

export const listenerOperations: Operations<'elasticloadbalancing'> = {
  CreateListener(ctx, input) {
    const { LoadBalancerArn, Protocol, Port, DefaultActions, Tags } = input;
    const loadBalancer = loadBalancerOf(ctx, LoadBalancerArn);
    if (Protocol === undefined) throw new Fault('ValidationError', 'A listener protocol must be specified');
    if (Port === undefined) throw new Fault('ValidationError', 'A listener port must be specified');
    const protocol = protocolOf(loadBalancer, Protocol);
    const tags = newTags(Tags);
    const tls = tlsOf(ctx, protocol, null, input);
    const action = parseActions(ctx, loadBalancer, DefaultActions);
    const present = ctx.list(listeners, 'loadBalancer', loadBalancer.arn);
    const existing = present.find(({ port }) => port === Port);
    if (existing) {
      // Idempotent, unless the request disagrees with what is there.
      const there = {
        protocol: existing.protocol,
        tls: existing.tls,
        action: defaultRule(ctx, existing).action,
      };
      if (JSON.stringify(there) === JSON.stringify({ protocol, tls, action }))
        return { Listeners: [show(ctx, existing)] };
      throw duplicate(loadBalancer);
    }
    if (present.length >= QUOTAS[`listeners-per-${loadBalancer.type}-load-balancer`]) {
      throw new Fault(
        'TooManyListenersException',
        "You've reached the limit on the number of listeners per load balancer.",
      );
    }
    const arn = `${loadBalancer.arn.replace(':loadbalancer/', ':listener/')}/${ctx.id('listener', 16)}`;
    const listener: Listener = {
      arn,
      loadBalancerArn: loadBalancer.arn,
      protocol,
      port: Port,
      tls,
      attributes: {},
      tags,
    };
    ctx.put(listeners, listener);
    const rule = {
      arn: ruleArn(ctx, arn),
      listenerArn: arn,
      loadBalancerArn: loadBalancer.arn,
      action,
      tags: {},
    };
    putRule(ctx, { ...rule, priority: null, conditions: [] });
    return { Listeners: [show(ctx, listener)] };
  },

  ModifyListener(ctx, input) {
    const { ListenerArn, Protocol, Port, DefaultActions } = input;
    const listener = listenerOf(ctx, ListenerArn);
    const loadBalancer = loadBalancerOf(ctx, listener.loadBalancerArn);
    const protocol = Protocol === undefined ? listener.protocol : protocolOf(loadBalancer, Protocol);
    const tls = tlsOf(ctx, protocol, listener.tls, input);
    const port = Port ?? listener.port;
    const others = ctx
      .list(listeners, 'loadBalancer', loadBalancer.arn)
      .filter(({ arn }) => arn !== listener.arn);
    if (others.some((other) => other.port === port)) throw duplicate(loadBalancer);
    if (DefaultActions) {
      const action = parseActions(ctx, loadBalancer, DefaultActions);
      putRule(ctx, { ...defaultRule(ctx, listener), action });
    }
    const after = ctx.update(listeners, listener, { protocol, port, tls });
    if (port === listener.port && protocol === listener.protocol) return { Listeners: [show(ctx, after)] };
    ctx.emit(routingChanged, { loadBalancerArn: loadBalancer.arn });
    return { Listeners: [show(ctx, after)] };
  },

  DescribeListeners(ctx, { LoadBalancerArn, ListenerArns = [], Marker, PageSize = PAGE_SIZE }) {
    if (LoadBalancerArn === undefined && ListenerArns.length === 0) {
      throw new Fault('ValidationError', 'You must specify either listener ARNs or a load balancer ARN');
    }
    if (LoadBalancerArn !== undefined && ListenerArns.length > 0) {
      throw new Fault(
        'ValidationError',
        'Listener ARNs and a load balancer ARN cannot be specified at the same time',
      );
    }
    const found =
      LoadBalancerArn === undefined
        ? ListenerArns.map((arn) => listenerOf(ctx, arn))
        : ctx.list(listeners, 'loadBalancer', loadBalancerOf(ctx, LoadBalancerArn).arn);
    const { items, next } = pageOf(found, ({ arn }) => arn, { token: Marker, limit: PageSize });
    return { Listeners: items.map((row) => show(ctx, row)), NextMarker: next };
  },

  DeleteListener(ctx, { ListenerArn }) {
    const { arn } = listenerOf(ctx, ListenerArn);
    ctx.delete(listeners, arn);
    for (const rule of ctx.list(rules, 'listener', arn)) removeRule(ctx, rule);
  },
};

/** What AWS has, by type of load balancer. */
const PROTOCOLS = {
  application: { modelled: ['HTTP', 'HTTPS'], others: [] },
  network: { modelled: ['TCP', 'TLS'], others: ['UDP', 'TCP_UDP', 'QUIC', 'TCP_QUIC'] },
} as const;

function protocolOf({ type }: LoadBalancer, protocol: string): Listener['protocol'] {
  const { modelled, others } = PROTOCOLS[type];
  if ((modelled as readonly string[]).includes(protocol)) return protocol as Listener['protocol'];
  if ((others as readonly string[]).includes(protocol)) {
    throw new Fault('NotImplemented', `Listeners for ${protocol} are not modelled by Sandtable.`);
  }
  const all = [...modelled, ...others].join(', ');
  throw new Fault('ValidationError', `Listener protocol '${protocol}' must be one of '${all}'`);
}

function duplicate({ arn }: LoadBalancer): Fault {
  return new Fault(
    'DuplicateListenerException',
    `A listener already exists on this port for this load balancer '${arn}'`,
  );
}

function defaultRule(ctx: Ctx, { arn }: Listener): Rule {
  return ctx.list(rules, 'listener', arn).find(({ priority }) => priority === null) as Rule;
}

function show(ctx: Ctx, listener: Listener): Shown {
  return {
    ListenerArn: listener.arn,
    LoadBalancerArn: listener.loadBalancerArn,
    Port: listener.port,
    Protocol: listener.protocol,
    ...(listener.tls ? tlsShown(listener.tls) : {}),
    DefaultActions: showActions(defaultRule(ctx, listener).action),
  };
}

function tlsShown({ policy, defaultArn, alpnPolicy }: Tls): Partial<Shown> {
  const secured = { SslPolicy: policy, Certificates: [{ CertificateArn: defaultArn }] };
  return alpnPolicy === undefined ? secured : { ...secured, AlpnPolicy: [alpnPolicy] };
}

// Listeners for HTTP. HTTPS needs certificates, which are not modelled.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { routingChanged } from '#cloud/ports/routing.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { parseActions, showActions } from './actions.ts';
import { PAGE_SIZE, QUOTAS } from './limits.ts';
import { putRule, removeRule, ruleArn } from './rules.ts';
import { listenerOf, listeners, loadBalancerOf, rules } from './tables.ts';
import type { Listener, LoadBalancer, Rule } from './tables.ts';
import { newTags } from './tags.ts';

type Shown = NonNullable<Output<'elasticloadbalancing', 'DescribeListeners'>['Listeners']>[number];

export const listenerOperations: Operations<'elasticloadbalancing'> = {
  CreateListener(ctx, { LoadBalancerArn, Protocol, Port, DefaultActions, Tags }) {
    const loadBalancer = loadBalancerOf(ctx, LoadBalancerArn);
    if (Protocol === undefined) throw new Fault('ValidationError', 'A listener protocol must be specified');
    if (Port === undefined) throw new Fault('ValidationError', 'A listener port must be specified');
    checkProtocol(Protocol);
    const tags = newTags(Tags);
    const action = parseActions(ctx, loadBalancer, DefaultActions);
    const present = ctx.list(listeners, 'loadBalancer', loadBalancer.arn);
    const existing = present.find(({ port }) => port === Port);
    if (existing) {
      // Idempotent, unless the request disagrees with what is there.
      if (JSON.stringify(defaultRule(ctx, existing).action) === JSON.stringify(action))
        return { Listeners: [show(ctx, existing)] };
      throw duplicate(loadBalancer);
    }
    if (present.length >= QUOTAS['listeners-per-application-load-balancer']) {
      throw new Fault(
        'TooManyListenersException',
        "You've reached the limit on the number of listeners per load balancer.",
      );
    }
    const arn = `${loadBalancer.arn.replace(':loadbalancer/', ':listener/')}/${ctx.id('listener', 16)}`;
    const listener: Listener = { arn, loadBalancerArn: loadBalancer.arn, port: Port, attributes: {}, tags };
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

  ModifyListener(ctx, { ListenerArn, Protocol = 'HTTP', Port, DefaultActions }) {
    const listener = listenerOf(ctx, ListenerArn);
    checkProtocol(Protocol);
    const loadBalancer = loadBalancerOf(ctx, listener.loadBalancerArn);
    const port = Port ?? listener.port;
    const others = ctx
      .list(listeners, 'loadBalancer', loadBalancer.arn)
      .filter(({ arn }) => arn !== listener.arn);
    if (others.some((other) => other.port === port)) throw duplicate(loadBalancer);
    if (DefaultActions) {
      const action = parseActions(ctx, loadBalancer, DefaultActions);
      putRule(ctx, { ...defaultRule(ctx, listener), action });
    }
    if (port === listener.port) return { Listeners: [show(ctx, listener)] };
    const after = ctx.update(listeners, listener, { port });
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

function checkProtocol(protocol: string): void {
  if (protocol === 'HTTP') return;
  if (protocol !== 'HTTPS') {
    throw new Fault('ValidationError', `Listener protocol '${protocol}' must be one of 'HTTP, HTTPS'`);
  }
  throw new Fault('NotImplemented', 'HTTPS listeners are not modelled by Sandtable: they need certificates.');
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
    Protocol: 'HTTP',
    DefaultActions: showActions(defaultRule(ctx, listener).action),
  };
}

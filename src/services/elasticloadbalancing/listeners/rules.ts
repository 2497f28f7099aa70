// Rules of listeners. The default action of a listener is a rule as well: the last one, with no conditions.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { routingChanged } from '#cloud/ports/routing.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { publishHostCounts } from '../host-counts.ts';
import { PAGE_SIZE, QUOTAS } from '../limits.ts';
import { listenerOf, loadBalancerOf, ruleOf, rules, uses } from '../tables.ts';
import type { Rule } from '../tables.ts';
import { newTags } from '../tags.ts';
import { wakeTargets } from '../targets/targets.ts';
import { parseActions, showActions } from './actions.ts';
import { parseConditions, showCondition } from './conditions.ts';

type Shown = NonNullable<Output<'elasticloadbalancing', 'DescribeRules'>['Rules']>[number];

/** The ARN of a new rule. */
export function ruleArn(ctx: Ctx, listenerArn: string): string {
  return `${listenerArn.replace(':listener/', ':listener-rule/')}/${ctx.id('rule', 16)}`;
}

/** Writes a rule and which target groups it uses. */
export function putRule(ctx: Ctx, rule: Rule): void {
  ctx.put(rules, rule);
  const { action, arn, loadBalancerArn } = rule;
  useOnly(
    ctx,
    arn,
    action.type === 'forward' ? action.groups.map(({ targetGroupArn }) => targetGroupArn) : [],
    loadBalancerArn,
  );
  ctx.emit(routingChanged, { loadBalancerArn });
}

export function removeRule(ctx: Ctx, { arn, loadBalancerArn }: Rule): void {
  ctx.delete(rules, arn);
  useOnly(ctx, arn, [], loadBalancerArn);
  ctx.emit(routingChanged, { loadBalancerArn });
}

/** The targets of groups that came into use or went out of it are looked at again. */
function useOnly(ctx: Ctx, arn: string, wanted: readonly string[], loadBalancerArn: string): void {
  const before = ctx.list(uses, 'rule', arn);
  const gone = before.filter(({ targetGroupArn }) => !wanted.includes(targetGroupArn));
  const fresh = wanted.filter((group) => !before.some(({ targetGroupArn }) => targetGroupArn === group));
  for (const use of gone) ctx.delete(uses, uses.key(use));
  for (const targetGroupArn of fresh) ctx.put(uses, { targetGroupArn, ruleArn: arn, loadBalancerArn });
  for (const targetGroupArn of [...gone.map((use) => use.targetGroupArn), ...fresh]) {
    wakeTargets(ctx, targetGroupArn);
    publishHostCounts(ctx, targetGroupArn);
  }
}

export const ruleOperations: Operations<'elasticloadbalancing'> = {
  CreateRule(ctx, { ListenerArn, Conditions, Priority, Actions, Tags }) {
    const listener = listenerOf(ctx, ListenerArn);
    const loadBalancer = loadBalancerOf(ctx, listener.loadBalancerArn);
    if (loadBalancer.type === 'network') {
      throw new Fault(
        'ValidationError',
        `Rules cannot be created for the listener '${listener.arn}' of a Network Load Balancer`,
      );
    }
    const tags = newTags(Tags);
    const conditions = parseConditions(Conditions);
    const action = parseActions(ctx, loadBalancer, Actions);
    if (ctx.list(rules, 'listener', listener.arn).some(({ priority }) => priority === Priority))
      throw inUse(Priority);
    const present = ctx
      .list(rules, 'loadBalancer', loadBalancer.arn)
      .filter(({ priority }) => priority !== null);
    if (present.length >= QUOTAS['rules-per-application-load-balancer']) {
      throw new Fault(
        'TooManyRulesException',
        "You've reached the limit on the number of rules per load balancer.",
      );
    }
    const arn = ruleArn(ctx, listener.arn);
    const place = { arn, listenerArn: listener.arn, loadBalancerArn: loadBalancer.arn, priority: Priority };
    const rule: Rule = { ...place, conditions, action, tags };
    putRule(ctx, rule);
    return { Rules: [show(rule)] };
  },

  ModifyRule(ctx, { RuleArn, Conditions, Actions }) {
    const rule = ruleOf(ctx, RuleArn);
    if (rule.priority === null)
      throw new Fault('OperationNotPermittedException', `Default rule '${RuleArn}' cannot be modified`);
    if (!Conditions && !Actions)
      throw new Fault('ValidationError', 'Either conditions or actions must be specified');
    const conditions = Conditions ? parseConditions(Conditions) : rule.conditions;
    const action = Actions
      ? parseActions(ctx, loadBalancerOf(ctx, rule.loadBalancerArn), Actions)
      : rule.action;
    const after = { ...rule, conditions, action };
    putRule(ctx, after);
    return { Rules: [show(after)] };
  },

  DeleteRule(ctx, { RuleArn }) {
    const rule = ruleOf(ctx, RuleArn);
    if (rule.priority === null)
      throw new Fault('OperationNotPermittedException', `Default rule '${RuleArn}' cannot be deleted`);
    removeRule(ctx, rule);
  },

  DescribeRules(ctx, { ListenerArn, RuleArns = [], Marker, PageSize = PAGE_SIZE }) {
    if (ListenerArn === undefined && RuleArns.length === 0) {
      throw new Fault('ValidationError', 'You must specify either listener rule ARNs or a listener ARN');
    }
    if (ListenerArn !== undefined && RuleArns.length > 0) {
      throw new Fault(
        'ValidationError',
        'Listener rule ARNs and a listener ARN cannot be specified at the same time',
      );
    }
    const found =
      ListenerArn === undefined
        ? RuleArns.map((arn) => ruleOf(ctx, arn))
        : ctx
            .list(rules, 'listener', listenerOf(ctx, ListenerArn).arn)
            .toSorted((left, right) => rank(left) - rank(right));
    const { items, next } = pageOf(found, ({ arn }) => arn, { token: Marker, limit: PageSize });
    return { Rules: items.map(show), NextMarker: next };
  },

  SetRulePriorities(ctx, { RulePriorities }) {
    const wanted = RulePriorities.map(({ RuleArn = '', Priority }) => {
      const rule = ruleOf(ctx, RuleArn);
      if (rule.priority === null) {
        throw new Fault(
          'OperationNotPermittedException',
          `Priority of default rule '${RuleArn}' cannot be modified`,
        );
      }
      return { rule, priority: Priority ?? rule.priority };
    });
    for (const [i, { rule, priority }] of wanted.entries()) {
      if (
        wanted.some(
          (other, j) => j > i && other.rule.listenerArn === rule.listenerArn && other.priority === priority,
        )
      ) {
        throw new Fault('ValidationError', `Priority '${priority}' was provided multiple times`);
      }
      const moving = wanted.map((other) => other.rule.arn);
      const staying = ctx
        .list(rules, 'listener', rule.listenerArn)
        .filter(({ arn }) => !moving.includes(arn));
      if (staying.some((other) => other.priority === priority)) throw inUse(priority);
    }
    const after = wanted.map(({ rule, priority }) => ctx.update(rules, rule, { priority }));
    for (const { loadBalancerArn } of after) ctx.emit(routingChanged, { loadBalancerArn });
    return { Rules: after.map(show) };
  },
};

/** Rules are tried in this order. */
export function rank({ priority }: Rule): number {
  return priority ?? Number.MAX_SAFE_INTEGER;
}

function inUse(priority: number): Fault {
  return new Fault('PriorityInUseException', `Priority '${priority}' is currently in use`);
}

function show({ arn, priority, conditions, action }: Rule): Shown {
  return {
    RuleArn: arn,
    Priority: priority === null ? 'default' : String(priority),
    Conditions: conditions.map(showCondition),
    Actions: showActions(action),
    IsDefault: priority === null,
  };
}

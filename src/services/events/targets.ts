// Targets of rules: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { busOf } from './bus.ts';
import { invalid, notModelled, tooMany } from './faults.ts';
import { problemOfInput } from './input.ts';
import { ruleOf } from './rules.ts';
import { ruleKey, targets } from './tables.ts';
import type { Target } from './tables.ts';
import { MOST_TARGETS } from './timings.ts';

const PAGE = 100;

type Wire = Omit<Target, 'rule' | 'bus'>;
type FailedEntry = NonNullable<Output<'events', 'PutTargets'>['FailedEntries']>[number];

/** What an ARN may name to be a target here, by service. */
const KINDS: Readonly<Record<string, RegExp>> = {
  lambda: /^function:[A-Za-z0-9-_]+(?::[A-Za-z0-9-_$]+)?$/,
  sqs: /^[A-Za-z0-9-_]+(?:\.fifo)?$/,
  sns: /^[A-Za-z0-9-_]+(?:\.fifo)?$/,
  logs: /^log-group:[^:]+(?::\*)?$/,
  events: /^event-bus\/[A-Za-z0-9./_-]+$/,
};

const ARN = /^arn:aws:([a-z0-9-]+):([a-z0-9-]*):(\d{12})?:(.+)$/;

/** Throws for what EventBridge refuses of a target before it looks for the rule. */
function checkForm({ Id, Arn, SqsParameters }: Wire): void {
  const [, service = '', , , resource = ''] = ARN.exec(Arn) ?? [];
  if (service === '' || (Object.hasOwn(KINDS, service) && !KINDS[service]?.test(resource)))
    throw invalid(`Parameter ${Arn} is not valid. Reason: Provided Arn is not in correct format.`);
  if (resource.endsWith('.fifo') && service === 'sqs' && SqsParameters?.MessageGroupId === undefined)
    throw invalid(`Parameter(s) SqsParameters must be specified for target: ${Id}.`);
}

/** Throws for a target that EventBridge would refuse with the whole request, or that is not modelled. */
function checkTarget(home: Ctx, target: Wire): void {
  const { Arn, RoleArn, DeadLetterConfig } = target;
  const [, service = '', region, account] = ARN.exec(Arn) ?? [];
  if (!Object.hasOwn(KINDS, service)) throw notModelled(`A target of ${service}`);
  const problem = problemOfInput(target);
  if (problem !== undefined) throw invalid(problem);
  const elsewhere = account !== home.account || region !== home.region;
  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
  if (elsewhere && service === 'events' && RoleArn === undefined)
    throw invalid(`RoleArn is required for target ${Arn}.`);
  if (region !== home.region && service !== 'events')
    throw invalid(`Parameter ${Arn} is not valid. Reason: Target must be in the Region of the rule.`);
  if (service === 'logs' && (target.Input !== undefined || target.InputPath))
    throw notModelled('An Input or InputPath for a log group');
  checkDeadLetterQueue(home, DeadLetterConfig?.Arn);
}

function checkDeadLetterQueue(home: Ctx, arn: string | undefined): void {
  if (arn === undefined) return;
  const [, service, region] = ARN.exec(arn) ?? [];
  if (service !== 'sqs' || region !== home.region || arn.endsWith('.fifo'))
    throw invalid(`Parameter DeadLetterConfig.Arn is not valid. Reason: ${arn} is no standard queue here.`);
}

function shown(target: Target): Wire {
  const { rule: _, bus: __, ...wire } = target;
  return wire;
}

export const targetOperations: Operations<'events'> = {
  PutTargets(ctx, { Rule, EventBusName, Targets }) {
    for (const target of Targets) checkForm(target);
    const { home, rule } = ruleOf(ctx, Rule, EventBusName);
    for (const target of Targets) checkTarget(home, target);
    const known = home.list(targets, 'rule', ruleKey(rule.bus, rule.name)).map(({ Id }) => Id);
    if (new Set([...known, ...Targets.map(({ Id }) => Id)]).size > MOST_TARGETS) throw tooMany();
    for (const target of Targets) {
      const given = Object.entries(target).filter(([, value]) => value !== undefined);
      const wire = Object.fromEntries(given) as unknown as Wire;
      home.put(targets, { ...wire, rule: rule.name, bus: rule.bus });
    }
    return { FailedEntryCount: 0, FailedEntries: [] };
  },

  RemoveTargets(ctx, { Rule, EventBusName, Ids }) {
    const { home, rule } = ruleOf(ctx, Rule, EventBusName);
    const FailedEntries: FailedEntry[] = [];
    for (const Id of Ids) {
      const key = `${ruleKey(rule.bus, rule.name)}|${Id}`;
      if (home.get(targets, key)) home.delete(targets, key);
      else {
        const ErrorMessage = `Rule ${rule.name} does not have target(s): ${Id}.`;
        FailedEntries.push({ TargetId: Id, ErrorCode: 'ResourceNotFoundException', ErrorMessage });
      }
    }
    return { FailedEntryCount: FailedEntries.length, FailedEntries };
  },

  ListTargetsByRule(ctx, { Rule, EventBusName, NextToken: token, Limit: limit = PAGE }) {
    const { home, rule } = ruleOf(ctx, Rule, EventBusName);
    const all = home.list(targets, 'rule', ruleKey(rule.bus, rule.name));
    const { items, next } = pageOf(all, ({ Id }) => Id, { token, limit });
    return { Targets: items.map(shown), ...(next !== undefined && { NextToken: next }) };
  },

  ListRuleNamesByTarget(ctx, { TargetArn, EventBusName, NextToken: token, Limit: limit = PAGE }) {
    const { home, bus } = busOf(ctx, EventBusName);
    const names = new Set(home.list(targets, 'arn', `${bus.name}|${TargetArn}`).map(({ rule }) => rule));
    const { items, next } = pageOf([...names].toSorted(), (name) => name, { token, limit });
    return { RuleNames: items, ...(next !== undefined && { NextToken: next }) };
  },
};

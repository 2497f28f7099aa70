// Rules: which events of a bus, or which instants, are told to their targets.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags } from '#cloud/tags.ts';
import { parsedObject } from '#cloud/json.ts';
import { busOf } from './bus.ts';
import { absentRule, invalid, notModelled, tooMany } from './faults.ts';
import { problemOfPattern, sourcesOf } from './pattern.ts';
import { parseSchedule } from './schedule.ts';
import { plan } from './scheduled.ts';
import { DEFAULT_BUS, ruleKey, rules, targets } from './tables.ts';
import type { EventBus, Rule } from './tables.ts';
import { checkTags } from './tags.ts';
import { MOST_RULES } from './timings.ts';

const PAGE = 100;

interface OnRule {
  readonly Name: string;
  readonly EventBusName?: string | undefined;
}

/** The rule of a request, in the account of its bus, or EventBridge's answer where there is none. */
export function ruleOf(ctx: Ctx, name: string, busName: string | undefined): { home: Ctx; rule: Rule } {
  const { home, bus } = busOf(ctx, busName);
  const rule = home.get(rules, ruleKey(bus.name, name));
  if (!rule) throw absentRule(name, bus.name);
  return { home, rule };
}

export function checkPattern(text: string): void {
  const problem = problemOfPattern(text);
  if (problem === undefined) return;
  throw new Fault('InvalidEventPatternException', `Event pattern is not valid. Reason: ${problem}`);
}

function checkSchedule(text: string, { name }: EventBus): void {
  if (name !== DEFAULT_BUS) throw invalid('ScheduleExpression is supported only on the default event bus.');
  if (!parseSchedule(text)) throw invalid('Parameter ScheduleExpression is not valid.');
}

type PutRule = Input<'events', 'PutRule'>;

function checkRule(bus: EventBus, { EventPattern, ScheduleExpression, State }: PutRule): void {
  if (State === 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS')
    throw notModelled('A rule for management events of CloudTrail');
  if (!EventPattern && !ScheduleExpression)
    throw invalid('Parameter(s) EventPattern or ScheduleExpression must be specified.');
  if (ScheduleExpression) checkSchedule(ScheduleExpression, bus);
  if (EventPattern) checkPattern(EventPattern);
}

/** What a request makes of a rule: whatever it leaves out is gone. */
function wanted(bus: EventBus, home: Ctx, input: PutRule): Omit<Rule, 'createdBy' | 'tags'> {
  const { Name: name, EventPattern: pattern, ScheduleExpression: schedule, State } = input;
  const { Description: description, RoleArn: roleArn } = input;
  const sources = pattern ? sourcesOf(parsedObject(pattern) ?? {}) : undefined;
  const path = bus.name === DEFAULT_BUS ? name : `${bus.name}/${name}`;
  return {
    name,
    bus: bus.name,
    arn: home.arn('events', `rule/${path}`),
    ...(pattern ? { pattern } : {}),
    ...(sources && { sources }),
    ...(schedule ? { schedule } : {}),
    enabled: State !== 'DISABLED',
    ...(description !== undefined && { description }),
    ...(roleArn !== undefined && { roleArn }),
  };
}

type Shown = NonNullable<Output<'events', 'ListRules'>['Rules']>[number];

function shown({ name, bus, arn, pattern, schedule, enabled, description, roleArn }: Rule): Shown {
  return {
    Name: name,
    Arn: arn,
    ...(pattern !== undefined && { EventPattern: pattern }),
    ...(schedule !== undefined && { ScheduleExpression: schedule }),
    State: enabled ? 'ENABLED' : 'DISABLED',
    ...(description !== undefined && { Description: description }),
    ...(roleArn !== undefined && { RoleArn: roleArn }),
    EventBusName: bus,
  };
}

function turn(ctx: Ctx, { Name, EventBusName }: OnRule, enabled: boolean): void {
  const { home, rule } = ruleOf(ctx, Name, EventBusName);
  if (rule.enabled !== enabled) plan(home, { ...rule, enabled });
}

export const ruleOperations: Operations<'events'> = {
  PutRule(ctx, input) {
    const { home, bus } = busOf(ctx, input.EventBusName);
    checkRule(bus, input);
    const known = home.get(rules, ruleKey(bus.name, input.Name));
    if (!known) {
      checkTags(ctx, input.Tags ?? []);
      if (home.scan(rules, { prefix: `${bus.name}|` }).length >= MOST_RULES) throw tooMany();
    }
    const next = wanted(bus, home, input);
    // Tags are given to new rules only.
    const tags = known?.tags ?? mergeTags({}, input.Tags);
    plan(home, { ...next, createdBy: known?.createdBy ?? ctx.account, tags }, known);
    return { RuleArn: next.arn };
  },

  DescribeRule(ctx, { Name, EventBusName }) {
    const { rule } = ruleOf(ctx, Name, EventBusName);
    return { ...shown(rule), CreatedBy: rule.createdBy };
  },

  ListRules(ctx, { EventBusName, NamePrefix = '', NextToken: token, Limit: limit = PAGE }) {
    const { home, bus } = busOf(ctx, EventBusName);
    const found = home.scan(rules, { prefix: ruleKey(bus.name, NamePrefix) });
    const { items, next } = pageOf(found, ({ name }) => name, { token, limit });
    return { Rules: items.map(shown), ...(next !== undefined && { NextToken: next }) };
  },

  DeleteRule(ctx, { Name, EventBusName }) {
    const { home, bus } = busOf(ctx, EventBusName);
    const key = ruleKey(bus.name, Name);
    if (home.list(targets, 'rule', key).length > 0)
      throw invalid("Rule can't be deleted since it has targets.");
    home.delete(rules, key); // Deleting what is not there succeeds.
  },

  EnableRule(ctx, input) {
    turn(ctx, input, true);
  },

  DisableRule(ctx, input) {
    turn(ctx, input, false);
  },
};

// How IAM sees the operations of EventBridge.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html

import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { ServiceDefinition } from '#cloud/service.ts';
import { isList, parsedObject } from '#cloud/json.ts';
import type { Json } from '#cloud/json.ts';
import { arnFor, placeOf } from './bus.ts';
import { DEFAULT_BUS } from './tables.ts';

const PRINCIPAL = 'events.amazonaws.com';

interface OnBus {
  readonly EventBusName?: string | undefined;
}

function ruleArn(ctx: Ctx, name: string, busName: string | undefined): string {
  const { home, name: bus } = placeOf(ctx, busName);
  return home.arn('events', bus === DEFAULT_BUS ? `rule/${name}` : `rule/${bus}/${name}`);
}

const ofRule = (ctx: Ctx, { Name, EventBusName }: OnBus & { Name: string }): string =>
  ruleArn(ctx, Name, EventBusName);
const ofTargets = (ctx: Ctx, { Rule, EventBusName }: OnBus & { Rule: string }): string =>
  ruleArn(ctx, Rule, EventBusName);
const ofBus = (ctx: Ctx, { Name }: { Name?: string | undefined }): string => arnFor(ctx, Name);
const ofBusName = (ctx: Ctx, { EventBusName }: OnBus): string => arnFor(ctx, EventBusName);
const ofArchive = (ctx: Ctx, { ArchiveName }: { ArchiveName: string }): string =>
  ctx.arn('events', `archive/${ArchiveName}`);
const ofReplay = (ctx: Ctx, { ReplayName }: { ReplayName: string }): string =>
  ctx.arn('events', `replay/${ReplayName}`);
const ofTagged = (_: Ctx, { ResourceARN }: { ResourceARN: string }): string => ResourceARN;

function texts(value: Json | undefined): string[] {
  return isList(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** What a rule looks for, for policies that let people make rules for some sources only. */
function aboutPattern(_: Ctx, { EventPattern }: Input<'events', 'PutRule'>): Record<string, string[]> {
  const pattern = parsedObject(EventPattern ?? '') ?? {};
  const [sources, detailTypes] = [texts(pattern['source']), texts(pattern['detail-type'])];
  return {
    ...(sources.length > 0 && { 'events:source': sources }),
    ...(detailTypes.length > 0 && { 'events:detail-type': detailTypes }),
  };
}

function passed(roleArns: readonly (string | undefined)[]): { roleArn: string; service: string }[] {
  return roleArns.flatMap((roleArn) => (roleArn === undefined ? [] : [{ roleArn, service: PRINCIPAL }]));
}

function aboutEntries(_: Ctx, { Entries }: Input<'events', 'PutEvents'>): Record<string, string | string[]> {
  return {
    'events:source': Entries.map(({ Source = '' }) => Source),
    'events:detail-type': Entries.map(({ DetailType = '' }) => DetailType),
    'events:eventBusInvocation': 'false',
  };
}

export const authorization: NonNullable<ServiceDefinition<'events'>['authorization']> = {
  CreateEventBus: { resources: ofBus },
  UpdateEventBus: { resources: ofBus },
  DescribeEventBus: { resources: ofBus },
  DeleteEventBus: { resources: ofBus },
  PutPermission: { resources: ofBusName },
  RemovePermission: { resources: ofBusName },
  PutEvents: {
    resources: (ctx, { Entries }) => [
      ...new Set(Entries.map(({ EventBusName }) => arnFor(ctx, EventBusName))),
    ],
    conditions: aboutEntries,
  },
  PutRule: {
    resources: ofRule,
    conditions: aboutPattern,
    passes: (_, { RoleArn }) => passed([RoleArn]),
  },
  DescribeRule: { resources: ofRule },
  DeleteRule: { resources: ofRule },
  EnableRule: { resources: ofRule },
  DisableRule: { resources: ofRule },
  PutTargets: {
    resources: ofTargets,
    conditions: (_, { Targets }) => ({ 'events:TargetArn': Targets.map(({ Arn }) => Arn) }),
    passes: (_, { Targets }) => passed(Targets.map(({ RoleArn }) => RoleArn)),
  },
  RemoveTargets: { resources: ofTargets },
  ListTargetsByRule: { resources: ofTargets },
  CreateArchive: { resources: (ctx, input) => [ofArchive(ctx, input), arnFor(ctx, input.EventSourceArn)] },
  DescribeArchive: { resources: ofArchive },
  UpdateArchive: { resources: ofArchive },
  DeleteArchive: { resources: ofArchive },
  StartReplay: { resources: (ctx, input) => [input.EventSourceArn, ofReplay(ctx, input)] },
  DescribeReplay: { resources: ofReplay },
  CancelReplay: { resources: ofReplay },
  TagResource: { resources: ofTagged },
  UntagResource: { resources: ofTagged },
  ListTagsForResource: { resources: ofTagged },
};

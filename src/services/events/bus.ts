// From a name or an ARN to the bus and to the account that has it. A bus may let other accounts in.

import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Policy } from '#cloud/iam/policy.ts';
import { absentBus } from './faults.ts';
import { buses, DEFAULT_BUS } from './tables.ts';
import type { EventBus } from './tables.ts';

const BUS_ARN = /^arn:aws:events:([a-z0-9-]+):(\d{12}):event-bus\/(.+)$/;

export const busArn = (ctx: Ctx, name: string): string => ctx.arn('events', `event-bus/${name}`);

/** The name of a bus and the account that it would be in. */
export function placeOf(ctx: Ctx, nameOrArn: string = DEFAULT_BUS): { home: Ctx; name: string } {
  const [, region, account, name] = BUS_ARN.exec(nameOrArn) ?? [];
  if (name === undefined) return { home: ctx, name: nameOrArn };
  // A Region's endpoint knows its own buses only.
  if (region !== ctx.region) throw absentBus(nameOrArn);
  return { home: ctx.in({ account: account ?? ctx.account }), name };
}

/** The ARN of the bus that a request names, whether or not it is there. */
export function arnFor(ctx: Ctx, nameOrArn: string | undefined): string {
  const { home, name } = placeOf(ctx, nameOrArn);
  return busArn(home, name);
}

/** A bus by its name; the default one is always there. */
export function busNamed(home: Ctx, name: string): EventBus | undefined {
  const row = home.get(buses, name);
  return row ?? (name === DEFAULT_BUS ? { name, arn: busArn(home, name), tags: {} } : undefined);
}

/** The bus of a request, or EventBridge's answer where there is none. */
export function busOf(ctx: Ctx, nameOrArn: string | undefined): { home: Ctx; bus: EventBus } {
  const { home, name } = placeOf(ctx, nameOrArn);
  const bus = busNamed(home, name);
  if (!bus) throw absentBus(name);
  return { home, bus };
}

/** The policy of a bus, for IAM. The account that has the bus needs none. */
export function policyFor(ctx: Ctx, arn: string): Policy | undefined {
  const [, region, account, name] = BUS_ARN.exec(arn) ?? ruleBus(arn) ?? [];
  if (region === undefined || account === undefined || name === undefined) return undefined;
  const policy = ctx.in({ region, account }).get(buses, name)?.policy;
  return policy === undefined ? undefined : parsePolicy(policy, 'resource');
}

/** Rules are under the policy of their bus: `arn:…:rule/bus/name`. */
function ruleBus(arn: string): readonly string[] | undefined {
  const [, region = '', account = '', path = ''] =
    /^arn:aws:events:([a-z0-9-]+):(\d{12}):rule\/(.+)$/.exec(arn) ?? [];
  const bus = path.split('/').slice(0, -1).join('/');
  return path === '' ? undefined : [arn, region, account, bus === '' ? DEFAULT_BUS : bus];
}

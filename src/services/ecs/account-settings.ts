// Settings of an account: what is set for everybody, and for single principals over that.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html

import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import { principalName, rootOf } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { clientError, invalidParameter, unmodelled } from './faults.ts';
import { accountSettings } from './tables.ts';

type Name = keyof typeof SETTINGS;

const LONG_NAMES = 'all names have been long since 2021';

/** What each may be, the first as it is where nobody set it. Others change what is not modelled. */
const SETTINGS = {
  serviceLongArnFormat: ['enabled'],
  taskLongArnFormat: ['enabled'],
  containerInstanceLongArnFormat: ['enabled'],
  containerInsights: ['disabled', 'enabled', 'enhanced'],
} as const;

const LONG: ReadonlySet<string> = new Set<Name>([
  'serviceLongArnFormat',
  'taskLongArnFormat',
  'containerInstanceLongArnFormat',
]);

function isName(name: string): name is Name {
  return Object.hasOwn(SETTINGS, name);
}

/** A setting as it holds for whoever asks. */
export function settingOf(ctx: Ctx, name: Name): string {
  const own = ctx.get(accountSettings, `${principalOf(ctx)} ${name}`);
  return (own ?? ctx.get(accountSettings, ` ${name}`))?.value ?? SETTINGS[name][0];
}

function principalOf(ctx: Ctx): string {
  const { principal } = ctx;
  return principal.type === 'role' ? principal.roleArn : principalName(principal);
}

function put(ctx: Ctx, principalArn: string, name: string, value: string) {
  if (!isName(name)) throw unmodelled(`The account setting ${name} is`);
  if (!(SETTINGS[name] as readonly string[]).includes(value)) {
    const why = LONG.has(name) ? ` (${LONG_NAMES})` : '';
    throw invalidParameter(`Invalid value for account setting ${name}: ${value}${why}`);
  }
  ctx.put(accountSettings, { principalArn, name, value });
  return { setting: { name, value, principalArn: principalArn || rootOf(ctx.account).arn } };
}

export const accountSettingOperations: Operations<'ecs'> = {
  PutAccountSetting(ctx, { name, value, principalArn = principalOf(ctx) }) {
    return put(ctx, principalArn, name, value);
  },

  PutAccountSettingDefault(ctx, { name, value }) {
    return put(ctx, '', name, value);
  },

  DeleteAccountSetting(ctx, { name, principalArn = principalOf(ctx) }) {
    if (!isName(name)) throw unmodelled(`The account setting ${name} is`);
    const row = ctx.get(accountSettings, `${principalArn} ${name}`);
    if (!row) throw clientError(`The account setting ${name} is not set for ${principalArn}.`);
    ctx.delete(accountSettings, `${principalArn} ${name}`);
    return { setting: { name, value: settingOf(ctx, name), principalArn } };
  },

  ListAccountSettings(ctx, input) {
    const { name, value, principalArn = principalOf(ctx), effectiveSettings = false } = input;
    const names = (Object.keys(SETTINGS) as Name[]).filter((one) => name === undefined || one === name);
    const found = names.flatMap((one) => {
      const own = ctx.get(accountSettings, `${principalArn} ${one}`);
      const held = effectiveSettings ? (own?.value ?? settingOf(ctx, one)) : own?.value;
      return held === undefined ? [] : [{ name: one, value: held, principalArn }];
    });
    const wanted = found.filter((one) => value === undefined || one.value === value);
    const { nextToken: token, maxResults: limit = 10 } = input;
    const { items, next } = pageOf(wanted, (one) => one.name, { token, limit });
    return { settings: items, nextToken: next };
  },
};

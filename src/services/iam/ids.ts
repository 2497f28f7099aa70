// Unique ids, access key ids and secrets, in the shapes that AWS gives them
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html). All are drawn in the world's own scope,
// because they are unique everywhere.

import type { Ctx } from '#cloud/ctx.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** What an id is of: role, user, group, instance profile, managed policy. */
export type IdPrefix = 'AROA' | 'AIDA' | 'AGPA' | 'AIPA' | 'ANPA';

export function uniqueId(ctx: Ctx, prefix: IdPrefix): string {
  return prefix + ctx.everywhere.id(`iam/${prefix}`, 17, BASE32);
}

/** Ids of AWS's own policies are the same in every account and world. */
export function awsPolicyId(ctx: Ctx, name: string): string {
  const digest = ctx.kernel.primitives.sha256(name).subarray(0, 17);
  return `ANPA${Array.from(digest, (byte) => BASE32[byte % 32]).join('')}`;
}

/** 2 to the power of 40. */
const ACCOUNTS = 1_099_511_627_776;
const MOST_ACCOUNTS = 1_000_000_000_000;

/**
 * A key id names its account: the first ten characters after the prefix are 50 bits, of which the highest is set, the next
 * 40 are the account and the rest is chance. Not documented; found in 2021 and relied upon by tools.
 */
export function accessKeyId(ctx: Ctx, prefix: 'AKIA' | 'ASIA', account: string): string {
  const drawn = ctx.everywhere.id(`iam/${prefix}`, 8, BASE32);
  const chance = BASE32.indexOf(drawn[0] as string) * 16 + (BASE32.indexOf(drawn[1] as string) % 16);
  let head = (ACCOUNTS + Number(account)) * 512 + chance;
  let text = drawn.slice(2);
  for (let digit = 0; digit < 10; digit += 1) {
    text = (BASE32[head % 32] as string) + text;
    head = Math.floor(head / 32);
  }
  return prefix + text;
}

/** The account in a key id; nothing where the id is no such key's. */
export function accountOfKey(keyId: string): string | undefined {
  if (!/^A(?:KI|SI)A[Q-Z2-7][A-Z2-7]{15}$/.test(keyId)) return undefined;
  let head = 0;
  for (const character of keyId.slice(4, 14)) head = head * 32 + BASE32.indexOf(character);
  const account = Math.floor(head / 512) - ACCOUNTS;
  return account < MOST_ACCOUNTS ? String(account).padStart(12, '0') : undefined;
}

export function secretKey(ctx: Ctx): string {
  return ctx.everywhere.id('iam/secret', 40, BASE64);
}

export function sessionToken(ctx: Ctx): string {
  return `IQoJb3JpZ2luX2Vj${ctx.everywhere.id('iam/session-token', 200, BASE64)}`;
}

// From a request to the key that it is about, and whether the key's state lets it be used.
// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { invalidState, noSuchAlias, noSuchKey, notFound, unreachable } from './faults.ts';
import { managedAlias } from './managed-keys.ts';
import { aliases, keys } from './tables.ts';
import type { Alias, Key, KeyUsage } from './tables.ts';

/** A key and the account and region that its rows are in. */
export interface Place {
  readonly at: Ctx;
  readonly key: Key;
}

const KEY_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;
const ARN = /^arn:aws:kms:([a-z0-9-]*):(\d{12}):(key\/[^/]+|alias\/.+)$/;

/** Where the rows of a key are that an ARN names. */
export function homeOf(ctx: Ctx, arn: string): Ctx {
  const account = arn.split(':')[4];
  return account ? ctx.in({ account }) : ctx;
}

export function keyOfArn(ctx: Ctx, arn: string): Key | undefined {
  return homeOf(ctx, arn).get(keys, arn.slice(arn.lastIndexOf('/') + 1));
}

/** The alias, or nothing; AWS's own comes into being when it is asked for. */
function aliasNamed(at: Ctx, name: string): Alias | undefined {
  return at.get(aliases, name) ?? managedAlias(at, name);
}

interface Named {
  readonly at: Ctx;
  /** `key/…` or `alias/…`. */
  readonly name: string;
}

function parsed(ctx: Ctx, keyId: string): Named {
  if (!keyId.startsWith('arn:'))
    return { at: ctx, name: keyId.startsWith('alias/') ? keyId : `key/${keyId}` };
  const [, region, account, name] = ARN.exec(keyId) ?? [];
  if (name === undefined) throw new Fault('InvalidArnException', `Invalid arn ${keyId}`);
  if (region !== ctx.region) throw notFound(`Invalid arn ${region}`);
  return { at: ctx.in({ account: account as string }), name };
}

function keyOfNamed(ctx: Ctx, { at, name }: Named, action: string): Place {
  const foreign = at.account !== ctx.account;
  const denied = (): Fault => unreachable(ctx.principal, action, false);
  if (name.startsWith('alias/')) {
    const alias = foreign ? at.get(aliases, name) : aliasNamed(at, name);
    if (!alias) throw foreign ? denied() : noSuchAlias(at.arn('kms', name));
    return { at, key: at.get(keys, alias.keyId) as Key };
  }
  const id = name.slice('key/'.length);
  if (!KEY_ID.test(id)) throw notFound(`Invalid keyId '${id}'`);
  const key = at.get(keys, id);
  if (!key) throw foreign ? denied() : noSuchKey(at.arn('kms', name));
  return { at, key };
}

/** The key that a request names by its id, its ARN, an alias or an alias's ARN, in whichever account it is. */
export function keyNamed(ctx: Ctx, keyId: string, action: string = 'kms:DescribeKey'): Place {
  return keyOfNamed(ctx, parsed(ctx, keyId), action);
}

/** The key of a request that takes no aliases. */
export function keyById(ctx: Ctx, keyId: string, action: string = 'kms:DescribeKey'): Place {
  const named = parsed(ctx, keyId);
  if (named.name.startsWith('alias/')) throw notFound(`Invalid keyId '${keyId}'`);
  return keyOfNamed(ctx, named, action);
}

/** Throws while the key is to be deleted. */
export function checkStaying({ arn, state }: Key): void {
  if (state === 'PendingDeletion') throw invalidState(`${arn} is pending deletion.`);
}

/** Throws unless the key's state lets it be used. https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html */
export function checkUsable(key: Key): void {
  checkStaying(key);
  if (key.state === 'Disabled') throw new Fault('DisabledException', `${key.arn} is disabled.`);
}

/** Throws unless the key may be used, and for this. */
export function checkUse(key: Key, operation: string, usage: KeyUsage): void {
  checkUsable(key);
  if (key.usage === usage) return;
  throw new Fault(
    'InvalidKeyUsageException',
    `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
  );
}

// Aliases: names of keys that can be pointed elsewhere.
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html

import { Fault } from '#contract/fault.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalid, invalidMarker, noSuchAlias } from './faults.ts';
import { checkStaying, keyById } from './key.ts';
import { aliases, keys } from './tables.ts';

const PAGE_SIZE = 50;

/** Before permissions are looked at, as they are those of the key too. That a target is a key is in moto's words. */
export function checkAlias(name: string, target: string = ''): void {
  if (!name.startsWith('alias/')) {
    throw invalid(
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    );
  }
  if (name.startsWith('alias/aws/')) throw new Fault('NotAuthorizedException', '');
  if (name.includes(':')) throw invalid(`${name} contains invalid characters for an alias`);
  if (!/^alias\/[a-zA-Z0-9/_-]+$/.test(name)) {
    throw new Fault(
      'InvalidAliasNameException',
      'Alias contains invalid characters. Alias can only contain alphanumeric characters, underscores, ' +
        'dashes and slashes.',
    );
  }
  if (/^(?:arn:.*:)?alias\//.test(target)) throw invalid('Aliases must refer to keys. Not aliases');
}

export const aliasOperations: Operations<'kms'> = {
  CreateAlias(ctx, { AliasName: name, TargetKeyId }) {
    const { key } = keyById(ctx, TargetKeyId);
    checkStaying(key);
    const arn = ctx.arn('kms', name);
    if (ctx.get(aliases, name))
      throw new Fault('AlreadyExistsException', `An alias with the name ${arn} already exists`);
    ctx.put(aliases, { name, arn, keyId: key.id, createdAt: ctx.now, updatedAt: ctx.now });
  },

  UpdateAlias(ctx, { AliasName: name, TargetKeyId }) {
    const { key } = keyById(ctx, TargetKeyId);
    const alias = ctx.get(aliases, name);
    if (!alias) throw noSuchAlias(ctx.arn('kms', name));
    checkStaying(key);
    if (ctx.get(keys, alias.keyId)?.usage !== key.usage)
      throw invalid('The current key and the target key of an alias must have the same key usage.');
    ctx.update(aliases, alias, { keyId: key.id, updatedAt: ctx.now });
  },

  DeleteAlias(ctx, { AliasName: name }) {
    if (!ctx.get(aliases, name)) throw noSuchAlias(ctx.arn('kms', name));
    ctx.delete(aliases, name);
  },

  ListAliases(ctx, { KeyId, Limit = PAGE_SIZE, Marker }) {
    const id = KeyId === undefined ? undefined : keyById(ctx, KeyId).key.id;
    const of = id === undefined ? {} : { where: ({ keyId }: { keyId: string }) => keyId === id };
    const request = { token: Marker, limit: Limit, invalidToken: invalidMarker, ...of };
    const { rows, next } = page(ctx, aliases, request);
    return {
      Aliases: rows.map(({ name, arn, keyId, createdAt, updatedAt }) => ({
        AliasName: name,
        AliasArn: arn,
        TargetKeyId: keyId,
        CreationDate: createdAt,
        LastUpdatedDate: updatedAt,
      })),
      ...(next === undefined ? {} : { NextMarker: next }),
      Truncated: next !== undefined,
    };
  },
};

// Keys: made, described, switched on and off, and deleted after a waiting period.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalid, invalidMarker, invalidState, notModelled } from './faults.ts';
import { checkPolicy, defaultPolicy } from './key-policy.ts';
import { checkStaying, keyById, keyNamed } from './key.ts';
import { addMaterial, awaitRotation } from './materials.ts';
import { aliases, grants, keys, materialPlace, materials } from './tables.ts';
import type { Key, KeySpec, KeyUsage } from './tables.ts';
import { checkTags, tagsOf } from './tags.ts';
import { DAY_MS, WAITING_PERIOD_DAYS } from './timings.ts';

const PAGE_SIZE = 100;
const SYMMETRIC = 'SYMMETRIC_DEFAULT';

function metadata(at: Ctx, key: Key): NonNullable<Output<'kms', 'CreateKey'>['KeyMetadata']> {
  const { id, arn, spec, state, deletionAt, usage } = key;
  const current = at.get(materials, materialPlace(id, key.material));
  return {
    AWSAccountId: at.account,
    KeyId: id,
    Arn: arn,
    CreationDate: key.createdAt,
    Enabled: state === 'Enabled',
    Description: key.description,
    KeyUsage: usage,
    KeyState: state,
    ...(deletionAt === undefined ? {} : { DeletionDate: deletionAt }),
    Origin: 'AWS_KMS',
    KeyManager: key.manager,
    CustomerMasterKeySpec: spec,
    KeySpec: spec,
    ...(usage === 'ENCRYPT_DECRYPT'
      ? { EncryptionAlgorithms: [SYMMETRIC], CurrentKeyMaterialId: current?.id }
      : { MacAlgorithms: [macAlgorithm(spec)] }),
    MultiRegion: false,
  };
}

/** Each spec of an HMAC key has one algorithm. */
export function macAlgorithm(
  spec: KeySpec,
): 'HMAC_SHA_224' | 'HMAC_SHA_256' | 'HMAC_SHA_384' | 'HMAC_SHA_512' {
  return spec.replace('HMAC_', 'HMAC_SHA_') as 'HMAC_SHA_256';
}

/** What kind of key a request asks for; other kinds than these are refused. */
function kindOf(input: Input<'kms', 'CreateKey'>): { spec: KeySpec; usage: KeyUsage } {
  const { KeySpec: given, CustomerMasterKeySpec: old, KeyUsage: wanted, Origin = 'AWS_KMS' } = input;
  if (given !== undefined && old !== undefined)
    throw invalid('You cannot specify KeySpec and CustomerMasterKeySpec in the same request.');
  const spec = given ?? old ?? SYMMETRIC;
  if (spec !== SYMMETRIC && wanted === undefined) {
    throw invalid('You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.');
  }
  if (spec !== SYMMETRIC && !spec.startsWith('HMAC_')) throw notModelled(`The asymmetric key spec ${spec}`);
  if (Origin !== 'AWS_KMS') throw notModelled(`Key material of the origin ${Origin}`);
  if (input.MultiRegion) throw notModelled('A multi-Region key');
  const usage = spec === SYMMETRIC ? 'ENCRYPT_DECRYPT' : 'GENERATE_VERIFY_MAC';
  if ((wanted ?? usage) !== usage) throw invalid(`KeyUsage ${wanted} is not compatible with KeySpec ${spec}`);
  return { spec: spec as KeySpec, usage };
}

const deletionDue: TimerKind<{ id: string; deletionAt: number }> = timer<{ id: string; deletionAt: number }>(
  'kms/deletion-due',
  { background: true },
);

/** With a key goes all that leads to it, and what it encrypted is lost. */
export const deleteKey: TimerHandler<{ id: string; deletionAt: number }, Ctx> = {
  kind: deletionDue,
  live: (at, { id, deletionAt }) => at.get(keys, id)?.deletionAt === deletionAt,
  fire(at, { id }) {
    for (const { name } of at.list(aliases, 'key', id)) at.delete(aliases, name);
    for (const grant of at.scan(grants, { prefix: `${id}/` })) at.delete(grants, grants.key(grant));
    for (const row of at.scan(materials, { prefix: `${id}/` })) at.delete(materials, materials.key(row));
    at.delete(keys, id);
  },
};

export const keyOperations: Operations<'kms'> = {
  CreateKey(ctx, input) {
    const { Description = '', Policy, BypassPolicyLockoutSafetyCheck, Tags = [] } = input;
    const kind = kindOf(input);
    checkTags({}, Tags);
    if (Policy !== undefined) checkPolicy(ctx, Policy, BypassPolicyLockoutSafetyCheck);
    const id = ctx.uuid('kms-key');
    const key: Key = {
      id,
      arn: ctx.arn('kms', `key/${id}`),
      description: Description,
      policy: Policy ?? defaultPolicy(ctx.account),
      ...kind,
      manager: 'CUSTOMER',
      state: 'Enabled',
      tags: tagsOf({}, Tags),
      createdAt: ctx.now,
      material: 0,
    };
    return { KeyMetadata: metadata(ctx, addMaterial(ctx, key)) };
  },

  DescribeKey(ctx, { KeyId }) {
    const { at, key } = keyNamed(ctx, KeyId);
    return { KeyMetadata: metadata(at, key) };
  },

  ListKeys(ctx, { Limit = PAGE_SIZE, Marker }) {
    const { rows, next } = page(ctx, keys, { token: Marker, limit: Limit, invalidToken: invalidMarker });
    return {
      Keys: rows.map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })),
      ...(next === undefined ? {} : { NextMarker: next }),
      Truncated: next !== undefined,
    };
  },

  UpdateKeyDescription(ctx, { KeyId, Description: description }) {
    const { at, key } = keyById(ctx, KeyId);
    checkStaying(key);
    at.update(keys, key, { description });
  },

  EnableKey(ctx, { KeyId }) {
    const { at, key } = keyById(ctx, KeyId);
    checkStaying(key);
    awaitRotation(at, at.update(keys, key, { state: 'Enabled' }));
  },

  DisableKey(ctx, { KeyId }) {
    const { at, key } = keyById(ctx, KeyId);
    checkStaying(key);
    at.update(keys, key, { state: 'Disabled' });
  },

  ScheduleKeyDeletion(ctx, { KeyId, PendingWindowInDays: days = WAITING_PERIOD_DAYS.most }) {
    const { at, key } = keyById(ctx, KeyId);
    checkStaying(key);
    const { least, most } = WAITING_PERIOD_DAYS;
    if (days < least || days > most)
      throw new Fault('ValidationException', `PendingWindowInDays must be between ${least} and ${most}.`);
    const deletionAt = at.now + days * DAY_MS;
    at.update(keys, key, { state: 'PendingDeletion', deletionAt });
    at.schedule(deletionDue, deletionAt, { id: key.id, deletionAt });
    return {
      KeyId: key.arn,
      DeletionDate: deletionAt,
      KeyState: 'PendingDeletion',
      PendingWindowInDays: days,
    };
  },

  CancelKeyDeletion(ctx, { KeyId }) {
    const { at, key } = keyById(ctx, KeyId);
    if (key.state !== 'PendingDeletion') throw invalidState(`${key.arn} is not pending deletion.`);
    const { deletionAt: _, ...kept } = key;
    at.put(keys, { ...kept, state: 'Disabled' });
    return { KeyId: key.arn };
  },
};

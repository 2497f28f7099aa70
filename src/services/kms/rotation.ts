// Rotation: automatic after a period, or on demand.
// https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidMarker } from './faults.ts';
import { checkUsable, keyById } from './key.ts';
import { addMaterial, awaitRotation } from './materials.ts';
import { keys, materials } from './tables.ts';
import type { Key } from './tables.ts';
import { DAY_MS, MOST_ON_DEMAND_ROTATIONS, onDemandRotation, ROTATION_PERIOD_DAYS } from './timings.ts';

const PAGE_SIZE = 100;

/** Only symmetric encryption keys can be rotated. */
function checkRotatable({ arn, usage }: Key): void {
  if (usage === 'ENCRYPT_DECRYPT') return;
  throw new Fault('UnsupportedOperationException', `${arn} key usage is ${usage}, which cannot be rotated.`);
}

const onDemandDue: TimerKind<{ id: string; since: number }> = timer<{ id: string; since: number }>(
  'kms/on-demand-rotation-due',
);

export const rotateOnDemand: TimerHandler<{ id: string; since: number }, Ctx> = {
  kind: onDemandDue,
  live: (at, { id, since }) => at.get(keys, id)?.rotatingSince === since,
  fire(at, { id }) {
    const { rotatingSince: _, ...key } = at.get(keys, id) as Key;
    addMaterial(at, key, { type: 'ON_DEMAND', at: at.now });
  },
};

export const rotationOperations: Operations<'kms'> = {
  EnableKeyRotation(ctx, { KeyId, RotationPeriodInDays }) {
    const { at, key } = keyById(ctx, KeyId);
    checkRotatable(key);
    checkUsable(key);
    const periodDays = RotationPeriodInDays ?? key.rotation?.periodDays ?? ROTATION_PERIOD_DAYS;
    const since = key.rotation?.since ?? at.now;
    // A period that is shortened below what has passed already makes the rotation due at once.
    const nextAt = Math.max(since + periodDays * DAY_MS, at.now);
    awaitRotation(at, at.update(keys, key, { rotation: { periodDays, since, nextAt } }));
  },

  DisableKeyRotation(ctx, { KeyId }) {
    const { at, key } = keyById(ctx, KeyId);
    checkRotatable(key);
    checkUsable(key);
    const { rotation: _, ...kept } = key;
    at.put(keys, kept);
  },

  GetKeyRotationStatus(ctx, { KeyId }) {
    const { rotation, rotatingSince, arn, state } = keyById(ctx, KeyId).key;
    return {
      KeyId: arn,
      // While deletion is pending, KMS answers that nothing is rotated.
      KeyRotationEnabled: rotation !== undefined && state !== 'PendingDeletion',
      ...(rotation ? { RotationPeriodInDays: rotation.periodDays, NextRotationDate: rotation.nextAt } : {}),
      ...(rotatingSince === undefined ? {} : { OnDemandRotationStartDate: rotatingSince }),
    };
  },

  RotateKeyOnDemand(ctx, { KeyId }) {
    const { at, key } = keyById(ctx, KeyId);
    checkRotatable(key);
    checkUsable(key);
    if (key.rotatingSince !== undefined)
      throw new Fault('ConflictException', `An on-demand rotation of ${key.arn} is already in progress.`);
    const done = at
      .scan(materials, { prefix: `${key.id}/` })
      .filter(({ rotation }) => rotation?.type === 'ON_DEMAND').length;
    if (done >= MOST_ON_DEMAND_ROTATIONS) {
      throw new Fault(
        'LimitExceededException',
        'The on-demand rotations limit has been reached for the given keyId. ' +
          `No more on-demand rotations can be performed for this key: ${key.arn}`,
      );
    }
    at.update(keys, key, { rotatingSince: at.now });
    const due = at.now + at.duration(onDemandRotation, key.id, done);
    at.schedule(onDemandDue, due, { id: key.id, since: at.now });
    return { KeyId: key.arn };
  },

  ListKeyRotations(ctx, { KeyId, IncludeKeyMaterial = 'ROTATIONS_ONLY', Limit = PAGE_SIZE, Marker }) {
    const { at, key } = keyById(ctx, KeyId);
    checkRotatable(key);
    const all = IncludeKeyMaterial === 'ALL_KEY_MATERIAL';
    const { rows, next } = page(at, materials, {
      token: Marker,
      limit: Limit,
      prefix: `${key.id}/`,
      where: ({ rotation }) => all || rotation !== undefined,
      invalidToken: invalidMarker,
    });
    return {
      Rotations: rows.map(({ id, ordinal, rotation }) => ({
        KeyId: key.arn,
        ...(all
          ? { KeyMaterialId: id, KeyMaterialState: ordinal === key.material ? 'CURRENT' : 'NON_CURRENT' }
          : {}),
        ...(rotation ? { RotationDate: rotation.at, RotationType: rotation.type } : {}),
      })),
      ...(next === undefined ? {} : { NextMarker: next }),
      Truncated: next !== undefined,
    };
  },
};

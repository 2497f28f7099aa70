// Key material: bytes that follow from the world's seed, and what happens to them in time.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { base64 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { keys, materials } from './tables.ts';
import type { Key, Material } from './tables.ts';
import { DAY_MS } from './timings.ts';

/** Bytes of AES-256; keys for HMAC have as many as their hash is long. */
const MATERIAL_BYTES: Readonly<Record<Key['spec'], number>> = {
  SYMMETRIC_DEFAULT: 32,
  HMAC_224: 28,
  HMAC_256: 32,
  HMAC_384: 48,
  HMAC_512: 64,
};

/** New bytes of a stream, never given out before in this account and region. */
export function freshBytes(at: Ctx, stream: string, length: number): Uint8Array {
  const digits = at.id(stream, length * 2);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) bytes[i] = Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

/** Gives a key new material to encrypt with. */
export function addMaterial(at: Ctx, key: Key, rotation?: Material['rotation']): Key {
  const ordinal = key.material + 1;
  at.put(materials, {
    keyId: key.id,
    ordinal,
    id: at.id('kms-material-id', 64),
    secret: base64(freshBytes(at, 'kms-material', MATERIAL_BYTES[key.spec])),
    ...(rotation ? { rotation } : {}),
  });
  return at.update(keys, key, { material: ordinal });
}

const rotationDue: TimerKind<{ id: string; nextAt: number }> = timer<{ id: string; nextAt: number }>(
  'kms/rotation-due',
  { background: true },
);

/** Sets the timer of a key's next rotation, or fires at once for one that fell due while the key was disabled. */
export function awaitRotation(at: Ctx, { id, rotation, state }: Key): void {
  if (rotation && state === 'Enabled')
    at.schedule(rotationDue, rotation.nextAt, { id, nextAt: rotation.nextAt });
}

/** Keys are not rotated while they are disabled or wait for their deletion. */
export const rotate: TimerHandler<{ id: string; nextAt: number }, Ctx> = {
  kind: rotationDue,
  live(at, { id, nextAt }) {
    const key = at.get(keys, id);
    return key?.rotation?.nextAt === nextAt && key.state === 'Enabled';
  },
  fire(at, { id }) {
    const key = at.get(keys, id) as Key;
    const { periodDays = 0 } = key.rotation ?? {};
    const rotation = { periodDays, since: at.now, nextAt: at.now + periodDays * DAY_MS };
    const rotated = addMaterial(at, key, { type: 'AUTOMATIC', at: at.now });
    awaitRotation(at, at.update(keys, rotated, { rotation }));
  },
};

// What KMS encrypts, as bytes: which key and which material, then AES-256-GCM over them and the encryption context.

import { hex } from '#world/index.ts';
import { fromBase64, textOf, utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { invalidCiphertext } from './faults.ts';
import { freshBytes } from './materials.ts';
import { keys, materialPlace, materials } from './tables.ts';
import type { EncryptionContext, Key } from './tables.ts';

/** How KMS's own ciphertexts begin, too. */
const VERSION = [0x01, 0x02, 0x02, 0x00];
const ACCOUNT = 4;
const KEY_ID = 16;
const ORDINAL = 32;
const NONCE = 34;
const NONCE_BYTES = 12;
const SEALED = NONCE + NONCE_BYTES;
const TAG_BYTES = 16;

/** What can be read of a ciphertext without its key. */
export interface Envelope {
  readonly account: string;
  readonly keyId: string;
  readonly ordinal: number;
  readonly header: Uint8Array;
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
}

function headerOf({ account }: Ctx, { id, material }: Key): Uint8Array {
  const header = new Uint8Array(NONCE);
  header.set(VERSION);
  header.set(utf8(account), ACCOUNT);
  const digits = id.replaceAll('-', '');
  for (let i = 0; i < 16; i += 1) header[KEY_ID + i] = Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16);
  header[ORDINAL] = material >> 8;
  header[ORDINAL + 1] = material & 0xff;
  return header;
}

/** The parts of a ciphertext; nothing where it is none. */
export function envelopeOf(blob: Uint8Array): Envelope | undefined {
  if (blob.length < SEALED + TAG_BYTES || VERSION.some((byte, i) => blob[i] !== byte)) return undefined;
  const id = hex(blob.subarray(KEY_ID, ORDINAL));
  const account = textOf(blob.subarray(ACCOUNT, KEY_ID)) ?? '';
  if (!/^\d{12}$/.test(account)) return undefined;
  return {
    account,
    keyId: [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)].join('-'),
    ordinal: ((blob[ORDINAL] as number) << 8) | (blob[ORDINAL + 1] as number),
    header: blob.subarray(0, NONCE),
    nonce: blob.subarray(NONCE, SEALED),
    sealed: blob.subarray(SEALED),
  };
}

/** Header and encryption context: not secret, and not to be changed. The order of the context's pairs does not matter. */
function authenticated(header: Uint8Array, context: EncryptionContext): Uint8Array {
  const pairs = Object.entries(context).toSorted(([left], [right]) => (left < right ? -1 : 1));
  const text = utf8(JSON.stringify(pairs));
  const bytes = new Uint8Array(header.length + text.length);
  bytes.set(header);
  bytes.set(text, header.length);
  return bytes;
}

export function secretOf(at: Ctx, keyId: string, ordinal: number): Uint8Array | undefined {
  const material = at.get(materials, materialPlace(keyId, ordinal));
  return material && fromBase64(material.secret);
}

/** Encrypts with the current material of a key. */
export function seal(at: Ctx, key: Key, data: Uint8Array, context: EncryptionContext = {}): Uint8Array {
  const header = headerOf(at, key);
  const nonce = freshBytes(at, 'kms-nonce', NONCE_BYTES);
  const secret = secretOf(at, key.id, key.material) as Uint8Array;
  const sealed = at.kernel.primitives.aesGcm.seal(secret, nonce, data, authenticated(header, context));
  const blob = new Uint8Array(SEALED + sealed.length);
  blob.set(header);
  blob.set(nonce, NONCE);
  blob.set(sealed, SEALED);
  return blob;
}

/** Decrypts with the material that encrypted; throws KMS's one error for all that can be wrong with a ciphertext. */
export function open(at: Ctx, envelope: Envelope, context: EncryptionContext = {}): Uint8Array {
  const { keyId, ordinal, header, nonce, sealed } = envelope;
  const secret = secretOf(at, keyId, ordinal);
  const { aesGcm } = at.kernel.primitives;
  const data = secret && aesGcm.open(secret, nonce, sealed, authenticated(header, context));
  if (!data) throw invalidCiphertext();
  return data;
}

/** The key that encrypted, in whichever account it is. */
export function keyOfEnvelope(ctx: Ctx, { account, keyId }: Envelope): { at: Ctx; key: Key } | undefined {
  const at = ctx.in({ account });
  const key = at.get(keys, keyId);
  return key && { at, key };
}

// The runtime's own cryptography behind the world's port. Node and Bun both have it under node:crypto and node:zlib.

import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import { crc32, gunzipSync } from 'node:zlib';
import type { AesGcm, Primitives } from '#world/index.ts';
import { publicKeys } from './public-keys.ts';

const digest =
  (algorithm: string) =>
  (data: string | Uint8Array): Uint8Array =>
    createHash(algorithm).update(data).digest();

const TAG_BYTES = 16;

const aesGcm: AesGcm = {
  seal(key, nonce, data, authenticated) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(authenticated);
    return new Uint8Array(Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()]));
  },
  open(key, nonce, sealed, authenticated) {
    if (sealed.length < TAG_BYTES) return undefined;
    const end = sealed.length - TAG_BYTES;
    const options = { authTagLength: TAG_BYTES };
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, options).setAAD(authenticated);
    decipher.setAuthTag(sealed.subarray(end));
    try {
      return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]));
    } catch {
      return undefined;
    }
  },
};

export const primitives: Primitives = {
  sha256: digest('sha256'),
  sha1: digest('sha1'),
  md5: digest('md5'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  hmac: (hash, key, data) => createHmac(hash, key).update(data).digest(),
  aesGcm,
  publicKeys,
  crc32: (data) => crc32(data),
  gunzip(data, limit) {
    try {
      return gunzipSync(data, { maxOutputLength: limit });
    } catch {
      return undefined;
    }
  },
};

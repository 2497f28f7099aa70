// The runtime's own cryptography behind the world's port. Node and Bun both have it under node:crypto and node:zlib.

import { createHash, createHmac } from 'node:crypto';
import { crc32, gunzipSync } from 'node:zlib';
import type { Primitives } from '#world/index.ts';

const digest =
  (algorithm: string) =>
  (data: string | Uint8Array): Uint8Array =>
    createHash(algorithm).update(data).digest();

export const primitives: Primitives = {
  sha256: digest('sha256'),
  sha1: digest('sha1'),
  md5: digest('md5'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  crc32: (data) => crc32(data),
  gunzip(data, limit) {
    try {
      return gunzipSync(data, { maxOutputLength: limit });
    } catch {
      return undefined;
    }
  },
};

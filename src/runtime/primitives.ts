// The runtime's own cryptography behind the world's port. Node and Bun both have it under node:crypto and node:zlib.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  X509Certificate,
} from 'node:crypto';
import { crc32, gunzipSync } from 'node:zlib';
import type { AesGcm, Primitives, PublicKeys } from '#world/index.ts';

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

const publicKeys: PublicKeys = {
  publicKeyOf(privateKey) {
    try {
      const key = createPublicKey(createPrivateKey(privateKey));
      return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
    } catch {
      return undefined;
    }
  },
  signedBy(certificate, issuer) {
    try {
      return new X509Certificate(certificate).verify(new X509Certificate(issuer).publicKey);
    } catch {
      return false;
    }
  },
};
/** What comes before the seed in PKCS #8. https://www.rfc-editor.org/rfc/rfc8410#section-7 */
const ED25519_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

export const primitives: Primitives = {
  sha256: digest('sha256'),
  sha1: digest('sha1'),
  md5: digest('md5'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  hmac: (hash, key, data) => createHmac(hash, key).update(data).digest(),
  aesGcm,
  publicKeys,
  ed25519PublicKey(seed) {
    const key = createPrivateKey({ key: Buffer.concat([ED25519_HEAD, seed]), format: 'der', type: 'pkcs8' });
    // The key itself comes last.
    return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32));
  },
  crc32: (data) => crc32(data),
  gunzip(data, limit) {
    try {
      return gunzipSync(data, { maxOutputLength: limit });
    } catch {
      return undefined;
    }
  },
};

// Pairs of keys, by Node's crypto.

import { createPrivateKey, createPublicKey, sign, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { PublicKeys, RsaKey } from '#world/index.ts';

/** What comes before the seed in PKCS #8. https://www.rfc-editor.org/rfc/rfc8410#section-7 */
const ED25519_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Reading a key takes longer than signing with it. */
const rsaKeys = new WeakMap<RsaKey, KeyObject>();

function rsaKey(jwk: RsaKey): KeyObject {
  const known = rsaKeys.get(jwk) ?? createPrivateKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' });
  rsaKeys.set(jwk, known);
  return known;
}

export const publicKeys: PublicKeys = {
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
  ed25519(seed) {
    const key = createPrivateKey({ key: Buffer.concat([ED25519_HEAD, seed]), format: 'der', type: 'pkcs8' });
    // The key itself comes last.
    return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32));
  },
  rsaSignature: (hash, key, data) => new Uint8Array(sign(hash, Buffer.from(data), rsaKey(key))),
};

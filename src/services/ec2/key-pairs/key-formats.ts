// How keys are written down: DER, PEM, and the fields of OpenSSH.

import { base64 } from '#contract/protocols/bytes.ts';
import { bytesOf, inverse } from '#cloud/rsa.ts';
import type { RsaKey } from '#cloud/rsa.ts';

const utf8 = new TextEncoder();
const INTEGER = 0x02;
const SEQUENCE = 0x30;
/** The algorithm rsaEncryption with no parameters. */
const RSA_ENCRYPTION = Uint8Array.of(
  0x06,
  0x09,
  0x2a,
  0x86,
  0x48,
  0x86,
  0xf7,
  0x0d,
  0x01,
  0x01,
  0x01,
  0x05,
  0x00,
);

/** https://www.rfc-editor.org/rfc/rfc4251#section-5 */
export function sshFields(blob: Uint8Array): Uint8Array[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const fields: Uint8Array[] = [];
  for (let at = 0; at + 4 <= blob.length;) {
    const length = view.getUint32(at);
    fields.push(blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}

export function sshBlob(...fields: readonly (string | Uint8Array)[]): Uint8Array {
  return joined(
    ...fields.flatMap((field) => {
      const bytes = typeof field === 'string' ? utf8.encode(field) : field;
      return [bytesOf(BigInt(bytes.length), 4), bytes];
    }),
  );
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = joined(...parts);
  const { length } = content;
  const head =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, Math.floor(length / 256), length % 256];
  return joined(Uint8Array.of(tag, ...head), content);
}

/** As both DER and SSH want it: positive, so that a zero comes before a highest bit that is set. */
export function integerBytes(value: bigint): Uint8Array {
  return bytesOf(value, Math.floor(value.toString(2).length / 8) + 1);
}

/** The SubjectPublicKeyInfo of an RSA key whose modulus and exponent are given as SSH has them. */
export function publicKeyInfo(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  const key = der(SEQUENCE, der(INTEGER, modulus), der(INTEGER, exponent));
  return der(SEQUENCE, der(SEQUENCE, RSA_ENCRYPTION), der(0x03, Uint8Array.of(0), key));
}

/** https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2 */
function pkcs1({ n, e, d, p, q }: RsaKey): Uint8Array {
  const numbers = [0n, n, e, d, p, q, d % (p - 1n), d % (q - 1n), inverse(q, p)];
  return der(SEQUENCE, ...numbers.map((number) => der(INTEGER, integerBytes(number))));
}

/** https://www.rfc-editor.org/rfc/rfc5208#section-5 */
export function pkcs8(key: RsaKey): Uint8Array {
  return der(SEQUENCE, der(INTEGER, Uint8Array.of(0)), der(SEQUENCE, RSA_ENCRYPTION), der(0x04, pkcs1(key)));
}

function pem(label: string, bytes: Uint8Array, lineLength: number): string {
  const lines = base64(bytes).match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`].join('\n');
}

export function rsaPem(key: RsaKey): string {
  return pem('RSA PRIVATE KEY', pkcs1(key), 64);
}

/** `key` is the public one. https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key */
export function ed25519Pem(seed: Uint8Array, key: Uint8Array): string {
  const blob = sshBlob('ssh-ed25519', key);
  // Twice the same number, which shows whether a passphrase was right; there is none.
  const check = seed.subarray(0, 4);
  const secret = joined(check, check, sshBlob('ssh-ed25519', key, joined(seed, key), ''));
  const padding = Uint8Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, at) => at + 1);
  const head = joined(utf8.encode('openssh-key-v1\0'), sshBlob('none', 'none', ''), bytesOf(1n, 4));
  const whole = joined(head, sshBlob(blob), sshBlob(joined(secret, padding)));
  return `${pem('OPENSSH PRIVATE KEY', whole, 70)}\n`;
}

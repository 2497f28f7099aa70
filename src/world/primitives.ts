// What the world needs computed and may not import: the runtime's own cryptography, handed in by whoever composes a world.

export type Sha2 = 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** AES-256 in Galois/Counter Mode. Whoever seals brings a nonce (12 bytes) that the key has not seen before. */
export interface AesGcm {
  /** The encrypted bytes and, behind them, their tag (16 bytes). */
  readonly seal: (
    key: Uint8Array,
    nonce: Uint8Array,
    data: Uint8Array,
    authenticated: Uint8Array,
  ) => Uint8Array;
  /** Nothing where key, nonce, bytes or what was authenticated beside them are not those that were sealed. */
  readonly open: (
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    authenticated: Uint8Array,
  ) => Uint8Array | undefined;
}

/** An RSA private key as a JSON Web Key has it: big-endian numbers in base64url. */
export interface RsaKey {
  readonly n: string;
  readonly e: string;
  readonly d: string;
  readonly p: string;
  readonly q: string;
  readonly dp: string;
  readonly dq: string;
  readonly qi: string;
}

/** Pairs of keys: of certificates, key pairs and signatures. */
export interface PublicKeys {
  /** The public half (SubjectPublicKeyInfo, DER) of a private key in PEM that has no passphrase; nothing where it is none. */
  readonly publicKeyOf: (privateKey: string) => Uint8Array | undefined;
  /** Whether a certificate bears the signature of another's key. Both are X.509, DER. */
  readonly signedBy: (certificate: Uint8Array, issuer: Uint8Array) => boolean;
  /** The public key (32 bytes) that belongs to a seed of as many (RFC 8032). */
  readonly ed25519: (seed: Uint8Array) => Uint8Array;
  /** RSASSA-PKCS1-v1_5, whose signatures depend on nothing but key and data. */
  readonly rsaSignature: (hash: 'sha1' | 'sha256', key: RsaKey, data: string) => Uint8Array;
}

/** Hashes, message authentication, encryption, signatures, inflation. All are pure functions of their arguments. */
export interface Primitives {
  readonly sha256: (data: string | Uint8Array) => Uint8Array;
  readonly sha1: (data: string | Uint8Array) => Uint8Array;
  readonly md5: (data: string | Uint8Array) => Uint8Array;
  readonly hmacSha256: (key: string | Uint8Array, data: string | Uint8Array) => Uint8Array;
  /** With the other hashes of SHA-2, by name, and the one that old signatures use. */
  readonly hmac: (hash: Sha2 | 'sha1', key: Uint8Array, data: Uint8Array) => Uint8Array;
  readonly aesGcm: AesGcm;
  readonly publicKeys: PublicKeys;
  readonly crc32: (data: Uint8Array) => number;
  /** Nothing where the data is not gzip or inflates to more than `limit` bytes. */
  readonly gunzip: (data: Uint8Array, limit: number) => Uint8Array | undefined;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

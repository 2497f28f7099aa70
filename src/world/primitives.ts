// What the world needs computed and may not import: the runtime's own cryptography, handed in by whoever composes a world.

/** Hashes, message authentication, inflation. All are pure functions of their arguments. */
export interface Primitives {
  readonly sha256: (data: string | Uint8Array) => Uint8Array;
  readonly sha1: (data: string | Uint8Array) => Uint8Array;
  readonly md5: (data: string | Uint8Array) => Uint8Array;
  readonly hmacSha256: (key: string | Uint8Array, data: string | Uint8Array) => Uint8Array;
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

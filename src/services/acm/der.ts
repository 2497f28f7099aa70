// DER, the encoding of certificates (ITU-T X.690): values that each say what they are and how long. Reads what it is given
// without a word of what it means.

import { instantMs } from '#contract/protocols/timestamp.ts';

export interface Value {
  readonly tag: number;
  /** The content, without tag and length. */
  readonly bytes: Uint8Array;
  /** With them. */
  readonly whole: Uint8Array;
}

export const TAG = {
  boolean: 0x01,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  bmpString: 0x1e,
  utcTime: 0x17,
  version: 0xa0,
  extensions: 0xa3,
} as const;

/** The values that stand one after the other in some bytes. Throws where the bytes end before a value does. */
export function valuesIn(bytes: Uint8Array): Value[] {
  const values: Value[] = [];
  for (let at = 0; at < bytes.length;) {
    const { start, length } = lengthAt(bytes, at + 1);
    const end = start + length;
    if (end > bytes.length) throw new Error('The value is cut off.');
    values.push({
      tag: bytes[at] ?? 0,
      bytes: bytes.subarray(start, end),
      whole: bytes.subarray(at, end),
    });
    at = end;
  }
  return values;
}

function lengthAt(bytes: Uint8Array, at: number): { start: number; length: number } {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return { start: at + 1, length: first };
  const more = first - 0x80;
  // Four bytes of length are four gigabytes of content.
  if (more < 1 || more > 4) throw new Error('The length is none of DER.');
  const length = bytes.subarray(at + 1, at + 1 + more).reduce((sum, byte) => sum * 256 + byte, 0);
  return { start: at + 1 + more, length };
}

/** Such as `2.5.29.15`. */
export function oidOf({ bytes }: Value): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of bytes) {
    arc = arc * 128 + (byte % 128);
    if (byte >= 128) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...rest].join('.');
}

/** The positions of the bits that are set. */
export function bitsOf({ bytes }: Value): number[] {
  return [...bytes.subarray(1)].flatMap((byte, i) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> (7 - bit)) % 2 === 1).map((bit) => i * 8 + bit),
  );
}

export function textOf({ tag, bytes }: Value): string {
  if (tag !== TAG.bmpString) return new TextDecoder().decode(bytes);
  const units = Array.from({ length: bytes.length / 2 }, (_, i) => [
    bytes[i * 2] ?? 0,
    bytes[i * 2 + 1] ?? 0,
  ]);
  return units.map(([high = 0, low = 0]) => String.fromCharCode(high * 256 + low)).join('');
}

/** Epoch milliseconds. The years of UTCTime are of 1950 to 2049 (RFC 5280, 4.1.2.5). */
export function timeOf(value: Value): number {
  const text = textOf(value);
  const short = value.tag === TAG.utcTime;
  const full = short ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full)?.slice(1).map(Number) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  const at = instantMs(year, month, day, hour, minute, second);
  if (at === undefined) throw new Error('There is no such time.');
  return at;
}

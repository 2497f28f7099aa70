// The bytes of a response body, whatever form it has.

import { utf8 } from '#contract/protocols/bytes.ts';
import type { BlobRef, WireResponse } from '#contract/wire.ts';

/** `blob` finds stored bytes by their address. */
export function bodyBytes(
  body: WireResponse['body'],
  blob: (hash: string) => Uint8Array | undefined,
): Uint8Array {
  if (typeof body === 'string') return utf8(body);
  if (body instanceof Uint8Array) return body;
  if (!('segments' in body)) return part(body, blob);
  const whole = new Uint8Array(body.sizeBytes);
  let at = 0;
  for (const segment of body.segments) {
    whole.set(part(segment, blob), at);
    at += segment.sizeBytes;
  }
  return whole;
}

function part(
  { blob: hash, sizeBytes, offset = 0 }: BlobRef,
  blob: (hash: string) => Uint8Array | undefined,
): Uint8Array {
  const bytes = blob(hash);
  if (!bytes) throw new Error(`No blob ${hash}.`);
  return bytes.subarray(offset, offset + sizeBytes);
}

// The bytes of objects: how they arrive and how they leave. Nothing is copied: an object is a list of parts of blobs.

import { hex } from '#world/index.ts';
import { base64, fromBase64 } from '#contract/protocols/bytes.ts';
import type { Body } from '#contract/wire.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { badDigest, invalidDigest } from '../faults.ts';
import type { ChecksumAlgorithm, Segment } from '../tables.ts';
import { DEFAULT_ALGORITHM, digest, givenChecksum, verify } from './checksums.ts';
import type { ChecksumMembers, GivenChecksum } from './checksums.ts';

/** Bytes that arrived, stored. */
export interface Arrived {
  readonly segments: readonly Segment[];
  readonly sizeBytes: number;
  /** Lower-case hexadecimal. */
  readonly md5: string;
  readonly given: GivenChecksum | undefined;
  /** By the algorithm that was asked for. */
  readonly checksum: string;
}

interface Incoming extends ChecksumMembers {
  readonly Body?: Body | undefined;
  readonly ContentMD5?: string | undefined;
  readonly PartNumber?: number | undefined;
  readonly ChecksumAlgorithm?: string | undefined;
}

/**
 * Takes the body of an upload, and throws where it is not what the client says it sent. `algorithm`: what to keep;
 * otherwise what the client used.
 */
export function arrived(ctx: Ctx, input: Incoming, algorithm?: ChecksumAlgorithm): Arrived {
  const given = givenChecksum(input);
  const { Body: body = { bytes: new Uint8Array(0) } } = input;
  if ('segments' in body) throw new Error('Uploads arrive in one piece.');
  const bytes = 'bytes' in body ? body.bytes : ctx.blob(body.blob);
  const blob = 'bytes' in body ? ctx.putBlob(bytes) : body.blob;
  const known = 'bytes' in body ? {} : (body.checksums ?? {});
  const md5 = (known['md5'] && fromBase64(known['md5'])) || ctx.kernel.primitives.md5(bytes);
  checkMd5(input, md5);
  const checksumBy = (name: ChecksumAlgorithm): string =>
    known[name.toLowerCase()] ?? digest(ctx, name, bytes);
  if (given) verify(given, checksumBy(given.algorithm));
  const kept = algorithm ?? given?.algorithm ?? DEFAULT_ALGORITHM;
  return {
    segments: bytes.length === 0 ? [] : [{ blob, offset: 0, sizeBytes: bytes.length }],
    sizeBytes: bytes.length,
    md5: hex(md5),
    given,
    checksum: given?.algorithm === kept ? given.value : checksumBy(kept),
  };
}

function checkMd5({ ContentMD5: given, PartNumber }: Incoming, actual: Uint8Array): void {
  if (given === undefined) return;
  const expected = fromBase64(given);
  if (expected?.length !== 16) throw invalidDigest(given);
  if (hex(expected) === hex(actual)) return;
  throw badDigest('The Content-MD5 you specified did not match what we received.', {
    // Of a part S3 shows it as it was given (recorded by LocalStack's test_s3_invalid_content_md5).
    ExpectedDigest: PartNumber === undefined ? hex(expected) : given,
    CalculatedDigest: base64(actual),
  });
}

/** The bytes of segments as an answer's body. */
export function bodyOf(segments: readonly Segment[]): Body {
  const [only] = segments;
  if (only && segments.length === 1) return only;
  return { segments, sizeBytes: segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

/** The bytes of segments in one piece, for checksums that cannot be had from those of the parts. */
export function joined(ctx: Ctx, segments: readonly Segment[]): Uint8Array {
  const slices = segments.map(({ blob, offset, sizeBytes }) =>
    ctx.blob(blob).subarray(offset, offset + sizeBytes),
  );
  const [only] = slices;
  if (only && slices.length === 1) return only;
  const whole = new Uint8Array(slices.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const slice of slices) {
    whole.set(slice, at);
    at += slice.length;
  }
  return whole;
}

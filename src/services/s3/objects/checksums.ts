// The checksums that S3 verifies and keeps, and how those of parts become one.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html

import { base64, fromBase64 } from '#contract/protocols/bytes.ts';
import { combined, crc32c, crc64nvme } from '#cloud/archives/crc.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { badDigest, invalidRequest, notModelled } from '../faults.ts';
import type { Checksum, ChecksumAlgorithm } from '../tables.ts';

const BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};
export const ALGORITHMS: readonly ChecksumAlgorithm[] = Object.keys(BYTES) as ChecksumAlgorithm[];

/** What S3 computes where the client names no algorithm. */
export const DEFAULT_ALGORITHM: ChecksumAlgorithm = 'CRC64NVME';

/** The members of requests that carry a checksum, and those of answers. */
export interface ChecksumMembers {
  readonly ChecksumCRC32?: string | undefined;
  readonly ChecksumCRC32C?: string | undefined;
  readonly ChecksumCRC64NVME?: string | undefined;
  readonly ChecksumSHA1?: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
}

export interface GivenChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
}

/** The algorithm of a request; S3 has more than are modelled. */
export function algorithmOf(name: string | undefined): ChecksumAlgorithm | undefined {
  if (name === undefined || ALGORITHMS.includes(name as ChecksumAlgorithm))
    return name as ChecksumAlgorithm | undefined;
  throw notModelled(`The checksum algorithm ${name}`);
}

/** The one checksum that a request carries. */
export function givenChecksum(
  input: ChecksumMembers & { readonly ChecksumAlgorithm?: string | undefined },
): GivenChecksum | undefined {
  const given = ALGORITHMS.filter((algorithm) => input[`Checksum${algorithm}`] !== undefined);
  if (given.length > 1) {
    throw invalidRequest(
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  const [algorithm] = given;
  const declared = algorithmOf(input.ChecksumAlgorithm);
  if (!algorithm) {
    if (!declared) return undefined;
    throw invalidRequest(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  if (declared && declared !== algorithm)
    throw invalidRequest('Value for x-amz-sdk-checksum-algorithm header is invalid.');
  const value = input[`Checksum${algorithm}`] as string;
  if (fromBase64(value)?.length !== BYTES[algorithm])
    throw invalidRequest(`Value for x-amz-checksum-${algorithm.toLowerCase()} header is invalid.`);
  return { algorithm, value };
}

/** Checksum of bytes, in base64. */
export function digest(ctx: Ctx, algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  const { primitives } = ctx.kernel;
  switch (algorithm) {
    case 'CRC32':
      return ofNumber(BigInt(primitives.crc32(bytes)), 4);
    case 'CRC32C':
      return ofNumber(BigInt(crc32c(bytes)), 4);
    case 'CRC64NVME':
      return ofNumber(crc64nvme(bytes), 8);
    case 'SHA1':
      return base64(primitives.sha1(bytes));
    case 'SHA256':
      return base64(primitives.sha256(bytes));
  }
}

/** Throws where what arrived is not what was sent. */
export function verify({ algorithm, value }: GivenChecksum, actual: string): void {
  if (value !== actual)
    throw badDigest(`The ${algorithm} you specified did not match the calculated checksum.`);
}

/** `{ ChecksumCRC32 }` and its like. */
export function checksumMember({ algorithm, value }: GivenChecksum): ChecksumMembers {
  return { [`Checksum${algorithm}`]: value };
}

/** `{ ChecksumCRC32, ChecksumType }` and its like. */
export function checksumMembers(
  checksum: Checksum | undefined,
): ChecksumMembers & { ChecksumType?: Checksum['type'] } {
  if (!checksum) return {};
  return { ...checksumMember(checksum), ChecksumType: checksum.type };
}

/** The checksum of parts' checksums. */
export function composite(
  ctx: Ctx,
  algorithm: ChecksumAlgorithm,
  parts: readonly { checksum: string }[],
): string {
  const raw = new Uint8Array(parts.length * BYTES[algorithm]);
  for (const [index, { checksum }] of parts.entries())
    raw.set(fromBase64(checksum) as Uint8Array, index * BYTES[algorithm]);
  return `${digest(ctx, algorithm, raw)}-${parts.length}`;
}

/** The checksum of the whole from those of its parts, which only CRCs allow. */
export function fullObject(
  algorithm: ChecksumAlgorithm,
  parts: readonly { checksum: string; sizeBytes: number }[],
): string {
  const crc = combined(
    algorithm as 'CRC32' | 'CRC32C' | 'CRC64NVME',
    parts.map(({ checksum, sizeBytes }) => ({ crc: toNumber(checksum), sizeBytes })),
  );
  return ofNumber(crc, BYTES[algorithm]);
}

function ofNumber(value: bigint, size: number): string {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) bytes[at] = Number((value >> BigInt(8 * (size - 1 - at))) & 0xffn);
  return base64(bytes);
}

function toNumber(text: string): bigint {
  let value = 0n;
  for (const byte of fromBase64(text) as Uint8Array) value = (value << 8n) | BigInt(byte);
  return value;
}

// Parts of objects: byte ranges and part numbers, as lists of segments. No bytes are copied.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html

import { Fault } from '#contract/fault.ts';
import { invalidRequest } from '../faults.ts';
import type { Segment, StoredObject } from '../tables.ts';

export interface ByteRange {
  readonly start: number;
  readonly sizeBytes: number;
  /** The answer says which part it is, even where it is all. */
  readonly partial: boolean;
}

/** What a read asks for: all, a range, or a part of a multipart object. */
export function requestedRange(
  object: StoredObject,
  range: string | undefined,
  partNumber: number | undefined,
): ByteRange {
  if (partNumber !== undefined) {
    if (range !== undefined)
      throw invalidRequest('Cannot specify both Range header and partNumber query parameter');
    return partRange(object, partNumber);
  }
  return byteRange(object.sizeBytes, range);
}

/** Other units, several ranges and nonsense are ignored, as HTTP allows. */
function byteRange(size: number, header: string | undefined): ByteRange {
  const all = { start: 0, sizeBytes: size, partial: false };
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return all;
  if (first === '') {
    const sizeBytes = Math.min(Number(last), size);
    if (sizeBytes === 0) throw unsatisfiable(size, header as string);
    return { start: size - sizeBytes, sizeBytes, partial: true };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return all;
  if (start >= size) throw unsatisfiable(size, header as string);
  return { start, sizeBytes: end - start + 1, partial: true };
}

function unsatisfiable(ActualObjectSize: number, RangeRequested: string): Fault {
  return new Fault('InvalidRange', 'The requested range is not satisfiable', {
    status: 416,
    fields: { RangeRequested, ActualObjectSize },
    headers: { 'content-range': `bytes */${ActualObjectSize}` },
  });
}

function partRange({ parts, sizeBytes: size }: StoredObject, partNumber: number): ByteRange {
  const sizes = parts?.map((part) => part.sizeBytes) ?? [size];
  const sizeBytes = sizes[partNumber - 1];
  if (sizeBytes === undefined) {
    throw new Fault('InvalidPartNumber', 'The requested partnumber is not satisfiable', {
      status: 416,
      fields: { PartNumberRequested: partNumber, ActualPartCount: sizes.length },
    });
  }
  const start = sizes.slice(0, partNumber - 1).reduce((sum, one) => sum + one, 0);
  return { start, sizeBytes, partial: sizeBytes > 0 };
}

/** The segments that a range covers, whole or in part. */
export function sliced(
  segments: readonly Segment[],
  { start, sizeBytes }: { start: number; sizeBytes: number },
): Segment[] {
  const end = start + sizeBytes;
  const found: Segment[] = [];
  let at = 0;
  for (const segment of segments) {
    const from = Math.max(start, at);
    const to = Math.min(end, at + segment.sizeBytes);
    if (to > from)
      found.push({ blob: segment.blob, offset: segment.offset + from - at, sizeBytes: to - from });
    at += segment.sizeBytes;
  }
  return found;
}

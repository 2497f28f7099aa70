// Deployment packages: where they come from, and what AWS checks of them.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

import { Fault } from '#contract/fault.ts';
import { base64 } from '#contract/protocols/bytes.ts';
import { bodyBytes } from '#cloud/body.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { invalid, USER } from '../names.ts';
import type { Code } from '../rows.ts';

export const LARGEST_ZIPPED = 52_428_800;
export const LARGEST_UNZIPPED = 262_144_000;

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LONGEST_COMMENT = 0xffff;

interface Given {
  ZipFile?: Uint8Array | undefined;
  S3Bucket?: string | undefined;
  S3Key?: string | undefined;
  S3ObjectVersion?: string | undefined;
}

/** The code that a request brings or points to. */
export function codeOf(ctx: Ctx, { ZipFile, S3Bucket, S3Key, S3ObjectVersion }: Given): Code {
  if (ZipFile !== undefined) {
    if (ZipFile.length > LARGEST_ZIPPED) {
      throw new Fault('RequestTooLarge', `Zipped size must be smaller than ${LARGEST_ZIPPED} bytes`);
    }
    return packageOf(ctx, ZipFile);
  }
  if (S3Bucket === undefined || S3Key === undefined)
    throw invalid('Please provide a source for function code.');
  // Whoever creates the function must be able to read the object; no role of Lambda's is involved.
  const version = S3ObjectVersion === undefined ? {} : { VersionId: S3ObjectVersion };
  const got = ctx.call('s3', 'GetObject', { Bucket: S3Bucket, Key: S3Key, ...version }, ctx.principal);
  if (!got.ok) {
    if (/AccessDenied/.test(got.fault.shape)) {
      throw new Fault(
        'AccessDeniedException',
        'Your access has been denied by S3, please make sure your request credentials have permission to GetObject ' +
          `for ${S3Bucket}/${S3Key}. S3 Error Code: AccessDenied. S3 Error Message: ${got.fault.message}`,
        USER,
      );
    }
    throw invalid(
      `Error occurred while GetObject. S3 Error Code: ${got.fault.shape}. S3 Error Message: ${got.fault.message}`,
    );
  }
  const { Body: body } = got.output;
  if (!body) throw unreadable();
  const bytes = 'bytes' in body ? body.bytes : bodyBytes(body, (hash) => ctx.blob(hash));
  return packageOf(ctx, bytes);
}

function packageOf(ctx: Ctx, bytes: Uint8Array): Code {
  if (unzippedBytes(bytes) > LARGEST_UNZIPPED) {
    throw invalid(`Unzipped size must be smaller than ${LARGEST_UNZIPPED} bytes`);
  }
  const sha256 = base64(ctx.kernel.primitives.sha256(bytes));
  return { blob: ctx.putBlob(bytes), sha256, sizeBytes: bytes.length };
}

function unreadable(): Fault {
  return invalid('Could not unzip uploaded file. Please check your file, then try to upload again.');
}

/** The size of what the archive says it holds. */
export function unzippedBytes(bytes: Uint8Array): number {
  return directoryOf(bytes).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** The names of the files that an archive holds. */
export function namesIn(bytes: Uint8Array): string[] {
  return directoryOf(bytes).map(({ name }) => name);
}

interface DirectoryEntry {
  readonly name: string;
  /** Unzipped. */
  readonly sizeBytes: number;
}

/**
 * Reads no more than the archive's directory: unpacking is the business of who runs it.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
function directoryOf(bytes: Uint8Array): DirectoryEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endOfDirectory(view);
  if (end === undefined) throw unreadable();
  const entries = view.getUint16(end + 10, true);
  if (entries === 0) throw invalid('Uploaded file must be a non-empty zip');
  let at = view.getUint32(end + 16, true);
  const found: DirectoryEntry[] = [];
  for (let entry = 0; entry < entries; entry += 1) {
    if (at + ENTRY_BYTES > end || view.getUint32(at, true) !== DIRECTORY_ENTRY) throw unreadable();
    const [length, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const named = bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + (length as number));
    found.push({ name: new TextDecoder().decode(named), sizeBytes: view.getUint32(at + 24, true) });
    at += ENTRY_BYTES + (length as number) + (extra as number) + (comment as number);
  }
  return found;
}

function endOfDirectory(view: DataView): number | undefined {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= 0 && at >= last - LONGEST_COMMENT; at -= 1) {
    if (view.getUint32(at, true) === END_OF_DIRECTORY) return at;
  }
  return undefined;
}

// Encryption with keys of the customer's own (SSE-C): S3 keeps a digest of the key, and nobody reads the object without it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html

import { Fault } from '#contract/fault.ts';
import { base64, fromBase64 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { accessDenied, invalidArgument, invalidRequest } from '../faults.ts';

const KEY_BYTES = 32;
const HEADER = 'x-amz-server-side-encryption';

export interface CustomerKey {
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly SSECustomerKey?: string | undefined;
  readonly SSECustomerKeyMD5?: string | undefined;
}

export interface SourceCustomerKey {
  readonly CopySourceSSECustomerAlgorithm?: string | undefined;
  readonly CopySourceSSECustomerKey?: string | undefined;
  readonly CopySourceSSECustomerKeyMD5?: string | undefined;
}

interface Sealed {
  readonly customerKeyMd5?: string;
}

/** The key of a copy's source, by the names of the others. */
export function sourceKey(input: SourceCustomerKey): CustomerKey {
  return {
    SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm,
    SSECustomerKey: input.CopySourceSSECustomerKey,
    SSECustomerKeyMD5: input.CopySourceSSECustomerKeyMD5,
  };
}

export function hasCustomerKey(input: CustomerKey): boolean {
  return (input.SSECustomerAlgorithm ?? input.SSECustomerKey ?? input.SSECustomerKeyMD5) !== undefined;
}

function checkComplete({
  SSECustomerAlgorithm: algorithm,
  SSECustomerKey: key,
  SSECustomerKeyMD5: md5,
}: CustomerKey): void {
  const start = 'Requests specifying Server Side Encryption with Customer provided keys must provide';
  if (algorithm === undefined)
    throw invalidArgument(HEADER, undefined, `${start} a valid encryption algorithm.`);
  if (algorithm !== 'AES256') {
    const message = 'The Encryption request you specified is not valid. Supported value: AES256.';
    const fields = { ArgumentName: HEADER, ArgumentValue: algorithm };
    throw new Fault('InvalidEncryptionAlgorithmError', message, { status: 400, fields });
  }
  if (key === undefined) throw invalidArgument(HEADER, undefined, `${start} an appropriate secret key.`);
  if (md5 === undefined)
    throw invalidArgument(HEADER, undefined, `${start} the client calculated MD5 of the secret key.`);
}

/** `{ customerKeyMd5 }` of a new object or upload, where the request brings a key. Throws for a key that is none. */
export function customerKeyFor(
  ctx: Ctx,
  input: CustomerKey & { readonly ServerSideEncryption?: string | undefined },
): { customerKeyMd5?: string } {
  if (!hasCustomerKey(input)) return {};
  const { ServerSideEncryption: other } = input;
  if (other !== undefined) {
    const message =
      'Server Side Encryption with Customer provided key is incompatible with the encryption method specified';
    throw invalidArgument(HEADER, other, message);
  }
  checkComplete(input);
  const bytes = fromBase64(input.SSECustomerKey as string);
  if (bytes?.length !== KEY_BYTES)
    throw invalidArgument(HEADER, undefined, 'The secret key was invalid for the specified algorithm.');
  const md5 = base64(ctx.kernel.primitives.md5(bytes));
  if (md5 === input.SSECustomerKeyMD5) return { customerKeyMd5: md5 };
  const message = 'The calculated MD5 hash of the key did not match the hash that was provided.';
  throw invalidArgument(HEADER, undefined, message);
}

/** Whether a request brings the very key; its digest alone would prove nothing. */
function opens(ctx: Ctx, { customerKeyMd5 }: Sealed, { SSECustomerKey: key = '' }: CustomerKey): boolean {
  const bytes = fromBase64(key);
  return bytes !== undefined && base64(ctx.kernel.primitives.md5(bytes)) === customerKeyMd5;
}

/** Throws unless a request to read an object brings the key that the object needs, and none where it needs none. */
export function checkCustomerKey(ctx: Ctx, object: Sealed, input: CustomerKey): void {
  const given = hasCustomerKey(input);
  if (given) checkComplete(input);
  if (object.customerKeyMd5 === undefined) {
    if (given) throw invalidRequest('The encryption parameters are not applicable to this object.');
    return;
  }
  if (!given) {
    throw invalidRequest(
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to ' +
        'retrieve the object.',
    );
  }
  if (opens(ctx, object, input)) return;
  throw accessDenied(
    'Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.',
  );
}

/** Throws unless a part comes with the key that its upload was begun with. */
export function checkPartKey(ctx: Ctx, upload: Sealed, input: CustomerKey): void {
  const given = hasCustomerKey(input);
  if (given !== (upload.customerKeyMd5 !== undefined)) {
    throw invalidRequest(
      'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate ' +
        'encryption parameters.',
    );
  }
  if (given) checkUploadKey(ctx, upload, input);
}

/** Completing an upload and listing its parts need no key; one that is given has to be the right one. */
export function checkUploadKey(ctx: Ctx, upload: Sealed, input: CustomerKey): void {
  if (!hasCustomerKey(input)) return;
  checkComplete(input);
  if (opens(ctx, upload, input)) return;
  throw invalidRequest('The provided encryption parameters did not match the ones used originally.');
}

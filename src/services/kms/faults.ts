// KMS's errors in its own words, as AWS gave them in the answers that LocalStack's tests record:
// https://github.com/localstack/localstack/blob/main/tests/aws/services/kms/test_kms.snapshot.json

import { Fault } from '#contract/fault.ts';
import { principalName } from '#cloud/principal.ts';
import type { Principal } from '#cloud/principal.ts';

export const notFound = (message: string): Fault => new Fault('NotFoundException', message);
export const noSuchKey = (arn: string): Fault => notFound(`Key '${arn}' does not exist`);
export const noSuchAlias = (arn: string): Fault => notFound(`Alias ${arn} is not found.`);
export const invalid = (message: string): Fault => new Fault('ValidationException', message);
export const invalidCiphertext = (): Fault => new Fault('InvalidCiphertextException', '');
export const invalidMarker = (): Fault => new Fault('InvalidMarkerException', '');
export const invalidState = (message: string): Fault => new Fault('KMSInvalidStateException', message);

export const notModelled = (what: string): Fault =>
  new Fault('NotImplemented', `${what} is not modelled by Sandtable.`);

export const incompatible = (algorithm: string, spec: string): Fault =>
  new Fault('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${spec}.`);

/** What callers learn of a key that is not theirs, be it there or not. */
export function unreachable(principal: Principal, action: string, ciphertext: boolean): Fault {
  const what = ciphertext ? 'the resource associated with this ciphertext' : 'this resource';
  return new Fault(
    'AccessDenied',
    `User: ${principalName(principal)} is not authorized to perform: ${action} on ${what} because the resource ` +
      'does not exist in this Region, no resource-based policies allow access, or a resource-based policy ' +
      'explicitly denies access',
  );
}

/** The answer to a rehearsal of a request that would have succeeded. */
export function checkDryRun({ DryRun }: { DryRun?: boolean | undefined }): void {
  if (DryRun)
    throw new Fault(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    );
}

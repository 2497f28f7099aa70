// What S3 answers to values of headers and parameters that its model does not have.

import type { Fault } from '#contract/fault.ts';
import type { Violation } from '#contract/validate.ts';
import { invalidArgument, invalidRequest, invalidStorageClass } from './faults.ts';

/** Nothing where the answer is the usual one. */
export function invalidHeader({ members, value }: Violation): Fault | undefined {
  const [only, ...inner] = members;
  if (inner.length > 0) return undefined;
  switch (only) {
    case 'EncodingType':
      return invalidArgument('encoding-type', value, 'Invalid Encoding Method specified in Request');
    case 'StorageClass':
      return invalidStorageClass(String(value));
    case 'ChecksumAlgorithm':
      return invalidRequest(
        'Checksum algorithm provided is unsupported. Please try again with any of the valid types: ' +
          '[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
      );
    default:
      return undefined;
  }
}

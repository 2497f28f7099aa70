// Certificates that listeners of both generations name.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '../ctx.ts';
import { certificates } from '../ports/certificates.ts';

/** Certificates of ACM and IAM. None can be uploaded to IAM here, so that no ARN of IAM names one. */
const ARN =
  /^arn:aws:(acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+|iam::\d{12}:server-certificate\/[\w+=,.@/-]+)$/;

/** The ARN of a certificate that a listener can serve with. Throws AWS's errors for what is none. */
export function checkedCertificate(ctx: Ctx, arn: string | undefined): string {
  if (arn === undefined) throw new Fault('ValidationError', 'A certificate ARN must be specified');
  if (!ARN.test(arn)) throw new Fault('ValidationError', `Certificate ARN '${arn}' is not valid`);
  const found = ctx.cloud.stands(certificates) ? ctx.port(certificates).find(ctx, arn) : undefined;
  if (!found) throw new Fault('CertificateNotFoundException', `Certificate '${arn}' not found`);
  if (!found.usable) {
    throw new Fault(
      'UnsupportedCertificate',
      `The certificate '${arn}' must have a fully-qualified domain name, a supported signature, and a supported key size.`,
    );
  }
  return arn;
}

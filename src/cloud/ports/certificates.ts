// Certificates as the services that serve with them know them: kept by ACM, used by load balancers.

import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';

/** A certificate that a listener may name. */
export interface CertificateFacts {
  readonly arn: string;
  /** Issued and not expired: others cannot be put before clients. */
  readonly usable: boolean;
}

export interface Certificates {
  /** A certificate of this account and region; nothing where there is none. */
  find(ctx: Ctx, arn: string): CertificateFacts | undefined;
}
export const certificates: Port<Certificates> = port<Certificates>('certificates');

/** Who serves with certificates. Implemented by both generations of load balancers. */
export interface CertificateUsers {
  /** ARNs of what uses a certificate. */
  usersOf(ctx: Ctx, certificateArn: string): readonly string[];
}
export const certificateUsers: Port<CertificateUsers> = port<CertificateUsers>(
  'certificate-users',
  (parts) => ({ usersOf: (ctx, arn) => parts.flatMap((part) => part.usersOf(ctx, arn)) }),
);

// Rows of ACM, and the look-ups that answer as AWS does when there is none.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Tags } from '#cloud/tags.ts';

type Detail = NonNullable<Output<'acm', 'DescribeCertificate'>['Certificate']>;

/** A name in a certificate, and how far the proof is that its owner asked. */
export interface Validation {
  readonly domainName: string;
  readonly status: 'PENDING_VALIDATION' | 'SUCCESS' | 'FAILED';
  /** The domain whose owner is asked. */
  readonly validationDomain: string;
  /** For validation by DNS: the CNAME record that proves it. */
  readonly record?: { readonly name: string; readonly value: string };
  /** When the record was first seen. */
  readonly seenAt?: number;
}

export interface Certificate {
  arn: string;
  domainName: string;
  /** The domain name first. */
  names: readonly string[];
  method: 'DNS' | 'EMAIL';
  validations: readonly Validation[];
  keyAlgorithm: NonNullable<Detail['KeyAlgorithm']>;
  transparency: 'ENABLED' | 'DISABLED';
  tags: Tags;
  status: 'PENDING_VALIDATION' | 'ISSUED' | 'VALIDATION_TIMED_OUT' | 'EXPIRED';
  createdAt: number;
  /** Until when the same request with the same token gets this certificate. */
  token?: { readonly text: string; readonly until: number };
  /** Once it is issued; renewals change it. */
  issue?: {
    readonly serial: string;
    readonly issuedAt: number;
    readonly notBefore: number;
    readonly notAfter: number;
  };
  /** Since renewal fell due and could not be done. */
  renewal?: { readonly status: 'PENDING_VALIDATION' | 'SUCCESS'; readonly updatedAt: number };
}

export const certificates: Table<Certificate> = table<Certificate>('acm/certificates', (row) => row.arn, {
  token: (row) => row.token?.text,
});

/** A certificate that waits for records. Rows of the world: hosted zones are of no region. */
export interface Awaited {
  arn: string;
  scope: string;
}

export const awaited: Table<Awaited> = table<Awaited>('acm/awaited', (row) => row.arn);

export function certificateOf(ctx: Ctx, arn: string): Certificate {
  const prefix = ctx.arn('acm', 'certificate/');
  if (!/^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/[0-9A-Za-z-]+$/.test(arn))
    throw new Fault('InvalidArnException', `Certificate ARN ${arn} is not valid.`);
  const found = arn.startsWith(prefix) ? ctx.get(certificates, arn) : undefined;
  if (!found) throw new Fault('ResourceNotFoundException', `Could not find certificate ${arn}.`);
  return found;
}

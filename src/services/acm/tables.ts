// Rows of ACM, and the look-ups that answer as AWS does when there is none.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';

type Detail = NonNullable<Output<'acm', 'DescribeCertificate'>['Certificate']>;

/** Values by key; null where a tag has a key alone. */
export type Tags = Readonly<Record<string, string | null>>;

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
  /** How the owners of its domains are asked; nothing where it was imported. */
  method?: 'DNS' | 'EMAIL';
  validations: readonly Validation[];
  keyAlgorithm: NonNullable<Detail['KeyAlgorithm']>;
  transparency: 'ENABLED' | 'DISABLED';
  tags: Tags;
  status: 'PENDING_VALIDATION' | 'ISSUED' | 'VALIDATION_TIMED_OUT' | 'EXPIRED';
  createdAt: number;
  /** Until when the same request with the same token gets this certificate. */
  token?: { readonly text: string; readonly until: number };
  /** Once it is issued or imported; renewals and imports in its place change it. */
  issue?: {
    readonly serial: string;
    readonly issuedAt: number;
    readonly notBefore: number;
    readonly notAfter: number;
  };
  /** Since renewal fell due and could not be done. */
  renewal?: { readonly status: 'PENDING_VALIDATION' | 'SUCCESS'; readonly updatedAt: number };
  imported?: Imported;
}

/** What an imported certificate says of itself, and the texts that were given. Its private key is checked and not kept. */
export interface Imported {
  readonly body: string;
  readonly chain?: string;
  readonly subject: string;
  readonly issuer: string;
  readonly signatureAlgorithm: string;
  readonly keyUsages: readonly string[];
  readonly extendedKeyUsages: readonly { readonly Name: string; readonly OID: string }[];
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

/** What an account has set for a Region. One row; none as long as nothing is set. */
export interface AccountConfiguration {
  id: 'configuration';
  /** So long before the end, ACM begins to warn of it. */
  days: number;
  /** How often it was changed. */
  changes: number;
  /** Tokens of the last hour. */
  tokens: readonly { readonly text: string; readonly until: number }[];
}
export const accountConfigurations: Table<AccountConfiguration> = table<AccountConfiguration>(
  'acm/account-configurations',
  (row) => row.id,
);

export function certificateOf(ctx: Ctx, arn: string): Certificate {
  const prefix = ctx.arn('acm', 'certificate/');
  if (!/^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/[\w+=,.@-]+$/.test(arn))
    throw new Fault('InvalidArnException', `Certificate ARN ${arn} is not valid.`);
  const found = arn.startsWith(prefix) ? ctx.get(certificates, arn) : undefined;
  if (!found) throw new Fault('ResourceNotFoundException', `Could not find certificate ${arn}.`);
  return found;
}

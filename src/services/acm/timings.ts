// How long ACM takes.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

const HOUR_MS = 3_600_000;
export const DAY_MS: number = 24 * HOUR_MS;

/** From the moment at which the record is answered to the certificate. */
export const dnsValidation: Timing = timing(
  'acm/dns-validation',
  [60_000, 300_000],
  'assumed',
  'AWS says only that it can take up to several hours at worst, usually minutes: https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html',
);

/** https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting-timed-out.html */
export const VALIDATION_MS: number = 72 * HOUR_MS;

/** https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html: 198 days. */
export const VALIDITY_MS: number = 198 * DAY_MS;

/** https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html: 45 days before it expires. */
export const RENEWAL_BEFORE_MS: number = 45 * DAY_MS;

/** https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html: IdempotencyToken */
export const TOKEN_MS: number = HOUR_MS;

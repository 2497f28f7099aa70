// What ACM tells EventBridge. https://docs.aws.amazon.com/acm/latest/userguide/supported-events.html

import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { tellEventBridge } from '#cloud/service-events.ts';
import type { Certificate } from './tables.ts';
import { DAY_MS } from './timings.ts';
import { isUsed } from './users.ts';

export function tellAvailable(
  ctx: Ctx,
  row: Certificate,
  Action: 'ISSUANCE' | 'RENEWAL' | 'IMPORT' | 'REIMPORT',
): void {
  tell(ctx, row, 'Available', () => ({ Action, ...facts(ctx, row), DaysToExpiry: daysLeft(ctx, row) }));
}

export function tellApproaching(ctx: Ctx, row: Certificate): void {
  tell(ctx, row, 'Approaching Expiration', () => ({
    DaysToExpiry: daysLeft(ctx, row),
    CommonName: row.domainName,
  }));
}

export function tellExpired(ctx: Ctx, row: Certificate): void {
  tell(ctx, row, 'Expired', () => facts(ctx, row));
}

function tell(ctx: Ctx, { arn }: Certificate, what: string, detail: () => object): void {
  tellEventBridge(ctx, 'aws.acm', () => ({
    detailType: `ACM Certificate ${what}`,
    resources: [arn],
    detail: detail(),
  }));
}

function facts(ctx: Ctx, row: Certificate): object {
  return {
    CertificateType: row.imported ? 'IMPORTED' : 'AMAZON_ISSUED',
    CommonName: row.domainName,
    ...(row.method ? { DomainValidationMethod: row.method } : {}),
    CertificateCreatedDate: formatIso(row.createdAt),
    CertificateExpirationDate: formatIso(row.issue?.notAfter ?? 0),
    InUse: isUsed(ctx, row.arn),
    Exported: false,
  };
}

function daysLeft(ctx: Ctx, { issue }: Certificate): number {
  return Math.ceil(((issue?.notAfter ?? ctx.now) - ctx.now) / DAY_MS);
}

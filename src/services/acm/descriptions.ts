// Certificates as the API shows them.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { certificateOf, certificates } from './tables.ts';
import type { Certificate, Imported, Validation } from './tables.ts';
import { isUsed, usersOf } from './users.ts';

type Detail = NonNullable<Output<'acm', 'DescribeCertificate'>['Certificate']>;
type Summary = NonNullable<Output<'acm', 'ListCertificates'>['CertificateSummaryList']>[number];
type KeyUsage = NonNullable<Summary['KeyUsages']>[number];
type ExtendedKeyUsage = NonNullable<Summary['ExtendedKeyUsages']>[number];

const PAGE_SIZE = 1000;
/** https://docs.aws.amazon.com/acm/latest/userguide/email-validation.html */
const MAILBOXES = ['administrator', 'hostmaster', 'postmaster', 'webmaster', 'admin'];
/** https://docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html: unless asked for others. */
const LISTED_KEYS = ['RSA_1024', 'RSA_2048'];
const NO_BODY = 'The text of a certificate that ACM issues';
const SIGNATURES: Readonly<Record<string, string>> = {
  RSA_2048: 'SHA256WITHRSA',
  EC_prime256v1: 'SHA256WITHECDSA',
  EC_secp384r1: 'SHA384WITHECDSA',
};
const SERVER = { Name: 'TLS_WEB_SERVER_AUTHENTICATION', OID: '1.3.6.1.5.5.7.3.1' } as const;

export const descriptionOperations: Operations<'acm'> = {
  DescribeCertificate: (ctx, { CertificateArn }) => ({
    Certificate: detail(ctx, certificateOf(ctx, CertificateArn)),
  }),

  GetCertificate(ctx, { CertificateArn }) {
    const { imported, issue } = certificateOf(ctx, CertificateArn);
    if (imported) return { Certificate: imported.body, CertificateChain: imported.chain };
    if (issue) throw new Fault('NotImplemented', `${NO_BODY} is not modelled by Sandtable.`);
    throw new Fault(
      'RequestInProgressException',
      `Certificate ${CertificateArn} has not been issued: it has no text yet.`,
    );
  },

  // Private certificates, and public ones that may be exported, cannot be requested here: there is never one to export.
  ExportCertificate(ctx, { CertificateArn }) {
    const { arn } = certificateOf(ctx, CertificateArn);
    throw new Fault('ValidationException', `Certificate ARN: ${arn} is not a private certificate`);
  },

  ListCertificates(ctx, input) {
    const { CertificateStatuses, Includes = {}, SortBy, SortOrder, NextToken, MaxItems = PAGE_SIZE } = input;
    if ((SortBy === undefined) !== (SortOrder === undefined))
      throw new Fault('ValidationException', 'SortBy and SortOrder must be specified together.');
    const { keyTypes = LISTED_KEYS, keyUsage = [], extendedKeyUsage = [] } = Includes;
    const { exportOption = 'DISABLED', managedBy } = Includes;
    const order = SortOrder === 'DESCENDING' ? -1 : 1;
    const found = ctx
      .list(certificates)
      .filter(({ status }) => CertificateStatuses?.includes(status) ?? true)
      .filter(({ keyAlgorithm }) => (keyTypes as readonly string[]).includes(keyAlgorithm))
      .filter((row) => {
        const { keyUsages, extendedKeyUsages } = usesOf(row);
        return (
          exportOption === 'DISABLED' &&
          managedBy === undefined &&
          covers(keyUsage, keyUsages) &&
          covers(
            extendedKeyUsage,
            extendedKeyUsages.map(({ Name }) => Name),
          )
        );
      })
      .map((row) => ({ row, key: `${String(row.createdAt).padStart(16, '0')} ${row.arn}` }))
      .toSorted((left, right) => (left.key < right.key ? -order : order));
    const { items, next } = pageOf(found, ({ row }) => row.arn, { token: NextToken, limit: MaxItems });
    return { CertificateSummaryList: items.map(({ row }) => summary(ctx, row)), NextToken: next };
  },
};

function covers(wanted: readonly string[], known: readonly string[]): boolean {
  return wanted.every((use) => use === 'ANY' || known.includes(use));
}

/** What the key of a certificate may be used for. */
function usesOf({ imported, issue }: Certificate): Pick<Imported, 'keyUsages' | 'extendedKeyUsages'> {
  if (imported) return imported;
  return issue
    ? { keyUsages: ['DIGITAL_SIGNATURE', 'KEY_ENCIPHERMENT'], extendedKeyUsages: [SERVER] }
    : { keyUsages: [], extendedKeyUsages: [] };
}

/** Answers have hyphens where requests have underscores, as LocalStack's validated tests recorded: `RSA-2048`. */
function shownAlgorithm({ keyAlgorithm }: Certificate): Detail['KeyAlgorithm'] {
  return keyAlgorithm.replace('_', '-') as Detail['KeyAlgorithm'];
}

function detail(ctx: Ctx, row: Certificate): Detail {
  const { imported, issue, renewal } = row;
  const { keyUsages, extendedKeyUsages } = usesOf(row);
  const DomainValidationOptions = imported
    ? row.names.map((DomainName) => ({ DomainName }))
    : row.validations.map((one) => shownValidation(row, one));
  return {
    CertificateArn: row.arn,
    DomainName: row.domainName,
    SubjectAlternativeNames: [...row.names],
    DomainValidationOptions,
    Subject: imported?.subject ?? `CN=${row.domainName}`,
    Issuer: imported?.issuer ?? 'Amazon',
    CreatedAt: row.createdAt,
    Status: row.status,
    KeyAlgorithm: shownAlgorithm(row),
    SignatureAlgorithm: imported?.signatureAlgorithm ?? SIGNATURES[row.keyAlgorithm],
    KeyUsages: keyUsages.map((Name) => ({ Name }) as { Name: KeyUsage }),
    ExtendedKeyUsages: extendedKeyUsages.map(({ Name, OID }) => ({ Name: Name as ExtendedKeyUsage, OID })),
    InUseBy: [...usersOf(ctx, row.arn)],
    Type: typeOf(row),
    RenewalEligibility: eligibility(ctx, row),
    Options: { CertificateTransparencyLoggingPreference: row.transparency, Export: 'DISABLED' },
    ...(issue
      ? { Serial: issue.serial, ...since(row), NotBefore: issue.notBefore, NotAfter: issue.notAfter }
      : {}),
    ...(renewal
      ? {
          RenewalSummary: {
            RenewalStatus: renewal.status,
            DomainValidationOptions,
            UpdatedAt: renewal.updatedAt,
          },
        }
      : {}),
  };
}

function typeOf({ imported }: Certificate): 'IMPORTED' | 'AMAZON_ISSUED' {
  return imported ? 'IMPORTED' : 'AMAZON_ISSUED';
}

function since({ imported, issue }: Certificate): { ImportedAt?: number; IssuedAt?: number } {
  if (!issue) return {};
  return imported ? { ImportedAt: issue.issuedAt } : { IssuedAt: issue.issuedAt };
}

/** ACM renews what it has issued. */
function eligibility(ctx: Ctx, { arn, imported, status }: Certificate): 'ELIGIBLE' | 'INELIGIBLE' {
  return !imported && status === 'ISSUED' && isUsed(ctx, arn) ? 'ELIGIBLE' : 'INELIGIBLE';
}

function shownValidation(
  { method }: Certificate,
  { domainName, validationDomain, status, record }: Validation,
): NonNullable<Detail['DomainValidationOptions']>[number] {
  const domain = validationDomain.replace(/^\*\./, '');
  return {
    DomainName: domainName,
    ValidationDomain: domain,
    ValidationStatus: status,
    ValidationMethod: method,
    ...(record ? { ResourceRecord: { Name: record.name, Type: 'CNAME', Value: record.value } } : {}),
    ...(method === 'EMAIL' ? { ValidationEmails: MAILBOXES.map((box) => `${box}@${domain}`) } : {}),
  };
}

function summary(ctx: Ctx, row: Certificate): Summary {
  const { issue } = row;
  const { keyUsages, extendedKeyUsages } = usesOf(row);
  return {
    CertificateArn: row.arn,
    DomainName: row.domainName,
    SubjectAlternativeNameSummaries: [...row.names],
    HasAdditionalSubjectAlternativeNames: false,
    Status: row.status,
    Type: typeOf(row),
    KeyAlgorithm: shownAlgorithm(row),
    KeyUsages: keyUsages as KeyUsage[],
    ExtendedKeyUsages: extendedKeyUsages.map(({ Name }) => Name as ExtendedKeyUsage),
    // Recorded: what was imported tells the one, what ACM issues the other.
    ...(row.imported ? { ExportOption: 'DISABLED' as const } : { Exported: false }),
    InUse: isUsed(ctx, row.arn),
    RenewalEligibility: eligibility(ctx, row),
    CreatedAt: row.createdAt,
    ...(issue ? { ...since(row), NotBefore: issue.notBefore, NotAfter: issue.notAfter } : {}),
  };
}

// Certificates as the API shows them.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { certificateOf, certificates } from './tables.ts';
import type { Certificate, Validation } from './tables.ts';
import { isUsed, usersOf } from './validation.ts';

type Detail = NonNullable<Output<'acm', 'DescribeCertificate'>['Certificate']>;
type Summary = NonNullable<Output<'acm', 'ListCertificates'>['CertificateSummaryList']>[number];

const PAGE_SIZE = 1000;
/** https://docs.aws.amazon.com/acm/latest/userguide/email-validation.html */
const MAILBOXES = ['administrator', 'hostmaster', 'postmaster', 'webmaster', 'admin'];
/** https://docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html: unless asked for others. */
const LISTED_KEYS = ['RSA_1024', 'RSA_2048'];
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

  ListCertificates(ctx, input) {
    const { CertificateStatuses, Includes = {}, SortBy, SortOrder, NextToken, MaxItems = PAGE_SIZE } = input;
    if ((SortBy === undefined) !== (SortOrder === undefined))
      throw new Fault('ValidationException', 'SortBy and SortOrder must be specified together.');
    const { keyTypes = LISTED_KEYS, keyUsage = [], extendedKeyUsage = [] } = Includes;
    const { exportOption = 'DISABLED', managedBy } = Includes;
    const uses = (some: readonly string[], known: readonly string[]): boolean =>
      some.every((use) => use === 'ANY' || known.includes(use));
    const order = SortOrder === 'DESCENDING' ? -1 : 1;
    const found = ctx
      .list(certificates)
      .filter(({ status }) => CertificateStatuses?.includes(status) ?? true)
      .filter(({ keyAlgorithm }) => (keyTypes as readonly string[]).includes(keyAlgorithm))
      .filter(
        () =>
          exportOption === 'DISABLED' &&
          managedBy === undefined &&
          uses(keyUsage, ['DIGITAL_SIGNATURE', 'KEY_ENCIPHERMENT']) &&
          uses(extendedKeyUsage, [SERVER.Name]),
      )
      .map((row) => ({ row, key: `${String(row.createdAt).padStart(16, '0')} ${row.arn}` }))
      .toSorted((left, right) => (left.key < right.key ? -order : order));
    const { items, next } = pageOf(found, ({ row }) => row.arn, { token: NextToken, limit: MaxItems });
    return { CertificateSummaryList: items.map(({ row }) => summary(ctx, row)), NextToken: next };
  },
};

function detail(ctx: Ctx, row: Certificate): Detail {
  const { issue, renewal } = row;
  const DomainValidationOptions = row.validations.map((one) => shownValidation(row, one));
  return {
    CertificateArn: row.arn,
    DomainName: row.domainName,
    SubjectAlternativeNames: [...row.names],
    DomainValidationOptions,
    Subject: `CN=${row.domainName}`,
    Issuer: 'Amazon',
    CreatedAt: row.createdAt,
    Status: row.status,
    KeyAlgorithm: row.keyAlgorithm,
    SignatureAlgorithm: SIGNATURES[row.keyAlgorithm],
    InUseBy: [...usersOf(ctx, row.arn)],
    Type: 'AMAZON_ISSUED',
    RenewalEligibility: eligibility(ctx, row),
    Options: { CertificateTransparencyLoggingPreference: row.transparency, Export: 'DISABLED' },
    ...(issue
      ? {
          Serial: issue.serial,
          IssuedAt: issue.issuedAt,
          NotBefore: issue.notBefore,
          NotAfter: issue.notAfter,
          KeyUsages: [{ Name: 'DIGITAL_SIGNATURE' }, { Name: 'KEY_ENCIPHERMENT' }],
          ExtendedKeyUsages: [SERVER],
        }
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

function eligibility(ctx: Ctx, { arn, status }: Certificate): 'ELIGIBLE' | 'INELIGIBLE' {
  return status === 'ISSUED' && isUsed(ctx, arn) ? 'ELIGIBLE' : 'INELIGIBLE';
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
  return {
    CertificateArn: row.arn,
    DomainName: row.domainName,
    SubjectAlternativeNameSummaries: [...row.names],
    HasAdditionalSubjectAlternativeNames: false,
    Status: row.status,
    Type: 'AMAZON_ISSUED',
    KeyAlgorithm: row.keyAlgorithm,
    KeyUsages: issue ? ['DIGITAL_SIGNATURE', 'KEY_ENCIPHERMENT'] : [],
    ExtendedKeyUsages: issue ? [SERVER.Name] : [],
    ExportOption: 'DISABLED',
    InUse: isUsed(ctx, row.arn),
    RenewalEligibility: eligibility(ctx, row),
    CreatedAt: row.createdAt,
    ...(issue ? { IssuedAt: issue.issuedAt, NotBefore: issue.notBefore, NotAfter: issue.notAfter } : {}),
  };
}

// Certificates: asked for, changed, deleted.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { awaited, certificateOf, certificates } from './tables.ts';
import type { Certificate, Validation } from './tables.ts';
import { withTags } from './tags.ts';
import { TOKEN_MS } from './timings.ts';
import { isUsed } from './users.ts';
import { awaitValidation, recordFor } from './validation.ts';

/** https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html */
const QUOTAS = { certificates: 2500, names: 10 } as const;
/** Those that ACM makes itself. */
const KEYS = ['RSA_2048', 'EC_prime256v1', 'EC_secp384r1'];

type Request = Input<'acm', 'RequestCertificate'>;

export const certificateOperations: Operations<'acm'> = {
  RequestCertificate(ctx, input) {
    const wanted = wantedBy(ctx, input);
    const { IdempotencyToken: text } = input;
    const earlier = text === undefined ? [] : ctx.list(certificates, 'token', text);
    const same = earlier.find((row) => (row.token?.until ?? 0) > ctx.now && sameRequest(row, wanted));
    if (same) return { CertificateArn: same.arn };
    checkQuota(ctx);
    const arn = ctx.arn('acm', `certificate/${ctx.uuid('certificate')}`);
    const token = text === undefined ? {} : { token: { text, until: ctx.now + TOKEN_MS } };
    const row: Certificate = { arn, ...wanted, status: 'PENDING_VALIDATION', createdAt: ctx.now, ...token };
    ctx.put(certificates, row);
    awaitValidation(ctx, row);
    return { CertificateArn: arn };
  },

  UpdateCertificateOptions(ctx, { CertificateArn, Options }) {
    const row = certificateOf(ctx, CertificateArn);
    checkOptions(Options);
    ctx.update(certificates, row, { transparency: transparencyIn(Options) ?? row.transparency });
  },

  DeleteCertificate(ctx, { CertificateArn }) {
    const { arn } = certificateOf(ctx, CertificateArn);
    if (isUsed(ctx, arn)) throw new Fault('ResourceInUseException', `Certificate ${arn} is in use.`);
    if (ctx.everywhere.get(awaited, arn)) ctx.everywhere.delete(awaited, arn);
    ctx.delete(certificates, arn);
  },

  ResendValidationEmail(ctx, { CertificateArn, Domain, ValidationDomain }) {
    const { method, names, status } = certificateOf(ctx, CertificateArn);
    if (!names.includes(Domain.toLowerCase())) {
      throw new Fault(
        'InvalidDomainValidationOptionsException',
        `The domain ${Domain} is none of the certificate's.`,
      );
    }
    checkDomain(names, Domain.toLowerCase(), ValidationDomain.toLowerCase());
    // Mail goes nowhere here, the second as the first.
    if (method === 'EMAIL' && status === 'PENDING_VALIDATION') return;
    throw new Fault(
      'InvalidStateException',
      `Certificate ${CertificateArn} does not wait for an answer by mail.`,
    );
  },
};

/** https://repost.aws/knowledge-center/acm-import-troubleshooting */
export function checkQuota(ctx: Ctx): void {
  if (ctx.list(certificates).length < QUOTAS.certificates) return;
  throw new Fault(
    'LimitExceededException',
    'You have reached the maximum number of certificates. Delete certificates that are not in use, or contact AWS Support to request an increase.',
  );
}

type Wanted = Omit<Certificate, 'arn' | 'status' | 'createdAt' | 'token' | 'issue' | 'renewal' | 'imported'>;

function wantedBy(ctx: Ctx, input: Request): Wanted {
  const { DomainName, SubjectAlternativeNames = [], ValidationMethod: method = 'EMAIL', Options } = input;
  const { KeyAlgorithm = 'RSA_2048', DomainValidationOptions = [] } = input;
  if (method === 'HTTP') throw notModelled('Validation by HTTP');
  if (!KEYS.includes(KeyAlgorithm)) {
    throw new Fault('InvalidParameterException', `The key algorithm ${KeyAlgorithm} cannot be requested.`);
  }
  checkOptions(Options);
  const names = [...new Set([DomainName, ...SubjectAlternativeNames].map((name) => name.toLowerCase()))];
  if (names.length > QUOTAS.names) {
    throw new Fault(
      'LimitExceededException',
      `Error: the certificate has ${names.length} domain names; the limit is ${QUOTAS.names}.`,
    );
  }
  const domains = new Map(
    DomainValidationOptions.map((one) => [one.DomainName.toLowerCase(), one.ValidationDomain.toLowerCase()]),
  );
  for (const [name, domain] of domains) checkDomain(names, name, domain);
  const validations = names.map((domainName): Validation => {
    const validationDomain = domains.get(domainName) ?? domainName;
    const record = method === 'DNS' ? { record: recordFor(ctx, domainName) } : {};
    return { domainName, validationDomain, status: 'PENDING_VALIDATION', ...record };
  });
  return {
    domainName: DomainName.toLowerCase(),
    names,
    method,
    validations,
    keyAlgorithm: KeyAlgorithm,
    transparency: transparencyIn(Options) ?? 'ENABLED',
    tags: withTags(ctx, {}, input.Tags),
  };
}

/** The owner of a domain above may be asked as well. */
function checkDomain(names: readonly string[], name: string, domain: string): void {
  const plain = name.replace(/^\*\./, '');
  if (names.includes(name) && (plain === domain || plain.endsWith(`.${domain}`))) return;
  throw new Fault(
    'InvalidDomainValidationOptionsException',
    `The validation domain ${domain} is not ${name} or a domain above it in this certificate.`,
  );
}

function checkOptions(Options: Request['Options']): void {
  if (Options?.Export === 'ENABLED') throw notModelled('Certificates that can be exported');
}

function transparencyIn(Options: Request['Options']): Certificate['transparency'] | undefined {
  return Options?.CertificateTransparencyLoggingPreference as Certificate['transparency'] | undefined;
}

function sameRequest(row: Certificate, wanted: Wanted): boolean {
  return (
    row.method === wanted.method &&
    row.keyAlgorithm === wanted.keyAlgorithm &&
    row.names.join(' ') === wanted.names.join(' ')
  );
}

function notModelled(what: string): Fault {
  return new Fault('NotImplemented', `${what} is not modelled by Sandtable.`);
}

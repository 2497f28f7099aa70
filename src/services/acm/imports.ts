// Certificates from elsewhere: read, checked against their key and their chain, and kept until they expire.
// https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html

import { Fault } from '#contract/fault.ts';
import { textOf } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { checkQuota } from './certificates.ts';
import { tellAvailable } from './events.ts';
import { awaitExpiry } from './expiry.ts';
import { certificateOf, certificates } from './tables.ts';
import type { Certificate, Imported } from './tables.ts';
import { withTags } from './tags.ts';
import { certificatesIn } from './x509.ts';
import type { X509 } from './x509.ts';

const RSA = ['RSA_1024', 'RSA_2048', 'RSA_3072', 'RSA_4096'];
const KEYS = [...RSA, 'EC_prime256v1', 'EC_secp384r1', 'EC_secp521r1'];
/** Where AWS says which text it cannot read: https://repost.aws/knowledge-center/acm-import-troubleshooting */
const UNREADABLE = 'Unable to parse certificate. Please ensure the certificate is in PEM format.';

export const importOperations: Operations<'acm'> = {
  ImportCertificate(ctx, { CertificateArn, Tags, ...texts }) {
    const [parsed, imported] = checked(ctx, texts);
    if (CertificateArn !== undefined) return replace(ctx, CertificateArn, parsed, imported, Tags);
    checkQuota(ctx);
    const arn = ctx.arn('acm', `certificate/${ctx.uuid('certificate')}`);
    const row: Certificate = {
      arn,
      ...identity(parsed),
      validations: [],
      transparency: 'DISABLED',
      tags: withTags(ctx, {}, Tags),
      status: 'ISSUED',
      createdAt: ctx.now,
      issue: issueOf(ctx, parsed),
      imported,
    };
    ctx.put(certificates, row);
    awaitExpiry(ctx, row);
    tellAvailable(ctx, row, 'IMPORT');
    return { CertificateArn: arn };
  },
};

type Request = Input<'acm', 'ImportCertificate'>;
type Texts = Pick<Request, 'Certificate' | 'PrivateKey' | 'CertificateChain'>;

/**
 * Keeps the ARN, and with it all that uses it. It has to serve what it served before.
 * https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html
 */
function replace(
  ctx: Ctx,
  arn: string,
  parsed: X509,
  imported: Imported,
  tags: Request['Tags'],
): { CertificateArn: string } {
  const before = certificateOf(ctx, arn);
  if (!before.imported) throw refused(`Certificate ${arn} was not imported.`);
  if (tags?.length)
    throw refused('Tags cannot be given when a certificate is imported in the place of another.');
  if (parsed.keyAlgorithm !== before.keyAlgorithm)
    throw refused('The key of the certificate must be of the same type and size as that of the one before.');
  const kept =
    before.imported.keyUsages.every((one) => imported.keyUsages.includes(one)) &&
    before.imported.extendedKeyUsages.every(({ OID }) =>
      imported.extendedKeyUsages.some((one) => one.OID === OID),
    );
  if (!kept) throw refused('The certificate must have every key usage that the one before had.');
  if (!parsed.names.some((name) => before.names.includes(name)))
    throw refused('The certificate must have a domain name of the one before.');
  const issue = issueOf(ctx, parsed);
  const after = ctx.update(certificates, before, { ...identity(parsed), status: 'ISSUED', issue, imported });
  awaitExpiry(ctx, after);
  tellAvailable(ctx, after, 'REIMPORT');
  return { CertificateArn: arn };
}

function identity({ names, keyAlgorithm }: X509): Pick<Certificate, 'domainName' | 'names' | 'keyAlgorithm'> {
  return { domainName: names[0] ?? '', names, keyAlgorithm: keyAlgorithm as Certificate['keyAlgorithm'] };
}

function issueOf(ctx: Ctx, { serial, notBefore, notAfter }: X509): NonNullable<Certificate['issue']> {
  return { serial, issuedAt: ctx.now, notBefore, notAfter };
}

/** What is imported, or AWS's answer where it cannot be. */
function checked(ctx: Ctx, texts: Texts): [X509, Imported] {
  const body = textOf(texts.Certificate) ?? '';
  const found = certificatesIn(body);
  const parsed = found?.[0];
  if (!parsed) throw refused(UNREADABLE);
  if (found.length > 1) {
    throw refused(
      'The certificate field contains more than one certificate. You can specify only one certificate in this field.',
    );
  }
  checkKey(ctx, parsed, textOf(texts.PrivateKey) ?? '');
  if (parsed.notBefore > ctx.now) throw refused('The certificate is not in effect yet, is not valid.');
  if (parsed.notAfter <= ctx.now) throw refused('The certificate has expired, is not valid.');
  const chain = texts.CertificateChain && (textOf(texts.CertificateChain) ?? '');
  checkChain(ctx, parsed, chain);
  const { subject, issuer, signatureAlgorithm, keyUsages, extendedKeyUsages } = parsed;
  const shown = { subject, issuer, signatureAlgorithm, keyUsages, extendedKeyUsages };
  return [parsed, { body, ...(chain === undefined ? {} : { chain }), ...shown }];
}

function checkKey(ctx: Ctx, { keyAlgorithm, publicKey }: X509, privateKey: string): void {
  const given = ctx.kernel.primitives.publicKeys.publicKeyOf(privateKey);
  if (!given) throw refused('The private key is not PEM-encoded or is not valid.');
  if (!KEYS.includes(keyAlgorithm)) {
    throw refused(
      keyAlgorithm.startsWith('RSA_')
        ? 'The private key length is not supported for key algorithm.'
        : 'The private key is not supported.',
    );
  }
  if (given.length !== publicKey.length || given.some((byte, i) => byte !== publicKey[i]))
    throw refused('The private key does not match the public key of the certificate.');
}

/** Each certificate in the chain certifies the one before it, with a key of the same kind. The root may be left out. */
function checkChain(ctx: Ctx, certificate: X509, text: string | undefined): void {
  const { signedBy } = ctx.kernel.primitives.publicKeys;
  if (text === undefined) {
    if (isIssuer(certificate, certificate) && signedBy(certificate.der, certificate.der)) return;
    throw refused(
      'Provided certificate is not a valid self signed. Please provide either a valid self-signed certificate or certificate chain.',
    );
  }
  const chain = certificatesIn(text);
  if (!chain) throw refused(UNREADABLE);
  const pairs = [certificate, ...chain.slice(0, -1)].map((one, i) => [one, chain[i] as X509] as const);
  const holds = pairs.every(([one, issuer]) => isIssuer(issuer, one) && signedBy(one.der, issuer.der));
  const [first] = chain;
  if (holds && first && kindOf(first) === kindOf(certificate)) return;
  throw refused('Could not validate the certificate with the certificate chain.');
}

function isIssuer({ subjectName }: X509, { issuerName }: X509): boolean {
  return subjectName.length === issuerName.length && subjectName.every((byte, i) => byte === issuerName[i]);
}

/** https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html: the algorithms of both have to be the same. */
function kindOf({ keyAlgorithm }: X509): string {
  return keyAlgorithm.startsWith('RSA_') ? 'RSA' : 'EC';
}

function refused(message: string): Fault {
  return new Fault('ValidationException', message);
}

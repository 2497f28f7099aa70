// What certificates say of themselves (X.509, RFC 5280), as far as ACM shows it.

import { hex } from '#world/primitives.ts';
import { fromBase64 } from '#contract/protocols/bytes.ts';
import { bitsOf, oidOf, TAG, textOf, timeOf, valuesIn } from './der.ts';
import type { Value } from './der.ts';

export interface X509 {
  readonly der: Uint8Array;
  /** Such as `03:e9`. */
  readonly serial: string;
  /** As one line, such as `C=GB,O=Example,CN=example.com`. */
  readonly subject: string;
  /** The organization that issued it, or its common name where it has none. */
  readonly issuer: string;
  /** The common name, and the names of hosts beside it. */
  readonly names: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  /** As ACM has it, such as `RSA_2048`. */
  readonly keyAlgorithm: string;
  readonly signatureAlgorithm: string;
  readonly keyUsages: readonly string[];
  readonly extendedKeyUsages: readonly { readonly Name: string; readonly OID: string }[];
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Names, DER: a certificate is issued by the one whose subject is its issuer. */
  readonly subjectName: Uint8Array;
  readonly issuerName: Uint8Array;
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'EMAILADDRESS',
};
const CURVES: Readonly<Record<string, string>> = {
  '1.2.840.10045.3.1.7': 'EC_prime256v1',
  '1.3.132.0.34': 'EC_secp384r1',
  '1.3.132.0.35': 'EC_secp521r1',
};
const RSA = '1.2.840.113549.1.1.1';
const SIGNATURES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.5': 'SHA1WITHRSA',
  '1.2.840.113549.1.1.11': 'SHA256WITHRSA',
  '1.2.840.113549.1.1.12': 'SHA384WITHRSA',
  '1.2.840.113549.1.1.13': 'SHA512WITHRSA',
  '1.2.840.10045.4.3.2': 'SHA256WITHECDSA',
  '1.2.840.10045.4.3.3': 'SHA384WITHECDSA',
  '1.2.840.10045.4.3.4': 'SHA512WITHECDSA',
};
const EXTENSIONS = { keyUsage: '2.5.29.15', alternativeNames: '2.5.29.17', extendedKeyUsage: '2.5.29.37' };
/** By the position of the bit. https://docs.aws.amazon.com/acm/latest/APIReference/API_KeyUsage.html */
const KEY_USAGES = [
  'DIGITAL_SIGNATURE',
  'NON_REPUDIATION',
  'KEY_ENCIPHERMENT',
  'DATA_ENCIPHERMENT',
  'KEY_AGREEMENT',
  'CERTIFICATE_SIGNING',
  'CRL_SIGNING',
  'ENCIPHER_ONLY',
  'DECIPHER_ONLY',
];
/** https://docs.aws.amazon.com/acm/latest/APIReference/API_ExtendedKeyUsage.html */
const EXTENDED_KEY_USAGES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'TLS_WEB_SERVER_AUTHENTICATION',
  '1.3.6.1.5.5.7.3.2': 'TLS_WEB_CLIENT_AUTHENTICATION',
  '1.3.6.1.5.5.7.3.3': 'CODE_SIGNING',
  '1.3.6.1.5.5.7.3.4': 'EMAIL_PROTECTION',
  '1.3.6.1.5.5.7.3.5': 'IPSEC_END_SYSTEM',
  '1.3.6.1.5.5.7.3.6': 'IPSEC_TUNNEL',
  '1.3.6.1.5.5.7.3.7': 'IPSEC_USER',
  '1.3.6.1.5.5.7.3.8': 'TIME_STAMPING',
  '1.3.6.1.5.5.7.3.9': 'OCSP_SIGNING',
  '2.5.29.37.0': 'ANY',
};
const DNS_NAME = 0x82;

const PEM = /-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----/g;

/** The certificates in a text; nothing where it has none, or where one is broken. */
export function certificatesIn(text: string): X509[] | undefined {
  const found = [...text.matchAll(PEM)].map(([, body = '']) => fromBase64(body.replaceAll(/\s/g, '')));
  if (found.length === 0) return undefined;
  try {
    return found.map((der) => x509(der ?? new Uint8Array()));
  } catch {
    return undefined;
  }
}

function x509(der: Uint8Array): X509 {
  const [certificate] = valuesIn(der);
  const [signed, algorithm] = inside(certificate);
  const fields = inside(signed);
  // Version 1, which is not written down, has neither.
  const [serial, , issuer, validity, subject, key] =
    fields[0]?.tag === TAG.version ? fields.slice(1) : fields;
  const extensions = extensionsIn(fields.find(({ tag }) => tag === TAG.extensions));
  const [notBefore, notAfter] = inside(validity).map(timeOf);
  const common = attributesOf(subject).find(({ type }) => type === 'CN')?.text;
  const hosts = inside(inside(extensions.get(EXTENSIONS.alternativeNames))[0])
    .filter(({ tag }) => tag === DNS_NAME)
    .map(textOf);
  const usage = inside(extensions.get(EXTENSIONS.keyUsage))[0];
  const signature = oidOf(whole(inside(algorithm)[0]));
  return {
    der,
    serial: hex(whole(serial).bytes)
      .replace(/^00(?=..)/, '')
      .replaceAll(/(..)(?=.)/g, '$1:'),
    subject: attributesOf(subject)
      .map(({ type, text }) => `${type}=${text}`)
      .join(','),
    issuer: issuerIn(attributesOf(issuer)),
    names: [...new Set([...(common === undefined ? [] : [common]), ...hosts])],
    notBefore: notBefore ?? 0,
    notAfter: notAfter ?? 0,
    keyAlgorithm: keyAlgorithmOf(whole(key)),
    signatureAlgorithm: SIGNATURES[signature] ?? signature,
    keyUsages: usage ? bitsOf(usage).flatMap((bit) => KEY_USAGES[bit] ?? []) : [],
    extendedKeyUsages: inside(inside(extensions.get(EXTENSIONS.extendedKeyUsage))[0])
      .map(oidOf)
      .map((OID) => ({ Name: EXTENDED_KEY_USAGES[OID] ?? 'CUSTOM', OID })),
    publicKey: whole(key).whole,
    subjectName: whole(subject).whole,
    issuerName: whole(issuer).whole,
  };
}

function whole(value: Value | undefined): Value {
  if (!value) throw new Error('The certificate is cut off.');
  return value;
}

/** The values within a value; none within nothing. */
function inside(value: Value | undefined): Value[] {
  return value ? valuesIn(value.bytes) : [];
}

/** Their contents, by the OID of each. */
function extensionsIn(field: Value | undefined): Map<string, Value> {
  const all = inside(inside(field)[0]).map(inside);
  return new Map(
    all.flatMap((parts) => {
      const [oid, content] = [parts[0], parts.find(({ tag }) => tag === TAG.octetString)];
      return oid && content ? [[oidOf(oid), content] as const] : [];
    }),
  );
}

interface Attribute {
  readonly type: string;
  readonly text: string;
}

function attributesOf(name: Value | undefined): Attribute[] {
  return inside(name)
    .flatMap(inside)
    .map((pair) => inside(pair))
    .map(([oid, text]) => {
      const type = oidOf(whole(oid));
      return { type: ATTRIBUTES[type] ?? type, text: textOf(whole(text)) };
    });
}

/** LocalStack's validated test_import_certificate recorded the organization where there was a common name as well. */
function issuerIn(attributes: readonly Attribute[]): string {
  const texts = new Map(attributes.map(({ type, text }) => [type, text]));
  return texts.get('O') ?? texts.get('CN') ?? '';
}

function keyAlgorithmOf(key: Value): string {
  const [algorithm, bits] = inside(key);
  const [kind, curve] = inside(algorithm);
  const oid = oidOf(whole(kind));
  if (oid !== RSA) return (curve && CURVES[oidOf(curve)]) ?? oid;
  const [modulus] = inside(valuesIn(whole(bits).bytes.subarray(1))[0]);
  // A positive integer that would begin with a set bit has an empty byte before it.
  const bytes = whole(modulus).bytes;
  return `RSA_${(bytes.length - (bytes[0] === 0 ? 1 : 0)) * 8}`;
}

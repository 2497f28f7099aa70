// The signature under messages, by which a receiver knows that SNS wrote them, and the certificate to check it with.
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html

import type { Primitives, RsaKey } from '#world/index.ts';
import { hex } from '#world/primitives.ts';
import { base64, utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { servedUrl } from '#cloud/endpoint.ts';
import type { Door } from '#cloud/endpoint.ts';
import { bytesOf, inverse } from '#cloud/rsa.ts';

/** Of the key below, signed with itself: CN=sns.amazonaws.com, for the years 2000 to 2999. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIICszCCAZugAwIBAgIBATANBgkqhkiG9w0BAQsFADAcMRowGAYDVQQDDBFzbnMu
YW1hem9uYXdzLmNvbTAgFw0wMDAxMDEwMDAwMDBaGA8yOTk5MTIzMTAwMDAwMFow
HDEaMBgGA1UEAwwRc25zLmFtYXpvbmF3cy5jb20wggEiMA0GCSqGSIb3DQEBAQUA
A4IBDwAwggEKAoIBAQDSYdp9am3ZdXBnMCYwyUNx/DcKQjFoMi7nIpq4BRhTFi3E
qn0qbFqt8kxtpvWDReljxJJuKzIZ6BW8l9AZemHGNExX4+QzXWWxj/miSX/3K6Dz
N813ezmrGORw/VddYZqjoW0AR8u0gG4sKE7k0rWMQMYYwy6RA05qEDHTnjcHJf7k
pR7fHqjd0+aT0ZW3VucrPYuFxA6Nk4Vv/Eu7FKYRMfxEzch8vz8EAQnntaIesEyG
IfppPG9/4ofYwYk9+qBLxJYRGJ/3oht4xpDJwc/9egvQXlEbsAJMHHfg/6EI4A64
DO9pDKpthD9An2G7sEsWhE2nB9G90DYhB6+bo7QXAgMBAAEwDQYJKoZIhvcNAQEL
BQADggEBAHFWKoiGWnnYa4ZdZQsDtXgHsRmwImd4Zqx7dvS5gWHeYA5iSCfdfw7G
ibwRdW+okwjbcA55STmw/u3iYAQlirty0tkDDvrY7CrnoAuxET9oltKwePxaQ7Gm
h4T0iwuNHD6Tjve9oNOIAXp4qTj6ifDWrZYIKP8Ttovetc9l+U4QJCjGCn+TJj8J
gjLhbwWG4g8doLQ0uv58j0FspwUScu6cI1zgrQTu0AaIMYMJeANuGJToeGaRLYWy
0LqyW1+ODPxCpJVKz0v5eH/beb/fMnk4kxhTTrfhNiKj939OGHsehfiWdMhg4Q9z
FDwzXpvmtKUVf85z5F9jDBnQkELC6lM=
-----END CERTIFICATE-----
`;

/** AWS names the file by a digest as well. */
const PATH = '/SimpleNotificationService-4209d5182814780cd1ba97823806d43e.pem';

const EXPONENT = 65_537n;

/** A number of 1,024 bits that a name stands for, and the prime that follows it after so many. */
function prime({ sha256 }: Primitives, name: string, after: bigint): bigint {
  const digests = [0, 1, 2, 3].map((part) => hex(sha256(`${name} ${part}`)));
  return (BigInt(`0x${digests.join('')}`) | (3n << 1022n) | 1n) + after;
}

function base64url(number: bigint): string {
  const bytes = bytesOf(number, Math.ceil(number.toString(16).length / 2));
  return base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The key is no secret: it is the same in every world, so that equal worlds sign alike, and anybody can work it out. */
function madeKey(primitives: Primitives): RsaKey {
  const p = prime(primitives, 'sandtable sns p', 1292n);
  const q = prime(primitives, 'sandtable sns q', 44n);
  const d = inverse(EXPONENT, (p - 1n) * (q - 1n));
  const numbers = { n: p * q, e: EXPONENT, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const entries = Object.entries(numbers).map(([name, number]) => [name, base64url(number)]);
  return Object.fromEntries(entries) as unknown as RsaKey;
}

let key: RsaKey | undefined;

/** What is signed, in this order, of what a message has. */
const SIGNED = ['Message', 'MessageId', 'SubscribeURL', 'Subject', 'Timestamp', 'Token', 'TopicArn', 'Type'];

/** Version 1 is made with SHA-1, version 2 with SHA-256. */
export function signatureOf(ctx: Ctx, version: string, message: Readonly<Record<string, unknown>>): string {
  const { primitives } = ctx.kernel;
  key ??= madeKey(primitives);
  const signed = SIGNED.filter((name) => typeof message[name] === 'string');
  const text = signed.map((name) => `${name}\n${message[name] as string}\n`).join('');
  return base64(primitives.publicKeys.rsaSignature(version === '2' ? 'sha256' : 'sha1', key, text));
}

export function certificateUrl(ctx: Ctx): string {
  return `${servedUrl(ctx) ?? `https://sns.${ctx.region}.amazonaws.com`}${PATH}`;
}

/** Hands out the certificate. */
export const certificateDoor: Door = {
  path: PATH,
  open: (_, { method }) =>
    method === 'GET'
      ? { status: 200, headers: { 'content-type': 'binary/octet-stream' }, body: utf8(CERTIFICATE) }
      : { status: 405, headers: {}, body: new Uint8Array() },
};

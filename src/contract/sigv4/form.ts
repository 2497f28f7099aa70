// Who signed a form, and whether they did: the signature is over its policy
// (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html).

import type { Fault } from '../fault.ts';
import { missingField } from '../forms/upload.ts';
import type { FormUpload } from '../forms/upload.ts';
import { splitCredential } from './authorization.ts';
import { equalSignatures, signingKey, toHex } from './canonical.ts';
import type { CredentialScope, SigningPrimitives } from './canonical.ts';
import { accessDenied, mismatch, queryMalformed } from './problems.ts';
import type { SignatureProblem } from './problems.ts';
import { verifyText } from './version-two.ts';
import type { HmacSha1 } from './version-two.ts';

export interface SignedForm {
  readonly accessKeyId: string;
  readonly signature: string;
  readonly sessionToken?: string;
  readonly policy: string;
  /** Absent in Signature Version 2. */
  readonly scope?: CredentialScope;
}

const VERSION_FOUR = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-Date'];
const VERSION_TWO = ['AWSAccessKeyId', 'Signature'];

/** Undefined for a form that nobody signed. */
export function signedForm({ fields }: FormUpload): SignedForm | SignatureProblem | Fault | undefined {
  const value = (name: string): string => fields.get(name.toLowerCase())?.value ?? '';
  const policy = value('policy');
  const given = (names: readonly string[]): boolean => names.some((name) => fields.has(name.toLowerCase()));
  const names = given(VERSION_FOUR) ? VERSION_FOUR : given(VERSION_TWO) ? VERSION_TWO : undefined;
  if (!names) return fields.has('policy') ? accessDenied('Access Denied') : undefined;
  const missing = names.find((name) => !fields.has(name.toLowerCase()));
  if (missing !== undefined) return missingField(missing);
  if (!fields.has('policy')) return missingField('policy');
  const token = fields.get('x-amz-security-token')?.value;
  const session = token === undefined ? {} : { sessionToken: token };
  if (names === VERSION_TWO)
    return { accessKeyId: value('AWSAccessKeyId'), signature: value('Signature'), policy, ...session };
  const credential = splitCredential(value('X-Amz-Credential'));
  if (!credential) return queryMalformed('Error parsing the X-Amz-Credential parameter.');
  const { accessKeyId, scope } = credential;
  return { accessKeyId, signature: value('X-Amz-Signature'), policy, scope, ...session };
}

/** Undefined where the policy was signed with this secret. */
export function verifyForm(
  form: SignedForm,
  secret: string,
  primitives: SigningPrimitives & HmacSha1,
): SignatureProblem | undefined {
  const { scope, policy, signature, accessKeyId } = form;
  if (!scope) return verifyText(policy, form, secret, primitives);
  const key = signingKey(primitives, secret, scope);
  if (equalSignatures(toHex(primitives.hmacSha256(key, policy)), signature)) return undefined;
  return mismatch('s3', { accessKeyId, stringToSign: policy, signature });
}

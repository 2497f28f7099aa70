// What is wrong with a signature, in AWS's words. S3 has codes and messages of its own
// (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html); the other services share one set
// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html), which the protocol writers
// respell.

import { formatAmzDate, formatIsoSeconds } from './timestamp.ts';

/** Ready for `new Fault(shape, message, { status, fields })`. */
export interface SignatureProblem {
  /**
   * A common error (`SignatureDoesNotMatch`, `IncompleteSignature`, `RequestExpired`, …) or a bare code of
   * S3.
   */
  readonly shape: string;
  readonly message: string;
  /** Absent where the common error has one per dialect. */
  readonly status?: number;
  readonly fields?: Readonly<Record<string, string>>;
}

/** Whose wording an error takes. */
export type Wording = 's3' | 'ec2' | 'other';

export function incomplete(message: string): SignatureProblem {
  return { shape: 'IncompleteSignature', message };
}

export function headerMalformed(detail: string, fields?: Record<string, string>): SignatureProblem {
  const message = `The authorization header is malformed; ${detail}`;
  return { shape: 'AuthorizationHeaderMalformed', message, status: 400, ...(fields && { fields }) };
}

export function queryMalformed(message: string, fields?: Record<string, string>): SignatureProblem {
  return { shape: 'AuthorizationQueryParametersError', message, status: 400, ...(fields && { fields }) };
}

export function accessDenied(message: string, fields: Record<string, string> = {}): SignatureProblem {
  return { shape: 'AccessDenied', message, status: 403, fields };
}

/** No credentials at all, where the operation needs some. */
export function missingToken(wording: Wording): SignatureProblem {
  if (wording === 's3') return accessDenied('Access Denied');
  return { shape: 'MissingAuthenticationToken', message: 'Request is missing Authentication Token' };
}

/** An access key that no one issued, or that was deleted or made inactive. */
export function unknownAccessKey(wording: Wording, accessKeyId: string): SignatureProblem {
  if (wording === 's3') {
    const message = 'The AWS Access Key Id you provided does not exist in our records.';
    return { shape: 'InvalidAccessKeyId', message, status: 403, fields: { AWSAccessKeyId: accessKeyId } };
  }
  const message =
    wording === 'ec2'
      ? 'AWS was not able to validate the provided access credentials'
      : 'The security token included in the request is invalid.';
  return { shape: 'InvalidClientTokenId', message };
}

/** A session token of another key, or with a key that has none. */
export function invalidToken(wording: Wording): SignatureProblem {
  if (wording !== 's3') return unknownAccessKey(wording, '');
  const message = 'The provided token is malformed or otherwise invalid.';
  return { shape: 'InvalidToken', message, status: 400 };
}

/** Temporary credentials past their end. */
export function expiredToken(wording: Wording): SignatureProblem {
  if (wording === 's3')
    return { shape: 'ExpiredToken', message: 'The provided token has expired.', status: 400 };
  if (wording === 'ec2') return { shape: 'ExpiredToken', message: 'Request has expired.' };
  return { shape: 'ExpiredToken', message: 'The security token included in the request is expired' };
}

/** Signature Version 2 is accepted by S3 alone, and there by no Region that opened after 2014. */
export function versionTwo(wording: Wording): SignatureProblem {
  const message =
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.';
  if (wording === 's3') return { shape: 'InvalidRequest', message, status: 400 };
  return incomplete(message);
}

/** SigV4A (multi-Region access points) needs elliptic-curve primitives, which are not modelled. */
export function asymmetric(): SignatureProblem {
  const message =
    'AWS4-ECDSA-P256-SHA256 (Signature Version 4A) is not modelled. Please use AWS4-HMAC-SHA256.';
  return { shape: 'NotImplemented', message, status: 501 };
}

const CALCULATED = 'The request signature we calculated does not match the signature you provided.';

export interface Calculated {
  readonly accessKeyId: string;
  readonly stringToSign: string;
  readonly signature: string;
  /** Signature Version 4 only. */
  readonly canonicalRequest?: string;
}

function spacedHex(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** Both sides signed different texts or with different keys. The texts of our side are shown, as AWS does. */
export function mismatch(wording: Wording, calculated: Calculated): SignatureProblem {
  if (wording === 's3') {
    return {
      shape: 'SignatureDoesNotMatch',
      message: `${CALCULATED} Check your key and signing method.`,
      status: 403,
      fields: {
        AWSAccessKeyId: calculated.accessKeyId,
        StringToSign: calculated.stringToSign,
        SignatureProvided: calculated.signature,
        StringToSignBytes: spacedHex(calculated.stringToSign),
        ...(calculated.canonicalRequest === undefined
          ? {}
          : {
              CanonicalRequest: calculated.canonicalRequest,
              CanonicalRequestBytes: spacedHex(calculated.canonicalRequest),
            }),
      },
    };
  }
  if (wording === 'ec2') {
    const message = 'AWS was not able to validate the provided access credentials';
    return { shape: 'SignatureDoesNotMatch', message };
  }
  const message =
    `${CALCULATED} Check your AWS Secret Access Key and signing method. Consult the service ` +
    `documentation for ` +
    `details.\n\nThe Canonical String for this request should have ` +
    `been\n'${calculated.canonicalRequest}'\n\n` +
    `The String-to-Sign should have been\n'${calculated.stringToSign}'\n`;
  return { shape: 'SignatureDoesNotMatch', message };
}

/** A signature older than the allowed skew, or from a time that has not come. */
export function skewed(
  wording: Wording,
  timestamp: string,
  signedAtMs: number,
  nowMs: number,
  skewMinutes: number,
): SignatureProblem {
  if (wording === 's3') {
    return {
      shape: 'RequestTimeTooSkewed',
      message: 'The difference between the request time and the current time is too large.',
      status: 403,
      fields: {
        RequestTime: timestamp,
        ServerTime: formatIsoSeconds(nowMs),
        MaxAllowedSkewMilliseconds: String(skewMinutes * 60_000),
      },
    };
  }
  if (wording === 'ec2') return { shape: 'RequestExpired', message: 'Request has expired.' };
  const now = formatAmzDate(nowMs);
  const late = signedAtMs < nowMs;
  const edge = formatAmzDate(late ? nowMs - skewMinutes * 60_000 : nowMs + skewMinutes * 60_000);
  const message = late
    ? `Signature expired: ${timestamp} is now earlier than ${edge} (${now} - ${skewMinutes} min.)`
    : `Signature not yet current: ${timestamp} is still later than ${edge} (${now} + ${skewMinutes} min.)`;
  return { shape: 'RequestExpired', message };
}

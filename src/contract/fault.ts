// A modelled AWS error. Services throw `new Fault('NoSuchEntityException', '…')`; the protocol writers spell
// it. The table below holds the errors that every AWS service can answer and that no service lists in its own
// model (docs.aws.amazon.com/general/latest/APIReference/CommonErrors.html, EC2's errors-overview, S3's
// ErrorResponses).

export interface FaultOptions {
  /** Further members of the error shape, as the contract names them. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
  /** What the Query protocol says instead of the message. */
  readonly inQuery?: string | undefined;
  /** Overrides the contract's HTTP status. */
  readonly status?: number | undefined;
  /** Response headers by lower-case name, where an error has some of its own, as several of S3's do. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export class Fault extends Error {
  /**
   * The error shape as the service's model names it, or one of `commonFaults`, or a bare wire code (EC2, S3).
   */
  readonly shape: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly status: number | undefined;
  readonly inQuery: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(shape: string, message: string, options: FaultOptions = {}) {
    super(message);
    this.name = shape;
    this.shape = shape;
    this.fields = options.fields ?? {};
    this.status = options.status;
    this.inQuery = options.inQuery;
    this.headers = options.headers ?? {};
  }
}

/** How an error is spelled depends on the protocol family that carries it. */
export type Dialect = 'json' | 'rest-json' | 'query' | 'ec2' | 's3' | 'rest-xml';

export interface Spelling {
  readonly code: string;
  readonly status: number;
}

type Row = Partial<Record<Dialect, readonly [code: string, status: number]>> & {
  json: readonly [code: string, status: number];
  query: readonly [code: string, status: number];
};

/** `rest-json` falls back to `json`; `ec2`, `s3` and `rest-xml` fall back to `query`. */
const rows: Readonly<Record<string, Row>> = {
  AccessDenied: {
    json: ['AccessDeniedException', 400],
    'rest-json': ['AccessDeniedException', 403],
    query: ['AccessDenied', 403],
    ec2: ['UnauthorizedOperation', 403],
  },
  ExpiredToken: {
    json: ['ExpiredTokenException', 400],
    'rest-json': ['ExpiredTokenException', 403],
    query: ['ExpiredToken', 403],
    ec2: ['RequestExpired', 400],
    s3: ['ExpiredToken', 400],
  },
  IncompleteSignature: {
    json: ['IncompleteSignatureException', 400],
    'rest-json': ['IncompleteSignatureException', 403],
    query: ['IncompleteSignature', 400],
    s3: ['AuthorizationHeaderMalformed', 400],
  },
  InternalFailure: {
    json: ['InternalFailure', 500],
    query: ['InternalFailure', 500],
    ec2: ['InternalError', 500],
    s3: ['InternalError', 500],
  },
  InvalidAction: {
    json: ['UnknownOperationException', 400],
    'rest-json': ['UnknownOperationException', 404],
    query: ['InvalidAction', 400],
    s3: ['MethodNotAllowed', 405],
    'rest-xml': ['UnknownOperationException', 404],
  },
  InvalidClientTokenId: {
    json: ['UnrecognizedClientException', 400],
    'rest-json': ['UnrecognizedClientException', 403],
    query: ['InvalidClientTokenId', 403],
    ec2: ['AuthFailure', 401],
    s3: ['InvalidAccessKeyId', 403],
  },
  InvalidParameterCombination: {
    json: ['InvalidParameterCombinationException', 400],
    query: ['InvalidParameterCombination', 400],
    s3: ['InvalidRequest', 400],
  },
  InvalidParameterValue: {
    json: ['InvalidParameterValueException', 400],
    query: ['InvalidParameterValue', 400],
    s3: ['InvalidArgument', 400],
  },
  MalformedInput: {
    json: ['SerializationException', 400],
    query: ['MalformedInput', 400],
    ec2: ['InvalidParameterValue', 400],
    s3: ['MalformedXML', 400],
    'rest-xml': ['MalformedInput', 400],
  },
  MalformedQueryString: {
    json: ['SerializationException', 400],
    query: ['MalformedQueryString', 400],
    s3: ['InvalidURI', 400],
  },
  MissingAction: { json: ['MissingActionException', 400], query: ['MissingAction', 400] },
  MissingAuthenticationToken: {
    json: ['MissingAuthenticationTokenException', 400],
    'rest-json': ['MissingAuthenticationTokenException', 403],
    query: ['MissingAuthenticationToken', 403],
    s3: ['AccessDenied', 403],
  },
  MissingParameter: {
    json: ['MissingRequiredParameterException', 400],
    query: ['MissingParameter', 400],
    s3: ['InvalidRequest', 400],
  },
  NotImplemented: { json: ['NotImplemented', 501], query: ['NotImplemented', 501] },
  OptInRequired: {
    json: ['OptInRequired', 400],
    'rest-json': ['OptInRequired', 403],
    query: ['OptInRequired', 403],
    s3: ['NotSignedUp', 403],
  },
  RequestExpired: {
    json: ['InvalidSignatureException', 400],
    'rest-json': ['InvalidSignatureException', 403],
    query: ['SignatureDoesNotMatch', 403],
    ec2: ['RequestExpired', 400],
    s3: ['RequestTimeTooSkewed', 403],
  },
  RequestTooLarge: {
    json: ['RequestEntityTooLargeException', 413],
    query: ['RequestEntityTooLarge', 413],
    s3: ['EntityTooLarge', 400],
  },
  ServiceUnavailable: {
    json: ['ServiceUnavailableException', 503],
    query: ['ServiceUnavailable', 503],
    ec2: ['Unavailable', 503],
    s3: ['ServiceUnavailable', 503],
  },
  SignatureDoesNotMatch: {
    json: ['InvalidSignatureException', 400],
    'rest-json': ['InvalidSignatureException', 403],
    query: ['SignatureDoesNotMatch', 403],
    ec2: ['AuthFailure', 401],
  },
  Throttling: {
    json: ['ThrottlingException', 400],
    'rest-json': ['ThrottlingException', 429],
    query: ['Throttling', 400],
    ec2: ['RequestLimitExceeded', 503],
    s3: ['SlowDown', 503],
  },
  UnknownParameter: { json: ['ValidationException', 400], query: ['UnknownParameter', 400] },
  ValidationError: {
    json: ['ValidationException', 400],
    query: ['ValidationError', 400],
    s3: ['InvalidRequest', 400],
  },
};

/**
 * The other names under which the same errors are known, so that a service may use the one of its own
 * protocol.
 */
const aliases: Readonly<Record<string, string>> = {
  AccessDeniedException: 'AccessDenied',
  AuthFailure: 'InvalidClientTokenId',
  ExpiredTokenException: 'ExpiredToken',
  IncompleteSignatureException: 'IncompleteSignature',
  InternalError: 'InternalFailure',
  InvalidAccessKeyId: 'InvalidClientTokenId',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  MalformedXML: 'MalformedInput',
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  MissingRequiredParameterException: 'MissingParameter',
  NotImplementedException: 'NotImplemented',
  RequestEntityTooLarge: 'RequestTooLarge',
  RequestLimitExceeded: 'Throttling',
  SerializationException: 'MalformedInput',
  ServiceUnavailableException: 'ServiceUnavailable',
  SlowDown: 'Throttling',
  ThrottlingException: 'Throttling',
  UnauthorizedOperation: 'AccessDenied',
  UnknownOperationException: 'InvalidAction',
  UnrecognizedClientException: 'InvalidClientTokenId',
  ValidationException: 'ValidationError',
};

const owner: Readonly<Record<Dialect, 'json' | 'query'>> = {
  json: 'json',
  'rest-json': 'json',
  query: 'query',
  ec2: 'query',
  s3: 'query',
  'rest-xml': 'query',
};

/** The canonical names of the errors that any service may answer. */
export const commonFaults: readonly string[] = Object.keys(rows);

/** The spelling of a common error in one dialect, or undefined when `shape` is not a common error. */
export function commonSpelling(shape: string, dialect: Dialect): Spelling | undefined {
  const name = Object.hasOwn(aliases, shape) ? aliases[shape] : shape;
  const row = name !== undefined && Object.hasOwn(rows, name) ? rows[name] : undefined;
  if (row === undefined) return undefined;
  const [code, status] = row[dialect] ?? row[owner[dialect]];
  return { code, status };
}

// The format of contracts/<id>.json and contracts/index.json: AWS's published facts under short keys,
// documented here and nowhere else, because EC2 alone has 9,000 members. tools/contracts/generate.py writes
// it, contract.ts reads it.

/** A use of a shape by a member, a list or a map: its name alone, or with the facts of this use. */
export type RefJson = string | RefFacts;

export interface RefFacts {
  /** Shape. */
  s: string;
  /** Wire name (`locationName`), when it differs from the member's name. */
  n?: string;
  /** Wire name in query and XML alone, for services that also speak JSON. */
  x?: string;
  /** Where it travels in HTTP: `uri`, `querystring`, `header`, `headers` (a prefix) or `statusCode`. */
  in?: string;
  /** Name in EC2's query strings. */
  q?: string;
  /** A list or map without its own wrapping element. */
  f?: 1;
  /** XML attribute. */
  a?: 1;
  /** XML namespace: URI, or [URI, prefix]. */
  ns?: string | [string, string];
  /** Timestamp format: `iso8601`, `rfc822` or `unixTimestamp`. */
  ts?: string;
  /** Streaming. */
  st?: 1;
  /** Idempotency token: filled in by clients. */
  tok?: 1;
  /** Part of the host name. */
  host?: 1;
  /** A JSON document inside a header. */
  jv?: 1;
  /** The payload of an event. */
  ep?: 1;
}

export type Kind =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'long'
  | 'double'
  | 'timestamp'
  | 'blob'
  | 'list'
  | 'map'
  | 'structure'
  | 'document';

export interface ShapeJson {
  /** Type. */
  t: Kind;
  /** Members of a structure. */
  m?: Record<string, RefJson>;
  /** Required members. */
  r?: string[];
  /** The items of a list; the keys and the values of a map. */
  l?: RefJson;
  k?: RefJson;
  v?: RefJson;
  /** Enumeration. */
  e?: string[];
  /** Least and greatest length or value. */
  min?: number;
  max?: number;
  /**
   * Pattern, as a JavaScript regular expression for the flags `su`, to be anchored; and its further flags.
   */
  p?: string;
  pi?: string;
  /** The pattern as published, in Java's notation, when that is another. */
  pj?: string;
  /** Flattened wherever it is used. */
  f?: 1;
  /** The member that is the HTTP payload. */
  pl?: string;
  /** Union, event, event stream, streaming, sensitive. */
  u?: 1;
  ev?: 1;
  es?: 1;
  st?: 1;
  sn?: 1;
  /** Timestamp format. */
  ts?: string;
  /** XML root element, namespace. */
  n?: string;
  ns?: string | [string, string];
  /** An error: wire code when it is not the name, HTTP status, fault of the server. */
  x?: { c?: string; s?: number; f?: 1 };
}

export interface OperationJson {
  /** Input and output shapes, errors, the element that wraps the output in query answers. */
  i?: string;
  o?: string;
  e?: string[];
  w?: string;
  /** HTTP method, URI template and success status, when not POST / 200. */
  h?: [string, string] | [string, string, number];
  /** Root element and namespace of the input in XML. */
  n?: string;
  ns?: string | [string, string];
  /** Host prefix. */
  host?: string;
  /** A request checksum is required. */
  ck?: 1;
  /** May be sent without a signature. */
  anon?: 1;
  /** S3: the output's only member is the root element. */
  uw?: 1;
}

export type Protocol = 'json' | 'query' | 'ec2' | 'rest-json' | 'rest-xml' | 'smithy-rpc-v2-cbor';

/**
 * What the gateway needs to know of every contract before it loads one; contracts/index.json is a list of
 * these.
 */
export interface ContractHeader {
  id: string;
  /** AWS's name of the service, for people. */
  name: string;
  /** The SDK's name of the service. */
  serviceId: string;
  signingName: string;
  endpointPrefix: string;
  apiVersion: string;
  /** The protocols that AWS's endpoint accepts, the SDKs' favourite first. */
  protocols: Protocol[];
  targetPrefix?: string;
  jsonVersion?: '1.0' | '1.1';
  xmlNamespace?: string;
  /** Namespace of error types, where answers carry one. */
  namespace?: string;
  /** The one host of a service without regional endpoints. */
  globalEndpoint?: string;
  /** Errors also carry their old query code. */
  queryCompatible?: 1;
}

export interface ContractJson extends ContractHeader {
  /** Where the facts come from, with the version. */
  source: string;
  /** Published patterns that JavaScript cannot or should not run, with the reason. */
  skippedPatterns?: Record<string, string>;
  operations: Record<string, OperationJson>;
  shapes: Record<string, ShapeJson>;
}

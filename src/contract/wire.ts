// What crosses the edge: one HTTP request and one HTTP response as plain values. The floor is a set of pure
// functions from WireRequest to input and from output to WireResponse; sockets, streams and signatures belong
// to others.

/** Bytes that are already stored under the hash of their content, or a part of them. */
export interface BlobRef {
  readonly blob: string;
  readonly sizeBytes: number;
  /** Where in the blob this part starts; 0 when absent. */
  readonly offset?: number | undefined;
  /** Base64 checksums of the whole body by AWS algorithm name in lower case (`crc32`, `sha256`, `md5`, …). */
  readonly checksums?: Readonly<Record<string, string>> | undefined;
}

/** A body made of several stored parts: a multipart object, or a range of one. */
export interface SegmentedBody {
  readonly segments: readonly BlobRef[];
  readonly sizeBytes: number;
}

/** A body held in memory: small, or given by a test. */
export interface BytesBody {
  readonly bytes: Uint8Array;
}

/**
 * A streaming payload (S3 `PutObject.Body`, Lambda `InvokeResponse.Payload`). The readers and writers never
 * copy it.
 */
export type Body = BytesBody | BlobRef | SegmentedBody;

export interface WireRequest {
  readonly method: string;
  /** As sent: percent-encoded, starts with `/`, without the query string. */
  readonly path: string;
  /** As sent, without the `?`. */
  readonly query: string;
  /** Lower-case names; a header given twice is joined with `,`, as HTTP says. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The Host header, lower case, without a port. */
  readonly host: string;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A document as text, which a socket takes in one piece with the headers; bytes otherwise. */
  readonly body: string | Uint8Array | BlobRef | SegmentedBody;
}

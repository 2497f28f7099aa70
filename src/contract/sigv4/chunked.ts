// Decodes aws-chunked bodies and verifies the signature of every chunk and of the trailer
// (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html).
// Incremental, so that the edge can pass a body on while it arrives; holds one chunk at a time, because a
// chunk counts only once its signature has held.

import type { ParsedAuthorization } from './authorization.ts';
import { equalSignatures, scopeText, toHex, type SigningPrimitives } from './canonical.ts';
import { mismatch, type SignatureProblem } from './problems.ts';
import type { WireRequest } from '../wire.ts';

export interface ChunkedOptions {
  readonly primitives: SigningPrimitives;
  /** The verified signature of the headers is the seed of the chain. Not needed for unsigned chunks. */
  readonly parsed?: ParsedAuthorization;
  /** `signingKey` of the same secret and scope. Not needed for unsigned chunks. */
  readonly key?: Uint8Array;
}

export interface ChunkedDecoder {
  /** The data of the chunks that are now complete. After a problem the decoder must be dropped. */
  readonly push: (bytes: Uint8Array) => readonly Uint8Array[] | SignatureProblem;
  /** To be called when the body has ended. */
  readonly end: () => Ended | SignatureProblem;
}

export interface Ended {
  /** The trailing headers by lower-case name. */
  readonly trailers: Readonly<Record<string, string>>;
}

/** S3 refuses smaller chunks, except for the last one. */
const MIN_CHUNK_BYTES = 8192;
const MAX_CHUNK_BYTES = 128 * 1024 * 1024;
const MAX_LINE_BYTES = 16 * 1024;
const MAX_TRAILERS = 16;
const CR = 13;
const LF = 10;
const EMPTY = new Uint8Array(0);
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** True when the body of this request is framed and must pass through a decoder. */
export function isAwsChunked(wire: Pick<WireRequest, 'headers'>): boolean {
  return wire.headers['x-amz-content-sha256']?.startsWith('STREAMING-') === true;
}

export function isChunkProblem(value: object): value is SignatureProblem {
  return 'shape' in value;
}

function failure(shape: string, status: number, message: string): SignatureProblem {
  return { shape, status, message };
}

const incompleteBody = failure('IncompleteBody', 400, 'The request body terminated unexpectedly');
const wrongLength = failure(
  'IncompleteBody',
  400,
  'You did not provide the number of bytes specified by the Content-Length HTTP header',
);
const smallChunk = failure(
  'InvalidChunkSizeError',
  403,
  'Only the last chunk is allowed to have a size less than 8192 bytes',
);
const malformedTrailer = failure(
  'MalformedTrailerError',
  400,
  'The request contained trailing data that was not well-formed or did not conform to our published schema.',
);

/** The bytes that have arrived and are not used yet. Pieces are joined only when enough of them are there. */
class Incoming {
  private buffer: Uint8Array = EMPTY;
  private at = 0;
  private pieces: Uint8Array[] = [];
  private waiting = 0;

  add(bytes: Uint8Array): void {
    this.pieces.push(bytes);
    this.waiting += bytes.length;
  }

  get available(): number {
    return this.buffer.length - this.at + this.waiting;
  }

  private join(): void {
    if (this.pieces.length === 0) return;
    const joined = new Uint8Array(this.available);
    joined.set(this.buffer.subarray(this.at));
    let end = this.buffer.length - this.at;
    for (const piece of this.pieces) {
      joined.set(piece, end);
      end += piece.length;
    }
    this.buffer = joined;
    this.at = 0;
    this.pieces = [];
    this.waiting = 0;
  }

  take(size: number): Uint8Array | undefined {
    if (this.available < size) return undefined;
    this.join();
    this.at += size;
    return this.buffer.subarray(this.at - size, this.at);
  }

  /** A line without its CRLF; undefined when none is complete, null when it is too long to be one. */
  line(): string | undefined | null {
    this.join();
    const end = this.buffer.indexOf(LF, this.at);
    const length = (end < 0 ? this.buffer.length : end) - this.at;
    if (length > MAX_LINE_BYTES) return null;
    if (end < 0) return undefined;
    const cut = end > this.at && this.buffer[end - 1] === CR ? end - 1 : end;
    const text = new TextDecoder().decode(this.buffer.subarray(this.at, cut));
    this.at = end + 1;
    return text;
  }
}

/** The chain of chunk signatures: each covers the one before it. */
interface Chain {
  readonly accepts: (kind: 'PAYLOAD' | 'TRAILER', hashes: string, signature: string) => string | undefined;
}

function chainOf({ primitives, parsed, key }: ChunkedOptions): Chain | undefined {
  if (parsed === undefined || key === undefined) return undefined;
  let previous = parsed.signature;
  return {
    accepts(kind, hashes, signature) {
      const scope = scopeText(parsed.scope);
      const text = `AWS4-HMAC-SHA256-${kind}\n${parsed.timestamp}\n${scope}\n${previous}\n${hashes}`;
      if (!equalSignatures(toHex(primitives.hmacSha256(key, text)), signature)) return text;
      previous = signature;
      return undefined;
    },
  };
}

/** A decoder for the body that these headers announce, or the reason why there can be none. */
export function chunkedDecoder(
  wire: Pick<WireRequest, 'headers'>,
  options: ChunkedOptions,
): ChunkedDecoder | SignatureProblem {
  const mode = wire.headers['x-amz-content-sha256'] ?? '';
  const declared = wire.headers['x-amz-decoded-content-length'];
  if (declared === undefined || !/^\d{1,15}$/.test(declared)) {
    return failure('MissingContentLength', 411, 'You must provide the Content-Length HTTP header.');
  }
  const signed = mode.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
  const chain = signed ? chainOf(options) : undefined;
  if (signed && chain === undefined)
    throw new TypeError('a signed chunked body needs its authorization and key');
  const trailers = (wire.headers['x-amz-trailer'] ?? '').toLowerCase().split(',');
  return new Decoder({
    primitives: options.primitives,
    accessKeyId: options.parsed?.accessKeyId ?? '',
    chain,
    decodedLength: Number(declared),
    trailerNames: mode.endsWith('-TRAILER')
      ? new Set(trailers.map((name) => name.trim()).filter((name) => name !== ''))
      : undefined,
  });
}

interface Framing {
  readonly primitives: SigningPrimitives;
  readonly accessKeyId: string;
  readonly chain: Chain | undefined;
  readonly decodedLength: number;
  /** Undefined when the body has no trailer. */
  readonly trailerNames: ReadonlySet<string> | undefined;
}

type State =
  | { at: 'size' }
  | { at: 'data'; size: number; signature: string }
  | { at: 'trailer' }
  | { at: 'done' };

/** What one step came to: go on, wait for more bytes, or stop. */
type Progress = true | undefined | SignatureProblem;

class Decoder implements ChunkedDecoder {
  private readonly framing: Framing;
  private readonly incoming = new Incoming();
  private readonly trailers: Record<string, string> = {};
  private out: Uint8Array[] = [];
  private state: State = { at: 'size' };
  private received = 0;
  private lastSize = MIN_CHUNK_BYTES;

  constructor(framing: Framing) {
    this.framing = framing;
  }

  push(bytes: Uint8Array): readonly Uint8Array[] | SignatureProblem {
    this.incoming.add(bytes);
    this.out = [];
    let progress = this.step();
    while (progress === true) progress = this.step();
    return progress ?? this.out;
  }

  end(): Ended | SignatureProblem {
    if (this.state.at !== 'done') return incompleteBody;
    if (this.received !== this.framing.decodedLength) return wrongLength;
    const { 'x-amz-trailer-signature': _, ...trailers } = this.trailers;
    return { trailers };
  }

  private step(): Progress {
    const { state } = this;
    if (state.at === 'size') return this.size();
    if (state.at === 'data') return this.data(state.size, state.signature);
    if (state.at === 'trailer') return this.trailer();
    return this.incoming.available > 0 ? incompleteBody : undefined;
  }

  private size(): Progress {
    const line = this.incoming.line();
    if (line === undefined) return undefined;
    const match = /^([0-9A-Fa-f]{1,10})(?:;chunk-signature=([0-9A-Fa-f]{64}))?$/.exec(line ?? '');
    const [, digits = '', signature = ''] = match ?? [];
    const size = Number.parseInt(digits, 16);
    if (match === null || size > MAX_CHUNK_BYTES) return incompleteBody;
    if (size > 0 && this.lastSize < MIN_CHUNK_BYTES) return smallChunk;
    if (this.received + size > this.framing.decodedLength) return wrongLength;
    this.state = { at: 'data', size, signature };
    if (size > 0 || this.framing.trailerNames === undefined) return true;
    // The closing chunk of a body with a trailer has no data and no line end of its own.
    this.state = { at: 'trailer' };
    return this.chunkProblem(EMPTY, signature) ?? true;
  }

  private data(size: number, signature: string): Progress {
    const bytes = this.incoming.take(size + 2);
    if (bytes === undefined) return undefined;
    if (bytes[size] !== CR || bytes[size + 1] !== LF) return incompleteBody;
    const content = bytes.subarray(0, size);
    const problem = this.chunkProblem(content, signature);
    if (problem !== undefined) return problem;
    this.received += size;
    this.lastSize = size;
    if (size > 0) this.out.push(content);
    this.state = { at: size > 0 ? 'size' : 'done' };
    return true;
  }

  private trailer(): Progress {
    const line = this.incoming.line();
    if (line === undefined) return undefined;
    if (line === '') {
      this.state = { at: 'done' };
      return trailerProblem(this.framing, this.trailers) ?? true;
    }
    const colon = line?.indexOf(':') ?? -1;
    if (line === null || colon <= 0 || Object.keys(this.trailers).length >= MAX_TRAILERS)
      return malformedTrailer;
    this.trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
    return true;
  }

  private chunkProblem(data: Uint8Array, signature: string): SignatureProblem | undefined {
    const { chain, primitives } = this.framing;
    if (chain === undefined) return undefined;
    const hashes = `${EMPTY_SHA256}\n${toHex(primitives.sha256(data))}`;
    const text = chain.accepts('PAYLOAD', hashes, signature);
    return text === undefined ? undefined : chunkMismatch(this.framing, text, signature);
  }
}

function chunkMismatch(framing: Framing, text: string, signature: string): SignatureProblem {
  const { accessKeyId } = framing;
  return mismatch('s3', { accessKeyId, stringToSign: text, signature, canonicalRequest: '' });
}

/** Every announced header must come, no other may, and the chain ends with a signature over them. */
function trailerProblem(
  framing: Framing,
  trailers: Readonly<Record<string, string>>,
): SignatureProblem | undefined {
  const signature = trailers['x-amz-trailer-signature'];
  const sent = Object.keys(trailers).filter((name) => name !== 'x-amz-trailer-signature');
  const expected = framing.trailerNames ?? new Set<string>();
  if (sent.length !== expected.size || sent.some((name) => !expected.has(name))) return malformedTrailer;
  if (framing.chain === undefined) return undefined;
  if (signature === undefined) return malformedTrailer;
  const canonical = sent.map((name) => `${name}:${trailers[name]}\n`).join('');
  const hash = toHex(framing.primitives.sha256(canonical));
  const text = framing.chain.accepts('TRAILER', hash, signature);
  return text === undefined ? undefined : chunkMismatch(framing, text, signature);
}

/** The whole body at once, where it is in memory already. */
export function decodeChunked(
  wire: Pick<WireRequest, 'headers' | 'body'>,
  options: ChunkedOptions,
): (Ended & { body: Uint8Array }) | SignatureProblem {
  const chunked = chunkedDecoder(wire, options);
  if (isChunkProblem(chunked)) return chunked;
  const pieces = chunked.push(wire.body);
  if (isChunkProblem(pieces)) return pieces;
  const ended = chunked.end();
  if (isChunkProblem(ended)) return ended;
  const joined = new Incoming();
  for (const piece of pieces) joined.add(piece);
  return { body: joined.take(joined.available) ?? EMPTY, trailers: ended.trailers };
}

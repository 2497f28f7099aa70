// The load: bytes of requests that are ready beforehand, over kept-alive sockets, from a process of its own, so that no client's
// work is in a server's figure. Reads one job as JSON from its input and writes one tally as JSON.

import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** One request of a round; the steps of a round follow one another on one connection. */
export interface Step {
  /** The request's bytes, in base64. */
  readonly request: string;
  /** A regular expression whose first group, found in the answer, takes the place of `CAPTURED` in later steps. */
  readonly capture?: string;
}

export interface Job {
  readonly port: number;
  readonly connections: number;
  /** Not counted, before the load that is. */
  readonly warmUpMs: number;
  readonly ms: number;
  readonly steps: readonly Step[];
  /** What `COUNTER` in requests is replaced by, counting up. */
  readonly from: number;
}

export interface Tally {
  readonly requests: number;
  /** Those of the warm-up among them. */
  readonly total: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that are no success, the warm-up's among them. */
  readonly failed: number;
  readonly failure?: string;
  /** Of one processor, what the generator itself needed. */
  readonly generatorCpu: number;
}

/** Eight digits, so that a number in its place leaves every length as it is. */
export const COUNTER = '90909090';
/** As long as no answer's: the length of a request that holds it is worked out anew. */
export const CAPTURED = 'CAPTURED-CAPTURED';

/** An answer that takes longer is taken for none (ms). */
const LONGEST_MS = 30_000;
/** Pieces of an answer whose text is wanted. */
const MOST_KEPT = 16;
const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

interface Prepared {
  readonly bytes: Buffer;
  readonly counterAt: number;
  readonly captured: boolean;
  readonly capture?: RegExp;
}

class Load {
  readonly port: number;
  readonly steps: readonly Prepared[];
  readonly latencies: number[] = [];
  counting = false;
  over = false;
  failed = 0;
  total = 0;
  failure: string | undefined;
  #counter: number;

  constructor({ port, steps, from }: Job) {
    this.port = port;
    this.steps = steps.map(prepared);
    this.#counter = from;
  }

  /** The bytes of a step, with a number and what an answer held in their places. */
  bytesOf({ bytes, counterAt, captured }: Prepared, value: string): Buffer {
    if (captured) return withCaptured(bytes, value);
    if (counterAt < 0) return bytes;
    const copy = Buffer.from(bytes);
    copy.write(String((this.#counter += 1)).padStart(COUNTER.length, '0'), counterAt, 'latin1');
    return copy;
  }

  fail(why: string): void {
    this.failed += 1;
    this.failure ??= why;
  }
}

function prepared({ request, capture }: Step): Prepared {
  const bytes = Buffer.from(request, 'base64');
  return {
    bytes,
    counterAt: bytes.indexOf(COUNTER),
    captured: bytes.includes(CAPTURED),
    ...(capture === undefined ? {} : { capture: new RegExp(capture) }),
  };
}

function withCaptured(bytes: Buffer, value: string): Buffer {
  const [head = '', body = ''] = bytes.toString('latin1').split('\r\n\r\n');
  const whole = body.replace(CAPTURED, value);
  const length = `content-length: ${whole.length}`;
  return Buffer.from(`${head.replace(/content-length: \d+/i, length)}\r\n\r\n${whole}`, 'latin1');
}

/** One connection, which has one request under way at a time. A server that closes after an answer is connected to again. */
class Connection {
  readonly #load: Load;
  readonly #done: () => void;
  readonly #buffer: Buffer = Buffer.allocUnsafe(65_536);
  #socket: Socket | undefined;
  #step = 0;
  #value = '';
  #sentAt = 0;
  #waiting = false;
  /** What came of an answer whose head is not whole yet, or whose body is wanted. */
  #kept: Buffer[] = [];
  #status = 0;
  /** Bytes of the body that are still to come; -1 until the last chunk, -2 until the connection ends. */
  #left: number | undefined;
  #tail: Buffer = Buffer.alloc(0);
  #closing = false;

  constructor(load: Load, done: () => void) {
    this.#load = load;
    this.#done = done;
    this.#connect();
  }

  stop(): void {
    this.#socket?.destroy();
  }

  #connect(): void {
    // Into one buffer and without a stream in between, so that the load costs less than what it measures.
    const onread = {
      buffer: this.#buffer,
      callback: (length: number) => {
        this.#data(this.#buffer.subarray(0, length));
        return true;
      },
    };
    const socket = connect({ port: this.#load.port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket = socket;
    socket.on('connect', () => this.#send());
    socket.on('error', (error) => {
      this.#load.fail(error.message);
      this.#waiting = false;
      this.#done();
    });
    socket.on('end', () => {
      if (!this.#waiting) return;
      if (this.#left === -2) this.#answered();
      else {
        this.#load.fail('the connection ended within an answer');
        this.#done();
      }
    });
  }

  #send(): void {
    if (this.#load.over) {
      this.#socket?.destroy();
      return this.#done();
    }
    const step = this.#load.steps[this.#step] as Prepared;
    const bytes = this.#load.bytesOf(step, this.#value);
    this.#kept = [];
    this.#left = undefined;
    this.#closing = false;
    this.#tail = Buffer.alloc(0);
    this.#waiting = true;
    this.#sentAt = performance.now();
    this.#socket?.write(bytes);
  }

  #data(chunk: Buffer): void {
    if (this.#left === undefined) {
      const all = this.#kept.length === 0 ? chunk : Buffer.concat([...this.#kept, chunk]);
      const end = all.indexOf(HEAD_END);
      if (end < 0) return void (this.#kept = [Buffer.from(all)]);
      this.#head(all.toString('latin1', 0, end));
      const body = all.subarray(end + HEAD_END.length);
      this.#kept = [];
      // 100 Continue and its like come before the answer.
      if (this.#status < 200) {
        this.#left = undefined;
        if (body.length > 0) this.#data(body);
        return;
      }
      this.#body(body);
    } else this.#body(chunk);
  }

  #head(head: string): void {
    this.#status = Number(head.slice(9, 12));
    this.#closing = /\r\nconnection: close/i.test(head) || head.startsWith('HTTP/1.0');
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (this.#status === 204 || this.#status === 304) this.#left = 0;
    else if (length !== undefined) this.#left = Number(length);
    else this.#left = /\r\ntransfer-encoding: chunked/i.test(head) ? -1 : -2;
  }

  #body(bytes: Buffer): void {
    if (this.#wanted && this.#kept.length < MOST_KEPT) this.#kept.push(Buffer.from(bytes));
    if (this.#left === -2) return;
    if (this.#left === -1) {
      this.#tail = Buffer.concat([this.#tail, bytes.subarray(-LAST_CHUNK.length)]).subarray(
        -LAST_CHUNK.length,
      );
      if (this.#tail.equals(LAST_CHUNK)) this.#answered();
      return;
    }
    this.#left = (this.#left as number) - bytes.length;
    if (this.#left <= 0) this.#answered();
  }

  get #wanted(): boolean {
    return this.#status >= 300 || this.#load.steps[this.#step]?.capture !== undefined;
  }

  #answered(): void {
    const load = this.#load;
    this.#waiting = false;
    load.total += 1;
    if (load.counting) load.latencies.push(performance.now() - this.#sentAt);
    const { capture } = load.steps[this.#step] as Prepared;
    if (this.#status < 200 || this.#status >= 300)
      load.fail(`${this.#status} ${Buffer.concat(this.#kept).toString('utf8').slice(0, 200)}`);
    else if (capture) {
      const text = Buffer.concat(this.#kept).toString('utf8');
      const found = capture.exec(text)?.[1];
      if (found === undefined) load.fail(`no ${capture.source} in ${text.slice(0, 200)}`);
      this.#value = found ?? '';
    }
    this.#step = (this.#step + 1) % load.steps.length;
    if (!this.#closing) return this.#send();
    this.#socket?.destroy();
    if (load.over) this.#done();
    else this.#connect();
  }
}

async function run(job: Job): Promise<Tally> {
  const load = new Load(job);
  let open = job.connections;
  const ended = new Promise<void>((resolve) => {
    const done = (): void => {
      open -= 1;
      if (open === 0) resolve();
    };
    for (let n = 0; n < job.connections; n += 1) void new Connection(load, done);
  });
  await pause(job.warmUpMs);
  load.counting = true;
  const [from, before] = [performance.now(), process.cpuUsage()];
  await pause(job.ms);
  load.counting = false;
  load.over = true;
  const ms = performance.now() - from;
  const { user, system } = process.cpuUsage(before);
  await Promise.race([ended, pause(LONGEST_MS).then(() => load.fail('no answer in time'))]);
  const sorted = Float64Array.from(load.latencies).sort();
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return {
    requests: sorted.length,
    total: load.total,
    perSecond: (sorted.length / ms) * 1000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    failed: load.failed,
    ...(load.failure === undefined ? {} : { failure: load.failure }),
    generatorCpu: (user + system) / 1000 / ms,
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

if (import.meta.main) {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin as AsyncIterable<Buffer>) pieces.push(piece);
  const tally = await run(JSON.parse(Buffer.concat(pieces).toString('utf8')) as Job);
  process.stdout.write(JSON.stringify(tally));
  process.exit(0);
}

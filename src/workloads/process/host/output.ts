// What a script writes, as lines with the stream before each: bounded, because scripts may write without end.

type Stream = 'stdout' | 'stderr';

const MOST_LINES = 500;
const LONGEST_LINE = 2000;

export class Output {
  readonly #lines: string[] = [];
  readonly #rest: Record<Stream, string> = { stdout: '', stderr: '' };
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };

  add(stream: Stream, bytes: Uint8Array): void {
    const text = this.#rest[stream] + this.#decoders[stream].decode(bytes, { stream: true });
    const lines = text.split('\n');
    this.#rest[stream] = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    for (const line of lines) this.#lines.push(`[${stream}]${line.slice(0, LONGEST_LINE)}`);
    this.#lines.splice(0, Math.max(0, this.#lines.length - MOST_LINES));
  }

  /** The latest lines, in the order in which they came. */
  lines(): readonly string[] {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#rest[stream] !== '') this.#lines.push(`[${stream}]${this.#rest[stream]}`);
      this.#rest[stream] = '';
    }
    return this.#lines;
  }
}

// What a function writes, line by line with the instant at which it came: bounded, because functions may write without end. The
// beginning and the end are kept, and what lay between is counted.

type Stream = 'stdout' | 'stderr';

/** One event of a log stream. */
export interface LogLine {
  readonly at: number;
  readonly text: string;
}

/** Bounds of what one invocation writes first, and again of what it writes last. */
const MOST_LINES = 2000;
const MOST_CHARACTERS = 512 * 1024;
/** CloudWatch Logs takes events of 256 KiB. */
const LONGEST_LINE = 256 * 1024;

export class Log {
  #first: LogLine[] = [];
  #last: LogLine[] = [];
  #firstCharacters = 0;
  #lastCharacters = 0;
  #dropped = { lines: 0, characters: 0 };
  readonly #unfinished: Record<Stream, string> = { stdout: '', stderr: '' };
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };

  /** `at`: epoch ms of virtual time. */
  add(stream: Stream, bytes: Uint8Array, at: number): void {
    const text = this.#unfinished[stream] + this.#decoders[stream].decode(bytes, { stream: true });
    const lines = text.split('\n');
    this.#unfinished[stream] = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    for (const line of lines) this.#line(line, at);
    this.#bound();
  }

  /** All of it since the last time. */
  take(at: number): readonly LogLine[] {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#unfinished[stream] !== '') this.#line(this.#unfinished[stream], at);
      this.#unfinished[stream] = '';
    }
    this.#bound();
    const { lines, characters } = this.#dropped;
    const text = `[Sandtable dropped ${lines} lines (${characters} characters) of this invocation's log here]`;
    const gap = lines === 0 ? [] : [{ at: this.#last[0]?.at ?? at, text }];
    const all = [...this.#first, ...gap, ...this.#last];
    this.#first = [];
    this.#last = [];
    this.#firstCharacters = this.#lastCharacters = 0;
    this.#dropped = { lines: 0, characters: 0 };
    return all;
  }

  /** Runtimes write the lines of one event with carriage returns between them. */
  #line(written: string, at: number): void {
    const text = written.slice(0, LONGEST_LINE).replace(/\r$/, '').replaceAll('\r', '\n');
    const early =
      this.#last.length === 0 &&
      this.#first.length < MOST_LINES &&
      this.#firstCharacters + text.length <= MOST_CHARACTERS;
    (early ? this.#first : this.#last).push({ at, text });
    if (early) this.#firstCharacters += text.length;
    else this.#lastCharacters += text.length;
  }

  #bound(): void {
    let count = 0;
    let characters = 0;
    while (this.#last.length - count > MOST_LINES || this.#lastCharacters - characters > MOST_CHARACTERS) {
      characters += (this.#last[count] as LogLine).text.length;
      count += 1;
    }
    if (count === 0) return;
    this.#last.splice(0, count);
    this.#lastCharacters -= characters;
    this.#dropped.lines += count;
    this.#dropped.characters += characters;
  }
}

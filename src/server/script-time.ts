// When time passes for a script that really runs: only while everything in it waits. It waits where it says so, through the
// `sleep` on its PATH and the `time.sleep` of its Python programs (the AWS CLI is one); in a request whose answer comes later;
// and where it asks the same question again, with nothing in between.

import { bodyBytes } from '#cloud/body.ts';
import type { Deferred } from '#cloud/gateway.ts';
import type { WireRequest, WireResponse } from '#contract/wire.ts';
import type { Host } from '#world/index.ts';
import type { LoadRequest } from '#traffic/load-control.ts';
import type { Usher } from './usher.ts';

/** Wall time without news after which a script that waits is believed to: its other processes might be about to begin (ms). */
const GRACE_MS = 20;
/** The same where a process has begun that does not wait itself: it may be waiting for one that does (ms). */
const PATIENCE_MS = 10_000;
/** Between two looks at whether everything waits (wall ms). */
const LOOK_MS = 10;
/** How long a script has waited at least that asks the same again (ms): about as long as a command takes. */
const AGAIN_MS = 1000;

const READS = /^(?:BatchGet|Describe|Filter|Get|Head|List|Lookup|Query|Scan|Search)/;

interface Wait {
  /** When it is over; never by itself, where an answer is waited for. */
  readonly due: number;
  readonly over: () => void;
}

export interface ScriptWorld {
  readonly now: () => number;
  /** Starts a load and returns its id. */
  readonly traffic: (request: LoadRequest) => string;
}

export class ScriptTime implements Usher {
  /** What it asked for that is not modelled. */
  readonly unmodelled: Set<string> = new Set();
  readonly #host: Host;
  readonly #pace: number;
  readonly #works: (known: ReadonlySet<string>) => boolean;
  /** Processes that have said that they began, and what those that sleep wait for. */
  readonly #processes = new Map<string, Wait | undefined>();
  /** Requests that wait before they are let in. */
  readonly #held = new Set<Wait>();
  readonly #answers = new Set<Deferred>();
  #active = 0;
  #newsAt = 0;
  #world: ScriptWorld | undefined;
  #last: { readonly question: string; readonly now: number; readonly wall: number } | undefined;

  /**
   * `pace`: virtual time for each unit of wall time that passes between questions of programs that sleep for real. `works`:
   * whether any process works besides those that have told of themselves.
   */
  constructor(host: Host, pace: number, works: (known: ReadonlySet<string>) => boolean) {
    this.#host = host;
    this.#pace = pace;
    this.#works = works;
  }

  begin(world: ScriptWorld): void {
    this.#world = world;
  }

  /** When the first wait is over (epoch ms). */
  get due(): number {
    return Math.min(...this.#waits().map(({ due }) => due), Infinity);
  }

  get answers(): readonly Deferred[] {
    return [...this.#answers];
  }

  /** Settles once everything waits. `ended` takes the wait back. */
  async allWait(ended: () => boolean): Promise<void> {
    while (!ended() && !this.#quiet())
      await new Promise<void>((resolve) => void this.#host.after(LOOK_MS, resolve));
  }

  /** Ends the waits that time has come up to. */
  resume(): void {
    const now = this.#now();
    for (const [pid, wait] of this.#processes) {
      if (wait && wait.due <= now) {
        this.#processes.set(pid, undefined);
        wait.over();
      }
    }
    for (const wait of this.#held) {
      if (wait.due > now) continue;
      this.#held.delete(wait);
      wait.over();
    }
    this.#news();
  }

  async arrives(wire: WireRequest): Promise<void> {
    this.#active += 1;
    this.#news();
    const question = questionIn(wire);
    const { question: last, now, wall } = this.#last ?? {};
    const again = question !== undefined && question === last && now === this.#now();
    if (!again) return;
    // Programs of ours tell how long they sleep; others really do, and have by now.
    const slept = this.#busy() > 0 ? 0 : (this.#host.wall() - (wall ?? 0)) * this.#pace;
    await this.#hold(Math.max(AGAIN_MS, Math.round(slept)));
  }

  answered(wire: WireRequest, response: WireResponse): void {
    this.#active -= 1;
    this.#asked(wire);
    if (response.status !== 501) return;
    const text = new TextDecoder().decode(bodyBytes(response.body, () => undefined));
    const [said] = /[\w.:* ]+ is not modelled by Sandtable/.exec(text) ?? [];
    if (said !== undefined) this.unmodelled.add(said.trim());
  }

  waits(wire: WireRequest, deferred: Deferred): () => void {
    this.#active -= 1;
    this.#answers.add(deferred);
    this.#news();
    return () => {
      this.#answers.delete(deferred);
      this.#asked(wire);
    };
  }

  async control(route: string, body: Uint8Array, gone: AbortSignal): Promise<WireResponse> {
    const wish = wishIn(body);
    const pid = String(wish['pid'] ?? '');
    this.#news();
    switch (route) {
      case 'begin':
        this.#processes.set(pid, undefined);
        return answer({});
      case 'end':
        this.#processes.delete(pid);
        return answer({});
      case 'sleep':
        // What is killed in its sleep waits no longer.
        gone.addEventListener('abort', () => this.#processes.get(pid) && this.#processes.delete(pid));
        await this.#sleep(pid, Math.max(0, Number(wish['ms']) || 0), wish['ends'] === true);
        return answer({ now: new Date(this.#now()).toISOString() });
      case 'traffic':
        return this.#traffic(wish);
      default:
        return answer({ message: `Sandtable has no ${route} for scripts.` }, 404);
    }
  }

  #traffic({ host = '', port = 80, path = '/', ratePerSecond }: Partial<LoadRequest>): WireResponse {
    if (!this.#world) return answer({ message: 'The script has not begun.' }, 409);
    try {
      const request = {
        host,
        port,
        path,
        ratePerSecond: Number(ratePerSecond),
        resolution: 'binned',
      } as const;
      return answer({ id: this.#world.traffic(request) });
    } catch (error) {
      return answer({ message: (error as Error).message }, 400);
    }
  }

  /** A process that only sleeps ends with it. */
  async #sleep(pid: string, ms: number, ends: boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#processes.set(pid, { due: this.#now() + Math.ceil(ms), over: resolve });
    await promise;
    if (ends) this.#processes.delete(pid);
  }

  async #hold(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#active -= 1;
    this.#held.add({ due: this.#now() + ms, over: resolve });
    await promise;
    this.#active += 1;
  }

  #asked(wire: WireRequest): void {
    this.#news();
    this.#last = { question: questionIn(wire) ?? '', now: this.#now(), wall: this.#host.wall() };
  }

  #waits(): Wait[] {
    return [...this.#held, ...[...this.#processes.values()].filter((wait) => wait !== undefined)];
  }

  /** Processes that have begun and neither sleep nor wait for an answer. */
  #busy(): number {
    const awake = [...this.#processes.values()].filter((wait) => wait === undefined).length;
    return Math.max(0, awake - this.#held.size - this.#answers.size);
  }

  #quiet(): boolean {
    if (this.#active > 0 || this.#waits().length + this.#answers.size === 0) return false;
    const since = this.#host.wall() - this.#newsAt;
    if (since < GRACE_MS) return false;
    if (since >= PATIENCE_MS) return true;
    return this.#busy() === 0 && !this.#works(new Set(this.#processes.keys()));
  }

  #news(): void {
    this.#newsAt = this.#host.wall();
  }

  #now(): number {
    return this.#world?.now() ?? 0;
  }
}

/** A request that only asks, as text; nothing for one that may change something. */
function questionIn({ method, path, query, headers, body }: WireRequest): string | undefined {
  const text = body.length < 65_536 ? new TextDecoder().decode(body) : '';
  const operation =
    headers['x-amz-target']?.split('.').at(-1) ?? /(?:^|&)Action=(\w+)/.exec(text || query)?.[1];
  const asks = operation === undefined ? method === 'GET' || method === 'HEAD' : READS.test(operation);
  return asks ? `${method} ${headers['host'] ?? ''} ${operation ?? ''} ${path} ${query} ${text}` : undefined;
}

function wishIn(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function answer(value: object, status: number = 200): WireResponse {
  const body = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  return { status, headers: { 'content-type': 'application/json' }, body };
}

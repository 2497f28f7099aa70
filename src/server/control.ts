// Sandtable's own API, beside AWS's: how the endpoint is, and its clock. Under /_sandtable/, which no AWS service uses.

import type { WireResponse } from '#contract/wire.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { UserError } from '#cloud/user-error.ts';
import type { Clock, ClockMode, World } from '#world/index.ts';

/** What the control API shows and moves. */
export interface Controlled {
  readonly world: World<Ctx>;
  readonly clock: Pick<Clock<Ctx>, 'mode' | 'why' | 'setMode' | 'advance' | 'catchUp' | 'poke'>;
  readonly version: string;
  /** Why its clock cannot be moved from here, if so. */
  readonly fixed?: string;
  /** The services that are modelled, by the names of their contracts. */
  readonly services?: readonly string[];
  /** Whether what is to be set up has been. */
  readonly ready?: () => boolean;
  /** Puts a fresh world in the place of this one, where that can be done. */
  readonly reset?: () => Promise<void>;
  /** Saves the world under a name, where that can be done. Throws `UserError`. */
  readonly save?: (name: string) => Promise<object>;
}

/** Where clients of other local clouds ask for what we have under names of our own. */
export const ALIASES: ReadonlyMap<string, string> = new Map([
  ['/moto-api/reset', '/_sandtable/reset'],
  ['/_localstack/state/reset', '/_sandtable/reset'],
]);

/** Most that one request may move the clock (ms): ten years. */
const LONGEST_ADVANCE_MS = 315_360_000_000;

export async function control(
  controlled: Controlled,
  method: string,
  url: string,
  body: Uint8Array,
): Promise<WireResponse> {
  const route = `${method} ${url.split('?')[0]}`;
  switch (route) {
    case 'GET /_sandtable/health':
      return answer(200, { status: 'ok', version: controlled.version });
    case 'GET /_sandtable/clock':
      return answer(200, clockOf(controlled));
    case 'POST /_sandtable/clock':
      if (controlled.fixed !== undefined) return answer(409, { message: controlled.fixed });
      return move(controlled, body);
    case 'POST /_sandtable/reset':
      if (!controlled.reset) return answer(409, { message: 'The world of a rehearsal is not reset.' });
      await controlled.reset();
      return answer(200, { status: 'ok' });
    case 'POST /_sandtable/snapshots':
      if (!controlled.save) return answer(409, { message: 'The world of a rehearsal is not saved.' });
      return save(controlled.save, body);
    default:
      return answer(404, { message: `Sandtable has no ${route}.` });
  }
}

function isMode(mode: unknown): mode is ClockMode {
  return mode === 'manual' || mode === 'virtual' || (typeof mode === 'number' && mode > 0 && mode <= 1e6);
}

function isAdvance(ms: unknown): ms is number {
  return typeof ms === 'number' && ms >= 0 && ms <= LONGEST_ADVANCE_MS;
}

function clockOf({ world, clock }: Controlled): object {
  return {
    now: new Date(world.now).toISOString(),
    mode: clock.mode,
    why: clock.why(),
    hash: world.hash(),
    entries: world.position,
  };
}

/** `{"advanceMs": 60000}` moves time on; `{"mode": "manual" | "virtual" | 60}` changes how it runs. */
async function move(controlled: Controlled, body: Uint8Array): Promise<WireResponse> {
  const wish = jsonOf(body);
  if (wish === undefined) return answer(400, { message: 'The body is not JSON.' });
  const { advanceMs, mode } = (wish ?? {}) as { advanceMs?: unknown; mode?: unknown };
  // Nothing moves unless all of the wish can be granted.
  if (mode !== undefined && !isMode(mode)) {
    return answer(400, {
      message: `mode is "manual", "virtual" or a positive rate; it was ${JSON.stringify(mode)}.`,
    });
  }
  if (advanceMs !== undefined && !isAdvance(advanceMs)) {
    return answer(400, {
      message: `advanceMs is a number of milliseconds up to ten years; it was ${JSON.stringify(advanceMs)}.`,
    });
  }
  if (mode !== undefined) controlled.clock.setMode(mode);
  if (advanceMs !== undefined) {
    await controlled.clock.advance(controlled.world.now + Math.round(advanceMs));
    controlled.clock.setMode(controlled.clock.mode);
  }
  controlled.clock.poke();
  return answer(200, clockOf(controlled));
}

/** `{"name": "before-the-change"}` saves the world as it is now. */
async function save(save: (name: string) => Promise<object>, body: Uint8Array): Promise<WireResponse> {
  const { name } = (jsonOf(body) ?? {}) as { name?: unknown };
  if (typeof name !== 'string') return answer(400, { message: 'The body is JSON with a name.' });
  try {
    return answer(200, await save(name));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return answer(409, { message: error.message, hint: error.hint });
  }
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function answer(status: number, value: object): WireResponse {
  const body = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  return { status, headers: { 'content-type': 'application/json' }, body };
}

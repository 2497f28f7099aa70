// Commands that ask again and again, by themselves or in a loop.

import type { Action, Look, Result } from './actions.ts';

/** Of loops that pause for no time at all where nothing takes time. */
const LEAST_PERIOD_MS = 1000;

export function isLook(action: Action): action is Action & Look {
  return action.kind === 'look' || action.kind === 'ask';
}

/**
 * Looks at most `times` times, until `ends` says that this is it. Returns what it saw last. `pauseMs`: how long it pauses after
 * so many looks.
 */
export function* polled(
  look: Look,
  pauseMs: (tried: number) => number,
  times: number,
  ends: (result: Result) => boolean,
): Generator<Action, Result, Result> {
  for (let tried = 1; ; tried += 1) {
    const result = yield look;
    if (ends(result) || tried >= times) return result;
    const ms = pauseMs(tried);
    yield { kind: 'takes', ms };
    // Looks that would see the same are left out, all but the last.
    const left = times - tried - 1;
    if (left <= 0 || ms <= 0 || pauseMs(tried + 1) !== ms) continue;
    const waited = yield { kind: 'waits', looks: [[look, result]], everyMs: ms, limitMs: left * ms };
    tried += Math.floor((waited.ms ?? 0) / ms);
  }
}

/**
 * A loop of which a turn only looked and paused, and which is as it was before it: its next turns are the same until what it
 * looks at is not. Nothing where a turn does more than that.
 */
export function untilOtherwise(turn: readonly (readonly [Action, Result])[]): Action | undefined {
  const looks: [Look, Result][] = [];
  let periodMs = 0;
  for (const [action, result] of turn) {
    if (isLook(action) && !changes(action)) looks.push([action, result]);
    else if (action.kind !== 'takes' && action.kind !== 'spends') return undefined;
    periodMs += result.ms ?? 0;
  }
  if (looks.length === 0) return undefined;
  return { kind: 'waits', looks, everyMs: periodMs === 0 ? LEAST_PERIOD_MS : periodMs };
}

/** A request that does something must not be made just to see what comes of it. */
function changes(look: Look): boolean {
  return look.kind === 'ask' && !look.of.operation.startsWith('Describe');
}

/** An action that `timeout` ends after so long, if it is not over by then. */
export function cutShort(action: Action, ms: number): Action {
  if (action.kind === 'hangs') return { kind: 'takes', ms };
  if (action.kind === 'takes') return { ...action, ms: Math.min(action.ms, ms) };
  return action.kind === 'waits' ? { ...action, limitMs: Math.min(action.limitMs ?? ms, ms) } : action;
}

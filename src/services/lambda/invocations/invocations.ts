// Invocations: from the choice of an execution environment to what came of it, whoever asked for them.

import { table, timer } from '#world/index.ts';
import type { Table, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { functionHost } from '#cloud/ports/functions.ts';
import type { FunctionResult } from '#cloud/ports/functions.ts';
import { routed } from '../functions/aliases.ts';
import { counted, throttleReason, uncounted } from '../functions/concurrency.ts';
import type { ThrottleReason } from '../functions/concurrency.ts';
import { environments, released, servingOf, taken } from '../functions/environments.ts';
import type { Target } from '../names.ts';
import { versionKey, versions } from '../rows.ts';
import type { Configuration, Version } from '../rows.ts';
import { SILENCE_MS } from '../timings.ts';
import { linesOf, tailOf, timeoutText, written } from './invocation-log.ts';
import { countBegun, countEnded, countThrottled } from './invocation-metrics.ts';
import type { Invoked } from './invocation-metrics.ts';

/** Bytes that a function may answer; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const LARGEST_ANSWER = 6_291_556;
/** An initialisation that takes longer is begun again within the function's own time. */
const LONGEST_INIT_MS = 10_000;

/** Who gets what comes of an invocation. */
export type Asker =
  | { readonly kind: 'client'; readonly scope: string; readonly tail: boolean }
  | { readonly kind: 'event'; readonly id: string }
  | { readonly kind: 'batch'; readonly id: string };

export interface Invocation {
  requestId: string;
  environmentId: string;
  invoked: Invoked;
  asker: Asker;
  startedAt: number;
  /** What runs: a version may be updated or deleted meanwhile. */
  configuration: Configuration;
}
export const invocations: Table<Invocation> = table<Invocation>('lambda/invocations', (row) => row.requestId);

/** Nothing was heard of an invocation for so long that Lambda ends it itself. */
export const silenceDue: TimerKind<{ requestId: string; startedAt: number }> = timer<{
  requestId: string;
  startedAt: number;
}>('lambda/silence-due', { background: true });

/** A request for an invocation. */
export interface Ask {
  readonly requestId: string;
  readonly target: Target;
  /** As the request gave it. */
  readonly qualifier?: string | undefined;
  /** JSON text. */
  readonly event: string;
  readonly clientContext?: string | undefined;
  readonly asker: Asker;
}

/** Begins an invocation, or says why it may not begin now. Throws `Fault` where the role cannot be assumed. */
export function begin(owner: Ctx, ask: Ask): ThrottleReason | undefined {
  const { fn, alias } = ask.target;
  const reason = throttleReason(owner, fn);
  if (reason) {
    countThrottled(owner, invokedAs(ask, ask.target.version));
    return reason;
  }
  const ordinal = counted(owner, fn.name);
  const chosen = alias && owner.get(versions, versionKey(fn.name, routed(owner, alias, ordinal)));
  const version = chosen ?? ask.target.version;
  const { environment, cold } = taken(owner, version);
  const { configuration } = servingOf(version);
  const { requestId, asker, event, clientContext } = ask;
  const invoked = invokedAs(ask, version);
  const startedAt = owner.now;
  owner.put(invocations, {
    requestId,
    environmentId: environment.id,
    invoked,
    asker,
    startedAt,
    configuration,
  });
  countBegun(owner, invoked);
  const timeoutMs = configuration.timeoutSeconds * 1000;
  owner.schedule(silenceDue, startedAt + LONGEST_INIT_MS + timeoutMs + SILENCE_MS, { requestId, startedAt });
  owner.port(functionHost).run(owner, {
    requestId,
    environmentId: environment.id,
    cold,
    invokedArn: ask.qualifier === undefined ? fn.arn : `${fn.arn}:${ask.qualifier}`,
    functionName: fn.name,
    version: version.version,
    codeBlob: configuration.code.blob,
    ...(configuration.layers && { layerBlobs: configuration.layers.map(({ blob }) => blob) }),
    handler: configuration.handler,
    runtime: configuration.runtime,
    memoryMb: configuration.memoryMb,
    timeoutMs,
    environment: configuration.environment ?? {},
    credentials: environment.credentials,
    logGroup: environment.logGroup,
    logStream: environment.logStream,
    event,
    ...(clientContext === undefined ? {} : { clientContext }),
    traceId: traceId(owner),
  });
  return undefined;
}

function invokedAs({ target, qualifier }: Ask, { version }: Version): Invoked {
  const { fn, alias } = target;
  return {
    functionName: fn.name,
    ...(qualifier === undefined ? {} : { qualifier }),
    executedVersion: version,
    throughAlias: alias !== undefined,
  };
}

/** Nothing is traced, which the id says. */
function traceId(owner: Ctx): string {
  const seconds = Math.floor(owner.now / 1000).toString(16);
  const [root, parent] = [owner.id('lambda/trace', 24), owner.id('lambda/trace-parent', 16)];
  return `Root=1-${seconds}-${root};Parent=${parent};Sampled=0`;
}

/** What came of an invocation, as askers see it. */
export interface Conclusion {
  readonly requestId: string;
  readonly asker: Asker;
  /** JSON text. */
  readonly payload: string;
  /** Nothing where the function answered. */
  readonly functionError?: 'Unhandled';
  readonly executedVersion: string;
  readonly configuration: Configuration;
  readonly functionName: string;
  /** Base64; only for those who asked. */
  readonly logTail?: string;
}

/** Ends an invocation: frees its environment, writes its log, counts it. Nothing where it has ended already. */
export function finished(owner: Ctx, requestId: string, result: FunctionResult): Conclusion | undefined {
  const invocation = owner.get(invocations, requestId);
  if (!invocation) return undefined;
  const { environmentId, invoked, asker, startedAt, configuration } = invocation;
  owner.delete(invocations, requestId);
  uncounted(owner, invoked.functionName);
  const timeoutMs = configuration.timeoutSeconds * 1000;
  const answer = answerOf(requestId, timeoutMs, result);
  const logged = {
    requestId,
    version: invoked.executedVersion,
    startedAt,
    endedAt: owner.now,
    memoryMb: configuration.memoryMb,
    timeoutMs,
    result,
  };
  const lines = linesOf(logged, configuration.logging);
  const environment = owner.get(environments, environmentId);
  if (environment) written(owner, environment, lines);
  const { kind } = result.outcome;
  released(owner, environmentId, kind === 'answered' || kind === 'error');
  const failed = answer.functionError !== undefined;
  countEnded(owner, invoked, { startedAt, durationMs: result.durationMs, failed });
  return {
    requestId,
    asker,
    ...answer,
    executedVersion: invoked.executedVersion,
    configuration,
    functionName: invoked.functionName,
    ...(asker.kind === 'client' && asker.tail ? { logTail: tailOf(lines) } : {}),
  };
}

function answerOf(
  requestId: string,
  timeoutMs: number,
  { outcome }: FunctionResult,
): Pick<Conclusion, 'payload' | 'functionError'> {
  const failed = (
    errorType: string,
    errorMessage: string,
  ): Pick<Conclusion, 'payload' | 'functionError'> => ({
    payload: JSON.stringify({ errorType, errorMessage }),
    functionError: 'Unhandled',
  });
  switch (outcome.kind) {
    case 'timeout':
      return failed('Sandbox.Timedout', `RequestId: ${requestId} Error: ${timeoutText(timeoutMs)}`);
    case 'crash':
      return outcome.payload === undefined
        ? failed(outcome.errorType, `RequestId: ${requestId} Error: ${outcome.message}`)
        : { payload: outcome.payload, functionError: 'Unhandled' };
    case 'error':
      return { payload: outcome.payload, functionError: 'Unhandled' };
    case 'answered':
      if (new TextEncoder().encode(outcome.payload).length <= LARGEST_ANSWER)
        return { payload: outcome.payload };
      return failed(
        'Function.ResponseSizeTooLarge',
        `Response payload size exceeded maximum allowed payload size (${LARGEST_ANSWER} bytes).`,
      );
  }
}

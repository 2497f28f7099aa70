// Functions that do not run: how long they take, what they answer and what they do is what their package's manifest says.

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { functionHost, functionResults } from '#cloud/ports/functions.ts';
import type { FunctionHost, FunctionResult, FunctionRun } from '#cloud/ports/functions.ts';
import { provide } from '#cloud/port.ts';
import { parsed } from '#cloud/json.ts';
import { MANIFEST_PATH } from '../manifest.ts';
import { problemOf } from '../problem.ts';
import { Readings, revisionOf } from '../revision.ts';
import type { Revision } from '../revision.ts';
import {
  DEFAULT_MANIFESTS,
  manifestFor,
  millisecondsAt,
  parseFunctionManifests,
} from './function-manifest.ts';
import type { FunctionManifest, FunctionManifests } from './function-manifest.ts';
import { INLINE, manifestInComments } from './inline-manifest.ts';
import { filled } from './placeholders.ts';
import type { Given } from './placeholders.ts';
import { calls, customResource, lifecycleHook } from './roles.ts';
import { functionDuration, functionInit } from './timings.ts';

/** Of an invocation whose package says nothing of its memory. */
const USUAL_MEMORY_MB = 64;

/** An invocation that is under way. */
interface Running {
  run: FunctionRun;
  initMs?: number;
  durationMs: number;
  /** How it ends. */
  end: 'answer' | 'error' | 'timeout' | 'crash';
}
const running: Table<Running> = table<Running>('functions/running', (row) => row.run.requestId);

/** How many invocations and environments each version has had: random numbers are keyed by these. */
interface Count {
  version: string;
  runs: number;
  environments: number;
}
const counts: Table<Count> = table<Count>('functions/counts', (row) => row.version);

const endDue: TimerKind<{ requestId: string; environmentId: string }> = timer<{
  requestId: string;
  environmentId: string;
}>('functions/end-due');

type Read = { readonly manifest: FunctionManifest } | { readonly problem: string };

const readings = new Readings<FunctionManifests>((text) => parseFunctionManifests(text, MANIFEST_PATH));
const inline = Object.entries(INLINE).map(([path, mark]) => ({
  path,
  readings: new Readings<FunctionManifests>((source) => {
    const text = manifestInComments(source, mark);
    return text === undefined ? DEFAULT_MANIFESTS : parseFunctionManifests(text, path);
  }),
}));

/** What a package says in the file that is for it, or, where it is nothing but code, in comments. */
function saidBy(revision: Revision): FunctionManifests | undefined {
  const [only, ...others] = revision.files;
  const code = others.length === 0 ? inline.find(({ path }) => path === only?.path) : undefined;
  return code ? code.readings.of(revision, code.path) : readings.of(revision, MANIFEST_PATH);
}

/** What the package says, or what is wrong with it. */
function manifestOf(ctx: Ctx, { codeBlob, handler }: Pick<FunctionRun, 'codeBlob' | 'handler'>): Read {
  try {
    const said = saidBy(revisionOf(ctx, codeBlob, 'zip'));
    return { manifest: manifestFor(said ?? DEFAULT_MANIFESTS, handler) };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

function counted(ctx: Ctx, version: string, cold: boolean): Count {
  const { runs, environments } = ctx.get(counts, version) ?? { runs: 0, environments: 0 };
  const next = { version, runs: runs + 1, environments: environments + (cold ? 1 : 0) };
  ctx.put(counts, next);
  return next;
}

function begin(ctx: Ctx, run: FunctionRun): void {
  const { requestId, environmentId, functionName, version, cold, timeoutMs } = run;
  const key = `${functionName}:${version}`;
  const { runs, environments } = counted(ctx, key, cold);
  const read = manifestOf(ctx, run);
  const manifest = 'manifest' in read ? read.manifest : undefined;
  const initMs = manifest?.init
    ? millisecondsAt(manifest.init, ctx.random('functions/init', key)(environments))
    : ctx.duration(functionInit, key, environments);
  const wanted = manifest?.duration
    ? millisecondsAt(manifest.duration, ctx.random('functions/duration', key)(runs))
    : ctx.duration(functionDuration, key, runs);
  const late = (manifest?.hangs ?? false) || wanted > timeoutMs;
  const fails = ctx.random('functions/errors', key)(runs) * 1_000_000 < (manifest?.errorsPerMillion ?? 0);
  const crashes = manifest?.crashes ?? true;
  const end = crashes ? 'crash' : late ? 'timeout' : fails ? 'error' : 'answer';
  const durationMs = end === 'timeout' ? timeoutMs : Math.min(wanted, timeoutMs);
  ctx.put(running, { run, ...(cold ? { initMs } : {}), durationMs, end });
  const after = (cold ? initMs : 0) + durationMs;
  ctx.schedule(endDue, ctx.now + after, { requestId, environmentId });
}

const host: FunctionHost = {
  run: begin,
  retire() {}, // Nothing is kept between invocations.
  model(ctx, code) {
    const read = manifestOf(ctx, code);
    if ('problem' in read) return { errorsPerMillion: 0, ends: 'crashes' };
    const { duration, errorsPerMillion, hangs, crashes } = read.manifest;
    const ends = crashes ? 'crashes' : hangs ? 'hangs' : 'answers';
    return { errorsPerMillion, ends, ...(duration ? { duration } : {}) };
  },
};

const onEnd: TimerHandler<{ requestId: string; environmentId: string }, Ctx> = {
  kind: endDue,
  live: (ctx, { requestId, environmentId }) =>
    ctx.get(running, requestId)?.run.environmentId === environmentId,
  fire(ctx, { requestId }) {
    const row = ctx.get(running, requestId) as Running;
    ctx.delete(running, requestId);
    ctx.port(functionResults).ended(ctx, requestId, resultOf(ctx, row));
  },
};

function resultOf(ctx: Ctx, { run, initMs, durationMs, end }: Running): FunctionResult {
  const read = manifestOf(ctx, run);
  const base = {
    durationMs,
    ...(initMs === undefined ? {} : { initMs }),
    maxMemoryMb: Math.min(run.memoryMb, USUAL_MEMORY_MB),
  };
  if ('problem' in read) {
    const outcome = { kind: 'crash', errorType: 'Sandtable.InvalidPackage', message: read.problem } as const;
    return { ...base, outcome, log: [] };
  }
  const { manifest } = read;
  const given = givenTo(run);
  const said = manifest.log.map((line) => String(filled(line, given)));
  const begun = ctx.now - durationMs;
  const { outcome, log } = ended(ctx, run, manifest, given, end);
  return {
    ...base,
    maxMemoryMb: Math.min(run.memoryMb, manifest.memoryMb ?? USUAL_MEMORY_MB),
    outcome,
    log: [...said.map((text) => ({ at: begun, text })), ...log.map((text) => ({ at: ctx.now, text }))],
  };
}

function givenTo(run: FunctionRun): Given {
  return {
    event: parsed(run.event) ?? null,
    context: {
      requestId: run.requestId,
      functionName: run.functionName,
      functionVersion: run.version,
      invokedFunctionArn: run.invokedArn,
      logGroupName: run.logGroup,
      logStreamName: run.logStream,
      memoryLimitInMB: String(run.memoryMb),
    },
    env: run.environment,
  };
}

/** What the function does just before it ends, and how it ends. */
function ended(
  ctx: Ctx,
  run: FunctionRun,
  manifest: FunctionManifest,
  given: Given,
  end: Running['end'],
): { outcome: FunctionResult['outcome']; log: string[] } {
  if (end === 'timeout') return { outcome: { kind: 'timeout' }, log: [] };
  if (end === 'crash') {
    const message = 'Runtime exited with error: exit status 1';
    return { outcome: { kind: 'crash', errorType: 'Runtime.ExitError', message }, log: [] };
  }
  if (end === 'error') {
    const { type, message } = manifest.error;
    return { outcome: failure(type, String(filled(message, given))), log: [`${type}: ${message}`] };
  }
  const log: string[] = [];
  for (const play of [calls, customResource, lifecycleHook]) {
    const played = play(ctx, run, manifest, given);
    log.push(...played.log);
    if (played.error) return { outcome: failure(played.error.errorType, played.error.errorMessage), log };
  }
  return { outcome: { kind: 'answered', payload: JSON.stringify(filled(manifest.answers, given)) }, log };
}

function failure(errorType: string, errorMessage: string): FunctionResult['outcome'] {
  return { kind: 'error', payload: JSON.stringify({ errorType, errorMessage }) };
}

/** Added to the modelled driver of machines. */
export const modelledFunctions: CloudPart = {
  name: 'workloads/functions',
  tables: [running, counts],
  timers: [onEnd as TimerHandler<unknown, Ctx>],
  provides: [provide(functionHost, host)],
};

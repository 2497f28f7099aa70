// Transforms that somebody else applies: macros by their functions, AWS::Serverless by AWS's own translator outside the world.
// The request whose template needs one waits for it; then it simply runs again, and finds what came of it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html

import { effect, table, timer } from '#world/index.ts';
import type { EffectHandler, EffectKind, Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { jsonIn } from '#contract/json-text.ts';
import { base64, utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { forwarded } from '#cloud/principal.ts';
import type { Answer, Waiting } from '#cloud/waiting.ts';
import { SERVICE } from './engine/principal.ts';
import { invalid } from './template/faults.ts';
import type { Fields, ParameterValue, Value } from './template/template.ts';

/** A macro of the account: a function that changes templates. */
export interface Macro {
  readonly name: string;
  readonly functionName: string;
}
export const macros: Table<Macro> = table<Macro>('cloudformation/macros', (row) => row.name);

type Applied =
  | { readonly ok: true; readonly fragment: Value }
  | {
      readonly ok: false;
      /** None where a macro reports a failure and does not say what failed. */
      readonly message?: string;
      readonly malformed?: true;
      readonly notModelled?: boolean;
    };

/** A transform of one template, by what goes into it: equal templates ask once. */
interface Application {
  readonly key: string;
  readonly name: string;
  readonly startedAt: number;
  readonly applied?: Applied;
  /** Some request has made use of it: it goes when that request is answered. */
  readonly used?: true;
}
export const applications: Table<Application> = table<Application>(
  'cloudformation/transforms',
  (row) => row.key,
);

const SAM = 'AWS::Serverless-2016-10-31';

interface Translation {
  readonly key: string;
  readonly region: string;
  readonly template: Value;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Asks for a SAM template to be translated. The result is a function of what goes in. */
const samTranslation: EffectKind<Translation, Applied> = effect('cloudformation/sam-translation', 'pure');

const macroAnswered: TimerKind<{ key: string; answer: unknown }> = timer<{ key: string; answer: unknown }>(
  'cloudformation/macro-answered',
);

/** What a transform is applied to. */
interface Request {
  readonly name: string;
  readonly parameters: Fields;
  readonly fragment: Value;
  readonly parameterValues: Readonly<Record<string, ParameterValue>>;
}

/** A template cannot be read on before a transform was applied. */
class TransformPending extends Error {
  readonly key: string;
  readonly transform: string;
  constructor(key: string, transform: string) {
    super(`The transform ${transform} is not applied yet.`);
    this.name = 'TransformPending';
    this.key = key;
    this.transform = transform;
  }
}

/** How long a template waits for its transforms (ms): as long as a function may run. */
const PATIENCE_MS = 900_000;

function waitKey(key: string): string {
  return `cloudformation/transform/${key}`;
}

/** What a transform makes of a fragment. Throws until that is known; `withTransforms` then waits for it. */
export function applyTransform(ctx: Ctx, request: Request): Value {
  const { name } = request;
  const key = keyOf(ctx, request);
  const known = ctx.get(applications, key);
  if (!known) {
    ctx.put(applications, { key, name, startedAt: ctx.now });
    start(ctx, key, request);
    throw new TransformPending(key, name);
  }
  const { applied, startedAt } = known;
  if (!applied && ctx.now >= startedAt + PATIENCE_MS)
    throw invalid(`Transform ${idOf(ctx, name)} failed with: it did not answer in time.`);
  if (!applied) throw new TransformPending(key, name);
  ctx.update(applications, known, { used: true });
  if (applied.ok) return applied.fragment;
  const { message, malformed, notModelled } = applied;
  if (notModelled) throw new Fault('NotImplemented', message ?? name);
  const id = idOf(ctx, name);
  if (malformed) throw invalid(`Received malformed response from transform ${id}`);
  throw invalid(
    `Transform ${id} failed ${message === undefined ? 'without an error message.' : `with: ${message}`}`,
  );
}

/** Macros are named with their account. */
function idOf(ctx: Ctx, name: string): string {
  return name.startsWith('AWS::') ? name : `${ctx.account}::${name}`;
}

function keyOf(ctx: Ctx, { name, parameters, fragment, parameterValues }: Request): string {
  const values = Object.entries(parameterValues).map(([key, { value }]) => [key, value]);
  const text = JSON.stringify([
    ctx.account,
    ctx.region,
    name,
    parameters,
    fragment,
    values,
    functionOf(ctx, name),
  ]);
  return base64(ctx.kernel.primitives.sha256(utf8(text)));
}

/** A macro that is pointed at another function has to be asked again. */
function functionOf(ctx: Ctx, name: string): string {
  return ctx.get(macros, name)?.functionName ?? '';
}

function start(ctx: Ctx, key: string, { name, parameters, fragment, parameterValues }: Request): void {
  const values = Object.entries(parameterValues);
  if (name === SAM) {
    const texts = Object.fromEntries(
      values.map(([id, { value }]) => [id, typeof value === 'string' ? value : value.join(',')]),
    );
    ctx.perform(samTranslation, { key, region: ctx.region, template: fragment, parameters: texts });
    return;
  }
  const macro = ctx.get(macros, name);
  if (!macro) throw invalid(`No transform named ${idOf(ctx, name)} found.`);
  const Payload = utf8(
    JSON.stringify({
      region: ctx.region,
      accountId: ctx.account,
      fragment,
      transformId: idOf(ctx, name),
      params: parameters,
      requestId: ctx.uuid('transform'),
      templateParameterValues: Object.fromEntries(values.map(([id, { value }]) => [id, value])),
    }),
  );
  const as = forwarded(ctx.principal, SERVICE);
  const input = { FunctionName: macro.functionName, InvocationType: 'RequestResponse', Payload } as const;
  ctx.ask('lambda', 'Invoke', input, as, { kind: macroAnswered, payload: { key } });
}

function settle(ctx: Ctx, key: string, applied: Applied): void {
  const row = ctx.get(applications, key);
  if (!row) return;
  ctx.update(applications, row, { applied });
  ctx.wakeWaiting(waitKey(key));
}

export const samTranslated: EffectHandler<Translation, Applied, Ctx> = {
  kind: samTranslation,
  done: (ctx, applied, { key }) => settle(ctx, key, applied),
};

export const macroDone: TimerHandler<{ key: string; answer: unknown }, Ctx> = {
  kind: macroAnswered,
  live: (ctx, { key }) => ctx.get(applications, key) !== undefined,
  fire: (ctx, { key, answer }) => settle(ctx, key, readAnswer(answer as Answer)),
};

const MALFORMED: Applied = { ok: false, malformed: true };

interface MacroAnswer {
  readonly status?: unknown;
  readonly fragment?: Value;
  readonly errorMessage?: unknown;
}

function readAnswer(answer: Answer): Applied {
  if (!answer.ok) return { ok: false, message: answer.fault.message };
  const { Payload, FunctionError } = answer.output as { Payload?: string; FunctionError?: string };
  let said: MacroAnswer;
  try {
    said = jsonIn(Payload ?? '') as MacroAnswer;
  } catch {
    return MALFORMED;
  }
  // LocalStack's test_failed_state recorded AWS's words for each of these.
  if (FunctionError !== undefined || said?.status === undefined) return MALFORMED;
  if (String(said.status).toLowerCase() !== 'success') {
    const { errorMessage } = said;
    return { ok: false, ...(errorMessage !== undefined && { message: String(errorMessage) }) };
  }
  return said.fragment === undefined ? MALFORMED : { ok: true, fragment: said.fragment };
}

/** Runs what reads a template where nobody can wait: a transform that is still to be applied is refused. */
export function withoutTransforms<Q>(run: () => Q): Q {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TransformPending)) throw error;
    throw new Fault('NotImplemented', `Sandtable does not model ${error.transform} in nested stacks.`);
  }
}

/**
 * Runs what reads a template. Where a transform is still to be applied, the request waits for it and then runs again: what it
 * does before it reads the template has to bear that.
 */
export function withTransforms<Q>(ctx: Ctx, run: () => Q): Q | Waiting {
  try {
    const result = run();
    for (const { key, used } of ctx.list(applications)) if (used) ctx.delete(applications, key);
    return result;
  } catch (error) {
    if (!(error instanceof TransformPending)) throw error;
    return ctx.wait(waitKey(error.key), ctx.now + PATIENCE_MS);
  }
}

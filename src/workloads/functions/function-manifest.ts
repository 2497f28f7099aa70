// What a deployment package says in its `sandtable.yml` of the functions in it, for functions whose code does not run. Everything
// is optional. The format is documented in docs/manifest.md.

import { Reader } from '../manifest-reader.ts';
import type { Place } from '../manifest-reader.ts';

/** Points of a piecewise linear distribution: invocations per million that take at most so many microseconds. */
export type DurationTable = readonly (readonly [perMillion: number, microseconds: number])[];

/** What is answered to one kind of request of a custom resource. */
export interface CustomAnswer {
  readonly physicalResourceId?: unknown;
  readonly data?: unknown;
  readonly noEcho?: boolean;
  /** The reason of a failure. */
  readonly fails?: string;
  /** Answers nothing, so that CloudFormation waits until its timeout. */
  readonly silent?: boolean;
}

export const REQUEST_TYPES = ['create', 'update', 'delete'] as const;
export type RequestType = (typeof REQUEST_TYPES)[number];

/** An operation that a function calls. */
export interface FunctionCall {
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  /** A refusal does not make the function fail. */
  readonly mayFail: boolean;
}

export interface FunctionManifest {
  readonly init?: DurationTable;
  readonly duration?: DurationTable;
  readonly memoryMb?: number;
  /** Share of the invocations that fail. */
  readonly errorsPerMillion: number;
  readonly error: { readonly type: string; readonly message: string };
  /** It never answers. */
  readonly hangs: boolean;
  /** Its process ends. */
  readonly crashes: boolean;
  /** Any JSON, with placeholders. */
  readonly answers: unknown;
  readonly log: readonly string[];
  readonly calls: readonly FunctionCall[];
  readonly customResource?: Readonly<Record<RequestType, CustomAnswer>>;
  readonly lifecycleHook?: 'Succeeded' | 'Failed';
}

const DEFAULT: FunctionManifest = {
  errorsPerMillion: 0,
  error: { type: 'Error', message: 'The function failed.' },
  hangs: false,
  crashes: false,
  answers: null,
  log: [],
  calls: [],
};

const MEMBERS = [
  'init',
  'duration',
  'memory',
  'errors',
  'error',
  'hangs',
  'crashes',
  'answers',
  'log',
  'calls',
  'customResource',
  'lifecycleHook',
];
const ANSWER_MEMBERS = ['physicalResourceId', 'data', 'noEcho', 'fails', 'silent'];

/** The functions of a package by handler; `*` stands for those without an entry of their own. */
export type FunctionManifests = Readonly<Record<string, FunctionManifest>>;

/** A package that says nothing. */
export const DEFAULT_MANIFESTS: FunctionManifests = { '*': DEFAULT };

/** Reads the manifest of a deployment package. Throws `ManifestError` with file, line and remedy. */
export function parseFunctionManifests(text: string, file: string): FunctionManifests {
  const reader = new Reader(text, file, 1);
  const top = reader.map(reader.top, ['process', 'version', 'function', 'handlers']);
  if (!top) return DEFAULT_MANIFESTS;
  const whole = top.map('function', MEMBERS);
  const shared = whole ? functionOf(whole, DEFAULT) : DEFAULT;
  const own = top
    .entries('handlers')
    .map(([handler, at]): [string, FunctionManifest] => [handler, functionOf(at.only(MEMBERS), shared)]);
  return { ...Object.fromEntries(own), '*': shared };
}

export function manifestFor(manifests: FunctionManifests, handler: string): FunctionManifest {
  const own = Object.hasOwn(manifests, handler) ? manifests[handler] : undefined;
  return own ?? manifests['*'] ?? DEFAULT;
}

function functionOf(at: Place, base: FunctionManifest): FunctionManifest {
  const [init, duration] = [durationOf(at, 'init'), durationOf(at, 'duration')];
  const error = at.map('error', ['type', 'message']);
  const memoryMb = at.integer('memory', 1, 10_240);
  const hook = at.choice('lifecycleHook', ['Succeeded', 'Failed'] as const);
  const answers = at.json('answers');
  const log = at.json('log');
  if (log !== undefined && !isTexts(log)) throw at.fail('log is no list of texts', 'write `log: [one line]`');
  return {
    ...base,
    ...(init ? { init } : {}),
    ...(duration ? { duration } : {}),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    errorsPerMillion: at.share('errors') ?? base.errorsPerMillion,
    error: {
      type: error?.text('type') ?? base.error.type,
      message: error?.text('message') ?? base.error.message,
    },
    hangs: at.flag('hangs') ?? base.hangs,
    crashes: at.flag('crashes') ?? base.crashes,
    answers: answers === undefined ? base.answers : answers,
    log: log ?? base.log,
    ...(at.json('calls') === undefined ? {} : { calls: callsOf(at) }),
    ...customResourceOf(at),
    ...(hook ? { lifecycleHook: hook } : {}),
  };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((line) => typeof line === 'string');
}

function callsOf(at: Place): FunctionCall[] {
  return at.list('calls').map((item) => {
    const call = at.reader.map(item, ['service', 'operation', 'input', 'mayFail']) as Place;
    const [service, operation] = [call.text('service'), call.text('operation')];
    if (service === undefined || operation === undefined) {
      throw call.fail(
        'A call has no service or no operation',
        'write `{ service: sqs, operation: SendMessage }`',
      );
    }
    return {
      service,
      operation,
      input: call.json('input') ?? {},
      mayFail: call.flag('mayFail') ?? false,
    };
  });
}

function customResourceOf(at: Place): Pick<FunctionManifest, 'customResource'> {
  const told = at.map('customResource', [...ANSWER_MEMBERS, ...REQUEST_TYPES]);
  if (!told) return {};
  const shared = answerOf(told);
  const own = REQUEST_TYPES.map((type): [RequestType, CustomAnswer] => {
    const place = told.map(type, ANSWER_MEMBERS);
    return [type, place ? { ...shared, ...answerOf(place) } : shared];
  });
  return { customResource: Object.fromEntries(own) as Readonly<Record<RequestType, CustomAnswer>> };
}

function answerOf(at: Place): CustomAnswer {
  const [fails, noEcho, silent] = [at.text('fails'), at.flag('noEcho'), at.flag('silent')];
  const [physicalResourceId, data] = [at.json('physicalResourceId'), at.json('data')];
  return {
    ...(physicalResourceId === undefined ? {} : { physicalResourceId }),
    ...(data === undefined ? {} : { data }),
    ...(noEcho === undefined ? {} : { noEcho }),
    ...(fails === undefined ? {} : { fails }),
    ...(silent === undefined ? {} : { silent }),
  };
}

/** One time, or the points of a distribution; see `latency` of applications. */
function durationOf(at: Place, member: string): DurationTable | undefined {
  if (!at.isMap(member)) {
    const one = at.microseconds(member);
    return one === undefined ? undefined : [[1_000_000, one]];
  }
  const told = at.map(member, ['min', 'p50', 'p90', 'p99', 'max']) as Place;
  const p50 = told.microseconds('p50');
  if (p50 === undefined) throw told.fail(`${member} has no p50`, 'add `p50: 12ms`');
  const p90 = told.microseconds('p90') ?? p50 * 2;
  const p99 = told.microseconds('p99') ?? p90 * 3;
  const points: DurationTable = [
    [0, told.microseconds('min') ?? Math.round(p50 / 2)],
    [500_000, p50],
    [900_000, p90],
    [990_000, p99],
    [1_000_000, told.microseconds('max') ?? p99 * 3],
  ];
  if (points.some(([, micros], index) => micros < (points[index - 1]?.[1] ?? 0))) {
    throw told.fail(`${member} falls from one percentile to the next`, 'let min ≤ p50 ≤ p90 ≤ p99 ≤ max');
  }
  return points;
}

/** Milliseconds at a place of a distribution; `draw` is uniform in [0, 1). */
export function millisecondsAt(table: DurationTable, draw: number): number {
  const wanted = draw * 1_000_000;
  let [fromShare, fromMicros] = table[0] ?? [0, 0];
  for (const [share, micros] of table) {
    if (share >= wanted) {
      const width = share - fromShare;
      const within =
        width === 0 ? micros : fromMicros + ((micros - fromMicros) * (wanted - fromShare)) / width;
      return Math.round(within / 1000);
    }
    [fromShare, fromMicros] = [share, micros];
  }
  return Math.round(fromMicros / 1000);
}
